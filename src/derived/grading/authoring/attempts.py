"""Grades the attempts at an assignment as submissions are graded, several side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
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
from .submissions import Submission

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
    waiting: Queue[int] = Queue()
    for index in range(len(tried)):
        waiting.put(index)
    found: dict[int, Graded] = {}
    telling = Lock()

    def work() -> None:
        """Grade what waits, with one kernel of tests for all of it."""
        # The kernels' clients make an event loop for each thread, and leave it open.
        with closing(ensure_event_loop()), Workplace() as place:
            while (index := _next(waiting)) is not None:
                found[index] = _grade(tried[index], setting, place)
                with telling:
                    if progress is not None:
                        progress(len(found), len(tried), tried[index].name)

    # Threads are enough: the work is done in the kernels, which are processes.
    with ThreadPoolExecutor(max(1, min(jobs, len(tried)))) as pool:
        workers = [pool.submit(work) for _ in range(max(1, min(jobs, len(tried))))]
        try:
            for worker in as_completed(workers):
                worker.result()
        except BaseException:
            while _next(waiting) is not None:
                pass  # the other workers stop after what they are grading
            raise
    return [found[index] for index in range(len(tried))]


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
