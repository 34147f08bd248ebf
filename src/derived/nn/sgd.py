"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

import numpy as np

from derived.nn.layer import Layer
from derived.nn.optimizer_arguments import finite_positive, whole_network

__all__ = ["SGD"]


class SGD:
    """θ ← θ − η v with v ← μ v + ∂J/∂θ, in place, for every parameter of a layer.

    Parameters
    ----------
    layer : whose ``parameters`` are changed by its ``gradients``; a network is a layer.
    learning_rate : η > 0; the attribute may be changed between steps (a schedule).
    momentum : 0 ≤ μ < 1; 0 is plain gradient descent.

    Raises
    ------
    TypeError : if ``layer`` is no layer.
    ValueError : if η or μ lies outside its range.

    Source: Selective Introduction, "DL basics" (W ← W − η ∂ℓ/∂W); momentum: Polyak 1964, in the
    form of PyTorch, where the learning rate multiplies the velocity.
    """

    def __init__(self, layer: Layer, learning_rate: float, momentum: float = 0.0) -> None:
        """Start with velocities of zero."""
        self.layer = whole_network(layer)
        self.learning_rate = finite_positive("the learning rate", learning_rate)
        if not isinstance(momentum, int | float | np.number) or not 0 <= momentum < 1:
            raise ValueError(f"the momentum lies in [0, 1), got {momentum!r}")
        self.momentum = float(momentum)
        parameters = layer.parameters
        self._velocity = {name: np.zeros_like(p) for name, p in parameters.items()}
        self._update = {name: np.empty_like(p) for name, p in parameters.items()}

    def step(self) -> None:
        """Take one step with the gradients of the last ``backward``."""
        for name, parameter in self.layer.parameters.items():
            direction = self.layer.gradients[name]
            if self.momentum:
                velocity = self._velocity[name]
                velocity *= self.momentum
                velocity += direction
                direction = velocity
            # The product goes into a kept array: a new one each step would cost more than the sum.
            update = np.multiply(direction, self.learning_rate, out=self._update[name])
            np.subtract(parameter, update, out=parameter)
