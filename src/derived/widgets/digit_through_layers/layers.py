"""The layers of a network as the page is told about them: kind, output shape, settings, weights."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from derived import nn

Description: TypeAlias = dict[str, Any]
Parameters: TypeAlias = list[NDArray[np.floating[Any]]]

MOST_CHANNELS = 32
MOST_CLASSES = 20
ACTIVATIONS: dict[type[nn.Layer], str] = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky-relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}
POOLS: dict[type[nn.Layer], str] = {nn.MaxPool2d: "max-pool", nn.AveragePool2d: "average-pool"}


def described(network: nn.Sequential, side: int) -> tuple[list[Description], Parameters]:
    """Describe every layer of a network for pictures of shape (1, side, side).

    Parameters
    ----------
    network
        The network; its parameters are read, not changed.
    side
        Rows and columns of the picture.

    Returns
    -------
    tuple
        One description a layer, {"kind", "shape", "weights", settings …}, where shape is the
        output's without the batch and weights the number of parameters; and the parameters in the
        same order, weight before bias.

    Raises
    ------
    ValueError
        If the page cannot run a layer, or a shape does not fit.
    """
    if not isinstance(network, nn.Sequential):
        raise ValueError(f"network is a {type(network).__name__}; pass a derived.nn.Sequential")
    layers = list(network.layers)
    if layers and isinstance(layers[-1], nn.Softmax):
        layers.pop()
    if not layers:
        raise ValueError("network has no layer; pass one that ends with a Dense")
    shapes = _shapes(layers, side)
    descriptions, parameters = [], Parameters()
    for number, (layer, shape) in enumerate(zip(layers, shapes, strict=True)):
        descriptions.append({**_settings(layer, number), "shape": shape})
        descriptions[-1]["weights"] = sum(each.size for each in layer.parameters.values())
        if layer.parameters:
            parameters += [layer.parameters["weight"], layer.parameters["bias"]]
        if len(shape) == 3 and shape[0] > MOST_CHANNELS:
            raise ValueError(
                f"layer {number} has {shape[0]} channels; pass at most {MOST_CHANNELS}"
            )
    if not isinstance(layers[-1], nn.Dense) or not 2 <= shapes[-1][0] <= MOST_CLASSES:
        raise ValueError(
            f"the last layer is {type(layers[-1]).__name__} with output {tuple(shapes[-1])}; "
            f"pass a network that ends with a Dense of 2 to {MOST_CLASSES} classes"
        )
    return descriptions, parameters


def _shapes(layers: list[nn.Layer], side: int) -> list[list[int]]:
    """Output shapes, without the batch, found by running one empty picture."""
    value: Any = np.zeros((1, 1, side, side))
    shapes = []
    for number, layer in enumerate(layers):
        try:
            value = layer.forward(value)
        except ValueError as error:
            raise ValueError(
                f"layer {number}, {type(layer).__name__}, does not take {value.shape}: {error}"
            ) from error
        shapes.append(list(value.shape[1:]))
    return shapes


def _settings(layer: nn.Layer, number: int) -> Description:
    kind = type(layer)
    if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AveragePool2d):
        windows = layer.windows
        if windows.dilation != (1, 1):
            raise ValueError(f"layer {number} has a dilation of {windows.dilation}; pass 1")
        return {
            "kind": "convolution" if isinstance(layer, nn.Conv2d) else POOLS[kind],
            "window": list(windows.window),
            "stride": list(windows.stride),
            "before": list(windows.before),
            "after": list(windows.after),
        }
    if kind in ACTIVATIONS:
        slope = {"slope": float(layer.slope)} if isinstance(layer, nn.LeakyReLU) else {}
        return {"kind": ACTIVATIONS[kind], **slope}
    if isinstance(layer, nn.Flatten | nn.Dense):
        return {"kind": "flatten" if isinstance(layer, nn.Flatten) else "dense"}
    raise ValueError(
        f"layer {number} is a {kind.__name__}, which the page cannot run; it knows Conv2d, "
        "MaxPool2d, AveragePool2d, ReLU, LeakyReLU, Tanh, Sigmoid, Flatten and Dense"
    )
