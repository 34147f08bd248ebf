"""Read folders, downloads of an LMS and single notebooks into a folder of our own.

A file from outside gets a number as its name there; what it was called is kept beside it, so that
no name from outside ever reaches the disk before it was looked at.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ..errors import CourseError
from .archives import CHUNK, Entry, entries
from .bounds import MB, Bounds, Budget, TooMuch
from .file_names import UnsafeName, archive_stem, is_junk, safe_parts, shown

__all__ = ["HandedFile", "Refusal", "Staging"]


@dataclass(frozen=True)
class HandedFile:
    """A file from a source.

    source : the folder, archive or notebook that it came with.
    parts : folders and name below the source; an archive in it counts as a folder.
    staged : where its contents are now.
    modified : its date in UTC.
    arrived : the date that the student does not set: of the file in the LMS's download, or of the
        archive in which it lay there.
    in_archive : how many of ``parts`` lie outside any archive of a student.
    """

    source: Path
    parts: tuple[str, ...]
    staged: Path
    modified: datetime
    arrived: datetime
    in_archive: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken, and why (the end of a sentence)."""

    source: Path
    parts: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class _Place:
    """Where in a source an entry was found."""

    parts: tuple[str, ...]
    depth: int
    budget: Budget
    arrived: datetime | None
    in_archive: int | None = None


class Staging:
    """Collects ``files`` and ``refused`` from the sources that are read."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        """Read into an empty folder, within bounds."""
        self.folder = folder
        self.bounds = bounds
        self.files: list[HandedFile] = []
        self.refused: list[Refusal] = []
        self._source = folder
        self._count = 0

    def read(self, source: Path) -> None:
        """Read one source; raises CourseError if it is none."""
        self._source = path = source.resolve()
        budget = Budget(self.bounds.source_files, self.bounds.source_bytes)
        try:
            date = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise CourseError(f"{source} cannot be read: {error.strerror}") from error
        if path.is_dir():
            self._read_whole_folder(path, budget)
        elif archive_stem(path.name) is not None:
            self._read_archive(path, path.name, _Place((), 0, budget, None), date)
        elif path.suffix.casefold() == ".ipynb":
            self._read_file(path, _Place((path.name,), 0, budget, None))
        else:
            raise CourseError(
                f"{source} is neither a folder, a notebook nor an archive (.zip, .tar, .tar.gz): "
                "unpack it first and name the folder"
            )

    def _refuse(self, parts: tuple[str, ...], reason: str) -> None:
        self.refused.append(Refusal(self._source, parts, reason))

    def _read_whole_folder(self, path: Path, budget: Budget) -> None:
        before = len(self.files)
        try:
            self._read_folder(path, _Place((), 0, budget, None))
        except TooMuch as error:
            self._forget(before)
            self._refuse((path.name,), f"the folder {error}")

    def _read_folder(self, folder: Path, place: _Place) -> None:
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._refuse(place.parts, f"it cannot be read: {error.strerror}")
            return
        for entry in found:
            inside = _Place((*place.parts, entry.name), 0, place.budget, None)
            if is_junk(inside.parts):
                continue
            if entry.is_symlink():
                self._refuse(inside.parts, "it is a symbolic link")
            elif entry.is_dir(follow_symlinks=False):
                self._read_folder(Path(entry.path), inside)
            else:
                self._read_file(Path(entry.path), inside)

    def _read_file(self, path: Path, place: _Place) -> None:
        """Take a file from the disk, whatever it becomes while it is looked at."""
        try:
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
        except OSError as error:
            self._refuse(place.parts, f"it cannot be read: {error.strerror}")
            return
        with os.fdopen(descriptor, "rb") as stream:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                self._refuse(place.parts, "it is a device or pipe, not a file")
                return
            self._take(stream, state.st_size, place, datetime.fromtimestamp(state.st_mtime, UTC))

    def _take(self, stream: IO[bytes], size: int, place: _Place, modified: datetime) -> None:
        """Copy one file, and open it if it is an archive."""
        try:
            parts = safe_parts("/".join(place.parts))
            if is_junk(parts):
                return
            place.budget.take(files=1)
            staged = self._copy(stream, size, parts[-1], place.budget)
        except (UnsafeName, _TooLarge) as error:
            self._refuse(place.parts, str(error))
            return
        arrived = place.arrived or modified
        if archive_stem(parts[-1]) is not None:
            inside = _Place(parts, place.depth, place.budget, arrived, place.in_archive)
            self._read_archive(staged, parts[-1], inside, modified)
            staged.unlink()
            return
        self.files.append(
            HandedFile(self._source, parts, staged, modified, arrived, place.in_archive)
        )

    def _copy(self, stream: IO[bytes], size: int, name: str, budget: Budget) -> Path:
        archive = archive_stem(name) is not None
        most = self.bounds.archive_bytes if archive else self.bounds.file_bytes
        too_large = _TooLarge(f"it is larger than {most / MB:g} MB")
        if size > most:
            raise too_large
        staged = self._next()
        try:
            with staged.open("xb") as copy:
                written = 0
                while chunk := stream.read(CHUNK):
                    written += len(chunk)
                    budget.take(size=len(chunk))
                    if written > most:
                        raise too_large
                    copy.write(chunk)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return staged

    def _next(self) -> Path:
        self._count += 1
        return self.folder / f"{self._count:06}"

    def _read_archive(self, path: Path, name: str, place: _Place, date: datetime) -> None:
        """Take what is in an archive; a bomb or a broken one leaves one line and no file."""
        before = len(self.files)
        try:
            inside = self._inside(place)
            for entry in entries(path, name, self._next(), self.bounds, inside.budget.size):
                self._take_entry(entry, inside, date)
        except TooMuch as error:
            self._forget(before)
            if place.in_archive is not None:  # the archive around it is the bomb
                raise
            self._refuse(place.parts or (name,), f"the archive {error}")
        except Exception as error:  # a crafted archive can fail in any way
            self._refuse(place.parts or (name,), f"the archive is broken ({_first_line(error)})")

    def _inside(self, place: _Place) -> _Place:
        """Return where the entries of an archive are: below its name, with a budget of its own."""
        if place.depth >= self.bounds.depth:
            raise TooMuch(f"holds archives in archives, more than {self.bounds.depth} deep")
        if not place.parts:
            return _Place((), 1, place.budget, None)
        folders = (*place.parts[:-1], archive_stem(place.parts[-1]) or place.parts[-1])
        if place.in_archive is not None:
            return _Place(folders, place.depth + 1, place.budget, place.arrived, place.in_archive)
        budget = Budget(self.bounds.archive_files, self.bounds.archive_bytes, place.budget)
        return _Place(folders, 1, budget, place.arrived, len(folders))

    def _forget(self, before: int) -> None:
        for file in self.files[before:]:
            file.staged.unlink(missing_ok=True)
        del self.files[before:]

    def _take_entry(self, entry: Entry, place: _Place, date: datetime) -> None:
        try:
            parts = (*place.parts, *safe_parts(entry.name))
        except UnsafeName as error:
            place.budget.take(files=1)
            self._refuse((*place.parts, shown(entry.name)), str(error))
            return
        if is_junk(parts):
            place.budget.take(files=1)
            return
        if entry.problem is not None:
            place.budget.take(files=1)
            self._refuse(parts, entry.problem)
            return
        inside = _Place(parts, place.depth, place.budget, place.arrived, place.in_archive)
        try:
            with contextlib.closing(entry.open()) as stream:
                self._take(stream, entry.size, inside, entry.modified or date)
        except TooMuch:
            raise
        except Exception as error:  # a wrong checksum, a cut file, a name that is not the entry's
            self._refuse(parts, f"it cannot be unpacked ({_first_line(error)})")


class _TooLarge(Exception):
    """One file is larger than allowed; the text is the end of a sentence about it."""


def _first_line(error: Exception) -> str:
    return shown(str(error).strip().split("\n")[0]) or type(error).__name__
