"""Training with ``derived.nn``: the optimizer against PyTorch's, and a network that learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from torch.nn import functional as F

from derived.nn import SGD, CrossEntropy, Dense, ReLU, Sequential, initializers
from tests.oracle_cases import EXAMPLES, FLOATS, SEEDS
from tests.torch_oracles import agree


@EXAMPLES
@given(seed=SEEDS, momentum=st.sampled_from([0.0, 0.5, 0.9]), learning_rate=st.floats(1e-3, 0.5))
def test_sgd_agrees_with_torch_over_ten_steps(seed, momentum, learning_rate):
    rng = np.random.default_rng(seed)
    x, labels = rng.standard_normal((8, 3)), rng.integers(0, 4, 8)
    dense, loss = Dense(3, 4, rng=rng), CrossEntropy()
    twins = {k: torch.tensor(v, requires_grad=True) for k, v in dense.parameters.items()}
    ours = SGD(dense, learning_rate, momentum)
    theirs = torch.optim.SGD(twins.values(), lr=learning_rate, momentum=momentum)
    for _ in range(10):
        loss.forward(dense.forward(x), labels)
        dense.backward_parameters(loss.backward())
        ours.step()
        theirs.zero_grad()
        logits = F.linear(torch.tensor(x), twins["weight"], twins["bias"])
        F.cross_entropy(logits, torch.tensor(labels)).backward()
        theirs.step()
    for name, parameter in dense.parameters.items():
        agree(name, parameter, twins[name], 1e-12)


def test_a_step_works_in_place_and_leaves_the_gradients_alone():
    dense = Dense(2, 2, rng=np.random.default_rng(0), dtype=np.float32)
    weight, before = dense.parameters["weight"], dense.parameters["weight"].copy()
    dense.gradients["weight"] = np.ones((2, 2))
    SGD(dense, np.float64(0.5)).step()
    assert dense.parameters["weight"] is weight
    assert weight.dtype == np.float32
    assert np.allclose(before - weight, 0.5)
    assert np.all(dense.gradients["weight"] == 1)


def test_the_learning_rate_may_change_between_steps():
    dense = Dense(1, 1, rng=np.random.default_rng(0), initializer=initializers.zeros)
    dense.gradients["weight"] = [[1.0]]
    optimizer = SGD(dense, 1.0)
    optimizer.step()
    optimizer.learning_rate = 0.25
    optimizer.step()
    assert dense.parameters["weight"].item() == -1.25


@pytest.mark.parametrize("rate", [0, -1, np.inf, np.nan])
def test_a_learning_rate_that_is_not_positive_is_refused(rate):
    with pytest.raises(ValueError, match="learning rate is a positive number"):
        SGD(ReLU(), rate)


@pytest.mark.parametrize("momentum", [-0.1, 1, np.nan])
def test_a_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(ValueError, match="momentum lies in"):
        SGD(ReLU(), 0.1, momentum)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_small_network_learns_the_digits(dtype):
    images, labels = load_digits(return_X_y=True)
    images, rng = (images / 16).astype(dtype), np.random.default_rng(0)
    order = rng.permutation(len(images))
    train, test = order[:1437], order[1437:]
    network = Sequential(
        Dense(64, 32, rng=rng, dtype=dtype), ReLU(), Dense(32, 10, rng=rng, dtype=dtype)
    )
    loss, optimizer = CrossEntropy(), SGD(network, 0.1, momentum=0.9)
    for _ in range(15):
        for batch in np.array_split(rng.permutation(train), 45):
            loss.forward(network.forward(images[batch]), labels[batch])
            network.backward_parameters(loss.backward())
            optimizer.step()
    accuracy = np.mean(network.forward(images[test]).argmax(axis=1) == labels[test])
    assert accuracy >= 0.95
    assert all(p.dtype == dtype for p in network.parameters.values())
