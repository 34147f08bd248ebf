"""No line of a solution or a hidden test of the graded assignments is on the site."""

from __future__ import annotations

from pathlib import Path

import pytest

from derived.grading.setup.secrets_kept import find_leak, secrets
from tests.site.built_site import ROOT

ASSIGNMENTS = sorted((ROOT / "assignments").glob("*/*.ipynb"))
FEWEST = 40  # lines of an assignment that stand nowhere in the book


def own_secrets(path: Path) -> set[str]:
    """Return the secret lines that no chapter derives anyway: they can only come from here."""
    pages = [p for folder in ("book", "notebooks", "labs") for p in (ROOT / folder).glob("*.*")]
    public = "\n".join(p.read_text("utf8") for p in pages if p.suffix in {".md", ".ipynb"})
    # In a notebook's JSON a quotation mark is escaped.
    return {s.text for s in secrets([path]) if s.text.replace('"', '\\"') not in public}


def leaks(site: Path, lines: set[str]) -> list[str]:
    """Return which lines stand in which files of a folder."""
    wanted = {line: line.encode() for line in lines}
    found = []
    for path in site.rglob("*"):
        if path.is_file() and path.suffix not in {".png", ".woff2", ".woff", ".ttf"}:
            content = path.read_bytes()
            found += [f"{path}: {line}" for line, text in wanted.items() if text in content]
    return found


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
