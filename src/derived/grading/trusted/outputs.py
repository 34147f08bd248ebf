"""Gather the outputs of a cell from a kernel's messages, up to a limit."""

from __future__ import annotations

import math
from typing import Any

import nbformat
from nbformat import NotebookNode

__all__ = ["Outputs", "error_output"]

UPDATE = "update_display_data"
FIELDS = {
    "stream": ("text",),
    "display_data": ("data", "metadata"),
    UPDATE: ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}
KINDS = set(FIELDS) - {UPDATE}
DROPPED = "\n… more output was dropped: a cell may print {limit:,} characters\n"
MOST_OUTPUTS = 1000  # of one cell, however short
DEEPEST = 50  # levels of JSON in one output


def error_output(name: str, text: str) -> NotebookNode:
    """Return an error output that the grader makes itself."""
    return nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])


class Outputs:
    """The outputs of one cell, as a notebook stores them.

    limit : characters kept in all; what comes after is dropped, with one line that says so.
    """

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self.limit, self.room = limit, limit
        self.items: list[NotebookNode] = []
        self.dropped = 0
        self._displays: dict[str, list[int]] = {}
        self._clear_next = False

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Add one message of the kernel's; raises whatever a malformed one leads to."""
        if kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self._clear()
            return
        if kind not in FIELDS:
            return
        # What is too large is not looked at: to check it could take minutes.
        output = None if _size(kind, content) > self.limit else _output(kind, content)
        if self._clear_next and kind in KINDS:
            self._clear()
        transient = content.get("transient")
        shown = transient.get("display_id") if isinstance(transient, dict) else None
        if output is None:
            self._cut(kind, content)
            return
        if isinstance(shown, str):
            self._update(shown, output)
        if kind != UPDATE:
            self._add(output, shown)

    def lost(self) -> None:
        """Say that something was too large to arrive."""
        self._cut(UPDATE, {})

    def _clear(self) -> None:
        self.items, self._displays, self._clear_next = [], {}, False
        self.room, self.dropped = self.limit, 0

    def _cut(self, kind: str, content: dict[str, Any]) -> None:
        """Take what fits of a stream; say once that something is missing; take nothing more."""
        if kind == "stream" and self.room:
            text = content["text"][: self.room]
            self._append(_output(kind, {"name": content["name"], "text": text}))
        self.room = 0
        self.dropped += 1
        if self.dropped == 1:
            self._append(_stream("stdout", DROPPED.format(limit=self.limit)))

    def _update(self, shown: str, output: NotebookNode) -> None:
        """Show something else where a display with this id stands."""
        for place in self._displays.get(shown, []):
            item = self.items[place]
            growth = _size(UPDATE, output) - _size(UPDATE, item)
            if growth > self.room:
                self._cut(UPDATE, output)
                return
            self.room -= growth
            item.data, item.metadata = output.data, output.metadata

    def _add(self, output: NotebookNode, shown: Any) -> None:
        size = _size(output.output_type, output)
        if size > self.room or len(self.items) >= MOST_OUTPUTS:
            self._cut(output.output_type, output)
            return
        self.room -= size
        if isinstance(shown, str):
            self._displays.setdefault(shown, []).append(len(self.items))
        self._append(output)

    def _append(self, output: NotebookNode) -> None:
        last = self.items[-1] if self.items else None
        one_stream = last is not None and output.output_type == last.output_type == "stream"
        if last is not None and one_stream and last.name == output.name:
            last["text"] += output.text
        else:
            self.items.append(output)


def _stream(name: str, text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name=name, text=text)


def _size(kind: str, content: dict[str, Any]) -> int:
    """Return the characters of everything in an output; raises for one that lacks something."""
    return sum(len(str(content[field])) for field in FIELDS[kind])


def _output(kind: str, content: dict[str, Any]) -> NotebookNode:
    """Return a message's output; raises for one that a notebook could not store."""
    clean = _clean(content)
    if kind == "stream":
        if clean["name"] not in {"stdout", "stderr"} or not isinstance(clean["text"], str):
            raise ValueError("no output of a stream")
        return _stream(clean["name"], clean["text"])
    header = {"msg_type": "display_data" if kind == UPDATE else kind}
    return nbformat.v4.output_from_msg(nbformat.from_dict({"header": header, "content": clean}))


def _clean(value: Any, depth: int = 0) -> Any:
    """Return JSON data without what no file can hold: lone surrogates, nan, endless nesting."""
    if depth > DEEPEST:
        raise ValueError("an output that is nested too deep")
    if isinstance(value, str):
        return value.encode("utf8", "replace").decode("utf8")
    if isinstance(value, dict):
        return {_clean(str(key)): _clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
