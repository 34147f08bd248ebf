"""Checks of sample pictures, of the names of their classes, and of how the reader draws."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derived.widgets.arguments import array

SMALLEST, LARGEST = 8, 32
MOST_SAMPLES = 20


def checked_samples(samples: ArrayLike) -> NDArray[np.float64]:
    """Return pictures (S, N, N) with ink from 0 to 1; (S, 1, N, N) is accepted too."""
    given = np.asarray(samples, dtype=np.float64)
    given = given[:, 0] if given.ndim == 4 and given.shape[1] == 1 else given
    array("samples", given, (None, None, None), 1.0)
    count, height, width = given.shape
    if height != width or not SMALLEST <= height <= LARGEST or not 1 <= count <= MOST_SAMPLES:
        raise ValueError(
            f"samples has shape {given.shape}; pass 1 to {MOST_SAMPLES} square pictures with "
            f"sides from {SMALLEST} to {LARGEST}"
        )
    if given.min() < 0:
        raise ValueError("samples holds a negative number; pass ink from 0 (none) to 1")
    return given


def checked_names(classes: Sequence[str] | None, outputs: int) -> list[str]:
    """Return one name for each output; the numbers from 0 on unless given."""
    names = [str(k) for k in range(outputs)] if classes is None else [str(name) for name in classes]
    if len(names) != outputs:
        raise ValueError(f"{len(names)} names of classes for {outputs} outputs; pass one for each")
    return names


def checked_drawing(side: int, margin: float | None, pen: float | None) -> tuple[float, float]:
    """Return the empty border and the width of the pen, both in pixels, with their defaults."""
    border = (0.0 if side < 16 else side / 7) if margin is None else float(margin)
    if not 0 <= border <= side / 4:
        raise ValueError(f"margin is {margin!r}; pass a number from 0 to {side / 4:g}")
    width = max(1.2, side / 11) if pen is None else float(pen)
    if not 0.5 <= width <= side / 4:
        raise ValueError(f"pen is {pen!r}; pass a number from 0.5 to {side / 4:g}")
    return border, width


def grays(pictures: NDArray[np.float64]) -> str:
    """Ink from 0 to 1 as bytes in base64."""
    return base64.b64encode(np.rint(255 * pictures).astype(np.uint8).tobytes()).decode("ascii")
