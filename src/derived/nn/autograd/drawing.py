"""A picture of a computation graph: every node with its value and its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path

from derived.nn.arrays import Array
from derived.nn.autograd.graph import topological_order
from derived.nn.autograd.layout import Layout, arrange
from derived.nn.autograd.tensor import Tensor

__all__ = ["draw"]

Point: TypeAlias = tuple[float, float]  # inches from the lower left corner
MOST_NODES = 150
MOST_ENTRIES = 4  # larger arrays are shown by their shape and range
FONT_SIZE = 8.0
LINE_HEIGHT = 1.35 * FONT_SIZE / 72  # inches
CHARACTER_WIDTH = 0.602 * FONT_SIZE / 72  # inches; DejaVu Sans Mono ships with Matplotlib
PADDING = 0.09  # inches between the text and the edge of its box
FLOW_GAP, SIDE_GAP = 0.45, 0.16  # inches between boxes, along the flow and across it
# Kind of node → fill, box style, line style: the kind is never told by colour alone.
LOOKS = {
    "leaf": ("#D6E8F5", "round", "-"),
    "constant": ("#EEEEEE", "round", ":"),
    "operation": ("#FFFFFF", "square", "-"),
}


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _short(array: Array) -> str:
    """Write a small array entry by entry, a large one as shape and range."""
    if array.ndim == 0:
        return _number(float(array))
    if 0 < array.size <= MOST_ENTRIES and array.ndim == 1:
        return "(" + ", ".join(_number(float(x)) for x in array) + ")"
    shape = "×".join(str(n) for n in array.shape)
    if array.size == 0:
        return shape
    return f"{shape} in [{_number(float(np.min(array)))}, {_number(float(np.max(array)))}]"


def _text(tensor: Tensor) -> list[str]:
    title = tensor.label
    if tensor.name and tensor.operation:
        title = f"{tensor.name} = {tensor.operation}"
    lines = [title, f"value {_short(tensor.data)}"]
    if tensor.gradient is not None:
        lines.append(f"gradient {_short(tensor.gradient)}")
    return lines


def _kind(tensor: Tensor) -> str:
    if tensor.edges:
        return "operation"
    return "leaf" if tensor.requires_gradient else "constant"


@dataclass(frozen=True)
class _Grid:
    """Turns a place (column, row) of the layout into inches, for graphs that run right or down."""

    layout: Layout[Tensor]
    widths: Sequence[float]  # of the boxes, column by column
    box_height: float
    down: bool

    @property
    def size(self) -> Point:
        """Width and height of the figure."""
        pitch = self.box_height + (FLOW_GAP if self.down else SIDE_GAP)
        if self.down:
            return self.layout.rows * (max(self.widths) + SIDE_GAP), self.layout.columns * pitch
        return sum(self.widths) + FLOW_GAP * len(self.widths), self.layout.rows * pitch

    def center(self, column: int, row: float) -> Point:
        """Return the centre of a box; the first place is at the top left."""
        width, height = self.size
        if self.down:
            x = (row + 0.5) * width / self.layout.rows
            return x, height - (column + 0.5) * height / self.layout.columns
        x = sum(self.widths[:column]) + self.widths[column] / 2 + FLOW_GAP * (column + 0.5)
        return x, height - (row + 0.5) * height / self.layout.rows

    def ends(self, column: int, row: float) -> tuple[Point, Point]:
        """Return where an edge enters the box, and where it leaves."""
        x, y = self.center(column, row)
        if self.down:
            return (x, y + self.box_height / 2), (x, y - self.box_height / 2)
        return (x - self.widths[column] / 2, y), (x + self.widths[column] / 2, y)


def _draw_node(axes: Axes, tensor: Tensor, center: Point, width: float, height: float) -> None:
    lines = _text(tensor)
    fill, style, line = LOOKS[_kind(tensor)]
    x, y = center
    boxstyle = "square,pad=0" if style == "square" else "round,pad=0,rounding_size=0.08"
    box = FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle=boxstyle)
    box.set(facecolor=fill, edgecolor="#333333", linestyle=line, linewidth=0.9, zorder=2)
    axes.add_patch(box)
    for i, text in enumerate(lines):
        axes.text(
            x,
            y + LINE_HEIGHT * ((len(lines) - 1) / 2 - i),
            text,
            fontsize=FONT_SIZE,
            fontfamily="DejaVu Sans Mono",
            fontweight="bold" if i == 0 else "normal",
            ha="center",
            va="center_baseline",
            zorder=3,
        )


def _draw_edge(axes: Axes, points: Sequence[Point], down: bool) -> None:
    """Draw a curve through the points, along the flow at each, with an arrow head at the end."""
    vertices, codes = [points[0]], [int(Path.MOVETO)]
    for (x0, y0), (x1, y1) in pairwise(points):
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        vertices += [(x0, y), (x1, y), (x1, y1)] if down else [(x, y0), (x, y1), (x1, y1)]
        codes += [int(Path.CURVE4)] * 3
    curve = PathPatch(Path(vertices, codes), fill=False, edgecolor="#555555", linewidth=1.0)
    axes.add_patch(curve)
    x, y = points[-1]
    head = [(x, y), (x - 0.09, y + 0.04), (x - 0.09, y - 0.04)]
    if down:
        head = [(x, y), (x + 0.04, y + 0.09), (x - 0.04, y + 0.09)]
    axes.add_patch(Polygon(head, facecolor="#555555", linewidth=0))


def draw(tensor: Tensor, direction: Literal["right", "down"] = "right") -> Figure:
    """Draw the graph that ``tensor`` was computed by, from its leaves to it.

    Each box shows the name or the operation, the value and, after ``backward``, the gradient;
    arrays of more than four entries show their shape and range. Boxes with round corners are
    leaves, dotted ones constants, square ones operations.

    Parameters
    ----------
    tensor : the last node.
    direction : where the graph runs to. A long chain fits a page better when it runs "down".

    Returns
    -------
    Figure : of the size that the graph needs; pass it to :func:`derived.plotting.show`.

    Raises
    ------
    ValueError : if the graph has a cycle, or more nodes than a reader can follow.
    """
    if direction not in ("right", "down"):
        raise ValueError(f"direction is 'right' or 'down', got {direction!r}")
    order = topological_order(tensor)
    if len(order) > MOST_NODES:
        raise ValueError(f"the graph has {len(order)} nodes; at most {MOST_NODES} can be drawn")
    parents = {node: list(dict.fromkeys(node.parents)) for node in order}
    layout = arrange(order, parents)
    grid = _grid(layout, {node: _text(node) for node in order}, direction == "down")
    figure = Figure(figsize=grid.size)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, grid.size[0]), ylim=(0, grid.size[1]))
    axes.set_axis_off()
    for (parent, child), route in layout.routes.items():
        inside = [point for place in route for point in grid.ends(*place)]
        leaves = grid.ends(*layout.places[parent])[1]
        enters = grid.ends(*layout.places[child])[0]
        _draw_edge(axes, [leaves, *inside, enters], grid.down)
    for node, (column, row) in layout.places.items():
        _draw_node(axes, node, grid.center(column, row), grid.widths[column], grid.box_height)
    return figure


def _grid(layout: Layout[Tensor], texts: Mapping[Tensor, list[str]], down: bool) -> _Grid:
    """Make the boxes as large as the texts need."""
    widths = [0.0] * layout.columns
    for node, lines in texts.items():
        column = layout.places[node][0]
        width = max(len(line) for line in lines) * CHARACTER_WIDTH + 2 * PADDING
        widths[column] = max(widths[column], width)
    height = LINE_HEIGHT * max(len(lines) for lines in texts.values()) + 2 * PADDING
    return _Grid(layout, widths, height, down)
