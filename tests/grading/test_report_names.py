"""What the report calls its tasks, and how it writes numbers."""

from __future__ import annotations

import pytest

from derived.grading.report.labels import task_labels
from derived.grading.report.numbers import coefficient, percent
from derived.grading.report.numbers import points as written

NAN = float("nan")


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        ("Task 8: A layer (2 + 6 points)", "8"),
        ("1 The mean", "1"),
        ("Exercise 2.3b", "2.3b"),
        ("3) Proof", "3"),
        ("Means of 3 numbers", ""),
        ("2-layer networks", ""),
        ("", ""),
    ],
)
def test_the_number_of_a_task_is_the_headings(heading, number):
    (label,) = task_labels(["test_f"], {"test_f": heading})
    assert (label.number, label.heading) == (number, heading)
    assert label.short == (f"{number} · f" if number else "f")
    assert label.spoken == (f"Task {number} (f)" if number else "f")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["test_f", "g"], ["f", "g"]),
        (["test_f", "f"], ["test_f", "f"]),
        (["a/test_f", "b/test_f", "b/test_g"], ["a/f", "b/f", "g"]),
        (["test_"], ["test_"]),
        (["test_" + "a" * 20 + "b" * 20], ["a" * 16 + "…" + "b" * 13]),
        (["x" * 40, "x" * 41], ["x" * 40, "x" * 41]),
    ],
)
def test_names_of_tasks_are_short_and_not_each_others(labels, names):
    assert [label.short for label in task_labels(labels, {})] == names


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (2.5, "2.5"),
        (1 / 3, "0.33"),
        (1250.0, "1250"),
        (100.0, "100"),
        (0.0, "0"),
        (-0.001, "0"),
        (-1.5, "−1.5"),
        (NAN, "–"),
    ],
)
def test_points_have_two_decimals_at_most(value, text):
    assert written(value) == text


def test_shares_and_coefficients():
    assert (percent(0.125), percent(1.0), percent(NAN)) == ("12 %", "100 %", "–")
    assert (coefficient(-0.456), coefficient(0.5), coefficient(NAN)) == ("−0.46", "0.50", "–")
