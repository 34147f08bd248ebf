"""Every page of the site, served on 127.0.0.1, in headless Chromium."""

from __future__ import annotations

import statistics

import pytest

from tests.site.built_site import toc_pages
from tests.site.inspection import Visit, weight

GENERATED = ["genindex", "search"]
PAGES = [*toc_pages(), *GENERATED]
HEAVIEST_MEDIAN = 500_000  # bytes, compressed
MOST_SHIFT = 0.05  # cumulative layout shift; up to 0.1 is "good" in the Web Vitals

weights: dict[str, int] = {}


def say(faults: list[str]) -> str:
    return "\n  ".join(["", *faults])


# A page is visited once for all its tests: they are grouped by page, and the visit is kept.
@pytest.fixture(params=PAGES, scope="module")
def page(request):
    return request.param


@pytest.fixture
def seen(visited, base, page) -> Visit:
    return visited(base, page)


def test_page_asks_no_other_host(seen):
    assert not seen.outside(), say(seen.outside())


def test_page_has_no_error(seen):
    assert not seen.errors(), say(seen.errors())


def test_page_does_not_move_while_it_loads(seen):
    assert seen.shift() <= MOST_SHIFT


def test_math_is_typeset(seen):
    assert not seen.untypeset_math(), say(seen.untypeset_math())


def test_explorable_figures_are_drawn(seen):
    assert not seen.missing_figures(), say(seen.missing_figures())


def test_page_keeps_room_for_its_explorable_figures(seen):
    # On a phone: test_pages_from_disk.py.
    assert not seen.wrong_rooms(), say(seen.wrong_rooms())


def test_code_fits_beside_the_contents(seen):
    assert not seen.cut_code(), say(seen.cut_code())


def test_images_have_text_and_size(seen):
    assert not seen.unnamed_images(), say(seen.unnamed_images())


def test_weight_of_the_page_is_noted(seen, site, base, page):
    # Everything that it loads, with the pictures that come only when they are scrolled to.
    pictures = seen.page.evaluate("() => [...document.images].map((image) => image.src)")
    weights[page] = weight(site.html, base, [*seen.requests, *pictures])
    assert weights[page] > 50_000  # a page without its style sheets would be lighter


def test_still_no_error_after_everything_was_opened(seen):
    seen.open_everything()
    assert not seen.outside() + seen.errors(), say(seen.outside() + seen.errors())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_is_accessible(seen, theme):  # the last: axe-core gets a page of what is different
    seen.open_everything()
    assert not (faults := seen.axe(theme)), say(faults)


def test_median_page_is_light():
    table = "\n".join(f"{size:9,d}  {name}" for name, size in sorted(weights.items()))
    assert len(weights) == len(PAGES), "run this module as a whole"
    print(table)
    assert statistics.median(weights.values()) <= HEAVIEST_MEDIAN, f"\n{table}"
