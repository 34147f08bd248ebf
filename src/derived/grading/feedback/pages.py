"""Write the feedback pages of an assignment, through nbgrader's own converter."""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from ..course import Course
from ..marks import read_comments, read_marks
from .configuration import configure

__all__ = ["FeedbackReport", "generate"]

_FORM = 1  # of the pages; a new one makes all of them again


@dataclass
class FeedbackReport:
    """What was written.

    pages : the HTML files that were written.
    failed : (student, file, reason) of those that could not be.
    unchanged : pages left alone, because neither the notebook nor its grades have changed.
    """

    pages: list[Path] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    unchanged: list[Path] = field(default_factory=list)

    @property
    def written(self) -> list[Path]:
        """The pages, by the name that a summary gives them."""
        return self.pages


def generate(
    course: Course, assignment: str, *, students: Iterable[str] = (), force: bool = False
) -> FeedbackReport:
    """Write the feedback pages of an assignment to ``feedback/STUDENT/ASSIGNMENT``.

    students : whose pages; by default all that were graded.
    force : write pages anew that have not changed.

    A page that cannot be written is reported, and the others are written all the same.
    """
    report = FeedbackReport()
    grades = _grades(course, assignment)
    asked_for = set(students)
    for student in sorted(asked_for or grades):
        notebooks = sorted(course.folder("autograded", student, assignment).glob("*.ipynb"))
        if not notebooks:
            if asked_for:
                report.failed.append((student, f"{assignment}.ipynb", "has not been graded"))
            continue
        if any(mark in student for mark in "*?["):
            reason = f"the id {student!r} is a pattern for nbgrader: it would write other pages"
            report.failed.append((student, notebooks[0].name, reason))
            continue
        folder = course.folder("feedback", student, assignment)
        pages = [folder / f"{notebook.stem}.html" for notebook in notebooks]
        mark = f"<!-- derived feedback {_digest(notebooks, grades.get(student, ''))} -->\n"
        if not force and all(_ends_with(page, mark) for page in pages):
            report.unchanged += pages
        elif reason := _convert(course, assignment, student):
            report.failed.append((student, notebooks[0].name, reason))
        else:
            for page in pages:
                with page.open("a", encoding="utf-8") as stream:
                    stream.write("\n" + mark)
            report.pages += pages
    return report


def _grades(course: Course, assignment: str) -> dict[str, str]:
    """Return for each student of the gradebook the points and comments, as text to compare."""
    with course.gradebook() as gradebook:
        comments = read_comments(gradebook, assignment)
        return {
            result.student.id: repr((result, comments.get(result.student.id)))
            for result in read_marks(gradebook, assignment).results
        }


def _digest(notebooks: list[Path], grades: str) -> str:
    """Return what identifies the content of a student's pages."""
    known = hashlib.sha256(f"{_FORM}{grades}".encode())
    for notebook in notebooks:
        known.update(notebook.read_bytes())
    return known.hexdigest()[:32]


def _ends_with(page: Path, mark: str) -> bool:
    try:
        return page.read_bytes().endswith(mark.encode())
    except OSError:
        return False


class _Memory(logging.Handler):
    """Keep what nbgrader logs as errors: it says there why a page failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += record.getMessage().strip().splitlines()


def _convert(course: Course, assignment: str, student: str) -> str:
    """Write the pages of one student; return what went wrong, or nothing."""
    config = configure(copy.deepcopy(course.config))
    directory = CourseDirectory(config=config)
    directory.root = str(course.root)
    directory.db_url = course.db_url
    directory.assignment_id, directory.student_id = assignment, student
    memory = _Memory()
    logger = logging.Logger("derived.feedback")  # of this call alone
    logger.addHandler(memory)
    converter = GenerateFeedback(coursedir=directory, config=config, log=logger)
    converter.force = True
    try:
        converter.start()
    except NbGraderException as error:
        causes = [line for line in memory.lines if line[:1].isalpha() and "Error: " in line]
        return causes[-1] if causes else str(error)
    return ""
