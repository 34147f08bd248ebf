"""The executable equation: ``check`` an identity, ``refute`` a misprint, test a gradient.

Every line that these functions print is stable from machine to machine: it states the tolerance,
never the measured round-off. Inside a notebook each call also leaves a small JSON record in the
cell's output, from which the site builds its equation ledger and its errata page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RECORD_MIME", "CheckFailed", "check", "gradcheck", "refute", "relative_error"]

RECORD_MIME = "application/vnd.derived.check+json"

FloatArray: TypeAlias = NDArray[np.float64]


class CheckFailed(AssertionError):
    """An equation did not hold, a misprint did hold, or a gradient was wrong."""


def _as_array(value: ArrayLike, name: str, label: str) -> FloatArray:
    array = np.asarray(value)
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise CheckFailed(f"({label}) {name} is not a real number or an array of real numbers")
    return array.astype(np.float64)


def _worst(got: FloatArray, want: FloatArray) -> str:
    index = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
    place = f" at index {tuple(int(i) for i in index)}" if want.ndim else ""
    return f"got {got[index]:.10g}, want {want[index]:.10g}{place}"


def relative_error(got: ArrayLike, want: ArrayLike) -> float:
    """Return max|got − want| / max(1, max|want|) for two arrays of one shape.

    The denominator never falls below one, so that the measure is absolute near zero.
    """
    difference = np.abs(np.asarray(got, np.float64) - np.asarray(want, np.float64))
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
    return float(np.max(difference, initial=0.0)) / scale


def _compare(label: str, got: ArrayLike, want: ArrayLike) -> tuple[FloatArray, FloatArray, float]:
    a, b = _as_array(got, "got", label), _as_array(want, "want", label)
    if a.shape != b.shape:
        raise CheckFailed(f"({label}) shapes differ: got {a.shape}, want {b.shape}")
    for name, array in (("got", a), ("want", b)):
        if not np.all(np.isfinite(array)):
            raise CheckFailed(f"({label}) {name} contains NaN or infinity")
    return a, b, relative_error(a, b)


def _publish(line: str, record: Mapping[str, Any]) -> None:
    """Show ``line``; in a notebook, put ``record`` beside it in the same output."""
    ipython = sys.modules.get("IPython")
    if ipython is None or not hasattr(ipython.get_ipython(), "kernel"):
        print(line)  # a plain interpreter, or a test
        return
    from IPython.display import display  # noqa: PLC0415  (only a notebook needs IPython)

    display({"text/plain": line, RECORD_MIME: dict(record)}, raw=True)  # type: ignore[no-untyped-call]


def check(
    equation: str,
    statement: str,
    got: ArrayLike,
    want: ArrayLike,
    tol: float = 1e-9,
    source: str | None = None,
) -> None:
    """Check one numbered equation on numbers.

    Parameters
    ----------
    equation : the number of the equation in the page, such as ``"2.7"``.
    statement : the equation in plain characters, such as ``"δ = (1−h²) ∘ Wᵀδ"``.
    got, want : both sides, scalars or arrays of one shape (nothing is broadcast).
    tol : bound on max|got − want| / max(1, max|want|).
    source : the lecture and slide that state the equation, if one does.

    Raises
    ------
    CheckFailed : if the error exceeds ``tol``, a shape differs, or a value is not finite.
    """
    a, b, error = _compare(equation, got, want)
    if error > tol:
        raise CheckFailed(
            f"({equation}) {statement}: relative error {error:.2e} > {tol:g}; {_worst(a, b)}"
        )
    bound = f"relative error ≤ {tol:g}" if tol > 0 else "exact"
    record = {"kind": "check", "equation": equation, "statement": statement, "tolerance": tol}
    if source:
        record["source"] = source
    _publish(f"✓ ({equation}) {statement} · {bound}", record)


def _failure(
    erratum: str, printed: ArrayLike | Exception, want: ArrayLike
) -> tuple[float | None, str]:
    """Return by how much the misprint is off (None if it has no comparable value), and in words."""
    if isinstance(printed, Exception):
        return None, "cannot be evaluated"
    a, b = np.asarray(printed, np.float64), _as_array(want, "want", erratum)
    if not np.all(np.isfinite(b)):
        raise CheckFailed(f"({erratum}) want contains NaN or infinity")
    if a.shape != b.shape:
        return None, f"has shape {a.shape} instead of {b.shape}"
    if not np.all(np.isfinite(a)):
        return None, "is not finite"
    error = relative_error(a, b)
    return error, f"off by {error:.1g} (relative)"


def refute(
    erratum: str,
    equation: str | None,
    statement: str,
    printed: ArrayLike | Exception,
    want: ArrayLike,
    corrected: ArrayLike | None = None,
    tol: float = 1e-9,
    where: str = "",
    gap: float = 1e-3,
) -> None:
    """Show that a formula fails as it is printed on a slide, and that the corrected one holds.

    Parameters
    ----------
    erratum : the identifier of the erratum, such as ``"E-03"``.
    equation : number of the corrected equation in the page, or None if it has none.
    statement : the printed formula and its correction in plain characters.
    printed : what the printed formula gives, or the exception that evaluating it raises.
    want : the true value, found in an independent way.
    corrected : what the corrected formula gives; None where the correction is not a formula.
    tol : bound on the relative error of ``corrected``.
    where : lecture and slide.
    gap : the least relative error that counts as a refutation.

    Raises
    ------
    CheckFailed : if the printed formula holds after all, or the corrected one does not.
    """
    error, how = _failure(erratum, printed, want)
    if error is not None and error <= gap:
        raise CheckFailed(
            f"({erratum}) {statement}: the printed formula holds (error {error:.1g} ≤ {gap:g}), "
            "so nothing is refuted"
        )
    lines = [f"✗ ({erratum}) {statement} · as printed: {how}"]
    if corrected is not None:
        a, b, remaining = _compare(erratum, corrected, want)
        if remaining > tol:
            raise CheckFailed(
                f"({erratum}) {statement}: the corrected formula is off by {remaining:.2e} > "
                f"{tol:g}; {_worst(a, b)}"
            )
        bound = f"relative error ≤ {tol:g}" if tol > 0 else "exact"
        number = f" ({equation})" if equation else ""
        lines.append(f"✓{number} corrected · {bound}")
    record: dict[str, Any] = {"kind": "refute", "erratum": erratum, "statement": statement}
    record |= {"failure": how, "tolerance": tol if corrected is not None else None}
    record |= {key: value for key, value in (("equation", equation), ("source", where)) if value}
    _publish("\n".join(lines), record)


def _central_difference(
    function: Callable[[], float], array: FloatArray, index: tuple[int, ...], step: float
) -> float:
    kept = array[index]
    try:
        array[index] = kept + step
        above = float(function())
        array[index] = kept - step
        below = float(function())
    finally:
        array[index] = kept
    return (above - below) / (2.0 * step)


def gradcheck(
    function: Callable[[], float],
    parameters: Mapping[str, FloatArray],
    gradients: Mapping[str, FloatArray],
    *,
    step: float = 1e-6,
    tol: float = 1e-7,
) -> dict[str, float]:
    """Compare gradients with central differences (f(θ+h) − f(θ−h)) / 2h, entry by entry.

    Parameters
    ----------
    function : returns the loss; it reads the arrays in ``parameters``, which are perturbed in
        place and restored.
    parameters : name → float64 array of any shape.
    gradients : name → array of the same shape.
    step : the h of the difference; 1e-6 suits float64 values of order one.
    tol : bound on the relative error of each parameter.

    Returns
    -------
    dict : name → relative error, max|g − d| / max(1, max|d|).

    Raises
    ------
    TypeError : if a parameter is not float64, where differences would drown in round-off.
    CheckFailed : if an error exceeds ``tol``; the message names the parameter and its worst entry.
    """
    missing = set(parameters) ^ set(gradients)
    if missing:
        raise CheckFailed(f"parameters and gradients do not match: {sorted(missing)}")
    errors: dict[str, float] = {}
    for name, array in parameters.items():
        if array.dtype != np.float64:
            raise TypeError(f"gradcheck needs float64, but {name!r} is {array.dtype}")
        numeric = np.empty_like(array)
        for index in np.ndindex(array.shape):
            numeric[index] = _central_difference(function, array, index, step)
        a, b, error = _compare(name, np.asarray(gradients[name]), numeric)
        if error > tol:
            raise CheckFailed(
                f"gradient of {name!r} is wrong: relative error {error:.2e} > {tol:g}; "
                f"{_worst(a, b)} (want: central difference)"
            )
        errors[name] = error
    return errors
