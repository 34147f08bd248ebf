"""What the figures of recurrent networks are compared with: the layers of derived.nn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from derived.nn import GRU, LSTM, RNN, Dense, Recurrent
from derived.nn.activations import softmax
from derived.widgets import CharacterWriter
from tests.widgets.oracles import PCG32

KINDS: dict[str, type[Recurrent]] = {"rnn": RNN, "tanh": RNN, "lstm": LSTM, "gru": GRU}
Numbers = NDArray[np.float64]


def layer_with(kind: str, parameters: dict[str, Any]) -> Recurrent:
    """A layer of derived.nn that holds these parameters."""
    rows, hidden = np.shape(parameters["weight_hidden"])
    features = np.size(parameters["weight_input"]) // rows
    layer = KINDS[kind](features, hidden, rng=np.random.default_rng(0))
    for name, values in parameters.items():
        layer.parameters[name] = np.asarray(values, dtype=float)
    return layer


def random_layer(kind: str, features: int, hidden: int, rng: np.random.Generator) -> Recurrent:
    """A layer whose every parameter is random, the biases too."""
    layer = KINDS[kind](features, hidden, rng=rng)
    for name in layer.parameters:
        layer.parameters[name] = rng.normal(size=layer.parameters[name].shape)
    return layer


def jacobian(layer: Recurrent, x: Numbers, t: int) -> list[Numbers]:
    """∂h_T/∂h_t, and ∂h_T/∂c_t for the LSTM: one backward pass of derived.nn for each row."""
    if t == len(x):
        own = [np.eye(layer.hidden_features)]
        return own + [np.zeros_like(own[0])] * (layer.states - 1)
    state = None
    if t > 0:
        layer.forward(x[:t, np.newaxis])
        state = layer.final_state
    shape = layer.forward(x[t:, np.newaxis], state).shape
    rows = []
    for unit in range(layer.hidden_features):
        gradient = np.zeros(shape)
        gradient[-1, 0, unit] = 1
        layer.forward(x[t:, np.newaxis], state)
        layer.backward(gradient)
        rows.append([part[0].copy() for part in layer.initial_state_gradient])
    return [np.array(block) for block in zip(*rows, strict=True)]


def gradient_norms(cell: str, parameters: dict[str, Any], inputs: Any) -> list[list[float]]:
    """Spectral norms for t = 0 … T, one list for each part of the state."""
    x = np.asarray(inputs, dtype=float)
    if cell == "linear":
        weight = np.asarray(parameters["weight_hidden"])
        powers = [np.linalg.matrix_power(weight, len(x) - t) for t in range(len(x) + 1)]
        return [[float(np.linalg.norm(power, 2)) for power in powers]]
    layer = layer_with(cell, parameters)
    blocks = [jacobian(layer, x, t) for t in range(len(x) + 1)]
    return [
        [float(np.linalg.norm(block, 2)) for block in part] for part in zip(*blocks, strict=True)
    ]


def rounded(layer: Any) -> Any:
    """The same layer with its parameters rounded to float32, as a figure stores them."""
    for name in layer.parameters:
        layer.parameters[name] = layer.parameters[name].astype(np.float32).astype(np.float64)
    return layer


class Author:
    """Writes with derived.nn what the page should write."""

    def __init__(
        self, vocabulary: str, stack: list[Recurrent], output: Dense, embedding: Numbers | None
    ) -> None:
        self.vocabulary, self.stack, self.output = vocabulary, stack, output
        size = len(vocabulary)
        self.rows = np.eye(size) if embedding is None else embedding.astype(np.float32)

    def probabilities(self, text: str, temperature: float) -> Numbers:
        """Of the next character after this text, read from the beginning."""
        h = np.zeros((1, self.stack[-1].hidden_features))
        if text:
            x = self.rows[[self.vocabulary.index(character) for character in text]]
            sequence = x[:, np.newaxis].astype(np.float64)
            for layer in self.stack:
                sequence = layer.forward(sequence)
            h = sequence[-1]
        scores = self.output.forward(h)[0]
        if temperature == 0:
            return np.eye(len(scores))[np.argmax(scores)]
        return softmax(scores / temperature)

    def write(self, prompt: str, seed: int, temperature: float, count: int) -> str:
        random, text = PCG32(seed, 7), prompt
        for _ in range(count):
            u = (random.uint32() + 0.5) / 2**32
            sums = np.cumsum(self.probabilities(text, temperature))
            text += self.vocabulary[int(np.searchsorted(sums, u, side="right"))]
        return text[len(prompt) :]


def character_writer(**options: Any) -> CharacterWriter:
    """A writer with random weights, which writes nonsense with a few probable characters."""
    rng = np.random.default_rng(1)
    vocabulary = "\n abcdefghijklmnopqrstuvwxyz.,"
    recurrent = random_layer("lstm", len(vocabulary), 12, rng)
    output = Dense(12, len(vocabulary), rng=rng)
    output.parameters["weight"] = 2 * rng.normal(size=output.parameters["weight"].shape)
    return CharacterWriter(vocabulary, recurrent, output, **{"prompt": "to be", **options})
