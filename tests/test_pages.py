"""The prose pages: sources, glossary, landing page, and claims that would rot in silence."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter

import pytest
import yaml
from pybtex.database import parse_file

from tests.small_book import ROOT

from record_pages import lecture_rows  # isort: skip  (small_book puts it on the path)
from record_pages.records import chapter_pages, read_page  # isort: skip

PAGES = sorted((ROOT / "book").glob("*.md"))
EVERYTHING = [*PAGES, *sorted(ROOT.glob("*/*.ipynb"))]
LECTURES = {"bmm2018tutorial", "selectiveintroduction", "mit6s191", "na2020overview"}
LECTURES |= {"salakhutdinovunsupervised"}
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
WORDS = dict(enumerate("no one two three four five six seven eight nine ten eleven".split()))
WORDS |= {12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen"}


def prose(path):
    """Return the Markdown of a page, of a notebook's text cells joined."""
    if path.suffix == ".md":
        return path.read_text("utf8")
    cells = json.loads(path.read_text("utf8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.fixture(scope="module")
def sources():
    return parse_file(str(ROOT / "book/references.bib")).entries


def test_sources_are_complete_and_in_order(sources):
    assert list(sources) == sorted(sources)
    for key, entry in sources.items():
        assert re.fullmatch(r"[a-z0-9]+", key), key
        assert entry.fields.get("title"), key
        if key not in LECTURES:
            assert re.fullmatch(r"(19|20)\d\d", entry.fields["year"]), key
            assert entry.persons.get("author"), key
    assert set(sources) >= LECTURES


def test_no_source_stands_twice(sources):
    works = Counter(
        (re.sub(r"\W", "", entry.fields["title"]).lower(), entry.fields.get("year"))
        for entry in sources.values()
    )
    assert [work for work, count in works.items() if count > 1] == []
    assert len(sources) == len(re.findall(r"^@", (ROOT / "book/references.bib").read_text(), re.M))


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_citation_has_a_source(path, sources):
    cited = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", prose(path))
    keys = {key.strip() for group in cited for key in group.split(",")}
    assert keys <= set(sources), f"{path.relative_to(ROOT)}: {sorted(keys - set(sources))}"


def test_every_published_value_and_every_lecture_has_a_source(sources):
    for name in chapter_pages(ROOT):
        for record in read_page(ROOT, name).results:
            key = (record.get("published") or {}).get("citation_key")
            assert key is None or key in sources, f"{name}.ipynb: {key} is no source"
    for lecture in lecture_rows.load(ROOT).lectures.values():
        assert lecture.cite in sources


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_headings_are_plain_and_unique(path):
    text = re.sub(r"^```.*?^```", "", prose(path), flags=re.M | re.S)
    headings = re.findall(r"^(#+) (.+)$", text, re.M)
    assert [level for level, _ in headings].count("#") == 1
    assert headings[0][0] == "#"
    names = [name.lower() for _, name in headings]
    assert len(names) == len(set(names))
    assert not [name for name in names if re.search(r"[$`{}\[\]\\'’]", name)]


def glossary():
    """Return the entries of the glossary: term → definition."""
    entries = {}
    for block in re.findall(r":::\{glossary\}\n(.*?)\n:::", prose(ROOT / "book/glossary.md"), re.S):
        for entry in re.split(r"\n\n(?=\S)", block.strip()):
            term, _, definition = entry.partition("\n")
            assert term not in entries, f"'{term}' stands twice"
            entries[term] = definition.strip()
    return entries


def test_the_glossary_defines_the_words_of_the_chapters():
    entries = glossary()
    assert len(entries) >= 60
    assert [term for term, definition in entries.items() if len(definition) < 25] == []


def test_what_the_glossary_sets_in_italics_has_an_entry():
    entries = glossary()
    words = {w for d in entries.values() for w in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", d)}
    assert words
    assert words <= set(entries)


def test_the_landing_page_begins_with_a_figure_that_moves():
    page = json.loads((ROOT / "book/index.ipynb").read_text("utf8"))
    shown = [
        (index, output["data"][VIEW]["model_id"])
        for index, cell in enumerate(page["cells"])
        for output in cell.get("outputs", [])
        if VIEW in output.get("data", {})
    ]
    ((index, model),) = shown
    assert model in page["metadata"]["widgets"][STATE]["state"]
    before = "".join("".join(cell["source"]) for cell in page["cells"][:index])
    assert "\n## " not in before


def test_the_landing_page_counts_right():
    text = prose(ROOT / "book/index.ipynb")
    book = lecture_rows.load(ROOT)
    assert f"all {len(book.rows)} items" in text
    written = len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert f"{WORDS[written].capitalize()} chapters are complete" in text
    assert f"{WORDS[len(book.chapters) - written].capitalize()} more follow" in text
    for name in chapter_pages(ROOT):
        assert f"../{name}.ipynb" in text
    for lecture in book.lectures.values():
        assert f"{{cite}}`{lecture.cite}`" in text


def test_the_line_that_the_landing_page_shows_stands_in_a_chapter():
    (line,) = re.findall(r"```text\n(.+)\n```", prose(ROOT / "book/index.ipynb"))
    stored = [
        output["data"].get("text/plain", "")
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for cell in json.loads(path.read_text("utf8"))["cells"]
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert line in {"".join(text) for text in stored}


def test_the_lecture_map_names_every_item_that_is_only_context():
    text = prose(ROOT / "book/lecture_map.md")
    named = set(re.findall(r"^\| ([A-Z]+-?\d+) \|", text, re.M))
    assert named == {row.id for row in lecture_rows.load(ROOT).rows if row.state == "context"}


def test_no_table_of_the_lecture_map_lets_a_written_chapter_wait():
    text = prose(ROOT / "book/lecture_map.md")
    written = {int(path.stem[:2]) for path in (ROOT / "notebooks").glob("*.ipynb")}
    waiting = re.findall(r"\| ([\d and]+), waiting", text)
    assert len(waiting) == 3
    for cell in waiting:
        numbers = {int(number) for number in re.findall(r"\d+", cell)}
        assert not numbers & written, f"book/lecture_map.md: '{cell}, waiting' is written"


def test_chapter_titles_are_those_of_the_pages():
    chapters = lecture_rows.load(ROOT).chapters
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert read_page(ROOT, f"notebooks/{path.stem}").title == chapters[path.stem]


def test_the_license_covers_code_and_text():
    text = (ROOT / "LICENSE").read_text("utf8")
    assert "Permission is hereby granted, free of charge" in text
    assert "WITHOUT WARRANTY OF ANY KIND" in text
    assert "https://creativecommons.org/licenses/by/4.0/" in text


def test_the_citation_file_fits_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert {"message", "title", "authors", "type"} <= set(citation)
