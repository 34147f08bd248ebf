"""The page that a student gets back: one HTML file, no script, nothing from another host."""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from nbconvert.exporters import Exporter
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from traitlets import default

from ..marks import waiting_cells
from .active_content import clean_outputs, grader_notes
from .headings import task_titles
from .safe_html import clean_html, is_picture, render_markdown

__all__ = ["LONGEST_OUTPUT", "MOST_MARKDOWN", "FeedbackExporter"]

#: In characters, of one output.
LONGEST_OUTPUT = 20_000
#: In characters, of all Markdown cells of a page; what is beyond is shown as its source.
MOST_MARKDOWN = 200_000
_LARGEST_PICTURE = 8_000_000  # bytes


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("derived.grading.feedback"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _code_style() -> Markup:
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return Markup(f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}")


class FeedbackExporter(Exporter):
    """Write a graded notebook as a feedback page, for ``c.GenerateFeedback.exporter_class``.

    Expects what nbgrader's ``GetGrades`` adds, and after it :class:`StudentView`.
    """

    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(  # as nbconvert's own exporters: text
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and the resources."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        about = resources.get("nbgrader", {})
        page = _Page(clean_outputs(nb), _pending(about), _embedder(resources))
        text = (
            _environment()
            .get_template("feedback.html.j2")
            .render(
                about=about,
                code_style=_code_style(),
                notes=grader_notes(nb),
                tasks=page.tasks,
                cells=page.cells,
                waiting=any(task["waiting"] for task in page.tasks),
                total=max(0.0, float(about.get("score", 0.0))),
            )
        )
        return text, resources


def _pending(about: dict[str, Any]) -> set[str]:
    """Return the grade cells of a submission that wait for a person."""
    if "db_url" not in about:
        return set()
    return waiting_cells(about["db_url"], about["assignment"], about["notebook"], about["student"])


def _embedder(resources: dict[str, Any]) -> Callable[[str], str | None]:
    """Return a function that turns a picture beside the notebook into a ``data:`` address."""
    folder = Path(resources.get("metadata", {}).get("path") or ".")

    def embed(name: str) -> str | None:
        path = folder / name
        try:
            about = path.lstat()
            inside = path.parent.resolve().is_relative_to(folder.resolve())
            if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST_PICTURE or not inside:
                return None
            content = base64.b64encode(path.read_bytes()).decode("ascii")
        except (OSError, ValueError):
            return None
        mime = "image/png" if path.suffix.lower() == ".png" else "image/jpeg"
        return f"data:{mime};base64,{content}" if is_picture(mime, content) else None

    return embed


class _Page:
    """The cells of a page, ready for its template."""

    def __init__(
        self, nb: NotebookNode, pending: set[str], embed: Callable[[str], str | None]
    ) -> None:
        self._pending = pending
        self._embed = embed
        self._markdown_left = MOST_MARKDOWN
        self._titles = task_titles(nb)
        self.tasks: list[dict[str, Any]] = []
        self.cells = [self._cell(cell) for cell in nb.cells]

    def _cell(self, cell: NotebookNode) -> dict[str, Any]:
        about = cell.metadata.get("nbgrader", {})
        view: dict[str, Any] = {"kind": cell.cell_type, "label": "", "outputs": []}
        if about.get("solution") or about.get("task"):
            view["label"] = "Your answer"
            view["comment"] = self._markdown(about.get("comment") or "")
        elif about.get("grade"):
            view["label"] = "Test"
        if about.get("grade") or about.get("task"):
            view["task"] = self._task(about, cell)
        if cell.cell_type == "code":
            view["source"] = _highlighted(cell.source)
            view["outputs"] = [self._output(output) for output in cell.outputs]
        else:
            view["source"] = self._markdown(cell.source, cell.get("attachments"))
        return view

    def _task(self, about: dict[str, Any], cell: NotebookNode) -> dict[str, Any]:
        name = str(about.get("grade_id", ""))
        score, points = float(about.get("score") or 0.0), float(about.get("points") or 0.0)
        waiting = name in self._pending
        failed = any(output.output_type == "error" for output in cell.get("outputs", []))
        if waiting:
            state = "not graded yet"
        elif score >= points:
            state = "full points"
        else:
            state = "test failed" if failed else "points lost"
        task = {
            "number": len(self.tasks) + 1,
            "name": name,
            "title": self._titles.get(name, name),
            "score": score,
            "points": points,
            "waiting": waiting,
            "state": state,
        }
        self.tasks.append(task)
        return task

    def _markdown(self, source: str, attachments: Any = None) -> Markup:
        if not source:
            return Markup()
        self._markdown_left -= len(source)
        if self._markdown_left < 0:
            return Markup("<pre>{}</pre>").format(source)
        html = render_markdown(source, attachments=attachments, embed=self._embed)
        return Markup(html)

    def _output(self, output: NotebookNode) -> dict[str, Any]:
        if output.output_type == "stream":
            return {"kind": output.name, "text": _short(output.text)}
        if output.output_type == "error":
            return {"kind": "error", "text": _short("\n".join(output.traceback))}
        data = output.data
        for mime in ("image/png", "image/jpeg"):
            if mime in data:
                return {"kind": "picture", "address": f"data:{mime};base64,{data[mime]}"}
        if "text/html" in data:
            html = clean_html(data["text/html"], embed=self._embed)
            return {"kind": "html", "html": Markup(html)}
        if "text/markdown" in data:
            return {"kind": "html", "html": self._markdown(data["text/markdown"])}
        return {"kind": "stdout", "text": _short(data.get("text/plain", ""))}


def _short(text: str) -> str:
    """Return text without terminal colours, and without an end that nobody would read."""
    text = strip_ansi(text)
    if len(text) > LONGEST_OUTPUT:
        return f"{text[:LONGEST_OUTPUT]}\n… ({len(text) - LONGEST_OUTPUT} characters more)"
    return str(text)


def _highlighted(source: str) -> Markup:
    html = highlight(source, PythonLexer(), HtmlFormatter())
    return Markup(html.replace("<pre>", '<pre tabindex="0">', 1))  # long lines scroll by keyboard
