"""The rows of ``book/lecture_map.yml``, and what can be wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .records import SourceError, id_faults, page_path, place_fault, read_ids, read_yaml

FILE = "book/lecture_map.yml"
IDS = "book/inventory_ids.txt"
FIELDS = {"id", "slides", "title", "page", "anchor", "context", "waits"}


@dataclass(frozen=True)
class Lecture:
    """A lecture: its short title, what it is, and its key in the bibliography."""

    title: str
    about: str
    cite: str


@dataclass(frozen=True)
class Row:
    """One item of a lecture, and where the book has it (see the head of the YAML file).

    slides : lecture → headings of its slides.
    """

    id: str
    slides: dict[str, str]
    title: str
    page: str = ""
    anchor: str = ""
    context: str = ""
    waits: str = ""

    @property
    def lecture(self) -> str:
        """The lecture under which the row is listed."""
        return next(iter(self.slides))

    @property
    def state(self) -> str:
        """One of "waiting", "context" and "covered"."""
        return "waiting" if self.waits else "context" if self.context else "covered"


@dataclass(frozen=True)
class LectureMap:
    """The whole file: lectures by key, chapter titles by stem, and the rows."""

    lectures: dict[str, Lecture]
    chapters: dict[str, str]
    rows: tuple[Row, ...]


def load(root: Path) -> LectureMap:
    """Read the file; raise SourceError that names the entry that cannot be read."""
    content = read_yaml(root, FILE)
    try:
        lectures = {key: Lecture(**value) for key, value in content["lectures"].items()}
        chapters = dict(content["chapters"])
        entries = list(content["rows"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{FILE}: lectures, chapters or rows cannot be read: {error}") from error
    return LectureMap(lectures, chapters, tuple(_row(entry) for entry in entries))


def _row(entry: dict[str, Any]) -> Row:
    name = entry.get("id", "a row without an id") if isinstance(entry, dict) else repr(entry)
    if not isinstance(entry, dict) or not {"id", "slides", "title"} <= set(entry) <= FIELDS:
        raise SourceError(f"{FILE}: {name} needs id, slides and title, and may have {FIELDS}")
    if not isinstance(entry["slides"], dict) or not entry["slides"]:
        raise SourceError(f"{FILE}: {name} needs slides: {{lecture: heading}}")
    return Row(**entry)


def faults(root: Path) -> list[str]:
    """Hold the file against the list of identifiers and against the pages.

    Returns one line for each fault; each names the file and the row.
    """
    book = load(root)
    wrong = id_faults(FILE, IDS, [row.id for row in book.rows], read_ids(root, IDS))
    for row in book.rows:
        wrong += [f"{FILE}: {row.id}: {fault}" for fault in _row_faults(root, book, row)]
    return wrong


def _row_faults(root: Path, book: LectureMap, row: Row) -> list[str]:
    wrong = [f"unknown lecture '{key}'" for key in row.slides if key not in book.lectures]
    if not str(row.title).strip():
        wrong.append("the title is empty")
    if bool(row.waits) == bool(row.page):
        return [*wrong, "needs either page and anchor, or waits"]
    if row.waits:
        return wrong + _waiting_faults(root, book, row)
    fault = place_fault(root, row.page, row.anchor)
    return wrong + ([fault] if fault else [])


def _waiting_faults(root: Path, book: LectureMap, row: Row) -> list[str]:
    if row.anchor or row.context:
        return ["waits for a chapter, and so has no anchor and no context"]
    if row.waits not in book.chapters:
        return [f"waits for '{row.waits}', which is no chapter of {FILE}"]
    if page_path(root, f"notebooks/{row.waits}") is not None:
        return [f"waits for {row.waits}, but notebooks/{row.waits}.ipynb exists: cover it there"]
    return []
