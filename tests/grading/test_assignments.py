"""The book's assignments: every task tells no answer, a right one and many wrong ones apart."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from derived.grading.authoring import CheckReport, check_assignment, reference, stub
from derived.grading.authoring.cells import cell_id, is_answer, is_manual, is_test, read
from derived.grading.authoring.regions import regions
from derived.grading.authoring.tasks import tasks
from derived.grading.hidden import hidden_lines
from derived.grading.sandbox.limits import Limits

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "assignments").glob("*/*.ipynb"))
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WRONG_SOLUTIONS = 3  # that each task catches at least
TASKS = 5

each = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def test_each_chapter_has_its_assignment():
    assert [path.stem for path in PATHS] == CHAPTERS
    assert all(path.parent.name == path.stem for path in PATHS)


@each
@pytest.mark.timeout(900)
def test_the_tests_tell_right_from_wrong(path):
    """In the sandbox, as submissions are graded.

    One after the other: a second worker would import PyTorch twice more, on a machine that has
    other tests to run.
    """
    report: CheckReport = check_assignment(
        path, limits=Limits(), jobs=1, required_variants=WRONG_SOLUTIONS, reference_runs=1
    )
    assert report.ok and report.notes == (), str(report)
    assert len(report.tasks) >= TASKS
    for task in report.tasks:
        assert task.wrong_caught >= WRONG_SOLUTIONS, task.test


@each
def test_there_are_enough_tasks_of_each_kind(path):
    notebook = reference(read(path))
    sources = {cell_id(cell, index): cell.source for index, cell in enumerate(notebook.cells)}
    planned = tasks(notebook)
    answers = {task.answers for task in planned}
    assert len(answers) >= TASKS, "so many different answers"
    assert any("torch" in sources[name] for names in answers for name in names)
    manual = [cell for cell in notebook.cells if is_manual(cell)]
    assert [cell.cell_type for cell in manual].count("markdown") >= 1
    assert all(len(cell.source.split()) > 20 for cell in manual), "the solution is written out"


@each
def test_the_source_is_stripped_and_its_metadata_valid(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
        if is_answer(cell) or is_test(cell) or is_manual(cell):
            assert cell.metadata.nbgrader.schema_version == 3


def secret_lines(notebook) -> set[str]:
    """The lines that stand only where students must not look."""
    secret: set[str] = set()
    seen: set[str] = set()
    for index, cell in enumerate(notebook.cells):
        lines = cell.source.split("\n")
        hidden = {number for number, (_, is_in) in enumerate(hidden_lines(cell.source)) if is_in}
        found = regions(cell, cell_id(cell, index))
        for region in found:
            hidden |= set(range(region.begin - 1, region.end))
        if is_manual(cell) and not found:
            hidden = set(range(len(lines)))
        for number, line in enumerate(lines):
            (secret if number in hidden else seen).add(line.strip().removeprefix("# "))
    return secret - seen - {""}


@each
def test_nothing_secret_is_released(path):
    notebook = read(path)
    secret = secret_lines(notebook)
    assert len(secret) > 100, "reference, wrong solutions, hidden tests"
    released = stub(notebook)
    assert not secret & {
        line.strip() for cell in released.cells for line in cell.source.split("\n")
    }
    text = nbformat.writes(released)
    for words in ("BEGIN SOLUTION", "### WRONG", "HIDDEN TESTS"):
        assert words not in text
    long = [json.dumps(line, ensure_ascii=False)[1:-1] for line in secret if len(line) > 30]
    assert len(long) > 50 and not [line for line in long if line in text]
