"""The same units of work on a Dask cluster of two worker processes."""

from __future__ import annotations

import warnings

import pytest
from distributed import LocalCluster

from derived.grading import batch
from derived.grading.batch import workers
from derived.grading.errors import CourseError
from tests.grading.small_course import (
    ASSIGNMENT,
    RIGHT,
    WRONG,
    make_course,
    released_notebook,
    solved,
    submit,
)

pytestmark = [
    pytest.mark.timeout(240),
    # Dask's own threads and sockets close when they like.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster():
    with (
        warnings.catch_warnings(),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as started,
    ):
        warnings.simplefilter("ignore")
        yield started


def test_two_worker_processes_grade_a_batch(tmp_path, cluster):
    course = make_course(tmp_path)
    released = released_notebook(course)
    for number in range(4):
        submit(course, f"right{number}", solved(released, RIGHT))
    submit(course, "wrong", solved(released, WRONG))
    report = batch.grade(course, ASSIGNMENT, scheduler=cluster.scheduler_address)
    assert (report.graded, report.failed) == (5, [])
    with course.gradebook() as gradebook:
        totals = {
            s.student.id: sum(g.auto_score or 0 for n in s.notebooks for g in n.grades)
            for s in gradebook.assignment_submissions(ASSIGNMENT)
        }
    assert totals == {**{f"right{number}": 5 for number in range(4)}, "wrong": 0}
    again = batch.grade(course, ASSIGNMENT, scheduler=cluster.scheduler_address)
    assert (again.graded, again.skipped) == (0, 5)


def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch):
    course = make_course(tmp_path)
    submit(course, "anna", solved(released_notebook(course), RIGHT))
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    with pytest.raises(CourseError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        batch.grade(course, ASSIGNMENT, scheduler="tcp://127.0.0.1:9")
