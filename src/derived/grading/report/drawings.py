"""The report's plots, as SVG that stands in the page and takes its colours from it."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from derived.plotting import COLORS

from .item_analysis import Array, ItemStatistics
from .numbers import points as written

__all__ = ["draw_tasks", "draw_totals"]

_INK = "#010203"  # stands for the page's text colour
_ROW = 0.34  # inches: the height of one task
_WIDTH = 4.4  # inches: its text is still readable on a telephone


def _svg(figure: Figure, name: str, title: str, text: str) -> str:
    """Return the figure as one ``<svg>`` with a title and a description for screen readers.

    name : a word that keeps its element ids apart from those of other figures.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{name}-", svg).replace(_INK, "currentColor")
    svg = re.sub(r'<svg ([^>]*?)(?:width|height)="[^"]*pt" ', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)(?:width|height)="[^"]*pt" ', r"<svg \1", svg, count=1)
    about = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(text)}'
    start = f'<svg role="img" aria-labelledby="{name}-title {name}-desc" '
    return re.sub(r">", lambda _: f">{about}</desc>", svg.replace("<svg ", start, 1), count=1)


def _axes(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_INK)
    axes.tick_params(colors=_INK)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    return figure, axes


def draw_totals(totals: Array, maximum: float, label: str) -> str:
    """Return a histogram of totals, shape (students,), from 0 to the most points.

    label : says what the totals are.
    """
    top = max(maximum, float(totals.max(initial=0.0)), 1e-6)
    bins = int(np.clip(round(np.sqrt(totals.size) * 1.5), 5, 20))
    counts, edges = np.histogram(totals, bins=bins, range=(0.0, top))
    figure, axes = _axes(_WIDTH, 2.4)
    axes.bar(
        edges[:-1], counts, width=np.diff(edges), align="edge", color=COLORS[0], edgecolor=_INK
    )
    axes.set_xlabel(label)
    axes.set_ylabel("students")
    axes.yaxis.get_major_locator().set_params(integer=True)
    parts = [
        f"{written(low)} to {written(high)} points: {count}"
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
        if count
    ]
    text = f"Number of students by {label}. " + "; ".join(parts)
    return _svg(figure, "totals", "Distribution of points", text)


def draw_tasks(names: Sequence[str], tasks: Sequence[ItemStatistics | None]) -> str:
    """Return bars of the mean share of each task's points, and marks at the share of full points.

    names : of the tasks, from top to bottom; one short line each.
    tasks : their statistics; None for a task that waits for a person and gets no bar.
    """
    figure, axes = _axes(_WIDTH, 1.0 + _ROW * len(names))
    places = np.arange(len(names))[::-1]
    means, full = (
        np.array([np.nan if task is None else getattr(task, of) for task in tasks]) * 100
        for of in ("difficulty", "full")
    )
    known = ~np.isnan(means)
    axes.barh(
        places[known], means[known], height=0.66, color=COLORS[0], label="mean, in % of its points"
    )
    axes.plot(
        full[known],
        places[known],
        linestyle="",
        marker="D",
        markeredgecolor=_INK,
        clip_on=False,
        color=COLORS[1],
        label="% of students with all",
    )
    for place, task in zip(places, tasks, strict=True):
        if task is None:
            axes.text(2, place, "waits for a person", color=_INK, va="center", fontsize=9)
    axes.set_yticks(places, [name.replace("$", r"\$") for name in names], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(0, 104)
    axes.set_xlabel("%")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), labelcolor=_INK, frameon=False)
    parts = [
        f"{name}: mean {mean:.0f} %, full points {mark:.0f} %"
        for name, mean, mark in zip(names, means, full, strict=True)
        if not np.isnan(mean)
    ]
    return _svg(figure, "tasks", "How the tasks went", "; ".join(parts) or "No points yet.")
