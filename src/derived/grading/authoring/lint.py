"""What an author should know about a notebook before a student meets it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nbgrader.utils import is_locked

from .cells import Cell, Notebook, cell_id, is_answer, is_test, parse
from .findings import Finding
from .regions import reference, variants
from .rules_of_tests import Answers, rules_of_tests
from .scopes import BUILTINS, Names, names
from .structure import structure

__all__ = ["lint"]


def lint(notebook: Notebook) -> list[Finding]:
    """Return the findings on an instructor's notebook, in its order.

    Nothing is executed. Findings with ``error`` set keep the assignment from being graded; if a
    cell's structure is wrong, only that is reported.

    Raises
    ------
    MarkupError : if a solution region or a wrong solution is marked wrongly.
    """
    right = reference(notebook)
    found = list(structure(right))
    if not any(finding.error for finding in found):
        variants(notebook)
        found += _code(right)
    order = {cell_id(cell, index): index for index, cell in enumerate(notebook.cells)}
    return sorted(found, key=lambda finding: (order[finding.cell], finding.line))


def _code(notebook: Notebook) -> Iterator[Finding]:
    """Yield what the code of answers and tests does that will not work in two kernels."""
    cells = [
        (cell_id(cell, index), cell, names(cell.source))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    ]
    answers = Answers.of(notebook)
    for position, (name, cell, used) in enumerate(cells):
        if is_locked(cell):
            yield from _unknown_names(name, cell, used, position, cells)
        if is_test(cell):
            yield from _out_of_reach(name, used, cells, answers.names)
            yield from rules_of_tests(name, cell, answers)
        if is_answer(cell):
            yield from _ungraded(name, used, cells[position + 1 :])


Cells = list[tuple[str, Cell, Names]]


def _unknown_names(
    name: str, cell: Cell, used: Names, position: int, cells: Cells
) -> Iterator[Finding]:
    """Names that the kernel of the tests will not have, or not those of the submission."""
    others = [other for other in cells if other[0] != name]
    setup = [other for other in others if _is_setup(other[1])]
    answers = [other for other in others if is_answer(other[1])]
    known = {stored for _, _, other in setup for stored in other.stored}
    earlier = {other for other, _, _ in cells[:position]}
    for wanted, line in used.loaded.items():
        if wanted in BUILTINS:
            continue
        giving = [other for other, _, found in [*setup, *answers] if wanted in found.stored]
        if answer := _shadowed(wanted, used, known, answers):
            yield Finding(
                name,
                line,
                f"{wanted} is a name of the answer {answer} and of a locked cell or of this test: "
                "the test would see the instructor's; rename one.",
            )
        elif wanted in used.stored or earlier & set(giving):
            continue
        elif giving:
            yield Finding(
                name,
                line,
                f"{wanted} is made only further down, in cell {giving[0]}: move it up.",
                True,
            )
        elif not any(found.imports_star for _, _, found in [*setup, ("", cell, used)]):
            yield Finding(name, line, _why_unknown(wanted, others), True)


def _shadowed(wanted: str, used: Names, known: set[str], answers: Cells) -> str | None:
    """Return the answer cell whose name never reaches the test, because the instructor's does."""
    for answer, _, found in answers:
        is_redefined = wanted in used.stored and wanted in found.defined
        if wanted in found.stored - found.imported and (wanted in known or is_redefined):
            return answer
    return None


def _is_setup(cell: Cell) -> bool:
    return is_locked(cell) and not is_test(cell)


def _out_of_reach(
    name: str, used: Names, cells: Cells, answers: frozenset[str]
) -> Iterator[Finding]:
    """Names of locked cells that rest on an answer: such a cell runs where no answer is."""
    for wanted, line in used.loaded.items():
        for other, cell, found in cells:
            if not _is_setup(cell) or wanted not in found.stored - used.stored:
                continue
            missing = (_reads(cell, wanted) & answers) - set(used.loaded) - found.stored
            if missing:
                yield Finding(
                    name,
                    line,
                    f"{wanted} of the locked cell {other} uses {', '.join(sorted(missing))} of an "
                    "answer, which the tests' kernel has only for names that the test itself "
                    "uses: pass it as an argument.",
                    True,
                )


def _reads(cell: Cell, wanted: str) -> set[str]:
    """Return the names that the statements of a cell read which make the wanted name."""
    read: set[str] = set()
    for node in parse(cell.source).body:
        found = names(ast.unparse(node))
        if wanted in found.stored:
            read |= set(found.loaded)
    return read


def _why_unknown(wanted: str, others: Cells) -> str:
    for other, cell, found in others:
        if wanted in found.stored:
            if is_test(cell):
                return (
                    f"{wanted} is made only in the test {other}, which may have stopped before: "
                    "make it in this cell too, or in a locked cell."
                )
            return (
                f"{wanted} is made in cell {other}, which students can change: lock that cell, or "
                "make it in this one."
            )
    return (
        f"{wanted} is made nowhere: a test may use builtins, names of locked cells, of answer "
        "cells, and its own."
    )


def _ungraded(name: str, used: Names, below: Cells) -> Iterator[Finding]:
    tests = [found for _, cell, found in below if is_test(cell)]
    if not any(used.stored & set(found.loaded) for found in tests):
        yield Finding(
            name,
            1,
            "no graded test below uses a name of this answer: add one, or it gives no points.",
        )
