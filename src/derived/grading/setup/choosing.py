"""Which of the notebooks that a student handed in is the assignment's?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .file_names import plain_stem, shown
from .sources import HandedFile

__all__ = ["Candidate", "Choice", "choose", "expected_ids", "grade_ids"]


@dataclass(frozen=True)
class Candidate:
    """A file of one student: ``path`` below what was handed in, ``order`` of the LMS."""

    file: HandedFile
    path: tuple[str, ...]
    order: tuple[int, int]

    @property
    def is_notebook(self) -> bool:
        """Whether its name says that it is one."""
        return self.path[-1].casefold().endswith(".ipynb")


@dataclass(frozen=True)
class Choice:
    """The file for each notebook of the assignment, the others, and what was decided."""

    notebooks: dict[str, Candidate]
    others: tuple[Candidate, ...]
    notes: tuple[str, ...]


def grade_ids(path: Path) -> set[str] | None:
    """Return nbgrader's ids of the cells of a notebook; None if it cannot be read as one.

    Only JSON is read; the file's size was bounded when it was taken.
    """
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return {found for cell in cells if (found := _grade_id(cell))}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _grade_id(cell: Any) -> str | None:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    found = marks.get("grade_id") if isinstance(marks, dict) else None
    return found if isinstance(found, str) else None


def expected_ids(notebooks: Iterable[Path]) -> dict[str, set[str]]:
    """Return the grade ids of each notebook of the assignment, by its name."""
    return {path.stem: grade_ids(path) or set() for path in notebooks}


def choose(candidates: list[Candidate], expected: dict[str, set[str]]) -> Choice:
    """Find the notebooks of an assignment among the files of one student.

    A notebook is recognised by its name, also after copying and downloading, or by the ids in its
    cells; if one is expected and one was handed in, it is that one. Among several the newest wins.
    """
    notebooks = [candidate for candidate in candidates if candidate.is_notebook]
    ids = {id(c): grade_ids(c.file.staged) for c in notebooks} if len(notebooks) > 1 else {}
    free = list(notebooks)
    chosen: dict[str, Candidate] = {}
    notes: list[str] = []
    for name, known in expected.items():
        fitting = [c for c in free if _fits(c, name, known, ids.get(id(c)), len(expected))]
        if not fitting:
            continue
        best = max(fitting, key=lambda c: _rank(c, name, known, ids.get(id(c))))
        chosen[name] = best
        free.remove(best)
        notes += _notes(best, name, fitting)
    others = [c for c in candidates if c not in chosen.values()]
    notes += [f"handed in no {name}.ipynb" for name in expected if chosen and name not in chosen]
    return Choice(chosen, tuple(others), tuple(notes))


def _belongs(known: set[str], found: set[str] | None) -> bool:
    """Tell whether a notebook has at least half of the ids."""
    return bool(known) and 2 * len(known & (found or set())) >= len(known)


def _is_named(candidate: Candidate, name: str) -> bool:
    return name.casefold() in plain_stem(candidate.path[-1])


def _fits(
    candidate: Candidate, name: str, known: set[str], found: set[str] | None, count: int
) -> bool:
    return count == 1 or _belongs(known, found) or _is_named(candidate, name)


def _rank(
    candidate: Candidate, name: str, known: set[str], found: set[str] | None
) -> tuple[Any, ...]:
    exact = candidate.path[-1].casefold() == f"{name}.ipynb".casefold()
    return (
        _belongs(known, found),
        _is_named(candidate, name),
        candidate.order,
        candidate.file.modified,
        exact,
    )


def _notes(best: Candidate, name: str, fitting: list[Candidate]) -> list[str]:
    handed = shown("/".join(best.path))
    if len(fitting) > 1:
        rest = ", ".join(shown("/".join(c.path)) for c in fitting if c is not best)
        return [f"{handed} is graded as {name}.ipynb, not: {rest}"]
    if best.path[-1] != f"{name}.ipynb":
        return [f"{handed} is filed as {name}.ipynb"]
    return []
