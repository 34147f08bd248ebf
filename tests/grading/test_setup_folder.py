"""A new course folder: whole or not at all, and one that plain nbgrader works in."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from dataclasses import fields

import nbgrader.api
import pytest

from derived.grading.course import CONFIGURATION, Course
from derived.grading.errors import CourseError
from derived.grading.sandbox.limits import Limits
from derived.grading.setup import folder as folder_module
from derived.grading.setup import initialise
from derived.grading.setup.roster import known_students

from .small_course import ASSIGNMENT, make_course, write_assignments

ROSTER = "id,first_name,last_name\nann,Ann,Arbor\n"
_alembic_version = functools.cache(nbgrader.api.get_alembic_version)


@pytest.fixture(autouse=True)
def one_question_to_alembic(monkeypatch):
    """nbgrader starts a process of some seconds for each new gradebook, for the same answer."""
    monkeypatch.setattr(nbgrader.api, "get_alembic_version", _alembic_version)


def make(tmp_path, **changes):
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, "utf8")
    arguments = {
        "assignments": write_assignments(tmp_path / "assignments"),
        "roster": roster,
        "course_id": "Deep Learning 2026",
    }
    return initialise(tmp_path / "made" / "course", **arguments | changes)


def test_a_course_has_assignments_gradebook_roster_and_settings(tmp_path):
    assignments = write_assignments(tmp_path / "assignments")
    for junk in (".ipynb_checkpoints/x.ipynb", "__pycache__/m.pyc"):
        path = assignments / ASSIGNMENT / junk
        path.parent.mkdir()
        path.write_text("{}")
    (assignments / ASSIGNMENT / "points.csv").write_text("1,2\n")
    (assignments / "no assignment").mkdir()
    course = make(tmp_path, assignments=assignments)
    assert sorted(path.name for path in course.root.iterdir()) == [
        "gradebook.db",
        "nbgrader_config.py",
        "source",
    ]
    assert course.assignments() == [ASSIGNMENT]
    inside = sorted(path.name for path in course.folder("source", ".", ASSIGNMENT).iterdir())
    assert inside == [f"{ASSIGNMENT}.ipynb", "points.csv"]
    assert [student.id for student in known_students(course)] == ["ann"]
    assert course.directory.course_id == "Deep Learning 2026"
    assert course.db_url == f"sqlite:///{course.root / 'gradebook.db'}"
    assert course.root.stat().st_mode & 0o077 == 0, "others must not read solutions and points"


def test_the_settings_name_what_grades(tmp_path):
    config = make_course(tmp_path, released=False).config
    assert config.Autograde.sanitize_preprocessors[0] == "derived.grading.restore.RestoreSubmission"
    assert "nbgrader.preprocessors.Execute" not in config.Autograde.autograde_preprocessors
    assert config.Autograde.autograde_preprocessors[0].endswith("preprocessor.TrustedExecute")
    assert "StudentView" in {step.__name__ for step in config.GenerateFeedback.preprocessors}
    assert config.HTMLExporter.filters["markdown2html"].endswith("safe_html.markdown2html")


def test_the_limits_in_the_settings_are_the_defaults(tmp_path):
    course = make_course(tmp_path, released=False)
    path = course.root / CONFIGURATION
    text, count = re.subn(r"^# (c\.TrustedExecute)", r"\1", path.read_text("utf8"), flags=re.M)
    assert count == len(fields(Limits))
    path.write_text(text, "utf8")
    assert Course.open(course.root).limits == Limits()
    path.write_text(re.sub(r"cell_seconds = \S+", "cell_seconds = 7", text), "utf8")
    assert Course.open(course.root).limits == Limits(cell_seconds=7)


def test_a_course_can_be_moved(tmp_path):
    course = make_course(tmp_path, ROSTER, released=False)
    moved = Course.open(course.root.rename(tmp_path / "elsewhere"))
    assert [student.id for student in known_students(moved)] == ["ann"]
    assert moved.assignments() == [ASSIGNMENT]


def test_an_existing_course_or_a_full_folder_is_not_touched(tmp_path):
    course = make(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in course.root.rglob("*")}
    with pytest.raises(CourseError, match=r"there is a course in .* already: it is not touched"):
        make(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in course.root.rglob("*")} == before
    (course.root / CONFIGURATION).unlink()
    with pytest.raises(CourseError, match="already"):  # the gradebook alone is precious
        make(tmp_path)
    (course.root / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="is not an empty folder: name a new one"):
        make(tmp_path)


def test_an_empty_folder_is_filled(tmp_path):
    place = tmp_path / "made" / "course"
    place.mkdir(parents=True)
    identity = place.stat().st_ino
    course = make(tmp_path)
    assert place.stat().st_ino == identity, "a shell may stand in it"
    assert course.assignments() == [ASSIGNMENT]
    assert sorted(p.name for p in place.iterdir()) == ["gradebook.db", CONFIGURATION, "source"]


@pytest.mark.parametrize("existed", [True, False])
def test_an_error_leaves_nothing_behind(tmp_path, monkeypatch, existed):
    place = tmp_path / "made" / "course"
    if existed:
        place.mkdir(parents=True)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module, "update_roster", fail)
    with pytest.raises(CourseError, match="cannot be made: No space left"):
        make(tmp_path)
    assert list((tmp_path / "made").rglob("*")) == ([place] if existed else [])


def test_moving_into_an_empty_folder_is_undone_after_an_error(tmp_path, monkeypatch):
    place = tmp_path / "made" / "course"
    place.mkdir(parents=True)
    rename = os.rename

    def fail(source, target):
        if str(target).endswith(CONFIGURATION):
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(folder_module.os, "rename", fail)
    with pytest.raises(CourseError, match="Input/output error"):
        make(tmp_path)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"course_id": "a/b"}, "'a/b' cannot name a course"),
        ({"course_id": " "}, "cannot name a course"),
        ({"course_id": 'x"; import os'}, "cannot name a course"),
    ],
)
def test_names_that_cannot_be_are_refused(tmp_path, changes, message):
    with pytest.raises(CourseError, match=message):
        make(tmp_path, **changes)
    assert not (tmp_path / "made").exists()


def test_a_path_that_nbgrader_takes_for_a_pattern_is_refused(tmp_path):
    assignments = write_assignments(tmp_path / "assignments")
    with pytest.raises(CourseError, match="nbgrader cannot work in"):
        initialise(tmp_path / "term [1]" / "course", assignments=assignments, course_id="x")
    assert not (tmp_path / "term [1]").exists()


def test_a_folder_without_assignments_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="holds no assignments"):
        make(tmp_path, assignments=tmp_path / "empty")
    with pytest.raises(CourseError, match="there is no folder"):
        make(tmp_path, assignments=tmp_path / "nowhere")


def test_a_wrong_roster_makes_no_course(tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("id\na/b\n", "utf8")
    with pytest.raises(CourseError, match=r"wrong\.csv, row 2"):
        make(tmp_path, roster=wrong)
    assert not (tmp_path / "made").exists()


def test_the_books_assignments_are_found_in_a_checkout_only(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages" / "derived" / "__init__.py"
    monkeypatch.setattr(folder_module.derived, "__file__", str(installed))
    with pytest.raises(CourseError, match=r"clone the book's repository .* --assignments"):
        folder_module.book_assignments()
    checkout = tmp_path / "checkout"
    write_assignments(checkout / "assignments")
    monkeypatch.setattr(
        folder_module.derived, "__file__", str(checkout / "src" / "derived" / "__init__.py")
    )
    assert folder_module.book_assignments() == checkout / "assignments"


def test_plain_nbgrader_releases_in_the_folder(tmp_path):
    """The command itself, in a process of its own: it must read and accept the settings."""
    course = make_course(tmp_path, ROSTER, released=False)
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", ASSIGNMENT],
        cwd=course.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    released = course.folder("release", ".", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    assert "raise NotImplementedError()" in released.read_text("utf8")
