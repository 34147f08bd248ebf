"""The figure that attacks a digit, in Node and in a browser, against derived.nn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from derived import nn
from derived.nn.softmax import softmax
from derived.widgets import DigitAttack
from tests.widgets.attacked_networks import chosen_digits, digit_attack, trained_network
from tests.widgets.conftest import JavaScript, OpenPage

FEW = settings(max_examples=20, deadline=None)
RNG = np.random.default_rng(0)
Values = np.ndarray[Any, Any]


# ---- the attacks a second time


def gradient_of(network: nn.Sequential, picture: Values, label: int) -> tuple[float, Values]:
    """J = -log p(label) of one picture, and its gradient with respect to the pixels."""
    loss = nn.CrossEntropy()
    value = loss.forward(network.forward(picture[np.newaxis]), np.array([label]))
    return value, network.backward(loss.backward())[0]


def attacked(
    network: nn.Sequential, picture: Values, label: int, target: int | None, epsilon: float, n: int
) -> Values:
    goal, sign = (label, 1.0) if target is None else (target, -1.0)
    size = epsilon if n == 1 else 2.5 * epsilon / n
    now = picture.copy()
    for _ in range(n):
        now = now + sign * size * np.sign(gradient_of(network, now, goal)[1])
        now = np.clip(np.clip(now, picture - epsilon, picture + epsilon), 0, 1)
    return now


def random_network(rng: np.random.Generator, hidden: int, classes: int) -> nn.Sequential:
    network = nn.Sequential(
        nn.Dense(64, hidden, rng=rng), nn.Tanh(), nn.Dense(hidden, classes, rng=rng)
    )
    for values in network.parameters.values():
        values[:] = values.astype(np.float32)
    return network


def traits_of(network: nn.Sequential) -> dict[str, Any]:
    figure = DigitAttack(network, np.zeros((1, 8, 8)), [0])
    return {name: getattr(figure, name) for name in ("sizes", "activations", "weights")}


# ---- the Python side


def made(*layers: nn.Layer, labels: Any = (0,), **options: Any) -> DigitAttack:
    return DigitAttack(nn.Sequential(*layers), np.zeros((1, 8, 8)), labels, **options)


def dense(inputs: int, outputs: int) -> nn.Dense:
    return nn.Dense(inputs, outputs, rng=RNG)


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: DigitAttack(dense(64, 3), np.zeros((1, 8, 8)), [0]), "pass a derived.nn.Sequential"),  # type: ignore[arg-type]
    (lambda: made(dense(60, 3)), "takes 60 numbers, a sample has 8×8 = 64"),
    (lambda: made(nn.ReLU()), "layer 0 is a ReLU"),
    (lambda: made(dense(64, 1)), "network has 1 outputs; pass one with 2 to 10"),
    (lambda: made(dense(64, 11)), "network has 11 outputs"),
    (lambda: made(dense(64, 3), nn.Sigmoid()), "ends with sigmoid; pass one that gives logits"),
    (lambda: made(dense(64, 3), nn.Softmax()), "layer 1 is a Softmax"),
    (lambda: made(dense(64, 3000), nn.ReLU(), dense(3000, 3)), "at most 200000"),
    (lambda: made(dense(64, 3), labels=[0, 1]), r"labels has shape \(2,\); pass \(1,\)"),
    (lambda: made(dense(64, 3), labels=[3]), "whole numbers from 0 to 2"),
    (lambda: made(dense(64, 3), labels=[0.5]), "whole numbers from 0 to 2"),
    (lambda: made(dense(64, 3), classes=["a"]), "1 names of classes for 3 outputs"),
    (lambda: made(dense(64, 3), method="fgsm"), "choose one of one step, projected, chance"),
    (lambda: made(dense(64, 3), steps=0), "steps is 0"),
    (lambda: made(dense(64, 3), epsilon=0.6), "epsilon is 0.6"),
    (lambda: made(dense(64, 3), target=3), "target is 3; pass an integer from 0 to 2"),
    (lambda: made(dense(64, 3), margin=3), "margin is 3"),
    (lambda: DigitAttack(trained_network(), -np.ones((1, 8, 8)), [0]), "negative"),
    (lambda: DigitAttack(trained_network(), np.zeros((1, 8, 9)), [0]), "square pictures"),
    (lambda: setattr(digit_attack(), "target", 10), "target is 10"),
    (lambda: setattr(digit_attack(), "epsilon", -1.0), "epsilon is -1"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_figure_is_stored_as_a_short_stable_text() -> None:
    assert repr(digit_attack()) == "DigitAttack(64-32-10, 10 samples)"
    assert digit_attack(target=4).target == 4


# ---- the numbers


@FEW
@given(hidden=st.integers(1, 9), classes=st.integers(2, 10), seed=st.integers(0, 9999))
def test_the_gradient_is_that_of_derived_nn_and_of_differences(
    javascript: JavaScript, hidden: int, classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, hidden, classes)
    picture, label = rng.uniform(size=64), int(rng.integers(classes))
    traits = traits_of(network)
    value, want = gradient_of(network, picture, label)
    got = javascript.call("attack", "inputGradient", traits, picture.tolist(), label)
    np.testing.assert_allclose(got, want, atol=1e-12)
    assert javascript.call("attack", "lossOf", traits, picture.tolist(), label) == pytest.approx(
        value
    )
    pixel, h = int(rng.integers(64)), 1e-5
    ends = [picture + sign * h * np.eye(64)[pixel] for sign in (1, -1)]
    up, down = (javascript.call("attack", "lossOf", traits, x.tolist(), label) for x in ends)
    assert got[pixel] == pytest.approx((up - down) / (2 * h), abs=1e-7)


@FEW
@given(
    count=st.sampled_from([1, 2, 7]),
    epsilon=st.floats(0.001, 0.5),
    aimed=st.booleans(),
    seed=st.integers(0, 9999),
)
def test_attacks_are_those_of_numpy(
    javascript: JavaScript, count: int, epsilon: float, aimed: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, 6, 4)
    picture = np.clip(rng.normal(0.5, 0.5, size=64), 0, 1)  # many at the border
    label, target = int(rng.integers(4)), int(rng.integers(4)) if aimed else None
    method = "one step" if count == 1 else "projected"
    options = {"method": method, "label": label, "target": target, "epsilon": epsilon}
    traits = traits_of(network)
    got = javascript.call(
        "attack", "attacked", traits, picture.tolist(), {**options, "steps": count}
    )
    want = attacked(network, picture, label, target, epsilon, count)
    np.testing.assert_allclose(got, want, atol=1e-12)
    assert np.abs(np.array(got) - picture).max() <= epsilon + 1e-12
    chance = np.array(
        javascript.call(
            "attack", "attacked", traits, picture.tolist(), {**options, "method": "chance"}
        )
    )
    moved = np.where((chance == 0) | (chance == 1), epsilon, np.abs(chance - picture))
    np.testing.assert_allclose(moved, epsilon, atol=1e-12)


def test_a_linear_classifier_is_fooled_where_algebra_says(javascript: JavaScript) -> None:
    """Two classes and a linear network: the margin falls by ε times the 1-norm of w₀ − w₁."""
    rng = np.random.default_rng(5)
    network = nn.Sequential(nn.Dense(64, 2, rng=rng))
    for values in network.parameters.values():
        values[:] = values.astype(np.float32)
    picture = rng.uniform(0.3, 0.7, size=64)
    logits = network.forward(picture[np.newaxis])[0]
    weight = network.layers[0].parameters["weight"]
    label = int(logits.argmax())
    turning = abs(logits[0] - logits[1]) / np.abs(weight[0] - weight[1]).sum()
    assert turning < 0.3, "no pixel leaves 0 … 1"
    bounds = [turning * factor for factor in (0.5, 0.99, 1.01, 1.5)]
    options = {"method": "one step", "label": label, "target": None, "steps": 1}
    found = javascript.call(
        "attack", "smallest", traits_of(network), picture.tolist(), options, bounds
    )
    assert found == bounds[2]
    never = javascript.call(
        "attack", "smallest", traits_of(network), picture.tolist(), options, bounds[:2]
    )
    assert never is None


def test_the_gradient_fools_where_chance_does_not(javascript: JavaScript) -> None:
    network, (pictures, labels) = trained_network(), chosen_digits()
    fooled = {"one step": 0, "projected": 0, "chance": 0}
    for picture, label in zip(np.rint(255 * pictures) / 255, labels, strict=True):
        for method in fooled:
            options = {"method": method, "label": int(label), "target": None, "steps": 10}
            x = javascript.call(
                "attack",
                "attacked",
                traits_of(network),
                picture.ravel().tolist(),
                {**options, "epsilon": 0.15},
            )
            fooled[method] += int(network.forward(np.array([x])).argmax() != label)
    assert fooled["projected"] >= fooled["one step"] >= 6
    assert fooled["chance"] <= 2


# ---- in the page


def model(page: Page, name: str) -> Any:
    return page.evaluate(f"window.figureModels[0].get('{name}')")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, label: str, value: str) -> None:
    field = page.locator(".dld-field", has_text=re.compile(f"^{label}"))
    field.locator("select").select_option(value)


def status(page: Page) -> str:
    return page.locator(".dld-status").inner_text()


def red(page: Page, view: str) -> Values:
    read = "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data]"
    values = page.locator(f".dld-view-{view} canvas").evaluate(read)
    return np.array(values[::4], dtype=float)


def check(page: Page, label: int | None = None) -> None:
    """What is stored and shown is what derived.nn makes of the picture; label None: its answer."""
    network = trained_network()
    picture = np.array(model(page, "drawing")).ravel()
    before = softmax(network.forward(picture[np.newaxis])[0])
    label = int(before.argmax()) if label is None else label
    target, epsilon, method = (model(page, name) for name in ("target", "epsilon", "method"))
    moved = np.array(model(page, "attacked")).ravel()
    if method == "chance":
        assert np.abs(moved - picture).max() <= epsilon + 1e-12
    else:
        count = 1 if method == "one step" else model(page, "steps")
        want = attacked(network, picture, label, target, epsilon, count)
        np.testing.assert_allclose(moved, want, atol=1e-12)
    after = softmax(network.forward(moved[np.newaxis])[0])
    for name, want in (("before", before), ("after", after)):
        np.testing.assert_allclose(model(page, name), want, atol=1e-9)
        shown = page.locator(f".dld-row .dld-{name}").all_inner_texts()
        assert shown == [f"{p:.3f}" for p in want]
        answer = page.locator(f".dld-view-{name} strong").inner_text()
        assert answer == f"taken for {want.argmax()}"
    goal = label if target is None or method == "chance" else target
    numbers = page.locator(".dld-numbers dd").all_inner_texts()
    losses = [gradient_of(network, x, goal)[0] for x in (picture, moved)]
    want_numbers = [*losses, np.abs(moved - picture).mean()]
    assert [float(text) for text in numbers] == pytest.approx(want_numbers, abs=6e-4)
    ink = np.array([255 + x * (50 - 255) for x in moved])  # from paper to the text's color
    np.testing.assert_allclose(red(page, "after"), ink, atol=1)
    signs = np.sign(moved - picture)
    shown_change = red(page, "change")
    assert (shown_change[signs == 0] == 255).all()
    assert (shown_change[(signs < 0) & (np.abs(moved - picture) > 0.02)] < 220).all()


def test_every_attack_is_that_of_derived_nn(open_page: OpenPage) -> None:
    page = open_page(digit_attack(epsilon=0.15))
    _, labels = chosen_digits()
    for sample, method, target in ((4, "one step", ""), (7, "projected", "3"), (8, "chance", "")):
        press(page, f"Sample {sample}")
        choose(page, "Attack", method)
        if method != "chance":
            choose(page, "Towards", target)
        check(page, int(labels[sample - 1]))
        assert f"Sample {sample} (class {labels[sample - 1]}) is taken for" in status(page)
    assert page.locator(".dld-field", has_text="Towards").locator("select").is_disabled()
    choose(page, "Attack", "projected")
    choose(page, "Steps", "40")
    assert model(page, "steps") == 40
    check(page, int(labels[7]))


def test_epsilon_is_moved_and_found(open_page: OpenPage) -> None:
    page = open_page(digit_attack(epsilon=0.0))
    np.testing.assert_array_equal(model(page, "before"), [])
    press(page, "Sample 4")
    np.testing.assert_array_equal(model(page, "attacked"), model(page, "drawing"))
    control = page.locator(".dld-slider")
    control.fill("0.2")
    control.press("ArrowRight")
    assert model(page, "epsilon") == 0.205
    check(page, 3)
    press(page, "Find smallest ε")
    found = model(page, "epsilon")
    check(page, 3)
    assert "The attack succeeds" in status(page)
    assert page.locator(".dld-fooled").count() == 1
    control.press("ArrowLeft")
    assert model(page, "epsilon") == pytest.approx(found - 0.005)
    check(page, 3)
    assert "The attack fails" in status(page)
    assert page.locator(".dld-fooled").count() == 0


def test_a_drawing_is_attacked(open_page: OpenPage) -> None:
    page = open_page(digit_attack(method="projected", steps=7), has_touch=True)
    field = page.locator(".dld-field", has_text=re.compile("^Steps"))
    assert field.locator("select").input_value() == "7"
    pad = page.locator(".dld-pad")
    pad.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowLeft", "Space"):
        page.keyboard.press(key)
    assert 1 < np.sum(model(page, "drawing")) < 30
    check(page)
    assert status(page).startswith("Your drawing is taken for")
    box = pad.bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.8)):
        point = {"x": box["x"] + share * box["width"], "y": box["y"] + 0.3 * box["height"]}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    check(page)
    ink = np.sum(model(page, "drawing"))
    press(page, "Undo")
    assert np.sum(model(page, "drawing")) != ink
    check(page)
    page.get_by_text("scale and center").click()
    check(page)
    press(page, "Clear")
    assert np.sum(model(page, "drawing")) == 0
    check(page)
