"""Graded exercises: release, collect, grade in a sandbox, feed back and export.

Format, gradebook, manual grading and feedback pages are nbgrader's. What is ours is the execution:
a submission runs in one sandboxed kernel, the tests in another that never runs a line of it.
The command ``derived-course`` puts the parts together; ``book/instructors.md`` is its manual.
Install with the extra: ``pip install "deep-learning-derived[grading]"``.
"""

from __future__ import annotations

import sys

# jsonschema, which reading a notebook needs, would compile a grammar of addresses for seconds in
# each new process, to check a kind of text that notebooks do not have. It does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
