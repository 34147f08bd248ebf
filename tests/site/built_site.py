"""Builds the site once for all tests, anew whenever anything that goes into it has changed.

The build is a full one: Sphinx says nothing about a page that it does not read again, so a warning
could hide behind an incremental build.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "_build/tested"
SECONDS = 240
COLORS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Site:
    """What a build left behind."""

    html: Path
    returncode: int
    log: str

    def pages(self) -> list[str]:
        """Return every page as a path without ``.html``, in alphabetical order."""
        found = (
            path.relative_to(self.html).with_suffix("").as_posix()
            for path in self.html.rglob("*.html")
        )
        return sorted(page for page in found if not page.startswith("_static/"))


def toc_pages(toc: Path = ROOT / "_toc.yml") -> list[str]:
    """Return the pages that the table of contents names, in the order of the book."""

    def walk(entry: object) -> Iterator[str]:
        if isinstance(entry, dict):
            for key, value in entry.items():
                if key in ("root", "file"):
                    yield value
                else:
                    yield from walk(value)
        elif isinstance(entry, list):
            for each in entry:
                yield from walk(each)

    return list(walk(yaml.safe_load(toc.read_text("utf8"))))


def jupyter_book(source: Path, output: Path) -> Site:
    """Build ``source`` from scratch as ``make book`` does: every warning is an error."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command += ["build", str(source), "--path-output", str(output), "-W", "--keep-going", "-q"]
    done = subprocess.run(
        command,
        cwd=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Site(output / "_build/html", done.returncode, COLORS.sub("", done.stdout))


def _inputs() -> Iterator[Path]:
    for name in ("_config.yml", "_toc.yml", "constraints.txt", "requirements-book.txt"):
        yield ROOT / name
    for folder in ("book", "notebooks", "labs"):
        for path in (ROOT / folder).rglob("*"):
            hidden = any(part.startswith((".", "__")) for part in path.relative_to(ROOT).parts)
            if path.is_file() and not hidden:
                yield path


def _digest() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(_inputs()):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    OUTPUT.parent.mkdir(exist_ok=True)
    with (OUTPUT.parent / "tested.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def tested_site() -> Site:
    """Return the built site; of several test processes the first builds and the others wait."""
    with _alone():
        stamp, digest = OUTPUT / "stamp.json", _digest()
        if stamp.exists():
            known = json.loads(stamp.read_text("utf8"))
            if known["digest"] == digest:
                return Site(OUTPUT / "_build/html", known["returncode"], known["log"])
        site = jupyter_book(ROOT, OUTPUT)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(
            json.dumps({"digest": digest, "returncode": site.returncode, "log": site.log}), "utf8"
        )
        return site


if __name__ == "__main__":
    tested_site()  # what is wrong with it, the tests say
