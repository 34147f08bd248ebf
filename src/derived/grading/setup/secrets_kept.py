"""Nothing of a solution or a hidden test in a released file: looked for in the files' bytes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.utils import is_grade, is_solution, is_task

from ..authoring.cells import cell_id, read

__all__ = ["Secret", "find_leak", "secrets"]

#: A shorter line, such as ``else:`` or ``return x``, can stand anywhere by chance.
SHORTEST = 9
_BEGIN = re.compile(r"BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
_END = re.compile(r"END (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
# Also marks that nbgrader does not know because they are misspelled: it leaves their region in.
_MARK = re.compile(
    rb"#\s*(begin|end)[ _-]*(of[ _-]*)?(solution|hidden|mark[ _-]?scheme)|###\s*WRONG\b",
    re.IGNORECASE,
)
_JUNK = {"__pycache__", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Secret:
    """A line that no student may get.

    text : without the spaces around it.
    cell : the grade id of the instructor's cell, for messages.
    """

    text: str
    cell: str


def secrets(notebooks: list[Path]) -> list[Secret]:
    """Return the lines of solutions and hidden tests that stand nowhere else in the notebooks.

    Raises CourseError if a notebook cannot be read.
    """
    hidden: dict[str, Secret] = {}
    shown = []
    for path in notebooks:
        for index, cell in enumerate(read(path).cells):
            name = cell_id(cell, index)
            kept, cleared = _separate(cell)
            shown += kept
            for line in cleared:
                text = line.strip().removeprefix("# ").strip()
                if len(text) >= SHORTEST and re.search(r"\w", text):
                    hidden.setdefault(text, Secret(text, name))
    public = "\n".join(shown)
    return [secret for text, secret in hidden.items() if text not in public]


def _separate(cell: Any) -> tuple[list[str], list[str]]:
    """Return the lines of a cell that students get, and those that they do not."""
    lines = cell.source.split("\n")
    if not (is_solution(cell) or is_grade(cell) or is_task(cell)):
        return lines, []
    kept: list[str] = []
    cleared: list[str] = []
    inside = False
    for line in lines:
        if _BEGIN.search(line) or _END.search(line):
            inside = bool(_BEGIN.search(line))
        else:
            (cleared if inside else kept).append(line)
    if is_solution(cell) and "BEGIN SOLUTION" not in cell.source:
        return [], lines  # nbgrader replaces the whole cell
    return kept, cleared


def find_leak(folder: Path, found: list[Secret]) -> str | None:
    """Return what a released folder gives away, with file and line; None if it is clean."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if _JUNK & set(name.parts) or path.suffix == ".pyc":
            return f"{name} is no part of an assignment: delete it from the source"
        if path.is_symlink():
            return f"{name} is a link, which could lead anywhere: put the file itself in its place"
        if path.is_file():
            leak = _in_bytes(path.read_bytes(), found)
            if leak is None and path.suffix == ".ipynb":
                leak = _in_notebook(path)
            if leak:
                return f"{name}, {leak}"
    return None


def _in_bytes(content: bytes, found: list[Secret]) -> str | None:
    if mark := _MARK.search(content):
        text = mark[0].decode("utf8", "replace")
        return f"line {_line(content, mark.start())}: the mark {text!r} was not understood"
    for secret in found:
        for form in _forms(secret.text):
            if (at := content.find(form)) >= 0:
                return f"line {_line(content, at)}: {secret.text!r} of the cell {secret.cell}"
    return None


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _forms(text: str) -> set[bytes]:
    """Return how a line can stand in a file: as it is, or in JSON of either kind."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    escaped = json.dumps(text)[1:-1]
    return {form.encode("utf8", "surrogatepass") for form in (text, plain, escaped)}


def _in_notebook(path: Path) -> str | None:
    """Look for what is no text of a cell: outputs, pictures of a solution, states of figures."""
    notebook = read(path)
    if "widgets" in notebook.metadata:
        return "metadata: the state of widgets is stored in it: clear the outputs of the source"
    for index, cell in enumerate(notebook.cells):
        name = cell_id(cell, index)
        if cell.get("outputs") or cell.get("execution_count"):
            return f"cell {name}: it still has outputs"
        for picture in cell.get("attachments", {}):
            if picture not in cell.source:
                return f"cell {name}: the picture {picture!r} of the solution is attached to it"
    return None
