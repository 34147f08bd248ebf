"""Peak memory of both sides of a comparison: what a step adds to the process, whoever asks for it.

The kernel counts, so that NumPy's arrays, PyTorch's tensors and the scratch space of their
libraries are seen alike. Tasks are measured in a process of their own in which every larger array
is a mapping of its own (``MALLOC_MMAP_THRESHOLD_``): none is kept for the next one, unseen.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.pictures_against_torch import PICTURE_TASKS
from benchmarks.sequences_against_torch import SEQUENCE_TASKS
from benchmarks.task import Step, Task

__all__ = ["MEMORY_TARGET", "MEMORY_TASKS", "measured", "peak_bytes", "peaks"]

#: The layers; what the training steps of the small networks hold is mostly the programs' own.
MEMORY_TASKS = tuple(task for task in (*PICTURE_TASKS, *SEQUENCE_TASKS) if task.target)
MEMORY_TARGET = 2.0
STEPS = 3  # a step meets what the one before left behind
LARGE = 1 << 12  # bytes of an array that is mapped by itself: a step of a sequence has 32 kB


def peak_bytes(step: Step, steps: int = STEPS) -> int:
    """Return how many bytes more than before the process held at most during the steps.

    Raises
    ------
    OSError : if the system is not Linux, or forbids to reset the peak.
    """
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is held now
    before = _status("VmRSS")
    for _ in range(steps):
        step()
    return max(0, _status("VmHWM") - before)


def peaks(task: Task) -> tuple[int, int]:
    """Return the peaks of our step and of PyTorch's, each on data of its own.

    A first pair does what happens only once in a process: code is loaded, and compiled for shapes.
    """
    torch.set_num_threads(1)
    found = []
    for side in (0, 1):
        task.make()[side]()
        step = task.make()[side]
        found.append(peak_bytes(step))
        del step
    return found[0], found[1]


def measured(tasks: Sequence[Task]) -> list[tuple[int, int]]:
    """Return the peaks of some of :data:`MEMORY_TASKS`, taken in a new process.

    Raises
    ------
    OSError : if the system cannot tell.
    """
    if not os.access("/proc/self/clear_refs", os.W_OK):
        raise OSError("the peak of a process cannot be reset here: this needs Linux")
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(LARGE)}
    command = [sys.executable, "-m", "benchmarks.memory", *(task.name for task in tasks)]
    output = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return [(ours, theirs) for ours, theirs in json.loads(output)]


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return 1024 * int(value)


if __name__ == "__main__":
    _named = {task.name: task for task in MEMORY_TASKS}
    print(json.dumps([peaks(_named[name]) for name in sys.argv[1:]]))
