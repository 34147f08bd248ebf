"""What an author is told before anything runs."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_output

from derived.grading.authoring import MarkupError, lint

from . import authored
from .authored import MEAN, TEST_MEAN, answer, exam, locked, notebook

SETUP = locked("import numpy as np")
HIDDEN = (
    "### BEGIN HIDDEN TESTS\nrng = np.random.default_rng()\nassert mean([rng.random()])\n"
    "### END HIDDEN TESTS"
)


def of_test(source: str, *before):
    """The findings on one test of ``mean``."""
    test = exam(f"{source}\n{HIDDEN}", "test")
    return lint(notebook(SETUP, answer(MEAN, "mean"), *before, test))


def test_a_good_notebook_has_no_findings():
    assert lint(authored.good()) == []


def test_wrong_marks_are_raised():
    with pytest.raises(MarkupError, match="cell a, line 1"):
        lint(notebook(answer("### BEGIN SOLUTION", "a")))


NAMES = {
    "made nowhere": ("mean([lost])", (), "lost is made nowhere"),
    "in a function": ("def f():\n    return lost\nmean(f())", (), "lost is made nowhere"),
    "in a cell of the student": (
        "mean(free)",
        (new_code_cell("free = [1]"),),
        "free is made in cell #3, which students can change",
    ),
    "in another test": (
        "mean(other)",
        (exam(f"other = mean([1])\n{HIDDEN}", "first"),),
        "other is made only in the test first",
    ),
    "rests on an answer": (
        "assert twice([1]) == 2",
        (locked("def twice(x):\n    return 2 * mean(x)", "twice"),),
        "twice of the locked cell twice uses mean of an answer",
    ),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_that_the_test_will_not_have(case):
    source, before, sentence = NAMES[case]
    test = exam(f"{source}\n{HIDDEN.replace('assert mean', 'assert sum')}", "test")
    found = lint(notebook(SETUP, answer(MEAN, "mean"), *before, test))
    errors = [finding for finding in found if finding.error]
    assert len(errors) == 1 and errors[0].cell == "test" and sentence in errors[0].sentence
    line = 1 + source.count("\n", 0, source.find("lost") if "lost" in source else 0)
    assert errors[0].line == line


@pytest.mark.parametrize(
    "source",
    [
        "values = [i for i in range(3)]\nmean(values)",
        "def f(a, *b, c=1, **d):\n    return [a, b, c, d]\nmean(f(1))",
        "import math\nfrom os import path as p\nmean([math.pi, len(p.sep)])",
        "with open('x') as file:\n    mean(file)\nfor k, (v, w) in []:\n    mean([k, v, w])",
        "try:\n    mean([])\nexcept ZeroDivisionError as error:\n    print(error)",
        "class A:\n    x = 1\n    y = x\nmean([A.y])",
        "print(mean([1]), display, __name__)",
        "(total := mean([1]))\nassert total",
        "mean(np.array([1.0]))",
    ],
)
def test_names_that_the_test_has(source):
    assert of_test(source) == []


def test_a_locked_function_that_gets_the_answer_as_an_argument_is_right():
    twice = locked("def twice(f, x):\n    return 2 * f(x)", "twice")
    assert of_test("assert twice(mean, [1]) == 2", twice) == []


def test_an_answer_below_its_test_is_found():
    (finding, *_) = lint(notebook(SETUP, exam(TEST_MEAN, "test"), answer(MEAN, "mean")))
    assert finding.error and "further down, in cell mean: move it up" in finding.sentence


def test_with_a_star_import_unknown_names_are_not_judged():
    star = locked("from math import *", "star")
    assert of_test("mean([pi])", star) == []


def test_an_instructors_function_that_hides_the_answer_is_found():
    (finding,) = of_test("def mean(x):\n    return 1.5\nassert mean([1, 2]) == 1.5")
    assert "mean is a name of the answer mean" in finding.sentence and finding.line == 3
    (finding,) = of_test("mean([1])", locked("mean = sum", "hides"))
    assert "the test would see the instructor's" in finding.sentence


def test_the_same_import_in_an_answer_and_a_locked_cell_hides_nothing():
    with_import = answer("import numpy as np\n" + MEAN, "mean")
    assert lint(notebook(SETUP, with_import, exam(TEST_MEAN, "test"))) == []


ADVICE = {
    "NumPy seed": ("np.random.seed(0)\nmean([1])", "np.random.seed does not reach", 1),
    "torch seed": (
        "import torch\ntorch.manual_seed(0)\nmean([1])",
        "torch.manual_seed does not reach",
        2,
    ),
    "isinstance of an answer": (
        "import types\nassert isinstance(mean, types.FunctionType)",
        "isinstance cannot see",
        2,
    ),
    "isinstance of what it made": (
        "import collections\nmade = mean([1])\nassert isinstance(made, collections.Counter)",
        "isinstance cannot see",
        3,
    ),
    "mock": ("from unittest import mock\nmean([1])", "a mock does not reach", 1),
    "mock module": ("import unittest.mock\nmean([1])", "a mock does not reach", 1),
    "lambda": ("mean(key=lambda x: x)", "cannot be passed to mean", 1),
    "own function": ("def f(x):\n    return x\nmean(f)", "cannot be passed to mean", 3),
    "own lambda": ("f = lambda x: x\nmean(f)", "cannot be passed to mean", 2),
    "method": ("made = mean([1])\nmade.map(lambda x: x)", "cannot be passed to made.map", 2),
    "changes of nobody": (
        "### ALLOWS CHANGES: meen\nmean([1])",
        "must name functions of answers, not meen",
        1,
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_what_does_not_reach_another_kernel_is_advised_against(case):
    source, sentence, line = ADVICE[case]
    (finding,) = of_test(source)
    assert sentence in finding.sentence and finding.line == line
    assert finding.cell == "test" and not finding.error


@pytest.mark.parametrize(
    "source",
    [
        "assert isinstance(mean([1]), float)",
        "assert isinstance(mean([1]), (np.ndarray, np.floating, int))",
        "assert isinstance(np.zeros(1), np.matrix)\nmean([1])",
        "assert sorted([2, 1], key=lambda x: x) == [1, 2] and mean([1])",
        "### ALLOWS CHANGES: mean\nmean([1])",
        "rng = np.random.default_rng(0)\nmean(rng.normal(size=2))",
    ],
)
def test_what_works_in_two_kernels_is_not_advised_against(source):
    assert of_test(source) == []


def test_a_test_without_a_hidden_part_is_found_unless_another_has_one():
    visible = exam("assert mean([1]) == 1", "visible")
    (finding,) = lint(notebook(SETUP, answer(MEAN, "mean"), visible))
    assert finding.cell == "visible" and "no test of this answer has a hidden" in finding.sentence
    assert of_test("assert mean([1]) == 1", visible) == []


@pytest.mark.parametrize(
    ("hidden", "fresh"),
    [
        ("assert mean(np.random.default_rng().normal(size=3))", True),
        ("assert mean(numbers())", True),
        ("import torch\nassert mean(torch.randn(3))", True),
        ("assert mean(above)", True),
        ("assert mean(np.random.default_rng(3).normal(size=3))", False),
        ("import torch\nassert mean(torch.randn(3, generator=rng))", False),
        ("assert mean([1, 2]) == 1.5", False),
    ],
)
def test_the_hidden_part_needs_fresh_inputs(hidden, fresh):
    numbers = locked("def numbers():\n    return np.random.default_rng().normal(size=3)", "numbers")
    source = (
        "rng = 0\nabove = np.random.default_rng().normal(size=3)\nassert mean([1]) == 1\n"
        f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
    )
    found = lint(notebook(SETUP, numbers, answer(MEAN, "mean"), exam(source, "test")))
    assert [finding.line for finding in found] == ([] if fresh else [4])
    assert all("no fresh random input" in finding.sentence for finding in found)


def test_an_answer_that_no_test_uses_is_found():
    lonely = answer("### BEGIN SOLUTION\nlonely = 1\n### END SOLUTION", "lonely")
    (finding,) = of_test("mean([1])", lonely)
    assert finding.cell == "lonely" and "no graded test below uses a name" in finding.sentence


def broken(index: int, **changes):
    """The good notebook with one cell's source or nbgrader metadata changed."""
    source = authored.good()
    cell = source.cells[index]
    cell.source = changes.pop("source", cell.source)
    cell.metadata.nbgrader.update(changes)
    return source


STRUCTURE = {
    "no points": (broken(3, points=None), "test_mean", 1, "has no points", True),
    "negative": (broken(3, points=-1), "test_mean", 1, "gives -1 points", True),
    "zero": (broken(3, points=0), "test_mean", 1, "graded for 0 points", False),
    "no id": (broken(2, grade_id=""), "#3", 1, "has no nbgrader id", True),
    "odd id": (broken(2, grade_id="mean, of x"), "mean, of x", 1, "odd characters", False),
    "same id": (broken(4, grade_id="mean"), "mean", 1, "cell #3 has the same id", True),
    "syntax": (broken(3, source="x = (\n"), "test_mean", 1, "this is not Python", True),
    "hidden not closed": (
        broken(3, source="mean([1])\n### BEGIN HIDDEN TESTS"),
        "test_mean",
        2,
        "do not end",
        True,
    ),
    "hidden not opened": (
        broken(3, source="mean([1])\n### END HIDDEN TESTS"),
        "test_mean",
        2,
        "never began",
        True,
    ),
    "hidden nested": (
        broken(3, source=f"### BEGIN HIDDEN TESTS\n{TEST_MEAN}"),
        "test_mean",
        3,
        "begin inside those of line 1",
        True,
    ),
    "hidden in an answer": (
        broken(4, source=f"{authored.SPREAD}\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"),
        "spread",
        5,
        "not a graded test",
        True,
    ),
    "hidden, indented": (
        broken(3, source="if 1:\n    mean\n    ### BEGIN HIDDEN TESTS\n    ### END HIDDEN TESTS"),
        "test_mean",
        3,
        "at the margin",
        True,
    ),
    "visible part is half a statement": (
        broken(3, source="if mean:\n### BEGIN HIDDEN TESTS\n    x = 1\n### END HIDDEN TESTS"),
        "test_mean",
        1,
        "without its hidden tests",
        True,
    ),
    "autotest": (
        broken(3, source="assert mean\n### AUTOTEST mean([1])"),
        "test_mean",
        2,
        "write the test out",
        True,
    ),
}


@pytest.mark.parametrize("case", STRUCTURE)
def test_wrong_structure_is_named_with_cell_and_line(case):
    source, cell, line, sentence, error = STRUCTURE[case]
    found = [finding for finding in lint(source) if sentence in finding.sentence]
    assert [(one.cell, one.line, one.error) for one in found][:1] == [(cell, line, error)]
    assert "\n" not in str(found[0])


def test_stored_outputs_are_found():
    source = authored.good()
    source.cells[2].outputs = [new_output("stream", text="the solution")]
    source.cells[4].execution_count = 3
    found = lint(source)
    assert [finding.cell for finding in found] == ["mean", "spread"]
    assert all("outputs are stored" in finding.sentence for finding in found)
