"""Fixtures of the browser tests: the built site, a server for it, the pages visited."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.site.built_site import Site, tested_site
from tests.site.inspection import DESKTOP, Visit, new_context, visit
from tests.site.server import serve


@pytest.fixture(scope="session")
def site() -> Site:
    """The whole book, built with warnings as errors."""
    built = tested_site()
    assert built.html.is_dir(), f"the site was not built:\n{built.log[-3000:]}"
    return built


@pytest.fixture(scope="session")
def base(site: Site) -> Iterator[str]:
    """Where the site is served."""
    with serve(site.html) as url:
        yield url


@pytest.fixture(scope="module")
def visited(
    browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[[str, str], Visit]]:
    """Visit a page once for all tests of a module: ``visited(base, page)``.

    A module's ``SCREEN`` is the size of the screen, by default a desktop's. Only the page asked
    for last stays open, so that memory does not grow with the book.
    """
    context = new_context(browser, viewport=getattr(request.module, "SCREEN", DESKTOP))
    kept: dict[tuple[str, str], Visit] = {}
    texts: dict[str, int] = {}

    def ask(base: str, page: str) -> Visit:
        if (base, page) not in kept:
            for old in kept.values():
                old.page.close()
            kept.clear()
            kept[base, page] = visit(context, base, page, texts)
        return kept[base, page]

    yield ask
    context.close()
