"""Recurrent layers: states that are handed on, worked by hand, memory, clear errors; and Adam."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from derived import nn
from tests.oracle_cases import EXAMPLES, FLOATS, SEEDS, random_parameters
from tests.oracles_of_sequences import recurrent_twin
from tests.torch_oracles import agree

CLASSES = [nn.RNN, nn.LSTM, nn.GRU]
every_layer = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def layer_and_input(cls, seed=0, shape=(5, 3, 2), hidden=4, dtype=np.float64):
    rng = np.random.default_rng(seed)
    layer = random_parameters(cls(shape[2], hidden, rng=rng, dtype=dtype), rng)
    return layer, rng.standard_normal(shape).astype(dtype), rng


# --- states -----------------------------------------------------------------------------------


@every_layer
@EXAMPLES
@given(seed=SEEDS)
def test_gradients_reach_the_initial_state(cls, seed):
    layer, x, rng = layer_and_input(cls, seed)
    state = [rng.standard_normal((3, 4)) for _ in range(layer.states)]
    torch_state = [torch.tensor(array[np.newaxis], requires_grad=True) for array in state]
    parameters = {k: torch.tensor(v) for k, v in layer.parameters.items()}
    given_state = tuple(torch_state) if layer.states == 2 else torch_state[0]
    want, final = recurrent_twin(layer, torch.tensor(x), parameters, given_state)
    agree("output", layer.forward(x, state), want)
    finals = final if isinstance(final, tuple) else (final,)
    for got, wanted in zip(layer.final_state, finals, strict=True):
        agree("final state", got[np.newaxis], wanted)
    grad_output = rng.standard_normal(want.shape)
    want.backward(torch.tensor(grad_output))
    layer.backward(grad_output)
    for got, wanted in zip(layer.initial_state_gradient, torch_state, strict=True):
        agree("gradient of the initial state", got[np.newaxis], wanted.grad)


@every_layer
def test_a_sequence_in_two_pieces_is_the_sequence(cls):
    layer, x, rng = layer_and_input(cls)
    whole, grad_output = layer.forward(x), rng.standard_normal((5, 3, 4))
    grad_x = layer.backward(grad_output)
    first = layer.forward(x[:2])
    second = layer.forward(x[2:], layer.final_state)
    assert np.allclose(np.concatenate([first, second]), whole)
    assert np.allclose(layer.backward(grad_output[2:]), grad_x[2:])


@every_layer
def test_a_final_state_is_not_overwritten(cls):
    layer, x, _ = layer_and_input(cls)
    layer.forward(x)
    state = layer.final_state
    copies = [array.copy() for array in state]
    layer.forward(-x)
    assert all(np.array_equal(a, b) for a, b in zip(state, copies, strict=True))


# --- worked by hand ---------------------------------------------------------------------------


def test_a_sum_that_is_squashed_at_every_step():
    layer = nn.RNN(1, 1, rng=np.random.default_rng(0))
    layer.parameters["weight_input"] = [[1]]
    layer.parameters["weight_hidden"] = [[0.5]]
    y = layer([[[1.0]], [[0.0]]])
    assert y.ravel().tolist() == [np.tanh(1), np.tanh(0.5 * np.tanh(1))]


def test_an_open_forget_gate_keeps_the_cell_and_a_shut_one_empties_it():
    for bias, kept in ((50.0, 1.0), (-50.0, 0.0)):
        layer = nn.LSTM(1, 1, rng=np.random.default_rng(0), forget_bias=bias)
        layer.parameters["weight_input"][...] = 0
        layer.parameters["weight_hidden"][...] = 0
        layer.parameters["bias"][0] = -50.0  # nothing is written
        layer.forward(np.zeros((100, 1, 1)), [np.zeros((1, 1)), np.ones((1, 1))])
        assert layer.final_state[1][0, 0] == pytest.approx(kept)


def test_forget_gates_start_where_they_are_told_and_the_other_biases_at_zero():
    bias = nn.LSTM(2, 3, rng=np.random.default_rng(0)).parameters["bias"]
    assert bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    bias = nn.LSTM(2, 3, rng=np.random.default_rng(0), forget_bias=-2).parameters["bias"]
    assert bias[3:6].tolist() == [-2] * 3


def test_an_update_gate_of_one_keeps_the_state():
    layer = nn.GRU(1, 1, rng=np.random.default_rng(0))
    layer.parameters["bias"][1] = 50.0
    y = layer.forward(np.ones((10, 1, 1)), [np.full((1, 1), 0.3)])
    assert np.allclose(y, 0.3)


@every_layer
@pytest.mark.parametrize("dtype", FLOATS)
def test_gates_are_stable_at_a_thousand(cls, dtype):
    layer, x, _ = layer_and_input(cls, dtype=dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        y = layer.forward(1000 * x)
        gradient = layer.backward(np.ones_like(y))
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(gradient))


# --- memory and errors ------------------------------------------------------------------------


@every_layer
def test_a_batch_of_no_sequence_is_a_batch(cls):
    layer, x, _ = layer_and_input(cls, shape=(5, 0, 2))
    assert layer.forward(x).shape == (5, 0, 4)
    assert layer.backward(np.zeros((5, 0, 4))).shape == x.shape
    assert not any(gradient.any() for gradient in layer.gradients.values())


@every_layer
@pytest.mark.parametrize("sizes", [(2.5, 3), (3, "four"), (3, 0)])
def test_other_sizes_are_refused(cls, sizes):
    with pytest.raises(ValueError, match="whole lengths"):
        cls(*sizes, rng=np.random.default_rng(0))


@every_layer
def test_no_result_is_overwritten_by_a_later_call(cls):
    layer, x, _ = layer_and_input(cls)
    kept, y = x.copy(), layer.forward(x)
    gradient = layer.backward(y.copy())
    copies = y.copy(), gradient.copy()
    again = layer.backward(y.copy())
    layer.forward(-x)
    layer.backward(np.ones_like(y))
    assert np.array_equal(y, copies[0])
    assert np.array_equal(gradient, copies[1])
    assert np.array_equal(again, copies[1])
    assert np.array_equal(x, kept)


@every_layer
def test_other_shapes_are_refused(cls):
    layer, x, _ = layer_and_input(cls)
    for wrong in (x[0], x[..., :1], x[:0]):
        with pytest.raises(ValueError, match=r"expects x of shape \(time, batch, 2\), got"):
            layer.forward(wrong)
    with pytest.raises(ValueError, match=r"an initial state is \d of shape \(3, 4\), got"):
        layer.forward(x, [np.zeros((2, 4))] * layer.states)
    with pytest.raises(ValueError, match="an initial state is"):
        layer.forward(x, [])


# --- Adam -------------------------------------------------------------------------------------


@EXAMPLES
@given(
    seed=SEEDS,
    learning_rate=st.floats(1e-4, 0.5),
    betas=st.sampled_from([(0.9, 0.999), (0.0, 0.5), (0.5, 0.0)]),
)
def test_adam_takes_the_steps_of_torch(seed, learning_rate, betas):
    rng = np.random.default_rng(seed)
    network = nn.Sequential(
        nn.Dense(3, 2, rng=rng), nn.Dense(2, 2, rng=rng), nn.Maxout(2, 2, rng=rng)
    )
    ours = nn.Adam(network, learning_rate, betas=betas, epsilon=1e-6)
    twins = {k: torch.tensor(v, requires_grad=True) for k, v in network.parameters.items()}
    theirs = torch.optim.Adam(twins.values(), lr=learning_rate, betas=betas, eps=1e-6)
    for _ in range(4):
        for name, gradient in network.gradients.items():
            gradient[...] = rng.standard_normal(gradient.shape)
            twins[name].grad = torch.tensor(gradient)
        ours.step()
        theirs.step()
    for name, parameter in network.parameters.items():
        agree(name, parameter, twins[name])


def test_adam_works_in_blocks(monkeypatch):
    results = []
    for size in (16_384, 5):
        monkeypatch.setattr("derived.nn.adam.BLOCK", size)
        dense = nn.Dense(4, 6, rng=np.random.default_rng(0))
        optimizer = nn.Adam(dense, 0.1)
        dense.gradients["weight"][...] = np.arange(24).reshape(6, 4)
        optimizer.step()
        results.append(dense.parameters["weight"].copy())
    assert np.array_equal(*results)


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_first_step_has_the_size_of_the_learning_rate(dtype):
    dense = nn.Dense(2, 1, rng=np.random.default_rng(0), dtype=dtype)
    before = dense.parameters["weight"].copy()
    optimizer = nn.Adam(dense, 0.01)
    dense.gradients["weight"] = [[1e-3, -1e3]]
    optimizer.step()
    step = dense.parameters["weight"] - before
    assert np.allclose(step, [[-0.01, 0.01]], rtol=1e-4)
    assert dense.parameters["weight"].dtype == dtype


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, "learning rate"),
        ({"learning_rate": np.nan}, "learning rate"),
        ({"betas": (1.0, 0.9)}, "betas"),
        ({"betas": (0.9, -0.1)}, "betas"),
        ({"epsilon": 0}, "epsilon"),
    ],
)
def test_adam_refuses_impossible_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        nn.Adam(nn.Dense(2, 2, rng=np.random.default_rng(0)), **settings)
