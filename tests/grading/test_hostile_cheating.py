"""Points for wrong code: a submission that wants them gets those of its honest tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .hostile_assignment import (
    Room,
    handed_in,
    named,
    open_room,
    points,
    right_at_first,
    submission,
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
    if kind == "derived_answer":
        lie = {"answer": '["ok", true, {}]'}
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
    outcome = room.grade(handed_in(forged))
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


def test_the_name_of_an_answer_is_never_a_function_that_the_tests_call_themselves(room: Room):
    """Called by the tests, the first would give values that are close to all, the second none."""
    aliases = {
        "standardize": "standardize = np.ma.masked_all_like",
        "log_loss": "log_loss = np.intersect1d",
    }
    assert room.grade(submission(**aliases)).scores == points(*aliases)


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
                return forgeries[name](X)
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
