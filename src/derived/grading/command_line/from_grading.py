"""Commands from grading to the report."""

# ruff: noqa: PLC0415  (what takes long to import waits inside the command that needs it)

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AssignmentName, CourseFolder, Students, cores, open_course
from .printing import counted, lines, progress_bar, say, table, warn

if TYPE_CHECKING:
    from ..batch import BatchReport
    from .overview import Stage

__all__ = ["export", "feedback", "grade", "report", "review", "status"]

_UNSAFE = (
    "UNSAFE: submissions are run without the sandbox: they can read and change everything that you "
    "can. Every page of this grading says so."
)


_Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, help="Submissions at one time.", show_default="one a core"
    ),
]
_Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Grade on the workers of this Dask scheduler, such as tcp://10.0.0.5:8786.",
        show_default="this machine",
    ),
]
_Unsafe = Annotated[
    bool,
    typer.Option("--unsafe", help="Without the sandbox: students' code can do what you can."),
]
_AlsoUnchanged = Annotated[
    bool, typer.Option("--force", help="Also what was done before and has not changed.")
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--to", metavar="FILE", help="Where to write.", show_default="a name in this folder"
    ),
]


class Form(StrEnum):
    """Kinds of export."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    CSV = "csv"


def grade(
    assignment: AssignmentName,
    jobs: _Jobs = None,
    scheduler: _Scheduler = None,
    unsafe: _Unsafe = False,
    force: _AlsoUnchanged = False,
    student: Students = None,
    course: CourseFolder = Path(),
) -> None:
    """Run the tests on the submissions, each in a sandbox.

    Graded is what is new or changed since the last time; stopping it at any moment loses nothing.
    A submission that cannot be graded gets a line, and the others go on (exit status 1 then).

    Example: derived-course grade 01_perceptron

    Example: derived-course grade 01_perceptron --student ann --student bob --force
    """
    from ..batch import grade as grade_batch
    from .overview import cells_for_a_person

    opened = open_course(course, assignment)
    if unsafe:
        warn(_UNSAFE)
    chosen = tuple(student or ())
    with progress_bar(f"Grading {assignment}") as advance:
        done = grade_batch(
            opened,
            assignment,
            jobs=cores() if jobs is None else jobs,
            scheduler=scheduler,
            unsafe=unsafe,
            force=force,
            students=chosen,
            progress=advance,
        )
    _show_grading(assignment, done, cells_for_a_person(opened, assignment, chosen))
    if done.failed:
        raise typer.Exit(1)


def _show_grading(assignment: str, done: BatchReport, waiting: int) -> None:
    lines("Worth knowing", done.notes)
    lines("Not graded", done.failed)
    say()
    say(
        f"{counted(done.graded, 'submission')} graded, {done.skipped} as before, "
        f"{len(done.failed)} not graded, in {done.seconds:.0f} s."
    )
    if waiting:
        say(f"{counted(waiting, 'cell')} for a person. Next: derived-course review")
    else:
        say(f"No cell waits for a person. Next: derived-course feedback {assignment}")


def review(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=1, max=65535, help="Or the next free one.")
    ] = 8888,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in your browser.")
    ] = True,
    course: CourseFolder = Path(),
) -> None:
    """Open nbgrader's pages for grading by hand; end with Ctrl-C.

    Points of written answers are given there, and points of tests can be changed.

    Example: derived-course review
    """
    from .. import feedback as pages

    pages.review(open_course(course), port=port, open_browser=browser)


def feedback(
    assignment: AssignmentName,
    student: Students = None,
    force: _AlsoUnchanged = False,
    course: CourseFolder = Path(),
) -> None:
    """Write a page for each student: answers, points, comments, no hidden tests.

    Example: derived-course feedback 01_perceptron
    """
    from .. import feedback as pages

    opened = open_course(course, assignment)
    done = pages.generate(opened, assignment, students=tuple(student or ()), force=force)
    lines("Not written", done.failed)
    say(
        f"{counted(len(done.written), 'page')} written, {len(done.unchanged)} as before, "
        f"{len(done.failed)} not written."
    )
    say(f"They are in {opened.folder('feedback')}: one folder for each student.")
    if done.failed:
        raise typer.Exit(1)


def export(
    form: Annotated[
        Form,
        typer.Option("--format", help="For which platform; csv is for a spreadsheet."),
    ] = Form.CSV,
    assignment: Annotated[
        str | None,
        typer.Option("--assignment", metavar="NAME", help="Only this.", show_default="all"),
    ] = None,
    to: _Output = None,
    course: CourseFolder = Path(),
) -> None:
    """Write the points to a file that Canvas, Moodle or a spreadsheet reads.

    A submission that still waits for a person is left empty: it is never exported as 0.

    Example: derived-course export --format canvas --assignment 01_perceptron
    """
    from ..exporters import export as export_points

    opened = open_course(course, assignment)
    name = f"{assignment or 'all-assignments'}{'' if form is Form.CSV else f'-{form.value}'}.csv"
    written = export_points(opened, form.value, assignment, to or Path(name))
    say(f"Points written to {written}")


def report(
    assignment: AssignmentName,
    to: _Output = None,
    course: CourseFolder = Path(),
) -> None:
    """Write a page about an assignment: distribution of points, and how well each task tells apart.

    Example: derived-course report 01_perceptron
    """
    from ..report import write_report

    written = write_report(
        open_course(course, assignment), assignment, to or Path(f"{assignment}-report.html")
    )
    say(f"Report written to {written}")


def status(
    assignment: Annotated[
        str | None,
        typer.Argument(metavar="[ASSIGNMENT]", help="Only this one.", show_default="all"),
    ] = None,
    course: CourseFolder = Path(),
) -> None:
    """Show how far each student's submission has come.

    Example: derived-course status 01_perceptron
    """
    from .overview import overview

    opened = open_course(course, assignment)
    for name in [assignment] if assignment else opened.assignments():
        stages = overview(opened, name)
        say(name, style="bold")
        if not stages:
            say("There are no students yet: derived-course roster FILE")
            continue
        headings = ("Student", "Handed in (UTC)", "Graded", "For a person", "Points", "Feedback")
        table(headings, map(_row, stages), numbers="Points")
        graded = sum(stage.graded is not False for stage in stages)
        collected = sum(stage.collected is not None for stage in stages)
        say(
            f"{len(stages)} students: {collected} handed in, {graded} graded, "
            f"{counted(sum(stage.by_hand for stage in stages), 'cell')} for a person."
        )


def _row(stage: Stage) -> tuple[str, ...]:
    words = {True: "yes", False: "no", None: "old"}
    points = "" if stage.points is None else f"{stage.points:g} of {stage.of:g}"
    return (
        stage.student,
        stage.collected.strftime("%Y-%m-%d %H:%M") if stage.collected else "nothing",
        words[stage.graded] if stage.collected or stage.graded else "",
        str(stage.by_hand) if stage.by_hand else "",
        points,
        words[stage.feedback] if stage.graded is not False else "",
    )
