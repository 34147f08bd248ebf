"""Does in the tests' kernel what the examiner asks for, in one message each.

To run cells for every step instead would take several times the processor time.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

from .failure import describe
from .remote import Submission

__all__ = ["REPLY", "REQUEST", "Proctor"]

#: Types of the messages beside Jupyter's own.
REQUEST, REPLY = "derived_request", "derived_reply"

Reply = dict[str, Any]


class Proctor:
    """Runs the instructor's cells on one submission after the other.

    kernel : ipykernel's. The names that it has now are those that each notebook begins with.
    """

    def __init__(self, kernel: Any) -> None:
        """Remember the names."""
        self.kernel = kernel
        self.names: dict[str, Any] = kernel.shell.user_ns
        self.first = dict(self.names)
        self.submission: Submission | None = None
        # The same tests run for each submission: IPython reads a text once.
        reader = kernel.shell.input_transformer_manager
        reader.transform_cell = lru_cache(1000)(reader.transform_cell)

    def listen(self) -> None:
        """Take requests where the kernel listens for cells to run."""

        async def answer(stream: Any, sender: Any, message: dict[str, Any]) -> None:
            reply = await self.take(**message["content"])
            sys.stdout.flush()
            sys.stderr.flush()
            self.kernel.session.send(stream, REPLY, reply, message, ident=sender)

        self.kernel.shell_handlers[REQUEST] = answer

    async def take(self, operation: str, options: dict[str, Any]) -> Reply:
        """Do what is asked for; never raises."""
        try:
            reply: Reply = await getattr(self, f"on_{operation}")(**options)
        except BaseException as error:  # an interrupt, too
            return {"status": "error", "why": f"{type(error).__name__}: {error}"}
        return reply

    async def on_begin(self) -> Reply:
        """Forget the last submission, and all names that its tests defined."""
        self._let_go()
        # Much faster than %reset, which also collects garbage.
        for name in self.names.keys() - self.first.keys():
            del self.names[name]
        self.names.update(self.first)
        return {"status": "ok"}

    async def on_connect(self, connection: dict[str, Any], call_seconds: float) -> Reply:
        """Connect to a submission's kernel."""
        self._let_go()
        self.submission = Submission(connection, call_seconds)
        return {"status": "ok"}

    async def on_run(self, sources: list[str]) -> Reply:
        """Run cells, up to the first one that fails; its place is in the reply."""
        for place, source in enumerate(sources):
            if not await self._runs(source):
                return {"status": "error", "place": place}
        return {"status": "ok"}

    async def on_test(self, source: str, names: list[str], binding: dict[str, Any]) -> Reply:
        """Run a test on what the submission has under its names.

        binding : further options of ``Submission.bind``.
        """
        if self.submission is None:
            raise RuntimeError("no submission is connected")
        self.submission.bind(self.names, names, **binding)
        if await self._runs(source):
            return {"status": "ok"}
        return {"status": "error", "failure": describe()}

    async def _runs(self, source: str) -> bool:
        content = await self.kernel.do_execute(source, silent=False, store_history=False)
        return bool(content["status"] == "ok")

    def _let_go(self) -> None:
        # A connection that is only forgotten waits, when its memory is freed, for a kernel that
        # is no more.
        if self.submission is not None:
            self.submission.close()
            self.submission = None
