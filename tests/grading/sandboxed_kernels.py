"""Kernels in the sandbox, for the tests that attack it."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

from derived.grading import sandbox
from derived.grading.trusted.session import LAUNCH

#: Root can start both ways; an ordinary user only the one that is his.
MODES = ("root", "user") if os.geteuid() == 0 else ("user",)

SECONDS = 60  # for one cell on a machine with much other work


@functools.cache
def require_sandbox() -> None:
    """Fail, with what to type, where the sandbox cannot be."""
    sandbox.available()


@dataclass
class Kernel:
    """A running kernel: ``run`` returns what a cell printed, or its error."""

    manager: KernelManager
    client: Any

    @property
    def folder(self) -> Path:
        return self.manager.provisioner.folder

    @property
    def stopped_because(self) -> str | None:
        return self.manager.provisioner.stopped_because

    def run(self, code: str, seconds: float = SECONDS) -> str:
        """Return stdout and errors of a cell."""
        printed = []

        def keep(message: dict[str, Any]) -> None:
            content = message["content"]
            printed.append(content.get("text", "") or "\n".join(content.get("traceback", "")))

        # Without this flag a kernel drops, for a moment after an error, what it is asked next.
        self.client.execute_interactive(
            code, timeout=seconds, output_hook=keep, stop_on_error=False
        )
        return "".join(printed).strip()

    def run_to_death(self, code: str, seconds: float = 30) -> str | None:
        """Run a cell that must end the kernel; return the reason that is kept."""
        self.client.execute(code)
        end = time.monotonic() + seconds
        while self.manager.is_alive():
            assert time.monotonic() < end, "the kernel still lives"
            time.sleep(0.02)
        return self.stopped_because


def new_manager(**config: Any) -> KernelManager:
    """Return a manager of a kernel that is not started yet."""
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-c", LAUNCH, "-f", "{connection_file}"],
        display_name="Python",
        language="python",
        metadata={
            "kernel_provisioner": {"provisioner_name": "derived-bwrap", "config": config},
        },
    )
    return manager


@contextmanager
def kernel(**config: Any) -> Iterator[Kernel]:
    """Start a kernel, and end it; its whole tree must be gone then."""
    require_sandbox()
    manager = new_manager(**config)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    processes = psutil.Process(manager.provisioner.pid).children(recursive=True)
    folder = manager.provisioner.folder
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(manager, client)
    finally:
        processes += descendants(manager.provisioner.pid)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive, f"left behind: {alive}"
    assert not folder.exists()


def descendants(process_id: int) -> list[psutil.Process]:
    """Return the processes below one, or none if it has ended."""
    try:
        return psutil.Process(process_id).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
