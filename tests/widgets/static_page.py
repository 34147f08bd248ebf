"""A static page around widgets, as the built site has it: saved state, no kernel, strict CSP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anywidget
from ipywidgets.embed import embed_data

ROOT = Path(__file__).resolve().parents[2]
HOST = ROOT / "book" / "_static" / "widget_host.js"

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

# The host keeps its models to itself. Tests read them from the render call's argument, by
# wrapping the module's text on its way into a Blob; the host itself is the book's own.
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


def write_page(folder: Path, *widgets: anywidget.AnyWidget) -> Path:
    """Write ``index.html`` and its host into ``folder``; returns the page's path."""
    (folder / "host.js").write_text(HOST.read_text("utf-8"), "utf-8")
    saved: dict[str, Any] = embed_data(views=list(widgets), drop_defaults=False)
    views = "".join(
        '<div class="explorable"><script type="application/vnd.jupyter.widget-view+json">'
        f"{json.dumps(view)}</script></div>\n"
        for view in saved["view_specs"]
    )
    state = json.dumps(saved["manager_state"]).replace("</", "<\\/")
    page = folder / "index.html"
    page.write_text(_PAGE.format(csp=CSP, state=state, views=views, spy=_SPY), "utf-8")
    return page
