"""Write the report of an assignment: one HTML file, no script, no names of students."""

from __future__ import annotations

import json
import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from derived.atomic import write_atomically
from derived.grading.course import Course
from derived.grading.feedback.headings import task_titles
from derived.grading.marks import Marks, Result, Status, read_marks

from . import numbers
from .drawings import draw_tasks, draw_totals
from .hints import FEWEST, hint
from .item_analysis import Array, analyse, cronbach_alpha, settled, sums
from .labels import TaskLabel, task_labels

__all__ = ["write_report"]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("derived.grading.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for form in (numbers.coefficient, numbers.percent, numbers.points):
        environment.filters[form.__name__] = form
    return environment


def write_report(course: Course, assignment: str, destination: Path | str) -> Path:
    """Write how an assignment went, and return the file.

    destination : the HTML file; what was there is replaced.

    Raises CourseError if the gradebook has no such assignment.
    """
    with course.gradebook() as gradebook:
        marks = read_marks(gradebook, assignment, course)
    text = _environment().get_template("report.html.j2").render(**_content(course, marks))
    write_atomically(Path(destination), text.encode("utf-8"))
    return Path(destination)


def _content(course: Course, marks: Marks) -> dict[str, Any]:
    # Not graded, but with points: handed in again since, so the points are of the one before.
    results = [r for r in marks.results if r.status in (Status.GRADED, Status.BY_HAND)]
    points = np.array(
        [[_nan(result.points[task.label]) for task in marks.tasks] for result in results],
        dtype=float,
    ).reshape(len(results), len(marks.tasks))
    maximum = np.array([task.points for task in marks.tasks], dtype=float)
    labels = task_labels([task.label for task in marks.tasks], _headings(course, marks))
    counted = settled(points)
    counts = Counter(result.status for result in marks.results)
    totals = _totals(points, results)
    most = float(maximum[counted].sum())
    final = bool(counted.all())
    rows = _rows(labels, points, maximum)
    kind = "points in all" if final else "points so far"
    names = [label.short for label in labels]
    drawn = [row["about"] if row["counts"] else None for row in rows]
    return {
        "assignment": marks.assignment,
        "students": len(marks.results),
        "counts": {
            status: counts[status]
            for status in (Status.GRADED, Status.BY_HAND, Status.NOT_GRADED, Status.MISSING)
        },
        "handed_in": len(marks.results) - counts[Status.MISSING],
        "final": final,
        "maximum": most,
        "compared": totals.size,
        "summary": _summary(totals),
        "tasks": rows,
        "alpha": cronbach_alpha(points),
        "few": totals.size < FEWEST,
        "unsafe": _unsafe(course, marks),
        "totals_plot": Markup(draw_totals(totals, most, kind)) if totals.size else "",
        "tasks_plot": Markup(draw_tasks(names, drawn)) if rows and results else "",
    }


def _rows(labels: list[TaskLabel], points: Array, maximum: Array) -> list[dict[str, Any]]:
    """Return what the table says of each task.

    A task of which most answers wait gets no hint: those that have points may be the empty ones.
    """
    counted = settled(points)
    waiting = np.isnan(points).sum(axis=0)
    return [
        {
            "label": label,
            "points": most,
            "about": about,
            "counts": bool(counts),
            "waiting": int(waits),
            "hint": hint(label.short, about) if counts else "",
        }
        for label, most, about, counts, waits in zip(
            labels, maximum, analyse(points, maximum), counted, waiting, strict=True
        )
    ]


def _totals(points: Array, results: list[Result]) -> Array:
    """Return the final totals, or the points so far as long as a task is not settled."""
    if settled(points).all():
        return np.array([r.total for r in results if r.total is not None], dtype=float)
    so_far = sums(points)
    return so_far[~np.isnan(so_far)]


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _summary(totals: Array) -> dict[str, float]:
    if not totals.size:
        return {}
    low, middle, high = np.percentile(totals, [25, 50, 75])
    spread = float(totals.std(ddof=1)) if totals.size > 1 else math.nan
    return {
        "Mean": float(totals.mean()),
        "Standard deviation": spread,
        "Median": float(middle),
        "Lower quartile": float(low),
        "Upper quartile": float(high),
    }


def _headings(course: Course, marks: Marks) -> dict[str, str]:
    """Return the heading above each task in the instructor's notebooks, by the task's label."""
    known: dict[str, str] = {}
    for path in sorted(course.folder("source", ".", marks.assignment).glob("*.ipynb")):
        try:
            titles = task_titles(nbformat.read(path, as_version=4))
        except (OSError, ValueError, LookupError, AttributeError):
            continue
        found = {name: title for name, title in titles.items() if title != name}
        known |= {f"{path.stem}/{name}": title for name, title in found.items()} | found
    return known


def _unsafe(course: Course, marks: Marks) -> int:
    """Return how many submissions were graded without a sandbox."""
    count = 0
    for result in marks.results:
        folder = course.folder("autograded", result.student.id, marks.assignment)
        count += any(_is_unsafe(path) for path in sorted(folder.glob("*.ipynb")))
    return count


def _is_unsafe(path: Path) -> bool:
    try:
        about = json.loads(path.read_text("utf8"))["metadata"].get("derived")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return isinstance(about, dict) and bool(about.get("unsafe"))
