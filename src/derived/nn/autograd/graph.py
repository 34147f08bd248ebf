"""The order in which a computation graph is walked: every node after all that it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from derived.nn.autograd.tensor import Tensor

__all__ = ["topological_order"]


def topological_order(tensor: Tensor) -> list[Tensor]:
    """Return all tensors that ``tensor`` depends on, each once, parents before children.

    The search goes depth first and keeps its own stack, so that a graph may be deeper than
    Python's recursion limit. A node is *open* while its parents are visited; a parent that is
    still open lies on the path that led to it, which closes a cycle.

    Raises
    ------
    ValueError : if the graph has a cycle, which no order satisfies.
    """
    order: list[Tensor] = []
    is_open: dict[Tensor, bool] = {}
    stack = [tensor]
    while stack:
        node = stack[-1]
        if node not in is_open:
            is_open[node] = True
            for parent, _ in node.edges:
                if parent not in is_open:
                    stack.append(parent)
                elif is_open[parent]:
                    raise ValueError(
                        f"the graph has a cycle: {parent.label!r} depends on itself through "
                        f"{node.label!r}"
                    )
        else:
            stack.pop()
            if is_open[node]:
                is_open[node] = False
                order.append(node)
    return order
