"""Scoreboard records: floors, fields, files, and what a notebook gets."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from derived import results, runtime
from derived.results import FloorMissed, Published

GOOD = {
    "lab": "01_perceptron",
    "task": "MNIST, perceptron",
    "metric": "test accuracy",
    "value": 97.5,
    "unit": "%",
    "higher_is_better": True,
    "seconds": 12.0,
    "profile": "ci",
}


@pytest.fixture(autouse=True)
def empty_scoreboard(monkeypatch):
    monkeypatch.delenv("DERIVED_RESULTS", raising=False)
    results.clear()
    yield
    results.clear()


def record(**changes) -> None:
    results.record(**(GOOD | changes))


def test_a_record_prints_one_line_without_measured_values(capsys):
    record(floor=90)
    first = capsys.readouterr().out
    record(floor=90, value=98.1, seconds=3.0)
    assert capsys.readouterr().out == first
    assert first == "✓ 01_perceptron · MNIST, perceptron · test accuracy ≥ 90 % in profile ci\n"
    record()
    assert capsys.readouterr().out.startswith("• 01_perceptron · MNIST, perceptron")


@pytest.mark.parametrize(
    ("value", "floor", "higher", "sign"), [(89.9, 90, True, "≥"), (0.31, 0.3, False, "≤")]
)
def test_a_missed_floor_says_what_was_reached_and_records_nothing(
    tmp_path, capsys, value, floor, higher, sign
):
    record(value=value, higher_is_better=higher)
    with pytest.raises(FloorMissed) as caught:
        record(value=value, floor=floor, higher_is_better=higher, folder=tmp_path)
    message = str(caught.value)
    assert f"reached {value} %" in message and f"must reach {sign} {floor} %" in message
    assert runtime.describe(torch.device("cpu")) in message
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()
    results.table()
    assert "No result" in capsys.readouterr().out
    assert issubclass(FloorMissed, AssertionError)


def test_a_missed_floor_removes_the_success_that_an_earlier_run_left(tmp_path):
    record(folder=tmp_path)
    record(task="another", folder=tmp_path)
    with pytest.raises(FloorMissed):
        record(value=10, floor=90, folder=tmp_path)
    (left,) = tmp_path.iterdir()
    assert json.loads(left.read_text("utf8"))["task"] == "another"


def test_a_floor_missed_by_less_than_it_prints_shows_more_digits():
    with pytest.raises(FloorMissed, match=r"reached 99.996 %, but .* must reach ≥ 100.0 %"):
        record(value=99.996, floor=100)


def test_a_folder_that_cannot_be_written_is_named_and_the_result_kept(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OSError, match=f"could not be written to the folder {file}"):
        record(folder=file)
    results.table()
    assert "97.5 %" in capsys.readouterr().out


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DERIVED_RESULTS", "~/r")
    record()
    assert len(list((tmp_path / "home" / "r").iterdir())) == 1
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(("value", "floor", "higher"), [(90, 90, True), (0.3, 0.3, False)])
def test_a_floor_that_is_just_reached_is_reached(value, floor, higher):
    record(value=value, floor=floor, higher_is_better=higher)


@pytest.mark.parametrize("value", [97, np.float32(97), np.array([97.0]), torch.tensor(97.0)])
def test_numbers_of_every_library_are_numbers(tmp_path, value):
    record(value=value, folder=tmp_path)
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text("utf8"))["value"] == 97.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": math.nan}, "value must be finite"),
        ({"value": "97"}, "value must be a number"),
        ({"value": True}, "value must be a number"),
        ({"value": torch.zeros(2)}, "value must be one number"),
        ({"value": np.zeros(0)}, "value must be one number"),
        ({"seconds": -1.0}, "seconds must be ≥ 0"),
        ({"seconds": math.inf}, "seconds must be finite"),
        ({"floor": math.nan}, "floor must be finite"),
        ({"lab": "perceptron"}, "lab must be the stem"),
        ({"lab": "../01_x"}, "lab must be the stem"),
        ({"task": ""}, "task must be a line"),
        ({"metric": "two\nlines"}, "metric must be a line"),
        ({"unit": " "}, "unit must be a line"),
        ({"higher_is_better": 1}, "higher_is_better must be True or False"),
        ({"profile": "tpu"}, "a profile is"),
        ({"profile": None}, "profile must be one of"),
        ({"published": 98.4}, "published must be a Published"),
    ],
)
def test_impossible_fields_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        record(**changes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((math.inf, "key"), "published value must be finite"),
        ((1.0, ""), "citation_key"),
        ((1.0, "two keys"), "citation_key"),
        ((1.0, "key", None), "hardware must be text"),
    ],
)
def test_impossible_published_values_are_named(fields, message):
    with pytest.raises(ValueError, match=message):
        Published(*fields)


def test_files_are_written_only_where_asked_and_hold_everything(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("DERIVED_RESULTS", str(tmp_path / "from environment"))
    record(published=Published(98.4, "lecun1998", "SGI Origin", "after 20 epochs"), floor=90)
    (path,) = (tmp_path / "from environment").iterdir()
    assert path.name.startswith("01_perceptron-mnist-perceptron-test-accuracy-ci-")
    stored = json.loads(path.read_text("utf8"))
    assert stored == {
        "kind": "result",
        **GOOD,
        "hardware": runtime.describe(torch.device("cpu")),
        "floor": 90.0,
        "published": {
            "value": 98.4,
            "citation_key": "lecun1998",
            "hardware": "SGI Origin",
            "note": "after 20 epochs",
        },
        "reproduced": False,
    }
    record(folder=tmp_path / "given")
    assert len(list((tmp_path / "given").iterdir())) == 1


def test_results_of_different_names_never_share_a_file(tmp_path):
    for task in ("MNIST, perceptron", "MNIST: perceptron", "Zahlen é", "Zahlen è", "x" * 300):
        for profile in ("ci", "cpu"):
            record(task=task, profile=profile, folder=tmp_path)
            record(task=task, profile=profile, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 10


@pytest.mark.parametrize(
    ("value", "published", "higher", "verdict"),
    [
        (98.4, 98.4, True, "reached"),
        (98.3, 98.4, True, "not reached"),
        (1.0, 1.2, False, "reached"),
        (1.3, 1.2, False, "not reached"),
    ],
)
def test_the_table_says_whether_the_published_value_was_reached(
    capsys, value, published, higher, verdict
):
    record(value=value, higher_is_better=higher, published=Published(published, "key"))
    capsys.readouterr()
    results.table()
    assert f"{published} % (key): {verdict}" in capsys.readouterr().out


def test_the_table_shows_each_result_once_with_all_it_needs(capsys):
    record(value=90)
    record(value=97.5, published=Published(98.4, "lecun1998", "SGI", "boosted"))
    record(task="Loops", metric="throughput", unit="images/s", value=123456.7, seconds=0.0217)
    capsys.readouterr()
    results.table()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and lines[0] == "Results of this run: 01_perceptron"
    for part in ("97.5 %", "98.4 % (LeCun 1998; SGI; boosted): not reached", "ci", "12"):
        assert part in lines[3]
    assert "123,457 images/s" in lines[4] and "0.0217" in lines[4] and "—" in lines[4]
    columns = [line.index(word) for line, word in ((lines[1], "Reached"), (lines[3], "97.5"))]
    assert columns[0] == columns[1]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("hinton2006reducing", "Hinton 2006"),
        ("lecun1998gradient", "LeCun 1998"),
        ("DBLP:conf/nips/X", "DBLP:conf/nips/X"),
    ],
)
def test_the_table_names_a_source_as_a_reader_would(capsys, key, name):
    record(value=1.0, published=Published(1.0, key))
    capsys.readouterr()
    results.table()
    assert f"1 % ({name}): reached" in capsys.readouterr().out


class Cells(HTMLParser):
    """Collects the header cells with their scope, and the texts."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[str | None] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "th":
            self.scopes.append(dict(attributes).get("scope"))

    def handle_data(self, data):
        self.text += data


def test_a_notebook_gets_the_record_and_an_accessible_table():
    """In a real kernel, with text that would be markup if it were not escaped."""
    cells = [
        nbformat.v4.new_code_cell("from derived import results\nimport json"),
        nbformat.v4.new_code_cell(
            'results.record("01_perceptron", "A <b>& B</b>", "accuracy", 97.5, unit="%", '
            'higher_is_better=True, seconds=1.5, profile="ci", floor=90, '
            'published=results.Published(98.4, "lecun1998"))'
        ),
        nbformat.v4.new_code_cell("results.table()"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    recorded, shown = (cell.outputs[-1].data for cell in notebook.cells[1:])
    entry = recorded[results.RECORD_MIME]
    assert (entry["value"], entry["floor"], entry["reproduced"]) == (97.5, 90.0, False)
    assert recorded["text/plain"].startswith("✓ 01_perceptron · A <b>& B</b> · accuracy ≥ 90 %")
    page = Cells()
    page.feed(shown["text/html"])
    assert page.scopes == ["col"] * 7 + ["row"]
    assert page.tags[:2] == ["table", "caption"] and "b" not in page.tags
    assert "A <b>& B</b>" in page.text and "98.4 % (LeCun 1998): not reached" in page.text
    assert "A <b>& B</b>" in shown["text/plain"]
