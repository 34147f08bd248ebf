"""Submissions that end, hang or flood: the rest of their work counts, and nothing of them stays."""

from __future__ import annotations

import time
from collections.abc import Iterator

import nbformat
import psutil
import pytest

from .hostile_assignment import (
    LIMITS,
    RIGHT,
    Room,
    handed_in,
    named,
    open_room,
    points,
    submission,
    texts,
)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as opened:
        yield opened


#: Cells that have nothing to do with a task: whatever they do, all tasks keep their points.
CELLS = {
    "ends": "import os\nos._exit(3)",
    "is killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "kills everything": "import os\nos.kill(-1, 9)",
    "leaves": "import sys\nsys.exit()",
    "says exit": "exit()",
    "says quit, in a function": "def leave():\n    quit(keep_kernel=False)\nleave()",
    "is in the wrong place in memory": "import ctypes\nctypes.string_at(0)",
    "closes its files": "import os\nos.closerange(3, 256)",
    "asks": "name = input('Your name? ')",
    "asks for a password": "import getpass\ngetpass.getpass()",
    "stops for the debugger": "breakpoint()",
    "loops": "while True:\n    pass",
    "loops in C": "sum(range(10**12))",
    "loops, and will not be interrupted": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
    ),
    "loops through every exception": (
        "while True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        pass"
    ),
    "waits for a program": "!sleep 1000",
    "prints without end": "while True:\n    print('x' * 1000)",
    "prints 300 MB": "print('x' * 300_000_000)",
    "shows without end": """
from IPython.display import display
while True:
    display({'text/plain': 'x' * 9999}, raw=True)""",
    "takes 50 GB": "np.ones((50, 1 << 27))",
    "takes more and more": "kept = []\nwhile True:\n    kept.append(np.ones(1 << 22))",
    "starts processes without end": "import os\nwhile True:\n    os.fork()",
    "starts threads without end": (
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"
    ),
    "calls itself": "def deeper(n):\n    return deeper(n + 1)\ndeeper(0)",
    "calls itself without the limit": (
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self):\n"
        "        return repr(self)\nrepr(A())"
    ),
    "leaves a daemon": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(0), os.close(1), os.close(2)
        time.sleep(1000)
    os._exit(0)""",
    "cannot be parsed": "def (:",
    "is deep": "x = " + "(" * 3000 + ")" * 3000,
    "forgets everything": "%reset -f",
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_of_ones_own_costs_no_points_if_it(room: Room, name: str):
    started = time.monotonic()
    outcome = room.grade(handed_in(CELLS[name]))
    assert outcome.scores == points(), outcome.messages
    assert time.monotonic() - started < LIMITS.submission_seconds
    assert len(nbformat.writes(outcome.notebook)) < 2_000_000


#: Answers to the first task; all of them run into their end on other inputs than the visible.
CALLS = {
    "ends": "import os; os._exit(0)",
    "is killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "leaves": "raise SystemExit",
    "interrupts": "raise KeyboardInterrupt",
    "is in the wrong place in memory": "import ctypes; ctypes.string_at(0)",
    "asks": "return input()",
    "loops": "while True: pass",
    "loops, and will not be interrupted": (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n    while True: pass"
    ),
    "prints without end": "while True: print(X)",
    "takes 50 GB": "return np.ones((50, 1 << 27))",
    "takes more and more": "kept = []\n    while True: kept.append(np.ones(1 << 22))",
    "calls itself": "return standardize(X)",
    "closes its files": "import os; os.closerange(3, 256)",
    "returns 400 MB": "return np.ones((50, 1 << 20))",
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_costs_its_own_task_alone_if_it(room: Room, name: str):
    answer = f"""def standardize(X):
    if X.shape == (2, 2):
        return np.array([[-1.0, -1.0], [1.0, 1.0]])
    {CALLS[name]}"""
    outcome = room.grade(submission(standardize=answer))
    assert outcome.scores == points("standardize"), outcome.messages
    about = named(outcome.notebook, "test_standardize").metadata["derived"]
    assert about["student_message"].startswith("A hidden test of this task failed.")


def test_every_function_loops(room: Room):
    loop = "\n    while True: pass"
    outcome = room.grade(
        submission(
            standardize=f"def standardize(X):{loop}",
            log_loss=f"def log_loss(p, y):{loop}",
            layer=f"class Layer:\n  def __init__(self, weight):{loop}",
        )
    )
    assert outcome.scores == points("standardize", "log_loss", "layer")


def test_a_slow_answer_does_not_take_the_time_of_the_others(room: Room):
    """Each call stays within its limit, and there are many of them."""
    slow = RIGHT["layer"].replace("        self.X = X", "        import time; time.sleep(1.5)")
    slow = slow.replace(
        "    def forward",
        "    def __getattr__(self, name):\n        return self\n\n    def forward",
    )
    assert room.grade(submission(layer=slow)).scores == points("layer")


def test_ten_cells_loop(room: Room):
    notebook = submission()
    for _ in range(10):
        notebook.cells.insert(2, nbformat.v4.new_code_cell("while True: pass"))
    assert room.grade(notebook).scores == points()


def test_twelve_cells_end_the_kernel(room: Room):
    notebook = submission()
    for _ in range(12):
        notebook.cells.insert(2, nbformat.v4.new_code_cell("import os; os._exit(0)"))
    outcome = room.grade(notebook)
    assert outcome.scores == points()
    assert len(outcome.messages) == 12


def test_a_thread_ends_the_kernel_after_a_second(room: Room):
    """Whatever it hits, the submission is graded, and no task gets more than its points."""
    bomb = "import os, threading\nthreading.Timer(1.0, os._exit, [0]).start()"
    outcome = room.grade(handed_in(bomb))
    assert outcome.scores["written"] is None
    for task, most in points().items():
        assert task == "written" or outcome.scores[task] in (0.0, most)


FLOODS = {
    "lines": "print('x' * 500, flush=True)",
    "errors": (
        "kernel.session.send(kernel.iopub_socket, 'error', "
        "{'ename': 'x', 'evalue': 'y' * 4_000_000, 'traceback': []}, parent=parent)"
    ),
    "metadata": (
        "kernel.session.send(kernel.iopub_socket, 'display_data', "
        "{'data': {}, 'metadata': {'x': 'y' * 4_000_000}}, parent=parent)"
    ),
    "large messages": (
        "kernel.session.send(kernel.iopub_socket, 'stream', "
        "{'name': 'stdout', 'text': 'y' * 15_000_000}, parent=parent)"
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_messages_fills_neither_the_notebook_nor_the_memory(room: Room, name: str):
    flood = f"""
kernel = get_ipython().kernel
parent = kernel.get_parent()
while True:
    {FLOODS[name]}"""
    grader = psutil.Process()
    before = grader.memory_info().rss
    outcome = room.grade(handed_in(flood))
    assert outcome.scores == points()
    assert len(nbformat.writes(outcome.notebook)) < 1_000_000
    assert grader.memory_info().rss - before < 500 << 20


def test_a_thread_that_prints_forever_costs_no_points(room: Room):
    flood = """
import threading
def forever():
    while True:
        print("x" * 200, flush=True)
threading.Thread(target=forever, daemon=True).start()"""
    assert room.grade(handed_in(flood)).scores == points()


#: Messages that no notebook can store, or that are none.
MALFORMED = """
kernel = get_ipython().kernel
parent, send = kernel.get_parent(), kernel.session.send
def tell(kind, content, parent=parent):
    try:
        send(kernel.iopub_socket, kind, content, parent=parent)
    except Exception as error:
        print("not sent", error)
for content in ([], "text", 7, None, {}):
    for kind in ("stream", "display_data", "execute_result", "error", "status", "clear_output"):
        tell(kind, content)
tell("stream", {"name": "stdout", "text": "lone \\ud800 surrogate"})
tell("stream", {"name": 7, "text": ["list"]})
tell("display_data", {"data": ["text/html"], "metadata": 7})
tell("display_data", {"data": {"text/html": {"a": 1}, "image/png": 3}, "metadata": {}})
tell("execute_result", {"data": {"text/plain": "2.0"}, "metadata": {}, "execution_count": "x"})
tell("error", {"ename": ["E"], "evalue": {"a": 1}, "traceback": "text"})
deep = {}
for _ in range(200):
    deep = {"deep": deep}
tell("display_data", {"data": {"application/json": deep}, "metadata": {}})
tell("stream", {"name": "stdout", "text": "x"}, parent=[])
tell("stream", {"name": "stdout", "text": "x"}, parent={"header": []})
for _ in range(20):
    kernel.iopub_socket.send_multipart([b"topic", b"<IDS|MSG>", b"signature", b"{", b"}", b"", b""])
    kernel.iopub_socket.send_multipart([b"topic", b"nothing"])
    kernel.iopub_socket.send(b"")
print("the end")"""


def test_malformed_messages_do_no_harm(room: Room):
    outcome = room.grade(handed_in(MALFORMED))
    assert outcome.scores == points()
    assert "the end" in texts(outcome, MALFORMED)
    text = nbformat.writes(outcome.notebook)
    nbformat.validate(nbformat.reads(text, as_version=4))
    text.encode("utf8")


def test_malformed_replies_do_no_harm(room: Room):
    replies = """
kernel = get_ipython().kernel
send = kernel.session.send
def garbled(stream, kind, content=None, parent=None, *arguments, **options):
    result = send(stream, kind, content, parent, *arguments, **options)
    if kind == "execute_reply":
        for wrong in ([], 7, {"status": []}, {"user_expressions": 3}):
            send(stream, kind, wrong, [], *arguments, **options)
            send(stream, "inspect_reply", wrong, parent, *arguments, **options)
    return result
kernel.session.send = garbled"""
    assert room.grade(handed_in(replies)).scores["written"] is None
