"""The drawing of a graph: everything is in it, nothing overlaps, and it is a plain figure."""

from __future__ import annotations

from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch, PathPatch

from derived.nn.autograd import Tensor, draw, topological_order
from derived.nn.autograd.layout import arrange
from tests.oracle_cases import EXAMPLES

directions = pytest.mark.parametrize("direction", ["right", "down"])


def small_graph():
    a, b = Tensor(2.0, "a"), Tensor([-3.0, 0.25], "b")
    c = a * b
    d = c + a
    e = (d * c + b * a.exp()).sum() - 0.5
    c.name = "c"
    return e


def parts(figure):
    (axes,) = figure.axes
    boxes = [p for p in axes.patches if isinstance(p, FancyBboxPatch)]
    edges = [p for p in axes.patches if isinstance(p, PathPatch)]
    return boxes, edges, [text.get_text() for text in axes.texts]


@directions
def test_every_node_and_edge_is_drawn(direction):
    e = small_graph()
    order = topological_order(e)
    boxes, edges, texts = parts(draw(e, direction))
    assert len(boxes) == len(order)
    assert len(edges) == sum(len(set(node.parents)) for node in order)
    assert {"a", "b", "c = *", "exp", "sum", "constant", "-"} <= set(texts)
    assert "value (−3, 0.25)" in texts
    assert not [text for text in texts if "gradient" in text]


def test_gradients_appear_after_backward():
    e = small_graph()
    e.backward()
    (a,) = (node for node in topological_order(e) if node.name == "a")
    _, _, texts = parts(draw(e))
    assert f"gradient {float(a.gradient):.4g}".replace("-", "−") in texts
    assert sum("gradient" in text for text in texts) == len(topological_order(e)) - 1  # not 0.5


def test_large_arrays_are_shown_by_shape_and_range():
    w = Tensor(np.linspace(-1, 2, 30).reshape(5, 6), "w")
    _, _, texts = parts(draw((w * Tensor(np.zeros((0, 5, 6)))).sum()))
    assert "value 5×6 in [−1, 2]" in texts
    assert "value 0×5×6" in texts


@directions
def test_boxes_do_not_overlap_and_hold_their_text(direction):
    e = small_graph()
    e.backward()
    figure = draw(e, direction)
    renderer = FigureCanvasAgg(figure).get_renderer()
    (axes,) = figure.axes
    boxes = [p.get_window_extent(renderer) for p in axes.patches if isinstance(p, FancyBboxPatch)]
    whole = figure.bbox
    for box in boxes:
        assert whole.x0 <= box.x0 and box.x1 <= whole.x1
        assert whole.y0 <= box.y0 and box.y1 <= whole.y1
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    for text in axes.texts:
        extent = text.get_window_extent(renderer)
        assert any(
            b.x0 <= extent.x0 and extent.x1 <= b.x1 and b.y0 <= extent.y0 and extent.y1 <= b.y1
            for b in boxes
        ), text.get_text()


def test_the_figure_is_not_left_open_in_pyplot():
    before = plt.get_fignums()
    draw(small_graph())
    assert plt.get_fignums() == before


def test_a_single_leaf_can_be_drawn():
    boxes, edges, texts = parts(draw(Tensor(1.5, "w")))
    assert (len(boxes), len(edges), texts) == (1, 0, ["w", "value 1.5"])


def test_what_cannot_be_drawn_is_refused():
    node = Tensor(1.0)
    with pytest.raises(ValueError, match="direction is 'right' or 'down', got 'up'"):
        draw(node, "up")
    for _ in range(160):
        node = -node
    with pytest.raises(ValueError, match="161 nodes; at most 150"):
        draw(node)


@EXAMPLES
@given(
    st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=1, max_size=30).map(
        lambda lists: {n: sorted({p % n for p in ps}) if n else [] for n, ps in enumerate(lists)}
    )
)
def test_layout_of_random_graphs(parents):
    layout = arrange(list(parents), parents)
    slots = list(layout.places.values())
    slots += [slot for route in layout.routes.values() for slot in route]
    assert len(set(slots)) == len(slots)  # boxes and passing edges have places of their own
    assert all(0 <= column < layout.columns for column, _ in slots)
    assert all(-0.5 < row < layout.rows - 0.5 for _, row in slots)
    for child, its_parents in parents.items():
        for parent in its_parents:
            start, end = layout.places[parent][0], layout.places[child][0]
            assert start < end
            assert [c for c, _ in layout.routes[parent, child]] == list(range(start + 1, end))
    for column in range(layout.columns):
        rows = sorted(row for c, row in slots if c == column)
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(rows))
