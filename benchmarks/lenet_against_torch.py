"""LeNet trained in ``derived.nn`` and in PyTorch: plain eager code on both sides."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn as torch_nn

from benchmarks.pictures_against_torch import load
from benchmarks.task import FLOAT32, SEED, Step, Task
from derived.nn import SGD, Conv2d, CrossEntropy, Dense, Flatten, MaxPool2d, ReLU, Sequential

__all__ = ["LENET_TASKS", "lenet_epoch"]

IMAGES, BATCH = 2000, 50
#: Small: rounding errors of float32 grow from step to step, the faster the larger the steps.
LEARNING_RATE = 0.001


def networks(rng: np.random.Generator) -> tuple[Sequential, torch_nn.Module]:
    """Return LeNet-5 with ReLU and max pooling, ours and PyTorch's, with the same parameters."""
    ours = Sequential(
        Conv2d(1, 6, 5, padding=2, rng=rng, dtype=FLOAT32), ReLU(), MaxPool2d(2),
        Conv2d(6, 16, 5, rng=rng, dtype=FLOAT32), ReLU(), MaxPool2d(2), Flatten(),
        Dense(400, 120, rng=rng, dtype=FLOAT32), ReLU(),
        Dense(120, 84, rng=rng, dtype=FLOAT32), ReLU(),
        Dense(84, 10, rng=rng, dtype=FLOAT32),
    )  # fmt: skip
    theirs = torch_nn.Sequential(
        torch_nn.Conv2d(1, 6, 5, padding=2), torch_nn.ReLU(), torch_nn.MaxPool2d(2),
        torch_nn.Conv2d(6, 16, 5), torch_nn.ReLU(), torch_nn.MaxPool2d(2), torch_nn.Flatten(),
        torch_nn.Linear(400, 120), torch_nn.ReLU(), torch_nn.Linear(120, 84), torch_nn.ReLU(),
        torch_nn.Linear(84, 10),
    )  # fmt: skip
    return ours, load(theirs, ours)


def lenet_epoch(images: int = IMAGES) -> tuple[Step, Step]:
    """Return an epoch over so many pictures in batches of 50; each returns its mean loss."""
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((images, 1, 28, 28)).astype(FLOAT32)
    labels = rng.integers(0, 10, images)
    network, model = networks(rng)
    loss, optimizer = CrossEntropy(), SGD(network, LEARNING_RATE)
    torch_loss = torch_nn.CrossEntropyLoss()
    torch_optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    torch_x, torch_labels = torch.from_numpy(x), torch.from_numpy(labels)
    parts = [slice(start, start + BATCH) for start in range(0, images, BATCH)]

    def ours() -> float:
        total = 0.0
        for part in parts:
            total += loss.forward(network.forward(x[part]), labels[part])
            network.backward_parameters(loss.backward())
            optimizer.step()
        return total / len(parts)

    def theirs() -> float:
        total = 0.0
        for part in parts:
            torch_optimizer.zero_grad()
            value = torch_loss(model(torch_x[part]), torch_labels[part])
            value.backward()
            torch_optimizer.step()
            total += value.item()
        return total / len(parts)

    return ours, theirs


LENET_TASKS = (Task("LeNet, an epoch of 2000, batch 50, SGD", lenet_epoch, 1.0),)
