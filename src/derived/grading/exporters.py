"""Points for Canvas, for Moodle, and for a spreadsheet.

Each field is quoted, and none begins a formula in a spreadsheet: names come from students. Points
that nobody has given yet are an empty field, never 0.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from traitlets import Dict

from derived.atomic import write_atomically

from .course import CONFIGURATION, Course
from .errors import CourseError
from .marks import Marks, Result, read_comments, read_marks

__all__ = ["FORMS", "CanvasExporter", "CsvExporter", "MoodleExporter", "defused", "export"]

Rows = list[list[str]]

# A formula at the start, or after a mark that a spreadsheet of another country splits fields at.
_STARTS = re.compile(r"(^|[;,|\t\r\n])([\s\u200b-\u200f\u2060\ufeff]*)(?=[=+\-@])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def defused(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe goes before one.

    ``=``, ``+``, ``-``, ``@`` and their full-width forms count, after any white space; so does a
    tab or a carriage return at the start. Control characters are left out.
    """
    text = _CONTROLS.sub("", text)
    # Positions must not move: characters whose normal form is longer are compared as they are.
    plain = "".join(n if len(n := unicodedata.normalize("NFKC", c)) == 1 else c for c in text)
    places = [match.end() for match in _STARTS.finditer(plain)]
    if text[:1] in ("\t", "\r"):
        places.append(0)
    for place in sorted(set(places), reverse=True):
        text = f"{text[:place]}'{text[place:]}"
    return text


def _number(value: float | None) -> str:
    """Return points with at most four decimals; nothing for points that nobody has given."""
    return "" if value is None else f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def _moment(value: datetime.datetime | None) -> str:
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S UTC")


def _full_name(result: Result) -> str:
    name = f"{result.student.first_name} {result.student.last_name}".strip()
    return defused(name or result.student.id)


def _canvas(all_marks: Sequence[Marks], columns: Mapping[str, str], _: Gradebook) -> Rows:
    """Return the table that Canvas imports; it matches students by ID, else by login."""
    heads = [defused(columns.get(marks.assignment, marks.assignment)) for marks in all_marks]
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *heads]]
    rows.append(
        ["    Points Possible", "", "", "", "", *(_number(marks.maximum) for marks in all_marks)]
    )
    for results in zip(*(marks.results for marks in all_marks), strict=True):
        student = results[0].student
        name = ", ".join(part for part in (student.last_name, student.first_name) if part)
        about = [name or student.id, student.lms_user_id, "", student.id, ""]
        totals = [_number(result.total) for result in results]
        rows.append([*map(defused, about), *totals])
    return rows


_MOODLE = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
)


def _moodle(all_marks: Sequence[Marks], _: Mapping[str, str], gradebook: Gradebook) -> Rows:
    """Return Moodle's offline grading worksheet; it matches students by its own identifier."""
    if len(all_marks) != 1:
        names = ", ".join(marks.assignment for marks in all_marks)
        raise CourseError(
            f"a Moodle worksheet holds one assignment: choose one with --assignment, of {names}"
        )
    (marks,) = all_marks
    comments = read_comments(gradebook, marks.assignment)
    rows = [list(_MOODLE)]
    for result in marks.results:
        identifier = result.student.lms_user_id
        if identifier.isascii() and identifier.isdigit():
            identifier = f"Participant {identifier}"
        said = "\n".join(text for _, text in comments.get(result.student.id, []))
        rows.append(
            [
                defused(identifier or result.student.id),
                _full_name(result),
                defused(result.student.email),
                result.status,
                _number(result.total),
                _number(marks.maximum),
                "Yes",
                _moment(result.submitted) or "-",
                "-",
                defused(said if result.total is not None else ""),
            ]
        )
    return rows


_CSV = (
    "assignment",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "submitted",
    "status",
    "points_by_tests",
    "points_by_hand",
    "late_penalty",
    "score",
    "max_score",
)


def _csv(all_marks: Sequence[Marks], _: Mapping[str, str], __: Gradebook) -> Rows:
    """Return a row for each student and assignment, with a column for each task."""
    several = len(all_marks) > 1
    tasks = [(m.assignment, task.label) for m in all_marks for task in m.tasks]
    heads = [defused(f"{name}/{label}" if several else label) for name, label in tasks]
    rows = [[*_CSV, *heads]]
    for marks in all_marks:
        for result in marks.results:
            student = result.student
            names = (student.id, student.last_name, student.first_name, student.email)
            given = any(points is not None for points in result.points.values())
            sums = (result.automatic, result.by_hand, result.penalty)
            rows.append(
                [
                    defused(marks.assignment),
                    *map(defused, names),
                    _moment(result.submitted),
                    result.status,
                    *(_number(value if given else None) for value in sums),
                    _number(result.total),
                    _number(marks.maximum),
                    *(
                        _number(result.points[label]) if name == marks.assignment else ""
                        for name, label in tasks
                    ),
                ]
            )
    return rows


FORMS: dict[str, Callable[[Sequence[Marks], Mapping[str, str], Gradebook], Rows]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "csv": _csv,
}


def _encoded(form: str, rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    # Without the mark at the start Excel reads names in the wrong alphabet; Canvas and Moodle
    # expect none.
    return text.getvalue().encode("utf-8-sig" if form == "csv" else "utf-8")


def _write(
    gradebook: Gradebook,
    form: str,
    assignments: Sequence[str],
    destination: Path,
    *,
    course: Course | None,
    columns: Mapping[str, str],
    students: Sequence[str] = (),
) -> Path:
    if form not in FORMS:
        raise CourseError(f"there is no format {form!r}: it is one of {', '.join(FORMS)}")
    names = list(assignments) or sorted(a.name for a in gradebook.assignments)
    if not names:
        raise CourseError("the gradebook has no assignment yet: release one first")
    all_marks = [read_marks(gradebook, name, course) for name in names]
    if students:
        all_marks = [
            Marks(m.assignment, m.tasks, tuple(r for r in m.results if r.student.id in students))
            for m in all_marks
        ]
    rows = FORMS[form](all_marks, columns, gradebook)
    write_atomically(destination, _encoded(form, rows))
    return destination


def export(course: Course, form: str, assignment: str | None, destination: Path | str) -> Path:
    """Write the points of a course to a file.

    form : ``"canvas"``, ``"moodle"`` or ``"csv"``. Canvas knows its columns by names such as
        ``"Means (4711)"``: set them as ``c.CanvasExporter.columns = {"01_small": "Means (4711)"}``.
    assignment : one, or None for all; Moodle takes one.
    destination : the file; what was there is replaced.

    Returns the file. What is missing, not graded, or waits for a person has an empty grade, and a
    word for it where the format has a place. Raises CourseError for an unknown format or
    assignment.
    """
    columns = course.config.get("CanvasExporter", {}).get("columns", {})
    with course.gradebook() as gradebook:
        wanted = [assignment] if assignment else []
        return _write(
            gradebook, form, wanted, Path(destination), course=course, columns=dict(columns)
        )


class CsvExporter(ExportPlugin):
    """For ``nbgrader export --exporter derived.grading.exporters.CsvExporter``."""

    form = "csv"
    columns = Dict({}, help="Canvas's name of the column of each assignment").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the points of the gradebook to ``--to``, by default ``grades-FORM.csv``."""
        directory: Any = getattr(self.parent, "coursedir", None)
        root = Path(directory.root) if directory is not None else Path()
        course = Course(root) if (root / CONFIGURATION).is_file() else None
        written = _write(
            gradebook,
            self.form,
            [str(name) for name in self.assignment],
            Path(self.to or f"grades-{self.form}.csv"),
            course=course,
            columns=self.columns,
            students=[str(student) for student in self.student],
        )
        self.log.info("Points written to %s", written)


class CanvasExporter(CsvExporter):
    """For ``nbgrader export --exporter derived.grading.exporters.CanvasExporter``."""

    form = "canvas"


class MoodleExporter(CsvExporter):
    """For ``nbgrader export --exporter derived.grading.exporters.MoodleExporter``."""

    form = "moodle"
