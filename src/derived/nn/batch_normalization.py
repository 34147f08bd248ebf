"""Batch normalization: each feature gets mean 0 and variance 1 over the batch, then its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn.arrays import Array, as_floating, floating_dtype
from derived.nn.layer import Layer

__all__ = ["BatchNorm"]

#: Bytes of the features that are normalized at a time: they should stay in the cache of a core.
BLOCK_BYTES = 400_000


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
    ValueError : if ε is not positive or the momentum lies outside (0, 1].

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
        if not epsilon > 0:
            raise ValueError(f"epsilon is a positive number, got {epsilon}")
        if not 0 < momentum <= 1:
            raise ValueError(f"the momentum lies in (0, 1], got {momentum}")
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
        normal, y = np.empty_like(rows), np.empty_like(rows)
        inverse = np.empty(len(rows), x.dtype)
        scale, shift = scale.astype(x.dtype, copy=False), shift.astype(x.dtype, copy=False)
        for part in _blocks(rows):
            mean, variance = self._moments(rows, part)
            inverse[part] = 1 / np.sqrt(variance + self.epsilon)
            np.subtract(rows[part], mean[:, np.newaxis].astype(x.dtype), out=normal[part])
            normal[part] *= inverse[part, np.newaxis]
            np.multiply(normal[part], scale[part, np.newaxis], out=y[part])
            y[part] += shift[part, np.newaxis]
        output = _like(y, x)
        self._remember(normal, inverse, output, np.asarray(float(self.training)))
        return output

    def _moments(self, rows: Array, part: slice) -> tuple[Array, Array]:
        """Return the means and variances to use for some features."""
        if not self.training:
            return self.running_mean[part], self.running_variance[part]
        numbers = rows.shape[1]
        mean = rows[part].mean(axis=1)
        centred = rows[part] - mean[:, np.newaxis]
        variance = np.einsum("fn,fn->f", centred, centred) / numbers
        unbiased = variance * (numbers / (numbers - 1))
        self.running_mean[part] += self.momentum * (mean - self.running_mean[part])
        self.running_variance[part] += self.momentum * (unbiased - self.running_variance[part])
        return mean, variance

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x of the shape of x, and fill ``gradients``.

        The mean and the variance depend on x, too: their parts take from ∂J/∂y its mean, and its
        component along the normalized x.
        """
        normal, inverse, output, training = self._recall()
        delta = _feature_rows(self._as_gradient(grad_output, output))
        grad_scale, grad_shift = self.gradients["scale"], self.gradients["shift"]
        factor = self.parameters["scale"].astype(normal.dtype, copy=False) * inverse
        gradient = np.empty_like(delta)
        for part in _blocks(delta):
            d, x = delta[part], normal[part]
            shift, scale = d.sum(axis=1), np.einsum("fn,fn->f", d, x)
            grad_shift[part], grad_scale[part] = shift, scale
            target = gradient[part]
            if training:
                np.multiply(x, (scale / x.shape[1])[:, np.newaxis], out=target)
                np.subtract(d, target, out=target)
                target -= (shift / x.shape[1])[:, np.newaxis]
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


def _blocks(rows: Array) -> list[slice]:
    step = max(1, BLOCK_BYTES // max(1, rows[0].nbytes))
    return [slice(first, first + step) for first in range(0, len(rows), step)]
