"""Explorable figure of chapter 03: a digit on its way through a trained CNN."""

from derived.widgets.digit_through_layers.widget import DigitThroughLayers

__all__ = ["DigitThroughLayers"]
