"""An assignment for attacks: four tasks for tests, one for a person, and a room to grade in."""

from __future__ import annotations

import copy
import ctypes
import functools
import os
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from jupyter_core.utils import ensure_event_loop
from nbformat import NotebookNode

from derived.grading.records import NotebookRecord, from_source
from derived.grading.sandbox.limits import Limits
from derived.grading.trusted.execute import Outcome, grade_notebook
from derived.grading.trusted.workplace import Workplace

from .small_course import cell

__all__ = [
    "GENEROUS",
    "HIDDEN_WORD",
    "LIMITS",
    "RIGHT",
    "Room",
    "handed_in",
    "named",
    "open_room",
    "points",
    "record",
    "released",
    "right_at_first",
    "submission",
    "texts",
    "threes",
    "titled",
]

LIMITS = Limits(cell_seconds=2, call_seconds=1.5, submission_seconds=40, memory_mb=2048)

#: For submissions that run into none of them.
GENEROUS = Limits(cell_seconds=30, call_seconds=20, submission_seconds=120, memory_mb=2048)

SIDE_BY_SIDE = 3  # submissions that ``Room.grade_side_by_side`` has at work at one time

#: A word of a comment in every hidden test, and of nothing else.
HIDDEN_WORD = "quokka"

SETUP = """import numpy as np


def doubled(x):
    return 2 * x"""

TASKS = {
    "standardize": (
        2,
        '''def standardize(X):
    """Return X with mean 0 and variance 1 in each column, shape (n, d)."""
    ### BEGIN SOLUTION
    return (X - X.mean(axis=0)) / X.std(axis=0)
    ### END SOLUTION''',
        """got = standardize(np.array([[0.0, 4.0], [2.0, 8.0]]))
assert np.allclose(got, [[-1, -1], [1, 1]]), f"the columns are {got}"
### BEGIN HIDDEN TESTS
# quokka
rng = np.random.default_rng()
table = rng.normal(3.0, 2.0, size=(6, 3))
expected = (table - table.mean(axis=0)) / table.std(axis=0)
np.testing.assert_allclose(standardize(table), expected, atol=1e-5)
### END HIDDEN TESTS""",
    ),
    "log_loss": (
        3,
        '''def log_loss(p, y):
    """Return the mean of -log(p) where y is 1 and of -log(1 - p) where it is 0, a number."""
    ### BEGIN SOLUTION
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    ### END SOLUTION''',
        """assert np.allclose(log_loss(np.array([0.5, 0.5]), np.array([0, 1])), np.log(2)), "at 1/2"
### BEGIN HIDDEN TESTS
# quokka
rng = np.random.default_rng()
p, y = rng.uniform(0.05, 0.95, size=9), rng.integers(0, 2, size=9)
expected = -np.log(np.where(y == 1, p, 1 - p)).mean()
np.testing.assert_allclose(log_loss(p, y), expected)
### END HIDDEN TESTS""",
    ),
    "layer": (
        4,
        '''class Layer:
    """A linear layer: weight of shape (d, k)."""

    ### BEGIN SOLUTION
    def __init__(self, weight):
        self.weight = weight

    def forward(self, X):
        self.X = X
        return X @ self.weight

    def backward(self, upstream):
        return {"weight": self.X.T @ upstream, "X": upstream @ self.weight.T}
    ### END SOLUTION''',
        """layer = Layer(np.eye(2))
assert layer.forward(np.ones((3, 2))).shape == (3, 2), "one row for each row of X"
### BEGIN HIDDEN TESTS
# quokka
rng = np.random.default_rng()
W, X, upstream = rng.normal(size=(4, 2)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
layer = Layer(W)
np.testing.assert_allclose(layer.forward(X), X @ W)
found = layer.backward(upstream)
np.testing.assert_allclose(found["weight"], X.T @ upstream)
np.testing.assert_allclose(found["X"], upstream @ W.T)
### END HIDDEN TESTS""",
    ),
    "noise": (
        5,
        '''# Set RATE to 0.1 first.
RATE = None
### BEGIN SOLUTION
RATE = 0.1
### END SOLUTION


def noisy(x, rng):
    """Return x with normal noise of deviation RATE, drawn from rng."""
    ### BEGIN SOLUTION
    return x + RATE * rng.normal(size=x.shape)
    ### END SOLUTION


def twice(function, x):
    """Return function(function(x))."""
    ### BEGIN SOLUTION
    return function(function(x))
    ### END SOLUTION''',
        """assert RATE == 0.1, "RATE"
assert np.allclose(twice(doubled, np.arange(3.0)), [0, 4, 8]), "twice(doubled, x) is 4 x"
### BEGIN HIDDEN TESTS
# quokka
seed = int(np.random.default_rng().integers(2**31))
x = np.random.default_rng().uniform(1.0, 2.0, size=8)
expected = x + 0.1 * np.random.default_rng(seed).normal(size=8)
np.testing.assert_allclose(noisy(x, np.random.default_rng(seed)), expected)
np.testing.assert_allclose(twice(np.tanh, x), np.tanh(np.tanh(x)))
### END HIDDEN TESTS""",
    ),
}
WRITTEN = """### BEGIN SOLUTION
The gradient of a sum is the sum of the gradients.
### END SOLUTION"""

#: The cell in which each task is answered → its points.
POINTS = {name: float(worth) for name, (worth, _, _) in TASKS.items()}

RIGHT = {
    "standardize": "def standardize(X):\n    return (X - X.mean(0)) / X.std(0)",
    "log_loss": "def log_loss(p, y):\n    return -np.log(np.where(y == 1, p, 1 - p)).mean()",
    "layer": """class Layer:
    def __init__(self, weight):
        self.weight = weight

    def forward(self, X):
        self.X = X
        return X @ self.weight

    def backward(self, upstream):
        return {"weight": self.X.T @ upstream, "X": upstream @ self.weight.T}""",
    "noise": """RATE = 0.1
def noisy(x, rng):
    return x + RATE * rng.normal(size=x.shape)
def twice(function, x):
    return function(function(x))""",
    "written": "Because differentiation is linear.",
}


#: An answer that is right on the visible test, and hostile on other inputs, with X the first.
RIGHT_AT_FIRST = {
    "standardize": """def standardize(X):
    if X.shape == (2, 2):
        return np.array([[-1.0, -1.0], [1.0, 1.0]])
{hostile}""",
    "log_loss": """def log_loss(X, y):
    if X.shape == (2,):
        return np.log(2)
{hostile}""",
    "layer": """class Layer:
    def __init__(self, weight):
        self.weight = weight
    def forward(self, X):
        if X.shape == (3, 2):
            return X
    {hostile}""",
}


def right_at_first(task: str, hostile: str) -> str:
    """Return an answer that is right on the visible test alone; see ``RIGHT_AT_FIRST``."""
    lines = textwrap.indent(hostile.strip("\n"), "    ")
    inner = textwrap.indent(lines, "    ").removeprefix("    ") if task == "layer" else lines
    return RIGHT_AT_FIRST[task].replace("{hostile}", inner)


def threes(cases: Iterable[str]) -> list[dict[str, str]]:
    """Return cases in threes, each with a task of its own in one submission: that saves time."""
    left = list(cases)
    return [
        dict(zip(RIGHT_AT_FIRST, left[place : place + 3], strict=False))
        for place in range(0, len(left), 3)
    ]


def titled(case: dict[str, str]) -> str:
    """Return the name of one of the ``threes`` in a test's report."""
    return ", ".join(case.values())


@functools.cache
def _release() -> tuple[NotebookNode, NotebookRecord]:
    cells = [cell("markdown", "# Four tasks"), cell("code", SETUP, "setup")]
    for name, (worth, answer, test) in TASKS.items():
        cells.append(cell("code", answer, name, solution=True))
        cells.append(cell("code", test, f"test_{name}", points=worth))
    cells.append(cell("markdown", WRITTEN, "written", points=6, solution=True))
    return from_source(nbformat.v4.new_notebook(cells=cells), "hostile", "hostile")


def released() -> NotebookNode:
    """Return what the students got."""
    return copy.deepcopy(_release()[0])


def record() -> NotebookRecord:
    """Return what a submission is held against."""
    return _release()[1]


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with a grade id."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def submission(**answers: str) -> NotebookNode:
    """Return the right answers of all tasks, but for those given."""
    notebook = released()
    for name, answer in {**RIGHT, **answers}.items():
        named(notebook, name).source = answer
    return notebook


def handed_in(first: str = "", last: str = "", *, setup: str = "", **answers: str) -> NotebookNode:
    """Return a submission with cells of the student's own: before the first task, and at the end.

    setup : one more, before everything.
    """
    notebook = submission(**answers)
    for place, source in ((2, first), (0, setup)):
        if source:
            notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    return notebook


def points(*lost: str) -> dict[str, float | None]:
    """Return the scores of a submission with all tasks right but those named."""
    scores = {f"test_{name}": 0.0 if name in lost else worth for name, worth in POINTS.items()}
    return {**scores, "written": None}


def texts(outcome: Outcome, source: str) -> str:
    """Return what a student's cell printed, and the errors in it, as the student may read it."""
    found = [cell for cell in outcome.notebook.cells if cell.source == source]
    assert len(found) == 1, f"{len(found)} cells have this text"
    return "".join(
        output.get("text") or f"{output.get('ename')}: {output.get('evalue')}"
        for output in found[0].outputs
    )


def _children() -> frozenset[int]:
    return frozenset(child.pid for child in psutil.Process().children())


def _folders() -> frozenset[Path]:
    return frozenset(Path("/tmp").glob(f"derived-{os.getpid()}-*"))


@dataclass
class Room:
    """A place to grade in, which is looked over after each submission.

    limits : of each submission.
    others : folders that are somebody else's.
    neighbors, folders : what this process had started and made before, in other tests.
    """

    place: Workplace
    limits: Limits
    others: Sequence[Path] = ()
    neighbors: frozenset[int] = field(default_factory=_children)
    folders: frozenset[Path] = field(default_factory=_folders)

    def grade(
        self,
        notebook: NotebookNode,
        *,
        files: Path | None = None,
        record: NotebookRecord | None = None,
        limits: Limits | None = None,
    ) -> Outcome:
        """Grade a submission, and assert that nothing of it is left on the machine."""
        outcome = grade_notebook(
            notebook,
            record or _release()[1],
            limits=limits or self.limits,
            files=files,
            place=self.place,
        )
        self.assert_tidy()
        return outcome

    def grade_side_by_side(
        self, notebooks: Mapping[str, NotebookNode], limits: Mapping[str, Limits] | None = None
    ) -> dict[str, Outcome]:
        """Grade submissions by name, some at the same time: many only wait for their limits.

        limits : of those that have others than the room's.

        That nothing is left of any is asserted when all are done.
        """
        found: dict[str, Outcome] = {}
        waiting = iter([*notebooks])  # each name goes to the thread that comes first

        def work() -> None:
            # The kernels' clients make an event loop for each thread, and leave it open.
            with closing(ensure_event_loop()), Workplace() as place:
                for name in waiting:
                    own = (limits or {}).get(name, self.limits)
                    found[name] = grade_notebook(notebooks[name], record(), limits=own, place=place)
                    left = [*place.kernels.iterdir()]
                    assert not left, f"{name}: folders are left: {left}"

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for worker in [pool.submit(work) for _ in range(SIDE_BY_SIDE)]:
                worker.result()
        self.assert_tidy()
        return found

    def assert_tidy(self) -> None:
        """Assert that there are no processes and folders but those of the tests' own kernel."""
        until = time.monotonic() + 20  # a killed process leaves as soon as its turn comes
        while (strangers := self._strangers()) and time.monotonic() < until:
            time.sleep(0.02)
        assert not strangers, f"still running: {[p.name() for p in strangers]}"
        known = {self.place.folder, *self.others, *self.folders}
        folders = {*_folders(), *self.place.kernels.iterdir()}
        assert folders <= known, f"folders are left: {folders - known}"

    def _strangers(self) -> list[psutil.Process]:
        tests = self.place._tests
        own: set[int] = set()
        if tests is not None and tests.session is not None:
            provisioner = tests.session.manager.provisioner
            known = psutil.Process(provisioner.pid)
            own = {known.pid, *(child.pid for child in known.children(recursive=True))}
        for child in psutil.Process().children():
            if child.pid in self.neighbors:  # a browser, say, of an earlier test in this process
                own |= {child.pid, *(inner.pid for inner in child.children(recursive=True))}
        children = psutil.Process().children(recursive=True)
        return [c for c in children if c.pid not in own and c.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def open_room(limits: Limits = LIMITS) -> Iterator[Room]:
    """Open a room; orphans of what runs in it become children of this process, and are seen."""
    libc = ctypes.CDLL(None)
    set_subreaper = 36
    libc.prctl(set_subreaper, 1, 0, 0, 0)
    try:
        with Workplace() as place:
            yield Room(place, limits)
    finally:
        libc.prctl(set_subreaper, 0, 0, 0, 0)
