"""The perceptron explorer driven by mouse, finger and keys; its numbers against the oracles."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from derived.widgets import PerceptronExplorer
from tests.widgets.conftest import OpenPage, wait_until
from tests.widgets.oracles import margin_by_least_distance, perceptron, signed
from tests.widgets.reader import drag_by, model, number, press, status, touch_drag


def points(page: Page) -> Locator:
    return page.locator(".dld-point")


def place_of(page: Page, index: int) -> tuple[float, float]:
    """Coordinates of a point, as its label says them."""
    label = points(page).nth(index).get_attribute("aria-label") or ""
    match = re.search(r"at \(([^,]+), ([^)]+)\)", label)
    assert match
    x, y = (float(part.replace("−", "-")) for part in match.groups())
    return x, y


def check_numbers(page: Page) -> None:
    """The numbers beside the plane are those of the points that the page now has."""
    rows = np.array(model(page, "points"))
    radius = np.linalg.norm(signed(rows), axis=1).max()
    margin = margin_by_least_distance(rows)
    assert float(number(page, "radius")) == pytest.approx(radius, abs=6e-4)
    assert float(number(page, "margin")) == pytest.approx(margin, abs=6e-4)
    bound = int(number(page, "bound").replace(",", ""))
    assert bound == pytest.approx((radius / margin) ** 2, abs=1)
    assert int(number(page, "needed").replace(",", "")) == perceptron(rows, 20_000)[0]


@pytest.mark.parametrize(
    ("preset", "updates", "weights", "shown"),
    [
        ("and", 10, [-2, 2, 1], "(−2.00,\u00a02.00,\u00a01.00)"),
        ("or", 4, [0, 1, 1], "(0.00,\u00a01.00,\u00a01.00)"),
    ],
)
def test_stepping_a_gate(
    open_page: OpenPage, preset: str, updates: int, weights: list[float], shown: str
) -> None:
    page = open_page(PerceptronExplorer(preset))
    assert number(page, "needed") == str(updates)
    for done in range(updates):
        assert number(page, "updates") == str(done)
        assert page.locator(".dld-point.dld-next").count() == 1
        press(page, "Step")
    assert number(page, "weights") == shown
    assert model(page, "weights") == weights
    assert model(page, "updates") == updates
    assert page.locator(".dld-next, .dld-wrong").count() == 0
    assert page.get_by_role("button", name="Step", exact=True).is_disabled()
    assert f"No mistake is left after {updates} updates" in status(page)
    page.locator(".dld-details summary").click()
    assert page.locator(".dld-table tbody tr").count() == updates
    press(page, "Reset")
    assert number(page, "weights") == "(0.00,\u00a00.00,\u00a00.00)"
    assert model(page, "updates") == 0


def test_and_has_the_bound_51(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("and"))
    assert number(page, "bound") == "51"
    assert number(page, "margin") == "0.243"
    assert number(page, "radius") == "1.732"


def test_xor_is_seen_to_cycle(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("xor"))
    assert number(page, "bound") == "none" and number(page, "needed") == "without end"
    assert "No line separates" in status(page)
    for _ in range(12):
        press(page, "Step")
    assert "the same weights return every 4 updates" in status(page)
    again = [model(page, "weights")]
    for _ in range(4):
        press(page, "Step")
    again.append(model(page, "weights"))
    assert again[0] == again[1]


def test_run_goes_to_the_end_and_can_pause(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("narrow"))
    page.get_by_role("combobox", name="Points").select_option("or")
    press(page, "Run")
    wait_until(lambda: number(page, "updates") == "2")
    press(page, "Pause")
    stopped = int(number(page, "updates"))
    page.wait_for_timeout(500)
    assert int(number(page, "updates")) == stopped < 4
    press(page, "Run")
    wait_until(lambda: "✓" in status(page))
    assert number(page, "updates") == number(page, "needed") == "4"


def test_with_reduced_motion_run_does_not_move(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("narrow"), reduced_motion="reduce")
    press(page, "Run")
    assert number(page, "updates") == number(page, "needed") != "0"


def test_a_point_is_dragged_with_the_mouse(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("clouds"))
    before = place_of(page, 4)
    drag_by(page, points(page).nth(4), 40, 30)
    after = place_of(page, 4)
    assert after[0] > before[0] + 0.3 and after[1] < before[1] - 0.2
    assert model(page, "preset") == "custom"
    assert model(page, "points")[4] == [*after, 0]
    check_numbers(page)


def test_a_point_is_dragged_with_a_finger(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("clouds"), width=375, has_touch=True, is_mobile=True)
    before = place_of(page, 1)
    touch_drag(page, points(page).nth(1), -30, 20)
    after = place_of(page, 1)
    assert after[0] < before[0] - 0.3 and after[1] < before[1] - 0.2
    check_numbers(page)


def test_a_point_is_moved_flipped_and_removed_with_keys(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("clouds"))
    points(page).nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert place_of(page, 0) == (0.15, 1.0)
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Point 2 ")
    page.keyboard.press("Enter")
    assert model(page, "points")[1][2] == 0
    page.keyboard.press(" ")
    assert model(page, "points")[1][2] == 1
    page.keyboard.press("Delete")
    assert len(model(page, "points")) == 13
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Point 2 ")
    check_numbers(page)
    page.keyboard.press("Home")
    for _ in range(13):
        page.keyboard.press("Delete")
    assert "There are no points" in status(page)
    press(page, "Add ■ class 1")
    press(page, "Add ● class 0")
    assert [row[2] for row in model(page, "points")] == [1, 0]
    check_numbers(page)


def test_points_can_be_added_flipped_and_removed_with_buttons(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("or"))
    press(page, "Add ■ class 1")
    assert points(page).count() == 5
    rows = np.array(model(page, "points"))[:, :2]
    assert np.linalg.norm(rows[4] - rows[:4], axis=1).min() > 0.4, "a free place"
    press(page, "Flip 5")
    assert model(page, "points")[4][2] == 0
    press(page, "Remove 5")
    assert len(model(page, "points")) == 4
    points(page).nth(2).dblclick()
    assert model(page, "points")[2] == [1, 0, 0]


def test_the_boundary_is_moved_and_turned(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("clouds"))
    mover = page.get_by_role("slider", name="Move the boundary")
    turner = page.get_by_role("slider", name="Turn the boundary")
    press(page, "Own line")
    b, w1, w2 = model(page, "weights")
    drag_by(page, mover, 30, -20)
    moved = model(page, "weights")
    assert moved[1:] == pytest.approx([w1, w2], abs=1e-3)
    shift = 30 / page.locator(".dld-frame").bounding_box()["width"] * 4.5  # type: ignore[index]
    assert moved[0] == pytest.approx(b - shift * (1 + 20 / 30), abs=0.05)
    drag_by(page, turner, 30, 0)
    turned = model(page, "weights")
    assert np.hypot(*turned[1:]) == pytest.approx(np.hypot(w1, w2), abs=1e-3)
    angle = np.degrees(np.arctan2(turned[2], turned[1]))
    assert abs(angle - 45) > 5
    turner.focus()
    page.keyboard.press("ArrowLeft")
    again = np.degrees(np.arctan2(*model(page, "weights")[:0:-1]))
    assert abs(again - angle) == pytest.approx(2, abs=0.05)
    mover.focus()
    page.keyboard.press("ArrowUp")
    assert model(page, "weights")[0] != turned[0]
    assert "You moved the boundary" in page.locator(".dld-caption").inner_text()
    press(page, "Reset")
    assert not mover.is_visible()
    assert "at most R√k" in page.locator(".dld-caption").inner_text()


def test_a_finger_turns_the_boundary(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("and"), width=320, has_touch=True, is_mobile=True)
    press(page, "Own line")
    before = model(page, "weights")
    touch_drag(page, page.locator(".dld-handle").nth(1), 10, 40)
    after = model(page, "weights")
    assert after != before
    assert np.hypot(*after[1:]) == pytest.approx(np.hypot(*before[1:]), abs=1e-3)


def test_the_widest_margin_is_drawn_on_demand(open_page: OpenPage) -> None:
    page = open_page(PerceptronExplorer("or"))
    line = page.locator(".dld-widest")
    assert line.get_attribute("d") == ""
    page.get_by_text("show the widest margin").click()
    assert (line.get_attribute("d") or "").startswith("M")
    page.get_by_role("combobox", name="Points").select_option("xor")
    assert line.get_attribute("d") == ""


def test_python_and_linked_figures_are_heard(open_page: OpenPage) -> None:
    rows = [[0, 0, 0], [1, 1, 1], [2, 0, 1]]
    page = open_page(PerceptronExplorer(points=rows))
    assert points(page).count() == 3
    check_numbers(page)
    page.evaluate("window.figureModels[0].set('preset', 'and')")
    assert points(page).count() == 4
    assert number(page, "needed") == "10"
