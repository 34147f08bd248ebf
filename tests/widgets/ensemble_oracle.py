"""Dropout by the book: every mask drawn from a product, every network a derived.nn.Sequential."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derived import nn
from derived.nn.softmax import log_softmax, softmax

ACTIVATIONS: dict[str, Callable[[], nn.Layer]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
Numbers = NDArray[np.float64]


def dense(weight: Any, bias: Any) -> nn.Dense:
    outputs, inputs = np.shape(weight)
    layer = nn.Dense(inputs, outputs, rng=np.random.default_rng(0))
    layer.parameters["weight"][:], layer.parameters["bias"][:] = weight, bias
    return layer


def logits(net: dict[str, Any], factors: list[Numbers]) -> Numbers:
    """The network whose weights that leave a unit are multiplied by the unit's factor."""
    layers: list[nn.Layer] = []
    for weight, bias, factor in zip(net["weights"], net["biases"], factors, strict=True):
        layers += [dense(np.array(weight) * factor, bias), ACTIVATIONS[net["activation"]]()]
    return np.asarray(nn.Sequential(*layers[:-1]).forward([net["inputs"]])[0], np.float64)


def dropout_predictions(net: dict[str, Any], keep: float) -> dict[str, Any]:
    """Probabilities of the three ways to predict, and of every mask; all units kept first."""
    deep = len(net["weights"]) == 2
    sizes = [len(net["inputs"])] + ([len(net["weights"][0])] if deep else [])
    wanted = {"inputs": [True, False], "hidden": [False, True], "both": [True, True]}
    drops = wanted[net["drop"]][: len(sizes)] if deep else [True]
    flat = np.concatenate([np.full(n, drop) for n, drop in zip(sizes, drops, strict=True)])

    def factors(values: Any) -> list[Numbers]:
        all_units = np.ones(len(flat))
        all_units[flat] = values
        return np.split(all_units, np.cumsum(sizes)[:-1])

    masks = list(product([1, 0], repeat=int(flat.sum())))
    chance = np.array([keep ** sum(mask) * (1 - keep) ** (len(mask) - sum(mask)) for mask in masks])
    outputs = np.array([logits(net, factors(mask)) for mask in masks])
    return {
        "masks": masks,
        "chance": chance,
        "probabilities": softmax(outputs),
        "arithmetic": chance @ softmax(outputs),
        "geometric": softmax(chance @ log_softmax(outputs)),
        "scaled": softmax(logits(net, factors(np.full(int(flat.sum()), keep)))),
    }
