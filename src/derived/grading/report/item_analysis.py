"""Statistics of tasks and totals, as in classical test theory; pure functions of arrays.

In all of them ``points`` has shape (students, tasks), and NaN stands for points that are not given
yet. What cannot be computed (too few students, no spread) is NaN, without a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ItemStatistics", "analyse", "correlation", "cronbach_alpha", "item_total_correlation"]

Array = NDArray[np.float64]
_CLOSE = 1e-9  # points this close to a bound are at the bound


@dataclass(frozen=True)
class ItemStatistics:
    """What a class did with one task; shares are between 0 and 1.

    answers : how many students have points for it.
    mean : of their points.
    difficulty : the mean as a share of the most points (so 1 is the easiest task).
    full : the share with full points.
    zero : the share with none.
    discrimination : correlation with the sum of the *other* tasks.
    """

    answers: int
    mean: float
    difficulty: float
    full: float
    zero: float
    discrimination: float


def correlation(x: Array, y: Array) -> float:
    """Return Pearson's correlation of two arrays of shape (n,); NaN for n < 3 or no spread."""
    if x.size < 3:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    scale = max(float(np.abs(x).max()), float(np.abs(y).max()), 1.0)
    if min(float(np.abs(x).max()), float(np.abs(y).max())) <= _CLOSE * scale:
        return float("nan")
    return float(x @ y) / spread


def _complete(points: Array) -> Array:
    """Return the rows in which all points are given."""
    rows: Array = points[~np.isnan(points).any(axis=1)]
    return rows


def item_total_correlation(points: Array) -> Array:
    """Return for each task the correlation with the sum of the others, shape (tasks,).

    Corrected: a task does not correlate with itself. Only students with all points given count.
    """
    rows = _complete(points)
    total = rows.sum(axis=1)
    columns = range(points.shape[1])
    return np.array([correlation(rows[:, j], total - rows[:, j]) for j in columns], dtype=float)


def cronbach_alpha(points: Array) -> float:
    """Return Cronbach's α, k/(k−1)·(1 − Σ var(task)/var(total)), from unbiased variances.

    Only students with all points given count. NaN for one task, for fewer than 3 students, or if
    all have the same total.
    """
    rows = _complete(points)
    tasks = points.shape[1]
    if tasks < 2 or rows.shape[0] < 3:
        return float("nan")
    of_total = float(rows.sum(axis=1).var(ddof=1))
    if of_total <= _CLOSE:
        return float("nan")
    return tasks / (tasks - 1) * (1.0 - float(rows.var(axis=0, ddof=1).sum()) / of_total)


def analyse(points: Array, maximum: Array) -> list[ItemStatistics]:
    """Return the statistics of each task.

    points : shape (students, tasks).
    maximum : the most that each task gives, shape (tasks,).
    """
    discrimination = item_total_correlation(points)
    found = []
    for column, most, value in zip(points.T, maximum, discrimination, strict=True):
        given = column[~np.isnan(column)]
        n = given.size
        mean = float(given.mean()) if n else float("nan")
        found.append(
            ItemStatistics(
                answers=n,
                mean=mean,
                difficulty=mean / float(most) if most > 0 else float("nan"),
                full=float((given >= most - _CLOSE).mean()) if n else float("nan"),
                zero=float((given <= _CLOSE).mean()) if n else float("nan"),
                discrimination=float(value),
            )
        )
    return found
