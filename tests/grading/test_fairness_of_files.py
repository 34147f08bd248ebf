"""Right answers get full marks in a notebook that was worked on in any way."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import nbformat
import pytest

from .hostile_assignment import (
    GENEROUS,
    RIGHT,
    Room,
    handed_in,
    named,
    open_room,
    points,
    released,
    submission,
)
from .test_fairness import ANSWERS


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room(GENEROUS) as opened:
        yield opened


def _code(notebook: nbformat.NotebookNode, place: int, source: str) -> None:
    notebook.cells.insert(place, nbformat.v4.new_code_cell(source))


def scratch_cells(notebook: nbformat.NotebookNode) -> None:
    _code(notebook, 3, "1 / 0")
    _code(notebook, 5, "undefined_name")
    _code(notebook, 0, "")
    _code(notebook, 4, "# notes to myself\n?np.mean\nassert False, 'not yet'")
    notebook.cells.append(nbformat.v4.new_raw_cell("raw"))
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("# My notes"))


def backwards(notebook: nbformat.NotebookNode) -> None:
    """The student ran the cells from the bottom to the top."""
    notebook.cells.reverse()


def the_tests_first(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.sort(
        key=lambda c: "test" not in c.metadata.get("nbgrader", {}).get("grade_id", "")
    )


def answers_last(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.sort(key=lambda c: c.metadata.get("nbgrader", {}).get("grade_id") in RIGHT)


def functions_in_a_cell_below(notebook: nbformat.NotebookNode) -> None:
    """An answer that needs, already where it stands, what comes later."""
    named(
        notebook, "standardize"
    ).source = "eps = my_constant()\ndef standardize(X):\n    return centre(X) / (X.std(0) + eps)"
    notebook.cells.append(
        nbformat.v4.new_code_cell(
            "def my_constant():\n    return 0.0\ndef centre(X):\n    return X - X.mean(0)"
        )
    )


def imports_in_the_locked_cell(notebook: nbformat.NotebookNode) -> None:
    named(notebook, "setup").source += "\nimport math\nfrom functools import reduce"
    named(notebook, "log_loss").source = (
        "def log_loss(p, y):\n    losses = [-math.log(a if b else 1 - a) for a, b in zip(p, y)]\n"
        "    return reduce(lambda a, b: a + b, losses) / len(p)"
    )


def a_copy_as_a_backup_above(notebook: nbformat.NotebookNode) -> None:
    backup = copy.deepcopy(named(notebook, "standardize"))
    backup.source = "def standardize(X):\n    return X  # first try"
    notebook.cells.insert(1, backup)


def a_copy_of_the_stub_below(notebook: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(named(notebook, "standardize"))
    notebook.cells.insert(place, copy.deepcopy(named(released(), "standardize")))


def an_answer_in_a_new_cell(notebook: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(named(notebook, "standardize"))
    notebook.cells[place] = nbformat.v4.new_code_cell(RIGHT["standardize"])


def an_answer_in_a_new_cell_below_the_stub(notebook: nbformat.NotebookNode) -> None:
    named(notebook, "standardize").source = named(released(), "standardize").source
    place = notebook.cells.index(named(notebook, "test_standardize"))
    _code(notebook, place, RIGHT["standardize"])


def an_answer_in_pieces(notebook: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(named(notebook, "noise"))
    functions = RIGHT["noise"].removeprefix("RATE = 0.1\n")
    named(notebook, "noise").source = "RATE = 0.1"
    _code(notebook, place + 1, functions)


def all_ids_lost(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()


def without_the_tests(notebook: nbformat.NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if not c.source.startswith(("assert", "got"))]


def outputs_of_another_day(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 99
            cell.outputs = [nbformat.v4.new_output("error", ename="E", evalue="old", traceback=[])]
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "julia-1.10", "display_name": "Julia", "language": "julia"}}
    )


def a_check_of_its_own_behind_the_answer(notebook: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(named(notebook, "test_standardize"))
    _code(
        notebook,
        place,
        "rng = np.random.default_rng(0)\ngot = expected = table = x = X = p = y = None\n"
        "assert np.allclose(standardize(rng.normal(size=(9, 2))).std(0), 1)",
    )


def everything_deleted_by_hand(notebook: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(named(notebook, "standardize"))
    _code(notebook, place, "%reset -f\nimport numpy as np\ndef doubled(x):\n    return 2 * x")


@pytest.mark.parametrize(
    "change",
    [scratch_cells, backwards, the_tests_first, answers_last, functions_in_a_cell_below,
     imports_in_the_locked_cell, a_copy_as_a_backup_above, a_copy_of_the_stub_below,
     an_answer_in_a_new_cell, an_answer_in_a_new_cell_below_the_stub, an_answer_in_pieces,
     all_ids_lost, without_the_tests, outputs_of_another_day, a_check_of_its_own_behind_the_answer,
     everything_deleted_by_hand],
)  # fmt: skip
def test_full_marks_for_right_answers_in_a_notebook_with(
    room: Room, change: Callable[[nbformat.NotebookNode], None]
):
    notebook = submission()
    change(notebook)
    assert room.grade(notebook).scores == points()


def test_every_own_ingredient_at_once(room: Room):
    notebook = handed_in(
        "import warnings; warnings.warn('hello')",
        "print('done')",
        setup="import random",
        **ANSWERS["its own functions, below"],
        **ANSWERS["a class in parts"],
    )
    scratch_cells(notebook)
    assert room.grade(notebook).scores == points()


def test_the_written_answer_waits_for_a_person_and_an_untouched_one_does_not(room: Room):
    assert room.grade(submission(written="My derivation.")).scores["written"] is None
    untouched = named(released(), "written").source
    assert room.grade(submission(written=untouched)).scores["written"] == 0.0
