"""What the instructor's notebook says about its cells: the authority over a submission's metadata.

A submission is brought back to this record before it is graded (:mod:`derived.grading.restore`),
so that nothing a student does to points, flags or test cells has an effect.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils as nbgrader_cells
from nbgrader.api import MissingEntry
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from .course import Course
from .errors import CourseError
from .names import names_imported, names_stored

__all__ = ["CellRecord", "NotebookRecord", "from_gradebook", "from_source", "without_hidden_tests"]

BEFORE_RECORD = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums)
AFTER_RECORD = (ClearHiddenTests, ClearMarkScheme, ComputeChecksums, CheckCellMetadata)


@dataclass(frozen=True)
class CellRecord:
    """One cell that nbgrader knows, as the instructor released it.

    name : its grade id.
    cell_type : "code" or "markdown".
    source : its text; hidden tests included, solutions replaced by the stub.
    checksum : nbgrader's, of that text.
    locked, grade, solution, task : nbgrader's flags.
    points : of a graded cell; None otherwise.
    defines : of an answer cell: the names that the instructor's own answer defines.
    """

    name: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    grade: bool
    solution: bool
    task: bool
    points: float | None
    defines: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether the cell's outputs decide its points."""
        return self.grade and not self.solution and self.cell_type == "code"

    @cached_property
    def released(self) -> str:
        """The text that the students got: without hidden tests and marking scheme."""
        return _without_mark_scheme(without_hidden_tests(self.source))

    def metadata(self) -> dict[str, Any]:
        """Return the cell metadata of nbgrader, schema 3."""
        found: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": self.name,
            "cell_type": self.cell_type,
            "checksum": self.checksum,
            "locked": self.locked,
            "grade": self.grade,
            "solution": self.solution,
            "task": self.task,
        }
        return found if self.points is None else {**found, "points": self.points}


@dataclass(frozen=True)
class NotebookRecord:
    """One notebook of an assignment.

    cells : in the instructor's order.
    answer_names : what the instructor's own answer cells define, but for their imports; only these
        names can a test take from a submission.
    changing_names : answer names that more than one of the instructor's cells defines, so that
        their value depends on the place where a test stands.
    prose : texts of the cells that nbgrader does not know, to tell a student's cell from ours.
    """

    assignment: str
    notebook: str
    cells: tuple[CellRecord, ...]
    answer_names: tuple[str, ...]
    changing_names: tuple[str, ...]
    prose: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NotebookRecord:
        """The inverse of ``as_dict``, also after a journey through JSON."""
        rest: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in data.items()
            if key != "cells"
        }
        cells = ({**cell, "defines": tuple(cell["defines"])} for cell in data["cells"])
        return cls(cells=tuple(CellRecord(**cell) for cell in cells), **rest)


def without_hidden_tests(source: str) -> str:
    """Return a test cell's text without its hidden region, as nbgrader releases it."""
    cell = nbformat.v4.new_code_cell(source)
    ClearHiddenTests()._remove_hidden_test_region(cell)
    return str(cell.source)


def _without_mark_scheme(source: str) -> str:
    cell = nbformat.v4.new_markdown_cell(source)
    ClearMarkScheme(check_attachment_leakage=False)._remove_mark_scheme_region(cell)
    return str(cell.source)


def _flag(cell: NotebookNode, name: str) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get(name, False))


def _is_known(cell: NotebookNode) -> bool:
    return any(_flag(cell, name) for name in ("grade", "solution", "locked", "task"))


def _defined(cell: NotebookNode) -> frozenset[str]:
    """Return what an answer cell defines, but for its imports.

    A module from a submission could be any module: that of a test is never theirs.
    """
    if cell.cell_type != "code" or not nbgrader_cells.is_solution(cell):
        return frozenset()
    return names_stored(cell.source) - names_imported(cell.source)


def _defined_by_id(notebook: NotebookNode) -> dict[str, tuple[str, ...]]:
    return {
        cell.metadata.nbgrader.get("grade_id"): tuple(sorted(_defined(cell)))
        for cell in notebook.cells
        if _is_known(cell)
    }


def _names(notebook: NotebookNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what the answer cells define, and which of these have several definitions."""
    stored: Counter[str] = Counter()
    answers: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and not (_flag(cell, "grade") and not _flag(cell, "solution")):
            stored.update(names_stored(cell.source))
            answers |= _defined(cell)
    return tuple(sorted(answers)), tuple(sorted(n for n in answers if stored[n] > 1))


def _prose(notebook: NotebookNode) -> tuple[str, ...]:
    return tuple(cell.source for cell in notebook.cells if not _is_known(cell))


def _process(notebook: NotebookNode, steps: Iterable[Any], notebook_name: str) -> NotebookNode:
    resources = {"nbgrader": {"notebook": notebook_name}}
    for step in steps:
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


def _cell_record(cell: NotebookNode, defines: tuple[str, ...]) -> CellRecord:
    graded = _flag(cell, "grade") or _flag(cell, "task")
    return CellRecord(
        name=cell.metadata.nbgrader["grade_id"],
        cell_type=cell.cell_type,
        source=cell.source,
        checksum=cell.metadata.nbgrader["checksum"],
        locked=nbgrader_cells.is_locked(cell),
        grade=_flag(cell, "grade"),
        solution=_flag(cell, "solution"),
        task=_flag(cell, "task"),
        points=float(cell.metadata.nbgrader["points"]) if graded else None,
        defines=defines,
    )


def from_source(
    source: NotebookNode, assignment: str, notebook: str
) -> tuple[NotebookNode, NotebookRecord]:
    """Release an instructor's notebook in memory, with nbgrader's own preprocessors.

    Returns
    -------
    released : what a student gets.
    record : what a submission of it is held against.

    Raises
    ------
    CourseError : if the notebook's markup is wrong (nbgrader's words).
    """
    answers, changing = _names(source)
    defined = _defined_by_id(source)
    try:
        recorded = _process(copy.deepcopy(source), BEFORE_RECORD, notebook)
        known = [cell for cell in recorded.cells if _is_known(cell)]
        cells = tuple(_cell_record(c, defined[c.metadata.nbgrader["grade_id"]]) for c in known)
        released = _process(copy.deepcopy(recorded), AFTER_RECORD, notebook)
    except Exception as error:  # nbgrader raises many kinds, RuntimeError most often
        # For wrong metadata nbgrader says only that there is something wrong, and raises it anew.
        reason = " ".join(str(error.__context__ or error).split())
        raise CourseError(f"{assignment}/{notebook}.ipynb cannot be released: {reason}") from error
    return released, NotebookRecord(assignment, notebook, cells, answers, changing, _prose(source))


def _stored_cells(course: Course, assignment: str, notebook: str) -> dict[str, CellRecord]:
    with course.gradebook() as gradebook:
        try:
            stored = gradebook.find_notebook(notebook, assignment)
        except MissingEntry:
            raise CourseError(
                f"the gradebook has no notebook {assignment}/{notebook}: "
                f"run: derived-course release {assignment}"
            ) from None
        points = {c.name: c.max_score for c in [*stored.grade_cells, *stored.task_cells]}
        kinds = {"grade": stored.grade_cells, "solution": stored.solution_cells}
        kinds["task"] = stored.task_cells
        names = {kind: {cell.name for cell in cells} for kind, cells in kinds.items()}
        return {
            cell.name: CellRecord(
                name=cell.name,
                cell_type=cell.cell_type,
                source=cell.source,
                checksum=cell.checksum,
                locked=cell.locked,
                grade=cell.name in names["grade"],
                solution=cell.name in names["solution"],
                task=cell.name in names["task"],
                points=points.get(cell.name),
            )
            for cell in stored.source_cells
        }


def from_gradebook(course: Course, assignment: str, notebook: str) -> NotebookRecord:
    """Return the record of a released notebook.

    The cells are the gradebook's, as nbgrader grades them; their order, and the names that the
    answers define, are those of the instructor's source.

    Raises
    ------
    CourseError : if it was not released, or its source is gone.
    """
    path: Path = course.folder("source", ".", assignment) / f"{notebook}.ipynb"
    try:
        source = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds for a broken file
        raise CourseError(f"the instructor's notebook {path} cannot be read: {error}") from error
    stored = _stored_cells(course, assignment, notebook)
    defined = _defined_by_id(source)
    order = [*defined, *(name for name in stored if name not in defined)]
    cells = tuple(
        replace(stored[name], defines=defined.get(name, ())) for name in order if name in stored
    )
    answers, changing = _names(source)
    return NotebookRecord(assignment, notebook, cells, answers, changing, _prose(source))
