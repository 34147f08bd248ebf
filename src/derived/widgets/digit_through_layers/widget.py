"""The Python side of the digit's way through a network: its layers and weights, packed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from numpy.typing import ArrayLike

from derived import nn
from derived.widgets.arguments import packed_parameters
from derived.widgets.bundler import PAD, bundle, style
from derived.widgets.digit_through_layers.layers import described
from derived.widgets.height import height_trait
from derived.widgets.pictures import checked_drawing, checked_names, checked_samples, grays

_HERE = Path(__file__).parent

MOST_NUMBERS = 100_000


class DigitThroughLayers(anywidget.AnyWidget):
    """Draw a digit and see it in every layer of a trained convolutional network, live.

    The network runs in the page with its real weights (kept as float32). The reader draws with
    pointer, finger or keys, or takes a sample picture; every layer shows its feature maps, and the
    last one the probability of each class. A chosen map is shown large, with the kernels that made
    it.
    With a kernel, the traits `drawing`, `logits` and `probabilities` follow what the reader does.

    Parameters
    ----------
    network
        A trained `derived.nn.Sequential` for pictures of shape (B, 1, N, N) with ink from 0 to 1.
        Its layers, in this order: any of Conv2d (dilation 1), MaxPool2d, AveragePool2d, ReLU,
        LeakyReLU, Tanh, Sigmoid; one Flatten; Dense layers with activations in between.
        The last Dense gives the logits of 2 to 20 classes; a Softmax may stand behind it.
        At most 32 channels a layer and 100,000 parameters (LeNet-5 has 61,706).
        Unless given: fixed edge filters with a readout that is fitted to the embedded 8×8 digits
        in closed form (it takes a second).
    samples
        (S, N, N) sample pictures with ink from 0 to 1, 1 <= S <= 20, 8 <= N <= 32: the first one
        is shown at the start. Required with `network`; N is read from them. A batch of shape
        (S, 1, N, N) is accepted too. They are kept as 8-bit grays.
    classes
        Names of the classes; "0", "1", … unless given.
    margin
        Pixels that stay empty around a digit in the training pictures: 4 for MNIST, 0 for the 8×8
        digits. What the reader draws is scaled and centered into what is left.
    pen
        Width of the pen in pixels of the network's input; about 2.5 for MNIST.
    title
        What to call the network, for instance "LeNet-5, 98.9 % on MNIST"; shown above the layers.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If a layer is of a kind that the page cannot run, a shape does not fit, or a number is not
        as described.
    """

    _esm = bundle(_HERE / "digit_through_layers.js")
    _css = style(PAD, _HERE / "digit_through_layers.css")

    side = traitlets.Int(8, help="N: the input is (1, N, N)").tag(sync=True)
    layers = traitlets.List(
        traitlets.Dict(), help="kind, shape of the output and settings of each layer"
    ).tag(sync=True)
    weights = traitlets.Unicode(help="all parameters as float32 in base64").tag(sync=True)
    samples = traitlets.Unicode(help="(S, N, N) grays, 255 is ink, in base64").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    margin = traitlets.Float(0.0).tag(sync=True)
    pen = traitlets.Float(1.2).tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    drawing = traitlets.List(
        traitlets.List(), help="(N, N) rows: what the network sees; written by the page"
    ).tag(sync=True)
    logits = traitlets.List(traitlets.Float(), help="written by the page").tag(sync=True)
    probabilities = traitlets.List(traitlets.Float(), help="written by the page").tag(sync=True)

    reserved_height = height_trait(wide=810, phone=1495)

    def __init__(
        self,
        network: nn.Sequential | None = None,
        samples: ArrayLike | None = None,
        *,
        classes: Sequence[str] | None = None,
        margin: float | None = None,
        pen: float | None = None,
        title: str = "",
        **options: Any,
    ) -> None:
        """Check the network against the pictures; the class says what each argument may be."""
        if network is None:
            if samples is not None:
                raise ValueError("samples without a network; pass the network that they are for")
            from derived.widgets.digit_through_layers.default_network import (  # noqa: PLC0415
                edge_network,
            )

            network, samples = edge_network()
            title = title or "Edge filters and a fitted readout"
        if samples is None:
            raise ValueError("a network without samples; pass at least one picture, (1, N, N)")
        super().__init__(**_traits(network, samples, classes, margin, pen), title=title, **options)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        kinds = "-".join(layer["kind"] for layer in self.layers if layer["weights"])
        return f"DigitThroughLayers({self.side}×{self.side}, {kinds})"


def _traits(
    network: nn.Sequential,
    samples: ArrayLike,
    classes: Sequence[str] | None,
    margin: float | None,
    pen: float | None,
) -> dict[str, Any]:
    """Everything that the page is told, checked."""
    pictures = checked_samples(samples)
    side = pictures.shape[1]
    layers, parameters = described(network, side)
    border, width = checked_drawing(side, margin, pen)
    return {
        "side": side,
        "layers": layers,
        "weights": packed_parameters("the network", parameters, MOST_NUMBERS),
        "samples": grays(pictures),
        "classes": checked_names(classes, layers[-1]["shape"][0]),
        "margin": border,
        "pen": width,
    }
