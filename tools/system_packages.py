"""Find what the tests take from the system; install it where that is allowed.

``python -m tools.system_packages chromium`` exits 0 when the package is there. As root on a
Debian-like system it installs what is missing; elsewhere it names the one command to type.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys

#: Debian package → names under which its program is found.
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "bubblewrap": ("bwrap",),
}
#: Debian package → name of its library.
LIBRARIES = {"libseccomp2": "seccomp"}
#: What Debian only recommends, and the tests need: letters to draw. Nothing else that it recommends
#: is installed, neither a printer's settings nor newer versions of what is there.
WITH = {"chromium": ["fonts-liberation"]}


def find(package: str) -> str | None:
    """Return where the package's program or library is, or None."""
    if package in LIBRARIES:
        return ctypes.util.find_library(LIBRARIES[package])
    return next((path for name in PROGRAMS[package] if (path := shutil.which(name))), None)


def _install(packages: list[str]) -> bool:
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    names = [name for package in packages for name in (package, *WITH.get(package, ()))]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
    for command in (["apt-get", "update", "-qq"], install):
        if subprocess.run(command, check=False, env=quiet, stdout=subprocess.DEVNULL).returncode:
            return False
    return True


def require(packages: list[str]) -> None:
    """Make sure that every package is there, or exit with one clear line."""
    known = [*PROGRAMS, *LIBRARIES]
    unknown = [package for package in packages if package not in known]
    if unknown:
        sys.exit(f"unknown package {unknown[0]!r}; known: {', '.join(known)}")
    missing = [package for package in packages if not find(package)]
    if missing and _install(missing):
        missing = [package for package in missing if not find(package)]
    if missing:
        names = " ".join(missing)
        sys.exit(f"The tests need {names}. Install it: sudo apt-get install {names}")


if __name__ == "__main__":
    require(sys.argv[1:])
