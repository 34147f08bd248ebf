"""Handwritten digits: a small set that is always there, and MNIST."""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .idx import read_idx
from .remote import RemoteFile

__all__ = ["MNIST_FILES", "Digits", "Split", "digits", "mnist"]

_TEST_SIZE = 360


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels, divided into a training and a test part.

    ``train_images`` (N, pixels) float64 in [0, 1] and ``train_labels`` (N,) int64;
    ``test_images`` and ``test_labels`` likewise.
    """

    train_images: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float64]
    test_labels: NDArray[np.int64]


Digits: TypeAlias = Split


def _test_counts(class_sizes: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Share ``total`` among the classes in proportion to their sizes (largest remainder)."""
    exact = class_sizes * total / class_sizes.sum()
    counts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    largest = np.argsort(counts - exact, kind="stable")[: total - counts.sum()]
    counts[largest] += 1
    return counts


def _stratified_rows(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the training and of the test part, both in a fixed random order."""
    rng = np.random.default_rng(0)  # part of the data set's definition, not a choice of the caller
    order = rng.permutation(len(labels))
    counts = _test_counts(np.bincount(labels), _TEST_SIZE)
    by_class = [order[labels[order] == k] for k in range(len(counts))]
    chosen = np.concatenate([rows[:count] for rows, count in zip(by_class, counts, strict=True)])
    is_test = np.isin(order, chosen)
    return order[~is_test], order[is_test]


def digits() -> Split:
    """Return the 1,797 handwritten digits of 8 × 8 pixels that come with scikit-learn.

    They need no download. The fixed, stratified split has 1,437 training and 360 test images;
    each image is a row of 64 gray values in [0, 1], 1 being ink.

    Source: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI machine
    learning repository, 1998 (the test part of that set, as shipped by scikit-learn).
    """
    table = _digits_table()
    images, labels = table[:, :-1] / 16.0, table[:, -1].astype(np.int64)
    train, test = _stratified_rows(labels)
    return Split(images[train], labels[train], images[test], labels[test])


def _digits_table() -> NDArray[np.float64]:
    """Return a row of 64 gray values and a label for each digit, (1797, 65)."""
    found = importlib.util.find_spec("sklearn")
    if found is not None and found.origin is not None:
        # To import scikit-learn takes two seconds; its file is read in a tenth of one.
        file = Path(found.origin).parent / "datasets/data/digits.csv.gz"
        if file.is_file():
            return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits  # noqa: PLC0415  (see above)

    bunch: Any = load_digits()
    return np.column_stack([bunch.data, bunch.target]).astype(np.float64)


_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)


def _mnist_file(stem: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(
        name=f"mnist/{stem}.gz",
        urls=tuple(f"{mirror}{stem}.gz" for mirror in _MIRRORS),
        sha256=sha256,
        size=size,
        alternative="derived.datasets.digits() needs no download",
    )


#: (split, part) → file. Sizes and hashes are those of the uncompressed content.
MNIST_FILES: dict[tuple[str, str], RemoteFile] = {
    ("train", "images"): _mnist_file(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    ("train", "labels"): _mnist_file(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    ("test", "images"): _mnist_file(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    ("test", "labels"): _mnist_file(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def mnist(
    split: Literal["train", "test"] = "train", *, offline: bool | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the MNIST database: images uint8 (N, 28, 28), 255 being ink, and labels uint8 (N,).

    The training part has 60,000 images, the test part 10,000. The files are taken from
    ``$DERIVED_DATA/mnist`` or the platform's cache folder, and downloaded there where they are
    missing (11 MB in all); their content is compared with its SHA-256 on every call.

    Parameters
    ----------
    split : ``"train"`` or ``"test"``.
    offline : True never uses the network, False may; None asks ``$DERIVED_OFFLINE``.

    Raises
    ------
    DataUnavailable : if a file is neither there nor to be had; the message says what to do.
    ValueError : for another split.

    Source: Y. LeCun, C. Cortes and C. J. C. Burges, *The MNIST database of handwritten digits*.
    """
    if split not in ("train", "test"):
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    load = functools.partial(_load, split, offline=offline)
    labels = load("labels")  # the small file first: without a network it fails sooner
    return load("images"), labels


def _load(split: str, part: str, *, offline: bool | None) -> NDArray[np.uint8]:
    file = MNIST_FILES[split, part]
    return read_idx(file.read(offline=offline), file.name)
