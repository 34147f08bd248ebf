"""Read the submissions of a course folder into units of work."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.records import NotebookRecord, from_gradebook
from derived.grading.wording import printable

from .work import WorkUnit

__all__ = ["Assignment", "Reading", "read_unit", "students_who_submitted"]

LARGEST_NOTEBOOK = 20 << 20  # bytes
LARGEST_FILES = 64 << 20  # bytes, of all that lies beside the notebooks
MOST_FILES = 500
DEEPEST = 20  # folders
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
    return sorted(path.name for path in folders if os.path.lexists(f"{path}{after}"))


def _walk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield what is below a folder, and whether it is too deep; follow no link, into no depth."""
    waiting = [(path, 1) for path in sorted(folder.iterdir(), reverse=True)]
    while waiting:
        path, depth = waiting.pop()
        too_deep = depth > DEEPEST
        yield path, too_deep
        if path.is_dir() and not path.is_symlink() and not too_deep:
            waiting += [(inner, depth + 1) for inner in sorted(path.iterdir(), reverse=True)]


def _why_left_out(path: Path, too_deep: bool, room: int) -> str | None:
    """Return why a file or folder is left out; None if it is not."""
    if too_deep:
        return f"more than {DEEPEST} folders deep: it is left out"
    if path.is_symlink():
        return "a symbolic link: it is not followed"
    if path.is_dir():
        return None
    if not path.is_file():
        return "no plain file: it is left out"
    if path.stat().st_size > room:
        return (
            f"left out: at most {MOST_FILES} files and {LARGEST_FILES >> 20} MiB may lie "
            "beside the notebooks"
        )
    return None


def _plain_files(folder: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the plain files below a folder that are no notebooks, and why others are left out."""
    found: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    room = LARGEST_FILES
    for path, too_deep in _walk(folder):
        name = path.relative_to(folder).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if path.name in IGNORED or (path.suffix == ".ipynb" and not is_folder):
            continue
        why = _why_left_out(path, too_deep, room if len(found) < MOST_FILES else -1)
        if why is not None:
            left_out[printable(name)] = why
        elif not is_folder:
            try:
                found[name] = path.read_bytes()
            except OSError as error:
                left_out[printable(name)] = f"cannot be read: {error.strerror}"
            else:
                room -= len(found[name])
    return found, left_out


def _is_reached_by_a_link(folder: Path, root: Path) -> bool:
    """Whether a link leads from the course folder to a submission."""
    parts = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
    return folder.is_symlink() or any(
        root.joinpath(*parts[:count]).is_symlink() for count in range(1, len(parts))
    )


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
    if _is_reached_by_a_link(folder, assignment.course.root):
        return Reading(None, {folder.name: "the folder is a symbolic link: not followed"}, {})
    if folder.exists() and not folder.is_dir():
        return Reading(None, {folder.name: "no folder, but a file"}, {})
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
