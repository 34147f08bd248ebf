"""Arguments and options that several commands share, and what their values may be."""

# ruff: noqa: PLC0415  (what takes long to import waits inside the command that needs it)

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import CourseError

if TYPE_CHECKING:
    from ..course import Course

__all__ = ["AssignmentName", "CourseFolder", "Students", "cores", "moment", "open_course"]

CourseFolder = Annotated[
    Path,
    typer.Option("--course", metavar="FOLDER", help="The course folder.", show_default="this one"),
]
AssignmentName = Annotated[
    str,
    typer.Argument(
        metavar="ASSIGNMENT",
        help="Name of the assignment: its folder in source.",
        show_default=False,
    ),
]
Students = Annotated[
    list[str] | None,
    typer.Option(
        "--student", metavar="ID", help="Only this student; may be given again.", show_default="all"
    ),
]


def open_course(folder: Path, assignment: str | None = None) -> Course:
    """Return the course; raises CourseError if there is none, or no such assignment in it."""
    from ..course import Course

    course = Course.open(folder)
    if assignment is not None:
        course.source_notebooks(assignment)
    return course


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def moment(text: str | None) -> datetime | None:
    """Return a time that a person wrote, such as ``2026-05-04 23:59``; raises CourseError."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except ValueError:
        raise CourseError(
            f"--at {text!r} is not a time: write it like '2026-05-04 23:59'"
        ) from None
