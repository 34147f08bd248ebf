"""Small assignments as authors write them, and a grader for them without kernels."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from derived.grading.authoring.judge import Graded
from derived.grading.authoring.submissions import Submission
from derived.grading.records import from_source

MEAN = '''def mean(x):
    """The mean."""
    ### BEGIN SOLUTION
    return sum(x) / len(x)
    ### WRONG integer division
    # return sum(x) // len(x)
    ### WRONG one entry too few
    # total = 0
    #
    # for value in x[1:]:
    #     total += value
    # return total / len(x)
    ### WRONG the sum
    # return sum(x)
    ### END SOLUTION'''
TEST_MEAN = """assert mean([1, 2]) == 1.5, "the mean of 1 and 2 is 1.5"
### BEGIN HIDDEN TESTS
rng = np.random.default_rng()
x = list(rng.normal(size=5))
assert abs(mean(x) - np.mean(x)) < 1e-9
### END HIDDEN TESTS"""
SPREAD = """def spread(x):
    ### BEGIN SOLUTION
    return max(x) - mean(x)
    ### WRONG sign
    # return mean(x) - max(x)
    ### WRONG smallest
    # return mean(x) - min(x)
    ### WRONG largest
    # return max(x)
    ### END SOLUTION"""
TEST_SPREAD = """assert spread([0, 1, 5]) == 3
### BEGIN HIDDEN TESTS
x = list(np.random.default_rng().normal(size=7))
assert abs(spread(x) - max(x) + np.mean(x)) < 1e-9
### END HIDDEN TESTS"""


def marks(grade_id: str, **flags: Any) -> dict[str, Any]:
    """Cell metadata with all of nbgrader's flags, those not given False."""
    all_flags = {"grade": False, "locked": False, "solution": False, "task": False, **flags}
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id, **all_flags}}


def locked(source: str, grade_id: str = "setup"):
    return new_code_cell(source, metadata=marks(grade_id, locked=True))


def answer(source: str, grade_id: str):
    return new_code_cell(source, metadata=marks(grade_id, solution=True))


def exam(source: str, grade_id: str, points: float = 2):
    flags = marks(grade_id, grade=True, locked=True, points=points)
    return new_code_cell(source, metadata=flags)


def written(source: str, grade_id: str, points: float = 3):
    flags = marks(grade_id, grade=True, solution=True, points=points)
    return new_markdown_cell(source, metadata=flags)


def notebook(*cells):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=list(cells), metadata={"kernelspec": kernel})


def good():
    """Two tasks, the second of which calls the first's answer, and a written one."""
    return notebook(
        new_markdown_cell("# Means"),
        locked("import numpy as np"),
        answer(MEAN, "mean"),
        exam(TEST_MEAN, "test_mean"),
        answer(SPREAD, "spread"),
        exam(TEST_SPREAD, "test_spread", 3),
        written("Because.", "why"),
    )


class PlainGrader:
    """Runs a submission's cells and the instructor's tests in one namespace, and counts runs."""

    def __init__(self, source) -> None:
        _, self.record = from_source(source, "small", "small")
        self.tests = {cell.name: cell for cell in self.record.cells if cell.is_test}
        self.runs: list[str] = []

    def __call__(self, tried: Sequence[Submission]) -> list[Graded]:
        return [self._grade(one) for one in tried]

    def _grade(self, submission: Submission) -> Graded:
        self.runs.append(submission.name)
        names: dict[str, Any] = {}
        scores: dict[str, float | None] = {}
        reasons: dict[str, str] = {}
        for cell in submission.notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            test = self.tests.get(name)
            source = test.source if test else cell.source
            if cell.cell_type != "code":
                continue
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(source, names)
                error = None
            except Exception as caught:
                error = f"{type(caught).__name__}: {caught}"
            if test:
                scores[name] = 0.0 if error else test.points
                reasons |= {name: error} if error else {}
        return Graded(scores, reasons)
