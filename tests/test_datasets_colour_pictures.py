"""CIFAR-10: the archive is fetched, verified, kept and read; what is not it is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest

from derived import datasets
from derived.datasets import DataUnavailable, RemoteFile, colour_pictures

from .local_server import data_folder, files, running_server, serve

server = pytest.fixture(running_server)
folder = pytest.fixture(data_folder)

NAME = colour_pictures.CIFAR10_FILE.name


def members(rng, count=3):
    """Return the six files of the archive, ``count`` pictures each: name → (labels, images)."""
    names = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]
    return {
        f"cifar-10-batches-bin/{name}": (
            rng.integers(0, 10, count, dtype=np.uint8),
            rng.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8),
        )
        for name in names
    }


def packed(contents):
    """Return a .tar.gz of ``contents``: name → bytes."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, content in contents.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def as_bytes(labels, images):
    # As the format is described: one byte for the label, then 1,024 red, green and blue bytes.
    return b"".join(
        bytes([label]) + image[0].tobytes() + image[1].tobytes() + image[2].tobytes()
        for label, image in zip(labels, images, strict=True)
    )


def record_of(archive, *urls):
    return RemoteFile(
        NAME, urls, hashlib.sha256(archive).hexdigest(), len(archive), "go on", packed=True
    )


def test_the_archive_is_downloaded_verified_kept_and_read(server, folder, monkeypatch):
    parts = members(np.random.default_rng(0))
    archive = packed({name: as_bytes(*part) for name, part in parts.items()})
    server.behaviour["cifar"] = serve(archive)
    file = record_of(archive, server.url("gone"), server.url("cifar"))
    monkeypatch.setattr(colour_pictures, "CIFAR10_FILE", file)
    *train, test = parts.values()
    for _ in range(2):
        got = datasets.cifar10("train")
        np.testing.assert_array_equal(got.labels, np.concatenate([labels for labels, _ in train]))
        np.testing.assert_array_equal(got.images, np.concatenate([images for _, images in train]))
        np.testing.assert_array_equal(datasets.cifar10("test").images, test[1])
    assert [path for path, _ in server.requests] == ["gone", "cifar"]
    assert files(folder) == [NAME] and (folder / NAME).read_bytes() == archive


def test_an_archive_put_there_by_hand_is_found(folder, monkeypatch):
    parts = members(np.random.default_rng(1), count=1)
    archive = packed({name: as_bytes(*part) for name, part in parts.items()})
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_bytes(archive)
    monkeypatch.setattr(colour_pictures, "CIFAR10_FILE", record_of(archive, "http://127.0.0.1:9/a"))
    assert datasets.cifar10("test", offline=True).images.shape == (1, 3, 32, 32)


def test_the_same_content_in_another_archive_is_refused(server, folder, monkeypatch):
    parts = members(np.random.default_rng(2), count=1)
    contents = {name: as_bytes(*part) for name, part in parts.items()}
    archive = packed(contents)
    changed = bytearray(archive)
    changed[9] ^= 1  # the "operating system" byte of gzip's header: unpacks to the same tar
    assert gzip.decompress(bytes(changed)) == gzip.decompress(archive)
    server.behaviour["cifar"] = serve(bytes(changed))
    monkeypatch.setattr(colour_pictures, "CIFAR10_FILE", record_of(archive, server.url("cifar")))
    with pytest.raises(DataUnavailable, match="wrong content"):
        datasets.cifar10("train")
    assert files(folder) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cifar-10-batches-bin/test_batch.bin": b"\x00" * 3072}, "not a multiple of 3,073"),
        ({"cifar-10-batches-bin/test_batch.bin": b""}, "has 0 bytes"),
        ({"cifar-10-batches-bin/test_batch.bin": b"\x0a" * 3073}, "has the label 10"),
        ({"elsewhere/test_batch.bin": b"\x00" * 3073}, "the archive has no cifar-10-batches-bin"),
    ],
    ids=["cut", "empty", "label", "missing"],
)
def test_what_is_not_cifar_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        colour_pictures.read_cifar10(packed(change), "test")


def test_another_split_is_refused_and_offline_says_what_to_do(folder):
    with pytest.raises(ValueError, match='split must be "train" or "test"'):
        datasets.cifar10("validation")
    with pytest.raises(DataUnavailable, match=r"cifar-10-binary\.tar\.gz"):
        datasets.cifar10("train", offline=True)


def test_the_record_is_that_of_the_published_archive():
    file = colour_pictures.CIFAR10_FILE
    assert file.packed and file.size == 170_052_171 and file.sha256.startswith("c4a38c50a1bc5f3a")
    assert all(url.startswith("https://") and url.endswith(".tar.gz") for url in file.urls)
    assert len(colour_pictures.CIFAR10_CLASSES) == 10
