"""Downloads, against a real server on 127.0.0.1 that misbehaves in every way we know of."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from derived import datasets
from derived.datasets import DataUnavailable, RemoteFile, handwritten, locking
from derived.datasets.idx import write_idx
from derived.datasets.transfer import Limits

CONTENT = np.random.default_rng(0).integers(0, 99, 120_000, dtype=np.uint8).tobytes()
ZIPPED = gzip.compress(CONTENT, 6, mtime=0)
QUICK = Limits(timeout=0.5, attempts=4, minimum_rate=1000.0, window=0.4, patience=20.0)
NAME = "toy/values.gz"


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files`` as the page of behaviour registered for each path asks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour: dict[str, Callable[[Handler], None]] = {}
        self.requests: list[tuple[str, str | None]] = []  # path and Range header
        self.stop = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, request, client_address) -> None:
        pass  # a client that hangs up is what several tests want


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.requests.append((path, self.headers.get("Range")))
        self.server.behaviour.get(path, missing)(self)

    def log_message(self, *arguments) -> None:
        pass

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def missing(handler: Handler) -> None:
    handler.send_error(404)


def serve(
    body: bytes, *, ranges: bool = True, break_after: int | None = None, breaks: int = 10**9
) -> Callable[[Handler], None]:
    """Serve a file; hang up after ``break_after`` bytes of each of the first ``breaks`` answers."""
    left = [breaks]

    def answer(handler: Handler) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(asked.group(1)) if asked and ranges else 0
        if start >= len(body) and start:
            handler.send(416, {"Content-Range": f"bytes */{len(body)}"}, b"")
            return
        part = body[start:]
        headers = {"Content-Length": str(len(part))}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if break_after is not None and left[0] > 0:
            left[0] -= 1
            part = part[:break_after]
        handler.send(206 if start else 200, headers, part)

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.stop.set()
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder; the platform's cache folder is beside it."""
    monkeypatch.setenv("DERIVED_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DERIVED_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data"


def remote(*urls: str, name: str = NAME, content: bytes = CONTENT) -> RemoteFile:
    digest = hashlib.sha256(content).hexdigest()
    return RemoteFile(name, urls, digest, len(content), "toy() needs no download")


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_file_is_downloaded_once_verified_and_kept(server, folder, capsys):
    server.behaviour["a"] = serve(ZIPPED)
    file = remote(server.url("a"))
    assert file.read() == CONTENT
    assert NAME in capsys.readouterr().err  # the progress bar
    assert files(folder) == [NAME]
    assert file.read() == CONTENT
    assert server.requests == [("a", None)]


def test_an_uncompressed_file_is_downloaded_too(server, folder):
    server.behaviour["a"] = serve(CONTENT)
    assert remote(server.url("a"), name="toy/values").read() == CONTENT


@pytest.mark.parametrize("name", [NAME, "toy/values"])
def test_a_file_put_there_by_hand_is_found_zipped_or_not(folder, name):
    (folder / "toy").mkdir(parents=True)
    (folder / name).write_bytes(ZIPPED if name.endswith(".gz") else CONTENT)
    assert remote("http://127.0.0.1:9/a").read(offline=True) == CONTENT


def test_the_cache_folder_serves_where_no_folder_is_chosen(server, folder, tmp_path, monkeypatch):
    monkeypatch.delenv("DERIVED_DATA")
    server.behaviour["a"] = serve(ZIPPED)
    assert remote(server.url("a")).read() == CONTENT
    assert files(tmp_path / "cache") == [f"derived/{NAME}"]


def test_a_wrong_hash_is_refused_and_nothing_is_kept(server, folder):
    server.behaviour["a"] = serve(gzip.compress(CONTENT[::-1]))
    with pytest.raises(DataUnavailable, match="wrong content"):
        remote(server.url("a")).read()
    assert files(folder) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (ZIPPED[: len(ZIPPED) // 2], "is truncated"),
        (b"<!DOCTYPE html><p>Please log in", "not a gzip file: it starts with b'<!DOCTYPE ht"),
        (ZIPPED[:-8] + bytes(8), "damaged gzip file"),
        (gzip.compress(CONTENT[:-1]), "holds 119,999 bytes instead of 120,000"),
        (gzip.compress(CONTENT + b"x"), "holds more than 120,000 bytes"),
        (gzip.compress(bytes(50_000_000)), "holds more than 120,000 bytes"),
        (bytes(300_000), "sent more than"),
        (b"", "holds 0 bytes"),
    ],
    ids=["truncated", "html", "flipped", "short", "long", "bomb", "endless", "empty"],
)
def test_a_wrong_file_is_named_and_the_next_mirror_is_asked(server, folder, body, reason):
    server.behaviour["a"] = serve(body)
    with pytest.raises(DataUnavailable, match=reason):
        remote(server.url("a")).read(limits=QUICK)
    assert not any(name.endswith("values.gz") for name in files(folder))
    server.behaviour["b"] = serve(ZIPPED)
    assert remote(server.url("a"), server.url("b")).read(limits=QUICK) == CONTENT
    assert files(folder) == [NAME]


def test_a_gzip_bomb_is_not_unpacked_into_memory(server, folder):
    server.behaviour["a"] = serve(gzip.compress(bytes(100_000_000), 9))
    tracemalloc.start()
    try:
        with pytest.raises(DataUnavailable, match="more than 120,000 bytes"):
            remote(server.url("a")).read()
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_the_second_mirror_is_asked_after_a_404(server, folder):
    server.behaviour["b"] = serve(ZIPPED)
    assert remote(server.url("a"), server.url("b")).read() == CONTENT
    assert [path for path, _ in server.requests] == ["a", "b"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_is_resumed(server, folder, ranges):
    third = len(ZIPPED) // 3
    server.behaviour["a"] = serve(ZIPPED, ranges=ranges, break_after=third, breaks=2)
    assert remote(server.url("a")).read() == CONTENT
    asked = [value for _, value in server.requests]
    # Without ranges the server starts anew each time, so the second part is no longer.
    assert asked == [None, f"bytes={third}-", f"bytes={2 * third if ranges else third}-"]
    assert files(folder) == [NAME]


def test_a_later_call_continues_where_an_earlier_one_gave_up(server, folder):
    server.behaviour["a"] = serve(ZIPPED, break_after=20_000, breaks=1)
    once = Limits(timeout=1.0, attempts=1)
    with pytest.raises(DataUnavailable, match=r"closed after 20,000 of [\d,]+ bytes"):
        remote(server.url("a")).read(limits=once)
    assert remote(server.url("a")).read(limits=once) == CONTENT
    assert server.requests[1] == ("a", "bytes=20000-")
    assert files(folder) == [NAME]


def test_a_part_of_another_version_does_not_spoil_the_file(server, folder):
    other = gzip.compress(CONTENT, 1, mtime=0)
    server.behaviour["a"] = serve(other, break_after=20_000)
    with pytest.raises(DataUnavailable):
        remote(server.url("a")).read(limits=Limits(attempts=1))
    server.behaviour["a"] = serve(ZIPPED)
    assert remote(server.url("a")).read() == CONTENT
    assert [asked for _, asked in server.requests[1:]] == ["bytes=20000-", None]


def test_the_parts_of_two_mirrors_are_not_mixed(server, folder):
    server.behaviour["a"] = serve(gzip.compress(CONTENT, 1), break_after=20_000, breaks=1)
    server.behaviour["b"] = serve(ZIPPED)
    urls = server.url("a"), server.url("b")
    assert remote(*urls).read(limits=Limits(attempts=1)) == CONTENT
    assert server.requests == [("a", None), ("b", None)]
    assert files(folder) == [NAME]


def _other_range(handler: Handler) -> None:
    if handler.headers.get("Range"):
        handler.send(206, {"Content-Range": "bytes 7-9/10", "Content-Length": "3"}, b"abc")
    else:
        serve(ZIPPED)(handler)


def part_size(refusing: str) -> int:
    return 20_000 if refusing == "another range" else len(ZIPPED) + 5


@pytest.mark.parametrize("refusing", ["too long a part", "no ranges at all", "another range"])
def test_a_refused_range_leads_to_a_fresh_start(server, folder, refusing):
    server.behaviour["a"] = serve(ZIPPED, break_after=20_000)
    with pytest.raises(DataUnavailable):
        remote(server.url("a")).read(limits=Limits(attempts=1))
    (part,) = (folder / "toy").glob(".*.part")
    if refusing == "another range":
        server.behaviour["a"] = _other_range
    else:
        part.write_bytes(b"x" * (len(ZIPPED) + 5))
        server.behaviour["a"] = serve(ZIPPED, ranges=refusing == "too long a part")
    assert remote(server.url("a")).read() == CONTENT
    asked = [value for _, value in server.requests[1:]]
    again = [] if refusing == "no ranges at all" else [None]  # that answer was whole already
    assert asked == [f"bytes={part_size(refusing)}-", *again]


def _hang(handler: Handler) -> None:
    handler.server.stop.wait(10)


def _hang_in_body(handler: Handler) -> None:
    handler.send(200, {"Content-Length": str(len(ZIPPED))}, ZIPPED[:100])
    handler.server.stop.wait(10)


def _trickle(handler: Handler) -> None:
    handler.send(200, {"Content-Length": str(len(ZIPPED))}, b"")
    for k in range(1000):
        handler.wfile.write(ZIPPED[k : k + 1])
        if handler.server.stop.wait(0.02):
            return


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(_hang, "no answer in time"), (_hang_in_body, "no answer in time"), (_trickle, "stalled")],
)
def test_nothing_hangs(server, folder, behaviour, reason):
    server.behaviour["a"] = behaviour
    start = time.monotonic()
    with pytest.raises(DataUnavailable, match=reason):
        remote(server.url("a")).read(limits=QUICK)
    assert time.monotonic() - start < 5.0


def test_a_server_that_is_not_there_is_named(folder):
    with pytest.raises(DataUnavailable, match=r"http://127\.0\.0\.1:9/a: .*refused"):
        remote("http://127.0.0.1:9/a").read(limits=QUICK)


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_asks_nobody_and_says_everything(server, folder, monkeypatch, how):
    server.behaviour["a"] = serve(ZIPPED)
    if how == "environment":
        monkeypatch.setenv("DERIVED_OFFLINE", "1")
    with pytest.raises(DataUnavailable) as caught:
        remote(server.url("a")).read(offline=True if how == "argument" else None)
    message = str(caught.value)
    for part in (NAME, str(folder / "toy"), server.url("a"), "offline", "toy() needs no download"):
        assert part in message
    assert server.requests == []


def test_the_error_names_every_mirror_with_its_reason(server, folder):
    server.behaviour["b"] = serve(b"nonsense")
    with pytest.raises(DataUnavailable) as caught:
        remote(server.url("a"), server.url("b")).read()
    message = str(caught.value)
    assert f"{server.url('a')}: HTTP 404 Not Found" in message
    assert f"{server.url('b')}: what it sent is not a gzip file" in message
    assert f"DERIVED_DATA to a folder that has it as {NAME}" in message


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


def test_mnist_is_downloaded_from_the_mirrors_and_parsed(server, folder, monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    for part, array in (("images", images), ("labels", labels)):
        content = write_idx(array)
        server.behaviour[part] = serve(gzip.compress(content))
        file = remote(
            server.url("gone"), server.url(part), name=f"mnist/{part}.gz", content=content
        )
        monkeypatch.setitem(handwritten.MNIST_FILES, ("test", part), file)
    for _ in range(2):
        got_images, got_labels = datasets.mnist("test")
        np.testing.assert_array_equal(got_images, images)
        np.testing.assert_array_equal(got_labels, labels)
    assert len(server.requests) == 4


def test_the_mnist_records_are_those_of_the_database():
    for (split, part), file in handwritten.MNIST_FILES.items():
        rows = {"train": 60_000, "test": 10_000}[split]
        assert file.size == (16 + rows * 784 if part == "images" else 8 + rows)
        assert len(file.urls) >= 3 and len({url.split("/")[2] for url in file.urls}) >= 3
        assert all(url.startswith("https://") for url in file.urls)
        assert "digits()" in file.alternative


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../evil.gz"}, "relative path"),
        ({"name": "/etc/passwd"}, "relative path"),
        ({"name": ""}, "relative path"),
        ({"urls": ()}, "http or https"),
        ({"urls": ("file:///etc/passwd",)}, "http or https"),
        ({"sha256": "abc"}, "64 lower-case"),
        ({"size": 0}, "positive"),
    ],
)
def test_impossible_records_are_refused(change, message):
    fields = {"name": NAME, "urls": ("https://host/a",), "sha256": "0" * 64, "size": 1}
    with pytest.raises(ValueError, match=message):
        RemoteFile(**{**fields, **change})
