"""Activation functions and their derivatives, entry by entry, on arrays of any shape.

At a kink, where no derivative exists, the one from the left is taken, as PyTorch does.
Sources: MIT 6.S191 2019, "Common Activation Functions" (sigmoid, tanh, ReLU); Selective
Introduction, "Activations" (leaky ReLU, maxout, ELU); Brains, Minds & Machines 2018, "Binary
classification" (the threshold unit, whose value at 0 the slide leaves open).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from derived.nn.arrays import Array, as_floating
from derived.nn.softmax import log_softmax, log_sum_exp, softmax

__all__ = [
    "elu",
    "elu_derivative",
    "leaky_relu",
    "leaky_relu_derivative",
    "log_softmax",
    "log_sum_exp",
    "maxout",
    "relu",
    "relu_derivative",
    "sigmoid",
    "sigmoid_derivative",
    "softmax",
    "step",
    "step_derivative",
    "tanh",
    "tanh_derivative",
]


def step(z: ArrayLike) -> Array:
    """Return 1 where z > 0, else 0: the threshold unit, with the book's convention g(0) = 0."""
    z = as_floating(z)
    return (z > 0).astype(z.dtype)


def step_derivative(z: ArrayLike) -> Array:
    """Return 0 everywhere, also at the jump: a step passes no gradient back."""
    return np.zeros_like(as_floating(z))


def sigmoid(z: ArrayLike) -> Array:
    """Return σ(z) = 1 / (1 + exp(−z)).

    For z < 0 the equal form exp(z) / (1 + exp(z)) is used: the exponent is never positive, so that
    nothing overflows, and small values of σ keep all their digits.
    """
    z = as_floating(z)
    e = np.exp(-np.abs(z))
    y: Array = np.where(z >= 0, 1, e) / (1 + e)
    return y


def sigmoid_derivative(z: ArrayLike) -> Array:
    """Return σ'(z) = σ(z) σ(−z), which is σ(z) (1 − σ(z)) without its cancellation."""
    z = as_floating(z)
    return sigmoid(z) * sigmoid(-z)


def tanh(z: ArrayLike) -> Array:
    """Return tanh z = (exp(z) − exp(−z)) / (exp(z) + exp(−z))."""
    return np.tanh(as_floating(z))


def tanh_derivative(z: ArrayLike) -> Array:
    """Return 1 − tanh² z."""
    return 1 - np.tanh(as_floating(z)) ** 2


def relu(z: ArrayLike) -> Array:
    """Return max(z, 0)."""
    return np.maximum(as_floating(z), 0)


def relu_derivative(z: ArrayLike) -> Array:
    """Return 1 where z > 0, else 0."""
    z = as_floating(z)
    return (z > 0).astype(z.dtype)


def leaky_relu(z: ArrayLike, slope: float = 0.1) -> Array:
    """Return z where z > 0, else slope · z. The lecture's slope is 0.1 (PyTorch's is 0.01)."""
    z = as_floating(z)
    return np.where(z > 0, z, float(slope) * z)


def leaky_relu_derivative(z: ArrayLike, slope: float = 0.1) -> Array:
    """Return 1 where z > 0, else ``slope``."""
    z = as_floating(z)
    return np.where(z > 0, 1, slope).astype(z.dtype)


def elu(z: ArrayLike, alpha: float = 1.0) -> Array:
    """Return z where z > 0, else α (exp(z) − 1) (Clevert, Unterthiner & Hochreiter 2016).

    The exponential is evaluated on min(z, 0) only: the branch that is not used cannot overflow.
    """
    z = as_floating(z)
    return np.where(z > 0, z, float(alpha) * np.expm1(np.minimum(z, 0)))


def elu_derivative(z: ArrayLike, alpha: float = 1.0) -> Array:
    """Return 1 where z > 0, else α exp(z). It is continuous only for α = 1."""
    z = as_floating(z)
    return np.where(z > 0, 1, float(alpha) * np.exp(np.minimum(z, 0)))


def maxout(z: ArrayLike, axis: int = -1) -> Array:
    """Return the largest of the affine pieces that lie along ``axis``; that axis disappears.

    Source: Goodfellow et al. 2013. :class:`derived.nn.Maxout` makes the pieces from its input.
    """
    return np.asarray(np.max(as_floating(z), axis=axis))
