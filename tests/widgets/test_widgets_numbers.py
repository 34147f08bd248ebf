"""The JavaScript of the figures against NumPy, torch, SciPy and scikit-learn."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from derived import nn
from derived.nn.autograd import Tensor
from tests.widgets.conftest import JavaScript
from tests.widgets.oracles import PCG32, replay

TOLERANCE = 1e-9
FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 9999)
LAYERS = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "linear": None}
HIDDEN = st.lists(st.integers(1, 6), max_size=3)


def close(got: Any, want: Any, tolerance: float = TOLERANCE) -> None:
    got, want = np.asarray(got, dtype=float), np.asarray(want, dtype=float)
    assert got.shape == want.shape
    assert np.max(np.abs(got - want), initial=0) <= tolerance * max(1, np.abs(want).max(initial=0))


def random_network(sizes: list[int], hidden: str, rng: np.random.Generator) -> dict[str, Any]:
    """Parameters of a network with linear output, as the modules hold them."""
    pairs = list(pairwise(sizes))
    return {
        "weights": [rng.normal(size=out * inputs).tolist() for inputs, out in pairs],
        "biases": [rng.normal(size=out).tolist() for _, out in pairs],
        "activations": [hidden] * (len(pairs) - 1) + ["linear"],
    }


def twin(parameters: dict[str, Any], sizes: list[int]) -> nn.Sequential:
    """The same network in derived.nn."""
    rng = np.random.default_rng(0)
    layers: list[nn.Layer] = []
    for number, (inputs, out) in enumerate(pairwise(sizes)):
        dense = nn.Dense(inputs, out, rng=rng)
        dense.parameters["weight"][:] = np.reshape(parameters["weights"][number], (out, inputs))
        dense.parameters["bias"][:] = parameters["biases"][number]
        activation = LAYERS[parameters["activations"][number]]
        layers += [dense] if activation is None else [dense, activation()]
    return nn.Sequential(*layers)


def dense_layers(network: nn.Sequential) -> list[nn.Dense]:
    return [layer for layer in network.layers if isinstance(layer, nn.Dense)]


# ---- random numbers


def test_the_generator_gives_the_published_numbers(javascript: JavaScript) -> None:
    # pcg32 demo of the reference implementation, seed 42, stream 54 (O'Neill 2014).
    want = [0xA15C02B7, 0x7B47F409, 0xBA1D3330, 0x83D2F293, 0xBFA4784B, 0xCBED606E]
    assert javascript.call("draws", 42, 54, 6) == want


@FEW
@given(seed=st.integers(0, 2**53 - 1), stream=st.integers(0, 2**53 - 1))
def test_the_generator_is_pcg32(javascript: JavaScript, seed: int, stream: int) -> None:
    random = PCG32(seed, stream)
    assert javascript.call("draws", seed, stream, 20) == [random.uint32() for _ in range(20)]


def test_uniform_normal_and_bounded_numbers_have_their_distributions(
    javascript: JavaScript,
) -> None:
    uniform = np.array(javascript.call("uniforms", 1, 20_000))
    assert 0 < uniform.min() and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.var() - 1 / 12) < 0.005
    normal = np.array(javascript.call("normals", 2, 20_000))
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03
    assert abs(np.mean(normal**4) - 3) < 0.3
    counts = np.bincount(javascript.call("below", 3, 7, 14_000), minlength=7)
    assert len(counts) == 7 and np.all(np.abs(counts - 2000) < 200)


@FEW
@given(seed=SEEDS, count=st.integers(1, 50))
def test_a_permutation_holds_every_number_once(
    javascript: JavaScript, seed: int, count: int
) -> None:
    order = javascript.call("permutation", seed, 4, count)
    assert sorted(order) == list(range(count))
    assert order == PCG32(seed, 4).permutation(count)


# ---- networks and losses


@FEW
@given(
    hidden=HIDDEN,
    activation=st.sampled_from(sorted(LAYERS)),
    batch=st.integers(1, 7),
    seed=SEEDS,
)
def test_gradients_are_those_of_derived_nn_and_torch(
    javascript: JavaScript, hidden: list[int], activation: str, batch: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sizes = [2, *hidden, 1]
    parameters = random_network(sizes, activation, rng)
    x, y = rng.normal(size=(batch, 2)), rng.integers(0, 2, size=batch)
    got = javascript.call("gradients", parameters, x.ravel().tolist(), y.tolist())

    network, loss = twin(parameters, sizes), nn.BinaryCrossEntropy()
    value = loss.forward(network.forward(x), y[:, None].astype(float))
    network.backward(loss.backward())
    close(got["loss"], value)
    for number, layer in enumerate(dense_layers(network)):
        close(got["weights"][number], layer.gradients["weight"].ravel())
        close(got["biases"][number], layer.gradients["bias"])

    tensors = [
        torch.tensor(np.reshape(w, (len(b), -1)), requires_grad=True)
        for w, b in zip(parameters["weights"], parameters["biases"], strict=True)
    ]
    h = torch.tensor(x)
    for number, weight in enumerate(tensors):
        h = h @ weight.T + torch.tensor(np.array(parameters["biases"][number]))
        name = parameters["activations"][number]
        h = h if name == "linear" else getattr(torch, name)(h)
    target = torch.tensor(y, dtype=torch.float64)
    torch.nn.functional.binary_cross_entropy_with_logits(h[:, 0], target).backward()
    for number, weight in enumerate(tensors):
        assert weight.grad is not None
        close(got["weights"][number], weight.grad.numpy().ravel())


@FEW
@given(count=st.integers(1, 6), classes=st.integers(2, 5), scale=st.sampled_from([1.0, 1000.0]))
def test_losses_and_softmax_are_those_of_derived_nn(
    javascript: JavaScript, count: int, classes: int, scale: float
) -> None:
    rng = np.random.default_rng(count * classes)
    logits = scale * rng.normal(size=(count, classes))
    labels = rng.integers(0, classes, size=count)
    loss = nn.CrossEntropy()
    value = loss.forward(logits, labels)
    got = javascript.call("loss", "crossEntropy", logits.ravel().tolist(), labels.tolist())
    close(got["loss"], value)
    close(got["gradient"], loss.backward().ravel())
    for row in logits:
        close(javascript.call("softmax", row.tolist()), nn.activations.softmax(row))

    binary = nn.BinaryCrossEntropy()
    z, y = logits[:, 0], (labels > 0).astype(float)
    value = binary.forward(z, y)
    got = javascript.call("loss", "binaryCrossEntropy", z.tolist(), y.tolist())
    close(got["loss"], value)
    close(got["gradient"], binary.backward())


def test_initial_weights_are_glorot_or_he_uniform(javascript: JavaScript) -> None:
    for activation, limit in (("tanh", math.sqrt(6 / 16)), ("relu", math.sqrt(6 / 8))):
        made = javascript.call("create", [8, 8, 1], activation, 7)
        first = np.abs(made["weights"][0])
        assert first.max() <= limit and first.max() > 0.9 * limit
        assert abs(np.mean(made["weights"][0])) < 0.2 * limit
        assert made["biases"] == [[0] * 8, [0]]


# ---- the trainer


@pytest.mark.parametrize("activation", sorted(LAYERS))
@pytest.mark.parametrize("batch_size", [16, 64, 200])
def test_training_is_the_one_of_derived_nn(
    javascript: JavaScript, activation: str, batch_size: int
) -> None:
    configuration = {
        "dataset": "rings",
        "noise": 0.2,
        "hidden": [4, 3],
        "activation": activation,
        "learningRate": 0.3,
        "batchSize": batch_size,
        "seed": 5,
    }
    got = javascript.call("train", configuration, 4)
    points = np.reshape(got["train"]["x"], (-1, 2)), np.array(got["train"]["y"])
    network, losses = replay(got["start"], points, configuration, epochs=4)
    for number, layer in enumerate(dense_layers(network)):
        close(got["end"][number]["weight"], layer.parameters["weight"])
        close(got["end"][number]["bias"], layer.parameters["bias"])
    close([entry["train"]["loss"] for entry in got["history"]], losses)
    logits = network.forward(np.reshape(got["test"]["x"], (-1, 2)))[:, 0]
    right = np.mean((logits > 0) == np.array(got["test"]["y"]))
    close(got["history"][-1]["test"]["accuracy"], right)


def test_the_same_configuration_gives_the_same_run_and_another_seed_another(
    javascript: JavaScript,
) -> None:
    configuration = {
        "dataset": "moons",
        "noise": 0.2,
        "hidden": [4],
        "activation": "tanh",
        "learningRate": 0.1,
        "batchSize": 16,
        "seed": 1,
    }
    first = javascript.call("train", configuration, 2)
    assert javascript.call("train", configuration, 2) == first
    wider = javascript.call("train", configuration | {"hidden": [8]}, 0)
    assert wider["train"] == first["train"], "the network must not change the data"
    assert javascript.call("train", configuration | {"seed": 2}, 0)["train"] != first["train"]
    assert first["train"] != first["test"]


def test_the_surface_is_the_network_on_a_grid(javascript: JavaScript) -> None:
    rng = np.random.default_rng(0)
    parameters = random_network([2, 3, 1], "tanh", rng)
    got = javascript.call("surface", parameters, 5)
    axis = -2 + 4 * (np.arange(5) + 0.5) / 5
    grid = np.array([[x, y] for y in axis[::-1] for x in axis])
    network = twin(parameters, [2, 3, 1])
    close(got["logits"], network.forward(grid)[:, 0])
    close(got["hidden"][0], np.tanh(dense_layers(network)[0].forward(grid)).ravel())


# ---- the graph


def random_setting(sizes: list[int], activation: str, rng: np.random.Generator) -> dict[str, Any]:
    pairs = list(pairwise(sizes))
    return {
        "inputs": rng.normal(size=sizes[0]).tolist(),
        "targets": rng.normal(size=sizes[-1]).tolist(),
        "weights": [rng.normal(size=(out, inputs)).tolist() for inputs, out in pairs],
        "biases": [rng.normal(size=out).tolist() for _, out in pairs],
        "activation": activation,
    }


@FEW
@given(
    sizes=st.lists(st.integers(1, 3), min_size=2, max_size=5),
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "linear"]),
    seed=SEEDS,
)
def test_the_graph_computes_what_the_tape_computes(
    javascript: JavaScript, sizes: list[int], activation: str, seed: int
) -> None:
    setting = random_setting(sizes, activation, np.random.default_rng(seed))
    got = javascript.call("compute", setting)
    x = Tensor(setting["inputs"])
    weights = [Tensor(weight) for weight in setting["weights"]]
    biases = [Tensor(bias) for bias in setting["biases"]]
    h = x
    values = [h]
    for weight, bias in zip(weights, biases, strict=True):
        z = weight @ h + bias
        h = z if activation == "linear" else getattr(z, activation)()
        values.append(h)
    loss = ((h - np.array(setting["targets"])) ** 2).sum() * 0.5
    loss.backward()
    close(got["loss"], loss.data)
    for layer, value in enumerate(values):
        close(got["values"][layer], value.data)
        close(got["gradient"]["signals"][layer], value.gradient)
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        assert weight.gradient is not None
        close(got["gradient"]["weights"][layer], weight.gradient.ravel())
        close(got["gradient"]["biases"][layer], bias.gradient)
        close(got["gradient"]["deltas"][layer], bias.gradient)


@FEW
@given(sizes=st.lists(st.integers(1, 3), min_size=2, max_size=5))
def test_every_step_uses_only_what_is_known(javascript: JavaScript, sizes: list[int]) -> None:
    known: set[tuple[Any, ...]] = {("value", 0, i) for i in range(sizes[0])}
    depth = len(sizes) - 1
    for step in javascript.call("steps", sizes):
        kind, layer, i, k = (step.get(name) for name in ("kind", "l", "i", "k"))
        needs: set[tuple[Any, ...]] = set()
        if kind == "product":
            needs = {("value", layer, k)}
        elif kind == "unit":
            needs = {("product", layer, i, k) for k in range(sizes[layer])}
            known.add(("value", layer + 1, i))
        elif kind == "loss":
            needs = {("value", depth, i) for i in range(sizes[-1])}
        elif kind == "output":
            needs = {("loss",)}
        elif kind == "delta" and layer + 1 == depth:
            needs = {("output", i)}
        elif kind == "delta":
            needs = {("edge", layer + 1, r, i) for r in range(sizes[layer + 2])}
        elif kind == "edge":
            needs = {("delta", layer, i)}
        assert needs <= known, (step, needs - known)
        entry = tuple(part for part in (kind, layer, i, k) if part is not None)
        assert entry not in known, f"{entry} comes twice"
        known.add(entry)
    edges = sum(a * b for a, b in pairwise(sizes))
    units = sum(sizes[1:])
    assert len(known) - sum(sizes) == 2 * edges + 2 * units + 1 + sizes[-1]


def test_the_sentences_say_the_lecture_example(javascript: JavaScript) -> None:
    from derived.widgets import BackpropGraph  # noqa: PLC0415

    graph = BackpropGraph()
    names = ("inputs", "targets", "weights", "biases", "activation")
    lines = javascript.call("sentences", {name: getattr(graph, name) for name in names})
    assert lines[0] == "w¹₁₁ x₁ = 0.1000 × 0.5000 = 0.0500"
    assert lines[2].endswith(
        "= 0.0500 + 0.0500 + (−0.2000) = −0.1000, so h¹₁ = tanh(−0.1000) = −0.0997"
    )
    assert "L = ½ (y − t)² = ½ (0.7540 − 1.0000)² = 0.0303" in lines
    assert "∂L/∂y = y − t = 0.7540 − 1.0000 = −0.2460" in lines
    assert lines[-1] == "∂L/∂w¹₂₂ = δ¹₂ x₂ = 0.0832 × (−1.0000) = −0.0832"
    assert any(
        line.endswith("h²₂ receives w³₁₂ δ³₁ = −1.0000 × (−0.1062) = 0.1062") for line in lines
    )


@pytest.mark.parametrize("width", [280, 300, 420, 640, 726])
def test_no_number_covers_another(javascript: JavaScript, width: int) -> None:
    for sizes in ([2, 2, 2, 1], [2, 2, 1], [1, 1], [2, 2, 2], [3, 2, 1]):
        plan = javascript.call("arrange", sizes, width)
        places = [edge["at"] for edge in plan["edges"]]
        for first, a in enumerate(places):
            for b in places[:first]:
                apart_x = abs(a[0] - b[0]) >= plan["pill"]["width"]
                apart_y = abs(a[1] - b[1]) >= plan["pill"]["height"]
                assert apart_x or apart_y, (sizes, a, b)
        for layer, edges in enumerate(plan["cards"][:-1]):
            for card in [*edges, *plan["cards"][layer + 1]]:
                for place in (edge["at"] for edge in plan["edges"] if edge["l"] == layer):
                    assert max(abs(card[0] - place[0]) - 66, abs(card[1] - place[1]) - 30) >= 0
        for x, y in places:
            assert 0 <= x <= plan["width"] and 0 <= y <= plan["height"]


# ---- numbers as text


def test_numbers_as_text(javascript: JavaScript) -> None:
    assert javascript.call("decimal", -1.5, 2) == "−1.50"
    assert javascript.call("decimal", -0.001, 2) == "0.00"
    assert javascript.call("count", 50.999999999999986) == "51"
    assert javascript.call("count", 1532.7) == "1,532"
    assert javascript.call("count", 3.14e6) == "3.1 × 10⁶"
