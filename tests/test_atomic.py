"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
import threading
import time

import pytest

from derived.atomic import write_atomically


def test_the_content_is_written_into_a_folder_that_is_made(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch, function):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, size, done = tmp_path / "file", 200_000, threading.Event()
    write_atomically(path, b"0" * size)
    torn = []

    def read():
        while not done.is_set():
            content = path.read_bytes()
            if len(content) != size or len(set(content)) != 1:
                torn.append(len(content))

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(100):
        write_atomically(path, str(k % 10).encode() * size)
    done.set()
    reader.join()
    assert torn == []


def test_threads_that_write_one_file_do_not_mix(tmp_path):
    path, failures = tmp_path / "file", []

    def write(digit):
        try:
            for _ in range(40):
                write_atomically(path, digit * 100_000)
                assert len(set(path.read_bytes())) == 1
        except (OSError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(digit,)) for digit in (b"1", b"2", b"3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_rests_of_killed_processes_are_removed_but_not_fresh_ones(tmp_path):
    path = tmp_path / "file"
    old, fresh, foreign = (tmp_path / f for f in (".file.1.tmp", ".file.2.tmp", ".other.1.tmp"))
    for rest in (old, fresh, foreign):
        rest.write_bytes(b"rest")
    for rest in (old, foreign):
        os.utime(rest, (time.time() - 3600,) * 2)
    write_atomically(path, b"new")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".file.2.tmp", ".other.1.tmp", "file"]
