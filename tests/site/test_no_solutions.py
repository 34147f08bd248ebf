"""No line of a solution or a hidden test of the graded assignments is on the site."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from derived.grading.setup.secrets_kept import find_leak, secrets
from tests.site.built_site import ROOT

ASSIGNMENTS = sorted((ROOT / "assignments").glob("*/*.ipynb"))
FEWEST = 40  # lines of an assignment that stand nowhere in the book
PICTURES = {".png", ".woff2", ".woff", ".ttf"}
WORD = re.compile(rb"\w+")


class Text:
    """A long text in which many lines are looked for: only where all their inner words stand."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.words = frozenset(WORD.findall(content))

    def __contains__(self, line: bytes) -> bool:
        # The first and the last word of the line may be parts of longer ones in the text.
        return set(WORD.findall(line)[1:-1]) <= self.words and line in self.content


@functools.cache
def book() -> Text:
    """Return the sources of all pages."""
    pages = [p for folder in ("book", "notebooks", "labs") for p in (ROOT / folder).glob("*.*")]
    return Text(b"\n".join(p.read_bytes() for p in pages if p.suffix in {".md", ".ipynb"}))


@functools.cache
def texts(site: Path) -> dict[Path, Text]:
    """Return the files of a folder, pictures and fonts left out."""
    files = [p for p in site.rglob("*") if p.is_file() and p.suffix not in PICTURES]
    return {path: Text(path.read_bytes()) for path in files}


def own_secrets(path: Path) -> set[str]:
    """Return the secret lines that no chapter derives anyway: they can only come from here."""
    # In a notebook's JSON a quotation mark is escaped.
    return {s.text for s in secrets([path]) if s.text.replace('"', '\\"').encode() not in book()}


def leaks(site: Path, lines: set[str]) -> list[str]:
    """Return which lines stand in which files of a folder."""
    return [
        f"{path}: {line}"
        for path, text in texts(site).items()
        for line in lines
        if line.encode() in text
    ]


@pytest.mark.parametrize("path", ASSIGNMENTS, ids=lambda p: p.stem)
def test_the_site_holds_nothing_of_an_assignment(site, path):
    lines = own_secrets(path)
    assert len(lines) >= FEWEST, "too few lines to look for: the test would find nothing"
    assert not leaks(site.html, lines)


def test_the_search_is_seen_to_find(tmp_path):
    lines = own_secrets(ASSIGNMENTS[0])
    line = max(lines, key=len)
    (tmp_path / "page.html").write_text(f"<pre>{line}</pre>", "utf8")
    assert leaks(tmp_path, lines) == [f"{tmp_path / 'page.html'}: {line}"]
    assert find_leak(ASSIGNMENTS[0].parent, secrets([ASSIGNMENTS[0]])), "the source is full of them"
