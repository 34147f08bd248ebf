"""One remark on an assignment's notebook: where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, order=True)
class Finding:
    """A remark on a cell.

    cell : its grade id, or its number from 1 as ``#4``.
    line : in the cell, from 1.
    sentence : what is wrong and what to do.
    error : whether the assignment cannot be graded as it is; otherwise it is advice.
    """

    cell: str
    line: int
    sentence: str
    error: bool = False

    def __str__(self) -> str:
        """Return it as one line."""
        return f"cell {self.cell}, line {self.line}: {self.sentence}"
