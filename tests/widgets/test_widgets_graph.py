"""The backpropagation graph driven in a browser; its numbers against the tape's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from derived.nn.autograd import Tensor
from derived.widgets import BackpropGraph
from tests.widgets.conftest import OpenPage, wait_until
from tests.widgets.reader import model, press, status, touch_drag


def knob(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def value(page: Page) -> Locator:
    return page.get_by_role("spinbutton").first


def tape(page: Page) -> dict[str, Any]:
    """Loss and gradients of what the page now holds, from derived.nn.autograd."""
    x = Tensor(model(page, "inputs"))
    weights = [Tensor(matrix) for matrix in model(page, "weights")]
    biases = [Tensor(vector) for vector in model(page, "biases")]
    h = x
    for weight, bias in zip(weights, biases, strict=True):
        h = (weight @ h + bias).tanh()
    loss = ((h - np.array(model(page, "targets"))) ** 2).sum() * 0.5
    loss.backward()
    return {
        "loss": float(loss.data),
        "weights": [weight.gradient for weight in weights],
        "biases": [bias.gradient for bias in biases],
        "inputs": x.gradient,
    }


def text_of(number: float, digits: int = 4) -> str:
    text = f"{abs(number):.{digits}f}"
    return f"−{text}" if number < 0 and float(text) != 0 else text


def check_against_tape(page: Page) -> None:
    """What the page wrote to its traits, and what it shows, is what the tape computes."""
    want = tape(page)
    got = model(page, "gradients")
    assert model(page, "loss") == pytest.approx(want["loss"], abs=1e-6)
    np.testing.assert_allclose(got["inputs"], want["inputs"], rtol=0, atol=1e-6)
    for kind in ("weights", "biases"):
        for mine, theirs in zip(got[kind], want[kind], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6)
    for layer, matrix in enumerate(want["weights"]):
        for (i, k), gradient in np.ndenumerate(matrix):
            pill = page.locator(f"[data-entry=weight-{layer}-{i}-{k}] .dld-back")
            assert pill.text_content() == f"∂ {text_of(gradient)}"
    deltas = page.locator(".dld-unit > .dld-value.dld-back").all_text_contents()
    flat = [text_of(d) for vector in want["biases"] for d in vector]
    assert sorted(deltas[1:]) == sorted(flat), "the loss card stands first"


def test_the_lecture_example(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph())
    assert "y = 0.75398553, L = 0.03026156" in status(page)
    text = page.locator(".dld-graph").text_content() or ""
    for number in ("−0.0997", "−0.5370", "0.3561", "−0.4617", "0.7540", "0.0303", "−0.1062"):
        assert number in text
    gradients = {
        "weight w³₁₁": -0.03780085,
        "weight w³₁₂": 0.04900732,
        "weight w²₂₂": -0.04486104,
        "weight w¹₁₁": 0.00829642,
        "bias b¹₂": 0.0831706,
        "bias b³₁": -0.10615667678256,
    }
    for name, gradient in gradients.items():
        knob(page, name).focus()
        assert f"= {text_of(gradient, 8)}. Raise" in page.locator(".dld-nudge").inner_text()


def test_a_weight_is_changed_in_every_way(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph())
    weight = knob(page, "weight w²₁₂")
    weight.focus()
    page.keyboard.press("ArrowRight")
    assert model(page, "weights")[1][0][1] == pytest.approx(-0.55)
    page.keyboard.press("Shift+ArrowDown")
    assert model(page, "weights")[1][0][1] == pytest.approx(-1.05)
    assert weight.get_attribute("aria-valuenow") == "-1.05"
    check_against_tape(page)
    box = weight.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 30)
    page.mouse.move(box["x"] + 120, box["y"] + 30)
    page.mouse.up()
    assert model(page, "weights")[1][0][1] == pytest.approx(-0.05)
    check_against_tape(page)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.type") == "number"
    value(page).fill("1.2345")
    value(page).press("Enter")
    assert model(page, "weights")[1][0][1] == 1.2345
    check_against_tape(page)
    slider = page.get_by_role("slider", name="w²₁₂", exact=True)
    slider.fill("-1.5")
    assert model(page, "weights")[1][0][1] == -1.5
    check_against_tape(page)
    press(page, "Reset values")
    assert model(page, "weights")[1][0][1] == -0.6
    check_against_tape(page)


@pytest.mark.parametrize(
    ("name", "trait", "index"),
    [("input x₂", "inputs", 1), ("target t", "targets", 0), ("bias b²₁", "biases", 1)],
)
def test_inputs_targets_and_biases_change_too(
    open_page: OpenPage, name: str, trait: str, index: int
) -> None:
    page = open_page(BackpropGraph())
    before = model(page, trait)[index]
    knob(page, name).focus()
    page.keyboard.press("Shift+ArrowUp")
    after = model(page, trait)[index]
    assert np.ravel(after)[0] == pytest.approx(np.ravel(before)[0] + 0.5)
    check_against_tape(page)


def test_a_finger_drags_a_weight_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph(), width=320, has_touch=True, is_mobile=True)
    pill = page.locator("[data-entry=weight-0-1-0]")
    box = pill.bounding_box()
    assert box is not None and box["height"] > 30
    pill.evaluate("(node) => node.querySelector('rect').classList.add('dld-touch')")
    touch_drag(page, pill, 40, 5)
    assert model(page, "weights")[0][1][0] == pytest.approx(0.1, abs=0.02)
    check_against_tape(page)


def test_steps_go_edge_by_edge(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph())
    want = tape(page)
    press(page, "Restart")
    assert page.locator(".dld-position").inner_text() == "0 of 32"
    assert page.locator(".dld-lit, .dld-returned").count() == 0
    assert page.locator(".dld-unit .dld-value", has_text="·").count() == 12
    press(page, "Next")
    assert "Step 1, forward: w¹₁₁ x₁ = 0.1000 × 0.5000 = 0.0500." in status(page)
    assert page.locator("path.dld-lit").count() == 1
    for _ in range(2):
        press(page, "Next")
    assert "h¹₁ = tanh(−0.1000) = −0.0997" in status(page)
    for _ in range(13):
        press(page, "Next")
    assert "Step 16, forward: L = ½ (y − t)²" in status(page)
    press(page, "Next")
    assert "Step 17, backward: ∂L/∂y = y − t" in status(page)
    assert page.locator("[data-entry^=weight] .dld-back", has_text="∂").count() == 0
    press(page, "Next")
    assert f"= {text_of(want['biases'][2][0])}, which is ∂L/∂b³₁ too" in status(page)
    press(page, "Next")
    assert page.locator("[data-entry^=weight] .dld-back", has_text="∂").count() == 1
    press(page, "Back")
    assert page.locator("[data-entry^=weight] .dld-back", has_text="∂").count() == 0
    press(page, "Show all")
    assert page.locator("[data-entry^=weight] .dld-back", has_text="∂").count() == 10
    assert page.get_by_role("button", name="Next").is_disabled()


def test_the_step_slider_takes_keys_and_values_may_change_midway(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph())
    slider = page.get_by_role("slider", name="Step of the computation")
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator(".dld-position").inner_text() == "3 of 32"
    knob(page, "input x₁").focus()
    page.keyboard.press("Shift+ArrowRight")
    assert "h¹₁ = tanh(−0.0500) = −0.0500" in status(page)
    assert page.locator(".dld-position").inner_text() == "3 of 32"


def test_play_walks_and_stops(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph([1.0], [0.5], [[[0.5]]], [[0.1]]))
    press(page, "Play")
    wait_until(lambda: page.locator(".dld-position").inner_text().startswith("2 of"))
    press(page, "Pause")
    page.wait_for_timeout(1100)
    assert page.locator(".dld-position").inner_text() == "2 of 6"


def test_descending_lowers_the_loss(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph())
    weights, gradients = model(page, "weights"), tape(page)["weights"]
    press(page, "Descend once")
    for after, before, gradient in zip(model(page, "weights"), weights, gradients, strict=True):
        np.testing.assert_allclose(after, before - 0.5 * gradient, atol=1e-12)
    check_against_tape(page)
    assert model(page, "loss") < 0.0302
    for _ in range(30):
        press(page, "Descend once")
    assert model(page, "loss") < 0.01


def test_the_nudge_is_a_second_forward_pass(open_page: OpenPage) -> None:
    page = open_page(BackpropGraph())
    knob(page, "weight w³₁₂").focus()
    want = tape(page)
    page.evaluate(
        "window.figureModels[0].set('weights', [[[.1,.2],[-.3,.4]],[[.5,-.6],[.7,.8]],[[.9,-.99]]])"
    )
    raised = tape(page)["loss"]
    page.evaluate(
        "window.figureModels[0].set('weights', [[[.1,.2],[-.3,.4]],[[.5,-.6],[.7,.8]],[[.9,-1]]])"
    )
    knob(page, "weight w³₁₂").focus()
    note = page.locator(".dld-nudge").inner_text()
    assert f"changes by {text_of(0.01 * want['weights'][2][0, 1], 6)}" in note
    assert f"it changes by {text_of(raised - want['loss'], 6)}" in note


def test_other_networks(open_page: OpenPage) -> None:
    rng = np.random.default_rng(0)
    sizes = [3, 2, 3, 2]
    pairs = list(pairwise(sizes))
    page = open_page(
        BackpropGraph(
            rng.normal(size=3),
            rng.normal(size=2),
            [rng.normal(size=(out, inputs)) for inputs, out in pairs],
            [rng.normal(size=out) for _, out in pairs],
        )
    )
    knob(page, "input x₁").focus()
    page.keyboard.press("ArrowUp")
    check_against_tape(page)
    assert "y = " in status(page)
