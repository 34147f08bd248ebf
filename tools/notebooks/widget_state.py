"""Saved widget state with stable model ids, and nothing in it that the page does not show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode

STATE_MIME = "application/vnd.jupyter.widget-state+json"
VIEW_MIME = "application/vnd.jupyter.widget-view+json"
REFERENCE = "IPY_MODEL_"


def _views(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if VIEW_MIME in output.get("data", {}):
                yield cell, output


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(REFERENCE):
        yield value.removeprefix(REFERENCE)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _reachable(start: list[str], models: dict[str, Any]) -> list[str]:
    found: list[str] = []
    waiting = list(reversed(start))
    while waiting:
        model = waiting.pop()
        if model in models and model not in found:
            found.append(model)
            waiting.extend(reversed(list(_references(models[model]["state"]))))
    return found


def stabilise(notebook: NotebookNode) -> None:
    """Drop progress bars and other passing widgets, and number the models that remain.

    Only explorable figures (anywidgets) stay: everything else needs a kernel to mean anything.
    """
    state = notebook.metadata.get("widgets", {}).get(STATE_MIME, {})
    models: dict[str, Any] = state.get("state", {})
    shown: list[str] = []
    for cell, output in list(_views(notebook)):
        model = output["data"][VIEW_MIME]["model_id"]
        if models.get(model, {}).get("model_name") == "AnyModel":
            shown.append(model)
        else:
            cell.outputs.remove(output)
    kept = _reachable(shown, models)
    names = {old: f"{number:032x}" for number, old in enumerate(kept, start=1)}
    for _, output in _views(notebook):
        output["data"][VIEW_MIME]["model_id"] = names[output["data"][VIEW_MIME]["model_id"]]
    notebook.metadata.pop("widgets", None)
    if kept:
        text = json.dumps({old: models[old] for old in kept})
        for old, new in names.items():
            text = text.replace(old, new)
        state["state"] = json.loads(text)
        notebook.metadata["widgets"] = {STATE_MIME: state}
