"""The kernel that runs the tests, and nothing of any student's.

It stays alive from one submission to the next, with its names cleared in between: starting a
kernel and importing torch again would take longer than most submissions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from derived.grading.errors import CourseError
from derived.grading.names import names_read, names_stored
from derived.grading.records import CellRecord, NotebookRecord

from .proctor import REQUEST
from .session import Run, Session, Start

__all__ = ["Examination", "Examiner", "Failure"]

MAY_BE_EMPTY = re.compile(r"^\s*### ALLOWS EMPTY\b", re.MULTILINE)
MAY_CHANGE = re.compile(r"^\s*### ALLOWS CHANGES:(.*)$", re.MULTILINE)

LOCKED_SECONDS = 120.0  # for one cell of the instructor's own

START = """
from derived.grading.trusted.proctor import Proctor as __Proctor
__Proctor(get_ipython().kernel).listen()
del __Proctor
"""


@dataclass(frozen=True)
class Failure:
    """Why a test cell failed.

    line : of the cell, from 1; None if it is not known.
    ename, evalue : of the exception, as the tests' kernel saw it.
    kind : of a SubmissionError ("raised", "hung", "stuck", "ended", "changed", "not plain"),
        else "".
    raised : name of the builtin exception that the student's code raised, else "".
    """

    line: int | None
    ename: str
    evalue: str
    kind: str = ""
    raised: str = ""


@dataclass(frozen=True)
class Examination:
    """What a test cell gave: its outputs, and why it failed, if it did."""

    outputs: list[NotebookNode]
    failure: Failure | None


class Examiner:
    """Runs the instructor's cells.

    start : how the kernel is started; its sandbox can connect to the submissions' kernels.
    """

    def __init__(self, start: Start) -> None:
        """Start the process; the first use waits for it."""
        self.start = start
        self.session: Session | None = Session(start)
        self._connected = False
        self._record: NotebookRecord | None = None
        self._next = 0
        self._locked_names: set[str] = set()

    def close(self) -> None:
        """End the kernel."""
        if self.session is not None:
            self.session.close()
            self.session = None

    def is_alive(self) -> bool:
        """Whether the kernel runs, with all that it was told."""
        return self.session is not None and self.session.is_alive()

    def _ready(self) -> Session:
        if self.session is None or not self.session.is_alive():
            self.close()
            self.session, self._connected = Session(self.start), False
        if not self._connected:
            self.session.connect()
            self._connected = True
            run = self.session.run(START, seconds=60, history=False)
            if run.status != "ok":
                self.close()
                raise CourseError(f"the tests' kernel cannot be prepared: {_words(run)}")
        return self.session

    def _ask(self, operation: str, seconds: float, **options: Any) -> Run:
        content = {"operation": operation, "options": options}
        return self._ready().request(REQUEST, content, seconds=seconds)

    def begin(self, record: NotebookRecord) -> None:
        """Forget all names, and stand before the first cell of a notebook."""
        self._record, self._next, self._locked_names = record, 0, set()
        if self._ask("begin", 20).status != "ok":  # something of an earlier submission holds it up
            self.close()
            run = self._ask("begin", 60)
            if run.status != "ok":
                self.close()
                raise CourseError(f"the tests' kernel cannot be prepared: {_words(run)}")

    def connect(self, connection: dict[str, Any], call_seconds: float) -> bool:
        """Connect to a submission's kernel; False if that one cannot be reached."""
        run = self._ask("connect", 45, connection=connection, call_seconds=call_seconds)
        return run.status == "ok"

    def run_locked_before(self, name: str) -> None:
        """Run the instructor's locked cells that stand before a cell and were not run yet.

        Raises CourseError if one of them fails: no student can help that.
        """
        assert self._record is not None
        names = [cell.name for cell in self._record.cells]
        start, self._next = self._next, max(self._next, names.index(name))
        cells = [
            cell
            for cell in self._record.cells[start : self._next]
            if cell.locked and not cell.grade and cell.cell_type == "code"
        ]
        if not cells:
            return
        sources = [cell.source for cell in cells]
        run = self._ask("run", LOCKED_SECONDS * len(cells), sources=sources)
        if run.status != "ok":
            self.close()
            failed = cells[run.reply.get("place", 0)].name
            raise CourseError(
                f"the instructor's locked cell {failed} does not run in the tests' kernel: "
                f"{_words(run)}"
            )
        self._locked_names |= {name for source in sources for name in names_stored(source)}

    def test(self, cell: CellRecord, source: str, seconds: float) -> Examination:
        """Run a test cell, or a part of it, on the connected submission."""
        assert self._record is not None
        trusted = self._locked_names | names_stored(cell.source)
        wanted = names_read(source) & set(self._record.answer_names) - trusted
        may_change = {
            name for text in MAY_CHANGE.findall(cell.source) for name in re.findall(r"\w+", text)
        }
        binding = {
            "functions": sorted(self._locked_names),
            "may_change": sorted(may_change),
            "allows_empty": MAY_BE_EMPTY.search(cell.source) is not None,
        }
        run = self._ask("test", seconds, source=source, names=sorted(wanted), binding=binding)
        # A warning is not a failure, though nbgrader takes everything on stderr for one.
        outputs = [o for o in run.outputs if o.get("name") != "stderr"]
        if run.status == "ok":
            return Examination(outputs, None)
        if run.status == "error" and "failure" in run.reply:
            return Examination(outputs, Failure(**run.reply["failure"]))
        self.close()
        if run.status == "error":
            return Examination([], Failure(None, "Error", "its names cannot be read", "not plain"))
        text = "the test took too long" if run.status == "timeout" else run.why
        return Examination(outputs, Failure(None, "Timeout", text, kind="hung"))


def _words(run: Run) -> str:
    """Return in one line why an instructor's cell did not run."""
    errors = [f"{o.ename}: {o.evalue}" for o in run.outputs if o.output_type == "error"]
    errors = errors or [str(run.reply.get("why") or run.why or run.status)]
    return " ".join(errors[-1].split())[:300]
