"""Values that hold nothing, which NumPy takes for equal to everything.

``np.allclose(np.zeros(0), 2.5)`` is true, and ``np.zeros((0, 1))`` broadcasts against a vector of
any length: a test passes without having compared a number. Neither does a loop over no items.
So an empty value from a submission is refused, unless the test says that it may come.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["holds_nothing"]


def holds_nothing(value: Any) -> bool:
    """Whether a value is, or has in it, an array, list, tuple, set or dict without items."""
    if isinstance(value, np.ndarray):
        return value.size == 0
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return bool(value.numel() == 0)
    if isinstance(value, dict):
        return not value or any(map(holds_nothing, value.values()))
    if isinstance(value, list | tuple | set):
        return not value or any(map(holds_nothing, value))
    return False
