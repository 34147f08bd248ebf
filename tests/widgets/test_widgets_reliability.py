"""The reliability diagram against the definitions in NumPy and an optimizer of SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page
from scipy.optimize import minimize_scalar

from derived.widgets import ReliabilityDiagram
from tests.widgets.calibration_oracle import answers, calibrated, reliability_diagram
from tests.widgets.conftest import JavaScript, OpenPage

FEW = settings(max_examples=25, deadline=None)
NUMBERS = ("error", "loss", "brier", "accuracy", "confidence")

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: ReliabilityDiagram([1.0, 2.0], [0]), "logits has shape"),
    (lambda: ReliabilityDiagram(np.zeros((3, 1)), [0, 0, 0]), "2 to 20 classes"),
    (lambda: ReliabilityDiagram(np.zeros((3001, 2)), np.zeros(3001, int)), "1 to 3000 examples"),
    (lambda: ReliabilityDiagram([[0, np.inf]], [0]), "logits has an entry"),
    (lambda: ReliabilityDiagram(np.zeros((3, 2)), [0, 1]), r"pass \(3,\)"),
    (lambda: ReliabilityDiagram(np.zeros((2, 2)), [0, 2]), "from 0 to 1"),
    (lambda: ReliabilityDiagram(np.zeros((2, 2)), [0.0, 1.0]), "whole numbers"),
    (lambda: reliability_diagram(temperature=0), "temperature is 0"),
    (lambda: reliability_diagram(bins=1), "bins is 1"),
    (lambda: setattr(reliability_diagram(), "temperature", 21.0), "temperature is 21"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_figure_is_stored_as_a_short_stable_text() -> None:
    assert repr(reliability_diagram()) == "ReliabilityDiagram(300 examples, 4 classes)"


@FEW
@given(
    seed=st.integers(0, 9999),
    classes=st.integers(2, 7),
    temperature=st.floats(0.05, 20),
    bins=st.integers(2, 25),
)
def test_the_scores_are_those_of_the_definitions(
    javascript: JavaScript, seed: int, classes: int, temperature: float, bins: int
) -> None:
    logits, labels = answers(seed, 60, classes)
    got = javascript.call(
        "calibration", "measure", logits.tolist(), labels.tolist(), temperature, bins
    )
    want = calibrated(logits, labels, temperature, bins)
    assert [row["count"] for row in got["bins"]] == want["counts"]
    for name in NUMBERS:
        assert got[name] == pytest.approx(want[name], abs=1e-9), name


def test_a_confidence_on_an_edge_belongs_to_the_bin_below(javascript: JavaScript) -> None:
    got = javascript.call("calibration", "measure", [[0.0, 0.0]], [0], 1.0, 10)
    assert [row["count"] for row in got["bins"]] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_the_best_temperature_is_that_of_scipy(javascript: JavaScript, seed: int) -> None:
    logits, labels = answers(seed, 400)
    got = javascript.call("calibration", "bestTemperature", logits.tolist(), labels.tolist())
    want = minimize_scalar(
        lambda t: calibrated(logits, labels, t, 2)["loss"], bounds=(0.05, 20), method="bounded"
    )
    assert got == pytest.approx(want.x, rel=1e-3)
    assert 1.8 < got < 3.3, "the logits are 2.5 times too large"


def test_the_logits_are_packed_row_by_row(javascript: JavaScript) -> None:
    logits, _ = answers(5, 7, 3)
    figure = ReliabilityDiagram(logits, np.zeros(7, int))
    np.testing.assert_array_equal(javascript.call("unpackLogits", figure.logits, 3), logits)


# ---- in the page


def check_diagram(page: Page) -> None:
    def model(name: str) -> Any:
        return page.evaluate(f"window.figureModels[0].get('{name}')")

    logits, labels = answers(3)
    want = calibrated(logits, labels, model("temperature"), model("bins"))
    shown = [float(text) for text in page.locator(".dld-numbers dd").all_inner_texts()]
    names = ("accuracy", "confidence", "error", "loss", "brier")
    assert shown == pytest.approx([want[name] for name in names], abs=6e-5)
    cells = page.locator(".dld-table tbody tr td:nth-child(2)").all_text_contents()
    assert [int(cell) for cell in cells] == want["counts"]
    bars = page.locator(".dld-share").count()
    assert bars == sum(count > 0 for count in want["counts"])


def test_the_page_shows_what_a_temperature_does(open_page: OpenPage) -> None:
    page = open_page(reliability_diagram())
    status = page.locator(".dld-status")
    assert "surer than it is right" in status.inner_text()
    page.get_by_role("button", name="Best likelihood").click()
    check_diagram(page)
    first = page.locator(".dld-numbers dd").first.inner_text()
    heat = page.locator(".dld-sliderfield input")
    heat.fill("2")
    heat.press("ArrowRight")
    check_diagram(page)
    assert "less sure than it is right" in status.inner_text()
    assert page.locator(".dld-numbers dd").first.inner_text() == first, "accuracy never changes"
    bins = page.locator(".dld-field", has_text="Bins").locator("input")
    bins.fill("5")
    bins.press("Enter")
    check_diagram(page)
    page.get_by_role("button", name="T = 1").click()
    check_diagram(page)


def test_bars_have_the_height_of_the_accuracy(open_page: OpenPage) -> None:
    page = open_page(reliability_diagram(bins=4))
    frame = page.locator(".dld-frame").bounding_box()
    assert frame is not None
    logits, labels = answers(3)
    shown = page.locator(".dld-share").all()
    rows = [
        float(t)
        for t in page.locator(".dld-table tbody tr td:nth-child(4)").all_text_contents()
        if t != "–"
    ]
    assert len(rows) == len(shown) and len(labels) == len(logits)
    for bar, accuracy in zip(shown, rows, strict=True):
        box = bar.bounding_box()
        assert box is not None
        assert box["height"] / frame["height"] == pytest.approx(accuracy, abs=0.01)
