"""Batch normalization: each feature gets mean 0 and variance 1 over the batch, then its own."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn.arrays import Array, as_floating, floating_dtype
from derived.nn.layer import Layer
from derived.nn.windows import batch_last

__all__ = ["BatchNorm"]

#: Bytes of the features that are normalized at a time: they should stay in the cache of a core.
BLOCK_BYTES = 1_200_000
#: Bytes of the features of one picture: shorter runs would cost more than the cache saves.
RUN_BYTES = 100_000
#: Numbers of a feature in one picture from which on pictures may lie one after the other.
LONG = 64


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
        lines = _lines(x, like=None)  # (outer, features, inner)
        if self.training and lines[:, 0].size < 2:
            raise ValueError("BatchNorm: one number has no variance; give it a larger batch")
        scale, shift = scale.astype(x.dtype, copy=False), shift.astype(x.dtype, copy=False)
        y, mean, inverse = np.empty_like(lines), np.empty_like(scale), np.empty_like(scale)
        for part in _blocks(lines):
            target = y[:, part]
            mean[part], variance = self._moments(lines[:, part], part, target)
            inverse[part] = 1 / np.sqrt(variance + self.epsilon)
            target *= _wide(scale[part] * inverse[part], target)
            target += _wide(shift[part], target)
        output = _pictures(y, x.shape)
        self._remember(lines, mean, inverse, output, np.asarray(float(self.training)))
        return output

    def _moments(self, x: Array, part: slice, centered: Array) -> tuple[Array, Array]:
        """Return the means and variances to use for some features; ``centered`` is x − mean."""
        if not self.training:
            mean, variance = self.running_mean[part], self.running_variance[part]
            np.subtract(x, _wide(mean.astype(x.dtype, copy=False), x), out=centered)
            return mean, variance
        numbers = x[:, 0].size
        mean = x.mean(axis=(0, 2))
        np.subtract(x, _wide(mean, x), out=centered)
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
        lines, mean, inverse, output, training = self._recall()
        delta = _lines(self._as_gradient(grad_output, output), like=lines)
        factor = self.parameters["scale"].astype(lines.dtype, copy=False) * inverse
        gradient, numbers = np.empty_like(delta), lines[:, 0].size
        for part in _blocks(delta):
            d, target = delta[:, part], gradient[:, part]
            np.subtract(lines[:, part], _wide(mean[part], target), out=target)
            shift, scale = d.sum(axis=(0, 2)), _dots(d, target) * inverse[part]
            self.gradients["shift"][part], self.gradients["scale"][part] = shift, scale
            if training:
                target *= _wide(scale * inverse[part] / -numbers, target)
                target += d
                target -= _wide(shift / numbers, target)
                target *= _wide(factor[part], target)
            else:
                np.multiply(d, _wide(factor[part], target), out=target)
        return _pictures(gradient, output.shape)


def _lines(x: Array, like: Array | None) -> Array:
    """Return (B, features, …) as (outer, features, inner), contiguous.

    Batch last, as pictures lie in the other layers, every feature is one long line and outer is 1.
    Pictures that lie one after the other stay so, without a copy, unless they are tiny: outer is B.

    like : the result for another array of this shape, whose order is to be kept.
    """
    places = prod(x.shape[2:])
    as_it_is = places >= LONG and x.flags.c_contiguous if like is None else like.shape[0] != 1
    if as_it_is:
        return np.ascontiguousarray(x).reshape(len(x), x.shape[1], places)
    last = batch_last(x if x.ndim == 4 else x[..., np.newaxis, np.newaxis])
    return last.reshape(1, x.shape[1], -1)


def _pictures(lines: Array, shape: tuple[int, ...]) -> Array:
    """Return (outer, features, inner) in the shape that it had before ``_lines``, a view."""
    if lines.shape[0] == shape[0]:
        return lines.reshape(shape)
    return np.moveaxis(lines.reshape(shape[1], *shape[2:], shape[0]), -1, 0)


def _dots(a: Array, b: Array) -> Array:
    """Return the inner product of each feature of a with that of b, both (outer, features, inner).

    A line at a time, as products of matrices; the outer ones are added up.
    """
    products: Array = np.matmul(a[:, :, np.newaxis], b[..., np.newaxis])[..., 0, 0].sum(axis=0)
    return products


def _wide(values: Array, lines: Array) -> Array:
    """Return one value for each feature, to compute with (outer, features, inner).

    Written out along the line where lines are short: NumPy then takes the lines of all features in
    one run, where one value for a line costs a run for each.
    """
    column = values[:, np.newaxis]
    return column if len(lines) == 1 else np.repeat(column, lines.shape[2], axis=1)


def _blocks(lines: Array) -> list[slice]:
    """Return the features in parts that stay in the cache; their lines follow one another."""
    outer, line = max(1, len(lines)), max(1, lines[:1, 0].nbytes)
    step = max(1, BLOCK_BYTES // (outer * line))
    if outer > 1:
        step = max(step, RUN_BYTES // line)
    return [slice(first, first + step) for first in range(0, lines.shape[1], step)]
