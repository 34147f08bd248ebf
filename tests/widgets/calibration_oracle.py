"""Calibration in NumPy, example by example, for the test of the reliability diagram."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax

from derived.widgets import ReliabilityDiagram


def answers(seed: int, examples: int = 300, classes: int = 4) -> tuple[Any, Any]:
    """Logits that are 2.5 times too large, and labels drawn from the right ones."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(examples, classes))
    probabilities = np.exp(log_softmax(logits, axis=1))
    labels = np.array([rng.choice(classes, p=row) for row in probabilities])
    return (2.5 * logits).astype(np.float32).astype(float), labels


def reliability_diagram(**options: Any) -> ReliabilityDiagram:
    return ReliabilityDiagram(*answers(3), title="Too sure by 2.5", **options)


def calibrated(logits: Any, labels: Any, temperature: float, bins: int) -> dict[str, Any]:
    """What the figure shows, from the definitions."""
    logs = log_softmax(np.asarray(logits) / temperature, axis=1)
    confidence, predicted = np.exp(logs.max(axis=1)), logs.argmax(axis=1)
    right = predicted == labels
    one_hot = np.eye(logs.shape[1])[labels]
    error, counts = 0.0, []
    for k in range(bins):
        inside = (confidence > k / bins) & (confidence <= (k + 1) / bins)
        counts.append(int(inside.sum()))
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return {
        "counts": counts,
        "error": error,
        "loss": -logs[np.arange(len(labels)), labels].mean(),
        "brier": np.mean(np.sum((np.exp(logs) - one_hot) ** 2, axis=1)),
        "accuracy": right.mean(),
        "confidence": confidence.mean(),
    }
