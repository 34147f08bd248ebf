"""Take in what students handed in: folders, downloads of an LMS, single notebooks."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..course import Course
from ..errors import CourseError
from .assigning import Assigning
from .bounds import Bounds
from .choosing import Candidate, Choice, choose, expected_ids, grade_ids
from .file_names import shown
from .filing import TIMESTAMP, Filing, read_timestamp
from .matching import Roster
from .roster import known_students
from .sources import HandedFile, Refusal, Staging
from .student_ids import id_problem

__all__ = ["CollectReport", "collect"]


@dataclass
class CollectReport:
    """What came of a collection; all ids and names sorted.

    collected : students whose submission was filed, now or again.
    unchanged : students whose submission is already there as it is.
    refused : (student or name, file, reason) of each file that was not taken.
    unmatched : (name, reason) of what could not be given to a student; it lies in ``aside``.
    missing : students of the roster who have no submission.
    notes : (student, sentence) of what was decided, such as a notebook with another name.
    aside : where the unmatched files are.
    """

    collected: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    aside: Path = Path()


def collect(
    course: Course,
    assignment: str,
    sources: Sequence[Path | str],
    *,
    student: str | None = None,
    at: datetime | None = None,
    bounds: Bounds | None = None,
) -> CollectReport:
    """File submissions as ``submitted/<student>/<assignment>/<notebook>.ipynb``.

    Nothing of a submission is run. A file that could do harm is refused with a reason, and the
    others go on. A submission that is there already is replaced by a different one that is not
    older; the old one stays in ``.derived/replaced``.

    Parameters
    ----------
    course, assignment : what the submissions are for.
    sources : folders, archives of Canvas or Moodle or any other, and notebooks.
    student : the id of the student whose these are; by default the names of the files tell.
    at : when they were handed in; by default the dates of the files tell. A time without a zone is
        local.
    bounds : sizes and numbers that are accepted.

    Raises
    ------
    CourseError : if there is no such assignment, student or source, or no roster.
    """
    expected = expected_ids(course.source_notebooks(assignment))
    roster = Roster(known_students(course))
    if not roster.students:
        raise CourseError(
            "the roster is empty, so nothing can be given to a student: read it first with: "
            "derived-course roster FILE"
        )
    if student is not None and student not in roster:
        raise CourseError(f"there is no student {student!r} in the roster")
    report = CollectReport(aside=course.state / "unmatched" / assignment)
    assigning = Assigning(roster, assignment, course.assignments(), expected)
    with _staging(course, bounds or Bounds()) as staging:
        for source in sources:
            staging.read(Path(source))
        collection = _Collection(report, assigning, student)
        collection.sort(staging)
        filing = Filing(course, assignment, forced=student is not None or at is not None)
        for owner, candidates in sorted(collection.candidates.items()):
            when = at.astimezone(UTC) if at else collection.stated.get(owner)
            _file(filing, owner, candidates, expected, when, report)
    report.missing = _missing(course, assignment, roster)
    for found in (report.collected, report.unchanged, report.refused, report.unmatched):
        found.sort()
    return report


@contextmanager
def _staging(course: Course, bounds: Bounds) -> Iterator[Staging]:
    """Give a folder in the course, on its disk, that is emptied before and after."""
    folder = course.state / "collecting"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield Staging(folder, bounds)
    except OSError as error:
        raise CourseError(
            f"collecting stopped ({error.strerror}: {error.filename}): make room on the disk and "
            "collect again"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Collection:
    """What was handed in, by student."""

    def __init__(self, report: CollectReport, assigning: Assigning, student: str | None) -> None:
        self.report = report
        self.assigning = assigning
        self.student = student
        self.candidates: dict[str, list[Candidate]] = defaultdict(list)
        self.stated: dict[str, datetime] = {}
        self._unmatched: dict[str, str] = {}

    def sort(self, staging: Staging) -> None:
        """Give every file, and every refusal, to its student or put it aside."""
        by_source: dict[Path, list[HandedFile | Refusal]] = defaultdict(list)
        everything: list[HandedFile | Refusal] = [*staging.files, *staging.refused]
        for entry in everything:
            by_source[entry.source].append(entry)
        for entries in by_source.values():
            wrappers = self.assigning.wrappers(entries)
            for entry in entries:
                self._sort_one(entry, wrappers)
        self.report.unmatched += self._unmatched.items()

    def _sort_one(self, entry: HandedFile | Refusal, wrappers: int) -> None:
        found = self.assigning.of(entry, wrappers)
        if found is None:
            return  # of another assignment
        student = self.student or found.owner.student
        if isinstance(entry, Refusal):
            who = student or shown(entry.parts[min(wrappers, len(entry.parts) - 1)])
            self.report.refused.append((who, shown("/".join(entry.parts)), entry.reason))
        elif student is None:
            self._put_aside(entry, wrappers, found.owner.reason)
        elif problem := id_problem(student):
            self._put_aside(entry, wrappers, f"{problem}: change it in the gradebook")
        elif found.in_layout and found.path == (TIMESTAMP,):
            if stated := read_timestamp(entry.staged):
                self.stated[student] = max(stated, self.stated.get(student, stated))
        else:
            self.candidates[student].append(Candidate(entry, found.path, found.owner.order))

    def _put_aside(self, file: HandedFile, wrappers: int, reason: str) -> None:
        place = _free(self.report.aside.joinpath(*file.parts), file.staged)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.staged, place)
        self._unmatched[shown(file.parts[wrappers])] = reason


def _free(path: Path, content: Path) -> Path:
    """Return a path that does not exist, or that holds the same content already."""
    number, place = 1, path
    while place.exists() and not (place.is_file() and place.read_bytes() == content.read_bytes()):
        number += 1
        place = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return place


def _file(
    filing: Filing,
    student: str,
    candidates: list[Candidate],
    expected: dict[str, set[str]],
    when: datetime | None,
    report: CollectReport,
) -> None:
    choice = choose(candidates, expected)
    if not choice.notebooks:
        report.refused.append((student, _names(candidates), _no_notebook(candidates, expected)))
        return
    arrived = when or max(c.file.arrived for c in choice.notebooks.values())
    outcome, notes = filing.file(student, choice, arrived)
    (report.collected if outcome == "collected" else report.unchanged).append(student)
    if outcome == "collected":
        notes = [*choice.notes, *_unreadable(choice), *notes]
    report.notes += [(student, note) for note in notes]


def _names(candidates: list[Candidate]) -> str:
    names = [shown("/".join(candidate.path)) for candidate in candidates]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _no_notebook(candidates: list[Candidate], expected: dict[str, set[str]]) -> str:
    packed = [c.path[-1] for c in candidates if c.path[-1].casefold().endswith((".rar", ".7z"))]
    if packed:
        return "this kind of archive cannot be opened here: ask for a .zip"
    if any(candidate.is_notebook for candidate in candidates):
        return f"none of the notebooks is {' or '.join(expected)}.ipynb"
    return "there is no notebook in what was handed in"


def _unreadable(choice: Choice) -> list[str]:
    return [
        f"{shown('/'.join(candidate.path))} is filed, but it cannot be read as a notebook"
        for candidate in choice.notebooks.values()
        if grade_ids(candidate.file.staged) is None
    ]


def _missing(course: Course, assignment: str, roster: Roster) -> list[str]:
    return sorted(
        student.id
        for student in roster.students
        if not any(course.folder("submitted", student.id, assignment).glob("*.ipynb"))
    )
