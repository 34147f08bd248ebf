"""The Python side of the backpropagation graph: its network, validated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from derived.widgets.arguments import one_of
from derived.widgets.bundler import STEPPER, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

ACTIVATIONS = ("tanh", "sigmoid", "relu", "linear")
LIMIT = 5.0
MOST_LAYERS = 4
MOST_UNITS = 3

_INPUTS = (0.5, -1.0)
_TARGETS = (1.0,)
_WEIGHTS = (((0.1, 0.2), (-0.3, 0.4)), ((0.5, -0.6), (0.7, 0.8)), ((0.9, -1.0),))
_BIASES = ((0.05, -0.05), (0.1, 0.0), (0.2,))


def _numbers(name: str, values: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; pass {dimensions}-D numbers")
    if not (np.abs(array) <= LIMIT).all():
        raise ValueError(f"{name} has an entry that is not a number from {-LIMIT:g} to {LIMIT:g}")
    return array


def _layers(
    width: int, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> tuple[list[Any], list[Any], int]:
    """Nested lists of weights and biases that fit each other, and the number of outputs."""
    if len(weights) != len(biases) or not 1 <= len(weights) <= MOST_LAYERS:
        raise ValueError(
            f"{len(weights)} weight matrices and {len(biases)} biases; "
            f"pass as many of one as of the other, at most {MOST_LAYERS}"
        )
    matrices, vectors = [], []
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        matrix = _numbers(f"weights[{number}]", weight, 2)
        vector = _numbers(f"biases[{number}]", bias, 1)
        if matrix.shape != (len(vector), width) or len(vector) > MOST_UNITS:
            raise ValueError(
                f"weights[{number}] has shape {matrix.shape}; with {width} values coming in and "
                f"{len(vector)} biases it must be ({len(vector)}, {width}), "
                f"at most {MOST_UNITS} units"
            )
        matrices.append(matrix.tolist())
        vectors.append(vector.tolist())
        width = len(vector)
    return matrices, vectors, width


def _shape(nested: Any) -> Any:
    return [_shape(part) for part in nested] if isinstance(nested, (list, tuple)) else None


class BackpropGraph(anywidget.AnyWidget):
    """A small dense network as a computation graph: values forward, error signals back.

    One example, the same activation after every layer, L = ½ Σ (y − t)².
    Every weight, bias, input and target can be changed; the steps can be followed edge by edge.
    The default is the chapter's 2-2-2-1 tanh network.
    With a kernel, the traits follow what the reader does.

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
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If shapes do not fit each other, or a number is not from -5 to 5.
    """

    _esm = bundle(_HERE / "backprop_graph.js")
    _css = style(STEPPER, _HERE / "backprop_graph.css")

    inputs = traitlets.List(traitlets.Float(), help="(n0,)").tag(sync=True)
    targets = traitlets.List(traitlets.Float(), help="(nL,)").tag(sync=True)
    weights = traitlets.List(
        traitlets.List(), help="one (outputs, inputs) list of rows a layer"
    ).tag(sync=True)
    biases = traitlets.List(traitlets.List(), help="one (outputs,) list a layer").tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    loss = traitlets.Float(0.0, help="written by the page").tag(sync=True)
    outputs = traitlets.List(traitlets.Float(), help="(nL,); written by the page").tag(sync=True)
    gradients = traitlets.Dict(
        help="'weights', 'biases', 'inputs', shaped as the parameters; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=615, phone=1280)

    def __init__(
        self,
        inputs: ArrayLike = _INPUTS,
        targets: ArrayLike = _TARGETS,
        weights: Sequence[ArrayLike] = _WEIGHTS,
        biases: Sequence[ArrayLike] = _BIASES,
        *,
        activation: str = "tanh",
        **options: Any,
    ) -> None:
        """Check the network; the class says what each argument may be."""
        example = _numbers("inputs", inputs, 1)
        if len(example) > MOST_UNITS:
            raise ValueError(f"{len(example)} inputs; pass at most {MOST_UNITS}")
        matrices, vectors, width = _layers(len(example), weights, biases)
        wanted = _numbers("targets", targets, 1)
        if wanted.shape != (width,):
            raise ValueError(f"{len(wanted)} targets for {width} outputs; pass one for each output")
        super().__init__(
            inputs=example.tolist(),
            targets=wanted.tolist(),
            weights=matrices,
            biases=vectors,
            activation=activation,
            **options,
        )

    @traitlets.validate("activation")
    def _validate_activation(self, proposal: dict[str, Any]) -> str:
        return one_of("activation", proposal["value"], ACTIVATIONS)

    @traitlets.validate("inputs", "targets", "weights", "biases")
    def _validate_shape(self, proposal: dict[str, Any]) -> Any:
        """Values may change, shapes may not: the traits would not fit each other for a moment."""
        name, value = proposal["trait"].name, proposal["value"]
        before = getattr(self, name)
        if before and _shape(value) != _shape(before):
            raise ValueError(f"{name} must keep its shape; make a new BackpropGraph instead")
        return value

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        sizes = [len(self.inputs), *(len(bias) for bias in self.biases)]
        return f"BackpropGraph({'-'.join(map(str, sizes))}, activation={self.activation!r})"
