"""What an author may write in a test, though the answer runs in another kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from derived.grading.records import NotebookRecord

from .hostile_assignment import (
    GENEROUS,
    RIGHT,
    Room,
    named,
    open_room,
    points,
    record,
    submission,
)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room(GENEROUS) as opened:
        yield opened


def with_test(task: str, source: str) -> NotebookRecord:
    """Return the assignment with another test of a task."""
    known = record()
    cells = [
        replace(cell, source=source) if cell.name == f"test_{task}" else cell
        for cell in known.cells
    ]
    return replace(known, cells=tuple(cells))


ERRORS = """
np.testing.assert_raises(ValueError, standardize, np.zeros(3))
try:
    standardize(np.zeros((0, 2)))
except IndexError as error:
    assert "no rows" in str(error)
else:
    raise AssertionError("no error for no rows")
for name in ("a", "b"):
    try:
        standardize(name)
    except KeyError:
        continue
    raise AssertionError("no error for a name")"""


def test_wait_for_an_error(room: Room):
    checks = """def standardize(X):
    if isinstance(X, str):
        raise KeyError(X)
    if X.ndim != 2:
        raise ValueError("two axes")
    if len(X) == 0:
        raise IndexError("no rows")
    return X"""
    known = with_test("standardize", ERRORS)
    assert room.grade(submission(standardize=checks), record=known).scores == points()
    assert room.grade(submission(), record=known).scores == points("standardize")
    liar = "def standardize(X):\n    raise StopIteration"
    assert room.grade(submission(standardize=liar), record=known).scores == points("standardize")


OBJECTS = """
layer = Layer(np.eye(2))
assert not hasattr(layer, "bias") and getattr(layer, "bias", None) is None
assert [list(row) for row in layer.rows()] == [[1, 0], [0, 1]]
assert list(layer) == [1, 2, 3] and len(layer) == 3
layer.weight = np.ones((2, 2))
assert layer["weight"].sum() == 4
assert {**layer.named()} == {"weight": 4.0}
first, second = layer.pair()
assert (first, second) == (1, 2)"""


def test_use_an_object_of_the_answers_as_python_does(room: Room):
    answer = """from collections import namedtuple
Pair = namedtuple("Pair", "first second")
class Named:
    def keys(self):
        return iter(["weight"])
    def __getitem__(self, key):
        return 4.0
class Layer:
    def __init__(self, weight):
        self.weight = weight
    def rows(self):
        return zip(*self.weight.T)
    def __iter__(self):
        return iter([1, 2, 3])
    def __len__(self):
        return 3
    def __getitem__(self, name):
        return getattr(self, name)
    def named(self):
        return Named()
    def pair(self):
        return Pair(1, 2)"""
    known = with_test("layer", OBJECTS)
    assert room.grade(submission(layer=answer), record=known).scores == points()


NOTHING = """
found = standardize(np.array([[1.0, 2.0]]))
assert len(found) == 0"""


@pytest.mark.parametrize("value", ["X[X > 5]", "[]"])
def test_allow_an_answer_that_holds_nothing(room: Room, value: str):
    """By default it is refused, because NumPy takes it for equal to everything."""
    given = submission(standardize=f"def standardize(X):\n    return {value}")
    outcome = room.grade(given, record=with_test("standardize", NOTHING))
    assert outcome.scores == points("standardize")
    message = named(outcome.notebook, "test_standardize").metadata["derived"]["student_message"]
    assert "empty" in message
    allowing = with_test("standardize", "### ALLOWS EMPTY\n" + NOTHING)
    assert room.grade(given, record=allowing).scores == points()


CHANGES = """### ALLOWS CHANGES: noisy
x = np.zeros(4)
rng = np.random.default_rng(0)
noisy(x, rng)
assert np.allclose(x, 0.1 * np.random.default_rng(0).normal(size=4))
steps = {"x": 1}
assert twice(doubled, 3) == 12"""


def test_allow_a_function_to_change_its_arguments(room: Room):
    in_place = RIGHT["noise"].replace(
        "    return x + RATE * rng.normal(size=x.shape)",
        "    x += RATE * rng.normal(size=x.shape)",
    )
    assert (
        room.grade(submission(noise=in_place), record=with_test("noise", CHANGES)).scores
        == points()
    )
    forbidding = with_test("noise", CHANGES.replace("### ALLOWS CHANGES: noisy", ""))
    outcome = room.grade(submission(noise=in_place), record=forbidding)
    assert outcome.scores == points("noise")


def test_take_its_time(room: Room):
    """A test with many calls may take longer than one call."""
    many = "for n in range(100):\n    assert twice(doubled, n) == 4 * n"
    assert room.grade(submission(), record=with_test("noise", many)).scores == points()
