"""The Python side of the latent sliders: a decoder and a code, validated and packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived import nn
from derived.widgets.arguments import array, integer
from derived.widgets.bundler import SLIDERS, bundle, style
from derived.widgets.dense_networks import DenseTraits, packed_decoder
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

FEWEST, MOST = 2, 12
LIMIT = 3.0


class LatentSliders(DenseTraits, anywidget.AnyWidget):
    """Move each number of a latent code and see what it does to the decoded picture, live.

    The decoder runs in the page with its real weights (kept as float32). Every number of the code
    has a slider from -3 to 3 and a strip of seven pictures, decoded with the others held; its
    effect is the root mean square change of a pixel from -1 to 1. A new sample draws the code from
    the standard normal distribution, as a variational autoencoder assumes it.
    With a kernel, the traits `code` and `picture` follow what the reader does.

    Parameters
    ----------
    decoder
        A trained `derived.nn.Sequential` that takes (B, D), 2 <= D <= 12: Dense layers, each with
        at most one ReLU, Sigmoid or Tanh behind it. Its output is a square picture, row by row, of
        2×2 to 32×32 pixels with ink from 0 to 1; what lies outside is cut off.
    code
        (D,) the code shown first, with entries from -3 to 3; zero unless given.
    information
        (D,) what to show beside each number, in nats: the mean Kullback-Leibler divergence of its
        posterior from the prior, from which a collapsed one is told; nothing unless given.
    title
        What to call the model; shown above.
    seed
        Of the samples; an integer from 0 to 9999.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If the decoder is not of this kind or has more than 200 000 parameters, or a shape or a
        number is not as described.
    """

    _esm = bundle(_HERE / "latent_sliders.js")
    _css = style(SLIDERS, _HERE / "latent_sliders.css")

    information = traitlets.List(traitlets.Float(), help="(D,) nats, or empty").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    code = traitlets.List(traitlets.Float(), help="(D,) z").tag(sync=True)
    picture = traitlets.List(
        traitlets.Float(), help="the decoded ink, row by row; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=590, phone=879)

    def __init__(
        self,
        decoder: nn.Sequential,
        *,
        code: ArrayLike | None = None,
        information: ArrayLike | None = None,
        title: str = "",
        seed: int = 0,
        **options: Any,
    ) -> None:
        """Check and pack the decoder; the class says what each argument may be."""
        packed = packed_decoder(decoder, FEWEST, MOST)
        dimensions = packed["sizes"][0]
        shown = [] if information is None else array("information", information, (dimensions,), 1e6)
        super().__init__(
            **packed,
            code=array(
                "code", np.zeros(dimensions) if code is None else code, (dimensions,), LIMIT
            ),
            information=np.round(shown, 4).tolist(),
            title=title,
            seed=integer("seed", seed, 0, 9999),
            **options,
        )

    @traitlets.validate("code")
    def _validate_code(self, proposal: dict[str, Any]) -> list[float]:
        return array("code", proposal["value"], (self.sizes[0],), LIMIT)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"LatentSliders({'-'.join(map(str, self.sizes))})"
