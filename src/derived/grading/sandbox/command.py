"""The command line of the sandbox: bubblewrap, limits of the kernel, and a clean environment.

Two ways lead to the same walls.

user
    The grader is an ordinary user. bubblewrap makes a user namespace, gives up every capability
    in it and forbids another one. Inside, the user id is 1000.
root
    The grader is root, as in most containers. In a user namespace root would still be root to the
    kernel: it owns the host's files, and the limit on processes does not bind it (measured: 200 of
    200 forks against a limit of 64). So there is no user namespace; ``setpriv`` gives the code a
    user id that nobody else has, a fresh one for each kernel, and no capability.

What is visible is a list, not all but a list: the system's programs and libraries, this Python and
this package, read-only, and folders in memory of bounded size.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CourseError
from .limits import Limits

__all__ = ["Box", "bubblewrap", "command", "fresh_user", "read_only_folders", "refuse_inside"]

HOME = "/home/student"
WORK = f"{HOME}/work"

#: MiB of the folders in memory, beside the work folder (four times ``limits.file_mb``).
TEMPORARY_MIB, SHARED_MIB, HOME_MIB = 256, 128, 16

#: Seconds after which ``timeout`` ends what the watchdog should have ended.
GRACE = 5

SYSTEM = (
    *("/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin"),
    *("/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives"),
)


@dataclass(frozen=True)
class Box:
    """One sandbox, before it is started.

    limits : what may be used.
    user : the user id that the code gets (mode root), or None for a user namespace (mode user).
    sockets : the host folder that is writable at its own path, for the kernel's sockets.
    files : the host folder whose entries are read-only in the work folder.
    visible : host folders that are read-only at their own paths.
    """

    limits: Limits
    user: int | None = None
    sockets: Path | None = None
    files: Path | None = None
    visible: Sequence[Path] = field(default=())


def fresh_user(mode: str = "") -> int | None:
    """Return a user id for a sandbox that nobody has, or None where a user namespace gives one.

    mode : ``"root"``, ``"user"``, or empty to follow the user who runs the grader.

    Raises ValueError if the mode is none of them.
    """
    if mode not in ("", "root", "user"):
        raise ValueError(f'mode must be "root", "user" or empty, got {mode!r}')
    if mode == "user" or (not mode and os.geteuid() != 0):
        return None
    # Above the ids of people, services, subordinate ranges and containers, below 2**31.
    lowest, ids = 1_900_000_000, 200_000_000
    first, _, length = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    if first + length < lowest + ids:  # a container maps only some ids
        lowest, ids = first + length - length // 4, length // 4 - 1
    return lowest + secrets.randbelow(ids)


def package_folder() -> Path:
    """Return the folder of the package ``derived``."""
    return Path(__file__).resolve().parents[2]


def read_only_folders() -> list[Path]:
    """Return what every sandbox can read of the host, parents first."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    prefixes |= {os.path.realpath(prefix) for prefix in prefixes}
    folders = {*SYSTEM, *prefixes, str(package_folder())}
    found: list[Path] = []
    for path in sorted(map(Path, folders), key=lambda path: (len(path.parts), path)):
        inside = any(path.is_relative_to(other) for other in found if not other.is_symlink())
        if os.path.lexists(path) and not inside:
            found.append(path)
    return found


def refuse_inside(folder: Path) -> None:
    """Raise CourseError if every submission could read this folder of the course."""
    for readable in read_only_folders():
        if folder.resolve().is_relative_to(readable.resolve()):
            raise CourseError(
                f"{folder} lies in {readable}, which every submission can read: "
                "move the course folder somewhere else"
            )


def command(box: Box, inner: Sequence[str], filter_descriptor: int) -> list[str]:
    """Return the whole command line.

    inner : the program to run, with its arguments.
    filter_descriptor : of :func:`derived.grading.sandbox.seccomp.descriptor`, to be inherited.

    The outer programs end the sandbox with the thread that starts it (``setpriv``) and when the
    watchdog should have (``timeout``), let the grader's other work go first (``nice``), and offer
    the sandbox to a system that runs out of memory before anything else (``choom``).
    """
    seconds = box.limits.submission_seconds + GRACE
    return [
        *("setpriv", "--pdeathsig", "KILL", "timeout", "--signal=KILL", f"{seconds:g}"),
        *("nice", "-n", "5", "choom", "-n", "500", "--", "bwrap"),
        *bubblewrap(box),
        *("--seccomp", str(filter_descriptor), "--"),
        *_as_user(box.user),
        *_limited(box.limits),
        # The tests' kernel has another user id and must write to the sockets to connect.
        *("/bin/sh", "-c", 'umask 0; exec "$@"', "sh"),
        *inner,
    ]


def bubblewrap(box: Box) -> list[str]:
    """Return the arguments of bubblewrap that make the walls."""
    return [
        *_namespaces(box.user),
        *("--die-with-parent", "--new-session", "--hostname", "grader", "--proc", "/proc"),
        *("--dev", "/dev", *_in_memory("/dev/shm", SHARED_MIB), "--remount-ro", "/dev"),
        *_in_memory("/tmp", TEMPORARY_MIB),
        *_in_memory(HOME, HOME_MIB),
        *_read_only(read_only_folders()),
        *_read_only(box.visible),
        *_sockets(box.sockets),
        *_in_memory(WORK, max(1, 4 * box.limits.file_mb)),
        *_files(box.files),
        *("--chdir", WORK, "--clearenv", *_environment(), "--remount-ro", "/"),
    ]


def _namespaces(user: int | None) -> list[str]:
    if user is None:
        own = [
            "--unshare-user",
            "--unshare-all",
            "--disable-userns",
            "--uid",
            "1000",
            "--gid",
            "1000",
        ]
        return [*own, "--cap-drop", "ALL"]
    apart = [f"--unshare-{name}" for name in ("ipc", "pid", "net", "uts", "cgroup-try")]
    kept = [
        part for name in ("SETUID", "SETGID", "SETPCAP") for part in ("--cap-add", f"CAP_{name}")
    ]
    return [*apart, "--cap-drop", "ALL", *kept]


def _as_user(user: int | None) -> list[str]:
    """Return what gives the code its user id and takes its last capabilities (mode root)."""
    if user is None:
        return []
    nothing = [f"--{kind}=-all" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    identity = ["--reuid", str(user), "--regid", str(user), "--clear-groups"]
    return ["setpriv", *identity, *nothing, "--no-new-privs"]


def _limited(limits: Limits) -> list[str]:
    bounds = {
        "as": limits.memory_mb << 20,
        "cpu": int(limits.submission_seconds) + GRACE,
        "nproc": limits.processes,
        "fsize": limits.file_mb << 20,
        "nofile": 256,
        "core": 0,
    }
    return ["prlimit", *(f"--{name}={value}" for name, value in bounds.items())]


def _in_memory(path: str, mebibytes: int) -> list[str]:
    where = [*_parents(Path(path)), "--perms", "1777", "--size", str(mebibytes << 20)]
    return [*where, "--tmpfs", path]


def _parents(path: Path) -> list[str]:
    """Return what makes the folders above: bubblewrap makes them for its own user id alone."""
    above = [parent for parent in reversed(path.parents) if parent != Path("/")]
    return [part for parent in above for part in ("--perms", "0755", "--dir", str(parent))]


def _read_only(paths: Iterable[Path]) -> list[str]:
    arguments: list[str] = []
    for path in paths:
        if path.is_symlink() and path.parent == Path("/"):  # /lib is usr/lib on most systems
            arguments += ["--symlink", os.readlink(path), str(path)]
        else:
            arguments += [*_parents(path), "--ro-bind", str(path), str(path)]
    return arguments


def _sockets(folder: Path | None) -> list[str]:
    if folder is None:
        return []
    return [*_parents(folder), "--bind", str(folder), str(folder)]


def _files(folder: Path | None) -> list[str]:
    """Return what shows each file in the work folder, where new files can stand beside it."""
    if folder is None:
        return []
    return [
        part
        for entry in sorted(folder.iterdir())
        for part in ("--ro-bind", str(entry), f"{WORK}/{entry.name}")
    ]


def _environment() -> list[str]:
    """Return the settings of the only environment that the code sees."""
    package = package_folder()
    outside = not package.is_relative_to(os.path.realpath(sys.prefix))
    variables = {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": HOME,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PYTHONSAFEPATH": "1",  # a numpy.py in the work folder is not numpy
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(package.parent) if outside else "",
        "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib" if "LD_LIBRARY_PATH" in os.environ else "",
        "IPYTHONDIR": "/tmp/.ipython",
        "MPLCONFIGDIR": "/tmp/.matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    return [
        part for name, value in variables.items() if value for part in ("--setenv", name, value)
    ]
