"""A small decoder with codes, for the tests of the latent figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from derived import nn
from derived.widgets import LatentMap, LatentSliders


def decoder_of(
    rng: np.random.Generator, hidden: int = 7, pixels: int = 25, latent: int = 2
) -> nn.Sequential:
    return nn.Sequential(
        nn.Dense(latent, hidden, rng=rng),
        nn.Tanh(),
        nn.Dense(hidden, pixels, rng=rng),
        nn.Sigmoid(),
    )


def latent_map(**options: Any) -> LatentMap:
    rng = np.random.default_rng(4)
    decoder = decoder_of(rng)
    labels = rng.integers(0, 4, 60)
    codes = rng.normal(size=(60, 2)) + 2.0 * np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]])[labels]
    return LatentMap(decoder, codes, labels, title="A decoder for tests", **options)


def latent_sliders(**options: Any) -> LatentSliders:
    """Five numbers, of which the decoder does not use the third."""
    decoder = decoder_of(np.random.default_rng(7), latent=5)
    decoder.layers[0].parameters["weight"][:, 2] = 0.0
    return LatentSliders(decoder, **options)
