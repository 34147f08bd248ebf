"""Trusted execution as a step of ``nbgrader autograde``."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float, Integer

from derived.grading.course import Course
from derived.grading.records import from_gradebook
from derived.grading.sandbox.limits import Limits

from .execute import grade_notebook
from .workplace import this_thread

__all__ = ["TrustedExecute"]

DEFAULTS = Limits()


class TrustedExecute(NbGraderPreprocessor):
    """Runs a submission and the tests in two sandboxed kernels, in place of nbgrader's Execute.

    Its settings stand in ``nbgrader_config.py`` as ``c.TrustedExecute.…``; ``derived-course grade``
    reads the same ones.
    """

    cell_seconds = Float(DEFAULTS.cell_seconds, help="seconds for one cell").tag(config=True)
    call_seconds = Float(DEFAULTS.call_seconds, help="seconds for one call of a test").tag(
        config=True
    )
    submission_seconds = Float(
        DEFAULTS.submission_seconds, help="seconds for a whole submission"
    ).tag(config=True)
    memory_mb = Integer(DEFAULTS.memory_mb, help="MiB of memory").tag(config=True)
    processes = Integer(DEFAULTS.processes, help="processes and threads").tag(config=True)
    file_mb = Integer(DEFAULTS.file_mb, help="MiB of one file").tag(config=True)
    output_characters = Integer(
        DEFAULTS.output_characters, help="characters of output kept of one cell"
    ).tag(config=True)
    unsafe = Bool(False, help="run without the sandbox; every page will say so").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Grade one notebook; nbgrader's next steps store what the tests gave."""
        about = resources["nbgrader"]
        converter = self.parent.parent
        course = Course.open(converter.coursedir.root)
        record = from_gradebook(course, about["assignment"], about["notebook"])
        outcome = grade_notebook(
            nb,
            record,
            limits=Limits(**{field.name: getattr(self, field.name) for field in fields(Limits)}),
            files=Path(resources["metadata"]["path"]),
            test_files=course.folder("source", ".", about["assignment"]),
            unsafe=self.unsafe,
            place=this_thread(),
        )
        for message in outcome.messages:
            self.log.warning("%s, %s: %s", about["student"], about["notebook"], message)
        return outcome.notebook, resources
