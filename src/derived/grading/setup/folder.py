"""Make a course folder: configuration, this book's assignments, gradebook and roster."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from importlib import resources
from pathlib import Path

import derived

from ..course import CONFIGURATION, Course
from ..errors import CourseError
from .roster import read_roster, update_roster

__all__ = ["book_assignments", "initialise"]

_TEMPLATE = "nbgrader_config.py.txt"
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.pyc")


def book_assignments() -> Path:
    """Return the folder of this book's assignments; raises CourseError if it is not here.

    They are not in the wheel: with the wheel, the solutions would reach the students.
    """
    folder = Path(derived.__file__).resolve().parents[2] / "assignments"
    if not (folder.is_dir() and _assignments_in(folder)):
        raise CourseError(
            "the book's assignments are not installed with the library, because students install "
            "it too: clone the book's repository and name its folder with --assignments"
        )
    return folder


def initialise(
    root: Path | str,
    *,
    assignments: Path | None = None,
    roster: Path | None = None,
    course_id: str,
) -> Course:
    """Make a course folder that nbgrader works in as well, and return the course.

    Everything is built beside its place and moved there when it is whole: an error leaves nothing.

    Parameters
    ----------
    root : the folder to make; it may exist if it is empty.
    assignments : a folder with one folder for each assignment; by default this book's.
    roster : a CSV file of the students, see :func:`read_roster`; it can be read later.
    course_id : the name of the course in the gradebook.

    Raises
    ------
    CourseError : if there is a course or anything else in ``root``, if there are no assignments,
        or if the roster is wrong.
    """
    place = Path(root).resolve()
    _refuse_occupied(place)
    if re.search(r"[*?\[]", str(place)):
        raise CourseError(
            f"nbgrader cannot work in {place}: take '[', '*' and '?' out of the folders' names"
        )
    if not course_id.strip() or not re.fullmatch(r"[\w .@-]+", course_id):
        raise CourseError(
            f"{course_id!r} cannot name a course: use letters, digits, '-', '_', '.' and spaces "
            "(--course-id NAME)"
        )
    sources = _assignments_in(chosen := assignments or book_assignments())
    if not sources:
        raise CourseError(
            f"{chosen} holds no assignments: it needs a folder with a notebook for each"
        )
    if roster is not None:
        read_roster(roster)
    try:
        _build(place, sources, roster, course_id)
    except OSError as error:
        raise CourseError(f"{place} cannot be made: {error.strerror}") from error
    return Course.open(place)


def _refuse_occupied(place: Path) -> None:
    if (place / CONFIGURATION).exists() or (place / "gradebook.db").exists():
        raise CourseError(
            f"there is a course in {place} already: it is not touched; name another folder, or add "
            "students to it with: derived-course roster FILE"
        )
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise CourseError(f"{place} is not an empty folder: name a new one")


def _assignments_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder} with assignments")
    found = [path for path in folder.iterdir() if not path.name.startswith((".", "_"))]
    return sorted(path for path in found if path.is_dir() and any(path.glob("*.ipynb")))


def _build(place: Path, sources: list[Path], roster: Path | None, course_id: str) -> None:
    """Build the course in a folder on the same disk, then move it into its place."""
    existed = place.exists()
    where = place if existed else place.parent
    where.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-course-", dir=where))
    try:
        _fill(new, sources, roster, course_id)
        if existed:
            _move_contents(new, place)
        else:
            new.rename(place)  # only its owner can read it: solutions and points are inside
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _fill(new: Path, sources: list[Path], roster: Path | None, course_id: str) -> None:
    for source in sources:
        if "+" in source.name:
            raise CourseError(f"the assignment {source.name!r} has a '+': nbgrader forbids it")
        shutil.copytree(source, new / "source" / source.name, ignore=_LEFT_OUT)
    template = resources.files(__package__).joinpath(_TEMPLATE).read_text("utf8")
    text = template.replace("@COURSE_ID@", repr(course_id.strip()))
    (new / CONFIGURATION).write_text(text, "utf8")
    course = Course.open(new)
    with course.gradebook():
        pass  # opening it makes its tables
    if roster is not None:
        update_roster(course, roster)


def _move_contents(new: Path, place: Path) -> None:
    """Move what is in ``new`` up one level; the configuration, which makes it a course, last."""
    moved: list[Path] = []
    try:
        for path in sorted(new.iterdir(), key=lambda p: p.name == CONFIGURATION):
            os.rename(path, place / path.name)
            moved.append(place / path.name)
    except OSError:
        for path in moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
