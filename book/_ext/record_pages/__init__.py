"""Sphinx extension: the pages that are made from stored records and YAML files at build time.

``{equation-ledger}``, ``{errata}``, ``{errata-classes}``, ``{results}``, ``{lecture-map}`` and
``{lecture-progress}`` stand in Markdown pages and take no argument. Nothing is written into the
sources; a fault in the lecture map or the errata is a warning, which the build makes an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from . import errata_entries, lecture_rows
from .directive import fingerprint
from .equation_ledger import EquationLedger
from .errata import Errata, ErrataClasses
from .lecture_map import LectureMap, LectureProgress
from .records import SourceError
from .results import Results

logger = logging.getLogger(__name__)


def remember(app: Sphinx) -> None:
    """Give the environment its note of which page saw which notebooks."""
    if not hasattr(app.env, "record_pages"):
        app.env.record_pages = {}  # type: ignore[attr-defined]


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return the record pages that were built while other notebooks existed."""
    now = fingerprint(Path(app.srcdir))
    seen: dict[str, list[str]] = env.record_pages  # type: ignore[attr-defined]
    return [page for page, then in seen.items() if then != now and page in env.found_docs]


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is read again or gone."""
    env.record_pages.pop(docname, None)  # type: ignore[attr-defined]


def merge(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: Any) -> None:
    """Take over what a parallel reader noted."""
    read = set(docnames)
    notes = {page: seen for page, seen in other.record_pages.items() if page in read}
    env.record_pages.update(notes)  # type: ignore[attr-defined]


def report(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of every fault in the lecture map and the errata."""
    root = Path(app.srcdir)
    try:
        wrong = lecture_rows.faults(root) + errata_entries.faults(root)
    except SourceError as error:
        wrong = [str(error)]
    for fault in wrong:
        logger.warning("%s", fault, type="record_pages", subtype="fault")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the bookkeeping."""
    app.add_directive("equation-ledger", EquationLedger)
    app.add_directive("errata", Errata)
    app.add_directive("errata-classes", ErrataClasses)
    app.add_directive("results", Results)
    app.add_directive("lecture-map", LectureMap)
    app.add_directive("lecture-progress", LectureProgress)
    app.connect("builder-inited", remember)
    app.connect("env-get-outdated", outdated)
    app.connect("env-purge-doc", purge)
    app.connect("env-merge-info", merge)
    app.connect("env-check-consistency", report)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
