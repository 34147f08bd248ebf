"""Read the submissions of a course folder into units of work."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.records import NotebookRecord, from_gradebook

from .work import WorkUnit

__all__ = ["Assignment", "Reading", "read_unit", "students_who_submitted"]

LARGEST_NOTEBOOK = 20 << 20  # bytes
LARGEST_FILES = 64 << 20  # bytes, of all that lies beside the notebooks
MOST_FILES = 500
IGNORED = {"timestamp.txt", ".DS_Store"}


class Assignment:
    """What is the same for all submissions of an assignment.

    Raises CourseError if it was not released.
    """

    def __init__(self, course: Course, name: str, *, unsafe: bool = False) -> None:
        """Read the records and the instructor's files."""
        self.course, self.name, self.unsafe = course, name, unsafe
        self.records: dict[str, NotebookRecord] = {
            path.stem: from_gradebook(course, name, path.stem)
            for path in course.source_notebooks(name)
        }
        self.files, _ = _plain_files(course.folder("source", ".", name))
        self.limits = course.limits


def students_who_submitted(course: Course, assignment: str) -> list[str]:
    """Return the ids of the students with a folder for the assignment."""
    mark = "STUDENT"
    before, _, after = str(course.folder("submitted", mark, assignment)).rpartition(mark)
    folders = Path(before).iterdir() if Path(before).is_dir() else ()
    return sorted(path.name for path in folders if Path(f"{path}{after}").is_dir())


def _walk(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder; follow no link."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)


def _plain_files(folder: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the plain files below a folder that are no notebooks, and why others are left out."""
    found: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    size = 0
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".ipynb" or path.name in IGNORED:
            continue
        if path.is_symlink():
            left_out[name] = "a symbolic link: it is not followed"
        elif path.is_dir():
            continue
        elif not path.is_file():
            left_out[name] = "no plain file: it is left out"
        elif len(found) >= MOST_FILES or size + path.stat().st_size > LARGEST_FILES:
            left_out[name] = (
                f"left out: at most {MOST_FILES} files and {LARGEST_FILES >> 20} MiB may lie "
                "beside the notebooks"
            )
        else:
            found[name] = path.read_bytes()
            size += len(found[name])
    return found, left_out


def _read_notebook(path: Path) -> str:
    """Return the text of a submitted notebook; raise CourseError for what is no plain file."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise CourseError(f"{path.name} is a symbolic link: it is not followed")
    if not stat.S_ISREG(mode):
        raise CourseError(f"{path.name} is no plain file")
    if (size := path.stat().st_size) > LARGEST_NOTEBOOK:
        raise CourseError(
            f"{path.name} has {size >> 20} MiB (at most {LARGEST_NOTEBOOK >> 20}): "
            "ask for the notebook without its outputs"
        )
    try:
        return path.read_text("utf8")
    except UnicodeDecodeError:
        raise CourseError(f"{path.name} is not a notebook (no UTF-8 text)") from None


def _find(folder: Path, name: str, expected: set[str]) -> Path:
    """Return where a notebook was handed in, under its own name or as the only one there is."""
    exact = folder / f"{name}.ipynb"
    if exact.exists() or exact.is_symlink():
        return exact
    others = [path for path in sorted(folder.glob("*.ipynb")) if path.stem not in expected]
    if len(expected) == 1 and len(others) == 1:
        return others[0]
    there = ", ".join(path.name for path in others[:3])
    raise CourseError(
        f"{name}.ipynb was not handed in" + (f" (there is {there})" if others else "")
    )


@dataclass(frozen=True)
class Reading:
    """What reading a student's folder gave.

    unit : None if no notebook can be read.
    problems : notebook → why it cannot be graded.
    notes : file → why it is left out.
    """

    unit: WorkUnit | None
    problems: dict[str, str]
    notes: dict[str, str]


def read_unit(assignment: Assignment, student: str) -> Reading:
    """Read a student's submission; raises nothing for what is wrong with it."""
    folder = assignment.course.folder("submitted", student, assignment.name)
    if folder.is_symlink():
        return Reading(None, {folder.name: "the folder is a symbolic link: not followed"}, {})
    problems: dict[str, str] = {}
    notebooks: dict[str, str] = {}
    notes: dict[str, str] = {}
    for name in assignment.records:
        try:
            path = _find(folder, name, set(assignment.records))
            notebooks[name] = _read_notebook(path)
            if path.stem != name:
                notes[path.name] = f"taken for {name}.ipynb, the only notebook of this assignment"
        except (CourseError, OSError) as error:
            problems[f"{name}.ipynb"] = str(error)
    if not notebooks:
        return Reading(None, problems, notes)
    try:
        files, left_out = _plain_files(folder)
    except OSError as error:
        return Reading(None, {folder.name: f"cannot be read: {error.strerror}"}, notes)
    unit = WorkUnit(
        student=student,
        assignment=assignment.name,
        notebooks=notebooks,
        records={name: assignment.records[name].as_dict() for name in notebooks},
        files=files,
        test_files=assignment.files,
        limits=asdict(assignment.limits),
        unsafe=assignment.unsafe,
    )
    return Reading(unit, problems, {**notes, **left_out})
