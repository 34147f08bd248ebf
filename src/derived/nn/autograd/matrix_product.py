"""The gradients of a @ b for vectors, matrices and stacks of matrices."""

from __future__ import annotations

import numpy as np

from derived.nn.arrays import Array
from derived.nn.autograd.broadcasting import sum_to_shape

__all__ = ["left_gradient", "right_gradient"]


def _as_matrices(gradient: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Give vectors back the axis that ``a @ b`` left out: a is a row, b is a column."""
    if a.ndim == 1:
        a, gradient = a[np.newaxis, :], np.expand_dims(gradient, -1 if b.ndim == 1 else -2)
    if b.ndim == 1:
        b, gradient = b[:, np.newaxis], np.expand_dims(gradient, -1)
    return gradient, a, b


def left_gradient(gradient: Array, a: Array, b: Array) -> Array:
    """Return ∂J/∂a = ∂J/∂y bᵀ for y = a @ b, in the shape of a."""
    if a.ndim == b.ndim == 2:
        return gradient @ b.T
    shape = a.shape
    gradient, a, b = _as_matrices(gradient, a, b)
    return sum_to_shape(gradient @ b.swapaxes(-1, -2), a.shape).reshape(shape)


def right_gradient(gradient: Array, a: Array, b: Array) -> Array:
    """Return ∂J/∂b = aᵀ ∂J/∂y for y = a @ b, in the shape of b."""
    if a.ndim == b.ndim == 2:
        return a.T @ gradient
    shape = b.shape
    gradient, a, b = _as_matrices(gradient, a, b)
    return sum_to_shape(a.swapaxes(-1, -2) @ gradient, b.shape).reshape(shape)
