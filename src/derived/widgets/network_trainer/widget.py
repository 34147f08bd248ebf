"""The Python side of the network trainer: its initial configuration, validated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from derived.widgets.bundler import bundle, style

_HERE = Path(__file__).parent
DATASETS = ("moons", "rings", "spirals", "blobs", "xor")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
LEARNING_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
BATCH_SIZES = (1, 4, 16, 64, 200)


def _one_of(name: str, value: Any, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; choose one of {', '.join(map(str, allowed))}")
    return value


def _checked_hidden(hidden: Sequence[int]) -> list[int]:
    widths = [int(units) for units in hidden]
    if len(widths) > 4 or any(not 1 <= units <= 8 for units in widths):
        raise ValueError(f"hidden is {hidden!r}; pass at most 4 layer widths, each from 1 to 8")
    return widths


class NetworkTrainer(anywidget.AnyWidget):
    """Train a small network on points in the plane, live in the page.

    One logit, binary cross entropy, minibatch gradient descent; 200 training and 200 test points.
    Data, initial weights and the order of the examples come from a seeded generator (PCG32), so
    the same configuration gives the same run on every machine.
    On the site the configuration is kept in the page's address and can be shared as a link.

    Parameters
    ----------
    dataset
        "moons", "rings", "spirals", "blobs" or "xor", all within [-2, 2] x [-2, 2].
    hidden
        Widths of the hidden layers: at most 4, each from 1 to 8; empty for a linear model.
    activation
        "tanh", "relu", "sigmoid" or "linear", for the hidden layers.
    learning_rate
        One of 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3.
    batch_size
        One of 1, 4, 16, 64, 200 (200 is all training points).
    noise
        Standard deviation added to each coordinate, from 0 to 0.5.
    seed
        An integer from 0 to 9999.
    url_key
        Name of this figure in the page's address; give each its own if a page has several, or ""
        to leave the address alone.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "network_trainer.js")
    _css = style(_HERE / "network_trainer.css")

    dataset = traitlets.Unicode("moons").tag(sync=True)
    noise = traitlets.Float(0.2).tag(sync=True)
    hidden = traitlets.List([4, 4]).tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    learning_rate = traitlets.Float(0.1).tag(sync=True)
    batch_size = traitlets.Int(16).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    url_key = traitlets.Unicode("network").tag(sync=True)
    epoch = traitlets.Int(0, help="epochs trained; written by the page").tag(sync=True)
    metrics = traitlets.Dict(help="losses and accuracies; written by the page").tag(sync=True)
    parameters = traitlets.List(
        help="one {'weight': (out, in), 'bias': (out,)} a layer; written by the page"
    ).tag(sync=True)
    points = traitlets.List(help="(200, 3) training rows [x1, x2, label]; written by the page").tag(
        sync=True
    )

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
        **layout: Any,
    ) -> None:
        if not 0 <= noise <= 0.5:
            raise ValueError(f"noise is {noise!r}; pass a number from 0 to 0.5")
        if isinstance(seed, bool) or seed != int(seed) or not 0 <= seed <= 9999:
            raise ValueError(f"seed is {seed!r}; pass an integer from 0 to 9999")
        if not re.fullmatch(r"[a-z][a-z0-9-]*|", url_key):
            raise ValueError(f"url_key is {url_key!r}; use lower-case letters, digits and '-'")
        super().__init__(
            dataset=_one_of("dataset", dataset, DATASETS),
            hidden=_checked_hidden(hidden),
            activation=_one_of("activation", activation, ACTIVATIONS),
            learning_rate=float(_one_of("learning_rate", learning_rate, LEARNING_RATES)),
            batch_size=int(_one_of("batch_size", batch_size, BATCH_SIZES)),
            noise=float(noise),
            seed=int(seed),
            url_key=url_key,
            **layout,
        )

    def __repr__(self) -> str:
        return (
            f"NetworkTrainer(dataset={self.dataset!r}, hidden={self.hidden}, "
            f"activation={self.activation!r})"
        )
