"""One kernel of the grader: started in the sandbox, spoken to with limits, ended for sure."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil
import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode

from derived.grading.errors import CourseError
from derived.grading.sandbox.limits import Limits

from .outputs import Outputs, error_output
from .proctor import REPLY

__all__ = ["LAUNCH", "Run", "Session", "Start"]

LARGEST_MESSAGE = 16 << 20  # bytes; what is larger ends the connection, and a new one begins
WAITING_MESSAGES = 8  # that ZeroMQ keeps for us
START_SECONDS = 60.0
GRACE = 3.0  # seconds for an interrupted cell to end
LOOK = 0.2  # seconds between two looks whether the kernel still lives
MOST_GARBLED = 100
REPLIES = ("execute_reply", REPLY)

#: ``python -m ipykernel_launcher`` without the debugger: to import it takes a third of a start.
LAUNCH = """import runpy, sys
sys.modules["debugpy"] = None
runpy.run_module("ipykernel_launcher", run_name="__main__")"""

BY_ITSELF = "the kernel ended by itself"

Status = Literal["ok", "error", "timeout", "ended"]


@dataclass(frozen=True)
class Start:
    """How a kernel is started.

    limits : of the sandbox.
    files : folder whose plain files lie in the kernel's working folder, read-only; or None.
    scratch : folder of the host under which the kernel's own folder is made.
    visible : folders of the host that the kernel can read and connect through.
    unsafe : without the sandbox.
    """

    limits: Limits
    files: Path | None
    scratch: Path
    visible: tuple[Path, ...] = ()
    unsafe: bool = False


@dataclass(frozen=True)
class Run:
    """What running one cell gave.

    status : "ok", "error" (it raised), "timeout" (interrupted), "ended" (the kernel is no more).
    outputs : as a notebook stores them.
    why : for "ended", in words.
    reply : what the kernel said at the end.
    """

    status: Status
    outputs: list[NotebookNode]
    why: str = ""
    reply: dict[str, Any] = field(default_factory=dict)


def _specification(start: Start) -> KernelSpec:
    command = [sys.executable, "-c", LAUNCH, "-f", "{connection_file}"]
    command += ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=CRITICAL"]
    # Coloured tracebacks take a second of processor time each where libraries are in them.
    command += ["--InteractiveShell.xmode=Plain"]
    # Students write exit() where they stopped; the kernel would end while a later cell runs.
    command += ["--IPKernelApp.exec_lines=get_ipython().ask_exit = lambda: None"]
    command += ["--IPKernelApp.exec_lines=__import__('sys').modules.pop('debugpy', None)"]
    about: dict[str, Any] = {"provisioner_name": "local-provisioner"}
    if not start.unsafe:
        config = {
            "limits": vars(start.limits),
            "files": str(start.files or ""),
            "visible": [str(folder) for folder in start.visible],
            "scratch": str(start.scratch),
        }
        about = {"provisioner_name": "derived-bwrap", "config": config}
    metadata = {"kernel_provisioner": about}
    return KernelSpec(argv=command, display_name="Python 3", language="python", metadata=metadata)


def _manager(start: Start, context: zmq.Context[Any]) -> tuple[KernelManager, dict[str, Any]]:
    """Return a manager, and the options of its ``start_kernel``."""
    manager = KernelManager(context=context)
    manager._kernel_spec = _specification(start)
    if not start.unsafe:
        return manager, {}
    folder = Path(tempfile.mkdtemp(dir=start.scratch))
    work = folder / "work"
    if start.files is not None and start.files.is_dir():
        shutil.copytree(start.files, work, ignore=shutil.ignore_patterns("*.ipynb"), symlinks=True)
    work.mkdir(exist_ok=True)
    manager.transport, manager.cache_ports = "ipc", False
    manager.connection_file, manager.ip = str(folder / "k.json"), str(folder / "k")
    return manager, {"cwd": str(work)}


class Session:
    """A running kernel.

    Raises CourseError if it cannot be started.
    """

    def __init__(self, start: Start) -> None:
        """Start the process; ``connect`` waits for it, so that two can start side by side."""
        self.start = start
        self.context: zmq.Context[Any] = zmq.Context()
        self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        self.context.setsockopt(zmq.RCVHWM, WAITING_MESSAGES)
        self.context.setsockopt(zmq.LINGER, 0)
        self.manager, options = _manager(start, self.context)
        self.client: BlockingKernelClient | None = None
        self._garbled = 0
        self._reply: dict[str, Any] = {}
        self._unheard = False  # whether the end of a cell was not heard
        self._mute = False  # whether nothing is heard, so that nothing is waited for
        try:
            self.manager.start_kernel(**options)
        except Exception as error:
            self.context.destroy(linger=0)
            if isinstance(error, CourseError):
                raise
            raise CourseError(f"a kernel cannot be started: {error}") from error

    def connect(self) -> None:
        """Wait until the kernel answers, the first time; raises CourseError if it does not."""
        if self.client is not None:
            return
        client = self.manager.client(context=self.context)  # without it: one that has no limits
        client.start_channels(hb=False, stdin=False)
        self.client = client
        if not self._hears(START_SECONDS):
            why = self.why_ended()
            self.close()
            raise CourseError(f"a kernel did not start: {why}")

    def _hears(self, seconds: float) -> bool:
        """Wait until the kernel answers and its broadcast is heard; False if that takes longer."""
        client = self.client
        assert client is not None
        until = time.monotonic() + seconds
        heard, answered = False, False
        request = client.kernel_info()
        while not (heard and answered):
            if time.monotonic() > until or not self.is_alive():
                return False
            if client.iopub_channel.socket.poll(20):
                heard = self._next(client.iopub_channel) is not None or heard
            if client.shell_channel.socket.poll(0 if not heard else 20):
                message = self._next(client.shell_channel)
                answered = answered or (
                    message is not None and message["parent_header"].get("msg_id") == request
                )
            if answered and not heard:  # nothing was heard yet on the broadcast: ask again
                request, answered = client.kernel_info(), False
        return True

    def _listen_anew(self) -> None:
        """Subscribe to the broadcast again: a message that was too large has ended it."""
        client = self.client
        assert client is not None
        client.iopub_channel.stop()
        client._iopub_channel = None
        client.iopub_channel.start()
        self._unheard, self._mute = False, not self._hears(GRACE)

    def connection(self) -> dict[str, Any]:
        """Return what another kernel needs to connect to this one, as plain data."""
        info: dict[str, Any] = dict(self.manager.get_connection_info())
        return {**info, "key": info["key"].decode()}

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return bool(self.manager.is_alive())

    def processes(self) -> int:
        """Return how many processes the kernel and what it started are."""
        try:
            process_id = getattr(self.manager.provisioner, "pid", None)
            return len(psutil.Process(process_id).children(recursive=True))
        except psutil.Error:
            return 0

    def why_ended(self) -> str:
        """Say in words why the kernel is no more."""
        reason = getattr(self.manager.provisioner, "stopped_because", None)
        return str(reason or BY_ITSELF)

    def close(self) -> None:
        """End the kernel and everything that it started."""
        if self.client is not None:
            self.client.stop_channels()
            self.client = None
        with contextlib.suppress(Exception):  # a process that is already gone
            self.manager.shutdown_kernel(now=True)
        with contextlib.suppress(Exception):
            self.manager.cleanup_resources()
        self.context.destroy(linger=0)

    def _next(self, channel: Any) -> dict[str, Any] | None:
        """Return the next message of a channel, or None if it cannot be read."""
        try:
            message = channel.get_msg(timeout=0)
            if all(isinstance(message[part], dict) for part in ("content", "parent_header")):
                return dict(message)
        except Exception:  # a wrong signature, no JSON, … : what a hostile kernel sends
            pass
        self._garbled += 1
        return None

    def run(self, source: str, *, seconds: float, history: bool = True) -> Run:
        """Run a cell's text and gather its outputs; never raises for what the cell does."""
        content = {
            "code": source,
            "silent": False,
            "store_history": history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        return self.request("execute_request", content, seconds=seconds)

    def request(self, kind: str, content: dict[str, Any], *, seconds: float) -> Run:
        """Send a message and gather the outputs that it leads to, up to the reply."""
        client = self.client
        if client is None or not self.is_alive():
            return Run("ended", [], self.why_ended())
        if self._unheard and not self._mute:
            self._listen_anew()
        message = client.session.msg(kind, content)
        client.shell_channel.send(message)
        request, self._reply = message["header"]["msg_id"], {}
        outputs = Outputs(self.start.limits.output_characters)
        status = self._follow(request, outputs, time.monotonic() + seconds)
        if status is None:
            status = self._interrupt(request, outputs, seconds)
            if status == "ended":
                return Run("ended", outputs.items, "it took too long, and was deaf to an interrupt")
        if status == "ended":
            return Run("ended", outputs.items, self.why_ended())
        if self._unheard:
            outputs.lost()
        return Run(status, outputs.items, reply=self._reply)

    def _interrupt(self, request: str, outputs: Outputs, seconds: float) -> Status:
        outputs.items.append(error_output("Timeout", f"the cell took more than {seconds:g} s"))
        with contextlib.suppress(Exception):
            self.manager.interrupt_kernel()
        room, outputs.room = outputs.room, 0
        status = self._follow(request, outputs, time.monotonic() + GRACE)
        outputs.room = room
        return "ended" if status in {None, "ended"} else "timeout"

    def _follow(self, request: str, outputs: Outputs, until: float) -> Status | None:
        """Take messages until the cell is done; None when the time is over."""
        assert self.client is not None
        poller = zmq.Poller()
        for channel in (self.client.iopub_channel, self.client.shell_channel):
            poller.register(channel.socket, zmq.POLLIN)
        status: Status | None = None
        idle, looked = False, time.monotonic()
        while not (status and idle):
            now = time.monotonic()
            if now > until:
                # Perhaps the reply is here, but not its outputs.
                self._unheard = status is not None
                return status
            ready = dict(poller.poll(int(1000 * min(LOOK, until - now))))
            if now - looked > LOOK:
                looked = now
                if not self.is_alive():
                    return "ended"
            for message in self._arrived(ready, request):
                idle |= self._take(message, outputs)
                status = status or self._status(message)
            if self._garbled > MOST_GARBLED:
                return "ended"
            if status and not idle:
                until = min(until, now + (0 if self._mute else GRACE))
        return status

    def _arrived(self, ready: dict[Any, int], request: str) -> Iterator[dict[str, Any]]:
        """Yield the messages that belong to a request, one of each channel that has some."""
        assert self.client is not None
        for channel in (self.client.iopub_channel, self.client.shell_channel):
            if channel.socket in ready:
                message = self._next(channel)
                if message and message["parent_header"].get("msg_id") == request:
                    yield message

    def _take(self, message: dict[str, Any], outputs: Outputs) -> bool:
        """Take one message; return whether it says that the cell is done."""
        content = message["content"]
        if message["msg_type"] == "status":
            return bool(content.get("execution_state") == "idle")
        try:
            outputs.take(str(message["msg_type"]), content)
        except Exception:  # malformed on purpose: the output is lost, nothing else
            self._garbled += 1
        return False

    def _status(self, message: dict[str, Any]) -> Status | None:
        if message["msg_type"] not in REPLIES:
            return None
        self._reply = message["content"]
        return "ok" if self._reply.get("status") == "ok" else "error"
