"""Grade one notebook: its cells in one kernel, the instructor's tests in another.

First every cell of the submission runs, and at its place the *visible* part of each test. Then,
when all is defined, every test runs whole. So a cell that stands in the wrong order costs nothing,
and whatever a student reads of the first pass was said before any hidden test reached their code.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils as nbgrader_cells

from derived.grading.feedback.active_content import clean_outputs
from derived.grading.names import names_read
from derived.grading.records import CellRecord, NotebookRecord
from derived.grading.restore import restore
from derived.grading.sandbox.limits import Limits

from .examiner import Examination, Examiner, Failure
from .outputs import error_output
from .submission_kernel import EndedTooOften, SubmissionKernel
from .verdict import verdict
from .workplace import Workplace

__all__ = ["Outcome", "grade_notebook"]

FINAL = {"hung", "stuck", "ended"}  # failures that are not tried a second time


@dataclass(frozen=True)
class Outcome:
    """A graded notebook.

    notebook : with the outputs of the run, those of the tests in full: for the instructor.
    scores : grade id → points; None where a person has to look.
    messages : what the grader had to do, or met, one line each.
    seconds : that it took.
    """

    notebook: NotebookNode
    scores: dict[str, float | None]
    messages: list[str]
    seconds: float


@dataclass
class _Grading:
    """The state of grading one notebook."""

    record: NotebookRecord
    cells: list[NotebookNode]
    limits: Limits
    submission: SubmissionKernel
    tests: Examiner
    deadline: float
    connected: int = -1
    visible: dict[str, Examination] = field(default_factory=dict)
    whole: dict[str, Examination] = field(default_factory=dict)

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def known(self) -> dict[str, CellRecord]:
        return {cell.name: cell for cell in self.record.cells if cell.is_test}

    def all_passes(self) -> dict[int, str]:
        """Run everything; return which cells were left out after their first run, and why."""
        self.first_pass()
        self.second_pass()
        culprits = dict(self.submission.culprits)
        self.third_pass()
        return culprits

    def first_pass(self) -> None:
        """Run the cells, and the visible part of each test at its place."""
        known = self.known()
        self.tests.begin(self.record)
        self.connected = -1
        for place, cell in enumerate(self.cells):
            test = known.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if test is not None:
                self.visible[test.name] = self.run_test(test, test.released)
            elif cell.cell_type == "code":
                self.submission.run_cell(place)
        self.submission.run_failed_again()

    def second_pass(self) -> None:
        """Run every test whole, in the instructor's order."""
        self.tests.begin(self.record)
        self.connected = -1
        for test in self.known().values():
            first = self.visible.get(test.name)
            if first is not None and first.failure and first.failure.kind in FINAL:
                self.whole[test.name] = first
            else:
                self.whole[test.name] = self.run_test(test, test.source)

    def third_pass(self) -> None:
        """Run failed tests at their place, where a name means something else at the end."""
        changing = set(self.record.changing_names)
        again = {
            test.name: test
            for test in self.known().values()
            if (failure := self.whole[test.name].failure)
            and failure.kind not in FINAL
            and names_read(test.source) & changing
        }
        if not again:
            return
        self.submission.close()
        self.submission = SubmissionKernel(
            self.submission.start, copy.deepcopy(self.cells), self.left
        )
        self.tests.begin(self.record)
        self.connected = -1
        for place, cell in enumerate(self.cells):
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in again:
                run = self.run_test(again[name], again[name].source)
                if run.failure is None:
                    self.whole[name] = run
            elif cell.cell_type == "code" and name not in self.known():
                self.submission.run_cell(place)

    def run_test(self, test: CellRecord, source: str) -> Examination:
        """Run a test on what the submission's kernel has defined by now."""
        run = self._run_test(test, source)
        ended = run.failure is not None and run.failure.kind == "ended"
        if ended and self.submission.patience > 0:
            self.submission.patience -= 1
            run = self._run_test(test, source)
        return run

    def _run_test(self, test: CellRecord, source: str) -> Examination:
        if self.left() <= 0:
            return _failed("Timeout", "the submission's time is over", "hung")
        try:
            self.submission.ready()
        except EndedTooOften as error:
            return _failed("KernelEnded", str(error), "ended")
        if not self.tests.is_alive():
            self.tests.begin(self.record)
            self.connected = -1
        self.tests.run_locked_before(test.name)
        if self.connected != self.submission.generation:
            assert self.submission.session is not None
            connection = self.submission.session.connection()
            if not self.tests.connect(connection, self.limits.call_seconds):
                self.submission.restart()
                return _failed("KernelEnded", "its kernel is out of reach", "ended")
            self.connected = self.submission.generation
        # Half of the time that is left, so that a slow answer does not take it from the others.
        seconds = min(self.left(), max(self.limits.cell_seconds, self.left() / 2))
        run = self.tests.test(test, source, max(1.0, seconds))
        if run.failure is not None and run.failure.kind in {"stuck", "ended"}:
            self.submission.restart()
        return run


def _failed(ename: str, evalue: str, kind: str) -> Examination:
    return Examination([], Failure(None, ename, evalue, kind))


def _store(grading: _Grading) -> None:
    """Put the outputs of the tests, and what a student may read of them, into the cells."""
    known = grading.known()
    for cell in grading.cells:
        test = known.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if test is None:
            continue
        run = grading.whole[test.name]
        cell.outputs = list(run.outputs)
        if run.failure is not None:
            if not any(output.output_type == "error" for output in cell.outputs):
                cell.outputs.append(error_output(run.failure.ename, run.failure.evalue))
            first = grading.visible.get(test.name)
            cell.metadata["derived"] = verdict(test, run.failure, first.failure if first else None)


def _score(cell: NotebookNode) -> float | None:
    try:
        score, _ = nbgrader_cells.determine_grade(cell)
    except (ValueError, KeyError) as error:  # a partial credit that is none
        cell.outputs = [error_output("PartialCredit", str(error))]
        return 0.0
    return None if score is None else float(score)


def grade_notebook(
    submitted: NotebookNode,
    record: NotebookRecord,
    *,
    limits: Limits,
    files: Path | None = None,
    test_files: Path | None = None,
    unsafe: bool = False,
    place: Workplace | None = None,
    share_kernel: bool = False,
) -> Outcome:
    """Grade one submitted notebook.

    submitted : what a student handed in; it is not changed.
    record : what the instructor released.
    files : folder of what lies beside the notebook, for the submission's kernel; or None.
    test_files : the same for the tests' kernel: the instructor's own files.
    unsafe : run both kernels without the sandbox.
    place : where; by default a place of its own, which costs the start of a second kernel.
    share_kernel : run the cells where the place's last submission ran, with its names cleared and
        the modules that it imported still there: for attempts of one author, never for students.

    Raises
    ------
    CourseError : if the notebook is none of this assignment, or no kernel can be started.
    """
    if place is None:
        with Workplace() as own:
            return grade_notebook(submitted, record, limits=limits, files=files,
                                  test_files=test_files, unsafe=unsafe, place=own,
                                  share_kernel=share_kernel)  # fmt: skip
    started = time.monotonic()
    deadline = started + limits.submission_seconds
    earlier = list(submitted.metadata.get("derived", {}).get("messages", []))
    notebook, messages = restore(copy.deepcopy(submitted), record)
    tests = place.examiner(limits, test_files, unsafe)
    start_of = place.start_of_shared if share_kernel else place.start_of_submission
    start = start_of(limits, files, unsafe)
    used = place.shared(start) if share_kernel else None
    submission = SubmissionKernel(start, notebook.cells, lambda: deadline - time.monotonic(), used)
    grading = _Grading(record, notebook.cells, limits, submission, tests, deadline)
    try:
        culprits = grading.all_passes()
        if share_kernel:
            place.keep(grading.submission.leave())
    finally:
        grading.submission.close()
    _store(grading)
    messages = [*earlier, *messages, *_about(culprits)]
    scores = {cell.metadata.nbgrader["grade_id"]: _score(cell) for cell in notebook.cells
              if cell.metadata.get("nbgrader", {}).get("grade")}  # fmt: skip
    notebook.metadata["derived"] = {"unsafe": unsafe, "messages": messages}
    # The instructor's browser shows the notebook, too: nothing in it may run there.
    return Outcome(clean_outputs(notebook), scores, messages, time.monotonic() - started)


def _about(culprits: dict[int, str]) -> list[str]:
    return [
        f"cell {place + 1} was left out after its first run: {why}"
        for place, why in sorted(culprits.items())
    ]
