"""The small assignment's record, and what to ask of a notebook that was brought back to it."""

from __future__ import annotations

import nbformat

from derived.grading.records import from_source

from .small_course import ASSIGNMENT, RIGHT, solved, source_notebook

RELEASED, RECORD = from_source(source_notebook(), ASSIGNMENT, ASSIGNMENT)
KNOWN = {known.name: known for known in RECORD.cells}
NAMES = list(KNOWN)
TITLE = "# Means"


def handed_in():
    """Return what a good student hands in."""
    return solved(RELEASED, RIGHT)


def grade_id(found):
    return found.metadata.get("nbgrader", {}).get("grade_id")


def place(notebook, name):
    return next(i for i, found in enumerate(notebook.cells) if grade_id(found) == name)


def named(notebook, name):
    return notebook.cells[place(notebook, name)]


def order(notebook):
    """Return the ids of the known cells as they stand."""
    return [grade_id(found) for found in notebook.cells if grade_id(found)]


def own(notebook):
    """Return the texts of the cells that nbgrader does not know."""
    return [found.source for found in notebook.cells if not grade_id(found)]


def assert_is_the_records(notebook, answers=RIGHT):
    """Every cell of the record is there once, with its metadata, and its text or the answer."""
    assert sorted(order(notebook)) == sorted(NAMES)
    for known in RECORD.cells:
        found = named(notebook, known.name)
        assert found.metadata == {"nbgrader": known.metadata()}
        assert found.cell_type == known.cell_type
        assert found.source == (known.source if known.locked else answers[known.name])
    nbformat.validate(notebook)
