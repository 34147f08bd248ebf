"""What stays of a notebook before a page shows it, and what a student may see of it."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest
from nbformat.v4 import new_output
from traitlets.config import Config

from derived.grading.feedback import clean_outputs
from derived.grading.feedback.active_content import (
    LONGEST_HTML,
    MOST_TAGS,
    UNSAFE_WARNING,
    CleanNotebook,
    grader_notes,
)
from derived.grading.feedback.preprocessor import StudentView

from .graded_course import HIDDEN, autograded_notebook, fail, named, png
from .hostile import hostile_notebook


def student_view(notebook, **config):
    cleaner = StudentView(config=Config({"ClearHiddenTests": config}))
    return cleaner.preprocess(copy.deepcopy(notebook), {})[0]


def data_of(notebook) -> list[dict[str, str]]:
    return [o.data for c in notebook.cells for o in c.get("outputs", []) if "data" in o]


def test_nothing_active_stays_and_the_rest_does():
    clean = clean_outputs(hostile_notebook())
    nbformat.validate(clean)
    types = {mime for data in data_of(clean) for mime in data}
    assert types == {"text/plain", "text/html", "text/markdown", "image/png"}
    html = next(data["text/html"] for data in data_of(clean) if "text/html" in data)
    assert "<b>bold</b>" in html and "<script" not in html and "onerror" not in html
    pictures = [data["image/png"] for data in data_of(clean) if "image/png" in data]
    assert pictures == [png()]
    text = json.dumps([clean.metadata, [cell.metadata for cell in clean.cells]])
    assert "script" not in text and set(clean.metadata) == {"kernelspec"}
    assert all(not output.get("metadata") for c in clean.cells for output in c.get("outputs", []))
    assert "raw" not in {cell.cell_type for cell in clean.cells}
    assert any("/raw/" in cell.source for cell in clean.cells)  # shown as text
    assert named(clean, "written").attachments == {"a.png": {}}


def test_cleaning_twice_changes_nothing():
    once = clean_outputs(hostile_notebook())
    twice = clean_outputs(copy.deepcopy(once))
    assert once == twice


def test_sources_stay_as_they_are():
    before = hostile_notebook()
    after = clean_outputs(copy.deepcopy(before))
    for old, new in zip(before.cells, after.cells, strict=True):
        assert old.cell_type == "raw" or old.source == new.source


def test_text_stays_and_half_characters_are_replaced():
    nb = autograded_notebook(mean="x = '\ud83d'")
    named(nb, "mean").outputs = [
        new_output("stream", name="stdout", text="a\udc00b \x1b[31mred"),
        new_output("error", ename="E", evalue="\ud800", traceback=["one", "two"]),
        new_output("display_data", data={"text/plain": ["a", "b"]}),
    ]
    cell = named(clean_outputs(nb), "mean")
    json.dumps(nb, ensure_ascii=False).encode("utf-8")
    assert cell.outputs[0].text == "a\ufffdb \x1b[31mred"
    assert cell.outputs[1].traceback == ["one", "two"]
    assert cell.outputs[2].data["text/plain"] == "ab"


@pytest.mark.parametrize("html", ["<i>" * (MOST_TAGS + 1), "x" * (LONGEST_HTML + 1)])
def test_too_much_html_is_left_out(html):
    nb = autograded_notebook()
    small = new_output("display_data", data={"text/html": "<b>small</b>"})
    named(nb, "mean").outputs = [new_output("display_data", data={"text/html": html}), small]
    first, second = named(clean_outputs(nb), "mean").outputs
    assert set(first.data) == {"text/plain"}
    assert "small" in second.data["text/html"]


def test_many_outputs_share_the_limit():
    nb = autograded_notebook()
    part = new_output("display_data", data={"text/html": "<i></i>" * (MOST_TAGS // 6)})
    named(nb, "mean").outputs = [copy.deepcopy(part) for _ in range(5)]
    kept = ["text/html" in o.data for o in named(clean_outputs(nb), "mean").outputs]
    assert kept == [True, True, True, False, False]


@pytest.mark.parametrize("junk", [None, 3, "text", [], {"metadata": 3}])
def test_malformed_parts_do_not_stop_the_cleaning(junk):
    nb = autograded_notebook()
    cell = named(nb, "mean")
    cell.outputs = [nbformat.from_dict({"output_type": "display_data", "data": junk})]
    cell.outputs.append(nbformat.from_dict({"output_type": "error", "traceback": junk}))
    cell.outputs.append(nbformat.from_dict({"output_type": junk}))
    cell.metadata["derived"] = junk
    nb.metadata["kernelspec"] = junk
    nb.metadata["derived"] = junk if not isinstance(junk, dict) else {"messages": 3, "unsafe": 0}
    named(nb, "written").attachments = junk
    clean_outputs(nb)
    assert [output.output_type for output in named(nb, "mean").outputs] == ["error"]
    assert grader_notes(nb) == []


def test_formgraders_page_gets_escaped_names_and_the_graders_notes():
    nb = autograded_notebook()
    nb.metadata["derived"] = {"unsafe": True, "messages": ["a cell\n# ended the kernel"]}
    names = {"first_name": "<b>", "last_name": '"', "student": "a&b", "index": 0}
    shown, about = CleanNotebook().preprocess(nb, names | {"submission_id": "1"})
    assert (about["first_name"], about["last_name"]) == ("&lt;b&gt;", "&quot;")
    assert (about["student"], about["index"]) == ("a&amp;b", 0)
    assert UNSAFE_WARNING in shown.cells[0].source
    assert "\n    # ended the kernel" in shown.cells[0].source  # not a heading
    _, untouched = CleanNotebook().preprocess(autograded_notebook(), dict(names))
    assert untouched == names


def test_hidden_tests_leave_the_source_and_the_outputs():
    nb = autograded_notebook()
    named(nb, "test_mean").outputs = [new_output("stream", name="stdout", text="expected 42.125")]
    shown = named(student_view(nb), "test_mean")
    assert shown.source == 'assert mean([1, 3]) == 2, "mean([1, 3]) must be 2"'
    assert shown.outputs == []


def test_a_failed_test_shows_only_the_students_message():
    nb = autograded_notebook()
    fail(named(nb, "test_mean"), "A hidden test of this task failed.")
    shown = named(student_view(nb), "test_mean")
    assert shown.outputs == [
        new_output(
            "error",
            ename="Test failed",
            evalue="A hidden test of this task failed.",
            traceback=["Test failed: A hidden test of this task failed."],
        )
    ]
    assert "42.125" not in nbformat.writes(student_view(nb))


def test_of_stock_nbgraders_failures_only_the_kind_of_error_is_left():
    nb = autograded_notebook()
    fail(named(nb, "test_mean"), None)
    shown = student_view(nb)
    assert [o.traceback for o in named(shown, "test_mean").outputs] == [["AssertionError"]]
    assert HIDDEN not in nbformat.writes(shown) and "42.125" not in nbformat.writes(shown)


@pytest.mark.parametrize(
    "about", [{"failed": "hidden"}, {"failed": "kernel", "student_message": 3}]
)
def test_a_failure_without_a_message_still_hides_the_traceback(about):
    nb = autograded_notebook()
    fail(named(nb, "test_mean"), None)
    named(nb, "test_mean").metadata["derived"] = about
    assert "42.125" not in nbformat.writes(student_view(nb))


def test_visible_tests_that_pass_may_print():
    nb = autograded_notebook()
    named(nb, "test_centred").outputs = [new_output("stream", name="stdout", text="well done")]
    assert named(student_view(nb), "test_centred").outputs[0].text == "well done"


def test_a_region_without_an_end_is_cut_to_the_end():
    nb = autograded_notebook()
    test = named(nb, "test_mean")
    test.source = test.source.replace("### END HIDDEN TESTS", "### END")
    assert HIDDEN not in named(student_view(nb), "test_mean").source


def test_students_may_write_the_words_themselves():
    nb = autograded_notebook(mean="### BEGIN HIDDEN TESTS\nx = 1")
    assert named(student_view(nb), "mean").source == "### BEGIN HIDDEN TESTS\nx = 1"


def test_the_delimiters_are_nbgraders_settings():
    nb = autograded_notebook()
    named(nb, "test_mean").source = "visible\n# SECRET\nhidden\n# PUBLIC\nagain"
    shown = student_view(nb, begin_test_delimeter="SECRET", end_test_delimeter="PUBLIC")
    assert named(shown, "test_mean").source == "visible\nagain"
