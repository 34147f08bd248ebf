"""The names that a cell reads and the names that it defines, from its text alone."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from functools import lru_cache

__all__ = ["names_imported", "names_read", "names_stored"]

#: Cell magics whose cell is Python that runs in the notebook.
_TRANSPARENT = re.compile(r"\A\s*%%(time|capture|prun)\b.*$", re.MULTILINE)
_ASSIGNED_MAGIC = re.compile(r"^([^=%!\n]+=[ \t]*)[%!].*$", re.MULTILINE)
_MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.%*]+\?{1,2}[ \t]*)$", re.MULTILINE)


def _tree(source: str) -> ast.Module | None:
    """Parse a cell; None if it is not Python.

    IPython's own transformer takes hours for some texts, and a student's may be one of them: so the
    lines that only IPython understands are replaced here.
    """
    plain = _TRANSPARENT.sub("", source, count=1)
    if plain.lstrip().startswith("%%"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the text's escapes: they are its author's matter
        try:
            return ast.parse(plain)
        except SyntaxError:
            pass
        except (ValueError, RecursionError, MemoryError):  # a NUL, or nested too deep
            return None
        try:
            return ast.parse(_MAGIC.sub(r"\1pass", _ASSIGNED_MAGIC.sub(r"\1None", plain)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@lru_cache(maxsize=256)  # the instructor's cells are asked about for each student
def names_read(source: str) -> frozenset[str]:
    """Return the names that a cell loads and that are not builtins."""
    tree = _tree(source)
    if tree is None:
        return frozenset()
    loads = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    found = {node.id for node in loads if isinstance(node.ctx, ast.Load)}
    found |= {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    return frozenset(name for name in found if not hasattr(builtins, name))


def _bound_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        return {node.name}
    if isinstance(node, ast.MatchMapping) and node.rest:
        return {node.rest}
    return set()


@lru_cache(maxsize=256)
def names_stored(source: str) -> frozenset[str]:
    """Return the names that a cell defines at its top level (not inside functions or classes).

    ``from … import *`` gives the name ``*``.
    """
    tree = _tree(source)
    if tree is None:
        return frozenset()
    found: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        found |= _bound_by(node)
        # Bodies of functions and classes, and comprehensions, have a scope of their own.
        scopes = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        comprehensions = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
        if isinstance(node, comprehensions):
            found |= _walrus(node)
        elif not isinstance(node, scopes):
            waiting.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def names_imported(source: str) -> set[str]:
    """Return the names that the cell's imports bind, wherever in it they stand."""
    tree = _tree(source)
    nodes = () if tree is None else ast.walk(tree)
    imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    return {name for node in imports for name in _bound_by(node)}


def _walrus(node: ast.AST) -> set[str]:
    """Return what ``:=`` binds in a comprehension: names of the notebook."""
    named = (inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
    return {target.id for target in named if isinstance(target, ast.Name)}
