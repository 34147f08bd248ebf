"""Reading what was handed in: anything can be in the file."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derived.grading.errors import CourseError
from derived.grading.restore import MOST_CELLS, read_submission, restore
from tests.grading.restored import RECORD, assert_is_the_records, handed_in

PNG = "iVBORw0KGgo="


def text_of(*cells, **more):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | more)


def read_one(**fields):
    """Return the cell that is read for one with these fields."""
    (found,) = read_submission(text_of({"cell_type": "code", "source": "x = 1", **fields})).cells
    nbformat.validate(nbformat.v4.new_notebook(cells=[found]))
    return found


def test_a_submission_is_read_and_restored():
    result, messages = restore(read_submission(nbformat.writes(handed_in())), RECORD)
    assert_is_the_records(result)
    assert messages == []


def test_a_byte_order_mark_and_sources_as_lists_are_read():
    notebook = json.loads(nbformat.writes(handed_in()))
    for found in notebook["cells"]:
        found["source"] = "".join(found["source"]).splitlines(keepends=True)
    result, _ = restore(read_submission("\ufeff" + json.dumps(notebook)), RECORD)
    assert_is_the_records(result)


DEEP = 100_000
BROKEN = {
    "nothing": ("", "the file is empty"),
    "white space": (" \n\t\r\n", "the file is empty"),
    "only a byte order mark": ("\ufeff\n", "the file is empty"),
    "half a notebook": (nbformat.writes(handed_in())[:500], "no valid JSON"),
    "a script": ("import numpy as np\n", "no valid JSON"),
    "a page": ("<html>\n<body>Sign in</body></html>", "no valid JSON"),
    "bytes read as text": ("\x89PNG\r\n\x1a\n\0\0\0", "no valid JSON"),
    "brackets": ("[" * DEEP, "no valid JSON"),
    "nested lists": ("[" * DEEP + "]" * DEEP, "no valid JSON"),
    "nested in a cell": (text_of().replace("[]", "[" * DEEP + "]" * DEEP), "no valid JSON"),
    "an endless number": ('{"nbformat": ' + "9" * 10_000 + "}", "no valid JSON"),
    "a list": ("[]", "it has no nbformat"),
    "a word": ('"nbformat"', "it has no nbformat"),
    "null": ("null", "it has no nbformat"),
    "another object": ('{"hello": 1}', "it has no nbformat"),
    "format 3": ('{"nbformat": 3, "worksheets": []}', "notebook format 3 instead of 4"),
    "format 5": ('{"nbformat": 5, "cells": []}', "notebook format 5 instead of 4"),
    "format in quotes": (text_of(nbformat="4"), "notebook format '4' instead of 4"),
    "a format of lines": (text_of(nbformat="4\n5\n"), r"notebook format '4\\n5\\n' instead of 4"),
    "a list as format": (text_of(nbformat=[4]), "notebook format of no known kind instead of 4"),
    "no format": (text_of(nbformat=None), "notebook format of no known kind instead of 4"),
    "not a number": (text_of(nbformat=float("nan")), "notebook format nan instead of 4"),
    "no cells": ('{"nbformat": 4}', "no list of at most"),
    "cells that are no list": (text_of(cells={"a": 1}), "no list of at most"),
    "too many cells": (text_of(*[{}] * (MOST_CELLS + 1)), f"no list of at most {MOST_CELLS} cells"),
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_notebook_gives_one_line_that_says_why(text, reason):
    with pytest.raises(CourseError, match=reason) as caught:
        read_submission(text)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 200 and message.isprintable()


def test_as_many_cells_as_are_allowed_are_read():
    read = read_submission(text_of(*[{"cell_type": "code", "source": ""}] * MOST_CELLS))
    assert len(read.cells) == MOST_CELLS


@pytest.mark.parametrize("odd", [None, 3, "x", [], [{}], True, 1.5])
def test_what_is_no_cell_is_left_out(odd):
    read = read_submission(text_of(odd, {"cell_type": "code", "source": "x = 1"}, odd))
    assert [found.source for found in read.cells] == ["x = 1"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("x = 1", "x = 1"),
        (["x = 1\n", "y"], "x = 1\ny"),
        (["x", 1, None, ["y"], "z"], "xz"),
        (3, ""),
        (None, ""),
        ({"a": 1}, ""),
        ("x = '\ud800'", "x = '?'"),
        (["a\udfff", "\U0001f600"], "a?\U0001f600"),
        ("a\0b", "a\0b"),
    ],
)
def test_a_source_of_any_kind_is_text(source, text):
    found = read_one(source=source)
    assert found.source == text
    found.source.encode("utf8")


@pytest.mark.parametrize("kind", ["", "heading", "CODE", None, 3, [], {}, ["code"], True])
def test_a_cell_of_no_known_type_is_raw(kind):
    assert read_one(cell_type=kind).cell_type == "raw"


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        "x",
        3,
        {"nbgrader": None},
        {"nbgrader": []},
        {"nbgrader": {"grade_id": 3}},
        {"nbgrader": {"grade_id": ["mean"]}},
        {"nbgrader": {"grade_id": None}},
        {"tags": ["skip-execution"], "trusted": True, "nbgrader": {"points": 3}},
    ],
)
def test_metadata_of_any_kind_are_dropped(metadata):
    assert read_one(metadata=metadata).metadata == {}


def test_nothing_but_the_id_is_taken_over():
    found = read_one(
        metadata={"nbgrader": {"grade_id": "mean", "points": 9, "locked": False}, "tags": ["x"]},
        outputs=[{"output_type": "stream", "name": "stdout", "text": "9/9"}],
        execution_count=float("nan"),
        id="../../x",
        evil=True,
    )
    assert found.metadata == {"nbgrader": {"grade_id": "mean"}}
    assert found.outputs == [] and found.execution_count is None
    assert found.id != "../../x" and "evil" not in found


class TestAttachments:
    """A derivation may be a photo; nothing else comes along."""

    @pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif", "image/webp"])
    def test_a_picture_stays(self, kind):
        found = read_one(cell_type="markdown", attachments={"a.png": {kind: PNG}})
        assert found.attachments == {"a.png": {kind: PNG}}

    def test_line_breaks_inside_are_closed(self):
        found = read_one(cell_type="markdown", attachments={"a": {"image/png": "iVBO\nRw0K\n"}})
        assert found.attachments == {"a": {"image/png": "iVBORw0K"}}

    @pytest.mark.parametrize(
        "attachments",
        [
            None,
            [],
            "x",
            {"a": None},
            {"a": []},
            {"a": {}},
            {"a": {"image/png": 3}},
            {"a": {"image/png": ["iVBO"]}},
            {"a": {"image/png": '"><script>'}},
            {"a": {"image/svg+xml": "PHN2Zz4="}},
            {"a": {"text/html": "PGI+"}},
        ],
    )
    def test_what_is_no_picture_does_not(self, attachments):
        assert "attachments" not in read_one(cell_type="markdown", attachments=attachments)

    @pytest.mark.parametrize("kind", ["code", "raw"])
    def test_only_text_has_pictures(self, kind):
        found = read_one(cell_type=kind, attachments={"a": {"image/png": PNG}})
        assert "attachments" not in found

    @pytest.mark.parametrize("letter", ["A", " ", "="])
    def test_a_long_picture_that_is_none_is_seen_fast(self, letter):
        text = letter * 1_000_000 + "!"
        found = read_one(cell_type="markdown", attachments={"a": {"image/png": text}})
        assert "attachments" not in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | JSON,
        "source": st.sampled_from(["mean = 1", ["x"]]) | JSON,
        "metadata": JSON
        | st.builds(lambda inner: {"nbgrader": inner}, JSON)
        | st.builds(
            lambda name: {"nbgrader": {"grade_id": name}}, st.sampled_from(["mean"]) | JSON
        ),
        "attachments": JSON,
    },
)


@given(st.lists(FIELDS | JSON, max_size=5))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_read_and_restored_or_refused_in_one_line(cells):
    read = read_submission(text_of(*cells))
    nbformat.writes(read).encode("utf8")
    try:
        result, _ = restore(read, RECORD)
    except CourseError as error:
        assert "\n" not in str(error)
        return
    nbformat.validate(result)


@given(st.text(max_size=50) | st.builds(json.dumps, JSON))
@settings(max_examples=100, deadline=None)
def test_any_text_is_refused_in_one_line(text):
    with pytest.raises(CourseError) as caught:
        read_submission(text)
    assert "\n" not in str(caught.value)
