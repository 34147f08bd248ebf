"""How the tape walks back: order, sums, cycles, what it leaves behind, and what it refuses."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from derived.nn.autograd import Tensor, topological_order
from tests.oracle_cases import FLOATS


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
