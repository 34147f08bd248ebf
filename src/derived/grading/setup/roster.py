"""The list of students: from a CSV file, as Canvas, Moodle or a spreadsheet write it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, fields
from pathlib import Path

from nbgrader.api import Student as GradebookStudent

from ..course import Course
from ..errors import CourseError
from .student_ids import id_problem

__all__ = ["RosterReport", "Student", "known_students", "read_roster", "update_roster"]

# Headers without case, spaces and signs. The first of an entry that holds anything is taken: in
# Canvas's export, "ID" is Canvas's own number and "SIS User ID" the university's.
_COLUMNS = {
    "id": (
        "studentid", "sisuserid", "sisloginid", "id", "idnumber", "studentnumber",
        "matriculationnumber", "matrikelnummer", "username", "login", "userid", "student",
        "emailaddress", "email",
    ),
    "first_name": ("firstname", "firstnames", "givenname", "vorname", "forename"),
    "last_name": ("lastname", "surname", "familyname", "nachname"),
    "email": ("email", "emailaddress", "mail", "emails"),
    "lms_user_id": ("lmsuserid", "lmsid", "canvasuserid", "canvasid", "moodleid", "userid", "id"),
    "name": ("name", "fullname", "studentname", "sortablename", "displayname", "student"),
}  # fmt: skip
# Rows that Canvas adds to its exports.
_NO_STUDENT = {"points possible", "student, test", "test student"}


@dataclass(frozen=True)
class Student:
    """A row of the roster; only ``id`` is never empty."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def name(self) -> str:
        """First and last name, or nothing."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class RosterReport:
    """Ids of the students who are new, whose entry changed, and who were there as they are."""

    added: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]


def read_roster(path: Path) -> list[Student]:
    """Return the students of a CSV file, in its order.

    Separator (comma, semicolon, tab), byte order mark, line ends, and the spelling of the headers
    do not matter: "Student ID", "SIS User ID", "Email address" are understood.

    Raises
    ------
    CourseError : if the file cannot be read, has no column of ids, or a row is wrong; the message
        names the row as a spreadsheet numbers it.
    """
    rows = _rows(path)
    if not rows:
        raise CourseError(
            f"{path.name} is empty: it needs a line of headers, then a student a line"
        )
    headers = [_plain(header) for header in rows[0][1]]
    columns = _columns(path, rows[0][1], headers, [row for _, row in rows[1:]])
    students: dict[str, tuple[int, Student]] = {}
    for number, row in rows[1:]:
        if len(row) > len(headers) and any(field for field in row[len(headers) :]):
            raise CourseError(
                f"{path.name}, row {number}: {len(row)} fields below {len(headers)} headers: put "
                "a field that holds the separator in quotes"
            )
        entry = {name: row[index] for name, index in columns.items() if index < len(row)}
        if not _is_student(entry):
            continue
        student = _student(path, number, entry)
        if (key := student.id.casefold()) in students:
            raise CourseError(
                f"{path.name}, row {number}: the id {student.id!r} stands in row "
                f"{students[key][0]} already: every student needs an id of their own"
            )
        students[key] = (number, student)
    return [student for _, student in students.values()]


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows that hold anything, each with its number."""
    text = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        rows = [(n, [field.strip() for field in row]) for n, row in enumerate(reader, 1)]
    except csv.Error as error:
        raise CourseError(f"{path.name} is not a CSV file: {error}") from error
    return [(number, row) for number, row in rows if any(row)]


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"the roster {path} cannot be read: {error.strerror}") from error
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise CourseError(
            f"{path.name} is not in UTF-8: export it again, in a spreadsheet as 'CSV UTF-8'"
        ) from None
    if "\0" in text:
        raise CourseError(f"{path.name} is not a CSV file: export your spreadsheet as 'CSV UTF-8'")
    return unicodedata.normalize("NFC", text)


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", header).casefold()


def _columns(
    path: Path, shown: list[str], headers: list[str], rows: list[list[str]]
) -> dict[str, int]:
    """Return the place of each field that the file has."""

    def place(spellings: tuple[str, ...], taken: set[int]) -> int | None:
        for spelling in spellings:
            for index, header in enumerate(headers):
                filled = not rows or any(index < len(row) and row[index] for row in rows)
                if header == spelling and index not in taken and filled:
                    return index
        return None

    columns: dict[str, int] = {}
    for field, spellings in _COLUMNS.items():
        # An address may be both id and e-mail; no other column stands for two fields.
        taken = set() if field == "email" else set(columns.values())
        if (index := place(spellings, taken)) is not None:
            columns[field] = index
    if "id" not in columns:
        raise CourseError(
            f"{path.name} has no column with the students' ids (its headers: {', '.join(shown)}): "
            "name one of them id"
        )
    return columns


def _is_student(entry: dict[str, str]) -> bool:
    if not any(entry.values()):
        return False
    return bool(entry.get("id")) or entry.get("name", "").casefold() not in _NO_STUDENT


def _student(path: Path, number: int, entry: dict[str, str]) -> Student:
    if problem := id_problem(entry.get("id", "")):
        raise CourseError(f"{path.name}, row {number}: {problem}")
    first, last = entry.get("first_name", ""), entry.get("last_name", "")
    if not first and not last and entry.get("name"):
        first, last = _split(entry["name"])
    return Student(entry["id"], first, last, entry.get("email", ""), entry.get("lms_user_id", ""))


def _split(name: str) -> tuple[str, str]:
    """Return first and last name of "Müller, Anna Maria" or "Anna Maria Müller"."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def known_students(course: Course) -> list[Student]:
    """Return the students in the gradebook, by id."""
    columns = [getattr(GradebookStudent, f.name) for f in fields(Student)]
    with course.gradebook() as gradebook:  # without the scores, which cost a query for each
        rows = gradebook.db.query(*columns).all()
    found = [Student(*(value or "" for value in row)) for row in rows]
    return sorted(found, key=lambda student: student.id)


def update_roster(course: Course, path: Path) -> RosterReport:
    """Add the students of a CSV file to the gradebook, and renew what it says of those there.

    Nobody is removed, and an empty field of the file leaves the gradebook's as it is.
    Raises CourseError as :func:`read_roster` does; then nothing is changed.
    """
    students = read_roster(path)
    added, updated, unchanged = [], [], []
    with course.gradebook() as gradebook:
        present = {student.id: student for student in gradebook.students}
        _refuse_other_case(path, students, set(present))
        for student in students:
            stored = present.get(student.id)
            if stored is None:
                gradebook.db.add(GradebookStudent(id=student.id, **_filled(student)))
                added.append(student.id)
            elif _renew(stored, student):
                updated.append(student.id)
            else:
                unchanged.append(student.id)
        gradebook.db.commit()  # one transaction: all of the file, or nothing
    return RosterReport(tuple(added), tuple(updated), tuple(unchanged))


def _refuse_other_case(path: Path, students: list[Student], present: set[str]) -> None:
    """Two ids that differ in capitals only would share a folder on some systems."""
    spelled = {student.casefold(): student for student in present}
    for student in students:
        other = spelled.get(student.id.casefold(), student.id)
        if other != student.id and student.id not in present:
            raise CourseError(
                f"{path.name}: the id {student.id!r} is in the gradebook as {other!r}: "
                "spell it as there"
            )


def _filled(student: Student) -> dict[str, str]:
    names = ("first_name", "last_name", "email", "lms_user_id")
    return {name: getattr(student, name) for name in names if getattr(student, name)}


def _renew(stored: GradebookStudent, student: Student) -> bool:
    changes = {k: v for k, v in _filled(student).items() if getattr(stored, k) != v}
    for name, value in changes.items():
        setattr(stored, name, value)
    return bool(changes)
