"""A picture of a computation graph: every node with its value and its gradient."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from derived.nn.arrays import Array
from derived.nn.autograd.graph import topological_order
from derived.nn.autograd.layout import arrange
from derived.nn.autograd.tensor import Tensor

__all__ = ["draw"]

MOST_NODES = 150
MOST_ENTRIES = 4  # larger arrays are shown by their shape and range
FONT_SIZE = 8.0
LINE_HEIGHT = 1.35 * FONT_SIZE / 72  # inches
CHARACTER_WIDTH = 0.602 * FONT_SIZE / 72  # inches; DejaVu Sans Mono ships with Matplotlib
PADDING = 0.09  # inches between the text and the edge of its box
COLUMN_GAP, ROW_GAP = 0.55, 0.16  # inches between boxes
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


def _draw_node(axes: Axes, tensor: Tensor, center: tuple[float, float], width: float) -> None:
    lines = _text(tensor)
    fill, style, line = LOOKS[_kind(tensor)]
    height = LINE_HEIGHT * len(lines) + 2 * PADDING
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


def _draw_edge(axes: Axes, points: list[tuple[float, float]]) -> None:
    """Draw a curve through the points, level at each of them, with an arrow head at the end."""
    vertices, codes = [points[0]], [int(Path.MOVETO)]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        middle = (x0 + x1) / 2
        vertices += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [int(Path.CURVE4)] * 3
    curve = PathPatch(Path(vertices, codes), fill=False, edgecolor="#555555", linewidth=1.0)
    axes.add_patch(curve)
    x, y = points[-1]
    axes.fill([x, x - 0.09, x - 0.09], [y, y + 0.04, y - 0.04], color="#555555", linewidth=0)


def draw(tensor: Tensor) -> Figure:
    """Draw the graph that ``tensor`` was computed by, from its leaves on the left to it.

    Each box shows the name or the operation, the value and, after ``backward``, the gradient;
    arrays of more than four entries show their shape and range. Boxes with round corners are
    leaves, dotted ones constants, square ones operations.

    Returns
    -------
    Figure : of the size that the graph needs; pass it to :func:`derived.plotting.show`.

    Raises
    ------
    ValueError : if the graph has a cycle, or more nodes than a reader can follow.
    """
    order = topological_order(tensor)
    if len(order) > MOST_NODES:
        raise ValueError(f"the graph has {len(order)} nodes; at most {MOST_NODES} can be drawn")
    parents = {node: list(dict.fromkeys(node.parents)) for node in order}
    layout = arrange(order, parents)
    widths = [0.0] * layout.columns  # of the columns, in inches
    for node in order:
        text = max(len(line) for line in _text(node)) * CHARACTER_WIDTH
        column = layout.places[node][0]
        widths[column] = max(widths[column], text + 2 * PADDING)
    lefts = [sum(widths[:k]) + (k + 0.5) * COLUMN_GAP for k in range(layout.columns)]
    pitch = 3 * LINE_HEIGHT + 2 * PADDING + ROW_GAP
    size = (lefts[-1] + widths[-1] + COLUMN_GAP / 2, layout.rows * pitch + ROW_GAP)

    def height(row: float) -> float:
        return size[1] / 2 + ((layout.rows - 1) / 2 - row) * pitch

    figure = Figure(figsize=size, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, size[0]), ylim=(0, size[1]))
    axes.set_axis_off()
    for child in order:
        to_column, to_row = layout.places[child]
        for parent in parents[child]:
            column, row = layout.places[parent]
            points = [(lefts[column] + widths[column], height(row))]
            for k, bend in layout.routes[parent, child]:
                points += [(lefts[k], height(bend)), (lefts[k] + widths[k], height(bend))]
            points.append((lefts[to_column], height(to_row)))
            _draw_edge(axes, points)
    for node in order:
        column, row = layout.places[node]
        center = (lefts[column] + widths[column] / 2, height(row))
        _draw_node(axes, node, center, widths[column])
    return figure
