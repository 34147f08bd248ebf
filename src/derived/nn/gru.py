"""The gated recurrent unit: a state that a gate mixes with its candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derived.nn.arrays import Array
from derived.nn.recurrent import Recurrent

__all__ = ["GRU"]


class GRU(Recurrent):
    """h_t = z ∘ h_{t−1} + (1 − z) ∘ n, with n = tanh(W_n x_t + b_n + r ∘ (U_n h_{t−1} + d)).

    r = σ(…) is the reset gate, z = σ(…) the update gate, n the candidate; the rows of the
    parameters stand in this order: r, z, n. The reset gate comes after the product, as in cuDNN and
    PyTorch, so that a step has one product; Cho et al. 2014 have it before: U (r ∘ h).

    Attributes
    ----------
    parameters : those of :class:`Recurrent`, and "bias_candidate" (hidden,), the d above.

    Source: Cho et al. 2014, in the form of Appleyard et al. 2016.
    """

    gates, sigmoid_gates = 3, (True, True, False)

    def _further(self, dtype: np.dtype[np.floating]) -> dict[str, Array]:
        return {"bias_candidate": np.zeros(self.hidden_features, dtype)}

    def _run(
        self, z: Array, hidden: Array, recurrent: Array, state: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        size = self.hidden_features
        bias = self.parameters["bias_candidate"].astype(z.dtype, copy=False)
        recalled = np.empty_like(hidden[1:])  # U h + d, before the reset gate
        product, kept = np.empty_like(z[0]), np.empty_like(hidden[0])
        for t, gates in enumerate(z):  # the gates take the place of z
            np.matmul(hidden[t], recurrent, out=product)
            sigmoids, candidate = gates[:, : 2 * size], gates[:, 2 * size :]
            sigmoids += product[:, : 2 * size]
            np.tanh(sigmoids, out=sigmoids)
            sigmoids *= 0.5
            sigmoids += 0.5
            np.add(product[:, 2 * size :], bias, out=recalled[t])
            candidate += np.multiply(gates[:, :size], recalled[t], out=kept)
            np.tanh(candidate, out=candidate)
            # z h + (1 − z) n = n + z (h − n)
            np.subtract(hidden[t], candidate, out=hidden[t + 1])
            hidden[t + 1] *= gates[:, size : 2 * size]
            hidden[t + 1] += candidate
        return recalled, z

    def _run_back(
        self, grad_hidden: Array, hidden: Array, memory: Sequence[Array], weight: Array
    ) -> tuple[Array, Array]:
        recalled, activations = memory
        size = self.hidden_features
        delta, delta_hidden = np.empty_like(activations), np.empty_like(activations)
        grad_h, kept = np.zeros_like(hidden[0]), np.empty_like(hidden[0])
        slope = np.empty_like(activations[0, :, : 2 * size])
        for t in range(len(delta) - 1, -1, -1):
            r, z, n = (activations[t][:, k * size : (k + 1) * size] for k in range(3))
            d_r, d_z, d_n = (delta[t][:, k * size : (k + 1) * size] for k in range(3))
            grad_h += grad_hidden[t]
            np.multiply(grad_h, z, out=kept)
            np.subtract(hidden[t], n, out=d_z)
            d_z *= grad_h
            np.multiply(n, n, out=d_n)
            np.subtract(1, d_n, out=d_n)
            d_n *= np.subtract(grad_h, kept, out=d_r)  # d_r is free until the next line
            np.multiply(d_n, recalled[t], out=d_r)
            sigmoids = activations[t][:, : 2 * size]
            np.subtract(1, sigmoids, out=slope)
            slope *= sigmoids
            delta[t][:, : 2 * size] *= slope
            delta_hidden[t][:, : 2 * size] = delta[t][:, : 2 * size]
            np.multiply(d_n, r, out=delta_hidden[t][:, 2 * size :])
            np.matmul(delta_hidden[t], weight, out=grad_h)
            grad_h += kept
        self.initial_state_gradient = (grad_h,)
        return delta, delta_hidden

    def _fill_biases(self, delta: Array, delta_hidden: Array) -> None:
        super()._fill_biases(delta, delta_hidden)
        rows = delta_hidden[:, 2 * self.hidden_features :]
        np.sum(rows, axis=0, out=self.gradients["bias_candidate"])
