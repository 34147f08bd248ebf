"""What the figures accept, what they say to the rest, and the text that a notebook stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derived import nn
from derived.nn import GRU, LSTM, RNN, Dense
from derived.widgets import (
    BackpropGraph,
    CharacterWriter,
    DigitThroughLayers,
    DropoutEnsemble,
    KernelEditor,
    LstmStepper,
    NetworkTrainer,
    PenaltyContours,
    PerceptronExplorer,
    UnrolledGradient,
)

RNG = np.random.default_rng(0)  # for layers of which only the shapes matter


def writer(kind: type = GRU, **options: Any) -> CharacterWriter:
    return CharacterWriter("abc", kind(3, 4, rng=RNG), Dense(4, 3, rng=RNG), **options)


def network(*layers: nn.Layer) -> DigitThroughLayers:
    return DigitThroughLayers(nn.Sequential(*layers), np.zeros((1, 8, 8)))


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
        (KernelEditor, "KernelEditor(28×28, kernel='sobel-vertical', padding='valid')"),
        (DigitThroughLayers, "DigitThroughLayers(8×8, convolution-dense)"),
        (PenaltyContours, "PenaltyContours(penalty='l2', strength=0.5)"),
        (DropoutEnsemble, "DropoutEnsemble('softmax', drop='both', keep=0.5)"),
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
    (lambda: KernelEditor(np.zeros((7, 9))), "from 8 to 64 rows and columns"),
    (lambda: KernelEditor(np.zeros((0, 9))), r"shape \(0, 9\); pass from 8 to 64"),
    (lambda: KernelEditor(kernel=np.zeros((0, 3))), r"shape \(0, 3\); pass \(3, 3\)"),
    (lambda: KernelEditor(stride="2"), "stride is '2'; pass an integer"),  # type: ignore[arg-type]
    (lambda: KernelEditor(np.zeros(9)), r"picture has shape \(9,\)"),
    (lambda: KernelEditor(np.full((9, 9), np.nan)), "picture has an entry"),
    (lambda: KernelEditor(kernel="blur"), "choose one of identity, average"),
    (lambda: KernelEditor(kernel=np.ones((2, 2))), r"pass \(3, 3\) or \(5, 5\)"),
    (lambda: KernelEditor(kernel=[[1, 2], [3]]), "kernel has shape"),
    (lambda: KernelEditor(stride=5), "stride is 5; pass an integer from 1 to 4"),
    (lambda: KernelEditor(padding="reflect"), "choose one of valid, same, full"),
    (lambda: KernelEditor(operation="correlation"), "choose one of cross-correlation"),
    (lambda: setattr(KernelEditor(), "kernel", [[1.0]]), "kernel has shape"),
    (lambda: DigitThroughLayers(samples=np.zeros((1, 8, 8))), "without a network"),
    (lambda: DigitThroughLayers(nn.Sequential(nn.Flatten())), "without samples"),
    (lambda: DigitThroughLayers(nn.Sequential(nn.Flatten()), np.zeros((0, 8, 8))), r"\(0, 8, 8\)"),
    (lambda: network(nn.Softmax()), "no layer; pass one that ends with a Dense"),
    (lambda: network(nn.Flatten()), "ends with a Dense"),
    (lambda: network(nn.Flatten(), nn.Dense(60, 10, rng=RNG)), "layer 1, Dense, does not take"),
    (lambda: network(nn.BatchNorm(1), nn.Flatten(), nn.Dense(64, 3, rng=RNG)), "cannot run"),
    (
        lambda: network(
            nn.Conv2d(1, 1, 2, dilation=2, rng=RNG), nn.Flatten(), nn.Dense(36, 3, rng=RNG)
        ),
        "dilation",
    ),
    (
        lambda: network(nn.Conv2d(1, 33, 1, rng=RNG), nn.Flatten(), nn.Dense(2112, 3, rng=RNG)),
        "33 channels",
    ),
    (lambda: network(nn.Flatten(), nn.Dense(64, 2000, rng=RNG)), "2 to 20 classes"),
    (
        lambda: network(
            nn.Flatten(), nn.Dense(64, 1500, rng=RNG), nn.ReLU(), nn.Dense(1500, 3, rng=RNG)
        ),
        "at most 100000",
    ),
    (lambda: DigitThroughLayers(classes=["a"]), "1 names of classes for 10 outputs"),
    (lambda: DigitThroughLayers(margin=3), "margin is 3"),
    (lambda: DigitThroughLayers(pen=0.1), "pen is 0.1"),
    (
        lambda: DigitThroughLayers(nn.Sequential(nn.Flatten()), np.zeros((1, 8, 9))),
        "square pictures",
    ),
    (lambda: DigitThroughLayers(nn.Sequential(nn.Flatten()), -np.ones((1, 8, 8))), "negative"),
    (lambda: DigitThroughLayers(nn.ReLU(), np.zeros((1, 8, 8))), "Sequential"),  # type: ignore[arg-type]
    (lambda: PenaltyContours([[1, 0.5], [0.4, 1]]), "not symmetric"),
    (lambda: PenaltyContours([[1, 2], [2, 1]]), "eigenvalues -1 and 3"),
    (lambda: PenaltyContours(np.eye(3)), r"hessian has shape \(3, 3\)"),
    (lambda: PenaltyContours(minimum=[4, 0]), "minimum has an entry"),
    (lambda: PenaltyContours(penalty="l0"), "choose one of l2, l1"),
    (lambda: PenaltyContours(strength=-1), "strength"),
    (lambda: PenaltyContours(learning_rate=1.1), "learning_rate is 1.1"),
    (lambda: PenaltyContours(steps=1001), "from 0 to 1000"),
    (lambda: setattr(PenaltyContours(), "strength", 21.0), "strength"),
    (lambda: DropoutEnsemble("linear"), "choose one of softmax, hidden"),
    (lambda: DropoutEnsemble(inputs=[1, 2]), "together"),
    (lambda: DropoutEnsemble(keep=0), "keep is 0"),
    (lambda: DropoutEnsemble(drop="outputs"), "choose one of inputs, hidden, both"),
    (
        lambda: DropoutEnsemble(inputs=np.ones(9), weights=[np.ones((2, 9))], biases=[np.ones(2)]),
        "9 inputs and hidden units",
    ),
    (
        lambda: DropoutEnsemble(inputs=[1, 2], weights=[np.ones((2, 3))], biases=[np.ones(2)]),
        r"weights\[0\] has shape \(2, 3\)",
    ),
    (
        lambda: DropoutEnsemble(inputs=[1], weights=[np.ones((5, 1))], biases=[np.ones(5)]),
        "5 classes",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_wrong_argument_says_what_to_do(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
