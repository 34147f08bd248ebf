"""Solution regions, and the wrong solutions that stand in them as comments.

An author writes in a solution cell ::

    def mean(x):
        ### BEGIN SOLUTION
        return x.sum() / x.size
        ### WRONG integer division
        # return x.sum() // x.size
        ### END SOLUTION

nbgrader replaces the whole region on release. Here each variant takes the region's place in turn.
"""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass, field

from nbgrader.utils import is_solution

from ..errors import CourseError
from ..records import from_source
from .cells import Cell, Notebook, cell_id, parse

__all__ = ["MarkupError", "Region", "Variant", "Wrong", "reference", "regions", "stub", "variants"]

#: nbgrader looks for these words anywhere in a line, so they are sought in the same way here.
BEGIN = "BEGIN SOLUTION"
END = "END SOLUTION"
WRONG = re.compile(r"\s*###\s*WRONG\b[ \t:]*(?P<why>.*?)\s*$")


class MarkupError(CourseError):
    """The marks of a solution cell are not right: the message names the cell and the line."""

    def __init__(self, cell: str, line: int, sentence: str) -> None:
        """Put the place before the sentence."""
        super().__init__(f"cell {cell}, line {line}: {sentence}")


@dataclass(frozen=True)
class Wrong:
    """A wrong solution: why it is wrong, the line of its mark (from 1), and its lines as code."""

    why: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Region:
    """A solution region of a cell; ``begin`` and ``end`` are the lines of its marks, from 1."""

    begin: int
    end: int
    reference: tuple[str, ...]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True)
class Variant:
    """A notebook in which one region holds a wrong solution, and all others the reference.

    cell_id : grade id of the answer cell; line : of the WRONG mark in it; why : the mark's text.
    """

    cell_id: str
    line: int
    why: str
    notebook: Notebook = field(repr=False)


@dataclass
class _Open:
    """A region that is being read."""

    begin: int
    indent: str
    reference: list[str] = field(default_factory=list)
    wrong: list[tuple[str, int, list[str]]] = field(default_factory=list)

    def add(self, line: str, cell: str, number: int) -> None:
        """Take a line of the reference, or of the last wrong solution without its ``# ``."""
        if not self.wrong:
            self.reference.append(line)
            return
        self.wrong[-1][2].append(self._uncommented(line, cell, number))

    def _uncommented(self, line: str, cell: str, number: int) -> str:
        if not line.strip() or line.rstrip() == f"{self.indent}#":
            return ""
        if not line.startswith(f"{self.indent}# "):
            raise MarkupError(
                cell,
                number,
                "a line of a wrong solution must be a comment that starts with '# ' in column "
                f"{len(self.indent) + 1}, below its ### WRONG mark.",
            )
        return self.indent + line[len(self.indent) + 2 :]

    def closed(self, end: int) -> Region:
        """Return the region as it was read."""
        wrong = tuple(Wrong(why, line, tuple(lines)) for why, line, lines in self.wrong)
        return Region(self.begin, end, tuple(self.reference), wrong)


def regions(cell: Cell, name: str) -> list[Region]:
    """Return the solution regions of a cell, in order; ``name`` is what errors call it.

    Raises MarkupError for an unclosed or nested region, a region in a cell that is not a solution
    cell, a wrong solution outside a region, without a reason, empty, or not commented.
    """
    found: list[Region] = []
    region: _Open | None = None
    for number, line in enumerate(cell.source.split("\n"), 1):
        wrong = WRONG.match(line) if cell.cell_type == "code" else None
        if BEGIN in line:
            region = _begin(cell, name, number, line, region)
        elif END in line:
            if region is None:
                raise MarkupError(name, number, "END SOLUTION closes no region: remove it.")
            found.append(region.closed(number))
            region = None
        elif wrong:
            if region is None:
                raise MarkupError(
                    name, number, "a ### WRONG solution must stand inside a solution region."
                )
            if not wrong["why"]:
                raise MarkupError(name, number, "say after ### WRONG what the mistake is.")
            region.wrong.append((wrong["why"], number, []))
        elif region is not None:
            region.add(line, name, number)
    if region is not None:
        raise MarkupError(name, region.begin, "the region is not closed: add ### END SOLUTION.")
    return found


def _begin(cell: Cell, name: str, number: int, line: str, region: _Open | None) -> _Open:
    if region is not None:
        raise MarkupError(
            name,
            number,
            f"a region begins inside that of line {region.begin}: close that first.",
        )
    if not is_solution(cell):
        raise MarkupError(
            name,
            number,
            "a solution region stands in a cell that is not a solution cell: students would read "
            "it; set its nbgrader type to solution.",
        )
    return _Open(number, line[: len(line) - len(line.lstrip())])


def _with(source: str, found: list[Region], chosen: Wrong | None = None) -> str:
    """Return the source with a wrong solution in its region, and the reference in the others."""
    lines = source.split("\n")
    for region in reversed(found):
        takes_it = chosen is not None and chosen in region.wrong
        body = chosen.lines if chosen is not None and takes_it else region.reference
        lines[region.begin : region.end - 1] = body
    return "\n".join(lines)


def reference(notebook: Notebook) -> Notebook:
    """Return a copy without the wrong solutions; raises MarkupError (see :func:`regions`)."""
    right = copy.deepcopy(notebook)
    for index, cell in enumerate(right.cells):
        cell.source = _with(cell.source, regions(cell, cell_id(cell, index)))
    return right


def stub(notebook: Notebook) -> Notebook:
    """Return the notebook that students get: nbgrader's release, in memory.

    Raises MarkupError (see :func:`regions`), and CourseError for metadata that nbgrader refuses.
    """
    return from_source(reference(notebook), "this assignment", "notebook")[0]


def variants(notebook: Notebook) -> list[Variant]:
    """Return one notebook for each wrong solution, in the order of the notebook.

    Raises MarkupError for wrong marks (see :func:`regions`), and for a wrong solution that is
    empty, is not Python, or is the same code as the reference or as another wrong solution.
    """
    right = reference(notebook)
    made = []
    for index, cell in enumerate(notebook.cells):
        name = cell_id(cell, index)
        found = regions(cell, name)
        chosen = [wrong for region in found for wrong in region.wrong]
        seen: dict[str, str] = {}
        if chosen:
            seen[_code(right.cells[index].source, name, found[0].begin)] = "the reference solution"
        for wrong in chosen:
            source = _with(cell.source, found, wrong)
            _refuse_same(name, wrong, source, seen)
            changed = copy.deepcopy(right)
            changed.cells[index].source = source
            made.append(Variant(name, wrong.line, wrong.why, changed))
    return made


def _code(source: str, name: str, line: int) -> str:
    """Return a text that is the same for the same code, however it is laid out."""
    try:
        return ast.dump(parse(source))
    except SyntaxError as error:
        raise MarkupError(
            name, line, f"the cell is not Python with this solution ({error.msg}): correct it."
        ) from error


def _refuse_same(name: str, wrong: Wrong, source: str, seen: dict[str, str]) -> None:
    if not any(line.strip() for line in wrong.lines):
        raise MarkupError(name, wrong.line, f"the wrong solution {wrong.why!r} is empty.")
    code = _code(source, name, wrong.line)
    if code in seen:
        raise MarkupError(
            name, wrong.line, f"the wrong solution {wrong.why!r} is the same code as {seen[code]}."
        )
    seen[code] = f"that of line {wrong.line}"
