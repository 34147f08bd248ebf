"""The first code cell of every notebook: the same text everywhere, written from one template."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]

TEMPLATE = """\
# In Colab this cell installs the book's library; in the repository it finds it and does nothing.
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("derived") is None:
    published = "git+{url}"
    source = os.environ.get("DERIVED_SOURCE", published)
    requirement = f"deep-learning-derived{extra} @ {{source}}"
    command = [sys.executable, "-m", "pip", "install", "-q", requirement]
    if subprocess.run(command, check=False).returncode:
        raise RuntimeError(
            f"Installing the book's library from {{source}} failed (pip's message is above). "
            "Check the connection and run this cell again."
        )
try:
    from google.colab import output
except ImportError:
    pass
else:
    output.enable_custom_widget_manager()  # lets the explorable figures run in Colab"""


@cache
def repository_url() -> str:
    """Return the URL of the repository, which stands in ``_config.yml`` and nowhere else."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    return str(config["repository"]["url"]).rstrip("/")


def setup_source(path: Path) -> str:
    """Return the source of the set-up cell for the notebook at ``path``.

    Labs ask for the package's ``labs`` extra (Accelerate and torch); the derivation notebooks need
    neither, and must not bring torch to a machine that has none.
    """
    extra = "[labs]" if path.resolve().parent.name == "labs" else ""
    return TEMPLATE.format(url=repository_url(), extra=extra)
