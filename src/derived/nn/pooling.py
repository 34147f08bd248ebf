"""Pooling layers: one number for each window of each channel, found along rows, then columns."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derived.nn.arrays import Array, as_floating
from derived.nn.layer import Layer
from derived.nn.windows import (
    Pair,
    Windows,
    batch_first,
    batch_last,
    pair,
    picture_shape,
)

__all__ = ["AveragePool2d", "MaxPool2d"]

#: Bytes of the channels that are pooled at a time: they should stay in the cache of a core.
BLOCK_BYTES = 850_000


class _Pool2d(Layer):
    """What pools windows along one axis pools whole windows: first the columns, then the rows.

    Parameters
    ----------
    window : rows and columns of a window.
    stride : from one window to the next; by default the window's own size, so that none overlap.
    padding : at each side of the picture; at most half a window.

    Raises
    ------
    ValueError : if a setting is out of range.
    """

    def __init__(self, window: Pair, *, stride: Pair | None = None, padding: Pair = 0) -> None:
        """Keep the settings; there are no parameters."""
        super().__init__()
        size = pair("a window", window)
        self.windows = Windows.of(size, size if stride is None else stride, padding, 1)
        if any(2 * p > k for p, k in zip(self.windows.before, size, strict=True)):
            raise ValueError(f"padding is at most half of the window {size}, got {padding!r}")

    def forward(self, x: ArrayLike) -> Array:
        """Return y: (B, C, H, W) → (B, C, H′, W′).

        Raises
        ------
        ValueError : if x is no batch of pictures, or a window does not fit.
        """
        x = as_floating(x)
        picture_shape(type(self).__name__, x)
        rows, columns = self.windows.output_size((x.shape[2], x.shape[3]))
        padded = self.windows.pad(batch_last(x), self._padding_value)  # (C, H + p, W + p, B)
        y = np.empty((len(padded), rows, columns, len(x)), x.dtype)
        choices = []
        for part in _blocks(padded):
            of_columns = self._pool(self._parts(padded[part], 2, columns), None)
            of_rows = self._pool(self._parts(of_columns[0], 1, rows), y[part])
            choices += [of_columns[1], of_rows[1]]
        self._height, self._width = padded.shape[1], padded.shape[2]
        self._remember(y, *choices)
        return batch_first(y)

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x: (B, C, H′, W′) → (B, C, H, W)."""
        y, *choices = self._recall()
        delta = batch_last(self._as_gradient(grad_output, batch_first(y)))
        channels, _, columns, batch = delta.shape
        gradient = np.empty((channels, self._height, self._width, batch), delta.dtype)
        for number, part in enumerate(_blocks(gradient)):
            of_columns, of_rows = choices[2 * number : 2 * number + 2]
            winners = np.empty((len(delta[part]), self._height, columns, batch), delta.dtype)
            self._spread(delta[part], of_rows, 1, winners)
            self._spread(winners, of_columns, 2, gradient[part])
        return batch_first(self.windows.unpad(gradient))

    def _parts(self, x: Array, axis: int, places: int) -> list[Array]:
        """Return the first numbers of all windows along an axis, the second ones, …; views."""
        window = self.windows.window[axis - 1]
        return [self.windows.shifted(x, axis, step, places) for step in range(window)]

    def _spread(self, gradient: Array, choice: NDArray[Any], axis: int, result: Array) -> None:
        """Send the gradient of each place to the numbers of its window along an axis."""
        window, stride = self.windows.window[axis - 1], self.windows.stride[axis - 1]
        places = gradient.shape[axis]
        targets = self._parts(result, axis, places)
        if window == stride and places * window == result.shape[axis]:  # each in one window
            self._share(gradient, choice, targets)
            return
        result[...] = 0
        shares = list(np.empty((window, *gradient.shape), gradient.dtype))
        self._share(gradient, choice, shares)
        for target, share in zip(targets, shares, strict=True):
            np.add(target, share, out=target)

    _padding_value = 0.0
    _height: int
    _width: int

    @abstractmethod
    def _pool(self, parts: list[Array], out: Array | None) -> tuple[Array, NDArray[Any]]:
        """Return what becomes of the windows' first numbers, second numbers, …; and a choice.

        out : where to write it; a new array by default.
        """

    @abstractmethod
    def _share(self, gradient: Array, choice: NDArray[Any], shares: list[Array]) -> None:
        """Write what the windows' first numbers get of the gradient, the second ones, …"""


class MaxPool2d(_Pool2d):
    """y = the largest number of each window; the first one of equals gets the whole gradient.

    First along a row, then along the rows' winners. Padding never wins.
    Source: MIT 6.S191 2019, "Pooling".
    """

    _padding_value = -np.inf

    def _pool(self, parts: list[Array], out: Array | None) -> tuple[Array, NDArray[Any]]:
        largest = parts[0]
        # One mask for each number but the first, which wins where no other one does.
        wins = np.empty((len(parts) - 1, *largest.shape), np.bool_)
        for step, part in enumerate(parts[1:]):
            better = np.greater(part, largest, out=wins[step])
            for earlier in wins[:step]:
                np.greater(earlier, better, out=earlier)  # it won, and still does
            largest = out = np.maximum(largest, part, out=out)
        return (np.positive(largest, out=out) if len(parts) == 1 else largest), wins

    def _share(self, gradient: Array, choice: NDArray[Any], shares: list[Array]) -> None:
        rest = gradient
        for wins, share in zip(choice, shares[1:], strict=True):
            np.multiply(gradient, wins, out=share)
            rest = np.subtract(rest, share, out=shares[0])  # exact: one number gets all
        if len(shares) == 1:
            np.positive(gradient, out=shares[0])


class AveragePool2d(_Pool2d):
    """y = the mean of each window, zeros of the padding included."""

    def _pool(self, parts: list[Array], out: Array | None) -> tuple[Array, NDArray[Any]]:
        mean = np.positive(parts[0], out=out)
        for part in parts[1:]:
            mean += part
        mean /= len(parts)
        return mean, np.asarray(1 / len(parts), mean.dtype)

    def _share(self, gradient: Array, choice: NDArray[Any], shares: list[Array]) -> None:
        for share in shares:
            np.multiply(gradient, choice, out=share)


def _blocks(x: Array) -> list[slice]:
    """Return the channels of (C, H, W, B) in parts that stay in the cache."""
    step = max(1, BLOCK_BYTES // max(1, x[0].nbytes))
    return [slice(first, first + step) for first in range(0, len(x), step)]
