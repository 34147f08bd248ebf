"""The figures of convolution driven in a browser; their numbers against derived.nn's."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page

from derived import nn
from derived.nn.softmax import softmax
from derived.widgets import DigitThroughLayers, KernelEditor
from tests.widgets.conftest import OpenPage, wait_until
from tests.widgets.reader import box_of, choose, drag_through, model, press, status

RNG = np.random.default_rng(0)  # for layers of which only the shapes matter


def touch(page: Page, locator: Locator, places: list[tuple[float, float]]) -> None:
    """A finger goes through places, as shares of the element's width and height."""
    box = box_of(locator)
    session = page.context.new_cdp_session(page)
    for number, (right, down) in enumerate(places):
        point = {"x": box["x"] + right * box["width"], "y": box["y"] + down * box["height"]}
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


# ---- the kernel editor


def convolved(page: Page) -> Any:
    """What derived.nn.Conv2d makes of the page's picture and kernel."""
    kernel = np.array(model(page, "kernel"))
    if model(page, "operation") == "convolution":
        kernel = kernel[::-1, ::-1]
    padding = {"valid": 0, "same": len(kernel) // 2, "full": len(kernel) - 1}
    layer = nn.Conv2d(
        1,
        1,
        len(kernel),
        stride=model(page, "stride"),
        padding=padding[model(page, "padding")],
        rng=RNG,
    )
    layer.parameters["weight"][0, 0] = kernel
    return layer.forward(np.array(model(page, "picture"))[np.newaxis, np.newaxis])[0, 0]


def test_every_setting_gives_the_output_of_derived_nn(open_page: OpenPage) -> None:
    picture = np.random.default_rng(1).uniform(size=(9, 12))
    page = open_page(KernelEditor(picture, "gaussian"))
    for kernel in ("sharpen", "emboss", "laplacian-of-gaussian-5"):
        choose(page, "Kernel", kernel)
        for padding, stride in (("same", "1"), ("full", "2"), ("valid", "3")):
            choose(page, "Padding", padding)
            choose(page, "Stride", stride)
            for operation in ("convolution", "cross-correlation"):
                choose(page, "Operation", operation)
                np.testing.assert_allclose(model(page, "output"), convolved(page), atol=1e-12)


def test_kernel_numbers_are_edited_and_their_sum_is_said(open_page: OpenPage) -> None:
    page = open_page(KernelEditor(kernel="identity"))
    for k, value in enumerate("121242121"):
        page.locator(".dld-kernelgrid input").nth(k).fill(value)
    page.get_by_label("divided by").fill("16")
    page.get_by_label("divided by").press("Enter")
    want = np.outer([1, 2, 1], [1, 2, 1]) / 16
    np.testing.assert_allclose(model(page, "kernel"), want)
    assert model(page, "preset") == "custom"
    assert "Its sum is 1: keeps flat areas." in page.locator(".dld-editor").inner_text()
    np.testing.assert_allclose(model(page, "output"), convolved(page), atol=1e-12)
    choose(page, "Size", "5")
    np.testing.assert_allclose(model(page, "kernel"), np.pad(want, 1))
    press(page, "Reset")
    np.testing.assert_allclose(model(page, "kernel"), [[0, 0, 0], [0, 1, 0], [0, 0, 0]])


def test_the_window_follows_pointer_and_keys(open_page: OpenPage) -> None:
    page = open_page(KernelEditor(np.arange(100).reshape(10, 10), "average"))
    areas = page.locator(".dld-area")
    box = box_of(areas.nth(0))
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.65 * box["height"])
    wait_until(lambda: status(page).startswith("Output (5, 3)"))
    areas.nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert model(page, "place") == [4, 4]
    patch = page.locator(".dld-matrix").first.locator("td").all_inner_texts()
    assert patch == [str(10 * a + b) for a in (4, 5, 6) for b in (4, 5, 6)]
    assert page.locator(".dld-sum").inner_text() == "55"
    assert status(page) == (
        "Output (4, 4) = 55: the sum of 9 products over rows 4 to 6 and columns 4 to 6 of the "
        "picture."
    )
    page.keyboard.press("Shift+ArrowDown")
    assert model(page, "place") == [7, 4], "it stops at the border"


def test_the_pointer_shows_the_numbers_of_a_window_that_strides_over_a_border(
    open_page: OpenPage,
) -> None:
    picture = np.arange(100).reshape(10, 10)
    page = open_page(KernelEditor(picture, "average", stride=2, padding="full"))
    box = box_of(page.locator(".dld-area").nth(1))
    padded, places = np.pad(picture, 2), 6  # ⌊(10 + 2 · 2 − 3) / 2⌋ + 1
    for row, column in ((0, 3), (5, 0), (2, 4)):
        x, y = (column + 0.5) / places, (row + 0.5) / places
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        wait_until(lambda at=(row, column): status(page).startswith(f"Output {at}"))
        window = padded[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        patch = page.locator(".dld-matrix").first.locator("td").all_inner_texts()
        assert patch == [str(each) for each in window.ravel()]
        got = float(page.locator(".dld-sum").inner_text())  # to three digits
        np.testing.assert_allclose(got, window.mean(), rtol=0.005)


# ---- the digit through the layers


def lenet() -> nn.Sequential:
    rng = np.random.default_rng(2)
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding="same", rng=rng),
        nn.Tanh(),
        nn.AveragePool2d(2),
        nn.Conv2d(4, 6, 3, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dense(54, 10, rng=rng),
    )


def check_digit(page: Page, made: nn.Sequential) -> None:
    """The page's logits and bars are those of derived.nn for what is drawn."""
    rounded = {name: values.copy() for name, values in made.parameters.items()}
    try:
        for values in made.parameters.values():
            values[:] = values.astype(np.float32)
        logits = made.forward(np.array(model(page, "drawing"))[np.newaxis, np.newaxis])[0]
    finally:
        for name, values in rounded.items():
            made.parameters[name][:] = values
    np.testing.assert_allclose(model(page, "logits"), logits, atol=1e-9)
    np.testing.assert_allclose(model(page, "probabilities"), softmax(logits), atol=1e-9)
    shown = page.locator(".dld-probabilities .dld-share").all_inner_texts()
    assert shown == [f"{p:.4f}" for p in softmax(logits)]


def test_a_drawn_digit_gets_the_probabilities_of_derived_nn(open_page: OpenPage) -> None:
    made = lenet()
    samples = np.random.default_rng(3).uniform(size=(3, 16, 16))
    page = open_page(DigitThroughLayers(made, samples, title="A small LeNet"))
    press(page, "Sample 2")
    np.testing.assert_allclose(model(page, "drawing"), np.rint(255 * samples[1]) / 255)
    check_digit(page, made)
    box = box_of(page.locator(".dld-pad"))
    place = [
        (box["x"] + a * box["width"], box["y"] + b * box["height"])
        for a, b in ((0.3, 0.2), (0.7, 0.2), (0.4, 0.8))
    ]
    drag_through(page, place)
    ink = np.array(model(page, "drawing"))
    assert 20 < ink.sum() < 120 and ink.max() == 1, "a seven, and nothing of the sample"
    rows = np.flatnonzero(ink.sum(axis=1))
    assert abs((rows[0] + rows[-1]) / 2 - 7.5) <= 0.5, "centered"
    check_digit(page, made)
    page.get_by_text("scale and center").click()
    press(page, "Undo")
    assert np.sum(model(page, "drawing")) == 0
    check_digit(page, made)


def test_the_pad_is_drawn_on_with_keys_and_finger(open_page: OpenPage) -> None:
    made = lenet()
    page = open_page(DigitThroughLayers(made, np.zeros((1, 16, 16))), has_touch=True)
    page.get_by_text("scale and center").click()
    pad = page.locator(".dld-pad")
    pad.focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowRight", "Space", "ArrowUp"):
        page.keyboard.press(key)
    ink = np.array(model(page, "drawing"))
    assert ink[8, 8] > 0.5 and ink[10, 8] > 0.5 and ink[10, 9] > 0.5 and ink[9, 11] == 0
    check_digit(page, made)
    before = np.sum(ink)
    touch(page, pad, [(0.2, 0.2), (0.5, 0.2), (0.8, 0.2)])
    assert np.sum(model(page, "drawing")) > before
    check_digit(page, made)


def test_a_chosen_map_says_its_range(open_page: OpenPage) -> None:
    made = lenet()
    picture = np.rint(255 * np.random.default_rng(3).uniform(size=(16, 16))) / 255
    page = open_page(DigitThroughLayers(made, picture[np.newaxis]))
    rows = page.locator(".dld-maps")
    assert rows.count() == 6, "input, convolution, mean, convolution, maximum, dense"
    rows.nth(3).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    maps = nn.Sequential(*made.layers[:5]).forward(picture[np.newaxis, np.newaxis])[0, 1]
    note = page.locator(".dld-note-text").inner_text()
    assert note == (f"convolution 3×3, ReLU, map 2 of 6: from {maps.min():.3f} to {maps.max():.3f}")
    assert page.locator(".dld-kernels canvas").count() == 4
    rows.nth(5).locator(".dld-map").nth(7).click()
    assert page.locator(".dld-note-text").inner_text().startswith("dense, unit 8 of 10: value ")
