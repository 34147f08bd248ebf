"""The first assignment with some of its tasks only.

Importing PyTorch takes longer than grading all else, so the demonstration leaves that task out.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import nbformat
from nbformat import NotebookNode

__all__ = ["NAME", "NUMPY_TASKS", "first_assignment"]

NAME = "01_perceptron"
SOURCE = Path(__file__).parents[2] / "assignments" / NAME / f"{NAME}.ipynb"
NUMPY_TASKS = (
    "threshold_unit",
    "margin",
    "perceptron_epoch",
    "parity_network",
    "softplus",
    "softmax",
    "cross_entropy",
    "cross_entropy_gradient",
    "dense_forward",
    "dense_backward",
)


def _is_kept(name: str, tasks: Collection[str]) -> bool:
    belongs = any(name == task or name.startswith(f"test_{task}") for task in tasks)
    return belongs or name in {"imports", "comparing", "comparing_results", "novikoff"}


def first_assignment(tasks: Collection[str] = NUMPY_TASKS) -> NotebookNode:
    """Return the instructor's notebook with these answers, their tests and the written task."""
    notebook = nbformat.read(SOURCE, as_version=4)
    kept: list[NotebookNode] = []
    text: list[NotebookNode] = []  # belongs to the next of nbgrader's cells
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name is None:
            text.append(cell)
        else:
            kept += [*text, cell] if _is_kept(name, tasks) else []
            text = []
    notebook.cells = [*kept, *text]
    return notebook
