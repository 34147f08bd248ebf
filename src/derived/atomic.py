"""Write a file so that a reader sees the old content or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

__all__ = ["flush_folder", "write_atomically"]

_ABANDONED_SECONDS = 600.0


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path``, flush it to the disk, and rename it into place.

    A process killed at any moment leaves the previous file whole. The name of the temporary file
    is unique to the call, so that two writers, be they threads, do not mix; the last one wins.
    Temporary files of ``path`` that a killed process left behind more than ten minutes ago are
    removed.
    Raises OSError if the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    flush_folder(path.parent)
    _remove_abandoned(path)


def flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can (Windows cannot open a folder)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_abandoned(path: Path) -> None:
    oldest = time.time() - _ABANDONED_SECONDS
    prefix = f".{path.name}."
    for other in path.parent.iterdir():
        if other.name.startswith(prefix) and other.name.endswith(".tmp"):
            with contextlib.suppress(OSError):
                if other.stat().st_mtime < oldest:
                    other.unlink()
