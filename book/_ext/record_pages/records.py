"""What the sources of the book say: headings, numbered equations, stored records, YAML entries.

Nothing here knows Sphinx: the directives and the tests read the same things through this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from equations import TAG, anchor

CHECK_MIME = "application/vnd.derived.check+json"
RESULT_MIME = "application/vnd.derived.result+json"
HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.MULTILINE)
TARGET = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
FENCE = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
EXCUSE = re.compile(r"\(([^()\s]+)\) (is a definition|needs no check: [^.\n]+)")
PAGE_ENDINGS = (".ipynb", ".md")


class SourceError(ValueError):
    """A source of the book cannot be read; the message names the file and the place."""


@dataclass(frozen=True)
class Page:
    """What one page contributes to the pages made from records.

    name : path from the repository's root without its ending, such as "notebooks/02_backprop".
    title : its first heading, as plain text.
    places : what a link to the page may point at: anchor → what a reader finds there.
    equations : the numbers of its displayed equations, in order.
    excuses : number → "is a definition", or why the equation needs no check.
    checks : the records of check(...) and refute(...) in its stored outputs, in order; each with
        "section", the anchor of the heading that its cell stands under.
    results : the records of derived.results.record(...), likewise.
    """

    name: str
    title: str
    places: dict[str, str]
    equations: tuple[str, ...]
    excuses: dict[str, str]
    checks: tuple[dict[str, Any], ...]
    results: tuple[dict[str, Any], ...]

    @property
    def stem(self) -> str:
        """The name of its file: the same for a chapter's notebook and its lab."""
        return self.name.rpartition("/")[2]

    @property
    def is_lab(self) -> bool:
        """Whether the page is a PyTorch lab."""
        return self.name.startswith("labs/")

    @property
    def heading(self) -> str:
        """The page named for a reader: its kind, its chapter's number, its title."""
        return f"{self.short}: {self.title}" if self.short else self.title

    @property
    def short(self) -> str:
        """Its kind and its chapter's number, "Chapter 2" or "Lab 2"; nothing for other pages."""
        if not self.stem[:2].isdigit():
            return ""
        return f"{'Lab' if self.is_lab else 'Chapter'} {int(self.stem[:2])}"

    def place(self, target: str) -> str:
        """Name a place in the page for a reader: "Chapter 2, The chain rule"."""
        where = self.places.get(target, self.title)
        return f"{self.short}, {where}" if self.short else where


def plain(markdown: str) -> str:
    """Return the text of a heading without its emphasis, code and attributes."""
    return re.sub(r"[*`]|\{[^}]*\}", "", markdown).strip()


def page_path(root: Path, name: str) -> Path | None:
    """Return the file of a page, or None if there is none."""
    for ending in PAGE_ENDINGS:
        path = root / f"{name}{ending}"
        if path.is_file():
            return path
    return None


def chapter_pages(root: Path) -> list[str]:
    """Return the names of all notebooks and labs: each chapter's notebook, then its lab."""
    found = [p for folder in ("notebooks", "labs") for p in (root / folder).glob("*.ipynb")]
    found.sort(key=lambda p: (p.stem, p.parent.name != "notebooks"))
    return [f"{p.parent.name}/{p.stem}" for p in found]


def read_page(root: Path, name: str) -> Page:
    """Read a page; raise SourceError if it does not exist or is not what its ending says."""
    path = page_path(root, name)
    if path is None:
        raise SourceError(f"there is no page {name}.ipynb or {name}.md")
    return _parse(path, path.stat().st_mtime_ns, name)


@cache
def _parse(path: Path, _changed: int, name: str) -> Page:
    """Parse a file; ``_changed``, its time of change, makes the cache forget what is outdated."""
    text = path.read_text("utf8")
    cells = _cells(text, path) if path.suffix == ".ipynb" else [{"source": text}]
    prose = "\n\n".join(_prose(cell) for cell in cells)
    headings = _headings(prose)
    equations = tuple(TAG.findall(prose))
    title = headings[0] if headings else name
    places = {nodes.make_id(label): title for label in TARGET.findall(prose)}
    places |= {anchor(tag): f"equation ({tag})" for tag in equations}
    places |= {nodes.make_id(text): text for text in headings}
    return Page(
        name=name,
        title=title,
        places=places,
        equations=equations,
        excuses=dict(EXCUSE.findall(prose)),
        checks=tuple(_records(cells, CHECK_MIME)),
        results=tuple(_records(cells, RESULT_MIME)),
    )


def _cells(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads(text)["cells"])
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path} is not a notebook: {error}") from error


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _prose(cell: dict[str, Any]) -> str:
    """Return the Markdown of a cell without its blocks of code; nothing for a code cell."""
    return "" if cell.get("cell_type") == "code" else FENCE.sub("", _joined(cell["source"]))


def _headings(prose: str) -> list[str]:
    return [plain(match[2]) for match in HEADING.finditer(prose)]


def _records(cells: list[dict[str, Any]], mime: str) -> Iterator[dict[str, Any]]:
    section = ""
    for cell in cells:
        for heading in _headings(_prose(cell)):
            section = nodes.make_id(heading)
        for output in cell.get("outputs", []):
            if mime in output.get("data", {}):
                yield {**output["data"][mime], "section": section}


class _Loader(yaml.SafeLoader):
    """A loader that refuses a key written twice, which YAML would silently drop."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise SourceError(f"line {line}: the key '{key.value}' stands twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(root: Path, name: str) -> dict[str, Any]:
    """Read a YAML file of the book; raise SourceError with its name if it cannot be read."""
    try:
        content = yaml.load((root / name).read_text("utf8"), _Loader)
    except (OSError, yaml.YAMLError, SourceError) as error:
        raise SourceError(f"{name}: {error}") from error
    if not isinstance(content, dict):
        raise SourceError(f"{name}: a mapping was expected at the top")
    return content


def read_ids(root: Path, name: str) -> list[str]:
    """Read a committed list of identifiers, one a line."""
    return (root / name).read_text("utf8").split()


def id_faults(file: str, list_file: str, found: list[str], wanted: list[str]) -> list[str]:
    """Say which identifiers are missing, unknown, or there twice."""
    wrong = [f"{file}: {i} of {list_file} is missing" for i in wanted if i not in set(found)]
    wrong += [f"{file}: {i} is not in {list_file}" for i in found if i not in set(wanted)]
    twice = sorted({i for i in found if found.count(i) > 1})
    return wrong + [f"{file}: {i} stands {found.count(i)} times" for i in twice]


def place_fault(root: Path, name: str, target: str) -> str | None:
    """Say what is wrong with a place (page and anchor), or None."""
    if page_path(root, name) is None:
        return f"there is no page {name}.ipynb or {name}.md"
    if target not in read_page(root, name).places:
        path = page_path(root, name)
        assert path is not None
        return f"{path.relative_to(root)} has no heading with the anchor '{target}'"
    return None
