"""The Python side of the bound's terms: a model of one latent number and q, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from derived.widgets.arguments import Checks, checked, number, one_of, validator
from derived.widgets.bundler import CHART, SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

DECODERS = ("line", "fold", "step")

_CHECKS: Checks = {
    "decoder": lambda value: one_of("decoder", value, DECODERS),
    "x": lambda value: number("x", value, -4.0, 4.0),
    "noise": lambda value: number("noise", value, 0.1, 2.0),
    "mean": lambda value: number("mean", value, -4.0, 4.0),
    "deviation": lambda value: number("deviation", value, 0.03, 3.0),
}


class ElboTerms(anywidget.AnyWidget):
    """Move a Gaussian q against the exact posterior and see the evidence lower bound, live.

    One latent number z ~ N(0, 1) and one observation x ~ N(g(z), σ²). The figure draws the prior,
    the exact posterior (by quadrature) and q(z) = N(m, s²), and beside them the two terms of the
    bound, E_q[log p(x | z)] and KL(q ‖ p(z)), the exact log p(x), and the gap between it and the
    bound, which is KL(q ‖ p(z | x)). The reader moves q, x and σ, or climbs the bound.
    With a kernel, the traits follow what the reader does.

    Parameters
    ----------
    decoder
        "line" g(z) = z, whose posterior is Gaussian, so that the gap can close; "fold" g(z) = z²,
        whose posterior has two modes for large x; "step" g(z) = 2 tanh 2z.
    x
        The observation, from -4 to 4.
    noise
        σ, from 0.1 to 2.
    mean
        m of q, from -4 to 4.
    deviation
        s of q, from 0.03 to 3.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "elbo_terms.js")
    _css = style(CHART, SLIDERS, _HERE / "elbo_terms.css")

    decoder = traitlets.Unicode("line").tag(sync=True)
    x = traitlets.Float(1.0).tag(sync=True)
    noise = traitlets.Float(0.5).tag(sync=True)
    mean = traitlets.Float(-0.5).tag(sync=True)
    deviation = traitlets.Float(1.0).tag(sync=True)
    reconstruction = traitlets.Float(0.0, help="E_q log p(x | z); written by the page").tag(
        sync=True
    )
    divergence = traitlets.Float(0.0, help="KL(q ‖ prior); written by the page").tag(sync=True)
    bound = traitlets.Float(0.0, help="written by the page").tag(sync=True)
    evidence = traitlets.Float(0.0, help="log p(x); written by the page").tag(sync=True)

    reserved_height = height_trait(wide=524, phone=969)

    def __init__(
        self,
        decoder: str = "line",
        *,
        x: float = 1.0,
        noise: float = 0.5,
        mean: float = -0.5,
        deviation: float = 1.0,
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        chosen = checked(_CHECKS, decoder=decoder, x=x, noise=noise, mean=mean, deviation=deviation)
        super().__init__(**chosen, **options)

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"ElboTerms({self.decoder!r}, x={self.x:g}, noise={self.noise:g})"
