"""A network small enough to be trained hundreds of times a second."""

from __future__ import annotations

import torch
from torch import nn

from derived.training import batches, train

LOSS = nn.functional.cross_entropy


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(rows: int = 20):
    inputs = torch.randn(rows, 3, generator=generator(9))
    return inputs, (inputs.sum(1) > 0).long()


def network(width: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 2))


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


def fit(model=None, optimizer=None, source=None, **options):
    """Train quietly, with whatever the test does not care about filled in."""
    model = network() if model is None else model
    optimizer = sgd(model) if optimizer is None else optimizer
    source = batches(data(), 8, generator()) if source is None else source
    options = {"epochs": 1, "progress": False} | options
    return train(model, LOSS, optimizer, source, **options)
