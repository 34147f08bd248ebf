"""The heading that a task stands under, for people: a grade cell's own name is for the machine."""

from __future__ import annotations

import re

from nbformat import NotebookNode

__all__ = ["task_titles"]

_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_LONGEST = 80
_FENCED = re.compile(r"^```.*?(^```|\Z)", re.MULTILINE | re.DOTALL)


def task_titles(notebook: NotebookNode) -> dict[str, str]:
    """Return the title of each graded cell: the last heading above it that is the instructor's.

    The result maps ``grade_id`` to the heading's text, in the notebook's order; a cell that has no
    heading above it has its ``grade_id`` as title. Cells that students write have no say.
    """
    titles: dict[str, str] = {}
    heading = ""
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") or about.get("task"):
            name = str(about["grade_id"])
            titles[name] = heading or name
        elif cell.cell_type == "markdown" and not about.get("solution"):
            found = _HEADING.findall(_FENCED.sub("", cell.source))
            if found:
                heading = _plain(found[-1])
    return titles


def _plain(heading: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[`*]", "", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
