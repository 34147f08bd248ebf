"""What crosses between the two kernels: plain data, there and back, and nothing else."""

from __future__ import annotations

import collections
import functools
import io
import itertools
import math
import operator
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from derived.grading.trusted.wire import DEEPEST, MOST_ITEMS, NotPlain, encode
from tests.grading.on_the_wire import FOUND, KEPT, through


def same_tensors(a, b):
    alike = a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.isnan(), b.isnan())
    return alike and torch.equal(a.nan_to_num(), b.nan_to_num())


def same(a, b):
    """Whether two values are alike in exact type and content, nan included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        alike = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    elif isinstance(a, torch.Tensor):
        alike = same_tensors(a, b)
    elif isinstance(a, dict):
        alike = len(a) == len(b) and all(map(same, a.items(), b.items()))
    elif isinstance(a, set):
        alike = len(a) == len(b) and all(any(same(x, y) for y in b) for x in a)
    elif isinstance(a, list | tuple):
        alike = len(a) == len(b) and all(map(same, a, b))
    elif isinstance(a, slice):
        alike = same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    else:
        alike = repr(a) == repr(b)
    return alike


NUMBERS = st.integers() | st.integers(-(10**40), 10**40) | st.floats() | st.booleans()
SCALARS = (
    st.none()
    | NUMBERS
    | st.complex_numbers()
    | st.text(max_size=8)
    | st.text(alphabet="a\ud800\0\u2028\U0001f600'\"\\\n", max_size=5)
    | st.just(...)
)
ARRAYS = npst.arrays(
    st.one_of(
        npst.boolean_dtypes(),
        npst.integer_dtypes(endianness="?"),
        npst.unsigned_integer_dtypes(endianness="?"),
        npst.floating_dtypes(endianness="?"),
        npst.complex_number_dtypes(endianness="?"),
        npst.unicode_string_dtypes(max_len=4),
        npst.byte_string_dtypes(max_len=4),
    ),
    npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
)
KEYS = st.recursive(SCALARS, lambda inner: st.tuples(inner, inner), max_leaves=3)
DATA = st.recursive(
    SCALARS | ARRAYS | st.builds(slice, NUMBERS | st.none(), st.none(), st.none()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(KEYS, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(DATA)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_plain_data_come_back_as_they_were(value):
    assert same(through(value), value)
    assert same(through(value, by_name=True), value)


@given(ARRAYS, st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_arrays_of_every_layout(array, data):
    axes = data.draw(st.permutations(range(array.ndim)))
    for view in (array.transpose(axes), np.asfortranarray(array), array[::-1], array[..., ::2]):
        back = through(view)
        assert same(back, view)
        assert back.flags.writeable and back.flags.owndata | (back.base is not None)
    assert through(np.asfortranarray(array)).flags.f_contiguous


@pytest.mark.parametrize("letter", [*"?bBhHiIlLqQefdFD", "S3", "U3", ">f8", ">i2"])
def test_scalars_of_numpy_stay_scalars_of_numpy(letter):
    dtype = np.dtype(np.dtype(letter).str)  # long long is int64
    value = np.ones(1, dtype)[0]
    assert same(through(value), value)
    assert same(through(np.ones((), dtype)), value)  # an array without axes comes as a scalar


def test_long_doubles_are_exact():
    value = np.longdouble("1.0000000000000000001")
    assert through(value) == value and type(through(value)) is np.longdouble


TENSORS = [
    torch.tensor(1.5),
    torch.tensor(3),
    torch.tensor(True),
    torch.zeros(0),
    torch.zeros(2, 0, 3),
    torch.arange(6).reshape(2, 3).T,
    torch.arange(12.0).reshape(3, 4)[::2, 1::2],
    torch.tensor([True, False]),
    torch.tensor([1.1, -0.0, math.nan, math.inf], dtype=torch.bfloat16),
    torch.tensor([1.1, -2.5], dtype=torch.float16),
    torch.tensor([1.1, 2.2], dtype=torch.float64),
    torch.tensor([-1, 2], dtype=torch.int8),
    torch.tensor([250], dtype=torch.uint8),
    torch.tensor([1 + 2j]),
    torch.tensor([1 + 2j]).conj(),
    torch.tensor([1 + 2j]).conj().imag,
    torch.tensor([[1.0]]).expand(3, 2),
]


@pytest.mark.parametrize("value", TENSORS, ids=str)
def test_tensors_come_back_as_they_were(value):
    back = through(value)
    assert same(back, value.detach())
    back.copy_(back)  # in memory of its own


def test_tensors_come_back_detached_and_plain():
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    for value in (leaf, leaf * 2, torch.nn.Parameter(torch.ones(2))):
        back = through(value)
        assert type(back) is torch.Tensor
        assert not back.requires_grad and back.grad_fn is None
        assert torch.equal(back, value.detach())


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.ones(2, 2).to_sparse(),
        lambda: torch.ones(2, device="meta"),
        lambda: torch.ones(2).to(torch.float8_e5m2),
    ],
    ids=["sparse", "without storage", "of 8 bits"],
)
def test_tensors_that_are_no_plain_data_are_refused(make):
    with pytest.raises(NotPlain):
        through(make())


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (frozenset({1}), {1}),
        (range(3), [0, 1, 2]),
        ((i for i in (1, 2)), [1, 2]),
        (map(str, [1]), ["1"]),
        (zip([1], [2], strict=True), [(1, 2)]),
        (enumerate("a"), [(0, "a")]),
        (reversed([1, 2]), [2, 1]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        ({"a": 1}.items(), [("a", 1)]),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (collections.OrderedDict(b=1).items(), [("b", 1)]),
        (collections.defaultdict(int, a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.deque([1, 2]), [1, 2]),
        (torch.Size([2, 3]), (2, 3)),
        (torch.nn.Linear(1, 1).state_dict().keys(), ["weight", "bias"]),
        (np.ma.masked_array([1, 2], [True, False]), np.array([1, 2])),
    ],
)
def test_what_only_looks_like_data_comes_as_the_plainest_of_its_kind(value, plain):
    assert same(through(value), plain)


class Liar(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class LyingArray(np.ndarray):
    def __array_ufunc__(self, *arguments, **named):
        return True

    def __array__(self, *arguments, **named):
        return np.array([42.0])


class LyingTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, kinds, arguments=(), named=None):
        if "eq" in getattr(function, "__name__", ""):
            return True
        return super().__torch_function__(function, kinds, arguments, named or {})


SUBCLASSES = [
    Liar(1.0),
    type("Int", (int,), {})(3),
    type("Text", (str,), {})("x"),
    type("List", (list,), {})([1]),
    type("Tuple", (tuple,), {})((1,)),
    type("Dict", (dict,), {})(a=1),
    type("Set", (set,), {})([1]),
    type("Dequeue", (collections.deque,), {})([1]),
    collections.namedtuple("Point", "x y")(1, 2),
]


@pytest.mark.parametrize("value", SUBCLASSES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("by_name", [False, True])
def test_an_object_of_a_subclass_stays_where_it_is(value, by_name):
    assert through(value, by_name=by_name) is FOUND


def test_arrays_and_tensors_of_a_subclass_leave_it_behind():
    array = through(np.arange(3.0).view(LyingArray))
    assert type(array) is np.ndarray and array.tolist() == [0, 1, 2]
    tensor = through(torch.arange(3.0).as_subclass(LyingTensor))
    assert type(tensor) is torch.Tensor and tensor.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "value",
    [
        np.array([None]),
        np.array([object()]),
        np.zeros(2, [("a", "f8")]),
        np.rec.array([(1, 2.0)]),
        np.array(["2020-01-01"], "M8[D]"),
        np.array([1], "m8[s]"),
        np.zeros(2, "V8"),
        np.array(["a"], np.dtypes.StringDType())
        if hasattr(np.dtypes, "StringDType")
        else np.array([{}]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_of_anything_but_numbers_and_text_are_refused(value):
    with pytest.raises(NotPlain, match="not plain data"):
        through(value)
    with pytest.raises(NotPlain, match="not plain data"):
        through({"deep": [value]})


def test_depth_and_length_have_limits():
    deep: list = []
    for _ in range(DEEPEST):
        deep = [deep]
    assert through(deep) == deep
    for value in ([deep], (deep,), {"a": deep}, slice(deep), (x := [], x.append(x))[0]):
        with pytest.raises(NotPlain, match="deep"):
            through(value)
    assert len(through(range(MOST_ITEMS))) == MOST_ITEMS
    endless = (i for i in itertools.count())
    for value in (range(MOST_ITEMS + 1), endless, dict.fromkeys(range(MOST_ITEMS + 1)),
                  set(range(MOST_ITEMS + 1))):  # fmt: skip
        with pytest.raises(NotPlain, match="items"):
            through(value)


NAMED = [
    np,
    np.linalg,
    torch.nn.functional,
    math,
    np.mean,
    np.exp,
    np.linalg.norm,
    np.add,
    np.random.normal,
    np.random.default_rng,
    math.sin,
    operator.add,
    functools.reduce,
    random.random,
    itertools.chain,
    collections.Counter,
    torch.relu,
    torch.exp,
    torch.nn.functional.softmax,
    torch.nn.Linear,
    torch.nn.ReLU,
    torch.optim.SGD,
    np.ndarray,
    torch.Tensor,
]


@pytest.mark.parametrize("value", NAMED, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_test_sends_functions_by_name_and_a_submission_only_handles(value):
    assert through(value, by_name=True) is value
    assert through(value) is FOUND


@pytest.mark.parametrize(
    "value", [open, eval, subprocess.run, io.StringIO, sys, sys.exit, lambda x: x, same, print]
)
def test_other_functions_are_not_sent_by_name(value):
    assert through(value, by_name=True) is FOUND
    assert through(value) is FOUND


@pytest.mark.parametrize(
    "value",
    [bool, int, float, complex, str, list, tuple, set, dict, np.float64, np.float32, np.int64,
     np.uint8, np.bool_, np.str_, np.dtype("f8"), np.dtype(">i4"), np.dtype("U7"), torch.float32,
     torch.bfloat16, torch.bool, torch.int64],
    ids=str,
)  # fmt: skip
def test_types_of_plain_data_go_both_ways(value):
    for by_name in (False, True):
        assert through(value, by_name=by_name) is value or through(value, by_name=by_name) == value
        assert type(through(value, by_name=by_name)) is type(value)


@pytest.mark.parametrize("value", [type("float", (), {}), type("float64", (np.float64,), {}), type])
def test_a_type_of_that_name_is_not_that_type(value):
    assert through(value) is FOUND


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_gives_the_same_numbers_there(kind):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.normal(size=3)
    rng.integers(0, 10, dtype=np.uint8)  # half of a number is left over
    back = through(rng, by_name=True)
    assert type(back) is np.random.Generator and back is not rng
    np.testing.assert_array_equal(back.normal(size=100), rng.normal(size=100))
    assert back.integers(0, 2**32, dtype=np.uint32) == rng.integers(0, 2**32, dtype=np.uint32)
    assert through(rng) is FOUND


def test_numbers_that_json_cannot_hold():
    huge = 7**9000
    assert through(huge) == huge and through(-huge) == -huge
    assert through([2**64, -(2**63), 2**63 - 1]) == [2**64, -(2**63), 2**63 - 1]


def test_the_order_of_a_set_on_the_wire_is_that_of_its_content():
    values = [f"word{i}" for i in range(50)] + [(i, str(i)) for i in range(50)]
    nodes = [encode(set(order), lambda _: KEPT) for order in (values, values[::-1])]
    assert nodes[0] == nodes[1]
