"""Let one process at a time do a thing; a killed process's lock is released by the system."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["LockTimeout", "exclusive"]

_BUSY = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class LockTimeout(TimeoutError):
    """Another process held the lock for longer than the caller was ready to wait."""


def _try_lock(descriptor: int) -> None:
    """Lock an open file without waiting; raises OSError if another process has it."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  (exists on Windows only)

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415  (does not exist on Windows)

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at ``path``: its last owner may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _acquire(path: Path) -> tuple[int | None, bool]:
    """Try once; return the locked descriptor (or None) and whether the system can lock at all."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _try_lock(descriptor)
        if _is_current(descriptor, path):
            return descriptor, True
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            os.close(descriptor)
            return None, False
        if error.errno not in _BUSY:
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None, True


@contextlib.contextmanager
def exclusive(path: Path, *, patience: float, waiting_for: str) -> Iterator[bool]:
    """Hold the lock file ``path`` for the duration of the block, and remove it afterwards.

    Parameters
    ----------
    path : the lock file; its folder must exist and be writable.
    patience : seconds to wait for another process that holds it.
    waiting_for : what the other process does, for the line printed while this one waits.

    Yields True, or False where the file system has no locks (the caller then works alone on
    files of its own). Raises LockTimeout when ``patience`` is over, OSError if ``path`` cannot
    be opened.
    """
    start, told = time.monotonic(), False
    descriptor, supported = _acquire(path)
    while descriptor is None and supported:
        waited = time.monotonic() - start
        if waited > patience:
            raise LockTimeout(f"another process has been {waiting_for} for {waited:.0f} s")
        if waited > 2.0 and not told:
            print(f"waiting for another process that is {waiting_for}", file=sys.stderr)
            told = True
        time.sleep(0.05)
        descriptor, supported = _acquire(path)
    try:
        yield descriptor is not None
    finally:
        with contextlib.suppress(OSError):  # Windows does not remove an open file
            path.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)
