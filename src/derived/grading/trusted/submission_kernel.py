"""The kernel of one submission: runs its cells, and rises again when one of them ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from nbformat import NotebookNode

from derived.grading.names import names_read, names_stored

from .outputs import error_output
from .session import BY_ITSELF, Run, Session, Start

__all__ = ["EndedTooOften", "SubmissionKernel"]

LOCKED_SECONDS = 60.0  # for the instructor's own cells: to import torch can take long
MOST_RESTARTS = 10
PATIENCE = 2  # times that what ran when the kernel ended is tried again: it may not be to blame

MANY_PROCESSES = 8  # that a failed cell may leave behind
FULL, CROWDED = "it took all memory", "it left many processes behind"


class EndedTooOften(Exception):
    """The submission's kernel is not started again: it would end again."""


class SubmissionKernel:
    """Runs the cells of a submission one after the other.

    A cell that ends or hangs the kernel is skipped from then on; the kernel is started again and
    the other cells are replayed, so that the rest of the work still counts.

    start : how the kernel is started.
    cells : the notebook's.
    left : seconds that the whole submission still has.
    session : a kernel without names to begin with; by default one is started.
    """

    def __init__(
        self,
        start: Start,
        cells: Sequence[NotebookNode],
        left: Callable[[], float],
        session: Session | None = None,
    ) -> None:
        """Start the process; the first use waits for it."""
        self.start, self.cells, self.left = start, cells, left
        self.session: Session | None = session or Session(start)
        self._connected = False
        self._processes = 0
        self.generation = 0
        self.culprits: dict[int, str] = {}
        self.failed: list[int] = []
        self.patience = PATIENCE
        self._done: list[int] = []
        self._cell_seconds = start.limits.cell_seconds
        # The tests need time, and before them the answers: the student's own cells get the rest.
        now = time.monotonic()
        self._until = {True: now + 5 / 6 * left(), False: now + 2 / 3 * left()}

    def close(self) -> None:
        """End the kernel."""
        if self.session is not None:
            self.session.close()
            self.session = None

    def leave(self) -> Session | None:
        """Let go of a kernel that no cell hung or ended, and return it; end any other."""
        if self.generation > 1 or self.culprits:
            self.close()
        session, self.session = self.session, None
        return session

    def ready(self) -> Session:
        """Return the running session; start it again and replay the cells if it is no more.

        Raises EndedTooOften, or CourseError if this machine cannot start a kernel.
        """
        if self.session is not None and not self.session.is_alive():
            self.close()
        if self.session is None:
            self.session, self._connected = Session(self.start), False
        if not self._connected:
            # A restart that left a cell out was not in vain.
            if self.generation > MOST_RESTARTS + len(self.culprits):
                raise EndedTooOften(f"the submission ended its kernel {self.generation} times")
            self.session.connect()
            self._connected = True
            self._processes = self.session.processes()
            self.generation += 1
            self._replay()
        return self.ready() if self.session is None else self.session

    def _replay(self) -> None:
        done, self._done = self._done, []
        for number, place in enumerate(done):
            if self._run(place).status == "ended":
                self._done += done[number + 1 :]
                return

    def restart(self) -> None:
        """End the kernel; the next use starts a fresh one and replays the cells."""
        self.close()

    def run_cell(self, place: int) -> None:
        """Run the cell at a place, and store its outputs in it."""
        cell = self.cells[place]
        if time.monotonic() > self._until["nbgrader" in cell.metadata]:
            cell.outputs = [
                error_output("NotRun", "the time for the cells of the notebook is over")
            ]
            return
        try:
            self.ready()
        except EndedTooOften as error:
            cell.outputs = [error_output("NotRun", str(error))]
            return
        run = self._run(place)
        cell.outputs = run.outputs
        if run.status == "ended" and run.why == BY_ITSELF and self.patience > 0:
            self.patience -= 1
            del self.culprits[place]
            self.run_cell(place)
            return
        if run.status == "ended":
            cell.outputs.append(error_output("KernelEnded", run.why))
        if run.status == "error" and place not in self.culprits:
            self.failed.append(place)

    def run_failed_again(self) -> None:
        """Run the cells that raised once more: what they needed may have been defined below."""
        failed, self.failed = self.failed, []
        for place in failed:
            before = self.cells[place].outputs
            self.run_cell(place)
            if place in self.failed or place in self.culprits:
                self.cells[place].outputs = before

    def _run(self, place: int) -> Run:
        assert self.session is not None
        locked = self.cells[place].metadata.get("nbgrader", {}).get("locked", False)
        patience = max(self._cell_seconds, LOCKED_SECONDS) if locked else self._cell_seconds
        seconds = max(1.0, min(patience, self.left()))
        run = self.session.run(self.cells[place].source, seconds=seconds)
        if run.status == "timeout":
            # Whoever loops once may loop again: the time that is left belongs to the tests.
            least = self.start.limits.cell_seconds / 6
            self._cell_seconds = max(self._cell_seconds / 2, least)
        why = self._why_left_out(place, run)
        if why:
            self.culprits[place] = why
        else:
            self._done.append(place)
        if run.status == "ended" or why in {FULL, CROWDED}:
            self.close()
        return run

    def _why_left_out(self, place: int, run: Run) -> str:
        """Say why a cell that ran is not to run again; empty if it may."""
        if run.status == "ended":
            return run.why
        # The cells behind it would miss the memory, and the time that its processes take.
        crowd = self._processes + MANY_PROCESSES
        if run.status != "ok" and self.session and self.session.processes() > crowd:
            return CROWDED
        if run.status == "timeout":
            return "it took too long"
        return FULL if _out_of_memory(run) and not self._is_needed(place) else ""

    def _is_needed(self, place: int) -> bool:
        """Whether another cell reads a name that this one defines."""
        stored = names_stored(self.cells[place].source)
        others = (cell for number, cell in enumerate(self.cells) if number != place)
        return any(stored & names_read(cell.source) for cell in others if cell.cell_type == "code")


def _out_of_memory(run: Run) -> bool:
    return any(output.get("ename") == "MemoryError" for output in run.outputs)
