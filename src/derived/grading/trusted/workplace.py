"""Where a worker grades: its scratch folder, and the kernels that it keeps."""

from __future__ import annotations

import atexit
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from derived.grading.sandbox import folders
from derived.grading.sandbox.limits import Limits

from .examiner import Examiner
from .session import Session, Start

__all__ = ["Workplace", "this_thread"]

_of_thread = threading.local()

LIFE = 24 * 3600.0  # seconds that the tests' kernel may live, over many submissions
RENEWED_AFTER = 100  # submissions, so that nothing can pile up in it
SHARED_BY = 20  # times the life of a submission's kernel has one that attempts share

#: Takes the names of an attempt out of its kernel. The modules that it imported stay, and ``reset``
#: does not look for garbage among all that they made.
CLEAR = """__import__("gc").freeze()
get_ipython().reset()
__import__("gc").unfreeze()"""


@dataclass(frozen=True)
class _Kind:
    limits: Limits
    files: Path | None
    unsafe: bool


class Workplace:
    """One worker's place; use it in a ``with`` block, or call ``close``.

    folder : open to this user only; ``kernels`` in it holds the sockets of submissions' kernels.
    """

    def __init__(self) -> None:
        """Make the folder."""
        self.kernels = folders.make_scratch()
        self.folder = self.kernels.parent
        self._tests: Examiner | None = None
        self._kind: _Kind | None = None
        self._uses = 0
        self._shared: Session | None = None

    def __enter__(self) -> Workplace:
        """Return the place."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End the kernels and remove the folder."""
        self.forget_examiner()
        self.keep(None)
        folders.remove(self.folder)

    def forget_examiner(self) -> None:
        """End the tests' kernel; the next submission gets a new one."""
        if self._tests is not None:
            self._tests.close()
            self._tests = None

    def start_of_submission(self, limits: Limits, files: Path | None, unsafe: bool) -> Start:
        """Return how the kernel of a submission starts here."""
        return Start(limits, files, self.kernels, unsafe=unsafe)

    def start_of_shared(self, limits: Limits, files: Path | None, unsafe: bool) -> Start:
        """Return how a kernel starts in which one attempt is graded after another."""
        longer = replace(limits, submission_seconds=SHARED_BY * limits.submission_seconds)
        return self.start_of_submission(longer, files, unsafe)

    def shared(self, start: Start) -> Session | None:
        """Return the kernel that an earlier attempt left, without its names, if there is one."""
        session, self._shared = self._shared, None
        if session is None:
            return None
        if session.start == start and session.run(CLEAR, seconds=20, history=False).status == "ok":
            return session
        session.close()
        return None

    def keep(self, session: Session | None) -> None:
        """Keep a kernel for the next attempt; what was kept before ends."""
        if self._shared is not None:
            self._shared.close()
        self._shared = session

    def examiner(self, limits: Limits, files: Path | None, unsafe: bool) -> Examiner:
        """Return the tests' kernel: the one at hand if it is of the same kind, else a new one."""
        kind = _Kind(limits, files, unsafe)
        if self._tests is not None and (kind != self._kind or self._uses >= RENEWED_AFTER):
            self.forget_examiner()
        if self._tests is None:
            longer = replace(limits, submission_seconds=LIFE)
            start = Start(longer, files, self.folder, visible=(self.kernels,), unsafe=unsafe)
            self._tests, self._kind, self._uses = Examiner(start), kind, 0
        self._uses += 1
        return self._tests


def this_thread() -> Workplace:
    """Return the workplace of this thread, closed when the process ends."""
    if not hasattr(_of_thread, "place"):
        _of_thread.place = Workplace()
        atexit.register(_of_thread.place.close)
    place: Workplace = _of_thread.place
    return place
