"""The kernel that runs the tests, and nothing of any student's.

It stays alive from one submission to the next, with its names cleared in between: starting a
kernel and importing torch again would take longer than most submissions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from derived.grading.errors import CourseError
from derived.grading.names import names_read, names_stored
from derived.grading.records import CellRecord, NotebookRecord

from .session import Run, Session, Start

__all__ = ["Examination", "Examiner", "Failure"]

MAY_BE_EMPTY = re.compile(r"^\s*### ALLOWS EMPTY\b", re.MULTILINE)
MAY_CHANGE = re.compile(r"^\s*### ALLOWS CHANGES:(.*)$", re.MULTILINE)

LOCKED_SECONDS = 120.0  # for one cell of the instructor's own

# Names that a test's text cannot contain by accident, in the tests' own kernel.
PRELUDE = """
import json as __json, sys as __sys
from derived.grading.trusted.failure import describe as __describe
from derived.grading.trusted.remote import Submission as __Submission
__submission = None
"""

# Much faster than %reset, which also collects garbage.
FORGET = """
for __name in [name for name in globals() if name[0] != "_"]:
    if __name not in {"In", "Out", "get_ipython", "exit", "quit", "open"}:
        del globals()[__name]
"""

# A connection that is only forgotten waits, when its memory is freed, for a kernel that is no more.
LET_GO = """
try:
    __submission.close()
except Exception:
    pass
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
        return self.session

    def begin(self, record: NotebookRecord, *, again: bool = False) -> None:
        """Forget everything, and stand before the first cell of a notebook.

        again : of the notebook that was here last; its names go, and nothing else has to.
        """
        self._record, self._next, self._locked_names = record, 0, set()
        clear = FORGET if again else "%reset -f\n"
        run = self._ready().run(f"{LET_GO}{clear}{PRELUDE}", seconds=20, history=False)
        if run.status != "ok":  # something of an earlier submission may hold it up
            self.close()
            run = self._ready().run(PRELUDE, seconds=60, history=False)
        if run.status != "ok":
            self.close()
            raise CourseError(f"the tests' kernel cannot be prepared: {_words(run)}")

    def connect(self, connection: dict[str, Any], call_seconds: float) -> bool:
        """Connect to a submission's kernel; False if that one cannot be reached."""
        text = json.dumps([connection, call_seconds])
        source = f"{LET_GO}__submission = __Submission(*__json.loads({text!r}))"
        return self._ready().run(source, seconds=45, history=False).status == "ok"

    def run_locked_before(self, name: str) -> None:
        """Run the instructor's locked cells that stand before a cell and were not run yet.

        Raises CourseError if one of them fails: no student can help that.
        """
        assert self._record is not None
        names = [cell.name for cell in self._record.cells]
        end = names.index(name)
        for cell in self._record.cells[self._next : end]:
            if cell.locked and not cell.grade and cell.cell_type == "code":
                run = self._ready().run(cell.source, seconds=LOCKED_SECONDS)
                if run.status != "ok":
                    self.close()
                    raise CourseError(
                        f"the instructor's locked cell {cell.name} does not run in the tests' "
                        f"kernel: {_words(run)}"
                    )
                self._locked_names |= names_stored(cell.source)
        self._next = max(self._next, end)

    def test(self, cell: CellRecord, source: str, seconds: float) -> Examination:
        """Run a test cell, or a part of it, on the connected submission."""
        session = self._ready()
        if not self._bind(session, cell, source):
            self.close()
            return Examination([], Failure(None, "Error", "its names cannot be read", "not plain"))
        run = session.run(source, seconds=seconds)
        # A warning is not a failure, though nbgrader takes everything on stderr for one.
        outputs = [o for o in run.outputs if o.get("name") != "stderr"]
        if run.status == "ok":
            return Examination(outputs, None)
        if run.status == "error":
            return Examination(outputs, self._describe(session))
        self.close()
        text = "the test took too long" if run.status == "timeout" else run.why
        return Examination(outputs, Failure(None, "Timeout", text, kind="hung"))

    def _bind(self, session: Session, cell: CellRecord, source: str) -> bool:
        """Give the test's names what the submission has under them; False if that fails."""
        assert self._record is not None
        trusted = self._locked_names | names_stored(cell.source)
        wanted = names_read(source) & set(self._record.answer_names) - trusted
        may_change = {
            name for text in MAY_CHANGE.findall(cell.source) for name in re.findall(r"\w+", text)
        }
        text = json.dumps([sorted(wanted), sorted(self._locked_names), sorted(may_change)])
        source = (
            f"__names, __functions, __change = __json.loads({text!r})\n"
            "__submission.bind(globals(), __names, functions=__functions, may_change=__change, "
            f"allows_empty={MAY_BE_EMPTY.search(cell.source) is not None})"
        )
        return session.run(source, seconds=60 + len(wanted), history=False).status == "ok"

    def _describe(self, session: Session) -> Failure:
        run: Run = session.run("print(__json.dumps(__describe()))", seconds=10, history=False)
        try:
            return Failure(**json.loads("".join(o["text"] for o in run.outputs)))
        except (ValueError, KeyError, TypeError):
            return Failure(None, "Error", "the test failed")


def _words(run: Run) -> str:
    """Return in one line why an instructor's cell did not run."""
    errors = [f"{o.ename}: {o.evalue}" for o in run.outputs if o.output_type == "error"]
    return " ".join((errors or [run.why or run.status])[-1].split())[:300]
