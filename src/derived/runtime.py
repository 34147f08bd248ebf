"""Where a lab runs: the device, the profile, the seeds, and one line that names the hardware.

PyTorch is imported when it is first needed, so that the derivation pages work without it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["Profile", "ProfileName", "describe", "device", "profile", "seed_everything"]

ProfileName: TypeAlias = Literal["ci", "cpu", "gpu"]
T = TypeVar("T")

_NAMES = ("ci", "cpu", "gpu")


@dataclass(frozen=True)
class Profile:
    """How large a lab's run is, and where it happens.

    name : ``"ci"`` (data that need no download, at most a minute), ``"cpu"`` (real data, two to
        forty minutes on one core) or ``"gpu"`` (real data, as fast as the card allows).
    device : where the tensors live; always the CPU in the profiles ``ci`` and ``cpu``.
    """

    name: ProfileName
    device: torch.device

    @property
    def embedded_data(self) -> bool:
        """Whether the lab uses only data that needs no download."""
        return self.name == "ci"

    def choose(self, *, ci: T, cpu: T, gpu: T) -> T:
        """Return the value meant for this profile: ``epochs = profile.choose(ci=1, …)``."""
        return {"ci": ci, "cpu": cpu, "gpu": gpu}[self.name]


def device() -> torch.device:
    """Return the fastest device of this machine: cuda, else mps, else cpu.

    A process that Accelerate's launcher (or torchrun) started gets the card of its own number,
    ``$LOCAL_RANK``. Raises ImportError with the command to type if PyTorch is missing.
    """
    pytorch = _torch()
    if pytorch.cuda.is_available():
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    elif pytorch.backends.mps.is_available():
        name = "mps"
    else:
        name = "cpu"
    found: torch.device = pytorch.device(name)
    return found


def profile(name: str = "auto") -> Profile:
    """Return the profile called ``name``: ``"ci"``, ``"cpu"``, ``"gpu"`` or ``"auto"``.

    ``"auto"`` is what ``$DERIVED_PROFILE`` says where that is set; else ``"gpu"`` on a machine
    with a usable accelerator and ``"cpu"`` on any other. A name given outright is obeyed.

    Raises
    ------
    ValueError : for an unknown name.
    RuntimeError : for ``"gpu"`` where PyTorch sees no accelerator; the message says what to do.
    """
    asked = name
    if asked == "auto":
        asked = os.environ.get("DERIVED_PROFILE", "").strip() or "auto"
        where = f"$DERIVED_PROFILE is {asked!r}"
    else:
        where = f"got {asked!r}"
    pytorch = _torch()
    if asked == "auto":
        found = device()
        return Profile("cpu" if found.type == "cpu" else "gpu", found)
    if asked == "gpu":
        return Profile("gpu", _accelerator())
    for small in ("ci", "cpu"):
        if asked == small:
            return Profile(small, pytorch.device("cpu"))
    raise ValueError(f'a profile is "auto", {", ".join(map(repr, _NAMES))}; {where}')


def _accelerator() -> torch.device:
    pytorch = _torch()
    found = device()
    if found.type != "cpu":
        return found
    if pytorch.version.cuda is None and getattr(pytorch.version, "hip", None) is None:
        cause = (
            f"this PyTorch ({pytorch.__version__}) is a build without GPU support: install one "
            "that has it (https://pytorch.org/get-started/locally)"
        )
    else:
        cause = (
            "PyTorch finds no GPU: on Colab choose Runtime → Change runtime type → GPU, "
            "elsewhere look whether nvidia-smi lists a card"
        )
    raise RuntimeError(
        f'the profile "gpu" needs a CUDA or Apple GPU, but {cause}; '
        'or set PROFILE = "cpu" (or "auto") and run on the CPU'
    )


def seed_everything(seed: int) -> tuple[np.random.Generator, torch.Generator]:
    """Seed the global generators and return two of our own to pass on.

    Python's ``random``, NumPy's legacy generator and PyTorch's global generators (all devices;
    initial weights and dropout draw from these) are seeded. The NumPy generator that is returned
    is ``default_rng(seed)``. The torch generator is on the CPU, so that the same data come in the
    same order on every device; its seed is derived from ``seed``, so that its stream is not the
    one that the initial weights were drawn from.

    Raises ValueError unless 0 ≤ seed < 2³² (what all of them accept).
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer with 0 ≤ seed < 2**32, got {seed!r}")
    pytorch = _torch()
    random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002  (for other people's code that still draws from it)
    pytorch.manual_seed(int(seed))
    derived = int(np.random.SeedSequence([int(seed), 1]).generate_state(1, np.uint32)[0])
    return np.random.default_rng(int(seed)), pytorch.Generator().manual_seed(derived)


def describe(where: torch.device | None = None) -> str:
    """Return one line that names the hardware and the PyTorch version.

    ``where`` is the device to describe; by default the one that :func:`device` finds. Works
    without PyTorch too: the line then says that it is missing.
    """
    try:
        pytorch = _torch()
    except ImportError:
        return f"{_processor()} · {_cores()} · no PyTorch"
    found = device() if where is None else where
    version = f"torch {pytorch.__version__}"
    if found.type == "cuda":
        about = pytorch.cuda.get_device_properties(found)
        platform_name = f"CUDA {pytorch.version.cuda}" if pytorch.version.cuda else "ROCm"
        return f"{about.name} · {about.total_memory / 2**30:.0f} GiB · {platform_name} · {version}"
    if found.type == "mps":
        return f"{_processor()} · Apple GPU (mps) · {version}"
    threads = pytorch.get_num_threads()
    return f"{_processor()} · {_cores()} · {threads} torch thread{'s'[: threads > 1]} · {version}"


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415  (derivation pages work without it)
    except ImportError as error:
        raise ImportError(
            "this part of the book needs PyTorch: pip install torch accelerate"
        ) from error
    return torch


def _cores() -> str:
    # Cores that this process may use: a container often has fewer than the machine.
    if sys.platform == "linux":
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return f"{count} core{'s'[: count > 1]}"


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    if sys.platform == "darwin":
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
            return done.stdout.strip()
    return platform.processor() or platform.machine() or "unknown processor"
