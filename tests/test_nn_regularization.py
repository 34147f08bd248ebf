"""Dropout, penalties on weights and smoothed labels, against PyTorch and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from derived import nn
from derived.checks import gradcheck
from tests.torch_oracles import agree


def network(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Dense(4, 5, rng=rng), nn.BatchNorm(5), nn.Tanh(), nn.Dense(5, 3, rng=rng)
    )


# --- dropout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_has_the_variance_of_a_mask(keep):
    x = np.array([3.0, -2.0])
    y = nn.Dropout(keep, rng=np.random.default_rng(1)).forward(np.tile(x, (200_000, 1)))
    assert np.allclose(y.mean(axis=0), x, atol=0.03)
    assert np.allclose(y.var(axis=0), x**2 * (1 - keep) / keep, rtol=0.02)
    assert np.allclose(np.unique(y[:, 0]), [0, 3 / keep], rtol=1e-15)


def test_dropout_drops_the_share_that_torch_drops():
    ours = nn.Dropout(0.3, rng=np.random.default_rng(2)).forward(np.ones((400, 500)))
    torch.manual_seed(0)
    theirs = F.dropout(torch.ones(400, 500), p=0.7)
    assert np.mean(ours > 0) == pytest.approx(float((theirs > 0).float().mean()), abs=0.005)
    assert ours.max() == pytest.approx(float(theirs.max()))


def test_the_gradient_passes_through_the_mask_of_the_last_forward():
    layer, x = nn.Dropout(0.5, rng=np.random.default_rng(3)), np.ones((4, 6))
    first, second = layer.forward(x), layer.forward(x)
    assert not np.array_equal(first, second)
    layer.training = False  # what is said later does not change the mask that was used
    assert np.array_equal(layer.backward(x), second)
    assert np.array_equal(layer.forward(x), x)
    assert np.array_equal(layer.backward(3 * x), 3 * x)


def test_one_seed_gives_one_sequence_of_masks_in_both_precisions():
    masks = [
        [layer.forward(np.ones((3, 7), dtype)) > 0 for _ in range(3)]
        for dtype in (np.float32, np.float64)
        for layer in [nn.Dropout(0.5, rng=np.random.default_rng(4))]
    ]
    assert np.array_equal(*masks)


@pytest.mark.parametrize("keep", [0.0, -0.1, 1.1, np.nan, "half"])
def test_a_keep_probability_outside_its_range_is_refused(keep):
    with pytest.raises(ValueError, match=r"lies in \(0, 1\]"):
        nn.Dropout(keep, rng=np.random.default_rng(0))


@pytest.mark.parametrize("rng", [None, 3])
def test_dropout_needs_a_generator(rng):
    with pytest.raises(TypeError, match="default_rng"):
        nn.Dropout(0.5, rng=rng)


# --- penalties --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cls", "norm"),
    [(nn.L2Penalty, lambda w: (w**2).sum() / 2), (nn.L1Penalty, lambda w: w.abs().sum())],
)
def test_a_penalty_agrees_with_torch_and_leaves_everything_but_weights_alone(cls, norm):
    net = network()
    penalty = cls(net, 0.3)
    assert penalty.names == ["0.weight", "3.weight"]
    for gradient in net.gradients.values():
        gradient[...] = 1.0
    penalty.backward()
    weights = {k: torch.tensor(net.parameters[k], requires_grad=True) for k in penalty.names}
    value = 0.3 * sum(norm(w) for w in weights.values())
    value.backward()
    agree(cls.__name__, penalty.forward(), value)
    for name, gradient in net.gradients.items():
        added = weights[name].grad.numpy() if name in weights else 0
        agree(name, gradient, np.ones(gradient.shape) + added)


@pytest.mark.parametrize("cls", [nn.L2Penalty, nn.L1Penalty])
def test_the_penalized_loss_agrees_with_central_differences(cls):
    rng = np.random.default_rng(5)
    net, loss = network(5), nn.CrossEntropy(label_smoothing=0.2)
    penalty, x, labels = cls(net, 0.1), rng.standard_normal((6, 4)), rng.integers(0, 3, 6)

    def objective():
        return loss.forward(net.forward(x), labels) + penalty.forward()

    objective()
    net.backward(loss.backward())
    penalty.backward()
    gradients = {k: g.copy() for k, g in net.gradients.items()}
    gradcheck(objective, dict(net.parameters.items()), gradients)


def test_a_step_with_the_quadratic_penalty_is_weight_decay():
    net, before = network(6), network(6)
    for gradient in net.gradients.values():
        gradient[...] = 0.5
    nn.L2Penalty(net, 0.4).backward()
    nn.SGD(net, 0.1).step()
    w = before.parameters["0.weight"]
    assert np.allclose(net.parameters["0.weight"], (1 - 0.1 * 0.4) * w - 0.1 * 0.5, atol=1e-15)


@pytest.mark.parametrize("strength", [-1e-9, np.inf, np.nan, "a lot"])
def test_an_impossible_strength_is_refused(strength):
    with pytest.raises(ValueError, match="strength of a penalty"):
        nn.L2Penalty(network(), strength)


def test_a_penalty_on_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match="needs a layer"):
        nn.L2Penalty(np.ones((2, 2)), 0.1)


# --- smoothed labels --------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_smoothed_cross_entropy_agrees_with_torch(smoothing, classes):
    rng = np.random.default_rng(8)
    z, labels = 20 * rng.standard_normal((9, classes)), rng.integers(0, classes, 9)
    loss = nn.CrossEntropy(label_smoothing=smoothing)
    twin = torch.tensor(z, requires_grad=True)
    want = F.cross_entropy(twin, torch.tensor(labels), label_smoothing=smoothing)
    want.backward()
    agree("value", loss.forward(z, labels), want)
    agree("gradient", loss.backward(), twin.grad)
    assert loss.forward(z.astype(np.float32), labels) == pytest.approx(want.item(), rel=1e-5)
    assert loss.backward().dtype == np.float32


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, np.nan])
def test_a_smoothing_outside_its_range_is_refused(smoothing):
    with pytest.raises(ValueError, match=r"lies in \[0, 1\)"):
        nn.CrossEntropy(label_smoothing=smoothing)
