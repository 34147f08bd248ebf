"""Does an assignment grade what it means to? The answer, by grading everything that it holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import CourseError
from ..records import from_source
from ..sandbox.limits import Limits
from .attempts import Progress, Setting, grade_all
from .cells import Notebook, read
from .judge import Grade, Graded, judge
from .lint import lint
from .regions import MarkupError, reference
from .report import CheckReport
from .submissions import Submission

__all__ = ["check_assignment", "check_notebook"]


def check_assignment(
    path: Path | str,
    *,
    limits: Limits,
    unsafe: bool = False,
    progress: Progress | None = None,
    jobs: int = 1,
    required_variants: int = 3,
    reference_runs: int = 3,
) -> CheckReport:
    """Grade an instructor's notebook without answers, with its reference, and with each mistake.

    Everything is graded as a student's submission is, in two kernels, in the sandbox; but the
    attempts run one after the other in one kernel, which the reference checks at the end.

    Parameters
    ----------
    path : the source notebook; plain files beside it are there for its cells.
    limits : on each submission.
    unsafe : grade without the sandbox; the report says so.
    progress : called after each submission with how many are done, of how many, and its name.
    jobs : how many are graded side by side.
    required_variants : wrong solutions that each task should catch; fewer are advice, no problem.
    reference_runs : how often the reference is graded, since tests draw random inputs.

    Returns
    -------
    A report; ``report.ok`` if every test gives 0 to no answer and all points to the reference,
    and every wrong solution loses points, and only where its answer matters.

    Raises
    ------
    CourseError : if the notebook cannot be read, its marks are wrong, or it cannot be graded on
        this machine.
    """
    path = Path(path)
    notebook = read(path)

    def grade(tried: Sequence[Submission]) -> list[Graded]:
        _, record = from_source(reference(notebook), path.stem, path.stem)
        setting = Setting(record, path.resolve().parent, limits, unsafe)
        return grade_all(tried, setting, jobs=jobs, progress=progress)

    return check_notebook(
        notebook,
        path,
        grade,
        unsafe=unsafe,
        required_variants=required_variants,
        reference_runs=reference_runs,
    )


def check_notebook(
    notebook: Notebook,
    path: Path,
    grade: Grade,
    *,
    unsafe: bool = False,
    required_variants: int = 3,
    reference_runs: int = 1,
) -> CheckReport:
    """Do what :func:`check_assignment` does, with a grading function of the caller's.

    Nothing is graded if the notebook could not be; the report's problems say why then. ``path``
    only names the notebook. Raises CourseError for wrong marks.
    """
    began = time.monotonic()
    try:
        findings = tuple(lint(notebook))
    except MarkupError as error:
        raise CourseError(f"{path.name}: {error}") from error
    errors = tuple(str(finding) for finding in findings if finding.error)
    advice = tuple(str(finding) for finding in findings if not finding.error)
    if errors:
        return CheckReport(path, findings=findings, problems=errors, notes=advice, unsafe=unsafe)
    found = judge(
        notebook, grade, required_variants=required_variants, reference_runs=reference_runs
    )
    return CheckReport(
        path,
        tasks=tuple(found.tasks),
        manual=tuple(found.manual),
        findings=findings,
        problems=tuple(found.problems),
        notes=(*advice, *found.notes),
        wrong_solutions=found.wrong_solutions,
        unsafe=unsafe,
        seconds=time.monotonic() - began,
    )
