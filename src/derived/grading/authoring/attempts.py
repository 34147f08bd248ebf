"""Grades the attempts at an assignment as submissions are graded, several side by side.

The reference, no answer and wrong solutions run one after the other in one kernel. What one of
them changes beside its own names, in a module for example, could reach the next; so the reference
runs there once more at the end. Should it get other points than in a fresh kernel, all run again:
each in its own.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Queue
from threading import Lock

from jupyter_core.utils import ensure_event_loop
from nbformat import NotebookNode

from ..records import NotebookRecord
from ..sandbox.limits import Limits
from ..trusted.execute import grade_notebook
from ..trusted.workplace import Workplace
from .cells import is_test
from .judge import Graded
from .submissions import REFERENCE, Submission

__all__ = ["Progress", "Setting", "grade_all", "reasons"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Setting:
    """What is the same for all attempts.

    record : of the instructor's notebook.
    files : folder with the assignment's data; limits : on each attempt.
    unsafe : without the sandbox.
    """

    record: NotebookRecord
    files: Path
    limits: Limits
    unsafe: bool = False


def grade_all(
    tried: Sequence[Submission],
    setting: Setting,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Graded]:
    """Grade submissions in the sandbox and return what came of each, in their order.

    ``progress`` is called after each with how many are done, of how many, and its name.
    Raises CourseError if one cannot be graded.
    """
    run = _Run(tried, setting, progress)
    # Threads are enough: the work is done in the kernels, which are processes.
    with ThreadPoolExecutor(max(1, min(jobs, len(tried)))) as pool:
        workers = [pool.submit(run.work) for _ in range(max(1, min(jobs, len(tried))))]
        try:
            for worker in as_completed(workers):
                worker.result()
        except BaseException:
            run.stop()  # the other workers end after what they are grading
            raise
    if run.kernels_stayed_clean():
        return [run.found[index] for index in range(len(tried))]
    own = [replace(submission, shares_kernel=False) for submission in tried]
    return grade_all(own, setting, jobs=jobs, progress=progress)


class _Run:
    """What the workers have in common: the attempts that wait, and what came of the others."""

    def __init__(
        self, tried: Sequence[Submission], setting: Setting, progress: Progress | None
    ) -> None:
        self.tried, self.setting, self.progress = tried, setting, progress
        self.waiting: Queue[int] = Queue()
        self.references = [n for n, each in enumerate(tried) if each.name == REFERENCE]
        # The references come first: in fresh kernels.
        for index in sorted(range(len(tried)), key=lambda n: n not in self.references):
            self.waiting.put(index)
        self.found: dict[int, Graded] = {}
        self.controls: list[Graded] = []
        self.telling = Lock()
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True

    def kernels_stayed_clean(self) -> bool:
        """Whether the reference got the same in each shared kernel at its end as in a fresh one."""
        return all(
            control.scores == self.found[self.references[0]].scores for control in self.controls
        )

    def work(self) -> None:
        """Grade what waits, with one kernel of tests for all of it."""
        shared = False
        # The kernels' clients make an event loop for each thread, and leave it open.
        with closing(ensure_event_loop()), Workplace() as place:
            while not self.stopped and (index := _next(self.waiting)) is not None:
                submission = self.tried[index]
                self.found[index] = _grade(submission, self.setting, place)
                shared |= submission.shares_kernel and submission.name != REFERENCE
                with self.telling:
                    if self.progress is not None:
                        self.progress(len(self.found), len(self.tried), submission.name)
            if shared and self.references and not self.stopped:
                control = replace(self.tried[self.references[0]], shares_kernel=True)
                self.controls.append(_grade(control, self.setting, place))


def _next(waiting: Queue[int]) -> int | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


def _grade(submission: Submission, setting: Setting, place: Workplace) -> Graded:
    outcome = grade_notebook(
        submission.notebook,
        setting.record,
        limits=setting.limits,
        files=setting.files,
        test_files=setting.files,
        unsafe=setting.unsafe,
        place=place,
        share_kernel=submission.shares_kernel,
    )
    return Graded(dict(outcome.scores), reasons(outcome.notebook))


def reasons(graded: NotebookNode) -> dict[str, str]:
    """Return why tests failed, each in one line and at most 200 characters, by grade id."""
    found = {}
    for cell in graded.cells:
        if not is_test(cell):
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if errors:
            text = f"{errors[-1].ename}: {errors[-1].evalue}"
            found[str(cell.metadata.nbgrader.grade_id)] = textwrap.shorten(
                text, 200, placeholder=" …"
            )
    return found
