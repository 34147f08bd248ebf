"""What the commands print: lines and tables, in a terminal and in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..wording import printable

__all__ = ["Advance", "counted", "lines", "progress_bar", "say", "table", "warn"]

#: A table in a file or a pipe is not folded at the width of a terminal that is not there.
_WIDTH_OF_A_PIPE = 200


class Advance(Protocol):
    """Called after each step."""

    def __call__(self, done: int, of: int, name: str = "") -> None:
        """Say that ``done`` of ``of`` steps are done, the last one with ``name``."""


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # Names of files and students may hold brackets and colons: they are text, not markup.
    width = None if stream.isatty() else _WIDTH_OF_A_PIPE
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


def say(text: str = "", *, style: str | None = None) -> None:
    """Print a line; a long one is left to the terminal to fold, so that it can be copied."""
    _console().print(printable(text), style=style, soft_wrap=True)


def warn(text: str) -> None:
    """Print a line to stderr, in red where there are colours."""
    _console(stderr=True).print(printable(text), style="red", soft_wrap=True)


def lines(heading: str, found: Iterable[Sequence[str]]) -> None:
    """Print a heading and a line for each entry: its parts, each once, separated by colons."""
    entries = list(found)
    if entries:
        say()
        say(heading, style="bold")
        for entry in entries:
            say("  " + ": ".join(dict.fromkeys(entry)))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: str = "") -> None:
    """Print a table; columns whose heading is in ``numbers`` are set to the right."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        shown.add_column(heading, justify="right" if heading in numbers.split() else "left")
    for row in rows:
        shown.add_row(*(printable(cell) for cell in row))
    _console().print(shown)


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 file" or "2 files"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


@contextmanager
def progress_bar(task: str) -> Iterator[Advance]:
    """Show how many steps are done and how long it took; in a pipe nothing is shown."""
    console = _console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(task, total=None, name="")

        def advance(done: int, of: int, name: str = "") -> None:
            progress.update(bar, completed=done, total=of, name=printable(name))

        yield advance
