"""Which arrays the layers work on: real, floating point, float32 or float64 as the caller chose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["Array", "as_floating", "floating_dtype", "short_buffer", "sum_rows"]

#: An array of float32 or float64 numbers.
Array: TypeAlias = NDArray[np.floating[Any]]

#: Numbers of a short buffer: those of three operands fit into the first cache of a core, 32 kB.
SHORT_BUFFER = 512

#: Rows whose sum in float32 is still good to some 10⁻⁵.
MANY_ROWS = 1024


def as_floating(values: ArrayLike, dtype: DTypeLike = np.float64) -> Array:
    """Return ``values`` as a floating-point array, without a copy where they already are one.

    Integers, Booleans and float16, whose sums overflow, become ``dtype``; float32 stays float32,
    so that a network computes in the precision of its input.

    Raises
    ------
    TypeError : if the values are not real numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind == "f" and array.itemsize >= 4:
        return array
    if array.dtype.kind in "biuf":
        return array.astype(dtype)
    raise TypeError(f"expected real numbers, got an array of dtype {array.dtype}")


def floating_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return ``dtype`` as NumPy's object.

    Raises
    ------
    TypeError : if it is another type; weights rounded to integers would be zero.
    """
    checked = np.dtype(dtype)
    if checked not in (np.float32, np.float64):
        raise TypeError(f"parameters are float32 or float64, not {checked}")
    return checked


def sum_rows(rows: Array, out: Array) -> None:
    """Write the sum of the rows (N, n) to ``out`` (n,).

    NumPy adds row by row: in float32 a million rows lose a hundredth. Many are added in float64.
    """
    np.sum(rows, axis=0, dtype=np.float64 if len(rows) > MANY_ROWS else None, out=out)


@contextmanager
def short_buffer() -> Iterator[None]:
    """Let NumPy compute with the rows of an array as they lie, if they have 512 numbers or more.

    Where runs of numbers do not follow one another in memory, NumPy copies them into a buffer
    before it computes with them, and out of one afterwards, unless a run fills the buffer. By
    default that is one of 8192 numbers: most copies are then for nothing, and miss the first cache.
    """
    before = np.setbufsize(SHORT_BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)
