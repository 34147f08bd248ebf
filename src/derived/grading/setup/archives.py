"""Read zip and tar files that may have been made to do harm.

Nothing is unpacked to a name that they choose.
An archive is a list of entries, each with what is wrong with it.
Contents are read in pieces, and only as far as the caller asks.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

from .bounds import Bounds, TooMuch

__all__ = ["CHUNK", "Entry", "entries"]

CHUNK = 1 << 16
_END_RECORD = b"PK\x05\x06"
_LONGEST_COMMENT = 65_535 + 22
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_TIMESTAMP_FIELD = 0x5455
_READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True)
class Entry:
    """One file in an archive.

    name : as it stands there; not to be trusted.
    size : in bytes, as the archive says; the contents may be longer or shorter.
    modified : in UTC, if the archive says so.
    problem : why it is refused, as the end of a sentence; None if it may be read.
    open : returns its contents as a stream.
    """

    name: str
    size: int
    modified: datetime | None
    problem: str | None
    open: Callable[[], IO[bytes]]


def entries(path: Path, name: str, scratch: Path, bounds: Bounds, most: int) -> Iterator[Entry]:
    """Yield what is in an archive, folders left out.

    Parameters
    ----------
    path : the archive.
    name : its real name, whose ending tells its kind.
    scratch : a file that may be written and is removed again.
    bounds : see :class:`Bounds`.
    most : bytes that a compressed tar may unpack to.

    Raises
    ------
    TooMuch : if it is larger than that.
    Exception : of any kind, if the archive is broken.
    """
    if name.casefold().endswith(".zip"):
        yield from _zip_entries(path, bounds)
    else:
        yield from _tar_entries(path, scratch, most)


def _zip_entries(path: Path, bounds: Bounds) -> Iterator[Entry]:
    _refuse_long_index(path, bounds)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = _zip_name(info)
            if not name.endswith(("/", "\\")):
                yield Entry(
                    name,
                    info.file_size,
                    _zip_time(info),
                    _zip_problem(info),
                    partial(archive.open, info),
                )


def _refuse_long_index(path: Path, bounds: Bounds) -> None:
    """Python reads the list of contents at once: look at its size before."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _LONGEST_COMMENT))
        tail = stream.read()
    at = tail.rfind(_END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise zipfile.BadZipFile("no end record")
    (index_bytes,) = struct.unpack_from("<I", tail, at + 12)
    # 0xFFFFFFFF stands for the larger number of ZIP64, which can be no larger than the file.
    if min(index_bytes, size) > bounds.index_bytes:
        raise TooMuch("lists too many files")


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return the name, also where UTF-8 is not marked as such (the Mac's own archiver)."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        with contextlib.suppress(UnicodeError):
            return name.encode("cp437").decode("utf8")
    return name


def _zip_problem(info: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a symbolic link"
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "it is a device or pipe, not a file"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: ask for it without a password"
    if info.compress_type not in _READABLE:
        return "it is compressed in a way that is not read here: ask for an ordinary .zip"
    return None


def _zip_time(info: zipfile.ZipInfo) -> datetime | None:
    """Return the time in UTC: the exact one that Unix tools add, or the local one of DOS."""
    extra = info.extra
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == _TIMESTAMP_FIELD and length >= 5 and len(extra) >= 9 and extra[4] & 1:
            (seconds,) = struct.unpack_from("<i", extra, 5)
            return _utc(float(seconds))
        extra = extra[4 + length :]
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime(*info.date_time).astimezone(UTC)
    return None


def _utc(seconds: float) -> datetime | None:
    with contextlib.suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC)
    return None


def _tar_entries(path: Path, scratch: Path, most: int) -> Iterator[Entry]:
    try:
        # Uncompressed first: tarfile reads names of any length at once, also compressed ones.
        plain = path if _is_plain(path) else _uncompress(path, scratch, most)
        with tarfile.open(plain, "r:") as archive:
            for member in archive:
                if not member.isdir():
                    yield Entry(
                        member.name,
                        member.size,
                        _utc(float(member.mtime)),
                        _tar_problem(member),
                        partial(_contents, archive, member),
                    )
    finally:
        scratch.unlink(missing_ok=True)


def _contents(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(member)
    if stream is None:
        raise tarfile.ReadError("not a file")
    return stream


_OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": lambda path: gzip.open(path, "rb"),
    b"BZ": lambda path: bz2.open(path, "rb"),
    b"\xfd7": lambda path: lzma.open(path, "rb"),
}


def _is_plain(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) not in _OPENERS


def _uncompress(path: Path, scratch: Path, most: int) -> Path:
    with path.open("rb") as stream:
        opener = _OPENERS[stream.read(2)]
    written = 0
    with opener(path) as packed, scratch.open("wb") as plain:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > most:
                raise TooMuch(f"holds more than {most / 1e6:,g} MB when it is unpacked")
            plain.write(chunk)
    return scratch


def _tar_problem(member: tarfile.TarInfo) -> str | None:
    if member.issym():
        return "it is a symbolic link"
    if member.islnk():
        return "it is a hard link"
    if not member.isreg():
        return "it is a device or pipe, not a file"
    return None
