"""Explorable figure of chapter 10: is a classifier as often right as it says?"""

from derived.widgets.reliability_diagram.widget import ReliabilityDiagram

__all__ = ["ReliabilityDiagram"]
