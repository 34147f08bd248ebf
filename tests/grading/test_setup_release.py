"""Releases hold no solution, no hidden test and no output; the proof reads the files' bytes."""

from __future__ import annotations

import json

import nbformat
import pytest

from derived.grading.course import Course
from derived.grading.errors import CourseError
from derived.grading.setup import release
from derived.grading.setup.secrets_kept import find_leak, secrets

from . import small_course
from .small_course import ASSIGNMENT, cell, make_course, source_notebook

SECRET_LINES = (
    "total = np.sum(x)",
    "return total / x.size",
    "return total // x.size",
    "integer division",
    "return x - mean(x)",
    "hidden_input",
    "another_input.mean()",
    "minimises the sum",
    "SOLUTION",
    "HIDDEN",
    "WRONG",
)


def refused(course: Course) -> str:
    with pytest.raises(CourseError) as caught:
        release(course, ASSIGNMENT)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def changed(index: int, source: str) -> nbformat.NotebookNode:
    notebook = source_notebook()
    notebook.cells[index].source = source
    return notebook


def test_a_release_has_files_and_points_and_nothing_secret(tmp_path):
    notebook = source_notebook()
    notebook.cells[2].outputs = [nbformat.v4.new_output("stream", text="printed by the solution")]
    notebook.cells[2].execution_count = 3
    course = make_course(tmp_path, notebook=notebook, released=False)
    source = course.folder("source", ".", ASSIGNMENT)
    (source / "data").mkdir()
    (source / "data" / "points.csv").write_text("1,2\n")
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "solved.pyc").write_bytes(b"return total / x.size")
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / "old.ipynb").write_text("{}")
    done = release(course, ASSIGNMENT)
    assert [path.as_posix() for path in done.files] == [f"{ASSIGNMENT}.ipynb", "data/points.csv"]
    assert done.points == {"test_mean": 2.0, "test_centred": 3.0, "written": 5.0}
    assert done.by_hand == ("written",)
    for path in done.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for line in (*SECRET_LINES, "printed by"):
            assert line.encode() not in content, f"{line!r} is in {path}"
    released = (done.folder / f"{ASSIGNMENT}.ipynb").read_text("utf8")
    assert "mean([1, 2, 3]) must be 2" in released and "raise NotImplementedError()" in released


def test_the_secrets_are_the_lines_that_students_do_not_get(tmp_path):
    course = make_course(tmp_path, released=False)
    found = {secret.text: secret.cell for secret in secrets(course.source_notebooks(ASSIGNMENT))}
    assert found["total = np.sum(x)"] == "mean"
    assert found["return np.sum(x) / (x.size - 1)"] == "mean"  # a wrong solution
    assert found["hidden_input = rng.normal(size=7)"] == "test_mean"
    assert "rng = np.random.default_rng()" in found
    assert any("minimises" in text for text in found)
    assert not any("must be 2" in text or "import numpy" in text for text in found)


def test_a_line_that_also_stands_in_the_open_is_no_secret(tmp_path):
    notebook = source_notebook()
    notebook.cells[0].source = "Hint: write `return x - mean(x)`."
    course = make_course(tmp_path, notebook=notebook)
    assert course.folder("release", ".", ASSIGNMENT).is_dir()


@pytest.mark.parametrize(
    ("index", "source", "leak"),
    [
        (
            3,
            "assert True\n### Begin hidden tests\nassert mean(x) > 2\n### END HIDDEN TESTS",
            "the mark '# Begin hidden' was not understood",
        ),
        (1, "import numpy as np\n### WRONG sign\n# y = 1", "the mark '### WRONG'"),
        (0, "The answer is `total / x.size`, of course.", None),
    ],
)
def test_a_mark_that_nbgrader_does_not_know_stops_the_release(tmp_path, index, source, leak):
    course = make_course(tmp_path, notebook=changed(index, source), released=False)
    if leak is None:
        release(course, ASSIGNMENT)
        return
    message = refused(course)
    assert f"{ASSIGNMENT}.ipynb, line " in message and leak in message
    assert not course.folder("release", ".", ASSIGNMENT).exists()


def test_a_solution_in_another_file_stops_the_release(tmp_path):
    course = make_course(tmp_path, released=False)
    source = course.folder("source", ".", ASSIGNMENT)
    (source / "notes.txt").write_text("first\nsecond\n    return total / x.size\n", "utf8")
    message = refused(course)
    assert "notes.txt, line 3: 'return total / x.size' of the cell mean" in message
    assert not course.folder("release", ".", ASSIGNMENT).exists()


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_solution_in_json_is_found_in_either_spelling(tmp_path, ascii_only):
    notebook = changed(
        2, 'def f(x):\n    ### BEGIN SOLUTION\n    return "größer: \\"σ\\""\n    ### END SOLUTION'
    )
    path = tmp_path / "source.ipynb"
    nbformat.write(notebook, path)
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "copy.json").write_text(
        json.dumps({"code": '    return "größer: \\"σ\\""\n'}, ensure_ascii=ascii_only), "utf8"
    )
    leak = find_leak(folder, secrets([path]))
    assert leak is not None and "copy.json, line 1" in leak


def test_pictures_and_figures_of_a_solution_stop_the_release(tmp_path):
    notebook = source_notebook()
    notebook.cells[6]["attachments"] = {"proof.png": {"image/png": "iVBORw0KGgo="}}
    course = make_course(tmp_path, notebook=notebook, released=False)
    assert "cell written: the picture 'proof.png' of the solution is attached" in refused(course)


def test_states_of_widgets_stop_the_release(tmp_path):
    notebook = source_notebook()
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    course = make_course(tmp_path, notebook=notebook, released=False)
    assert "the state of widgets" in refused(course)


def test_what_nbgrader_refuses_is_said_in_one_line_and_the_old_release_stays(tmp_path):
    course = make_course(tmp_path)
    path = course.folder("release", ".", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    before = path.read_bytes()
    (broken,) = course.source_notebooks(ASSIGNMENT)
    nbformat.write(changed(2, "def f():\n    ### BEGIN SOLUTION\n    return 1"), broken)
    assert "no end solution statement found" in refused(course)
    assert path.read_bytes() == before
    assert not list((course.state / "previous-release").iterdir())


def test_a_second_release_replaces_the_first(tmp_path):
    course = make_course(tmp_path)
    (source,) = course.source_notebooks(ASSIGNMENT)
    nbformat.write(changed(0, "# Means, second edition"), source)
    done = release(course, ASSIGNMENT)
    assert "second edition" in (done.folder / f"{ASSIGNMENT}.ipynb").read_text("utf8")


def test_cells_cannot_be_added_after_grading(tmp_path):
    course = make_course(tmp_path, "id\nann\n")
    with course.gradebook() as gradebook:
        gradebook.add_submission(ASSIGNMENT, "ann")
    (source,) = course.source_notebooks(ASSIGNMENT)
    notebook = source_notebook()
    notebook.cells.append(cell("code", "assert True", "test_more", points=1))
    nbformat.write(notebook, source)
    message = refused(course)
    assert "1 graded submission" in message and "a new name" in message
    assert course.folder("release", ".", ASSIGNMENT).is_dir()
    nbformat.write(changed(0, "# Only words changed"), source)
    release(course, ASSIGNMENT)


def test_unknown_assignments_and_broken_sources_are_named(tmp_path):
    course = make_course(tmp_path, released=False)
    with pytest.raises(CourseError, match=f"no assignment '02_other' .*known: {ASSIGNMENT}"):
        release(course, "02_other")
    (source,) = course.source_notebooks(ASSIGNMENT)
    source.write_text("{", "utf8")
    assert f"{ASSIGNMENT}.ipynb cannot be read as a notebook" in refused(course)


def test_the_small_course_is_worth_ten_points(tmp_path):
    notebook = small_course.released_notebook(make_course(tmp_path))
    points = [
        c.metadata.nbgrader.get("points", 0) for c in notebook.cells if "nbgrader" in c.metadata
    ]
    assert sum(points) == 10
