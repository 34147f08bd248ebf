"""The maxout layer: the largest of several affine functions, a convex function that is learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn import initializers
from derived.nn.arrays import Array, as_floating, floating_dtype
from derived.nn.layer import Layer

__all__ = ["Maxout"]


class Maxout(Layer):
    """y = maxₚ (x Wₚᵀ + bₚ), unit by unit. With two pieces it can be ReLU, |x| or leaky ReLU.

    Parameters
    ----------
    in_features, out_features : lengths of a row of x and of y.
    pieces : how many affine functions compete for each output.
    rng : draws the weights.
    initializer : called once a piece; the biases start at zero.
    dtype : of the parameters, float32 or float64.

    Attributes
    ----------
    parameters : "weight" (pieces, out_features, in_features); "bias" (pieces, out_features).

    Source: Goodfellow et al. 2013; Selective Introduction, "Activations" (two pieces).
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        *,
        rng: np.random.Generator,
        initializer: initializers.Initializer = initializers.glorot_uniform,
        dtype: DTypeLike = np.float64,
    ) -> None:
        """Draw the weights piece by piece, and set the biases to zero."""
        if pieces < 1:
            raise ValueError(f"Maxout needs at least one piece, got {pieces}")
        shape, dtype = (out_features, in_features), floating_dtype(dtype)
        weight = np.stack([initializer(shape, rng=rng, dtype=dtype) for _ in range(pieces)])
        super().__init__({"weight": weight, "bias": np.zeros((pieces, out_features), dtype)})

    def forward(self, x: ArrayLike) -> Array:
        """Return the largest piece of each unit: (B, in_features) → (B, out_features).

        Raises
        ------
        ValueError : if x is not a batch of rows of length in_features.
        """
        weight, bias = self.parameters["weight"], self.parameters["bias"]
        x = as_floating(x, weight.dtype)
        if x.ndim != 2 or x.shape[1] != weight.shape[2]:
            raise ValueError(f"Maxout expects x of shape (batch, {weight.shape[2]}), got {x.shape}")
        z = x @ weight.swapaxes(1, 2).astype(x.dtype, copy=False)  # (P, B, out)
        z += bias[:, np.newaxis]
        y: Array = np.max(z, axis=0)
        # At a tie the first piece wins alone, so that the gradients of the pieces sum to ∂J/∂y.
        winner = np.argmax(z, axis=0) == np.arange(len(z))[:, np.newaxis, np.newaxis]
        self._remember(x, y, winner.astype(x.dtype))
        return y

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x: (B, out_features) → (B, in_features), and fill ``gradients``.

        The winning piece of an output receives its gradient; the others receive none.
        """
        x, y, winner = self._recall()
        delta = winner * self._as_gradient(grad_output, y)  # (P, B, out)
        np.matmul(delta.swapaxes(1, 2), x, out=self.gradients["weight"], casting="same_kind")
        np.sum(delta, axis=1, out=self.gradients["bias"])
        weight = self.parameters["weight"].astype(x.dtype, copy=False)
        gradient: Array = np.sum(delta @ weight, axis=0)
        return gradient
