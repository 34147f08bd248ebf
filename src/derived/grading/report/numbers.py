"""How the report writes numbers; NaN, which stands for what cannot be computed, is a dash."""

from __future__ import annotations

import math

__all__ = ["coefficient", "percent", "points"]

_DASH = "–"


def points(value: float) -> str:
    """Return points with at most two decimals: 3, 2.5, 0.33."""
    if math.isnan(value):
        return _DASH
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def percent(share: float) -> str:
    """Return a share between 0 and 1 as whole per cent."""
    return _DASH if math.isnan(share) else f"{share * 100:.0f} %"


def coefficient(value: float) -> str:
    """Return a correlation with two decimals."""
    return _DASH if math.isnan(value) else f"{value:.2f}".replace("-", "−")
