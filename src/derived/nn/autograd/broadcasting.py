"""Broadcasting, backward: an array that was stretched collects what all its copies receive."""

from __future__ import annotations

import numpy as np

from derived.nn.arrays import Array

__all__ = ["spread", "sum_to_shape"]


def sum_to_shape(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Sum ``gradient`` over the axes along which an array of ``shape`` was broadcast.

    Broadcasting uses one entry at many places, so that its derivative is the sum over the places.

    Parameters
    ----------
    gradient : array whose shape is what ``shape`` was broadcast to.
    shape : the shape before broadcasting.
    """
    added = gradient.ndim - len(shape)  # broadcasting puts new axes in front
    stretched = [i for i, n in enumerate(shape, added) if n == 1 and gradient.shape[i] != 1]
    summed: Array = np.sum(gradient, axis=(*range(added), *stretched))
    return summed.reshape(shape)


def spread(
    gradient: Array, shape: tuple[int, ...], axis: int | tuple[int, ...] | None, keepdims: bool
) -> Array:
    """Give every summand of a sum over ``axis`` the gradient of the sum: the reverse of summing.

    Parameters
    ----------
    gradient : array of the shape of the sum.
    shape : the shape of the array that was summed.
    axis, keepdims : as in the sum.
    """
    if axis is not None and not keepdims:
        gradient = np.expand_dims(gradient, axis)
    # A real array, not a view with strides of zero: a matrix product of such a view is slow.
    result: Array = np.empty(shape, gradient.dtype)
    result[...] = gradient
    return result
