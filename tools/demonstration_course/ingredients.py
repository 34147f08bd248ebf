"""What synthetic students do to the notebook that was released to them.

An ingredient takes a released notebook with right answers in it and returns what is handed in.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

Ingredient = Callable[[NotebookNode], NotebookNode | str]

PATCH = """
import threading, time
import numpy.testing

def _agree(*arguments, **options):
    return None

def _patch():
    for _ in range(500):
        for name in dir(numpy.testing):
            if name.startswith("assert"):
                setattr(numpy.testing, name, _agree)
        time.sleep(0.01)

threading.Thread(target=_patch, daemon=True).start()
"""
REACH = """
import glob, os, socket, urllib.request
for name in ("gradebook.db", "source/*", "submitted/*"):
    for path in glob.glob(f"/**/{name}", recursive=True):
        print("found", path)
try:
    socket.create_connection(("127.0.0.1", 22), timeout=1)
    print("there is a network")
except OSError as error:
    print("no network:", error)
print(sorted(p for p in os.listdir("/proc") if p.isdigit()))
"""
FORKS = """
import os, time
for _ in range(10_000):
    try:
        if os.fork() == 0:
            time.sleep(600)
    except OSError as error:
        print(error)
        break
"""
SCRIPT = """
from IPython.display import HTML, Javascript, display
display(HTML("<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"))
display(Javascript("window.pwned = 1"))
"""
LIAR = """
import numpy as np

class Agreeable(np.ndarray):
    def __eq__(self, other): return np.ones(1, dtype=bool)
    def __sub__(self, other): return np.zeros(1)
    __rsub__ = __ne__ = __sub__
    def __abs__(self): return np.zeros(1)
    def __array_function__(self, func, types, args, kwargs): return True

"""


def cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    """Return the cell with a grade id."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def _place(notebook: NotebookNode, name: str) -> int:
    return notebook.cells.index(cell_of(notebook, name))


def as_it_is(notebook: NotebookNode) -> NotebookNode:
    """All answers right, nothing else."""
    return notebook


def chatty(notebook: NotebookNode) -> NotebookNode:
    """Print and warn in the middle of right answers."""
    text = "import warnings\nwarnings.warn('just thinking aloud')\nprint('so far, so good\\n' * 50)"
    notebook.cells.insert(_place(notebook, "softmax") + 1, new_code_cell(text))
    return notebook


def helper_below(notebook: NotebookNode) -> NotebookNode:
    """Define the helper of an answer in the last cell of the notebook."""
    answer = cell_of(notebook, "softmax")
    answer.source = answer.source.replace("def softmax", "def softmax_of_rows", 1)
    helper = new_code_cell(answer.source)
    answer.source = "def softmax(Z):\n    return softmax_of_rows(Z)"
    notebook.cells.append(helper)
    return notebook


def other_order(notebook: NotebookNode) -> NotebookNode:
    """Move the answers of the first two tasks to the end."""
    for name in ("threshold_unit", "margin"):
        notebook.cells.append(notebook.cells.pop(_place(notebook, name)))
    return notebook


def backup(notebook: NotebookNode) -> NotebookNode:
    """Keep a copy of an answer, ids and all, below the answer."""
    place = _place(notebook, "softmax")
    notebook.cells.insert(place + 1, copy.deepcopy(notebook.cells[place]))
    return notebook


def scratch(notebook: NotebookNode) -> NotebookNode:
    """Leave cells that raise."""
    for text in ("1 / 0", "softmax(", "undefined_name"):
        notebook.cells.insert(5, new_code_cell(text))
    return notebook


def own_import(notebook: NotebookNode) -> NotebookNode:
    """Add an import to the locked set-up cell, as Colab lets one do, and use it in an answer."""
    cell_of(notebook, "imports").source += "\nimport math as mathematics"
    answer = cell_of(notebook, "threshold_unit")
    answer.source += "\n\nassert mathematics.pi > 3"
    return notebook


def lost_ids(notebook: NotebookNode) -> NotebookNode:
    """Come back from a program that keeps no cell metadata."""
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
    return notebook


def deleted_test(notebook: NotebookNode) -> NotebookNode:
    """Delete a test by accident."""
    notebook.cells.pop(_place(notebook, "test_softmax"))
    return notebook


def edited_test(notebook: NotebookNode) -> NotebookNode:
    """Change a test, its points and its flags."""
    cell = cell_of(notebook, "test_softmax")
    cell.source = "assert True"
    cell.metadata.nbgrader.update(points=1000, solution=True, grade=False)
    cell.metadata["tags"] = ["skip-execution"]
    return notebook


def half_done(released: NotebookNode) -> Ingredient:
    """Leave the later answers as they were released."""

    def ingredient(notebook: NotebookNode) -> NotebookNode:
        for name in ("dense_forward", "dense_backward"):
            cell_of(notebook, name).source = cell_of(released, name).source
        return notebook

    return ingredient


def nothing_done(released: NotebookNode) -> Ingredient:
    """Hand in what was released."""
    return lambda notebook: copy.deepcopy(released)


def wrong(name: str, source: str) -> Ingredient:
    """Answer one task wrongly."""

    def ingredient(notebook: NotebookNode) -> NotebookNode:
        cell_of(notebook, name).source = source
        return notebook

    return ingredient


def with_code(name: str, text: str) -> Ingredient:
    """Put code before a wrong answer of one task."""

    def ingredient(notebook: NotebookNode) -> NotebookNode:
        cell_of(notebook, name).source = text
        return notebook

    return ingredient


def beside(text: str) -> Ingredient:
    """Add a cell with code to right answers."""

    def ingredient(notebook: NotebookNode) -> NotebookNode:
        notebook.cells.insert(3, new_code_cell(text))
        return notebook

    return ingredient


def script_in_text(notebook: NotebookNode) -> NotebookNode:
    """Hide scripts in text and outputs, for whoever opens the feedback page."""
    text = "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>"
    notebook.cells.insert(1, new_markdown_cell(text))
    notebook.cells.insert(3, new_code_cell(SCRIPT))
    return notebook


def not_json(notebook: NotebookNode) -> str:
    """Break off in the middle of the file."""
    return nbformat.writes(notebook)[:500]


def empty(notebook: NotebookNode) -> str:
    """Hand in an empty file."""
    return ""


def old_format(notebook: NotebookNode) -> str:
    """Hand in notebook format 3."""
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []})


def another_notebook(notebook: NotebookNode) -> NotebookNode:
    """Hand in the wrong notebook."""
    return nbformat.v4.new_notebook(cells=[new_code_cell("print('my holiday photographs')")])
