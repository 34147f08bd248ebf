"""Explorable figure of chapter 04: gradients through an unrolled recurrent network."""

from derived.widgets.unrolled_gradient.widget import UnrolledGradient

__all__ = ["UnrolledGradient"]
