"""Reading folders of submissions: whatever lies in them, one line says what is wrong with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import nbformat
import pytest

from derived.grading.batch import submissions, work
from derived.grading.batch.gradebook import Ledger, Writer
from derived.grading.batch.submissions import Assignment, read_unit, students_who_submitted
from derived.grading.batch.work import Graded, grade_unit
from derived.grading.errors import CourseError
from derived.grading.trusted.execute import Outcome
from tests.grading.released_course import copied_course
from tests.grading.small_course import ASSIGNMENT, RIGHT, released_notebook, solved, submit

NAME = f"{ASSIGNMENT}.ipynb"


@pytest.fixture
def course(tmp_path):
    return copied_course(tmp_path)


@pytest.fixture
def assignment(course):
    return Assignment(course, ASSIGNMENT)


@pytest.fixture
def path(course):
    """Return the path of a good notebook that ann has handed in."""
    return submit(course, "ann", solved(released_notebook(course), RIGHT))


def read(assignment, student="ann"):
    """Read a submission; every line of what came of it is one that can be printed."""
    reading = read_unit(assignment, student)
    for file, text in [*reading.problems.items(), *reading.notes.items()]:
        assert text and text.isprintable(), text
        assert file.isprintable() and file.encode("utf8"), file
    assert (reading.unit is None) == (
        ASSIGNMENT not in (reading.unit.notebooks if reading.unit else {})
    )
    return reading


def assert_refused(assignment, reason, student="ann"):
    reading = read(assignment, student)
    assert reading.unit is None
    ((_, text),) = reading.problems.items()
    assert reason in text


def test_a_submission_becomes_a_unit(assignment, path):
    (path.parent / "data").mkdir()
    (path.parent / "data" / "x.csv").write_text("1,2")
    (path.parent / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")
    (path.parent / ".ipynb_checkpoints").mkdir()
    shutil.copy(path, path.parent / ".ipynb_checkpoints" / NAME)
    reading = read(assignment)
    assert (reading.problems, reading.notes) == ({}, {})
    assert reading.unit.notebooks == {ASSIGNMENT: path.read_text("utf8")}
    assert reading.unit.files == {"data/x.csv": b"1,2"}
    assert reading.unit.records == {ASSIGNMENT: assignment.records[ASSIGNMENT].as_dict()}


def test_the_digest_is_that_of_the_content(assignment, path):
    first = read(assignment).unit.digest()
    assert read(assignment).unit.digest() == first
    (path.parent / "timestamp.txt").write_text("later")
    assert read(assignment).unit.digest() == first
    (path.parent / "x.csv").write_text("1")
    second = read(assignment).unit.digest()
    (path.parent / "x.csv").write_text("2")
    third = read(assignment).unit.digest()
    path.write_text(path.read_text() + " ")
    assert len({first, second, third, read(assignment).unit.digest()}) == 4


class TestTheName:
    """A notebook under another name."""

    def test_nothing_handed_in(self, assignment, path):
        path.unlink()
        assert_refused(assignment, f"{NAME} was not handed in")

    def test_no_folder(self, assignment):
        assert_refused(assignment, f"{NAME} was not handed in", "nobody")

    @pytest.mark.parametrize(
        "other", ["01_small (1).ipynb", "ann.ipynb", "Übung '1';.ipynb", "-rf.ipynb"]
    )
    def test_the_only_notebook_is_taken_with_a_note(self, assignment, path, other):
        path.rename(path.with_name(other))
        reading = read(assignment)
        assert reading.unit.notebooks.keys() == {ASSIGNMENT}
        assert reading.notes == {other: f"taken for {NAME}, the only notebook of this assignment"}

    def test_of_two_others_neither_is_taken(self, assignment, path):
        shutil.copy(path, path.with_name("a.ipynb"))
        path.rename(path.with_name("b.ipynb"))
        assert_refused(assignment, f"{NAME} was not handed in (there is a.ipynb, b.ipynb)")

    def test_beside_the_right_one_others_are_left_alone(self, assignment, path):
        shutil.copy(path, path.with_name("draft.ipynb"))
        reading = read(assignment)
        assert reading.unit is not None and reading.notes == {}
        assert reading.unit.files == {}

    def test_a_misnamed_link_is_not_taken(self, assignment, path, tmp_path):
        path.rename(tmp_path / "elsewhere.ipynb")
        path.with_name("other.ipynb").symlink_to(tmp_path / "elsewhere.ipynb")
        assert_refused(assignment, "other.ipynb is a symbolic link")


class TestLinks:
    """No link is followed, wherever it points to and wherever it stands."""

    def test_as_notebook(self, assignment, path, course):
        path.unlink()
        path.symlink_to(course.folder("source", ".", ASSIGNMENT) / NAME)
        assert_refused(assignment, "is a symbolic link: it is not followed")

    def test_as_notebook_to_nowhere(self, assignment, path):
        path.unlink()
        path.symlink_to("/nowhere")
        assert_refused(assignment, "is a symbolic link: it is not followed")

    def test_as_notebook_in_a_circle(self, assignment, path):
        path.unlink()
        path.symlink_to(path)
        assert_refused(assignment, "is a symbolic link: it is not followed")

    @pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "/nowhere", "..", "."])
    def test_beside_the_notebook(self, assignment, path, target):
        (path.parent / "data").symlink_to(target)
        reading = read(assignment)
        assert reading.unit.files == {}
        assert reading.notes == {"data": "a symbolic link: it is not followed"}

    def test_as_folder_of_the_assignment(self, assignment, path, course):
        bob = course.folder("submitted", "bob", ASSIGNMENT)
        bob.parent.mkdir()
        bob.symlink_to(path.parent)
        assert_refused(assignment, "symbolic link", "bob")

    def test_as_folder_of_the_student(self, assignment, path, course):
        course.folder("submitted", "bob", ".").symlink_to(path.parent.parent)
        assert_refused(assignment, "symbolic link", "bob")


class TestWhatIsNoPlainFile:
    """Nothing is opened that could block, or that has no end."""

    def test_a_pipe_as_notebook(self, assignment, path):
        path.unlink()
        os.mkfifo(path)
        assert_refused(assignment, "is no plain file")

    def test_a_folder_as_notebook(self, assignment, path):
        path.unlink()
        path.mkdir()
        (path / "inside.txt").write_text("x")
        assert_refused(assignment, "is no plain file")

    def test_a_pipe_and_a_socket_beside_it(self, assignment, path, monkeypatch):
        os.mkfifo(path.parent / "pipe")
        monkeypatch.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket")
            reading = read(assignment)
        assert reading.unit.files == {}
        assert reading.notes == dict.fromkeys(["pipe", "socket"], "no plain file: it is left out")

    def test_a_folder_called_like_a_notebook_beside_it(self, assignment, path):
        (path.parent / "old.ipynb").mkdir()
        (path.parent / "old.ipynb" / "x.csv").write_text("1")
        assert read(assignment).unit.files == {"old.ipynb/x.csv": b"1"}


class TestSizes:
    """Large files cost no memory: they are not read."""

    @pytest.fixture(autouse=True)
    def nothing_large_is_read(self, monkeypatch):
        original = Path.read_bytes

        def read_bytes(file):
            assert file.stat().st_size <= submissions.LARGEST_FILES
            return original(file)

        monkeypatch.setattr(Path, "read_bytes", read_bytes)

    def sparse(self, file, size):
        with file.open("wb") as opened:
            opened.truncate(size)

    def test_a_notebook_of_200_mb(self, assignment, path):
        self.sparse(path, 200 << 20)
        assert_refused(
            assignment, "has 200 MiB (at most 20): ask for the notebook without its outputs"
        )

    def test_a_file_of_200_mb_beside_it(self, assignment, path):
        self.sparse(path.parent / "big.bin", 200 << 20)
        (path.parent / "small.txt").write_text("x")
        reading = read(assignment)
        assert reading.unit.files == {"small.txt": b"x"}
        assert reading.notes.keys() == {"big.bin"}
        assert "at most 500 files and 64 MiB" in reading.notes["big.bin"]

    def test_many_middling_files(self, assignment, path):
        for number in range(4):
            self.sparse(path.parent / f"{number}.bin", 20 << 20)
        reading = read(assignment)
        assert reading.unit.files.keys() == {"0.bin", "1.bin", "2.bin"}
        assert reading.notes.keys() == {"3.bin"}

    def test_many_files(self, assignment, path):
        for number in range(submissions.MOST_FILES + 20):
            (path.parent / f"{number:04}.txt").write_text("x")
        reading = read(assignment)
        assert len(reading.unit.files) == submissions.MOST_FILES
        assert len(reading.notes) == 20

    def test_folders_in_folders(self, assignment, path):
        inner = path.parent
        for depth in range(1, 1200):
            inner = inner / "d"
            os.mkdir(inner)
            if depth in {3, 30, 1000}:
                (inner / "x.txt").write_text("x")
        try:
            reading = read(assignment)
        finally:
            subprocess.run(["rm", "-r", path.parent / "d"], check=True)  # too deep for shutil
        assert reading.unit.files == {"d/d/d/x.txt": b"x"}
        ((name, why),) = reading.notes.items()
        assert set(name) == {"d", "/"} and "more than 20 folders deep" in why


@pytest.mark.parametrize(
    "content",
    ["Übung".encode("latin1"), "{}".encode("utf16"), b"\x89PNG\r\n\x1a\n\xff", b"\xff\xfe\xfd"],
)
def test_what_is_no_text(assignment, path, content):
    path.write_bytes(content)
    assert_refused(assignment, "is not a notebook (no UTF-8 text)")


@pytest.mark.parametrize("method", ["read_text", "lstat"])
def test_a_notebook_that_cannot_be_read(assignment, path, monkeypatch, method):
    original = getattr(Path, method)

    def denied(file, *arguments, **named):
        if file.name == NAME:
            raise PermissionError(13, "Permission denied", str(file))
        return original(file, *arguments, **named)

    monkeypatch.setattr(Path, method, denied)
    assert_refused(assignment, "Permission denied")


def test_a_file_beside_it_that_cannot_be_read(assignment, path, monkeypatch):
    (path.parent / "secret.txt").write_text("x")

    def denied(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", denied)
    reading = read(assignment)
    assert "Permission denied" in str([reading.problems, reading.notes])


ODD = [
    "ü.txt",
    "a b.txt",
    "'; rm -rf ~",
    "-rf",
    "a\nb.txt",
    "\x1b[31mred",
    "=1+1",
    "x" * 255,
    "\u202etxt",
]


@pytest.mark.parametrize("name", [*ODD, os.fsdecode(b"\xff.txt")], ids=ascii)
def test_names_of_any_letters(assignment, path, name):
    (path.parent / name).write_text("x")
    (path.parent / "link").mkdir()
    (path.parent / "link" / name).symlink_to("/etc/passwd")
    reading = read(assignment)
    assert list(reading.unit.files.values()) == [b"x"]
    assert len(reading.notes) == 1
    assert reading.unit.digest() == read(assignment).unit.digest()


@pytest.mark.parametrize("student", ["ü", "a b", "o'neil", "-x", "x@y.org", "ünï'; drop", "0"])
def test_students_of_any_name(course, assignment, student):
    submit(course, student, released_notebook(course))
    assert student in students_who_submitted(course, ASSIGNMENT)
    assert read(assignment, student).unit.student == student


def test_who_has_handed_in(course, path):
    submit(course, "bob", released_notebook(course), "02_other")
    (course.folder("submitted", "carl", ASSIGNMENT)).mkdir(parents=True)
    (course.folder("submitted") / "stray.txt").write_text("x")
    assert students_who_submitted(course, ASSIGNMENT) == ["ann", "carl"]


def test_an_assignment_that_was_not_released(course):
    with pytest.raises(CourseError, match="there is no assignment '09_none'"):
        Assignment(course, "09_none")


class TestGradingAUnit:
    """Whatever is in a unit, nothing is raised: the batch goes on."""

    @pytest.fixture(autouse=True)
    def no_kernels(self, monkeypatch):
        self.files = None

        def grade_notebook(submitted, record, *, files, **named):
            self.files = files and {
                file.relative_to(files).as_posix(): file.read_bytes()
                for file in files.rglob("*")
                if file.is_file()
            }
            notebook = nbformat.v4.new_notebook(metadata={"derived": {"messages": []}})
            return Outcome(notebook, {}, [], 0.0)

        monkeypatch.setattr(work, "grade_notebook", grade_notebook)

    def test_files_of_the_instructor_win_over_a_students_of_the_same_name(self, course, path):
        source = course.folder("source", ".", ASSIGNMENT)
        (source / "data.csv").write_text("right")
        (path.parent / "data.csv").write_text("mine")
        (path.parent / "mine.csv").write_text("mine")
        graded = grade_unit(read(Assignment(course, ASSIGNMENT)).unit)
        assert graded.problems == {}
        assert self.files == {"data.csv": b"right", "mine.csv": b"mine"}

    @pytest.mark.parametrize(
        ("theirs", "ours"), [("data", "data/x.csv"), ("data/x.csv", "data"), ("a/b", "a/b/c")]
    )
    def test_a_file_where_the_instructor_has_a_folder(self, course, path, theirs, ours):
        source = course.folder("source", ".", ASSIGNMENT)
        for folder, name in ((path.parent, theirs), (source, ours)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        unit = read(Assignment(course, ASSIGNMENT)).unit
        graded = grade_unit(unit)
        assert graded.problems == {}
        assert self.files == {ours: ours.encode()}
        with Writer(course, Ledger(course, ASSIGNMENT)) as writer:
            writer.store(unit, graded)
        folder = course.folder("autograded", "ann", ASSIGNMENT)
        assert (folder / ours).read_text() == ours
        assert (folder / NAME).is_file()

    @pytest.mark.parametrize(
        "text", ["", "{", "[" * 100_000, '{"nbformat": 3}', '{"nbformat": 4, "cells": [[], 3]}']
    )
    def test_a_notebook_that_is_none(self, assignment, path, text):
        path.write_text(text)
        graded = grade_unit(read(assignment).unit)
        if text.endswith("[[], 3]}"):  # cells that are none are left out; restoring it will refuse
            assert graded.problems == {}
        else:
            assert graded.problems.keys() == {ASSIGNMENT}
            assert graded.problems[ASSIGNMENT].isprintable()
        assert Graded.from_json(graded.as_json()) == graded

    def test_a_fault_of_ours_is_one_line_that_says_where(self, assignment, path, monkeypatch):
        def fails(*arguments, **named):
            raise KeyError("first line\nsecond line")

        monkeypatch.setattr(work, "grade_notebook", fails)
        graded = grade_unit(read(assignment).unit)
        (reason,) = graded.problems.values()
        assert reason.startswith("internal error: KeyError") and "fails, line" in reason
        assert "\n" not in reason

    def test_names_of_any_letters_are_laid_out(self, assignment, path):
        names = [*ODD, os.fsdecode(b"\xff.txt")]
        for name in names:
            (path.parent / name).write_text("x")
        graded = grade_unit(read(assignment).unit)
        assert graded.problems == {}
        assert sorted(self.files) == sorted(names)
