"""The tape against PyTorch: every operation, random graphs, and what it leaves behind."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from derived.checks import gradcheck
from derived.nn.autograd import Tensor, topological_order
from tests.torch_oracles import EXAMPLES, FLOATS, SEEDS, SHAPES, agree

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


@EXAMPLES
@given(
    seed=SEEDS,
    shapes=hnp.mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", max_side=4),
)
def test_matrix_product_of_vectors_matrices_and_stacks(seed, shapes):
    compare(lambda a, b: a @ b, torch.matmul, *values(seed, *shapes.input_shapes))


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


# --- how the walk works -----------------------------------------------------------------------


def test_a_shared_node_collects_the_sum_over_its_paths():
    a = Tensor(3.0)
    b = a * a
    (b * b + b).backward()
    assert a.gradient == 4 * 3**3 + 2 * 3
    assert b.gradient == 2 * 9 + 1


def test_gradients_of_leaves_add_up_over_calls_and_those_of_inner_nodes_do_not():
    a = Tensor(2.0)
    b = a * a
    c = b * 3
    c.backward()
    c.backward()
    assert (float(a.gradient), float(b.gradient), float(c.gradient)) == (24, 3, 1)
    a.gradient = None
    c.backward()
    assert a.gradient == 12
    leaf = Tensor(1.0)
    leaf.backward()
    assert leaf.gradient == 1


def test_a_gradient_is_an_array_of_its_own():
    a, b = Tensor(np.ones(3)), Tensor(np.ones(3))
    (a + b).sum().backward()
    a.gradient *= 5  # as in clipping
    assert b.gradient.tolist() == [1, 1, 1]
    seed = np.ones(3)
    c = Tensor(np.ones(3))
    c.backward(seed)
    seed[0] = 7
    assert c.gradient.tolist() == [1, 1, 1]


def test_a_leaf_is_a_copy_of_its_data():
    data = np.ones(2)
    a = Tensor(data)
    a.data -= 1
    assert data.tolist() == [1, 1]


def test_topological_order_puts_parents_first_and_each_node_once():
    a, b = Tensor(1.0, "a"), Tensor(2.0, "b")
    c = a * b
    d = c + a
    e = d * c
    order = topological_order(e)
    assert {id(n) for n in order} == {id(n) for n in (a, b, c, d, e)}
    assert len(order) == 5
    for node in order:
        assert all(order.index(parent) < order.index(node) for parent in node.parents)


def test_a_cycle_is_named():
    a = Tensor(1.0, "a")
    b = a * 2
    c = b + 1
    b.name, c.name = "b", "c"
    b.edges = (*b.edges, (c, lambda g: g))
    for walk in (c.backward, lambda: topological_order(b)):
        with pytest.raises(ValueError, match=r"has a cycle: '[bc]' depends on itself through"):
            walk()
    a.edges = ((a, lambda g: g),)
    with pytest.raises(ValueError, match="'a' depends on itself through 'a'"):
        topological_order(a)


def test_a_graph_may_be_deeper_than_the_recursion_limit():
    a = Tensor(1.0)
    node = a
    for _ in range(20_000):
        node = node * 1.0
    node.backward()
    assert a.gradient == 1
    del node  # freed by reference counts, twenty thousand deep


def test_no_reference_cycle_is_left_behind():
    gc.collect()
    gc.disable()
    try:
        w = Tensor(np.ones((2, 2)))
        h = (np.ones((3, 2)) @ w + w[0]).tanh().max(axis=0).log_sum_exp()
        loss = (h / 2 - h.mean()) ** 2 + w.T.reshape(4).sum().exp().sigmoid().relu()
        loss.backward()
        nodes = [weakref.ref(node) for node in topological_order(loss) if node.edges]
        assert len(nodes) > 10
        del h, loss
        assert not [node() for node in nodes if node() is not None]
        assert gc.collect() == 0
    finally:
        gc.enable()


# --- constants, precision, errors -------------------------------------------------------------


def test_constants_receive_no_gradient_and_cost_no_work():
    x, w = Tensor(np.ones((4, 2)), "x", requires_gradient=False), Tensor(np.ones(2), "w")
    y = x @ w
    y.edges = tuple((p, f if p is w else None) for p, f in y.edges)  # calling it would fail
    loss = (y * 2 + 1).sum()
    loss.backward()
    assert x.gradient is None
    assert w.gradient.tolist() == [8, 8]
    assert not (x * 2).requires_gradient
    with pytest.raises(RuntimeError, match="requires a gradient"):
        (x * 2).sum().backward()


@pytest.mark.parametrize("dtype", FLOATS)
def test_precision_is_kept(dtype):
    a = Tensor(np.array([[0.5, 1.5], [2.5, 3.0]], dtype))
    y = (1 / (a**2 + 1) - 0.5 * a + np.float64(3)).tanh().sigmoid().relu()
    y = (y @ y).exp().log().max(axis=0).log_sum_exp() + a.mean() + a.sum() / 2 + a[0, 1] ** 0
    assert y.data.dtype == dtype
    y.backward()
    assert {type(node.gradient) for node in topological_order(y) if node.requires_gradient} == {
        np.ndarray
    }
    assert {node.gradient.dtype for node in topological_order(y) if node.requires_gradient} == {
        np.dtype(dtype)
    }


def test_a_float32_leaf_has_a_float32_gradient_in_mixed_company():
    a = Tensor(np.ones(2, np.float32))
    (a * Tensor(np.ones(2))).sum().backward()
    assert a.gradient.dtype == np.float32


def test_integers_become_floating_and_other_things_are_refused():
    assert Tensor([1, 2]).data.dtype == np.float64
    with pytest.raises(TypeError, match="expected real numbers"):
        Tensor(["a"])
    with pytest.raises(TypeError, match="expected real numbers"):
        Tensor(1.0) + None


def test_backward_says_what_it_needs():
    a = Tensor(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"starts from one number.*shape \(2, 3\)"):
        (a * 2).backward()
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\), the tensor \(2, 3\)"):
        (a * 2).backward(np.ones(3))


def test_a_misshapen_operation_fails_at_once():
    with pytest.raises(ValueError, match="broadcast"):
        Tensor(np.ones(2)) + np.ones(3)
    with pytest.raises(ValueError, match="matmul"):
        Tensor(np.ones((2, 3))) @ np.ones((2, 3))


def test_what_a_tensor_says_about_itself():
    a = Tensor([1.0, 2.0], "a")
    assert repr(a) == "Tensor([1., 2.], name='a')"
    assert repr(a * 2) == "Tensor([2., 4.])"
    assert [a.label, (a * 2).label, Tensor(1.0).label] == ["a", "*", "leaf"]
    assert float(a.sum()) == 3
    with pytest.raises(ValueError, match="size 1"):
        float(a)


def test_a_network_trained_by_the_tape_solves_exclusive_or():
    rng = np.random.default_rng(0)
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    parameters = [Tensor(rng.standard_normal(s)) for s in ((2, 8), (8,), (8, 1), (1,))]
    for _ in range(500):
        w1, b1, w2, b2 = parameters
        p = ((x @ w1 + b1).tanh() @ w2 + b2).sigmoid()
        loss = -(y * p.log() + (1 - y) * (1 - p).log()).mean()
        loss.backward()
        for parameter in parameters:
            parameter.data -= parameter.gradient
            parameter.gradient = None
    assert float(loss) < 0.05
    assert np.array_equal(p.data > 0.5, y == 1)
