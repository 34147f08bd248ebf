"""How far each student's submission has come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..course import Course
from ..setup.filing import TIMESTAMP, read_timestamp
from ..setup.roster import known_students

__all__ = ["Stage", "cells_for_a_person", "overview"]


@dataclass(frozen=True)
class Stage:
    """One submission of one student.

    collected : when it was handed in, in UTC; None if nothing was.
    graded : whether it was graded as it is now; None if something older was.
    by_hand : cells that wait for a person.
    points, of : points so far, and points of the assignment; None before grading.
    feedback : whether there is a page; None if it is older than the grades.
    """

    student: str
    collected: datetime | None
    graded: bool | None
    by_hand: int
    points: float | None
    of: float | None
    feedback: bool | None


def cells_for_a_person(course: Course, assignment: str, students: Iterable[str] = ()) -> int:
    """Return how many cells of an assignment wait for a person, of all students or of some."""
    waiting = _waiting(course, assignment)
    chosen = set(students) or set(waiting)
    return sum(number for student, number in waiting.items() if student in chosen)


def _submissions(gradebook: Any, assignment: str) -> list[Any]:
    if assignment not in {known.name for known in gradebook.assignments}:
        return []
    return list(gradebook.find_assignment(assignment).submissions)


def _waiting(course: Course, assignment: str) -> dict[str, int]:
    with course.gradebook() as gradebook:
        return {
            submission.student_id: _cells(submission)
            for submission in _submissions(gradebook, assignment)
        }


def _cells(submission: Any) -> int:
    grades = (grade for notebook in submission.notebooks for grade in notebook.grades)
    return sum(bool(grade.needs_manual_grade) for grade in grades)


def overview(course: Course, assignment: str) -> list[Stage]:
    """Return the stage of every student of the roster, by id."""
    with course.gradebook() as gradebook:
        stored = {
            found.student_id: (_cells(found), float(found.score), float(found.max_score))
            for found in _submissions(gradebook, assignment)
        }
    return [
        _stage(course, assignment, student.id, stored.get(student.id))
        for student in known_students(course)
    ]


def _stage(
    course: Course, assignment: str, student: str, stored: tuple[int, float, float] | None
) -> Stage:
    submitted, autograded, pages = (
        course.folder(step, student, assignment) for step in ("submitted", "autograded", "feedback")
    )
    collected = read_timestamp(submitted / TIMESTAMP)
    when_graded = read_timestamp(autograded / TIMESTAMP)
    is_graded = stored is not None and any(autograded.glob("*.ipynb"))
    graded: bool | None = is_graded
    if is_graded and collected and when_graded and collected > when_graded:
        graded = None
    by_hand, points, of = stored if is_graded and stored else (0, None, None)
    written = max((page.stat().st_mtime for page in pages.glob("*.html")), default=None)
    feedback: bool | None = written is not None
    if written is not None and is_graded:
        latest = max(path.stat().st_mtime for path in autograded.glob("*.ipynb"))
        feedback = True if written >= latest else None
    return Stage(student, collected, graded, by_hand, points, of, feedback)
