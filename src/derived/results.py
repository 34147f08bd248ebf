"""What a lab reached, on which hardware, beside the published value.

``record`` holds a run against its floor and remembers it; ``table`` shows the scoreboard of the
run. In a notebook each record also leaves a small JSON record in the cell's output, from which the
site builds its results page.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import math
import numbers
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import runtime
from .atomic import write_atomically
from .runtime import Profile

__all__ = ["RECORD_MIME", "FloorMissed", "Published", "clear", "record", "table"]

RECORD_MIME = "application/vnd.derived.result+json"

_records: dict[tuple[str, str, str, str], dict[str, Any]] = {}


class FloorMissed(AssertionError):
    """A lab did not reach the value that it promises to reach."""


@dataclass(frozen=True)
class Published:
    """A value from the literature that a result stands beside.

    value : in the unit of the result.
    citation_key : the source's key in the book's bibliography.
    hardware : where the source ran, if it says so.
    note : what is different there, if anything.

    Raises ValueError if the value is not finite or the key is not one.
    """

    value: float
    citation_key: str
    hardware: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Check the fields."""
        object.__setattr__(self, "value", _number("published value", self.value))
        if not re.fullmatch(r"[\w.:+/-]+", self.citation_key):
            raise ValueError(f"citation_key must be a BibTeX key, got {self.citation_key!r}")
        for name in ("hardware", "note"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text, got {getattr(self, name)!r}")


def _number(name: str, value: Any) -> float:
    if hasattr(value, "item") and hasattr(value, "shape"):  # an array or tensor of one element
        if math.prod(value.shape) != 1:
            raise ValueError(f"{name} must be one number, got shape {tuple(value.shape)}")
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return float(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ValueError(f"{name} must be a line of text, got {value!r}")
    return value


def _reaches(value: float, bound: float, higher_is_better: bool) -> bool:
    return value >= bound if higher_is_better else value <= bound


def record(  # noqa: PLR0913  (all but the first four are named)
    lab: str,
    task: str,
    metric: str,
    value: float,
    *,
    unit: str,
    higher_is_better: bool,
    seconds: float,
    profile: Profile | str,
    published: Published | None = None,
    floor: float | None = None,
    folder: Path | str | None = None,
) -> None:
    """Remember a result, after holding it against its floor.

    Prints one line that is the same on every machine: it states the floor, never the value, which
    :func:`table` shows. A second record of the same lab, task, metric and profile replaces the
    first.

    Parameters
    ----------
    lab : the lab's file name without its ending, such as ``"01_perceptron"``.
    task : what was done on which data, such as ``"MNIST, multilayer perceptron"``.
    metric : what was measured, such as ``"test accuracy"``.
    value : the measurement, finite, in ``unit``.
    unit : such as ``"%"``, ``"nats"`` or ``"images/s"``.
    higher_is_better : whether larger values are better.
    seconds : the time that it took.
    profile : of :func:`derived.runtime.profile`, or its name.
    published : a value from the literature to stand beside it.
    floor : the value that the run must reach at least (at most, if lower is better).
    folder : where to write the record as a JSON file; by default ``$DERIVED_RESULTS``, and
        nowhere if that is not set. A ``~`` stands for the home folder.

    Raises
    ------
    FloorMissed : if the floor is not reached; nothing is recorded then, and a record that an
        earlier run left for the same lab, task, metric and profile goes, in the folder too.
    OSError : if the folder cannot be written; the message names it, and :func:`table` still shows
        the record.
    ValueError : if a field cannot be right; the message names it.
    """
    entry = _entry(lab, task, metric, unit, profile)
    entry["value"] = _number("value", value)
    entry["higher_is_better"] = _flag("higher_is_better", higher_is_better)
    entry["seconds"] = _number("seconds", seconds)
    if entry["seconds"] < 0:
        raise ValueError(f"seconds must be ≥ 0, got {seconds!r}")
    entry["floor"] = None if floor is None else _number("floor", floor)
    entry["published"] = None if published is None else asdict(_published(published))
    if published is not None:
        entry["reproduced"] = _reaches(entry["value"], published.value, higher_is_better)
    key = (lab, task, metric, entry["profile"])
    _records.pop(key, None)
    destination = folder if folder is not None else os.environ.get("DERIVED_RESULTS", "").strip()
    try:
        line = _held_against_floor(entry)
    except FloorMissed:
        if destination:
            _remove(Path(destination), key)
        raise
    _records[key] = entry
    _publish({"text/plain": line, RECORD_MIME: entry})
    if destination:  # last: a full disk loses the file, but not what the run has reached
        _write(Path(destination), key, entry)


def clear() -> None:
    """Forget the records of this run."""
    _records.clear()


def _entry(lab: str, task: str, metric: str, unit: str, profile: Profile | str) -> dict[str, Any]:
    """Return the fields that say what the result is of, and where it was reached."""
    if not isinstance(lab, str) or not re.fullmatch(r"\d\d_[a-z0-9_]+", lab):
        raise ValueError(f'lab must be the stem of its file, such as "01_perceptron", got {lab!r}')
    if isinstance(profile, str):
        profile = runtime.profile(profile)
    if not isinstance(profile, Profile):
        raise ValueError(f"profile must be one of derived.runtime.profile(), got {profile!r}")
    return {
        "kind": "result",
        "lab": lab,
        "task": _text("task", task),
        "metric": _text("metric", metric),
        "unit": _text("unit", unit),
        "profile": profile.name,
        "hardware": runtime.describe(profile.device),
    }


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return value


def _published(value: Any) -> Published:
    if not isinstance(value, Published):
        raise ValueError(f"published must be a Published(value, citation_key, …), got {value!r}")
    return value


def _format(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{digits} {unit}"


def _held_against_floor(entry: dict[str, Any]) -> str:
    """Return the line to print, or raise FloorMissed."""
    name = f"{entry['lab']} · {entry['task']} · {entry['metric']}"
    if entry["floor"] is None:
        return f"• {name} · recorded in profile {entry['profile']}"
    sign = "≥" if entry["higher_is_better"] else "≤"
    reached, least = (_format(entry[name], entry["unit"]) for name in ("value", "floor"))
    bound = f"{sign} {least}"
    if not _reaches(entry["value"], entry["floor"], entry["higher_is_better"]):
        if reached == least:  # both rounded: only all digits tell them apart
            reached, bound = (f"{entry[n]!r} {entry['unit']}" for n in ("value", "floor"))
            bound = f"{sign} {bound}"
        raise FloorMissed(
            f"{name}: reached {reached}, but profile "
            f"{entry['profile']} must reach {bound} (on {entry['hardware']})"
        )
    return f"✓ {name} {bound} in profile {entry['profile']}"


def _path(folder: Path, key: tuple[str, ...]) -> Path:
    """Return the file of a lab, task, metric and profile."""
    words = [re.sub(r"[^a-z0-9_]+", "-", part.lower()).strip("-")[:40] for part in key]
    tag = hashlib.sha256("\0".join(key).encode()).hexdigest()[:8]  # different texts, same words
    return folder.expanduser() / f"{'-'.join(words)}-{tag}.json"


def _write(folder: Path, key: tuple[str, ...], entry: dict[str, Any]) -> None:
    """Write the file of the key, whole or not at all."""
    text = json.dumps(entry, ensure_ascii=False, indent=2) + "\n"
    try:
        write_atomically(_path(folder, key), text.encode("utf-8"))
    except (OSError, RuntimeError) as error:  # RuntimeError: a home folder that nobody has
        raise OSError(f"the result could not be written to the folder {folder}: {error}") from error


def _remove(folder: Path, key: tuple[str, ...]) -> None:
    """Remove the file of the key, which tells of a success that is past."""
    with contextlib.suppress(OSError, RuntimeError):  # the missed floor is the message
        _path(folder, key).unlink()


_HEADINGS = ("Task", "Metric", "Reached", "Published", "Seconds", "Profile", "Hardware")


def _cells(entry: dict[str, Any]) -> tuple[str, ...]:
    return (
        entry["task"],
        entry["metric"],
        _format(entry["value"], entry["unit"]),
        _beside(entry),
        f"{entry['seconds']:.3g}",
        entry["profile"],
        entry["hardware"],
    )


def _beside(entry: dict[str, Any]) -> str:
    """Say what was published, and in words whether it was reached."""
    published = entry["published"]
    if published is None:
        return "—"
    verdict = "reached" if entry["reproduced"] else "not reached"
    about = [_source(published["citation_key"]), published["hardware"], published["note"]]
    source = "; ".join(part for part in about if part)
    return f"{_format(published['value'], entry['unit'])} ({source}): {verdict}"


#: Family names whose capitals a key does not show.
_FAMILY_NAMES = {"lecun": "LeCun"}


def _source(citation_key: str) -> str:
    """Return who published it and when: "Hinton 2006" for the key hinton2006reducing."""
    parts = re.match(r"([a-z]+)(\d{4})", citation_key)
    if parts is None:
        return citation_key
    name, year = parts.groups()
    return f"{_FAMILY_NAMES.get(name, name.capitalize())} {year}"


def _as_text(caption: str, rows: list[tuple[str, ...]]) -> str:
    grid = [_HEADINGS, *rows]
    widths = [max(len(row[column]) for row in grid) for column in range(len(_HEADINGS))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in grid]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([caption, *(line.rstrip() for line in lines)])


def _as_html(caption: str, rows: list[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in _HEADINGS)
    body = "".join(
        f'<tr><th scope="row">{html.escape(first)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<table class="derived-results"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def table() -> None:
    """Show the records of this run beside the published values.

    A notebook gets an HTML table with header cells and a caption, and plain text where HTML
    cannot be shown; a plain interpreter prints the text. Without a record it says so.
    """
    if not _records:
        _publish({"text/plain": "No result has been recorded in this run."})
        return
    rows = [_cells(entry) for entry in _records.values()]
    labs = ", ".join(dict.fromkeys(entry["lab"] for entry in _records.values()))
    caption = f"Results of this run: {labs}"
    _publish({"text/html": _as_html(caption, rows), "text/plain": _as_text(caption, rows)})


def _publish(bundle: dict[str, Any]) -> None:
    """Display the bundle in a notebook; print its text elsewhere."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        print(bundle["text/plain"])
        return
    ipython.display.display(bundle, raw=True)
