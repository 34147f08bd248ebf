"""Sort the files of a source by student."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from .file_names import shown
from .matching import Owner, Roster
from .sources import HandedFile, Refusal

__all__ = ["Assigned", "Assigning"]

_WRAPPERS = {"submitted", "submissions", "abgaben"}


@dataclass(frozen=True)
class Assigned:
    """The owner of a file, and the file's place among what the owner handed in.

    owner : see :class:`Owner`; its student may be None.
    path : folders and name.
    in_layout : whether it lay in nbgrader's own folders, ``<student>/<assignment>/``, where
        ``timestamp.txt`` is not the student's.
    """

    owner: Owner
    path: tuple[str, ...]
    in_layout: bool = False


class Assigning:
    """Knows the assignment, and finds the owner of each path of a source.

    Only the first folder (or the name of a file without one) decides: a student can name what is
    below it after somebody else.
    """

    def __init__(
        self, roster: Roster, assignment: str, others: Iterable[str], notebooks: Iterable[str]
    ) -> None:
        """Take the roster, the assignment, the course's assignments, and this one's notebooks."""
        self.roster = roster
        self.assignment = assignment
        self.others = {name for name in others if name != assignment}
        self.notebooks = frozenset(name.casefold() for name in notebooks)

    def wrappers(self, found: list[HandedFile | Refusal]) -> int:
        """Return how many outer folders hold everything and belong to nobody.

        A folder of somebody unknown may hold one of another's name: a folder whose name says
        nothing counts only if there are at least two students in it.
        """
        paths = [entry.parts for entry in found]
        levels = zip(*(path[:-1] for path in paths), strict=False)
        outer = [
            names[0] for names in itertools.takewhile(lambda names: len(set(names)) == 1, levels)
        ]
        known = list(itertools.takewhile(self._is_wrapper, outer))
        if any(self._owner(name) for name in outer):
            return len(list(itertools.takewhile(lambda name: not self._owner(name), known)))
        owners = {self._owner(name) for name in {path[len(outer)] for path in paths}}
        students = {owner.student for owner in owners if owner and owner.student}
        return len(outer) if len(students) > 1 else len(known)

    def _is_wrapper(self, name: str) -> bool:
        return name.casefold() in _WRAPPERS | {self.assignment.casefold()}

    def _owner(self, name: str) -> Owner | None:
        return self.roster.owner(name, self.notebooks)

    def of(self, entry: HandedFile | Refusal, wrappers: int) -> Assigned | None:
        """Return whose an entry is; None if it belongs to another assignment."""
        parts = entry.parts[wrappers:]
        if owner := self.roster.named(entry.source.name):  # one student's own folder or archive
            alone = entry.parts == (entry.source.name,)
            return self._below(entry, owner, (owner.file or parts[0],) if alone else parts)
        while len(parts) > 1 and self._is_wrapper(parts[0]) and not self._owner(parts[0]):
            parts = parts[1:]
        if owner := self._owner(parts[0]):
            return self._below(entry, owner, parts[1:] or ((owner.file or parts[0]),))
        if owner := self._owner(entry.source.name):
            return self._below(entry, owner, parts)
        return Assigned(
            Owner(None, f"no student of the roster is named in {shown(parts[0])!r}"), parts
        )

    def _below(
        self, entry: HandedFile | Refusal, owner: Owner, path: tuple[str, ...]
    ) -> Assigned | None:
        if len(path) > 1 and path[0] in self.others:
            return None
        if len(path) == 1 or path[0] != self.assignment:
            return Assigned(owner, path)
        outside = isinstance(entry, HandedFile) and entry.in_archive is None
        return Assigned(owner, path[1:], in_layout=outside)
