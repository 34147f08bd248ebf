"""What holds for the code: short modules, short functions, and no definition twice."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import nbformat

LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _body_length(node: Function) -> int:
    """Return the lines of a function without its docstring: documentation may be long."""
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def module_rules(path: Path) -> list[str]:
    """S1: at most 400 lines a module, 40 a function, and a name that says what is inside."""
    text = path.read_text("utf8")
    wrong = []
    if (lines := text.count("\n")) > LONGEST_MODULE:
        wrong.append(f"{path}: {lines} lines (at most {LONGEST_MODULE})")
    if path.stem in VAGUE or path.parent.name in VAGUE:
        wrong.append(f"{path}: the name says nothing")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function) and (length := _body_length(node)) > LONGEST_FUNCTION:
            wrong.append(f"{path}:{node.lineno}: {node.name} has {length} lines")
    return wrong


def definitions_twice(paths: Iterable[Path]) -> list[str]:
    """S2: no function or class stands in two notebooks; the second page imports it."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            for node in ast.parse(cell.source).body:
                if isinstance(node, Function | ast.ClassDef):
                    places[ast.dump(node)].append(f"{path.parent.name}/{path.name}: {node.name}")
    return [f"defined twice: {' and '.join(where)}" for where in places.values() if len(where) > 1]
