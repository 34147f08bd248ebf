"""Grade a batch of submissions: many workers, one writer, safe to stop at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain

from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.sandbox import available, selftest
from derived.grading.sandbox.folders import clean_leftovers
from derived.locking import LockTimeout, exclusive

from .gradebook import Ledger, Writer
from .submissions import Assignment, read_unit, students_who_submitted
from .work import Graded, WorkUnit, fault
from .workers import on_cluster, on_this_machine

__all__ = ["BatchReport", "grade"]

Progress = Callable[[int, int, str], None]


@dataclass
class BatchReport:
    """What a batch did.

    graded, skipped : submissions graded now, and those whose grade is up to date.
    failed : (student, file, reason) of what could not be graded.
    notes : (student, file, remark) of what was graded, but not as it was handed in.
    seconds : of the whole batch.
    each : student → seconds of its grading.
    """

    graded: int = 0
    skipped: int = 0
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: float = 0.0
    each: dict[str, float] = field(default_factory=dict)


@contextmanager
def _alone(course: Course) -> Iterator[None]:
    """Hold the course's lock: the gradebook has one writer."""
    course.state.mkdir(exist_ok=True)
    try:
        with exclusive(course.state / "lock", patience=0.5, waiting_for="grading"):
            yield
    except LockTimeout:
        raise CourseError(
            f"another derived-course grade is at work in {course.root}: wait for it, or stop it"
        ) from None


def _chosen(course: Course, assignment: str, students: Collection[str]) -> list[str]:
    there = students_who_submitted(course, assignment)
    if unknown := sorted(set(students) - set(there)):
        raise CourseError(f"{unknown[0]} has not handed in {assignment}")
    if not there:
        raise CourseError(
            f"no submission of {assignment} is in {course.folder('submitted')}: "
            f"run: derived-course collect {assignment} FOLDER-OR-ZIP"
        )
    return sorted(students) if students else there


class _Batch:
    """One run of ``grade``: what waits, what is done."""

    def __init__(self, assignment: Assignment, students: list[str], force: bool) -> None:
        self.assignment, self.students, self.force = assignment, students, force
        self.ledger = Ledger(assignment.course, assignment.name)
        self.report = BatchReport()
        self.waiting: dict[str, WorkUnit] = {}
        self.finished: list[Graded] = []

    def units(self) -> Iterator[WorkUnit]:
        """Read one submission after the other, when a worker has room for it."""
        for student in self.students:
            reading = read_unit(self.assignment, student)
            self.report.failed += [(student, n, why) for n, why in reading.problems.items()]
            self.report.notes += [(student, n, what) for n, what in reading.notes.items()]
            unit = reading.unit
            if unit is None:
                continue
            digest = unit.digest()
            if not self.force and self._is_done(student, digest):
                self.report.skipped += 1
                continue
            self.waiting[student] = unit
            kept = None if self.force else self.ledger.kept(student, digest)
            if kept is not None:
                self.finished.append(kept)
            else:
                yield unit

    def _is_done(self, student: str, digest: str) -> bool:
        folder = self.assignment.course.folder("autograded", student, self.assignment.name)
        return folder.is_dir() and self.ledger.is_done(student, digest)

    def write(self, result: Graded, writer: Writer) -> None:
        """Write one result, and the lines of the report that come of it."""
        student, unit = result.student, self.waiting.pop(result.student)
        self.report.each[student] = result.seconds
        self.ledger.keep(result)
        try:
            writer.store(unit, result)
        except Exception as error:  # the result is kept: the next run writes it
            self.report.failed.append((student, "gradebook", fault(error)))
            return
        self.report.graded += bool(result.notebooks)
        self.report.failed += [(student, f"{n}.ipynb", why) for n, why in result.problems.items()]
        for name, messages in result.messages.items():
            self.report.notes += [(student, f"{name}.ipynb", message) for message in messages]


def grade(
    course: Course,
    assignment: str,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    unsafe: bool = False,
    force: bool = False,
    students: Collection[str] = (),
    progress: Progress | None = None,
) -> BatchReport:
    """Grade the submissions of an assignment that are new or changed.

    jobs : processes on this machine.
    scheduler : address of a Dask scheduler; its workers then grade, and ``jobs`` means nothing.
    unsafe : without the sandbox; whatever is made of it says so.
    force : also those whose grade is up to date.
    students : ids; all by default.
    progress : called as (done, of, student) after each.

    Raises
    ------
    CourseError : if the assignment was not released, nothing was handed in, the sandbox does not
        hold, or another run is at work. What is wrong with a submission is in the report.
    """
    started = time.monotonic()
    if jobs < 1:
        raise CourseError(f"--jobs must be at least 1, got {jobs}")
    with _alone(course):
        batch = _Batch(
            Assignment(course, assignment, unsafe=unsafe),
            _chosen(course, assignment, students),
            force,
        )
        limits = batch.assignment.limits
        clean_leftovers()
        if not unsafe and scheduler is None:
            available()
            selftest.prove(limits, course.root)
        results: Iterable[Graded] = (
            on_this_machine(batch.units(), jobs)
            if scheduler is None
            else on_cluster(batch.units(), scheduler, None if unsafe else asdict(limits))
        )
        total = len(batch.students)
        with Writer(course, batch.ledger) as writer:
            for result in chain(results, batch.finished):  # the second fills up during the first
                batch.write(result, writer)
                _tell(progress, batch, total, result.student)
    batch.report.seconds = time.monotonic() - started
    return batch.report


def _tell(progress: Progress | None, batch: _Batch, total: int, student: str) -> None:
    if progress is not None:
        report = batch.report
        unread = len({student for student, _, _ in report.failed} - set(report.each))
        progress(len(report.each) + report.skipped + unread, total, student)
