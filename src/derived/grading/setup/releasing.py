"""Make the students' version of an assignment, and prove that it holds no solution."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.utils import is_grade, is_task

from ..authoring.cells import cell_id, is_manual, points, read
from ..course import Course
from ..errors import CourseError
from .secrets_kept import find_leak, secrets

__all__ = ["ReleaseReport", "release"]


@dataclass(frozen=True)
class ReleaseReport:
    """What was released.

    folder : give this to the students.
    files : in it, relative to it.
    points : of each graded cell, by grade id, in the order of the notebooks.
    by_hand : the grade ids among them that a person grades.
    """

    folder: Path
    files: tuple[Path, ...]
    points: dict[str, float]
    by_hand: tuple[str, ...]


def release(course: Course, assignment: str) -> ReleaseReport:
    """Run nbgrader's ``generate_assignment``, then look for solutions in what it wrote.

    An earlier release is replaced. It stays if nbgrader refuses the new one; after a leak there is
    no release at all.

    Raises
    ------
    CourseError : if there is no such assignment, if nbgrader refuses it (for instance because
        cells were added after submissions were graded), or if a released file holds a line of a
        solution or of a hidden test; the message names the file and the line.
    """
    notebooks = course.source_notebooks(assignment)
    hidden = secrets(notebooks)
    target = course.folder("release", ".", assignment)
    with _previous_kept(course, target):
        _generate(course, assignment)
    if leak := find_leak(target, hidden):
        shutil.rmtree(target)
        raise CourseError(f"{assignment} is not released, it would give away a solution: {leak}")
    return _report(target)


@contextmanager
def _previous_kept(course: Course, target: Path) -> Iterator[None]:
    """Put the earlier release aside, and back in its place if the new one fails."""
    aside = course.state / "previous-release" / target.name
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(target, aside)
    try:
        yield
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        if aside.exists():
            shutil.move(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


class _Collected(logging.Handler):
    """Keeps the messages of nbgrader, which explains its errors in its log."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


def _generate(course: Course, assignment: str) -> None:
    directory = course.directory
    previous, directory.assignment_id = directory.assignment_id, assignment
    log, said = logging.getLogger("derived.grading.release"), _Collected()
    log.propagate = False
    log.addHandler(said)
    try:
        converter = GenerateAssignment(coursedir=directory, config=course.config, log=log)
        converter.force = True
        converter.start()
    except Exception as error:  # nbgrader's own class, or what a preprocessor raises
        reason = _reason(course, assignment, said.text) or str(error)
        raise CourseError(f"{assignment} is not released: {reason}") from error
    finally:
        log.removeHandler(said)
        directory.assignment_id = previous


def _reason(course: Course, assignment: str, log: str) -> str | None:
    """Return the one line that explains a failure."""
    if re.search(r"Cannot (add or remove cells|modify existing assignment)", log):
        return (
            f"it has {_submissions(course, assignment)} graded submissions, and cells with a grade "
            "id were added, removed or renamed since its release: undo that, or copy the changed "
            "notebook to an assignment with a new name"
        )
    raised = re.findall(r"^(?:\w+\.)*\w*(?:Error|Exception): (.+)$", log, re.MULTILINE)
    return str(raised[-1]) if raised else None


def _submissions(course: Course, assignment: str) -> int:
    with course.gradebook() as gradebook:
        try:
            return len(gradebook.find_assignment(assignment).submissions)
        except MissingEntry:
            return 0


def _report(folder: Path) -> ReleaseReport:
    worth: dict[str, float] = {}
    by_hand = []
    for path in sorted(folder.glob("*.ipynb")):
        for index, cell in enumerate(read(path).cells):
            if is_grade(cell) or is_task(cell):
                worth[cell_id(cell, index)] = points(cell)
                if is_manual(cell):
                    by_hand.append(cell_id(cell, index))
    files = tuple(p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file())
    return ReleaseReport(folder, files, worth, tuple(by_hand))
