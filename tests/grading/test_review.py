"""Formgrader, served for real and opened in a browser, against a hostile submission."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from playwright.sync_api import Browser, Page
from traitlets.config import Config

from derived.grading import feedback
from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.feedback.formgrader import command

from .graded_course import ASSIGNMENT, add_submission, make_course
from .hostile import hostile_notebook, pwn

NAME = f'"><script>{pwn("name")}</script>'
EVIL_PAGE = f"<!DOCTYPE html><script>{pwn('file')}</script><p>a page"
SCORES: dict[str, float | None] = {"test_mean": 0.0, "test_centred": 3.0, "written": None}


@dataclass
class Served:
    """A course that a server shows."""

    course: Course
    address: str
    token: str

    def submission(self, student: str) -> str:
        with self.course.gradebook() as gradebook:
            found = gradebook.find_submission_notebook("lab", ASSIGNMENT, student)
            return f"{self.address}/formgrader/submissions/{found.id}/"


@dataclass
class Watched:
    """A page, and what it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def pwned(self) -> list[str]:
        return self.page.evaluate("window.pwned || []")


def start(course: Course) -> tuple[subprocess.Popen[bytes], str, str]:
    """Start the server that ``review`` starts, and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    # Settings of the person who runs the tests must not reach the server.
    own = {
        f"JUPYTER_{name}_DIR": str(course.root / ".jupyter" / name)
        for name in ("CONFIG", "DATA", "RUNTIME")
    }
    with (course.root / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command(course, port, open_browser=False),
            cwd=course.root,
            env={**os.environ, **own, "JUPYTER_TOKEN": token},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
            return process, address, token
        except OSError:
            time.sleep(0.25)
    process.kill()
    raise AssertionError((course.root / "server.log").read_text("utf8"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    course = make_course(tmp_path_factory.mktemp("review"))
    # The server protects a course whose configuration says nothing about it.
    settings = course.root / "nbgrader_config.py"
    settings.write_text(settings.read_text("utf8").replace("configure(c)", ""), "utf8")
    about = {"first_name": NAME, "last_name": NAME, "email": NAME}
    add_submission(course, "eve", SCORES, hostile_notebook(), **about)
    add_submission(course, "ann", SCORES, first_name="Ann", last_name="Bell")
    (course.folder("autograded", "eve", ASSIGNMENT) / "evil.html").write_text(EVIL_PAGE, "utf8")
    process, address, token = start(course)
    yield Served(course, address, token)
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.fixture
def watched(browser: Browser, served: Served) -> Iterator[Watched]:
    context = browser.new_context()
    found = Watched(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))
    # Logs the page in, without the seconds that Formgrader's front page takes.
    assert context.request.get(f"{served.address}/api/status?token={served.token}").ok
    yield found
    context.close()


def settled(watched: Watched, address: str) -> Watched:
    watched.page.goto(address)
    watched.page.wait_for_load_state("networkidle")
    return watched


def test_the_payloads_run_on_formgraders_own_page(browser: Browser, tmp_path: Path):
    """The control: without our settings the same notebook takes the page over."""
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    about = {"base_url": "", "index": 0, "total": 1, "last_name": NAME, "first_name": NAME}
    html, _ = HTMLExporter(config=config).from_notebook_node(hostile_notebook(), resources=about)
    page = browser.new_page()
    page.set_content(html, wait_until="domcontentloaded")
    page.wait_for_timeout(500)
    ran = set(page.evaluate("window.pwned || []"))
    page.close()
    assert {"script", "onerror", "htmlscript", "htmlerror", "name", "gradeid"} <= ran


def test_a_submission_runs_nothing_and_fetches_nothing_from_elsewhere(served, watched):
    page = settled(watched, served.submission("eve")).page
    assert page.locator("text=bold").count()  # what is harmless is there
    assert page.locator("math").count() >= 2
    page.mouse.move(200, 300)
    assert page.locator("#overlay, #go, iframe, form").count() == 0
    assert page.locator(".nbgrader_cell a, .output a").count() == 0  # nothing to click
    assert watched.pwned == []
    assert watched.errors == []
    assert {
        url for url in watched.requests if not url.startswith((served.address, "data:"))
    } == set()


def test_names_are_shown_as_text(served, watched):
    page = settled(watched, served.submission("eve")).page
    page.locator(".glyphicon-eye-open").first.click()
    assert "<script>" in page.locator("a.name-shown").first.inner_text()
    for place in (
        "",
        "manage_students",
        f"manage_submissions/{ASSIGNMENT}",
        f"gradebook/{ASSIGNMENT}/lab",
        "manage_assignments",
        f"manage_students/eve/{ASSIGNMENT}",
    ):
        settled(watched, f"{served.address}/formgrader/{place}")
        assert watched.pwned == [], place


@pytest.mark.parametrize("place", ["manage_students/{}", "gradebook/{}", "manage_submissions/{}"])
def test_an_address_cannot_carry_a_script_into_a_page(served, watched, place):
    attack = quote(NAME.replace("/", "|"), safe="")  # a slash would end the part of the address
    settled(watched, f"{served.address}/formgrader/{place.format(attack)}")
    attack = quote("</script><script>window.pwned=[1]</script>".replace("/", "%2f"), safe="%")
    settled(watched, f"{served.address}/formgrader/{place.format(attack)}")
    assert watched.pwned == []


def test_a_page_handed_in_beside_the_notebook_runs_nothing(served, watched):
    page = settled(watched, served.submission("eve") + "evil.html").page
    assert page.locator("text=a page").count() == 1
    assert watched.pwned == []


def test_points_and_comments_given_by_hand_reach_the_gradebook(served, watched):
    page = settled(watched, served.submission("ann")).page
    page.locator("#written").fill("4")
    page.locator("#written").blur()
    page.locator("#written-comment").fill("Well derived. <script>window.pwned=[1]</script>")
    page.locator("#written-comment").blur()
    page.wait_for_load_state("networkidle")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with served.course.gradebook() as gradebook:
            grade = gradebook.find_grade("written", "lab", ASSIGNMENT, "ann")
            comment = gradebook.find_comment("written", "lab", ASSIGNMENT, "ann").comment
            given, waits = grade.manual_score, grade.needs_manual_grade
        if given is not None and comment:
            break
        time.sleep(0.2)
    assert (given, waits) == (4.0, False)
    assert comment is not None and comment.startswith("Well derived.")
    report = feedback.generate(served.course, ASSIGNMENT, students=["ann"])
    assert "Well derived. &lt;script&gt;" in report.pages[0].read_text("utf8")


def test_formgraders_own_button_writes_our_feedback_pages(served, watched):
    page = settled(watched, f"{served.address}/formgrader/manage_submissions/{ASSIGNMENT}").page
    answer = page.evaluate(
        """async (address) => {
            const cookie = document.cookie.match(/_xsrf=([^;]+)/)[1];
            const reply = await fetch(address, {method: "POST", headers: {"X-XSRFToken": cookie}});
            return await reply.json();
        }""",
        f"{served.address}/formgrader/api/assignment/{ASSIGNMENT}/eve/generate_feedback",
    )
    assert answer["success"], answer
    html = (served.course.folder("feedback", "eve", ASSIGNMENT) / "lab.html").read_text("utf8")
    assert "Content-Security-Policy" in html and "<script" not in html


def test_without_the_token_there_is_nothing(served):
    with urllib.request.urlopen(f"{served.address}/formgrader/api/students", timeout=10) as reply:
        assert "/login" in reply.url
        assert b"eve" not in reply.read()


def test_the_server_listens_on_this_machine_only(tmp_path):
    words = command(Course(tmp_path), 8888, open_browser=True)
    assert "--ServerApp.ip=127.0.0.1" in words
    assert not any("token" in word for word in words)  # other users can read a command line


def test_a_server_that_does_not_start_is_reported(tmp_path, monkeypatch):
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n", "utf8")
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], returncode=1)
    )
    with pytest.raises(CourseError, match="exit status 1"):
        feedback.review(Course.open(tmp_path), open_browser=False)
