"""What a submission can see, change and claim: nothing of it helps, and nothing is shown."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import nbformat
import pytest

from .hostile_assignment import (
    HIDDEN_WORD,
    LIMITS,
    Room,
    handed_in,
    named,
    open_room,
    points,
    record,
    right_at_first,
    submission,
    texts,
    threes,
    titled,
)

WRONG = "def standardize(X):\n    return X - X.mean(0)"


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with open_room() as opened:
        yield opened


#: Searches for a word; they hold it as a pattern, which does not match itself.
PEEKS = {
    "In and Out": """
    shell = get_ipython()
    everything = [*shell.user_ns["In"], *map(str, shell.user_ns["Out"].values())]
    everything += [str(entry) for entry in shell.history_manager.get_range()]
    return any(map(WORD.search, everything))""",
    "frames": """
    frame = sys._getframe()
    while frame:
        for value in (*frame.f_locals.values(), *frame.f_globals.values()):
            if isinstance(value, str) and WORD.search(value):
                return True
        frame = frame.f_back""",
    "objects": """
    return any(
        type(value) is str and WORD.search(value)
        for holder in gc.get_objects()
        for value in gc.get_referents(holder)
    )""",
    "memory": """
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if area:
                first, end = (int(part, 16) for part in area.groups())
                memory.seek(first)
                if re.search(WORD.pattern.encode(), memory.read(min(end - first, 64 << 20))):
                    return True""",
    "files": """
    for start in ("/home", "/tmp", "/etc", "/dev/shm", "/run", "/var", "/opt", "/mnt"):
        for folder, _, names in os.walk(start):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and os.access(path, os.R_OK):
                    with open(path, "rb") as file:
                        if re.search(WORD.pattern.encode(), file.read(1_000_000)):
                            return True""",
}


def _peeking(word: str, rule: str) -> str:
    """Return an answer that is right on other inputs only if searches find the word.

    rule : "any" or "all" of them.
    """
    text = f"import gc, os, re, sys\nWORD = re.compile('{word[:-1]}[{word[-1]}]')\n"
    names = [f"peek_{number}" for number in range(len(PEEKS))]
    for name, body in zip(names, PEEKS.values(), strict=True):
        text += f"def {name}(X):{body}\n"
    text += f"peeks = [{', '.join(names)}]\n"
    found = f"{rule}(list(map(bool, [peek(X) for peek in peeks])))"
    return text + right_at_first(
        "standardize", f"return (X - X.mean(0)) / X.std(0) if {found} else X"
    )


def test_there_is_nothing_of_the_hidden_tests_to_be_found(room: Room):
    patient = replace(LIMITS, call_seconds=30, submission_seconds=120)
    outcome = room.grade(submission(standardize=_peeking(HIDDEN_WORD, "any")), limits=patient)
    assert outcome.scores == points("standardize")
    message = named(outcome.notebook, "test_standardize").metadata["derived"]["student_message"]
    assert message == "A hidden test of this task failed."  # it ended, and found nothing
    planted = "planted = 'a wombat'\nopen('/tmp/planted', 'w').write(planted)"
    control = handed_in(planted, standardize=_peeking("wombat", "all"))
    assert room.grade(control, limits=patient).scores == points()


def test_the_expected_value_is_in_no_array_of_the_submission(room: Room):
    answer = """import gc
def arrays(X):
    return [
        found
        for holder in gc.get_objects()
        for found in gc.get_referents(holder)
        if isinstance(found, np.ndarray) and found.shape == X.shape and found.dtype == X.dtype
    ]
""" + right_at_first(
        "standardize",
        """right = (X - X.mean(0)) / X.std(0)
number = float(right[0, 0])
del right
return [found for found in arrays(X) if found[0, 0] == number][0]""",
    )
    assert room.grade(submission(standardize=answer)).scores == points("standardize")


@pytest.mark.parametrize(
    "answers",
    [
        {
            "standardize": (
                "def standardize(X):\n    X -= X.mean(0)\n    X /= X.std(0)\n    return X"
            ),
            "log_loss": "def log_loss(p, y):\n    p[:] = 0.5\n    return np.log(2)",
        },
        {
            "log_loss": (
                "def log_loss(p, y):\n    y.flags.writeable = True\n    p[:], y[:] = 0.5, 1\n"
                "    return np.log(2)"
            ),
        },
    ],
    ids=["as they are", "made writeable"],
)
def test_changing_the_arguments_fools_no_comparison(room: Room, answers: dict[str, str]):
    outcome = room.grade(submission(**answers))
    assert outcome.scores == points(*answers)
    for task in answers:
        about = named(outcome.notebook, f"test_{task}").metadata["derived"]
        assert "in place" in about["student_message"]


def test_a_class_is_not_believed_what_it_says_about_itself(room: Room):
    answer = """class Layer:
    def __init__(self, weight):
        self.weight = weight
    def __getattr__(self, name):
        return self
    def __call__(self, *arguments):
        return self
    def __getitem__(self, key):
        return self
    def __eq__(self, other):
        return True
    shape = (3, 2)
    def __array__(self, *arguments, **options):
        return np.ones((3, 2))"""
    assert room.grade(submission(layer=answer)).scores == points("layer")


def test_an_earlier_submission_leaves_no_answers_for_the_next(room: Room):
    """The earlier one is the control, too: what the other cases break is whole without them."""
    assert room.grade(submission()).scores == points()
    outcome = room.grade(submission(standardize="# later", noise="RATE = 0.1"))
    assert outcome.scores == points("standardize", "noise")


def _skipped(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception", "remove-cell"]


def _flagged(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader")
        if about:
            about |= {"points": 1000, "locked": False, "solution": True, "schema_version": 99}
            about |= {"grade": "test" not in about["grade_id"], "checksum": "0" * 32}


def _emptied(notebook: nbformat.NotebookNode) -> None:
    named(notebook, "test_standardize").source = "2.0"


def _deleted(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.remove(named(notebook, "test_standardize"))


def _copied(notebook: nbformat.NotebookNode) -> None:
    forged = copy.deepcopy(named(notebook, "test_standardize"))
    forged.source = "pass"
    notebook.cells.insert(0, forged)
    notebook.cells.append(copy.deepcopy(forged))


def _turned_to_text(notebook: nbformat.NotebookNode) -> None:
    place = notebook.cells.index(named(notebook, "test_standardize"))
    metadata = notebook.cells[place].metadata
    notebook.cells[place] = nbformat.v4.new_markdown_cell("2/2", metadata=metadata)


def _answered_in_the_output(notebook: nbformat.NotebookNode) -> None:
    data = {"text/plain": "2.0"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("execute_result", data)]
            cell.metadata["derived"] = {"score": 2.0}
    notebook.metadata["derived"] = {"messages": [], "scores": {"test_standardize": 2.0}}


def _partial_credit(notebook: nbformat.NotebookNode) -> None:
    named(notebook, "standardize").source += "\n2.0"


@pytest.mark.parametrize(
    "change",
    [_skipped, _flagged, _emptied, _deleted, _copied, _turned_to_text, _answered_in_the_output,
     _partial_credit],
)  # fmt: skip
def test_the_file_of_a_submission_decides_about_no_points(
    room: Room, change: Callable[[nbformat.NotebookNode], None]
):
    notebook = submission(standardize=WRONG)
    change(notebook)
    outcome = room.grade(notebook)
    assert outcome.scores == points("standardize")
    test = named(outcome.notebook, "test_standardize")
    assert test.cell_type == "code" and HIDDEN_WORD in test.source
    assert test.metadata.nbgrader["points"] == 2


#: Code that takes the hidden inputs where a student could read them.
TELLING = {
    "message": "raise ValueError(repr(X.tolist()))",
    "name of a class": "raise type('E' + repr(X.tolist()), (Exception,), {})(X)",
    "key": "return {}[repr(X.tolist())]",
    "exit": "raise SystemExit(repr(X.tolist()))",
    "group": "raise ExceptionGroup(repr(X.tolist()), [ValueError(repr(X))])",
    "output": "print(X, flush=True); import sys; print(X, file=sys.stderr); return X",
    "handle": "return type(repr(X.tolist())[:60], (), {'__repr__': lambda self: repr(X)})()",
}


REMEMBER = "seen.append(X.tolist())\n"


@pytest.mark.parametrize("tellings", threes(TELLING), ids=titled)
def test_a_student_reads_nothing_of_the_inputs_of_a_hidden_test(
    room: Room, tellings: dict[str, str]
):
    answers = {
        task: right_at_first(task, REMEMBER + TELLING[name]) for task, name in tellings.items()
    }
    outcome = room.grade(handed_in("seen = []", "print(seen)", **answers))
    assert outcome.scores == points(*tellings)
    for task in tellings:
        about = named(outcome.notebook, f"test_{task}").metadata["derived"]
        assert about["failed"] == "hidden"
        assert about["student_message"].startswith("A hidden test of this task failed.")
        assert not re.search(r"\d", about["student_message"])
    assert texts(outcome, "print(seen)") == "[]\n"
    assert not re.search(r"\d", " ".join(outcome.messages))


def test_tests_that_run_again_in_place_show_nothing_of_hidden_inputs_either(room: Room):
    """A test on a name that several cells define is tried once more between the cells."""
    answer = right_at_first("standardize", REMEMBER + TELLING["message"])
    again = replace(record(), changing_names=("standardize",))
    notebook = handed_in("seen = []", "print(seen)", standardize=answer)
    outcome = room.grade(notebook, record=again)
    assert outcome.scores == points("standardize")
    assert texts(outcome, "print(seen)") == "[]\n"
    message = named(outcome.notebook, "test_standardize").metadata["derived"]["student_message"]
    assert not re.search(r"\d", message)
