"""The executable equation: ``check`` an identity, ``refute`` a misprint, test a gradient.

Every line that these functions print is stable from machine to machine: it states the tolerance,
never the measured round-off. Inside a notebook each call also leaves a small JSON record in the
cell's output, from which the site builds its equation ledger and its errata page.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RECORD_MIME", "CheckFailed", "check", "gradcheck", "refute", "relative_error"]

RECORD_MIME = "application/vnd.derived.check+json"

FloatArray: TypeAlias = NDArray[np.float64]
RealArray: TypeAlias = NDArray[Any]

#: What a mistake of the notebook raises, such as a misspelt name; no formula raises these.
_NOT_OF_A_FORMULA = (NameError, AttributeError, ImportError, SyntaxError)


class CheckFailed(AssertionError):
    """An equation did not hold, a misprint did hold, or a gradient was wrong."""


def _as_array(value: ArrayLike, name: str, label: str) -> RealArray:
    """Return float64, or integers as they are: float64 rounds those beyond 2⁵³."""
    array = np.asarray(value)
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise CheckFailed(f"({label}) {name} is not a real number or an array of real numbers")
    return array if array.dtype.kind in "biu" else array.astype(np.float64)


def _require_bound(name: str, value: Any) -> None:
    """Refuse a bound that every error keeps, as every one keeps NaN, or that none can keep."""
    if not (isinstance(value, numbers.Real) and math.isfinite(value) and float(value) >= 0):
        raise ValueError(f"{name} must be a finite number ≥ 0, got {value!r}")


def _distance(got: NDArray[Any], want: NDArray[Any]) -> FloatArray:
    """Return |got − want|, exact where both are integers, which would wrap or be rounded."""
    if got.dtype.kind in "biu" and want.dtype.kind in "biu":
        return np.asarray(np.abs(got.astype(object) - want.astype(object)), np.float64)
    exact = np.complex128 if "c" in (got.dtype.kind, want.dtype.kind) else np.float64
    return np.asarray(np.abs(got.astype(exact) - want.astype(exact)), np.float64)


def _worst(got: RealArray, want: RealArray) -> str:
    index = np.unravel_index(int(np.argmax(_distance(got, want))), want.shape)
    place = f" at index {tuple(int(i) for i in index)}" if want.ndim else ""
    a, b = (f"{x:.10g}" if isinstance(x, float) else str(x) for x in (got[index], want[index]))
    return f"got {a}, want {b}{place}"


def relative_error(got: ArrayLike, want: ArrayLike) -> float:
    """Return max|got − want| / max(1, max|want|) for two arrays of one shape.

    The denominator never falls below one, so that the measure is absolute near zero. Complex
    numbers are compared as such, and integers exactly. Raises ValueError if the shapes differ.
    """
    a, b = np.asarray(got), np.asarray(want)
    if a.shape != b.shape:
        raise ValueError(f"got and want must have one shape, but have {a.shape} and {b.shape}")
    size = np.abs(b if b.dtype.kind == "c" else b.astype(np.float64))
    scale = max(1.0, float(np.max(size, initial=0.0)))
    return float(np.max(_distance(a, b), initial=0.0)) / scale


def _compare(label: str, got: ArrayLike, want: ArrayLike) -> tuple[RealArray, RealArray, float]:
    a, b = _as_array(got, "got", label), _as_array(want, "want", label)
    if a.shape != b.shape:
        raise CheckFailed(f"({label}) shapes differ: got {a.shape}, want {b.shape}")
    if not b.size:
        raise CheckFailed(f"({label}) there is nothing to compare: the shape is {b.shape}")
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
    CheckFailed : if the error exceeds ``tol``, a shape differs, a value is not a finite real
        number, or there is nothing to compare.
    ValueError : if ``tol`` is not a finite number ≥ 0.
    """
    _require_bound("tol", tol)
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
    erratum: str, printed: ArrayLike | Exception, want: ArrayLike, gap: float
) -> tuple[float | None, str]:
    """Return by how much the misprint is off (None if it has no comparable value), and in words."""
    if isinstance(printed, _NOT_OF_A_FORMULA):
        mistake = f"{type(printed).__name__}: {printed}"
        raise CheckFailed(f"({erratum}) a mistake in the code refutes nothing: {mistake}")
    if isinstance(printed, Exception):
        return None, "cannot be evaluated"
    a, b = _as_array(printed, "printed", erratum), _as_array(want, "want", erratum)
    if not np.all(np.isfinite(b)):
        raise CheckFailed(f"({erratum}) want contains NaN or infinity")
    if a.shape != b.shape:
        # Axes of length one come from the code; a slide is wrong in the others.
        slim, true = np.squeeze(a), np.squeeze(b)
        if slim.shape == true.shape and relative_error(slim, true) <= gap:
            raise CheckFailed(
                f"({erratum}) the printed numbers hold, in the shape {a.shape} instead of "
                f"{b.shape}, so nothing is refuted"
            )
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
    printed : what the printed formula gives, or the exception that evaluating it raises, such as
        ValueError for shapes that do not fit.
    want : the true value, found in an independent way.
    corrected : what the corrected formula gives; None where the correction is not a formula.
    tol : bound on the relative error of ``corrected``.
    where : lecture and slide.
    gap : the least relative error that counts as a refutation.

    Raises
    ------
    CheckFailed : if the printed formula holds after all, be it with further axes of length one;
        if the corrected one does not; if a value is not made of real numbers, or ``want`` is not
        finite; if ``printed`` is the error of a misspelt name or attribute or the like.
    ValueError : if ``tol`` or ``gap`` is not a finite number ≥ 0.
    """
    _require_bound("tol", tol)
    _require_bound("gap", gap)
    error, how = _failure(erratum, printed, want, gap)
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
        Also if there is no parameter, or one without an entry: nothing would be compared.
    ValueError : if ``tol`` is not a finite number ≥ 0.
    """
    _require_bound("tol", tol)
    if not parameters:
        raise CheckFailed("there is no parameter, so nothing to compare")
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
