"""The activation functions and their derivatives against PyTorch and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from derived.nn import activations
from tests.oracle_cases import EXAMPLES, FLOATS, SCALES, SEEDS, SHAPES
from tests.torch_oracles import agree

ELEMENTWISE = {
    "step": lambda z: torch.heaviside(z, torch.zeros((), dtype=z.dtype)).detach() + 0 * z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.1),
    "elu": F.elu,
}
OVER_AN_AXIS = {
    "softmax": torch.softmax,
    "log_softmax": torch.log_softmax,
    "log_sum_exp": torch.logsumexp,
    "maxout": torch.amax,
}
EXTREMES = np.array([-1000.0, -745.0, -90.0, -1e-300, 0.0, 1e-300, 30.0, 710.0, 1000.0])


def test_every_function_has_an_oracle():
    derivatives = {f"{name}_derivative" for name in ELEMENTWISE}
    assert set(activations.__all__) == set(ELEMENTWISE) | derivatives | set(OVER_AN_AXIS)


def compare_elementwise(name, z):
    torch_z = torch.tensor(z, requires_grad=True)
    want = ELEMENTWISE[name](torch_z)
    want.sum().backward()
    agree(name, getattr(activations, name)(z), want)
    agree(f"{name}'", getattr(activations, f"{name}_derivative")(z), torch_z.grad)


@pytest.mark.parametrize("name", ELEMENTWISE)
@EXAMPLES
@given(seed=SEEDS, shape=SHAPES, scale=SCALES)
def test_function_and_derivative_agree_with_torch(name, seed, shape, scale):
    compare_elementwise(name, scale * np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_function_and_derivative_agree_with_torch_at_extremes_and_kinks(name):
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        compare_elementwise(name, EXTREMES)


@pytest.mark.parametrize("name", OVER_AN_AXIS)
@EXAMPLES
@given(seed=SEEDS, shape=SHAPES, scale=SCALES, data=st.data())
def test_function_over_an_axis_agrees_with_torch(name, seed, shape, scale, data):
    z = scale * np.random.default_rng(seed).standard_normal(shape)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        got = getattr(activations, name)(z, axis)
    agree(name, got, OVER_AN_AXIS[name](torch.tensor(z), axis))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", activations.__all__)
def test_precision_is_kept(name, dtype):
    function = getattr(activations, name)
    z = EXTREMES.astype(dtype)
    wide, narrow = function(z.astype(np.float64)), function(z)
    assert narrow.dtype == dtype
    agree(name, narrow / 1000, wide / 1000, 1e-5)


@pytest.mark.parametrize("name", activations.__all__)
def test_numbers_lists_and_integers_are_accepted(name):
    function = getattr(activations, name)
    assert np.allclose(function([1, 2]), function(np.array([1.0, 2.0])))
    if name in OVER_AN_AXIS:
        return
    assert float(function(2)) == function(np.array([2.0]))[0]


def test_small_values_of_the_sigmoid_keep_their_digits():
    z = -np.linspace(0, 700, 200)
    assert np.allclose(activations.sigmoid(z), scipy.special.expit(z), rtol=1e-13, atol=0)
    slope = scipy.special.expit(z) * scipy.special.expit(-z)
    for sign in (1, -1):  # also on the right, where 1 − σ(z) would have no digits left
        assert np.allclose(activations.sigmoid_derivative(sign * z), slope, rtol=1e-13, atol=0)


@EXAMPLES
@given(seed=SEEDS, keepdims=st.booleans())
def test_log_sum_exp_over_several_axes_and_with_impossible_classes(seed, keepdims):
    z = np.random.default_rng(seed).standard_normal((2, 3, 4))
    z[0, :, 1] = -np.inf
    for axis in (0, (0, 2), (0, 1, 2), -1):
        want = scipy.special.logsumexp(z, axis=axis, keepdims=keepdims)
        agree("log_sum_exp", activations.log_sum_exp(z, axis, keepdims=keepdims), want)
    assert activations.log_sum_exp([-np.inf, -np.inf]) == -np.inf
    assert activations.log_sum_exp([np.inf, 0.0]) == np.inf


def test_softmax_sums_to_one_and_ignores_a_shift():
    z = np.array([[1000.0, 999.0, -1000.0], [0.0, 0.0, 0.0]])
    p = activations.softmax(z)
    assert np.allclose(p.sum(axis=1), 1)
    agree("shift", activations.softmax(z - 500), p)
    agree(
        "logarithm",
        activations.log_softmax(z)[0],
        [-np.log1p(np.exp(-1)), -1 - np.log1p(np.exp(-1)), -2000 - np.log1p(np.exp(-1))],
    )


def test_the_input_is_left_alone():
    z = np.array([1.0, -2.0, 3.0])
    for name in activations.__all__:
        getattr(activations, name)(z)
    assert z.tolist() == [1, -2, 3]
