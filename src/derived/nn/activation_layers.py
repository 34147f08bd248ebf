"""The activation functions as layers: they keep what ``backward`` needs, and have no parameters.

Each maps x of any shape (for :class:`Softmax`: at least one axis) to y of the same shape.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from derived.nn import activations
from derived.nn.arrays import Array, as_floating
from derived.nn.layer import Layer

__all__ = ["ELU", "LeakyReLU", "ReLU", "Sigmoid", "Softmax", "Step", "Tanh"]


class _ActivationLayer(Layer):
    """Remembers x and y = f(x), and compares the shape of a gradient with that of y."""

    @abstractmethod
    def _function(self, x: Array) -> Array:
        """Return f(x)."""

    @abstractmethod
    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        """Return ∂J/∂x from ∂J/∂y."""

    def forward(self, x: ArrayLike) -> Array:
        """Return f(x), an array of the shape of x."""
        x = as_floating(x)
        y = self._function(x)
        self._remember(x, y)
        return y

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x of the shape of x (the errors are those of :meth:`Layer.backward`)."""
        x, y = self._recall()
        return self._pull_back(x, y, self._as_gradient(grad_output, y))


def _finite(name: str, value: float) -> float:
    if not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise ValueError(f"{name} is a finite number, got {value!r}")
    return float(value)  # a NumPy number would turn float32 into float64


class Step(_ActivationLayer):
    """The threshold unit: 1 where x > 0, else 0. Its gradient is zero, so that nothing learns."""

    def _function(self, x: Array) -> Array:
        return activations.step(x)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        return np.zeros_like(grad_output)


class Sigmoid(_ActivationLayer):
    """y = σ(x), with ∂y/∂x = y (1 − y)."""

    def _function(self, x: Array) -> Array:
        return activations.sigmoid(x)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        return grad_output * y * (1 - y)


class Tanh(_ActivationLayer):
    """y = tanh x, with ∂y/∂x = 1 − y²."""

    def _function(self, x: Array) -> Array:
        return activations.tanh(x)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        return grad_output * (1 - y**2)


class ReLU(_ActivationLayer):
    """y = max(x, 0), with ∂y/∂x = 1 where x > 0, else 0."""

    def _function(self, x: Array) -> Array:
        return activations.relu(x)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        return grad_output * (y > 0)


class LeakyReLU(_ActivationLayer):
    """y = x where x > 0, else slope · x."""

    def __init__(self, slope: float = 0.1) -> None:
        """Keep the slope of the negative side (0.1 on the slide, 0.01 in PyTorch)."""
        super().__init__()
        self.slope = _finite("the slope", slope)

    def _function(self, x: Array) -> Array:
        return activations.leaky_relu(x, self.slope)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        return grad_output * activations.leaky_relu_derivative(x, self.slope)


class ELU(_ActivationLayer):
    """y = x where x > 0, else α (exp(x) − 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        """Keep α, minus the limit of y for x → −∞."""
        super().__init__()
        self.alpha = _finite("alpha", alpha)

    def _function(self, x: Array) -> Array:
        return activations.elu(x, self.alpha)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        return grad_output * activations.elu_derivative(x, self.alpha)


class Softmax(_ActivationLayer):
    """y = softmax(x) along one axis, with ∂J/∂xₖ = yₖ (∂J/∂yₖ − Σⱼ yⱼ ∂J/∂yⱼ).

    For training, :class:`derived.nn.CrossEntropy` takes the logits x and needs no softmax layer.
    """

    def __init__(self, axis: int = -1) -> None:
        """Keep the axis along which the outputs sum to one."""
        super().__init__()
        self.axis = axis

    def _function(self, x: Array) -> Array:
        return activations.softmax(x, self.axis)

    def _pull_back(self, x: Array, y: Array, grad_output: Array) -> Array:
        mean = np.sum(y * grad_output, axis=self.axis, keepdims=True)
        gradient: Array = y * (grad_output - mean)
        return gradient
