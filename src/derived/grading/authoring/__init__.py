"""For authors: solutions and wrong solutions in one notebook, and the proof that its tests work."""

from .check import check_assignment, check_notebook
from .findings import Finding
from .lint import lint
from .regions import MarkupError, Variant, reference, stub, variants
from .report import Attempt, CheckReport, TaskReport

__all__ = [
    "Attempt",
    "CheckReport",
    "Finding",
    "MarkupError",
    "TaskReport",
    "Variant",
    "check_assignment",
    "check_notebook",
    "lint",
    "reference",
    "stub",
    "variants",
]
