"""The layer between pictures and dense layers."""

from __future__ import annotations

from math import prod

from numpy.typing import ArrayLike

from derived.nn.arrays import Array, as_floating
from derived.nn.layer import Layer

__all__ = ["Flatten"]


class Flatten(Layer):
    """y = the numbers of each example in one row: (B, …) → (B, features)."""

    def forward(self, x: ArrayLike) -> Array:
        """Return the rows.

        Raises
        ------
        ValueError : if x has no axis for the batch.
        """
        x = as_floating(x)
        if x.ndim < 1:
            raise ValueError(f"Flatten expects x of shape (batch, ...), got {x.shape}")
        y = x.reshape(len(x), prod(x.shape[1:]))
        self._remember(x, y)
        return y

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x, the same numbers in the shape of x."""
        x, y = self._recall()
        return self._as_gradient(grad_output, y).reshape(x.shape)
