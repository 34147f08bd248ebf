"""What a reader does to a figure in the page, and what the page then shows and holds."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page


def model(page: Page, name: str) -> Any:
    return page.evaluate(f"window.figureModels[0].get('{name}')")


def status(page: Page) -> str:
    return page.locator(".dld-status").inner_text()


def number(page: Page, name: str) -> str:
    return page.locator(f"[data-number={name}]").inner_text()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, label: str, value: str) -> None:
    page.locator(".dld-field", has_text=label).first.locator("select").select_option(value)


def slider(page: Page, name: str) -> Locator:
    return page.locator(".dld-sliderfield", has_text=name).locator("input")


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.locator(".dld-touch").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_by(page: Page, locator: Locator, right: float, down: float) -> None:
    locator.scroll_into_view_if_needed()
    x, y = middle(locator)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2)
    page.mouse.move(x + right, y + down)
    page.mouse.up()


def touch_drag(page: Page, locator: Locator, right: float, down: float) -> None:
    locator.scroll_into_view_if_needed()
    x, y = middle(locator)
    session = page.context.new_cdp_session(page)
    for kind, part in (("touchStart", 0.0), ("touchMove", 0.5), ("touchMove", 1.0)):
        place = {"x": x + part * right, "y": y + part * down}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def box_of(locator: Locator) -> dict[str, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def drag_through(page: Page, points: list[tuple[float, float]]) -> None:
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()
