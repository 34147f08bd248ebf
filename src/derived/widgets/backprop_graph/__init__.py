"""Explorable figure of chapter 02: backpropagation on a computation graph."""

from derived.widgets.backprop_graph.widget import BackpropGraph

__all__ = ["BackpropGraph"]
