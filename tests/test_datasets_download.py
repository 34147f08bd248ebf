"""Downloads, against a real server on 127.0.0.1 that misbehaves in every way we know of."""

from __future__ import annotations

import gzip
import time
import tracemalloc

import numpy as np
import pytest

from derived import datasets
from derived.datasets import DataUnavailable, RemoteFile, handwritten
from derived.datasets.idx import write_idx
from derived.datasets.transfer import Limits

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

QUICK = Limits(timeout=0.5, attempts=4, minimum_rate=1000.0, window=0.4, patience=20.0)


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
    assert time.monotonic() - start < 20.0  # about 1 s; without these limits 30 s and more


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
