"""The agent in a submission's kernel and the handles of it, joined in one process."""

from __future__ import annotations

import collections
import json
import warnings

import numpy as np
import pytest
import torch

from derived.grading.trusted.agent import Agent
from derived.grading.trusted.remote import Handle, Submission, SubmissionError
from derived.grading.trusted.wire import encode

STUDENT = """
import numpy as np, torch, collections
from numpy import linalg
from math import sin

def centred(x):
    return x - x.mean()

def in_place(x):
    x -= x.mean()
    return x

def sorts(x):
    x.sort()

def fills(d):
    d["new"] = np.ones(2)
    d["s"].add(3)

def applies(function, x):
    return function(x)

def draws(rng, size):
    return rng.normal(size=size)

def draws_from(state):
    return state["rng"].integers(10)

def loss(y):
    return float((y ** 2).sum())

def counts(text):
    return collections.Counter(text)

def shape(x):
    return x.shape

def makes(dtype):
    return np.zeros(2, dtype=dtype)

def returns_function():
    return centred

def raises():
    raise ValueError("wrong\\nshape")

def says(x, *, scale=1.0):
    return (type(x).__name__, scale)

class Own(Exception):
    def __str__(self):
        raise SystemExit

def raises_own():
    raise Own

def leaves():
    raise SystemExit(3)

def objects():
    return np.array([None])

class ValueError2(ValueError):
    pass
ValueError2.__name__ = "ValueError"

def pretends():
    raise ValueError2("no")

def endless():
    while True:
        yield 1

class Model:
    def __init__(self, n):
        self.w = np.zeros(n)
        self.activation = np.tanh
        self.shape = torch.zeros(2, 3).shape
    def __call__(self, x):
        return x @ self.w
    def __len__(self):
        return 3
    def __getitem__(self, key):
        return ("item", key)
    def __iter__(self):
        return iter([self.w, np.ones(1)])
    def parameters(self):
        yield self.w
    def step(self, by):
        self.w = self.w - by

rng = np.random.default_rng(3)
activation = np.tanh
"""


class Near(Submission):
    """A submission that is asked without another kernel."""

    most_seconds = call_seconds = least_seconds = 1.0

    def __init__(self, namespace):
        self.agent = Agent(namespace)

    def ask(self, operation, *parts):
        text = self.agent(json.dumps([operation, *parts]))
        kind, *rest = json.loads(text)
        if kind == "raised":
            raise SubmissionError("raised", ": ".join(rest), rest[0])
        return rest


@pytest.fixture
def test():
    """Return the names that a test has, all bound to the student's."""
    namespace = {}
    exec(STUDENT, namespace)
    bound = {}
    names = [name for name in namespace if not name.startswith("__")]
    Near(namespace).bind(bound, [*names, "missing"], functions=["loss"], may_change=["fills"])
    return bound


def test_calls_run_over_there_on_copies(test):
    x = np.array([1.0, 3.0])
    np.testing.assert_array_equal(test["centred"](x), [-1, 1])
    assert test["centred"](x) is not x
    assert x.tolist() == [1, 3]
    assert test["says"](x, scale=np.float64(2)) == ("ndarray", 2.0)
    assert test["says"]((1,)) == ("tuple", 1.0)


def test_what_the_student_does_not_define_is_not_there(test):
    assert "missing" not in test


def test_a_name_of_an_earlier_submission_is_taken_away():
    bound = {"mean": "an earlier one's"}
    Near({}).bind(bound, ["mean"])
    assert bound == {}


@pytest.mark.parametrize(
    "value", [np.array([3.0, 1.0]), torch.tensor([3.0, 1.0])], ids=["np", "torch"]
)
def test_an_argument_changed_in_place_is_seen_and_stays_as_it_was(test, value):
    before = value.tolist()
    with pytest.raises(SubmissionError, match="changed its argument 0 in place") as caught:
        test["in_place"](value)
    assert caught.value.kind == "changed"
    assert value.tolist() == before
    with pytest.raises(SubmissionError, match="changed its argument x in place"):
        test["in_place"](x=value)


def test_a_change_that_is_allowed_is_copied_back(test):
    inside = np.zeros(2)
    state = {"a": inside, "s": {1}}
    test["fills"](state)
    assert set(state) == {"a", "s", "new"} and state["s"] == {1, 3}
    np.testing.assert_array_equal(state["new"], [1, 1])


def test_what_is_no_change(test):
    order = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    for value in (order, order[:, ::-1], np.array(2.0), np.array([np.nan, -0.0]),
                  torch.arange(4.0).bfloat16(), {"b": 1, "a": [order]}, {3, 1, 2},
                  collections.Counter("aab"), range(3), [float("nan")], 10**50,
                  torch.tensor([1.0], requires_grad=True), np.float32, slice(1, None)):  # fmt: skip
        test["says"](value)


def test_functions_of_locked_cells_and_of_numpy_can_be_passed(test):
    def loss(y):
        raise AssertionError("not this one: the one over there")

    x = np.array([1.0, 2.0])
    assert test["applies"](loss, x) == 5.0
    np.testing.assert_array_equal(test["applies"](np.exp, x), np.exp(x))
    assert torch.equal(test["applies"](torch.relu, torch.tensor([-1.0])), torch.tensor([0.0]))
    assert test["applies"](test["centred"], x).tolist() == [-0.5, 0.5]
    assert test["applies"](np.linalg.norm, x) == np.linalg.norm(x)


@pytest.mark.parametrize(
    "value", [lambda x: x, open, object(), Agent], ids=["lambda", "builtin", "object", "class"]
)
def test_anything_else_cannot_be_passed(test, value):
    with pytest.raises(TypeError, match="a test cannot send this to a submission"):
        test["applies"](value, 1)
    assert test["says"](1) == ("int", 1.0)


def test_a_generator_gives_there_what_it_gives_here(test):
    ours, sent = np.random.default_rng(5), np.random.default_rng(5)
    np.testing.assert_array_equal(test["draws"](sent, 3), ours.normal(size=3))
    # A copy was used: the test's own generator has not moved, and nothing counts as a change.
    np.testing.assert_array_equal(test["draws"](sent, 3), sent.normal(size=3))
    assert test["draws_from"]({"rng": sent}) in range(10)


def test_results_are_the_plainest_of_their_kind(test):
    assert test["counts"]("aab") == {"a": 2, "b": 1}
    assert test["shape"](torch.zeros(2, 3)) == (2, 3)
    for dtype in (np.float32, "int8", float, np.dtype("f4"), np.zeros(1, np.int16).dtype):
        assert test["makes"](dtype).dtype == np.dtype(dtype)


def test_functions_modules_and_generators_of_a_submission_are_handles(test):
    x = np.array([0.5])
    for name in ("activation", "linalg", "np", "torch", "rng", "sin"):
        assert type(test[name]) is Handle, name
    np.testing.assert_array_equal(test["activation"](x), np.tanh(x))
    assert test["rng"].normal(size=3).shape == (3,)
    assert type(test["returns_function"]()) is Handle
    assert test["returns_function"]()(x).tolist() == [0]


def test_objects_stay_over_there(test):
    model = test["Model"](2)
    assert type(model) is Handle
    np.testing.assert_array_equal(model(np.ones((3, 2))), np.zeros(3))
    model.step(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(model.w, [-1, -2])
    model.w = np.ones(2)
    np.testing.assert_array_equal(model.w, [1, 1])
    assert len(model) == 3
    assert model[1:, ..., "a"] == ("item", (slice(1, None), ..., "a"))
    assert [part.shape for part in model] == [(2,), (1,)]
    assert [part.tolist() for part in model.parameters()] == [[1, 1]]
    assert model.shape == (2, 3)
    assert type(model.activation) is Handle


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "ValueError: wrong\nshape"),
        ("raises_own", "Exception: "),
        ("leaves", "SystemExit: 3"),
        ("pretends", "Exception: no"),
        ("objects", "NotPlain: an array of object is not plain data"),
        ("endless", "NotPlain: more than 100000 items"),
    ],
)
def test_whatever_a_call_raises_is_said_and_nothing_more(test, name, message):
    with pytest.raises(SubmissionError) as caught:
        test[name]()
    assert str(caught.value) == message


def test_a_long_message_is_cut():
    def long():
        raise ValueError("x" * 10_000)

    answer = json.loads(Agent({})(json.dumps(["call", [], 0, 0])))
    assert answer[0] == "raised"
    agent = Agent({"long": long})
    node = agent.keep(long)
    answer = json.loads(agent(json.dumps(["call", node, ["l", []], ["d", []]])))
    assert answer == ["raised", "ValueError", "x" * 500]


@pytest.mark.parametrize("question", ["", "{", "[]", '["nothing"]', '["get"]', '["keep", 1]', "3"])
def test_the_agent_never_raises(question):
    assert json.loads(Agent({})(question))[0] == "raised"


def test_two_handles_of_one_object_are_one_object():
    agent = Agent({})
    thing = object()
    first, second = agent.keep(thing), agent.keep(thing)
    assert first == second and agent.find(first) is thing
    # What is kept stays alive, so that no other object can get its number.
    assert len({agent.keep(object())[1] for _ in range(100)}) == 100


def test_a_warning_over_there_is_no_failure(test):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(test["applies"](np.log, np.array([-1.0]))).all()


def test_an_answer_is_json_of_the_nodes():
    agent = Agent({"x": np.arange(3)})
    answer = json.loads(agent('["get", "x"]'))
    assert answer == ["ok", encode(np.arange(3), agent.keep)]
