"""Data that a formula makes: points in the plane, and Boolean functions.

Every function that draws random numbers takes the generator that it draws from, so that a page's
data depends on nothing but the seed that the page shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BOOLEAN_FUNCTIONS",
    "blobs",
    "boolean_function",
    "boolean_functions",
    "rings",
    "spirals",
    "two_moons",
]

Points: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.int64]

#: The sixteen functions of two inputs: values at (0,0), (0,1), (1,0), (1,1).
BOOLEAN_FUNCTIONS: dict[str, tuple[int, int, int, int]] = {
    "false": (0, 0, 0, 0),
    "and": (0, 0, 0, 1),
    "x1 and not x2": (0, 0, 1, 0),
    "x1": (0, 0, 1, 1),
    "not x1 and x2": (0, 1, 0, 0),
    "x2": (0, 1, 0, 1),
    "xor": (0, 1, 1, 0),
    "or": (0, 1, 1, 1),
    "nor": (1, 0, 0, 0),
    "xnor": (1, 0, 0, 1),
    "not x2": (1, 0, 1, 0),
    "x2 implies x1": (1, 0, 1, 1),
    "not x1": (1, 1, 0, 0),
    "x1 implies x2": (1, 1, 0, 1),
    "nand": (1, 1, 1, 0),
    "true": (1, 1, 1, 1),
}

_MOST_INPUTS = 4  # five inputs have 2^32 functions


def _require_count(n: int, classes: int) -> None:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < classes:
        raise ValueError(f"n must be an integer ≥ {classes} (one point a class), got {n!r}")


def _require_spread(name: str, value: float) -> None:
    if not (np.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is a standard deviation: it must be finite and ≥ 0, got {value}")


def _require_generator(rng: np.random.Generator) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator such as numpy.random.default_rng(0), "
            f"got {type(rng).__name__}"
        )


def _sizes(n: int, classes: int) -> list[int]:
    """Split n points into classes whose sizes differ by at most one, the later ones larger."""
    return [(n + k) // classes for k in range(classes)]


def _finish(
    parts: Sequence[Points], noise: float, rng: np.random.Generator
) -> tuple[Points, Labels]:
    """Join the classes, add Gaussian noise, and shuffle the rows."""
    points = np.concatenate(parts)
    labels = np.repeat(np.arange(len(parts), dtype=np.int64), [len(part) for part in parts])
    points = points + noise * rng.standard_normal(points.shape)
    order = rng.permutation(len(points))
    return points[order], labels[order]


def two_moons(n: int, noise: float, rng: np.random.Generator) -> tuple[Points, Labels]:
    """Draw two interleaved half circles of radius one.

    Class 0 is the upper half circle around (0, 0), class 1 the lower one around (1, 1/2).

    Parameters
    ----------
    n : number of points, at least 2; the classes differ by at most one point.
    noise : standard deviation of the Gaussian noise added to both coordinates.
    rng : the generator that noise and order are drawn from.

    Returns
    -------
    X (n, 2) float64 and y (n,) int64 in {0, 1}, in random order.

    Raises
    ------
    ValueError : if ``n`` or ``noise`` is out of range.
    TypeError : if ``rng`` is not a generator.
    """
    _require_count(n, 2)
    _require_spread("noise", noise)
    _require_generator(rng)
    upper, lower = (np.linspace(0.0, np.pi, size) for size in _sizes(n, 2))
    first = np.column_stack([np.cos(upper), np.sin(upper)])
    second = np.column_stack([1.0 - np.cos(lower), 0.5 - np.sin(lower)])
    return _finish([first, second], noise, rng)


def rings(
    n: int, noise: float, rng: np.random.Generator, *, radii: Sequence[float] = (0.5, 1.0)
) -> tuple[Points, Labels]:
    """Draw concentric circles around the origin: class k has radius ``radii[k]``.

    Returns X (n, 2) float64 and y (n,) int64 in {0, …, len(radii) − 1}, in random order.
    Raises ValueError if ``n``, ``noise`` or a radius is out of range.
    """
    if len(radii) == 0 or not all(np.isfinite(r) and r > 0 for r in radii):
        raise ValueError(f"radii must be positive numbers, got {tuple(radii)}")
    _require_count(n, len(radii))
    _require_spread("noise", noise)
    _require_generator(rng)
    parts = []
    for size, radius in zip(_sizes(n, len(radii)), radii, strict=True):
        angle = np.linspace(0.0, 2.0 * np.pi, size, endpoint=False)
        parts.append(radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    return _finish(parts, noise, rng)


def spirals(
    n: int, noise: float, rng: np.random.Generator, *, turns: float = 1.0, arms: int = 2
) -> tuple[Points, Labels]:
    """Draw interleaved Archimedean spirals from the centre out to radius one.

    Arm k is arm 0 rotated by 2πk / arms. The radius grows in proportion to the angle, and points
    are spread so that their density along the arm is roughly even.

    Parameters
    ----------
    n : number of points, at least ``arms``.
    noise : standard deviation of the Gaussian noise added to both coordinates.
    rng : the generator that noise and order are drawn from.
    turns : how often an arm winds around the centre (> 0).
    arms : number of classes (≥ 2).

    Returns
    -------
    X (n, 2) float64 and y (n,) int64 in {0, …, arms − 1}, in random order.

    Raises
    ------
    ValueError : if a number is out of range.
    """
    if arms < 2:
        raise ValueError(f"arms must be ≥ 2, got {arms}")
    if not (np.isfinite(turns) and turns > 0):
        raise ValueError(f"turns must be finite and > 0, got {turns}")
    _require_count(n, arms)
    _require_spread("noise", noise)
    _require_generator(rng)
    parts = []
    for arm, size in enumerate(_sizes(n, arms)):
        # Arc length grows like radius², so radius = √(even steps); never exactly the centre,
        # where all arms would meet.
        radius = np.sqrt((np.arange(size) + 1.0) / size)
        angle = 2.0 * np.pi * (turns * radius + arm / arms)
        parts.append(radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
    return _finish(parts, noise, rng)


def blobs(
    n: int,
    rng: np.random.Generator,
    *,
    centers: ArrayLike = ((-1.0, -1.0), (1.0, 1.0)),
    spread: float = 0.5,
) -> tuple[Points, Labels]:
    """Draw one round Gaussian cloud for each center.

    Parameters
    ----------
    n : number of points, at least one a class.
    rng : the generator that the points and their order are drawn from.
    centers : (classes, d) means of the clouds.
    spread : standard deviation of every cloud in every coordinate.

    Returns
    -------
    X (n, d) float64 and y (n,) int64 in {0, …, classes − 1}, in random order.

    Raises
    ------
    ValueError : if ``centers`` is not a finite matrix, or ``n`` or ``spread`` is out of range.
    """
    means = np.asarray(centers, dtype=np.float64)
    if means.ndim != 2 or means.size == 0 or not np.all(np.isfinite(means)):
        raise ValueError(f"centers must be a finite (classes, d) matrix, got shape {means.shape}")
    _require_count(n, len(means))
    _require_spread("spread", spread)
    _require_generator(rng)
    sizes = _sizes(n, len(means))
    parts = [np.tile(mean, (size, 1)) for mean, size in zip(means, sizes, strict=True)]
    return _finish(parts, spread, rng)


def _inputs(count: int) -> Points:
    """Return all 2^count rows of zeros and ones in counting order, the first column slowest."""
    rows = np.arange(2**count)[:, None] >> np.arange(count - 1, -1, -1)[None, :]
    return (rows & 1).astype(np.float64)


def boolean_function(name: str) -> tuple[Points, Labels]:
    """Return the truth table of one of the sixteen functions of two inputs.

    ``name`` is a key of :data:`BOOLEAN_FUNCTIONS`, such as ``"and"``, ``"or"``, ``"nand"``,
    ``"xor"``. Returns X (4, 2) float64 with the rows (0,0), (0,1), (1,0), (1,1), and
    y (4,) int64 in {0, 1}. Raises ValueError, which lists the names, for any other name.
    """
    if name not in BOOLEAN_FUNCTIONS:
        known = ", ".join(repr(key) for key in BOOLEAN_FUNCTIONS)
        raise ValueError(f"unknown Boolean function {name!r}; the sixteen are {known}")
    return _inputs(2), np.array(BOOLEAN_FUNCTIONS[name], dtype=np.int64)


def boolean_functions(inputs: int) -> tuple[Points, Labels]:
    """Return the truth tables of all 2^(2^inputs) Boolean functions of ``inputs`` inputs.

    Returns X (2^inputs, inputs) float64, the input rows in counting order, and
    tables (2^(2^inputs), 2^inputs) int64 in {0, 1}: row f holds the values of function f at the
    rows of X, so ``tables[f] @ (2 ** arange(2^inputs))[::-1] == f``.
    Raises ValueError unless 1 ≤ inputs ≤ 4 (five inputs have 4,294,967,296 functions).
    """
    if isinstance(inputs, bool) or not 1 <= inputs <= _MOST_INPUTS:
        raise ValueError(f"inputs must be 1, 2, 3 or {_MOST_INPUTS}, got {inputs!r}")
    return _inputs(inputs), _inputs(2**inputs).astype(np.int64)
