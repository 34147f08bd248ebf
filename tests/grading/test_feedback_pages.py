"""The pages that students get back: content, safety, and what one broken page does to others."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_output
from playwright.sync_api import Browser

from derived.grading import feedback
from derived.grading.course import Course
from derived.grading.feedback import exporter

from .graded_course import (
    ASSIGNMENT,
    HIDDEN,
    add_submission,
    autograded_notebook,
    fail,
    make_course,
    named,
    png,
)
from .hostile import hostile_notebook

SCORES: dict[str, float | None] = {"test_mean": 0.0, "test_centred": 3.0, "written": None}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return make_course(tmp_path)


def page_of(course: Course, student: str = "ann") -> str:
    report = feedback.generate(course, ASSIGNMENT, students=[student], force=True)
    assert report.failed == []
    return report.pages[0].read_text("utf8")


def text_of(html: str) -> str:
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


def test_a_page_says_what_was_reached_and_what_is_open(course):
    nb = autograded_notebook()
    fail(named(nb, "test_mean"), "mean([1, 3]) must be 2")
    add_submission(course, "ann", SCORES, nb)
    html = page_of(course)
    text = text_of(html)
    assert "Feedback on ps1 lab 3 of 10 points so far" in text
    assert "1 The mean 0 / 2 test failed" in text
    assert "2 Centred data 3 / 3 full points" in text
    assert "3 Why the mean – / 5 not graded yet" in text
    assert "Test failed: mean([1, 3]) must be 2" in text
    assert "mean([1, 3]) must be 2" in text and "42.125" not in html and HIDDEN not in html
    targets = {tag["id"] for tag in BeautifulSoup(html, "html.parser").find_all(id=True)}
    assert {"top", "task-1", "task-2", "task-3"} <= targets


def test_points_by_hand_comments_and_lateness_are_shown(course):
    add_submission(course, "ann", SCORES)
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("written", "lab", ASSIGNMENT, "ann")
        grade.manual_score, grade.needs_manual_grade = 4.5, False
        gradebook.find_comment("written", "lab", ASSIGNMENT, "ann").manual_comment = "*Well* $x^2$"
        gradebook.find_submission_notebook("lab", ASSIGNMENT, "ann").late_submission_penalty = 1.0
        gradebook.db.commit()
    html = page_of(course)
    text = text_of(html)
    assert "6.5 of 10 points 1 points were taken off" in text
    assert "4.5 of 5 points: points lost" in text
    assert "<em>Well</em> <math>" in html


def test_a_late_penalty_does_not_go_below_zero(course):
    add_submission(course, "ann", dict.fromkeys(SCORES, 0.0))
    with course.gradebook() as gradebook:
        gradebook.find_submission_notebook("lab", ASSIGNMENT, "ann").late_submission_penalty = 5.0
        gradebook.db.commit()
    assert "lab 0 of 10 points" in text_of(page_of(course))


def test_what_the_grader_said_stands_at_the_top(course):
    nb = autograded_notebook()
    nb.metadata["derived"] = {"unsafe": True, "messages": ["a cell <ended> the kernel"]}
    add_submission(course, "ann", SCORES, nb)
    notes = BeautifulSoup(page_of(course), "html.parser").select("header .note")
    assert [note.get_text().split(":")[0] for note in notes] == [
        "Graded without a sandbox",
        "a cell <ended> the kernel",
    ]
    nb.metadata["derived"]["unsafe"] = False
    add_submission(course, "bob", SCORES, nb)
    assert "without a sandbox" not in page_of(course, "bob")


def test_a_hostile_page_runs_nothing_and_asks_nobody(course, browser: Browser):
    about = dict.fromkeys(("first_name", "last_name", "email"), "<script>window.pwned=[1]</script>")
    add_submission(course, "eve", SCORES, hostile_notebook(), **about)
    with course.gradebook() as gradebook:
        found = gradebook.find_comment("written", "lab", ASSIGNMENT, "eve")
        found.manual_comment = "<script>window.pwned=[1]</script><img src=x onerror=alert(1)>"
        gradebook.db.commit()
    html = page_of(course, "eve")
    assert BeautifulSoup(html, "html.parser").find_all(["script", "iframe", "form", "svg"]) == []
    # Without the page's policy too: it is the second wall, not the first.
    open_page = html.replace("Content-Security-Policy", "X-No-Policy")
    assert open_page != html
    for text in (html, open_page):
        path = course.root / "page.html"
        path.write_text(text, "utf8")
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri(), wait_until="networkidle")
        assert page.evaluate("window.pwned || []") == []
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        page.close()


def test_the_policy_of_a_page_allows_no_script(course, browser: Browser):
    add_submission(course, "ann", SCORES)
    html = page_of(course).replace("<main>", "<main><script>window.pwned = [1]</script>")
    path = course.root / "page.html"
    path.write_text(html, "utf8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("window.pwned || []") == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_a_telephone(course, browser: Browser, scheme):
    long = "$$" + " + ".join(f"x_{{{i}}}" for i in range(60)) + "$$\n\n" + "word" * 80
    nb = autograded_notebook(written=long, mean="x = " + "1 + " * 60 + "1")
    named(nb, "mean").outputs = [
        new_output("stream", name="stdout", text="long " * 100 + "x" * 500),
        new_output("display_data", data={"image/png": png(900, 40)}),
        new_output(
            "display_data", data={"text/html": "<table><tr>" + "<td>123456</td>" * 30 + "</table>"}
        ),
    ]
    add_submission(course, "ann", SCORES, nb)
    path = course.root / "page.html"
    path.write_text(page_of(course), "utf8")
    page = browser.new_page(viewport={"width": 375, "height": 800}, color_scheme=scheme)
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 24, 27)")
    page.close()


def test_pictures_beside_the_notebook_are_put_into_the_page(course, tmp_path):
    text = "![a](photo.png) ![b](link.png) ![c](fake.png) ![d](missing.png) ![e](sub/photo.png)"
    add_submission(course, "ann", SCORES, autograded_notebook(written=text))
    folder = course.folder("autograded", "ann", ASSIGNMENT)
    (folder / "photo.png").write_bytes(base64.b64decode(png(3, 3)))
    (folder / "fake.png").write_text("<svg onload=alert(1)>", "utf8")
    secret = tmp_path / "secret.png"
    secret.write_bytes(base64.b64decode(png(7, 7)))
    (folder / "link.png").symlink_to(secret)
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(secret, outside / "photo.png")
    (folder / "sub").symlink_to(outside)
    html = page_of(course)
    assert html.count("<img") == 1 and png(3, 3) in html and png(7, 7) not in html
    assert text_of(html).count("[picture left out:") == 4


def test_long_outputs_and_much_markdown_are_shortened(course, monkeypatch):
    monkeypatch.setattr(exporter, "MOST_MARKDOWN", 300)
    nb = autograded_notebook(written="*late* " * 60)
    text = "y" * (exporter.LONGEST_OUTPUT + 5)
    named(nb, "mean").outputs = [new_output("stream", name="stdout", text="\x1b[31m" + text)]
    add_submission(course, "ann", SCORES, nb)
    html = page_of(course)
    assert "… (5 characters more)" in html and "\x1b" not in html
    assert "<pre>*late* *late*" in html


def test_a_cell_that_the_gradebook_does_not_know_is_an_ordinary_cell(course):
    nb = autograded_notebook()
    extra = new_code_cell("print('mine')")
    extra.metadata["nbgrader"] = {**named(nb, "test_mean").metadata["nbgrader"], "grade_id": "new"}
    nb.cells.append(extra)
    add_submission(course, "ann", SCORES, nb)
    html = page_of(course)
    assert "mine" in html and "task-4" not in html


def test_one_broken_page_does_not_stop_the_others(course):
    for student in ("ann", "bob", "cyd"):
        add_submission(course, student, SCORES)
    path = course.folder("autograded", "bob", ASSIGNMENT) / "lab.ipynb"
    path.write_text('{"cells": 3', "utf8")
    report = feedback.generate(course, ASSIGNMENT)
    assert [page.parent.parent.name for page in report.pages] == ["ann", "cyd"]
    ((student, file, reason),) = report.failed
    assert (student, file) == ("bob", "lab.ipynb")
    assert "Notebook does not appear to be JSON" in reason and "\n" not in reason
    assert not course.folder("feedback", "bob", ASSIGNMENT).exists()


def test_only_what_changed_is_written_again(course):
    for student in ("ann", "bob"):
        add_submission(course, student, SCORES)
    first = feedback.generate(course, ASSIGNMENT)
    again = feedback.generate(course, ASSIGNMENT)
    assert (again.pages, again.unchanged) == ([], first.pages)
    with course.gradebook() as gradebook:
        gradebook.find_comment("mean", "lab", ASSIGNMENT, "bob").manual_comment = "Good."
        gradebook.db.commit()
    after = feedback.generate(course, ASSIGNMENT)
    assert after.pages == after.written == [first.pages[1]]
    assert "Good." in first.pages[1].read_text("utf8")
    first.pages[0].write_text(first.pages[0].read_text("utf8")[:500], "utf8")  # cut short
    assert feedback.generate(course, ASSIGNMENT).pages == [first.pages[0]]
    assert len(feedback.generate(course, ASSIGNMENT, force=True).pages) == 2


def test_who_was_not_graded_is_named_if_asked_for(course):
    add_submission(course, "ann", SCORES)
    report = feedback.generate(course, ASSIGNMENT, students=["ann", "zoe"])
    assert report.failed == [("zoe", f"{ASSIGNMENT}.ipynb", "has not been graded")]
    assert len(report.pages) == 1
    with course.gradebook() as gradebook:
        gradebook.add_student("zoe")
    assert feedback.generate(course, ASSIGNMENT).failed == []


def test_a_student_id_is_no_pattern(course):
    for student in ("s", "s1", "s[1]"):
        add_submission(course, student, SCORES)
    report = feedback.generate(course, ASSIGNMENT, students=["s[1]"])
    assert [student for student, _, _ in report.failed] == ["s[1]"]
    assert not course.folder("feedback", "s1", ASSIGNMENT).exists()


def test_nbgraders_own_command_writes_the_same_page(course):
    nb = autograded_notebook()
    fail(named(nb, "test_mean"), None)
    add_submission(course, "ann", SCORES, nb)
    ours = page_of(course)
    shutil.rmtree(course.folder("feedback", "ann", ASSIGNMENT))
    nbgrader = [sys.executable, "-m", "nbgrader", "generate_feedback", ASSIGNMENT]
    done = subprocess.run(
        nbgrader, cwd=course.root, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    theirs = (course.folder("feedback", "ann", ASSIGNMENT) / "lab.html").read_text("utf8")
    assert ours.startswith(theirs) and "derived feedback" not in theirs
