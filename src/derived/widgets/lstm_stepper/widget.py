"""The Python side of the LSTM stepper: its cell and its sequence, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.nn import LSTM
from derived.widgets.arguments import array, integer
from derived.widgets.bundler import STEPPER, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

LIMIT = 10.0
MOST_UNITS = 2
MOST_STEPS = 8

_INPUTS = ((1.0,), (0.0,), (0.0,), (-1.0,), (0.0,))


def _example() -> LSTM:
    """One unit that writes what comes in while the input is not zero, and keeps it after."""
    layer = LSTM(1, 1, rng=np.random.default_rng(0))
    layer.parameters["weight_input"] = [[1.5], [-0.5], [0.5], [2.0]]
    layer.parameters["weight_hidden"] = [[-0.5], [0.5], [1.0], [0.5]]
    layer.parameters["bias"] = [0.0, 2.0, 0.5, 0.0]
    return layer


def _checked_layer(layer: LSTM) -> tuple[int, int, dict[str, Any]]:
    """Features, units and parameters, as nested lists."""
    if not isinstance(layer, LSTM):
        raise ValueError(f"layer is a {type(layer).__name__}; pass a derived.nn.LSTM")
    units, features = layer.hidden_features, layer.parameters["weight_input"].shape[1]
    if units > MOST_UNITS or features > MOST_UNITS:
        raise ValueError(
            f"the layer has {features} inputs and {units} units; "
            f"the figure has room for {MOST_UNITS} of each"
        )
    shapes = {
        "weight_input": (4 * units, features),
        "weight_hidden": (4 * units, units),
        "bias": (4 * units,),
    }
    parameters = {
        name: array(name, layer.parameters[name], shape, LIMIT) for name, shape in shapes.items()
    }
    return features, units, parameters


def _checked_inputs(inputs: ArrayLike, features: int) -> list[Any]:
    rows = np.asarray(inputs, dtype=object)
    if features == 1 and rows.ndim == 1:
        rows = rows[:, np.newaxis]
    checked = array("inputs", rows, (None, features), LIMIT)
    if not 1 <= len(checked) <= MOST_STEPS:
        raise ValueError(f"inputs has {len(checked)} steps; pass from 1 to {MOST_STEPS}")
    return checked


class LstmStepper(anywidget.AnyWidget):
    """An LSTM cell, stepped gate by gate along a short sequence.

    At each time step come, in this order: the forget gate f, the input gate i, the candidate g,
    the cell c = f ∘ c + i ∘ g, the output gate o, and h = o ∘ tanh c.
    Each step shows its formula with the numbers in it; the reader can change inputs and biases.
    Everything is computed in the page; with a kernel, the traits follow what the reader does.

    Parameters
    ----------
    layer
        A `derived.nn.LSTM` with 1 or 2 inputs and 1 or 2 units, its parameters from -10 to 10
        (copied, not changed); a hand-made cell with one input and one unit unless given.
    inputs
        (T, features) the sequence, 1 <= T <= 8, numbers from -10 to 10; (T,) for one feature.
    initial_state
        (h_0, c_0), each of shape (units,); zeros unless given.
    step
        At which of the 6 T steps to begin; 0, the beginning, has computed nothing yet. Unless
        given, the figure begins with the first cell state, step 4.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If the layer is no LSTM or too large, a shape does not fit, or a number is out of range.
    """

    _esm = bundle(_HERE / "lstm_stepper.js")
    _css = style(STEPPER, _HERE / "lstm_stepper.css")

    weight_input = traitlets.List(
        traitlets.List(), help="(4 units, features), rows i, f, o, g"
    ).tag(sync=True)
    weight_hidden = traitlets.List(traitlets.List(), help="(4 units, units)").tag(sync=True)
    bias = traitlets.List(traitlets.Float(), help="(4 units,)").tag(sync=True)
    inputs = traitlets.List(traitlets.List(), help="(T, features)").tag(sync=True)
    initial_state = traitlets.List(traitlets.List(), help="[h_0, c_0]").tag(sync=True)
    step = traitlets.Int(0, help="steps done, from 0 to 6 T").tag(sync=True)
    hidden = traitlets.List(traitlets.List(), help="(T, units) every h_t; written by the page").tag(
        sync=True
    )
    cells = traitlets.List(traitlets.List(), help="(T, units) every c_t; written by the page").tag(
        sync=True
    )

    reserved_height = height_trait(wide=755, phone=960)

    def __init__(
        self,
        layer: LSTM | None = None,
        inputs: ArrayLike | None = None,
        *,
        initial_state: tuple[ArrayLike, ArrayLike] | None = None,
        step: int = 4,
        **options: Any,
    ) -> None:
        """Check the cell and the sequence; the class says what each argument may be."""
        features, units, parameters = _checked_layer(_example() if layer is None else layer)
        if inputs is None:
            inputs = np.repeat(np.asarray(_INPUTS), features, axis=1)
        rows = _checked_inputs(inputs, features)
        start: Any = np.zeros((2, units)) if initial_state is None else initial_state
        super().__init__(
            **parameters,
            inputs=rows,
            initial_state=array("initial_state", start, (2, units), LIMIT),
            step=integer("step", step, 0, 6 * len(rows)),
            **options,
        )

    @traitlets.validate("weight_input", "weight_hidden", "bias", "inputs", "initial_state")
    def _validate_shape(self, proposal: dict[str, Any]) -> Any:
        """Values may change, shapes may not: the traits would not fit each other for a moment."""
        name, value = proposal["trait"].name, proposal["value"]
        before = getattr(self, name)
        return array(name, value, np.shape(before), LIMIT) if before else value

    @traitlets.validate("step")
    def _validate_step(self, proposal: dict[str, Any]) -> int:
        most = 6 * len(self.inputs) if self.inputs else 6 * MOST_STEPS
        return integer("step", proposal["value"], 0, most)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        features, units = len(self.inputs[0]), len(self.bias) // 4
        return f"LstmStepper(features={features}, units={units}, steps={len(self.inputs)})"
