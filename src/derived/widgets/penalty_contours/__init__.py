"""Explorable figure of chapter 05: a quadratic loss and its penalty."""

from derived.widgets.penalty_contours.widget import PenaltyContours

__all__ = ["PenaltyContours"]
