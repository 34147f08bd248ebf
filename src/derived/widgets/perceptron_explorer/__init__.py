"""Explorable figure of chapter 01: the perceptron and its learning rule."""

from derived.widgets.perceptron_explorer.widget import PerceptronExplorer

__all__ = ["PerceptronExplorer"]
