"""Timing two ways of doing the same work so that a busy machine disturbs both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Comparison", "compare", "seconds_each"]

ROUND_SECONDS = 0.004
WARM_UP_CALLS = 3


@dataclass(frozen=True)
class Comparison:
    """Medians over the rounds.

    Attributes
    ----------
    ours, theirs : seconds a call.
    ratio : median of ours/theirs within a round; below 1 means that ours is faster.
    low, high : the quartiles of that ratio.
    """

    ours: float
    theirs: float
    ratio: float
    low: float
    high: float


def seconds_each(function: Callable[[], object], calls: int) -> float:
    """Return the mean seconds of a call, over ``calls`` in a row, after one that is not timed.

    The first call fills the caches again, as all but the first step of a training run find them.
    """
    function()
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def compare(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 150
) -> Comparison:
    """Time both in turn, ``rounds`` times, and take the ratio within each round.

    A round lasts a hundredth of a second: whatever else the machine does then mostly slows both
    sides of a ratio, or neither. Each side goes first in every other round.
    """
    for _ in range(WARM_UP_CALLS):
        ours(), theirs()
    slower = max(seconds_each(ours, 3), seconds_each(theirs, 3))
    calls = max(1, round(ROUND_SECONDS / slower))
    pairs = []
    for i in range(rounds):
        if i % 2:
            b, a = seconds_each(theirs, calls), seconds_each(ours, calls)
        else:
            a, b = seconds_each(ours, calls), seconds_each(theirs, calls)
        pairs.append((a, b))
    low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
    return Comparison(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        middle,
        low,
        high,
    )
