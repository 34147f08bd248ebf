"""Pooling layers: one number for each window of each channel, found along rows, then columns.

Pictures lie batch last, as (C, H, W, B). The numbers of a window's row then stand B numbers apart:
these short runs are copied side by side, once, and computed with as whole arrays. The rows of a
picture are W · B numbers long; they are computed with as they lie.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derived.nn.arrays import Array, as_floating, short_buffer
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

#: Bytes of the channels that are pooled at a time: few enough for the caches, but so many that
#: the numbers take longer than the calls.
BLOCK_BYTES = 1_700_000


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
        self._memory = None  # its place is free for the new one
        padded = self.windows.pad(batch_last(x), self._padding_value)  # (C, H + p, W + p, B)
        channels, self._height, self._width, batch = padded.shape
        y = np.empty((channels, rows, columns, batch), x.dtype)
        across = self._choices(2, (channels, self._height, columns, batch))
        down = self._choices(1, y.shape)
        numbers, room = self._parts(padded, 2, columns), self._room(padded, columns)
        with short_buffer():
            for part in _blocks(padded):
                side_by_side = room[:, : part.stop - part.start]
                for copy, number in zip(side_by_side, numbers, strict=True):
                    np.copyto(copy, number[part])
                of_row = self._pool(list(side_by_side), across[:, part], side_by_side[0])
                self._pool(self._parts(of_row, 1, rows), down[:, part], y[part])
        self._remember(np.broadcast_to(np.zeros((), y.dtype), y.shape), across, down)  # no y
        return batch_first(y)

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x: (B, C, H′, W′) → (B, C, H, W)."""
        y, across, down = self._recall()
        delta = batch_last(self._as_gradient(grad_output, batch_first(y)))
        channels, _, columns, batch = delta.shape
        gradient = np.empty((channels, self._height, self._width, batch), delta.dtype)
        room = self._room(gradient, columns)
        with short_buffer():
            for part in _blocks(gradient):
                side_by_side = room[:, : part.stop - part.start]
                of_row = side_by_side[0]
                self._share_rows(delta[part], down[:, part], of_row)
                self._share(of_row, across[:, part], list(side_by_side))
                self._send(side_by_side, 2, gradient[part])
        return batch_first(self.windows.unpad(gradient))

    def _parts(self, x: Array, axis: int, places: int) -> list[Array]:
        """Return the first numbers of all windows along an axis, the second ones, …; views."""
        window = self.windows.window[axis - 1]
        return [self.windows.shifted(x, axis, step, places) for step in range(window)]

    def _room(self, padded: Array, columns: int) -> Array:
        """Return room for the first, second, … numbers of all rows of windows in a block."""
        channels, height, _, batch = padded[_blocks(padded)[0]].shape
        return np.empty((self.windows.window[1], channels, height, columns, batch), padded.dtype)

    def _share_rows(self, gradient: Array, choice: NDArray[Any], of_row: Array) -> None:
        """Send the gradient of each window to its rows."""
        targets = self._parts(of_row, 1, gradient.shape[1])
        if self._each_once(1, gradient, of_row):
            self._share(gradient, choice, targets)
            return
        shares = np.empty((len(targets), *gradient.shape), gradient.dtype)
        self._share(gradient, choice, list(shares))
        self._send(shares, 1, of_row)

    def _send(self, shares: Array, axis: int, result: Array) -> None:
        """Write the shares of the windows' first, second, … numbers to where these stand."""
        targets = self._parts(result, axis, shares.shape[axis + 1])
        if self._each_once(axis, shares[0], result):
            together = np.moveaxis(shares, 0, axis + 1)  # (…, places, window, …)
            result.reshape(together.shape)[...] = together  # written in the result's order
            return
        result[...] = 0
        for target, share in zip(targets, shares, strict=True):
            np.add(target, share, out=target)

    def _each_once(self, axis: int, pooled: Array, x: Array) -> bool:
        """Return whether every number along an axis of x is in exactly one window."""
        window, stride = self.windows.window[axis - 1], self.windows.stride[axis - 1]
        return window == stride and pooled.shape[axis] * window == x.shape[axis]

    def _choices(self, axis: int, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return where ``_pool`` writes what ``_share`` has to know; nothing by default."""
        return np.empty((0, shape[0]))

    _padding_value = 0.0
    _height: int
    _width: int

    @abstractmethod
    def _pool(self, parts: list[Array], choice: NDArray[Any], out: Array) -> Array:
        """Return what becomes of the windows' first numbers, second numbers, …; in out."""

    @abstractmethod
    def _share(self, gradient: Array, choice: NDArray[Any], shares: list[Array]) -> None:
        """Write what the windows' first numbers get of the gradient, the second ones, …

        shares : the first one may be the gradient itself.
        """


class MaxPool2d(_Pool2d):
    """y = the largest number of each window; the first one of equals gets the whole gradient.

    First along a row, then along the rows' winners. Padding never wins.
    Source: MIT 6.S191 2019, "Pooling".
    """

    _padding_value = -np.inf

    def _choices(self, axis: int, shape: tuple[int, ...]) -> NDArray[Any]:
        # One mask for each number but the first, which wins where no other one does.
        return np.empty((self.windows.window[axis - 1] - 1, *shape), np.bool_)

    def _pool(self, parts: list[Array], choice: NDArray[Any], out: Array) -> Array:
        largest = parts[0]
        for step, part in enumerate(parts[1:]):
            better = np.greater(part, largest, out=choice[step])
            for earlier in choice[:step]:
                np.greater(earlier, better, out=earlier)  # it won, and still does
            largest = np.maximum(largest, part, out=out)
        return np.positive(largest, out=out) if len(parts) == 1 else largest

    def _share(self, gradient: Array, choice: NDArray[Any], shares: list[Array]) -> None:
        rest = gradient
        for wins, share in zip(choice, shares[1:], strict=True):
            np.multiply(rest, wins, out=share)
            rest = np.subtract(rest, share, out=shares[0])  # exact: one number gets all
        if len(shares) == 1:
            np.positive(gradient, out=shares[0])


class AveragePool2d(_Pool2d):
    """y = the mean of each window, zeros of the padding included."""

    def _pool(self, parts: list[Array], choice: NDArray[Any], out: Array) -> Array:
        mean = np.positive(parts[0], out=out)
        for part in parts[1:]:
            mean += part
        mean /= len(parts)
        return mean

    def _share(self, gradient: Array, choice: NDArray[Any], shares: list[Array]) -> None:
        for share in reversed(shares):
            np.divide(gradient, len(shares), out=share)


def _blocks(x: Array) -> list[slice]:
    """Return the channels of (C, H, W, B) in parts that stay in the cache."""
    step = max(1, BLOCK_BYTES // max(1, x[0].nbytes))
    return [slice(first, min(first + step, len(x))) for first in range(0, len(x), step)]
