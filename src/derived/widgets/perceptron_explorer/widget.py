"""The Python side of the perceptron explorer: its initial configuration, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.bundler import bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

#: Names of the sets of points that the page holds.
PRESETS = ("clouds", "narrow", "and", "or", "xor", "overlapping")
MOST_POINTS = 40


def _checked_points(points: ArrayLike, labels: ArrayLike | None = None) -> list[list[float]]:
    rows = np.asarray(points, dtype=float)
    if labels is not None:
        column = np.asarray(labels, dtype=float)
        if rows.ndim != 2 or rows.shape[1] != 2 or column.shape != rows.shape[:1]:
            raise ValueError(
                f"points has shape {rows.shape} and labels {column.shape}; "
                "pass points of shape (n, 2) with labels of shape (n,)"
            )
        rows = np.column_stack([rows, column])
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ValueError(
            f"points has shape {rows.shape}; pass rows (x1, x2, label), "
            "or points of shape (n, 2) together with labels of shape (n,)"
        )
    if len(rows) > MOST_POINTS:
        raise ValueError(f"{len(rows)} points; the figure shows at most {MOST_POINTS}")
    if not np.isfinite(rows).all():
        raise ValueError("points holds NaN or infinity; pass finite numbers")
    bad = np.flatnonzero(~np.isin(rows[:, 2], (0, 1)))
    if bad.size:
        raise ValueError(f"point {bad[0]} has label {rows[bad[0], 2]:g}; labels are 0 or 1")
    return [[float(x1), float(x2), int(label)] for x1, x2, label in rows]


def _checked_weights(weights: ArrayLike) -> list[float]:
    array = np.asarray(weights, dtype=float)
    if array.shape != (3,) or not np.isfinite(array).all():
        raise ValueError(f"weights is {weights!r}; pass three finite numbers (b, w1, w2)")
    return [float(weight) for weight in array]


def _checked_preset(preset: str) -> str:
    if preset not in (*PRESETS, "custom"):
        raise ValueError(
            f"there is no preset {preset!r}; choose one of {', '.join(PRESETS)}, or pass points"
        )
    return preset


class PerceptronExplorer(anywidget.AnyWidget):
    """Drag points and boundary, step the learning rule, watch Novikoff's bound.

    The rule is w ← w + (t − y)(1, x1, x2) with output y = 1 where b + w1 x1 + w2 x2 > 0, from
    w = (b, w1, w2) = 0, visiting the points in the order listed.
    Everything is computed in the page; with a kernel, the traits follow what the reader does:
    `weights` and `updates`, and `points` once the reader has changed one.

    Parameters
    ----------
    preset
        Which points to begin with: "clouds", "narrow", "and", "or", "xor" or "overlapping".
    points
        Points of your own instead: (n, 3) rows (x1, x2, label), or (n, 2) together with `labels`;
        1 <= n <= 40.
    labels
        (n,) labels 0 or 1, if `points` has two columns.
    weights
        (3,) weights (b, w1, w2) to begin with; zero unless given.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If a shape, a label, the preset's name or the number of points is not as described.
    """

    _esm = bundle(_HERE / "perceptron_explorer.js")
    _css = style(_HERE / "perceptron_explorer.css")

    preset = traitlets.Unicode("clouds", help="name of the preset, or 'custom'").tag(sync=True)
    points = traitlets.List(
        traitlets.List(), help="rows [x1, x2, label]; read where preset is 'custom'"
    ).tag(sync=True)
    weights = traitlets.List(traitlets.Float(), [0.0, 0.0, 0.0], help="[b, w1, w2]").tag(sync=True)
    updates = traitlets.Int(0, help="updates made so far; written by the page").tag(sync=True)

    reserved_height = height_trait(wide=690, phone=1310)

    def __init__(
        self,
        preset: str = "clouds",
        *,
        points: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        weights: ArrayLike = (0.0, 0.0, 0.0),
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        if points is None and labels is not None:
            raise ValueError("labels without points; pass points of shape (n, 2) as well")
        rows = [] if points is None else _checked_points(points, labels)
        if points is not None and not rows:
            raise ValueError(f"points is empty; pass between 1 and {MOST_POINTS} points")
        super().__init__(
            preset=_checked_preset(preset) if points is None else "custom",
            points=rows,
            weights=_checked_weights(weights),
            **options,
        )

    @traitlets.validate("preset")
    def _validate_preset(self, proposal: dict[str, Any]) -> str:
        return _checked_preset(proposal["value"])

    @traitlets.validate("points")
    def _validate_points(self, proposal: dict[str, Any]) -> list[list[float]]:
        return _checked_points(proposal["value"]) if proposal["value"] else []

    @traitlets.validate("weights")
    def _validate_weights(self, proposal: dict[str, Any]) -> list[float]:
        return _checked_weights(proposal["value"])

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"PerceptronExplorer(preset={self.preset!r})"
