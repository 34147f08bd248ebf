"""Checks of a figure's arguments: each returns the value, or raises one clear ``ValueError``."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike

#: The check of each argument of a figure, by its name.
Checks = Mapping[str, Callable[[Any], Any]]


def checked(checks: Checks, **arguments: Any) -> dict[str, Any]:
    """Return the arguments, each as its check returns it."""
    return {name: checks[name](value) for name, value in arguments.items()}


def validator(checks: Checks) -> Any:
    """Return the attribute of a figure's class that puts its traits to the same checks."""

    @traitlets.validate(*checks)
    def validate(_figure: traitlets.HasTraits, proposal: dict[str, Any]) -> Any:
        return checks[proposal["trait"].name](proposal["value"])

    return validate


def one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return the value if it is one of the allowed ones."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; choose one of {', '.join(allowed)}")
    return value


def number(name: str, value: float, low: float, high: float) -> float:
    """Return the value as a float if it lies between the two bounds."""
    if not _is_number(value) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; pass a number from {low:g} to {high:g}")
    return float(value)


def integer(name: str, value: int, low: int, high: int) -> int:
    """Return the value as an int if it is a whole number between the two bounds."""
    if not _is_number(value) or not low <= value <= high or int(value) != value:
        raise ValueError(f"{name} is {value!r}; pass an integer from {low} to {high}")
    return int(value)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def array(name: str, values: ArrayLike, shape: Sequence[int | None], limit: float) -> list[Any]:
    """Return the values as nested lists if they have the shape; None stands for any length."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    fits = numbers.ndim == len(shape) and all(
        wanted in (None, found) for wanted, found in zip(shape, numbers.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name} has shape {numbers.shape}; pass numbers of shape ({wanted})")
    if not (np.abs(numbers) <= limit).all():
        raise ValueError(f"{name} has an entry that is not a number from {-limit:g} to {limit:g}")
    nested: list[Any] = numbers.tolist()
    return nested


def class_labels(labels: ArrayLike, count: int, classes: int) -> list[int]:
    """Return the labels of that many examples if each is a whole number below ``classes``."""
    values = np.asarray(labels)
    if values.shape != (count,):
        raise ValueError(f"labels has shape {values.shape}; pass ({count},), one for each example")
    whole = np.issubdtype(values.dtype, np.integer)
    if not whole or not ((values >= 0) & (values < classes)).all():
        raise ValueError(f"labels must be whole numbers from 0 to {classes - 1}")
    return [int(value) for value in values]


def packed_parameters(name: str, arrays: Sequence[ArrayLike], most: int) -> str:
    """Return a model's parameters as :func:`packed` does, if they are at most that many."""
    total = sum(np.size(each) for each in arrays)
    if total > most:
        raise ValueError(f"{name} has {total} parameters; pass at most {most}")
    return packed(name, arrays)


def packed(name: str, arrays: Iterable[ArrayLike]) -> str:
    """Return all numbers, row by row, as float32 (little endian) in base64."""
    flat = np.concatenate([np.asarray(each, dtype=np.float64).ravel() for each in arrays])
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        narrow = flat.astype("<f4")
    if not np.isfinite(narrow).all():
        raise ValueError(f"{name} holds a number that float32 cannot; pass finite numbers")
    return base64.b64encode(narrow.tobytes()).decode("ascii")
