"""The one form in which a notebook is committed: no times, no random ids, no passing output."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.notebooks.figure_code import refresh
from tools.notebooks.setup_cell import setup_source
from tools.notebooks.widget_state import stabilise

SETUP_TAG = "colab"
KEPT_METADATA = {"tags", "jupyter", "editable", "deletable", "nbgrader"}
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _place_setup_cell(notebook: NotebookNode, path: Path) -> None:
    """Write the set-up cell in front of the first code cell of the notebook."""
    cells = [cell for cell in notebook.cells if SETUP_TAG not in _tags(cell)]
    first = next((i for i, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    setup = nbformat.v4.new_code_cell(setup_source(path))
    setup.metadata["tags"] = [SETUP_TAG, "remove-cell"]
    setup.metadata["jupyter"] = {"source_hidden": True}
    notebook.cells = [*cells[:first], setup, *cells[first:]]


def _normalise_outputs(cell: NotebookNode) -> None:
    merged: list[NotebookNode] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            # Progress bars go to stderr; a warning there would speak of one machine only.
            if output.name == "stderr":
                continue
            # When the kernel flushes is chance: neighbors become one.
            if merged and merged[-1].output_type == "stream":
                merged[-1]["text"] += output.text
                continue
        merged.append(output)
    cell.outputs = merged
    for output in cell.outputs:
        output.get("metadata", {}).pop("execution", None)
        output.pop("transient", None)
        if "execution_count" in output:
            output["execution_count"] = cell.execution_count


def _normalise_cell(cell: NotebookNode) -> None:
    cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
    cell.metadata = NotebookNode(
        {key: value for key, value in cell.metadata.items() if key in KEPT_METADATA}
    )
    if "solution" in _tags(cell):
        cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}


def _number_cells(notebook: NotebookNode) -> None:
    """Give every cell an id made of its text, so that an edit changes one id only."""
    seen: Counter[str] = Counter()
    count = 0
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] += 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            executed = bool(cell.outputs) or cell.execution_count is not None
            count += 1
            cell.execution_count = count if executed else None
            _normalise_outputs(cell)


def normalise(notebook: NotebookNode, path: Path) -> NotebookNode:
    """Bring a notebook into its committed form, in place, and return it.

    ``path`` is where it belongs; its folder decides what the set-up cell installs.
    """
    _place_setup_cell(notebook, path)
    stabilise(notebook)
    refresh(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    for cell in notebook.cells:
        _normalise_cell(cell)
    _number_cells(notebook)
    widgets = notebook.metadata.get("widgets")
    notebook.metadata = NotebookNode(
        kernelspec=KERNELSPEC, language_info={"name": "python", "file_extension": ".py"}
    )
    if widgets:
        notebook.metadata["widgets"] = widgets
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def read(path: Path) -> NotebookNode:
    """Read a notebook; raise ValueError with one clear line if it is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds for a broken file
        reason = re.sub(r"\s+", " ", str(error))[:200]
        raise ValueError(f"{path} is not a readable notebook: {reason}") from error


def as_text(notebook: NotebookNode) -> str:
    """Return the notebook as it is written to disk."""
    return nbformat.writes(notebook, indent=1, ensure_ascii=False).rstrip("\n") + "\n"
