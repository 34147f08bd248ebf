"""The one place that writes what was graded: gradebook, folder of autograded notebooks, ledger.

Results come back from the workers, and one process writes them, so that SQLite never sees two
writers. The order makes a batch safe to kill at any moment: result on the disk, gradebook, folder,
ledger. What is on the disk is not graded again; what is in the ledger is done.
"""

from __future__ import annotations

import datetime
import json
import shutil
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from derived.atomic import write_atomically
from derived.grading.course import Course

from .work import Graded, WorkUnit

__all__ = ["Ledger", "Writer"]


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


class _SaveAutoGrades(SaveAutoGrades):  # type: ignore[misc, unused-ignore]
    """nbgrader's step, into a gradebook that is open: to open one takes longer than the step."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Store the points of a notebook's cells, and whether an answer was left empty."""
        about = resources["nbgrader"]
        self.gradebook = about["gradebook"]
        self.student_id, self.assignment_id = about["student"], about["assignment"]
        self.notebook_id = about["notebook"]
        for place, cell in enumerate(nb.cells):
            nb.cells[place], resources = self.preprocess_cell(cell, resources, place)
        return nb, resources


class Writer:
    """Writes results; use it in a ``with`` block, which keeps the gradebook open.

    course : whose gradebook it is.
    ledger : of the assignment.
    """

    def __init__(self, course: Course, ledger: Ledger) -> None:
        """Nothing is opened yet."""
        self.course, self.ledger = course, ledger

    def __enter__(self) -> Writer:
        """Open the gradebook."""
        self._gradebook = self.course.gradebook()
        return self

    def __exit__(self, *problem: object) -> None:
        """Close it."""
        self._gradebook.close()

    def store(self, unit: WorkUnit, result: Graded) -> None:
        """Write a result; to do so twice changes nothing."""
        if result.notebooks:
            try:
                self._store_grades(unit, result)
            except BaseException:
                self._gradebook.db.rollback()
                raise
            _folder(self.course, unit, result)
        self.ledger.done(result, unsafe=unit.unsafe)

    def _store_grades(self, unit: WorkUnit, result: Graded) -> None:
        self._open_submission(unit)
        for name, text in result.notebooks.items():
            result.notebooks[name] = self._save_notebook(unit, name, text)
        self._mark_missing(unit)

    def _open_submission(self, unit: WorkUnit) -> None:
        """Make sure that the gradebook knows the student and the submission, with its time."""
        folder = self.course.folder("submitted", unit.student, unit.assignment)
        timestamp = self.course.directory.get_existing_timestamp(str(folder))
        about = {"timestamp": timestamp} if timestamp else {}
        self._gradebook.update_or_create_student(unit.student)
        self._gradebook.update_or_create_submission(unit.assignment, unit.student, **about)

    def _save_notebook(self, unit: WorkUnit, name: str, text: str) -> str:
        notebook = nbformat.reads(text, as_version=4)
        about = {"notebook": name, "assignment": unit.assignment, "student": unit.student}
        where = {"db_url": self.course.db_url, "gradebook": self._gradebook}
        resources: dict[str, Any] = {"nbgrader": {**about, **where}}
        steps = [_SaveAutoGrades]
        stored = self._gradebook.find_submission_notebook(name, unit.assignment, unit.student)
        if stored.assignment.total_seconds_late > 0 or stored.late_submission_penalty is not None:
            steps.append(AssignLatePenalties)
        for step in steps:
            notebook, resources = step(config=self.course.config).preprocess(notebook, resources)
        return nbformat.writes(notebook)

    def _mark_missing(self, unit: WorkUnit) -> None:
        """Leave the cells of notebooks that are not there to a person: they are not worth 0."""
        submission = self._gradebook.find_submission(unit.assignment, unit.student)
        for notebook in submission.notebooks:
            if notebook.name not in unit.notebooks:
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = None, True
        self._gradebook.db.commit()


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
