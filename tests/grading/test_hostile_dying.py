"""Submissions that end, hang or flood: the rest of their work counts, and nothing of them stays."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import nbformat
import psutil
import pytest
from nbformat import NotebookNode

from derived.grading.trusted import submission_kernel
from derived.grading.trusted.execute import Outcome

from .hostile_assignment import (
    LIMITS,
    RIGHT,
    Room,
    handed_in,
    named,
    open_room,
    points,
    right_at_first,
    submission,
    texts,
    threes,
    titled,
)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as opened:
        yield opened


#: Cells that have nothing to do with a task, and the end of what stands below each.
#: Those of a group stand in one notebook.
CELLS = {
    "raising": {
        "import sys\nsys.exit()": "SystemExit: ",
        "exit()": "",
        "def leave():\n    quit(keep_kernel=False)\nleave()": "",
        "name = input('Your name? ')": "does not support input requests.",
        "import getpass\ngetpass.getpass()": "does not support input requests.",
        "def (:": "SyntaxError: ",
        "x = " + "(" * 3000 + ")" * 3000: "too many nested parentheses",
        "def deeper(n):\n    return deeper(n + 1)\ndeeper(0)": "maximum recursion depth exceeded",
        "np.ones((50, 1 << 27))": "MemoryError: Unable to allocate 50.0 GiB",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.closerange(0, 3)\n        import time\n        time.sleep(1000)\n"
        "    os._exit(0)": "",
    },
    "ending": {
        "import os\nos._exit(3)": "KernelEnded: the kernel ended by itself",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)": "KernelEnded: ",
        "import ctypes\nctypes.string_at(0)": "KernelEnded: ",
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self):\n"
        "        return repr(self)\nrepr(A())": "KernelEnded: ",
        "import os\nos.kill(-1, 9)": "",
    },
    "looping": {
        "while True:\n    pass": "Timeout: the cell took more than 2 s",
        "!sleep 1000": "Timeout: the cell took more than ",
        "while True:\n    print('x' * 1000)": "Timeout: the cell took more than ",
        "print('y' * 300_000_000)": "",
    },
    "deaf": {
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    1": "deaf",
    },
    "silent": {
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)": "deaf",
    },
    "growing": {
        "kept = []\nwhile True:\n    kept.append(np.ones(1 << 22))": "",
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()": "",
    },
    "multiplying": {"import os\nwhile True:\n    os.fork()": ""},
}


#: What answers do on other inputs than the visible.
CALLS = {
    "ends": "import os; os._exit(0)",
    "is in the wrong place in memory": "import ctypes; ctypes.string_at(0)",
    "leaves": "raise SystemExit",
    "interrupts": "raise KeyboardInterrupt",
    "asks": "return input()",
    "loops": "while True: pass",
    "loops, deaf": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "loops in C": "return sum(range(10**12))",
    "closes its files": "import os; os.closerange(3, 256)",
    "calls itself": "return type(self)(X).forward(X) if 'self' in locals() else log_loss(X, y)",
    "prints without end": "while True:\n    print(X)",
    "takes 50 GB": "return np.ones((50, 1 << 27))",
    "takes more and more": "kept = []\nwhile True:\n    kept.append(np.ones(1 << 22))",
    "returns 400 MB": "return np.ones((50, 1 << 20))",
}


MANY_LOOPS = [f"while True: {number}" for number in range(20)]
MUTE = "get_ipython().kernel.iopub_thread.stop()"

#: These take much memory, or all the time of the machine: others beside them would miss it.
ALONE = ("growing", "multiplying")


def with_cells(cells: Iterable[str]) -> NotebookNode:
    """Return a right submission with these cells in front of its answers."""
    notebook = submission()
    for place, cell in enumerate(cells):
        notebook.cells.insert(2 + place, nbformat.v4.new_code_cell(cell))
    return notebook


def calling(calls: dict[str, str]) -> NotebookNode:
    """Return a submission in which each task does on other inputs what its call is the name of."""
    return submission(**{task: right_at_first(task, CALLS[name]) for task, name in calls.items()})


@pytest.fixture(scope="module")
def graded(room: Room) -> dict[str, Outcome]:
    """Grade what waits for limits most of its time, those that take longest first."""
    waiting = {group: with_cells(CELLS[group]) for group in CELLS if group not in ALONE}
    functions = {titled(calls): calling(calls) for calls in threes(CALLS)}
    patient = replace(LIMITS, submission_seconds=60)
    limits = dict.fromkeys([*waiting, *functions], patient)
    limits["many loops"] = replace(LIMITS, submission_seconds=18)
    own = {"many loops": with_cells(MANY_LOOPS), "mute": handed_in(MUTE)}
    return room.grade_side_by_side({**own, **waiting, **functions}, limits)


@pytest.mark.parametrize("group", CELLS)
def test_cells_of_ones_own_cost_no_points_whatever_they_do(
    room: Room, graded: dict[str, Outcome], group: str
):
    outcome = room.grade(with_cells(CELLS[group])) if group in ALONE else graded[group]
    assert outcome.scores == points(), outcome.messages
    assert outcome.seconds < LIMITS.submission_seconds
    assert len(nbformat.writes(outcome.notebook)) < 2_000_000
    for cell, end in CELLS[group].items():
        assert end in texts(outcome, cell), f"{cell}: {texts(outcome, cell)[-500:]}"


@pytest.mark.parametrize("calls", threes(CALLS), ids=titled)
def test_a_function_costs_its_own_task_alone(graded: dict[str, Outcome], calls: dict[str, str]):
    outcome = graded[titled(calls)]
    assert outcome.scores == points(*calls), outcome.messages
    for task in calls:
        about = named(outcome.notebook, f"test_{task}").metadata["derived"]
        assert about["student_message"].startswith("A hidden test of this task failed.")


def test_every_function_loops_and_the_last_takes_its_time(room: Room):
    loop = "\n    while True: pass"
    slow = RIGHT["noise"].replace(
        "    return x +", "    import time; time.sleep(1)\n    return x +"
    )
    outcome = room.grade(
        submission(
            standardize=f"def standardize(X):{loop}",
            log_loss=f"def log_loss(p, y):{loop}",
            layer=f"class Layer:\n  def __init__(self, weight):{loop}",
            noise=slow,
        )
    )
    assert outcome.scores == points("standardize", "log_loss", "layer")


def test_a_slow_answer_does_not_take_the_time_of_the_others(room: Room):
    """Each step stays within the limit of a call, and there is no end of steps."""
    answer = """import time
class Slow:
    def __len__(self):
        return 10
    def __getitem__(self, key):
        time.sleep(1)
        return Slow()
    __iter__ = None
class Layer:
    def __init__(self, weight):
        pass
    def forward(self, X):
        return np.ones((3, 2)) if X.shape == (3, 2) else X @ X.T[:, :2]
    def backward(self, upstream):
        return Slow()"""
    assert room.grade(submission(layer=answer)).scores == points("layer")


def test_so_many_cells_loop_that_not_all_can_run(graded: dict[str, Outcome]):
    """The answers behind them still run."""
    outcome = graded["many loops"]
    assert outcome.scores == points()
    assert "Timeout" in texts(outcome, "while True: 0")
    assert "NotRun" in texts(outcome, "while True: 19")


#: Ends the kernel whenever a test asks it for something.
BOMB = """
from derived.grading.trusted import agent
agent.Agent.__call__ = lambda self, question: __import__("os")._exit(0)"""
TIMER = "import os, threading\nthreading.Timer(0.6, os._exit, [0]).start()"


@pytest.fixture(scope="module")
def with_few_restarts(room: Room) -> dict[str, Outcome]:
    """Grade what ends its kernel again and again, where it is not started as often as usual."""
    slow = "import time\ntime.sleep(0.5)\n" + RIGHT["noise"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission_kernel, "MOST_RESTARTS", 3)
        return room.grade_side_by_side(
            {
                "many ends": with_cells(["import os; os._exit(0)"] * 5),
                "bomb": handed_in(BOMB),
                "timer": handed_in(TIMER, noise=slow),
            }
        )


def test_more_cells_end_the_kernel_than_it_is_started_again_in_vain(
    with_few_restarts: dict[str, Outcome],
):
    outcome = with_few_restarts["many ends"]
    assert outcome.scores == points()
    assert len(outcome.messages) == 5


def test_a_kernel_that_ends_whenever_it_is_asked_gets_no_points_and_an_end(
    with_few_restarts: dict[str, Outcome],
):
    outcome = with_few_restarts["bomb"]
    assert outcome.scores == points("standardize", "log_loss", "layer", "noise")


def test_a_thread_ends_the_kernel_while_something_else_runs(with_few_restarts: dict[str, Outcome]):
    """It is not told apart what ended it; what ran is tried once more."""
    outcome = with_few_restarts["timer"]
    assert outcome.scores["written"] is None
    lost = [task for task, most in points().items() if outcome.scores[task] != most]
    assert all(outcome.scores[task] == 0 for task in lost)


#: Messages that are sent without end, as if they were a cell's outputs.
FLOODS = {
    "errors": ("error", "{'ename': 'x', 'evalue': 'y' * 4_000_000, 'traceback': []}"),
    "large messages": ("stream", "{'name': 'stdout', 'text': 'y' * 15_000_000}"),
}


@contextmanager
def most_memory() -> Iterator[list[int]]:
    """Measure the memory of this process, which the block must not let grow: bytes, one number."""
    most, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], psutil.Process().memory_info().rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_messages_fills_neither_the_notebook_nor_the_memory(room: Room, name: str):
    """It goes on while the tests run, and the grader listens to them, not to it."""
    kind, content = FLOODS[name]
    flood = f"""
import threading
kernel = get_ipython().kernel
parent = kernel.get_parent()
def forever():
    while True:
        kernel.session.send(kernel.iopub_socket, {kind!r}, {content}, parent=parent)
thread = threading.Thread(target=forever, daemon=True)
thread.start()
thread.join(0.5)"""
    slow = RIGHT["noise"].replace(
        "    return x +", "    import time; time.sleep(0.5)\n    return x +"
    )
    before = psutil.Process().memory_info().rss
    with most_memory() as most:
        outcome = room.grade(handed_in(flood, noise=slow))
    assert outcome.scores == points()
    assert len(nbformat.writes(outcome.notebook)) < 1_000_000
    assert most[0] - before < 300 << 20, f"{(most[0] - before) >> 20} MiB"


def test_a_thread_that_prints_forever_costs_no_points(room: Room):
    flood = """
import threading
def forever():
    while True:
        print("x" * 200, flush=True)
threading.Thread(target=forever, daemon=True).start()"""
    assert room.grade(handed_in(flood)).scores == points()


def test_a_kernel_that_does_not_say_when_it_is_done_is_not_waited_for(graded: dict[str, Outcome]):
    outcome = graded["mute"]
    assert outcome.scores == points()
    assert outcome.seconds < LIMITS.submission_seconds / 2


#: Sends what a well-behaved kernel could not: JSON of any kind, signed, in each part of a message.
RAW = """
import json
kernel = get_ipython().kernel
session, request = kernel.session, kernel.get_parent()
def raw(stream, ident, header, parent, content):
    parts = [json.dumps(part, default=str).encode() for part in (header, parent, {}, content)]
    stream.send_multipart([*ident, b"<IDS|MSG>", session.sign(parts), *parts])
def headers(kind):
    good = session.msg_header(kind)
    return good, [], 7, None, {**good, "msg_type": []}, {**good, "date": {"a": 1}}"""

#: Messages that no notebook can store, or that are none.
MALFORMED = (
    RAW
    + """
contents = [], 7, None, {}, {"status": [], "execution_state": {}}, {"wait": []}
kinds = "stream", "display_data", "execute_result", "error", "status", "clear_output"
for number, kind in enumerate(kinds):
    for header in headers(kind):
        raw(kernel.iopub_socket, [b"x"], header, request["header"], contents[number])
    for parent in ([], "text", None, {"msg_id": []}):
        raw(kernel.iopub_socket, [b"x"], headers(kind)[0], parent, {"name": "stdout", "text": "x"})
deep = {}
for _ in range(200):
    deep = {"deep": deep}
for kind, content in (
    ("stream", {"name": "stdout", "text": "lone \\ud800 surrogate"}),
    ("stream", {"name": 7, "text": ["list"]}),
    ("display_data", {"data": ["text/html"], "metadata": 7}),
    ("display_data", {"data": {"text/html": {"a": 1}, "image/png": 3}, "metadata": {}}),
    ("display_data", {"data": {"application/json": deep}, "metadata": {}}),
    ("execute_result", {"data": {"text/plain": "2"}, "metadata": {}, "execution_count": "x"}),
    ("error", {"ename": ["E"], "evalue": {"a": 1}, "traceback": "text"}),
):
    raw(kernel.iopub_socket, [b"x"], headers(kind)[0], request["header"], content)
for message in ([b"x", b"<IDS|MSG>", b"wrong", b"{", b"}", b"", b""], [b"x", b"nothing"], [b""]):
    kernel.iopub_socket.send_multipart(message)
print("the end")"""
)


def test_malformed_messages_do_no_harm(room: Room):
    outcome = room.grade(handed_in(MALFORMED))
    assert outcome.scores == points()
    assert outcome.messages == []
    assert "the end" in texts(outcome, MALFORMED)
    text = nbformat.writes(outcome.notebook)
    nbformat.validate(nbformat.reads(text, as_version=4))
    text.encode("utf8")


MALFORMED_REPLIES = (
    RAW
    + """
send = session.send
def garbled(stream, kind, content=None, parent=None, ident=None, **options):
    if kind in ("execute_reply", "derived_answer"):
        for header, mine, wrong in (
            (headers(kind)[2], parent["header"], {}),
            (headers(kind)[0], [], {}),
            (headers(kind)[0], parent["header"], []),
            (headers("inspect_reply")[0], parent["header"], {"status": [], "answer": 3}),
        ):
            raw(stream, ident if isinstance(ident, list) else [ident], header, mine, wrong)
    return send(stream, kind, content, parent, ident=ident, **options)
session.send = garbled
print("the end")"""
)


def test_malformed_replies_do_no_harm_to_the_grader(room: Room):
    """To the tests they are answers that come before the right ones, and wrong."""
    outcome = room.grade(handed_in(MALFORMED_REPLIES))
    assert texts(outcome, MALFORMED_REPLIES) == "the end\n"
    assert outcome.messages == []
    assert outcome.scores == points("standardize", "log_loss", "layer", "noise")
