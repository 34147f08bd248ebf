"""Rosters as Canvas, Moodle and spreadsheets write them, and the rows that are refused."""

from __future__ import annotations

import pytest

from derived.grading.errors import CourseError
from derived.grading.setup import Student, read_roster, update_roster
from derived.grading.setup.roster import known_students

from .small_course import make_course


def read(tmp_path, text, encoding="utf8"):
    path = tmp_path / "students.csv"
    path.write_bytes(text.encode(encoding))
    return read_roster(path)


@pytest.mark.parametrize("encoding", ["utf8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_separators_and_line_ends_do_not_matter(tmp_path, encoding, separator, end):
    rows = [
        ["id", "first_name", "last_name", "email", "lms_user_id"],
        ["s1", "Анна", "Müller", "anna@uni.example", "12345"],
        ["s2", "山田", "太郎", "", ""],
    ]
    text = end.join(separator.join(row) for row in rows) + end + end
    assert read(tmp_path, text, encoding) == [
        Student("s1", "Анна", "Müller", "anna@uni.example", "12345"),
        Student("s2", "山田", "太郎"),
    ]


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (99)
    Points Possible,,,,,10
"Müller, Anna Maria",4711,u1001,amueller,Deep Learning,
"Bee, Bob",4712,u1002,bbee,Deep Learning,7
"Student, Test",4713,,abcdef,Deep Learning,
"""
MOODLE = """"First name",Surname,"ID number","Email address"
Anna,Müller,,anna@uni.example
Bob,"Bee, Jr.",,bob@uni.example
"""


def test_exports_of_canvas_and_moodle_are_understood(tmp_path):
    assert read(tmp_path, CANVAS) == [
        Student("u1001", "Anna Maria", "Müller", "", "4711"),
        Student("u1002", "Bob", "Bee", "", "4712"),
    ]
    # Without numbers in it, Moodle's file leaves the addresses to tell students apart.
    assert read(tmp_path, MOODLE) == [
        Student("anna@uni.example", "Anna", "Müller", "anna@uni.example"),
        Student("bob@uni.example", "Bob", "Bee, Jr.", "bob@uni.example"),
    ]


@pytest.mark.parametrize(
    "header", ["id", "ID", "Student ID", "student_id", "Student-Id", "SIS User ID", "Username"]
)
def test_headers_are_spelled_as_people_spell_them(tmp_path, header):
    found = read(tmp_path, f"Surname, Given Name ,{header},E-Mail\nArbor,Ann,a1,a@b.example\n")
    assert found == [Student("a1", "Ann", "Arbor", "a@b.example")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("first,last\na,b\n", r"no column with the students' ids \(its headers: first, last\)"),
        ("id,email\na1,x\n,y\n", "row 3: the id is empty"),
        ("id\na1\n\nA1\n", "row 4: the id 'A1' stands in row 2 already"),
        ("id\na/b\n", "row 2: the id 'a/b' holds '/'"),
        ("id\na\\b\n", r"row 2: the id 'a\\\\b' holds"),
        ("id\n..\n", "row 2: the id '..' starts with a dot"),
        ("id\na..b\n", r"row 2: the id 'a..b' holds '\.\.'"),
        ("id\n.hidden\n", "row 2: the id '.hidden' starts with a dot"),
        ("id\n1.23457E+11\n", "holds '\\+', which nbgrader cannot use .was it rounded"),
        ("id\na*\n", "row 2: the id 'a\\*' holds"),
        ('id\n"a\nb"\n', r"row 2: the id 'a\\nb' holds a control character"),
        (f"id\n{'x' * 129}\n", "row 2: the id has more than 128 characters"),
        ("id,name\na1,Arbor, Ann\n", "row 2: 3 fields below 2 headers"),
        ('id\n"a1\n', "is not a CSV file"),
    ],
)
def test_a_wrong_row_is_named_in_one_line(tmp_path, text, message):
    with pytest.raises(CourseError, match=message) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value) and "students.csv" in str(caught.value)


def test_other_encodings_and_files_are_refused(tmp_path):
    with pytest.raises(CourseError, match=r"students.csv is not in UTF-8: .*'CSV UTF-8'"):
        read(tmp_path, "id,last\ns1,Müller\n", "cp1252")
    (tmp_path / "students.xlsx").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(CourseError, match="is not a CSV file"):
        read_roster(tmp_path / "students.xlsx")
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        read_roster(tmp_path / "nothing.csv")


def test_reading_again_adds_and_updates_and_removes_nobody(tmp_path):
    course = make_course(
        tmp_path, "id,first_name,email\nann,Ann,ann@x.example\nbob,Bob,\n", released=False
    )
    later = tmp_path / "later.csv"
    later.write_text("id,first_name,email\nann,Anna,\ncid,Cid,\n", "utf8")
    done = update_roster(course, later)
    assert (done.added, done.updated, done.unchanged) == (("cid",), ("ann",), ())
    assert known_students(course) == [
        Student("ann", "Anna", "", "ann@x.example"),
        Student("bob", "Bob"),
        Student("cid", "Cid"),
    ]
    assert update_roster(course, later).unchanged == ("ann", "cid")


def test_a_wrong_file_changes_nothing(tmp_path):
    course = make_course(tmp_path, "id\nann\n", released=False)
    wrong = tmp_path / "wrong.csv"
    for text, message in [
        ("id\nbob\nb/c\n", "row 3"),
        ("id\nbob\nAnn\n", "the id 'Ann' is in the gradebook as 'ann'"),
    ]:
        wrong.write_text(text, "utf8")
        with pytest.raises(CourseError, match=message):
            update_roster(course, wrong)
        assert [student.id for student in known_students(course)] == ["ann"]
