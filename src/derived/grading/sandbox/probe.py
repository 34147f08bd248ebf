"""Runs inside the sandbox and tries what must fail; :mod:`.selftest` runs it, nobody imports it.

It needs the standard library alone. Its one argument is a JSON object; see ``selftest``.
It prints the names of what did not fail, then waits for a line, so that it can be looked at.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

VSOCK = 40
NEW_USER_NAMESPACE = 0x10000000


def reaches(family: int, address: Any) -> bool:
    """Return whether a socket connects."""
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        client.connect(address)
        return True
    return False


def opens_vsock(_: dict[str, Any]) -> bool:
    """Return whether there are sockets to the host of a virtual machine."""
    with contextlib.suppress(OSError), socket.socket(VSOCK, socket.SOCK_STREAM):
        return True
    return False


def sees(path: str) -> bool:
    """Return whether a path is there."""
    with contextlib.suppress(OSError):
        os.lstat(path)
        return True
    return False


def writes(folder: str, name: str) -> bool:
    """Return whether a file can be made in a folder; it is removed again."""
    with contextlib.suppress(OSError):
        path = Path(folder, name)
        path.write_text("x")
        path.unlink()
        return True
    return False


def meets_processes(host: dict[str, Any]) -> bool:
    """Return whether the processes of the machine are here, or can be sent a signal."""
    if os.stat("/proc/self/ns/pid").st_ino == host["process_namespace"]:
        return True
    # ``timeout`` is the outermost program of the sandbox, and outside of it.
    return any(
        Path(f"/proc/{name}/cmdline").read_bytes().startswith(b"timeout\0")
        for name in os.listdir("/proc")
        if name.isdecimal()
    )


def signals_grader(host: dict[str, Any]) -> bool:
    """Return whether the grader can be sent a signal."""
    if host["grader"] < 100:  # such a small number may well be a process in here
        return meets_processes(host)
    try:
        os.kill(host["grader"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def makes_namespace(_: dict[str, Any]) -> bool:
    """Return whether a child can have a user namespace of its own."""
    child = os.fork()
    if child == 0:
        os._exit(ctypes.CDLL(None).unshare(NEW_USER_NAMESPACE) == 0)
    return os.waitpid(child, 0)[1] != 0


def passes_memory(host: dict[str, Any]) -> bool:
    """Return whether one process gets all the memory of the limit, beside what it has."""
    with contextlib.suppress(OSError, ValueError, OverflowError):
        mmap.mmap(-1, host["memory_mb"] << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        return True
    return False


def passes_processes(host: dict[str, Any]) -> bool:
    """Return whether there can be more processes than the limit."""
    if host["processes"] > 256:  # too many to try
        return resource.getrlimit(resource.RLIMIT_NPROC)[1] != host["processes"]
    children = []
    with contextlib.suppress(OSError):
        for _ in range(host["processes"]):
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children) == host["processes"]


def fills_memory_with_files(_: dict[str, Any]) -> bool:
    """Return whether a folder in memory has no bound that is small beside a machine's memory."""
    sizes = [os.statvfs(path) for path in ("/dev/shm", "/tmp", os.environ["HOME"])]
    return any(size.f_blocks * size.f_frsize > 1 << 30 for size in sizes)


def status(name: str) -> str:
    """Return a field of ``/proc/self/status``."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.split()[1]
    return ""


#: Each name completes the sentence "a submission can …".
PROBES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "reach the network of this machine": lambda host: reaches(
        socket.AF_INET, ("127.0.0.1", host["port"])
    ),
    "reach sockets of programs on this machine": lambda host: reaches(
        socket.AF_UNIX, "\0" + host["abstract"]
    ),
    "open AF_VSOCK sockets": opens_vsock,
    "see the course folder": lambda host: any(map(sees, host["course"])),
    "see files of this machine": lambda host: any(map(sees, host["invisible"])),
    "write into Python or the system": lambda host: any(
        writes(folder, host["marker"]) for folder in host["read_only"]
    ),
    "see the processes of this machine": meets_processes,
    "send signals to the grader": signals_grader,
    "make a user namespace": makes_namespace,
    "use more memory than the limit": passes_memory,
    "start more processes than the limit": passes_processes,
    "fill the memory with files": fills_memory_with_files,
    "make any system call (no seccomp filter)": lambda _: status("Seccomp") != "2",
    "gain privileges": lambda _: status("NoNewPrivs") != "1" or int(status("CapBnd"), 16) != 0,
}


def main() -> None:
    """Try everything, print the names of what got through, and wait."""
    host = json.loads(sys.argv[1])
    print(json.dumps([name for name, probe in PROBES.items() if probe(host)]), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
