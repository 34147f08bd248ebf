"""Batches: many workers, one writer; resumed, repeated, killed, locked."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from derived.grading import batch
from derived.grading.batch.gradebook import Ledger
from derived.grading.batch.submissions import Assignment, read_unit
from derived.grading.batch.work import Graded
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

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def hand_in(course, answers):
    """Submit for each student the answers given; None leaves the notebook as it was released."""
    released = released_notebook(course)
    for student, chosen in answers.items():
        submit(course, student, solved(released, chosen or {}))


def points(course, student):
    """Return the automatic points of a student, cell by cell."""
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(ASSIGNMENT, student)
        return {g.name: g.auto_score for n in submission.notebooks for g in n.grades}


def times(course):
    """Return when each student was graded, from the ledger."""
    folder = course.state / "graded" / ASSIGNMENT
    return {p.stem: p.stat().st_mtime_ns for p in folder.glob("*.json")}


def test_a_batch_is_graded_by_two_processes_and_written_by_one(course):
    hand_in(course, {"anna": RIGHT, "boris": WRONG, "clara": None, "dora": RIGHT})
    seen = []
    report = batch.grade(course, ASSIGNMENT, jobs=2, progress=lambda *what: seen.append(what))
    assert (report.graded, report.skipped, report.failed) == (4, 0, [])
    assert points(course, "anna") == {"test_mean": 2, "test_centred": 3, "written": None}
    assert points(course, "boris") == {"test_mean": 0, "test_centred": 0, "written": None}
    assert points(course, "clara") == {"test_mean": 0, "test_centred": 0, "written": 0}
    assert [(done, of) for done, of, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    path = course.folder("autograded", "dora", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    graded = nbformat.read(path, as_version=4)
    assert graded.metadata["derived"] == {"unsafe": False, "messages": []}


def test_only_what_is_new_or_changed_is_graded(course):
    hand_in(course, {"anna": RIGHT, "boris": WRONG})
    batch.grade(course, ASSIGNMENT, jobs=2)
    before = times(course)
    hand_in(course, {"boris": RIGHT, "clara": RIGHT})
    report = batch.grade(course, ASSIGNMENT, jobs=2)
    assert (report.graded, report.skipped) == (2, 1)
    assert points(course, "boris")["test_mean"] == 2
    assert times(course)["anna"] == before["anna"]
    report = batch.grade(course, ASSIGNMENT, force=True, students=["anna"])
    assert (report.graded, report.skipped) == (1, 0)
    assert times(course)["anna"] > before["anna"]


def test_broken_submissions_are_named_and_the_batch_goes_on(course):
    hand_in(course, {"anna": RIGHT})
    for student, text in (("bad", "{"), ("empty", ""), ("other", '{"hello": 1}')):
        submit(course, student, released_notebook(course)).write_text(text)
    course.folder("submitted", "nothing", ASSIGNMENT).mkdir(parents=True)
    report = batch.grade(course, ASSIGNMENT)
    name = f"{ASSIGNMENT}.ipynb"
    assert report.graded == 1
    assert {(student, file) for student, file, _ in report.failed} == {
        (student, name) for student in ("bad", "empty", "other", "nothing")
    }
    assert all("\n" not in reason for _, _, reason in report.failed)
    with course.gradebook() as gradebook:
        assert {s.student.id for s in gradebook.assignment_submissions(ASSIGNMENT)} == {"anna"}


def test_a_batch_goes_on_after_sigkill_without_grading_twice(course):
    students = [f"student{i}" for i in range(6)]
    hand_in(course, dict.fromkeys(students, RIGHT))
    code = (
        "from derived.grading import batch\n"
        "from derived.grading.course import Course\n"
        "if __name__ == '__main__':\n"
        f"    batch.grade(Course.open({str(course.root)!r}), {ASSIGNMENT!r}, jobs=2)\n"
    )
    script = course.root.parent / "grade.py"
    script.write_text(code)
    grader = subprocess.Popen([sys.executable, script], start_new_session=True)
    until = time.monotonic() + 120
    while len(times(course)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
        assert grader.poll() is None or len(times(course)) == len(students)
    workers = psutil.Process(grader.pid).children(recursive=True)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    before = times(course)
    assert 2 <= len(before) < len(students)
    _, alive = psutil.wait_procs(workers, timeout=15)
    assert not alive, "workers or kernels outlive a killed grader"
    report = batch.grade(course, ASSIGNMENT, jobs=2)
    assert report.graded + report.skipped == len(students)
    assert report.skipped >= len(before)
    after = times(course)
    assert {s: after[s] for s in before} == before
    assert all(points(course, s)["test_centred"] == 3 for s in students)


def test_a_result_that_was_not_written_yet_is_not_graded_again(course, monkeypatch):
    hand_in(course, {"anna": RIGHT})
    unit = read_unit(Assignment(course, ASSIGNMENT), "anna").unit
    notebook = solved(released_notebook(course), RIGHT)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    text = nbformat.writes(notebook)
    kept = Graded("anna", unit.digest(), {ASSIGNMENT: text}, {}, {ASSIGNMENT: []}, 1.0)
    Ledger(course, ASSIGNMENT).keep(kept)

    def nobody(units, jobs):
        assert list(units) == [], "the submission was sent to a worker again"
        return iter(())

    monkeypatch.setattr(batch, "on_this_machine", nobody)
    report = batch.grade(course, ASSIGNMENT)
    assert report.graded == 1
    assert points(course, "anna")["test_mean"] == 2
    assert not list((course.state / "results" / ASSIGNMENT).iterdir())


def test_a_worker_that_is_killed_loses_no_submission(course):
    students = [f"student{i}" for i in range(4)]
    hand_in(course, dict.fromkeys(students, RIGHT))
    killed = []

    def kill_one_worker(done, of, student):
        servers = [
            child
            for child in psutil.Process().children()
            if "forkserver" in " ".join(child.cmdline())
        ]
        workers = [worker for server in servers for worker in server.children()]
        if workers and not killed:
            killed.append(workers[0].pid)
            workers[0].kill()

    report = batch.grade(course, ASSIGNMENT, jobs=2, progress=kill_one_worker)
    assert killed
    assert (report.graded, report.failed) == (4, [])


def test_two_graders_do_not_write_at_once(course):
    hand_in(course, {"anna": RIGHT})
    course.state.mkdir(exist_ok=True)
    with (course.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CourseError, match="another derived-course grade is at work"):
            batch.grade(course, ASSIGNMENT)


def test_nothing_handed_in_and_nothing_released_are_said(course):
    with pytest.raises(CourseError, match=r"no submission of 01_small .* collect"):
        batch.grade(course, ASSIGNMENT)
    with pytest.raises(CourseError, match="no assignment 'ps9'"):
        batch.grade(course, "ps9")
    hand_in(course, {"anna": RIGHT})
    with pytest.raises(CourseError, match="zoe has not handed in"):
        batch.grade(course, ASSIGNMENT, students=["zoe"])


def test_a_sandbox_that_does_not_hold_stops_the_batch(course, monkeypatch):
    hand_in(course, {"anna": RIGHT})

    def leaks(limits, root):
        raise CourseError("the sandbox lets through: network")

    monkeypatch.setattr(batch.selftest, "prove", leaks)
    with pytest.raises(CourseError, match="lets through: network"):
        batch.grade(course, ASSIGNMENT)
    with course.gradebook() as gradebook:
        assert not gradebook.assignment_submissions(ASSIGNMENT)


def test_unsafe_grading_is_written_on_what_it_makes(course):
    hand_in(course, {"anna": RIGHT})
    batch.grade(course, ASSIGNMENT, unsafe=True)
    path = course.folder("autograded", "anna", ASSIGNMENT) / f"{ASSIGNMENT}.ipynb"
    assert nbformat.read(path, as_version=4).metadata["derived"]["unsafe"] is True
    entry = json.loads((course.state / "graded" / ASSIGNMENT / "anna.json").read_text())
    assert entry["unsafe"] is True
    report = batch.grade(course, ASSIGNMENT)
    assert report.graded == 1, "a grade without the sandbox is not up to date with it"


def test_a_result_that_cannot_be_written_stops_no_batch_and_is_not_lost(course, monkeypatch):
    hand_in(course, {"anna": RIGHT, "boris": RIGHT})
    original = batch.Writer.store

    def store(writer, unit, result):
        if unit.student == "anna":
            raise OSError("the disk is full")
        original(writer, unit, result)

    monkeypatch.setattr(batch.Writer, "store", store)
    report = batch.grade(course, ASSIGNMENT)
    ((student, file, reason),) = report.failed
    assert (student, file) == ("anna", "gradebook") and "the disk is full" in reason
    assert (report.graded, points(course, "boris")["test_mean"]) == (1, 2)
    monkeypatch.setattr(batch.Writer, "store", original)
    monkeypatch.setattr(batch, "on_this_machine", lambda units, jobs: iter(list(units)))
    assert batch.grade(course, ASSIGNMENT).graded == 1  # written without grading it again
    assert points(course, "anna")["test_mean"] == 2
