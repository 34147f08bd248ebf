"""What every layer is: a function of its input that can send a gradient back through itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from derived.nn.arrays import Array, as_floating
from derived.nn.named_arrays import NamedArrays

__all__ = ["Layer"]


class Layer(ABC):
    """A differentiable function y = f(x; θ) of a batch x, one example a row.

    Attributes
    ----------
    parameters : name → θ, the arrays that an optimizer changes in place.
    gradients : name → ∂J/∂θ of the same shape, overwritten by each ``backward``.

    A subclass implements ``forward`` and ``backward``. Whatever ``backward`` needs, ``forward``
    remembers (:meth:`_remember`); :meth:`_recall` raises a clear error if there is nothing yet.
    It copies none of it: between the two, neither x nor y may be changed in place.
    Source: Brains, Minds & Machines 2018, "The 'errors' being backpropagated".
    """

    def __init__(
        self,
        parameters: Mapping[str, Array] | None = None,
        gradients: Mapping[str, Array] | None = None,
    ) -> None:
        """Keep the arrays; gradients of zeros are made where none are given."""
        parameters = parameters or {}
        if gradients is None:
            gradients = {name: np.zeros_like(array) for name, array in parameters.items()}
        self._parameters = NamedArrays(parameters)
        self._gradients = NamedArrays(gradients)
        self._memory: tuple[Array, ...] | None = None

    @property
    def parameters(self) -> NamedArrays:
        """The arrays θ by name; ``parameters["bias"] = values`` copies the values in."""
        return self._parameters

    @property
    def gradients(self) -> NamedArrays:
        """The arrays ∂J/∂θ by the same names."""
        return self._gradients

    @abstractmethod
    def forward(self, x: ArrayLike) -> Array:
        """Return f(x; θ). The output has the dtype of the input."""

    @abstractmethod
    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x, given ∂J/∂y for the y of the last ``forward``, and fill ``gradients``.

        Raises
        ------
        RuntimeError : if ``forward`` was not called before.
        ValueError : if ``grad_output`` does not have the shape of y.
        TypeError : if it does not consist of real numbers.
        """

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        """Fill ``gradients`` and skip ∂J/∂x, which the first layer of a network needs for nobody.

        The errors are those of ``backward``.
        """
        self.backward(grad_output)

    def __call__(self, x: ArrayLike) -> Array:
        """Return ``forward(x)``."""
        return self.forward(x)

    def __repr__(self) -> str:
        """Show the name of the class and the shapes of the parameters."""
        return f"{type(self).__name__}({self.parameters!r})"

    def _remember(self, *arrays: Array) -> None:
        self._memory = arrays

    def _recall(self) -> tuple[Array, ...]:
        if self._memory is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward was called before forward: "
                "call forward(x) first, the gradient is taken at x"
            )
        return self._memory

    def _as_gradient(self, grad_output: ArrayLike, output: Array) -> Array:
        """Return ``grad_output`` in the dtype of the output, having compared the shapes."""
        given = as_floating(grad_output, output.dtype)
        gradient: Array = given.astype(output.dtype, copy=False)
        if gradient.shape != output.shape:
            raise ValueError(
                f"{type(self).__name__}.backward: the gradient has shape {gradient.shape}, "
                f"but the output of forward has shape {output.shape}"
            )
        return gradient
