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
        places = self.windows.output_size((x.shape[2], x.shape[3]))
        y = self.windows.pad(batch_last(x), self._padding_value)  # (C, H + p, W + p, B)
        self._shapes, choices = [], []
        for axis in (2, 1):
            parts = [
                self.windows.shifted(y, axis, step, places[axis - 1])
                for step in range(self.windows.window[axis - 1])
            ]
            self._shapes.append(y.shape)
            y, choice = self._pool(parts)
            choices.append(choice)
        self._remember(y, *choices)
        return batch_first(y)

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x: (B, C, H′, W′) → (B, C, H, W)."""
        y, of_columns, of_rows = self._recall()
        gradient = batch_last(self._as_gradient(grad_output, batch_first(y)))
        gradient = self._spread(gradient, of_rows, 1, self._shapes[1])
        gradient = self._spread(gradient, of_columns, 2, self._shapes[0])
        return batch_first(self.windows.unpad(gradient))

    def _spread(
        self, gradient: Array, choice: NDArray[Any], axis: int, shape: tuple[int, ...]
    ) -> Array:
        """Send the gradient of each place to the numbers of its window along an axis."""
        window, stride = self.windows.window[axis - 1], self.windows.stride[axis - 1]
        places = gradient.shape[axis]
        if window == stride and places * window == shape[axis]:  # each number in one window
            result = np.empty(shape, gradient.dtype)
            for step in range(window):
                target = self.windows.shifted(result, axis, step, places)
                np.multiply(gradient, self._shares(choice, step), out=target)
            return result
        result = np.zeros(shape, gradient.dtype)
        for step in range(window):
            target = self.windows.shifted(result, axis, step, places)
            target += gradient * self._shares(choice, step)
        return result

    _padding_value = 0.0
    _shapes: list[tuple[int, ...]]

    @abstractmethod
    def _pool(self, parts: list[Array]) -> tuple[Array, NDArray[Any]]:
        """Return what becomes of the windows' first numbers, second numbers, …; and a choice."""

    @abstractmethod
    def _shares(self, choice: NDArray[Any], step: int) -> NDArray[Any]:
        """Return the share of a place's gradient that a number of its window gets."""


class MaxPool2d(_Pool2d):
    """y = the largest number of each window; the first one of equals gets the whole gradient.

    First along a row, then along the rows' winners. Padding never wins.
    Source: MIT 6.S191 2019, "Pooling".
    """

    _padding_value = -np.inf

    def _pool(self, parts: list[Array]) -> tuple[Array, NDArray[Any]]:
        largest = parts[0]
        wins = np.empty((len(parts), *largest.shape), np.bool_)  # one mask for each of the numbers
        wins[0] = True
        for step, part in enumerate(parts[1:], start=1):
            better = np.greater(part, largest, out=wins[step])
            for earlier in wins[:step]:
                np.greater(earlier, better, out=earlier)  # it won, and still does
            largest = np.maximum(largest, part)
        return largest.copy() if len(parts) == 1 else largest, wins

    def _shares(self, choice: NDArray[Any], step: int) -> NDArray[Any]:
        share: NDArray[np.bool_] = choice[step]
        return share


class AveragePool2d(_Pool2d):
    """y = the mean of each window, zeros of the padding included."""

    def _pool(self, parts: list[Array]) -> tuple[Array, NDArray[Any]]:
        mean = parts[0].copy()
        for part in parts[1:]:
            mean += part
        mean /= len(parts)
        return mean, np.asarray(1 / len(parts), mean.dtype)

    def _shares(self, choice: NDArray[Any], step: int) -> NDArray[Any]:
        return choice
