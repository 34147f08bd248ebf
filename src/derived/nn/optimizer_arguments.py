"""What optimizers ask of their arguments: a whole network, and numbers in their range."""

from __future__ import annotations

from typing import Any

import numpy as np

from derived.nn.layer import Layer

__all__ = ["finite_positive", "whole_network"]


def whole_network(layer: Any) -> Layer:
    """Return ``layer``; raises TypeError if it is none, as PyTorch's list of parameters."""
    if not isinstance(layer, Layer):
        raise TypeError(
            "an optimizer takes the layer or network itself, not its parameters: "
            f"SGD(network, 0.1); got {type(layer).__name__}"
        )
    return layer


def finite_positive(name: str, value: Any) -> float:
    """Return ``value`` as a float; raises ValueError unless it is a positive finite number."""
    if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise ValueError(f"{name} is a positive number, got {value!r}")
    return float(value)
