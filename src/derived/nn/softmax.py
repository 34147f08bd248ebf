"""Log-sum-exp, and what is built on it: softmax and its logarithm, safe from overflow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from derived.nn.arrays import Array, as_floating

__all__ = ["log_softmax", "log_sum_exp", "softmax"]


def log_sum_exp(z: ArrayLike, axis: int | tuple[int, ...] = -1, keepdims: bool = False) -> Array:
    """Return log Σₖ exp(zₖ) along ``axis``.

    The largest zₖ is taken out of the sum first: log Σ exp(zₖ) = m + log Σ exp(zₖ − m). Every
    exponent is then ≤ 0 and one of them is 0, so that nothing overflows and the logarithm never
    sees a zero.

    Parameters
    ----------
    z : array of any shape; −∞ is allowed (an impossible class).
    axis : the axis or axes to sum over.
    keepdims : keep those axes with length one.
    """
    z = as_floating(z)
    largest = np.max(z, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, 0)  # ∞ − ∞ would be NaN
    with np.errstate(divide="ignore"):  # all zₖ = −∞: the logarithm of 0 is −∞, as it should be
        result: Array = np.log(np.sum(np.exp(z - shift), axis=axis, keepdims=True)) + shift
    return result if keepdims else np.asarray(np.squeeze(result, axis=axis))


def softmax(z: ArrayLike, axis: int = -1) -> Array:
    """Return exp(zₖ) / Σⱼ exp(zⱼ) along ``axis``; same shape as z, sums to one.

    Adding a constant to all zₖ changes nothing, so the largest is subtracted: no overflow.
    Source: Selective Introduction, "DL basics" (the output).
    """
    z = as_floating(z)
    p: Array = np.exp(z - np.max(z, axis=axis, keepdims=True))
    p /= np.sum(p, axis=axis, keepdims=True)
    return p


def log_softmax(z: ArrayLike, axis: int = -1) -> Array:
    """Return zₖ − log Σⱼ exp(zⱼ) along ``axis``; same shape as z.

    This is log softmax(z), finite even where the softmax itself underflows to zero.
    """
    z = as_floating(z)
    shifted: Array = z - np.max(z, axis=axis, keepdims=True)
    shifted -= np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return shifted
