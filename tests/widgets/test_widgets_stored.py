"""The figures as the notebooks hold them: weights that were trained, and the page runs those."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from derived import nn
from derived.datasets import digits, shakespeare_excerpt
from tests.widgets.conftest import JavaScript
from tests.widgets.recurrent_oracles import Author

ROOT = Path(__file__).parents[2]
STATE = "application/vnd.jupyter.widget-state+json"
KINDS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
POOLS = {"max-pool": nn.MaxPool2d, "average-pool": nn.AveragePool2d}


def stored(page: str, figure: str) -> list[dict[str, Any]]:
    """The traits of a notebook's figures of one class, in the order of the page."""
    metadata = json.loads((ROOT / f"notebooks/{page}.ipynb").read_text("utf8"))["metadata"]
    states = [model["state"] for model in metadata["widgets"][STATE]["state"].values()]
    return [each for each in states if each.get("_anywidget_id", "").endswith(f".{figure}")]


def fill(layers: list[nn.Layer], weights: str) -> None:
    """Give the layers the packed numbers, in their order."""
    numbers = np.frombuffer(base64.b64decode(weights), "<f4").astype(np.float64)
    for layer in layers:
        for values in layer.parameters.values():
            values[...] = numbers[: values.size].reshape(values.shape)
            numbers = numbers[values.size :]
    assert numbers.size == 0


def convolutional(traits: dict[str, Any]) -> nn.Sequential:
    """The network of a DigitThroughLayers."""
    rng, shape, layers = np.random.default_rng(0), [1, traits["side"], traits["side"]], []
    for each in traits["layers"]:
        kind, places = each["kind"], {}
        if "window" in each:
            assert each["before"] == each["after"]
            places = {"stride": tuple(each["stride"]), "padding": tuple(each["before"])}
        if kind == "convolution":
            sizes = shape[0], each["shape"][0], tuple(each["window"])
            layers.append(nn.Conv2d(*sizes, rng=rng, **places))
        elif kind in POOLS:
            layers.append(POOLS[kind](tuple(each["window"]), **places))
        elif kind == "dense":
            layers.append(nn.Dense(shape[0], each["shape"][0], rng=rng))
        else:
            layers.append(nn.Flatten() if kind == "flatten" else KINDS[kind]())
        shape = each["shape"]
    fill(layers, traits["weights"])
    return nn.Sequential(*layers)


def dense(traits: dict[str, Any]) -> nn.Sequential:
    """The network of a figure that runs dense layers."""
    rng, layers = np.random.default_rng(0), []
    for sizes, kind in zip(pairwise(traits["sizes"]), traits["activations"], strict=True):
        layers += [nn.Dense(*sizes, rng=rng), *([] if kind == "linear" else [KINDS[kind]()])]
    fill(layers, traits["weights"])
    return nn.Sequential(*layers)


def accuracy(network: nn.Sequential, shape: tuple[int, ...]) -> float:
    data = digits()
    best = network.forward(data.test_images.reshape(-1, *shape)).argmax(axis=1)
    return float(np.mean(best == data.test_labels))


def test_the_network_of_chapter_3_reads_digits_in_the_page(javascript: JavaScript) -> None:
    (traits,) = stored("03_cnn", "DigitThroughLayers")
    network = convolutional(traits)
    assert accuracy(network, (1, 8, 8)) > 0.95
    for picture in digits().test_images[:5]:
        x = picture.ravel().tolist()
        got = javascript.call("runNetwork", traits["layers"], traits["weights"], x, 8)
        logits = network.forward(picture.reshape(1, 1, 8, 8))[0]
        np.testing.assert_allclose(got["outputs"][-1]["values"], logits, atol=1e-12)


def test_the_model_of_chapter_4_writes_in_the_page_what_it_has_learned(
    javascript: JavaScript,
) -> None:
    (traits,) = stored("04_rnn", "CharacterWriter")
    ((size, hidden),) = [(each["features"], each["hidden"]) for each in traits["layers"]]
    rng = np.random.default_rng(0)
    cell, output = nn.LSTM(size, hidden, rng=rng), nn.Dense(hidden, size, rng=rng)
    fill([cell, output], traits["weights"])
    author = Author(traits["vocabulary"], [cell], output, None)
    for prompt in (traits["prompt"], ""):
        options = {"prompt": prompt, "seed": 3, "temperature": 0.7}
        got = javascript.call("writeText", traits, options, 40)
        assert got["text"] == author.write(prompt, 3, 0.7, 40)
    codes = np.array([traits["vocabulary"].index(each) for each in shakespeare_excerpt()[-4000:]])
    h = cell.forward(np.eye(size)[codes[:-1], np.newaxis])[:, 0]
    nats = nn.CrossEntropy().forward(output.forward(h), codes[1:])
    assert nats < 2.3, "held out; guessing costs 4.1"


def test_the_map_of_chapter_6_decodes_a_code_to_its_own_class(javascript: JavaScript) -> None:
    (traits,) = stored("06_autoencoders", "LatentMap")
    pictures = dense(traits).forward(traits["codes"])
    got = javascript.call("decodeLatent", traits, traits["codes"][:20])
    np.testing.assert_allclose(got, np.clip(pictures[:20], 0, 1), atol=1e-12)
    data = digits()
    means = [data.train_images[data.train_labels == k].reshape(-1, 64).mean(0) for k in range(10)]
    nearest = np.linalg.norm(pictures[:, np.newaxis] - np.array(means), axis=2).argmin(axis=1)
    assert np.mean(nearest == np.array(traits["labels"], int)) > 0.6, "by chance: 0.1"


def test_the_sliders_of_chapter_7_move_what_a_training_left_in_the_weights(
    javascript: JavaScript,
) -> None:
    (traits,) = stored("07_vae", "LatentSliders")
    z = np.random.default_rng(0).standard_normal((500, traits["sizes"][0]))
    pictures = dense(traits).forward(z)
    got = javascript.call("decodeLatent", traits, z[:20].tolist())
    np.testing.assert_allclose(got, np.clip(pictures[:20], 0, 1), atol=1e-12)
    ink = digits().train_images.reshape(-1, 64).mean(axis=0)
    assert np.corrcoef(pictures.mean(axis=0), ink)[0, 1] > 0.9
    ends = [dense(traits).forward(np.outer([-3, 3], unit)) for unit in np.eye(z.shape[1])]
    spread = [np.abs(high - low).sum() for low, high in ends]
    assert np.argmin(spread) == np.argmin(traits["information"]), "an idle number draws nothing"


def test_the_networks_of_chapter_9_differ_in_what_they_withstand(javascript: JavaScript) -> None:
    usual, robust = stored("09_adversarial", "DigitAttack")
    data = digits()
    standing = []
    for traits in (usual, robust):
        network = dense(traits)
        assert accuracy(network, (64,)) > 0.9
        options = {"method": "projected", "target": None, "epsilon": 0.1, "steps": 10}
        moved = [
            javascript.call(
                "attack", "attacked", traits, x.ravel().tolist(), {**options, "label": int(label)}
            )
            for x, label in zip(data.test_images[:40], data.test_labels[:40], strict=True)
        ]
        standing.append(np.mean(network.forward(moved).argmax(axis=1) == data.test_labels[:40]))
    assert standing[0] + 0.2 < standing[1]
