"""Which names a cell takes from the notebook, and which it gives to it."""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass
from functools import lru_cache

from ..names import names_stored
from .cells import parse, python

__all__ = ["BUILTINS", "Names", "names", "root"]

#: What every kernel has without a cell that makes it.
BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython", "__name__"}


@dataclass(frozen=True)
class Names:
    """The names of one cell.

    stored : what it gives to the notebook: variables, functions, classes, imports.
    defined : those among them that are functions or classes.
    imported : those among them that are imports.
    loaded : what it reads from the notebook, each with the line of its first use (from 1).
    imports_star : whether it holds ``from … import *``, so that ``stored`` is not all.
    """

    stored: frozenset[str]
    defined: frozenset[str]
    imported: frozenset[str]
    loaded: dict[str, int]
    imports_star: bool


@lru_cache(maxsize=4096)
def names(source: str) -> Names:
    """Return the names of a cell's code; raises SyntaxError.

    Names that live inside a function, a class or a comprehension are no names of the notebook.
    """
    tree = parse(source)
    table = symtable.symtable(python(source), "<cell>", "exec")
    symbols = table.get_symbols()
    loaded = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    given = {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}
    _look_inside(table, loaded)
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in loaded:
            lines[node.id] = min(node.lineno, lines.get(node.id, node.lineno))
    stored = names_stored(source) | given
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return Names(
        stored=frozenset(stored - {"*"}),
        defined=frozenset(node.name for node in tree.body if isinstance(node, definitions)),
        imported=frozenset(
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ),
        loaded=lines,
        imports_star="*" in stored,
    )


def _look_inside(table: symtable.SymbolTable, loaded: set[str]) -> None:
    """Add what functions, classes and comprehensions read of the notebook's names."""
    for child in table.get_children():
        for symbol in child.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                loaded.add(symbol.get_name())
        _look_inside(child, loaded)


def root(node: ast.AST) -> str | None:
    """Return the name that an expression starts from: ``f`` for ``f(x)[0].T``; None without one."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Await):
            node = node.value
        else:
            return None
