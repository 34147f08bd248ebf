"""Write the report of an assignment: one HTML file, no script, no names of students."""

from __future__ import annotations

import json
import math
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
from derived.grading.marks import Marks, Status, read_marks

from .drawings import draw_tasks, draw_totals
from .hints import FEWEST, hint
from .item_analysis import Array, analyse, cronbach_alpha

__all__ = ["write_report"]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("derived.grading.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: _or_dash(share * 100, "{:.0f} %")
    environment.filters["points"] = lambda value: _or_dash(value, "{:.4g}")
    environment.filters["coefficient"] = lambda value: _or_dash(value, "{:.2f}")
    return environment


def _or_dash(value: float, form: str) -> str:
    return "–" if math.isnan(value) else form.format(value).replace("-", "−")


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
    handed_in = [result for result in marks.results if result.status != Status.MISSING]
    points = np.array(
        [[_nan(result.points[task.label]) for task in marks.tasks] for result in handed_in],
        dtype=float,
    ).reshape(len(handed_in), len(marks.tasks))
    totals = np.array([r.total for r in handed_in if r.total is not None], dtype=float)
    maximum = np.array([task.points for task in marks.tasks], dtype=float)
    titles = _titles(course, marks)
    statistics = analyse(points, maximum)
    tasks = [
        {"title": title, "points": task.points, "about": about, "hint": hint(title, about)}
        for title, task, about in zip(titles, marks.tasks, statistics, strict=True)
    ]
    return {
        "assignment": marks.assignment,
        "students": len(marks.results),
        "counts": {
            status: sum(result.status == status for result in marks.results)
            for status in (Status.GRADED, Status.BY_HAND, Status.NOT_GRADED, Status.MISSING)
        },
        "handed_in": len(handed_in),
        "maximum": marks.maximum,
        "summary": _summary(totals),
        "tasks": tasks,
        "alpha": cronbach_alpha(points),
        "few": totals.size < FEWEST,
        "unsafe": _unsafe(course, marks),
        "totals_plot": Markup(draw_totals(totals, marks.maximum)) if totals.size else "",
        "tasks_plot": Markup(draw_tasks(titles, statistics)) if tasks and handed_in else "",
    }


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


def _titles(course: Course, marks: Marks) -> list[str]:
    """Return what the instructor's notebooks call the tasks, so that no two are the same."""
    known: dict[str, str] = {}
    for path in sorted(course.folder("source", ".", marks.assignment).glob("*.ipynb")):
        try:
            titles = task_titles(nbformat.read(path, as_version=4))
        except (OSError, ValueError, LookupError, AttributeError):
            continue
        known |= {f"{path.stem}/{name}": title for name, title in titles.items()} | titles
    found = [known.get(task.label, task.label) for task in marks.tasks]
    return [
        title if found.count(title) == 1 or title == task.label else f"{title} ({task.label})"
        for title, task in zip(found, marks.tasks, strict=True)
    ]


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
