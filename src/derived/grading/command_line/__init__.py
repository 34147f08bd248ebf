"""The command ``derived-course``: a term of graded exercises, from the course folder to the report.

Modules that take long to import (nbgrader, Dask, torch) are imported inside the commands that need
them, so that ``--help`` answers at once.
"""

# ruff: noqa: PLC0415  (what takes long to import waits inside the command that needs it)

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command; errors leave one line on stderr and exit status 1."""
    try:
        from .application import app
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.exit(f'derived-course needs {error.name}: pip install "deep-learning-derived[grading]"')
    app()
