"""Random initial weights whose variance keeps signals from fading or exploding.

An initializer is called as ``initializer(shape, rng=rng, dtype=dtype)`` and returns a new array.
The shape is that of a weight, (out, in) for a dense layer; further axes (the window of a
convolution) multiply both fans: fan_in = in · window, fan_out = out · window.
Source: Selective Introduction, "Initializing Weights".
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from derived.nn.arrays import Array

__all__ = [
    "Initializer",
    "constant",
    "fans",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "normal",
    "zeros",
]


class Initializer(Protocol):
    """What a layer expects of an initializer."""

    def __call__(
        self, shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
    ) -> Array:
        """Return a new array of ``shape`` and ``dtype``, drawn with ``rng``."""


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (fan_in, fan_out), how many numbers enter and leave a unit.

    Raises
    ------
    ValueError : if the shape has fewer than two axes, or a length is no whole number ≥ 1.
    """
    whole = all(isinstance(length, int | np.integer) for length in shape)
    if len(shape) < 2 or not whole or min(shape) < 1:
        raise ValueError(
            f"a weight has the shape (out, in, ...) with whole lengths ≥ 1, got {shape}"
        )
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def _require_generator(rng: np.random.Generator) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is a numpy.random.default_rng(seed), got {rng!r}")


def _normal(
    shape: tuple[int, ...], variance: float, rng: np.random.Generator, dtype: DTypeLike
) -> Array:
    _require_generator(rng)
    return (rng.standard_normal(shape) * math.sqrt(variance)).astype(dtype)


def _uniform(
    shape: tuple[int, ...], variance: float, rng: np.random.Generator, dtype: DTypeLike
) -> Array:
    _require_generator(rng)
    bound = math.sqrt(3 * variance)  # the variance of a uniform number in ±a is a²/3
    return rng.uniform(-bound, bound, shape).astype(dtype)


def glorot_uniform(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> Array:
    """Draw uniformly with variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, equation 16)."""
    return _uniform(shape, 2 / sum(fans(shape)), rng, dtype)


def glorot_normal(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> Array:
    """Draw from a normal distribution of variance 2 / (fan_in + fan_out)."""
    return _normal(shape, 2 / sum(fans(shape)), rng, dtype)


def he_uniform(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> Array:
    """Draw uniformly with variance 2 / fan_in."""
    return _uniform(shape, 2 / fans(shape)[0], rng, dtype)


def he_normal(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> Array:
    """Draw normally with variance 2 / fan_in: ReLU drops half the signal (He et al. 2015)."""
    return _normal(shape, 2 / fans(shape)[0], rng, dtype)


def lecun_normal(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> Array:
    """Draw from a normal distribution of variance 1 / fan_in (LeCun et al. 1998)."""
    return _normal(shape, 1 / fans(shape)[0], rng, dtype)


def zeros(
    shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> Array:
    """Return zeros: the units of a hidden layer then stay equal, no symmetry is broken."""
    return np.zeros(shape, dtype)


def constant(value: float) -> Initializer:
    """Return an initializer that gives every weight the same ``value``."""

    def initializer(
        shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
    ) -> Array:
        return np.full(shape, value, dtype)

    return initializer


def normal(standard_deviation: float) -> Initializer:
    """Return an initializer of normal numbers with mean 0, whatever the fans are.

    Raises
    ------
    ValueError : if the standard deviation is negative.
    """
    if not standard_deviation >= 0:
        raise ValueError(f"a standard deviation is ≥ 0, got {standard_deviation}")

    def initializer(
        shape: tuple[int, ...], *, rng: np.random.Generator, dtype: DTypeLike = np.float64
    ) -> Array:
        return _normal(shape, standard_deviation**2, rng, dtype)

    return initializer
