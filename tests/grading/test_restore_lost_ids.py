"""A notebook that went through another program comes back without metadata."""

from __future__ import annotations

import time

import nbformat
import pytest
from nbformat import NotebookNode

from derived.grading.restore import read_submission, restore
from tests.grading.restored import (
    KNOWN,
    NAMES,
    RECORD,
    TITLE,
    assert_is_the_records,
    grade_id,
    handed_in,
    named,
    order,
    own,
    place,
)
from tests.grading.small_course import IMPORTS, RIGHT


def stripped(*names):
    submission = handed_in()
    for found in submission.cells:
        if not names or grade_id(found) in names:
            found.metadata = NotebookNode()
    return submission


def test_all_cells_are_recognized_by_their_text():
    result, messages = restore(stripped(), RECORD)
    assert_is_the_records(result)
    assert order(result) == NAMES
    assert own(result) == [TITLE]
    assert messages == [f"recognized by their text, without their ids: {', '.join(NAMES)}"]


@pytest.mark.parametrize("name", NAMES)
def test_one_cell_is_recognized_among_others_that_kept_theirs(name):
    result, messages = restore(stripped(name), RECORD)
    assert_is_the_records(result)
    assert order(result) == NAMES
    assert messages == [f"recognized by their text, without their ids: {name}"]


def test_a_locked_cell_touched_by_hand_is_recognized_and_restored():
    submission = stripped()
    submission.cells[3].source = submission.cells[3].source.replace("must be 2", "must be 3")
    result, messages = restore(submission, RECORD)
    assert_is_the_records(result)
    assert "the locked cell test_mean was edited: the original was put back" in messages
    assert own(result) == [TITLE]


def test_an_answer_with_a_mistake_in_it_is_recognized():
    submission = stripped()
    submission.cells[2].source = broken = "def mean(x:\n    return ("
    result, _ = restore(submission, RECORD)
    assert named(result, "mean").source == broken


def test_an_answer_that_assigns_is_recognized():
    submission = stripped()
    submission.cells[2].source = text = "mean, other = np.mean, 1"
    result, _ = restore(submission, RECORD)
    assert named(result, "mean").source == text


def test_a_call_is_no_answer():
    submission = stripped()
    submission.cells.append(nbformat.v4.new_code_cell("mean(np.ones(3)) == 1\nmean == 2"))
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result)


def test_the_last_definition_is_the_answer_and_the_others_stay():
    submission = stripped()
    submission.cells.insert(2, nbformat.v4.new_code_cell("def mean(x):\n    return 0"))
    result, _ = restore(submission, RECORD)
    assert_is_the_records(result)
    assert "def mean(x):\n    return 0" in own(result)


def test_all_answers_in_one_cell_stay_in_it():
    submission = stripped()
    both = RIGHT["mean"] + "\n\n" + RIGHT["centred"]
    submission.cells[2].source = both
    del submission.cells[4]
    result, _ = restore(submission, RECORD)
    assert sorted(order(result)) == sorted(set(NAMES) - {"centred"})
    assert named(result, "mean").source == both


def test_a_written_answer_in_a_cell_of_its_own_goes_to_a_person():
    submission = handed_in()
    submission.cells[-1] = nbformat.v4.new_markdown_cell("A derivation of my own.")
    result, messages = restore(submission, RECORD)
    assert named(result, "written").source == "A derivation of my own."
    assert messages == ["recognized by their text, without their ids: written"]


def test_the_instructors_prose_is_no_written_answer():
    submission = handed_in()
    submission.cells[-1] = nbformat.v4.new_markdown_cell(TITLE)
    result, messages = restore(submission, RECORD)
    assert named(result, "written").source == KNOWN["written"].source
    assert messages == ["the cell written was missing: it was put back"]


def test_an_answer_in_the_edited_set_up_cell_is_recognized():
    submission = handed_in()
    named(submission, "imports").source += "\n" + RIGHT["mean"]
    del submission.cells[place(submission, "mean")]
    result, _ = restore(submission, RECORD)
    assert named(result, "mean").source == IMPORTS + "\n" + RIGHT["mean"]


def test_a_picture_pasted_into_the_written_answer_stays():
    submission = stripped()
    submission.cells[-1]["attachments"] = {"image.png": {"image/png": "iVBORw0KGgo="}}
    result, _ = restore(read_submission(nbformat.writes(submission)), RECORD)
    assert named(result, "written").attachments == {"image.png": {"image/png": "iVBORw0KGgo="}}


def test_no_line_takes_the_search_for_definitions_long():
    submission = stripped()
    for text in (
        "a," * 500_000,
        "a" * 10**6,
        "def " * 250_000,
        "a: " * 300_000,
        "a\t" * 500_000,
    ):
        submission.cells.append(nbformat.v4.new_code_cell(text))
    started = time.process_time()
    restore(submission, RECORD)
    assert time.process_time() - started < 5
