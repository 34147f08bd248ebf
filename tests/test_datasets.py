"""The embedded and generated data, the idx format, and MNIST itself where it is at hand."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_digits, make_circles, make_moons

from derived import datasets
from derived.datasets.idx import read_idx, write_idx


def _rows(points):
    """Return the rows in a canonical order, so that two sets of points can be compared."""
    return points[np.lexsort(np.round(points, 9).T)]


def test_the_library_and_its_data_need_no_torch():
    program = """
import sys
class NoTorch:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "torch":
            raise ImportError("no torch here")
sys.meta_path.insert(0, NoTorch())
import numpy, derived.datasets as d
d.digits(), d.two_moons(10, 0.1, numpy.random.default_rng(0)), d.boolean_function("xor")
from derived import runtime
assert "no PyTorch" in runtime.describe()
for use in (lambda: runtime.profile("cpu"), lambda: __import__("derived.training")):
    try:
        use()
    except ImportError as error:
        assert "pip install torch" in str(error), error
    else:
        raise SystemExit("no error")
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_digits_are_a_stratified_split_of_the_embedded_set():
    split = datasets.digits()
    assert split.train_images.shape == (1437, 64) and split.test_images.shape == (360, 64)
    assert split.train_images.dtype == np.float64 and split.train_labels.dtype == np.int64
    assert split.train_images.min() == 0.0 and split.train_images.max() == 1.0
    images = np.concatenate([split.train_images, split.test_images])
    source = load_digits()
    np.testing.assert_array_equal(_rows(images), _rows(source.data / 16.0))
    share = np.bincount(split.test_labels) / np.bincount(source.target)
    assert np.all(np.abs(share - 360 / 1797) < 1 / 174)  # within one image of each class's share


def test_digits_are_the_same_wherever_scikit_learn_keeps_them(monkeypatch):
    quick = datasets.digits()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    slow = datasets.digits()
    for field in fields(quick):
        assert np.array_equal(getattr(quick, field.name), getattr(slow, field.name))


def test_digits_keep_each_image_with_its_label():
    split, source = datasets.digits(), load_digits()
    label_of = {
        row.tobytes(): label for row, label in zip(source.data / 16.0, source.target, strict=True)
    }
    for images, labels in (
        (split.train_images, split.train_labels),
        (split.test_images, split.test_labels),
    ):
        assert [label_of[row.tobytes()] for row in images] == labels.tolist()


def test_digits_are_in_the_same_order_everywhere_and_each_call_gives_fresh_arrays():
    first = datasets.digits()
    digest = hashlib.sha256(first.test_labels.tobytes() + first.train_labels.tobytes())
    assert digest.hexdigest()[:16] == "a30b4bd6ce577735"
    first.train_images[:] = 7.0
    assert datasets.digits().train_images.max() == 1.0


@pytest.mark.parametrize("n", [2, 7, 100])
def test_two_moons_without_noise_are_scikit_learns(n):
    points, labels = datasets.two_moons(n, 0.0, np.random.default_rng(0))
    want, want_labels = make_moons(n, shuffle=False)
    for k in (0, 1):
        np.testing.assert_allclose(
            _rows(points[labels == k]), _rows(want[want_labels == k]), atol=1e-12
        )


def test_rings_without_noise_are_scikit_learns_circles():
    points, labels = datasets.rings(60, 0.0, np.random.default_rng(0))
    want, want_labels = make_circles(60, shuffle=False, factor=0.5)
    for k in (0, 1):  # scikit-learn calls the outer circle 0
        np.testing.assert_allclose(
            _rows(points[labels == k]), _rows(want[want_labels == 1 - k]), atol=1e-12
        )


@pytest.mark.parametrize("arms", [2, 3])
def test_spirals_have_radius_in_proportion_to_the_angle(arms):
    turns = 1.5
    points, labels = datasets.spirals(90, 0.0, np.random.default_rng(0), turns=turns, arms=arms)
    radius = np.hypot(*points.T)
    assert radius.max() == pytest.approx(1.0) and radius.min() > 0.0
    expected = 2 * np.pi * (turns * radius + labels / arms)
    np.testing.assert_allclose(np.cos(expected), points[:, 0] / radius, atol=1e-9)
    np.testing.assert_allclose(np.sin(expected), points[:, 1] / radius, atol=1e-9)
    assert np.bincount(labels).tolist() == [90 // arms] * arms


def test_blobs_have_the_centers_and_the_spread_asked_for():
    centers = np.array([[0.0, 5.0, 1.0], [3.0, -1.0, 2.0]])
    points, labels = datasets.blobs(20_000, np.random.default_rng(0), centers=centers, spread=0.3)
    for k in (0, 1):
        cloud = points[labels == k]
        np.testing.assert_allclose(cloud.mean(axis=0), centers[k], atol=0.02)
        np.testing.assert_allclose(np.cov(cloud.T), 0.09 * np.eye(3), atol=0.005)


GENERATED = [
    lambda n, rng: datasets.two_moons(n, 0.1, rng),
    lambda n, rng: datasets.rings(n, 0.1, rng),
    lambda n, rng: datasets.spirals(n, 0.1, rng),
    datasets.blobs,
]


@pytest.mark.parametrize("make", GENERATED)
def test_generated_sets_depend_on_the_generator_alone_and_are_shuffled(make):
    points, labels = make(101, np.random.default_rng(3))
    again, same = make(101, np.random.default_rng(3))
    other, _ = make(101, np.random.default_rng(4))
    np.testing.assert_array_equal(points, again)
    np.testing.assert_array_equal(labels, same)
    assert not np.array_equal(points, other)
    assert points.shape == (101, 2) and labels.dtype == np.int64
    assert abs(np.diff(np.bincount(labels))[0]) <= 1
    assert np.any(np.diff(labels) < 0)


@pytest.mark.parametrize("make", GENERATED)
def test_generated_sets_refuse_what_they_cannot_make(make):
    with pytest.raises(ValueError, match="n must be an integer"):
        make(1, np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"numpy\.random\.Generator"):
        make(10, 0)


def test_other_impossible_arguments_are_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="noise is a standard deviation"):
        datasets.two_moons(10, -1.0, rng)
    with pytest.raises(ValueError, match="turns"):
        datasets.spirals(10, 0.0, rng, turns=0.0)
    with pytest.raises(ValueError, match="arms"):
        datasets.spirals(10, 0.0, rng, arms=1)
    with pytest.raises(ValueError, match="radii"):
        datasets.rings(10, 0.0, rng, radii=(1.0, -1.0))
    with pytest.raises(ValueError, match="centers"):
        datasets.blobs(10, rng, centers=[1.0, 2.0])


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("and", lambda a, b: a and b),
        ("or", lambda a, b: a or b),
        ("xor", lambda a, b: a != b),
        ("nand", lambda a, b: not (a and b)),
        ("nor", lambda a, b: not (a or b)),
        ("xnor", lambda a, b: a == b),
        ("x1 implies x2", lambda a, b: not a or b),
        ("x2 implies x1", lambda a, b: a or not b),
        ("x1 and not x2", lambda a, b: a and not b),
        ("not x1 and x2", lambda a, b: not a and b),
        ("x1", lambda a, b: a),
        ("not x2", lambda a, b: not b),
    ],
)
def test_boolean_functions_have_their_truth_tables(name, function):
    inputs, values = datasets.boolean_function(name)
    assert inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert values.tolist() == [int(function(bool(a), bool(b))) for a, b in inputs]


def test_the_sixteen_named_functions_are_all_different():
    assert len(set(datasets.BOOLEAN_FUNCTIONS.values())) == 16
    with pytest.raises(ValueError, match="'nand'"):
        datasets.boolean_function("nandd")


@pytest.mark.parametrize("inputs", [1, 2, 3, 4])
def test_all_boolean_functions_are_numbered_by_their_tables(inputs):
    rows, tables = datasets.boolean_functions(inputs)
    assert rows.shape == (2**inputs, inputs) and tables.shape == (2**2**inputs, 2**inputs)
    assert np.array_equal(tables @ (2 ** np.arange(2**inputs))[::-1], np.arange(len(tables)))
    assert len(np.unique(rows, axis=0)) == len(rows)


@pytest.mark.parametrize("inputs", [0, 5, True])
def test_too_many_boolean_functions_are_refused(inputs):
    with pytest.raises(ValueError, match="1, 2, 3 or 4"):
        datasets.boolean_functions(inputs)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    )
)
def test_idx_files_survive_a_round_trip(array):
    back = read_idx(write_idx(array))
    assert back.dtype == array.dtype and back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_idx_follows_the_published_layout():
    # The header of the MNIST label files: magic number 0x00000801, then the number of items.
    assert read_idx(b"\0\0\x08\x01\0\0\0\x03\x05\x00\x04").tolist() == [5, 0, 4]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not in idx format"),
        (b"\x1f\x8b\x08\x00", "not in idx format"),
        (b"\0\0\x08\x03\0\0", "within its header"),
        (b"\0\0\x08\x01\0\0\0\x03\x05", "has 9 bytes"),
        (b"\0\0\x08\x01\0\0\0\x01\x05\x06", "has 10 bytes"),
    ],
)
def test_damaged_idx_files_are_refused(content, message):
    with pytest.raises(ValueError, match=message):
        read_idx(content, "labels")


def test_idx_has_no_complex_numbers():
    with pytest.raises(ValueError, match="complex128"):
        write_idx(np.zeros(2, dtype=complex))


@pytest.mark.parametrize(
    ("split", "counts"),
    [
        ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    ],
)
def test_mnist_itself_where_it_is_at_hand(split, counts):
    """Elsewhere the error must say how to get it; downloads are tested in the next module."""
    try:
        images, labels = datasets.mnist(split, offline=True)
    except datasets.DataUnavailable as error:
        assert "labels-idx1-ubyte.gz" in str(error) and "digits()" in str(error)
        return
    assert images.shape == (sum(counts), 28, 28) and images.dtype == np.uint8
    assert np.bincount(labels).tolist() == counts and labels.dtype == np.uint8
    assert images.flags.writeable and images.max() == 255


def test_mnist_has_two_parts():
    with pytest.raises(ValueError, match='"train" or "test"'):
        datasets.mnist("validation")  # type: ignore[arg-type]
