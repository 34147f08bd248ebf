"""The folder on the host that belongs to one sandboxed kernel: its sockets and its copied files.

``/tmp/derived-<pid of the grader>-xxxxxxxx`` (0700)
    ``s/``  the sockets and the connection file; the one host folder that the kernel can write to,
            and only until its sockets are there
    ``f/``  copies of the files beside the notebook; read-only in the sandbox

Paths are short, because the path of a Unix socket has at most 107 bytes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

import psutil

from ..errors import CourseError

__all__ = [
    "clean_leftovers",
    "close_sockets",
    "copy_files",
    "make_folder",
    "make_scratch",
    "open_sockets",
    "remove",
]

PREFIX = "derived-"
PARENT = Path("/tmp")

SOCKETS = 5  # of a Jupyter kernel: shell, iopub, stdin, control, heartbeat

#: Bounds on what is copied beside a notebook; each entry becomes one mount.
FILES_MIB = 256
ENTRIES = 200
INNER_ENTRIES = 2000


def make_folder(scratch: Path | None = None) -> Path:
    """Return a new folder with ``s`` and ``f`` in it.

    scratch : the folder of :func:`make_scratch` under which it is made. What lies there is open
        to the user ids of other sandboxes that have the scratch folder bound, and only to them:
        the scratch folder's parent is closed to all other users.
    """
    if scratch is None:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=PARENT))
    else:
        folder = scratch / secrets.token_hex(4)
        folder.mkdir()
        folder.chmod(0o711)
    for name in ("s", "f"):
        (folder / name).mkdir()
        (folder / name).chmod(0o755)
    return folder


def open_sockets(folder: Path, user: int | None) -> None:
    """Let a kernel make its sockets in a folder; those of an earlier one go.

    user : the kernel's user id, or None if it is the grader's.
    """
    folder.chmod(0o755)
    for socket in folder.glob("k-*"):
        socket.unlink()
    # Readable for the tests' kernel, and for no one to write: the kernel may own it.
    (folder / "k.json").chmod(0o444)
    if user is not None:
        os.chown(folder, user, user)


def close_sockets(folder: Path) -> bool:
    """Let nobody make anything in the folder any more, if all the kernel's sockets are there.

    Returns whether they are. It lies on the host's disk: what could be written to it could fill
    the disk, also with files that were deleted while open, which no look at the folder finds.
    """
    if sum(1 for _ in folder.glob("k-*")) < SOCKETS:
        return False
    os.chown(folder, os.geteuid(), os.getegid())
    folder.chmod(0o555)
    return True


def make_scratch() -> Path:
    """Return a new folder in which kernels that must see each other's sockets have theirs.

    Give it to each kernel as ``scratch``, and as ``visible`` to the one that connects.
    Remove its parent at the end: ``remove(scratch.parent)``.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=PARENT)) / "w"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    """Remove a folder and all in it, also what is closed to writing."""
    for above, names, _ in os.walk(folder):
        for inner in (Path(above, name) for name in names):
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def clean_leftovers() -> list[Path]:
    """Remove the folders of graders that no longer live; return what was removed."""
    removed = []
    for folder in PARENT.glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        information = folder.lstat()
        if (
            owner.isdecimal()
            and stat.S_ISDIR(information.st_mode)
            and information.st_uid == os.geteuid()
            and not psutil.pid_exists(int(owner))
        ):
            remove(folder)
            removed.append(folder)
    return removed


def copy_files(source: Path, destination: Path) -> None:
    """Copy the plain files beside a notebook, and those one folder below.

    Links, notebooks, hidden folders and special files stay behind: a link could name any file of
    the grader, and a notebook could be the instructor's.

    Raises CourseError if there is too much.
    """
    room = FILES_MIB << 20
    for count, entry in enumerate(_entries(source), 1):
        if count > ENTRIES:
            raise CourseError(f"{source} holds more than {ENTRIES} files: pack them into one")
        if entry.is_file(follow_symlinks=False):
            room -= _copy(entry, destination / entry.name, room)
        elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            room -= _copy_folder(entry, destination / entry.name, room)


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _copy_folder(folder: os.DirEntry[str], destination: Path, room: int) -> int:
    """Copy the plain files of a folder; return their bytes."""
    destination.mkdir()
    destination.chmod(0o755)
    used = 0
    for count, entry in enumerate(_entries(folder), 1):
        if count > INNER_ENTRIES:
            raise CourseError(f"{folder.path} holds more than {INNER_ENTRIES} files")
        if entry.is_file(follow_symlinks=False):
            used += _copy(entry, destination / entry.name, room - used)
    return used


def _copy(entry: os.DirEntry[str], destination: Path, room: int) -> int:
    """Copy one plain file unless it is a notebook; return its bytes."""
    if entry.name.endswith(".ipynb"):
        return 0
    number = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(number, "rb") as file:
        size = os.fstat(number).st_size
        if size > room:
            raise CourseError(
                f"the files beside the notebook are more than {FILES_MIB} MiB ({entry.path}): "
                "let the notebook make or shrink its data"
            )
        with destination.open("xb") as copy:
            shutil.copyfileobj(file, copy)
    destination.chmod(0o644)
    return size
