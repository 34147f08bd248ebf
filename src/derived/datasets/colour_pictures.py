"""CIFAR-10: sixty thousand colour pictures of ten kinds of things, of 32 × 32 pixels."""

from __future__ import annotations

import io
import tarfile
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .remote import RemoteFile

__all__ = ["CIFAR10_CLASSES", "CIFAR10_FILE", "ColourPictures", "cifar10", "read_cifar10"]

SIDE = 32
_RECORD = 1 + 3 * SIDE * SIDE  # a label, then all red, all green, all blue values
_MEMBERS = {
    "train": [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)],
    "test": ["cifar-10-batches-bin/test_batch.bin"],
}

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

#: The archive of the binary version; size and hash are those of the archive itself.
CIFAR10_FILE = RemoteFile(
    name="cifar10/cifar-10-binary.tar.gz",
    urls=(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
    ),
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    size=170_052_171,
    alternative="the lab 03_cnn rehearses on generated pictures and goes on",
    packed=True,
)


class ColourPictures(NamedTuple):
    """``images`` uint8 (N, 3, 32, 32), channels red, green, blue; ``labels`` uint8 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def cifar10(
    split: Literal["train", "test"] = "train", *, offline: bool | None = None
) -> ColourPictures:
    """Return CIFAR-10: 50,000 training or 10,000 test pictures with the labels 0 to 9.

    The names of the classes are in :data:`CIFAR10_CLASSES`. The archive (162 MiB) is taken from
    ``$DERIVED_DATA/cifar10`` or the platform's cache folder, and downloaded there where it is
    missing; its SHA-256 is compared on every call.

    Parameters
    ----------
    split : ``"train"`` or ``"test"``.
    offline : True never uses the network, False may; None asks ``$DERIVED_OFFLINE``.

    Raises
    ------
    DataUnavailable : if the archive is neither there nor to be had; the message says what to do.
    ValueError : for another split.

    Source: A. Krizhevsky, *Learning multiple layers of features from tiny images*, 2009.
    """
    if split not in _MEMBERS:
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    return read_cifar10(CIFAR10_FILE.read(offline=offline), split)


def read_cifar10(archive: bytes, split: Literal["train", "test"]) -> ColourPictures:
    """Return the pictures of a split out of the ``.tar.gz`` archive of the binary version.

    Raises ValueError if a part is missing or does not consist of whole records.
    """
    parts = []
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
        for name in _MEMBERS[split]:
            try:
                stream = members.extractfile(name)
            except KeyError as error:
                raise ValueError(f"the archive has no {name}") from error
            if stream is None:
                raise ValueError(f"{name} in the archive is not a file")
            parts.append(_records(name, stream.read()))
    records = np.concatenate(parts)
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, SIDE, SIDE)
    return ColourPictures(images, records[:, 0].copy())


def _records(name: str, content: bytes) -> NDArray[np.uint8]:
    if not content or len(content) % _RECORD:
        raise ValueError(f"{name} has {len(content):,} bytes, not a multiple of {_RECORD:,}")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, _RECORD)
    if records[:, 0].max() >= len(CIFAR10_CLASSES):
        raise ValueError(f"{name} has the label {records[:, 0].max()}; labels are 0 to 9")
    return records
