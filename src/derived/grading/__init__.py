"""Graded exercises: release, collect, grade in a sandbox, feed back and export.

Format, gradebook, manual grading and feedback pages are nbgrader's. What is ours is the execution:
a submission runs in one sandboxed kernel, the tests in another that never runs a line of it.
The command ``derived-course`` puts the parts together; ``book/instructors.md`` is its manual.
Install with the extra: ``pip install "deep-learning-derived[grading]"``.
"""
