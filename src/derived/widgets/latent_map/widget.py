"""The Python side of the latent map: a decoder and the codes of examples, validated and packed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived import nn
from derived.widgets.arguments import array
from derived.widgets.bundler import bundle, style
from derived.widgets.dense_networks import DenseTraits, packed_decoder
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

MOST_CODES = 500
FAR = 1000.0


def _checked_labels(labels: Sequence[Any] | ArrayLike, count: int) -> list[str]:
    names = [str(each) for each in np.asarray(labels).ravel().tolist()]
    if len(names) != count:
        raise ValueError(f"{len(names)} labels for {count} codes; pass one for each")
    if any(len(name) > 2 or not name for name in names):
        raise ValueError("labels must be one or two characters long: they are drawn in the map")
    return names


class LatentMap(DenseTraits, anywidget.AnyWidget):
    """Walk through the plane of two latent numbers and see each point decoded, live.

    The decoder runs in the page with its real weights (kept as float32). The map shows the codes of
    examples, each by its label, or a grid of decoded pictures; the reader drags the point z, moves
    it with the arrow keys, or goes to the mean code of a label. Beside the map stand the decoded
    picture x = g(z), its coordinates, and the nearest of the codes.
    With a kernel, the traits `point` and `picture` follow what the reader does.

    Parameters
    ----------
    decoder
        A trained `derived.nn.Sequential` that takes (B, 2): Dense layers, each with at most one
        ReLU, Sigmoid or Tanh behind it. Its output is a square picture, row by row, of 2×2 to
        32×32 pixels with ink from 0 to 1; what lies outside is cut off.
    codes
        (S, 2) codes of examples, 1 <= S <= 500.
    labels
        One label for each code, of one or two characters.
    point
        (2,) where the walk begins; the mean of the codes unless given.
    title
        What to call the model, for instance "2-D autoencoder"; shown above the map.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If the decoder is not of this kind or has more than 200 000 parameters, or a shape or a
        number is not as described.
    """

    _esm = bundle(_HERE / "latent_map.js")
    _css = style(_HERE / "latent_map.css")

    codes = traitlets.List(traitlets.List(), help="(S, 2) rows").tag(sync=True)
    labels = traitlets.List(traitlets.Unicode(), help="(S,)").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    point = traitlets.List(traitlets.Float(), help="(2,) z").tag(sync=True)
    picture = traitlets.List(
        traitlets.Float(), help="the decoded ink, row by row; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=652, phone=1124)

    def __init__(
        self,
        decoder: nn.Sequential,
        codes: ArrayLike,
        labels: Sequence[Any] | ArrayLike,
        *,
        point: ArrayLike | None = None,
        title: str = "",
        **options: Any,
    ) -> None:
        """Check and pack the decoder; the class says what each argument may be."""
        rows = array("codes", codes, (None, 2), FAR)
        if not 1 <= len(rows) <= MOST_CODES:
            raise ValueError(f"{len(rows)} codes; pass from 1 to {MOST_CODES}")
        super().__init__(
            **packed_decoder(decoder, 2, 2),
            codes=np.round(rows, 4).tolist(),
            labels=_checked_labels(labels, len(rows)),
            title=title,
            point=np.round(np.mean(rows, axis=0), 3).tolist() if point is None else point,
            **options,
        )

    @traitlets.validate("point")
    def _validate_point(self, proposal: dict[str, Any]) -> list[float]:
        return array("point", proposal["value"], (2,), FAR)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"LatentMap({'-'.join(map(str, self.sizes))}, {len(self.codes)} codes)"
