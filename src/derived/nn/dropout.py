"""Dropout: while training, each number of the input is kept with a probability, else zero."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from derived.nn.arrays import Array, as_floating
from derived.nn.layer import Layer

__all__ = ["Dropout"]


class Dropout(Layer):
    """y = m ∘ x / p while training, with independent m = 1 (probability p) or 0; else y = x.

    Dividing by p ("inverted dropout") makes x the mean of y, so that nothing needs to be scaled
    when the network is used. PyTorch's argument is the other probability, that of dropping, 1 − p.

    Parameters
    ----------
    keep : p, in (0, 1].
    rng : the generator of the masks; each ``forward`` while training draws a new one, of the shape
        of x, from numbers in float32, so that the mask does not depend on the dtype of x.

    Attributes
    ----------
    training : whether numbers are dropped.

    Raises
    ------
    TypeError : if rng is no ``numpy.random.Generator``.
    ValueError : if p is not a number in (0, 1].

    Source: Srivastava et al. 2014; Na 2020, "Dropout", where the weights are scaled in testing.
    """

    def __init__(self, keep: float = 0.5, *, rng: np.random.Generator) -> None:
        """Keep p and the generator."""
        if not isinstance(keep, int | float | np.number) or not 0 < keep <= 1:
            raise ValueError(f"the probability to keep lies in (0, 1], got {keep!r}")
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng is a numpy.random.default_rng(seed), got {rng!r}")
        super().__init__()
        self.keep, self.rng = float(keep), rng
        self.training = True

    def forward(self, x: ArrayLike) -> Array:
        """Return y, of the shape and dtype of x."""
        x = as_floating(x)
        if not self.training:
            self._remember(np.ones((1,) * x.ndim, x.dtype), x)
            return x
        factor = self.mask(x.shape).astype(x.dtype)
        factor /= x.dtype.type(self.keep)
        y = x * factor
        self._remember(factor, y)
        return y

    def mask(self, shape: tuple[int, ...]) -> Array:
        """Draw a mask of zeros and ones, one with probability p."""
        kept: Array = (self.rng.random(shape, dtype=np.float32) < self.keep).astype(np.float32)
        return kept

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x = m ∘ ∂J/∂y / p, with the mask of the last ``forward``."""
        factor, y = self._recall()
        gradient: Array = self._as_gradient(grad_output, y) * factor
        return gradient

    def __repr__(self) -> str:
        """Show the probability to keep."""
        return f"Dropout(keep={self.keep:g})"
