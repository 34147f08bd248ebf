"""The figures of regularization driven in a browser; their numbers against NumPy and derived.nn."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from derived.widgets import DropoutEnsemble, PenaltyContours
from tests.widgets.conftest import OpenPage
from tests.widgets.ensemble_oracle import dropout_predictions
from tests.widgets.reader import (
    box_of,
    choose,
    drag_through,
    model,
    press,
    slider,
    status,
    touch_drag,
)

# ---- the contours of a penalty


def check_penalty(page: Page) -> None:
    hessian, minimum = np.array(model(page, "hessian")), np.array(model(page, "minimum"))
    strength, w = model(page, "strength"), np.array(model(page, "penalized"))
    slope = hessian @ (w - minimum)
    if model(page, "penalty") == "l2":
        np.testing.assert_allclose(slope, -strength * w, atol=1e-9)
    else:  # zero is a subgradient
        for each, value in zip(slope, w, strict=True):
            expected = -strength * np.sign(value)
            assert abs(each - expected) < 1e-9 if value else abs(each) <= strength + 1e-9
    stopped = np.array(model(page, "start"))
    for _ in range(model(page, "steps")):
        stopped = stopped - model(page, "learning_rate") * hessian @ (stopped - minimum)
    np.testing.assert_allclose(model(page, "stopped"), stopped, atol=1e-9)
    text = ", ".join(f"{v:.3f}".replace("-", "−") for v in np.where(abs(w) < 5e-4, 0, w))
    assert f"shrinks to w̃ = ({text})" in status(page)


def test_the_penalized_minimum_is_stationary(open_page: OpenPage) -> None:
    page = open_page(PenaltyContours(steps=7))
    slider(page, "Strength").fill("0.3")
    check_penalty(page)
    choose(page, "Penalty", "l1")
    check_penalty(page)
    for name, value in (("Eigenvalue λ₁", "0.6"), ("Angle", "60"), ("Steps", "0.5")):
        slider(page, name).fill(value)
        slider(page, name).press("ArrowRight")
        check_penalty(page)
    assert "misses the minimum" in page.locator(".dld-side").inner_text()
    press(page, "Diagonal H")
    check_penalty(page)
    assert "gives the minimum exactly" in page.locator(".dld-side").inner_text()
    press(page, "Set λ = 1/(ητ)")
    rate, steps = model(page, "learning_rate"), model(page, "steps")
    assert model(page, "strength") == pytest.approx(min(20, 1 / (rate * steps)))


def test_the_shown_factors_are_those_of_the_theory(open_page: OpenPage) -> None:
    hessian = [[0.5, 0], [0, 2.0]]
    page = open_page(PenaltyContours(hessian, strength=0.5, learning_rate=0.2, steps=10))
    cells = page.locator(".dld-factors td").all_inner_texts()
    want = [0.5, 1 - 0.9**10, 0.8, 1 - 0.6**10]
    assert cells[-4:] == [f"{value:.4f}" for value in want]
    assert "4.00" in page.locator(".dld-numbers").inner_text(), "the condition number"


def test_the_minimum_is_dragged_by_mouse_finger_and_keys(open_page: OpenPage) -> None:
    page = open_page(PenaltyContours(minimum=(1, 1)), has_touch=True)
    handle = page.locator(".dld-handle-minimum")
    box = box_of(handle.locator(".dld-touch"))
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag_through(page, [middle, (middle[0] - 50, middle[1] + 30)])
    first = model(page, "minimum")
    assert first[0] < 0.6 and first[1] < 0.8
    check_penalty(page)
    touch_drag(page, handle, 40, 0)
    second = model(page, "minimum")
    assert second[0] > first[0] + 0.3
    handle.focus()
    page.keyboard.press("ArrowUp")
    assert model(page, "minimum")[1] == pytest.approx(second[1] + 0.05, abs=1e-3)
    check_penalty(page)


# ---- dropout


def check_ensemble(page: Page) -> None:
    name, keep = model(page, "network"), model(page, "keep")
    net = {**model(page, "networks")[name], "inputs": model(page, "inputs")}
    net |= {"drop": model(page, "drop"), "activation": model(page, "activation")}
    want = dropout_predictions(net, keep)
    number = want["masks"].index(tuple(model(page, "mask")))
    expected = {"mask": want["probabilities"][number]}
    for kind in ("arithmetic", "geometric", "scaled"):
        np.testing.assert_allclose(model(page, kind), want[kind], atol=1e-9)
        expected[kind] = want[kind]
    for kind, values in expected.items():
        shown = page.locator(f".dld-share[data-kind={kind}]").all_inner_texts()
        assert [float(text) for text in shown] == pytest.approx(values, abs=6e-5)
    exact = bool(np.abs(want["geometric"] - want["scaled"]).max() < 1e-12)
    assert ("equals the renormalized" in status(page)) is exact


def test_the_ensemble_is_that_of_derived_nn(open_page: OpenPage) -> None:
    page = open_page(DropoutEnsemble())
    press(page, "Next")
    assert model(page, "mask") == [1, 1, 1, 0]
    check_ensemble(page)
    slider(page, "Keep").fill("0.8")
    check_ensemble(page)
    choose(page, "Network", "hidden")
    check_ensemble(page)
    assert "misses the renormalized geometric mean" in status(page)
    for drop in ("hidden", "inputs", "both"):
        choose(page, "Drop", drop)
        for activation in ("relu", "sigmoid"):
            choose(page, "Activation", activation)
            check_ensemble(page)
    slider(page, "Input x₂").fill("2")
    check_ensemble(page)
    press(page, "Reset")
    assert model(page, "network") == "softmax"
    check_ensemble(page)


def test_masks_are_switched_by_unit_tile_and_keys(open_page: OpenPage) -> None:
    page = open_page(DropoutEnsemble("hidden"))
    page.get_by_role("switch").nth(1).click()
    assert model(page, "mask") == [1, 0, 1, 1, 1]
    assert page.get_by_role("switch").nth(1).get_attribute("aria-checked") == "false"
    check_ensemble(page)
    page.get_by_role("switch").nth(4).press("Enter")
    assert model(page, "mask") == [1, 0, 1, 1, 0]
    gallery = page.get_by_role("slider", name="Mask", exact=True)
    gallery.press("End")
    assert model(page, "mask") == [0] * 5
    gallery.press("ArrowLeft")
    assert model(page, "mask") == [0, 0, 0, 0, 1]
    box = box_of(gallery)
    page.mouse.click(box["x"] + 3, box["y"] + 3)
    assert model(page, "mask") == [1] * 5
    check_ensemble(page)


def test_a_network_of_one_s_own(open_page: OpenPage) -> None:
    rng = np.random.default_rng(5)
    shapes = [(3, 4), (2, 3)]
    page = open_page(
        DropoutEnsemble(
            inputs=rng.normal(size=4),
            weights=[rng.normal(size=shape) for shape in shapes],
            biases=[rng.normal(size=rows) for rows, _ in shapes],
            keep=0.7,
        )
    )
    press(page, "Next")
    assert len(model(page, "mask")) == 7
    check_ensemble(page)
