"""Layers that take pictures, in ``derived.nn`` and in PyTorch: forward, and both gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn as torch_nn

from benchmarks.task import FLOAT32, SEED, Step, Task
from derived.nn import BatchNorm, Conv2d, Layer, MaxPool2d

__all__ = ["PICTURE_TASKS", "layer_step", "load"]


def layer_step(
    layer: Layer,
    model: torch_nn.Module,
    x: np.ndarray,
    run: Callable[[torch_nn.Module, torch.Tensor], torch.Tensor],
) -> tuple[Step, Step]:
    """Return forward and backward with ∂J/∂x, ours and PyTorch's, each with a number to compare.

    run : calls the model and returns the one output that the gradient is taken of.
    """
    torch_x = torch.from_numpy(x.copy()).requires_grad_()
    y = copy.deepcopy(layer).forward(x)  # the layer itself comes to its first step without memory
    grad_output = np.random.default_rng(SEED).standard_normal(y.shape).astype(FLOAT32)
    # As the layer behind would send it: in the memory order of the output.
    ours_gradient = np.empty_like(y)
    ours_gradient[...] = grad_output
    torch_gradient = torch.from_numpy(grad_output)
    first, last = (0,) * x.ndim, (-1,) * x.ndim

    def ours() -> float:
        output = layer.forward(x)
        gradient = layer.backward(ours_gradient)
        return float(output[(0,) * output.ndim] + gradient[first] + gradient[last])

    def theirs() -> float:
        torch_x.grad = None
        model.zero_grad()
        output = run(model, torch_x)
        output.backward(torch_gradient)
        gradient = torch_x.grad
        assert gradient is not None
        number = output.detach()[(0,) * output.ndim] + gradient[first] + gradient[last]
        return number.item()

    return ours, theirs


def _pictures(channels: int, stored: bool) -> np.ndarray:
    """Return 64 pictures of 28 × 28: as they are stored, or batch last, as our layers hand on."""
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((channels, 28, 28, 64)).astype(FLOAT32).transpose(3, 0, 1, 2)
    return np.ascontiguousarray(x) if stored else x


def load(model: torch_nn.Module, layer: Layer) -> torch_nn.Module:
    """Give a model of one layer the parameters of ours, which stand in the same order."""
    with torch.no_grad():
        for theirs, ours in zip(model.parameters(), layer.parameters.values(), strict=True):
            theirs.copy_(torch.tensor(ours))
    return model


def convolution(threads: int = 1, stored: bool = False) -> tuple[Step, Step]:
    """3 × 3 windows, 16 channels to 32, 64 pictures of 28 × 28; PyTorch has one thread."""
    rng = np.random.default_rng(SEED)
    layer = Conv2d(16, 32, 3, padding=1, rng=rng, dtype=FLOAT32, threads=threads)
    model = load(torch_nn.Conv2d(16, 32, 3, padding=1), layer)
    return layer_step(layer, model, _pictures(16, stored), lambda model, x: model(x))


def max_pooling(stored: bool = False) -> tuple[Step, Step]:
    """2 × 2 windows, 32 channels, 64 pictures of 28 × 28."""
    x = _pictures(32, stored)
    return layer_step(MaxPool2d(2), torch_nn.MaxPool2d(2), x, lambda model, x: model(x))


def batch_normalization(stored: bool = False) -> tuple[Step, Step]:
    """32 channels, 64 pictures of 28 × 28."""
    layer, x = BatchNorm(32, dtype=FLOAT32), _pictures(32, stored)
    return layer_step(layer, torch_nn.BatchNorm2d(32), x, lambda model, x: model(x))


def _as_stored(name: str, make: Callable[..., tuple[Step, Step]]) -> Task:
    """Return a task whose pictures lie one after the other, as in a file or a tensor of PyTorch."""
    return Task(f"{name}, pictures as stored", partial(make, stored=True))


#: Two operations for each number of a window and each place, forward and in both gradients.
CONVOLUTION_WORK = 3 * 2.0 * (9 * 16) * 32 * (64 * 28 * 28)
PICTURE_TASKS = (
    Task("convolution 3×3, 64 × 16 × 28 × 28 to 32", convolution, 2.0, CONVOLUTION_WORK),
    Task("the same in two Python threads", partial(convolution, threads=2), 1.25),
    _as_stored("convolution", convolution),
    Task("max pooling 2×2, 64 × 32 × 28 × 28", max_pooling, 0.3),
    _as_stored("max pooling", max_pooling),
    Task("batch normalization, 64 × 32 × 28 × 28", batch_normalization, 0.75),
    _as_stored("batch normalization", batch_normalization),
)
