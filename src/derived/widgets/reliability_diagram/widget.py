"""The Python side of the reliability diagram: logits and labels, validated and packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.arguments import (
    Checks,
    array,
    checked,
    class_labels,
    integer,
    number,
    packed,
    validator,
)
from derived.widgets.bundler import CHART, SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

MOST_EXAMPLES = 3000
MOST_CLASSES = 20

_CHECKS: Checks = {
    "temperature": lambda value: number("temperature", value, 0.05, 20.0),
    "bins": lambda value: integer("bins", value, 2, 25),
}


class ReliabilityDiagram(anywidget.AnyWidget):
    """Is a classifier as often right as it says? And what does a temperature do to it?

    The answers are sorted into bins of equal width by their confidence, the largest of the
    probabilities softmax(z / T); a bar shows the share of right answers in its bin, a line the mean
    confidence. Readouts: accuracy, mean confidence, expected calibration error (the mean distance
    of both, weighted by the answers of a bin), negative log-likelihood and Brier score. The reader
    moves the temperature T, takes the one with the best likelihood of these labels, or changes the
    number of bins, on which the calibration error depends.
    With a kernel, the traits follow what the reader does.

    Parameters
    ----------
    logits
        (S, K) of held-out examples, 1 <= S <= 3000, 2 <= K <= 20; kept as float32.
    labels
        (S,) the true classes, whole numbers from 0 to K - 1.
    temperature
        T, from 0.05 to 20.
    bins
        An integer from 2 to 25.
    title
        What to call the classifier and the data; shown above.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If a shape or a number is not as described.

    Source: Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017.
    """

    _esm = bundle(_HERE / "reliability_diagram.js")
    _css = style(CHART, SLIDERS, _HERE / "reliability_diagram.css")

    logits = traitlets.Unicode(help="(S, K) float32 in base64").tag(sync=True)
    classes = traitlets.Int(2, help="K").tag(sync=True)
    labels = traitlets.List(traitlets.Int(), help="(S,)").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    bins = traitlets.Int(10).tag(sync=True)
    error = traitlets.Float(0.0, help="expected calibration error; written by the page").tag(
        sync=True
    )
    loss = traitlets.Float(0.0, help="nats an example; written by the page").tag(sync=True)
    brier = traitlets.Float(0.0, help="written by the page").tag(sync=True)

    reserved_height = height_trait(wide=618, phone=938)

    def __init__(
        self,
        logits: ArrayLike,
        labels: ArrayLike,
        *,
        temperature: float = 1.0,
        bins: int = 10,
        title: str = "",
        **options: Any,
    ) -> None:
        """Check and pack the logits; the class says what each argument may be."""
        rows = np.array(array("logits", logits, (None, None), 1e6))
        examples, classes = rows.shape
        if not (1 <= examples <= MOST_EXAMPLES and 2 <= classes <= MOST_CLASSES):
            raise ValueError(
                f"logits has shape {rows.shape}; pass 1 to {MOST_EXAMPLES} examples of 2 to "
                f"{MOST_CLASSES} classes"
            )
        super().__init__(
            logits=packed("logits", [rows]),
            classes=classes,
            labels=class_labels(labels, examples, classes),
            title=title,
            **checked(_CHECKS, temperature=temperature, bins=bins),
            **options,
        )

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"ReliabilityDiagram({len(self.labels)} examples, {self.classes} classes)"
