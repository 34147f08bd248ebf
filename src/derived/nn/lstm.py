"""Long short-term memory: a cell that keeps what no gate takes away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from derived.nn import initializers
from derived.nn.arrays import Array
from derived.nn.recurrent import Recurrent

__all__ = ["LSTM"]


class LSTM(Recurrent):
    """c_t = f ∘ c_{t−1} + i ∘ g and h_t = o ∘ tanh c_t, with gates of x_t and h_{t−1}.

    i, f, o = σ(…) are the input, the forget and the output gate, g = tanh(…) is the candidate; the
    rows of the parameters stand in this order: i, f, o, g. A state is (h, c).

    Parameters
    ----------
    forget_bias : where the biases of the forget gate start. At 0 the cell loses half of what it
        holds with every step; at 1 it keeps most of it (Jozefowicz et al. 2015).
    The others are those of :class:`Recurrent`.

    Source: Hochreiter & Schmidhuber 1997; the forget gate: Gers et al. 2000.
    """

    gates, sigmoid_gates = 4, (True, True, True, False)
    states = 2

    def __init__(
        self,
        in_features: int,
        hidden_features: int,
        *,
        rng: np.random.Generator,
        initializer: initializers.Initializer = initializers.glorot_uniform,
        forget_bias: float = 1.0,
        dtype: DTypeLike = np.float64,
    ) -> None:
        """Draw the weights; the biases are zero, but for those of the forget gate."""
        super().__init__(
            in_features, hidden_features, rng=rng, initializer=initializer, dtype=dtype
        )
        self.parameters["bias"][hidden_features : 2 * hidden_features] = forget_bias

    def _run(
        self, z: Array, hidden: Array, recurrent: Array, state: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        size = self.hidden_features
        cell, squashed = np.empty_like(hidden), np.empty_like(hidden[1:])
        cell[0] = state[1]
        product, written = np.empty_like(z[0]), np.empty_like(hidden[0])
        for t, gates in enumerate(z):  # the gates take the place of z
            np.matmul(hidden[t], recurrent, out=product)
            np.add(gates, product, out=gates)
            np.tanh(gates, out=gates)
            sigmoids = gates[:, : 3 * size]
            sigmoids *= 0.5
            sigmoids += 0.5
            i, f, o, g = _gates(gates)
            np.multiply(f, cell[t], out=cell[t + 1])
            cell[t + 1] += np.multiply(i, g, out=written)
            np.tanh(cell[t + 1], out=squashed[t])
            np.multiply(o, squashed[t], out=hidden[t + 1])
        return cell, squashed, z

    def _run_back(
        self, grad_hidden: Array, hidden: Array, memory: Sequence[Array], weight: Array
    ) -> tuple[Array, Array]:
        cell, squashed, activations = memory
        delta = np.empty_like(activations)
        grad_h, grad_c = np.zeros_like(hidden[0]), np.zeros_like(hidden[0])
        spare, slope = np.empty_like(grad_h), np.empty_like(activations[0])
        for t in range(len(delta) - 1, -1, -1):
            i, f, o, g = _gates(activations[t])
            d_i, d_f, d_o, d_g = _gates(delta[t])
            grad_h += grad_hidden[t]
            np.multiply(grad_h, squashed[t], out=d_o)
            # ∂J/∂c_t += ∂J/∂h_t ∘ o ∘ (1 − tanh² c_t)
            np.multiply(squashed[t], squashed[t], out=spare)
            np.subtract(1, spare, out=spare)
            spare *= o
            spare *= grad_h
            grad_c += spare
            np.multiply(grad_c, g, out=d_i)
            np.multiply(grad_c, cell[t], out=d_f)
            np.multiply(grad_c, i, out=d_g)
            _times_slopes(delta[t], activations[t], slope)
            grad_c *= f
            np.matmul(delta[t], weight, out=grad_h)
        self.initial_state_gradient = (grad_h, grad_c)
        return delta, delta


def _gates(rows: Array) -> tuple[Array, Array, Array, Array]:
    """Return the four blocks of (B, 4 · hidden): i, f, o, g."""
    size = rows.shape[1] // 4
    i, f, o, g = (rows[:, k * size : (k + 1) * size] for k in range(4))
    return i, f, o, g


def _times_slopes(delta: Array, activations: Array, slope: Array) -> None:
    """Multiply by σ′ = σ (1 − σ) in the first three blocks, by tanh′ = 1 − tanh² in the last."""
    size = delta.shape[1] // 4
    sigmoids, candidate = activations[:, : 3 * size], activations[:, 3 * size :]
    first, last = slope[:, : 3 * size], slope[:, 3 * size :]
    np.subtract(1, sigmoids, out=first)
    first *= sigmoids
    np.multiply(candidate, candidate, out=last)
    np.subtract(1, last, out=last)
    delta *= slope
