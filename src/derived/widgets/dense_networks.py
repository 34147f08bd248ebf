"""Dense networks as the page is told about them: sizes, activations, parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from derived import nn
from derived.widgets.arguments import packed_parameters

MOST_NUMBERS = 200_000
LARGEST = 32  # rows and columns of a decoded picture

ACTIVATIONS: dict[type[nn.Layer], str] = {
    nn.ReLU: "relu",
    nn.Sigmoid: "sigmoid",
    nn.Tanh: "tanh",
}


class DenseTraits(traitlets.HasTraits):
    """What the page is told about a dense network; a figure that runs one inherits it."""

    sizes = traitlets.List(traitlets.Int(), help="of the layers, input first").tag(sync=True)
    activations = traitlets.List(traitlets.Unicode()).tag(sync=True)
    weights = traitlets.Unicode(help="all parameters as float32 in base64").tag(sync=True)


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


def packed_decoder(decoder: nn.Sequential, fewest: int, most: int) -> dict[str, Any]:
    """Return a decoder as the values of :class:`DenseTraits`.

    Parameters
    ----------
    decoder
        A chain as :func:`described` takes it, whose output is a square picture, row by row.
    fewest, most
        How many latent numbers it may take.

    Raises
    ------
    ValueError
        If it is none, takes more or fewer numbers, its picture is not 2×2 to 32×32 pixels, or it
        has over 200 000 parameters.
    """
    sizes, activations, arrays = described("the decoder", decoder)
    side = math.isqrt(sizes[-1])
    if side**2 != sizes[-1] or not 2 <= side <= LARGEST:
        raise ValueError(
            f"the decoder gives {sizes[-1]} numbers; it must give a square picture, row by row, of "
            f"2×2 to {LARGEST}×{LARGEST} pixels"
        )
    weights = packed_parameters("the decoder", arrays, MOST_NUMBERS)
    if not fewest <= sizes[0] <= most:
        wanted = str(most) if fewest == most else f"{fewest} to {most}"
        raise ValueError(f"the decoder takes {sizes[0]} numbers; pass one for {wanted}")
    return {"sizes": sizes, "activations": activations, "weights": weights}
