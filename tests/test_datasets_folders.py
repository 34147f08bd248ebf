"""Damaged files, folders that cannot be written, and processes that want the same file."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from derived import locking
from derived.datasets import DataUnavailable

from .local_server import (
    CONTENT,
    NAME,
    ZIPPED,
    Handler,
    data_folder,
    files,
    remote,
    running_server,
    serve,
)

server = pytest.fixture(running_server)
folder = pytest.fixture(data_folder)


def _put_damaged(folder: Path) -> bytes:
    (folder / "toy").mkdir(parents=True)
    damaged = ZIPPED[:1000]
    (folder / NAME).write_bytes(damaged)
    return damaged


def test_a_damaged_file_is_named_set_aside_and_replaced(server, folder):
    damaged = _put_damaged(folder)
    (folder / f"{NAME}.damaged").write_bytes(b"an earlier one")
    server.behaviour["a"] = serve(ZIPPED)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert remote(server.url("a")).read() == CONTENT
    said = " ".join(str(warning.message) for warning in caught)
    assert f"{folder / NAME} is truncated" in said and "values.gz.damaged-2" in said
    assert (folder / f"{NAME}.damaged-2").read_bytes() == damaged
    assert (folder / f"{NAME}.damaged").read_bytes() == b"an earlier one"
    assert (folder / NAME).read_bytes() == ZIPPED


def test_a_damaged_file_stays_where_it_is_if_no_better_one_is_to_be_had(server, folder):
    damaged = _put_damaged(folder)
    with pytest.warns(RuntimeWarning, match="truncated"), pytest.raises(DataUnavailable) as caught:
        remote(server.url("a")).read()
    assert f"found, but not usable: {folder / NAME} is truncated" in str(caught.value)
    assert (folder / NAME).read_bytes() == damaged


@contextlib.contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder made by this user, seen by one who may not write to it (root may write anywhere)."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    is_root = os.geteuid() == 0
    try:
        yield place
    finally:
        if is_root:
            os.seteuid(0)
        for path in [place, *place.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(place)


def _lose_rights(*folders: Path) -> None:
    for path in folders:
        path.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)


def test_a_read_only_data_folder_is_read_and_the_cache_folder_written(server, folder, monkeypatch):
    server.behaviour["a"] = serve(ZIPPED)
    with unprivileged() as place:
        (place / "data" / "toy").mkdir(parents=True)
        (place / "cache").mkdir()
        (place / "cache").chmod(0o777)
        monkeypatch.setenv("DERIVED_DATA", str(place / "data"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        _lose_rights(place / "data", place / "data" / "toy")
        with pytest.raises(PermissionError):
            (place / "data" / "toy" / "x").write_text("")
        assert remote(server.url("a")).read() == CONTENT
        assert files(place) == [f"cache/derived/{NAME}"]
        assert remote("http://127.0.0.1:9/a").read(offline=True) == CONTENT


def test_a_data_folder_that_holds_the_file_need_not_be_writable(folder, monkeypatch):
    with unprivileged() as place:
        (place / "toy").mkdir()
        (place / NAME).write_bytes(ZIPPED)
        monkeypatch.setenv("DERIVED_DATA", str(place))
        _lose_rights(place, place / "toy")
        assert remote("http://127.0.0.1:9/a").read() == CONTENT


def test_no_writable_folder_at_all_is_one_clear_error(server, tmp_path, folder, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DERIVED_DATA", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    server.behaviour["a"] = serve(ZIPPED)
    with pytest.raises(DataUnavailable) as caught:
        remote(server.url("a")).read()
    message = str(caught.value)
    assert message.count("cannot be written") == 2 and "no folder to write to" in message


def test_a_full_disk_is_one_clear_error(server, folder, monkeypatch):
    server.behaviour["a"] = serve(ZIPPED)
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
    ) + _reader(server.url("a"))
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, timeout=60
    )
    assert done.returncode != 0
    assert b"DataUnavailable" in done.stderr and b"File too large" in done.stderr


def _reader(url: str) -> str:
    return (
        "from derived.datasets import RemoteFile\n"
        f"file = RemoteFile({NAME!r}, ({url!r},), {hashlib.sha256(CONTENT).hexdigest()!r}, "
        f"{len(CONTENT)})\n"
        "import hashlib; print(hashlib.sha256(file.read()).hexdigest())\n"
    )


def _slowly(handler: Handler) -> None:
    handler.send(200, {"Content-Length": str(len(ZIPPED))}, b"")
    for start in range(0, len(ZIPPED), 5000):
        handler.wfile.write(ZIPPED[start : start + 5000])
        if handler.server.stop.wait(0.04):
            return


def test_processes_that_want_the_same_file_download_it_once(server, folder):
    server.behaviour["a"] = _slowly
    command = [sys.executable, "-c", _reader(server.url("a"))]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    digests = {process.communicate(timeout=60)[0].strip() for process in running}
    assert digests == {hashlib.sha256(CONTENT).hexdigest()}
    assert server.requests == [("a", None)]
    assert files(folder) == [NAME]


def test_a_lock_whose_file_its_last_owner_removed_is_not_taken_for_the_lock(tmp_path, monkeypatch):
    path, original, calls = tmp_path / "lock", locking._try_lock, []

    def after_the_owner_left(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:  # opened before, but locked after, the file was removed
            path.unlink()
        original(descriptor)

    monkeypatch.setattr(locking, "_try_lock", after_the_owner_left)
    with locking.exclusive(path, patience=5.0, waiting_for="testing") as alone:
        assert alone
        assert locking._acquire(path) == (None, True)  # nobody else can have it
    assert not path.exists()


def test_waiting_for_another_process_ends(tmp_path, capsys):
    path = tmp_path / "lock"
    with (
        locking.exclusive(path, patience=5.0, waiting_for="testing"),
        pytest.raises(locking.LockTimeout, match="has been testing for"),
        locking.exclusive(path, patience=2.2, waiting_for="testing"),
    ):
        pass
    assert "waiting for another process" in capsys.readouterr().err


def test_a_file_system_without_locks_still_works(server, folder, monkeypatch):
    def unsupported(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "_try_lock", unsupported)
    server.behaviour["a"] = serve(ZIPPED)
    assert remote(server.url("a")).read() == CONTENT
    assert files(folder) == [NAME]


def test_a_killed_download_is_continued_by_the_next_process(server, folder):
    def half(handler: Handler) -> None:
        handler.send(200, {"Content-Length": str(len(ZIPPED))}, ZIPPED[:50_000])
        handler.server.stop.wait(20)

    server.behaviour["a"] = half
    process = subprocess.Popen([sys.executable, "-c", _reader(server.url("a"))])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        parts = list((folder / "toy").glob(".*.part")) if folder.exists() else []
        if parts and parts[0].stat().st_size >= 8192:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = parts[0].stat().st_size
    assert kept > 0
    server.behaviour["a"] = serve(ZIPPED)
    assert remote(server.url("a")).read() == CONTENT
    assert server.requests[-1] == ("a", f"bytes={kept}-")
    assert files(folder) == [NAME]
