"""Layers that take pictures: worked by hand, settings of windows, memory order, clear errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate2d

from derived import nn
from derived.nn.windows import Windows, output_length
from tests.oracle_cases import EXAMPLES

PICTURE = np.arange(16.0).reshape(1, 1, 4, 4)


def convolution(*arguments, **settings):
    return nn.Conv2d(*arguments, rng=np.random.default_rng(0), **settings)


# --- worked by hand ---------------------------------------------------------------------------


def test_a_window_is_laid_on_and_not_flipped():
    layer = convolution(1, 1, 2)
    layer.parameters["weight"] = [[[[1, 2], [3, 4]]]]
    layer.parameters["bias"] = [0.5]
    # 1 · 0 + 2 · 1 + 3 · 4 + 4 · 5, and so on
    assert layer(PICTURE)[0, 0].tolist() == [
        [34.5, 44.5, 54.5],
        [74.5, 84.5, 94.5],
        [114.5, 124.5, 134.5],
    ]
    gradient = np.zeros((1, 1, 3, 3))
    gradient[0, 0, 1, 2] = 1
    assert layer.backward(gradient)[0, 0].tolist() == [
        [0, 0, 0, 0],
        [0, 0, 1, 2],
        [0, 0, 3, 4],
        [0, 0, 0, 0],
    ]
    assert layer.gradients["weight"].tolist() == [[[[6, 7], [10, 11]]]]
    assert layer.gradients["bias"].tolist() == [1]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 3), (4, 1)])
def test_paddings_by_name_are_those_of_scipy(mode, kernel):
    rng = np.random.default_rng(1)
    x, weight = rng.standard_normal((5, 6)), rng.standard_normal(kernel)
    layer = convolution(1, 1, kernel, padding=mode)
    layer.parameters["weight"] = weight[np.newaxis, np.newaxis]
    got = layer(x[np.newaxis, np.newaxis])[0, 0]
    if mode == "same" and any(edge % 2 == 0 for edge in kernel):  # SciPy's middle is another one
        want = torch.nn.functional.conv2d(
            torch.tensor(x[None, None]), torch.tensor(weight[None, None]), padding="same"
        ).numpy()[0, 0]
    else:
        want = correlate2d(x, weight, mode=mode)
    assert got.shape == want.shape
    assert np.allclose(got, want)


def test_a_large_picture_is_worked_on_in_blocks(monkeypatch):
    rng = np.random.default_rng(2)
    x, grad_output = rng.standard_normal((3, 2, 9, 8)), rng.standard_normal((3, 4, 9, 8))
    results = []
    for size in (1_200_000, 1, 5000):
        monkeypatch.setattr("derived.nn.convolution.BLOCK_BYTES", size)
        layer = convolution(2, 4, 3, padding=1)
        results.append([layer(x), layer.backward(grad_output), *layer.gradients.values()])
        assert len(layer._blocks(np.empty((4, 9, 8, 3)), 0, 9)) == {1: 9, 5000: 9}.get(size, 1)
    for others in results[1:]:
        assert all(np.allclose(a, b) for a, b in zip(results[0], others, strict=True))


@pytest.mark.parametrize(
    ("module", "layer"),
    [
        ("pooling", nn.MaxPool2d((2, 3), stride=1)),
        ("pooling", nn.AveragePool2d(3, padding=1)),
        ("batch_normalization", nn.BatchNorm(5)),
    ],
    ids=["max", "average", "normalization"],
)
@pytest.mark.parametrize("size", [(6, 7), (9, 8)], ids=["small", "large"])
def test_channels_are_worked_on_in_blocks(monkeypatch, module, layer, size):
    x = np.random.default_rng(3).standard_normal((2, 5, *size))
    monkeypatch.setattr("derived.nn.batch_normalization.RUN_BYTES", 1)
    results = []
    for block in (1_200_000, 1, 1500):
        monkeypatch.setattr(f"derived.nn.{module}.BLOCK_BYTES", block)
        y = layer(x)
        results.append(
            [y, layer.backward(np.cos(y)), *(a.copy() for a in layer.gradients.values())]
        )
    for others in results[1:]:
        assert all(np.allclose(a, b) for a, b in zip(results[0], others, strict=True))


def test_of_equal_numbers_the_same_one_wins_as_in_torch():
    x = np.random.default_rng(4).integers(0, 3, (4, 3, 9, 9)).astype(float)
    layer = nn.MaxPool2d(3, stride=2)
    torch_x = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.max_pool2d(torch_x, 3, stride=2)
    grad_output = np.random.default_rng(5).standard_normal(y.shape)
    y.backward(torch.tensor(grad_output))
    layer(x)
    assert np.allclose(layer.backward(grad_output), torch_x.grad.numpy())


def test_max_pooling_by_hand_and_a_tie_goes_to_one_number():
    layer = nn.MaxPool2d(2)
    assert layer(PICTURE)[0, 0].tolist() == [[5, 7], [13, 15]]
    assert layer.backward([[[[1, 2], [3, 4]]]])[0, 0].tolist() == [
        [0, 0, 0, 0],
        [0, 1, 0, 2],
        [0, 0, 0, 0],
        [0, 3, 0, 4],
    ]
    layer(np.zeros((1, 1, 2, 2)))
    assert layer.backward([[[[1]]]]).sum() == 1


def test_padding_never_wins():
    layer = nn.MaxPool2d(2, stride=2, padding=1)
    assert layer(-1 - PICTURE)[0, 0].tolist() == [[-1, -2, -4], [-5, -6, -8], [-13, -14, -16]]


@pytest.mark.parametrize(
    "make", [lambda rng: nn.Conv2d(2, 3, 3, rng=rng), lambda _: nn.MaxPool2d(2)]
)
def test_a_batch_of_no_picture_is_a_batch(make):
    layer = make(np.random.default_rng(0))
    y = layer.forward(np.zeros((0, 2, 6, 6)))
    assert len(y) == 0 and y.shape[2:] in {(4, 4), (3, 3)}
    assert layer.backward(np.zeros(y.shape)).shape == (0, 2, 6, 6)


def test_average_pooling_by_hand():
    layer = nn.AveragePool2d(2)
    assert layer(PICTURE)[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert np.all(layer.backward(np.full((1, 1, 2, 2), 4.0)) == 1)


def test_a_normalized_feature_has_mean_0_and_variance_1():
    rng = np.random.default_rng(3)
    layer = nn.BatchNorm(3)
    y = layer(7 + 5 * rng.standard_normal((20, 3, 4, 4)))
    assert np.allclose(y.mean(axis=(0, 2, 3)), 0)
    assert np.allclose(y.var(axis=(0, 2, 3)), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"features": 0}, "whole number"),
        ({"features": 2.5}, "whole number"),
        ({"features": 3, "epsilon": np.inf}, "epsilon"),
        ({"features": 3, "epsilon": 0}, "epsilon"),
        ({"features": 3, "momentum": "much"}, "momentum"),
        ({"features": 3, "momentum": 0}, "momentum"),
    ],
)
def test_batch_normalization_refuses_impossible_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        nn.BatchNorm(**settings)


def test_running_means_are_those_of_torch_and_are_used_when_not_training():
    rng = np.random.default_rng(4)
    layer, twin = nn.BatchNorm(2, momentum=0.3), torch.nn.BatchNorm1d(2, momentum=0.3).double()
    for _ in range(5):
        x = 3 + rng.standard_normal((6, 2))
        layer(x), twin(torch.tensor(x))
    assert np.allclose(layer.running_mean, twin.running_mean)
    assert np.allclose(layer.running_variance, twin.running_var)
    before = layer.running_mean.copy()
    layer.training = False
    one = layer(np.ones((1, 2)))
    assert np.allclose(one, twin.eval()(torch.ones((1, 2), dtype=torch.float64)).detach())
    assert np.array_equal(layer.running_mean, before)


def test_backward_is_that_of_the_last_forward_whatever_training_says_later():
    x = np.random.default_rng(5).standard_normal((4, 2))
    layer = nn.BatchNorm(2)
    layer(x)
    first = layer.backward(x)
    layer.training = False
    assert np.array_equal(layer.backward(x), first)


def test_a_constant_feature_is_no_division_by_zero():
    layer = nn.BatchNorm(1, dtype=np.float32)
    with np.errstate(all="raise"):
        y = layer(np.full((4, 1), 1e4, np.float32))
        assert np.all(y == 0)
        assert np.all(np.isfinite(layer.backward(np.ones((4, 1)))))


def test_flatten_keeps_the_order_of_the_numbers_in_a_picture():
    layer, x = nn.Flatten(), np.arange(24).reshape(2, 3, 2, 2)
    assert layer(x).tolist() == [list(range(12)), list(range(12, 24))]
    assert np.array_equal(layer.backward(layer(x)), x)


# --- the sizes that windows lead to -----------------------------------------------------------


@EXAMPLES
@given(
    length=st.integers(1, 12),
    window=st.integers(1, 4),
    stride=st.integers(1, 4),
    padding=st.integers(0, 4),
    dilation=st.integers(1, 3),
)
def test_as_many_places_as_can_be_counted(length, window, stride, padding, dilation):
    reach = dilation * (window - 1) + 1
    places = len(range(0, length + padding - reach + 1, stride))
    if places == 0:
        with pytest.raises(ValueError, match="does not fit"):
            output_length(length, window, stride, padding, dilation)
    else:
        assert output_length(length, window, stride, padding, dilation) == places


@EXAMPLES
@given(size=st.tuples(st.integers(3, 9), st.integers(3, 9)), window=st.integers(1, 3))
def test_same_and_full_say_what_they_do(size, window):
    assert Windows.of(window, 1, "same", 1).output_size(size) == size
    more = window - 1
    assert Windows.of(window, 1, "full", 1).output_size(size) == (size[0] + more, size[1] + more)


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: convolution(2, 3, 3, padding=1),
        lambda: nn.MaxPool2d(2),
        lambda: nn.AveragePool2d(3, stride=1),
        lambda: nn.BatchNorm(2),
    ],
)
def test_no_result_is_overwritten_by_a_later_call(make):
    rng, layer = np.random.default_rng(6), make()
    x = rng.standard_normal((2, 2, 6, 6))
    kept = x.copy()
    y = layer(x)
    gradient = layer.backward(y.copy())
    copies = y.copy(), gradient.copy()
    layer(x[::-1])
    layer.backward(np.ones(y.shape))
    assert np.array_equal(y, copies[0])
    assert np.array_equal(gradient, copies[1])
    assert np.array_equal(x, kept)


def test_layers_hand_on_pictures_without_moving_them():
    x = np.random.default_rng(7).standard_normal((4, 2, 6, 6))
    first, second = convolution(2, 3, 3), nn.MaxPool2d(2)
    y = first(x)
    assert y.transpose(1, 2, 3, 0).flags.c_contiguous  # batch last
    assert second(y).transpose(1, 2, 3, 0).flags.c_contiguous
    assert nn.ReLU()(y).transpose(1, 2, 3, 0).flags.c_contiguous


@pytest.mark.parametrize("training", [True, False])
def test_normalization_leaves_pictures_in_their_order(training):
    rng, layer = np.random.default_rng(8), nn.BatchNorm(3)
    layer.running_mean[...], layer.training = 0.5, training
    ours = rng.standard_normal((3, 9, 8, 4)).transpose(3, 0, 1, 2)  # batch last
    theirs, grad_output = np.ascontiguousarray(ours), rng.standard_normal(ours.shape)
    results = []
    for x, is_last in ((ours, True), (theirs, False)):
        y = layer(x)
        gradient = layer.backward(grad_output)
        for result in (y, gradient):
            assert result.transpose(1, 2, 3, 0).flags.c_contiguous == is_last
            assert result.flags.c_contiguous != is_last
        results.append([y, gradient, *(a.copy() for a in layer.gradients.values())])
    assert all(np.allclose(a, b) for a, b in zip(*results, strict=True))


# --- training ---------------------------------------------------------------------------------


def test_a_small_network_learns_where_a_bar_stands():
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 2, 64)
    x = 0.1 * rng.standard_normal((64, 1, 8, 8))
    for picture, label, place in zip(x, labels, rng.integers(1, 7, 64), strict=True):
        (picture[0] if label else picture[0].T)[place] += 1.0  # a row, or a column
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, rng=rng),
        nn.BatchNorm(4),
        nn.ReLU(),
        nn.MaxPool2d(6),
        nn.Flatten(),
        nn.Dense(4, 2, rng=rng),
    )
    loss, optimizer = nn.CrossEntropy(), nn.Adam(network, 0.05)
    values = []
    for _ in range(40):
        values.append(loss.forward(network.forward(x), labels))
        network.backward_parameters(loss.backward())
        optimizer.step()
    assert values[-1] < 0.05 < values[0]


# --- clear errors -----------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [convolution(3, 2, 2), nn.MaxPool2d(2), nn.AveragePool2d(2)])
def test_what_is_no_batch_of_pictures_is_refused(layer):
    with pytest.raises(ValueError, match=r"expects x of shape \(batch, (3|channels), rows"):
        layer(np.ones((3, 8)))
    with pytest.raises(ValueError, match=r"one picture is x\[np\.newaxis\]"):
        layer(np.ones((3, 8, 8)))
    with pytest.raises(ValueError, match="does not fit into a line of 1"):
        layer(np.ones((1, 3, 1, 8)))


def test_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"shape \(batch, 3, rows, columns\), got \(1, 2, 4, 4\)"):
        convolution(3, 2, 2)(np.ones((1, 2, 4, 4)))
    with pytest.raises(ValueError, match=r"got \(1, 3, 0, 4\)"):
        convolution(3, 2, 2, padding=1)(np.ones((1, 3, 0, 4)))
    with pytest.raises(ValueError, match=r"shape \(batch, 3\) or"):
        nn.BatchNorm(3)(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel_size": 0}, "a window is a whole number ≥ 1"),
        ({"kernel_size": (3, 2, 1)}, "a window is a whole number"),
        ({"kernel_size": 2.5}, "a window is a whole number"),
        ({"kernel_size": True}, "a window is a whole number"),
        ({"stride": 0}, "stride is a whole number ≥ 1"),
        ({"dilation": -1}, "dilation is a whole number ≥ 1"),
        ({"padding": -1}, "padding is a whole number ≥ 0"),
        ({"padding": "reflect"}, 'padding is "valid", "same", "full" or numbers'),
        ({"padding": "same", "stride": 2}, "needs a stride of 1"),
        ({"threads": 0}, "threads is a whole number ≥ 1, got 0"),
        ({"threads": 1.5}, r"threads is a whole number ≥ 1, got 1\.5"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        convolution(1, 1, **{"kernel_size": 3, **settings})


def test_impossible_pools_and_normalizations_are_refused():
    with pytest.raises(ValueError, match="at most half of the window"):
        nn.MaxPool2d(2, padding=2)
    with pytest.raises(ValueError, match="epsilon"):
        nn.BatchNorm(2, epsilon=0)
    with pytest.raises(ValueError, match="momentum"):
        nn.BatchNorm(2, momentum=0)
    with pytest.raises(ValueError, match="one number has no variance"):
        nn.BatchNorm(2)(np.ones((1, 2)))
    with pytest.raises(ValueError, match="Flatten expects"):
        nn.Flatten()(np.ones(()))
