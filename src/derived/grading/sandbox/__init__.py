"""Walls around code that nobody has read: bubblewrap, seccomp, limits and a watchdog.

``available()`` says whether this machine has them, and what to do if not;
:func:`derived.grading.sandbox.selftest.prove` tries whether they hold;
:class:`derived.grading.sandbox.provisioner.BwrapProvisioner` starts Jupyter kernels behind them.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys

from ..errors import CourseError

__all__ = ["CONTAINER", "available"]

PROGRAMS = ("bwrap", "setpriv", "prlimit", "timeout", "nice", "choom")
BUBBLEWRAP = (0, 8)  # the first with --disable-userns
LINUX = (5, 14)  # the first that counts processes for each user namespace

INSTALL = "sudo apt-get install bubblewrap libseccomp2"

#: bubblewrap makes namespaces, which a container forbids unless it is told not to.
CONTAINER = (
    "docker run --rm -it --init --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE "
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    '-v "$PWD":/course -w /course python:3.12 bash -c '
    "'apt-get update && apt-get install -y bubblewrap libseccomp2 && "
    'pip install "deep-learning-derived[grading]" && exec bash\''
)
UNSAFE = "--unsafe grades without a sandbox: only for code that you trust as your own"


def available() -> None:
    """Return if this machine can have the sandbox.

    Raises CourseError, with the way out, if it cannot.
    """
    if sys.platform != "linux":
        raise CourseError(f"the sandbox needs Linux; here it runs in a container: {CONTAINER}")
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise CourseError(
            f"the sandbox needs {', '.join(missing)}: {INSTALL} (or a container: {CONTAINER}; "
            f"{UNSAFE})"
        )
    _new_enough("Linux", platform.release(), LINUX)
    answer = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    _new_enough("bubblewrap", answer.stdout, BUBBLEWRAP)
    _starts()


def _new_enough(name: str, text: str, least: tuple[int, int]) -> None:
    found = re.search(r"(\d+)\.(\d+)", text)
    if found is None or tuple(map(int, found.groups())) < least:
        raise CourseError(
            f"the sandbox needs {name} {least[0]}.{least[1]} or newer, and this is "
            f"{text.strip() or 'unknown'}: use a newer system or a container: {CONTAINER}"
        )


def _starts() -> None:
    """Start the smallest sandbox."""
    from . import command, seccomp  # noqa: PLC0415  (the limits must be importable anywhere)
    from .limits import Limits  # noqa: PLC0415

    filter_descriptor = seccomp.descriptor()
    try:
        box = command.Box(Limits(), user=command.fresh_user())
        answer = subprocess.run(
            command.command(box, ["/bin/true"], filter_descriptor),
            pass_fds=[filter_descriptor],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(filter_descriptor)
    if answer.returncode:
        reason = " ".join(answer.stderr.split()) or f"exit status {answer.returncode}"
        raise CourseError(f"the sandbox cannot be made here ({reason}): {_way_out()}; {UNSAFE}")


def _way_out() -> str:
    """Return what to do where namespaces are forbidden."""
    if os.geteuid() == 0:
        return f"inside a container, start it so: {CONTAINER}"
    return (
        "let programs make user namespaces (Ubuntu: sudo sysctl "
        "kernel.apparmor_restrict_unprivileged_userns=0; older Debian: sudo sysctl "
        f"kernel.unprivileged_userns_clone=1), or use a container: {CONTAINER}"
    )
