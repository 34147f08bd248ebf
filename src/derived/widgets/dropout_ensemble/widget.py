"""The Python side of the dropout ensemble: its network, validated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.arguments import array, number, one_of
from derived.widgets.bundler import SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

NETWORKS = ("softmax", "hidden")
ACTIVATIONS = ("relu", "tanh", "sigmoid")
DROPPED = ("inputs", "hidden", "both")
MOST_UNITS = 8
MOST_CLASSES = 4
LIMIT = 5.0

# Two weight matrices as in derived.nn: row = destination.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "softmax": {
        "inputs": (1.0, -0.5, 0.8, 1.5),
        "weights": (((1.5, -1.0, 0.5, 0.8), (-0.5, 1.2, 1.0, -1.5), (-1.0, 0.4, -1.2, 0.6)),),
        "biases": ((0.1, 0.2, -0.3),),
    },
    "hidden": {
        "inputs": (1.0, -1.5),
        "weights": (
            ((1.4, -0.8), (-1.2, -1.6), (0.9, 1.1)),
            ((1.6, -1.4, 0.7), (-1.1, 1.8, -0.6), (0.4, 0.5, -1.5)),
        ),
        "biases": ((0.2, -0.4, 0.3), (0.1, -0.2, 0.0)),
    },
}


def _checked_network(
    inputs: ArrayLike, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> tuple[list[float], list[Any], list[Any]]:
    """The network as nested lists, if the shapes fit each other."""
    example = array("inputs", inputs, (None,), LIMIT)
    if len(weights) != len(biases) or len(weights) not in (1, 2):
        raise ValueError(
            f"{len(weights)} weight matrices and {len(biases)} biases; pass one of each for "
            "softmax regression, two of each for a network with a hidden layer"
        )
    matrices, vectors, widths = [], [], [len(example)]
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        vectors.append(array(f"biases[{layer}]", bias, (None,), LIMIT))
        shape = (len(vectors[-1]), widths[-1])
        matrices.append(array(f"weights[{layer}]", weight, shape, LIMIT))
        widths.append(shape[0])
    if not 2 <= widths[-1] <= MOST_CLASSES:
        raise ValueError(f"{widths[-1]} classes; pass from 2 to {MOST_CLASSES}")
    if min(widths) < 1 or sum(widths[:-1]) > MOST_UNITS:
        raise ValueError(
            f"{sum(widths[:-1])} inputs and hidden units; pass from 1 to {MOST_UNITS}, so that all "
            "masks can be listed"
        )
    return example, matrices, vectors


class DropoutEnsemble(anywidget.AnyWidget):
    """Every dropout mask of a small network, and what their ensemble predicts.

    A mask drops some of the inputs and hidden units; with n of them there are 2ⁿ thinned networks,
    few enough to run them all in the page. The figure steps through the masks and compares three
    ways to predict with the whole ensemble, each mask weighted by its probability under the keep
    probability p: the arithmetic mean of the probabilities, the renormalized geometric mean, and
    one pass with the weights that leave droppable units multiplied by p (weight scaling).
    For softmax regression the last two agree exactly; with units dropped before a nonlinearity
    they do not, and the gap is shown. (Dropped hidden units alone keep the agreement: what follows
    them is a softmax regression.)
    With a kernel, the traits `inputs`, `keep`, `drop`, `mask`, `arithmetic`, `geometric` and
    `scaled` follow what the reader does.

    Parameters
    ----------
    network
        "softmax" (4 inputs, 3 classes: 16 masks) or "hidden" (2 inputs, 3 hidden units, 3 classes:
        32 masks): which of the two built-in networks to begin with; the reader can change it.
    inputs
        (n,) the example; entries from -5 to 5. Together with `weights` and `biases` only.
    weights
        A network of your own instead: one matrix (classes, n), or two matrices (hidden, n) and
        (classes, hidden); row = destination; entries from -5 to 5. At most 8 inputs and hidden
        units together, 2 to 4 classes.
    biases
        One vector for each matrix.
    activation
        Of the hidden layer: "relu", "tanh" or "sigmoid".
    drop
        Which units the masks may drop: "inputs", "hidden" or "both". Softmax regression has inputs
        only and ignores it.
    keep
        p, the probability that a unit is kept, from 0.05 to 1.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If shapes do not fit each other, or an argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "dropout_ensemble.js")
    _css = style(SLIDERS, _HERE / "dropout_ensemble.css")

    network = traitlets.Unicode("softmax", help="'softmax', 'hidden' or 'custom'").tag(sync=True)
    networks = traitlets.Dict(
        help="name -> {'inputs', 'weights', 'biases'}: those that the reader can choose from"
    ).tag(sync=True)
    inputs = traitlets.List(traitlets.Float(), help="(n,)").tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    drop = traitlets.Unicode("both").tag(sync=True)
    keep = traitlets.Float(0.5).tag(sync=True)
    mask = traitlets.List(
        traitlets.Int(), help="1 = kept, for each droppable unit; written by the page"
    ).tag(sync=True)
    arithmetic = traitlets.List(traitlets.Float(), help="written by the page").tag(sync=True)
    geometric = traitlets.List(traitlets.Float(), help="written by the page").tag(sync=True)
    scaled = traitlets.List(traitlets.Float(), help="written by the page").tag(sync=True)

    reserved_height = height_trait(wide=775, phone=1345)

    def __init__(
        self,
        network: str = "softmax",
        *,
        inputs: ArrayLike | None = None,
        weights: Sequence[ArrayLike] | None = None,
        biases: Sequence[ArrayLike] | None = None,
        activation: str = "tanh",
        drop: str = "both",
        keep: float = 0.5,
        **options: Any,
    ) -> None:
        """Check the network; the class says what each argument may be."""
        one_of("network", network, NETWORKS)
        given = [part is not None for part in (inputs, weights, biases)]
        if any(given) and not all(given):
            raise ValueError("pass inputs, weights and biases together, or none of them")
        networks = {name: _as_dict(**parts) for name, parts in _DEFAULTS.items()}
        if inputs is not None and weights is not None and biases is not None:
            network = "custom"
            networks = {"custom": _as_dict(inputs, weights, biases)}
        super().__init__(
            network=network,
            networks=networks,
            inputs=networks[network]["inputs"],
            activation=one_of("activation", activation, ACTIVATIONS),
            drop=one_of("drop", drop, DROPPED),
            keep=number("keep", keep, 0.05, 1.0),
            **options,
        )

    @traitlets.validate("network", "activation", "drop")
    def _validate_name(self, proposal: dict[str, Any]) -> str:
        name = proposal["trait"].name
        known = {"network": tuple(self.networks), "activation": ACTIVATIONS, "drop": DROPPED}
        return one_of(name, proposal["value"], known[name])

    @traitlets.validate("keep")
    def _validate_keep(self, proposal: dict[str, Any]) -> float:
        return number("keep", proposal["value"], 0.05, 1.0)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"DropoutEnsemble({self.network!r}, drop={self.drop!r}, keep={self.keep:g})"


def _as_dict(
    inputs: ArrayLike, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]
) -> dict[str, Any]:
    example, matrices, vectors = _checked_network(inputs, weights, biases)
    return {"inputs": example, "weights": matrices, "biases": vectors}
