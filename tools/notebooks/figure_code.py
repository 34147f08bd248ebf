"""The explorable figures that are stored in a page run the code of today, not of its execution.

A saved widget state holds the figure's JavaScript and style. When those change, the page need not
be executed again: the normaliser writes the present ones. When the *traits* of a figure change,
only executing the page again gives it the new ones; ``stale_traits`` says where.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import anywidget
from nbformat import NotebookNode

STATE_MIME = "application/vnd.jupyter.widget-state+json"
OURS = "derived.widgets."


@cache
def _fresh_state(class_path: str) -> dict[str, Any]:
    module, _, name = class_path.rpartition(".")
    figure_class = getattr(importlib.import_module(module), name)
    figure = figure_class.__new__(figure_class)
    anywidget.AnyWidget.__init__(figure)  # code and traits do not depend on a figure's arguments
    return dict(figure.get_state())


def _figures(notebook: NotebookNode) -> Iterator[tuple[str, dict[str, Any]]]:
    models = notebook.metadata.get("widgets", {}).get(STATE_MIME, {}).get("state", {})
    for model in models.values():
        class_path = model["state"].get("_anywidget_id", "")
        if class_path.startswith(OURS):
            yield class_path, model["state"]


def refresh(notebook: NotebookNode) -> None:
    """Give every stored figure of the book the JavaScript and style of the installed library."""
    for class_path, state in _figures(notebook):
        fresh = _fresh_state(class_path)
        state |= {name: str(fresh[name]) for name in ("_esm", "_css") if name in fresh}


def stale_traits(notebook: NotebookNode) -> list[str]:
    """Return one line for each stored figure whose traits are not those of its class."""
    return [
        f"{class_path}: traits {sorted(set(state) ^ set(_fresh_state(class_path)))} changed since "
        "the page was executed; execute it again"
        for class_path, state in _figures(notebook)
        if set(state) != set(_fresh_state(class_path))
    ]
