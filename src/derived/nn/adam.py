"""Adam: steps in units of the gradient's own running size."""

from __future__ import annotations

import numpy as np

from derived.nn.arrays import Array
from derived.nn.layer import Layer
from derived.nn.optimizer_arguments import finite_positive, whole_network

__all__ = ["Adam"]

#: Numbers of a parameter that are updated at a time: what belongs to them mostly stays in caches.
BLOCK = 65_536


class Adam:
    """θ ← θ − η m̂ / (√v̂ + ε), in place, for every parameter of a layer.

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² are running means of the gradient g and of its
    square; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) make up for their start at zero.

    Parameters
    ----------
    layer : whose parameters are trained; usually a Sequential.
    learning_rate : η > 0; the attribute may be changed between steps (a schedule), also to 0.
    betas : β₁ and β₂, in [0, 1).
    epsilon : ε > 0.

    Raises
    ------
    TypeError : if ``layer`` is no layer.
    ValueError : if a setting lies outside its range, or a parameter has gaps in memory.

    Source: Kingma & Ba 2015, algorithm 1.
    """

    def __init__(
        self,
        layer: Layer,
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        """Start with running means of zero."""
        self.layer = whole_network(layer)
        self.learning_rate = finite_positive("the learning rate", learning_rate)
        self.epsilon = finite_positive("epsilon", epsilon)
        if np.shape(betas) != (2,) or not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas are two numbers in [0, 1), got {betas!r}")
        self.betas = betas
        self.steps = 0
        parameters = layer.parameters
        for name, parameter in parameters.items():
            if not parameter.transpose(_axes(parameter)).flags.c_contiguous:
                raise ValueError(f"{name!r} has gaps in memory: copy it, np.ascontiguousarray(…)")
        # m / (1 − β₁) and v / (1 − β₂): so the gradient is added as it is. They are in the order in
        # which a parameter lies in memory: blocks of it are then contiguous.
        self._mean = {name: np.zeros(p.size, p.dtype) for name, p in parameters.items()}
        self._square = {name: np.zeros(p.size, p.dtype) for name, p in parameters.items()}
        self._spare = {p.dtype: np.empty(BLOCK, p.dtype) for p in parameters.values()}

    def step(self) -> None:
        """Take one step with the gradients of the last ``backward``."""
        self.steps += 1
        for name, parameter in self.layer.parameters.items():
            axes = _axes(parameter)
            flat = parameter.transpose(axes).reshape(-1)  # a view
            gradient = self.layer.gradients[name].transpose(axes).reshape(-1)
            for first in range(0, flat.size, BLOCK):
                part = slice(first, first + BLOCK)
                self._update(
                    flat[part], gradient[part], self._mean[name][part], self._square[name][part]
                )

    def _update(self, parameter: Array, gradient: Array, mean: Array, square: Array) -> None:
        beta1, beta2 = self.betas
        root = self._spare[parameter.dtype][: len(parameter)]
        mean *= beta1
        mean += gradient
        square *= beta2
        np.multiply(gradient, gradient, out=root)
        square += root
        if not self.learning_rate:
            return
        # All constant factors meet in two numbers: each pass over the block takes time.
        size = self.learning_rate * (1 - beta1) / (1 - beta1**self.steps)
        scale = ((1 - beta2) / (1 - beta2**self.steps)) ** 0.5
        np.sqrt(square, out=root)
        root *= scale / size
        root += self.epsilon / size
        np.divide(mean, root, out=root)
        parameter -= root


def _axes(array: Array) -> tuple[int, ...]:
    """Return the axes of an array in the order of its memory, the longest stride first."""
    return tuple(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))
