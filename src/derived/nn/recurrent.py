"""Recurrent layers: the same function at every step of a sequence, fed with its own last output."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from derived.nn import initializers
from derived.nn.arrays import Array, as_floating, floating_dtype, sum_rows
from derived.nn.layer import Layer

__all__ = ["RNN", "Recurrent"]


class Recurrent(Layer):
    """h_t = f(x_t, h_{t−1}) for t = 1 … T, on sequences x (T, B, features) of equal length.

    Time comes first: x[t] is one step of the whole batch, contiguous in memory. What the input adds
    to every step is computed for all steps at once, and each gradient of a weight is one product;
    only the product with h_{t−1} has to wait for the step before.

    Parameters
    ----------
    in_features, hidden_features : lengths of x_t and h_t.
    rng : draws the weights.
    initializer : called for each gate's own block; the biases start at zero.
    dtype : of the parameters, float32 or float64.

    Attributes
    ----------
    parameters : "weight_input" (gates · hidden, in), "weight_hidden" (gates · hidden, hidden),
        "bias" (gates · hidden,); the rows of the gates stand in the order that the subclass says.
    final_state : the state after the last step, a tuple of arrays (B, hidden_features).
    initial_state_gradient : after ``backward``, ∂J/∂(initial state), in the same form.
    """

    gates: int
    #: Whether each gate's activation is the sigmoid; the others are tanh.
    sigmoid_gates: tuple[bool, ...]

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        rng: np.random.Generator,
        initializer: initializers.Initializer = initializers.glorot_uniform,
        dtype: DTypeLike = np.float64,
    ) -> None:
        """Draw the weights gate by gate, and set the biases to zero."""
        self.hidden_features, dtype = hidden_features, floating_dtype(dtype)

        def draw(columns: int) -> Array:
            shape = (hidden_features, columns)
            blocks = [initializer(shape, rng=rng, dtype=dtype) for _ in range(self.gates)]
            # Column by column: the transposed weight, which the steps read, is contiguous.
            return np.asfortranarray(np.concatenate(blocks))

        rows = self.gates * hidden_features
        weights = {"weight_input": draw(in_features), "weight_hidden": draw(hidden_features)}
        super().__init__({**weights, "bias": np.zeros(rows, dtype), **self._further(dtype)})
        self.final_state: tuple[Array, ...] = ()
        self.initial_state_gradient: tuple[Array, ...] = ()

    states = 1  # arrays that a state consists of

    def _further(self, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        """Return parameters beside those of every recurrent layer."""
        return {}

    def forward(self, x: ArrayLike, initial_state: Sequence[ArrayLike] | None = None) -> Array:
        """Return all h_t: (T, B, in_features) → (T, B, hidden_features).

        Parameters
        ----------
        x : the sequences, time first.
        initial_state : arrays (B, hidden_features), as ``final_state``; zeros by default.

        Raises
        ------
        ValueError : if x or a state has another shape, or there is no step.
        """
        weight = self.parameters["weight_input"]
        x = as_floating(x, weight.dtype)
        if x.ndim != 3 or x.shape[2] != weight.shape[1] or len(x) == 0:
            raise ValueError(
                f"{type(self).__name__} expects x of shape (time, batch, {weight.shape[1]}), "
                f"got {x.shape}" + (": there is no step" if x.ndim == 3 and len(x) == 0 else "")
            )
        state = self._initial(initial_state, x)
        scale = self._scale(x.dtype)
        z = self._input_part(
            x, weight.T.astype(x.dtype, copy=False) * scale, self._bias(x.dtype) * scale
        )
        hidden = np.empty((len(x) + 1, x.shape[1], self.hidden_features), x.dtype)
        hidden[0] = state[0]
        recurrent = self.parameters["weight_hidden"].T.astype(x.dtype, copy=False) * scale
        memory = self._run(z, hidden, recurrent, state)
        self.final_state = (
            hidden[-1].copy(),
            *(array[-1].copy() for array in memory[: self.states - 1]),
        )
        self._remember(x, hidden, *memory)
        return hidden[1:]

    def __call__(self, x: ArrayLike, initial_state: Sequence[ArrayLike] | None = None) -> Array:
        """Return ``forward(x, initial_state)``."""
        return self.forward(x, initial_state)

    def backward(self, grad_output: ArrayLike) -> Array:
        """Return ∂J/∂x: (T, B, hidden_features) → (T, B, in_features), and fill ``gradients``.

        Backpropagation through time: ∂J/∂h_t has a part from the output at t and a part from t + 1.
        """
        x, delta = self._backward(grad_output)
        weight = self.parameters["weight_input"].astype(x.dtype, copy=False)
        return (delta @ weight).reshape(x.shape)

    def backward_parameters(self, grad_output: ArrayLike) -> None:
        """Fill ``gradients`` and skip ∂J/∂x."""
        self._backward(grad_output)

    def _backward(self, grad_output: ArrayLike) -> tuple[Array, Array]:
        """Fill ``gradients``; return x and ∂J/∂z (T · B, gates · hidden), z before the gates."""
        x, hidden, *memory = self._recall()
        grad_hidden = self._as_gradient(grad_output, hidden[1:])
        weight = self.parameters["weight_hidden"].astype(x.dtype, copy=False)
        delta, delta_hidden = self._run_back(
            grad_hidden, hidden, memory, np.ascontiguousarray(weight)
        )
        delta = delta.reshape(-1, delta.shape[2])
        delta_hidden = delta_hidden.reshape(delta.shape)
        before = hidden[:-1].reshape(len(delta), self.hidden_features)
        # Into the transposed arrays: they are the contiguous ones.
        _product(x.reshape(len(delta), x.shape[2]).T, delta, self.gradients["weight_input"].T)
        _product(before.T, delta_hidden, self.gradients["weight_hidden"].T)
        self._fill_biases(delta, delta_hidden)
        return x, delta

    def _input_part(self, x: Array, weight: Array, bias: Array) -> Array:
        """Return what the input adds to every step, (T, B, gates · hidden).

        weight : (in, gates · hidden). bias : (gates · hidden,).
        """
        z: Array = x.reshape(-1, x.shape[2]) @ weight
        z += bias
        return z.reshape(*x.shape[:2], len(bias))

    def _fill_biases(self, delta: Array, delta_hidden: Array) -> None:
        sum_rows(delta, self.gradients["bias"])

    def _bias(self, dtype: np.dtype[np.floating]) -> Array:
        """Return what is added to the input's part of z."""
        return self.parameters["bias"].astype(dtype, copy=False)

    def _scale(self, dtype: np.dtype[np.floating]) -> Array:
        """Return ½ for the rows of sigmoid gates, else 1: σ(z) = ½ + ½ tanh(z / 2).

        With z / 2 in place of z, one call of tanh serves all gates of a step.
        """
        factors = [0.5 if is_sigmoid else 1.0 for is_sigmoid in self.sigmoid_gates]
        return np.repeat(np.asarray(factors, dtype), self.hidden_features)

    def _initial(self, given: Sequence[ArrayLike] | Array | None, x: Array) -> tuple[Array, ...]:
        shape = (x.shape[1], self.hidden_features)
        if given is None:
            return (np.zeros(shape, x.dtype),) * self.states
        if isinstance(given, np.ndarray) and given.shape == shape:
            raise ValueError(f"{type(self).__name__}: write a state of one array h as (h,)")
        state = tuple(as_floating(array).astype(x.dtype, copy=False) for array in given)
        if [array.shape for array in state] != [shape] * self.states:
            raise ValueError(
                f"{type(self).__name__}: an initial state is {self.states} of shape {shape}, got "
                f"{[array.shape for array in state]}"
            )
        return state

    @abstractmethod
    def _run(
        self, z: Array, hidden: Array, recurrent: Array, state: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Fill hidden[1:], step by step; return what ``_run_back`` needs beside it.

        z : the input's part, of ``_input_part``, may be overwritten.
        recurrent : (hidden, gates · hidden).
        """

    @abstractmethod
    def _run_back(
        self, grad_hidden: Array, hidden: Array, memory: Sequence[Array], weight: Array
    ) -> tuple[Array, Array]:
        """Return ∂J/∂z for the product with x, and for that with h; set the initial gradient.

        weight : "weight_hidden", (gates · hidden, hidden), contiguous.
        """


def _product(a: Array, b: Array, out: Array) -> None:
    if out.dtype == b.dtype:
        np.matmul(a, b, out=out)
    else:
        out[...] = a @ b


class RNN(Recurrent):
    """h_t = tanh(W_x x_t + W_h h_{t−1} + b).

    Source: Goodfellow, Bengio & Courville 2016, equations 10.8 and 10.9; Elman 1990.
    """

    gates, sigmoid_gates = 1, (False,)

    def _run(
        self, z: Array, hidden: Array, recurrent: Array, state: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        product = np.empty_like(z[0])
        for t, step in enumerate(z):
            np.matmul(hidden[t], recurrent, out=product)
            product += step
            np.tanh(product, out=hidden[t + 1])
        return ()

    def _run_back(
        self, grad_hidden: Array, hidden: Array, memory: Sequence[Array], weight: Array
    ) -> tuple[Array, Array]:
        delta = 1 - hidden[1:] ** 2  # tanh′, at first
        from_later = np.zeros_like(hidden[0])
        for t in range(len(delta) - 1, -1, -1):
            from_later += grad_hidden[t]
            delta[t] *= from_later
            np.matmul(delta[t], weight, out=from_later)
        self.initial_state_gradient = (from_later,)
        return delta, delta
