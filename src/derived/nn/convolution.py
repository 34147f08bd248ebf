"""The convolution layer: one small dense layer that looks through a window at every place."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn import initializers
from derived.nn.arrays import Array, as_floating, floating_dtype
from derived.nn.layer import Layer
from derived.nn.windows import Padding, Pair, Windows, batch_first, batch_last, picture_shape

__all__ = ["Conv2d"]

Result = TypeVar("Result")

#: Bytes of the windows that are laid out at a time: they should stay in the cache of a core.
BLOCK_BYTES = 1_200_000


class Conv2d(Layer):
    """y[b, o] = bias[o] + Σ_c x[b, c] ⋆ weight[o, c], where ⋆ is cross-correlation.

    Laid out as columns, the windows of a few output rows become one matrix: (C k₁ k₂, places).
    Forward is its product with the weights, ∂J/∂weight the product of ∂J/∂y with it, and ∂J/∂x the
    product of ∂J/∂y with the transposed weights, added back to where the windows were.

    Parameters
    ----------
    in_channels, out_channels : of x and of y.
    kernel_size, stride, padding, dilation : of the windows, see :meth:`Windows.of`.
    rng : draws the weights.
    initializer : one of :mod:`derived.nn.initializers`; the bias starts at zero.
    dtype : of the parameters, float32 or float64.
    threads : each takes a part of the output's rows; NumPy lets them run side by side.

    Attributes
    ----------
    parameters : "weight" (out_channels, in_channels, k₁, k₂); "bias" (out_channels,).

    Raises
    ------
    ValueError : if a setting is out of range.

    Source: MIT 6.S191 2019, "The Convolution Operation"; the matrix form: Chellapilla et al.
    2006.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        *,
        rng: np.random.Generator,
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        initializer: initializers.Initializer = initializers.he_normal,
        dtype: DTypeLike = np.float64,
        threads: int = 1,
    ) -> None:
        """Draw the weight, and set the bias to zero."""
        if not isinstance(threads, int | np.integer) or threads < 1:
            raise ValueError(f"threads is a whole number ≥ 1, got {threads!r}")
        self.threads = threads
        self.windows = Windows.of(kernel_size, stride, padding, dilation)
        shape = (out_channels, in_channels, *self.windows.window)
        weight = initializer(shape, rng=rng, dtype=floating_dtype(dtype))
        super().__init__({"weight": weight, "bias": np.zeros(out_channels, weight.dtype)})

    def forward(self, x: ArrayLike) -> Array:
        """Return y: (B, in_channels, H, W) → (B, out_channels, H′, W′).

        Raises
        ------
        ValueError : if x has another number of axes or channels, or a window does not fit.
        """
        weight = self.parameters["weight"]
        x = as_floating(x, weight.dtype)
        picture_shape("Conv2d", x, weight.shape[1])
        rows, columns = self.windows.output_size((x.shape[2], x.shape[3]))
        padded = self.windows.pad(batch_last(x))  # (C, H + p, W + p, B)
        kernel = self._kernel(x.dtype)
        bias = self.parameters["bias"].astype(x.dtype, copy=False)[:, np.newaxis]
        y = np.empty((len(weight), rows, columns, len(x)), x.dtype)

        def fill(first_row: int, last_row: int) -> None:
            for first, last in self._blocks(y, first_row, last_row):
                part = y[:, first:last].reshape(len(weight), -1)  # a view: rows follow each other
                np.matmul(kernel, self._columns(padded, first, last), out=part)
                part += bias

        self._in_threads(fill, rows)
        self._remember(padded, y)
        return batch_first(y)

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x: (B, out_channels, H′, W′) → (B, in_channels, H, W); fill ``gradients``."""
        padded, _ = self._recall()
        parts = self._backward(grad_output, of_input=True)
        if len(parts) == 1 and parts[0][1].shape == padded.shape:
            return batch_first(self.windows.unpad(parts[0][1]))
        gradient = np.zeros_like(padded)
        for first, part in parts:  # neighbors share the rows that windows of both have seen
            gradient[:, first : first + part.shape[1]] += part
        return batch_first(self.windows.unpad(gradient))

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        """Fill ``gradients`` and skip ∂J/∂x."""
        self._backward(grad_output, of_input=False)

    def _backward(self, grad_output: ArrayLike, *, of_input: bool) -> list[tuple[int, Array]]:
        """Fill ``gradients``; return parts of ∂J/∂(padded x), each with its first row."""
        padded, y = self._recall()
        delta = batch_last(self._as_gradient(grad_output, batch_first(y)))  # (O, H', W', B)
        transposed = np.ascontiguousarray(self._kernel(y.dtype).T)  # (C k₁ k₂, O)
        (stride, _), (dilation, _) = self.windows.stride, self.windows.dilation
        reach = dilation * (self.windows.window[0] - 1) + 1

        def sweep(first_row: int, last_row: int) -> tuple[Array, tuple[int, Array]]:
            grad_kernel = np.zeros(transposed.shape[::-1], y.dtype)
            top = first_row * stride
            height = (last_row - 1) * stride + reach - top
            shape = (len(padded), height if of_input else 0, *padded.shape[2:])
            gradient = np.zeros(shape, y.dtype)
            for first, last in self._blocks(y, first_row, last_row):
                part = delta[:, first:last].reshape(len(delta), -1)
                grad_kernel += part @ self._columns(padded, first, last).T
                if of_input:
                    below = gradient[:, first * stride - top :]
                    self._add_back(below, transposed @ part, (last - first, y.shape[2]))
            return grad_kernel, (top, gradient)

        results = self._in_threads(sweep, y.shape[1])
        weight = self.gradients["weight"]
        weight[...] = np.sum([kernel for kernel, _ in results], axis=0).reshape(weight.shape)
        np.sum(delta, axis=(1, 2, 3), out=self.gradients["bias"])
        return [part for _, part in results]

    def _in_threads(self, work: Callable[[int, int], Result], rows: int) -> list[Result]:
        """Return what ``work`` returns for each thread's rows, first … last − 1, in order."""
        threads = min(self.threads, rows)
        borders = [rows * thread // threads for thread in range(threads + 1)]
        if threads == 1:
            return [work(0, rows)]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, borders[:-1], borders[1:]))

    def _kernel(self, dtype: np.dtype[np.floating]) -> Array:
        weight = self.parameters["weight"]
        return weight.reshape(len(weight), -1).astype(dtype, copy=False)  # (O, C k₁ k₂)

    def _blocks(self, y: Array, first_row: int, last_row: int) -> list[tuple[int, int]]:
        """Return output rows, (first, last + 1), whose windows together stay in the cache."""
        _, _, columns, batch = y.shape
        window = self.parameters["weight"][0].size
        least = max(1, window * columns * batch * y.itemsize)
        step = max(1, BLOCK_BYTES // least)
        starts = range(first_row, last_row, step)
        return [(first, min(first + step, last_row)) for first in starts]

    def _columns(self, padded: Array, first: int, last: int) -> Array:
        """Return the windows of some output rows as columns: (C k₁ k₂, places)."""
        windows = self.windows.view(padded, first, last)  # (C, k₁, k₂, rows, columns, B)
        return windows.reshape(self.parameters["weight"][0].size, -1)

    def _add_back(self, below: Array, columns: Array, places: tuple[int, int]) -> None:
        """Add each number of the columns to where its window took it from.

        below : the gradient of the padded input, from the first window's first row.
        places : rows and columns of the windows.
        """
        k1, k2 = self.windows.window
        channels = len(below)
        columns = columns.reshape(channels, k1, k2, *places, below.shape[3])
        for i in range(k1):
            line = self.windows.shifted(below, 1, i, places[0])
            for j in range(k2):
                target = self.windows.shifted(line, 2, j, places[1])
                target += columns[:, i, j]
