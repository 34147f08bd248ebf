"""The command derived-course, as an instructor types it."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from derived.grading import authoring, batch, feedback
from derived.grading.authoring import Attempt, CheckReport, TaskReport
from derived.grading.batch import BatchReport
from derived.grading.command_line import main
from derived.grading.command_line.application import app
from derived.grading.command_line.options import cores, moment
from derived.grading.command_line.printing import counted, printable
from derived.grading.errors import CourseError
from derived.grading.sandbox.limits import Limits

from .handed_in import NAME, NEW, OLD, ROSTER, notebook, write, zipped
from .small_course import ASSIGNMENT, make_course, write_assignments

COMMANDS = (
    "init", "roster", "check-assignment", "release", "collect", "grade", "review", "status",
    "feedback", "export", "report",
)  # fmt: skip


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path, ROSTER, released=False)


def run(*words, status: int = 0):
    """Run the command; return its output, and what it wrote to stderr."""
    done = CliRunner().invoke(app, [str(word) for word in words], prog_name="derived-course")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done.stdout, done.stderr


def error(*words) -> str:
    """Run a command that must fail with one line on stderr, and return the line."""
    out, err = run(*words, status=1)
    assert err.count("\n") == 1 and "Traceback" not in out + err
    return err.strip()


def test_help_names_the_commands_in_the_order_of_a_term():
    out, _ = run("--help")
    places = [re.search(rf"│ {command}\s", out) for command in COMMANDS]
    assert all(places) and [p.start() for p in places if p] == sorted(
        p.start() for p in places if p
    )
    assert run(status=2)[0] == out or "Usage" in "".join(run(status=2))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(command):
    out, _ = run(command, "--help")
    assert f"Example: derived-course {command}" in out
    assert all("│" not in line or len(line) <= 80 for line in out.splitlines())


def test_help_imports_nothing_that_takes_long():
    code = (
        "import sys; sys.argv = ['derived-course', '--help']\n"
        "from derived.grading.command_line import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'nbgrader', 'torch', 'sqlalchemy', 'distributed', 'nbconvert', 'numpy'}\n"
        "print('imported:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "imported: []" in done.stdout and "Usage: derived-course" in done.stdout


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "typer", None)
    monkeypatch.delitem(sys.modules, "derived.grading.command_line.application")
    with pytest.raises(SystemExit, match=r"needs typer: pip install .*\[grading\]"):
        main()


def test_a_term_up_to_grading(tmp_path, monkeypatch):
    write_assignments(tmp_path / "assignments")
    roster = write(tmp_path / "roster.csv", ROSTER)
    monkeypatch.chdir(tmp_path)
    out, _ = run("init", "c (1) :x:", "--assignments", "assignments", "--course-id", "c-1")
    assert "Made the course 'c-1' in" in out and "c (1) :x:" in out and "Students: 0" in out
    monkeypatch.chdir(tmp_path / "c (1) :x:")
    assert "3 students added, 0 updated, 0 as before." in run("roster", roster)[0]
    out, _ = run("release", ASSIGNMENT)
    assert "1 file, 10 points together." in out and "a person" in out
    source = zipped(
        {
            f"mulleranna_12345_700_{NAME}": notebook("x"),
            "beebob_12346_701_01_small-1.ipynb": notebook("y"),
            f"zoe_99_702_{NAME}": notebook("z"),
            "../evil\x1b[31m.ipynb": b"",
        }
    )
    out, _ = run("collect", ASSIGNMENT, write(tmp_path / "s.zip", source))
    assert "  ../evil\\x1b[31m.ipynb: its name holds a line break" in out
    assert "Canvas's 'zoe' (99) is not in the roster" in out
    assert "No submission from\n  li2" in out
    assert (
        "2 submissions collected, 0 as before, 1 file refused, 1 given to nobody, "
        "1 student without a submission." in out
    )
    assert all(len(line) < 400 for line in out.splitlines()) and "\x1b" not in out
    out, _ = run("status")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert rows["ann"] == ["ann", "2026-05-01", "12:00", "no"]
    assert rows["li2"] == ["li2", "nothing"]
    assert "3 students: 2 handed in, 0 graded, 0 cells for a person." in out


def test_errors_are_one_line_and_status_1(course, tmp_path, monkeypatch):
    assert error("release", ASSIGNMENT, "--course", tmp_path / "nowhere").startswith(
        f"{tmp_path}/nowhere is not a course folder"
    )
    assert "no assignment '02_other'" in error("release", "02_other", "--course", course.root)
    assert "there is a course in" in error("init", course.root)
    assert "row 2: the id" in error(
        "roster", write(tmp_path / "r.csv", "id\na/b\n"), "--course", course.root
    )
    assert "No such file" in error("collect", ASSIGNMENT, "x.zip", "--course", course.root)
    assert "--at 'yesterday' is not a time" in error(
        "collect", ASSIGNMENT, tmp_path, "--at", "yesterday", "--course", course.root
    )
    (tmp_path / "empty").mkdir()
    assert error("collect", ASSIGNMENT, tmp_path / "empty", "--course", course.root).startswith(
        "nothing was collected"
    )
    (course.root / "gradebook.db").write_bytes(b"no database" * 100)
    assert "the gradebook cannot be used" in error("status", "--course", course.root)
    (course.root / "nbgrader_config.py").write_text("c = get_config(\n")
    line = error("status", "--course", course.root)
    assert "nbgrader_config.py cannot be read: SyntaxError" in line


def test_faults_of_the_program_are_not_hidden(course, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(batch, "grade", fail)
    with pytest.raises(ZeroDivisionError):
        run("grade", ASSIGNMENT, "--course", course.root)


def test_collecting_takes_a_student_and_a_time(course, tmp_path):
    path = write(tmp_path / "Copy of something.ipynb", notebook("x"))
    out, _ = run(
        *("collect", ASSIGNMENT, path, "--student", "ann", "--at", "2026-04-01T12:00:00+00:00"),
        *("--course", course.root),
    )
    assert f"ann: Copy of something.ipynb is filed as {NAME}" in out
    stamp = course.folder("submitted", "ann", ASSIGNMENT) / "timestamp.txt"
    assert stamp.read_text() == "2026-04-01 12:00:00.000000 UTC\n"


class Graded:
    """Stands in for the batch, and remembers what it was asked for."""

    def __init__(self, report: BatchReport) -> None:
        self.report, self.asked = report, {}

    def __call__(self, course, assignment, *, progress, **asked):
        self.asked = asked | {"assignment": assignment, "root": course.root}
        progress(1, 2, "ann")
        warnings.warn_explicit("noise", UserWarning, "api.py", 1, module="nbgrader.api")
        return self.report


def test_grading_passes_on_what_was_asked_and_sums_up(course, monkeypatch):
    stand_in = Graded(BatchReport(graded=3, skipped=1, seconds=12.3))
    monkeypatch.setattr(batch, "grade", stand_in)
    out, err = run("grade", ASSIGNMENT, "--course", course.root)
    assert stand_in.asked == {
        "assignment": ASSIGNMENT, "root": course.root, "jobs": cores(), "scheduler": None,
        "unsafe": False, "force": False, "students": (),
    }  # fmt: skip
    assert "3 submissions graded, 1 as before, 0 not graded, in 12 s." in out
    assert f"No cell waits for a person. Next: derived-course feedback {ASSIGNMENT}" in out
    assert err == ""
    _, err = run(
        *("grade", ASSIGNMENT, "--jobs", "3", "--unsafe", "--force", "--student", "ann"),
        *("--student", "bob", "--scheduler", "tcp://x:1", "--course", course.root),
    )
    assert (stand_in.asked["students"], stand_in.asked["jobs"]) == (("ann", "bob"), 3)
    assert stand_in.asked["scheduler"] == "tcp://x:1"
    assert stand_in.asked["unsafe"] and stand_in.asked["force"]
    assert err.startswith("UNSAFE: submissions are run without the sandbox")


def test_what_was_not_graded_is_named_and_the_status_says_so(course, monkeypatch):
    report = BatchReport(
        graded=1,
        failed=[("bob", NAME, "it is not a notebook\n\x1b]0;title\x07")],
        notes=[("ann", NAME, "its cells were out of order")],
    )
    monkeypatch.setattr(batch, "grade", Graded(report))
    out, _ = run("grade", ASSIGNMENT, "--course", course.root, status=1)
    assert f"Not graded\n  bob: {NAME}: it is not a notebook\\n\\x1b]0;title\\x07\n" in out
    assert f"  ann: {NAME}: its cells were out of order" in out
    assert "1 submission graded, 0 as before, 1 not graded" in out


def test_cells_for_a_person_are_counted(tmp_path, monkeypatch):
    course = make_course(tmp_path, ROSTER)
    with course.gradebook() as gradebook:
        for student in ("ann", "bob"):
            gradebook.add_submission(ASSIGNMENT, student)
            grade = gradebook.find_grade("written", ASSIGNMENT, ASSIGNMENT, student)
            grade.needs_manual_grade = True
            for test, points in (("test_mean", 2), ("test_centred", 0)):
                grade = gradebook.find_grade(test, ASSIGNMENT, ASSIGNMENT, student)
                grade.auto_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()
    monkeypatch.setattr(batch, "grade", Graded(BatchReport(graded=2)))
    out, _ = run("grade", ASSIGNMENT, "--course", course.root)
    assert "2 cells for a person. Next: derived-course review" in out
    out, _ = run("grade", ASSIGNMENT, "--student", "bob", "--course", course.root)
    assert "1 cell for a person." in out
    write(course.folder("submitted", "ann", ASSIGNMENT) / "timestamp.txt", "2026-05-01 12:00 UTC")
    graded = course.folder("autograded", "ann", ASSIGNMENT)
    write(graded / "timestamp.txt", "2026-05-01 12:00 UTC")
    write(graded / NAME, notebook("x"), OLD)
    page = write(course.folder("feedback", "ann", ASSIGNMENT) / "x.html", "<p>", NEW)

    def row():
        out, _ = run("status", ASSIGNMENT, "--course", course.root)
        return next(line.split()[3:] for line in out.splitlines() if line.startswith(" ann"))

    assert row() == ["yes", "1", "2", "of", "10", "yes"]
    write(page, "<p>", OLD.replace(year=2025))  # graded again since
    assert row() == ["yes", "1", "2", "of", "10", "old"]
    write(course.folder("submitted", "ann", ASSIGNMENT) / "timestamp.txt", "2026-05-02 12:00 UTC")
    assert row()[0] == "old"  # handed in again since


def check_report(problems=()):
    attempts = (
        Attempt("no answer", "", 0.0, 2.0, "right", True),
        Attempt("reference solution", "", 2.0, 2.0, "right", True),
        Attempt("sign", "mean", 2.0 if problems else 0.5, 2.0, "not caught", not problems),
        Attempt("[red]typo", "mean", None, 2.0, "caught", True),
    )
    task = TaskReport("test_mean", ("mean",), 2.0, attempts, 1)
    return CheckReport(Path("x.ipynb"), (task,), ("written",), problems=problems, notes=("More.",))


def test_checking_an_assignment_shows_every_attempt(course, monkeypatch):
    asked = {}

    def check(path, *, progress, **options):
        asked.update(options, path=path)
        progress(1, 4, "x")
        return asked["report"]

    monkeypatch.setattr(authoring, "check_assignment", check)
    asked["report"] = check_report()
    out, _ = run("check-assignment", ASSIGNMENT, "--course", course.root)
    lines = [line.split() for line in out.splitlines()]
    assert ["test_mean", "no", "answer", "0", "2", "right"] in lines
    assert ["sign", "0.5", "2", "not", "caught"] in lines
    assert ["[red]typo", "no", "score", "2", "caught"] in lines
    assert "A person gives the points of\n  written" in out and "Advice\n  More." in out
    assert asked["path"] == course.source_notebooks(ASSIGNMENT)[0]
    assert (asked["limits"], asked["unsafe"]) == (Limits(), False)
    asked["report"] = check_report(("sign is not caught",))
    out, _ = run("check-assignment", asked["path"], "--unsafe", status=1)
    assert "WRONG: not caught" in out and "To correct\n  sign is not caught" in out
    assert asked["unsafe"] is True


@dataclass
class Pages:
    """Stands in for the report of feedback."""

    written: list[Path] = field(default_factory=list)
    unchanged: list[Path] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)


def test_feedback_is_counted_and_failures_are_named(course, monkeypatch):
    asked = {}

    def generate(_, assignment, **options):
        asked.update(options, assignment=assignment)
        return asked["report"]

    monkeypatch.setattr(feedback, "generate", generate)
    asked["report"] = Pages(written=[Path("a.html")], unchanged=[Path("b.html")] * 2)
    out, _ = run("feedback", ASSIGNMENT, "--student", "ann", "--course", course.root)
    assert "1 page written, 2 as before, 0 not written." in out
    assert (asked["students"], asked["force"]) == (("ann",), False)
    asked["report"] = Pages(failed=[("bob", NAME, "has not been graded")])
    out, _ = run("feedback", ASSIGNMENT, "--force", "--course", course.root, status=1)
    assert f"Not written\n  bob: {NAME}: has not been graded" in out and asked["force"] is True


def test_review_opens_the_pages_of_the_course(course, monkeypatch):
    asked = {}
    monkeypatch.setattr(feedback, "review", lambda found, **o: asked.update(o, root=found.root))
    run("review", "--no-browser", "--port", "9000", "--course", course.root)
    assert asked == {"root": course.root, "port": 9000, "open_browser": False}


def test_wrong_words_on_the_command_line_are_explained(course):
    for words in (("grade", ASSIGNMENT, "--jobs", "0"), ("export", "--format", "xls"), ("gread",)):
        out, err = run(*words, status=2)
        assert "Usage: derived-course" in out + err and "Traceback" not in out + err
    assert "Did you mean 'grade'?" in run("gread", status=2)[1]


def test_texts_are_printable_and_counted():
    assert printable("a\tb\nc\x1b[0m ü 数") == "a\\tb\\nc\\x1b[0m ü 数"
    assert (counted(1, "file"), counted(2, "file")) == ("1 file", "2 files")
    with pytest.raises(CourseError, match="write it like '2026-05-04 23:59'"):
        moment("4.5.2026")
    found = moment("2026-05-04 23:59")
    assert found is not None and found.tzinfo is not None
