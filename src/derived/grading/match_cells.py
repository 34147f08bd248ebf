"""Recognize the cells of an assignment by their text, where their ids were lost.

A notebook that went through another program, Colab above all, can come back without nbgrader's
metadata. Locked cells are then found by their text, answers by the names that they define, and
written answers by the place between the two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbformat import NotebookNode
from rapidfuzz import fuzz

from .names import names_stored
from .records import CellRecord, NotebookRecord

__all__ = ["match_answers", "match_locked"]

ALIKE = 90.0  # of 100: a locked cell may have been touched by hand

# By lines, not by parsing: a cell may hold a mistake, or be made to take a parser minutes.
_DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_ASSIGNED = re.compile(r"^((?:\w+[ \t]*,[ \t]*)*\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)


def match_locked(
    lost: Sequence[CellRecord], cells: Sequence[NotebookNode], free: Sequence[int]
) -> dict[str, int]:
    """Return the place of each lost cell that can be recognized by the text it was released with.

    lost : what to look for, in the instructor's order.
    cells : the submission's.
    free : which of them no id claims.
    """
    open_places = list(free)
    found: dict[str, int] = {}
    for known in lost:
        _take(known, _most_alike(known, cells, open_places), found, open_places)
    return found


def match_answers(
    lost: Sequence[CellRecord],
    record: NotebookRecord,
    cells: Sequence[NotebookNode],
    places: dict[str, int],
) -> dict[str, int]:
    """Return the place of each lost answer that can be recognized.

    lost : what to look for, in the instructor's order.
    places : where the cells stand that were found before.
    """
    open_places = [place for place in range(len(cells)) if place not in places.values()]
    found: dict[str, int] = {}
    for known in (cell for cell in lost if cell.cell_type == "code"):
        _take(known, _answer(known, cells, open_places), found, open_places)
    for known in (cell for cell in lost if cell.cell_type != "code"):
        place = _written(known, record, cells, open_places, places | found)
        _take(known, place, found, open_places)
    return found


def _take(
    known: CellRecord, place: int | None, found: dict[str, int], open_places: list[int]
) -> None:
    if place is not None:
        found[known.name] = place
        open_places.remove(place)


def _most_alike(
    known: CellRecord, cells: Sequence[NotebookNode], places: Sequence[int]
) -> int | None:
    wanted = known.released.strip()
    scores = {
        place: fuzz.ratio(wanted, cells[place].source.strip(), score_cutoff=ALIKE)
        for place in places
    }
    best = max(scores, key=lambda place: scores[place], default=None)
    return best if best is not None and scores[best] >= ALIKE else None


def _defined(source: str) -> set[str]:
    names = set(_DEFINED.findall(source))
    for targets in _ASSIGNED.findall(source):
        names |= {name.strip() for name in targets.split(",")}
    return names


def _answer(known: CellRecord, cells: Sequence[NotebookNode], places: Sequence[int]) -> int | None:
    """Return the last code cell that defines what the instructor's answer or its stub defines."""
    wanted = set(known.defines) | names_stored(known.source)
    for place in reversed(places):
        if cells[place].cell_type == "code" and wanted & _defined(cells[place].source):
            return place
    return None if wanted else _most_alike(known, cells, places)


def _written(
    known: CellRecord,
    record: NotebookRecord,
    cells: Sequence[NotebookNode],
    places: Sequence[int],
    found: dict[str, int],
) -> int | None:
    """Return the first text of the student's own between the known neighbors."""
    names = [cell.name for cell in record.cells]
    index = names.index(known.name)
    first = max((found[name] for name in names[:index] if name in found), default=-1)
    last = min((found[name] for name in names[index + 1 :] if name in found), default=len(cells))
    for place in places:
        cell = cells[place]
        own = cell.source.strip() and cell.source not in record.prose
        if first < place < last and cell.cell_type == "markdown" and own:
            return place
    return None
