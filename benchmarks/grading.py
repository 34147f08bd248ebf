"""``derived-course grade`` beside stock ``nbgrader autograde``, on the same forty submissions.

The assignment is the first six tasks of the book's first one: NumPy only. Ours runs sandboxed, with
the tests in a second kernel, two submissions at a time; nbgrader runs one after the other, with
the tests in the student's own kernel and nothing around it.
"""

from __future__ import annotations

import copy
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from derived.grading import authoring, batch, records
from derived.grading.course import Course
from derived.grading.setup import initialise, release
from tools.demonstration_course.assignment import NUMPY_TASKS, first_assignment

TASKS = NUMPY_TASKS[:6]
NAME = "six_tasks"
SUBMISSIONS = 40
JOBS = 2
TARGET = 1.3  # seconds a submission, on two cores
STOCK = """c = get_config()
c.CourseDirectory.course_id = "stock"
"""


def submissions(source: NotebookNode) -> list[NotebookNode]:
    """Return what is handed in: the right answers, every fifth time with one wrong among them."""
    released, _ = records.from_source(source, NAME, NAME)
    wrong = authoring.variants(source)
    made = []
    for number in range(SUBMISSIONS):
        filled = (
            wrong[number % len(wrong)].notebook if number % 5 == 4 else authoring.reference(source)
        )
        notebook = copy.deepcopy(released)
        for ours, theirs in zip(notebook.cells, filled.cells, strict=True):
            if ours.metadata.get("nbgrader", {}).get("solution"):
                ours.source = theirs.source
        made.append(notebook)
    return made


def hand_in(course: Path, made: list[NotebookNode]) -> None:
    """Write the submissions where nbgrader looks for them."""
    for number, notebook in enumerate(made):
        path = course / "submitted" / f"student{number:02}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def stock(folder: Path, source: NotebookNode, made: list[NotebookNode]) -> float:
    """Return the seconds that nbgrader takes for all."""
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source, path)
    (folder / "nbgrader_config.py").write_text(STOCK)
    hand_in(folder, made)
    scripts = sysconfig.get_path("scripts")
    environment = {**os.environ, "PATH": os.pathsep.join([scripts, os.environ["PATH"]])}

    def nbgrader(*arguments: str) -> float:
        started = time.perf_counter()
        command = [sys.executable, "-m", "nbgrader", *arguments, NAME, "--log-level=ERROR"]
        ran = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if ran.returncode:  # else its warnings, a page of them, say nothing about the time
            raise RuntimeError(f"nbgrader {arguments[0]} failed:\n{ran.stderr[-2000:]}")
        return time.perf_counter() - started

    nbgrader("generate_assignment", "--create")
    return nbgrader("autograde", "--create")


def ours(folder: Path, source: NotebookNode, made: list[NotebookNode]) -> float:
    """Return the seconds that this package takes for all, proof of the sandbox included."""
    assignments = folder.parent / "assignments"
    path = assignments / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source, path)
    course = initialise(folder, assignments=assignments, course_id="ours")
    release(course, NAME)
    hand_in(folder, made)
    report = batch.grade(Course.open(folder), NAME, jobs=JOBS)
    assert report.graded == SUBMISSIONS, report.failed
    return report.seconds


def main() -> None:
    """Print both times, their ratio, and whether the target is met."""
    source = first_assignment(TASKS)
    made = submissions(source)
    with tempfile.TemporaryDirectory() as name:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"nbgrader\.")  # as the commands do
            seconds = ours(Path(name) / "ours", source, made)
        other = stock(Path(name) / "stock", source, made)
    each = seconds / SUBMISSIONS
    memory = max(resource.getrusage(who).ru_maxrss
                 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))  # fmt: skip
    print(f"{SUBMISSIONS} submissions of {len(TASKS)} NumPy tasks")
    for grader, taken in (
        (f"derived-course grade, {JOBS} jobs, sandboxed, two kernels", each),
        ("nbgrader autograde, unprotected, one kernel", other / SUBMISSIONS),
    ):
        print(f"  {grader:56s}{taken:6.2f} s each")
    print(f"  ratio {seconds / other:.2f}   largest process {memory >> 10} MiB")
    print(f"  target: at most {TARGET} s each: {'met' if each <= TARGET else 'MISSED'}")


if __name__ == "__main__":
    main()
