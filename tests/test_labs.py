"""Every lab runs to its end in profile ``ci``, within a minute, from embedded data alone."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from derived.results import RECORD_MIME
from tests.execution import NotebookFailed, records, run_notebook

LABS = sorted((Path(__file__).parents[1] / "labs").glob("*.ipynb"))
SECONDS = 60
#: test_colab.py runs this one, in a bare environment, and asks of the run what is asked here.
ALONE = "01_perceptron"

pytestmark = pytest.mark.notebook
each_lab = pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)


def isolated(folder):
    """Return variables that hide downloaded data, earlier results and compiled code."""
    hidden = {"DERIVED_DATA": "data", "DERIVED_RESULTS": "results"}
    hidden["TORCHINDUCTOR_CACHE_DIR"] = "compiled"
    return {"DERIVED_OFFLINE": "1"} | {name: str(folder / at) for name, at in hidden.items()}


def test_there_are_labs():
    assert len(LABS) >= 2


def assert_profile_ci(run, path, folder):
    """Hold the run of a lab, isolated in a folder, against the rules."""
    assert 1 < run.seconds <= SECONDS, f"{path.stem} took {run.seconds:.0f} s (at most {SECONDS})"

    shown = records(run.notebook, RECORD_MIME)
    assert all(entry["lab"] == path.stem and entry["profile"] == "ci" for entry in shown)
    assert any(entry["floor"] is not None for entry in shown), f"{path.stem} asserts no floor"
    saved = [json.loads(file.read_text("utf8")) for file in (folder / "results").iterdir()]
    assert {entry["task"] for entry in saved} == {entry["task"] for entry in shown}

    scoreboard = [cell for cell in run.notebook.cells if cell.cell_type == "code"][-1]
    table = "".join(output["data"].get("text/html", "") for output in scoreboard.outputs)
    missing = [entry["task"] for entry in shown if entry["task"] not in table]
    assert not missing, f"the scoreboard of {path.stem} lacks {missing}"


@pytest.mark.parametrize(
    "path", [path for path in LABS if path.stem != ALONE], ids=lambda path: path.stem
)
@pytest.mark.timeout(3 * SECONDS)
def test_lab_runs_in_profile_ci(path, tmp_path):
    run = run_notebook(path, tmp_path, parameters={"PROFILE": "ci"}, environment=isolated(tmp_path))
    assert_profile_ci(run, path, tmp_path)


@each_lab
def test_stored_outputs_come_from_real_data(path):
    stored = records(nbformat.read(path, as_version=4), RECORD_MIME)
    assert stored, f"{path.stem} is stored without results"
    small = [entry["task"] for entry in stored if entry["profile"] == "ci"]
    assert not small, f"{path.stem} is stored with results of profile ci: {small}"
    assert any(entry["published"] for entry in stored)


# --- the runner is seen to fail ----------------------------------------------------------------

RECORD = """
from derived import results
results.record("99_test", "task", "error", 7.0, unit="%", higher_is_better=False,
               seconds=1, profile="ci", floor=5.0)
"""


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# a comment\n1 / 0", r"lab.ipynb, cell \[2\] that begins '# a comment': ZeroDivision"),
        ("import time\ntime.sleep(60)", r"cell \[2\] that begins 'import time' took longer than"),
        ("import os\nos._exit(1)", r"cell \[2\] that begins 'import os' died"),
        (RECORD, "FloorMissed: 99_test .* reached 7 %, but profile ci must reach ≤ 5 %"),
    ],
    ids=["error", "time limit", "dead kernel", "floor"],
)
def test_a_failing_cell_is_named(source, message, tmp_path):
    path = tmp_path / "lab.ipynb"
    cells = [nbformat.v4.new_code_cell(text) for text in ("x = 1", source, "y = 2")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(NotebookFailed, match=message):
        run_notebook(path, tmp_path, cell_seconds=3 if "sleep" in source else 60)
