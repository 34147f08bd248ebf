"""Where the nodes of a drawing stand: in columns from left to right, with few crossings.

The columns follow Sugiyama, Tagawa & Toda (1981): a node stands one column after the last of its
parents, an edge that passes over columns gets a place in each of them, and a few sweeps move every
node to the mean height of its neighbours.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

__all__ = ["Layout", "arrange"]

Node = TypeVar("Node", bound=Hashable)
SWEEPS = 8


@dataclass(frozen=True)
class Layout(Generic[Node]):
    """Places in units of a column and a row.

    Attributes
    ----------
    places : node → (column, row); rows count from the top and may be fractions.
    routes : (parent, child) → the places where the edge passes through the columns between them.
    columns, rows : the size of the whole.
    """

    places: dict[Node, tuple[int, float]]
    routes: dict[tuple[Node, Node], list[tuple[int, float]]]
    columns: int
    rows: int


def _columns(order: Sequence[Node], parents: Mapping[Node, Sequence[Node]]) -> dict[Node, int]:
    column: dict[Node, int] = {}
    children: dict[Node, list[Node]] = {node: [] for node in order}
    for node in order:
        column[node] = 1 + max((column[parent] for parent in parents[node]), default=-1)
        for parent in parents[node]:
            children[parent].append(node)
    for node in order:  # a leaf moves to its first use, so that its edges are short
        if not parents[node] and children[node]:
            column[node] = min(column[child] for child in children[node]) - 1
    return column


def _sort_rows(
    grid: list[list[Any]], neighbors: Mapping[Any, Sequence[Any]], row: dict[Any, float]
) -> None:
    """Sort each column by the mean row of the neighbours, and spread it evenly."""
    tallest = max(len(nodes) for nodes in grid)
    for nodes in grid:
        mean = {
            node: sum(row[other] for other in neighbors[node]) / len(neighbors[node])
            if neighbors[node]
            else row[node]
            for node in nodes
        }
        nodes.sort(key=lambda node: mean[node])
        for i, node in enumerate(nodes):
            row[node] = (i + 0.5) * tallest / len(nodes) - 0.5


def arrange(order: Sequence[Node], parents: Mapping[Node, Sequence[Node]]) -> Layout[Node]:
    """Place the nodes of a directed acyclic graph.

    Parameters
    ----------
    order : all nodes, parents before children.
    parents : node → its parents, each once.
    """
    column = _columns(order, parents)
    grid: list[list[Any]] = [[] for _ in range(1 + max(column.values()))]
    for node in order:
        grid[column[node]].append(node)
    before: dict[Any, list[Any]] = {node: [] for node in order}
    after: dict[Any, list[Any]] = {node: [] for node in order}
    bends: dict[tuple[Node, Node], list[Any]] = {}
    for child in order:
        for parent in parents[child]:
            steps = range(column[parent] + 1, column[child])
            bends[parent, child] = [("bend", parent, child, k) for k in steps]
            for k, bend in zip(steps, bends[parent, child], strict=True):
                grid[k].append(bend)
            chain = [parent, *bends[parent, child], child]
            for left, right in pairwise(chain):
                after.setdefault(left, []).append(right)
                before.setdefault(right, []).append(left)
    row = {node: float(i) for nodes in grid for i, node in enumerate(nodes)}
    for sweep in range(SWEEPS):
        if sweep % 2:
            _sort_rows(grid[::-1], after, row)
        else:
            _sort_rows(grid, before, row)
    return Layout(
        {node: (column[node], row[node]) for node in order},
        {edge: [(bend[3], row[bend]) for bend in chain] for edge, chain in bends.items()},
        len(grid),
        max(len(nodes) for nodes in grid),
    )
