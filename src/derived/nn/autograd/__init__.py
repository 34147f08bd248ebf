"""A small reverse-mode tape: tensors that record how they were computed, and differentiate it.

::

    w = Tensor([1.0, 2.0], name="w")
    loss = ((w * [3.0, 4.0]).sum() - 1) ** 2
    loss.backward()
    w.gradient  # array([60., 80.])
    draw(loss)  # the graph, with values and gradients
"""

from derived.nn.autograd.drawing import draw
from derived.nn.autograd.graph import topological_order
from derived.nn.autograd.tensor import Tensor

__all__ = ["Tensor", "draw", "topological_order"]
