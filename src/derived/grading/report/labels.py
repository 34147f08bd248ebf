"""What the report calls a task: one short line that no other task has, and its heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["TaskLabel", "task_labels"]

_NUMBER = re.compile(
    r"(?:(?:task|exercise|problem|question|part)\s+)?(\d+(?:\.\d+)*[a-z]?)(?=[.:)]?(?:\s|$))",
    re.IGNORECASE,
)
_LONGEST = 30  # characters that leave a plot room for its bars


@dataclass(frozen=True)
class TaskLabel:
    """The names of a task.

    number : of the task, as its heading has it ("8", "2b"); empty if it has none.
    name : its grade id without "test_"; several tests of one task differ in it.
    heading : the heading above it, as a whole; empty if there is none.
    """

    number: str
    name: str
    heading: str

    @property
    def short(self) -> str:
        """One line, as for an axis: "8 · dense_forward"."""
        return f"{self.number} · {self.name}" if self.number else self.name

    @property
    def spoken(self) -> str:
        """The same within a sentence: "Task 8 (dense_forward)"."""
        return f"Task {self.number} ({self.name})" if self.number else self.name


def task_labels(labels: Sequence[str], headings: Mapping[str, str]) -> list[TaskLabel]:
    """Return what to call the tasks, in their order.

    labels : the tasks' labels in the gradebook, "name" or "notebook/name".
    headings : the heading above each, as far as there is one.
    """
    names = _shortest(labels)
    found = []
    for label, name in zip(labels, names, strict=True):
        heading = headings.get(label, "")
        number = _NUMBER.match(heading)
        found.append(TaskLabel(number[1] if number else "", name, heading))
    return found


def _shortest(labels: Sequence[str]) -> list[str]:
    """Return the labels, each as short as it can be without being that of another task."""
    versions = [_versions(label) for label in labels]
    often = Counter(name for names in versions for name in set(names))
    return [next((n for n in names if often[n] == 1), names[-1]) for names in versions]


def _versions(label: str) -> list[str]:
    """Return the names that a label can have, the shortest first."""
    notebook, slash, name = label.rpartition("/")
    bare = name.removeprefix("test_") or name
    clipped = bare if len(bare) <= _LONGEST else f"{bare[:16]}…{bare[-(_LONGEST - 17) :]}"
    return [clipped, bare, f"{notebook}{slash}{bare}", label]
