"""The Python side of the backpropagation graph: its network, validated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.bundler import bundle, style

_HERE = Path(__file__).parent
ACTIVATIONS = ("tanh", "sigmoid", "relu", "linear")

_INPUTS = (0.5, -1.0)
_TARGETS = (1.0,)
_WEIGHTS = (((0.1, 0.2), (-0.3, 0.4)), ((0.5, -0.6), (0.7, 0.8)), ((0.9, -1.0),))
_BIASES = ((0.05, -0.05), (0.1, 0.0), (0.2,))


def _array(name: str, values: ArrayLike, dimensions: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = np.asarray(values, dtype=float)
    if array.ndim != dimensions or not np.isfinite(array).all():
        raise ValueError(f"{name} has shape {array.shape}; pass {dimensions}-D finite numbers")
    if np.abs(array).max(initial=0.0) > 5:
        raise ValueError(f"{name} has an entry beyond 5; the figure shows numbers from -5 to 5")
    return array


def _checked_layers(
    width: int, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> tuple[list[Any], list[Any], int]:
    if len(weights) != len(biases) or not 1 <= len(weights) <= 4:
        raise ValueError(
            f"{len(weights)} weight matrices and {len(biases)} biases; "
            "pass as many of one as of the other, at most 4"
        )
    matrices, vectors = [], []
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        matrix = _array(f"weights[{number}]", weight, 2)
        vector = _array(f"biases[{number}]", bias, 1)
        if matrix.shape != (len(vector), width) or not 1 <= len(vector) <= 3:
            raise ValueError(
                f"weights[{number}] has shape {matrix.shape}; with {width} values coming in and "
                f"{len(vector)} biases it must be ({len(vector)}, {width}), at most 3 units"
            )
        matrices.append(matrix.tolist())
        vectors.append(vector.tolist())
        width = len(vector)
    return matrices, vectors, width


class BackpropGraph(anywidget.AnyWidget):
    """A small dense network as a computation graph: values forward, error signals back.

    One example, the same activation after every layer, L = ½ Σ (y − t)².
    Every weight, bias, input and target can be changed; the steps can be followed edge by edge.
    The default is the chapter's 2-2-2-1 tanh network.

    Parameters
    ----------
    inputs
        (n0,) the example, 1 <= n0 <= 3.
    targets
        (nL,) what the outputs should be.
    weights
        One matrix a layer, shape (outputs, inputs): row = destination; at most 4 layers of 3 units.
    biases
        One vector a layer, shape (outputs,).
    activation
        "tanh", "sigmoid", "relu" or "linear".

    Raises
    ------
    ValueError
        If shapes do not fit each other, or a number is not finite or beyond 5.
    """

    _esm = bundle(_HERE / "backprop_graph.js")
    _css = style(_HERE / "backprop_graph.css")

    inputs = traitlets.List(help="(n0,)").tag(sync=True)
    targets = traitlets.List(help="(nL,)").tag(sync=True)
    weights = traitlets.List(help="one (outputs, inputs) list of rows a layer").tag(sync=True)
    biases = traitlets.List(help="one (outputs,) list a layer").tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    loss = traitlets.Float(0.0, help="written by the page").tag(sync=True)
    outputs = traitlets.List(help="(nL,); written by the page").tag(sync=True)
    gradients = traitlets.Dict(
        help="'weights', 'biases', 'inputs', shaped as the parameters; written by the page"
    ).tag(sync=True)

    def __init__(
        self,
        inputs: ArrayLike = _INPUTS,
        targets: ArrayLike = _TARGETS,
        weights: Sequence[ArrayLike] = _WEIGHTS,
        biases: Sequence[ArrayLike] = _BIASES,
        *,
        activation: str = "tanh",
        **layout: Any,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"activation is {activation!r}; choose one of {', '.join(ACTIVATIONS)}"
            )
        example = _array("inputs", inputs, 1)
        if not 1 <= len(example) <= 3:
            raise ValueError(f"{len(example)} inputs; pass from 1 to 3")
        matrices, vectors, width = _checked_layers(len(example), weights, biases)
        wanted = _array("targets", targets, 1)
        if wanted.shape != (width,):
            raise ValueError(f"{len(wanted)} targets for {width} outputs; pass one for each output")
        super().__init__(
            inputs=example.tolist(),
            targets=wanted.tolist(),
            weights=matrices,
            biases=vectors,
            activation=activation,
            **layout,
        )

    def __repr__(self) -> str:
        sizes = [len(self.inputs), *(len(bias) for bias in self.biases)]
        return f"BackpropGraph({'-'.join(map(str, sizes))}, activation={self.activation!r})"
