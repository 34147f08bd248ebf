"""Run one notebook through papermill, and say in one message which cell failed, and how."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class NotebookFailed(AssertionError):
    """A notebook did not run to its end; the text names the cell."""


@dataclass(frozen=True)
class Run:
    """An executed notebook and the processor seconds it took, the start of the kernel included.

    With one thread, and a core to itself, a notebook takes as long by the clock; what else the
    machine does meanwhile says nothing about the notebook.
    """

    notebook: NotebookNode
    seconds: float


class WrittenOnce(NBClientEngine):
    """Writes the executed notebook at its end; papermill's own engine does twice for each cell."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, *arguments: Any, **options: Any
    ) -> None:
        """Execute; whatever happens, papermill writes the notebook afterwards."""
        output, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, *arguments, **options)
        finally:
            nb_man.output_path = output


papermill_engines.register("written once", WrittenOnce)


def processor_seconds() -> float:
    """Return what the child processes that have ended used, with their own children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_notebook(
    path: Path,
    folder: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    kernel: str = "python3",
    cell_seconds: int = 60,
) -> Run:
    """Execute a copy of the notebook at ``path`` in ``folder`` with one thread.

    ``parameters`` go where papermill puts them, below the cell tagged ``parameters``.
    Raises NotebookFailed if a cell fails, takes longer than ``cell_seconds``, or kills the kernel.
    """
    output = folder / f"{path.stem}.executed.ipynb"
    start = processor_seconds()
    try:
        with mock.patch.dict(os.environ, {**ONE_THREAD, **(environment or {})}):
            notebook = papermill.execute_notebook(
                path,
                output,
                parameters=dict(parameters or {}),
                engine_name="written once",
                kernel_name=kernel,
                cwd=folder,
                progress_bar=False,
                execution_timeout=cell_seconds,
                start_timeout=60,
            )
    except PapermillExecutionError as error:
        raise NotebookFailed(
            f"{path.name}, {_place(error.source, error.exec_count)}: {error.ename}: {error.evalue}"
        ) from None
    except (CellTimeoutError, DeadKernelError) as error:
        source, count = _running_cell(output)
        what = "took longer than its limit" if isinstance(error, CellTimeoutError) else "died"
        limit = f" of {cell_seconds} s" if isinstance(error, CellTimeoutError) else ""
        raise NotebookFailed(f"{path.name}, {_place(source, count)} {what}{limit}") from None
    return Run(notebook, processor_seconds() - start)


def _place(source: str, count: int | None) -> str:
    first = next((line for line in source.splitlines() if line.strip()), "")
    return f"cell [{count}] that begins {first!r}"


def _running_cell(output: Path) -> tuple[str, int | None]:
    """Return source and number of the cell that papermill had started last."""
    started = [
        cell
        for cell in nbformat.read(output, as_version=4).cells
        if cell.metadata.get("papermill", {}).get("start_time") and cell.cell_type == "code"
    ]
    return (started[-1].source, len(started)) if started else ("", None)


def records(notebook: NotebookNode, mime: str) -> list[dict[str, Any]]:
    """Return the JSON records of one MIME type in the notebook's outputs, in order."""
    return [
        output["data"][mime]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if mime in output.get("data", {})
    ]
