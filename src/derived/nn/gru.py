"""The gated recurrent unit: a state that a gate mixes with its candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derived.nn.arrays import Array, sum_rows
from derived.nn.recurrent import Recurrent

__all__ = ["GRU"]


class GRU(Recurrent):
    """h_t = z ∘ h_{t−1} + (1 − z) ∘ n, with n = tanh(W_n x_t + b_n + r ∘ (U_n h_{t−1} + d)).

    r = σ(…) is the reset gate, z = σ(…) the update gate, n the candidate; the rows of the
    parameters stand in this order: r, z, n. The reset gate comes after the product, as in cuDNN and
    PyTorch, so that the three products of a step wait for h_{t−1} alone and are one call, a block
    for each gate; Cho et al. 2014 have it before: U (r ∘ h).

    Attributes
    ----------
    parameters : those of :class:`Recurrent`, and "bias_candidate" (hidden,), the d above.

    Source: Cho et al. 2014, in the form of Appleyard et al. 2016.
    """

    gates, sigmoid_gates = 3, (True, True, False)

    def _further(self, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        return {"bias_candidate": np.zeros(self.hidden_features, dtype)}

    def _input_part(self, x: Array, weight: Array, bias: Array) -> Array:
        """Return (T, gates, B, hidden): the numbers of a gate lie together, as ufuncs like them."""
        z: Array = np.matmul(x[:, np.newaxis], self._apart(weight))
        z += self._apart(bias[np.newaxis])
        return z

    def _apart(self, rows: Array) -> Array:
        """Return (…, gates · hidden) as (gates, …, hidden), contiguous."""
        blocks = rows.reshape(len(rows), self.gates, self.hidden_features)
        return np.ascontiguousarray(blocks.swapaxes(0, 1))

    def _run(
        self, z: Array, hidden: Array, recurrent: Array, state: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        bias = self.parameters["bias_candidate"].astype(z.dtype, copy=False)
        recurrent = self._apart(recurrent)
        recalled = np.empty_like(hidden[1:])  # U h + d, before the reset gate
        product, kept = np.empty_like(z[0]), np.empty_like(hidden[0])
        for t, gates in enumerate(z):  # the gates take the place of z
            np.matmul(hidden[t], recurrent, out=product)
            sigmoids, candidate = gates[:2], gates[2]
            sigmoids += product[:2]
            np.tanh(sigmoids, out=sigmoids)
            sigmoids *= 0.5
            sigmoids += 0.5
            np.add(product[2], bias, out=recalled[t])
            candidate += np.multiply(gates[0], recalled[t], out=kept)
            np.tanh(candidate, out=candidate)
            # z h + (1 − z) n = n + z (h − n)
            mixed = np.subtract(hidden[t], candidate, out=hidden[t + 1])
            mixed *= gates[1]
            mixed += candidate
        return recalled, z

    def _run_back(
        self, grad_hidden: Array, hidden: Array, memory: Sequence[Array], weight: Array
    ) -> tuple[Array, Array]:
        recalled, activations = memory
        steps, gates, batch, size = activations.shape
        delta = np.empty((steps, batch, gates, size), activations.dtype)
        delta_hidden = np.empty_like(delta)
        grad_h, kept = np.zeros_like(hidden[0]), np.empty_like(hidden[0])
        d, slope = np.empty_like(activations[0]), np.empty_like(activations[0, :2])
        for t in range(steps - 1, -1, -1):
            grad_h += grad_hidden[t]
            np.multiply(grad_h, activations[t, 1], out=kept)
            _before_gates(activations[t], hidden[t], recalled[t], grad_h, kept, d, slope)
            delta[t] = d.swapaxes(0, 1)
            d[2] *= activations[t, 0]
            delta_hidden[t] = d.swapaxes(0, 1)
            np.matmul(delta_hidden[t].reshape(batch, gates * size), weight, out=grad_h)
            grad_h += kept
        self.initial_state_gradient = (grad_h,)
        shape = (steps, batch, gates * size)
        return delta.reshape(shape), delta_hidden.reshape(shape)

    def _fill_biases(self, delta: Array, delta_hidden: Array) -> None:
        super()._fill_biases(delta, delta_hidden)
        rows = delta_hidden[:, 2 * self.hidden_features :]
        sum_rows(rows, self.gradients["bias_candidate"])


def _before_gates(
    gates: Array, h: Array, recalled: Array, grad_h: Array, kept: Array, d: Array, slope: Array
) -> None:
    """Write ∂J/∂z of the three gates of one step to d, all (gates, B, hidden).

    kept : grad_h ∘ z. slope : (2, B, hidden), overwritten.
    """
    sigmoids, n = gates[:2], gates[2]
    d_r, d_z, d_n = d
    np.subtract(h, n, out=d_z)
    d_z *= grad_h
    np.multiply(n, n, out=d_n)
    np.subtract(1, d_n, out=d_n)
    d_n *= np.subtract(grad_h, kept, out=d_r)  # d_r is free until the next line
    np.multiply(d_n, recalled, out=d_r)
    np.subtract(1, sigmoids, out=slope)
    slope *= sigmoids
    d[:2] *= slope
