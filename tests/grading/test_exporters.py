"""Points for Canvas, Moodle and spreadsheets: nothing lost, nothing invented, no formula."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.exporters import (
    CanvasExporter,
    CsvExporter,
    MoodleExporter,
    defused,
    export,
)

from .graded_course import ASSIGNMENT, add_submission, make_course

FULL: dict[str, float | None] = {"test_mean": 2.0, "test_centred": 3.0, "written": 4.5}
WAITS = FULL | {"written": None}
NAMES = {
    "comma": "Doe, Jane",
    "quote": 'The "Great"',
    "newline": "Two\nLines",
    "crlf": "Two\r\nLines",
    "arabic": "محمد",
    "chinese": "王小明",
    "emoji": "A 🎓",
    "accents": "Ærøskøbing Żółć",
    "dash": "Anna-Lena O'Neil",
}
#: What a spreadsheet would take for a formula, some of it behind what is not seen.
FORMULAS = (
    *("=1+1", "=cmd|' /C calc'!A0", "+1", "-Anna", "@SUM(A1)", "\t=1", "\r=1", "  =1"),
    *("\u00a0=1", "\u200b=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠x", "\n=1", "\x00=1", "\tx"),
)
FORMS = ("canvas", "moodle", "csv")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return make_course(tmp_path)


def rows(path: Path) -> list[list[str]]:
    text = path.read_bytes().decode("utf-8-sig")
    # Universal newlines would change what stands inside a field: newline="" keeps it.
    return list(csv.reader(io.StringIO(text, newline="")))


def table(course: Course, form: str, assignment: str | None = ASSIGNMENT) -> list[dict[str, str]]:
    head, *body = rows(export(course, form, assignment, course.root / "out" / f"{form}.csv"))
    return [dict(zip(head, row, strict=True)) for row in body]


def test_canvas_gets_its_columns_and_the_row_of_points(course):
    add_submission(course, "ann", FULL, first_name="Ann", last_name="Bell", lms_user_id="4711")
    points, ann = table(course, "canvas")
    assert list(ann) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", ASSIGNMENT]
    assert points["Student"] == "    Points Possible" and points[ASSIGNMENT] == "10"
    assert (ann["Student"], ann["ID"], ann["SIS Login ID"]) == ("Bell, Ann", "4711", "ann")
    assert ann[ASSIGNMENT] == "9.5"


def test_canvas_columns_can_be_named_as_canvas_names_them(course):
    with (course.root / "nbgrader_config.py").open("a", encoding="utf8") as stream:
        stream.write(f'c.CanvasExporter.columns = {{"{ASSIGNMENT}": "Means (4711)"}}\n')
    add_submission(course, "ann", FULL)
    assert table(Course.open(course.root), "canvas")[1]["Means (4711)"] == "9.5"


def test_moodle_gets_its_worksheet(course):
    add_submission(course, "ann", FULL, first_name="Ann", last_name="Bell", lms_user_id="17")
    add_submission(course, "bob", FULL, lms_user_id="Participant 18", email="bob@a.org")
    with course.gradebook() as gradebook:
        for cell in ("written", "mean"):
            found = gradebook.find_comment(cell, "lab", ASSIGNMENT, "ann")
            found.manual_comment = f'About "{cell}", well done.'
        gradebook.db.commit()
    bob, ann = table(course, "moodle")
    assert ann == {
        "Identifier": "Participant 17",
        "Full name": "Ann Bell",
        "Email address": "",
        "Status": "graded",
        "Grade": "9.5",
        "Maximum Grade": "10",
        "Grade can be changed": "Yes",
        "Last modified (submission)": "2025-01-05 12:00:00 UTC",
        "Last modified (grade)": "-",
        "Feedback comments": 'About "mean", well done.\nAbout "written", well done.',
    }
    assert (bob["Identifier"], bob["Full name"]) == ("Participant 18", "bob")
    assert bob["Email address"] == "bob@a.org"


def test_a_moodle_worksheet_holds_one_assignment(course):
    with course.gradebook() as gradebook:
        gradebook.add_assignment("ps2")
    with pytest.raises(CourseError, match=r"choose one with --assignment, of ps1, ps2"):
        export(course, "moodle", None, course.root / "m.csv")
    assert not (course.root / "m.csv").exists()


def test_a_spreadsheet_gets_every_number(course):
    add_submission(course, "ann", FULL, first_name="Ann", last_name="Bell", email="a@b.org")
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("written", "lab", ASSIGNMENT, "ann")
        grade.manual_score, grade.extra_credit = 4.0, 0.5
        gradebook.find_submission_notebook("lab", ASSIGNMENT, "ann").late_submission_penalty = 1.25
        gradebook.db.commit()
    (ann,) = table(course, "csv")
    assert ann == {
        "assignment": ASSIGNMENT,
        "student_id": "ann",
        "last_name": "Bell",
        "first_name": "Ann",
        "email": "a@b.org",
        "submitted": "2025-01-05 12:00:00 UTC",
        "status": "graded",
        "points_by_tests": "5",
        "points_by_hand": "4.5",
        "late_penalty": "1.25",
        "score": "8.25",
        "max_score": "10",
        "test_mean": "2",
        "test_centred": "3",
        "written": "4.5",
    }


def test_all_assignments_go_into_one_spreadsheet(course):
    add_submission(course, "ann", FULL)
    with course.gradebook() as gradebook:
        gradebook.add_assignment("ps2")
        gradebook.add_notebook("a", "ps2")
        gradebook.add_notebook("b", "ps2")
        for notebook in ("a", "b"):
            gradebook.add_grade_cell("t", notebook, "ps2", max_score=1, cell_type="code")
    one, two = table(course, "csv", None)
    assert (one["assignment"], two["assignment"]) == ("ps1", "ps2")
    assert (one["ps1/test_mean"], two["ps1/test_mean"]) == ("2", "")
    assert (two["status"], two["score"], two["ps2/a/t"]) == ("not handed in", "", "")
    canvas = table(course, "canvas", None)
    assert canvas[0]["ps2"] == "2" and (canvas[1]["ps1"], canvas[1]["ps2"]) == ("9.5", "")


@pytest.fixture(scope="module")
def half_graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course in which each student's grade is missing for another reason."""
    course = make_course(tmp_path_factory.mktemp("half-graded"))
    add_submission(course, "graded", dict.fromkeys(FULL, 0.0))
    add_submission(course, "waiting", WAITS)
    add_submission(course, "nothing", dict.fromkeys(FULL))
    with course.gradebook() as gradebook:
        gradebook.add_student("missing")
        gradebook.add_student("failed")
        # Points that were given stand in the gradebook, but the answer has changed since.
        add_submission(course, "again", FULL)
        grade = gradebook.find_grade("written", "lab", ASSIGNMENT, "again")
        grade.manual_score, grade.needs_manual_grade = 5.0, True
        gradebook.db.commit()
    handed_in = course.folder("submitted", "failed", ASSIGNMENT)
    handed_in.mkdir(parents=True)
    (handed_in / "lab.ipynb").write_text("not a notebook", "utf8")
    add_submission(course, "later", FULL)
    for step, when in (("submitted", "2025-02-02"), ("autograded", "2025-01-01")):
        folder = course.folder(step, "later", ASSIGNMENT)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lab.ipynb").touch()
        (folder / "timestamp.txt").write_text(f"{when} 10:00:00 UTC", "utf8")
    return course


@pytest.mark.parametrize("form", FORMS)
def test_what_nobody_has_graded_is_never_zero(half_graded, form):
    who = {"canvas": "SIS Login ID", "moodle": "Full name", "csv": "student_id"}[form]
    grade_column = {"canvas": ASSIGNMENT, "moodle": "Grade", "csv": "score"}[form]
    found = {row[who]: row for row in table(half_graded, form)}
    assert found["graded"][grade_column] == "0"
    words = {
        "waiting": "needs a person",
        "nothing": "needs a person",
        "again": "needs a person",
        "missing": "not handed in",
        "failed": "not graded",
        "later": "not graded",
    }
    for student, word in words.items():
        row = found[student]
        assert row[grade_column] == "", student
        assert row.get("Status", row.get("status", word)) == word
    if form == "csv":
        assert found["waiting"]["points_by_tests"] == "5" and found["waiting"]["written"] == ""
        assert found["missing"]["points_by_tests"] == "" and found["nothing"]["late_penalty"] == ""


def test_a_late_penalty_does_not_make_points_negative(course):
    add_submission(course, "ann", dict.fromkeys(FULL, 1.0))
    with course.gradebook() as gradebook:
        gradebook.find_submission_notebook("lab", ASSIGNMENT, "ann").late_submission_penalty = 9.0
        gradebook.db.commit()
    assert table(course, "csv")[0]["score"] == "0"


def test_points_are_not_written_with_the_noise_of_sums(course):
    add_submission(course, "ann", {"test_mean": 0.1, "test_centred": 0.2, "written": 1 / 3})
    row = table(course, "csv")[0]
    assert (row["score"], row["written"]) == ("0.6333", "0.3333")


@pytest.fixture(scope="module")
def with_names(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course in which everybody has handed in, under names of all kinds."""
    course = make_course(tmp_path_factory.mktemp("with-names"))
    for student, name in NAMES.items():
        add_submission(course, student, FULL, first_name=name, last_name=name)
    return course


@pytest.mark.parametrize("form", FORMS)
def test_names_survive_a_round_trip(with_names, form):
    course = with_names
    raw = export(course, form, ASSIGNMENT, course.root / "x.csv").read_bytes()
    text = raw.decode("utf-8-sig")
    assert raw.startswith(b"\xef\xbb\xbf") is (form == "csv")
    assert all(line.startswith('"') for line in text.split('"\r\n"')[:1])
    shown = [cell for row in rows(course.root / "x.csv") for cell in row]
    for name in NAMES.values():
        expected = {"canvas": f"{name}, {name}", "moodle": f"{name} {name}", "csv": name}[form]
        assert expected in shown, name
    assert len({len(row) for row in rows(course.root / "x.csv")}) == 1


@pytest.fixture(scope="module")
def with_formulas(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Return a course in which each student has a formula everywhere, one or another."""
    course = make_course(tmp_path_factory.mktemp("with-formulas"))
    for number, text in enumerate(FORMULAS):
        student = f"eve{number}"
        add_submission(course, student, FULL, first_name=text, last_name=text, email=text)
        with course.gradebook() as gradebook:
            gradebook.find_student(student).lms_user_id = text
            gradebook.find_comment("written", "lab", ASSIGNMENT, student).manual_comment = text
            gradebook.db.commit()
    return course


@pytest.mark.parametrize("form", FORMS)
def test_no_field_begins_a_formula(with_formulas, form):
    course = with_formulas
    found = rows(export(course, form, ASSIGNMENT, course.root / f"{form}.csv"))
    # Beside the head, and the points that are possible.
    assert len(found) == len(FORMULAS) + (2 if form == "canvas" else 1)
    for row in found:
        for cell in row:
            visible = cell.lstrip(" \t\r\n\u00a0\u200b\ufeff")
            assert cell == "-" or not visible.startswith(tuple("=+-@＝＋－＠\x00")), cell
            assert cell[:1] not in ("\t", "\r")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1", "x;'=1"),  # Excel in many countries splits fields at semicolons
        ("x\t-1", "x\t'-1"),
        ("a-b = c", "a-b = c"),
        ("Anna-Lena, née O'Neil", "Anna-Lena, née O'Neil"),
        ("'=1", "'=1"),
        ("", ""),
        ("\ud800x", "x"),
        ("ﬃ=1", "ﬃ=1"),
        ("ﬃ;=1", "ﬃ;'=1"),
    ],
)
def test_an_apostrophe_stands_where_a_formula_would_begin(text, safe):
    assert defused(text) == safe


def test_the_file_is_replaced_whole(course, monkeypatch):
    add_submission(course, "ann", FULL)
    target = export(course, "csv", ASSIGNMENT, course.root / "x.csv")
    before = target.read_bytes()

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        export(course, "moodle", ASSIGNMENT, target)
    assert target.read_bytes() == before and [p.name for p in course.root.glob(".x.csv*")] == []


@pytest.mark.parametrize(
    ("form", "assignment", "message"),
    [
        ("excel", ASSIGNMENT, r"no format 'excel': it is one of canvas, moodle, csv"),
        ("csv", "ps9", r"no assignment 'ps9': it has ps1"),
    ],
)
def test_what_cannot_be_exported_gets_one_clear_line(course, form, assignment, message):
    with pytest.raises(CourseError, match=message) as caught:
        export(course, form, assignment, course.root / "x.csv")
    assert "\n" not in str(caught.value)


def test_nbgraders_own_command_takes_an_exporter(course):
    add_submission(course, "ann", FULL, lms_user_id="4711")
    words = ["export", "--exporter", "derived.grading.exporters.CanvasExporter"]
    words += ["--to", "theirs.csv", "--assignment", f"['{ASSIGNMENT}']"]
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=course.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = (course.root / "theirs.csv").read_bytes()
    assert theirs == export(course, "canvas", ASSIGNMENT, course.root / "ours.csv").read_bytes()


@pytest.mark.parametrize("kind", [CanvasExporter, MoodleExporter, CsvExporter])
def test_nbgraders_options_choose_students_and_assignments(course, monkeypatch, kind):
    add_submission(course, "ann", FULL)
    add_submission(course, "bob", WAITS)
    with course.gradebook() as gradebook:
        gradebook.add_assignment("ps2")
        monkeypatch.chdir(course.root)
        kind(assignment=[ASSIGNMENT], student=["ann"]).export(gradebook)
    found = rows(course.root / f"grades-{kind.form}.csv")
    ours = rows(export(course, kind.form, ASSIGNMENT, course.root / "ours.csv"))
    assert found == [row for row in ours if "bob" not in row]
