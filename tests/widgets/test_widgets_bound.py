"""The evidence lower bound in the page against adaptive quadrature and what theory says."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import exp, log, sqrt, tau
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page
from scipy.integrate import quad
from scipy.stats import norm

from derived.widgets import ElboTerms
from tests.widgets.conftest import JavaScript, OpenPage, wait_until

FEW = settings(max_examples=25, deadline=None)
DECODERS: dict[str, Callable[[float], float]] = {
    "line": lambda z: z,
    "fold": lambda z: z * z,
    "step": lambda z: 2 * float(np.tanh(2 * z)),
}


def log_evidence(decoder: str, x: float, noise: float) -> float:
    """Return log p(x) by adaptive quadrature, with the modes named to it."""

    def joint(z: float) -> float:
        return float(norm.pdf(z) * norm.pdf(x, DECODERS[decoder](z), noise))

    marks = np.linspace(-8, 8, 161)
    pieces = [quad(joint, a, b)[0] for a, b in pairwise(marks)]
    return float(np.log(np.sum(pieces)))


def reconstruction(decoder: str, x: float, noise: float, mean: float, deviation: float) -> float:
    """Return E_q log p(x | z) by adaptive quadrature, piece by piece."""

    def weighted(t: float) -> float:
        miss = (x - DECODERS[decoder](mean + deviation * t)) / noise
        return exp(-t * t / 2) / sqrt(tau) * (-miss * miss / 2 - log(noise * sqrt(tau)))

    return sum(quad(weighted, a, b)[0] for a, b in pairwise(np.linspace(-9, 9, 73)))


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: ElboTerms("cube"), "choose one of line, fold, step"),
    (lambda: ElboTerms(x=5), "x is 5"),
    (lambda: ElboTerms(noise=0), "noise is 0"),
    (lambda: ElboTerms(deviation=float("nan")), "deviation is nan"),
    (lambda: setattr(ElboTerms(), "mean", 9.0), "mean is 9"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_figure_is_stored_as_a_short_stable_text() -> None:
    assert repr(ElboTerms("fold", x=2)) == "ElboTerms('fold', x=2, noise=0.5)"


@FEW
@given(
    decoder=st.sampled_from(sorted(DECODERS)),
    x=st.floats(-4, 4),
    noise=st.floats(0.1, 2),
    mean=st.floats(-3, 3),
    deviation=st.floats(0.05, 2),
)
def test_the_terms_are_those_of_quadrature(
    javascript: JavaScript, decoder: str, x: float, noise: float, mean: float, deviation: float
) -> None:
    model = {"decoder": decoder, "x": x, "noise": noise}
    got = javascript.call("bound", "terms", model, {"mean": mean, "deviation": deviation})
    want = reconstruction(decoder, x, noise, mean, deviation)
    assert got["reconstruction"] == pytest.approx(want, rel=1e-5, abs=1e-5)
    divergence = quad(
        lambda t: (
            norm.pdf(t) * (norm.logpdf(t) - np.log(deviation) - norm.logpdf(mean + deviation * t))
        ),
        -9,
        9,
    )[0]
    assert got["divergence"] == pytest.approx(divergence, abs=1e-6)
    assert got["bound"] == pytest.approx(got["reconstruction"] - got["divergence"])
    assert got["bound"] <= javascript.call("bound", "logEvidence", model) + 1e-6


@pytest.mark.parametrize("decoder", sorted(DECODERS))
@pytest.mark.parametrize(("x", "noise"), [(0.3, 0.1), (2.5, 0.5), (-3.0, 2.0)])
def test_the_evidence_is_that_of_adaptive_quadrature(
    javascript: JavaScript, decoder: str, x: float, noise: float
) -> None:
    got = javascript.call("bound", "logEvidence", {"decoder": decoder, "x": x, "noise": noise})
    assert got == pytest.approx(log_evidence(decoder, x, noise), rel=1e-5)


def test_the_line_has_a_gaussian_posterior_where_the_gap_is_zero(javascript: JavaScript) -> None:
    model = {"decoder": "line", "x": 1.3, "noise": 0.7}
    variance = 1 / (1 + 1 / 0.7**2)
    q = {"mean": variance * 1.3 / 0.7**2, "deviation": variance**0.5}
    bound = javascript.call("bound", "terms", model, q)["bound"]
    assert bound == pytest.approx(norm.logpdf(1.3, 0, np.hypot(1, 0.7)), abs=1e-9)
    assert javascript.call("bound", "climb", model, q) is None, "nothing is left to climb"


def test_climbing_never_falls(javascript: JavaScript) -> None:
    model = {"decoder": "fold", "x": 2.0, "noise": 0.5}
    q, last = {"mean": -0.8, "deviation": 0.8}, -np.inf
    for _ in range(400):
        now = javascript.call("bound", "terms", model, q)["bound"]
        assert now > last
        last, following = now, javascript.call("bound", "climb", model, q)
        if following is None:
            break
        q = following
    gap = javascript.call("bound", "logEvidence", model) - last
    assert np.log(2) < gap < np.log(2) + 0.05, "one of two modes alike is missed"


@FEW
@given(low=st.floats(-50, 50), size=st.floats(0.01, 100), most=st.integers(3, 9))
def test_ticks_are_round_few_and_inside(
    javascript: JavaScript, low: float, size: float, most: int
) -> None:
    found = javascript.call("ticks", low, low + size, most)
    values = [tick["value"] for tick in found]
    assert 1 <= len(values) <= most + 1
    assert low - 1e-6 * size <= values[0] and values[-1] <= low + size * (1 + 1e-6)
    for tick in found:
        shown = float(tick["text"].replace("−", "-"))
        assert shown == pytest.approx(tick["value"], abs=1e-9 * size + 1e-12)


# ---- in the page


def model_of(page: Page, name: str) -> Any:
    return page.evaluate(f"window.figureModels[0].get('{name}')")


def check_terms(page: Page) -> None:
    names = ("decoder", "x", "noise", "mean", "deviation")
    decoder, x, noise, mean, deviation = (model_of(page, name) for name in names)
    first = reconstruction(decoder, x, noise, mean, deviation)
    second = 0.5 * (mean**2 + deviation**2 - 1) - np.log(deviation)
    evidence = log_evidence(decoder, x, noise)
    want = [first, second, first - second, evidence, evidence - first + second]
    shown = [text.replace("−", "-") for text in page.locator(".dld-term dd").all_inner_texts()]
    assert [float(text) for text in shown] == pytest.approx(want, abs=1.5e-3)
    assert model_of(page, "bound") == pytest.approx(first - second, abs=1e-3)


def slide(page: Page, name: str, value: str) -> None:
    control = page.locator(".dld-sliderfield", has_text=name).locator("input")
    control.fill(value)
    control.press("ArrowRight")


def test_the_page_shows_the_terms(open_page: OpenPage) -> None:
    page = open_page(ElboTerms())
    for name, value in (
        ("Mean", "0.8"),
        ("Deviation", "-1"),
        ("Observed", "1.7"),
        ("Noise", "0.4"),
    ):
        slide(page, name, value)
        check_terms(page)
    page.locator(".dld-field", has_text="Decoder").locator("select").select_option("fold")
    check_terms(page)
    page.get_by_role("button", name="One step").click()
    check_terms(page)
    page.get_by_role("button", name="Reset").click()
    assert model_of(page, "decoder") == "line"


def test_climbing_the_line_makes_the_bound_tight(open_page: OpenPage) -> None:
    page = open_page(ElboTerms(), reduced_motion="reduce")
    page.get_by_role("button", name="Climb").click()
    wait_until(lambda: "The bound is tight" in page.locator(".dld-status").inner_text())
    assert model_of(page, "mean") == pytest.approx(0.8, abs=0.01)
    assert model_of(page, "deviation") == pytest.approx(0.2**0.5, abs=0.01)
    check_terms(page)


def test_climbing_plays_and_stops(open_page: OpenPage) -> None:
    page = open_page(ElboTerms("fold", x=2, mean=-0.5), reduced_motion="no-preference")
    before = page.locator(".dld-status").inner_text()
    page.get_by_role("button", name="Climb").click()
    wait_until(lambda: page.locator(".dld-status").inner_text() != before)
    wait_until(lambda: page.get_by_role("button", name="Climb").count() == 1, seconds=30)
    check_terms(page)
