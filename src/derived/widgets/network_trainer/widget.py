"""The Python side of the network trainer: its initial configuration, validated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from derived.widgets.arguments import Checks, checked, integer, number, one_of, validator
from derived.widgets.bundler import bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

DATASETS = ("moons", "rings", "spirals", "blobs", "xor")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
MOST_LAYERS = 4
MOST_UNITS = 8
SAMPLES = 200


def _widths(hidden: Sequence[int]) -> list[int]:
    if len(hidden) > MOST_LAYERS:
        raise ValueError(f"{len(hidden)} hidden layers; pass at most {MOST_LAYERS} widths")
    return [integer("a hidden layer's width", units, 1, MOST_UNITS) for units in hidden]


_CHECKS: Checks = {
    "dataset": lambda value: one_of("dataset", value, DATASETS),
    "noise": lambda value: number("noise", value, 0.0, 0.5),
    "hidden": _widths,
    "activation": lambda value: one_of("activation", value, ACTIVATIONS),
    "learning_rate": lambda value: number("learning_rate", value, 1e-6, 10.0),
    "batch_size": lambda value: integer("batch_size", value, 1, SAMPLES),
    "seed": lambda value: integer("seed", value, 0, 9999),
}


class NetworkTrainer(anywidget.AnyWidget):
    """Train a small network on points in the plane, live in the page.

    One logit, binary cross entropy, minibatch gradient descent; 200 training and 200 test points.
    Data, initial weights and the order of the examples come from a seeded generator (PCG32), so
    the same configuration gives the same run on every machine.
    Initial weights are Glorot-uniform (He-uniform before ReLU), biases zero.
    On the site the configuration is kept in the page's address and can be shared as a link.
    With a kernel, the traits `epoch`, `metrics`, `parameters` and `points` follow each pause.

    Parameters
    ----------
    dataset
        "moons", "rings", "spirals", "blobs" or "xor", all within [-2, 2] x [-2, 2].
    hidden
        Widths of the hidden layers: at most 4, each from 1 to 8; empty for a linear model.
    activation
        "tanh", "relu", "sigmoid" or "linear", for the hidden layers.
    learning_rate
        Step of gradient descent, from 1e-6 to 10.
    batch_size
        Examples in a batch, from 1 to 200 (all training points).
    noise
        Standard deviation added to each coordinate, from 0 to 0.5.
    seed
        An integer from 0 to 9999.
    url_key
        Name of this figure in the page's address; give each its own if a page has several, or ""
        to leave the address alone.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "network_trainer.js")
    _css = style(_HERE / "network_trainer.css")

    dataset = traitlets.Unicode("moons").tag(sync=True)
    noise = traitlets.Float(0.2).tag(sync=True)
    hidden = traitlets.List(traitlets.Int(), [4, 4]).tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    learning_rate = traitlets.Float(0.1).tag(sync=True)
    batch_size = traitlets.Int(16).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    url_key = traitlets.Unicode("network").tag(sync=True)
    epoch = traitlets.Int(0, help="epochs trained; written by the page").tag(sync=True)
    metrics = traitlets.Dict(help="losses and accuracies; written by the page").tag(sync=True)
    parameters = traitlets.List(
        traitlets.Dict(),
        help="one {'weight': (out, in), 'bias': (out,)} a layer; written by the page",
    ).tag(sync=True)
    points = traitlets.List(
        traitlets.List(), help="(200, 3) training rows [x1, x2, label]; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=740, phone=1370)

    def __init__(
        self,
        dataset: str = "moons",
        *,
        hidden: Sequence[int] = (4, 4),
        activation: str = "tanh",
        learning_rate: float = 0.1,
        batch_size: int = 16,
        noise: float = 0.2,
        seed: int = 0,
        url_key: str = "network",
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        if not re.fullmatch(r"(?:[a-z][a-z0-9-]*)?", url_key):
            raise ValueError(f"url_key is {url_key!r}; use lower-case letters, digits and '-'")
        chosen = checked(
            _CHECKS,
            dataset=dataset,
            hidden=hidden,
            activation=activation,
            learning_rate=learning_rate,
            batch_size=batch_size,
            noise=noise,
            seed=seed,
        )
        super().__init__(**chosen, url_key=url_key, **options)

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return (
            f"NetworkTrainer(dataset={self.dataset!r}, hidden={self.hidden}, "
            f"activation={self.activation!r})"
        )
