"""Command line: ``python -m tools.notebooks execute|normalise NOTEBOOK …``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _execute(paths: list[Path], profile: str | None, timeout: int) -> int:
    # One thread: results that depend on the order of a sum stay the same everywhere.
    for name in THREADS:
        os.environ.setdefault(name, "1")
    if profile:
        os.environ["DERIVED_PROFILE"] = profile
    from nbclient import NotebookClient  # noqa: PLC0415  (slow to import)

    from tools.notebooks.normalise import as_text, normalise, read  # noqa: PLC0415

    for path in paths:
        started = time.monotonic()
        notebook = normalise(read(path), path)
        resources = {"metadata": {"path": str(path.resolve().parent)}}
        NotebookClient(
            notebook, timeout=timeout, kernel_name="python3", resources=resources
        ).execute()
        path.write_text(as_text(normalise(notebook, path)), "utf8")
        print(f"{path}: executed in {time.monotonic() - started:.1f} s")
    return 0


def _normalise(paths: list[Path], check: bool) -> int:
    from tools.notebooks.normalise import as_text, normalise, read  # noqa: PLC0415

    changed = 0
    for path in paths:
        before = path.read_text("utf8")
        after = as_text(normalise(read(path), path))
        if after != before:
            changed += 1
            print(f"{path}: {'is not' if check else 'brought'} in the committed form", end="")
            print(f" (run: python -m tools.notebooks normalise {path})" if check else "")
            if not check:
                path.write_text(after, "utf8")
    return 1 if changed else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    execute = commands.add_parser("execute", help="run in place with one thread, then normalise")
    execute.add_argument("paths", nargs="+", type=Path)
    execute.add_argument("--profile", choices=("ci", "cpu", "gpu"), help="profile of a lab")
    execute.add_argument("--timeout", type=int, default=900, help="seconds a cell may take")
    normalise = commands.add_parser("normalise", help="bring into the committed form")
    normalise.add_argument("paths", nargs="+", type=Path)
    normalise.add_argument("--check", action="store_true", help="change nothing, exit 1 if needed")
    options = parser.parse_args(arguments)
    for path in options.paths:
        if not path.is_file():
            parser.error(f"there is no notebook {path}")
    if options.command == "execute":
        return _execute(options.paths, options.profile, options.timeout)
    return _normalise(options.paths, options.check)


if __name__ == "__main__":
    sys.exit(main())
