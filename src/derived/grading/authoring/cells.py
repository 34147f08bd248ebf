"""What kind of cell a cell is, what a message calls it, and its code as plain Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils

from ..errors import CourseError

__all__ = [
    "Cell",
    "Notebook",
    "cell_id",
    "is_answer",
    "is_manual",
    "is_test",
    "parse",
    "points",
    "python",
    "read",
]

#: nbformat's nodes have no useful types of their own: both are dictionaries with attributes.
Notebook = Any
Cell = Any


def read(path: Path) -> Notebook:
    """Return a notebook file in nbformat 4; raises CourseError if it cannot be read as one."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise CourseError(f"there is no notebook {path}") from None
    except Exception as error:  # nbformat raises many things for a broken file
        reason = str(error).strip().split("\n")[0]
        raise CourseError(f"{path} cannot be read as a notebook: {reason}") from error
    return notebook


def cell_id(cell: Cell, index: int) -> str:
    """Return the grade id of a cell, or its number in the notebook (from 1) as ``#4``."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id") or f"#{index + 1}")


def is_answer(cell: Cell) -> bool:
    """Tell whether students write code here that tests grade."""
    return bool(cell.cell_type == "code" and utils.is_solution(cell) and not utils.is_grade(cell))


def is_test(cell: Cell) -> bool:
    """Tell whether this is a locked cell of tests that give points."""
    return bool(cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell))


def is_manual(cell: Cell) -> bool:
    """Tell whether a person gives the points of this cell."""
    return bool(utils.is_grade(cell) and not is_test(cell)) or bool(utils.is_task(cell))


def points(cell: Cell) -> float:
    """Return the points of a graded cell; 0 if none are set."""
    return float(cell.metadata.nbgrader.get("points") or 0)


def python(source: str) -> str:
    """Return the source with IPython's magic and shell lines made ``pass``, line by line."""
    return re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a cell; raises SyntaxError."""
    return ast.parse(python(source))
