"""What PyTorch's own recurrent layers say about ours."""

from __future__ import annotations

import numpy as np
import torch
from torch.func import functional_call

from derived import nn
from tests.oracle_cases import LENGTHS, SCALES, SEEDS, Oracle, random_parameters

__all__ = ["SEQUENCE_LAYERS", "recurrent_twin"]

#: Our class → theirs, and the places of their gates among ours.
TWINS = {
    nn.RNN: (torch.nn.RNN, (0,)),
    nn.LSTM: (torch.nn.LSTM, (0, 1, 3, 2)),  # theirs: i, f, g, o
    nn.GRU: (torch.nn.GRU, (0, 1, 2)),
}


def _draw(cls):
    def draw_case(draw, dtype):
        rng = np.random.default_rng(draw(SEEDS))
        layer = cls(draw(LENGTHS), draw(LENGTHS), rng=rng, dtype=dtype)
        features = layer.parameters["weight_input"].shape[1]
        shape = (draw(LENGTHS), draw(LENGTHS), features)
        scale = min(draw(SCALES), 1.0)  # beyond it all gates are shut
        return random_parameters(layer, rng), (scale * rng.standard_normal(shape)).astype(dtype)

    return draw_case


def recurrent_twin(layer, x, p, state=None):
    """Return all h_t of PyTorch's layer with the parameters p, and its final state."""
    kind, order = next(TWINS[cls] for cls in type(layer).__mro__ if cls in TWINS)

    def rows(name):
        blocks = p[name].chunk(layer.gates)
        return torch.cat([blocks[place] for place in order])

    own = torch.zeros_like(p["bias"])
    if "bias_candidate" in p:
        own = torch.cat([own[: -layer.hidden_features], p["bias_candidate"]])
    weights = {
        "weight_ih_l0": rows("weight_input"),
        "weight_hh_l0": rows("weight_hidden"),
        "bias_ih_l0": rows("bias"),
        "bias_hh_l0": own,
    }
    twin = kind(x.shape[2], layer.hidden_features, dtype=x.dtype)
    return functional_call(twin, weights, (x,) if state is None else (x, state))


SEQUENCE_LAYERS = {
    cls: Oracle(_draw(cls), lambda layer, x, p: recurrent_twin(layer, x, p)[0]) for cls in TWINS
}
