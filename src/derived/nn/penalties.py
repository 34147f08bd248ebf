"""Penalties on the weights of a network: what they add to the loss, and to its gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from derived.nn.arrays import Array
from derived.nn.layer import Layer

__all__ = ["L1Penalty", "L2Penalty", "Penalty"]


class Penalty(ABC):
    """λ Ω(w) of all weights w of a layer; its biases, scales and shifts go free.

    A weight is a parameter with two axes or more. A training step reads ::

        value = loss.forward(network.forward(x), target) + penalty.forward()
        network.backward(loss.backward())
        penalty.backward()  # adds λ ∂Ω/∂w to the network's gradients
        optimizer.step()

    Parameters
    ----------
    layer : whose weights are penalized; a network is a layer.
    strength : λ ≥ 0.

    Raises
    ------
    TypeError : if the layer is none of ``derived.nn``.
    ValueError : if λ is negative, not finite or no number.

    Source: Na 2020, "Regularization: Parameter Norm Penalties".
    """

    def __init__(self, layer: Layer, strength: float) -> None:
        """Find the weights."""
        if not isinstance(layer, Layer):
            raise TypeError(f"a penalty needs a layer or a network of derived.nn, got {layer!r}")
        if not isinstance(strength, int | float | np.number) or not 0 <= strength < np.inf:
            raise ValueError(f"the strength of a penalty is 0 or positive, got {strength!r}")
        self.layer, self.strength = layer, float(strength)
        self.names = [
            name
            for name, array in layer.parameters.items()
            if array.ndim >= 2 and not name.endswith("bias")  # Maxout's has a row for each piece
        ]

    def forward(self) -> float:
        """Return λ Ω(w)."""
        parameters = self.layer.parameters
        return self.strength * sum(self._norm(parameters[name]) for name in self.names)

    def backward(self) -> None:
        """Add λ ∂Ω/∂w to the gradients of the layer."""
        for name in self.names:
            gradient = self.layer.gradients[name]
            gradient += self.strength * self._slope(self.layer.parameters[name])

    @abstractmethod
    def _norm(self, weight: Array) -> float:
        """Return the part of one array in Ω."""

    @abstractmethod
    def _slope(self, weight: Array) -> Array:
        """Return ∂Ω/∂w for one array."""


class L2Penalty(Penalty):
    """Ω = ½ Σ w², which pulls each weight back in proportion to its size."""

    def _norm(self, weight: Array) -> float:
        return 0.5 * float(np.sum(weight**2))

    def _slope(self, weight: Array) -> Array:
        return weight


class L1Penalty(Penalty):
    """Ω = Σ |w|, which pulls each weight back with the same force; at 0 there is none."""

    def _norm(self, weight: Array) -> float:
        return float(np.sum(np.abs(weight)))

    def _slope(self, weight: Array) -> Array:
        slope: Array = np.sign(weight)
        return slope
