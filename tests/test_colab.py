"""A notebook file alone, in a bare environment as in Colab, installs the library and runs.

The environment has torch, NumPy, Matplotlib, ipywidgets and a kernel. What is missing comes
through pip, from the package index or pip's cache: without either this check cannot be made, and
says so.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from tests.bare_environment import GIVEN, KERNEL, BareEnvironment, build_wheel, last_lines
from tests.execution import NotebookFailed, processor_seconds, run_notebook
from tests.test_labs import ALONE, SECONDS, assert_profile_ci, isolated

ROOT = Path(__file__).parents[1]
LIBRARY = "deep-learning-derived"

pytestmark = [pytest.mark.notebook, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def folder():
    # Beside .venv, and not under /tmp: hard links do not cross file systems.
    (ROOT / ".cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache", prefix="colab-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def wheel(folder):
    try:
        return build_wheel(ROOT, folder)
    except RuntimeError as error:
        pytest.fail(f"The Colab-like check needs pip and the package index: {error}", pytrace=False)


@pytest.fixture(scope="module")
def bare(folder):
    return BareEnvironment(folder)


def run_alone(path, bare, source, environment=None, **options):
    """Copy one notebook into an empty folder and run it there, in the bare environment."""
    with tempfile.TemporaryDirectory(dir=bare.folder) as name:
        empty = Path(name)
        copy = empty / path.name
        shutil.copy(path, copy)
        variables = {**bare.variables, "DERIVED_SOURCE": source, "DERIVED_OFFLINE": "1"}
        variables |= environment or {}
        return run_notebook(copy, empty, environment=variables, kernel=KERNEL, **options)


def test_the_environment_is_bare(bare):
    versions = bare.versions()
    assert set(GIVEN) <= set(versions)
    assert not {LIBRARY, "anywidget", "scikit-learn", "accelerate", "pooch"} & set(versions)
    found = bare.ask("import importlib.util as u; print(u.find_spec('derived'))")
    assert found == "None", "the bare environment sees the repository's derived"


def run_as_in_colab(path, bare, wheel, **options):
    """Run one notebook alone; its first cell must install the library, and replace nothing."""
    before = bare.versions()
    assert LIBRARY not in before
    bare.mark.unlink(missing_ok=True)
    try:
        run = run_alone(path, bare, wheel.as_uri(), cell_seconds=150, **options)
    except NotebookFailed as error:
        if "Installing the book's library" in str(error):
            pytest.fail(f"The Colab-like check needs the package index: {error}", pytrace=False)
        raise
    after = bare.versions()
    changed = {name: (old, after.get(name)) for name, old in before.items()}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    assert not changed, f"the first cell replaced what was installed: {changed}"
    assert LIBRARY in after
    place = bare.ask("import derived; print(derived.__file__)")
    assert Path(place).is_relative_to(bare.folder), f"derived came from {place}"
    assert bare.mark.exists(), "the first cell did not enable Colab's widget manager"
    return run


def test_a_notebook_alone_installs_the_library_and_runs(bare, wheel):
    run_as_in_colab(ROOT / "notebooks" / "02_backprop.ipynb", bare, wheel)


def test_a_lab_alone_installs_the_library_and_runs(bare, wheel, tmp_path):
    """It is this lab's run in profile ci, too: see test_labs.py."""
    if LIBRARY in bare.versions():
        bare.remove(LIBRARY)
    path = ROOT / "labs" / f"{ALONE}.ipynb"
    options = {"parameters": {"PROFILE": "ci"}, "environment": isolated(tmp_path)}
    run = run_as_in_colab(path, bare, wheel, **options)
    if run.seconds > SECONDS:  # the installation does not count: without it, it may be in time
        run = replace(run, seconds=run.seconds - seconds_to_install(bare, wheel))
    assert_profile_ci(run, path, tmp_path)


def seconds_to_install(bare, wheel):
    """Return the processor time in which a notebook's first cell installs the library."""
    bare.remove(LIBRARY)
    start = processor_seconds()
    bare.install(f"{LIBRARY}[labs] @ {wheel.as_uri()}")
    return processor_seconds() - start


def test_a_failed_installation_gives_one_clear_message(bare, wheel, tmp_path):
    if LIBRARY in bare.versions():
        bare.remove(LIBRARY)
    path = tmp_path / "first_cell.ipynb"
    notebook = nbformat.read(ROOT / "labs" / "01_perceptron.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"][:1]
    assert "colab" in notebook.cells[0].metadata["tags"]
    nbformat.write(notebook, path)
    missing = wheel.with_name("deep_learning_derived-0-py3-none-any.whl").as_uri()
    with pytest.raises(
        NotebookFailed, match=r"Installing the book's library from .* failed"
    ) as got:
        run_alone(path, bare, missing)
    assert "run this cell again" in last_lines(str(got.value), 1)
