"""What the instructor's notebook says about its cells, from the source and from the gradebook."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from derived.grading import records
from derived.grading.errors import CourseError
from derived.grading.records import CellRecord, NotebookRecord, from_gradebook, from_source
from tests.grading.released_course import copied_course
from tests.grading.small_course import (
    ASSIGNMENT,
    IMPORTS,
    TEST_MEAN,
    cell,
    released_notebook,
    source_notebook,
)

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"


def named(cells, name):
    return next(c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


@pytest.fixture(scope="module")
def small():
    """Return the released notebook and the record of the small assignment."""
    return from_source(source_notebook(), ASSIGNMENT, ASSIGNMENT)


def test_the_record_holds_every_cell_that_nbgrader_knows_in_order(small):
    _, record = small
    assert [c.name for c in record.cells] == [
        "imports", "mean", "test_mean", "centred", "test_centred", "written"]  # fmt: skip
    by_name = {c.name: c for c in record.cells}
    assert by_name["imports"] == CellRecord(
        "imports", "code", IMPORTS, by_name["imports"].checksum, True, False, False, False, None
    )
    assert by_name["test_mean"].source == TEST_MEAN
    assert by_name["test_mean"].points == 2.0
    assert by_name["written"].points == 5.0
    assert by_name["mean"].points is None
    assert {c.name: c.defines for c in record.cells if c.defines} == {
        "mean": ("mean",), "centred": ("centred",)}  # fmt: skip
    assert [c.name for c in record.cells if c.is_test] == ["test_mean", "test_centred"]
    assert [c.name for c in record.cells if c.locked] == ["imports", "test_mean", "test_centred"]


def test_no_solution_is_in_the_record_and_no_hidden_test_in_what_is_released(small):
    released, record = small
    text = json.dumps(record.as_dict())
    assert "x.size" not in text and "WRONG" not in text and "squared distances" not in text
    assert STUB in named(released.cells, "mean").source
    assert "hidden_input" in text
    assert "hidden_input" not in nbformat.writes(released)
    test = next(c for c in record.cells if c.name == "test_mean")
    assert test.released == named(released.cells, "test_mean").source == TEST_MEAN.split("\n")[0]


def test_checksums_are_nbgraders(small):
    _, record = small
    for known in record.cells:
        kind = (
            nbformat.v4.new_code_cell
            if known.cell_type == "code"
            else nbformat.v4.new_markdown_cell
        )
        assert known.checksum == compute_checksum(
            kind(known.source, metadata={"nbgrader": known.metadata()})
        )


def test_the_metadata_are_valid_for_nbgrader(small):
    released, record = small
    for known in record.cells:
        ours, theirs = known.metadata(), dict(named(released.cells, known.name).metadata.nbgrader)
        # nbgrader's is of the released text, ours of the one with the hidden tests in it.
        assert {**ours, "checksum": 0} == {**theirs, "checksum": 0}


def test_answer_names_are_what_the_solutions_define_and_not_what_they_import():
    notebook = source_notebook()
    named(notebook.cells, "mean").source = (
        "### BEGIN SOLUTION\nimport numpy as np\nfrom torch import nn\nrate = 0.1\n"
        "def mean(x):\n    local = 1\n    return x.mean()\n### END SOLUTION"
    )
    _, record = from_source(notebook, ASSIGNMENT, ASSIGNMENT)
    assert record.answer_names == ("centred", "mean", "rate")
    assert record.changing_names == ()


def test_a_name_that_two_cells_define_is_changing():
    notebook = source_notebook()
    named(notebook.cells, "centred").source += "\nmean = centred"
    notebook.cells.insert(1, cell("code", "mean = None", "before"))
    _, record = from_source(notebook, ASSIGNMENT, ASSIGNMENT)
    assert record.changing_names == ("mean",)
    assert "before" not in record.answer_names


def test_a_test_defines_no_answer():
    notebook = source_notebook()
    named(notebook.cells, "test_mean").source = "mean = lambda x: 2\nother = 1\nassert mean(1)"
    _, record = from_source(notebook, ASSIGNMENT, ASSIGNMENT)
    assert record.answer_names == ("centred", "mean")
    assert record.changing_names == ()


def test_a_marking_scheme_is_in_the_record_and_not_in_the_released_text():
    notebook = source_notebook()
    text = "Draw it.\n=== BEGIN MARK SCHEME ===\n2 for axes\n=== END MARK SCHEME ==="
    task = cell("markdown", text, "drawing", points=2)
    task.metadata.nbgrader.update(grade=False, task=True)
    notebook.cells.append(task)
    released, record = from_source(notebook, ASSIGNMENT, ASSIGNMENT)
    known = record.cells[-1]
    assert known.task and known.points == 2 and "2 for axes" in known.source
    assert known.released == named(released.cells, "drawing").source == "Draw it."


def test_the_source_is_not_changed():
    notebook = source_notebook()
    before = copy.deepcopy(notebook)
    from_source(notebook, ASSIGNMENT, ASSIGNMENT)
    assert notebook == before


@pytest.mark.parametrize(
    "source",
    ["### BEGIN SOLUTION\nx = 1", "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"],
)
def test_wrong_markup_is_one_clear_error(source):
    notebook = source_notebook()
    named(notebook.cells, "mean").source = source
    with pytest.raises(
        CourseError, match=rf"^{ASSIGNMENT}/week\.ipynb cannot be released: .+"
    ) as e:
        from_source(notebook, ASSIGNMENT, "week")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("name", ["mean", "test_mean"])
def test_two_cells_with_one_id_cannot_be_released(name):
    notebook = source_notebook()
    notebook.cells.append(copy.deepcopy(named(notebook.cells, name)))
    with pytest.raises(CourseError, match=name):
        from_source(notebook, ASSIGNMENT, ASSIGNMENT)


def test_a_record_survives_a_journey_through_json(small):
    _, record = small
    assert NotebookRecord.from_dict(record.as_dict()) == record
    assert NotebookRecord.from_dict(json.loads(json.dumps(record.as_dict()))) == record
    _ = record.cells[0].released  # what was worked out on the way is no part of it
    assert NotebookRecord.from_dict(json.loads(json.dumps(record.as_dict()))) == record


def test_hidden_tests_are_cut_as_nbgrader_cuts_them():
    text = (
        "a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\n"
        "c\n# BEGIN HIDDEN TESTS too\nd\n# END HIDDEN TESTS"
    )
    assert records.without_hidden_tests(text) == "a\nc"
    assert records.without_hidden_tests("a\nb") == "a\nb"


class TestTheGradebook:
    """What nbgrader stored is what the source says."""

    @pytest.fixture(scope="class")
    def course(self, tmp_path_factory):
        return copied_course(tmp_path_factory.mktemp("records"))

    def test_gives_the_same_record_as_the_source(self, course):
        released, record = from_source(source_notebook(), ASSIGNMENT, ASSIGNMENT)
        assert from_gradebook(course, ASSIGNMENT, ASSIGNMENT) == record
        assert [c.source for c in released.cells] == [
            c.source for c in released_notebook(course).cells
        ]

    def test_what_is_not_released_is_named_with_the_command(self, course):
        path = course.folder("source", ".", "02_other") / "02_other.ipynb"
        path.parent.mkdir()
        nbformat.write(source_notebook(), path)
        with pytest.raises(
            CourseError, match=r"02_other/02_other: run: derived-course release 02_other"
        ):
            from_gradebook(course, "02_other", "02_other")

    @pytest.mark.parametrize("content", [None, "", "{", '{"cells": 3}', "\0\1"])
    def test_a_source_that_is_gone_or_broken_is_named(self, course, tmp_path, monkeypatch, content):
        path = tmp_path / f"{ASSIGNMENT}.ipynb"
        if content is not None:
            path.write_text(content)
        monkeypatch.setattr(type(course), "folder", lambda *_: tmp_path)
        with pytest.raises(CourseError, match=str(path)) as caught:
            from_gradebook(course, ASSIGNMENT, ASSIGNMENT)
        assert "\n" not in str(caught.value)

    def test_the_gradebook_wins_over_a_source_that_was_edited_since(
        self, course, tmp_path, monkeypatch
    ):
        before = from_gradebook(course, ASSIGNMENT, ASSIGNMENT)
        edited = source_notebook()
        named(edited.cells, "test_mean").metadata.nbgrader["points"] = 1000
        named(edited.cells, "test_mean").source = "pass"
        del named(edited.cells, "imports").metadata.nbgrader["grade_id"]
        edited.cells = [c for c in edited.cells if c is not named(edited.cells, "centred")]
        nbformat.write(edited, tmp_path / f"{ASSIGNMENT}.ipynb")
        monkeypatch.setattr(type(course), "folder", lambda *_: tmp_path)
        record = from_gradebook(course, ASSIGNMENT, ASSIGNMENT)
        # Only what the answers define is the source's to say; it decides about no points.
        without = [{c.name: replace(c, defines=()) for c in r.cells} for r in (record, before)]
        assert without[0] == without[1]
