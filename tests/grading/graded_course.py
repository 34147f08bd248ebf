"""A course that was graded already: a gradebook and autograded notebooks, without any kernel."""

from __future__ import annotations

import atexit
import base64
import functools
import shutil
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from derived.grading.course import Course

from .small_course import cell

ASSIGNMENT = "ps1"
CONFIGURATION = """from pathlib import Path

from derived.grading.feedback import configure

c = get_config()
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "small"
configure(c)
"""
#: Cells with points, in the notebook's order, and the most that each gives.
POINTS = {"test_mean": 2.0, "test_centred": 3.0, "written": 5.0}
HIDDEN = "secret_expected = 42.125"
TEST = f"""assert mean([1, 3]) == 2, "mean([1, 3]) must be 2"
### BEGIN HIDDEN TESTS
{HIDDEN}
assert mean([0, 84.25]) == secret_expected
### END HIDDEN TESTS"""


def png(width: int = 2, height: int = 2) -> str:
    """Return a real PNG as base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\x00" + b"\x80" * width for _ in range(height)))
    content = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + content).decode("ascii")


@functools.cache
def _template() -> Path:
    """Make the folder and its gradebook once a process: nbgrader takes seconds for a new one."""
    folder = Path(tempfile.mkdtemp(prefix="graded-course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "nbgrader_config.py").write_text(CONFIGURATION, "utf8")
    with Course.open(folder).gradebook() as gradebook:
        gradebook.add_assignment(ASSIGNMENT)
        gradebook.add_notebook("lab", ASSIGNMENT)
        for name, points in POINTS.items():
            kind = "markdown" if name == "written" else "code"
            gradebook.add_grade_cell(name, "lab", ASSIGNMENT, max_score=points, cell_type=kind)
        for name in ("mean", "centred", "written"):
            gradebook.add_solution_cell(name, "lab", ASSIGNMENT)
    return folder


def make_course(folder: Path) -> Course:
    """Return a course with the assignment and nobody in it."""
    shutil.copytree(_template(), folder / "course")
    return Course.open(folder / "course")


def autograded_notebook(**answers: str) -> NotebookNode:
    """Return a graded notebook; answers replace the sources of the student's cells by name."""
    return nbformat.v4.new_notebook(
        cells=[
            cell("markdown", "# Means\n\nSome text with $x_i$.\n\n## 1 The mean\n\nWrite it."),
            cell(
                "code",
                answers.get("mean", "def mean(x):\n    return sum(x) / len(x)"),
                "mean",
                solution=True,
            ),
            cell("code", TEST, "test_mean", points=2.0),
            cell("markdown", "## 2 Centred data"),
            cell("code", answers.get("centred", "centred = None"), "centred", solution=True),
            cell("code", "assert centred([1, 3]) == [-1, 1]", "test_centred", points=3.0),
            cell("markdown", "## 3 Why the mean\n\nDerive it."),
            cell(
                "markdown",
                answers.get("written", "Because $2\\bar x = 0$."),
                "written",
                points=5.0,
                solution=True,
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with a grade id."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def fail(test: NotebookNode, message: str | None) -> None:
    """Let a test cell be one that failed: as our grader stores it, or (None) as nbgrader does."""
    lines = ["Traceback …", f"----> {HIDDEN}", "AssertionError: 41.0 is not 42.125"]
    test.outputs = [
        new_output("error", ename="AssertionError", evalue="41.0 is not 42.125", traceback=lines)
    ]
    if message is not None:
        test.metadata["derived"] = {"failed": "hidden", "student_message": message}


def add_submission(
    course: Course,
    student: str,
    scores: dict[str, float | None],
    notebook: NotebookNode | None = None,
    **about: Any,
) -> None:
    """Add a student with a graded submission.

    scores : points of each cell; None waits for a person.
    notebook : what lies in the autograded folder.
    about : of the student, such as ``first_name``.
    """
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student(student, **about)
        gradebook.update_or_create_submission(
            ASSIGNMENT, student, timestamp="2025-01-05 12:00:00 UTC"
        )
        for name, score in scores.items():
            grade = gradebook.find_grade(name, "lab", ASSIGNMENT, student)
            grade.auto_score, grade.needs_manual_grade = score, score is None
        gradebook.db.commit()
    path = course.folder("autograded", student, ASSIGNMENT) / "lab.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(autograded_notebook() if notebook is None else notebook, path)
