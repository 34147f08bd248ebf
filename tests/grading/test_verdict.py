"""What a student may read about a failed test: of a hidden one nothing but that it failed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derived.grading.records import CellRecord
from derived.grading.trusted.examiner import Failure
from derived.grading.trusted.verdict import WHY, verdict

SOURCE = """import numpy as np
assert mean([1, 3]) == 2, "mean([1, 3]) must be 2"
### BEGIN HIDDEN TESTS
secret = 42.125
assert mean([0, 84.25]) == secret, f"{secret}"
### END HIDDEN TESTS
assert mean([]) == 0"""
SHOWN = SOURCE.split("\n")[1]
HIDDEN_LINES = (3, 4, 5, 6)
HIDDEN = [SOURCE.split("\n")[number - 1].strip() for number in HIDDEN_LINES]


def record(source=SOURCE):
    return CellRecord("test_mean", "code", source, "", True, True, False, False, 2.0)


def failure(line, ename="AssertionError", evalue="", kind="", raised=""):
    return Failure(line, ename, evalue, kind, raised)


def test_of_a_visible_test_a_student_reads_the_line_and_the_message():
    seen = failure(2, evalue="mean([1, 3]) must be 2")
    assert verdict(record(), seen, seen) == {
        "failed": "visible",
        "student_message": f"Line 2 of the test: {SHOWN}\nAssertionError: mean([1, 3]) must be 2",
    }


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        (failure(2), "AssertionError"),
        (failure(2, "NameError", "name 'mean' is not defined"),
         "NameError: name 'mean' is not defined"),
        (failure(2, "SubmissionError", "ValueError: shapes (2,) and (3,)", "raised", "ValueError"),
         "Your code raised ValueError: shapes (2,) and (3,)"),
        (failure(2, "SubmissionError", "ZeroDivisionError: ", "raised", "ZeroDivisionError"),
         "Your code raised ZeroDivisionError"),
        (failure(2, "SubmissionError", "no answer within 10 s", "hung"),
         "Your code took too long. (no answer within 10 s)"),
        (failure(2, "SubmissionError", "it changed its argument 0 in place", "changed"),
         "Your code changed an argument in place. (it changed its argument 0 in place)"),
        (failure(2, "SubmissionError", "an answer that is empty", "not plain"),
         "Your code returned something that is not plain data. (an answer that is empty)"),
    ],
)  # fmt: skip
def test_each_kind_of_failure_is_said_in_words(seen, message):
    got = verdict(record(), seen, seen)
    assert got["failed"] == "visible"
    assert got["student_message"].split("\n", 1)[1] == message


def test_a_visible_line_below_the_hidden_ones_is_shown_as_the_student_has_it():
    whole = failure(7, evalue="empty")
    seen = failure(3, evalue="empty")
    assert verdict(record(), whole, seen) == {
        "failed": "visible",
        "student_message": "Line 3 of the test: assert mean([]) == 0\nAssertionError: empty",
    }


def test_a_visible_test_that_fails_only_after_hidden_ones_ran_gives_no_words():
    # By then the student's code has seen hidden inputs: its words could carry them.
    got = verdict(record(), failure(7, evalue="42.125"), None)
    assert got == {"failed": "visible", "student_message": "A visible test of this task failed."}


@pytest.mark.parametrize("line", HIDDEN_LINES)
def test_of_a_hidden_test_only_that_it_failed(line):
    got = verdict(record(), failure(line, evalue="41 is not 42.125"), None)
    assert got == {"failed": "hidden", "student_message": "A hidden test of this task failed."}


def test_that_a_visible_test_failed_too_does_not_tell_what_the_hidden_one_says():
    seen = failure(2, evalue="mean([1, 3]) must be 2")
    got = verdict(record(), failure(5, evalue="42.125"), seen)
    assert got == {"failed": "hidden", "student_message": "A hidden test of this task failed."}


def test_an_unknown_line_counts_as_hidden():
    got = verdict(record(), failure(None, evalue="42.125"), None)
    assert got == {"failed": "hidden", "student_message": "A hidden test of this task failed."}


@pytest.mark.parametrize("kind", ["hung", "ended", "changed", "not plain"])
def test_of_a_hidden_test_the_kind_of_failure_is_said(kind):
    got = verdict(record(), failure(5, "SubmissionError", "42.125", kind), None)
    assert got["failed"] == "hidden"
    assert got["student_message"] == f"A hidden test of this task failed. {WHY[kind]}"


def test_of_an_error_in_a_hidden_test_the_builtin_name_is_said_and_no_word_of_its_message():
    whole = failure(5, "SubmissionError", "ValueError: 42.125", "raised", "ValueError")
    got = verdict(record(), whole, None)
    assert (
        got["student_message"] == "A hidden test of this task failed. Your code raised ValueError."
    )
    whole = failure(5, "SubmissionError", "Secret42125: x", "raised", "")
    assert verdict(record(), whole, None)["student_message"] == "A hidden test of this task failed."


@pytest.mark.parametrize("kind", ["hung", "ended"])
def test_a_kernel_that_was_gone_before_the_visible_test_is_its_own_verdict(kind):
    whole = failure(None, "KernelEnded", "why", kind)
    assert verdict(record(), whole, whole) == {"failed": "kernel", "student_message": WHY[kind]}
    assert verdict(record(), whole, None)["failed"] == "hidden"


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        ("a\n### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc", {2, 3, 4}),
        ("if a:\n    # BEGIN HIDDEN TESTS\n    b\n    # END HIDDEN TESTS", {2, 3, 4}),
        ("### BEGIN HIDDEN TESTS\na\n### END HIDDEN TESTS\nb\n### BEGIN HIDDEN TESTS\nc\n"
         "### END HIDDEN TESTS", {1, 2, 3, 5, 6, 7}),
        ("a\n# BEGIN HIDDEN TESTS to END HIDDEN TESTS\nb\n# END HIDDEN TESTS\nc", {2, 3, 4}),
        ("a\nb", set()),
    ],
)  # fmt: skip
def test_what_is_hidden_is_what_nbgrader_cuts(source, hidden):
    test = record(source)
    lines = source.split("\n")
    shown = [line for number, line in enumerate(lines, 1) if number not in hidden]
    assert test.released.split("\n") == shown
    for number in range(1, len(lines) + 1):
        got = verdict(test, failure(number, evalue="x"), None)
        assert (got["failed"] == "hidden") == (number in hidden)


FAILURES = st.builds(
    Failure,
    st.none() | st.integers(1, 9),
    st.sampled_from(["AssertionError", "SubmissionError", "KernelEnded"]),
    st.just("42.125 is the secret"),
    st.sampled_from(["", "raised", *WHY]),
    st.sampled_from(["", "ValueError"]),
)


@given(FAILURES, st.none() | FAILURES)
@settings(max_examples=300, deadline=None)
def test_no_hidden_line_and_no_word_of_a_hidden_failure_is_ever_shown(whole, seen):
    if seen is not None:
        seen = Failure(seen.line, seen.ename, "words of the visible part", seen.kind, seen.raised)
    got = verdict(record(), whole, seen)
    assert set(got) == {"failed", "student_message"}
    assert got["failed"] in {"visible", "hidden", "kernel"}
    assert got["student_message"]
    assert "42.125" not in got["student_message"] and "secret" not in got["student_message"]
    assert not any(line in got["student_message"] for line in HIDDEN)
    if got["failed"] == "hidden":
        assert "words of the visible part" not in got["student_message"]
