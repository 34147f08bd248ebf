"""The folder of a kernel: what is copied into it, and that it goes."""

from __future__ import annotations

import os
import stat

import psutil
import pytest

from derived.grading.errors import CourseError
from derived.grading.sandbox import folders


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Make the folders where no other test looks."""
    (tmp_path / "parent").mkdir()
    monkeypatch.setattr(folders, "PARENT", tmp_path / "parent")


@pytest.fixture
def places(tmp_path):
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    return tmp_path / "from", tmp_path / "to"


def names(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_plain_files_are_copied_and_nothing_else(places):
    source, destination = places
    (source / "data" / "deeper").mkdir(parents=True)
    (source / ".git").mkdir()
    for name in (
        "a.csv",
        "data/b.csv",
        "data/deeper/c.csv",
        ".git/config",
        "x.ipynb",
        "data/y.ipynb",
    ):
        (source / name).write_text(name)
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder_link").symlink_to("/etc")
    (source / "data" / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    (source / "a.csv").chmod(0o600)
    folders.copy_files(source, destination)
    assert names(destination) == ["a.csv", "data", "data/b.csv"]
    assert (destination / "a.csv").read_text() == "a.csv"
    # The kernel has another user id where the grader is root.
    assert stat.S_IMODE((destination / "a.csv").stat().st_mode) == 0o644
    assert stat.S_IMODE((destination / "data").stat().st_mode) == 0o755


def test_too_much_is_refused_before_it_is_copied(places, monkeypatch):
    source, destination = places
    monkeypatch.setattr(folders, "FILES_MIB", 1)
    (source / "big").write_bytes(bytes(1 << 20))
    (source / "c").write_text("x")
    with pytest.raises(CourseError, match=r"more than 1 MiB .*/c"):
        folders.copy_files(source, destination)
    assert names(destination) == ["big"]


def test_too_many_files_are_refused(places, monkeypatch):
    source, destination = places
    monkeypatch.setattr(folders, "ENTRIES", 1)
    for name in ("c", "d"):
        (source / name).write_text("x")
    with pytest.raises(CourseError, match="more than 1 files: pack them"):
        folders.copy_files(source, destination)


def test_a_folder_is_closed_to_other_users():
    folder = folders.make_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.name.startswith(f"derived-{os.getpid()}-")
    scratch = folders.make_scratch()
    assert stat.S_IMODE(scratch.parent.stat().st_mode) == 0o700
    inner = folders.make_folder(scratch)
    assert inner.parent == scratch and names(inner) == ["f", "s"]


def test_what_is_closed_to_writing_can_be_removed():
    folder = folders.make_folder(folders.make_scratch())
    (folder / "s" / "file").write_text("x")
    (folder / "s").chmod(0o555)
    (folder / "f").chmod(0)
    folders.remove(folder)
    assert folder.parent.is_dir() and not folder.exists()


def test_leftovers_of_dead_graders_go_and_others_stay():
    parent = folders.PARENT
    gone = next(pid for pid in range(30_000, 4_000_000) if not psutil.pid_exists(pid))
    dead, alive = parent / f"derived-{gone}-abc", parent / f"derived-{os.getpid()}-abc"
    other, link = parent / "derived-words-abc", parent / f"derived-{gone}-link"
    for folder in (dead, alive, other):
        folder.mkdir()
    link.symlink_to(other)
    assert folders.clean_leftovers() == [dead]
    assert sorted(parent.iterdir()) == sorted([alive, other, link])


def test_sockets_are_closed_when_all_are_there():
    folder = folders.make_folder() / "s"
    (folder / "k.json").write_text("{}")
    (folder / "k-9").write_text("of an earlier kernel")
    folder.chmod(0o555)
    folders.open_sockets(folder, None)
    assert names(folder) == ["k.json"]
    for number in range(1, 5):
        (folder / f"k-{number}").touch()
    assert not folders.close_sockets(folder)
    (folder / "k-5").touch()
    assert folders.close_sockets(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o555
    assert stat.S_IMODE((folder / "k.json").stat().st_mode) == 0o444
