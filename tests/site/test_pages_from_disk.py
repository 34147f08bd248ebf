"""Every page of the site opened as a file, as from a USB stick, and on a phone's screen.

To load a page, or to lay it out anew, takes the browser seconds: the width is tried on this visit.
"""

from __future__ import annotations

import pytest

from tests.site.built_site import toc_pages
from tests.site.inspection import PHONE, new_context

PAGES = [*toc_pages(), "genindex", "search"]
SCREEN = PHONE  # of the fixture ``visited``


def say(faults: list[str]) -> str:
    return "\n  ".join(["", *faults])


@pytest.mark.parametrize("page", PAGES)
def test_page_works_from_disk(visited, site, page):
    seen = visited(site.html.as_uri(), page)
    faults = seen.outside() + seen.errors()
    faults += seen.untypeset_math() + seen.missing_figures() + seen.unnamed_images()
    faults += seen.wrong_rooms()
    seen.open_everything()
    faults += seen.small_figures() + seen.sideways()
    assert not faults, say(faults)


def test_search_works_from_disk(browser, site):
    context = new_context(browser)
    page = context.new_page()
    page.goto(f"{site.html.as_uri()}/search.html?q=perceptron")
    page.wait_for_selector("#search-results li a")
    links = [a.get_attribute("href") for a in page.locator("#search-results li a").all()]
    context.close()
    assert any("notebooks/01_perceptron.html" in (link or "") for link in links), links
