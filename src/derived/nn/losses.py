"""Losses: how wrong a batch of predictions is, and the gradient that training starts from.

Each is a mean over the batch, and each classification loss takes logits, not probabilities: the
logarithm and the exponential then cancel on paper, and nothing overflows in the computer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from derived.nn.activations import log_softmax, sigmoid
from derived.nn.arrays import Array, as_floating

__all__ = ["BinaryCrossEntropy", "CrossEntropy", "Loss", "MeanSquaredError"]


class Loss(ABC):
    """A number J(prediction, target) with its gradient ∂J/∂prediction."""

    def __init__(self) -> None:
        """Start without a prediction."""
        self._memory: tuple[Array, NDArray[Any]] | None = None

    @abstractmethod
    def forward(self, prediction: ArrayLike, target: ArrayLike) -> float:
        """Return J.

        Raises
        ------
        ValueError : if the shapes do not match, the batch is empty, or a target is impossible.
        """

    @abstractmethod
    def backward(self) -> Array:
        """Return ∂J/∂prediction at the last ``forward``, in its shape and dtype.

        Raises
        ------
        RuntimeError : if ``forward`` was not called before.
        """

    def __call__(self, prediction: ArrayLike, target: ArrayLike) -> float:
        """Return ``forward(prediction, target)``."""
        return self.forward(prediction, target)

    def _recall(self) -> tuple[Array, NDArray[Any]]:
        if self._memory is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward was called before forward: "
                "call forward(prediction, target) first"
            )
        return self._memory


def _same_shape(name: str, prediction: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    """Return both as floating arrays of one shape and dtype; nothing is broadcast."""
    p = as_floating(prediction)
    t = as_floating(target).astype(p.dtype, copy=False)
    if p.shape != t.shape:
        raise ValueError(f"{name}: the prediction has shape {p.shape}, the target {t.shape}")
    if p.size == 0:
        raise ValueError(f"{name}: the batch is empty, a mean over it does not exist")
    return p, t


class MeanSquaredError(Loss):
    """J = mean (prediction − target)², over all entries of arrays of one shape.

    Source: MIT 6.S191 2019, "Mean Squared Error Loss" (there is no factor ½ here).
    """

    def forward(self, prediction: ArrayLike, target: ArrayLike) -> float:
        """Return the mean squared difference (the errors are those of :meth:`Loss.forward`)."""
        p, t = _same_shape("MeanSquaredError", prediction, target)
        difference = p - t
        self._memory = difference, t
        return float(np.mean(difference**2))

    def backward(self) -> Array:
        """Return 2 (prediction − target) / number of entries."""
        difference, _ = self._recall()
        gradient: Array = difference * (2 / difference.size)
        return gradient


class BinaryCrossEntropy(Loss):
    """J = −mean [y log σ(z) + (1 − y) log(1 − σ(z))] for logits z and targets y of one shape.

    A target is 0 or 1, or a probability between them.
    Source: MIT 6.S191 2019, "Binary Cross Entropy Loss", with the minus sign that is missing there.
    """

    def forward(self, prediction: ArrayLike, target: ArrayLike) -> float:
        """Return J from logits, in the form max(z, 0) − y z + log(1 + exp(−|z|)).

        Raises
        ------
        ValueError : if the shapes differ, the batch is empty, or a target lies outside [0, 1].
        """
        z, y = _same_shape("BinaryCrossEntropy", prediction, target)
        if not np.all((y >= 0) & (y <= 1)):
            raise ValueError("BinaryCrossEntropy: a target lies outside [0, 1]; labels are 0 or 1")
        self._memory = sigmoid(z) - y, y
        return float(np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))))

    def backward(self) -> Array:
        """Return (σ(z) − y) / number of entries."""
        difference, _ = self._recall()
        gradient: Array = difference / difference.size
        return gradient


def _class_labels(target: ArrayLike, logits: Array) -> NDArray[np.intp]:
    """Return the labels as indices into the columns of ``logits``, one for each row."""
    labels = np.asarray(target)
    if labels.shape != logits.shape[:1]:
        hint = ""
        if labels.shape == (len(logits), 1):
            hint = "; a column becomes labels by labels[:, 0]"
        elif labels.shape == logits.shape:
            hint = "; one-hot targets become labels by argmax(axis=1)"
        raise ValueError(
            f"CrossEntropy: logits of shape {logits.shape} need labels of shape "
            f"{logits.shape[:1]}, got {labels.shape}{hint}"
        )
    if labels.dtype.kind not in "biu":
        raise TypeError(f"CrossEntropy: labels are integers, got dtype {labels.dtype}")
    classes = logits.shape[1]
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        i = int(np.argmax(outside))
        raise ValueError(
            f"CrossEntropy: label {labels[i]} of example {i} is not a class; "
            f"with {classes} logits a row, labels run from 0 to {classes - 1}"
        )
    return labels.astype(np.intp)


class CrossEntropy(Loss):
    """J = −mean Σₖ tₖ log softmax(z)ₖ for logits z (B, K) and integer labels (B,) in 0 … K−1.

    The target t is the one-hot vector of the label; with label smoothing ε it is that vector
    times 1 − ε, plus ε/K for every class, as in PyTorch.

    Parameters
    ----------
    label_smoothing : ε, in [0, 1).

    Raises
    ------
    ValueError : if ε lies outside its range.

    Source: Selective Introduction, "DL basics" (the loss); Szegedy et al. 2016 (smoothing).
    """

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        """Keep ε."""
        number = isinstance(label_smoothing, int | float | np.number)
        if not number or not 0 <= label_smoothing < 1:
            raise ValueError(f"the label smoothing lies in [0, 1), got {label_smoothing!r}")
        super().__init__()
        self.label_smoothing = float(label_smoothing)

    def forward(self, prediction: ArrayLike, target: ArrayLike) -> float:
        """Return J from logits.

        Raises
        ------
        TypeError : if the labels are not integers.
        ValueError : if the shapes do not match, the batch is empty, or a label is not a class.
        """
        z = as_floating(prediction)
        if z.ndim != 2 or z.size == 0:
            empty = ": the batch is empty" if z.size == 0 else ""
            raise ValueError(
                f"CrossEntropy expects logits of shape (batch, classes), got {z.shape}{empty}"
            )
        labels = _class_labels(target, z)
        log_p = log_softmax(z)  # (B, K)
        self._memory = log_p, labels
        smoothing = self.label_smoothing
        value = -np.mean(log_p[np.arange(len(labels)), labels])
        if smoothing:
            value = (1 - smoothing) * value - smoothing * np.mean(log_p)
        return float(value)

    def backward(self) -> Array:
        """Return (softmax(z) − t) / B, of shape (B, K)."""
        log_p, labels = self._recall()
        smoothing = self.label_smoothing
        gradient = np.exp(log_p)
        gradient[np.arange(len(labels)), labels] -= 1 - smoothing
        if smoothing:
            gradient -= smoothing / log_p.shape[1]
        gradient /= len(labels)
        return gradient
