"""The verdict on an assignment, for a person and for a test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .findings import Finding

__all__ = ["Attempt", "CheckReport", "TaskReport"]


@dataclass(frozen=True)
class Attempt:
    """One solution of a task, and what the test gave it.

    name : "no answer", "reference solution", or the reason of a wrong solution.
    cell_id : the answer cell of a wrong solution; empty otherwise.
    points : None if the test gave no score.
    of : points of the task.
    verdict : one or two words.
    ok : whether it is as it must be.
    reason : the test's own message, if it failed.
    """

    name: str
    cell_id: str
    points: float | None
    of: float
    verdict: str
    ok: bool
    reason: str = ""

    @property
    def loses(self) -> bool:
        """Whether the test took points, or gave none."""
        return self.points is None or self.points < self.of - 1e-9


@dataclass(frozen=True)
class TaskReport:
    """One auto-graded task: its test cell, the answers that it uses, and all that was tried.

    wrong_caught : how many wrong solutions of the task's own answers lose points in this test.
    """

    test: str
    answers: tuple[str, ...]
    of: float
    attempts: tuple[Attempt, ...]
    wrong_caught: int


@dataclass(frozen=True)
class CheckReport:
    """What :func:`~derived.grading.authoring.check_assignment` found.

    path : the instructor's notebook.
    tasks : the auto-graded tasks, in order.
    manual : grade ids of the cells that a person grades, which are not scored here.
    problems : sentences; each keeps the assignment from being right.
    notes : sentences of advice.
    wrong_solutions : how many were tried.
    unsafe : whether it ran without the sandbox.
    seconds : that it took.
    """

    path: Path
    tasks: tuple[TaskReport, ...] = ()
    manual: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    wrong_solutions: int = 0
    unsafe: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; advice may remain."""
        return not self.problems

    def __str__(self) -> str:
        """Return the report as text, for a terminal."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.unsafe:
            yield "UNSAFE: this check ran without the sandbox."
        for task in self.tasks:
            yield f"{task.test} ({task.of:g} points; uses {', '.join(task.answers) or 'no answer'})"
            for attempt in task.attempts:
                yield f"  {_line(attempt)}"
        for name in self.manual:
            yield f"{name}: a person gives the points"
        for heading, sentences in (("Problems", self.problems), ("Advice", self.notes)):
            if sentences:
                yield f"{heading}:"
                yield from (f"  {sentence}" for sentence in sentences)
        yield self._verdict()

    def _verdict(self) -> str:
        name, count = self.path.name, len(self.problems)
        if not self.tasks:
            return f"{name} was not graded." if count else f"{name} has no auto-graded task."
        if count:
            return f"{name}: {count} problem{'s' if count > 1 else ''}."
        caught = f"all {self.wrong_solutions} wrong solutions lose points"
        if not self.wrong_solutions:
            caught = "no wrong solution was tried"
        return f"{name}: no answer gets 0, the reference gets all points, {caught}."


def _line(attempt: Attempt) -> str:
    mark = "✓" if attempt.ok else "✗"
    got = "no score" if attempt.points is None else f"{attempt.points:g}"
    where = f" [{attempt.cell_id}]" if attempt.cell_id else ""
    reason = f": {attempt.reason}" if attempt.reason and attempt.name != "no answer" else ""
    return f"{mark} {attempt.name}{where}: {got} of {attempt.of:g}, {attempt.verdict}{reason}"
