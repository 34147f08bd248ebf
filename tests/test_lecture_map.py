"""The lecture map has every row of the inventories, and each row's claim about the pages holds."""

from __future__ import annotations

import copy

import pytest

from tests.small_book import LECTURE_MAP, ROOT, write, write_book

from record_pages import lecture_rows  # isort: skip  (small_book puts it on the path)
from record_pages.records import SourceError, read_ids  # isort: skip


def faults_of(tmp_path, change=lambda content: None, ids="R-1\nR-2\nR-3\n"):
    """Return the faults of the small book after a change of its lecture map."""
    root = write_book(tmp_path)
    content = copy.deepcopy(LECTURE_MAP)
    change(content)
    write(root, lecture_rows.FILE, content)
    write(root, lecture_rows.IDS, ids)
    return lecture_rows.faults(root)


def row(**fields):
    """Return a change that updates the first row; None removes a field."""

    def change(content):
        for name, value in fields.items():
            content["rows"][0][name] = value
            if value is None:
                del content["rows"][0][name]

    return change


def test_the_list_of_rows_is_that_of_the_inventories():
    ids = read_ids(ROOT, lecture_rows.IDS)
    assert len(ids) == len(set(ids)) == 379
    first = [i for i in ids if "-" in i]
    assert len(first) == 188
    assert [i for i in ids if "-" not in i] == [
        *(f"A{n:02}" for n in range(1, 62)),
        *(f"B{n:02}" for n in range(1, 131)),
    ]


def test_every_row_is_where_the_map_says():
    faults = lecture_rows.faults(ROOT)
    assert not faults, "\n  ".join(["", *faults])


def test_the_first_two_chapters_leave_none_of_their_rows_waiting():
    rows = lecture_rows.load(ROOT).rows
    theirs = [row for row in rows if row.id.startswith(("PER-", "BP-"))]
    assert len(theirs) == 32
    assert [row.id for row in theirs if row.state != "covered"] == []


def test_the_small_book_has_no_fault(tmp_path):
    assert faults_of(tmp_path) == []


def test_a_row_that_was_removed_is_named(tmp_path):
    faults = faults_of(tmp_path, lambda content: content["rows"].pop(1))
    assert faults == ["book/lecture_map.yml: R-2 of book/inventory_ids.txt is missing"]


def test_a_row_that_stands_twice_is_named(tmp_path):
    faults = faults_of(tmp_path, lambda content: content["rows"].append(content["rows"][1]))
    assert faults == ["book/lecture_map.yml: R-2 stands 2 times"]


def test_an_unknown_row_is_named(tmp_path):
    faults = faults_of(tmp_path, ids="R-1\nR-2\n")
    assert faults == ["book/lecture_map.yml: R-3 is not in book/inventory_ids.txt"]


WRONG = [
    (row(anchor="b"), "R-1: notebooks/01_one.ipynb has no heading with the anchor 'b'"),
    (row(anchor="not-a-heading"), "R-1: notebooks/01_one.ipynb has no heading"),
    (row(anchor="eq-1-4"), "R-1: notebooks/01_one.ipynb has no heading with the anchor 'eq-1-4'"),
    (row(anchor=None), "R-1: notebooks/01_one.ipynb has no heading with the anchor ''"),
    (row(page="notebooks/09_nine"), "R-1: there is no page notebooks/09_nine.ipynb or"),
    (row(page=None, anchor=None), "R-1: needs either page and anchor, or waits"),
    (row(waits="03_three"), "R-1: needs either page and anchor, or waits"),
    (row(page=None, waits="03_three"), "R-1: waits for a chapter, and so has no anchor"),
    (row(page=None, anchor=None, waits="17_x"), "R-1: waits for '17_x', which is no chapter"),
    (
        row(page=None, anchor=None, waits="01_one"),
        "R-1: waits for 01_one, but notebooks/01_one.ipynb exists",
    ),
    (row(slides={"three": "A slide"}), "R-1: unknown lecture 'three'"),
    (row(title=" "), "R-1: the title is empty"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_row_is_named_with_its_file(tmp_path, change, message):
    faults = faults_of(tmp_path, change)
    assert len(faults) == 1
    assert faults[0].startswith(f"book/lecture_map.yml: {message}")


def test_an_equation_is_a_place_to_point_at(tmp_path):
    assert faults_of(tmp_path, row(anchor="eq-1-2")) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (row(slides=None), "R-1 needs id, slides and title"),
        (row(slides={}), "R-1 needs slides: {lecture: heading}"),
        (row(page_=7), "R-1 needs id, slides and title, and may have"),
        (lambda content: content.pop("chapters"), "lectures, chapters or rows cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path, change, message):
    with pytest.raises(SourceError, match=r"^book/lecture_map\.yml: ") as caught:
        faults_of(tmp_path, change)
    assert message in str(caught.value)


def test_a_key_written_twice_is_not_dropped_in_silence(tmp_path):
    path = write_book(tmp_path) / lecture_rows.FILE
    path.write_text(path.read_text("utf8").replace("  title: Later", "  title: A\n  title: B"))
    with pytest.raises(SourceError, match="the key 'title' stands twice"):
        lecture_rows.load(tmp_path)
