"""Bring a submission's cells back to what the instructor released.

Nothing in a submission decides about points, flags or tests: metadata comes from the record, a
locked cell gets its text back, a missing one comes back at its place, and of several cells with
one id one keeps it. What the students wrote stays, wherever they wrote it; only an edited test is
replaced by the instructor's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from .course import Course
from .errors import CourseError
from .match_cells import match_answers, match_locked
from .records import CellRecord, NotebookRecord, from_gradebook

__all__ = ["RestoreSubmission", "read_submission", "restore"]

CELL_TYPES = ("code", "markdown", "raw")
MOST_CELLS = 2000
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def read_submission(text: str) -> NotebookNode:
    """Read a submitted notebook; what it holds may be anything.

    Only cells with their type, their text, pictures pasted into it, and the ids of nbgrader are
    taken over.

    Raises
    ------
    CourseError : with one line that says why it is no notebook of format 4.
    """
    text = text.removeprefix("\ufeff")  # some editors put this mark in front
    if not text.strip():
        raise CourseError("the file is empty")
    try:
        data = nbformat.reader.parse_json(text)
    except (ValueError, RecursionError) as error:
        reason = re.sub(r"\s+", " ", str(error))[:100]
        raise CourseError(f"the file is not a notebook (no valid JSON: {reason})") from None
    if not isinstance(data, dict) or "nbformat" not in data:
        raise CourseError("the file is not a notebook (it has no nbformat)")
    if data["nbformat"] != 4:
        form = data["nbformat"]
        shown = repr(form)[:20] if isinstance(form, int | float | str) else "of no known kind"
        raise CourseError(
            f"notebook format {shown} instead of 4: "
            "open it in JupyterLab, save it, and hand it in again"
        )
    cells = data.get("cells")
    if not isinstance(cells, list) or len(cells) > MOST_CELLS:
        raise CourseError(f"the notebook has no list of at most {MOST_CELLS} cells")
    notebook = nbformat.v4.new_notebook(metadata={})
    notebook.cells = [_read_cell(cell) for cell in cells if isinstance(cell, dict)]
    return notebook


def _text(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return ""
    # A lone surrogate is valid JSON, but can be written to no file.
    return source.encode("utf8", "replace").decode("utf8")


def _cell(kind: str, source: str, **more: Any) -> NotebookNode:
    cell: NotebookNode = getattr(nbformat.v4, f"new_{kind}_cell")(source, **more)
    return cell


def _read_cell(data: dict[str, Any]) -> NotebookNode:
    given = data.get("cell_type")
    kind = next((known for known in CELL_TYPES if known == given), "raw")
    cell = _cell(kind, _text(data.get("source")))
    if kind == "markdown" and (pictures := _pictures(data.get("attachments"))):
        cell["attachments"] = pictures
    metadata = data.get("metadata")
    known = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = known.get("grade_id") if isinstance(known, dict) else None
    if isinstance(grade_id, str):
        cell.metadata["nbgrader"] = NotebookNode(grade_id=grade_id)
    return cell


def _pictures(attachments: Any) -> NotebookNode:
    """Return the pictures pasted into a cell: a derivation may be a photo of a sheet of paper."""
    found = NotebookNode()
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        kept = {
            kind: "".join(content.split())
            for kind, content in (bundle.items() if isinstance(bundle, dict) else ())
            if kind in PICTURES and isinstance(content, str)
        }
        kept = {kind: content for kind, content in kept.items() if BASE64.fullmatch(content)}
        if kept:
            found[_text(name)] = NotebookNode(kept)
    return found


def _grade_id(cell: NotebookNode) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _chosen(record: CellRecord, places: Sequence[int], cells: Sequence[NotebookNode]) -> int:
    """Return which of several cells with one id keeps it: the last one that was worked on."""
    if record.solution:
        worked = [i for i in places if cells[i].source.strip() != record.source.strip()]
        return (worked or list(places))[-1]
    same = [i for i in places if cells[i].source.strip() == record.released.strip()]
    return (same or list(places))[0]


def _by_id(
    cells: Sequence[NotebookNode], record: NotebookRecord, messages: list[str]
) -> dict[str, int]:
    """Return the place of each of the record's cells whose id is in a submission."""
    found: dict[str, int] = {}
    for known in record.cells:
        places = [i for i, cell in enumerate(cells) if _grade_id(cell) == known.name]
        if len(places) > 1:
            messages.append(f"{len(places)} cells have the id {known.name}: one keeps it")
        if places:
            found[known.name] = _chosen(known, places, cells)
    return found


def _split_edited(
    cells: Sequence[NotebookNode],
    places: dict[str, int],
    record: NotebookRecord,
    messages: list[str],
) -> tuple[list[NotebookNode], dict[str, int]]:
    """Put behind each locked cell that was edited what the student made of it.

    An import that was added to the set-up cell, or an answer written below its question, is part
    of an honest answer. An edited test is not kept.
    """
    known_at = {places[known.name]: known for known in record.cells if known.name in places}
    result: list[NotebookNode] = []
    moved: dict[str, int] = {}
    for place, cell in enumerate(cells):
        known = known_at.get(place)
        if known is not None:
            moved[known.name] = len(result)
        result.append(cell)
        if known is None or not known.locked or _is_untouched(cell, known):
            continue
        messages.append(f"the locked cell {known.name} was edited: the original was put back")
        if not known.is_test and cell.source.strip():
            result.append(_own(cell, fresh_id=True))
    return result, moved


def _is_untouched(cell: NotebookNode, known: CellRecord) -> bool:
    return cell.source.strip() in {known.source.strip(), known.released.strip()}


def _own(cell: NotebookNode, *, fresh_id: bool = False) -> NotebookNode:
    """Return a student's cell as one that nbgrader does not know, without outputs."""
    more = {key: cell[key] for key in ("id", "attachments") if key in cell}
    if fresh_id:
        more.pop("id", None)
    return _cell(cell.cell_type, cell.source, **more)


def _labelled(cell: NotebookNode, known: CellRecord) -> NotebookNode:
    """Return a cell with the record's type, metadata and, if it is locked, text."""
    kind = "code" if known.cell_type == "code" else "markdown"
    more = {key: cell[key] for key in ("id", "attachments") if key in cell}
    if kind == "code":
        more.pop("attachments", None)
    source = known.source if known.locked else cell.source
    metadata = NotebookNode(nbgrader=NotebookNode(known.metadata()))
    return _cell(kind, source, metadata=metadata, **more)


def _is_needed(record: CellRecord) -> bool:
    """Whether a missing cell comes back: a stub could hide an answer written elsewhere."""
    return record.locked or record.grade or record.task


def _recognized(
    cells: Sequence[NotebookNode], record: NotebookRecord, messages: list[str]
) -> tuple[list[NotebookNode], dict[str, int]]:
    """Return the cells, what students made of locked ones among them, and which is which."""
    places = _by_id(cells, record, messages)
    lost = [known for known in record.cells if known.name not in places]
    free = [place for place in range(len(cells)) if place not in places.values()]
    matched = match_locked([known for known in lost if not known.solution], cells, free)
    kept, places = _split_edited(cells, places | matched, record, messages)
    answers = match_answers([known for known in lost if known.solution], record, kept, places)
    if names := [known.name for known in lost if known.name in matched | answers]:
        messages.append(f"recognized by their text, without their ids: {', '.join(names)}")
    return kept, places | answers


def restore(submission: NotebookNode, record: NotebookRecord) -> tuple[NotebookNode, list[str]]:
    """Return a submission with the record's cells, and what had to be done, one line each.

    What stands in the result is new: the submission is not changed.

    Raises
    ------
    CourseError : if no answer cell of the assignment can be recognized in it.
    """
    messages: list[str] = []
    cells, places = _recognized(submission.cells, record, messages)
    answers = {known.name for known in record.cells if known.solution}
    if answers and not answers & set(places):
        raise CourseError("no answer cell of this assignment is in the notebook")
    known_at = {places[known.name]: known for known in record.cells if known.name in places}
    restored = [
        _labelled(cell, known_at[place]) if place in known_at else _own(cell)
        for place, cell in enumerate(cells)
    ]
    _add_missing(restored, places, record, messages)
    notebook = nbformat.v4.new_notebook(cells=restored)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "file_extension": ".py"},
        }
    )
    return notebook, messages


def _add_missing(
    cells: list[NotebookNode],
    places: dict[str, int],
    record: NotebookRecord,
    messages: list[str],
) -> None:
    """Put back what was deleted, each behind the cell that the instructor has before it."""
    position = dict(places)
    before = -1
    for known in record.cells:
        if known.name in position:
            before = position[known.name]
        elif _is_needed(known):
            messages.append(f"the cell {known.name} was missing: it was put back")
            before += 1
            cells.insert(before, _labelled(_cell("raw", known.source), known))
            shifted = {n: p + 1 for n, p in position.items() if p >= before}
            position |= {**shifted, known.name: before}


class RestoreSubmission(NbGraderPreprocessor):
    """``restore`` as a step of ``nbgrader autograde``: one of its ``sanitize_preprocessors``."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Restore one notebook; nbgrader reports what is raised, and goes on with the others."""
        about = resources["nbgrader"]
        record = from_gradebook(Course.open(self._root()), about["assignment"], about["notebook"])
        restored, messages = restore(read_submission(nbformat.writes(nb)), record)
        for message in messages:
            self.log.warning("%s, %s: %s", about["student"], about["notebook"], message)
        restored.metadata["derived"] = {"messages": messages}
        return restored, resources

    def _root(self) -> str:
        parent = self.parent
        while parent is not None and not hasattr(parent, "coursedir"):
            parent = parent.parent
        return "." if parent is None else str(parent.coursedir.root)
