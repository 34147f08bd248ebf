"""Layers, losses and optimizers at the edges: layouts, empty batches, odd settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from derived.nn import (
    ELU,
    GRU,
    LSTM,
    RNN,
    SGD,
    Adam,
    BatchNorm,
    BinaryCrossEntropy,
    Conv2d,
    CrossEntropy,
    Dense,
    Dropout,
    Flatten,
    L1Penalty,
    L2Penalty,
    LeakyReLU,
    Maxout,
    Sequential,
)
from derived.nn.autograd import Tensor
from derived.nn.layer import Layer


class Held(Layer):
    """One parameter, as it lies in memory."""

    def __init__(self, parameter):
        super().__init__({"weight": parameter})

    def forward(self, x):
        raise NotImplementedError

    def backward(self, grad_output):
        raise NotImplementedError


LAYOUTS = {
    "C": lambda a: a,
    "Fortran": np.asfortranarray,
    "neither": lambda a: np.ascontiguousarray(a.transpose(1, 0, 2)).transpose(1, 0, 2),
    "batch last": lambda a: np.ascontiguousarray(a.transpose(1, 2, 0)).transpose(2, 0, 1),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("shape", [(2, 3, 4), (40, 30, 20), (1, 3, 1), (0, 3, 2)])
def test_adam_gives_each_number_its_own_gradient(layout, shape):
    rng = np.random.default_rng(0)
    layer = Held(layout(rng.normal(size=shape)))
    theirs = torch.tensor(layer.parameters["weight"].copy(), requires_grad=True)
    mine, other = Adam(layer, 0.1), torch.optim.Adam([theirs], 0.1)
    for _ in range(3):
        gradient = rng.normal(size=shape)
        layer.gradients["weight"] = gradient
        theirs.grad = torch.tensor(gradient)
        mine.step()
        other.step()
    np.testing.assert_allclose(layer.parameters["weight"], theirs.detach(), rtol=1e-12)


def test_adam_refuses_a_parameter_with_gaps_before_it_changes_anything():
    with pytest.raises(ValueError, match="'weight' has gaps in memory: copy it"):
        Adam(Held(np.zeros((4, 6))[:, ::2]))


def test_adam_may_rest_at_a_learning_rate_of_zero():
    layer = Held(np.ones(3))
    layer.gradients["weight"] = np.ones(3)
    adam = Adam(layer)
    adam.learning_rate = 0.0
    adam.step()
    assert layer.parameters["weight"].tolist() == [1, 1, 1] and adam.steps == 1


@pytest.mark.parametrize("settings", [{"betas": (0.9,)}, {"betas": 0.9}, {"epsilon": np.inf}])
def test_adam_refuses_other_settings(settings):
    with pytest.raises(ValueError, match=r"betas are two numbers|epsilon is a positive number"):
        Adam(Held(np.ones(3)), **settings)


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_an_optimizer_called_as_in_torch_says_what_it_takes(optimizer):
    network = Dense(2, 2, rng=np.random.default_rng(0))
    for given in (network.parameters, [network]):
        with pytest.raises(TypeError, match="takes the layer or network itself"):
            optimizer(given, 0.1)
    for rate in ("0.1", None, np.nan, -1):
        with pytest.raises(ValueError, match="the learning rate is a positive number"):
            optimizer(network, rate)


@pytest.mark.parametrize("penalty", [L1Penalty, L2Penalty])
def test_the_bias_of_maxout_goes_free(penalty):
    layer = Maxout(1, 1, rng=np.random.default_rng(0))
    layer.parameters["weight"][:] = 0
    layer.parameters["bias"][:] = 3
    asked = penalty(layer, 1.0)
    assert asked.forward() == 0
    asked.backward()
    assert not layer.gradients["bias"].any()


def test_a_layer_may_not_stand_twice_in_nested_networks():
    layer = Dense(1, 1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="stands in Sequential twice"):
        Sequential(Sequential(layer), Sequential(layer))


def test_a_network_goes_into_evaluation_with_all_its_layers():
    dropout, normalization = Dropout(rng=np.random.default_rng(0)), BatchNorm(2)
    network = Sequential(Sequential(normalization, dropout), Flatten())
    assert network.training
    network.training = False
    assert not (network.training or dropout.training or normalization.training)


@pytest.mark.parametrize(
    ("labels", "hint"),
    [(np.zeros((4, 1), int), r"labels\[:, 0\]"), (np.eye(4, 3, dtype=int), r"argmax\(axis=1\)")],
)
def test_wrong_shapes_of_labels_are_told_apart(labels, hint):
    with pytest.raises(ValueError, match=hint):
        CrossEntropy().forward(np.zeros((4, 3)), labels)


def test_binary_cross_entropy_keeps_nothing_of_the_caller():
    prediction, target = np.array([1.0, 2.0]), np.array([0.0, 1.0])
    loss = BinaryCrossEntropy()
    loss.forward(prediction, target)
    want = loss.backward()
    prediction[:] = target[:] = 0.5
    assert np.array_equal(loss.backward(), want)


def test_the_slope_of_a_quotient_does_not_overflow():
    b = Tensor(np.float32([1e-23]))
    (Tensor(np.float32([1e-23])) / b).backward()
    np.testing.assert_allclose(b.gradient, -1e23, rtol=1e-6)


def test_float16_is_computed_in_the_precision_of_the_parameters():
    x = np.random.default_rng(0).normal(size=(100_000, 1)).astype(np.float16)
    y = BatchNorm(1).forward(3 * x)
    assert y.dtype == np.float64 and y.std() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("layer", [LeakyReLU, ELU])
def test_a_setting_that_is_a_numpy_number_keeps_float32(layer):
    assert layer(np.float64(0.1)).forward(np.ones((2, 2), np.float32)).dtype == np.float32
    for setting in ("a", None, np.nan):
        with pytest.raises(ValueError, match="is a finite number"):
            layer(setting)


def test_an_empty_batch_passes_from_pictures_to_rows():
    rng = np.random.default_rng(0)
    network = Sequential(Conv2d(1, 2, 3, rng=rng), BatchNorm(2), Flatten(), Dense(128, 3, rng=rng))
    x = np.zeros((0, 1, 10, 10))
    network.training = False
    assert network.forward(x).shape == (0, 3)
    assert network.backward(np.zeros((0, 3))).shape == x.shape


@pytest.mark.parametrize("layer", [RNN, LSTM, GRU])
def test_biases_are_summed_without_loss(layer):
    rng = np.random.default_rng(0)
    dense = Dense(1, 3, rng=rng, dtype=np.float32)
    dense.forward(np.ones((10**6, 1), np.float32))
    dense.backward_parameters(np.full((10**6, 3), 0.1, np.float32))
    np.testing.assert_allclose(dense.gradients["bias"], 1e5, rtol=1e-6)
    single, double = (layer(2, 3, rng=np.random.default_rng(1), dtype=t) for t in ("f4", "f8"))
    x = rng.normal(size=(200, 64, 2))
    for one in (single, double):
        one.forward(x.astype(one.parameters["bias"].dtype))
        one.backward_parameters(np.full((200, 64, 3), 0.1, one.parameters["bias"].dtype))
    for name in double.gradients:
        scale = np.abs(double.gradients[name]).max()
        np.testing.assert_allclose(
            single.gradients[name], double.gradients[name], atol=3e-6 * scale, rtol=0
        )


@pytest.mark.parametrize("layer", [RNN, GRU])
def test_a_recurrent_layer_says_how_a_state_is_written(layer):
    recurrent = layer(2, 3, rng=np.random.default_rng(0))
    x, h = np.zeros((1, 4, 2)), np.zeros((4, 3))
    assert recurrent(x, (h,)).shape == (1, 4, 3)
    with pytest.raises(ValueError, match=r"as \(h,\)"):
        recurrent(x, h)
    with pytest.raises(TypeError, match="real numbers"):
        recurrent(x, (h + 1j,))
    with pytest.raises(ValueError, match="there is no step"):
        recurrent(x[:0])
