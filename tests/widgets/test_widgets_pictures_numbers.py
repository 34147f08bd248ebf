"""The JavaScript of the figures of chapters 03 and 05 against derived.nn, SciPy and enumeration."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.signal import convolve2d, correlate2d

from derived import nn
from derived.datasets import digits
from derived.nn.softmax import softmax
from derived.widgets import DigitThroughLayers, DropoutEnsemble
from derived.widgets.digit_through_layers.default_network import edge_network
from derived.widgets.digit_through_layers.layers import described
from derived.widgets.kernel_editor import widget as editor
from tests.widgets.conftest import JavaScript
from tests.widgets.ensemble_oracle import dropout_predictions

FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 9999)
PADDINGS = st.sampled_from(["valid", "full", 1, (2, 0)])


def window_settings(windows: Any) -> dict[str, list[int]]:
    return {
        "window": list(windows.window),
        "stride": list(windows.stride),
        "before": list(windows.before),
        "after": list(windows.after),
    }


# ---- layers


@FEW
@given(
    channels=st.integers(1, 3),
    outputs=st.integers(1, 3),
    size=st.tuples(st.integers(4, 8), st.integers(4, 8)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    padding=PADDINGS,
    seed=SEEDS,
)
def test_convolution_is_that_of_derived_nn(
    javascript: JavaScript,
    channels: int,
    outputs: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    padding: Any,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    layer = nn.Conv2d(channels, outputs, kernel, stride=stride, padding=padding, rng=rng)
    layer.parameters["bias"][:] = rng.normal(size=outputs)
    x = rng.normal(size=(channels, *size))
    got = javascript.call(
        "convolve",
        x.ravel().tolist(),
        list(x.shape),
        layer.parameters["weight"].ravel().tolist(),
        layer.parameters["bias"].tolist(),
        window_settings(layer.windows),
    )
    want = layer.forward(x[np.newaxis])[0]
    assert got["shape"] == list(want.shape)
    np.testing.assert_allclose(np.reshape(got["values"], want.shape), want, atol=1e-12)


@FEW
@given(
    kind=st.sampled_from(["max-pool", "average-pool"]),
    window=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 1),
    seed=SEEDS,
)
def test_pooling_is_that_of_derived_nn(
    javascript: JavaScript, kind: str, window: int, stride: int, padding: int, seed: int
) -> None:
    assume(2 * padding <= window)
    make = {"max-pool": nn.MaxPool2d, "average-pool": nn.AveragePool2d}[kind]
    layer = make(window, stride=stride, padding=padding)
    x = np.random.default_rng(seed).normal(size=(2, 7, 6))
    got = javascript.call(
        "pool", kind, x.ravel().tolist(), list(x.shape), window_settings(layer.windows)
    )
    want = layer.forward(x[np.newaxis])[0]
    assert got["shape"] == list(want.shape)
    np.testing.assert_allclose(np.reshape(got["values"], want.shape), want, atol=1e-12)


def test_same_padding_is_that_of_derived_nn(javascript: JavaScript) -> None:
    for name in ("valid", "same", "full"):
        for k in (3, 4, 5):
            windows = nn.Conv2d(1, 1, k, padding=name, rng=np.random.default_rng(0)).windows
            want = {"before": list(windows.before), "after": list(windows.after)}
            assert javascript.call("paddingOf", name, k) == want


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU])
def test_every_layer_of_a_network_is_that_of_derived_nn(
    javascript: JavaScript, activation: Any
) -> None:
    rng = np.random.default_rng(3)
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding="same", rng=rng),
        activation(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 4, (2, 3), stride=(1, 2), rng=rng),
        activation(),
        nn.AveragePool2d(2, stride=1),
        nn.Flatten(),
        nn.Dense(16, 7, rng=rng),
        activation(),
        nn.Dense(7, 5, rng=rng),
        nn.Softmax(),
    )
    for values in network.parameters.values():
        values[:] = values.astype(np.float32)  # what the page gets
    picture = rng.uniform(size=(12, 12)).astype(np.float32).astype(np.float64)
    widget = DigitThroughLayers(network, picture[np.newaxis])
    got = javascript.call(
        "runNetwork", widget.layers, widget.weights, picture.ravel().tolist(), widget.side
    )
    value: Any = picture[np.newaxis, np.newaxis]
    for layer, output in zip(network.layers[:-1], got["outputs"], strict=True):
        value = layer.forward(value)
        assert output["shape"] == list(value.shape[1:])
        np.testing.assert_allclose(output["values"], value.ravel(), atol=1e-12)
    np.testing.assert_allclose(got["probabilities"], network.forward(picture[None, None])[0])


def test_the_default_network_reads_the_embedded_digits() -> None:
    network, samples = edge_network()
    data = digits()
    logits = network.forward(data.test_images.reshape(-1, 1, 8, 8))
    assert (logits.argmax(axis=1) == data.test_labels).mean() > 0.97
    assert samples.shape == (10, 8, 8)
    layers, parameters = described(network, 8)
    assert [layer["shape"] for layer in layers] == [[8, 8, 8], [8, 8, 8], [8, 4, 4], [128], [10]]
    assert sum(each.size for each in parameters) == 80 + 1290


def test_samples_are_stored_as_grays() -> None:
    widget = DigitThroughLayers()
    grays = np.frombuffer(base64.b64decode(widget.samples), np.uint8)
    assert grays.size == 640 and grays.max() == 255


# ---- ink


def test_a_stroke_covers_what_lies_within_half_a_pen(javascript: JavaScript) -> None:
    ink = np.reshape(javascript.call("rasterize", [[[0.25, 0.5], [0.75, 0.5]]], 8, 2.0), (8, 8))
    assert (ink[3:5, 2:6] == 1).all(), "two pixels high, from x = 2 to x = 6"
    assert (ink[:2] == 0).all() and (ink[6:] == 0).all()
    assert ink.sum() == pytest.approx(2 * 4 + np.pi, abs=0.35), "a bar with two round ends"


def test_a_drawing_is_scaled_and_centered(javascript: JavaScript) -> None:
    strokes = [[[0.1, 0.1], [0.2, 0.4]]]
    (first, last) = javascript.call("fitted", strokes, 28, 2.0, 4.0)[0]
    np.testing.assert_allclose(np.add(first, last) / 2, [0.5, 0.5])
    assert last[1] - first[1] == pytest.approx((28 - 8 - 2) / 28), "the longer side fills the room"
    assert (last[0] - first[0]) / (last[1] - first[1]) == pytest.approx(1 / 3), "the shape is kept"
    assert javascript.call("fitted", [[[0.9, 0.9]]], 28, 2.0, 4.0) == [[[0.5, 0.5]]]
    assert javascript.call("fitted", [], 28, 2.0, 4.0) == []


# ---- kernels


def test_python_and_javascript_know_the_same_kernels(javascript: JavaScript) -> None:
    kernels = javascript.call("kernels")
    assert tuple(kernels) == editor.PRESETS
    sums = {name: sum(each["numbers"]) / each["divisor"] for name, each in kernels.items()}
    ones = {"identity", "average", "gaussian", "sharpen", "sharpen-low", "emboss"}
    for name, total in sums.items():
        assert total == pytest.approx(1 if name.removesuffix("-5") in ones else 0), name
    for name, each in kernels.items():
        assert len(each["numbers"]) == each["size"] ** 2
        rank = np.linalg.matrix_rank(np.reshape(each["numbers"], (each["size"], each["size"])))
        if name.split("-")[0] in ("average", "gaussian", "prewitt", "sobel"):
            assert rank == 1, f"{name} is separable"


@FEW
@given(
    padding=st.sampled_from(editor.PADDINGS),
    operation=st.sampled_from(editor.OPERATIONS),
    stride=st.integers(1, 4),
    size=st.sampled_from([3, 5]),
    seed=SEEDS,
)
def test_a_sliding_kernel_is_scipy_s(
    javascript: JavaScript, padding: str, operation: str, stride: int, size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    picture, kernel = rng.normal(size=(9, 11)), rng.normal(size=(size, size))
    problem = {
        "picture": picture.tolist(),
        "kernel": kernel.tolist(),
        "stride": stride,
        "padding": padding,
        "operation": operation,
    }
    slide = convolve2d if operation == "convolution" else correlate2d
    want = slide(picture, kernel, mode=padding)[::stride, ::stride]
    got = javascript.call("slide", problem)
    np.testing.assert_allclose(got, want, atol=1e-12)
    place = [int(rng.integers(0, n)) for n in want.shape]
    found = javascript.call("arithmetic", problem, place)
    assert found["sum"] == pytest.approx(want[tuple(place)], abs=1e-12)
    assert np.sum(found["products"]) == pytest.approx(found["sum"])
    np.testing.assert_allclose(np.multiply(found["patch"], found["kernel"]), found["products"])


# ---- penalties

EIGENVALUES = st.tuples(st.floats(0.05, 3), st.floats(0.05, 10)).map(sorted)
PLACE = st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(list)


def objective(penalty: str, hessian: Any, minimum: Any, strength: float, w: Any) -> float:
    d = np.asarray(w) - minimum
    norm = np.abs(w).sum() if penalty == "l1" else 0.5 * np.sum(np.square(w))
    return float(0.5 * d @ hessian @ d + strength * norm)


def by_proximal_steps(hessian: Any, minimum: Any, strength: float) -> Any:
    """ISTA: a gradient step, then the soft threshold; it converges for every H."""
    w, rate = np.zeros(2), 1 / np.linalg.eigvalsh(hessian)[1]
    for _ in range(6_000):
        step = w - rate * hessian @ (w - minimum)
        w = np.sign(step) * np.maximum(np.abs(step) - rate * strength, 0)
    return w


@FEW
@given(values=EIGENVALUES, angle=st.floats(0, 179.9), minimum=PLACE, strength=st.floats(0, 5))
def test_penalized_minima(
    javascript: JavaScript, values: list[float], angle: float, minimum: list[float], strength: float
) -> None:
    def call(name: str, *rest: Any) -> Any:
        return javascript.call("quadratic", name, *rest)

    hessian = np.array(call("hessianOf", values, angle))
    np.testing.assert_allclose(np.linalg.eigvalsh(hessian), values, rtol=1e-9, atol=1e-12)
    back = call("spectrum", hessian.tolist())
    np.testing.assert_allclose(call("hessianOf", back["values"], back["angle"]), hessian, atol=1e-9)

    l2 = call("penalized", "l2", hessian.tolist(), minimum, strength)
    solved = np.linalg.solve(hessian + strength * np.eye(2), hessian @ minimum)
    np.testing.assert_allclose(l2, solved, atol=1e-9)
    lowest = minimize(lambda w: objective("l2", hessian, minimum, strength, w), solved + 0.1).fun
    assert objective("l2", hessian, minimum, strength, l2) <= lowest + 1e-7

    l1 = call("penalized", "l1", hessian.tolist(), minimum, strength)
    ista = by_proximal_steps(hessian, minimum, strength)
    assert objective("l1", hessian, minimum, strength, l1) == pytest.approx(
        objective("l1", hessian, minimum, strength, ista), abs=1e-8
    )


def test_the_soft_threshold_is_exact_for_a_diagonal_hessian_only(javascript: JavaScript) -> None:
    for hessian, exact in (([[2.0, 0.0], [0.0, 0.5]], True), ([[2.0, 0.9], [0.9, 1.0]], False)):
        minimum = [0.7, -0.6]
        rule = javascript.call("quadratic", "softThreshold", hessian, minimum, 0.5)
        found = javascript.call("quadratic", "lasso", hessian, minimum, 0.5)
        np.testing.assert_allclose(
            found, by_proximal_steps(np.array(hessian), minimum, 0.5), atol=1e-9
        )
        assert np.allclose(rule, found) is exact


def test_the_lecture_s_counterexample(javascript: JavaScript) -> None:
    """H = [[2, .9], [.9, 1]]: the formula does not give the minimum (inventory B, T17)."""
    hessian, minimum = [[2.0, 0.9], [0.9, 1.0]], [0.7, -0.6]
    found = javascript.call("quadratic", "lasso", hessian, minimum, 0.5)
    rule = javascript.call("quadratic", "softThreshold", hessian, minimum, 0.5)
    values = [objective("l1", np.array(hessian), minimum, 0.5, w) for w in (found, rule)]
    assert values[0] < values[1] - 0.01


@FEW
@given(
    values=EIGENVALUES,
    angle=st.floats(0, 179),
    steps=st.integers(0, 40),
    relative=st.floats(0.05, 1.9),
)
def test_early_stopping_keeps_its_share_of_each_direction(
    javascript: JavaScript, values: list[float], angle: float, steps: int, relative: float
) -> None:
    minimum, rate = [1.5, -0.5], relative / values[1]
    hessian = javascript.call("quadratic", "hessianOf", values, angle)
    path = javascript.call("quadratic", "descent", hessian, minimum, [0, 0], rate, steps)
    assert len(path) == steps + 1
    turn = np.deg2rad(angle)
    q = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    factors = javascript.call("quadratic", "stoppedFactors", values, rate, steps)
    np.testing.assert_allclose(q.T @ path[-1], factors * (q.T @ minimum), atol=1e-9)
    kept = javascript.call("quadratic", "ridgeFactors", values, 0.7)
    l2 = javascript.call("quadratic", "ridge", hessian, minimum, 0.7)
    np.testing.assert_allclose(q.T @ l2, kept * (q.T @ minimum), atol=1e-9)


# ---- dropout


def networks(name: str, drop: str, activation: str) -> dict[str, Any]:
    return {**DropoutEnsemble().networks[name], "drop": drop, "activation": activation}


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(
    ("name", "drop", "exact"),
    [
        ("softmax", "both", True),
        ("hidden", "hidden", True),
        ("hidden", "inputs", False),
        ("hidden", "both", False),
    ],
)
def test_the_ensemble_is_that_of_all_masks(
    javascript: JavaScript, name: str, drop: str, exact: bool, keep: float
) -> None:
    for activation in ("relu", "tanh", "sigmoid"):
        net = networks(name, drop, activation)
        got, want = javascript.call("ensemble", net, keep), dropout_predictions(net, keep)
        for kind in ("arithmetic", "geometric", "scaled"):
            np.testing.assert_allclose(got[kind], want[kind], atol=1e-12)
        members = got["members"]
        assert [tuple(member["mask"]) for member in members] == want["masks"]
        assert [javascript.call("maskNumber", m["mask"]) for m in members] == list(
            range(len(members))
        )
        np.testing.assert_allclose([m["chance"] for m in members], want["chance"], atol=1e-15)
        np.testing.assert_allclose(
            [m["probabilities"] for m in members], want["probabilities"], atol=1e-12
        )
        difference = np.abs(np.subtract(got["geometric"], got["scaled"])).max()
        assert difference < 1e-12 if exact or keep == 1 else difference > 1e-4


@FEW
@given(seed=SEEDS, keep=st.floats(0.05, 1))
def test_weight_scaling_is_exact_for_every_softmax_regression(
    javascript: JavaScript, seed: int, keep: float
) -> None:
    rng = np.random.default_rng(seed)
    net = {
        "inputs": rng.normal(size=6).tolist(),
        "weights": [rng.normal(size=(3, 6)).tolist()],
        "biases": [rng.normal(size=3).tolist()],
        "activation": "tanh",
        "drop": "both",
    }
    got = javascript.call("ensemble", net, keep)
    z = keep * np.array(net["weights"][0]) @ net["inputs"] + net["biases"][0]
    np.testing.assert_allclose(got["scaled"], softmax(z), atol=1e-12)
    np.testing.assert_allclose(got["geometric"], softmax(z), atol=1e-12)
    assert sum(member["chance"] for member in got["members"]) == pytest.approx(1)
