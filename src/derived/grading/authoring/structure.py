"""What must hold for the cells themselves: ids, points, hidden regions, stored outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbgrader import utils

from ..hidden import BEGIN_HIDDEN, END_HIDDEN, hidden_lines
from .cells import Cell, Notebook, cell_id, is_test, parse
from .findings import Finding

__all__ = ["structure"]

_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_AUTOTEST = re.compile(r"###\s*(HASHED\s+)?AUTOTEST\b")


def structure(notebook: Notebook) -> Iterator[Finding]:
    """Yield what is wrong with the cells as cells, whatever their code does."""
    seen: dict[str, int] = {}
    for index, cell in enumerate(notebook.cells):
        name = cell_id(cell, index)
        if cell.cell_type == "code":
            yield from _outputs(cell, name)
            yield from _syntax(cell, name)
        yield from _hidden(cell, name)
        yield from _metadata(cell, name)
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id and _is_known(cell):
            if grade_id in seen:
                yield Finding(
                    name,
                    1,
                    f"cell #{seen[grade_id]} has the same id: give one of them its own.",
                    True,
                )
            seen.setdefault(grade_id, index + 1)


def _is_known(cell: Cell) -> bool:
    metadata = cell.metadata.get("nbgrader", {})
    return any(metadata.get(flag) for flag in ("grade", "solution", "locked", "task"))


def _outputs(cell: Cell, name: str) -> Iterator[Finding]:
    if cell.outputs or cell.execution_count is not None:
        yield Finding(
            name, 1, "outputs are stored in the source: clear them, for they may show solutions."
        )


def _syntax(cell: Cell, name: str) -> Iterator[Finding]:
    try:
        parse(cell.source)
        released = [line for line, hidden in hidden_lines(cell.source) if not hidden]
    except SyntaxError as error:
        yield Finding(
            name, error.lineno or 1, f"this is not Python ({error.msg}): correct it.", True
        )
        return
    try:
        parse("\n".join(released))
    except SyntaxError as error:
        yield Finding(
            name,
            1,
            f"without its hidden tests the cell is not Python ({error.msg}): keep the visible "
            "part complete.",
            True,
        )


def _hidden(cell: Cell, name: str) -> Iterator[Finding]:
    opened = 0
    for number, line in enumerate(cell.source.split("\n"), 1):
        if BEGIN_HIDDEN not in line and END_HIDDEN not in line:
            continue
        if not is_test(cell):
            yield Finding(
                name,
                number,
                "hidden tests stand in a cell that is not a graded test: nbgrader would not "
                "release it; make the cell a test with points.",
                True,
            )
            return
        if line != line.lstrip():
            yield Finding(name, number, "the mark of hidden tests must stand at the margin.", True)
        if (BEGIN_HIDDEN in line) == bool(opened):
            sentence = (
                f"hidden tests begin inside those of line {opened}: end these first."
                if opened
                else "hidden tests end that never began: add ### BEGIN HIDDEN TESTS above."
            )
            yield Finding(name, number, sentence, True)
            return
        opened = number if BEGIN_HIDDEN in line else 0
    if opened:
        yield Finding(name, opened, "hidden tests do not end: add ### END HIDDEN TESTS.", True)


def _metadata(cell: Cell, name: str) -> Iterator[Finding]:
    metadata = cell.metadata.get("nbgrader", {})
    if not _is_known(cell):
        return
    if not metadata.get("grade_id"):
        yield Finding(name, 1, "the cell has no nbgrader id: give it one.", True)
    elif not _PLAIN_ID.fullmatch(metadata["grade_id"]):
        yield Finding(
            name,
            1,
            "the id has odd characters: use letters, digits, - and _ only, because it becomes a "
            "column of exports and part of links.",
        )
    if utils.is_grade(cell) or utils.is_task(cell):
        yield from _points(cell, name)
    if is_test(cell) and (number := _autotest(cell)):
        yield Finding(
            name,
            number,
            "AUTOTEST lines become tests only when nbgrader generates the assignment, with the "
            "answers in the tests' own kernel: write the test out.",
            True,
        )


def _points(cell: Cell, name: str) -> Iterator[Finding]:
    value = cell.metadata.nbgrader.get("points")
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Finding(name, 1, "the cell is graded but has no points: set them.", True)
    elif value < 0:
        yield Finding(name, 1, f"the cell gives {value:g} points: set a number from 0 up.", True)
    elif value == 0:
        yield Finding(name, 1, "the cell is graded for 0 points: set them, or do not grade it.")


def _autotest(cell: Cell) -> int | None:
    lines = enumerate(cell.source.split("\n"), 1)
    return next((number for number, line in lines if _AUTOTEST.search(line)), None)
