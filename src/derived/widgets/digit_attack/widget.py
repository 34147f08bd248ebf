"""The Python side of a digit under attack: a dense network and pictures, validated and packed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from numpy.typing import ArrayLike

from derived import nn
from derived.widgets.arguments import (
    Checks,
    checked,
    class_labels,
    integer,
    number,
    one_of,
    packed_parameters,
    validator,
)
from derived.widgets.bundler import PAD, SLIDERS, bundle, style
from derived.widgets.dense_networks import MOST_NUMBERS, DenseTraits, described
from derived.widgets.height import height_trait
from derived.widgets.pictures import checked_drawing, checked_names, checked_samples, grays

_HERE = Path(__file__).parent

METHODS = ("one step", "projected", "chance")
FEWEST_CLASSES, MOST_CLASSES = 2, 10

_CHECKS: Checks = {
    "method": lambda value: one_of("method", value, METHODS),
    "steps": lambda value: integer("steps", value, 1, 100),
    "epsilon": lambda value: number("epsilon", value, 0.0, 0.5),
}


def _packed_classifier(network: nn.Sequential, side: int) -> dict[str, Any]:
    """The network as the values of ``DenseTraits``."""
    sizes, activations, arrays = described("network", network)
    if sizes[0] != side**2:
        raise ValueError(
            f"network takes {sizes[0]} numbers, a sample has {side}×{side} = {side**2}"
        )
    if activations[-1] != "linear":
        raise ValueError(f"network ends with {activations[-1]}; pass one that gives logits")
    if not FEWEST_CLASSES <= sizes[-1] <= MOST_CLASSES:
        raise ValueError(
            f"network has {sizes[-1]} outputs; pass one with {FEWEST_CLASSES} to {MOST_CLASSES}"
        )
    weights = packed_parameters("network", arrays, MOST_NUMBERS)
    return {"sizes": sizes, "activations": activations, "weights": weights}


class DigitAttack(DenseTraits, anywidget.AnyWidget):
    """Attack a digit along the gradient of the loss at its pixels, within a largest change ε.

    The network runs in the page with its real weights (kept as float32), and so does its backward
    pass down to the input. The reader draws a digit or takes a sample, and chooses the attack, ε
    and a class to head for; beside each other stand the picture x, ten times the change (cut at ±1;
    orange adds ink, blue takes it away), the attacked picture x′, and the probability of each class
    before and after. A button finds the smallest ε, in steps of 0.005, at which the attack works;
    where none does, it leaves ε at 0.5.

    With J = −log p(class | x):

    - "one step" is the fast gradient sign method, x′ = x + ε sign ∂J/∂x, for the true class (the
      network's own answer for a drawing, which has no label);
    - "projected" repeats it in smaller steps of 2.5 ε / steps, each followed by a projection onto
      |x′ − x| ≤ ε; it starts at x itself, without a random start;
    - "chance" adds or subtracts ε by chance at each pixel: a change as large without the gradient.

    With a target, both attacks go downhill on J of the target instead. Every x′ stays from 0 to 1.
    With a kernel, the traits follow what the reader does.

    Parameters
    ----------
    network
        A trained `derived.nn.Sequential` that takes (B, N²), pictures row by row with ink from 0 to
        1, and gives the logits (B, K) of 2 to 10 classes: Dense layers, each but the last with at
        most one ReLU, Sigmoid or Tanh behind it; no Softmax, at most 200 000 parameters.
    samples
        (S, N, N) or (S, 1, N, N) pictures with ink from 0 to 1, 1 <= S <= 20, 8 <= N <= 32: the
        first one is shown at the start. They are kept as 8-bit grays.
    labels
        (S,) their classes, whole numbers from 0 to K − 1.
    method
        "one step", "projected" or "chance".
    steps
        Of the projected attack, an integer from 1 to 100.
    epsilon
        ε, from 0 to 0.5.
    target
        The class to head for, from 0 to K − 1; any other than the true one unless given.
    classes
        Names of the classes; "0", "1", … unless given.
    margin
        Pixels that stay empty around a digit in the training pictures: 4 for MNIST, 0 for the 8×8
        digits. What the reader draws is scaled and centered into what is left.
    title
        What to call the network; shown above.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If the network is not of this kind, a shape does not fit, or a number is not as described.

    Source: Goodfellow, Shlens and Szegedy, *Explaining and Harnessing Adversarial Examples*, ICLR
    2015; Madry et al., *Towards Deep Learning Models Resistant to Adversarial Attacks*, ICLR 2018.
    """

    _esm = bundle(_HERE / "digit_attack.js")
    _css = style(PAD, SLIDERS, _HERE / "digit_attack.css")

    side = traitlets.Int(8, help="N: a picture is (N, N)").tag(sync=True)
    samples = traitlets.Unicode(help="(S, N, N) grays, 255 is ink, in base64").tag(sync=True)
    labels = traitlets.List(traitlets.Int(), help="(S,)").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    margin = traitlets.Float(0.0).tag(sync=True)
    pen = traitlets.Float(1.2).tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    method = traitlets.Unicode("one step").tag(sync=True)
    steps = traitlets.Int(10).tag(sync=True)
    epsilon = traitlets.Float(0.1).tag(sync=True)
    target = traitlets.Int(None, allow_none=True, help="None: any other").tag(sync=True)
    drawing = traitlets.List(traitlets.List(), help="(N, N) x; written by the page").tag(sync=True)
    attacked = traitlets.List(traitlets.List(), help="(N, N) x′; written by the page").tag(
        sync=True
    )
    before = traitlets.List(traitlets.Float(), help="(K,) p(x); written by the page").tag(sync=True)
    after = traitlets.List(traitlets.Float(), help="(K,) p(x′); written by the page").tag(sync=True)

    reserved_height = height_trait(wide=800, phone=1413)

    def __init__(
        self,
        network: nn.Sequential,
        samples: ArrayLike,
        labels: ArrayLike,
        *,
        method: str = "one step",
        steps: int = 10,
        epsilon: float = 0.1,
        target: int | None = None,
        classes: Sequence[str] | None = None,
        margin: float | None = None,
        title: str = "",
        **options: Any,
    ) -> None:
        """Check the network against the pictures; the class says what each argument may be."""
        pictures = checked_samples(samples)
        count, side, _ = pictures.shape
        parts = _packed_classifier(network, side)
        border, width = checked_drawing(side, margin, None)
        super().__init__(
            **parts,
            side=side,
            samples=grays(pictures),
            labels=class_labels(labels, count, parts["sizes"][-1]),
            classes=checked_names(classes, parts["sizes"][-1]),
            margin=border,
            pen=width,
            title=title,
            **checked(_CHECKS, method=method, steps=steps, epsilon=epsilon),
            **options,
        )
        self.target = target

    _validate_configuration = validator(_CHECKS)

    @traitlets.validate("target")
    def _validate_target(self, proposal: dict[str, Any]) -> int | None:
        value: int | None = proposal["value"]
        return None if value is None else integer("target", value, 0, len(self.classes) - 1)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"DigitAttack({'-'.join(map(str, self.sizes))}, {len(self.labels)} samples)"
