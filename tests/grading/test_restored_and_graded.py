"""Two kernels on what was restored: damaged honest work keeps its points, a forged one has none."""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from derived.grading.records import from_source
from derived.grading.restore import read_submission
from derived.grading.sandbox.limits import Limits
from derived.grading.trusted.execute import grade_notebook
from derived.grading.trusted.workplace import Workplace
from tests.grading.small_course import ASSIGNMENT, cell, solved

ANSWER = """### BEGIN SOLUTION
def mean(x):
    return sum(x) / len(x)
### END SOLUTION"""
TEST = """assert mean([1.0, 3.0]) == 2.0
### BEGIN HIDDEN TESTS
rng = np.random.default_rng()
x = rng.normal(size=4)
assert mean(x) == x.sum() / 4 or abs(mean(x) - x.mean()) < 1e-9
### END HIDDEN TESTS"""
COUNT = """### BEGIN SOLUTION
def count(text):
    return {letter: text.count(letter) for letter in text}
### END SOLUTION"""
TEST_COUNT = 'assert count("aab") == {"a": 2, "b": 1}'
RIGHT = {
    "mean": "def mean(x):\n    return np.mean(x)",
    "count": "import collections\n\ndef count(text):\n    return collections.Counter(text)",
}

SOURCE = nbformat.v4.new_notebook(
    cells=[
        cell("code", "import numpy as np", "imports"),
        cell("code", ANSWER, "mean", solution=True),
        cell("code", TEST, "test_mean", points=2),
        cell("code", COUNT, "count", solution=True),
        cell("code", TEST_COUNT, "test_count", points=1),
    ]
)
RELEASED, RECORD = from_source(SOURCE, ASSIGNMENT, ASSIGNMENT)

FORGE = """from derived.grading.trusted import agent, wire
def mean(x):
    return 0
def count(text):
    return 0
plain = wire.encode
def encode(value, *arguments, **named):
    return {node} if value == 0 else plain(value, *arguments, **named)
agent.encode = encode"""


@pytest.fixture(scope="module")
def place():
    with Workplace() as made:
        yield made


def scores(place, submission):
    read = read_submission(nbformat.writes(submission))
    return grade_notebook(read, RECORD, limits=Limits(), unsafe=True, place=place).scores


def test_an_honest_answer_through_other_tools_of_python_keeps_its_points(place):
    assert scores(place, solved(RELEASED, RIGHT)) == {"test_mean": 2, "test_count": 1}


def test_damaged_honest_work_keeps_its_points(place):
    submission = solved(RELEASED, {"mean": RIGHT["mean"].replace("np.", "numpy."), **RIGHT})
    by_name = {found.metadata.nbgrader.grade_id: found for found in submission.cells}
    by_name["imports"].source = "import numpy as np\nimport numpy\n" + RIGHT["mean"]
    by_name["count"].metadata = NotebookNode()
    by_name["test_mean"].metadata.nbgrader.update(points=0, grade=False)
    by_name["test_mean"].metadata["tags"] = ["skip-execution"]
    # No tests, the cells in the wrong order, one answer in the set-up cell, one without its id.
    submission.cells = [by_name["count"], by_name["imports"]]
    assert scores(place, submission) == {"test_mean": 2, "test_count": 1}


@pytest.mark.parametrize(
    "node",
    [
        ["q", "torch", "_guards.unittest.mock.ANY"],
        ["m", "numpy"],
        ["y", "dtype", "f8"],
    ],
    ids=lambda node: node[0],
)
def test_forged_answers_get_no_points(place, node):
    forged = FORGE.replace("{node}", repr(node))
    submission = solved(RELEASED, {"mean": forged, "count": "pass"})
    assert scores(place, submission) == {"test_mean": 0, "test_count": 0}
