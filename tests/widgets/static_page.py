"""A static page around widgets, as the built site has it: saved state, no kernel, strict CSP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anywidget
from ipywidgets.embed import embed_data

ROOT = Path(__file__).resolve().parents[2]
SITE_HOST = ROOT / "book" / "_static" / "afm-host.js"
TEST_HOST = Path(__file__).with_name("host.js")

CSP = (
    "default-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "form-action 'self'; script-src 'self' blob: 'unsafe-inline'"
)

_PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{csp}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Figures</title>
<style>
html {{ --pst-color-background: #fff; --pst-color-text-base: #323232;
  --pst-color-text-muted: #48566b; font-family: sans-serif; }}
html[data-theme="dark"] {{ --pst-color-background: #121212; --pst-color-text-base: #ced6dd;
  --pst-color-text-muted: #9ca4af; color-scheme: dark; }}
body {{ margin: 0; padding: 8px; background: var(--pst-color-background);
  color: var(--pst-color-text-base); }}
main {{ max-width: 760px; margin: auto; }}
</style>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
<script>{spy}</script>
<script defer src="host.js"></script></head>
<body><main><h1>Figures</h1>{views}</main></body></html>
"""

# The host keeps its models to itself; tests read them through the render call's first argument,
# which the host's own Blob construction lets us wrap without touching the host.
_SPY = """
window.figureModels = [];
const PlainBlob = window.Blob;
window.Blob = class extends PlainBlob {
  constructor(parts, options) {
    if (options && options.type === "text/javascript") {
      parts = [String(parts[0]).replace(/export default (\\w+);\\s*$/, `export default {
        ...$1, render(host) { window.figureModels.push(host.model); return $1.render(host); } };`)];
    }
    super(parts, options);
  }
};
"""


def write_page(folder: Path, *widgets: anywidget.AnyWidget, host: Path | None = None) -> Path:
    """Write ``index.html`` and its host into ``folder``; returns the page's path."""
    source = host or (SITE_HOST if SITE_HOST.is_file() else TEST_HOST)
    (folder / "host.js").write_text(source.read_text("utf-8"), "utf-8")
    saved: dict[str, Any] = embed_data(views=list(widgets), drop_defaults=False)
    views = "".join(
        '<div class="cell_output"><script type="application/vnd.jupyter.widget-view+json">'
        f"{json.dumps(view)}</script></div>\n"
        for view in saved["view_specs"]
    )
    state = json.dumps(saved["manager_state"]).replace("</", "<\\/")
    page = folder / "index.html"
    page.write_text(_PAGE.format(csp=CSP, state=state, views=views, spy=_SPY), "utf-8")
    return page
