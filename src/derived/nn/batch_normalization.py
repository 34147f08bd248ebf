"""Batch normalization: each feature gets mean 0 and variance 1 over the batch, then its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn.arrays import Array, as_floating, floating_dtype
from derived.nn.layer import Layer

__all__ = ["BatchNorm"]

#: Bytes of the features that are normalized at a time: they should stay in the cache of a core.
BLOCK_BYTES = 1_200_000


class BatchNorm(Layer):
    """y = scale · (x − mean) / √(variance + ε) + shift, feature by feature.

    While ``training``, mean and variance are those of the batch (of a picture: over all its places,
    too), and running means of them are kept; else the running means are used.

    Parameters
    ----------
    features : columns of x (B, features), or channels of x (B, features, H, W).
    epsilon : ε, what keeps a constant feature from a division by 0.
    momentum : how far each batch moves the running means.
    dtype : of the parameters, float32 or float64.

    Attributes
    ----------
    parameters : "scale" (γ) and "shift" (β), (features,) each; they start at 1 and 0.
    running_mean, running_variance : (features,); the variance is the unbiased one, as in PyTorch.
    training : whether the batch's own mean and variance are used.

    Raises
    ------
    ValueError : if the features are no whole number ≥ 1, ε is not positive and finite, or the
        momentum lies outside (0, 1].

    Source: Ioffe & Szegedy 2015, algorithm 1.
    """

    def __init__(
        self,
        features: int,
        *,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        dtype: DTypeLike = np.float64,
    ) -> None:
        """Begin with the identity, but for ε."""
        if not isinstance(features, int | np.integer) or features < 1:
            raise ValueError(f"features is a whole number ≥ 1, got {features!r}")
        if not isinstance(epsilon, int | float | np.number) or not 0 < epsilon < np.inf:
            raise ValueError(f"epsilon is a positive number, got {epsilon!r}")
        if not isinstance(momentum, int | float | np.number) or not 0 < momentum <= 1:
            raise ValueError(f"the momentum lies in (0, 1], got {momentum!r}")
        dtype = floating_dtype(dtype)
        super().__init__({"scale": np.ones(features, dtype), "shift": np.zeros(features, dtype)})
        self.epsilon, self.momentum = epsilon, momentum
        self.training = True
        self.running_mean = np.zeros(features, dtype)
        self.running_variance = np.ones(features, dtype)

    def forward(self, x: ArrayLike) -> Array:
        """Return y of the shape of x: (B, features) or (B, features, H, W).

        Raises
        ------
        ValueError : if x has another shape, or while training a feature has one number only.
        """
        scale, shift = self.parameters["scale"], self.parameters["shift"]
        x = as_floating(x, scale.dtype)
        if x.ndim not in (2, 4) or x.shape[1] != len(scale):
            raise ValueError(
                f"BatchNorm expects x of shape (batch, {len(scale)}) or "
                f"(batch, {len(scale)}, rows, columns), got {x.shape}"
            )
        rows = _feature_rows(x)  # (features, numbers of each)
        if self.training and rows.shape[1] < 2:
            raise ValueError("BatchNorm: one number has no variance; give it a larger batch")
        scale, shift = scale.astype(x.dtype, copy=False), shift.astype(x.dtype, copy=False)
        y, mean, inverse = np.empty_like(rows), np.empty_like(scale), np.empty_like(scale)
        for part in _blocks(rows):
            mean[part], variance = self._moments(rows[part], part, y[part])
            inverse[part] = 1 / np.sqrt(variance + self.epsilon)
            y[part] *= (scale[part] * inverse[part])[:, np.newaxis]
            y[part] += shift[part, np.newaxis]
        output = _like(y, x)
        self._remember(rows, mean, inverse, output, np.asarray(float(self.training)))
        return output

    def _moments(self, x: Array, part: slice, centered: Array) -> tuple[Array, Array]:
        """Return the means and variances to use for some features; ``centered`` is x − mean."""
        if not self.training:
            mean, variance = self.running_mean[part], self.running_variance[part]
            np.subtract(x, mean.astype(x.dtype, copy=False)[:, np.newaxis], out=centered)
            return mean, variance
        numbers = x.shape[1]
        mean = x.mean(axis=1)
        np.subtract(x, mean[:, np.newaxis], out=centered)
        variance = _dots(centered, centered) / numbers
        unbiased = variance * (numbers / (numbers - 1))
        self.running_mean[part] += self.momentum * (mean - self.running_mean[part])
        self.running_variance[part] += self.momentum * (unbiased - self.running_variance[part])
        return mean, variance

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x of the shape of x, and fill ``gradients``.

        The mean and the variance depend on x, too: their parts take from ∂J/∂y its mean, and its
        component along the normalized x.
        """
        rows, mean, inverse, output, training = self._recall()
        delta = _feature_rows(self._as_gradient(grad_output, output))
        factor = self.parameters["scale"].astype(rows.dtype, copy=False) * inverse
        gradient = np.empty_like(delta)
        for part in _blocks(delta):
            d, target = delta[part], gradient[part]
            np.subtract(rows[part], mean[part, np.newaxis], out=target)
            shift, scale = d.sum(axis=1), _dots(d, target) * inverse[part]
            self.gradients["shift"][part], self.gradients["scale"][part] = shift, scale
            if training:
                target *= (scale * inverse[part] / -rows.shape[1])[:, np.newaxis]
                target += d
                target -= (shift / rows.shape[1])[:, np.newaxis]
                target *= factor[part, np.newaxis]
            else:
                np.multiply(d, factor[part, np.newaxis], out=target)
        return _like(gradient, output)


def _feature_rows(x: Array) -> Array:
    """Return (B, features, …) as one row for each feature, contiguous."""
    order = (1, *range(2, x.ndim), 0)  # batch last, as pictures lie in the other layers
    return np.ascontiguousarray(x.transpose(order)).reshape(x.shape[1], -1)


def _like(rows: Array, x: Array) -> Array:
    """Return the rows of features in the shape of x, a view."""
    shape = (x.shape[1], *x.shape[2:], x.shape[0])
    return np.moveaxis(rows.reshape(shape), -1, 0)


def _dots(a: Array, b: Array) -> Array:
    """Return the inner product of each row of a with that of b."""
    products: Array = np.matmul(a[:, np.newaxis], b[:, :, np.newaxis])[:, 0, 0]
    return products


def _blocks(rows: Array) -> list[slice]:
    step = max(1, BLOCK_BYTES // max(1, rows[0].nbytes))
    return [slice(first, first + step) for first in range(0, len(rows), step)]
