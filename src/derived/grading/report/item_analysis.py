"""Statistics of tasks and totals, as in classical test theory; pure functions of arrays.

In all of them ``points`` has shape (students, tasks), and NaN stands for points that are not given
yet. What cannot be computed (too few students, no spread) is NaN, without a warning.

A written task waits for a person long after the tests have given their points. Sums, and what is
compared with sums, are therefore over the *settled* tasks alone: those with points for nearly all
students. Adding up whatever each student has would compare sums over different tasks, and keeping
only students with everything would leave those whose written answer was empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NEARLY_ALL",
    "ItemStatistics",
    "analyse",
    "correlation",
    "cronbach_alpha",
    "item_total_correlation",
    "settled",
    "sums",
]

Array = NDArray[np.float64]
#: The share of the students that must have points for a task, so that it counts in sums.
NEARLY_ALL = 0.9
_CLOSE = 1e-9  # points this close to a bound are at the bound


@dataclass(frozen=True)
class ItemStatistics:
    """What a class did with one task; shares are between 0 and 1.

    answers : how many students have points for it.
    mean : of their points.
    difficulty : the mean as a share of the most points (so 1 is the easiest task).
    full : the share with full points.
    zero : the share with none.
    discrimination : correlation with the sum of the *other* settled tasks.
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


def settled(points: Array) -> NDArray[np.bool_]:
    """Say which tasks have points for nearly all students, shape (tasks,).

    A student without any points counts too: a task that waits in all of a class is not settled.
    """
    given: NDArray[np.bool_] = ~np.isnan(points)
    enough = NEARLY_ALL * points.shape[0] - _CLOSE
    return (given.sum(axis=0) >= enough) & given.any(axis=0)


def sums(points: Array) -> Array:
    """Return each student's sum over the settled tasks, shape (students,).

    NaN for who lacks points of one of them, and for all if no task is settled.
    """
    counted = settled(points)
    if not counted.any():
        return np.full(points.shape[0], np.nan)
    total: Array = points[:, counted].sum(axis=1)
    return total


def item_total_correlation(points: Array) -> Array:
    """Return for each task the correlation with the sum of the other settled tasks, (tasks,).

    Corrected: a task does not correlate with itself. For each task those students count that have
    points for it and for all of the others; a task that is not settled is compared as well, among
    the few that have it.
    """
    counted = settled(points)
    values = []
    for j, column in enumerate(points.T):
        others = counted.copy()
        others[j] = False
        rest = points[:, others].sum(axis=1)
        rows = ~np.isnan(column) & ~np.isnan(rest)
        values.append(correlation(column[rows], rest[rows]))
    return np.array(values, dtype=float)


def cronbach_alpha(points: Array) -> float:
    """Return Cronbach's α of the settled tasks, from unbiased variances.

    It is k/(k−1)·(1 − Σ var(task)/var(total)) for k tasks, over the students that have points for
    all of these. NaN for one task, for fewer than 3 students, or if all have the same total.
    """
    rows = points[:, settled(points)]
    rows = rows[~np.isnan(rows).any(axis=1)]
    tasks = rows.shape[1]
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
