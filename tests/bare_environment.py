"""A virtual environment like a fresh Colab runtime: torch and plotting, but not this library.

The heavy packages are not downloaded again: their files are hard-linked from the environment that
runs the tests, so that the versions are the pinned ones and the whole takes seconds. Everything
else, first of all ``derived`` itself, has to come through pip, by the notebook's first cell.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

KERNEL = "bare"
GIVEN = ("torch", "numpy", "matplotlib", "ipywidgets", "ipykernel")

COLAB = '''"""A stand-in for google.colab.output that leaves a mark when it is called."""
import os
import pathlib
import types

_widgets = types.SimpleNamespace(_installed_url=None)  # anywidget asks for it


def enable_custom_widget_manager():
    _widgets._installed_url = "https://colab.invalid/widget-manager"
    pathlib.Path(os.environ["COLAB_MARK"]).write_text("called")
'''


def with_dependencies(names: tuple[str, ...]) -> dict[str, Distribution]:
    """Return the installed distributions of ``names`` and of all that they need, by name."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found[name] = distribution(name)
        for text in found[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


def _link_files(package: Distribution, source: Path, target: Path) -> None:
    """Link the files of an installed package below ``source`` to the same places in ``target``.

    With its bytecode, which no package lists: to compile torch takes longer than all the rest.
    """
    for file in package.files or ():
        place = Path(str(file))
        if ".." in place.parts or not (source / place).is_file():  # scripts; bytecode never made
            continue
        _link(source / place, target / place)
        bytecode = Path(cache_from_source(place))
        if place.suffix == ".py" and (source / bytecode).is_file():
            _link(source / bytecode, target / bytecode)


def _link(source: Path, destination: Path) -> None:
    if destination.exists():  # bytecode that a package does list
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, destination)
    except OSError:  # another file system
        shutil.copy2(source, destination)


class BareEnvironment:
    """A virtual environment below ``folder`` with ``GIVEN``, a fake google.colab, and a kernel.

    ``variables`` lets papermill find the kernel, and keeps this repository out of it.
    """

    def __init__(self, folder: Path) -> None:
        """Create it; raises ValueError if one of the packages is missing here."""
        self.folder = folder
        command = [sys.executable, "-m", "venv", "--without-pip", folder / "venv"]
        subprocess.run(command, check=True)
        self.python = folder / "venv" / "bin" / "python"
        self.site = Path(self.ask("import sysconfig; print(sysconfig.get_path('purelib'))"))
        try:
            packages = with_dependencies((*GIVEN, "pip"))
        except PackageNotFoundError as error:
            raise ValueError(f"the Colab-like check needs {error.name} installed here") from error
        for package in packages.values():
            _link_files(package, Path(str(package.locate_file(""))), self.site)
        self.mark = folder / "colab-was-here"
        self._add_colab()
        self._add_kernel()

    def ask(self, code: str) -> str:
        """Run Python code in the environment and return what it prints."""
        command = [self.python, "-c", code]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=self.folder, env=environment
        )
        return done.stdout.strip()

    def versions(self) -> dict[str, str]:
        """Return the version of every package in the environment, by name."""
        listed = self.ask(
            "import importlib.metadata as m, json; "
            "print(json.dumps([(d.name, d.version) for d in m.distributions()]))"
        )
        return {canonicalize_name(name): version for name, version in json.loads(listed)}

    def install(self, requirement: str) -> None:
        """Install a package and what it needs, as a notebook's first cell does."""
        command = [self.python, "-m", "pip", "install", "-q", requirement]
        subprocess.run(command, check=True, env={**os.environ, **self.variables})

    def remove(self, name: str) -> None:
        """Uninstall one package, as if the notebook's first cell had never run."""
        command = [self.python, "-m", "pip", "uninstall", "-q", "-y", name]
        subprocess.run(command, check=True)

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment variables with which the kernel is started."""
        found = {"JUPYTER_PATH": str(self.folder / "jupyter"), "COLAB_MARK": str(self.mark)}
        # Compiling all of SciPy to bytecode takes pip longer than installing it.
        return found | {"PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def _add_colab(self) -> None:
        package = self.site / "google" / "colab"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("from . import output\n")
        (package / "output.py").write_text(COLAB)

    def _add_kernel(self) -> None:
        place = self.folder / "jupyter" / "kernels" / KERNEL
        place.mkdir(parents=True)
        command = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        cleared = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
        about = {"argv": command, "display_name": KERNEL, "language": "python", "env": cleared}
        (place / "kernel.json").write_text(json.dumps(about))


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the library's wheel from a copy of what it is made of, and return its path."""
    copy = folder / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy)
    shutil.copytree(root / "src", copy / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "-w", folder, copy], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError("the wheel could not be built:\n" + last_lines(done.stderr))
    return next(folder.glob("*.whl"))


def last_lines(text: str, count: int = 5) -> str:
    """Return the end of a program's message, without empty lines and colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines: Iterator[str] = (line for line in plain.splitlines() if line.strip())
    return "\n".join(list(lines)[-count:])
