"""What a comparison is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["FLOAT32", "SEED", "Step", "Task"]

Step = Callable[[], float]  # does the work once, returns a number that both sides can compare
FLOAT32 = np.float32
SEED = 0


@dataclass(frozen=True)
class Task:
    """One comparison: what is done, on both sides, and the ratio that the library promises."""

    name: str
    make: Callable[[], tuple[Step, Step]]
    target: float
