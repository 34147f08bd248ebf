"""Which lines of a test students do not see."""

from __future__ import annotations

__all__ = ["BEGIN_HIDDEN", "END_HIDDEN", "hidden_lines"]

BEGIN_HIDDEN = "BEGIN HIDDEN TESTS"
END_HIDDEN = "END HIDDEN TESTS"


def hidden_lines(source: str) -> list[tuple[str, bool]]:
    """Return each line of a cell, and whether nbgrader removes it on release as a hidden test."""
    inside, lines = False, []
    for line in source.split("\n"):
        begins = BEGIN_HIDDEN in line
        inside = inside or begins
        lines.append((line, inside))
        if END_HIDDEN in line and not begins:  # as nbgrader reads the two marks
            inside = False
    return lines
