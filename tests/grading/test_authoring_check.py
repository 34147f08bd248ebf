"""The rules by which an assignment is right: no answer 0, reference all, a mistake less."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import nbformat
import pytest

from derived.grading.authoring import attempts, check_assignment, check_notebook
from derived.grading.authoring.attempts import Setting, reasons
from derived.grading.authoring.judge import Graded
from derived.grading.authoring.regions import reference
from derived.grading.authoring.submissions import Submission, apart, submissions
from derived.grading.authoring.tasks import tasks
from derived.grading.errors import CourseError
from derived.grading.records import from_source
from derived.grading.sandbox.limits import Limits
from derived.grading.trusted import submission_kernel
from derived.grading.trusted.session import Session

from . import authored
from .authored import PlainGrader, answer, exam, locked, notebook, written

NAME = Path("small.ipynb")
FEW = Limits(cell_seconds=20, call_seconds=5, submission_seconds=60)


def check(source, **options):
    return check_notebook(source, NAME, PlainGrader(source), **options)


def check_in_sandbox(source, folder: Path):
    nbformat.write(source, folder / NAME)
    return check_assignment(folder / NAME, limits=FEW, reference_runs=1)


def changed(index: int, old: str, new: str):
    """The good notebook with one text of one cell replaced."""
    source = authored.good()
    assert old in source.cells[index].source
    source.cells[index].source = source.cells[index].source.replace(old, new)
    return source


def test_a_good_assignment_is_right():
    report = check(authored.good())
    assert report.ok and report.problems == () and report.notes == ()
    assert report.wrong_solutions == 6 and report.manual == ("why",)
    mean, spread = report.tasks
    assert (mean.test, mean.answers, mean.of, mean.wrong_caught) == ("test_mean", ("mean",), 2, 3)
    assert [(a.name, a.points, a.of, a.verdict) for a in mean.attempts] == [
        ("no answer", 0.0, 2, "right"),
        ("reference solution", 2.0, 2, "right"),
        ("integer division", 0.0, 2, "caught"),
        ("one entry too few", 0.0, 2, "caught"),
        ("the sum", 0.0, 2, "caught"),
    ]
    assert mean.attempts[2].reason == "AssertionError: the mean of 1 and 2 is 1.5"
    # The mean's mistakes spoil the spread, which calls it; but they are not the spread's own.
    assert {a.cell_id for a in spread.attempts} == {"", "mean", "spread"}
    assert spread.wrong_caught == 3
    assert "all 6 wrong solutions lose points" in str(report)


def test_a_test_that_gives_points_to_no_answer_is_a_problem():
    report = check(changed(3, authored.TEST_MEAN, "assert mean"))
    assert report.problems == (
        "test_mean gives 2 of 2 without an answer: it must give 0; let it use the answer's value.",
    )
    assert "✗ no answer: 2 of 2, must be 0" in str(report)


def test_a_reference_that_fails_is_a_problem_with_the_tests_reason():
    report = check(changed(3, "== 1.5", "== 2.5"))
    assert report.problems == (
        "test_mean gives 0 of 2 to the reference solution (AssertionError: the mean of 1 and 2 is "
        "1.5): it must give all; correct the solution or the test.",
    )
    assert "✗ reference solution: 0 of 2, must be all" in str(report)


def test_a_reference_that_fails_only_sometimes_is_found():
    """The third run of the reference is the unlucky one."""
    source = authored.good()
    grader = PlainGrader(source)

    def unlucky(tried):
        graded = grader(tried)
        if len(tried) > 4:
            graded[3] = Graded({**graded[3].scores, "test_mean": 0.0}, {"test_mean": "unlucky"})
        return graded

    report = check_notebook(source, NAME, unlucky, reference_runs=3)
    assert grader.runs.count("reference solution") == 3
    (problem,) = report.problems
    assert problem.startswith("test_mean gives 0 of 2 to the reference solution (unlucky)")


def test_a_wrong_solution_with_full_marks_is_a_problem():
    source = authored.good()
    source.cells[5].source = """### BEGIN HIDDEN TESTS
assert spread([np.random.default_rng().random(), 2]) > 0
### END HIDDEN TESTS"""
    assert check(source).problems == tuple(
        f"the wrong solution {why} of spread, line {line}, gets full marks: test what it does "
        "wrong."
        for why, line in (("'smallest'", 6), ("'largest'", 8))
    )


def test_a_wrong_solution_may_cost_points_only_where_its_answer_matters():
    """One answer spoils a module that all share, so that the other task's test fails too."""
    spoiler = answer(
        "def spoil():\n    ### BEGIN SOLUTION\n    return 1\n    ### WRONG changes the module\n"
        "    # math.fsum = None\n    # return 2\n    ### END SOLUTION",
        "spoil",
    )
    calm = answer(
        "def calm(x):\n    ### BEGIN SOLUTION\n    return math.fsum(x)\n    ### WRONG zero\n"
        "    # return 0\n    ### END SOLUTION",
        "calm",
    )
    source = notebook(
        locked("import types\nimport math as real\nmath = types.SimpleNamespace(fsum=real.fsum)"),
        spoiler,
        exam("assert spoil() == 1", "test_spoil"),
        calm,
        exam("assert calm([1, 2]) == 3", "test_calm"),
        answer("def third():\n    ### BEGIN SOLUTION\n    return 3\n    ### END SOLUTION", "third"),
        exam("assert third() == math.fsum([3])", "test_third"),
    )
    grader = PlainGrader(source)
    report = check_notebook(source, NAME, grader)
    assert "changes the module; zero" in grader.runs  # together first, then each alone
    assert grader.runs[-2:] == ["changes the module", "zero"]
    problems = [problem for problem in report.problems if "changes the module" in problem]
    assert len(problems) == 2
    for problem, test in zip(problems, ("test_calm", "test_third"), strict=True):
        assert f"loses points in {test} too" in problem and "must not disturb" in problem


def test_mistakes_share_a_run_only_where_no_test_meets_two():
    source = authored.good()
    lonely = authored.SPREAD.replace("spread", "lonely").replace("mean(x)", "0")
    source.cells += [answer(lonely, "lonely"), exam("lonely([1])", "test_lonely")]
    planned = tasks(reference(source))
    tried = submissions(source, planned, reference_runs=2)
    groups = [[one.cell_id for one in submission.wrong] for submission in tried]
    assert groups[:3] == [[], [], []]
    assert groups[3:] == [["mean", "lonely"]] * 3 + [["spread"]] * 3
    first = tried[3].notebook
    assert "sum(x) // len(x)" in first.cells[2].source and "0 - max(x)" in first.cells[7].source
    assert "HIDDEN" not in str(first) and first.cells[6].source == "Because."
    alone = apart(source, tried[3])
    assert [submission.name for submission in alone] == ["integer division", "sign"]
    assert "sum(x) / len(x)" in alone[1].notebook.cells[2].source


def test_a_mistake_that_only_a_shared_test_can_see_is_graded_alone():
    """Two answers stand in one run; the second's own test overlooks its mistake."""
    cells = []
    for name in ("one", "two"):
        body = f"def {name}():\n    ### BEGIN SOLUTION\n    return {len(cells) + 1}\n"
        body += f"    ### WRONG {name}\n    # return -1\n    ### END SOLUTION"
        cells += [answer(body, name), exam(f"assert {name}()", f"test_{name}")]
    cells[1].source = "assert one() == 1"
    both = exam("assert one() + two() == 4", "test_both")
    source = notebook(*cells, both)
    grader = PlainGrader(source)
    report = check_notebook(source, NAME, grader)
    assert grader.runs == ["no answer", "reference solution", "one; two", "one", "two"]
    assert report.ok
    caught = {
        task.test: [a.name for a in task.attempts if a.verdict == "caught"] for task in report.tasks
    }
    assert caught == {"test_one": ["one"], "test_two": [], "test_both": ["one", "two"]}


def test_a_task_depends_on_answers_through_other_cells():
    source = notebook(
        answer("a = 1", "a"),
        answer("def b():\n    return a", "b"),
        locked("c = [0]", "c"),
        answer("d = c", "d"),
        exam("assert b() == 1", "test_b"),
        exam("assert a + d[0] == 1", "test_ad"),
    )
    first, second = tasks(source)
    assert first.answers == ("b",) and first.depends == {"a", "b"} and first.own == ("b",)
    assert second.answers == ("a", "d") and second.own == ("a", "d")
    assert second.depends == {"a", "d"}


def test_too_few_wrong_solutions_are_advice():
    source = changed(4, "    ### WRONG largest\n    # return max(x)\n", "")
    report = check(source)
    assert report.ok
    (note,) = report.notes
    assert "test_spread catches 2 wrong solutions of its own answers; 3 are wanted" in note
    assert check(source, required_variants=2).notes == ()


def test_without_wrong_solutions_the_report_says_that_none_was_tried():
    report = check(reference(authored.good()))
    assert report.ok and report.wrong_solutions == 0
    assert any("no wrong solution was tried" in note for note in report.notes)
    assert "no wrong solution was tried" in str(report).split("\n")[-1]


def test_a_mistake_that_is_only_a_typing_error_is_advised_against():
    report = check(changed(2, "# return sum(x)\n    ### END", "# return sun(x)\n    ### END"))
    assert report.ok
    assert any("'the sum' of mean fails by a NameError" in note for note in report.notes)


def test_a_test_that_uses_no_answer_is_a_problem():
    source = authored.good()
    source.cells.append(exam("assert False", "test_nothing"))
    report = check(source)
    assert "test_nothing uses no name of an answer: it grades nothing." in report.problems


def test_a_notebook_with_errors_is_not_graded():
    source = authored.good()
    source.cells[3].metadata.nbgrader.points = None
    grader = PlainGrader(authored.good())
    report = check_notebook(source, NAME, grader)
    assert grader.runs == [] and report.tasks == () and not report.ok
    assert "cell test_mean, line 1: the cell is graded but has no points" in report.problems[0]
    assert str(report).split("\n")[-1] == "small.ipynb was not graded."


def test_wrong_marks_name_the_file():
    source = changed(2, "    ### END SOLUTION", "")
    with pytest.raises(CourseError, match=r"^small\.ipynb: cell mean, line 3: .*not closed"):
        check_notebook(source, NAME, lambda tried: [])


def test_the_reason_of_a_failed_test_is_one_line():
    cell = exam("assert mean", "test_mean")
    cell.outputs = [
        nbformat.v4.new_output("stream", text="x"),
        nbformat.v4.new_output(
            "error", ename="AssertionError", evalue="two\n  lines " + "x " * 300
        ),
    ]
    found = reasons(notebook(cell, written("…", "why")))
    assert list(found) == ["test_mean"] and found["test_mean"].startswith(
        "AssertionError: two lines x"
    )
    assert len(found["test_mean"]) <= 200 and found["test_mean"].endswith("…")


@pytest.mark.parametrize("text", [None, "", "{", '{"cells": 3}'])
def test_a_file_that_is_no_notebook_is_one_clear_error(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    if text is not None:
        path.write_text(text, "utf8")
    with pytest.raises(CourseError, match=r"broken\.ipynb") as caught:
        check_assignment(path, limits=FEW)
    assert "\n" not in str(caught.value)


def attempts_of(count: int) -> tuple[list[Submission], Setting]:
    _, record = from_source(reference(authored.good()), "small", "small")
    return [Submission(str(n), None) for n in range(count)], Setting(record, Path(), FEW)


def test_workers_keep_the_order_and_tell_of_each(monkeypatch):
    """The first waits until the last is done."""
    last_is_done = Event()

    def grade(submission, setting, place):
        if submission.name == "0":
            assert last_is_done.wait(20)
        if submission.name == "5":
            last_is_done.set()
        return Graded({"test": float(submission.name)})

    monkeypatch.setattr(attempts, "_grade", grade)
    told: list[tuple[int, int, str]] = []
    tried, setting = attempts_of(6)
    found = attempts.grade_all(tried, setting, jobs=2, progress=lambda *now: told.append(now))
    assert [graded.scores["test"] for graded in found] == [0, 1, 2, 3, 4, 5]
    assert [done for done, _, _ in told] == [1, 2, 3, 4, 5, 6] and told[-1][2] == "0"


def test_what_cannot_be_graded_stops_the_rest(monkeypatch):
    graded: list[str] = []

    def grade(submission, setting, place):
        graded.append(submission.name)
        raise CourseError("there is no sandbox")

    monkeypatch.setattr(attempts, "_grade", grade)
    tried, setting = attempts_of(9)
    with pytest.raises(CourseError, match="there is no sandbox"):
        attempts.grade_all(tried, setting, jobs=2)
    assert len(graded) <= 2


def test_in_the_sandbox_two_workers_find_the_same_as_the_plain_grader(tmp_path):
    """The whole way: a file with data beside it, two kernels, progress, and a planted fault."""
    source = changed(5, "assert spread([0, 1, 5]) == 3", "assert spread([0, 1, 5]) == 4")
    source.cells[1].source += "\ndata = open('numbers.txt').read().split()"
    source.cells[3].source = "assert len(data) == 2\n" + source.cells[3].source
    (tmp_path / "numbers.txt").write_text("1 2", "utf8")
    nbformat.write(source, tmp_path / "small.ipynb")
    told: list[tuple[int, int, str]] = []
    report = check_assignment(
        tmp_path / "small.ipynb",
        limits=FEW,
        jobs=2,
        reference_runs=1,
        progress=lambda *now: told.append(now),
    )
    assert [done for done, _, _ in told] == list(range(1, 9))
    assert {name for _, total, name in told if total == 8} >= {"no answer", "integer division"}
    (problem,) = report.problems
    assert problem.startswith("test_spread gives 0 of 3 to the reference solution (AssertionError")
    mean, _ = report.tasks
    assert [attempt.points for attempt in mean.attempts] == [0, 2, 0, 0, 0]
    assert not report.unsafe and report.seconds > 0


def test_all_attempts_run_one_after_the_other_in_one_kernel(tmp_path, monkeypatch):
    started: list[Session] = []

    class Counted(Session):
        def __init__(self, start):
            started.append(self)
            super().__init__(start)

    monkeypatch.setattr(submission_kernel, "Session", Counted)
    report = check_in_sandbox(authored.good(), tmp_path)
    assert report.ok and report.wrong_solutions == 6
    assert len(started) == 1, "for the reference, no answer and all wrong solutions"


def test_points_for_no_answer_are_found_in_a_fresh_kernel(tmp_path):
    """The reference leaves in a module what an answer that is missing gives its points for."""
    source = notebook(
        locked("import math"),
        answer(
            "def two():\n    return getattr(math, 'two', 0)\n"
            "### BEGIN SOLUTION\nmath.two = 2\n### END SOLUTION",
            "two",
        ),
        exam("assert two() == 2", "test_two"),
    )
    report = check_in_sandbox(source, tmp_path)
    assert [(one.name, one.points) for one in report.tasks[0].attempts] == [
        ("reference solution", 2),
        ("no answer", 0),
    ]


def test_what_a_wrong_solution_does_to_a_module_reaches_no_other(tmp_path):
    """In one kernel `fine` would lose its points to `spoils math`, and pass for caught."""
    source = notebook(
        locked("import math"),
        answer(
            "def spoil():\n    ### BEGIN SOLUTION\n    return 1\n    ### WRONG spoils math\n"
            "    # math.fsum = None\n    # return 2\n    ### END SOLUTION",
            "spoil",
        ),
        exam("assert spoil() == 1", "test_spoil"),
        answer(
            "def calm(x):\n    ### BEGIN SOLUTION\n    return math.fsum(x)\n    ### WRONG zero\n"
            "    # return 0\n    ### WRONG fine\n    # return 0 + math.fsum(x)\n"
            "    ### END SOLUTION",
            "calm",
        ),
        exam("assert calm([1, 2]) == 3", "test_calm"),
    )
    report = check_in_sandbox(source, tmp_path)
    (problem,) = report.problems
    assert "'fine' of calm" in problem and "gets full marks" in problem
