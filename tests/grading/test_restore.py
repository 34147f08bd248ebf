"""A submission's cells, brought back to the record: whatever a student did to them."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from rapidfuzz import fuzz

from derived.grading.errors import CourseError
from derived.grading.records import from_source
from derived.grading.restore import restore
from tests.grading.restored import (
    KNOWN,
    NAMES,
    RECORD,
    RELEASED,
    TITLE,
    assert_is_the_records,
    grade_id,
    handed_in,
    named,
    order,
    own,
    place,
)
from tests.grading.small_course import ASSIGNMENT, IMPORTS, RIGHT, cell, solved, source_notebook


def test_an_honest_submission_only_gets_its_hidden_tests_back():
    result, messages = restore(handed_in(), RECORD)
    assert_is_the_records(result)
    assert messages == []
    assert [c.cell_type for c in result.cells] == [c.cell_type for c in RELEASED.cells]
    assert own(result) == [TITLE]
    assert "hidden_input" in named(result, "test_mean").source


def test_the_submission_itself_is_not_changed():
    submission = handed_in()
    named(submission, "imports").source += "\nimport sys"
    before = copy.deepcopy(submission)
    restore(submission, RECORD)
    assert submission == before


@pytest.mark.parametrize("name", ["imports", "test_mean", "test_centred", "written"])
def test_a_deleted_cell_comes_back_at_its_place(name):
    submission = handed_in()
    del submission.cells[place(submission, name)]
    result, messages = restore(submission, RECORD)
    answers = {**RIGHT, "written": KNOWN["written"].source} if name == "written" else RIGHT
    assert_is_the_records(result, answers)
    assert order(result) == NAMES
    assert messages == [f"the cell {name} was missing: it was put back"]


def test_all_tests_deleted_come_back():
    submission = handed_in()
    submission.cells = [c for c in submission.cells if not (grade_id(c) or "").startswith("test")]
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert order(result) == NAMES
    assert len(messages) == 2


def test_a_deleted_answer_does_not_come_back_as_a_stub_that_hides_one_written_elsewhere():
    submission = handed_in()
    del submission.cells[place(submission, "mean")]
    result, messages = restore(submission, RECORD)
    assert order(result) == [name for name in NAMES if name != "mean"]
    assert messages == []


@pytest.mark.parametrize(
    "text", ["assert True", "", "pass  # edited", "def mean(x):\n    return 2"]
)
def test_an_edited_test_is_replaced(text):
    submission = handed_in()
    named(submission, "test_mean").source = text
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert own(result) == [TITLE]
    assert messages == ["the locked cell test_mean was edited: the original was put back"]


def test_white_space_around_a_locked_cell_is_no_edit():
    submission = handed_in()
    named(submission, "imports").source += "\n\n"
    named(submission, "test_mean").source = "\n" + named(submission, "test_mean").source
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert messages == [] and own(result) == [TITLE]


def test_an_import_added_to_the_set_up_cell_stays_behind_the_original():
    submission = handed_in()
    named(submission, "imports").source = "import numpy as np\nimport math"
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    behind = result.cells[place(result, "imports") + 1]
    assert behind.source == "import numpy as np\nimport math"
    assert behind.cell_type == "code" and behind.metadata == {}
    assert messages == ["the locked cell imports was edited: the original was put back"]


def test_an_answer_written_into_a_locked_question_stays():
    source = source_notebook()
    source.cells.insert(-1, cell("markdown", "Why the mean?", "question"))
    released, record = from_source(source, ASSIGNMENT, ASSIGNMENT)
    submission = solved(released, {"mean": RIGHT["mean"], "question": "Why the mean? Because."})
    result, _ = restore(submission, record)
    assert named(result, "question").source == "Why the mean?"
    behind = result.cells[place(result, "question") + 1]
    assert (behind.cell_type, behind.source) == ("markdown", "Why the mean? Because.")


def test_a_copied_test_is_graded_once_and_the_copy_is_an_ordinary_cell():
    submission = handed_in()
    copied = copy.deepcopy(named(submission, "test_mean"))
    copied.source = "assert True"
    submission.cells.insert(2, copied)
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert order(result) == NAMES
    assert own(result) == [TITLE, "assert True"]
    assert messages == ["2 cells have the id test_mean: one keeps it"]


@pytest.mark.parametrize("first", [True, False], ids=["the first was worked on", "the last"])
def test_of_a_copied_answer_the_one_that_was_worked_on_keeps_the_id(first):
    submission = handed_in()
    stub = copy.deepcopy(named(RELEASED, "written"))
    submission.cells.insert(len(submission.cells) if first else 0, stub)
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert own(result).count(stub.source) == 1
    assert messages == ["2 cells have the id written: one keeps it"]


def test_of_two_answers_that_were_worked_on_the_last_keeps_the_id_and_both_stay():
    submission = handed_in()
    second = copy.deepcopy(named(submission, "mean"))
    second.source = "def mean(x):\n    return 0"
    submission.cells.append(second)
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result, {**RIGHT, "mean": second.source})
    assert RIGHT["mean"] in own(result)


@pytest.mark.parametrize(
    "change",
    [
        {"points": 1000},
        {"points": -1},
        {"points": "many"},
        {"solution": True},
        {"grade": False},
        {"grade": False, "solution": True},
        {"locked": False},
        {"task": True},
        {"schema_version": 99},
        {"schema_version": "3"},
        {"checksum": "0" * 32},
        {"cell_type": "markdown"},
        {"remove": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["test_mean", "mean", "written"])
def test_flags_and_points_come_from_the_record(name, change):
    submission = handed_in()
    named(submission, name).metadata.nbgrader.update(change)
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert messages == []


def test_only_the_id_is_left_of_the_metadata():
    submission = handed_in()
    for found in submission.cells:
        found.metadata["tags"] = ["skip-execution", "raises-exception", "remove-cell"]
        found.metadata["derived"] = {"failed": "no"}
        found.metadata["deletable"] = True
    submission.metadata["kernelspec"] = {"name": "evil", "display_name": "E", "language": "bash"}
    submission.metadata["derived"] = {"messages": ["all points"]}
    submission.metadata["widgets"] = {"state": {}}
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result)
    assert result.cells[0].metadata == {}
    assert set(result.metadata) == {"kernelspec", "language_info"}
    assert result.metadata.kernelspec.name == "python3"


def test_outputs_and_execution_counts_do_not_survive():
    submission = handed_in()
    for found in submission.cells:
        if found.cell_type == "code":
            found.execution_count = 7
            found.outputs = [nbformat.v4.new_output("stream", text="partial credit: 5")]
    submission.cells.append(
        nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("error")])
    )
    result, _ = restore(submission, RECORD)
    code = [found for found in result.cells if found.cell_type == "code"]
    assert all(found.outputs == [] and found.execution_count is None for found in code)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("test_mean", "markdown"), ("test_mean", "raw"), ("imports", "markdown"), ("mean", "raw"),
     ("mean", "markdown"), ("written", "code"), ("written", "raw")],
)  # fmt: skip
def test_a_changed_cell_type_is_the_records_again(name, kind):
    submission = handed_in()
    before = named(submission, name)
    changed = getattr(nbformat.v4, f"new_{kind}_cell")(before.source, metadata=before.metadata)
    submission.cells[place(submission, name)] = changed
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result)
    assert own(result) == [TITLE]


def test_cells_in_another_order_stay_where_the_student_put_them():
    submission = handed_in()
    submission.cells.reverse()
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert order(result) == NAMES[::-1]
    assert messages == []


def test_what_is_missing_among_moved_cells_comes_back_behind_its_neighbor():
    submission = handed_in()
    del submission.cells[place(submission, "test_centred")]
    submission.cells.insert(0, submission.cells.pop(place(submission, "centred")))
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result)
    assert order(result)[:2] == ["centred", "test_centred"]


@pytest.mark.parametrize(
    "cells",
    [
        [],
        [nbformat.v4.new_code_cell("print('hello')")],
        [cell("code", "def median(x): ...", "median", solution=True)],
        [cell("code", IMPORTS, "imports"), cell("markdown", TITLE)],
    ],
    ids=["no cells", "no ids", "other ids", "only what was locked"],
)
def test_a_notebook_of_another_assignment_is_refused(cells):
    with pytest.raises(
        CourseError, match=r"^no answer cell of this assignment is in the notebook$"
    ):
        restore(nbformat.v4.new_notebook(cells=cells), RECORD)


def test_an_assignment_without_answers_needs_none():
    source = nbformat.v4.new_notebook(cells=[cell("code", IMPORTS, "imports")])
    _, record = from_source(source, ASSIGNMENT, ASSIGNMENT)
    result, messages = restore(nbformat.v4.new_notebook(), record)
    assert order(result) == ["imports"]
    assert messages == ["the cell imports was missing: it was put back"]


def test_cells_of_an_older_notebook_without_ids_of_their_own_are_given_some():
    submission = handed_in()
    for found in submission.cells:
        del found["id"]
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result)
    assert len({found.id for found in result.cells}) == len(result.cells)


# Whatever else can stand in a notebook: cells of the assignment, in any number, order and shape.
TEXTS = st.sampled_from(
    [known.source for known in RECORD.cells]
    + [known.released for known in RECORD.cells]
    + [*RIGHT.values(), TITLE, "", "  ", IMPORTS + "\nimport math", IMPORTS + "\nmean = 1",
       "mean = 1", "def centred(", "Some text.", "x\0", "YOUR ANSWER HERE"]
)  # fmt: skip


def make_cell(kind: str, source: str, name: str | None) -> NotebookNode:
    made = getattr(nbformat.v4, f"new_{kind}_cell")(source)
    if name is not None:
        made.metadata["nbgrader"] = NotebookNode(grade_id=name)
    return made


CELLS = st.lists(
    st.builds(
        make_cell,
        st.sampled_from(["code", "markdown", "raw"]),
        TEXTS | st.text(max_size=20),
        st.sampled_from([None, None, *NAMES, "unknown", ""]),
    ),
    max_size=10,
)


def may_go(found):
    """Whether a cell's text is no student's, or an edited test's."""
    text = found.source.strip()
    locked = [known for known in RECORD.cells if known.locked]
    tests = [known for known in RECORD.cells if known.is_test]
    return (
        not text
        or any(text in {known.source.strip(), known.released.strip()} for known in locked)
        or any(grade_id(found) == known.name for known in tests)
        or any(fuzz.ratio(text, known.released) >= 90 for known in tests)
    )


@given(CELLS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_handed_in_the_record_decides(cells):
    submission = nbformat.v4.new_notebook(cells=cells)
    try:
        result, messages = restore(submission, RECORD)
    except CourseError:
        assert not any(grade_id(found) in {"mean", "centred", "written"} for found in cells)
        return
    assert all("\n" not in message for message in messages)
    for known in RECORD.cells:
        if known.locked or known.grade:
            assert order(result).count(known.name) == 1
    for found in result.cells:
        if grade_id(found) is None:
            assert found.metadata == {}
            continue
        known = KNOWN[grade_id(found)]
        assert found.metadata == {"nbgrader": known.metadata()}
        assert found.cell_type == known.cell_type
        assert not known.locked or found.source == known.source
    kept = [found.source for found in result.cells]
    assert all(found.source in kept for found in cells if not may_go(found))
    again, _ = restore(result, RECORD)
    assert [(c.cell_type, c.source, c.metadata) for c in again.cells] == [
        (c.cell_type, c.source, c.metadata) for c in result.cells
    ]
    json.dumps(result)
