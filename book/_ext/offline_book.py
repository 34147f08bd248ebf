"""Sphinx extension: a site that asks no other host for anything.

The theme's templates are corrected from the installed theme (each correction must match exactly
once, so that an upgrade cannot drop one in silence); scripts that a page does not need are left
out; a Content Security Policy lets the browser itself refuse third parties; and a page written
with an external resource is a warning.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

STATIC = Path(__file__).resolve().parents[1] / "_static"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
MANAGER = "embed-amd.js"
MANAGER_SCRIPTS = ("vendor/require.js", "widgets_offline.js", MANAGER)
PASSIVE_MODELS = {"LayoutModel", "LinkModel", "DirectionalLinkModel"}

# Template of the theme → (pattern, replacement), why.
TEMPLATE_FIXES = {
    # The visible text is the button's name (WCAG 2.5.3).
    "components/search-button-field.html": [(r""" aria-label="\{\{ _\('Search'\) \}\}\"""", "")],
    # The tooltip repeats the visible icon and hides the button's own label.
    "components/theme-switcher.html": [
        (rf""" title="\{{\{{ _\('{name}'\) \}}\}}\"""", "")
        for name in ("Light", "Dark", "System Settings")
    ],
    # The title in the sidebar must stand in a landmark.
    "components/navbar-logo.html": [
        (
            r'<a class="navbar-brand logo"',
            '<nav aria-label="{{ _("Home") }}"><a class="navbar-brand logo"',
        ),
        (r"</a>\s*\Z", "</a></nav>\n"),
    ],
    # 1.5 MB of icons as JavaScript; book.css draws the few that the theme shows.
    "static/webpack-macros.html": [
        (r"\s*<script defer src=\"[^\"]*fontawesome\.js[^\"]*\"[^>]*></script>", "")
    ],
}

# At a first visit the theme chooses its colors after the whole page was read: until then a long
# page would stand there without any.
FIRST_COLORS = """
{ const { dataset } = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  if (dataset.theme === "auto") dataset.theme = dark ? "dark" : "light"; }
"""

EXTERNAL = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object|link)\b[^>]*?"""
    r"""\b(?:src|href|data)=["']?((?:https?:)?//[^"'\s>]+)[^>]*>""",
    re.IGNORECASE,
)


def override_templates(app: Sphinx, config: Any) -> None:
    """Write corrected copies of the theme's templates and let them take precedence."""
    source = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme"
    destination = Path(app.doctreedir) / "theme_overrides"
    for name, fixes in TEMPLATE_FIXES.items():
        text = (source / name).read_text("utf8")
        for pattern, replacement in fixes:
            text, count = re.subn(pattern, lambda _, new=replacement: new, text)
            if count != 1:
                logger.warning(
                    "the correction of the theme's %s matched %d times, not once: %s",
                    name,
                    count,
                    pattern,
                    type="offline_book",
                    subtype="theme",
                )
        path = destination / name.removeprefix("components/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf8") != text:
            path.write_text(text, "utf8")
    config.templates_path = [*config.templates_path, str(destination)]


def _digest(paths: Iterable[Path]) -> str:
    files = sorted(path for path in paths if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def note_own_sources(app: Sphinx, config: Any) -> None:
    """Make a changed extension, script or style sheet rebuild the pages, as a changed page does.

    Sphinx copies static files only when it writes a page.
    """
    here = Path(__file__).parent
    config.book_extensions_digest = _digest([*here.rglob("*.py"), *here.rglob("*.js")])
    config.book_static_digest = _digest([*STATIC.glob("*.*"), *STATIC.glob("vendor/*.json")])


def drop_thebe(app: Sphinx, config: Any) -> None:
    """Disconnect sphinx_thebe, which Jupyter Book always loads.

    Unused, it declares a constant twice (an error on every page) and names another host.
    """
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [
            listener
            for listener in listeners
            if getattr(listener.handler, "__module__", "") != "sphinx_thebe"
        ]


def add_assets(app: Sphinx) -> None:
    """Publish ``book/_static``; stop if the browser assets were not brought.

    It is added here and not in ``_config.yml``, where Jupyter Book would link every script and
    style sheet below it from every page.
    """
    if not (STATIC / "vendor/stamp.json").exists():
        raise ExtensionError(
            "The browser assets are missing. Run: .venv/bin/python -m tools.vendor"
        )
    app.config.html_static_path.append(str(STATIC))


def _attribute(file: Any, name: str) -> str:
    return str((getattr(file, "attributes", None) or {}).get(name) or "")


def _name(file: Any) -> str:
    return str(getattr(file, "filename", None) or "").split("?")[0]


def _only_anywidgets(files: list[Any]) -> bool:
    """Return whether all models of the page are anywidgets, which our small host can show."""
    for file in files:
        if _attribute(file, "type") == WIDGET_STATE:
            state = json.loads(_attribute(file, "body"))["state"]
            kinds = {model["model_name"] for model in state.values()}
            return "AnyModel" in kinds and kinds <= PASSIVE_MODELS | {"AnyModel"}
    return False


def _scripts(files: list[Any]) -> Iterator[Any]:
    """Yield the scripts that a page needs: anywidgets get the small host, not the 3.6 MB one."""
    light = _only_anywidgets(files)
    for file in files:
        if not (light and _name(file).endswith(MANAGER_SCRIPTS)):
            yield file
        elif _name(file).endswith(MANAGER):
            yield type(file)("_static/widget_host.js", priority=file.priority, defer="defer")


def _policy(scripts: list[Any]) -> str:
    """Return the page's Content Security Policy; it also works from ``file://``."""
    # The widget manager's JSON-schema validator compiles functions.
    evaluates = any(_name(file).endswith(MANAGER) for file in scripts)
    return (
        "default-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        "form-action 'self'; base-uri 'self'; script-src 'self' blob: 'unsafe-inline'"
        + (" 'unsafe-eval'" if evaluates else "")
    )


def _description(doctree: nodes.document | None) -> str:
    """Return the first sentences of a page, about two lines of them."""
    text = ""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        plain = isinstance(paragraph.parent, nodes.section | nodes.document)
        if plain and not paragraph.next_node(nodes.math) and len(text) < 100:
            text = " ".join([text, *paragraph.astext().split()]).strip()
    return text if len(text) <= 200 else text[:200].rsplit(" ", 1)[0] + " …"


def clean_page(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Choose the scripts and style sheets of one page and write its metadata."""
    scripts = list(_scripts(list(context.get("script_files", []))))
    context["script_files"] = scripts
    context["css_files"] = [
        file
        for file in context.get("css_files", [])
        if not re.search(r"sphinx-thebe|fonts\.googleapis", _name(file) or str(file))
    ]
    tags = context.get("metatags", "")
    if description := _description(doctree):
        tags = re.sub(r'<meta name="description"[^>]*>\s*', "", tags)
        tags += f'<meta name="description" content="{html.escape(description)}" />\n'
    if app.config.offline_policy:
        policy = f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}" />\n'
        tags = policy + tags
    context["metatags"] = tags


def external_resources(text: str) -> list[str]:
    """Return the URLs on other hosts from which a page would load something."""
    return [
        match[1]
        for match in EXTERNAL.finditer(text)
        if not (match[0].lower().startswith("<link") and 'rel="canonical"' in match[0])
    ]


def check_pages(app: Sphinx, error: Exception | None) -> None:
    """Warn about every external resource in the written pages."""
    if error or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        if "_static" in path.relative_to(app.outdir).parts:
            continue
        for url in external_resources(path.read_text("utf8")):
            logger.warning(
                "external resource %s",
                url,
                location=path.relative_to(app.outdir).with_suffix("").as_posix(),
                type="offline_book",
                subtype="external",
            )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect everything, and load the other modules of the site."""
    for module in ("figures", "equations", "typeset", "page_html"):
        app.setup_extension(module)
    app.add_config_value("offline_policy", True, "html", bool)
    app.add_config_value("book_extensions_digest", "", "env", str)
    app.add_config_value("book_static_digest", "", "html", str)
    app.connect("config-inited", note_own_sources)
    app.connect("config-inited", drop_thebe)
    app.connect("config-inited", override_templates)
    app.connect("builder-inited", add_assets)
    app.connect("html-page-context", clean_page, priority=950)
    app.connect("build-finished", check_pages)
    app.add_js_file(None, body=FIRST_COLORS, priority=100)
    app.add_js_file("book.js", defer="defer", priority=900)
    app.add_css_file("icons.css", priority=890)
    app.add_css_file("book.css", priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
