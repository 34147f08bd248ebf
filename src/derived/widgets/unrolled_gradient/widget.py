"""The Python side of the unrolled gradient: its initial configuration, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from derived.widgets.arguments import Checks, checked, integer, number, one_of, validator
from derived.widgets.bundler import CHART, SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

CELLS = ("linear", "tanh", "lstm", "gru")

_CHECKS: Checks = {
    "cell": lambda value: one_of("cell", value, CELLS),
    "radius": lambda value: number("radius", value, 0.0, 2.0),
    "gate_bias": lambda value: number("gate_bias", value, -6.0, 6.0),
    "steps": lambda value: integer("steps", value, 2, 100),
    "input_scale": lambda value: number("input_scale", value, 0.0, 4.0),
    "hidden": lambda value: integer("hidden", value, 1, 16),
    "seed": lambda value: integer("seed", value, 0, 9999),
}


class UnrolledGradient(anywidget.AnyWidget):
    """A recurrent network unrolled over T steps, and what is left of the gradient at each.

    The page draws a small random network, runs it on random inputs, and multiplies its real
    Jacobians from the end to the start. It shows the spectral norm ‖∂h_T/∂h_t‖ for t = 0 … T on
    the edges of the unrolled graph and as a curve on a logarithmic axis; for the LSTM, whose state
    is (h, c), also ‖∂h_T/∂c_t‖, both through all paths. The line ϱ^(T−t) stands beside them.
    W_h is a normal matrix scaled to the spectral radius ϱ (for the gated cells the block of each
    gate); W_x and the inputs (3 numbers a step) are normal too.
    The same configuration gives the same numbers on every machine (PCG32).
    With a kernel, the traits `parameters`, `inputs`, `norms` and `cell_norms` follow the reader.

    Parameters
    ----------
    cell
        "linear" (h_t = W_x x_t + W_h h_{t−1}), "tanh", "lstm" or "gru", the last three in the form
        of `derived.nn`'s RNN, LSTM and GRU.
    radius
        Spectral radius ϱ of the recurrent matrix, from 0 to 2.
    gate_bias
        Bias of the gate that keeps: the LSTM's forget gate, the GRU's update gate; from -6 to 6.
        The cells without gates do not use it.
    steps
        The length T, from 2 to 100.
    input_scale
        Standard deviation of the inputs, from 0 to 4: large inputs saturate tanh.
    hidden
        Units, from 1 to 16.
    seed
        Of weights and inputs; an integer from 0 to 9999.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "unrolled_gradient.js")
    _css = style(CHART, SLIDERS, _HERE / "unrolled_gradient.css")

    cell = traitlets.Unicode("tanh").tag(sync=True)
    radius = traitlets.Float(0.9).tag(sync=True)
    gate_bias = traitlets.Float(1.0).tag(sync=True)
    steps = traitlets.Int(30).tag(sync=True)
    input_scale = traitlets.Float(0.5).tag(sync=True)
    hidden = traitlets.Int(8).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    parameters = traitlets.Dict(
        help="'weight_input', 'weight_hidden', 'bias' and the GRU's 'bias_candidate', as in "
        "derived.nn; written by the page"
    ).tag(sync=True)
    inputs = traitlets.List(traitlets.List(), help="(T, 3); written by the page").tag(sync=True)
    norms = traitlets.List(
        traitlets.Float(), help="(T + 1,) of dh_T/dh_t, t = 0 first; written by the page"
    ).tag(sync=True)
    cell_norms = traitlets.List(
        traitlets.Float(), help="(T + 1,) of dh_T/dc_t for the LSTM; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=746, phone=932)

    def __init__(
        self,
        cell: str = "tanh",
        *,
        radius: float = 0.9,
        gate_bias: float = 1.0,
        steps: int = 30,
        input_scale: float = 0.5,
        hidden: int = 8,
        seed: int = 0,
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        chosen = checked(
            _CHECKS,
            cell=cell,
            radius=radius,
            gate_bias=gate_bias,
            steps=steps,
            input_scale=input_scale,
            hidden=hidden,
            seed=seed,
        )
        super().__init__(**chosen, **options)

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"UnrolledGradient(cell={self.cell!r}, radius={self.radius:g}, steps={self.steps})"
