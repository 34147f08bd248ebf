"""The course folder is a normal nbgrader course: nbgrader's own commands grade in it, as safely."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

import pytest

from tests.grading.small_course import (
    ASSIGNMENT,
    RIGHT,
    make_course,
    released_notebook,
    solved,
    submit,
)

PATCHED = """import numpy.testing
import numpy as np
np.isclose = np.allclose = lambda *arguments, **options: True
def mean(x):
    return 0"""


def nbgrader(course, *arguments):
    """Run one of nbgrader's commands in the course folder; return its log."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course.root,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(240)
def test_a_term_with_nbgraders_own_commands(tmp_path):
    course = make_course(tmp_path, released=False)
    code, log = nbgrader(course, "generate_assignment", ASSIGNMENT, "--create")
    assert code == 0, log
    released = released_notebook(course)
    submit(course, "anna", solved(released, RIGHT))
    submit(course, "boris", solved(released, {**RIGHT, "mean": PATCHED}))
    broken = solved(released, RIGHT)
    broken.cells = [c for c in broken.cells if "test_mean" not in str(c.metadata)]
    submit(course, "clara", broken)
    submit(course, "dora", released).write_text('{"hello": 1}')
    code, log = nbgrader(course, "autograde", ASSIGNMENT)
    assert code != 0 and "for student 'dora'" in log
    assert "clara, 01_small: the cell test_mean was missing: it was put back" in log
    with course.gradebook() as gradebook:
        points = {
            s.student.id: {g.name: g.auto_score for n in s.notebooks for g in n.grades}
            for s in gradebook.assignment_submissions(ASSIGNMENT)
        }
    assert points["anna"] == {"test_mean": 2, "test_centred": 3, "written": None}
    assert points["clara"] == points["anna"]
    assert points["boris"]["test_mean"] == 0
    code, log = nbgrader(course, "generate_feedback", ASSIGNMENT)
    assert code == 0, log
    page = course.folder("feedback", "boris", ASSIGNMENT) / f"{ASSIGNMENT}.html"
    assert "hidden_input" not in page.read_text("utf8")
    code, log = nbgrader(course, "export", "--to", "grades.csv")
    assert code == 0 and (course.root / "grades.csv").is_file(), log
