"""Tasks: a cell of tests together with the answers that it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .cells import Cell, Notebook, cell_id, is_answer, is_test, points
from .scopes import Names, names

__all__ = ["Task", "tasks"]


@dataclass(frozen=True)
class Task:
    """An auto-graded task.

    test : grade id of the test cell.
    points : what it gives at most.
    answers : grade ids of the answer cells whose names the test uses.
    own : those of them that no earlier test used, or all of them if every one was.
    depends : grade ids of all answer cells that can change the result, through other cells too.
    """

    test: str
    points: float
    answers: tuple[str, ...]
    own: tuple[str, ...]
    depends: frozenset[str]


@dataclass(frozen=True)
class _Code:
    index: int
    name: str
    cell: Cell
    names: Names


def _code_cells(notebook: Notebook) -> Iterator[_Code]:
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            yield _Code(index, cell_id(cell, index), cell, names(cell.source))


def tasks(notebook: Notebook) -> list[Task]:
    """Return the auto-graded tasks of a notebook that holds its reference solutions.

    Raises SyntaxError if a cell is not Python.
    """
    cells = list(_code_cells(notebook))
    givers = [code for code in cells if not is_test(code.cell)]
    instructors = [code for code in givers if _is_locked(code.cell)]
    made: list[Task] = []
    used: set[str] = set()
    for code in cells:
        if not is_test(code.cell):
            continue
        wanted = set(code.names.loaded) - code.names.stored
        taken = wanted - {name for other in instructors for name in other.names.stored}
        answers = tuple(
            other.name for other in givers if is_answer(other.cell) and taken & other.names.stored
        )
        own = tuple(name for name in answers if name not in used) or answers
        used |= set(answers)
        depends = _closure(wanted, givers)
        made.append(Task(code.name, points(code.cell), answers, own, depends))
    return made


def _is_locked(cell: Cell) -> bool:
    metadata = cell.metadata.get("nbgrader", {})
    return bool(metadata.get("locked")) and not metadata.get("solution")


def _closure(wanted: set[str], givers: list[_Code]) -> frozenset[str]:
    """Return the answer cells that the wanted names come from, directly or through other cells."""
    reached: dict[int, _Code] = {}
    fresh = [code for code in givers if wanted & code.names.stored]
    while fresh:
        code = fresh.pop()
        if code.index in reached:
            continue
        reached[code.index] = code
        fresh += [other for other in givers if set(code.names.loaded) & other.names.stored]
    return frozenset(code.name for code in reached.values() if is_answer(code.cell))
