"""The README's command for instructors: a whole course from the roster to the exports."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools.demonstration_course.__main__ import is_just
from tools.demonstration_course.students import Student

ROOT = Path(__file__).parents[2]
UNPROTECTED = ("=", "+", "-", "@")


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run the demonstration; return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("demonstration") / "course-to-show"
    command = [sys.executable, "-m", "tools.demonstration_course", str(folder)]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    return folder, done


@pytest.mark.timeout(600)
def test_every_student_gets_what_they_deserve(shown):
    folder, done = shown
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "26 submissions graded, 0 as before, 4 not graded" in done.stdout
    for student in ("s20", "s21", "s22", "s23"):
        lines = [x for x in done.stdout.splitlines() if x.strip().startswith(f"{student}:")]
        assert lines and "01_perceptron.ipynb" in lines[-1]
    assert (folder / "course" / "gradebook.db").is_file()
    assert len(list((folder / "course" / "feedback").glob("*/01_perceptron/*.html"))) == 26


def test_the_exports_can_be_opened(shown):
    folder, _ = shown
    for form in ("csv", "canvas", "moodle"):
        with (folder / f"{form}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert len(rows) >= 31
        assert len({len(row) for row in rows}) == 1
        assert not [x for row in rows for x in row if x.startswith(UNPROTECTED) and x != "-"]


class Active(HTMLParser):
    """Collects what a browser would run of a page: scripts, handlers, addresses that are code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "form"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")


def test_nothing_active_is_on_the_pages(shown):
    folder, _ = shown
    pages = [
        *(folder / "course" / "feedback").glob("*/01_perceptron/*.html"),
        folder / "report.html",
    ]
    assert len(pages) == 27
    for page in pages:
        assert not Active(page.read_text("utf8")).found
    assert Active("<p onclick=x><script>y</script>").found == ["p onclick=x", "script"]


def test_an_unjust_grade_is_seen():
    honest = Student("s1", "A", "B", "honest", "", lambda n: n)
    wrong = Student("s2", "A", "B", "wrong", "", lambda n: n, ("softmax",))
    broken = Student("s3", "A", "B", "broken", "", lambda n: n, None)
    assert is_just(honest, set()) and not is_just(honest, {"test_softmax"})
    assert is_just(wrong, {"test_softmax"}) and not is_just(wrong, set())
    assert not is_just(wrong, {"test_softmax", "test_margin"})
    assert is_just(broken, None) and not is_just(broken, set()) and not is_just(honest, None)
