"""The points of an assignment as plain data, read from nbgrader's gradebook in a few queries.

Whoever exports or analyses points needs to tell 0 points from no points yet: nbgrader's own sums
count what nobody has graded as 0.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from .course import Course
from .errors import CourseError

__all__ = [
    "Marks",
    "Person",
    "Result",
    "Status",
    "Task",
    "read_comments",
    "read_marks",
    "waiting_cells",
]


class Status:
    """In which state a student's submission is, in words for people."""

    GRADED = "graded"
    BY_HAND = "needs a person"
    NOT_GRADED = "not graded"
    MISSING = "not handed in"


@dataclass(frozen=True)
class Person:
    """A student of the gradebook; what is not known is empty."""

    id: str
    first_name: str
    last_name: str
    email: str
    lms_user_id: str


@dataclass(frozen=True)
class Task:
    """A cell that gives points.

    label : its grade id, after the notebook's name if the assignment has several notebooks.
    points : the most that it gives.
    """

    label: str
    points: float


@dataclass(frozen=True)
class Result:
    """One student's points for an assignment.

    status : one of :class:`Status`.
    submitted : when, in UTC without a zone; None if it is not known.
    points : for each task's label; None for what waits for a person.
    automatic : the sum of the points that tests gave.
    by_hand : the sum of the points that a person gave, extra credit included.
    penalty : taken off for a late submission, ≥ 0.
    total : what the student gets, ≥ 0; None unless everything is graded.
    """

    student: Person
    status: str
    submitted: datetime.datetime | None
    points: dict[str, float | None]
    automatic: float
    by_hand: float
    penalty: float
    total: float | None


@dataclass(frozen=True)
class Marks:
    """The points of all students for one assignment, in the order of the students' names."""

    assignment: str
    tasks: tuple[Task, ...]
    results: tuple[Result, ...]

    @property
    def maximum(self) -> float:
        """The most points that the assignment gives."""
        return sum(task.points for task in self.tasks)


def read_marks(gradebook: Gradebook, assignment: str, course: Course | None = None) -> Marks:
    """Return the points of an assignment.

    course : to look in the folders too: what was handed in, or handed in again, and is not graded.

    Raises CourseError if the gradebook has no such assignment.
    """
    known = gradebook.db.query(Assignment).filter(Assignment.name == assignment).one_or_none()
    if known is None:
        names = ", ".join(sorted(a.name for a in gradebook.assignments)) or "none"
        raise CourseError(f"the gradebook has no assignment {assignment!r}: it has {names}")
    labels = _labels(gradebook, known)
    tasks = tuple(Task(labels[cell], points) for cell, points in _cells(gradebook, known))
    if course is not None:
        tasks = _in_order(tasks, course, assignment)
    grades: dict[str, list[Any]] = defaultdict(list)
    for row in _grades(gradebook, known):
        grades[row.student_id].append(row)
    submitted = {
        row.student_id: (row.timestamp, float(row.penalty or 0.0))
        for row in _submissions(gradebook, known)
    }
    results = []
    for student in gradebook.db.query(Student).order_by(
        Student.last_name, Student.first_name, Student.id
    ):
        person = Person(
            student.id,
            student.first_name or "",
            student.last_name or "",
            student.email or "",
            student.lms_user_id or "",
        )
        when = submitted.get(student.id)
        ungraded = course is not None and _ungraded(course, assignment, student.id)
        results.append(_result(person, tasks, labels, grades[student.id], when, ungraded))
    return Marks(assignment, tasks, tuple(results))


def _result(
    person: Person,
    tasks: tuple[Task, ...],
    labels: dict[str, str],
    rows: list[Any],
    submission: tuple[datetime.datetime | None, float] | None,
    ungraded: bool,
) -> Result:
    points: dict[str, float | None] = {task.label: None for task in tasks}
    automatic = by_hand = 0.0
    for row in rows:
        extra = row.extra_credit or 0.0
        score = row.auto_score if row.manual_score is None else row.manual_score
        if row.needs_manual_grade or score is None:
            continue
        points[labels[row.cell_id]] = score + extra
        by_hand += extra + (row.manual_score or 0.0)
        automatic += row.auto_score if row.manual_score is None else 0.0
    when, penalty = submission or (None, 0.0)
    if ungraded:
        status = Status.NOT_GRADED
    elif submission is None:
        status = Status.MISSING
    else:
        status = Status.BY_HAND if None in points.values() else Status.GRADED
    total = max(0.0, automatic + by_hand - penalty) if status == Status.GRADED else None
    return Result(person, status, when, points, automatic, by_hand, penalty, total)


def _cells(gradebook: Gradebook, assignment: Assignment) -> list[tuple[str, float]]:
    """Return id and points of the cells that give points, in the order they were added in."""
    found: list[tuple[str, float]] = []
    for kind in (GradeCell, TaskCell):
        query = (
            gradebook.db.query(kind.id, kind.max_score)
            .join(Notebook, Notebook.id == kind.notebook_id)
            .filter(Notebook.assignment_id == assignment.id)
            .order_by(Notebook.name)
        )
        found += [(row.id, float(row.max_score or 0.0)) for row in query]
    return found


def _in_order(tasks: tuple[Task, ...], course: Course, assignment: str) -> tuple[Task, ...]:
    """Return the tasks as the instructor's notebooks have them, as far as those are there."""
    order: list[str] = []
    for path in sorted(course.folder("source", ".", assignment).glob("*.ipynb")):
        try:
            cells = json.loads(path.read_text("utf8"))["cells"]
            ids = [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells]
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue
        order += [label for name in ids for label in (name, f"{path.stem}/{name}")]
    places = {label: place for place, label in reversed(list(enumerate(order)))}
    return tuple(sorted(tasks, key=lambda task: places.get(task.label, len(order))))


def _labels(gradebook: Gradebook, assignment: Assignment) -> dict[str, str]:
    query = (
        gradebook.db.query(BaseCell.id, BaseCell.name, Notebook.name.label("notebook"))
        .join(Notebook, Notebook.id == BaseCell.notebook_id)
        .filter(Notebook.assignment_id == assignment.id)
    )
    rows = list(query)
    several = len({row.notebook for row in rows}) > 1
    return {row.id: f"{row.notebook}/{row.name}" if several else row.name for row in rows}


def _grades(gradebook: Gradebook, assignment: Assignment) -> list[Any]:
    query = (
        gradebook.db.query(
            SubmittedAssignment.student_id,
            Grade.cell_id,
            Grade.auto_score,
            Grade.manual_score,
            Grade.extra_credit,
            Grade.needs_manual_grade,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .filter(SubmittedAssignment.assignment_id == assignment.id)
    )
    return list(query)


def _submissions(gradebook: Gradebook, assignment: Assignment) -> list[Any]:
    query = gradebook.db.query(
        SubmittedAssignment.student_id,
        SubmittedAssignment.timestamp,
        SubmittedAssignment.late_submission_penalty.label("penalty"),
    ).filter(SubmittedAssignment.assignment_id == assignment.id)
    return list(query)


def _ungraded(course: Course, assignment: str, student: str) -> bool:
    """Say whether a submission lies in the course and was not graded since it was handed in."""
    folders = [course.folder(step, student, assignment) for step in ("submitted", "autograded")]
    if not any(folders[0].glob("*.ipynb")):
        return False
    if not any(folders[1].glob("*.ipynb")):
        return True
    handed_in, graded = (course.directory.get_existing_timestamp(str(f)) for f in folders)
    return bool(handed_in and graded and handed_in > graded)


def read_comments(gradebook: Gradebook, assignment: str) -> dict[str, list[tuple[str, str]]]:
    """Return for each student the cells with a comment, and the comments."""
    query = (
        gradebook.db.query(SubmittedAssignment.student_id, BaseCell.name, Comment.comment)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Comment, Comment.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Comment.cell_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment)
        .order_by(BaseCell.name)
    )
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for student, cell, comment in query:
        if comment:
            found[student].append((cell, comment))
    return found


def waiting_cells(db_url: str, assignment: str, notebook: str, student: str) -> set[str]:
    """Return the grade ids of a submitted notebook that wait for a person."""
    query = (
        select(BaseCell.name)
        .join(Grade, Grade.cell_id == BaseCell.id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .where(Assignment.name == assignment, Notebook.name == notebook)
        .where(SubmittedAssignment.student_id == student, Grade.needs_manual_grade)
    )
    engine = create_engine(db_url)
    try:
        with Session(engine) as session:
            return set(session.scalars(query))
    finally:
        engine.dispose()
