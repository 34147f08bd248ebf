"""Every erratum of a written chapter is refuted by a stored record, or discussed where it says."""

from __future__ import annotations

import copy

import pytest

from tests.small_book import (
    CHECK,
    CHECK_MIME,
    ERRATA,
    PROSE,
    REFUTE,
    ROOT,
    notebook,
    write,
    write_book,
)

from record_pages import errata_entries  # isort: skip  (small_book puts it on the path)
from record_pages.records import SourceError, read_ids  # isort: skip


def faults_of(tmp_path, change=lambda content: None, records=(CHECK, REFUTE)):
    """Return the faults of the small book after a change of its errata or its records."""
    root = write_book(tmp_path)
    content = copy.deepcopy(ERRATA)
    change(content)
    write(root, errata_entries.FILE, content)
    write(root, "notebooks/01_one.ipynb", notebook(PROSE, CHECK_MIME, *records))
    return errata_entries.faults(root)


def entry(number, **fields):
    """Return a change that updates an entry; None removes a field."""

    def change(content):
        for name, value in fields.items():
            content["errata"][number][name] = value
            if value is None:
                del content["errata"][number][name]

    return change


def test_the_list_of_errata_is_that_of_the_inventories():
    ids = read_ids(ROOT, errata_entries.IDS)
    assert len(ids) == len(set(ids)) == 154
    assert sum(i.startswith("A-") for i in ids) == 12
    assert sum(i.startswith("E-003-") for i in ids) == 19
    assert sum(i.startswith("E-004-") for i in ids) == 68


def test_every_erratum_of_a_written_chapter_is_put_right():
    faults = errata_entries.faults(ROOT)
    assert not faults, "\n  ".join(["", *faults])


def test_nothing_is_called_an_error_that_may_be_an_artefact():
    _, errata = errata_entries.load(ROOT)
    assert {e.id for e in errata if e.id.startswith("A-")} <= {
        e.id for e in errata if e.is_artefact
    }
    unsure = {"E-004-4b", "E-004-6", "E-004-10b", "E-004-14", "E-004-27"}
    assert {e.id for e in errata if e.kind == "error or artefact"} == unsure


def test_the_small_book_has_no_fault(tmp_path):
    assert faults_of(tmp_path) == []


def test_an_erratum_that_lost_its_refutation_is_named(tmp_path):
    faults = faults_of(tmp_path, records=[CHECK])
    assert faults == [
        "book/errata.yml: E-1: notebooks/01_one.ipynb neither refutes it (a stored refute record) "
        "nor is it discussed (page and anchor)"
    ]


def test_a_check_does_not_count_as_a_refutation(tmp_path):
    assert len(faults_of(tmp_path, records=[CHECK, {**CHECK, "erratum": "E-1"}])) == 1


def test_a_record_of_an_unknown_erratum_is_named_with_its_page(tmp_path):
    faults = faults_of(tmp_path, records=[REFUTE, {**REFUTE, "erratum": "E-9"}])
    assert faults == ["notebooks/01_one.ipynb: refutes 'E-9', which book/errata.yml does not have"]


def test_an_erratum_that_was_removed_is_named(tmp_path):
    faults = faults_of(tmp_path, lambda content: content["errata"].pop(1))
    assert faults == ["book/errata.yml: E-2 of book/errata_ids.txt is missing"]


def test_a_waiting_erratum_is_due_when_its_chapter_is_written(tmp_path):
    write(tmp_path, "notebooks/03_three.ipynb", notebook("# Third\n", CHECK_MIME))
    (fault,) = faults_of(tmp_path)
    assert fault.startswith("book/errata.yml: E-3: notebooks/03_three.ipynb neither refutes it")


WRONG = [
    (entry(0, **{"class": "sin"}), "E-1: unknown class 'sin'"),
    (entry(0, chapter="17_x"), "E-1: unknown chapter '17_x'"),
    (entry(0, slides={"three": "A"}), "E-1: unknown lecture 'three'"),
    (entry(0, printed=" "), "E-1: the field 'printed' is empty"),
    (entry(0, correct=""), "E-1: the field 'correct' is empty"),
    (entry(1, discussed={"page": "book/x", "anchor": "y"}), "E-2: there is no page book/x.ipynb"),
    (entry(1, discussed={"page": "book/errata"}), "E-2: discussed needs page and anchor"),
    (
        entry(1, discussed={"page": "notebooks/01_one", "anchor": "y"}),
        "E-2: notebooks/01_one.ipynb has no heading with the anchor 'y'",
    ),
    (entry(1, discussed=None), "E-2: notebooks/01_one.ipynb neither refutes it"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_entry_is_named_with_its_file(tmp_path, change, message):
    (fault,) = faults_of(tmp_path, change)
    assert fault.startswith(f"book/errata.yml: {message}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (entry(0, correct=None), "E-1 needs"),
        (entry(0, status="refuted"), "E-1 needs"),  # the status is derived, never written
        (lambda content: content.pop("classes"), "classes or errata cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path, change, message):
    with pytest.raises(SourceError, match=r"^book/errata\.yml: ") as caught:
        faults_of(tmp_path, change)
    assert message in str(caught.value)
