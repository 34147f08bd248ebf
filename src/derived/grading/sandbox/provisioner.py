"""A Jupyter kernel in the sandbox, for everything that starts kernels through a kernel manager.

A kernel specification asks for it in its metadata::

    {"kernel_provisioner": {"provisioner_name": "derived-bwrap", "config": {"limits": {…}}}}

The kernel has no network, so it speaks over Unix sockets in a folder of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict, List, Unicode

from . import command, folders, seccomp, watchdog
from .limits import Limits

__all__ = ["BwrapProvisioner"]

#: Seconds for a kernel to start on a machine with much other work.
START_SECONDS = 60.0

#: Seconds for a killed sandbox to leave by itself, so that each parent reaps its child.
LEAVING_SECONDS = 2.0

#: The work folder comes last: a module of the assignment is found, and shadows none.
IMPORT_FROM_WORK = [
    "--InteractiveShellApp.ignore_cwd=True",
    f"--IPKernelApp.exec_lines=import sys; sys.path.append({command.WORK!r}); del sys",
]


class BwrapProvisioner(LocalProvisioner):  # type: ignore[misc, unused-ignore]
    """Starts a kernel under bubblewrap, watches it, and leaves nothing of it behind.

    After the launch, ``folder`` is the host folder with the sockets (in ``s``), and
    ``stopped_because`` says in words which limit ended the kernel, if one did.
    """

    limits = Dict(help="Fields of Limits.").tag(config=True)
    files = Unicode("", help="Folder whose plain files lie in the work folder.").tag(config=True)
    visible = List(Unicode(), help="Host folders to show, read-only.").tag(config=True)
    scratch = Unicode("", help="Host folder to make its own in; empty: /tmp.").tag(config=True)
    mode = Unicode("", help="root, user, or empty: as the grader is.").tag(config=True)

    folder: Path | None = None
    _user: int | None = None
    _watch: watchdog.Watch | None = None

    @property
    def stopped_because(self) -> str | None:
        """The limit that ended the kernel, in words, or None."""
        return self._watch.reason if self._watch else None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the folder, choose Unix sockets in it, and return the command line.

        Raises CourseError if the files beside the notebook are too much, or lie where every
        submission can read.
        """
        manager: Any = self.parent
        if self.folder is None:  # a restart keeps the sockets' addresses
            self._make_folder(manager)
        assert self.folder is not None
        kwargs = await super().pre_launch(**kwargs)
        if any("ipykernel_launcher" in part for part in kwargs["cmd"]):
            kwargs["cmd"] = [*kwargs["cmd"], *IMPORT_FROM_WORK]
        self._user = command.fresh_user(self.mode)
        folders.open_sockets(self.folder / "s", self._user)
        kwargs["env"] = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"}
        kwargs["cwd"] = "/"
        # What it prints outside of cells is nobody's, and may hold commands for a terminal.
        kwargs["stdout"] = kwargs["stderr"] = subprocess.DEVNULL
        return kwargs

    def _make_folder(self, manager: Any) -> None:
        if self.files:
            command.refuse_inside(Path(self.files))
        self.folder = folders.make_folder(Path(self.scratch) if self.scratch else None)
        try:
            if self.files:
                folders.copy_files(Path(self.files), self.folder / "f")
        except BaseException:
            self._remove_folder()
            raise
        manager.transport, manager.cache_ports = "ipc", False
        manager.connection_file = str(self.folder / "s" / "k.json")
        manager.ip = str(self.folder / "s" / "k")
        # A signal to the process group would end bubblewrap itself.
        manager.kernel_spec.interrupt_mode = "message"

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the sandbox and the watch over it; raises CourseError without libseccomp."""
        assert self.folder is not None
        limits = Limits(**self.limits)
        box = command.Box(
            limits,
            user=self._user,
            sockets=self.folder / "s",
            files=self.folder / "f",
            visible=[Path(path) for path in self.visible],
        )
        filter_descriptor = seccomp.descriptor()
        try:
            start = functools.partial(
                launch_kernel,
                command.command(box, cmd, filter_descriptor),
                pass_fds=[filter_descriptor],
                **self._scrub_kwargs(kwargs),
            )
            self.process = await asyncio.get_running_loop().run_in_executor(_starter(), start)
        except BaseException:
            self._remove_folder()
            raise
        finally:
            os.close(filter_descriptor)
        self.pid = self.pgid = self.process.pid  # it leads a session of its own
        self.cwd = Path("/")
        self._forget()
        self._watch = watchdog.watch(self.pid, limits)
        try:
            await self._close_folder(self._watch)
        except BaseException:
            await self.kill()
            raise
        return self.connection_info

    async def _close_folder(self, watch: watchdog.Watch) -> None:
        """Wait for the kernel's sockets, and close their folder before a student's cell runs."""
        assert self.folder is not None and self.process is not None
        late = time.monotonic() + START_SECONDS
        while self.process.poll() is None and not folders.close_sockets(self.folder / "s"):
            if time.monotonic() > late:
                watch.reason = f"it did not start within {START_SECONDS:g} s"
                await self.kill()
            await asyncio.sleep(0.02)

    async def send_signal(self, signum: int) -> None:
        """Kill for every signal that ends a process; nothing else passes into the sandbox."""
        if signum == 0:
            await super().send_signal(0)
        elif signum in (signal.SIGTERM, signal.SIGKILL):
            await self.kill()

    async def terminate(self, restart: bool = False) -> None:
        """End all processes of the sandbox: it has had its chance to leave."""
        await self.kill(restart)

    async def kill(self, restart: bool = False) -> None:
        """End all processes of the sandbox."""
        if self.process is None or self._watch is None or self.process.poll() is not None:
            return
        watchdog.kill(self._watch)
        leaving = time.monotonic() + LEAVING_SECONDS
        while self.process.poll() is None and time.monotonic() < leaving:
            await asyncio.sleep(0.01)
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    async def cleanup(self, restart: bool = False) -> None:
        """Leave nothing behind."""
        await self.kill(restart)
        await super().cleanup(restart)
        if not restart:
            self._forget()
            self._remove_folder()

    def _forget(self) -> None:
        if self._watch is not None:
            watchdog.forget(self._watch)

    def _remove_folder(self) -> None:
        if self.folder is not None:
            folders.remove(self.folder)


@functools.cache
def _starter() -> ThreadPoolExecutor:
    """Return the one thread that starts sandboxes.

    A sandbox ends with the thread that started it, so that none outlives a grader that is killed;
    the thread of an event loop may be gone earlier.
    """
    return ThreadPoolExecutor(1, thread_name_prefix="sandbox-starter")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_starter.cache_clear)  # the child has not got the thread
