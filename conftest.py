"""Settings of every test run: one thread, local data, and what nbval does not compare."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
NOTEBOOK_SECONDS = 120  # a derivation page promises a minute on two cores; the rest is slack

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
_shared = ROOT.parent / "shared" / "data"
if _shared.is_dir():
    os.environ.setdefault("DERIVED_DATA", str(_shared))

# Outputs of the derivation notebooks that nbval does not compare, each with its reason.
NOT_COMPARED = (
    "image/png",  # pixels differ with the version of Matplotlib and FreeType
    "image/svg+xml",  # so do the coordinates of glyphs
    "application/vnd.jupyter.widget-view+json",  # a fresh kernel gives models fresh ids
    "stderr",  # the normaliser stores none
)

# A file of tests runs in one of two processes, in this order: what takes longest begins first, so
# that both end together.
LONG_FIRST = (
    "tests/test_colab.py",
    "tests/test_labs.py",
    "tests/grading/test_demonstration.py",
    "tests/grading/test_assignments.py",
    "tests/site/",
    "tests/widgets/",
    "notebooks/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; within a file and after them nothing changes."""

    def place(item: pytest.Item) -> int:
        matching = (k for k, start in enumerate(LONG_FIRST) if item.nodeid.startswith(start))
        return next(matching, len(LONG_FIRST))

    items.sort(key=place)


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Tell nbval what not to compare."""
    if collector.__class__.__name__ == "IPyNbFile":
        collector.skip_compare += NOT_COMPARED  # type: ignore[attr-defined]


_seconds: dict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the time of each notebook."""
    path = report.nodeid.split("::")[0]
    if path.endswith(".ipynb"):
        _seconds[path] += report.duration


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a notebook takes longer than its limit."""
    if any(seconds > NOTEBOOK_SECONDS for seconds in _seconds.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the notebooks by time."""
    for path, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        late = (
            f"  TOO SLOW: the limit is {NOTEBOOK_SECONDS} s" if seconds > NOTEBOOK_SECONDS else ""
        )
        terminalreporter.write_line(f"{seconds:7.1f} s  {path}{late}")
