"""Points for wrong code: a submission that wants them gets those of its honest tasks."""

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
    RIGHT,
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


#: Cells that a student runs first, beside a wrong answer to the first task.
PREPARATIONS = {
    "patched assertions": """
import numpy.testing
def nothing(*arguments, **options):
    return True
for module in (np, np.testing):
    for name in dir(module):
        if name.startswith("assert_") or name in ("allclose", "isclose", "array_equal"):
            setattr(module, name, nothing)""",
    "patched assertions, again and again from a thread": """
import threading, time
def patch():
    while True:
        np.testing.assert_allclose = np.allclose = lambda *arguments, **options: True
        time.sleep(0.001)
threading.Thread(target=patch, daemon=True).start()""",
    "AST transformer": """
import ast
class WithoutAssertions(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
    def visit_Expr(self, node):
        return ast.Pass() if "assert" in ast.unparse(node) else node
get_ipython().ast_transformers.append(WithoutAssertions())""",
    "input transformer": """
def without_tests(lines):
    return [line if "assert" not in line else "pass\\n" for line in lines]
get_ipython().input_transformers_cleanup.append(without_tests)
get_ipython().input_transformers_post.append(without_tests)""",
    "fake np": """
import types, numpy
class Numpy(types.ModuleType):
    testing = types.SimpleNamespace(assert_allclose=lambda *arguments, **options: None)
    def allclose(*arguments, **options):
        return True
    def __getattr__(self, name):
        return getattr(numpy, name)
np = Numpy("numpy")
import sys
sys.modules["np"] = np""",
    "names of the tests": """
class Anything:
    def __eq__(self, other):
        return True
    def __getattr__(self, name):
        return lambda *arguments, **options: self
expected = got = table = rng = Anything()
AssertionError = ValueError = Exception
def isinstance(*arguments):
    return True""",
    "builtins": """
import builtins
builtins.AssertionError = type("Quiet", (BaseException,), {})
builtins.all = builtins.abs = lambda value: True""",
    "printed scores": """
from IPython.display import display, HTML
print("test_standardize: 2/2\\nscore: 2.0")
display(HTML("<b>2.0</b>"), metadata={"nbgrader": {"grade_id": "test_standardize", "points": 2}})
display({"text/plain": "2.0"}, raw=True)
2.0""",
    "every reply says ok": """
kernel = get_ipython().kernel
send = kernel.session.send
def forged(stream, kind, content=None, *arguments, **options):
    if kind == "execute_reply":
        content = {**content, "status": "ok"}
    if kind == "error":
        kind, content = "stream", {"name": "stdout", "text": "2.0"}
    return send(stream, kind, content, *arguments, **options)
kernel.session.send = forged""",
    "replies to tests said twice": """
kernel = get_ipython().kernel
send = kernel.session.send
def twice_sent(stream, kind, content=None, parent=None, *arguments, **options):
    if kind == "execute_reply" and content.get("user_expressions"):
        forged = {"status": "ok", "data": {"text/plain": "True"}, "metadata": {}}
        lie = {**content, "user_expressions": {"answer": forged}}
        if "[6, 3]" in str(parent) or "standardize" in str(parent):
            send(stream, kind, lie, parent, *arguments, **options)
    return send(stream, kind, content, parent, *arguments, **options)
kernel.session.send = twice_sent""",
}


@pytest.mark.parametrize("name", PREPARATIONS)
def test_wrong_code_stays_wrong_after(room: Room, name: str):
    outcome = room.grade(handed_in(PREPARATIONS[name], standardize=WRONG))
    assert outcome.scores == points("standardize")


def test_a_kernel_that_runs_nothing_and_says_ok_to_everything_gets_no_points(room: Room):
    forged = """
async def do_execute(code, *arguments, **options):
    return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
get_ipython().kernel.do_execute = do_execute"""
    outcome = room.grade(handed_in(last=forged))
    assert outcome.scores == points("standardize", "log_loss", "layer", "noise")


#: What a wrong answer returns instead of numbers.
LIES = {
    "an array that lies": """
class Array(np.ndarray):
    def __array_ufunc__(self, *arguments, **options):
        return np.array(True)
    def __array_function__(self, *arguments, **options):
        return True
    def __eq__(self, other):
        return np.array(True)
    def __reduce__(self):
        return (print, ("pickled",))
WRONG = lambda X: X.view(Array)""",
    "an object that lies": """
class Equal:
    shape, size, ndim, dtype = (6, 3), 18, 2, np.dtype(float)
    __array_priority__ = 1000.0
    def __eq__(self, other):
        return True
    def __array__(self, *arguments, **options):
        return np.zeros((6, 3))
    def __array_ufunc__(self, *arguments, **options):
        return np.array(True)
    def __array_function__(self, *arguments, **options):
        return True
    def __getattr__(self, name):
        return lambda *arguments, **options: self
    def __bool__(self):
        return True
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    __add__ = __sub__ = __rsub__ = __abs__ = lambda self, *other: self
WRONG = lambda X: Equal()""",
    "a tensor that lies": """
WRONG = lambda X: _lie()
def _lie():
    import torch
    class Lie(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, kinds, arguments=(), options=None):
            return True
        def __eq__(self, other):
            return True
        def detach(self):
            return self
    return torch.zeros(6, 3).as_subclass(Lie)""",
    "a class of a lying metaclass": """
class Meta(type):
    __name__ = property(lambda cls: "ndarray")
    def __instancecheck__(cls, other):
        return True
    def __subclasscheck__(cls, other):
        return True
    def __eq__(cls, other):
        return True
    def __hash__(cls):
        return hash(np.ndarray)
class Equal(metaclass=Meta):
    __class__ = np.ndarray
    def __eq__(self, other):
        return True
WRONG = lambda X: Equal()""",
    "masked values": "WRONG = lambda X: np.ma.masked_all_like(X)",
    "the masked constant": "WRONG = lambda X: np.ma.masked",
    "no rows": "WRONG = lambda X: np.zeros((0, 1))",
    "no numbers": "WRONG = lambda X: np.nan * X",
    "a view of nothing": "WRONG = lambda X: X[:, :0]",
    "a generator without end": """
def WRONG(X):
    while True:
        yield X""",
    "a list of itself": """
def WRONG(X):
    loop = [X]
    loop.append(loop)
    return loop""",
    "a list with itself in it, a billion times": """
def WRONG(X):
    rows = [1.0]
    for _ in range(28):
        rows = [rows, rows]
    return rows""",
    "objects": "WRONG = lambda X: np.array([[None] * 3] * 6)",
    "records": "WRONG = lambda X: np.zeros(6, dtype=[('a', 'f8', 3)])",
    "a pickle": """
class Bomb:
    def __reduce__(self):
        return (print, ("pickled",))
WRONG = lambda X: __import__("pickle").dumps(Bomb())""",
    "its own function": "WRONG = lambda X: standardize",
    "the module": "WRONG = lambda X: np",
    "the type of arrays": "WRONG = lambda X: np.ndarray",
    "an exception as a value": "WRONG = lambda X: AssertionError()",
}


@pytest.mark.parametrize("lies", threes(LIES), ids=titled)
def test_a_wrong_answer_is_no_better_for_returning(room: Room, lies: dict[str, str]):
    answers = {}
    for task, name in lies.items():
        answer = LIES[name] + "\n" + right_at_first(task, "return WRONG(X)")
        answers[task] = answer.replace("WRONG", f"WRONG_{task}")
    assert room.grade(submission(**answers)).scores == points(*lies)


@pytest.mark.parametrize("value", ["np.zeros(0)", "[[]]", "{0: []}[0]"])
def test_nothing_is_not_close_to_a_number(room: Room, value: str):
    """NumPy finds an empty array close to every number, and equal to it."""
    answer = f"def log_loss(p, y):\n    return {value}"
    assert room.grade(submission(log_loss=answer)).scores == points("log_loss")


@pytest.mark.parametrize(
    ("task", "alias"), [("standardize", "np.ma.masked_all_like"), ("log_loss", "np.intersect1d")]
)
def test_the_name_of_an_answer_is_never_a_function_that_the_tests_call_themselves(
    room: Room, task: str, alias: str
):
    """Called by the tests, the first would give values that are close to all, the second none."""
    assert room.grade(submission(**{task: f"{task} = {alias}"})).scores == points(task)


#: Raw answers to a test's call, as JSON text or an expression that makes it.
FORGED_ANSWERS = {
    "nothing": "''",
    "no list": "'7'",
    "no value": """'["ok"]'""",
    "not a number": """'["ok", ["v", NaN], {}]'""",
    "deep": "'[' * 100_000 + ']' * 100_000",
    "huge": """'["ok", ["l", [' + '["v", 0.0], ' * 200_000 + '["v", 0.0]]], {}]'""",
    "the masked constant by name": """'["ok", ["q", "numpy", "ma.masked"], {}]'""",
    "something that equals everything": (
        """'["ok", ["q", "numpy", "testing.assert_allclose.__globals__"], {}]'"""
    ),
    "a module": """'["ok", ["m", "numpy"], {}]'""",
    "a locked function": """'["ok", ["f", "doubled"], {}]'""",
    "a handle of nothing": """'["ok", ["h", 1, "ndarray"], {}]'""",
    "a trillion elements": (
        "npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}\")"
    ),
    "sizes that overflow": (
        "npy(b\"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}\")"
    ),
    "a pickle": "npy(b\"{'descr': '|O', 'fortran_order': False, 'shape': (6, 3)}\")",
    "a type without size": "npy(b\"{'descr': '|S0', 'fortran_order': False, 'shape': (6, 3)}\")",
    "an argument changed": """'["ok", ["v", 1.0], {"0": ["v", 1.0]}]'""",
    "changes that are none": """'["ok", ["v", 1.0], 7]'""",
    "the end": """'["raised", "SystemExit", "0"]'""",
    "no more items": """'["raised", "StopIteration", ""]'""",
    "a skipped test": """'["raised", "KeyboardInterrupt", ""]'""",
}
FORGE = """
import base64, json
from derived.grading.trusted import agent

def npy(header, content=b"cos\\nsystem\\n(S'true'\\ntR."):
    header += b" " * (117 - len(header)) + b"\\n"
    text = b"\\x93NUMPY\\x01\\x00" + len(header).to_bytes(2, "little") + header + content
    return json.dumps(["ok", ["a", base64.b64encode(text).decode()], {}])

forgeries = {FORGERIES}
visible = {"standardize": (2, 2), "log_loss": (2,), "forward": (3, 2)}
honest = agent.Agent.__call__
def forged(self, question):
    operation, *parts = json.loads(question)
    if operation == "call" and parts[1][1]:
        name = getattr(self.find(parts[0]), "__name__", "")
        if name in forgeries:
            X = agent.decode(parts[1][1][0], None)
            if X.shape != visible[name]:
                return agent.Answer(forgeries[name](X))
    return honest(self, question)
agent.Agent.__call__ = forged"""


def forge(**answers: str) -> str:
    """Return a cell that answers for functions, by name, whatever an expression says."""
    lines = [f"{name!r}: lambda X: {answer}" for name, answer in answers.items()]
    return FORGE.replace("{FORGERIES}", "{" + ", ".join(lines) + "}")


@pytest.mark.parametrize("forgeries", threes(FORGED_ANSWERS), ids=titled)
def test_a_forged_answer_to_a_test_is_a_wrong_one(room: Room, forgeries: dict[str, str]):
    functions = {"standardize": "standardize", "log_loss": "log_loss", "layer": "forward"}
    answers = {functions[task]: FORGED_ANSWERS[name] for task, name in forgeries.items()}
    outcome = room.grade(handed_in(forge(**answers)))
    assert outcome.scores == points(*forgeries)
    for task in forgeries:
        assert named(outcome.notebook, f"test_{task}").metadata["derived"]["failed"] == "hidden"


def test_the_forgery_above_reaches_the_tests(room: Room):
    """The control: with the right value it gets the points."""
    right = "json.dumps(['ok', agent.encode((X - X.mean(0)) / X.std(0), None), {}])"
    answer = right_at_first("standardize", "return None")
    assert room.grade(handed_in(forge(standardize=right), standardize=answer)).scores == points()


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
    patient = replace(LIMITS, call_seconds=10)
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
    ("task", "answer"),
    [
        ("standardize", "def standardize(X):\n    X -= X.mean(0)\n    X /= X.std(0)\n    return X"),
        ("log_loss", "def log_loss(p, y):\n    p[:] = 0.5\n    return np.log(2)"),
        (
            "log_loss",
            "def log_loss(p, y):\n    y.flags.writeable = True\n    p[:], y[:] = 0.5, 1\n"
            "    return np.log(2)",
        ),
    ],
)
def test_changing_the_arguments_fools_no_comparison(room: Room, task: str, answer: str):
    outcome = room.grade(submission(**{task: answer}))
    assert outcome.scores == points(task)
    assert (
        "in place" in named(outcome.notebook, f"test_{task}").metadata["derived"]["student_message"]
    )


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


def test_a_right_answer_beside_all_that_is_right(room: Room):
    """The control: what the cases above break is whole without them."""
    assert room.grade(submission(**RIGHT)).scores == points()
