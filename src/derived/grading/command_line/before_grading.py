"""Commands up to the moment when the submissions are in the course folder."""

# ruff: noqa: PLC0415  (what takes long to import waits inside the command that needs it)

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import CourseError
from .options import AssignmentName, CourseFolder, cores, moment, open_course
from .printing import counted, lines, progress_bar, say, table

if TYPE_CHECKING:
    from ..setup import CollectReport

__all__ = ["check_assignment", "collect", "init", "release", "roster"]

_Assignments = Annotated[
    Path | None,
    typer.Option(
        "--assignments",
        metavar="FOLDER",
        help="Folder with a folder for each assignment.",
        show_default="this book's",
    ),
]
_File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file.", show_default=False)]


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The folder to make, new or empty.", show_default=False
        ),
    ],
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster", metavar="FILE", help="CSV file of the students.", show_default="none yet"
        ),
    ] = None,
    assignments: _Assignments = None,
    course_id: Annotated[
        str | None,
        typer.Option(
            "--course-id",
            metavar="NAME",
            help="Name of the course in the gradebook.",
            show_default="the folder's name",
        ),
    ] = None,
) -> None:
    """Make a course folder: settings, assignments, gradebook and roster.

    The roster is a CSV file with a column id, and if you like first_name, last_name, email and
    lms_user_id. Exports of Canvas and Moodle are understood as they are.

    Example: derived-course init deep-learning-2026 --roster students.csv
    """
    from ..setup import initialise
    from ..setup.roster import known_students

    name = folder.resolve().name if course_id is None else course_id
    course = initialise(folder, assignments=assignments, roster=roster, course_id=name)
    say(f"Made the course {name!r} in {course.root}")
    say(f"  Assignments: {', '.join(course.assignments())}")
    say(f"  Students: {len(known_students(course))}")
    say(f"Next: cd {folder}, then: derived-course release {course.assignments()[0]}")


def roster(file: _File, course: CourseFolder = Path()) -> None:
    """Read the list of students again: adds and updates, removes nobody.

    Example: derived-course roster students.csv
    """
    from ..setup import update_roster

    done = update_roster(open_course(course), file)
    say(
        f"{counted(len(done.added), 'student')} added, {len(done.updated)} updated, "
        f"{len(done.unchanged)} as before."
    )


def check_assignment(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ASSIGNMENT",
            help="Name of an assignment of the course, or the path of a notebook.",
            show_default=False,
        ),
    ],
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Run it without the sandbox: it is your own code.")
    ] = False,
    course: CourseFolder = Path(),
) -> None:
    """Try out the tests of an assignment before students meet them.

    The notebook is graded without answers (must get 0 points), with your solutions (all points),
    and with each wrong solution that you wrote below a ### WRONG mark (must lose points).

    Example: derived-course check-assignment 01_perceptron
    """
    from ..authoring import check_assignment as check
    from ..sandbox.limits import Limits

    path = Path(what)
    if path.suffix == ".ipynb":
        notebooks, limits = [path], Limits()
    else:
        opened = open_course(course, what)
        notebooks, limits = opened.source_notebooks(what), opened.limits
    good = True
    for notebook in notebooks:
        with progress_bar(notebook.stem) as advance:
            found = check(notebook, limits=limits, unsafe=unsafe, progress=advance, jobs=cores())
        _show_check(found)
        good = good and found.ok
    if not good:
        raise typer.Exit(1)


def _show_check(found: Any) -> None:
    """Print a table of all that was tried, and what is wrong."""
    rows = []
    for task in found.tasks:
        for index, attempt in enumerate(task.attempts):
            points = "no score" if attempt.points is None else f"{attempt.points:g}"
            rows.append(
                (
                    task.test if index == 0 else "",
                    attempt.name,
                    points,
                    f"{attempt.of:g}",
                    attempt.verdict if attempt.ok else f"WRONG: {attempt.verdict}",
                )
            )
    if found.unsafe:
        say("UNSAFE: this was run without the sandbox.", style="bold red")
    if rows:
        table(("Task", "Tried", "Points", "of", "Verdict"), rows, numbers="Points of")
    lines("A person gives the points of", ((name,) for name in found.manual))
    lines("To correct", ((problem,) for problem in found.problems))
    lines("Advice", ((note,) for note in found.notes))
    say(str(found).rsplit("\n", 1)[-1], style="bold")


def release(assignment: AssignmentName, course: CourseFolder = Path()) -> None:
    """Make the students' version: solutions and hidden tests taken out, and looked for again.

    Give the students the folder that it names, for instance as a zip on your learning platform.

    Example: derived-course release 01_perceptron
    """
    from ..setup import release as release_assignment

    done = release_assignment(open_course(course), assignment)
    rows = [
        (name, f"{points:g}", "a person" if name in done.by_hand else "tests")
        for name, points in done.points.items()
    ]
    table(("Cell", "Points", "given by"), rows, numbers="Points")
    say(f"{counted(len(done.files), 'file')}, {sum(done.points.values()):g} points together.")
    say("No line of a solution or of a hidden test is in them.")
    say(f"Give this to the students: {done.folder}")


def collect(
    assignment: AssignmentName,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER-OR-FILE...",
            help="Folders, downloads of Canvas or Moodle (.zip), or notebooks.",
            show_default=False,
        ),
    ],
    student: Annotated[
        str | None,
        typer.Option(
            "--student",
            metavar="ID",
            help="All of it is this student's.",
            show_default="the names of files and folders tell",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="When it was handed in, such as '2026-05-04 23:59'.",
            show_default="the dates of the files tell",
        ),
    ] = None,
    course: CourseFolder = Path(),
) -> None:
    """Take in what the students handed in; nothing of it is run.

    A folder has one folder for each student, or files that begin with a student's id. Files that
    could do harm are refused, files of nobody known are put aside, and all others go on. Collecting
    again replaces a submission only by a newer one, and keeps the old.

    Example: derived-course collect 01_perceptron submissions.zip

    Example: derived-course collect 01_perceptron "Copy of 01_perceptron.ipynb" --student ann
    """
    from ..setup import collect as collect_submissions

    done = collect_submissions(
        open_course(course, assignment), assignment, sources, student=student, at=moment(at)
    )
    _show_collection(assignment, done)


def _show_collection(assignment: str, done: CollectReport) -> None:
    lines("Worth knowing", done.notes)
    lines("Refused", done.refused)
    lines(f"Given to nobody (kept in {done.aside})", done.unmatched)
    lines("No submission from", ((name,) for name in done.missing))
    say()
    say(
        f"{counted(len(done.collected), 'submission')} collected, {len(done.unchanged)} as before, "
        f"{counted(len(done.refused), 'file')} refused, {len(done.unmatched)} given to nobody, "
        f"{counted(len(done.missing), 'student')} without a submission."
    )
    if not done.collected and not done.unchanged:
        raise CourseError(f"nothing was collected for {assignment}: the lines above say why")
    say(f"Next: derived-course grade {assignment}")
