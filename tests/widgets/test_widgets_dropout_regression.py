"""Dropout on a line against derived.nn, all masks of a small network, and the reader's hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from playwright.sync_api import Page

from derived import nn
from derived.widgets import DropoutRegression
from tests.widgets.conftest import JavaScript, OpenPage, wait_until
from tests.widgets.oracles import PCG32
from tests.widgets.reader import box_of, drag_through, model, number, press, slider, status

Values = NDArray[np.float64]
FEW = settings(max_examples=15, deadline=None)
CONFIGURATION = {"activation": "relu", "seed": 4, "keep": 0.8, "noise": 0.2, "prior": 0.7}

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: DropoutRegression([]), "points has shape"),
    (lambda: DropoutRegression(np.zeros((61, 2))), "1 to 60 pairs"),
    (lambda: DropoutRegression([[0, 3.5]]), "a y outside the axis"),
    (lambda: DropoutRegression([[5, 0]]), "number from -4 to 4"),
    (lambda: DropoutRegression(keep=0.4), "keep is 0.4; pass a number from 0.5 to 1"),
    (lambda: DropoutRegression(noise=0), "noise is 0"),
    (lambda: DropoutRegression(prior=9), "prior is 9"),
    (lambda: DropoutRegression(activation="gelu"), "choose one of relu, tanh"),
    (lambda: setattr(DropoutRegression(), "masks", -1), "masks is -1"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_figure_is_stored_as_a_short_stable_text() -> None:
    assert repr(DropoutRegression()) == "DropoutRegression(16 points, keep=0.9, seed=0)"


# ---- the numbers


class Masked(nn.Layer):
    """Multiplies by numbers that a test lays down."""

    mask: Values

    def forward(self, x: Any) -> Any:
        return x * self.mask

    def backward(self, gradient: Any) -> Any:
        return gradient * self.mask


def twin(layers: list[dict[str, Any]], activation: str) -> tuple[nn.Sequential, list[Masked]]:
    """A network of derived.nn with these parameters, and its two masks."""
    made: list[nn.Layer] = []
    masks = [Masked(), Masked()]
    for number_of_layer, layer in enumerate(layers):
        outputs, inputs = np.shape(layer["weight"])
        dense = nn.Dense(inputs, outputs, rng=np.random.default_rng(0))
        dense.parameters["weight"][:] = layer["weight"]
        dense.parameters["bias"][:] = layer["bias"]
        made.append(dense)
        if number_of_layer < 2:
            made += [nn.ReLU() if activation == "relu" else nn.Tanh(), masks[number_of_layer]]
    return nn.Sequential(*made), masks


def parameters_of(rng: np.random.Generator, hidden: int) -> list[dict[str, Any]]:
    sizes = [(1, hidden), (hidden, hidden), (hidden, 1)]
    return [{"weight": rng.normal(size=(b, a)), "bias": rng.normal(size=b)} for a, b in sizes]


def flattened(layers: list[dict[str, Any]], activation: str) -> dict[str, Any]:
    return {
        "weights": [np.ravel(layer["weight"]).tolist() for layer in layers],
        "biases": [np.ravel(layer["bias"]).tolist() for layer in layers],
        "activations": [activation, activation, "linear"],
    }


def dense_of(network: nn.Sequential) -> list[nn.Dense]:
    return [layer for layer in network.layers if isinstance(layer, nn.Dense)]


def backward_of_objective(network: nn.Sequential, x: Values, y: Values, alpha: float) -> float:
    """Leave the gradients of J in the network; returns J."""
    misses = network.forward(x[:, np.newaxis]) - y[:, np.newaxis]
    network.backward(misses / len(x))
    value = float(np.mean(misses**2) / 2)
    for layer in dense_of(network)[1:]:
        weight = layer.parameters["weight"]
        layer.gradients["weight"] += alpha * weight
        value += alpha / 2 * float(np.sum(weight**2))
    return value


@FEW
@given(
    count=st.integers(1, 5),
    activation=st.sampled_from(["relu", "tanh"]),
    alpha=st.floats(0, 2),
    seed=st.integers(0, 9999),
)
def test_the_objective_and_its_gradients_are_those_of_derived_nn(
    javascript: JavaScript, count: int, activation: str, alpha: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    layers = parameters_of(rng, 6)
    x, y = rng.normal(size=(2, count))
    masks = rng.integers(0, 2, size=(2, count, 6)) / 0.7
    case = {"x": x.tolist(), "y": y.tolist(), "alpha": alpha}
    case["masks"] = [mask.ravel().tolist() for mask in masks]
    got = javascript.call("dropoutObjective", flattened(layers, activation), case)
    network, places = twin(layers, activation)
    for place, mask in zip(places, masks, strict=True):
        place.mask = mask
    assert got["value"] == pytest.approx(backward_of_objective(network, x, y, alpha), rel=1e-9)
    for number_of_layer, layer in enumerate(dense_of(network)):
        for key, kind in (("weight", "weights"), ("bias", "biases")):
            want = layer.gradients[key].ravel()
            np.testing.assert_allclose(
                got["gradients"][kind][number_of_layer], want, rtol=1e-9, atol=1e-12
            )


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_fit_is_that_of_derived_nn_and_its_adam(javascript: JavaScript, activation: str) -> None:
    configuration = {**CONFIGURATION, "activation": activation, "hidden": 8}
    points = [[-1.5, 0.4], [0.2, -1.0], [2.0, 1.1]]
    got = javascript.call("fitDropout", configuration, points, 12)
    network, places = twin(got["start"], activation)
    first = dense_of(network)[0].parameters
    kinks = -first["bias"] / first["weight"][:, 0]
    assert (np.abs(kinks) <= 3).all() and np.ptp(kinks) > 1, "the units turn at different places"
    x, y = np.array(points).T
    random = PCG32(4, 3)
    optimizer = nn.Adam(network, 0.01)
    alpha = 0.2**2 / (3 * 0.8 * 0.7**2)
    for _ in range(12):
        for place in places:
            draws = [(random.uint32() + 0.5) / 2**32 < 0.8 for _ in range(3 * 8)]
            place.mask = np.array(draws).reshape(3, 8) / 0.8
        backward_of_objective(network, x, y, alpha)
        optimizer.step()
    for layer, wanted in zip(got["end"], dense_of(network), strict=True):
        for key in ("weight", "bias"):
            np.testing.assert_allclose(layer[key], wanted.parameters[key], atol=1e-9)


def test_the_passes_are_thinned_networks_and_approach_the_whole_ensemble(
    javascript: JavaScript,
) -> None:
    hidden, keep = 3, 0.7
    layers = parameters_of(np.random.default_rng(5), hidden)
    x = np.array([-1.0, 0.3, 2.5])
    network, places = twin(layers, "tanh")

    def function(bits: Values) -> Values:
        for place, mask in zip(places, bits.reshape(2, hidden), strict=True):
            place.mask = mask / keep
        return np.asarray(network.forward(x[:, np.newaxis])[:, 0])

    every = np.array(list(product([0.0, 1.0], repeat=2 * hidden)))
    chance = np.prod(np.where(every == 1, keep, 1 - keep), axis=1)
    values = np.array([function(bits) for bits in every])
    mean = chance @ values
    deviation = np.sqrt(chance @ (values - mean) ** 2)

    masks = [np.array(mask) for mask in javascript.call("passMasks", 2, keep, 4000, hidden)]
    assert set(np.unique(masks)) == {0.0, 1 / keep}
    parameters = flattened(layers, "tanh")
    got = javascript.call("dropoutPasses", parameters, x.tolist(), [m.tolist() for m in masks])
    bits = np.concatenate([mask.reshape(4000, hidden) for mask in masks], axis=1) > 0
    drawn = np.array([function(row.astype(float)) for row in bits])
    np.testing.assert_allclose(got["found"], drawn, atol=1e-12)
    np.testing.assert_allclose(got["mean"], drawn.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(got["deviation"], drawn.std(axis=0), atol=1e-12)
    np.testing.assert_allclose(got["mean"], mean, atol=5 * deviation.max() / np.sqrt(4000))
    np.testing.assert_allclose(got["deviation"], deviation, rtol=0.1)


# ---- in the page


def prediction_at(page: Page, x: float) -> tuple[float, float]:
    found = model(page, "prediction")
    return tuple(float(np.interp(x, found["x"], found[name])) for name in ("mean", "deviation"))  # type: ignore[return-value]


def check_page(page: Page, x: float) -> None:
    """What is shown at the cursor belongs to the stored network and its masks."""
    page.wait_for_timeout(50)
    mean, deviation = prediction_at(page, x)
    points, noise = np.array(model(page, "points")), model(page, "noise")
    alpha = noise**2 / (len(points) * model(page, "keep") * model(page, "prior") ** 2)
    misses = [prediction_at(page, a)[0] - b for a, b in points]
    shown = {
        "mean": mean,
        "deviation": deviation,
        "label": np.hypot(deviation, noise),
        "miss": np.sqrt(np.mean(np.square(misses))),
    }
    for name, value in shown.items():
        assert float(number(page, name).replace("−", "-")) == pytest.approx(value, abs=6e-4), name
    assert number(page, "points") == str(len(points))
    mantissa, _, power = number(page, "alpha").partition("·10")
    digits = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")) or "0"
    assert float(mantissa) * 10.0 ** int(digits) == pytest.approx(alpha, rel=0.06)


def test_training_brings_doubt_down_at_the_points_and_stops(open_page: OpenPage) -> None:
    page = open_page(DropoutRegression(), reduced_motion="no-preference")
    press(page, "New masks")
    before = np.array(model(page, "prediction")["deviation"])
    press(page, "Train")
    wait_until(lambda: int(number(page, "step").replace(",", "")) > 600, seconds=40)
    press(page, "Stop")
    wait_until(lambda: model(page, "step") > 600)
    check_page(page, 0)
    found = model(page, "prediction")
    x, after = np.array(found["x"]), np.array(found["deviation"])
    assert float(number(page, "miss")) < 0.3
    assert after[np.abs(x) > 1].mean() < 0.5 * before[np.abs(x) > 1].mean()
    step = number(page, "step")
    page.wait_for_timeout(300)
    assert number(page, "step") == step


def test_training_also_runs_with_reduced_motion(open_page: OpenPage) -> None:
    page = open_page(DropoutRegression([[0.5, 1.0]]), reduced_motion="reduce")
    press(page, "Train")
    wait_until(lambda: number(page, "step") != "0")
    press(page, "Stop")
    wait_until(lambda: model(page, "step") > 0)


def test_masks_are_drawn_anew_and_the_network_stays(open_page: OpenPage) -> None:
    page = open_page(DropoutRegression(masks=3))
    press(page, "New masks")
    layers, first = model(page, "layers"), model(page, "prediction")
    press(page, "New masks")
    assert model(page, "masks") == 5 and model(page, "layers") == layers
    second = model(page, "prediction")
    assert first["mean"] != second["mean"]
    np.testing.assert_allclose(first["deviation"], second["deviation"], rtol=0.6, atol=0.05)
    slider(page, "Keep probability").fill("1")
    wait_until(lambda: model(page, "keep") == 1)
    assert max(model(page, "prediction")["deviation"]) == pytest.approx(0, abs=1e-12)
    assert "no doubt" in status(page)
    press(page, "New weights")
    assert model(page, "seed") == 1 and model(page, "layers") != layers


def test_points_are_added_moved_and_removed(open_page: OpenPage) -> None:
    page = open_page(DropoutRegression([[-1.0, 0.5]]))
    press(page, "Remove point")
    press(page, "Add point")
    assert model(page, "points") == [[-1.0, 0.5], [0.0, 0.0]], "one stays; a new one at the cursor"
    cursor = page.locator(".dld-cursor")
    cursor.focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert model(page, "points")[2] == [0.88, 0.06]
    check_page(page, 0.88)
    for key in ("ArrowLeft", "Delete"):
        page.keyboard.press(key)
    assert model(page, "points") == [[-1.0, 0.5], [0.0, 0.0]]
    frame = box_of(page.locator(".dld-frame"))

    def place(x: float, y: float) -> tuple[float, float]:
        right = frame["x"] + (x + 4) / 8 * frame["width"]
        return right, frame["y"] + (3 - y) / 6 * frame["height"]

    page.mouse.click(*place(2.0, -1.5))
    assert model(page, "points")[2] == pytest.approx([2.0, -1.5], abs=0.05)
    drag_through(page, [place(2.0, -1.5), place(3.0, 1.0)])
    assert model(page, "points")[2] == pytest.approx([3.0, 1.0], abs=0.05)
    assert len(model(page, "points")) == 3
    drag_through(page, [place(3.0, 1.0), (frame["x"] + 3 * frame["width"], frame["y"])])
    assert model(page, "points")[2] == [4.0, 3.0], "not out of the picture"
    check_page(page, model(page, "points")[2][0])
    press(page, "Reset")
    assert model(page, "points") == [[-1.0, 0.5]]
