"""A tensor that remembers how it was computed, and finds gradients by walking back.

Each operation makes a node whose *edges* lead to its operands. An edge carries the pull-back of
the operation: the function that turns the gradient at the result into that at the operand.
References run from results to operands only, so that a graph nobody needs is freed at once; with
cycles it would wait for Python's garbage collector, and slow everything down until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from derived.nn.activations import sigmoid
from derived.nn.arrays import Array, as_floating
from derived.nn.autograd.broadcasting import spread, sum_to_shape
from derived.nn.autograd.graph import topological_order
from derived.nn.autograd.matrix_product import left_gradient, right_gradient
from derived.nn.softmax import log_sum_exp

__all__ = ["Tensor"]

PullBack: TypeAlias = Callable[[Array], Array]
Axis: TypeAlias = int | tuple[int, ...] | None


class Tensor:
    """A node of a computation graph: an array, and how it came about.

    Parameters
    ----------
    data : real numbers of any shape; copied. Integers become float64, float32 stays.
    name : shown in drawings and errors.
    requires_gradient : False for data that nobody differentiates by, which saves the work.

    Attributes
    ----------
    data : the array. The leaves' may be changed in place, after ``backward``.
    gradient : ∂(the tensor that ``backward`` was called on)/∂(this one), or None before.
    operation : what made it, such as "×"; empty for a leaf.
    edges : pairs (operand, pull-back); empty for a leaf.

    Source: Selective Introduction, "Back-prop in computational graphs".
    """

    __slots__ = (
        "__weakref__",
        "data",
        "edges",
        "gradient",
        "name",
        "operation",
        "requires_gradient",
    )
    __array_ufunc__ = None  # array + tensor calls Tensor.__radd__ instead of adding entry by entry

    def __init__(self, data: ArrayLike, name: str = "", requires_gradient: bool = True) -> None:
        """Make a leaf."""
        self.data: Array = np.array(as_floating(data))
        self.name = name
        self.operation = ""
        self.edges: tuple[tuple[Tensor, PullBack], ...] = ()
        self.gradient: Array | None = None
        self.requires_gradient = requires_gradient

    # --- walking back ------------------------------------------------------------------------

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Fill ``gradient`` in every tensor that this one depends on.

        Each node passes its gradient to its operands only when all that use it have passed theirs
        on; what arrives over several paths is added. The gradients of inner nodes are those of
        this call; at the leaves they add up over calls, until you set ``leaf.gradient = None``.

        Parameters
        ----------
        gradient : ∂J/∂(this tensor), of its shape; may be left out where there is one number.

        Raises
        ------
        ValueError : if the gradient is missing or misshapen, or the graph has a cycle.
        RuntimeError : if nothing here requires a gradient.
        """
        order = topological_order(self)
        if not self.requires_gradient:
            raise RuntimeError("no tensor that this one depends on requires a gradient")
        for node in order:
            if node.edges:
                node.gradient = None
        seed = self._seed(gradient)
        self._receive(seed, seed)
        for node in reversed(order):
            arrived = node.gradient
            if arrived is None:  # a constant
                continue
            for parent, pull_back in node.edges:
                if parent.requires_gradient:
                    parent._receive(pull_back(arrived), arrived)

    def _seed(self, gradient: ArrayLike | None) -> Array:
        if gradient is None:
            if self.data.size != 1:
                raise ValueError(
                    f"backward() starts from one number, but this tensor has shape {self.shape}: "
                    "reduce it, by .sum() or .mean(), or pass gradient="
                )
            return np.ones_like(self.data)
        seed: Array = np.array(gradient, dtype=self.data.dtype)
        if seed.shape != self.shape:
            raise ValueError(f"gradient has shape {seed.shape}, the tensor {self.shape}")
        return seed

    def _receive(self, gradient: Array, arrived: Array) -> None:
        """Add ``gradient``, which a pull-back made from ``arrived``, to what is already here."""
        if gradient.shape != self.data.shape:
            gradient = sum_to_shape(gradient, self.data.shape)
        if self.gradient is not None:
            gradient = self.gradient + gradient
        elif not self.edges and (gradient is arrived or gradient.base is not None):
            gradient = gradient.copy()  # its own array: the user may scale or clip it
        self.gradient = np.asarray(gradient, dtype=self.data.dtype)

    # --- what it looks like ------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``data``."""
        return self.data.shape

    @property
    def parents(self) -> tuple[Tensor, ...]:
        """The operands, in order; a tensor that is used twice stands here twice."""
        return tuple(parent for parent, _ in self.edges)

    @property
    def label(self) -> str:
        """The name, else the operation, else what kind of leaf it is."""
        leaf = "leaf" if self.requires_gradient else "constant"
        return self.name or self.operation or leaf

    def __repr__(self) -> str:
        """Show name and data."""
        name = f", name={self.name!r}" if self.name else ""
        return f"Tensor({np.array2string(self.data, separator=', ')}{name})"

    def __float__(self) -> float:
        """Return the one number inside (raises TypeError or ValueError if there are more)."""
        return float(self.data.item())

    # --- arithmetic --------------------------------------------------------------------------

    def __neg__(self) -> Tensor:
        """Return −a."""
        return _node(-self.data, "neg", (self, np.negative))

    def __add__(self, other: Tensor | ArrayLike) -> Tensor:
        """Return a + b: both operands receive the gradient as it is."""
        b = _operand(other, self)
        return _node(self.data + b.data, "+", (self, _unchanged), (b, _unchanged))

    def __radd__(self, other: ArrayLike) -> Tensor:
        """Return other + a."""
        return _operand(other, self) + self

    def __sub__(self, other: Tensor | ArrayLike) -> Tensor:
        """Return a − b."""
        b = _operand(other, self)
        return _node(self.data - b.data, "-", (self, _unchanged), (b, np.negative))

    def __rsub__(self, other: ArrayLike) -> Tensor:
        """Return other − a."""
        return _operand(other, self) - self

    def __mul__(self, other: Tensor | ArrayLike) -> Tensor:
        """Return a · b, entry by entry: each operand receives the gradient times the other."""
        tensor = _operand(other, self)
        a, b = self.data, tensor.data
        return _node(a * b, "*", (self, lambda g: g * b), (tensor, lambda g: g * a))

    def __rmul__(self, other: ArrayLike) -> Tensor:
        """Return other · a."""
        return _operand(other, self) * self

    def __truediv__(self, other: Tensor | ArrayLike) -> Tensor:
        """Return a / b."""
        tensor = _operand(other, self)
        a, b = self.data, tensor.data
        return _node(a / b, "/", (self, lambda g: g / b), (tensor, lambda g: -g * (a / b) / b))

    def __rtruediv__(self, other: ArrayLike) -> Tensor:
        """Return other / a."""
        return _operand(other, self) / self

    def __pow__(self, exponent: Tensor | ArrayLike) -> Tensor:
        """Return aᵖ; the slopes are p aᵖ⁻¹ (0 for p = 0, also at a = 0) and aᵖ log a."""
        tensor = _operand(exponent, self)
        a, p = self.data, tensor.data
        y = a**p
        return _node(
            y,
            "**",
            (self, lambda g: g * p * a ** np.where(p == 0, 1, p - 1)),
            (tensor, lambda g: g * y * np.log(np.where(a == 0, 1, a))),
        )

    def __rpow__(self, base: ArrayLike) -> Tensor:
        """Return base to the power of a."""
        return _operand(base, self) ** self

    def __matmul__(self, other: Tensor | ArrayLike) -> Tensor:
        """Return a @ b for vectors, matrices and stacks of matrices, as NumPy defines it."""
        tensor = _operand(other, self)
        a, b = self.data, tensor.data
        return _node(
            a @ b,
            "@",
            (self, lambda g: left_gradient(g, a, b)),
            (tensor, lambda g: right_gradient(g, a, b)),
        )

    def __rmatmul__(self, other: ArrayLike) -> Tensor:
        """Return other @ a."""
        return _operand(other, self) @ self

    # --- functions, entry by entry -----------------------------------------------------------

    def exp(self) -> Tensor:
        """Return exp a, which is its own slope."""
        y = np.exp(self.data)
        return _node(y, "exp", (self, lambda g: g * y))

    def log(self) -> Tensor:
        """Return log a (NumPy warns where a ≤ 0)."""
        a = self.data
        return _node(np.log(a), "log", (self, lambda g: g / a))

    def sqrt(self) -> Tensor:
        """Return √a (NumPy warns where a < 0)."""
        y = np.sqrt(self.data)
        return _node(y, "sqrt", (self, lambda g: g / (2 * y)))

    def abs(self) -> Tensor:
        """Return |a|; the slope at 0 is taken as 0."""
        sign = np.sign(self.data)
        return _node(np.abs(self.data), "abs", (self, lambda g: g * sign))

    def tanh(self) -> Tensor:
        """Return tanh a, with the slope 1 − tanh² a."""
        y = np.tanh(self.data)
        return _node(y, "tanh", (self, lambda g: g * (1 - y * y)))

    def sigmoid(self) -> Tensor:
        """Return σ(a), with the slope σ(a) (1 − σ(a))."""
        y = sigmoid(self.data)
        return _node(y, "sigmoid", (self, lambda g: g * y * (1 - y)))

    def relu(self) -> Tensor:
        """Return max(a, 0); the slope at 0 is taken as 0."""
        y = np.maximum(self.data, 0)
        return _node(y, "relu", (self, lambda g: g * (y > 0)))

    # --- reductions --------------------------------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the sum over ``axis`` (all axes by default): every summand has the slope 1."""
        shape = self.shape
        y = np.sum(self.data, axis=axis, keepdims=keepdims)
        return _node(y, "sum", (self, lambda g: spread(g, shape, axis, keepdims)))

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the mean over ``axis`` (all axes by default)."""
        shape = self.shape
        y: Array = np.asarray(np.mean(self.data, axis=axis, keepdims=keepdims))
        share = y.size / self.data.size
        return _node(y, "mean", (self, lambda g: spread(g * share, shape, axis, keepdims)))

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Return the largest entry along ``axis``; entries that tie share the gradient equally."""
        a = self.data
        y = np.max(a, axis=axis, keepdims=True)

        def pull_back(g: Array) -> Array:
            winners = a == y
            share = winners / np.sum(winners, axis=axis, keepdims=True)
            result: Array = spread(g, a.shape, axis, keepdims) * share.astype(a.dtype)
            return result

        return _node(np.max(a, axis=axis, keepdims=keepdims), "max", (self, pull_back))

    def log_sum_exp(self, axis: Axis = -1, keepdims: bool = False) -> Tensor:
        """Return log Σ exp a over ``axis`` without overflow; the slopes are the softmax of a."""
        a = self.data
        axis = tuple(range(a.ndim)) if axis is None else axis
        y = log_sum_exp(a, axis, keepdims=True)

        def pull_back(g: Array) -> Array:
            return spread(g, a.shape, axis, keepdims) * np.exp(a - y)

        value = y if keepdims else np.squeeze(y, axis)
        return _node(value, "log_sum_exp", (self, pull_back))

    # --- shapes ------------------------------------------------------------------------------

    def reshape(self, *shape: int) -> Tensor:
        """Return the same numbers in another shape, such as ``a.reshape(2, -1)``."""
        old = self.shape
        return _node(self.data.reshape(*shape), "reshape", (self, lambda g: g.reshape(old)))

    def transpose(self, *axes: int) -> Tensor:
        """Return the tensor with its axes permuted (reversed by default)."""
        order = axes or tuple(reversed(range(self.data.ndim)))
        back = np.argsort([axis % self.data.ndim for axis in order])
        return _node(self.data.transpose(order), "transpose", (self, lambda g: g.transpose(back)))

    @property
    def T(self) -> Tensor:
        """The transpose."""
        return self.transpose()

    def __getitem__(self, index: Any) -> Tensor:
        """Return the entries at ``index``; one that is taken twice receives both gradients."""
        shape = self.shape

        def pull_back(g: Array) -> Array:
            gradient = np.zeros(shape, g.dtype)
            np.add.at(gradient, index, g)
            return gradient

        return _node(self.data[index], "[ ]", (self, pull_back))


def _unchanged(gradient: Array) -> Array:
    return gradient


def _operand(value: Tensor | ArrayLike, other: Tensor) -> Tensor:
    """Return ``value`` as a tensor; a number takes on the dtype of ``other``, as in NumPy."""
    if isinstance(value, Tensor):
        return value
    array = as_floating(value, other.data.dtype)
    return _node(array if array.ndim else array.astype(other.data.dtype), operation="")


def _node(
    data: Array | np.floating[Any], operation: str, *edges: tuple[Tensor, PullBack]
) -> Tensor:
    """Return the result of an operation, or with no edges a constant, without copying ``data``."""
    node = Tensor.__new__(Tensor)
    node.data = data if isinstance(data, np.ndarray) else np.asarray(data)  # sums are scalars
    node.name = ""
    node.operation = operation
    node.edges = edges
    node.gradient = None
    node.requires_gradient = False
    for parent, _ in edges:
        if parent.requires_gradient:
            node.requires_gradient = True
    return node
