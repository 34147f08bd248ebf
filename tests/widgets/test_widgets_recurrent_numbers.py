"""The JavaScript of the recurrent figures against derived.nn and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derived.nn import LSTM, Dense, Recurrent
from derived.nn.activations import sigmoid
from derived.widgets import CharacterWriter, LstmStepper
from tests.widgets.conftest import JavaScript
from tests.widgets.recurrent_oracles import (
    Author,
    gradient_norms,
    random_layer,
    rounded,
)
from tests.widgets.test_widgets_numbers import close

FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 9999)
CELLS = st.sampled_from(["rnn", "lstm", "gru"])


def as_module(kind: str, layer: Recurrent) -> dict[str, Any]:
    """A layer as shared/recurrent.js holds it."""
    parameters = layer.parameters
    names = {"weightInput": "weight_input", "weightHidden": "weight_hidden", "bias": "bias"}
    if kind == "gru":
        names["biasCandidate"] = "bias_candidate"
    flat = {mine: np.ravel(parameters[name]).tolist() for mine, name in names.items()}
    features = parameters["weight_input"].shape[1]
    return {"kind": kind, "features": features, "hidden": layer.hidden_features, **flat}


# ---- cells


@FEW
@given(
    kind=CELLS,
    features=st.integers(1, 4),
    hidden=st.integers(1, 5),
    steps=st.integers(1, 6),
    seed=SEEDS,
)
def test_the_cells_are_those_of_derived_nn(
    javascript: JavaScript, kind: str, features: int, hidden: int, steps: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    layer = random_layer(kind, features, hidden, rng)
    x = 3 * rng.normal(size=(steps, features))
    start = [rng.normal(size=(1, hidden)) for _ in range(layer.states)]
    want = layer.forward(x[:, np.newaxis], start)[:, 0]
    state = {name: part[0].tolist() for name, part in zip("hc", start, strict=False)}
    got = javascript.call("recurrent", as_module(kind, layer), x.tolist(), state)
    close([step["h"] for step in got], want)
    if kind == "lstm":
        close(got[-1]["c"], layer.final_state[1][0])


@FEW
@given(kind=CELLS, seed=SEEDS)
def test_a_number_stands_for_a_one_hot_vector(javascript: JavaScript, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer = random_layer(kind, 5, 3, rng)
    numbers = rng.integers(0, 5, size=4)
    want = layer.forward(np.eye(5)[numbers][:, np.newaxis])[:, 0]
    got = javascript.call("recurrent", as_module(kind, layer), numbers.tolist(), None)
    close([step["h"] for step in got], want)


# ---- Jacobians


@FEW
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), rank=st.integers(0, 9), seed=SEEDS)
def test_the_spectral_norm_is_the_largest_singular_value(
    javascript: JavaScript, rows: int, columns: int, rank: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-30, 30)
    matrix = scale * rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    got = javascript.call("spectralNorm", matrix.ravel().tolist(), columns)
    assert got == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-12)


@FEW
@given(size=st.integers(1, 12), seed=SEEDS)
def test_the_spectral_radius_is_the_largest_eigenvalue(
    javascript: JavaScript, size: int, seed: int
) -> None:
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    got = javascript.call("spectralRadius", matrix.ravel().tolist(), size)
    assert got == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-9)


@pytest.mark.parametrize("cell", ["linear", "tanh", "lstm", "gru"])
@pytest.mark.parametrize(("radius", "bias"), [(0.6, -1.0), (1.3, 3.0)])
def test_the_norms_are_those_of_derived_nn(
    javascript: JavaScript, cell: str, radius: float, bias: float
) -> None:
    setting = {"cell": cell, "radius": radius, "gateBias": bias, "steps": 12}
    got = javascript.call("measure", setting | {"inputScale": 1.5, "hidden": 5, "seed": 3})
    made = got["layer"]
    blocks = np.reshape(made["weightHidden"], (-1, 5, 5))
    for block in blocks:
        assert np.abs(np.linalg.eigvals(block)).max() == pytest.approx(radius, rel=1e-9)
    parameters = {
        "weight_input": np.reshape(made["weightInput"], (5 * len(blocks), 3)),
        "weight_hidden": np.concatenate(list(blocks)),
        "bias": made["bias"],
    }
    keeping = np.zeros_like(made["bias"])
    if cell in ("lstm", "gru"):
        keeping[5:10] = bias
    close(made["bias"], keeping)
    want = gradient_norms(cell, parameters, got["inputs"])
    close(got["norms"], want[0])
    np.testing.assert_allclose(got["norms"], want[0], rtol=1e-7)
    assert len(got["cellNorms"]) == (13 if cell == "lstm" else 0)
    if cell == "lstm":
        np.testing.assert_allclose(got["cellNorms"], want[1], rtol=1e-7)


def test_a_radius_of_zero_cuts_the_gradient(javascript: JavaScript) -> None:
    setting = {"cell": "tanh", "radius": 0, "gateBias": 0, "steps": 3, "inputScale": 1}
    got = javascript.call("measure", setting | {"hidden": 4, "seed": 0})
    assert got["norms"] == [0, 0, 0, 1]


# ---- the stepper


@pytest.mark.parametrize(("features", "units"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_the_sentences_end_with_the_values_of_derived_nn(
    javascript: JavaScript, features: int, units: int
) -> None:
    rng = np.random.default_rng(10 * features + units)
    layer = random_layer("lstm", features, units, rng)
    assert isinstance(layer, LSTM)
    x = rng.normal(size=(3, features))
    widget = LstmStepper(layer, x)
    names = {"weightInput": "weight_input", "weightHidden": "weight_hidden", "bias": "bias"}
    names |= {"inputs": "inputs", "initialState": "initial_state"}
    setting = {mine: getattr(widget, name) for mine, name in names.items()}
    lines = javascript.call("cellSentences", setting)
    assert lines[0].startswith("Nothing is computed yet")
    hidden = layer.forward(x[:, np.newaxis])[:, 0]
    before = np.vstack([np.zeros(units), hidden[:-1]])
    weight, recurrent, bias = (layer.parameters[name] for name in list(names.values())[:3])
    z = x @ weight.T + before @ recurrent.T + bias
    i, f, o, g = (z[:, k * units : (k + 1) * units] for k in range(4))
    want = {"f": sigmoid(f), "i": sigmoid(i), "g": np.tanh(g), "o": sigmoid(o), "h": hidden}
    want["c"] = np.arctanh(hidden / want["o"])
    for time in range(3):
        for place, stage in enumerate("figcoh"):
            line = lines[1 + 6 * time + place]
            assert line.startswith(f"t = {time + 1}, ")
            parts = line.rstrip(".").split("; ")
            for unit, part in enumerate(parts[-units:]):
                written = float(part.rsplit(" = ", 1)[1].replace("−", "-"))
                assert written == pytest.approx(want[stage][time, unit], abs=6e-5), line


def test_the_sentences_hold_the_whole_arithmetic(javascript: JavaScript) -> None:
    setting = {
        "weightInput": [[1.0], [-2.0], [0.5], [1.5]],
        "weightHidden": [[0.0], [0.25], [0.0], [0.0]],
        "bias": [0.0, 1.0, 0.0, 0.0],
        "inputs": [[1.0]],
        "initialState": [[0.5], [-1.0]],
    }
    lines = javascript.call("cellSentences", setting)
    assert lines[1] == (
        "t = 1, forget gate: f₁ = σ(W_f x₁ + U_f h₀ + b_f) = "
        "σ((−2.00) × 1.00 + 0.25 × 0.5000 + 1.00) = σ(−0.8750) = 0.2942."
    )
    assert lines[4] == (
        "t = 1, cell state: c₁ = f₁ ∘ c₀ + i₁ ∘ g₁ = 0.2942 × (−1.0000) + 0.7311 × 0.9051 = 0.3675."
    )
    assert lines[6] == (
        "t = 1, hidden state: h₁ = o₁ ∘ tanh c₁ = 0.6225 × tanh(0.3675) = 0.6225 × 0.3518 = 0.2190."
    )


# ---- the writer


@pytest.mark.parametrize("kinds", [("rnn",), ("lstm",), ("gru",), ("gru", "lstm")])
@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
def test_the_text_is_the_one_that_derived_nn_writes(
    javascript: JavaScript, kinds: tuple[str, ...], embedded: bool, temperature: float
) -> None:
    rng = np.random.default_rng(len(kinds))
    vocabulary = "abc \né"
    embedding = rng.normal(size=(6, 4)) if embedded else None
    sizes = [4 if embedded else 6, 5, 3]
    stack = [random_layer(kind, sizes[n], sizes[n + 1], rng) for n, kind in enumerate(kinds)]
    output = Dense(sizes[len(kinds)], 6, rng=rng)
    output.parameters["weight"] = 2 * rng.normal(size=output.parameters["weight"].shape)
    widget = CharacterWriter(vocabulary, stack, output, embedding=embedding)
    traits = {name: getattr(widget, name) for name in ("vocabulary", "layers", "embedded")}
    traits["weights"] = widget.weights
    author = Author(vocabulary, [rounded(layer) for layer in stack], rounded(output), embedding)
    for prompt in ("", "é\nab"):
        options = {"prompt": prompt, "seed": 11, "temperature": temperature}
        got = javascript.call("writeText", traits, options, 30)
        close(got["before"], author.probabilities(prompt, temperature))
        assert got["text"] == author.write(prompt, 11, temperature, 30)
        close(got["after"], author.probabilities(prompt + got["text"], temperature))
    other = {"prompt": "", "seed": 12, "temperature": 1.0}
    assert javascript.call("writeText", traits, other, 30)["text"] != got["text"]


def test_the_pick_follows_the_probabilities(javascript: JavaScript) -> None:
    parts = [0.25, 0.0, 0.5, 0.25]
    for u, want in ((0.1, 0), (0.25, 2), (0.74, 2), (0.75, 3), (0.999, 3)):
        assert javascript.call("pick", parts, u) == want
    assert javascript.call("pick", [0.3, 0.6], 0.99) == 1, "rounding leaves the sum below one"


# ---- numbers as text


def test_numbers_of_any_size_as_text(javascript: JavaScript) -> None:
    texts = {
        0: "0",
        1: "1.00",
        0.0123: "0.012",
        0.5: "0.500",
        45.6: "45.6",
        999.4: "999",
        1234.0: "1.2·10³",
        1.26e-12: "1.3·10⁻¹²",
        0.00996: "0.010",
    }
    for value, text in texts.items():
        assert javascript.call("magnitude", value) == text


@settings(deadline=None)
@given(powers=st.lists(st.integers(-80, 80), min_size=1, max_size=5))
def test_an_axis_holds_all_values_and_the_one(javascript: JavaScript, powers: list[int]) -> None:
    low, high = javascript.call("decades", [10.0**power for power in powers] + [0.0])
    assert low <= min(0, *powers) and high >= max(0, *powers) and high - low >= 2
    ticks = javascript.call("powerTicks", [low, high])
    assert 0 in ticks and len(ticks) <= 8 and low <= ticks[0] and ticks[-1] <= high
