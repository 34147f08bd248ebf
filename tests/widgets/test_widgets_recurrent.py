"""The figures of recurrent networks driven in a browser; their numbers against derived.nn's."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from derived.nn import LSTM, Dense
from derived.widgets import CharacterWriter, LstmStepper, UnrolledGradient
from tests.widgets.conftest import OpenPage, wait_until
from tests.widgets.reader import model, press, slider, status, touch_drag
from tests.widgets.recurrent_oracles import (
    Author,
    character_writer,
    gradient_norms,
    layer_with,
    random_layer,
    rounded,
)


def minus(number: float, digits: int = 4) -> str:
    text = f"{abs(number):.{digits}f}"
    return f"−{text}" if number < 0 and float(text) != 0 else text


# ---- the unrolled gradient


def check_norms(page: Page) -> list[float]:
    """The page's norms are those of derived.nn's layer with the page's parameters."""
    want = gradient_norms(model(page, "cell"), model(page, "parameters"), model(page, "inputs"))
    np.testing.assert_allclose(model(page, "norms"), want[0], rtol=1e-7)
    if model(page, "cell") == "lstm":
        np.testing.assert_allclose(model(page, "cell_norms"), want[1], rtol=1e-7)
    return want[0]


def test_every_cell_shows_the_gradient_of_derived_nn(open_page: OpenPage) -> None:
    page = open_page(UnrolledGradient(steps=9, hidden=4, input_scale=1.0))
    for cell in ("lstm", "gru", "linear", "tanh"):
        page.get_by_label("Cell").select_option(cell)
        norms = check_norms(page)
        shown = page.locator(".dld-norm.dld-back").all_text_contents()
        assert len(shown) == 9, "all nine edges have room"
        for text, norm in zip(shown, norms, strict=False):
            if "·10" not in text:
                assert float(text) == pytest.approx(norm, rel=0.06)
        widths = page.locator(".dld-flow.dld-back").evaluate_all(
            "(nodes) => nodes.map((node) => Number(node.getAttribute('stroke-width')))"
        )
        order = np.argsort(norms[:9], kind="stable")
        assert np.all(np.diff(np.array(widths)[order]) >= 0), "thicker edges for larger norms"
        assert slider(page, "ate bias").is_enabled() == (cell in ("lstm", "gru"))
        assert page.locator(".dld-flow.dld-cellpath").count() == (9 if cell == "lstm" else 0)


def test_radius_bias_and_length_are_moved_by_keys(open_page: OpenPage) -> None:
    page = open_page(UnrolledGradient("lstm", radius=0.5, gate_bias=0.0, steps=20, hidden=3))
    slider(page, "Spectral radius").press("End")
    assert model(page, "radius") == 2
    block = np.array(model(page, "parameters")["weight_hidden"])[:3]
    assert np.abs(np.linalg.eigvals(block)).max() == pytest.approx(2, rel=1e-9)
    slider(page, "Spectral radius").press("Home")
    slider(page, "Length T").press("ArrowLeft")
    assert model(page, "steps") == 19
    weak = check_norms(page)
    slider(page, "Forget gate bias").press("End")
    strong = check_norms(page)
    assert model(page, "gate_bias") == 6
    assert model(page, "cell_norms")[0] > 0.1 and strong[0] == weak[0] == 0, "only c keeps it"
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Seed").press("Enter")
    assert model(page, "seed") == 7
    press(page, "Reset")
    assert (model(page, "radius"), model(page, "steps"), model(page, "seed")) == (0.5, 20, 0)


def test_a_time_is_chosen_by_click_drag_and_key(open_page: OpenPage) -> None:
    page = open_page(UnrolledGradient("tanh", steps=18))
    press(page, "New weights")
    norms = check_norms(page)
    assert "∂h₁₈/∂h₀" in status(page)
    page.locator(".dld-state", has_text="h₆").click()
    assert "∂h₁₈/∂h₆" in status(page)
    mean = norms[6] ** (1 / 12)
    assert f"on average × {mean:.3f} a step over 12 steps" in status(page)
    plot = page.get_by_role("slider", name="Time t")
    plot.press("Shift+ArrowRight")
    assert plot.get_attribute("aria-valuenow") == "16"
    plot.press("ArrowLeft")
    plot.press("End")
    assert "∂h₁₈/∂h₁₈‖ = 1.00." in status(page)
    plot.press("Home")
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 18, box["y"] + 90)
    page.mouse.up()
    assert plot.get_attribute("aria-valuenow") == "9"


def test_the_plot_follows_a_finger(open_page: OpenPage) -> None:
    page = open_page(UnrolledGradient(steps=10), width=375, has_touch=True)
    plot = page.get_by_role("slider", name="Time t")
    plot.scroll_into_view_if_needed()
    touch_drag(page, plot, 100, 0)
    assert plot.get_attribute("aria-valuenow") == "8", "100 of 276 pixels right of the middle"


def test_python_changes_reach_the_gradient(open_page: OpenPage) -> None:
    page = open_page(UnrolledGradient())
    page.evaluate("window.figureModels[0].set('cell', 'gru')")
    assert status(page).startswith("GRU, ϱ = 0.90, gate bias 1.0, T = 30")
    page.evaluate("window.figureModels[0].set('steps', 5)")
    assert page.get_by_role("slider", name="Time t").get_attribute("aria-valuemax") == "5"


# ---- the stepper


def check_states(page: Page) -> None:
    """What the page wrote and shows is what derived.nn's LSTM computes."""
    names = ("weight_input", "weight_hidden", "bias")
    layer = layer_with("lstm", {name: model(page, name) for name in names})
    x = np.array(model(page, "inputs"), dtype=float)
    start = [np.array([part], dtype=float) for part in model(page, "initial_state")]
    want = layer.forward(x[:, np.newaxis], start)[:, 0]
    np.testing.assert_allclose(model(page, "hidden"), want, rtol=0, atol=1e-12)
    np.testing.assert_allclose(model(page, "cells")[-1], layer.final_state[1][0], atol=1e-12)
    page.get_by_role("slider", name="Step of the computation").press("End")
    units = want.shape[1]
    for unit in range(units):
        name = f"h {unit + 1}" if units > 1 else "h"
        heading = page.get_by_role("rowheader", name=name, exact=True).first
        texts = heading.locator("xpath=..").locator("td").all_text_contents()
        assert texts == [minus(value) for value in (start[0][0, unit], *want[:, unit])]


def test_the_cell_is_stepped_gate_by_gate(open_page: OpenPage) -> None:
    page = open_page(LstmStepper(step=0))
    assert "Nothing is computed yet" in status(page)
    assert page.locator(".dld-box.dld-open").count() == 6
    titles = ["forget gate", "input gate", "candidate", "cell state", "output gate", "hidden"]
    for number, title in enumerate(titles, start=1):
        press(page, "Next")
        assert status(page).startswith(f"t = 1, {title}")
        assert page.locator(".dld-box.dld-open").count() == 6 - number
        assert page.locator("td.dld-now").count() == 1
        shown = page.locator("td.dld-now").text_content() or "?"
        assert status(page).endswith(f"= {shown}.")
        assert shown in (page.locator(".dld-box.dld-now").text_content() or "")
    press(page, "Next")
    assert status(page).startswith("t = 2, forget gate: f₂ = σ(W_f x₂ + U_f h₁ + b_f)")
    press(page, "Back")
    press(page, "Time step")
    assert model(page, "step") == 12
    press(page, "Restart")
    assert model(page, "step") == 0
    check_states(page)


def test_the_steps_follow_the_arrow_keys(open_page: OpenPage) -> None:
    page = open_page(LstmStepper())
    steps = page.get_by_role("slider", name="Step of the computation")
    steps.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert model(page, "step") == 6 and "t = 1, hidden state" in status(page)
    assert steps.get_attribute("aria-valuetext") == "step 6 of 30"
    page.keyboard.press("End")
    assert model(page, "step") == 30 and "t = 5, hidden state" in status(page)


def test_inputs_biases_and_weights_are_edited(open_page: OpenPage) -> None:
    layer = random_layer("lstm", 2, 2, np.random.default_rng(5))
    assert isinstance(layer, LSTM)
    x = np.random.default_rng(6).normal(size=(4, 2)).round(2)
    start = ([0.5, -0.25], [1.0, -1.5])
    page = open_page(LstmStepper(layer, x, initial_state=start))
    before = status(page)
    page.get_by_label("input x₂ 1").fill("-1.5")
    page.get_by_label("input x₂ 1").press("Enter")
    assert model(page, "inputs")[1][0] == -1.5
    check_states(page)
    page.get_by_label("bias b_f 2").fill("2.5")
    page.get_by_label("bias b_f 2").press("Enter")
    assert model(page, "bias")[3] == 2.5, "rows i, f, o, g of two units each"
    page.get_by_text("The weights W and U").click()
    page.get_by_label("weight to g 1 from h 2").fill("0.75")
    page.get_by_label("weight to g 1 from h 2").press("Enter")
    assert model(page, "weight_hidden")[6][1] == 0.75
    check_states(page)
    assert "unit 1: " in before and "; unit 2: " in before
    press(page, "Reset values")
    np.testing.assert_allclose(model(page, "bias"), layer.parameters["bias"])
    np.testing.assert_allclose(model(page, "inputs"), x)
    check_states(page)


def test_play_goes_on_by_itself(open_page: OpenPage) -> None:
    page = open_page(LstmStepper(step=28))
    press(page, "Play")
    wait_until(lambda: model(page, "step") == 30)
    wait_until(lambda: page.get_by_role("button", name="Play", exact=True).count() == 1)


# ---- the writer


def author_of(seed: int) -> tuple[CharacterWriter, Author]:
    rng = np.random.default_rng(seed)
    vocabulary = "abcdef \n"
    stack = [random_layer("gru", 8, 6, rng)]
    output = Dense(6, 8, rng=rng)
    output.parameters["weight"] = 2 * rng.normal(size=(8, 6))
    widget = CharacterWriter(vocabulary, stack, output, prompt="abba", seed=5, temperature=0.8)
    return widget, Author(vocabulary, [rounded(layer) for layer in stack], rounded(output), None)


def shown_bars(page: Page) -> list[str]:
    rows = page.locator(".dld-barrow:visible")
    return [str(row.locator(".dld-spoken").text_content()) for row in rows.all()]


def test_the_page_writes_what_derived_nn_writes(open_page: OpenPage) -> None:
    widget, author = author_of(0)
    page = open_page(widget)
    assert "4 characters read" in status(page)
    for _ in range(12):
        press(page, "One character")
    want = author.write("abba", 5, 0.8, 12)
    assert model(page, "text") == want
    assert page.locator(".dld-paper").text_content() == "abba" + want
    p = author.probabilities("abba" + want, 0.8)
    np.testing.assert_allclose(model(page, "probabilities"), p, rtol=0, atol=1e-12)
    names = {" ": "space", "\n": "new line"}
    bars = shown_bars(page)
    assert len(bars) == 8
    best = int(np.argmax(p))
    spoken = names.get("abcdef \n"[best], f"“{'abcdef '[best % 7]}”")
    assert bars[0] == f"Write {spoken}, probability {100 * p[best]:.1f} %"
    entropy = -np.sum(p * np.log2(p))
    assert f"entropy {entropy:.2f} bits" in status(page)
    assert status(page).startswith("12 written")


def test_write_and_stop(open_page: OpenPage) -> None:
    widget, author = author_of(1)
    page = open_page(widget)
    press(page, "Write")
    wait_until(lambda: len(page.locator(".dld-paper").text_content() or "") > 15)
    press(page, "Stop")
    text = model(page, "text")
    assert len(text) > 11 and text == author.write("abba", 5, 0.8, len(text))
    page.wait_for_timeout(200)
    assert page.locator(".dld-paper").text_content() == "abba" + text
    press(page, "Start again")
    assert model(page, "text") == "" and "4 characters read" in status(page)


def test_prompt_temperature_and_seed_change_the_text(open_page: OpenPage) -> None:
    widget, author = author_of(2)
    page = open_page(widget)
    page.locator(".dld-prompt textarea").fill("fée")
    assert "does not know “é”" in status(page)
    assert page.locator(".dld-given").text_content() == "fe"
    np.testing.assert_allclose(
        model(page, "probabilities"), author.probabilities("fe", 0.8), atol=1e-12
    )
    slider(page, "Temperature").press("Home")
    assert model(page, "temperature") == 0
    for _ in range(6):
        press(page, "One character")
    assert model(page, "text") == author.write("fe", 5, 0.0, 6)
    assert "100 %" in shown_bars(page)[0]
    slider(page, "Temperature").press("End")
    p = author.probabilities("fe" + model(page, "text"), 2.0)
    np.testing.assert_allclose(model(page, "probabilities"), p, atol=1e-12)
    page.get_by_label("Seed").fill("8")
    page.get_by_label("Seed").press("Enter")
    for _ in range(6):
        press(page, "One character")
    assert model(page, "text") == author.write("fe", 8, 2.0, 6)


def test_the_reader_chooses_a_character(open_page: OpenPage) -> None:
    widget, author = author_of(3)
    page = open_page(widget)
    third = page.locator(".dld-barrow").nth(2)
    order = np.argsort(-author.probabilities("abba", 0.8), kind="stable")
    third.focus()
    page.keyboard.press("Enter")
    assert model(page, "text") == "abcdef \n"[order[2]]
    p = author.probabilities("abba" + model(page, "text"), 0.8)
    np.testing.assert_allclose(model(page, "probabilities"), p, atol=1e-12)


def test_less_motion_writes_in_few_large_steps(open_page: OpenPage) -> None:
    page = open_page(character_writer(), reduced_motion="reduce")
    press(page, "Write")
    wait_until(lambda: status(page).startswith("24 written"))
    press(page, "Stop")
    assert len(model(page, "text")) % 12 == 0
