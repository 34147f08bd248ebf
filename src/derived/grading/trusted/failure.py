"""Where and why a test failed, asked in the tests' kernel right after it did."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from .remote import SubmissionError

__all__ = ["describe"]

LONGEST = 2000  # characters of a message


def _cause(error: BaseException | None) -> SubmissionError | None:
    """Return the failed call into the submission behind an exception, if there is one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, SubmissionError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _line() -> int | None:
    """Return the line of the cell in which the last exception came up."""
    for frame, line in traceback.walk_tb(getattr(sys, "last_traceback", None)):
        if frame.f_code.co_name == "<module>" and "ipykernel" in frame.f_code.co_filename:
            return line
    return None


def describe() -> dict[str, Any]:
    """Return the fields of a ``Failure`` for the last exception."""
    error = getattr(sys, "last_value", None)
    cause = _cause(error)
    return {
        "line": _line(),
        "ename": type(error).__name__,
        "evalue": str(error)[:LONGEST],
        "kind": cause.kind if cause else "",
        "raised": cause.name if cause else "",
    }
