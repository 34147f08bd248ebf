"""Tables for the pages made from records: with a caption, header cells, and a row's own anchor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from docutils import nodes

Content: TypeAlias = str | nodes.Node | Sequence[nodes.Node]


@dataclass(frozen=True)
class TableRow:
    """A row: its cells, the first of which names it, and its anchor if it has one."""

    cells: Sequence[Content]
    anchor: str = ""


def content(value: Content) -> list[nodes.Node]:
    """Return text, a node or several nodes as a list of nodes; text stays plain text."""
    if isinstance(value, str):
        return [nodes.Text(value)]
    return [value] if isinstance(value, nodes.Node) else list(value)


def _cell(value: Content) -> nodes.entry:
    parts = content(value)
    if parts and all(isinstance(part, nodes.paragraph) for part in parts):
        return nodes.entry("", *parts)
    return nodes.entry("", nodes.paragraph("", "", *parts))


def _cells(cells: Sequence[Content]) -> list[nodes.entry]:
    return [_cell(value) for value in cells]


def table(
    anchor: str, caption: str, columns: dict[str, int], rows: Iterable[TableRow]
) -> nodes.table:
    """Build a table; ``columns`` maps each heading to the relative width of its column."""
    group = nodes.tgroup(cols=len(columns))
    for number, width in enumerate(columns.values()):
        # The first column heads its row, which a screen reader then announces.
        group += nodes.colspec(colwidth=width, **({"stub": 1} if number == 0 else {}))
    group += nodes.thead("", nodes.row("", *_cells(list(columns))))
    body = nodes.tbody()
    for row in rows:
        body += nodes.row("", *_cells(row.cells), ids=[row.anchor] if row.anchor else [])
    group += body
    result = nodes.table("", nodes.title("", caption), group, ids=[anchor], classes=["records"])
    result["classes"].append("colwidths-given")
    return result


def emphasis(text: str) -> nodes.emphasis:
    """Return text set in italics."""
    return nodes.emphasis("", text)


def joined(parts: Iterable[Content], separator: str) -> list[nodes.Node]:
    """Return the contents one after the other, with the separator as text between them."""
    result: list[nodes.Node] = []
    for part in parts:
        result += ([nodes.Text(separator)] if result else []) + content(part)
    return result
