"""The Python side of the game of generator and discriminator: its configuration, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from derived.widgets.arguments import Checks, checked, integer, number, one_of, validator
from derived.widgets.bundler import CHART, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

DATA = ("one", "two")
LOSSES = ("non-saturating", "minimax")

_CHECKS: Checks = {
    "data": lambda value: one_of("data", value, DATA),
    "loss": lambda value: one_of("loss", value, LOSSES),
    "k": lambda value: integer("k", value, 1, 10),
    "generator_rate": lambda value: number("generator_rate", value, 1e-4, 2.0),
    "discriminator_rate": lambda value: number("discriminator_rate", value, 1e-4, 2.0),
    "start": lambda value: number("start", value, -4.0, 4.0),
    "seed": lambda value: integer("seed", value, 0, 9999),
}


class GanTrainer(anywidget.AnyWidget):
    """Train a generative adversarial network on a line, step by step, in the page.

    G(z) with z ~ N(0, 1) and the logit of D(x) are dense networks 1-16-1 with tanh units. A step is
    that of Algorithm 1: k steps of gradient descent on L_D = −E log D(x) − E log(1 − D(G(z))), then
    one on L_G, each on fresh batches of 64. Every random choice comes from the seed.
    The figure draws the density p of the data, the density p_g of the generator, D(x), and
    D*(x) = p(x) / (p(x) + p_g(x)), the best discriminator for the present generator; below, lines
    lead from 41 equally probable places of z to G(z).
    p_g is no histogram of samples: it is the change of variables p_z(z) dz = p_g(x) dx on 400 short
    intervals of z, summed over all branches where G turns back, as its mean in cells of width 0.05.
    The losses beside it are expectations by quadrature, not those of a batch; the Jensen–Shannon
    divergence is that of the masses in the cells (a hair below that of the densities); the share of
    a mode is the mass of p_g within two deviations of it (95 % of the data lie within two
    deviations of one Gaussian, so 47.7 % at each of two).
    With a kernel, the traits follow what the reader does.

    The default converges on one Gaussian in about a thousand steps. With two Gaussians, a generator
    that starts on one of them (``"two", start=-2, generator_rate=0.02``) stays there: a collapse.
    Even a perfect copy of that one would leave a divergence of (3/4) log (4/3) = 0.216 nats.

    Parameters
    ----------
    data
        "one": N(1.5, 0.7²); "two": N(−2, 0.5²) and N(2, 0.5²) in equal parts.
    loss
        L_G, "non-saturating" −E log D(G(z)) or "minimax" E log(1 − D(G(z))).
    k
        Steps of D for one of G, an integer from 1 to 10.
    generator_rate, discriminator_rate
        Learning rates, from 0.0001 to 2.
    start
        Where the generator begins: its last bias, from −4 to 4.
    seed
        An integer from 0 to 9999.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.

    Source: Goodfellow et al., *Generative Adversarial Nets*, NeurIPS 2014: Algorithm 1, Figure 1.
    """

    _esm = bundle(_HERE / "gan_trainer.js")
    _css = style(CHART, _HERE / "gan_trainer.css")

    data = traitlets.Unicode("one").tag(sync=True)
    loss = traitlets.Unicode("non-saturating").tag(sync=True)
    k = traitlets.Int(3).tag(sync=True)
    generator_rate = traitlets.Float(0.05).tag(sync=True)
    discriminator_rate = traitlets.Float(0.3).tag(sync=True)
    start = traitlets.Float(-1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0, help="written by the page").tag(sync=True)
    generator = traitlets.List(
        traitlets.Dict(), help="weight (outputs, inputs) and bias of each layer; by the page"
    ).tag(sync=True)
    discriminator = traitlets.List(
        traitlets.Dict(), help="weight (outputs, inputs) and bias of each layer; by the page"
    ).tag(sync=True)
    metrics = traitlets.Dict(
        help="value V(D, G), generator_loss, divergence, pull, shares; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=710, phone=1289)

    def __init__(
        self,
        data: str = "one",
        *,
        loss: str = "non-saturating",
        k: int = 3,
        generator_rate: float = 0.05,
        discriminator_rate: float = 0.3,
        start: float = -1.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        chosen = checked(
            _CHECKS,
            data=data,
            loss=loss,
            k=k,
            generator_rate=generator_rate,
            discriminator_rate=discriminator_rate,
            start=start,
            seed=seed,
        )
        super().__init__(**chosen, **options)

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"GanTrainer({self.data!r}, loss={self.loss!r}, k={self.k}, seed={self.seed})"
