"""Put a submission where nbgrader looks for it; the one before is kept."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from ..course import Course
from .choosing import Candidate, Choice
from .file_names import shown

__all__ = ["TIMESTAMP", "Filing", "read_timestamp"]

TIMESTAMP = "timestamp.txt"
#: Where notebooks go that were handed in beside the graded one: nbgrader does not look here.
_BESIDE = "also_handed_in"
_LONGEST_TIMESTAMP = 100


@dataclass(frozen=True)
class Filing:
    """Files the submissions of one assignment.

    course, assignment : where to.
    forced : replace what is there, even by something older.
    """

    course: Course
    assignment: str
    forced: bool

    def file(self, student: str, choice: Choice, arrived: datetime) -> tuple[str, list[str]]:
        """File what a student handed in.

        Returns
        -------
        outcome : "collected" or "unchanged".
        notes : what to tell about it.
        """
        target = self.course.folder("submitted", student, self.assignment)
        wanted, notes = _layout(choice)
        if target.is_dir() and _same(target, wanted):
            return "unchanged", []
        before = read_timestamp(target / TIMESTAMP)
        if before and arrived < before and not self.forced:
            return "unchanged", [
                f"what was collected now is older ({_shown(arrived)}) than what is there "
                f"({_shown(before)}), which stays; to take it all the same, name the student: "
                f"--student {student}"
            ]
        new = self._build(student, wanted, arrived)
        if os.path.lexists(target):
            kept = self._keep(target, student)
            notes.append(f"replaces an earlier submission, kept in {kept}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(new, target)
        return "collected", notes

    def _build(self, student: str, wanted: dict[str, Candidate], arrived: datetime) -> Path:
        new = self.course.state / "collecting" / "ready" / student
        shutil.rmtree(new, ignore_errors=True)
        for name, candidate in wanted.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(candidate.file.staged, path)
        (new / TIMESTAMP).write_text(arrived.strftime("%Y-%m-%d %H:%M:%S.%f UTC\n"), "utf8")
        return new

    def _keep(self, target: Path, student: str) -> Path:
        when = datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S.%f")
        kept = self.course.state / "replaced" / self.assignment / student / when
        kept.parent.mkdir(parents=True, exist_ok=True)
        # A link is moved as a link: what it leads to is not ours.
        shutil.move(target, kept)
        return kept.relative_to(self.course.root)


def _layout(choice: Choice) -> tuple[dict[str, Candidate], list[str]]:
    """Return what goes where, below the submission's folder, and what could not be placed."""
    wanted = {f"{name}.ipynb": candidate for name, candidate in choice.notebooks.items()}
    notes = []
    base = next(iter(choice.notebooks.values())).path[:-1]
    places = [(candidate, _place(candidate, base)) for candidate in choice.others]
    # Files beside the notebook first: if two have one name, these are what it reads.
    for candidate, place in sorted(places, key=lambda p: p[0].path[: len(base)] != base):
        if place == TIMESTAMP:
            continue  # the time of a submission is not for the student to say
        folders = [str(Path(*Path(place).parts[:n])) for n in range(1, len(Path(place).parts))]
        nested = any(name.startswith(f"{place}/") for name in wanted)
        if place in wanted and _newer(wanted[place], candidate):
            continue
        if nested or any(folder in wanted for folder in folders):
            notes.append(f"{shown(place)} is left out: a file and a folder have this name")
        else:
            wanted[place] = candidate
    return wanted, notes


def _newer(first: Candidate, second: Candidate) -> bool:
    return (first.order, first.file.modified) >= (second.order, second.file.modified)


def _place(candidate: Candidate, base: tuple[str, ...]) -> str:
    inside = candidate.path[: len(base)] == base and len(candidate.path) > len(base)
    parts = candidate.path[len(base) :] if inside else candidate.path
    return "/".join((_BESIDE, *parts) if candidate.is_notebook else parts)


def _same(target: Path, wanted: dict[str, Candidate]) -> bool:
    """Tell whether a submission's folder holds just these files."""
    if target.is_symlink():
        return False
    present = {}
    for path in target.rglob("*"):
        if path.is_symlink():
            return False
        if path.is_file() and path != target / TIMESTAMP:
            present[path.relative_to(target).as_posix()] = path
    return present.keys() == wanted.keys() and all(
        _digest(path) == _digest(wanted[name].file.staged) for name, path in present.items()
    )


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def read_timestamp(path: Path) -> datetime | None:
    """Return the time in a ``timestamp.txt`` of nbgrader, in UTC; None if there is none."""
    try:
        if path.is_symlink() or path.stat().st_size > _LONGEST_TIMESTAMP:
            return None
        found: datetime = parse_utc(path.read_text("utf8").strip())
        return found.replace(tzinfo=UTC)
    except (OSError, ValueError, OverflowError):
        return None


def _shown(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC")
