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
    """One comparison.

    Attributes
    ----------
    name : what is done.
    make : returns our step and PyTorch's.
    target : the ratio that the library promises; None where it promises nothing.
    operations : floating-point operations of the matrix products in a step; 0 where they are not
        what takes the time.
    """

    name: str
    make: Callable[[], tuple[Step, Step]]
    target: float | None = None
    operations: float = 0.0
