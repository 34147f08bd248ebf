"""The game of generator and discriminator against derived.nn, SciPy and what theory says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page
from scipy.stats import chi2, norm

from derived import nn
from derived.widgets import GanTrainer
from tests.widgets import gan_oracle
from tests.widgets.conftest import JavaScript, OpenPage, wait_until

FEW = settings(max_examples=15, deadline=None)
LOSSES = st.sampled_from(["minimax", "non-saturating"])
DEFAULT = {
    "data": "one",
    "loss": "non-saturating",
    "k": 3,
    "generatorRate": 0.05,
    "discriminatorRate": 0.3,
    "start": -1,
    "seed": 0,
}
COLLAPSE = {**DEFAULT, "data": "two", "generatorRate": 0.02, "start": -2}

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: GanTrainer("three"), "choose one of one, two"),
    (lambda: GanTrainer(loss="wasserstein"), "choose one of non-saturating, minimax"),
    (lambda: GanTrainer(k=0), "k is 0; pass an integer from 1 to 10"),
    (lambda: GanTrainer(generator_rate=3), "generator_rate is 3"),
    (lambda: GanTrainer(discriminator_rate=float("nan")), "discriminator_rate is nan"),
    (lambda: GanTrainer(start=5), "start is 5"),
    (lambda: setattr(GanTrainer(), "seed", -1), "seed is -1"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_the_figure_is_stored_as_a_short_stable_text() -> None:
    assert repr(GanTrainer("two")) == "GanTrainer('two', loss='non-saturating', k=3, seed=0)"


# ---- the numbers


def parameters_of(rng: np.random.Generator) -> list[dict[str, Any]]:
    sizes = [(1, 5), (5, 1)]
    return [{"weight": rng.normal(size=(b, a)), "bias": rng.normal(size=b)} for a, b in sizes]


def flattened(layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "weights": [layer["weight"].ravel().tolist() for layer in layers],
        "biases": [layer["bias"].tolist() for layer in layers],
        "activations": ["tanh", "linear"],
    }


def compare(got: dict[str, Any], network: nn.Sequential) -> None:
    for number, layer in enumerate(network.layers[::2]):
        gradients = layer.gradients
        np.testing.assert_allclose(
            got["weights"][number], gradients["weight"].ravel(), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(got["biases"][number], gradients["bias"], rtol=1e-9, atol=1e-12)


@FEW
@given(batch=st.integers(1, 6), loss=LOSSES, seed=st.integers(0, 9999))
def test_both_gradients_are_those_of_derived_nn(
    javascript: JavaScript, batch: int, loss: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    made = [parameters_of(rng) for _ in range(2)]
    generator, discriminator = (gan_oracle.network_of(layers) for layers in made)
    noise = rng.normal(size=(batch, 1))
    game = {
        "generator": flattened(made[0]),
        "discriminator": flattened(made[1]),
        "configuration": {"loss": loss},
    }
    got = javascript.call("generatorGradients", game, noise.ravel().tolist())
    want = gan_oracle.step_generator(generator, discriminator, noise, loss)
    assert got["loss"] == pytest.approx(want, rel=1e-9)
    compare(got, generator)

    real, fake = rng.normal(size=(2, batch, 1))
    values = [real.ravel().tolist(), fake.ravel().tolist()]
    got = javascript.call("discriminatorGradients", flattened(made[1]), *values)
    logits = discriminator.forward(np.concatenate([real, fake]))
    targets = np.repeat([1.0, 0.0], batch)[:, np.newaxis]
    criterion = nn.BinaryCrossEntropy()
    assert got["loss"] == pytest.approx(2 * criterion.forward(logits, targets), rel=1e-9)
    discriminator.backward(2 * criterion.backward())
    compare(got, discriminator)


@FEW
@given(
    data=st.sampled_from(["one", "two"]),
    loss=LOSSES,
    k=st.integers(1, 3),
    seed=st.integers(0, 9999),
    start=st.floats(-4, 4),
)
def test_a_game_is_that_of_derived_nn(
    javascript: JavaScript, data: str, loss: str, k: int, seed: int, start: float
) -> None:
    own = {"data": data, "loss": loss, "k": k, "seed": seed, "start": start}
    configuration = {**DEFAULT, **own}
    got = javascript.call("play", configuration, 8)
    assert got["start"]["generator"][1]["bias"] == [start]
    twins = gan_oracle.replay_game(got["start"], configuration, 8)
    for name, twin in zip(("generator", "discriminator"), twins, strict=True):
        for layer, dense in zip(got["end"][name], twin.layers[::2], strict=True):
            for key in ("weight", "bias"):
                np.testing.assert_allclose(layer[key], dense.parameters[key], atol=1e-9)


def cdf_masses(cdf: Callable[[Any], Any]) -> Any:
    return np.diff(cdf(gan_oracle.EDGES))


def test_the_generated_density_is_the_change_of_variables(javascript: JavaScript) -> None:
    z = np.array(javascript.call("nodes"))
    straight = javascript.call("generatedMasses", (1.2 - 0.8 * z).tolist())
    want = cdf_masses(lambda x: norm.cdf(x, 1.2, 0.8))
    np.testing.assert_allclose(straight["masses"], want, atol=1e-4)
    folded = javascript.call("generatedMasses", (z**2).tolist())  # two branches
    np.testing.assert_allclose(folded["masses"], cdf_masses(lambda x: chi2.cdf(x, 1)), atol=2e-3)
    assert folded["beyond"][1] == pytest.approx(chi2.sf(6, 1), abs=2e-4)
    for found in (straight, folded):
        assert sum(found["masses"]) + sum(found["beyond"]) == pytest.approx(1, abs=1e-9)
    point = javascript.call("generatedMasses", np.full_like(z, 0.52).tolist())
    assert max(point["masses"]) == pytest.approx(1), "all noise to one place"
    far = javascript.call("generatedMasses", (z / 9 - 8).tolist())
    assert far["beyond"] == [pytest.approx(1), 0]


def test_quantiles_share_the_noise_evenly(javascript: JavaScript) -> None:
    want = norm.ppf((np.arange(41) + 0.5) / 41)
    np.testing.assert_allclose(javascript.call("gan", "quantiles", 41), want, atol=2e-3)


def test_the_divergence_of_two_known_densities(javascript: JavaScript) -> None:
    edges = np.linspace(-8, 9, 1701)
    p, q = (np.diff(norm.cdf(edges, mean)) for mean in (0, 1))
    got = javascript.call("gan", "jensenShannon", p.tolist(), q.tolist())
    assert got == pytest.approx(0.111421, abs=1e-5)
    assert javascript.call("gan", "jensenShannon", [1, 0], [0, 1]) == pytest.approx(np.log(2))
    assert javascript.call("gan", "jensenShannon", p.tolist(), p.tolist()) == pytest.approx(0)


def check_measures(found: dict[str, Any], parts: dict[str, Any], data: str, loss: str) -> None:
    """Compare with quadrature, with very many samples and with finite differences."""
    generator, discriminator = (
        gan_oracle.network_of(parts[name]) for name in ("generator", "discriminator")
    )
    q = gan_oracle.sampled_masses(generator)
    p = np.mean(
        [np.diff(norm.cdf(gan_oracle.EDGES, *mode)) for mode in gan_oracle.MODES[data]], axis=0
    )
    value = gan_oracle.value_of(generator, discriminator, data)
    assert found["value"] == pytest.approx(value, abs=2e-4)
    assert found["divergence"] == pytest.approx(gan_oracle.divergence_of(p, q), abs=2e-3)
    assert found["value"] <= 2 * found["divergence"] - np.log(4) + 1e-3, "D* is the best"
    middles = (gan_oracle.EDGES[:-1] + gan_oracle.EDGES[1:]) / 2
    shares = [q[np.abs(middles - mean) < 2 * dev].sum() for mean, dev in gan_oracle.MODES[data]]
    assert found["shares"] == pytest.approx(shares, abs=2e-3)
    z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, np.newaxis]
    x = generator.forward(z)

    def loss_of(places: Any) -> Any:
        a = discriminator.forward(places)
        return -np.logaddexp(0, a) if loss == "minimax" else np.logaddexp(0, -a)

    pull = np.abs(loss_of(x + 1e-5) - loss_of(x - 1e-5)).mean() / 2e-5
    assert found["pull"] == pytest.approx(pull, rel=2e-3)
    key = "generator_loss" if "generator_loss" in found else "generatorLoss"
    assert found[key] == pytest.approx(loss_of(x).mean(), abs=2e-3)


@pytest.mark.parametrize("loss", ["minimax", "non-saturating"])
@pytest.mark.parametrize("data", ["one", "two"])
def test_the_measures_are_those_of_quadrature_and_samples(
    javascript: JavaScript, data: str, loss: str
) -> None:
    configuration = {**DEFAULT, "data": data, "loss": loss, "start": 0}
    got = javascript.call("play", configuration, 60)
    check_measures(got["found"], got["end"], data, loss)
    middles = (gan_oracle.EDGES[:-1] + gan_oracle.EDGES[1:]) / 2
    found = got["found"]
    np.testing.assert_allclose(found["data"], gan_oracle.density_of(data, middles), atol=1e-12)
    p, model = np.array(found["data"]), np.array(found["model"])
    best = [np.nan if value is None else value for value in found["optimal"]]
    for k in np.flatnonzero(p + model > 1e-3):
        assert best[k] == pytest.approx(p[k] / (p[k] + model[k]), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_default_converges_on_one_gaussian(javascript: JavaScript, seed: int) -> None:
    found = javascript.call("play", {**DEFAULT, "seed": seed}, 1500)["found"]
    assert found["divergence"] < 0.01
    assert found["value"] == pytest.approx(-np.log(4), abs=0.03)
    assert found["shares"][0] == pytest.approx(0.954, abs=0.04)


@pytest.mark.parametrize("seed", range(2))
def test_a_generator_on_one_of_two_modes_stays_there(javascript: JavaScript, seed: int) -> None:
    found = javascript.call("play", {**COLLAPSE, "seed": seed}, 1500)["found"]
    assert found["shares"][0] > 0.9 and found["shares"][1] < 0.02
    lost = 0.75 * np.log(4 / 3)  # of the data's one half, drawn perfectly
    assert lost - 0.002 < found["divergence"] < lost + 0.1
    spread = javascript.call("play", {**COLLAPSE, "seed": seed, "start": 0}, 1500)["found"]
    assert min(spread["shares"]) > 0.2 and spread["divergence"] < found["divergence"]


def test_the_minimax_loss_pulls_little_where_d_is_sure(javascript: JavaScript) -> None:
    pulls = {}
    for loss in ("minimax", "non-saturating"):
        sure = {**DEFAULT, "loss": loss, "start": -4, "k": 10, "generatorRate": 1e-4}
        pulls[loss] = javascript.call("play", sure, 60)["found"]["pull"]
    assert 10 * pulls["minimax"] < pulls["non-saturating"]


# ---- in the page


def model(page: Page, name: str) -> Any:
    return page.evaluate(f"window.figureModels[0].get('{name}')")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def check_page(page: Page) -> None:
    """What is shown belongs to the stored networks."""
    metrics, data = model(page, "metrics"), model(page, "data")
    parts = {name: model(page, name) for name in ("generator", "discriminator")}
    check_measures(metrics, parts, data, model(page, "loss"))
    shown = page.locator(".dld-numbers dd").all_inner_texts()
    want = [
        -metrics["value"],
        np.log(4) - 2 * metrics["divergence"],
        metrics["generator_loss"],
        metrics["divergence"],
        metrics["pull"],
    ]
    assert shown[0] == f"{model(page, 'step'):,}"
    assert [float(text.replace("−", "-")) for text in shown[1:6]] == pytest.approx(want, abs=6e-5)
    shares = [f"{100 * share:.1f} %" for share in metrics["shares"]]
    assert shown[6:] == (shares if data == "two" else [*shares, "–"])


def test_steps_are_taken_one_by_one(open_page: OpenPage, javascript: JavaScript) -> None:
    page = open_page(GanTrainer(seed=7))
    for _ in range(3):
        press(page, "One step")
    assert model(page, "step") == 3
    want = javascript.call("play", {**DEFAULT, "seed": 7}, 3)
    twins = gan_oracle.replay_game(want["start"], {**DEFAULT, "seed": 7}, 3)
    for name, twin in zip(("generator", "discriminator"), twins, strict=True):
        for layer, dense in zip(model(page, name), twin.layers[::2], strict=True):
            np.testing.assert_allclose(layer["weight"], dense.parameters["weight"], atol=1e-9)
    check_page(page)
    press(page, "Reset")
    assert model(page, "step") == 0 and model(page, "seed") == 7
    assert model(page, "generator") == want["start"]["generator"]
    press(page, "New weights")
    assert model(page, "seed") == 8
    assert model(page, "generator") != want["start"]["generator"]
    check_page(page)


def test_training_runs_and_stops(open_page: OpenPage) -> None:
    page = open_page(GanTrainer(), reduced_motion="no-preference")
    press(page, "Train")
    status = page.locator(".dld-status")
    wait_until(lambda: "G makes nearly the data" in status.inner_text(), seconds=60)
    press(page, "Stop")
    wait_until(lambda: model(page, "step") > 50)
    check_page(page)
    before = model(page, "step")
    page.wait_for_timeout(300)
    assert model(page, "step") == before and status.inner_text().startswith(f"Step {before:,}")


def test_training_also_runs_with_reduced_motion(open_page: OpenPage) -> None:
    page = open_page(GanTrainer(), reduced_motion="reduce")
    press(page, "Train")
    wait_until(lambda: "Step 0" not in page.locator(".dld-status").inner_text())
    press(page, "Stop")
    wait_until(lambda: model(page, "step") > 0)


def test_the_reader_sets_the_game(open_page: OpenPage) -> None:
    page = open_page(GanTrainer(generator_rate=0.037))
    rate = page.locator(".dld-field", has_text="Rate of G").locator("select")
    assert rate.input_value() == "0.037", "a value from Python joins the list"
    press(page, "Set up a collapse")
    assert [model(page, name) for name in ("data", "k", "start", "generator_rate")] == [
        "two",
        3,
        -2,
        0.02,
    ]
    page.locator(".dld-field", has_text="Loss of G").locator("select").select_option("minimax")
    page.locator(".dld-field", has_text="Steps of D").locator("select").select_option("5")
    place = page.locator(".dld-field", has_text="G starts at").locator("input")
    place.fill("9")
    place.press("Enter")
    assert [model(page, name) for name in ("loss", "k", "start")] == ["minimax", 5, 4]
    press(page, "One step")
    check_page(page)
