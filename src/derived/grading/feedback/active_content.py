"""A submission's notebook without anything that could run, or reach out, when a page shows it.

nbgrader's formgrader puts outputs, some metadata and the student's name into its page as they are.
The notebook is therefore cleaned twice: before it is stored, and again when it is shown.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from .safe_html import clean_html, is_picture

__all__ = ["UNSAFE_WARNING", "CleanNotebook", "clean_outputs", "grader_notes"]

UNSAFE_WARNING = (
    "Graded without a sandbox: the submission could read and change files of the grader, "
    "the points included."
)

#: Of the HTML in all outputs of a notebook; what is beyond is left out, because nesting takes time.
MOST_TAGS = 4000
LONGEST_HTML = 200_000

_WRAPPER = '<div class="tex2jax_ignore">'  # MathJax, where a page loads it, passes this by
_NAMES = ("student", "last_name", "first_name", "notebook_path", "filename")
_KERNEL_FIELDS = ("name", "display_name", "language", "pygments_lexer", "file_extension", "version")
_PLAIN_WORD = re.compile(r"[\w.+ -]{1,80}")
_GRADE_ID = re.compile(r"[\w.-]{1,128}")
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def clean_outputs(notebook: NotebookNode) -> NotebookNode:
    """Take the active content out of a notebook, in place, and return it.

    The sources stay as they are (a raw cell becomes a block of text). Of the outputs stay text, the
    harmless part of HTML, and real PNG and JPEG; JavaScript, SVG, widgets and everything else goes.
    Of the metadata stays what grading needs.
    """
    metadata = {}
    for part in ("kernelspec", "language_info"):
        known = notebook.metadata.get(part)
        if isinstance(known, dict):
            metadata[part] = {key: known[key] for key in _KERNEL_FIELDS if _is_word(known.get(key))}
    if isinstance(notebook.metadata.get("derived"), dict):
        metadata["derived"] = notebook.metadata["derived"]
    notebook.metadata = from_dict(metadata)
    for cell in notebook.cells:
        _clean_source(cell)
    tags = MOST_TAGS
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        outputs = [_output(output) for output in cell.get("outputs", [])]
        cell.outputs = [output for output in outputs if output is not None]
        for output in cell.outputs:
            tags -= _clean_html_of(output, tags)
    return notebook


def grader_notes(notebook: NotebookNode) -> list[str]:
    """Return what the grader has to say about a graded notebook, a warning first."""
    about = notebook.metadata.get("derived", {})
    messages = about.get("messages")
    notes = [UNSAFE_WARNING] if about.get("unsafe") else []
    return notes + [_text(message) for message in _strings(messages)]


def _strings(value: object) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _PLAIN_WORD.fullmatch(value) is not None


def _text(value: object) -> str:
    """Return text that can be written as UTF-8: notebooks may hold halves of characters."""
    joined = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _clean_source(cell: NotebookNode) -> None:
    cell.source = _text(cell.source)
    if cell.cell_type == "raw":  # nbconvert writes it into the page as it is
        cell.cell_type = "markdown"
        cell.source = "".join(f"    {line}\n" for line in cell.source.splitlines())
    metadata = {}
    for part in ("nbgrader", "derived"):
        if isinstance(cell.metadata.get(part), dict):
            metadata[part] = cell.metadata[part]
    grade_id = metadata.get("nbgrader", {}).get("grade_id")
    if not isinstance(grade_id, str) or not _GRADE_ID.fullmatch(grade_id):
        metadata.pop("nbgrader", None)
    cell.metadata = from_dict(metadata)
    if "id" in cell and not (isinstance(cell.id, str) and _CELL_ID.fullmatch(cell.id)):
        del cell["id"]
    if "attachments" in cell:
        cell.attachments = _pictures_of(cell.attachments)
    if cell.cell_type == "code":
        count = cell.get("execution_count")
        cell.execution_count = count if isinstance(count, int) else None


def _pictures_of(attachments: Any) -> NotebookNode:
    kept = NotebookNode()
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        if isinstance(bundle, dict):
            kept[name] = NotebookNode({m: c for m, c in bundle.items() if is_picture(m, c)})
    return kept


def _output(output: NotebookNode) -> NotebookNode | None:
    """Return the harmless part of an output, or None if nothing is left."""
    match output.get("output_type"):
        case "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return new_output("stream", name=name, text=_text(output.get("text", "")))
        case "error":
            lines = output.get("traceback", [])
            return new_output(
                "error",
                ename=_text(output.get("ename", "")),
                evalue=_text(output.get("evalue", "")),
                traceback=[_text(line) for line in lines] if isinstance(lines, list) else [],
            )
        case "display_data" | "execute_result" as kind:
            data = _data(output.get("data", {}))
            if not data:
                return None
            count = output.get("execution_count")
            extra = {"execution_count": count if isinstance(count, int) else None}
            return new_output(kind, data=data, **(extra if kind == "execute_result" else {}))
    return None


def _data(bundle: Any) -> dict[str, str]:
    kept: dict[str, str] = {}
    for mime, content in bundle.items() if isinstance(bundle, dict) else ():
        if mime in ("text/plain", "text/markdown", "text/html"):
            kept[mime] = _text(content)
        elif mime == "text/latex":  # as Markdown it is typeset without MathJax
            kept.setdefault("text/markdown", _text(content))
        elif is_picture(mime, joined := _text(content)):
            kept[mime] = "".join(joined.split())
    return kept


def _clean_html_of(output: NotebookNode, most: int) -> int:
    """Clean the HTML of an output, unless it has more tags than allowed; return how many it has."""
    if "text/html" not in output.get("data", {}):
        return 0
    html = output.data["text/html"]
    if wrapped := re.fullmatch(f"{_WRAPPER}(.*)</div>", html, re.DOTALL):
        html = wrapped[1]
    if (tags := html.count("<")) > most or len(html) > LONGEST_HTML:
        del output.data["text/html"]
        output.data.setdefault("text/plain", "[HTML that is too long to show]")
        return 0
    output.data["text/html"] = f"{_WRAPPER}{clean_html(html, links=False)}</div>"
    return tags


class CleanNotebook(NbGraderPreprocessor):
    """Clean a notebook that formgrader is about to show, and escape the names on its page."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook and its resources without active content."""
        nb = clean_outputs(nb)
        if "submission_id" in resources:  # formgrader's page, whose template escapes nothing
            for name in _NAMES:
                if isinstance(resources.get(name), str):
                    resources[name] = escape(resources[name])
            if notes := "\n".join(grader_notes(nb)):
                text = notes.replace("\n", "\n    ")
                nb.cells.insert(0, new_markdown_cell(f"**The grader says:**\n\n    {text}"))
        return nb, resources
