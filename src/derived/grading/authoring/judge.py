"""The rules: no answer gives nothing, the reference everything, a wrong solution less."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .cells import Notebook, cell_id, is_manual
from .regions import Variant, reference
from .report import Attempt, TaskReport
from .submissions import NO_ANSWER, REFERENCE, Submission, apart, submissions
from .tasks import Task, tasks

__all__ = ["Grade", "Graded", "Judgement", "judge"]


@dataclass(frozen=True)
class Graded:
    """The points of each graded cell (None where a person decides), and why tests failed."""

    scores: dict[str, float | None]
    reasons: dict[str, str] = field(default_factory=dict)


Grade = Callable[[Sequence[Submission]], Sequence[Graded]]
Results = list[tuple[Submission, Graded]]


@dataclass
class Judgement:
    """What came of it: see :class:`~derived.grading.authoring.report.CheckReport`."""

    tasks: list[TaskReport] = field(default_factory=list)
    manual: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong_solutions: int = 0


def judge(
    notebook: Notebook, grade: Grade, *, required_variants: int = 3, reference_runs: int = 1
) -> Judgement:
    """Grade everything that a notebook holds, and hold it against the rules.

    Parameters
    ----------
    notebook : the instructor's.
    grade : grades submissions, and returns what came of them in the same order.
    required_variants : wrong solutions that a task should catch; fewer give a note.
    reference_runs : how often the reference is graded: tests on random inputs can be unlucky.

    Raises
    ------
    MarkupError : for wrong marks; CourseError if nbgrader cannot release the notebook.
    """
    planned = tasks(reference(notebook))
    tried = submissions(notebook, planned, reference_runs=reference_runs)
    results = list(zip(tried, grade(tried), strict=True))
    sound = [task for task in planned if not _fails_reference(task, results)]
    results = _told_apart(notebook, sound, results, grade)
    found = Judgement(wrong_solutions=sum(len(one.wrong) for one in tried))
    found.manual = [
        cell_id(cell, index) for index, cell in enumerate(notebook.cells) if is_manual(cell)
    ]
    for task in planned:
        found.tasks.append(_judge_task(task, results))
        found.problems += _task_problems(found.tasks[-1])
    for submission, graded in results:
        for variant in submission.wrong:
            found.problems += _uncaught(variant, graded, planned)
            if len(submission.wrong) == 1:
                found.problems += _disturbing(variant, graded, sound)
    if planned:
        found.notes += _advice(found, required_variants)
    return found


def _fails_reference(task: Task, results: Results) -> bool:
    return any(_loses(task, graded) for one, graded in results if one.name == REFERENCE)


def _told_apart(notebook: Notebook, sound: list[Task], results: Results, grade: Grade) -> Results:
    """Grade again, in a fresh kernel, what leaves a doubt: no answer, or wrong ones, each alone."""
    kept: Results = []
    alone: list[Submission] = []
    for submission, graded in results:
        shared = submission.shares_kernel and submission.name != REFERENCE
        if shared and _is_doubtful(submission, graded, sound):
            alone += apart(notebook, submission)
        else:
            kept.append((submission, graded))
    return kept + list(zip(alone, grade(alone), strict=True)) if alone else kept


def _is_doubtful(submission: Submission, graded: Graded, sound: list[Task]) -> bool:
    """Tell whether a test lost points that meets no mistake, or one of several is not seen.

    No answer is in doubt where it gets points.
    """
    if submission.name == NO_ANSWER:
        return any(graded.scores.values())
    seen = set()
    for task in sound:
        if _loses(task, graded):
            reached = submission.reaching(task)
            if not reached:
                return True
            seen |= {reached[0].cell_id} if len(reached) == 1 else set()
    several = len(submission.wrong) > 1
    return several and not {variant.cell_id for variant in submission.wrong} <= seen


def _loses(task: Task, graded: Graded) -> bool:
    points = graded.scores.get(task.test)
    return points is None or points < task.points - 1e-9


def _judge_task(task: Task, results: Results) -> TaskReport:
    attempts: list[Attempt] = []
    for submission, graded in results:
        reached = submission.reaching(task)
        if submission.wrong and len(reached) != 1:
            continue
        variant = reached[0] if reached else None
        attempt = _attempt(task, submission, variant, graded)
        shown = variant is None or variant.cell_id in task.answers or attempt.loses
        if shown and (variant is not None or attempt not in attempts):
            attempts.append(attempt)
    caught = sum(one.cell_id in task.own and one.loses for one in attempts)
    return TaskReport(task.test, task.answers, task.points, tuple(attempts), caught)


def _attempt(
    task: Task, submission: Submission, variant: Variant | None, graded: Graded
) -> Attempt:
    points = graded.scores.get(task.test)
    loses = _loses(task, graded)
    reason = graded.reasons.get(task.test, "") if loses else ""
    if variant is not None:
        verdict = "caught" if loses else "not caught here"
        return Attempt(variant.why, variant.cell_id, points, task.points, verdict, True, reason)
    if submission.name == NO_ANSWER:
        ok = points is not None and abs(points) < 1e-9
        verdict = "right" if ok else "must be 0"
    else:
        ok, verdict = not loses, "must be all" if loses else "right"
    return Attempt(submission.name, "", points, task.points, verdict, ok, reason)


def _task_problems(report: TaskReport) -> Iterator[str]:
    if not report.answers:
        yield f"{report.test} uses no name of an answer: it grades nothing."
    for attempt in report.attempts:
        if attempt.ok:
            continue
        got = "no score" if attempt.points is None else f"{attempt.points:g} of {attempt.of:g}"
        reason = f" ({attempt.reason})" if attempt.reason else ""
        if attempt.name == NO_ANSWER:
            yield (
                f"{report.test} gives {got} without an answer: it must give 0; let it use the "
                "answer's value."
            )
        else:
            yield (
                f"{report.test} gives {got} to the {attempt.name}{reason}: it must give all; "
                "correct the solution or the test."
            )


def _title(variant: Variant) -> str:
    return f"the wrong solution {variant.why!r} of {variant.cell_id}, line {variant.line},"


def _uncaught(variant: Variant, graded: Graded, planned: list[Task]) -> Iterator[str]:
    near = [task for task in planned if variant.cell_id in task.depends]
    if not any(_loses(task, graded) for task in near):
        yield f"{_title(variant)} gets full marks: test what it does wrong."


def _disturbing(variant: Variant, graded: Graded, sound: list[Task]) -> Iterator[str]:
    """Yield the tests that took points although they do not use that answer."""
    for task in sound:
        if variant.cell_id not in task.depends and _loses(task, graded):
            reason = graded.reasons.get(task.test) or "no reason given"
            yield (
                f"{_title(variant)} loses points in {task.test} too ({reason}), which does not "
                "use that answer: tests must not disturb one another."
            )


def _advice(found: Judgement, required: int) -> Iterator[str]:
    if not found.wrong_solutions:
        yield "no wrong solution was tried: write some below ### WRONG in the solution regions."
        return
    for report in found.tasks:
        if report.answers and report.wrong_caught < required:
            yield (
                f"{report.test} catches {report.wrong_caught} wrong solutions of its own answers; "
                f"{required} are wanted."
            )
        for attempt in report.attempts:
            if attempt.cell_id and attempt.loses and "NameError" in attempt.reason:
                yield (
                    f"the wrong solution {attempt.name!r} of {attempt.cell_id} fails by a "
                    "NameError: is it what students write?"
                )
