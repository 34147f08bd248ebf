"""What the pages made from records say, as words and tables, before Sphinx writes them."""

from __future__ import annotations

import pytest
from docutils import nodes

from tests.small_book import (
    CHECK,
    CHECK_MIME,
    PROSE,
    REFUTE,
    RESULT_MIME,
    ROOT,
    notebook,
    write,
    write_book,
)

from record_pages.equation_ledger import held, ordered, scientific  # isort: skip
from record_pages.records import SourceError, chapter_pages, read_page  # isort: skip
from record_pages.results import number  # isort: skip
from record_pages.tables import TableRow, table  # isort: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-9, "10⁻⁹"),
        (1e-06, "10⁻⁶"),
        (2.5e-12, "2.5 · 10⁻¹²"),
        (0, "0"),
        (0.01, "0.01"),
        (1e20, "10²⁰"),
    ],
)
def test_a_tolerance_is_written_as_a_reader_writes_it(value, text):
    assert scientific(value) == text


def test_a_record_says_what_it_shows():
    assert held(CHECK) == "checked: relative error ≤ 10⁻⁹"
    assert held({**CHECK, "tolerance": 0}) == "checked: exact"
    refuted = "E-1 refuted: the printed formula is off by 2 (relative)"
    assert held(REFUTE) == f"{refuted}; corrected: exact"
    assert held({**REFUTE, "tolerance": None}) == refuted
    cannot = {**REFUTE, "failure": "cannot be evaluated", "tolerance": None}
    assert held(cannot) == "E-1 refuted: the printed formula cannot be evaluated"


def test_a_page_is_read_with_everything_that_it_contributes(tmp_path):
    page = read_page(write_book(tmp_path), "notebooks/01_one")
    assert page.heading == "Chapter 1: The first chapter"
    assert page.equations == ("1.1", "1.2", "1.3")
    assert page.excuses == {"1.3": "is a definition"}
    assert set(page.places) == {"the-first-chapter", "a-first-section"} | {
        f"eq-1-{n}" for n in (1, 2, 3)
    }
    assert page.place("a-first-section") == "Chapter 1, A first section"
    assert page.place("eq-1-2") == "Chapter 1, equation (1.2)"
    here = {"section": "a-first-section"}
    assert page.checks == (CHECK | here, REFUTE | here)
    lab = read_page(tmp_path, "labs/01_one")
    assert (lab.heading, len(lab.results)) == ("Lab 1: A lab", 1)


def test_equations_stand_in_the_order_of_the_page_and_none_is_missing(tmp_path):
    write_book(tmp_path)
    records = [REFUTE, {**CHECK, "equation": "9.9"}, CHECK, {**CHECK, "statement": "again"}]
    write(tmp_path, "notebooks/01_one.ipynb", notebook(PROSE, CHECK_MIME, *records))
    rows = ordered(read_page(tmp_path, "notebooks/01_one"))
    assert [tag for tag, _ in rows] == ["1.1", "1.1", "1.2", "1.3", "9.9"]
    assert [record and record["statement"] for _, record in rows] == [
        CHECK["statement"],
        "again",
        REFUTE["statement"],
        None,
        CHECK["statement"],
    ]


def test_an_edited_page_is_read_again(tmp_path):
    write_book(tmp_path)
    assert len(read_page(tmp_path, "notebooks/01_one").checks) == 2
    write(tmp_path, "notebooks/01_one.ipynb", notebook(PROSE, CHECK_MIME, CHECK))
    assert len(read_page(tmp_path, "notebooks/01_one").checks) == 1


def test_notebooks_come_before_their_labs(tmp_path):
    write_book(tmp_path)
    write(tmp_path, "notebooks/02_two.ipynb", notebook("# Two\n", RESULT_MIME))
    assert chapter_pages(tmp_path) == ["notebooks/01_one", "labs/01_one", "notebooks/02_two"]


def test_a_page_that_cannot_be_read_is_named(tmp_path):
    write_book(tmp_path)
    with pytest.raises(SourceError, match=r"there is no page notebooks/07_x\.ipynb"):
        read_page(tmp_path, "notebooks/07_x")
    path = write(tmp_path, "notebooks/01_one.ipynb", {"cells": None})
    with pytest.raises(SourceError, match=str(path)):
        read_page(tmp_path, "notebooks/01_one")


def test_a_table_has_a_caption_header_cells_and_row_headers():
    rows = [TableRow(["first", nodes.emphasis("", "second")], anchor="here")]
    result = table("an-id", "What it shows", {"One": 30, "Two": 70}, rows)
    assert result["ids"] == ["an-id"]
    assert result.next_node(nodes.title).astext() == "What it shows"
    head, body = result.next_node(nodes.thead), result.next_node(nodes.tbody)
    assert [entry.astext() for entry in head.findall(nodes.entry)] == ["One", "Two"]
    assert [row["ids"] for row in body.findall(nodes.row)] == [["here"]]
    assert [spec.get("stub") for spec in result.findall(nodes.colspec)] == [1, None]


def test_plain_text_in_a_cell_is_not_read_as_markup():
    cell = table("i", "c", {"One": 1}, [TableRow(["a < b & *c* $d$"])]).next_node(nodes.tbody)
    assert cell.astext() == "a < b & *c* $d$"
    assert not list(cell.findall(nodes.emphasis))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(97.1234, "%", "97.12 %"), (12345.6, "images/s", "12,346 images/s"), (0.5, "", "0.5")],
)
def test_a_result_has_as_many_digits_as_a_reader_can_use(value, unit, text):
    assert number(value, unit) == text


def test_every_equation_of_the_book_is_held_by_a_record_or_a_reason():
    for name in chapter_pages(ROOT):
        page = read_page(ROOT, name)
        for tag, record in ordered(page):
            assert record or tag in page.excuses, f"{name}.ipynb: equation ({tag}) has no check"
