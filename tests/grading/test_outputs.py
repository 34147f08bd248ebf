"""The outputs of a cell, gathered from a kernel that may send anything."""

from __future__ import annotations

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derived.grading.trusted.outputs import DEEPEST, MOST_OUTPUTS, Outputs, error_output


def stream(text, name="stdout"):
    return "stream", {"name": name, "text": text}


def display(text, shown=None, **data):
    content = {"data": {"text/plain": text, **data}, "metadata": {}}
    return "display_data", content | ({"transient": {"display_id": shown}} if shown else {})


def result(text, number=1):
    content = {"data": {"text/plain": text}, "metadata": {}, "execution_count": number}
    return "execute_result", content


def error(name="E", value="v", traceback=("line",)):
    return "error", {"ename": name, "evalue": value, "traceback": list(traceback)}


def update(text, shown):
    return "update_display_data", display(text, shown)[1]


CLEAR, CLEAR_LATER = ("clear_output", {"wait": False}), ("clear_output", {"wait": True})


def gathered(*messages, limit=1000):
    outputs = Outputs(limit)
    for message in messages:
        outputs.take(*message)
    return outputs


def texts(outputs):
    """Return the text of each output."""
    return [item.get("text") or item.get("data", {}).get("text/plain") or item.get("evalue")
            for item in outputs.items]  # fmt: skip


def assert_can_be_stored(outputs):
    cell = nbformat.v4.new_code_cell("x", outputs=outputs.items)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(notebook)
    back = nbformat.reads(nbformat.writes(notebook).encode("utf8").decode("utf8"), as_version=4)
    assert back.cells[0].outputs == outputs.items


def test_every_kind_of_output_is_stored_as_a_notebook_stores_it():
    outputs = gathered(stream("a"), display("b"), result("c", 7), error("E", "d", ["x", "y"]))
    assert [item.output_type for item in outputs.items] == [
        "stream", "display_data", "execute_result", "error"]  # fmt: skip
    assert texts(outputs) == ["a", "b", "c", "d"]
    assert outputs.items[2].execution_count == 7
    assert outputs.items[3].traceback == ["x", "y"]
    assert_can_be_stored(outputs)


@pytest.mark.parametrize("kind", ["status", "execute_input", "comm_open", "comm_msg", "", "debug"])
def test_other_messages_are_no_output(kind):
    assert gathered((kind, {"data": {"text/plain": "x"}, "text": "x"})).items == []


def test_pieces_of_one_stream_are_one_output():
    outputs = gathered(stream("a"), stream("b"), stream("!", "stderr"), stream("c"), display("d"),
                       stream("e"))  # fmt: skip
    assert texts(outputs) == ["ab", "!", "c", "d", "e"]
    assert [item.get("name") for item in outputs.items] == [
        "stdout",
        "stderr",
        "stdout",
        None,
        "stdout",
    ]


class TestClearing:
    """``clear_output``, at once or with the next output."""

    def test_at_once(self):
        assert texts(gathered(stream("a"), display("b"), CLEAR)) == []
        assert texts(gathered(stream("a"), CLEAR, stream("b"))) == ["b"]

    def test_with_the_next_output(self):
        assert texts(gathered(stream("a"), CLEAR_LATER)) == ["a"]
        assert texts(gathered(stream("a"), CLEAR_LATER, stream("b"), stream("c"))) == ["bc"]
        assert texts(gathered(stream("a"), CLEAR_LATER, CLEAR, stream("b"))) == ["b"]

    def test_an_update_of_a_display_is_no_next_output(self):
        outputs = gathered(display("a", "id"), CLEAR_LATER, update("b", "id"))
        assert texts(outputs) == ["b"]

    def test_what_is_malformed_is_no_next_output(self):
        outputs = gathered(stream("a"), CLEAR_LATER)
        with pytest.raises(ValueError, match="stream"):
            outputs.take(*stream(3))
        assert texts(outputs) == ["a"]

    def test_it_gives_the_room_back(self):
        outputs = gathered(*[m for _ in range(50) for m in (stream("x" * 90), CLEAR_LATER)],
                           stream("end"), limit=100)  # fmt: skip
        assert texts(outputs) == ["end"] and outputs.dropped == 0

    def test_a_cleared_display_is_not_updated(self):
        assert texts(gathered(display("a", "id"), CLEAR, stream("b"), update("c", "id"))) == ["b"]


class TestDisplaysWithAnId:
    """``display(..., display_id=True)`` and its updates."""

    def test_an_update_replaces_in_place(self):
        outputs = gathered(display("a", "id"), stream("x"), update("b", "id"))
        assert texts(outputs) == ["b", "x"]

    def test_every_display_of_that_id_is_updated(self):
        outputs = gathered(display("a", "one"), display("b", "two"), display("c", "one"))
        assert texts(outputs) == ["c", "b", "c"]
        outputs.take(*update("d", "one"))
        assert texts(outputs) == ["d", "b", "d"]

    @pytest.mark.parametrize("shown", ["other", None, 3, ["id"], {"a": 1}])
    def test_an_update_of_nothing_is_nothing(self, shown):
        content = display("b")[1] | {"transient": {"display_id": shown}}
        assert texts(gathered(display("a", "id"), ("update_display_data", content))) == ["a"]

    def test_many_updates_cost_only_what_is_kept(self):
        outputs = gathered(display("0", "bar"), *[update("x" * 50, "bar") for _ in range(500)],
                           stream("end"), limit=100)  # fmt: skip
        assert texts(outputs) == ["x" * 50, "end"]

    def test_an_update_that_grows_too_large_is_dropped(self):
        outputs = gathered(display("a", "id"), update("b" * 200, "id"), limit=100)
        assert texts(outputs)[0] == "a"
        assert "more output was dropped" in texts(outputs)[1]


class TestTheLimit:
    """Of all characters, whatever field of a message they stand in."""

    def kept(self, outputs):
        return sum(len(str(item)) for item in outputs.items)

    def test_what_is_too_much_is_dropped_and_said_once(self):
        outputs = gathered(stream("a" * 60), stream("b" * 60), stream("c"), display("d"), limit=100)
        (text,) = texts(outputs)
        assert text.startswith("a" * 60 + "b" * 40 + "\n… more output was dropped")
        assert "a cell may print 100 characters" in text
        assert text.count("dropped") == 1
        assert outputs.dropped == 3

    def test_as_much_as_is_allowed_is_kept(self):
        outputs = gathered(stream("a" * 100), limit=100)
        assert texts(outputs) == ["a" * 100] and outputs.dropped == 0

    def test_stderr_is_cut_as_stderr(self):
        outputs = gathered(stream("a" * 150, "stderr"), limit=100)
        assert [(item.name, item.text[:3]) for item in outputs.items] == [
            ("stderr", "aaa"), ("stdout", "\n… ")]  # fmt: skip

    @pytest.mark.parametrize(
        "message",
        [
            stream("x" * 100_000),
            stream("x" * 100_000, "stderr"),
            display("x" * 100_000),
            display("x", **{"image/png": "x" * 100_000}),
            display("x", **{"application/json": {"a": ["x" * 100_000]}}),
            display("x", **{"x" * 100_000: "y"}),
            ("display_data", {"data": {}, "metadata": {"x": "x" * 100_000}}),
            ("display_data", {"text": "x", "data": {"text/plain": "y" * 100_000}, "metadata": {}}),
            result("x" * 100_000),
            error(name="x" * 100_000),
            error(value="x" * 100_000),
            error(traceback=["x" * 100_000]),
            error(traceback=["x"] * 100_000),
        ],
        ids=lambda message: message[0] + str(sorted(message[1]))[:60],
    )
    def test_no_field_is_free(self, message):
        outputs = gathered(message, message, limit=1000)
        assert self.kept(outputs) < 2000
        assert outputs.dropped == 2
        assert_can_be_stored(outputs)

    def test_the_number_of_outputs_is_limited_too(self):
        many = [("display_data", {"data": {}, "metadata": {}}), stream("x"), stream("y", "stderr")]
        outputs = gathered(*many * MOST_OUTPUTS, limit=10**6)
        assert len(outputs.items) <= MOST_OUTPUTS + 2
        assert "more output was dropped" in outputs.items[-1].text


MALFORMED = [
    ("stream", {}),
    ("stream", {"name": "stdout"}),
    ("stream", {"text": "a"}),
    stream(5),
    stream(None),
    stream(["a", "b"]),
    stream({"a": 1}),
    stream("a", 5),
    stream("a", '"><script>'),
    ("display_data", {}),
    ("display_data", {"data": {"text/plain": "a"}}),
    ("display_data", {"data": "a", "metadata": {}}),
    ("display_data", {"data": ["a"], "metadata": {}}),
    ("display_data", {"data": {"text/plain": 5}, "metadata": {}}),
    ("display_data", {"data": {"text/plain": None}, "metadata": {}}),
    ("display_data", {"data": {"image/png": ["a", 5]}, "metadata": {}}),
    ("display_data", {"data": {}, "metadata": 5}),
    ("execute_result", {"data": {}, "metadata": {}}),
    result("a", "one"),
    ("error", {}),
    error(name=1),
    error(value=[]),
    error(traceback=[1]),
    ("error", {"ename": "E", "evalue": "v", "traceback": "abc"}),
    ("clear_output", None),
]


@pytest.mark.parametrize("message", MALFORMED, ids=str)
def test_a_malformed_message_is_lost_and_nothing_else(message):
    outputs = gathered(stream("before"))
    with pytest.raises(Exception):  # noqa: B017  (the session takes them all)
        outputs.take(*message)
    outputs.take(*stream(" after"))
    assert texts(outputs) == ["before after"]
    assert outputs.room == 1000 - len("before after")


@pytest.mark.parametrize("transient", [5, None, [], "id", {"display_id": 5}])
def test_a_display_id_that_is_none_does_not_matter(transient):
    outputs = gathered(("display_data", display("a")[1] | {"transient": transient}))
    assert texts(outputs) == ["a"]


def test_what_no_file_can_hold_is_replaced():
    outputs = gathered(
        stream("a\ud800b"),
        error("E\udfff", "\ud800", ["\ud800"]),
        display("a\ud800", **{"application/json": {"\ud800": [float("nan"), float("inf"), 1.5]}}),
    )
    assert texts(outputs) == ["a?b", "?", "a?"]
    assert outputs.items[2].data["application/json"] == {"?": [None, None, 1.5]}
    assert_can_be_stored(outputs)


def test_endless_nesting_is_malformed():
    deep: object = "x"
    for _ in range(DEEPEST + 1):
        deep = [deep]
    outputs = Outputs(10**6)
    with pytest.raises(ValueError, match="deep"):
        outputs.take(*display("a", **{"application/json": deep}))
    assert outputs.items == []


def test_an_error_of_the_graders_own():
    made = error_output("Timeout", "it took too long")
    assert (made.output_type, made.ename, made.traceback) == (
        "error", "Timeout", ["Timeout: it took too long"])  # fmt: skip
    assert_can_be_stored(gathered(("error", dict(made))))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["stdout", "id", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)  # fmt: skip
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        key: JSON | value
        for key, value in {
            "name": st.sampled_from(["stdout", "stderr"]),
            "text": st.text(max_size=30),
            "data": st.dictionaries(st.just("text/plain"), st.text(max_size=30)),
            "metadata": st.just({}),
            "transient": st.just({"display_id": "id"}),
            "wait": st.booleans(),
            "ename": st.text(max_size=5),
            "evalue": st.text(max_size=5),
            "traceback": st.lists(st.text(max_size=5)),
            "execution_count": st.integers(),
        }.items()
    },
)
MESSAGES = st.tuples(
    st.sampled_from(["stream", "display_data", "update_display_data", "execute_result", "error",
                     "clear_output"]),
    CONTENT,
)  # fmt: skip


@given(st.lists(MESSAGES, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_comes_a_notebook_can_store_what_is_kept(messages):
    outputs = Outputs(100)
    for message in messages:
        try:
            outputs.take(*message)
        except Exception:
            continue
    assert_can_be_stored(outputs)
    assert outputs.room >= 0
