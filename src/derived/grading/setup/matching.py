"""Whose file is it? From the name of its folder, or from its own, to a student of the roster."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass

from .file_names import LmsName, archive_stem, fold, lms_name, plain_stem
from .roster import Student

__all__ = ["Owner", "Roster"]

_SEPARATORS = "_-. ,;()[]"


@dataclass(frozen=True)
class Owner:
    """Whom a name points to.

    student : the id; None if the name is a platform's and fits nobody, or more than one.
    reason : why it is None.
    file : the name that the student gave the file, where the platform put its own before it.
    order : submission and resubmission; larger is newer.
    """

    student: str | None
    reason: str = ""
    file: str = ""
    order: tuple[int, int] = (0, 0)


class Roster:
    """The students of the gradebook, found by id, e-mail address, LMS number or name."""

    def __init__(self, students: list[Student]) -> None:
        """Index the students."""
        self.students = students
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._numbers: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, set[str]] = defaultdict(set)
        self._named: set[str] = set()
        for student in students:
            self._add(student)

    def _add(self, student: Student) -> None:
        for text in (student.id, student.email):
            if text:
                self._exact[_key(text)].add(student.id)
        if student.lms_user_id:
            self._numbers[_key(student.lms_user_id)].add(student.id)
        if student.first_name and student.last_name:
            first, last = fold(student.first_name), fold(student.last_name)
            self._names[first + last].add(student.id)
            self._names[last + first].add(student.id)
        if student.name:
            self._named.add(student.id)

    def __contains__(self, student: str) -> bool:
        """Tell whether there is a student with exactly this id."""
        return any(known.id == student for known in self.students)

    def owner(self, text: str, notebooks: frozenset[str] = frozenset()) -> Owner | None:
        """Return whom the name of a folder or file points to; None if it says nothing.

        notebooks : the names of the assignment's notebooks, in small letters: they are no
            students, and a student's id may stand before or behind them.
        """
        return self.named(text) or self._part(_stem(text), notebooks)

    def named(self, text: str) -> Owner | None:
        """Return whom a name points to as a whole, or as a platform writes it."""
        if platform := lms_name(text):
            return self._of_platform(platform)
        return self._whole(text) or self._whole(_stem(text))

    def _of_platform(self, found: LmsName) -> Owner:
        by_name = self._names.get(fold(found.name), set())
        by_number = self._numbers.get(found.user, set())
        if found.kind == "Moodle":
            by_number = self._of_participant(by_name, by_number)
        for candidates in (by_number, by_name):
            if len(candidates) == 1:
                return Owner(next(iter(candidates)), file=found.file, order=found.order)
        who = f"{found.kind}'s {found.name!r} ({found.user})"
        some = sorted(by_number | by_name)
        reason = f"{who} may be {' or '.join(some)}" if some else f"{who} is not in the roster"
        return Owner(None, reason, found.file, found.order)

    def _of_participant(self, by_name: set[str], by_number: set[str]) -> set[str]:
        """Moodle's number is often one of this assignment only: it never overrules a name."""
        return by_number & by_name if by_name else by_number - self._named

    def _whole(self, text: str) -> Owner | None:
        for table, key in (
            (self._exact, _key(text)),
            (self._numbers, _key(text)),
            (self._names, fold(text)),
        ):
            if candidates := table.get(key):
                return self._only(text, candidates)
        return None

    @staticmethod
    def _only(text: str, candidates: set[str]) -> Owner:
        if len(candidates) == 1:
            return Owner(next(iter(candidates)))
        return Owner(None, f"{text!r} may be {' or '.join(sorted(candidates))}")

    def _part(self, stem: str, notebooks: frozenset[str]) -> Owner | None:
        """Look for ``<id>_<notebook>``, ``<notebook>_<id>`` and ``<id>_<anything>``."""
        key = plain_stem(stem)
        if key in notebooks:
            return None
        for notebook in sorted(notebooks, key=len, reverse=True):
            if notebook in key and (rest := key.replace(notebook, "", 1).strip(_SEPARATORS)):
                if found := self._whole(rest):
                    return found
        beginnings = [
            known
            for known in (*self._exact, *self._numbers)
            if key.startswith(known) and key[len(known)] in _SEPARATORS
        ]
        return self._whole(max(beginnings, key=len)) if beginnings else None


def _stem(name: str) -> str:
    return archive_stem(name) or re.sub(r"\.[A-Za-z]\w{0,9}$", "", name)


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()
