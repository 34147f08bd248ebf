"""A course of one small assignment: two tasks that are graded by tests, and one by a person."""

from __future__ import annotations

import atexit
import copy
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from derived.grading.course import Course
from derived.grading.setup import initialise, release, update_roster

ASSIGNMENT = "01_small"

IMPORTS = "import numpy as np"
MEAN = '''def mean(x):
    """Return the mean of x, shape (n,)."""
    ### BEGIN SOLUTION
    total = np.sum(x)
    return total / x.size
    ### WRONG integer division
    # total = np.sum(x)
    # return total // x.size
    ### WRONG off by one
    # return np.sum(x) / (x.size - 1)
    ### END SOLUTION'''
TEST_MEAN = """assert np.isclose(mean(np.array([1.0, 2.0, 3.0])), 2.0), "mean([1, 2, 3]) must be 2"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng()
hidden_input = rng.normal(size=7)
assert np.isclose(mean(hidden_input), hidden_input.mean())
### END HIDDEN TESTS"""
CENTRED = '''def centred(x):
    """Return x minus its mean, shape (n,)."""
    ### BEGIN SOLUTION
    return x - mean(x)
    ### WRONG sign
    # return mean(x) - x
    ### END SOLUTION'''
TEST_CENTRED = """assert np.allclose(centred(np.array([1.0, 3.0])), [-1.0, 1.0]), "centred([1, 3])"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng()
another_input = rng.normal(size=5)
assert np.allclose(centred(another_input), another_input - another_input.mean())
### END HIDDEN TESTS"""
WRITTEN = """### BEGIN SOLUTION
The mean minimises the sum of squared distances: set its derivative to zero.
### END SOLUTION"""

RIGHT = {
    "mean": "def mean(x):\n    return x.sum() / len(x)",
    "centred": "def centred(x):\n    return x - mean(x)",
    "written": "Because the derivative of the sum of squares is zero there.",
}
WRONG = {
    "mean": "def mean(x):\n    return x.sum() // len(x)",
    "centred": "def centred(x):\n    return mean(x) - x",
    "written": "I do not know.",
}


def cell(
    kind: str, source: str, name: str = "", *, points: float | None = None, solution: bool = False
) -> NotebookNode:
    """Return a cell; with a name it is one of nbgrader's: locked unless it holds a solution."""
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    made = make(source)
    if name:
        made.metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": name,
            "grade": points is not None,
            "solution": solution,
            "locked": not solution,
            "task": False,
        }
        if points is not None:
            made.metadata["nbgrader"]["points"] = points
    return made


def source_notebook() -> NotebookNode:
    """Return the instructor's notebook: 2 + 3 points by tests, 5 by a person."""
    cells = [
        cell("markdown", "# Means"),
        cell("code", IMPORTS, "imports"),
        cell("code", MEAN, "mean", solution=True),
        cell("code", TEST_MEAN, "test_mean", points=2),
        cell("code", CENTRED, "centred", solution=True),
        cell("code", TEST_CENTRED, "test_centred", points=3),
        cell("markdown", WRITTEN, "written", points=5, solution=True),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def write_assignments(
    folder: Path, notebook: NotebookNode | None = None, assignment: str = ASSIGNMENT
) -> Path:
    """Write a folder of assignments with this one in it, and return the folder."""
    path = folder / assignment / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(source_notebook() if notebook is None else notebook, path)
    return folder


@functools.cache
def _empty_course() -> Path:
    """Make an empty course once a process: nbgrader takes seconds for a new gradebook."""
    folder = Path(tempfile.mkdtemp(prefix="small-course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    assignments = write_assignments(folder / "assignments")
    return initialise(folder / "course", assignments=assignments, course_id="small").root


def make_course(
    folder: Path,
    roster: str = "",
    *,
    notebook: NotebookNode | None = None,
    released: bool = True,
) -> Course:
    """Make a course in ``folder / "course"`` with the small assignment, released by default.

    roster : the text of a roster file, such as ``"id,first_name,last_name\\nann,Ann,Arbor\\n"``.
    notebook : the instructor's notebook, if it is not the small one.
    """
    shutil.copytree(_empty_course(), folder / "course")
    course = Course.open(folder / "course")
    if notebook is not None:
        write_assignments(course.folder("source"), notebook)
    if roster:
        (folder / "roster.csv").write_text(roster, "utf8")
        update_roster(course, folder / "roster.csv")
    if released:
        release(course, ASSIGNMENT)
    return course


def released_notebook(course: Course) -> NotebookNode:
    """Return what the students got."""
    path = course.folder("release", ".", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    return nbformat.read(path, as_version=4)


def solved(notebook: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    """Return a copy of a released notebook with answers in its cells, by their grade ids."""
    done = copy.deepcopy(notebook)
    for found in done.cells:
        name: Any = found.metadata.get("nbgrader", {}).get("grade_id")
        found.source = answers.get(name, found.source)
    return done


def submit(
    course: Course, student: str, notebook: NotebookNode, assignment: str = ASSIGNMENT
) -> Path:
    """Write a notebook where ``collect`` would file it, and return its path."""
    path = course.folder("submitted", student, assignment) / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path
