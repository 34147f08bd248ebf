"""The Python side of the penalty's contours: a quadratic loss and its penalty, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.arguments import Checks, array, checked, integer, number, one_of, validator
from derived.widgets.bundler import CHART, SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

PENALTIES = ("l2", "l1")
MOST_STEPS = 1000


def _checked_hessian(hessian: ArrayLike) -> list[list[float]]:
    rows = array("hessian", hessian, (2, 2), 100.0)
    matrix = np.array(rows)
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-9):
        raise ValueError("hessian is not symmetric; pass [[a, b], [b, c]]")
    values = np.linalg.eigvalsh(matrix)
    if values[0] < 0.01 - 1e-9 or values[1] > 20 + 1e-9:
        raise ValueError(
            f"hessian has the eigenvalues {values[0]:.4g} and {values[1]:.4g}; "
            "pass a matrix with eigenvalues from 0.01 to 20"
        )
    return rows


_CHECKS: Checks = {
    "hessian": _checked_hessian,
    "minimum": lambda value: array("minimum", value, (2,), 3.0),
    "start": lambda value: array("start", value, (2,), 3.0),
    "penalty": lambda value: one_of("penalty", value, PENALTIES),
    "strength": lambda value: number("strength", value, 0.0, 20.0),
    "steps": lambda value: integer("steps", value, 0, MOST_STEPS),
}


class PenaltyContours(anywidget.AnyWidget):
    """A quadratic loss over two weights, an L1 or L2 penalty, and gradient descent beside them.

    J(w) = ½ (w − w*)ᵀ H (w − w*). The figure draws its contours, the region ‖w‖ ≤ ‖w̃‖ of the
    penalty's norm, and the minimum w̃ of the penalized loss as the strength λ moves:
    J(w) + ½ λ ‖w‖² for "l2", with w̃ = (H + λI)⁻¹ H w*, and J(w) + λ ‖w‖₁ for "l1".
    The path of w̃ over all λ stands beside the path of gradient descent on J alone, which the
    reader stops at any step: early stopping. Readouts: eigenvalues and condition number, the
    shrink factors λᵢ/(λᵢ + λ) of L2 beside 1 − (1 − ηλᵢ)^τ of τ steps from zero, and for L1 the
    soft threshold sign(w*ᵢ) max(|w*ᵢ| − λ/Hᵢᵢ, 0), which is exact for a diagonal H only.
    The minimum w* can be dragged; the eigenvalues and the angle of H, λ, η and the number of steps
    have sliders.
    With a kernel, the traits follow what the reader does.

    Parameters
    ----------
    hessian
        (2, 2) symmetric with eigenvalues from 0.01 to 20. diag(0.2, 2) turned by 25 degrees unless
        given; a diagonal matrix makes the soft threshold exact.
    minimum
        (2,) w*, the minimum of J, with entries from -3 to 3.
    penalty
        "l2" or "l1".
    strength
        λ, from 0 to 20.
    learning_rate
        η of gradient descent; from 0.001 to 2 divided by the largest eigenvalue (where it stops to
        converge). 0.2 divided by the largest eigenvalue unless given.
    steps
        τ, at which gradient descent is stopped; an integer from 0 to 1000.
    start
        (2,) where gradient descent starts; zero unless given (the comparison with L2 needs zero).
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If an argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "penalty_contours.js")
    _css = style(CHART, SLIDERS, _HERE / "penalty_contours.css")

    hessian = traitlets.List(traitlets.List(), help="(2, 2) rows").tag(sync=True)
    minimum = traitlets.List(traitlets.Float(), help="(2,)").tag(sync=True)
    penalty = traitlets.Unicode("l2").tag(sync=True)
    strength = traitlets.Float(0.5).tag(sync=True)
    learning_rate = traitlets.Float(0.1).tag(sync=True)
    steps = traitlets.Int(20).tag(sync=True)
    start = traitlets.List(traitlets.Float(), help="(2,)").tag(sync=True)
    penalized = traitlets.List(
        traitlets.Float(), help="(2,) minimum of the penalized loss; written by the page"
    ).tag(sync=True)
    stopped = traitlets.List(
        traitlets.Float(), help="(2,) weights after the steps; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=714, phone=1241)

    def __init__(
        self,
        hessian: ArrayLike | None = None,
        minimum: ArrayLike = (1.2, 1.6),
        *,
        penalty: str = "l2",
        strength: float = 0.5,
        learning_rate: float | None = None,
        steps: int = 20,
        start: ArrayLike = (0.0, 0.0),
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        rows = _checked_hessian(_turned(0.2, 2.0, 25.0) if hessian is None else hessian)
        largest = float(np.linalg.eigvalsh(np.array(rows))[1])
        rate = 0.2 / largest if learning_rate is None else learning_rate
        chosen = checked(
            _CHECKS,
            minimum=minimum,
            penalty=penalty,
            strength=strength,
            steps=steps,
            start=start,
        )
        super().__init__(
            hessian=rows,
            learning_rate=number("learning_rate", rate, 0.001, 2 / largest),
            **chosen,
            **options,
        )

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        return f"PenaltyContours(penalty={self.penalty!r}, strength={self.strength:g})"


def _turned(small: float, large: float, degrees: float) -> list[list[float]]:
    """The symmetric matrix with two eigenvalues; the first one's vector is turned from axis 1."""
    angle = np.deg2rad(degrees)
    q = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = q @ np.diag([small, large]) @ q.T
    return np.round((matrix + matrix.T) / 2, 6).tolist()  # type: ignore[no-any-return]
