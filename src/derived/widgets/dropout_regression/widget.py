"""The Python side of dropout on a line: its points and its configuration, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.arguments import Checks, array, checked, integer, number, one_of, validator
from derived.widgets.bundler import CHART, SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

ACTIVATIONS = ("relu", "tanh")
MOST_POINTS = 60
_WIDE, _HIGH = 4.0, 3.0  # what the axes show, to both sides

#: Two groups of points on a wave, and a gap between them.
GAP = (
    *((-2.6, -0.55), (-2.4, -0.28), (-2.1, 0.02), (-1.9, 0.21), (-1.7, 0.62), (-1.5, 0.7)),
    *((-1.2, 1.06), (-1.0, 0.93), (1.0, -0.72), (1.2, -1.1), (1.4, -0.96), (1.7, -0.79)),
    *((1.9, -0.4), (2.2, -0.17), (2.4, 0.3), (2.6, 0.48)),
)


def _points(value: ArrayLike) -> list[list[float]]:
    pairs = array("points", value, (None, 2), _WIDE)
    if not 1 <= len(pairs) <= MOST_POINTS:
        raise ValueError(f"points has {len(pairs)} rows; pass 1 to {MOST_POINTS} pairs x, y")
    if max(abs(y) for _, y in pairs) > _HIGH:
        raise ValueError(
            f"points has a y outside the axis; pass numbers from {-_HIGH:g} to {_HIGH:g}"
        )
    return pairs


_CHECKS: Checks = {
    "points": _points,
    "keep": lambda value: number("keep", value, 0.5, 1.0),
    "noise": lambda value: number("noise", value, 0.05, 1.0),
    "prior": lambda value: number("prior", value, 0.1, 3.0),
    "activation": lambda value: one_of("activation", value, ACTIVATIONS),
    "seed": lambda value: integer("seed", value, 0, 9999),
    "masks": lambda value: integer("masks", value, 0, 9999),
}


class DropoutRegression(anywidget.AnyWidget):
    """Train a network with dropout on points of the reader's, and see what its masks disagree on.

    The network is 1-32-32-1; each hidden unit is kept with probability p and then divided by p. A
    step of Adam (learning rate 0.01) on all points, with a fresh mask for each of them, descends
    J = mean of ½ (y − f)² + α/2 · Σ‖v‖², summed over the weights that leave a hidden unit, with
    α = σ² / (n p τ²): the penalty is what the noise σ and the prior deviation τ of those weights
    make of it, none of its own. The first layer and the biases are fitted without a penalty.
    The figure draws the mean of 100 passes, each with one mask for all x, two of their deviations,
    two deviations of a label (the variance of the passes and σ²), eight of the passes, and the
    network without a mask. Points are added, moved and removed, masks drawn anew; the network
    stays, and is trained on. Every random choice comes from the seed, the masks of the passes from
    ``masks``. With a kernel, the traits follow what the reader does.

    Parameters
    ----------
    points
        Shape (n, 2), 1 to 60 pairs; x from −4 to 4, y from −3 to 3. Two groups with a gap between
        them unless given.
    keep
        p, from 0.5 to 1.
    noise, prior
        σ, from 0.05 to 1, and τ, from 0.1 to 3.
    activation
        "relu" or "tanh".
    seed, masks
        Integers from 0 to 9999.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.

    Source: Gal & Ghahramani, *Dropout as a Bayesian Approximation*, ICML 2016; chapter 10 of the
    book, (10.18) and (10.20).
    """

    _esm = bundle(_HERE / "dropout_regression.js")
    _css = style(CHART, SLIDERS, _HERE / "dropout_regression.css")

    points = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    keep = traitlets.Float(0.9).tag(sync=True)
    noise = traitlets.Float(0.15).tag(sync=True)
    prior = traitlets.Float(1.0).tag(sync=True)
    activation = traitlets.Unicode("relu").tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    masks = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0, help="written by the page").tag(sync=True)
    layers = traitlets.List(
        traitlets.Dict(), help="weight (outputs, inputs) and bias of each layer; by the page"
    ).tag(sync=True)
    prediction = traitlets.Dict(help="lists x, mean and deviation; written by the page").tag(
        sync=True
    )

    reserved_height = height_trait(wide=569, phone=1008)

    def __init__(
        self,
        points: ArrayLike = GAP,
        *,
        keep: float = 0.9,
        noise: float = 0.15,
        prior: float = 1.0,
        activation: str = "relu",
        seed: int = 0,
        masks: int = 0,
        **options: Any,
    ) -> None:
        """Check the arguments; the class says what each may be."""
        chosen = checked(
            _CHECKS,
            points=points,
            keep=keep,
            noise=noise,
            prior=prior,
            activation=activation,
            seed=seed,
            masks=masks,
        )
        super().__init__(**chosen, **options)

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"DropoutRegression({len(self.points)} points, keep={self.keep:g}, seed={self.seed})"
