"""What a student may see of a graded notebook."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.api import MissingEntry
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

from .active_content import clean_outputs

__all__ = ["KnownGrades", "StudentView"]


class KnownGrades(GetGrades):
    """nbgrader's ``GetGrades``, which no cell stops that the gradebook does not know."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook with points and comments, and the sums in the resources."""
        return super().preprocess(clean_outputs(nb), resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return a cell with its points and comment; an unknown one becomes an ordinary cell."""
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        except MissingEntry:
            del cell.metadata["nbgrader"]
            return cell, resources


class StudentView(ClearHiddenTests):
    """Take hidden tests, expected values and active content out of a page for a student.

    To stand in ``c.GenerateFeedback.preprocessors``, after :class:`KnownGrades`.
    The delimiters are those of ``c.ClearHiddenTests``.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook as the student may see it."""
        clean_outputs(nb)
        for cell in nb.cells:
            if utils.is_grade(cell) and not utils.is_solution(cell):
                self._test_cell(cell)
            elif utils.is_locked(cell):
                self._without_hidden_tests(cell)
        return nb, resources

    def _without_hidden_tests(self, cell: NotebookNode) -> bool:
        """Cut the regions out of a cell's source, and say whether there were any.

        A region that does not end is cut to the end of the cell: a page must come out, and must
        not show too much.
        """
        kept: list[str] = []
        hidden = found = False
        for line in cell.source.split("\n"):
            if self.begin_test_delimeter in line:
                hidden = found = True
            elif self.end_test_delimeter in line:
                hidden = False
            elif not hidden:
                kept.append(line)
        cell.source = "\n".join(kept).rstrip()
        return found

    def _test_cell(self, cell: NotebookNode) -> None:
        had_hidden = self._without_hidden_tests(cell)
        if cell.cell_type != "code":
            return
        about = cell.metadata.get("derived", {})
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if about.get("failed"):
            cell.outputs = [_short_error("Test failed", str(about.get("student_message", "")))]
        elif errors:
            # Graded by stock nbgrader: message and traceback may quote hidden tests.
            cell.outputs = [_short_error(errors[0].ename, "")]
        elif had_hidden:
            cell.outputs = []  # what hidden tests print is hidden too


def _short_error(name: str, message: str) -> NotebookNode:
    line = f"{name}: {message}" if message else name
    return new_output("error", ename=name, evalue=message, traceback=[line])
