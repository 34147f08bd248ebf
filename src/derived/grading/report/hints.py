"""What the numbers of a task suggest, in words; a hint is a reason to look, not a verdict."""

from __future__ import annotations

from .item_analysis import ItemStatistics

__all__ = ["FEWEST", "hint"]

#: Students below which nothing is said: a handful proves nothing.
FEWEST = 8


def hint(title: str, task: ItemStatistics) -> str:
    """Return one sentence about a task, or nothing if it looks fine.

    title : how the sentence names the task.
    """
    if task.answers < FEWEST:
        return ""
    checks = (
        (
            task.zero >= 0.85,
            f"Almost nobody got points for “{title}”: look at its test and its wording.",
        ),
        (
            task.discrimination < 0.0,
            f"Those who did well elsewhere did worse on “{title}”: look at its test.",
        ),
        (
            task.full >= 0.95,
            f"Almost everybody got full points for “{title}”: it tells nobody apart.",
        ),
        (
            0.0 <= task.discrimination < 0.15 and 0.1 < task.difficulty < 0.9,
            f"“{title}” hardly goes with the rest: it may measure something else, or be unclear.",
        ),
        (task.difficulty <= 0.3, f"“{title}” was hard: most of its points were not reached."),
    )
    return next((sentence for applies, sentence in checks if applies), "")
