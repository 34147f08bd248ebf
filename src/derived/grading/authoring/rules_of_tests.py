"""What the code of a test may do when the answer runs in another kernel."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbgrader.utils import is_locked

from ..hidden import BEGIN_HIDDEN, hidden_lines
from .cells import Cell, Notebook, is_answer, is_test, parse
from .findings import Finding
from .scopes import names, root

__all__ = ["Answers", "rules_of_tests"]

_SEEDS = re.compile(r"(^|\.)(random\.seed|manual_seed(_all)?)$")
_FRESH_TORCH = re.compile(r"(^|\.)torch\.(rand|randn|randint|randperm|normal)$")
_MOCK = re.compile(r"(unittest\.)?mock(\.|$)")
_ALLOWS = re.compile(r"^\s*### ALLOWS CHANGES:\s*(?P<names>.*?)\s*$")
#: An answer's value of one of these kinds arrives as such, so that a test may ask for it.
_PLAIN = frozenset(
    "bool int float complex str list tuple dict type(None) None Number Real Integral ndarray "
    "generic number floating integer bool_ float32 float64 int64 Tensor".split()
)


@dataclass(frozen=True)
class Answers:
    """What a test meets in the notebook.

    names : of answer cells.
    fresh : names of locked cells that make random numbers which no one can foresee.
    hidden : what tests with a hidden part use.
    """

    names: frozenset[str]
    fresh: frozenset[str]
    hidden: frozenset[str]

    @classmethod
    def of(cls, notebook: Notebook) -> Answers:
        """Return those of a notebook with its reference solutions; raises SyntaxError."""
        answers: set[str] = set()
        fresh: set[str] = set()
        hidden: set[str] = set()
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            found = names(cell.source)
            if is_answer(cell):
                answers |= found.stored - found.imported
            elif is_test(cell) and BEGIN_HIDDEN in cell.source:
                hidden |= set(found.loaded)
            elif is_locked(cell) and not is_test(cell):
                fresh |= _fresh_names(parse(cell.source))
        return cls(frozenset(answers), frozenset(fresh), frozenset(hidden))


def rules_of_tests(name: str, cell: Cell, answers: Answers) -> Iterator[Finding]:
    """Yield the findings on the code of one test cell, which must be Python."""
    tree = parse(cell.source)
    theirs = _derived(tree, answers.names)
    own = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    } | _lambdas(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(name, node, theirs, own)
        elif isinstance(node, ast.Import | ast.ImportFrom) and _imports_mock(node):
            yield Finding(
                name,
                node.lineno,
                "a mock does not reach the answer, which runs in another kernel: test what the "
                "answer returns.",
            )
    yield from _changes(name, cell, answers)
    yield from _hidden_part(name, cell, tree, answers)


def _derived(tree: ast.AST, answers: frozenset[str]) -> set[str]:
    """Return the answers' names, and the test's own names for what comes from them."""
    theirs = set(answers)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and root(node.value) in theirs:
            theirs |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return theirs


def _lambdas(tree: ast.AST) -> set[str]:
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _imports_mock(node: ast.Import | ast.ImportFrom) -> bool:
    modules = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        modules = [f"{node.module}.{module}" for module in modules]
    return any(_MOCK.match(module) for module in modules)


def _call(name: str, node: ast.Call, theirs: set[str], own: set[str]) -> Iterator[Finding]:
    called = ast.unparse(node.func)
    if _SEEDS.search(called):
        yield Finding(
            name,
            node.lineno,
            f"{called} does not reach the answer, which runs in another kernel: pass it data or a "
            "generator.",
        )
    if called in ("isinstance", "issubclass", "type") and _asks_for_a_kind(node, theirs):
        yield Finding(
            name,
            node.lineno,
            f"{called} cannot see what kind of object the answer made in its own kernel: test what "
            "the object does.",
        )
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if root(node.func) in theirs and any(
        isinstance(value, ast.Lambda) or (isinstance(value, ast.Name) and value.id in own)
        for value in given
    ):
        yield Finding(
            name,
            node.lineno,
            f"a function of this test cannot be passed to {called}: define it in a locked cell, or "
            "pass one of NumPy, torch or math.",
        )


def _asks_for_a_kind(node: ast.Call, theirs: set[str]) -> bool:
    if not any(root(argument) in theirs for argument in node.args):
        return False
    if len(node.args) < 2:
        return False  # type(x): of plain data it is right, and of a handle seldom compared
    kinds = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else [node.args[1]]
    return not all(ast.unparse(kind).rpartition(".")[2] in _PLAIN for kind in kinds)


def _changes(name: str, cell: Cell, answers: Answers) -> Iterator[Finding]:
    for number, line in enumerate(cell.source.split("\n"), 1):
        if not (allows := _ALLOWS.match(line)):
            continue
        listed = [part for part in re.split(r"[\s,]+", allows["names"]) if part]
        unknown = [part for part in listed if part.partition(".")[0] not in answers.names]
        if unknown or not listed:
            instead = ", ".join(unknown) or "nothing"
            yield Finding(
                name, number, f"ALLOWS CHANGES must name functions of answers, not {instead}."
            )


def _is_fresh(node: ast.AST, known: frozenset[str] | set[str]) -> bool:
    """Tell whether this call makes random numbers, or their generator, without a fixed seed."""
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    if called.rpartition(".")[2] == "default_rng":
        return not node.args and not node.keywords
    seeded = any(keyword.arg == "generator" for keyword in node.keywords)
    return (bool(_FRESH_TORCH.search(called)) and not seeded) or called in known


def _fresh_names(tree: ast.Module) -> set[str]:
    """Return the functions and variables of a cell that come from fresh random numbers."""
    found: set[str] = set()
    for node in tree.body:
        if not any(_is_fresh(inner, found) for inner in ast.walk(node)):
            continue
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {
                target.id
                for outer in node.targets
                for target in ast.walk(outer)
                if isinstance(target, ast.Name)
            }
    return found


def _hidden_part(name: str, cell: Cell, tree: ast.Module, answers: Answers) -> Iterator[Finding]:
    """Hidden tests must be there, and meet the answer with inputs that it has not seen."""
    lines = [number for number, (_, is_in) in enumerate(hidden_lines(cell.source), 1) if is_in]
    if not lines:
        if set(names(cell.source).loaded) & answers.names - answers.hidden:
            yield Finding(
                name,
                1,
                "no test of this answer has a hidden part, so that one which returns the visible "
                "values would pass: add ### BEGIN HIDDEN TESTS … ### END HIDDEN TESTS.",
            )
        return
    known = answers.fresh | _fresh_names(tree)
    inside = [node for node in ast.walk(tree) if getattr(node, "lineno", 0) in lines]
    if not any(
        _is_fresh(node, known) or (isinstance(node, ast.Name) and node.id in known)
        for node in inside
    ):
        yield Finding(
            name,
            lines[0],
            "the hidden part uses no fresh random input: make one with "
            "rng = np.random.default_rng().",
        )
