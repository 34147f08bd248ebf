"""The pages made from records, built by Sphinx: their content, and that edits reach them."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from html import unescape

import pytest

from tests.small_book import (
    CHECK,
    CHECK_MIME,
    ERRATA,
    LECTURE_MAP,
    PROSE,
    REFUTE,
    ROOT,
    notebook,
    write,
    write_book,
)

CONFIGURATION = f"""
import sys
sys.path.insert(0, {str(ROOT / "book/_ext")!r})
extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinxcontrib.bibtex", "equations", "record_pages"]
bibtex_bibfiles = ["book/references.bib"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "off"
exclude_patterns = ["_html", "jupyter_execute"]
html_theme = "basic"
root_doc = "book/index"
numfig = True
suppress_warnings = ["mystnb.unknown_mime_type"]  # the site's own extension knows these
"""


class Book:
    """A small book on the disk, and what Sphinx makes of it."""

    def __init__(self, root):
        self.root = write_book(root)
        write(root, "conf.py", CONFIGURATION)

    def build(self, *options):
        """Build, warnings as errors; return the process."""
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", *options]
        return subprocess.run(
            [*command, str(self.root), str(self.root / "_html")],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )

    def html(self, page):
        return (self.root / f"_html/book/{page}.html").read_text("utf8")

    def text(self, page):
        """Return the words of a page, without tags."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.html(page))))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    built = Book(tmp_path_factory.mktemp("book"))
    done = built.build("-W", "--keep-going")
    assert done.returncode == 0, done.stderr
    return built


def test_the_ledger_lists_every_equation_with_a_link(book):
    html, text = book.html("equation_ledger"), book.text("equation_ledger")
    assert "On 1 page: 3 numbered equations, 1 check passed, 1 misprint refuted." in text
    assert "Without a check, for the reason in its row: 1 equation." in text
    assert 'href="../notebooks/01_one.html#eq-1-1"' in html
    assert "x² + y² = r² &amp; x &lt; y" in html  # plain text, escaped once
    assert "checked: relative error ≤ 10⁻⁹" in text
    assert re.search(r"\(1\.3\) — a definition", text)
    assert 'id="eq-1-1"' in (book.root / "_html/notebooks/01_one.html").read_text("utf8")


def test_the_errata_say_where_each_is_put_right(book):
    html, text = book.html("errata"), book.text("errata")
    total = "3 entries: 1 refuted on numbers, 1 put right in words, 1 waiting for their chapter."
    assert total in text
    assert re.search(r'<tr[^>]*id="erratum-e-1"', html)
    assert 'refuted: <a class="reference internal" href="../notebooks/01_one.html#eq-1-2"' in html
    assert 'href="../notebooks/01_one.html#a-first-section">Chapter 1, A first section</a>' in html
    assert "waits for: The third chapter" in text
    assert "error (sign)" in text
    assert r"\(+\tfrac12x\)" in html  # mathematics reaches the typesetter
    assert text.index("E-2") < text.index("Artefacts of the text extraction") < text.index("E-3")


def test_a_refutation_without_an_equation_links_to_its_section(tmp_path):
    book = Book(tmp_path)
    bare = {name: value for name, value in REFUTE.items() if name != "equation"}
    write(tmp_path, "notebooks/01_one.ipynb", notebook(PROSE, CHECK_MIME, CHECK, bare))
    assert book.build("-W").returncode == 0
    link = 'href="../notebooks/01_one.html#a-first-section">Chapter 1, A first section</a>'
    assert f'refuted: <a class="reference internal" {link}' in book.html("errata")
    ledger = book.html("equation_ledger")
    assert 'href="../notebooks/01_one.html#a-first-section">E-1</a>' in ledger


def test_the_results_say_what_was_not_reproduced(book):
    text = book.text("results")
    assert "1 result, 1 beside a published value: 0 reached, 1 not reproduced." in text
    assert "No result was measured on a GPU" in text
    assert re.search(r"12\.3[45] %", text)
    assert re.search(r"12 % \[ ?\w+ ?\] ?: not reproduced", text)
    assert 'href="plain.html#' in book.html("results")  # the citation


def test_the_lecture_map_lists_every_row(book):
    html, text = book.html("lecture_map"), book.text("lecture_map")
    assert "3 items: 1 covered, 1 with nothing to compute, 1 waiting for their chapter." in text
    assert "An item & its title" in text
    assert 'href="../notebooks/01_one.html#a-first-section">Chapter 1, A first section</a>' in html
    assert "A slide ; Lecture Two, Its copy" in text
    assert "waits for: The third chapter" in text
    assert "It states nothing." in text


@pytest.mark.parametrize("page", ["equation_ledger", "errata", "results", "lecture_map"])
def test_every_table_is_accessible(book, page):
    tables = re.findall(r"<table.*?</table>", book.html(page), re.DOTALL)
    assert tables
    for text in tables:
        assert "<caption>" in text
        assert '<th class="head' in text
        assert re.search(r'<th class="stub', text)


def test_edits_reach_the_pages_and_only_those(book):
    plain = book.root / "_html/book/plain.html"
    before = plain.stat().st_mtime_ns

    changed = {**CHECK, "statement": "E = mc²"}
    write(book.root, "notebooks/01_one.ipynb", notebook(PROSE, CHECK_MIME, changed, REFUTE))
    rows = copy.deepcopy(LECTURE_MAP)
    rows["rows"][0]["title"] = "Another title"
    write(book.root, "book/lecture_map.yml", rows)
    assert book.build("-W").returncode == 0
    assert "E = mc²" in book.html("equation_ledger")
    assert "Another title" in book.html("lecture_map")
    assert plain.stat().st_mtime_ns == before

    write(book.root, "labs/02_two.ipynb", notebook("# Second lab\n", CHECK_MIME, CHECK))
    assert book.build("-W").returncode == 0
    assert "Lab 2: Second lab" in book.text("equation_ledger")

    (book.root / "labs/02_two.ipynb").unlink()
    assert book.build("-W").returncode == 0
    assert "Second lab" not in book.text("equation_ledger")


def test_a_fault_of_the_yaml_files_fails_the_build(tmp_path):
    book = Book(tmp_path)
    errata = copy.deepcopy(ERRATA)
    errata["errata"][1]["discussed"]["anchor"] = "nowhere"
    write(tmp_path, "book/errata.yml", errata)
    rows = copy.deepcopy(LECTURE_MAP)
    del rows["rows"][1]
    write(tmp_path, "book/lecture_map.yml", rows)
    done = book.build("-W", "--keep-going")
    assert done.returncode != 0
    assert "book/lecture_map.yml: R-2 of book/inventory_ids.txt is missing" in done.stderr
    assert "book/errata.yml: E-2: notebooks/01_one.ipynb has no heading" in done.stderr


def test_a_broken_yaml_file_is_named_by_the_build(tmp_path):
    book = Book(tmp_path)
    write(tmp_path, "book/errata.yml", {"classes": {}, "errata": [{"id": "E-1"}]})
    done = book.build("-W", "--keep-going")
    assert done.returncode != 0
    assert "book/errata.yml: E-1 needs" in done.stderr
