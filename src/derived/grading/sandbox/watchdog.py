"""Limits on a whole sandbox: resident memory, processes, time, and files in memory.

The system's own limits hold for one process: 64 processes of 4 GiB each would take the machine.
One thread looks at all sandboxes of this grader five times a second.
It reads the sandbox's own ``/proc``, which lists its processes and no other, so that the cost does
not grow with what else runs on the machine (0.1 ms of processor time for a kernel).
What goes beyond a limit is killed whole, and the reason is kept in words.

Not counted: the kernel's memory for pipes and sockets, and page tables; a memory cgroup would.
Files in memory are bounded by their mounts (in bytes) and here (in number).
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from . import command
from .limits import Limits

__all__ = ["Watch", "forget", "kill", "watch"]

INTERVAL = 0.2  # seconds between two looks
START_SECONDS = 15.0  # bubblewrap is up within milliseconds; a machine at work may take longer
FILES_IN_MEMORY = 20_000  # an empty file takes 1 kB of the machine's memory, and no file space

IN_MEMORY = ("tmp", "dev/shm", command.HOME[1:], command.WORK[1:])

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass
class Usage:
    """What all processes of a sandbox use together.

    memory : bytes, resident or in swap; pages that processes share count for each of them.
    seconds : of processor time, dead children included.
    """

    memory: int = 0
    processes: int = 0
    seconds: float = 0.0


class Sandbox:
    """A running sandbox, seen from outside through its first process.

    Raises OSError if it cannot be looked into (yet).
    """

    def __init__(self, process_id: int) -> None:
        """Open what is looked at: it cannot be hidden later."""
        self._open: list[int] = []
        try:
            first = _first_process(process_id)
            self.first = self._keep(os.pidfd_open(first))
            root = f"/proc/{first}/root"
            self._processes = self._keep(os.open(f"{root}/proc", os.O_RDONLY | os.O_DIRECTORY))
            if os.fstat(self._processes).st_dev == os.stat("/proc").st_dev:
                raise ProcessLookupError("the sandbox has not left the host's folders yet")
            self._mounts = [
                self._keep(os.open(f"{root}/{path}", os.O_RDONLY | os.O_DIRECTORY))
                for path in IN_MEMORY
            ]
        except BaseException:
            self.close()
            raise

    def _keep(self, number: int) -> int:
        self._open.append(number)
        return number

    def close(self) -> None:
        """Let go of the sandbox."""
        while self._open:
            os.close(self._open.pop())

    def kill(self) -> None:
        """End it: the death of the first process ends all others of its namespace."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.first, signal.SIGKILL)

    def _texts(self, name: str) -> Iterator[str]:
        """Yield one file of ``/proc`` for each process; processes that end meanwhile have none."""
        for process in os.listdir(self._processes):
            if process.isdecimal():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    number = os.open(f"{process}/{name}", os.O_RDONLY, dir_fd=self._processes)
                    try:
                        text = os.read(number, 1 << 14)
                    finally:
                        os.close(number)
                    yield text.decode("utf8", "replace")

    def usage(self) -> Usage:
        """Return what all processes use now."""
        total = Usage()
        for text in self._texts("stat"):
            fields = text.rpartition(")")[2].split()  # a name can hold spaces and brackets
            total.seconds += sum(map(int, fields[11:15])) / _TICKS
            total.processes += int(fields[17])
            total.memory += int(fields[21]) * _PAGE
        if _SWAP:
            total.memory += sum(_value(text, "VmSwap:") << 10 for text in self._texts("status"))
        return total

    def memory_counted_once(self, otherwise: int) -> int:
        """Return the bytes of memory, a page that processes share divided among them; slow.

        otherwise : the answer where the system does not tell.
        """
        try:
            return sum(
                (_value(text, "Pss:") + _value(text, "SwapPss:")) << 10
                for text in self._texts("smaps_rollup")
            )
        except OSError:
            return otherwise

    def files_in_memory(self) -> int:
        """Return the number of files and folders in the sandbox's folders in memory."""
        states = [os.fstatvfs(mount) for mount in self._mounts]
        return sum(state.f_files - state.f_ffree for state in states)


def _value(text: str, name: str) -> int:
    """Return the number behind a name in a file of ``/proc``, 0 if there is none."""
    _, found, rest = text.partition(f"\n{name}")
    return int(rest.split(maxsplit=1)[0]) if found else 0


def _has_swap() -> bool:
    try:
        return len(Path("/proc/swaps").read_text().splitlines()) > 1
    except OSError:
        return False


_SWAP = _has_swap()


def _first_process(process_id: int) -> int:
    """Return the process below this one that is number 1 in a namespace of its own."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process_id).children(recursive=True):
            text = Path(f"/proc/{child.pid}/status").read_text(errors="replace")
            numbers = text.partition("\nNSpid:")[2].partition("\n")[0].split()
            if len(numbers) > 1 and numbers[-1] == "1":
                return child.pid
    raise ProcessLookupError("the sandbox has not started yet")


class Watch:
    """The watch over one sandbox.

    process_id : of the outermost program of the command line.
    """

    def __init__(self, process_id: int, limits: Limits) -> None:
        """Begin to count the time."""
        self.limits = limits
        self.reason: str | None = None
        self._process_id = process_id
        self._started = time.monotonic()
        self._sandbox: Sandbox | None = None

    def look(self) -> None:
        """Hold the sandbox against its limits, and kill it if it is beyond one."""
        if self.reason is None:
            self.reason = self._beyond()
            if self.reason:
                self.kill()

    def kill(self) -> None:
        """End the sandbox."""
        if self._sandbox is None:
            with contextlib.suppress(OSError):
                self._sandbox = Sandbox(self._process_id)
        if self._sandbox:
            self._sandbox.kill()

    def close(self) -> None:
        """Let go of the sandbox."""
        if self._sandbox:
            self._sandbox.close()
            self._sandbox = None

    def _beyond(self) -> str | None:
        """Return the limit that the processes have passed."""
        age = time.monotonic() - self._started
        if age > self.limits.submission_seconds:
            return f"it ran longer than {self.limits.submission_seconds:g} s"
        if self._sandbox is None:
            try:
                self._sandbox = Sandbox(self._process_id)
            except OSError as error:
                return f"it could not be watched ({error})" if age > START_SECONDS else None
        return self._beyond_usage(self._sandbox)

    def _beyond_usage(self, sandbox: Sandbox) -> str | None:
        usage, limits = sandbox.usage(), self.limits
        if usage.seconds > limits.submission_seconds:
            return f"it used more than {limits.submission_seconds:g} s of processor time"
        if usage.processes > limits.processes + 1:  # bubblewrap's own is the one more
            return f"it had more than {limits.processes} processes and threads"
        most = limits.memory_mb << 20
        if usage.memory > most and sandbox.memory_counted_once(usage.memory) > most:
            return f"it used more than {limits.memory_mb} MiB of memory"
        if sandbox.files_in_memory() > FILES_IN_MEMORY:
            return f"it made more than {FILES_IN_MEMORY} files"
        return None


_lock = threading.Lock()
_watches: list[Watch] = []
_thread: threading.Thread | None = None


def watch(process_id: int, limits: Limits) -> Watch:
    """Watch a sandbox from now on; see :class:`Watch` for the parameters."""
    global _thread  # noqa: PLW0603  (one thread for all sandboxes of the process)
    added = Watch(process_id, limits)
    with _lock:
        _watches.append(added)
        if _thread is None:
            _thread = threading.Thread(target=_run, name="sandbox-watchdog", daemon=True)
            _thread.start()
    return added


def kill(watched: Watch) -> None:
    """End a sandbox."""
    with _lock:
        watched.kill()


def forget(ended: Watch) -> None:
    """Watch a sandbox no longer: it has ended."""
    with _lock:
        if ended in _watches:
            _watches.remove(ended)
            ended.close()


def _run() -> None:
    """Look at all sandboxes until there is none."""
    global _thread  # noqa: PLW0603
    while True:
        with _lock:
            if not _watches:
                _thread = None
                return
            for current in _watches:
                try:
                    current.look()
                except Exception as error:  # whatever it is: what is not watched does not run
                    current.reason = f"it could not be watched ({error})"
                    current.kill()
        time.sleep(INTERVAL)


def _forget_all() -> None:
    """A forked child has no thread and none of the sandboxes."""
    global _lock, _thread
    _lock, _thread = threading.Lock(), None
    _watches.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
