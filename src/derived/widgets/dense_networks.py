"""Dense networks as the page is told about them: sizes, activations, parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from derived import nn

ACTIVATIONS: dict[type[nn.Layer], str] = {
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
}


def described(
    name: str, network: nn.Sequential
) -> tuple[list[int], list[str], list[NDArray[np.floating[Any]]]]:
    """Describe a chain of Dense layers, each followed by at most one activation.

    Parameters
    ----------
    name
        What to call the network in an error.
    network
        The network; its parameters are read, not changed.

    Returns
    -------
    tuple
        The sizes, input first; the activation of each Dense layer, "linear" where none follows; and
        the parameters in the page's order, weight before bias.

    Raises
    ------
    ValueError
        If the network is no such chain, or two layers do not fit.
    """
    if not isinstance(network, nn.Sequential):
        raise ValueError(f"{name} is a {type(network).__name__}; pass a derived.nn.Sequential")
    sizes: list[int] = []
    activations: list[str] = []
    arrays: list[NDArray[np.floating[Any]]] = []
    for number, layer in enumerate(network.layers):
        if isinstance(layer, nn.Dense):
            outputs, inputs = layer.parameters["weight"].shape
            if sizes and inputs != sizes[-1]:
                raise ValueError(
                    f"{name}: layer {number} expects {inputs} numbers, the layer before it gives "
                    f"{sizes[-1]}"
                )
            sizes += [outputs] if sizes else [inputs, outputs]
            activations.append("linear")
            arrays += [layer.parameters["weight"], layer.parameters["bias"]]
        elif type(layer) in ACTIVATIONS and activations and activations[-1] == "linear":
            activations[-1] = ACTIVATIONS[type(layer)]
        else:
            raise ValueError(
                f"{name}: layer {number} is a {type(layer).__name__}, which the page cannot run "
                "there; it knows Dense layers, each with at most one ReLU, Sigmoid or Tanh after it"
            )
    return sizes, activations, arrays
