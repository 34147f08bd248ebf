"""The tape against PyTorch: every operation, broadcasting, and random graphs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from derived.checks import gradcheck
from derived.nn.autograd import Tensor
from tests.oracle_cases import EXAMPLES, LENGTHS, SEEDS, SHAPES
from tests.torch_oracles import agree

# Operation → how it reads in PyTorch. An operation that has no entry fails the first test.
UNARY = {
    "__neg__": torch.neg,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "T": lambda a: a.permute(*range(a.ndim - 1, -1, -1)),
}
BINARY = {
    "__add__": torch.add,
    "__sub__": torch.sub,
    "__mul__": torch.mul,
    "__truediv__": torch.div,
    "__pow__": torch.pow,
}
REDUCTIONS = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}
TESTED_BY_NAME = {"__matmul__", "reshape", "transpose", "__getitem__", "log_sum_exp"}
REFLECTED = {f"__r{name[2:]}" for name in (*BINARY, "__matmul__")}
NO_OPERATIONS = {"__init__", "__float__", "__repr__", "backward", "shape", "parents", "label"}
POSITIVE = {"log", "sqrt", "__truediv__", "__pow__"}


def test_every_operation_has_an_oracle():
    own = {k for k, v in vars(Tensor).items() if callable(v) or isinstance(v, property)}
    own = {k for k in own if not k.startswith("_") or k.endswith("__")} - {"__array_ufunc__"}
    tested = set(UNARY) | set(BINARY) | set(REDUCTIONS) | TESTED_BY_NAME | REFLECTED
    assert own - NO_OPERATIONS == tested


def compare(function, torch_function, *arrays, what="tape"):
    """Compare value and gradients of a function of tensors with PyTorch, weighted at random."""
    tensors = [Tensor(array) for array in arrays]
    twins = [torch.tensor(array, requires_grad=True) for array in arrays]
    got, want = function(*tensors), torch_function(*twins)
    agree(f"{what}: value", got.data, want)
    weights = np.random.default_rng(0).standard_normal(got.shape)
    got.backward(weights)
    want.backward(torch.tensor(weights))
    for i, (tensor, twin) in enumerate(zip(tensors, twins, strict=True)):
        assert type(tensor.gradient) is np.ndarray
        agree(f"{what}: gradient of operand {i}", tensor.gradient, twin.grad)


def values(seed, *shapes, positive=False):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    return [0.1 + np.abs(a) for a in arrays] if positive else arrays


BROADCAST = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4)


@pytest.mark.parametrize("name", UNARY)
@EXAMPLES
@given(seed=SEEDS, shape=SHAPES)
def test_unary_operation(name, seed, shape):
    def ours(a):
        operation = getattr(a, name)
        return operation if name == "T" else operation()

    compare(ours, UNARY[name], *values(seed, shape, positive=name in POSITIVE), what=name)


@pytest.mark.parametrize("name", BINARY)
@EXAMPLES
@given(seed=SEEDS, shapes=BROADCAST)
def test_binary_operation_broadcasts(name, seed, shapes):
    arrays = values(seed, *shapes.input_shapes, positive=name in POSITIVE)
    compare(lambda a, b: getattr(a, name)(b), BINARY[name], *arrays, what=name)


@pytest.mark.parametrize("a_is", ["vector", "matrix", "stack"])
@pytest.mark.parametrize("b_is", ["vector", "matrix", "stack"])
@EXAMPLES
@given(seed=SEEDS, m=LENGTHS, n=LENGTHS, p=LENGTHS, stacks=BROADCAST)
def test_matrix_product_of_vectors_matrices_and_stacks(a_is, b_is, seed, m, n, p, stacks):
    a_stack, b_stack = stacks.input_shapes
    a = {"vector": (n,), "matrix": (m, n), "stack": (*a_stack, m, n)}[a_is]
    b = {"vector": (n,), "matrix": (n, p), "stack": (*b_stack, n, p)}[b_is]
    compare(lambda a, b: a @ b, torch.matmul, *values(seed, a, b))


@pytest.mark.parametrize("name", REDUCTIONS)
@EXAMPLES
@given(seed=SEEDS, shape=SHAPES, keepdims=st.booleans(), data=st.data())
def test_reduction_over_axes(name, seed, shape, keepdims, data):
    axis = data.draw(
        st.none()
        | st.integers(-len(shape), len(shape) - 1)
        | hnp.valid_tuple_axes(len(shape), min_size=1)
    )
    dim = tuple(range(len(shape))) if axis is None else axis
    compare(
        lambda a: getattr(a, name)(axis=axis, keepdims=keepdims),
        lambda a: REDUCTIONS[name](a, dim=dim, keepdim=keepdims),
        *values(seed, shape),
    )


@EXAMPLES
@given(seed=SEEDS, shape=SHAPES, keepdims=st.booleans(), data=st.data())
def test_log_sum_exp(seed, shape, keepdims, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    (array,) = values(seed, shape)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        compare(
            lambda a: (1000 * a).log_sum_exp(axis, keepdims),
            lambda a: torch.logsumexp(1000 * a, axis, keepdims),
            array,
        )
        compare(lambda a: a.log_sum_exp(None), lambda a: torch.logsumexp(a.flatten(), 0), array)


def test_entries_that_tie_share_the_gradient():
    compare(lambda a: a.max(axis=1), lambda a: a.amax(dim=1), np.array([[1.0, 3, 3], [2, 2, 2]]))


@EXAMPLES
@given(seed=SEEDS, data=st.data())
def test_reshape_transpose_and_index(seed, data):
    (a,) = values(seed, (2, 3, 4))
    compare(lambda a: a.reshape(4, -1), lambda a: a.reshape(4, -1), a)
    axes = data.draw(st.permutations([0, 1, -1]))
    compare(lambda a: a.transpose(*axes), lambda a: a.permute(*axes), a)
    for index in (1, slice(0, 2), (0, slice(None), -1), ([1, 0, 1], [2, 2, 2]), ..., None):
        compare(lambda a, i=index: a[i], lambda a, i=index: a[i], a)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: 2 - a,
        lambda a: 2 + a,
        lambda a: 3 * a,
        lambda a: 1 / a,
        lambda a: 2**a,
        lambda a: a**2,
        lambda a: a**0,
        lambda a: a**-1.5,
        lambda a: a / 4,
    ],
)
def test_numbers_on_either_side(function):
    compare(function, function, np.array([0.5, 1.0, 2.5]))


def test_powers_at_zero_have_no_warning_and_the_slopes_of_torch():
    for exponent in (0, 1, 2, 3.5):
        compare(lambda a, p=exponent: a**p, lambda a, p=exponent: a**p, np.array([0.0, 2.0]))
    compare(lambda a, p: a**p, torch.pow, np.array([0.0, 0.0]), np.array([1.0, 2.0]))


def test_arrays_on_the_left_are_constants():
    w, x = Tensor([1.0, 2.0]), np.array([[3.0, 4.0], [5.0, 6.0]])
    for product, gradient in ((x @ w, [8, 10]), (x * w, [8, 10]), (x + w, [2, 2])):
        w.gradient = None
        product.sum().backward()
        assert w.gradient.tolist() == gradient
    assert (x / w).shape == (2, 2)


# --- random graphs ----------------------------------------------------------------------------


def grow(leaves, seed, size, function_of):
    """Grow one random graph over ``leaves``; ``function_of`` says how an operation is called."""
    rng, nodes = np.random.default_rng(seed), list(leaves)
    for _ in range(size):
        a, b = (nodes[i] for i in rng.integers(0, len(nodes), 2))
        kind = rng.integers(0, 7)
        if kind < 3:
            node = (a + b, a - b, a * b)[kind]
        elif kind == 3:
            node = a / (b * b + 1)
        elif kind == 4:
            node = function_of("mean", a, axis=0, keepdims=True) + b
        elif kind == 5:
            node = a @ a.T @ b
        else:
            node = a.relu() + a.sigmoid()
        nodes.append(node.tanh())  # keeps the values of order one
    return sum((node.sum() for node in nodes[1:]), nodes[0].sum())


def torch_reduction(name, a, axis, keepdims):
    return getattr(a, name)(dim=axis, keepdim=keepdims)


@settings(EXAMPLES, max_examples=60)
@given(seed=SEEDS, size=st.integers(1, 25))
def test_random_graphs(seed, size):
    arrays = values(seed, (3, 3), (1, 3), (3, 1), (3, 3))
    full = np.zeros((3, 3))  # every leaf is broadcast to a matrix first
    compare(
        lambda *t: grow([a + full for a in t], seed, size, lambda f, a, **k: getattr(a, f)(**k)),
        lambda *t: grow([a + torch.tensor(full) for a in t], seed, size, torch_reduction),
        *arrays,
    )


def test_a_wrong_slope_is_caught(monkeypatch):
    right = Tensor.tanh

    def wrong(self):
        node = right(self)
        ((parent, pull_back),) = node.edges
        node.edges = ((parent, lambda g: pull_back(g) * (1 + 1e-5)),)
        return node

    monkeypatch.setattr(Tensor, "tanh", wrong)
    with pytest.raises(AssertionError, match="tanh: gradient of operand 0: relative error"):
        compare(Tensor.tanh, torch.tanh, *values(0, (3,)), what="tanh")


def test_the_tape_agrees_with_central_differences():
    w, b = Tensor(values(1, (3, 2))[0], "w"), Tensor(values(2, (3,))[0], "b")
    x = values(3, (5, 2))[0]

    def loss():
        return (((x @ w.T + b).tanh() ** 2).mean(axis=1) + 1).log().sum()

    loss().backward()
    gradcheck(lambda: float(loss()), {"w": w.data, "b": b.data}, {"w": w.gradient, "b": b.gradient})
