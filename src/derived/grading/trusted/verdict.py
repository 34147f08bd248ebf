"""What a student may read about a test that failed.

Of a visible test everything: it stands in their own notebook, and it ran before any hidden test
reached their code. Of a hidden test only that it failed: its text and its numbers stay hidden, and
so does every word that the student's own code could have put a number into.
"""

from __future__ import annotations

from typing import Any

from derived.grading.hidden import hidden_lines
from derived.grading.records import CellRecord

from .examiner import Failure

__all__ = ["verdict"]

WHY = {
    "hung": "Your code took too long.",
    "stuck": "Your code took too long.",
    "ended": "Your code ended the kernel.",
    "changed": "Your code changed an argument in place.",
    "not plain": "Your code returned something that is not plain data.",
}


def _of_visible(test: CellRecord, failure: Failure) -> str:
    message = f"{failure.ename}: {failure.evalue}" if failure.evalue else failure.ename
    if failure.kind == "raised":
        message = f"Your code raised {failure.evalue}".rstrip(": ")
    elif failure.kind in WHY:
        message = WHY[failure.kind] + f" ({failure.evalue})"
    if failure.line is None:
        return message
    lines = test.released.split("\n")
    shown = lines[failure.line - 1].strip() if failure.line <= len(lines) else ""
    return f"Line {failure.line} of the test: {shown}\n{message}"


def _of_hidden(failure: Failure) -> str:
    message = "A hidden test of this task failed."
    if failure.raised:
        return f"{message} Your code raised {failure.raised}."
    return f"{message} {WHY[failure.kind]}" if failure.kind in WHY else message


def verdict(test: CellRecord, failure: Failure, visible: Failure | None) -> dict[str, Any]:
    """Return the metadata of a failed test cell.

    failure : of the whole test.
    visible : of its visible part, run before any hidden test; None if that passed.

    Returns {"failed": "visible" | "hidden" | "kernel", "student_message": str}.
    """
    if failure.kind in {"hung", "stuck", "ended"} and visible is not None and visible.line is None:
        return {"failed": "kernel", "student_message": WHY[failure.kind]}
    hidden = {number for number, (_, is_in) in enumerate(hidden_lines(test.source), 1) if is_in}
    in_sight = failure.line is not None and failure.line not in hidden
    if visible is not None and (in_sight or failure == visible):
        return {"failed": "visible", "student_message": _of_visible(test, visible)}
    if in_sight:
        return {"failed": "visible", "student_message": "A visible test of this task failed."}
    return {"failed": "hidden", "student_message": _of_hidden(failure)}
