"""What an oracle is: how to draw a case for a class, and the same function in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

# The same examples on every machine and in every run; slow machines are not errors.
EXAMPLES = settings(derandomize=True, deadline=None, max_examples=25, database=None)

SEEDS = st.integers(0, 2**32 - 1)
LENGTHS = st.integers(1, 6)
SCALES = st.sampled_from([0.01, 1.0, 30.0, 1000.0])
SHAPES = st.lists(LENGTHS, min_size=1, max_size=3).map(tuple)
FLOATS = (np.float32, np.float64)


@dataclass(frozen=True)
class Oracle:
    """How to draw arguments for a class, and the same function in PyTorch.

    ``draw(draw, dtype)`` returns (layer, x) or (prediction, target). ``twin`` takes the layer,
    PyTorch's x and the layer's parameters, or PyTorch's prediction and target.
    """

    draw: Callable[..., tuple]
    twin: Callable[..., torch.Tensor]


def rows(draw, rng, features, dtype):
    return (draw(SCALES) * rng.standard_normal((draw(LENGTHS), features))).astype(dtype)


def random_parameters(layer, rng):
    """Give every parameter, the biases too, values that a mistake cannot hide behind."""
    for values in layer.parameters.values():
        values[...] = rng.standard_normal(values.shape)
    return layer
