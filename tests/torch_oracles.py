"""What PyTorch says about each layer and loss of ``derived.nn``: one entry for every class.

The tests *find* the classes; one that has no entry here fails them, by its name.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import numpy as np
import torch
from hypothesis import strategies as st
from torch.nn import functional as F

import derived.nn
from derived import nn
from derived.checks import relative_error
from tests.oracle_cases import LENGTHS, SCALES, SEEDS, SHAPES, Oracle, random_parameters, rows
from tests.oracles_of_pictures import PICTURE_LAYERS
from tests.oracles_of_sequences import SEQUENCE_LAYERS

TOLERANCE = 1e-7  # relative, float64


def classes_below(base: type) -> list[type]:
    """Import every module of ``derived.nn``; return the concrete subclasses of ``base`` in it."""
    for module in pkgutil.walk_packages(derived.nn.__path__, "derived.nn."):
        importlib.import_module(module.name)
    found, queue = set(), [base]
    while queue:
        for subclass in queue.pop().__subclasses__():
            queue.append(subclass)
            inside = subclass.__module__.startswith("derived.nn")
            if inside and not inspect.isabstract(subclass):
                found.add(subclass)
    return sorted(found, key=lambda c: c.__name__)


def _draw_dense(draw, dtype):
    rng = np.random.default_rng(draw(SEEDS))
    layer = nn.Dense(draw(LENGTHS), draw(LENGTHS), rng=rng, dtype=dtype)
    x = rows(draw, rng, layer.parameters["weight"].shape[1], dtype)
    return random_parameters(layer, rng), x


def _draw_maxout(draw, dtype):
    rng, pieces = np.random.default_rng(draw(SEEDS)), draw(st.integers(1, 4))
    layer = nn.Maxout(draw(LENGTHS), draw(LENGTHS), pieces, rng=rng, dtype=dtype)
    x = rows(draw, rng, layer.parameters["weight"].shape[2], dtype)
    return random_parameters(layer, rng), x


def _maxout_twin(layer, x, p):
    pieces = torch.einsum("bi,poi->pbo", x, p["weight"]) + p["bias"][:, None]
    return pieces.max(dim=0).values


def _draw_sequential(draw, dtype):
    rng = np.random.default_rng(draw(SEEDS))
    a, b, c = draw(LENGTHS), draw(LENGTHS), draw(LENGTHS)
    first, last = (nn.Dense(i, o, rng=rng, dtype=dtype) for i, o in ((a, b), (b, c)))
    layer = nn.Sequential(first, nn.Tanh(), nn.Sequential(last, nn.ELU()))
    return random_parameters(layer, rng), rows(draw, rng, a, dtype)


def _sequential_twin(layer, x, p):
    hidden = torch.tanh(F.linear(x, p["0.weight"], p["0.bias"]))
    return F.elu(F.linear(hidden, p["2.0.weight"], p["2.0.bias"]))


def _activation(make, twin):
    """Return the oracle of a layer without parameters that takes any shape."""

    def draw_case(draw, dtype):
        rng = np.random.default_rng(draw(SEEDS))
        x = draw(SCALES) * rng.standard_normal(draw(SHAPES))
        return make(draw), x.astype(dtype)

    return Oracle(draw_case, lambda layer, x, parameters: twin(layer, x))


class Repeating(np.random.Generator):
    """Draws the same numbers each time, so that a layer and its twin get one mask."""

    def random(self, size=None, dtype=np.float64, out=None):
        return np.random.default_rng(7).random(size, dtype, out)


def _draw_dropout(draw, dtype):
    rng = np.random.default_rng(draw(SEEDS))
    keep = draw(st.sampled_from([0.2, 0.5, 0.9, 1.0]))
    layer = nn.Dropout(keep, rng=Repeating(np.random.PCG64(0)))
    layer.training = draw(st.booleans())
    x = draw(SCALES) * rng.standard_normal(draw(SHAPES))
    return layer, x.astype(dtype)


def _dropout_twin(layer, x, parameters):
    if not layer.training:
        return F.dropout(x, 1 - layer.keep, training=False)
    return x * torch.tensor(layer.mask(tuple(x.shape)), dtype=x.dtype) / layer.keep


def _step_twin(layer, x):
    return torch.heaviside(x, torch.zeros((), dtype=x.dtype)).detach() + 0 * x


LAYERS = {
    **PICTURE_LAYERS,
    **SEQUENCE_LAYERS,
    nn.Dense: Oracle(_draw_dense, lambda layer, x, p: F.linear(x, p["weight"], p["bias"])),
    nn.Dropout: Oracle(_draw_dropout, _dropout_twin),
    nn.Maxout: Oracle(_draw_maxout, _maxout_twin),
    nn.Sequential: Oracle(_draw_sequential, _sequential_twin),
    nn.Step: _activation(lambda draw: nn.Step(), _step_twin),
    nn.Sigmoid: _activation(lambda draw: nn.Sigmoid(), lambda layer, x: torch.sigmoid(x)),
    nn.Tanh: _activation(lambda draw: nn.Tanh(), lambda layer, x: torch.tanh(x)),
    nn.ReLU: _activation(lambda draw: nn.ReLU(), lambda layer, x: torch.relu(x)),
    nn.LeakyReLU: _activation(
        lambda draw: nn.LeakyReLU(draw(st.sampled_from([0.01, 0.1, 0.5]))),
        lambda layer, x: F.leaky_relu(x, layer.slope),
    ),
    nn.ELU: _activation(
        lambda draw: nn.ELU(draw(st.sampled_from([0.5, 1.0, 2.0]))),
        lambda layer, x: F.elu(x, layer.alpha),
    ),
    nn.Softmax: _activation(
        lambda draw: nn.Softmax(draw(st.sampled_from([-1, 0]))),
        lambda layer, x: torch.softmax(x, layer.axis),
    ),
}


def _draw_logits_and_labels(draw, dtype):
    rng = np.random.default_rng(draw(SEEDS))
    logits = rows(draw, rng, draw(LENGTHS), dtype)
    return logits, rng.integers(0, logits.shape[1], len(logits))


def _draw_logits_and_probabilities(draw, dtype):
    rng, shape = np.random.default_rng(draw(SEEDS)), draw(SHAPES)
    p = rng.random(shape)
    p = p if draw(st.booleans()) else np.round(p)  # soft labels, or 0 and 1
    return (draw(SCALES) * rng.standard_normal(shape)).astype(dtype), p.astype(dtype)


def _draw_two_of_a_shape(draw, dtype):
    rng, shape = np.random.default_rng(draw(SEEDS)), draw(SHAPES)
    prediction, target = draw(SCALES) * rng.standard_normal((2, *shape))
    return prediction.astype(dtype), target.astype(dtype)


LOSSES = {
    nn.CrossEntropy: Oracle(_draw_logits_and_labels, F.cross_entropy),
    nn.BinaryCrossEntropy: Oracle(
        _draw_logits_and_probabilities, F.binary_cross_entropy_with_logits
    ),
    nn.MeanSquaredError: Oracle(_draw_two_of_a_shape, F.mse_loss),
}


def oracle_of(thing: nn.Layer | nn.Loss) -> Oracle:
    """Return the entry of the class of ``thing``, or of the nearest class above it."""
    oracles = LAYERS | LOSSES
    return next(oracles[cls] for cls in type(thing).__mro__ if cls in oracles)


def without_oracle(classes, oracles):
    """Return the names of the classes that have no entry."""
    return [c.__name__ for c in classes if c not in oracles]


def agree(what, got, want, tolerance=TOLERANCE):
    """Raise an AssertionError naming ``what`` unless shapes are equal and values are close."""
    want = want.detach().numpy() if isinstance(want, torch.Tensor) else np.asarray(want)
    got = np.asarray(got)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, PyTorch has {want.shape}"
    error = relative_error(got, want)
    assert error <= tolerance, f"{what}: relative error {error:.1e} > {tolerance:g}"


def compare_layer(layer: nn.Layer, x: np.ndarray) -> None:
    """Compare the output and all gradients of a layer at x with PyTorch's, in float64."""
    name = type(layer).__name__
    torch_x = torch.tensor(x, requires_grad=True)
    parameters = {k: torch.tensor(v, requires_grad=True) for k, v in layer.parameters.items()}
    want = oracle_of(layer).twin(layer, torch_x, parameters)
    agree(f"{name}: output", layer.forward(x), want)
    grad_output = np.random.default_rng(0).standard_normal(tuple(want.shape))
    want.backward(torch.tensor(grad_output))
    agree(f"{name}: gradient of the input", layer.backward(grad_output), torch_x.grad)
    for k, gradient in layer.gradients.items():
        agree(f"{name}: gradient of {k!r}", gradient, parameters[k].grad)
        gradient[...] = np.nan
    layer.backward_parameters(grad_output)
    for k, gradient in layer.gradients.items():
        agree(f"{name}: backward_parameters, {k!r}", gradient, parameters[k].grad)


def compare_loss(loss: nn.Loss, prediction: np.ndarray, target: np.ndarray) -> None:
    """Compare the value and the gradient of a loss with PyTorch's, in float64."""
    name = type(loss).__name__
    torch_prediction = torch.tensor(prediction, requires_grad=True)
    want = oracle_of(loss).twin(torch_prediction, torch.tensor(target))
    agree(f"{name}: value", loss.forward(prediction, target), want)
    want.backward()
    agree(f"{name}: gradient", loss.backward(), torch_prediction.grad)
