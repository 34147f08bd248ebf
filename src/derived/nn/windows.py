"""How windows slide over a picture: padding, stride, dilation, and the sizes that they lead to.

Inside the layers pictures lie *batch last*, as (C, H, W, B): every shift of a window is then a
shift of long contiguous runs of numbers. From outside they have the shape (B, C, H, W) as ever;
``batch_first`` is a view, so that a chain of such layers converts its input once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from derived.nn.arrays import Array

__all__ = [
    "Padding",
    "Pair",
    "Windows",
    "batch_first",
    "batch_last",
    "output_length",
    "pair",
    "picture_shape",
]

#: Pictures whose lines the first cache holds side by side.
FEW_PICTURES = 8
#: Bytes of a picture from which on this matters.
LARGE_PICTURE = 4096
#: A number for both axes, or one for the rows and one for the columns.
Pair: TypeAlias = int | tuple[int, int]
#: How many numbers stand before and after each line of the picture.
Padding: TypeAlias = Pair | Literal["valid", "same", "full"]


def pair(name: str, value: Pair, least: int = 1) -> tuple[int, int]:
    """Return ``value`` for both axes.

    Raises
    ------
    ValueError : if it is not one or two whole numbers of at least ``least``.
    """
    numbers = value if isinstance(value, tuple) else (value, value)
    whole = all(
        isinstance(number, int | np.integer) and not isinstance(number, bool) and number >= least
        for number in numbers
    )
    if len(numbers) != 2 or not whole:
        raise ValueError(f"{name} is a whole number ≥ {least} or a pair of them, got {value!r}")
    return int(numbers[0]), int(numbers[1])


def output_length(
    length: int, window: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Return how many places a window has on a line: ⌊(n + p − d (k − 1) − 1) / s⌋ + 1.

    Parameters
    ----------
    length : n, the numbers of the line.
    window : k, the numbers that the window takes.
    stride : s, from one place to the next.
    padding : p, zeros before and after the line together.
    dilation : d, from one number of the window to the next.

    Raises
    ------
    ValueError : if the window does not fit.
    """
    reach = dilation * (window - 1) + 1
    if length + padding < reach:
        raise ValueError(
            f"a window that reaches over {reach} numbers does not fit into a line of {length} "
            f"with {padding} of padding"
        )
    return (length + padding - reach) // stride + 1


def batch_last(x: Array) -> Array:
    """Return (B, C, H, W) as (C, H, W, B), contiguous: a copy only where it does not lie so.

    Large pictures are copied a few at a time: the places of many pictures at once, each in a line
    of the cache of its own, drive one another out of it before the next number of a line is read.
    """
    last = x.transpose(1, 2, 3, 0)
    if last.flags.c_contiguous or x[:1].nbytes < LARGE_PICTURE:
        return np.ascontiguousarray(last)
    y = np.empty(last.shape, x.dtype)
    for first in range(0, len(x), FEW_PICTURES):
        part = slice(first, first + FEW_PICTURES)
        y[..., part] = last[..., part]
    return y


def batch_first(x: Array) -> Array:
    """Return (C, H, W, B) as (B, C, H, W), a view."""
    return x.transpose(3, 0, 1, 2)


@dataclass(frozen=True)
class Windows:
    """Windows of one kind: all pairs are (rows, columns).

    before, after : padding at the top and left, and at the bottom and right.
    """

    window: tuple[int, int]
    stride: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    dilation: tuple[int, int]

    @classmethod
    def of(cls, window: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Windows:
        """Check the settings of a layer.

        padding : "valid" is none, "full" lets the window touch the picture with one number, "same"
            keeps the size (an odd zero goes to the end, as in PyTorch).

        Raises
        ------
        ValueError : if a setting is no whole number, too small, or "same" meets a stride.
        """
        k, s, d = pair("a window", window), pair("stride", stride), pair("dilation", dilation)
        reach = tuple(di * (ki - 1) for ki, di in zip(k, d, strict=True))
        if padding == "same":
            if s != (1, 1):
                raise ValueError(f'padding "same" needs a stride of 1, got {stride!r}')
            before = (reach[0] // 2, reach[1] // 2)
            return cls(k, s, before, (reach[0] - before[0], reach[1] - before[1]), d)
        if padding == "full":
            both = (reach[0], reach[1])
        elif isinstance(padding, str):
            if padding != "valid":
                raise ValueError(f'padding is "valid", "same", "full" or numbers, got {padding!r}')
            both = (0, 0)
        else:
            both = pair("padding", padding, least=0)
        return cls(k, s, both, both, d)

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the rows and columns of the output for a picture of this size.

        Raises
        ------
        ValueError : if the window does not fit.
        """
        rows, columns = (
            output_length(
                size[axis],
                self.window[axis],
                self.stride[axis],
                self.before[axis] + self.after[axis],
                self.dilation[axis],
            )
            for axis in (0, 1)
        )
        return rows, columns

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """Return (C, H, W, B) with its padding; x itself where there is none."""
        if not any((*self.before, *self.after)):
            return x
        channels, height, width, batch = x.shape
        (top, left), (bottom, right) = self.before, self.after
        shape = (channels, top + height + bottom, left + width + right, batch)
        padded = np.full(shape, value, x.dtype)
        padded[:, top : top + height, left : left + width] = x
        return padded

    def unpad(self, padded: Array) -> Array:
        """Return what lies inside the padding, a view."""
        (top, left), (bottom, right) = self.before, self.after
        height, width = padded.shape[1] - bottom, padded.shape[2] - right
        return padded[:, top:height, left:width]

    def view(self, padded: Array, first: int, last: int) -> Array:
        """Return the windows of the output rows first … last − 1, without copying a number.

        From (C, H, W, B) to (C, k₁, k₂, last − first, columns, B).
        """
        channels, _, width, batch = padded.shape
        c, h, w, b = padded.strides
        columns = output_length(width, self.window[1], self.stride[1], 0, self.dilation[1])
        (s, t), (d, e) = self.stride, self.dilation
        return as_strided(
            padded[:, first * s :],
            (channels, *self.window, last - first, columns, batch),
            (c, d * h, e * w, s * h, t * w, b),
            writeable=False,
        )

    def shifted(self, padded: Array, axis: int, step: int, places: int) -> Array:
        """Return, for one number of the window along an axis, where it lies at all places; a view.

        axis : 1 for rows, 2 for columns. step : which number of the window.
        """
        stride, start = self.stride[axis - 1], step * self.dilation[axis - 1]
        part = slice(start, start + (places - 1) * stride + 1, stride)
        return padded[:, part] if axis == 1 else padded[:, :, part]


def picture_shape(name: str, x: Array, channels: int | None = None) -> None:
    """Raise a ValueError unless x is a batch of pictures (B, C, H, W) with so many channels.

    There may be no picture in the batch, but each has a pixel.
    """
    wanted = "channels" if channels is None else str(channels)
    right = x.ndim == 4 and 0 not in x.shape[2:]
    if not right or (channels is not None and x.shape[1] != channels):
        hint = ": one picture is x[np.newaxis]" if x.ndim == 3 else ""
        raise ValueError(
            f"{name} expects x of shape (batch, {wanted}, rows, columns), got {x.shape}{hint}"
        )
