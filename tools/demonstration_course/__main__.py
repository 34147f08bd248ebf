"""Build the demonstration course: ``python -m tools.demonstration_course FOLDER``.

Every step is a command that an instructor types; this program only writes the submissions, and at
the end holds the points in the gradebook against what each student deserves.
"""

from __future__ import annotations

import argparse
import copy
import csv
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import MissingEntry

from derived.grading import authoring, records
from derived.grading.course import Course

from .assignment import NAME, first_assignment
from .ingredients import cell_of
from .students import Student, thirty

ASSIGNMENT = NAME
THROUGH_CANVAS = {"s11", "s12"}
LIMITS = """
# Short, so that the demonstration is over soon.
c.TrustedExecute.cell_seconds = 8
c.TrustedExecute.call_seconds = 3
c.TrustedExecute.submission_seconds = 60
"""
WRITTEN = "Each mistake adds to the projection on $w^\\ast$, and little to the length."


def command(*arguments: str | Path, course: Path | None = None, failing: bool = False) -> None:
    """Run ``derived-course`` as in a terminal; leave if it fails where it should not."""
    shown = " ".join(map(str, arguments))
    print(f"\n$ derived-course {shown}", flush=True)
    program = [sys.executable, "-c", "from derived.grading.command_line import main; main()"]
    where = ["--course", str(course)] if course else []
    done = subprocess.run([*program, *map(str, arguments), *where], check=False)
    if done.returncode and not failing:
        sys.exit(f"derived-course {shown} failed")


def solved(released: NotebookNode, reference: NotebookNode) -> NotebookNode:
    """Return a released notebook with the instructor's answers, and a written one."""
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and cell.cell_type == "code":
            text = cell_of(reference, about["grade_id"]).source
            cell.source = "\n".join(x for x in text.split("\n") if " SOLUTION" not in x)
        elif about.get("solution"):
            cell.source = WRITTEN
    return notebook


def write_roster(path: Path, students: Sequence[Student]) -> Path:
    """Write the list of students as an LMS exports it."""
    with path.open("w", encoding="utf8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "first_name", "last_name", "email", "lms_user_id"])
        for number, student in enumerate(students, start=1):
            address = f"{student.id}@example.org"
            row = [student.id, student.first_name, student.last_name, address, 7000 + number]
            writer.writerow(row)
    return path


def write_submissions(folder: Path, made: dict[Student, str]) -> list[Path]:
    """Write a folder with a folder for each student, and an archive as Canvas makes it."""
    archive = folder / "canvas.zip"
    with zipfile.ZipFile(archive, "w") as canvas:
        for number, (student, text) in enumerate(made.items(), start=1):
            if student.id in THROUGH_CANVAS:
                name = f"student{number}_{7000 + number}_{900 + number}_{ASSIGNMENT}.ipynb"
                canvas.writestr(name, text)
                continue
            suffix = " (1)" if "(1)" in student.story else ""
            path = folder / "folders" / student.id / f"{ASSIGNMENT}{suffix}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(text, "utf8")
    return [folder / "folders", archive]


def read_written_answers(course: Course, students: Sequence[Student]) -> None:
    """Give points and comments to the written answers, as a person does in the form grader.

    The last two stay as they are: exports then show how a waiting submission looks.
    """
    print("\n(a person reads the written answers in: derived-course review)")
    with course.gradebook() as gradebook:
        for number, student in enumerate(students[:-2]):
            where = (ASSIGNMENT, ASSIGNMENT, student.id)
            try:
                grade = gradebook.find_grade("novikoff", *where)
            except MissingEntry:
                continue
            if grade.auto_score is None:
                grade.manual_score = float(4 + number % 5)
                grade.needs_manual_grade = False
                comment = gradebook.find_comment("novikoff", *where)
                comment.manual_comment = (
                    "Say where you use that the correction is made on a mistake."
                )
        gradebook.db.commit()


def lost_points(course: Course, student: str) -> set[str] | None:
    """Return the tests that cost a student points; None if there is no grade."""
    with course.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions(ASSIGNMENT):
            if submission.student.id == student:
                grades = [g for n in submission.notebooks for g in n.grades]
                return {
                    g.name
                    for g in grades
                    if g.name.startswith("test_") and (g.auto_score or 0) < g.max_score
                }
    return None


def is_just(student: Student, lost: set[str] | None) -> bool:
    """Whether a student lost points in the tests of the answers named, and in no others."""
    if student.loses is None or lost is None:
        return student.loses is None and lost is None
    theirs = {name: {t for t in lost if t.startswith(f"test_{name}")} for name in student.loses}
    return all(theirs.values()) and lost == set().union(*theirs.values())


def judge(course: Course, students: Sequence[Student]) -> int:
    """Print what each student lost, and return the number of unjust grades."""
    unjust = 0
    print(f"\n{'id':4} {'kind':8} {'submission':52} lost")
    for student in students:
        lost = lost_points(course, student.id)
        just = is_just(student, lost)
        unjust += not just
        what = "not graded" if lost is None else ", ".join(sorted(lost)) or "nothing"
        print(f"{student.id:4} {student.kind:8} {student.story[:52]:52} {what}"
              + ("" if just else "   UNJUST"))  # fmt: skip
    return unjust


def prepare(folder: Path) -> tuple[list[Student], Path, dict[Student, str]]:
    """Write assignment and roster; return the students, the roster, and what each hands in."""
    source = first_assignment()
    path = folder / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source, path)
    released, _ = records.from_source(source, ASSIGNMENT, ASSIGNMENT)
    students = thirty(released, authoring.variants(source))
    right = solved(released, authoring.reference(source))
    made = {}
    for student in students:
        notebook = student.make(copy.deepcopy(right))
        made[student] = notebook if isinstance(notebook, str) else nbformat.writes(notebook)
    return students, write_roster(folder / "roster.csv", students), made


def term(folder: Path, jobs: str) -> list[Student]:
    """Go through a term, command by command, and return the students."""
    students, roster, made = prepare(folder)
    course = folder / "course"
    command("init", course, "--roster", roster, "--assignments", folder / "assignments")
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(LIMITS)
    command("release", ASSIGNMENT, course=course)
    sources = write_submissions(folder / "handed-in", made)
    command("collect", ASSIGNMENT, *sources, course=course)
    command("grade", ASSIGNMENT, "--jobs", jobs, course=course, failing=True)
    read_written_answers(Course.open(course), students)
    command("feedback", ASSIGNMENT, course=course)
    command("report", ASSIGNMENT, "--to", folder / "report.html", course=course)
    for form in ("csv", "canvas", "moodle"):
        chosen = ["--format", form, "--assignment", ASSIGNMENT]
        command("export", *chosen, "--to", folder / f"{form}.csv", course=course)
    return students


def main() -> None:
    """Make the course, grade it, and leave everything to look at."""
    parser = argparse.ArgumentParser(prog="demonstration_course", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder to make")
    parser.add_argument("--jobs", default="2", help="processes that grade")
    chosen = parser.parse_args()
    started = time.monotonic()
    folder: Path = chosen.folder.resolve()
    if folder.exists():
        sys.exit(f"{folder} is there already: remove it, or name another folder")
    (folder / "handed-in").mkdir(parents=True)
    students = term(folder, chosen.jobs)
    unjust = judge(Course.open(folder / "course"), students)
    seconds = time.monotonic() - started
    print(f"\n{len(students)} submissions in {seconds:.0f} s. Look into {folder}:")
    print("  report.html, csv.csv, canvas.csv, moodle.csv, course/feedback, course/gradebook.db")
    print(f"  and with: derived-course review --course {folder / 'course'}")
    if unjust:
        sys.exit(f"{unjust} grades are not what the students deserve")


if __name__ == "__main__":
    main()
