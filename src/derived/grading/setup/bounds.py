"""How much is read of what students hand in."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bounds", "Budget", "TooMuch"]

MB = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """Limits of ``collect``; sizes in bytes, after unpacking.

    file_bytes : of one file.
    archive_bytes, archive_files : of an archive that a student handed in, with all archives in it.
    source_bytes, source_files : of one folder or download of the LMS.
    depth : of archives in archives.
    index_bytes : of the list of contents at the end of a zip, which is read at once.
    """

    file_bytes: int = 20 * MB
    archive_bytes: int = 100 * MB
    archive_files: int = 500
    source_bytes: int = 20_000 * MB
    source_files: int = 100_000
    depth: int = 3
    index_bytes: int = 32 * MB


class TooMuch(Exception):
    """A bound is passed; the text is the end of a sentence about the file or archive."""


@dataclass
class Budget:
    """What may still be taken out of one archive or folder, and out of that in which it lies."""

    files: int
    size: int
    around: Budget | None = None

    def __post_init__(self) -> None:
        """Remember the beginning, for the message."""
        self._first = (self.files, self.size)

    def take(self, *, files: int = 0, size: int = 0) -> None:
        """Count something; raises TooMuch."""
        self.files -= files
        self.size -= size
        if self.around is not None:
            self.around.take(files=files, size=size)
        if self.files < 0:
            raise TooMuch(f"holds more than {self._first[0]:,} files")
        if self.size < 0:
            raise TooMuch(f"holds more than {self._first[1] / MB:,g} MB when it is unpacked")
