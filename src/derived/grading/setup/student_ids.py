"""What may be a student's id: it becomes the name of a folder, and a pattern in nbgrader."""

from __future__ import annotations

import unicodedata

__all__ = ["LONGEST_ID", "id_problem"]

#: nbgrader's column in the gradebook.
LONGEST_ID = 128
# '+' and ',' separate ids in nbgrader, '*', '?' and brackets are patterns there, and the rest are
# not allowed in the names of folders, here or on an instructor's other machine.
_FORBIDDEN = '/\\+,*?[]<>|:"'


def id_problem(student: str) -> str | None:
    """Return what is wrong with an id, as the end of a sentence; None if it is a good one."""
    forbidden = next((c for c in student if c in _FORBIDDEN), "")
    control = any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in student)
    hint = " (was it rounded by a spreadsheet?)" if forbidden == "+" else ""
    problems = (
        (not student, "the id is empty"),
        (len(student) > LONGEST_ID, f"the id has more than {LONGEST_ID} characters"),
        (control, f"the id {student!r} holds a control character"),
        (student.startswith("."), f"the id {student!r} starts with a dot"),
        (".." in student, f"the id {student!r} holds '..'"),
        (forbidden, f"the id {student!r} holds {forbidden!r}, which nbgrader cannot use{hint}"),
        (student != student.strip(), f"the id {student!r} begins or ends with a space"),
    )
    return next((problem for wrong, problem in problems if wrong), None)
