"""The Python side: what a figure accepts, what it says, and how its module is put together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from derived.nn import GRU, LSTM, RNN, Dense
from derived.widgets import (
    BackpropGraph,
    CharacterWriter,
    LstmStepper,
    NetworkTrainer,
    PerceptronExplorer,
    UnrolledGradient,
    bundler,
)
from derived.widgets.network_trainer import widget as trainer
from derived.widgets.perceptron_explorer import widget as explorer
from tests.widgets.conftest import JavaScript

RNG = np.random.default_rng(0)  # for layers of which only the shapes matter


def writer(kind: type = GRU, **options: Any) -> CharacterWriter:
    return CharacterWriter("abc", kind(3, 4, rng=RNG), Dense(4, 3, rng=RNG), **options)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (lambda: PerceptronExplorer("and"), "PerceptronExplorer(preset='and')"),
        (lambda: PerceptronExplorer(points=[[0, 0, 1]]), "PerceptronExplorer(preset='custom')"),
        (
            lambda: NetworkTrainer("xor", hidden=(3,)),
            "NetworkTrainer(dataset='xor', hidden=[3], activation='tanh')",
        ),
        (BackpropGraph, "BackpropGraph(2-2-2-1, activation='tanh')"),
        (
            lambda: UnrolledGradient("lstm", radius=1.25, steps=50),
            "UnrolledGradient(cell='lstm', radius=1.25, steps=50)",
        ),
        (LstmStepper, "LstmStepper(features=1, units=1, steps=5)"),
        (writer, "CharacterWriter(gru4, 3 characters)"),
    ],
)
def test_a_figure_is_stored_as_a_short_stable_text(figure: Callable[[], Any], text: str) -> None:
    assert repr(figure()) == text
    assert figure()._repr_mimebundle_()[0]["text/plain"] == text


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: PerceptronExplorer("nor"), "no preset 'nor'; choose one of clouds"),
    (lambda: PerceptronExplorer(points=[]), "pass rows"),
    (lambda: PerceptronExplorer(points=np.zeros((0, 3))), "between 1 and 40 points"),
    (lambda: PerceptronExplorer(points=np.zeros((41, 3))), "at most 40"),
    (lambda: PerceptronExplorer(points=[[0, 0, 2]]), "point 0 has label 2"),
    (lambda: PerceptronExplorer(points=[[0, np.nan, 1]]), "finite"),
    (lambda: PerceptronExplorer(points=[[0, 0]], labels=[1, 0]), r"labels \(2,\)"),
    (lambda: PerceptronExplorer(labels=[1]), "labels without points"),
    (lambda: PerceptronExplorer(weights=[1, 2]), "three finite numbers"),
    (lambda: NetworkTrainer("circles"), "choose one of moons"),
    (lambda: NetworkTrainer(hidden=(9,)), "from 1 to 8"),
    (lambda: NetworkTrainer(hidden=(1,) * 5), "at most 4"),
    (lambda: NetworkTrainer(hidden=(2.5,)), "integer"),  # type: ignore[arg-type]
    (lambda: NetworkTrainer(activation="gelu"), "choose one of tanh"),
    (lambda: NetworkTrainer(learning_rate=0), "learning_rate"),
    (lambda: NetworkTrainer(batch_size=201), "from 1 to 200"),
    (lambda: NetworkTrainer(noise=float("nan")), "noise"),
    (lambda: NetworkTrainer(seed=-1), "seed"),
    (lambda: NetworkTrainer(url_key="a b"), "url_key"),
    (lambda: BackpropGraph(activation="elu"), "choose one of tanh"),
    (lambda: BackpropGraph([1.0]), r"must be \(2, 1\)"),
    (lambda: BackpropGraph(targets=[1, 2]), "2 targets for 1 outputs"),
    (lambda: BackpropGraph(inputs=[6, 0]), "from -5 to 5"),
    (lambda: BackpropGraph(inputs=[np.inf, 0]), "from -5 to 5"),
    (lambda: BackpropGraph(weights=[[[1, 1]]]), "1 weight matrices and 3 biases"),
    (lambda: BackpropGraph(np.ones(4)), "at most 3"),
    (lambda: BackpropGraph([1], [1] * 4, [np.ones((4, 1))], [np.ones(4)]), "at most 3 units"),
    (lambda: setattr(BackpropGraph(), "inputs", [1.0]), "make a new BackpropGraph"),
    (lambda: setattr(NetworkTrainer(), "seed", 10_000), "seed"),
    (lambda: setattr(PerceptronExplorer(), "points", [[0, 0, 3]]), "label 3"),
    (lambda: UnrolledGradient("rnn"), "choose one of linear, tanh, lstm, gru"),
    (lambda: UnrolledGradient(radius=2.1), "radius is 2.1; pass a number from 0 to 2"),
    (lambda: UnrolledGradient(radius=float("nan")), "radius"),
    (lambda: UnrolledGradient(steps=1), "steps is 1; pass an integer from 2 to 100"),
    (lambda: UnrolledGradient(steps=2.5), "integer"),  # type: ignore[arg-type]
    (lambda: UnrolledGradient(hidden=17), "from 1 to 16"),
    (lambda: setattr(UnrolledGradient(), "gate_bias", 7.0), "gate_bias"),
    (lambda: LstmStepper(GRU(1, 1, rng=RNG)), "pass a derived.nn.LSTM"),  # type: ignore[arg-type]
    (lambda: LstmStepper(LSTM(1, 3, rng=RNG)), "1 inputs and 3 units"),
    (lambda: LstmStepper(LSTM(1, 1, rng=RNG, forget_bias=11.0)), "bias has an entry"),
    (lambda: LstmStepper(inputs=[]), "inputs has 0 steps"),
    (lambda: LstmStepper(inputs=np.zeros(9)), "from 1 to 8"),
    (lambda: LstmStepper(inputs=[[1.0, 2.0]]), r"inputs has shape \(1, 2\)"),
    (lambda: LstmStepper(inputs=[1.0, np.nan]), "not a number from -10 to 10"),
    (lambda: LstmStepper(inputs=["a"]), "inputs has"),  # type: ignore[list-item]
    (lambda: LstmStepper(initial_state=([0.0], [0.0, 1.0])), "initial_state"),
    (lambda: LstmStepper(step=31), "step is 31"),
    (lambda: setattr(LstmStepper(), "bias", [0.0]), "bias has shape"),
    (lambda: CharacterWriter("aab", GRU(3, 4, rng=RNG), Dense(4, 3, rng=RNG)), "each once"),
    (lambda: CharacterWriter(["a", "bc"], RNN(2, 4, rng=RNG), Dense(4, 2, rng=RNG)), "not one"),
    (lambda: CharacterWriter("abcd", GRU(3, 4, rng=RNG), Dense(4, 4, rng=RNG)), "gives 4"),
    (lambda: CharacterWriter("abc", GRU(3, 4, rng=RNG), Dense(5, 3, rng=RNG)), "expects 5"),
    (lambda: CharacterWriter("abc", GRU(3, 4, rng=RNG), Dense(4, 2, rng=RNG)), "gives 2"),
    (lambda: CharacterWriter("abc", [], Dense(4, 3, rng=RNG)), "0 recurrent layers"),
    (lambda: CharacterWriter("abc", Dense(3, 4, rng=RNG), Dense(4, 3, rng=RNG)), "pass"),  # type: ignore[arg-type]
    (lambda: CharacterWriter("abc", GRU(3, 4, rng=RNG), GRU(4, 3, rng=RNG)), "Dense"),  # type: ignore[arg-type]
    (lambda: CharacterWriter("abc", GRU(3, 400, rng=RNG), Dense(400, 3, rng=RNG)), "at most"),
    (lambda: writer(embedding=np.zeros((2, 3))), r"embedding has shape \(2, 3\)"),
    (lambda: writer(embedding=np.full((3, 3), np.nan)), "finite"),
    (lambda: writer(prompt="abx"), "prompt holds 'x'"),
    (lambda: writer(prompt="a" * 201), "at most 200"),
    (lambda: writer(temperature=-0.1), "temperature"),
    (lambda: writer(seed=10_000), "seed"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_arrays_are_accepted_and_stored_as_lists() -> None:
    x, y = np.array([[0, 1], [2.5, 3]]), np.array([0, 1])
    assert PerceptronExplorer(points=x, labels=y).points == [[0, 1, 0], [2.5, 3, 1]]
    graph = BackpropGraph(np.array([1.0]), [0.0], [np.array([[2.0]])], [np.zeros(1)])
    assert graph.weights == [[[2.0]]] and graph.biases == [[0.0]]


def test_python_and_javascript_know_the_same_names(javascript: JavaScript) -> None:
    for preset in explorer.PRESETS:
        points = javascript.call("preset", preset)
        assert PerceptronExplorer(points=points).points == points
    base = {"dataset": "moons", "hidden": [], "activation": "tanh"}
    for dataset in trainer.DATASETS:
        made = javascript.call("fromHash", "n", f"#n=dataset:{dataset}", base)
        assert made["dataset"] == dataset
    for activation in trainer.ACTIVATIONS:
        made = javascript.call("fromHash", "n", f"#n=activation:{activation}", base)
        assert made["activation"] == activation


# ---- the bundler


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "entry.js"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundler, "ROOT", tmp_path)
    return tmp_path


def run(text: str, folder: Path, javascript: JavaScript) -> Any:
    assert "import" not in text
    path = folder / "bundle.mjs"
    path.write_text(text)
    return javascript.call("importDefault", path.as_uri())


def test_a_bundle_runs_as_one_module(folder: Path, javascript: JavaScript) -> None:
    entry = write(
        folder,
        one="const secret = 1;\nexport const a = secret;\nexport function f() { return 10; }\n",
        two='import { a } from "./one.js";\n'
        "const secret = 2;\nexport class C { v = a + secret; }\n",
        entry='// text\nimport { C } from "./two.js";\n'
        'import {\n  a as first,\n  f,\n} from "./one.js";\n'
        "export default { sum: new C().v + first + f() };\n",
    )
    assert run(bundler.bundle(entry), folder, javascript) == {"sum": 14}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import x from "./one.js";\nexport default {};\n', "not in the bundler's subset"),
        ('import * as one from "./one.js";\nexport default {};\n', "not in the bundler's subset"),
        ('export * from "./one.js";\nexport default {};\n', "not in the bundler's subset"),
        ('const m = await import("./one.js");\nexport default {};\n', "subset"),
        ('import { a } from "./none.js";\nexport default {};\n', "names no file"),
        ('import { b } from "./one.js";\nexport default {};\n', "one.js does not export b"),
        ('import { z } from "./two.js";\nexport default {};\n', "two.js does not export z"),
        ("export const a = 1;\n", "needs one `export default`"),
        ('import { b } from "./circle.js";\nexport default {};\n', "circle"),
    ],
)
def test_what_the_bundler_cannot_do_it_says(folder: Path, text: str, message: str) -> None:
    write(
        folder,
        one="export const a = 1;\n",
        two="export const y = 1, z = 2;\n",
        circle='import { c } from "./back.js";\nexport const b = c;\n',
        back='import { b } from "./circle.js";\nexport const c = b;\n',
    )
    with pytest.raises(ValueError, match=message):
        bundler.bundle(write(folder, entry=text))
