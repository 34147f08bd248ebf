"""Solution regions: what is taken out of them, and what is said about wrong marks."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from derived.grading.authoring import MarkupError, reference, stub, variants
from derived.grading.errors import CourseError

from . import authored
from .authored import MEAN, answer, exam, notebook, written


def test_each_wrong_solution_takes_the_place_of_the_reference():
    found = variants(authored.good())
    assert [(one.cell_id, one.why, one.line) for one in found] == [
        ("mean", "integer division", 5),
        ("mean", "one entry too few", 7),
        ("mean", "the sum", 13),
        ("spread", "sign", 4),
        ("spread", "smallest", 6),
        ("spread", "largest", 8),
    ]
    assert found[1].notebook.cells[2].source == (
        'def mean(x):\n    """The mean."""\n    ### BEGIN SOLUTION\n    total = 0\n\n'
        "    for value in x[1:]:\n        total += value\n    return total / len(x)\n"
        "    ### END SOLUTION"
    )
    assert found[1].notebook.cells[4].source == reference(authored.good()).cells[4].source


def test_the_reference_is_the_notebook_without_the_wrong_solutions():
    source = authored.good()
    before = source.cells[2].source
    right = reference(source)
    assert right.cells[2].source.split("\n")[2:] == [
        "    ### BEGIN SOLUTION",
        "    return sum(x) / len(x)",
        "    ### END SOLUTION",
    ]
    assert source.cells[2].source == before
    assert [c.source for c in reference(right).cells] == [c.source for c in right.cells]


def test_the_stub_is_what_nbgrader_releases():
    released = stub(authored.good())
    assert released.cells[2].source == (
        'def mean(x):\n    """The mean."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'
    )
    assert released.cells[3].source == authored.TEST_MEAN.split("\n")[0]
    assert released.cells[6].source == "YOUR ANSWER HERE"
    assert released.cells[3].metadata.nbgrader.checksum
    text = str(released)
    for word in ("WRONG", "SOLUTION", "HIDDEN", "default_rng", "Because", "sum(x)"):
        assert word not in text


def test_with_two_regions_a_wrong_solution_changes_only_its_own():
    cell = answer(
        "### BEGIN SOLUTION\na = 1\n### WRONG two\n# a = 2\n### END SOLUTION\nmiddle = 0\n"
        "### BEGIN SOLUTION\nb = 1\n### WRONG three\n# b = 3\n### END SOLUTION",
        "both",
    )
    first, second = variants(notebook(cell))
    assert first.notebook.cells[0].source == (
        "### BEGIN SOLUTION\na = 2\n### END SOLUTION\nmiddle = 0\n"
        "### BEGIN SOLUTION\nb = 1\n### END SOLUTION"
    )
    assert second.notebook.cells[0].source == (
        "### BEGIN SOLUTION\na = 1\n### END SOLUTION\nmiddle = 0\n"
        "### BEGIN SOLUTION\nb = 3\n### END SOLUTION"
    )


def test_a_cell_without_marks_is_a_solution_as_a_whole():
    source = notebook(answer("x = 3", "x"))
    assert variants(source) == []
    assert "NotImplementedError" in stub(source).cells[0].source


def test_magic_lines_in_an_answer_are_no_syntax_error():
    cell = answer(
        "%matplotlib inline\n### BEGIN SOLUTION\nx = 1\n### WRONG two\n# x = 2\n### END SOLUTION",
        "magic",
    )
    assert len(variants(notebook(cell))) == 1


def test_a_heading_that_says_wrong_in_prose_is_prose():
    cell = written("### WRONG ideas\nThe answer.", "prose")
    assert reference(notebook(cell)).cells[0].source == "### WRONG ideas\nThe answer."


def function(*lines: str) -> str:
    return "\n".join(["def f(x):", *(f"    {line}" for line in lines)])


def region(*lines: str) -> str:
    """A function whose region holds a reference in line 3, and then these lines."""
    return function("### BEGIN SOLUTION", "return 1", *lines, "### END SOLUTION")


BROKEN = {
    "not closed": (function("### BEGIN SOLUTION", "return 1"), 2, "not closed"),
    "nested": (region("### BEGIN SOLUTION"), 4, "inside that of line 2"),
    "end alone": (function("return 1", "### END SOLUTION"), 3, "closes no region"),
    "wrong outside": (function("### WRONG sign", "return 1"), 2, "inside a solution region"),
    "no reason": (region("### WRONG", "# return 2"), 4, "what the mistake is"),
    "empty": (region("### WRONG two", "#"), 4, "'two' is empty"),
    "no comment": (region("### WRONG two", "return 2"), 5, "starts with '# ' in column 5"),
    "other indent": (region("### WRONG two", "  # return 2"), 5, "starts with '# ' in column 5"),
    "not Python": (region("### WRONG two", "# return ("), 4, "not Python with this solution"),
    "same as reference": (
        region("### WRONG two", "# return (1)  # still one"),
        4,
        "same code as the reference solution",
    ),
    "same as another": (
        region("### WRONG two", "# return 2", "### WRONG again", "# return  2"),
        6,
        "same code as that of line 4",
    ),
    "reference not Python": (
        function(
            "### BEGIN SOLUTION", "return (", "### WRONG two", "# return 2", "### END SOLUTION"
        ),
        2,
        "not Python with this solution",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_wrong_marks_are_named_with_cell_and_line(case):
    source, line, sentence = BROKEN[case]
    with pytest.raises(MarkupError) as caught:
        variants(notebook(new_markdown_cell("# Title"), answer(source, "f")))
    message = str(caught.value)
    assert message.startswith(f"cell f, line {line}: ") and sentence in message
    assert "\n" not in message and isinstance(caught.value, CourseError)


@pytest.mark.parametrize(
    "cell", [new_code_cell(MEAN), exam(MEAN, "a_test"), new_markdown_cell("### BEGIN SOLUTION")]
)
def test_a_region_in_a_cell_that_is_no_solution_cell_is_refused(cell):
    with pytest.raises(MarkupError, match=r"line \d: .* not a solution cell"):
        stub(notebook(cell))


def test_metadata_that_nbgrader_refuses_is_one_clear_error():
    with pytest.raises(CourseError, match="cannot be released: "):
        stub(notebook(answer("x = 1", "same"), answer("y = 1", "same")))
