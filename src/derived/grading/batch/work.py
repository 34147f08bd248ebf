"""One piece of work: a student's submission with all that is needed to grade it anywhere.

A unit and its result are plain data. The worker reads no course folder and no gradebook, so the
same unit runs in a process beside this one or on another machine.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat

from derived.grading.errors import CourseError
from derived.grading.records import NotebookRecord
from derived.grading.restore import read_submission
from derived.grading.sandbox.limits import Limits
from derived.grading.trusted.execute import grade_notebook
from derived.grading.trusted.workplace import Workplace, this_thread
from derived.grading.wording import printable

__all__ = ["Graded", "WorkUnit", "fault", "grade_unit"]


@dataclass(frozen=True)
class WorkUnit:
    """A submission to grade.

    student, assignment : their ids.
    notebooks : name → text of what was handed in.
    records : name → ``NotebookRecord.as_dict()`` of what was released.
    files : name → content of what lies beside the notebooks of the submission.
    test_files : the same of the instructor's.
    limits : fields of ``Limits``.
    unsafe : without the sandbox.
    """

    student: str
    assignment: str
    notebooks: dict[str, str]
    records: dict[str, dict[str, Any]]
    files: dict[str, bytes]
    test_files: dict[str, bytes]
    limits: dict[str, Any]
    unsafe: bool

    def beside(self) -> dict[str, bytes]:
        """Return what lies beside the notebooks, as name → content; the instructor's files win."""
        ours = [PurePosixPath(name) for name in self.test_files]

        def clashes(name: str) -> bool:
            theirs = PurePosixPath(name)
            return any(theirs in {o, *o.parents} or o in theirs.parents for o in ours)

        theirs = {name: c for name, c in self.files.items() if not clashes(name)}
        return {**theirs, **self.test_files}

    def digest(self) -> str:
        """Return a hash of everything that decides about the points (the limits do not)."""
        contents = [
            self.student,
            self.assignment,
            sorted(self.notebooks.items()),
            self.records,
            sorted((n, hashlib.sha256(c).hexdigest()) for n, c in self.files.items()),
            sorted((n, hashlib.sha256(c).hexdigest()) for n, c in self.test_files.items()),
            self.unsafe,
        ]
        text = json.dumps(contents, sort_keys=True)
        return hashlib.sha256(text.encode("utf8", "replace")).hexdigest()


@dataclass(frozen=True)
class Graded:
    """What came of a unit.

    digest : of the unit.
    notebooks : name → JSON text of the executed notebook, for the gradebook.
    problems : name → why a notebook could not be graded, one line each.
    messages : name → what the grader met, one line each.
    seconds : that it took.
    """

    student: str
    digest: str
    notebooks: dict[str, str]
    problems: dict[str, str]
    messages: dict[str, list[str]]
    seconds: float

    def as_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Graded:
        """The inverse of ``as_json``."""
        return cls(**json.loads(text))


def fault(error: Exception) -> str:
    """Return one line about a fault of ours, with its place."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error: {type(error).__name__}: {printable(str(error))} "
        f"({where.name}, line {where.lineno} of {Path(where.filename).name})"
    )


def _lay_out(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def _test_files(unit: WorkUnit, place: Workplace) -> Path | None:
    """Return the folder of the instructor's files, laid out once for a whole batch."""
    if not unit.test_files:
        return None
    text = json.dumps(
        sorted((n, hashlib.sha256(c).hexdigest()) for n, c in unit.test_files.items())
    )
    folder = place.folder / hashlib.sha256(text.encode()).hexdigest()[:16]
    if not folder.is_dir():
        partial = Path(tempfile.mkdtemp(dir=place.folder))
        _lay_out(unit.test_files, partial).rename(folder)
    return folder


def _grade_one(unit: WorkUnit, name: str, files: Path | None, place: Workplace) -> Any:
    return grade_notebook(
        read_submission(unit.notebooks[name]),
        NotebookRecord.from_dict(unit.records[name]),
        limits=Limits(**unit.limits),
        files=files,
        test_files=_test_files(unit, place),
        unsafe=unit.unsafe,
        place=place,
    )


def grade_unit(unit: WorkUnit) -> Graded:
    """Grade a submission; whatever is wrong with it is in the result, nothing is raised."""
    started = time.monotonic()
    place = this_thread()
    result = Graded(unit.student, unit.digest(), {}, {}, {}, 0.0)
    folder = Path(tempfile.mkdtemp(dir=place.folder))
    try:
        files = _lay_out(unit.beside(), folder) if unit.files else None
        for name in unit.notebooks:
            try:
                outcome = _grade_one(unit, name, files or _test_files(unit, place), place)
            except CourseError as error:
                result.problems[name] = str(error)
            except Exception as error:  # a fault of ours: the batch goes on, the place is named
                result.problems[name] = fault(error)
                place.forget_examiner()
            else:
                result.notebooks[name] = nbformat.writes(outcome.notebook)
                result.messages[name] = outcome.messages
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(result, seconds=time.monotonic() - started)
