"""Right answers get full marks, however a student writes them, and whatever else is in the file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .hostile_assignment import (
    GENEROUS,
    RIGHT,
    Room,
    open_room,
    points,
    submission,
)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room(GENEROUS) as opened:
        yield opened


#: Right answers, by task.
ANSWERS: dict[str, dict[str, str]] = {
    "warnings and stderr": {
        "standardize": """import sys, warnings
warnings.warn("be careful")
def standardize(X):
    print("standardizing", file=sys.stderr)
    np.log(np.zeros(1))
    warnings.warn("again")
    return (X - X.mean(0)) / X.std(0)""",
    },
    "prints": {
        "standardize": """def standardize(X):
    print("X =", X)
    for row in range(500):
        print("row", row)
    return (X - X.mean(0)) / X.std(0)
print(standardize(np.eye(3)))
standardize(np.eye(2))""",
    },
    "its own functions, below": {
        "standardize": "def standardize(X):\n    return centre(X) / deviation(X)",
        "log_loss": RIGHT["log_loss"]
        + "\ndef centre(X):\n    return X - X.mean(0)\ndeviation = lambda X: X.std(axis=0)",
    },
    "type hints": {
        "standardize": """from __future__ import annotations
from numpy.typing import NDArray
def standardize(X: NDArray[np.float64], *, eps: float = 0.0) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = X.mean(axis=0)
    return (X - mean) / (X.std(axis=0) + eps)""",
    },
    "single precision": {
        "standardize": """def standardize(X):
    X = X.astype(np.float32)
    return (X - X.mean(0)) / X.std(0)""",
    },
    "lists": {
        "standardize": """def standardize(X):
    columns = [(column - column.mean()) / column.std() for column in X.T]
    return [list(row) for row in zip(*columns)]""",
    },
    "an array of its own class": {
        "standardize": """class Table(np.ndarray):
    pass
def standardize(X):
    return ((X - X.mean(0)) / X.std(0)).view(Table)""",
    },
    "a matrix": {
        "standardize": "def standardize(X):\n    return np.asmatrix((X - X.mean(0)) / X.std(0))"
    },
    "a transposed view": {
        "standardize": """def standardize(X):
    rows = X.T
    return ((rows - rows.mean(1)[:, None]) / rows.std(1)[:, None]).T""",
    },
    "a number of Python": {
        "log_loss": """import math
def log_loss(p, y):
    total = 0
    for one, label in zip(p, y):
        total -= math.log(one) if label else math.log(1 - one)
    return total / len(p)""",
    },
    "an array without axes": {
        "log_loss": """def log_loss(p, y):
    return np.array(-np.log(np.where(y == 1, p, 1 - p)).mean())""",
    },
    "a constant, a cache and a counter": {
        "log_loss": """import functools
EPSILON = 0.0
calls = 0
@functools.lru_cache
def constant():
    return -1.0
def log_loss(p, y):
    global calls
    calls += 1
    return constant() * np.mean(y * np.log(p + EPSILON) + (1 - y) * np.log(1 - p + EPSILON))""",
    },
    "recursion": {
        "log_loss": """def total(p, y):
    if len(p) == 0:
        return 0.0
    return -np.log(p[0] if y[0] else 1 - p[0]) + total(p[1:], y[1:])
def log_loss(p, y):
    return total(p, y) / len(p)""",
    },
    "an object that is called": {
        "log_loss": """class Loss:
    def __call__(self, p, y):
        return -np.log(np.where(y == 1, p, 1 - p)).mean()
log_loss = Loss()""",
    },
    "a lambda": {"log_loss": "log_loss = lambda p, y: -np.log(np.where(y == 1, p, 1 - p)).mean()"},
    "a partial function and a vectorized one": {
        "log_loss": """from functools import partial
one = np.vectorize(lambda p, y: -np.log(p if y else 1 - p))
def mean_of(function, p, y):
    return function(p, y).mean()
log_loss = partial(mean_of, one)""",
    },
    "a decorator": {
        "log_loss": """import functools, time
def timed(function):
    @functools.wraps(function)
    def wrapped(*arguments, **options):
        started = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            print(f"{time.perf_counter() - started:.3f} s")
    return wrapped
@timed
def log_loss(p, y):
    return -np.log(np.where(y == 1, p, 1 - p)).mean()""",
    },
    "%%time": {"log_loss": "%%time\n" + RIGHT["log_loss"]},
    "magics and a program": {
        "log_loss": "%precision 3\n!echo hello\n" + RIGHT["log_loss"] + "\n%timeit -n1 -r1 2 + 2",
    },
    "an async function beside it": {
        "log_loss": """import asyncio
async def later():
    await asyncio.sleep(0)
await later()
"""
        + RIGHT["log_loss"],
    },
    "a class in parts": {
        "layer": """class Base:
    def __init__(self, weight):
        self.weight = np.array(weight)
    def forward(self, X):
        self.X = X
        return self._product(X)
class Layer(Base):
    __slots__ = ("cache",)
    def _product(self, X):
        return np.einsum("nd,dk->nk", X, self.weight)
    def backward(self, upstream):
        return dict(weight=self._weight(upstream), X=upstream @ self.weight.T)
    def _weight(self, upstream):
        return sum(np.outer(x, g) for x, g in zip(self.X, upstream))""",
    },
    "a dataclass with other dictionaries": {
        "layer": """from collections import defaultdict, OrderedDict
from dataclasses import dataclass, field
from typing import Any
@dataclass
class Layer:
    weight: Any
    gradients: dict = field(default_factory=lambda: defaultdict(float))
    def forward(self, X):
        self.X = X
        return X @ self.weight
    def backward(self, upstream):
        self.gradients["weight"] += self.X.T @ upstream
        self.gradients["X"] += upstream @ self.weight.T
        return self.gradients""",
    },
    "a class that keeps what it is given": {
        "layer": """class Layer:
    def __init__(self, weight):
        self.weight = weight
        self.weight *= 1
        self.steps = []
    def forward(self, X):
        self.X = X
        self.steps.append(X)
        return X @ self.weight
    def backward(self, upstream):
        self.weight_gradient = self.X.T @ upstream
        return {"X": upstream @ self.weight.T, "weight": self.weight_gradient}""",
    },
    "the generator, used by another function": {
        "noise": """RATE = 1 / 10
def draws(rng, n):
    return [rng.standard_normal() for _ in range(n)]
def noisy(x, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    return x + RATE * np.array(draws(rng, x.size)).reshape(x.shape)
def twice(function, x):
    for _ in range(2):
        x = function(x)
    return x""",
    },
    "an answer that does not use the name of the constant": {
        "noise": """RATE = np.float64(0.1)
def noisy(x, rng):
    return rng.normal(x, RATE)
def twice(f, x):
    return (lambda g: g(g(x)))(f)""",
    },
    "pictures": {
        "standardize": """%matplotlib inline
import matplotlib.pyplot as plt
def standardize(X):
    return (X - X.mean(0)) / X.std(0)
figure, axes = plt.subplots()
axes.plot(standardize(np.arange(9.0).reshape(3, 3)))
plt.show()""",
    },
    "names that the grader uses": {
        "log_loss": """json = sys = Submission = MIME = agent = names = None
__submission = __json = __sys = __describe = get = None
"""
        + RIGHT["log_loss"],
    },
    "other names for NumPy": {
        "log_loss": """import numpy
np = numpy
from numpy import *
"""
        + RIGHT["log_loss"],
    },
    "a seed, and an odd setting": {
        "standardize": """np.random.seed(0)
np.set_printoptions(precision=1)
np.seterr(all="raise")
"""
        + RIGHT["standardize"],
    },
    "its locale, folder and threads": {
        "standardize": """import os, tempfile, threading
os.makedirs("data", exist_ok=True)
open("data/cache.txt", "w").write("1")
os.chdir(tempfile.mkdtemp())
threading.Thread(target=print, args=("hello",)).start()
"""
        + RIGHT["standardize"],
    },
}


def _together() -> list[list[str]]:
    """Return the names of answers to different tasks, to be graded in one submission."""
    groups: list[tuple[set[str], list[str]]] = []
    for name, answers in ANSWERS.items():
        tasks, names = next((g for g in groups if not g[0] & set(answers)), (set(), []))
        if not names:
            groups.append((tasks, names))
        tasks |= set(answers)
        names.append(name)
    return [names for _, names in groups]


@pytest.mark.parametrize("names", _together(), ids=", ".join)
def test_full_marks_for_right_answers_with(room: Room, names: list[str]):
    answers = {task: text for name in names for task, text in ANSWERS[name].items()}
    assert room.grade(submission(**answers)).scores == points()
