"""The one place that writes what was graded: gradebook, folder of autograded notebooks, ledger.

Results come back from the workers, and one process writes them, so that SQLite never sees two
writers. The order makes a batch safe to kill at any moment: result on the disk, gradebook, folder,
ledger. What is on the disk is not graded again; what is in the ledger is done.
"""

from __future__ import annotations

import datetime
import json
import shutil

import nbformat
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from derived.atomic import write_atomically
from derived.grading.course import Course

from .work import Graded, WorkUnit

__all__ = ["Ledger", "store"]


class Ledger:
    """What was graded, and results that wait to be written, one small file a student."""

    def __init__(self, course: Course, assignment: str) -> None:
        """Find the folders."""
        self.graded = course.state / "graded" / assignment
        self.results = course.state / "results" / assignment
        for folder in (self.graded, self.results):
            folder.mkdir(parents=True, exist_ok=True)

    def is_done(self, student: str, digest: str) -> bool:
        """Whether exactly this submission was graded."""
        try:
            entry = json.loads((self.graded / f"{student}.json").read_text("utf8"))
        except (OSError, ValueError):
            return False
        return bool(entry.get("digest") == digest)

    def keep(self, result: Graded) -> None:
        """Put a result on the disk before it is written to the gradebook."""
        write_atomically(self.results / f"{result.student}.json", result.as_json().encode())

    def kept(self, student: str, digest: str) -> Graded | None:
        """Return the result of a batch that was killed before it wrote it, if there is one."""
        try:
            result = Graded.from_json((self.results / f"{student}.json").read_text("utf8"))
        except (OSError, ValueError, TypeError):
            return None
        return result if result.digest == digest else None

    def done(self, result: Graded, *, unsafe: bool) -> None:
        """Note that a result is written, and let go of it."""
        entry = {
            "digest": result.digest,
            "unsafe": unsafe,
            "seconds": round(result.seconds, 3),
            "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        if not result.problems:  # what could not be graded is tried again the next time
            write_atomically(self.graded / f"{result.student}.json", json.dumps(entry).encode())
        (self.results / f"{result.student}.json").unlink(missing_ok=True)


def _open_submission(course: Course, unit: WorkUnit) -> None:
    """Make sure that the gradebook knows the student and the submission, with its time."""
    folder = course.folder("submitted", unit.student, unit.assignment)
    timestamp = course.directory.get_existing_timestamp(str(folder))
    about = {"timestamp": timestamp} if timestamp else {}
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student(unit.student)
        gradebook.update_or_create_submission(unit.assignment, unit.student, **about)


def _mark_missing(course: Course, unit: WorkUnit) -> None:
    """Leave the cells of notebooks that are not there to a person: they are not worth 0."""
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(unit.assignment, unit.student)
        for notebook in submission.notebooks:
            if notebook.name not in unit.notebooks:
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = None, True
        gradebook.db.commit()


def _folder(course: Course, unit: WorkUnit, result: Graded) -> None:
    """Write the autograded folder beside its place, then put it there in one step."""
    final = course.folder("autograded", unit.student, unit.assignment)
    final.parent.mkdir(parents=True, exist_ok=True)
    partial = final.with_name(f".{final.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, content in unit.beside().items():
        place = partial / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    for name, text in result.notebooks.items():
        (partial / f"{name}.ipynb").write_text(text, "utf8")
    stamp = course.folder("submitted", unit.student, unit.assignment) / "timestamp.txt"
    if stamp.is_file() and not stamp.is_symlink():
        shutil.copyfile(stamp, partial / "timestamp.txt")
    if final.exists():
        old = final.with_name(f".{final.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        final.rename(old)
        partial.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    else:
        partial.rename(final)


def _save_grades(course: Course, unit: WorkUnit, name: str, text: str) -> str:
    notebook = nbformat.reads(text, as_version=4)
    about = {"notebook": name, "assignment": unit.assignment, "student": unit.student}
    resources = {"nbgrader": {**about, "db_url": course.db_url}}
    for step in (SaveAutoGrades, AssignLatePenalties):
        notebook, resources = step(config=course.config).preprocess(notebook, resources)
    return nbformat.writes(notebook)


def store(course: Course, ledger: Ledger, unit: WorkUnit, result: Graded) -> None:
    """Write a result; to do so twice changes nothing."""
    if result.notebooks:
        _open_submission(course, unit)
        for name, text in result.notebooks.items():
            result.notebooks[name] = _save_grades(course, unit, name, text)
        _mark_missing(course, unit)
        _folder(course, unit, result)
    ledger.done(result, unsafe=unit.unsafe)
