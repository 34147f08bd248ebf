"""The self-test of the sandbox: it passes, and it fails by name on each wall that is missing."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from derived.grading import sandbox
from derived.grading.errors import CourseError
from derived.grading.sandbox import command, folders, seccomp, selftest, watchdog
from derived.grading.sandbox.limits import Limits

from .sandboxed_kernels import require_sandbox

ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def installed():
    require_sandbox()


@pytest.fixture
def course(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "gradebook.db").write_text("marks")
    return tmp_path


def without(*parts: str):
    """Return a change that leaves arguments out."""
    return lambda arguments: [part for part in arguments if part not in parts]


def inserted(*parts: str):
    """Return a change that gives bubblewrap more arguments, after its own."""

    def change(arguments: list[str]) -> list[str]:
        at = arguments.index("--chdir")
        return [*arguments[:at], *parts, *arguments[at:]]

    return change


def unfiltered(arguments: list[str]) -> list[str]:
    at = arguments.index("--seccomp")
    return arguments[:at] + arguments[at + 2 :]


def as_the_grader(arguments: list[str]) -> list[str]:
    """Leave out the inner ``setpriv`` of mode root."""
    start = arguments.index("--reuid") - 1
    return arguments[:start] + arguments[arguments.index("prlimit") :]


def test_it_passes_quickly_and_leaves_nothing(course):
    before = set(folders.PARENT.glob(f"derived-{os.getpid()}-*"))  # of other tests' graders
    start = time.monotonic()
    selftest.prove(Limits(), course)
    assert time.monotonic() - start < 10  # 0.3 s on an idle machine
    assert list((course / ".derived").iterdir()) == []
    assert set(folders.PARENT.glob(f"derived-{os.getpid()}-*")) == before


BROKEN = {
    "reach the network of this machine": without("--unshare-net"),
    "reach sockets of programs on this machine": without("--unshare-net"),
    "see the processes of this machine": without("--unshare-pid"),
    "send signals to the grader": without("--unshare-pid"),
    "make any system call (no seccomp filter)": unfiltered,
    "make a user namespace": unfiltered,
    "fill the memory with files": inserted("--tmpfs", "/dev/shm"),
    "use more memory than the limit": lambda arguments: [
        part for part in arguments if not part.startswith("--as=")
    ],
    "start more processes than the limit": lambda arguments: [
        part for part in arguments if not part.startswith("--nproc=")
    ],
    "gain privileges": as_the_grader,
    selftest.ROOT: as_the_grader,
}
#: An ordinary user's sandbox has one switch for all namespaces, and no inner ``setpriv``.
OF_ROOT = {"--unshare-net", "--unshare-pid"}


def names_to_break() -> list[str]:
    if ROOT:
        return list(BROKEN)
    kept = ("reach", "see", "send", "gain", "make a user", selftest.ROOT)
    return [name for name in BROKEN if not name.startswith(kept)]


@pytest.mark.parametrize("name", names_to_break())
def test_a_missing_wall_is_named(course, name):
    with pytest.raises(CourseError) as caught:
        selftest.prove(Limits(), course, change=BROKEN[name])
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_visible_course_is_named(course):
    course.chmod(0o755)
    shown = inserted(*command._read_only([course]))
    with pytest.raises(CourseError, match="see the course folder"):
        selftest.prove(Limits(), course, change=shown)


def test_files_that_can_be_seen_or_written_are_named(course):
    show_all = inserted("--bind", "/tmp", "/tmp")
    with pytest.raises(CourseError, match="see files of this machine"):
        selftest.prove(Limits(), course, change=show_all)


def test_a_writable_package_is_named(course, tmp_path, monkeypatch):
    writable = tmp_path / "writable"
    writable.mkdir()
    writable.chmod(0o777)
    package = str(command.package_folder())
    mount = inserted("--bind", str(writable), f"{package}/grading/batch")
    read_only = [*command.read_only_folders(), Path(package) / "grading" / "batch"]
    monkeypatch.setattr(command, "read_only_folders", lambda: read_only)
    with pytest.raises(CourseError, match="write into Python or the system"):
        selftest.prove(Limits(), change=mount)


def test_a_sandbox_that_nobody_can_look_into_is_named(monkeypatch):
    def refuse(_: int) -> None:
        raise PermissionError("not permitted")

    monkeypatch.setattr(watchdog, "_first_process", refuse)
    with pytest.raises(CourseError, match=r"that nobody counts \(not permitted\)"):
        selftest.prove(Limits())


def test_a_sandbox_without_python_says_why():
    with pytest.raises(CourseError, match=r"does not start Python.*No such file"):
        selftest.prove(Limits(), change=without("--ro-bind", sys.prefix))


@pytest.mark.parametrize("inside", [sys.prefix, str(command.package_folder())])
def test_a_course_that_every_submission_could_read_is_refused(inside):
    with pytest.raises(CourseError, match=r"which every submission can read: move"):
        selftest.prove(Limits(), Path(inside) / "course")


def test_a_machine_without_the_programs_is_told_what_to_type(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None if name == "bwrap" else name)
    with pytest.raises(CourseError, match=r"needs bwrap: sudo apt-get install bubblewrap libsec"):
        sandbox.available()


def test_another_system_is_shown_the_container(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(CourseError, match=r"needs Linux; .* docker run .* python:3\.12"):
        sandbox.available()


@pytest.mark.parametrize("version", ["bubblewrap 0.6.1", ""])
def test_an_old_bubblewrap_is_named(version):
    with pytest.raises(CourseError, match=r"needs bubblewrap 0\.8 or newer"):
        sandbox._new_enough("bubblewrap", version, sandbox.BUBBLEWRAP)


def test_forbidden_namespaces_are_told_in_the_words_of_the_system(monkeypatch):
    refused = ["sh", "-c", "echo 'bwrap: No permissions to create new namespace' >&2; exit 1"]
    monkeypatch.setattr(command, "command", lambda *_: refused)
    with pytest.raises(CourseError, match=r"No permissions to create.*docker run.*--unsafe"):
        sandbox.available()


def test_a_missing_libseccomp_is_named(monkeypatch):
    seccomp.program.cache_clear()
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(CourseError, match="apt-get install libseccomp2"):
        seccomp.program()


def test_a_wrong_mode_is_refused():
    with pytest.raises(ValueError, match='mode must be "root", "user" or empty'):
        command.fresh_user("u")


@pytest.mark.skipif(not ROOT, reason="an ordinary user has no other user ids")
def test_every_sandbox_of_root_has_a_user_of_its_own():
    users = {command.fresh_user() for _ in range(100)}
    assert len(users) > 95 and all(user and user > 100_000 for user in users)
