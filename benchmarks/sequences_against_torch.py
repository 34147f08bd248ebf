"""Recurrent layers over 64 steps, in ``derived.nn`` and in PyTorch: forward, and all gradients."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import nn as torch_nn

from benchmarks.pictures_against_torch import layer_step
from benchmarks.task import FLOAT32, SEED, Step, Task
from derived.nn import GRU, LSTM, RNN, Recurrent

__all__ = ["SEQUENCE_TASKS"]

STEPS, BATCH, FEATURES, HIDDEN = 64, 64, 64, 128
#: Our class → theirs, and the places of their gates among ours.
TWINS: dict[type[Recurrent], tuple[type[torch_nn.RNNBase], tuple[int, ...]]] = {
    RNN: (torch_nn.RNN, (0,)),
    LSTM: (torch_nn.LSTM, (0, 1, 3, 2)),
    GRU: (torch_nn.GRU, (0, 1, 2)),
}


def recurrent(cls: type[Recurrent]) -> tuple[Step, Step]:
    """64 sequences of 64 steps, 64 features, 128 hidden units."""
    rng = np.random.default_rng(SEED)
    layer = cls(FEATURES, HIDDEN, rng=rng, dtype=FLOAT32)
    kind, order = TWINS[cls]
    model = kind(FEATURES, HIDDEN)
    with torch.no_grad():
        for name, values in (
            ("weight_ih_l0", layer.parameters["weight_input"]),
            ("weight_hh_l0", layer.parameters["weight_hidden"]),
            ("bias_ih_l0", layer.parameters["bias"]),
            ("bias_hh_l0", np.zeros_like(layer.parameters["bias"])),
        ):
            blocks = np.split(values, layer.gates)
            ordered = np.concatenate([blocks[place] for place in order])
            getattr(model, name).copy_(torch.from_numpy(ordered))
    x = rng.standard_normal((STEPS, BATCH, FEATURES)).astype(FLOAT32)
    return layer_step(layer, model, x, lambda model, x: model(x)[0])


def _task(cls: type[Recurrent], target: float) -> Task:
    name = "tanh RNN" if cls is RNN else cls.__name__
    gates = len(TWINS[cls][1])
    work = 3 * 2.0 * (FEATURES + HIDDEN) * gates * HIDDEN * STEPS * BATCH  # with both gradients
    return Task(f"{name}, 64 steps, 64 × 64 to 128", partial(recurrent, cls), target, work)


SEQUENCE_TASKS = (_task(LSTM, 1.6), _task(GRU, 0.9), _task(RNN, 0.85))
