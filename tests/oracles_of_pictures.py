"""What PyTorch says about the layers that take pictures, with windows of every kind."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from torch.nn import functional as F

from derived import nn
from tests.oracle_cases import LENGTHS, SCALES, SEEDS, SHAPES, Oracle, random_parameters

__all__ = ["PICTURE_LAYERS"]

SMALL = st.integers(1, 3)
PAIRS = st.one_of(SMALL, st.tuples(SMALL, SMALL))
EDGES = st.integers(1, 5)  # of kernels, up to LeNet's
KERNELS = st.one_of(EDGES, st.tuples(EDGES, EDGES))


def _both(value):
    return value if isinstance(value, tuple) else (value, value)


def _pictures(draw, rng, channels, least, dtype):
    """Return pictures of odd sizes, and now and then not contiguous in memory."""
    size = [draw(st.integers(edge, edge + 4)) for edge in least]
    x = draw(SCALES) * rng.standard_normal((draw(SMALL), channels, *size))
    return (np.asfortranarray(x) if draw(st.booleans()) else x).astype(dtype, order="K")


def _draw_convolution(draw, dtype):
    rng = np.random.default_rng(draw(SEEDS))
    kernel, dilation = _both(draw(KERNELS)), _both(draw(PAIRS))
    padding = draw(st.one_of(st.sampled_from(["valid", "same", "full"]), st.integers(0, 2)))
    layer = nn.Conv2d(
        draw(SMALL),
        draw(SMALL),
        kernel,
        stride=1 if padding == "same" else draw(PAIRS),
        padding=padding,
        dilation=dilation,
        rng=rng,
        dtype=dtype,
        threads=draw(st.integers(1, 3)),
    )
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    channels = layer.parameters["weight"].shape[1]
    return random_parameters(layer, rng), _pictures(draw, rng, channels, reach, dtype)


def _convolution_twin(layer, x, p):
    windows = layer.windows
    (top, left), (bottom, right) = windows.before, windows.after
    padded = F.pad(x, (left, right, top, bottom))
    settings = {"stride": windows.stride, "dilation": windows.dilation}
    return F.conv2d(padded, p["weight"], p["bias"], **settings)


def _pool(cls, twin):
    def draw_case(draw, dtype):
        rng, window = np.random.default_rng(draw(SEEDS)), _both(draw(PAIRS))
        padding = tuple(draw(st.integers(0, edge // 2)) for edge in window)
        layer = cls(window, stride=draw(st.one_of(st.none(), PAIRS)), padding=padding)
        return layer, _pictures(draw, rng, draw(SMALL), window, dtype)

    def same(layer, x, parameters):
        windows = layer.windows
        return twin(x, windows.window, stride=windows.stride, padding=windows.before)

    return Oracle(draw_case, same)


def _draw_normalization(draw, dtype):
    rng, features = np.random.default_rng(draw(SEEDS)), draw(LENGTHS)
    layer = random_parameters(nn.BatchNorm(features, dtype=dtype), rng)
    layer.running_mean[...] = rng.standard_normal(features)
    layer.running_variance[...] = rng.random(features) + 0.5
    layer.training = draw(st.booleans())
    size = draw(st.sampled_from([(), (1, 2), (3, 2), (8, 9)]))
    shape = (draw(st.integers(2, 6)), features, *size)
    return layer, (draw(SCALES) * rng.standard_normal(shape) + 0.5).astype(dtype)


def _normalization_twin(layer, x, p):
    running = (torch.tensor(layer.running_mean), torch.tensor(layer.running_variance))
    options = {"training": layer.training, "eps": layer.epsilon}
    return F.batch_norm(x, *running, p["scale"], p["shift"], **options)


def _draw_any(draw, dtype):
    rng = np.random.default_rng(draw(SEEDS))
    return nn.Flatten(), rng.standard_normal(draw(SHAPES)).astype(dtype)


PICTURE_LAYERS = {
    nn.Conv2d: Oracle(_draw_convolution, _convolution_twin),
    nn.MaxPool2d: _pool(nn.MaxPool2d, F.max_pool2d),
    nn.AveragePool2d: _pool(nn.AveragePool2d, F.avg_pool2d),
    nn.BatchNorm: Oracle(_draw_normalization, _normalization_twin),
    nn.Flatten: Oracle(_draw_any, lambda layer, x, p: x.reshape(len(x), -1)),
}
