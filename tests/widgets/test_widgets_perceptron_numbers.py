"""The perceptron explorer's learning rule, margin and geometry; the trainer's data and address."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from derived import datasets
from tests.widgets.conftest import JavaScript
from tests.widgets.oracles import margin_by_least_distance, margin_by_svm, perceptron, signed

FEW = settings(max_examples=60, deadline=None)
GRID = st.integers(-8, 8).map(lambda n: n / 4)
POINT = st.tuples(GRID, GRID, st.integers(0, 1)).map(list)
POINTS = st.lists(POINT, min_size=1, max_size=12)


def separable(points: np.ndarray[Any, Any]) -> bool:
    """Whether some u has u . z >= 1 for all z: a linear program, independent of the figure."""
    z = signed(points)
    answer = linprog(np.zeros(3), A_ub=-z, b_ub=-np.ones(len(z)), bounds=(None, None))
    return bool(answer.status == 0)


def test_the_gates_give_the_chapter_s_numbers(javascript: JavaScript) -> None:
    expected = {"and": (10, [-2, 2, 1], 5), "or": (4, [0, 1, 1], 3)}
    for name, (updates, weights, last_epoch) in expected.items():
        points = javascript.call("preset", name)
        assert [row[:2] for row in points] == datasets.boolean_function(name)[0].tolist()
        assert [row[2] for row in points] == datasets.boolean_function(name)[1].tolist()
        run = javascript.call("run", points, 1000)
        assert (run["updates"], run["weights"]) == (updates, weights)
        assert run["needed"] == updates
        assert run["log"][-1]["epoch"] == last_epoch


def test_xor_cycles_for_ever(javascript: JavaScript) -> None:
    points = javascript.call("preset", "xor")
    run = javascript.call("run", points, 1000)
    assert run["cycle"] == 4, "one epoch of four updates"
    assert run["needed"] is None
    assert javascript.call("largestMargin", points) is None


@FEW
@given(points=POINTS)
def test_the_rule_is_rosenblatt_s(javascript: JavaScript, points: list[list[float]]) -> None:
    limit = 300
    array = np.array(points)
    run = javascript.call("run", points, limit)
    updates, weights = perceptron(array, limit)
    assert run["needed"] == (updates if updates < limit or run["needed"] else None)
    if run["cycle"] is None:
        assert run["updates"] == updates
        np.testing.assert_allclose(run["weights"], weights, atol=1e-12)
    else:
        assert not separable(array)


@FEW
@given(points=POINTS)
def test_the_margin_is_the_largest(javascript: JavaScript, points: list[list[float]]) -> None:
    array = np.array(points)
    best = javascript.call("largestMargin", points)
    assert (best is not None) == separable(array)
    if best is None:
        return
    z = signed(array)
    assert np.linalg.norm(best["direction"]) == pytest.approx(1, abs=1e-12)
    assert (z @ best["direction"]).min() == pytest.approx(best["margin"], rel=1e-12)
    assert best["margin"] == pytest.approx(margin_by_least_distance(array), rel=1e-7)
    radius = np.linalg.norm(z, axis=1).max()
    assert best["radius"] == pytest.approx(radius, rel=1e-12)
    assert best["bound"] == pytest.approx((radius / best["margin"]) ** 2, rel=1e-12)


@FEW
@given(points=POINTS)
def test_novikoff_s_bound_holds(javascript: JavaScript, points: list[list[float]]) -> None:
    best = javascript.call("largestMargin", points)
    assume(best is not None and best["bound"] < 20_000)
    run = javascript.call("run", points, 20_000)
    assert run["needed"] is not None
    assert run["needed"] <= best["bound"] * (1 + 1e-9)
    for entry in run["log"]:
        length, k = np.linalg.norm(entry["after"]), entry["update"]
        assert best["margin"] * k <= length * (1 + 1e-9)
        assert length <= best["radius"] * np.sqrt(k) * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_margin_of_forty_random_points(javascript: JavaScript, seed: int) -> None:
    rng = np.random.default_rng(seed)
    direction, offset = rng.normal(size=2), rng.normal()
    x = rng.uniform(-2, 2, size=(200, 2))
    height = x @ direction + offset
    x, height = x[np.abs(height) > 0.15][:40], height[np.abs(height) > 0.15][:40]
    points = np.column_stack([x, height > 0])
    best = javascript.call("largestMargin", points.tolist())
    assert best["margin"] == pytest.approx(margin_by_least_distance(points), rel=1e-7)


def test_the_presets_are_what_their_names_say(javascript: JavaScript) -> None:
    for name in ("clouds", "narrow"):
        points = np.array(javascript.call("preset", name))
        best = javascript.call("largestMargin", points.tolist())
        assert best["margin"] == pytest.approx(margin_by_least_distance(points), rel=1e-7)
        assert best["margin"] == pytest.approx(margin_by_svm(points), rel=1e-3)
        assert 8 <= perceptron(points, 10_000)[0] <= best["bound"]
    assert not separable(np.array(javascript.call("preset", "overlapping")))


# ---- geometry


def area(corners: list[list[float]]) -> float:
    if not corners:
        return 0.0
    x, y = np.array(corners).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


WEIGHT = st.integers(-12, 12).map(lambda n: n / 4)


@FEW
@given(weights=st.tuples(WEIGHT, WEIGHT, WEIGHT).map(list))
def test_the_half_planes_share_the_square(javascript: JavaScript, weights: list[float]) -> None:
    assume(weights[1] or weights[2])
    one = javascript.call("halfPlane", weights, 1, [-2, 2])
    zero = javascript.call("halfPlane", weights, -1, [-2, 2])
    assert area(one) + area(zero) == pytest.approx(16)
    for sign, corners in ((1, one), (-1, zero)):
        for x1, x2 in corners:
            assert sign * (weights[0] + weights[1] * x1 + weights[2] * x2) >= -1e-9
    for x1, x2 in javascript.call("visibleLine", weights, [-2, 2]):
        assert weights[0] + weights[1] * x1 + weights[2] * x2 == pytest.approx(0, abs=1e-9)
        assert max(abs(x1), abs(x2)) == pytest.approx(2)


@FEW
@given(point=st.tuples(GRID, GRID), angle=st.floats(-3, 3), w=st.tuples(WEIGHT, WEIGHT))
def test_a_line_through_a_point_keeps_its_length(
    javascript: JavaScript, point: tuple[float, float], angle: float, w: tuple[float, float]
) -> None:
    length = np.hypot(*w)
    assume(length > 0.2)
    along = [np.cos(angle), np.sin(angle)]
    b, w1, w2 = javascript.call("lineThrough", [0, *w], list(point), along)
    assert b + w1 * point[0] + w2 * point[1] == pytest.approx(0, abs=2e-4)
    assert w1 * along[0] + w2 * along[1] == pytest.approx(0, abs=2e-4)
    assert np.hypot(w1, w2) == pytest.approx(length, abs=2e-4)


# ---- the trainer's data, contour and address


@pytest.mark.parametrize("name", ["moons", "rings", "spirals"])
def test_without_noise_the_points_lie_on_derived_s_curves(
    javascript: JavaScript, name: str
) -> None:
    rng = np.random.default_rng(0)
    made = {
        "moons": lambda: datasets.two_moons(4000, 0.0, rng),
        "rings": lambda: datasets.rings(4000, 0.0, rng),
        "spirals": lambda: datasets.spirals(4000, 0.0, rng, turns=1.25),
    }[name]()
    moved = {"moons": made[0] - [0.5, 0.25], "rings": 1.5 * made[0], "spirals": 1.7 * made[0]}
    sample = javascript.call("sample", name, 300, 0, 3)
    points, labels = np.reshape(sample["x"], (-1, 2)), np.array(sample["y"])
    assert labels.sum() == 150
    for label in (0, 1):
        curve = moved[name][made[1] == label]
        apart = np.linalg.norm(points[labels == label][:, None] - curve[None], axis=2)
        assert apart.min(axis=1).max() < 0.02
        assert apart.min(axis=0).max() < 0.4, "all of the curve is used"


def test_blobs_and_xor_have_their_labels(javascript: JavaScript) -> None:
    xor = javascript.call("sample", "xor", 400, 0, 1)
    x, y = np.reshape(xor["x"], (-1, 2)), np.array(xor["y"])
    assert np.array_equal(y == 1, x[:, 0] * x[:, 1] < 0)
    assert {(a, b) for a, b in np.sign(x)} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    blobs = javascript.call("sample", "blobs", 4000, 0, 1)
    x, y = np.reshape(blobs["x"], (-1, 2)), np.array(blobs["y"])
    for label, centre in ((0, -0.8), (1, 0.8)):
        np.testing.assert_allclose(x[y == label].mean(axis=0), centre, atol=0.04)
        np.testing.assert_allclose(x[y == label].std(axis=0), 0.4, atol=0.03)


def test_noise_is_the_standard_deviation_added(javascript: JavaScript) -> None:
    rings = javascript.call("sample", "rings", 6000, 0.1, 2)
    x, y = np.reshape(rings["x"], (-1, 2)), np.array(rings["y"])
    radius = np.linalg.norm(x[y == 1], axis=1)
    assert radius.std() == pytest.approx(0.1, abs=0.006)


def test_the_contour_is_where_the_function_is_zero(javascript: JavaScript) -> None:
    side = 21
    rows, columns = np.mgrid[0:side, 0:side]
    line = 1.3 * columns - 0.7 * rows - 4.2
    segments = np.reshape(javascript.call("contour", line.ravel().tolist(), side), (-1, 2))
    assert len(segments) > 20
    np.testing.assert_allclose(1.3 * segments[:, 0] - 0.7 * segments[:, 1], 4.2, atol=1e-9)
    circle = (columns - 10) ** 2 + (rows - 10) ** 2 - 36.0
    segments = np.reshape(javascript.call("contour", circle.ravel().tolist(), side), (-1, 2))
    np.testing.assert_allclose(np.linalg.norm(segments - 10, axis=1), 6, atol=0.05)
    assert javascript.call("contour", [1.0] * 25, 5) == []


CONFIGURATIONS = st.fixed_dictionaries(
    {
        "dataset": st.sampled_from(["moons", "rings", "spirals", "blobs", "xor"]),
        "noise": st.integers(0, 10).map(lambda n: n / 20),
        "hidden": st.lists(st.integers(1, 8), max_size=4),
        "activation": st.sampled_from(["tanh", "relu", "sigmoid", "linear"]),
        "learningRate": st.sampled_from([0.001, 0.03, 0.1, 3]),
        "batchSize": st.sampled_from([1, 16, 200]),
        "seed": st.integers(0, 9999),
    }
)
BASE = {
    "dataset": "moons",
    "noise": 0.2,
    "hidden": [4, 4],
    "activation": "tanh",
    "learningRate": 0.1,
    "batchSize": 16,
    "seed": 0,
}


@FEW
@given(configuration=CONFIGURATIONS)
def test_the_address_brings_the_configuration_back(
    javascript: JavaScript, configuration: dict[str, Any]
) -> None:
    address = javascript.call("toHash", "network", configuration)
    assert address.startswith("#network=") and " " not in address
    assert javascript.call("fromHash", "network", address, BASE) == configuration
    assert javascript.call("fromHash", "other", address, BASE) is None


@pytest.mark.parametrize(
    "address",
    [
        "#network=",
        "#network=dataset:<script>,noise:nan",
        "#network=dataset:constructor,activation:toString",
        "#network=hidden:9-9,rate:-1,batch:0,seed:1e9",
        "#network=hidden:1-1-1-1-1,noise:7",
        "#network=hidden:a,rate:,batch:1.5,seed:x",
        "#network=%E0%A4%A",
        "#network=%",
    ],
)
def test_a_bad_address_changes_nothing(javascript: JavaScript, address: str) -> None:
    assert javascript.call("fromHash", "network", address, BASE) == BASE
