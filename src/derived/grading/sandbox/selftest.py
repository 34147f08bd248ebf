"""Proof, before anything is graded, that the sandbox holds on this machine.

A sandbox that is believed and not tried is worse than none.
One Python process is started by the command line of the kernels, and tries what must fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from ..errors import CourseError
from . import command, folders, seccomp, watchdog
from .limits import Limits

__all__ = ["prove"]

PROBE = Path(__file__).with_name("probe.py")
SECONDS = 30  # far more than the fifth of a second that it takes on an idle machine
ROOT = "run as root"
UNWATCHED = "use memory and processes that nobody counts"

Change = Callable[[list[str]], list[str]]


def prove(
    limits: Limits, course_root: Path | None = None, *, mode: str = "", change: Change | None = None
) -> None:
    """Try to break out of the sandbox.

    Parameters
    ----------
    limits : those that submissions get.
    course_root : the course folder, which must not be visible.
    mode : see :func:`derived.grading.sandbox.command.fresh_user`.
    change : what to make of the command line before it runs; the tests break the sandbox with it,
        to see this function fail.

    Raises
    ------
    CourseError : naming everything that a submission could do.
    """
    if course_root is not None:
        command.refuse_inside(course_root)
    with _host(limits, course_root) as (host, folder):
        box = command.Box(
            limits,
            user=command.fresh_user(mode),
            sockets=folder / "s",
            files=folder / "f",
        )
        found = _escapes(box, host, change or (lambda arguments: arguments))
    if found:
        raise CourseError(
            f"the sandbox does not hold on this machine: a submission can {'; '.join(found)} "
            "(nothing was graded; see the chapter for instructors, section on the sandbox)"
        )


@contextlib.contextmanager
def _host(limits: Limits, course_root: Path | None) -> Iterator[tuple[dict[str, Any], Path]]:
    """Set up what the sandbox must hide; yield its description, and a folder for the sandbox."""
    marker = f"derived-canary-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        folder = folders.make_folder()
        stack.callback(folders.remove, folder)
        canaries = [folders.PARENT / marker]
        if course_root is not None:
            state = course_root / ".derived"
            state.mkdir(exist_ok=True)
            canaries.append(state / marker)
        for canary in canaries:
            canary.write_text(marker)
            stack.callback(canary.unlink, missing_ok=True)
        network = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0" + marker)
        abstract.listen()
        read_only = [path for path in command.read_only_folders() if path.is_dir()]
        yield (
            {
                "marker": marker,
                "port": network.getsockname()[1],
                "abstract": marker,
                "course": _entries(course_root),
                "invisible": [str(canaries[0]), f"/proc/{os.getpid()}/root{canaries[0]}"],
                "read_only": ["/", "/dev", "/etc", *map(str, read_only)],
                "grader": os.getpid(),
                "process_namespace": os.stat("/proc/self/ns/pid").st_ino,
                "memory_mb": limits.memory_mb,
                "processes": limits.processes,
            },
            folder,
        )


def _entries(course_root: Path | None) -> list[str]:
    """Return what lies in the course folder, but for what leads to a folder that all may read."""
    if course_root is None:
        return []
    open_to_all = command.read_only_folders()
    return [
        str(entry)
        for entry in (*course_root.iterdir(), *(course_root / ".derived").iterdir())
        if not any(folder.is_relative_to(entry) for folder in open_to_all)
    ]


def _escapes(box: command.Box, host: dict[str, Any], change: Change) -> list[str]:
    """Run the probe in the sandbox; return what it could do."""
    if box.user is not None and box.sockets is not None:
        os.chown(box.sockets, box.user, box.user)
    filter_descriptor = seccomp.descriptor()
    inner = [sys.executable, str(PROBE), json.dumps(host)]
    try:
        process = subprocess.Popen(
            change(command.command(box, inner, filter_descriptor)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[filter_descriptor],
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"},
            cwd="/",
            text=True,
        )
    finally:
        os.close(filter_descriptor)
    timer = _kill_later(process)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        outside = _seen_from_outside(process.pid) if line else []
        _, errors = process.communicate("\n")
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    if not line:
        reason = errors.strip().splitlines()[-1:] or [f"it ended with {process.returncode}"]
        raise CourseError(f"the sandbox does not start Python ({reason[0]}): nothing was graded")
    return [*json.loads(line), *outside]


def _kill_later(process: subprocess.Popen[str]) -> threading.Timer:
    timer = threading.Timer(SECONDS, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def _seen_from_outside(process_id: int) -> list[str]:
    """Return what is wrong with the running probe."""
    wrong = [ROOT] if _runs_as_root(process_id) else []
    try:
        sandbox = watchdog.Sandbox(process_id)
    except OSError as error:
        return [*wrong, f"{UNWATCHED} ({error})"]
    with contextlib.closing(sandbox):
        if sandbox.usage().processes < 1 or sandbox.files_in_memory() < 1:
            wrong.append(UNWATCHED)
    return wrong


def _runs_as_root(process_id: int) -> bool:
    """Return whether the probe has, seen from outside, the user id or the group id of root."""
    for child in psutil.Process(process_id).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if str(PROBE) in child.cmdline() and "bwrap" not in child.name():
                return 0 in (*child.uids(), *child.gids())
    return True  # not found: it cannot be told
