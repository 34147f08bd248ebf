"""Layers in a row: the composition of functions, and the chain rule that runs backward over it."""

from __future__ import annotations

from numpy.typing import ArrayLike

from derived.nn.arrays import Array
from derived.nn.layer import Layer

__all__ = ["Sequential"]


class Sequential(Layer):
    """y = fₙ(… f₂(f₁(x))).

    Parameters
    ----------
    layers : at least one layer; each can stand in it only once, since it remembers one input.

    Attributes
    ----------
    layers : the layers.
    parameters, gradients : those of all layers, named "0.weight", "0.bias", "2.weight", …; the
        arrays are the layers' own.

    Source: Selective Introduction, "DL basics" (h = g ∘ g ∘ … ∘ g(x)).
    """

    def __init__(self, *layers: Layer) -> None:
        """Collect the parameters.

        Raises
        ------
        TypeError : if an argument is not a layer.
        ValueError : if there is no layer, or one stands in it twice.
        """
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(
                    f"Sequential takes layers, Sequential(Dense(...), ReLU()), got {layer!r}"
                )
        if not layers:
            raise ValueError("Sequential needs at least one layer")
        every = [one for layer in layers for one in _layers_of(layer)]
        if len({id(one) for one in every}) < len(every):
            raise ValueError("a layer stands in Sequential twice: make two layers")
        super().__init__(
            {f"{i}.{k}": v for i, layer in enumerate(layers) for k, v in layer.parameters.items()},
            {f"{i}.{k}": v for i, layer in enumerate(layers) for k, v in layer.gradients.items()},
        )
        self.layers = layers

    @property
    def training(self) -> bool:
        """Whether a layer is in training, that has another way of predicting; set it for all."""
        return any(getattr(layer, "training", False) for layer in self.layers)

    @training.setter
    def training(self, value: bool) -> None:
        for layer in self.layers:
            if hasattr(layer, "training"):
                layer.training = value

    def forward(self, x: ArrayLike) -> Array:
        """Return the output of the last layer; the shapes are those of the layers."""
        y = self.layers[0].forward(x)
        for layer in self.layers[1:]:
            y = layer.forward(y)
        return y

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x, from the last layer to the first, and fill all ``gradients``."""
        gradient = self.layers[-1].backward(grad_output)
        for layer in reversed(self.layers[:-1]):
            gradient = layer.backward(gradient)
        return gradient

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        """Fill all ``gradients``; the first layer is spared the gradient of its input."""
        gradient = grad_output
        for layer in reversed(self.layers[1:]):
            gradient = layer.backward(gradient)
        self.layers[0].backward_parameters(gradient)

    def __repr__(self) -> str:
        """Show one layer a line."""
        lines = "".join(f"\n  {i}: {layer!r}" for i, layer in enumerate(self.layers))
        return f"Sequential({lines}\n)"


def _layers_of(layer: Layer) -> list[Layer]:
    """Return a layer and, if it is a container, all layers inside."""
    inner = layer.layers if isinstance(layer, Sequential) else ()
    return [layer, *(one for part in inner for one in _layers_of(part))]
