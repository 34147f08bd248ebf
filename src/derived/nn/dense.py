"""The dense (fully connected) layer: every output sees every input."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn import initializers
from derived.nn.arrays import Array, as_floating, floating_dtype, sum_rows
from derived.nn.layer import Layer

__all__ = ["Dense"]


class Dense(Layer):
    """y = x Wᵀ + b for every row x of a batch.

    Parameters
    ----------
    in_features, out_features : lengths of a row of x and of y.
    rng : draws the weights.
    initializer : one of :mod:`derived.nn.initializers`; the bias starts at zero.
    dtype : of the parameters, float32 or float64.

    Attributes
    ----------
    parameters : "weight" (out_features, in_features), row = destination; "bias" (out_features,).

    Source: Selective Introduction, "DL basics": h = σ(W h + b), here with one example a row.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        rng: np.random.Generator,
        initializer: initializers.Initializer = initializers.glorot_uniform,
        dtype: DTypeLike = np.float64,
    ) -> None:
        """Draw the weight, and set the bias to zero."""
        dtype = floating_dtype(dtype)
        # Stored column by column: Wᵀ, which the forward product reads, is then contiguous.
        weight = np.asfortranarray(initializer((out_features, in_features), rng=rng, dtype=dtype))
        super().__init__({"weight": weight, "bias": np.zeros(out_features, dtype)})

    def forward(self, x: ArrayLike) -> Array:
        """Return x Wᵀ + b: (B, in_features) → (B, out_features).

        Raises
        ------
        ValueError : if x is not a batch of rows of length in_features.
        """
        weight, bias = self.parameters["weight"], self.parameters["bias"]
        x = as_floating(x, weight.dtype)
        if x.ndim != 2 or x.shape[1] != weight.shape[1]:
            raise ValueError(
                f"Dense expects x of shape (batch, {weight.shape[1]}), got {x.shape}"
                + (": one example is x[np.newaxis]" if x.shape == weight.shape[1:] else "")
            )
        y = x @ weight.T.astype(x.dtype, copy=False)  # (B, out)
        y += bias  # in place: y is ours, and half the memory traffic
        self._remember(x, y)
        return y

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x = ∂J/∂y W: (B, out_features) → (B, in_features), and fill ``gradients``."""
        self.backward_parameters(grad_output)
        x, y = self._recall()
        weight = self.parameters["weight"].astype(x.dtype, copy=False)
        return self._as_gradient(grad_output, y) @ weight

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        """Fill ∂J/∂W = (∂J/∂y)ᵀ x, shape (out, in), and ∂J/∂b, the sum of ∂J/∂y over the batch."""
        x, y = self._recall()
        delta = self._as_gradient(grad_output, y)
        np.matmul(delta.T, x, out=self.gradients["weight"], casting="same_kind")
        sum_rows(delta, self.gradients["bias"])
