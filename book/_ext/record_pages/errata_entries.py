"""The entries of ``book/errata.yml``, their status from the stored records, and their faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import lecture_rows
from .records import (
    SourceError,
    chapter_pages,
    id_faults,
    page_path,
    place_fault,
    read_ids,
    read_page,
    read_yaml,
)

FILE = "book/errata.yml"
IDS = "book/errata_ids.txt"
NEEDED = {"id", "class", "slides", "printed", "correct", "chapter"}


@dataclass(frozen=True)
class Erratum:
    """One fault of a lecture (see the head of the YAML file).

    kind : its class, one of those that the file defines.
    printed, correct : short texts in Markdown.
    discussed : page and anchor, where numbers cannot refute it.
    """

    id: str
    kind: str
    slides: dict[str, str]
    printed: str
    correct: str
    chapter: str
    scope: str = ""
    discussed: dict[str, str] = field(default_factory=dict)

    @property
    def lecture(self) -> str:
        """The lecture under which the erratum is listed."""
        return next(iter(self.slides))

    @property
    def is_artefact(self) -> bool:
        """Whether the lecture is certainly not to blame."""
        return self.kind == "artefact"


@dataclass(frozen=True)
class Refutation:
    """Where a page refutes an erratum: the section, and the equation's number if it has one."""

    page: str
    section: str
    equation: str


def load(root: Path) -> tuple[dict[str, str], tuple[Erratum, ...]]:
    """Read the classes (name → meaning) and the errata; raise SourceError that names the entry."""
    content = read_yaml(root, FILE)
    try:
        classes = {str(key): str(value) for key, value in content["classes"].items()}
        return classes, tuple(_erratum(entry) for entry in content["errata"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{FILE}: classes or errata cannot be read: {error}") from error


def _erratum(entry: dict[str, Any]) -> Erratum:
    allowed = NEEDED | {"scope", "discussed"}
    if not NEEDED <= set(entry) <= allowed or not entry["slides"]:
        raise SourceError(f"{FILE}: {entry.get('id', entry)} needs {NEEDED}, may have {allowed}")
    fields = dict(entry)
    return Erratum(kind=fields.pop("class"), **fields)


def refutations(root: Path) -> dict[str, list[Refutation]]:
    """Collect the refute(...) records of all notebooks and labs, by erratum."""
    found: dict[str, list[Refutation]] = {}
    for name in chapter_pages(root):
        for record in read_page(root, name).checks:
            if record.get("kind") == "refute":
                where = Refutation(name, record["section"], record.get("equation", ""))
                found.setdefault(record["erratum"], []).append(where)
    return found


def faults(root: Path) -> list[str]:
    """Hold the file against the list of identifiers, the records and the pages.

    Returns one line for each fault; each names the file and the erratum.
    """
    classes, errata = load(root)
    book, refuted = lecture_rows.load(root), refutations(root)
    wrong = id_faults(FILE, IDS, [e.id for e in errata], read_ids(root, IDS))
    for erratum in errata:
        found = _form_faults(erratum, classes, book)
        found += _status_faults(root, erratum, erratum.id in refuted)
        wrong += [f"{FILE}: {erratum.id}: {fault}" for fault in found]
    known = {erratum.id for erratum in errata}
    for name in sorted(set(refuted) - known):
        pages = ", ".join(f"{place.page}.ipynb" for place in refuted[name])
        wrong.append(f"{pages}: refutes '{name}', which {FILE} does not have")
    return wrong


def _form_faults(
    erratum: Erratum, classes: dict[str, str], book: lecture_rows.LectureMap
) -> list[str]:
    wrong = [f"unknown lecture '{key}'" for key in erratum.slides if key not in book.lectures]
    if erratum.kind not in classes:
        wrong.append(f"unknown class '{erratum.kind}'")
    if erratum.chapter not in book.chapters:
        wrong.append(f"unknown chapter '{erratum.chapter}'")
    wrong += [
        f"the field '{name}' is empty"
        for name in ("printed", "correct")
        if not str(getattr(erratum, name)).strip()
    ]
    return wrong


def _status_faults(root: Path, erratum: Erratum, refuted: bool) -> list[str]:
    if erratum.discussed:
        if set(erratum.discussed) != {"page", "anchor"}:
            return ["discussed needs page and anchor"]
        fault = place_fault(root, erratum.discussed["page"], erratum.discussed["anchor"])
        return [fault] if fault else []
    if not refuted and page_path(root, f"notebooks/{erratum.chapter}") is not None:
        return [
            f"notebooks/{erratum.chapter}.ipynb neither refutes it (a stored refute record) "
            "nor is it discussed (page and anchor)"
        ]
    return []
