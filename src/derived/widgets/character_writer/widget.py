"""The Python side of the character writer: its model, validated and packed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.nn import GRU, LSTM, RNN, Dense, Recurrent
from derived.widgets.arguments import integer, number, packed_parameters
from derived.widgets.bundler import SLIDERS, bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

MOST_NUMBERS = 200_000
MOST_LAYERS = 3
MOST_PROMPT = 200

_KINDS: dict[type[Recurrent], str] = {RNN: "rnn", LSTM: "lstm", GRU: "gru"}


def _checked_vocabulary(vocabulary: Sequence[str]) -> str:
    characters = list(vocabulary)
    if any(not isinstance(each, str) or len(each) != 1 for each in characters):
        raise ValueError("vocabulary has an entry that is not one character; pass characters")
    if len(characters) < 2 or len(set(characters)) != len(characters):
        raise ValueError(
            f"vocabulary has {len(characters)} characters, {len(set(characters))} of them "
            "different; pass at least two, each once, in the order of the model's classes"
        )
    return "".join(characters)


def _checked_layers(recurrent: Recurrent | Sequence[Recurrent]) -> list[Recurrent]:
    layers = list(recurrent) if isinstance(recurrent, Sequence) else [recurrent]
    if not 1 <= len(layers) <= MOST_LAYERS:
        raise ValueError(f"{len(layers)} recurrent layers; pass from 1 to {MOST_LAYERS}")
    for layer in layers:
        if type(layer) not in _KINDS:
            raise ValueError(
                f"recurrent holds a {type(layer).__name__}; pass layers RNN, LSTM or GRU of "
                "derived.nn"
            )
    for before, layer in pairwise(layers):
        _fit("a recurrent layer", _features(layer), "the layer before it", before.hidden_features)
    return layers


def _features(layer: Recurrent) -> int:
    features: int = layer.parameters["weight_input"].shape[1]
    return features


def _fit(name: str, expected: int, source: str, given: int) -> None:
    if expected != given:
        raise ValueError(f"{name} expects {expected} numbers, {source} gives {given}")


def _checked_embedding(embedding: ArrayLike | None, size: int) -> np.ndarray | None:
    """Return the rows, one for each character, or None for one-hot input."""
    if embedding is None:
        return None
    rows = np.asarray(embedding, dtype=np.float64)
    if rows.ndim != 2 or len(rows) != size:
        raise ValueError(
            f"embedding has shape {rows.shape}; pass one row for each of the {size} characters"
        )
    return rows


def _described(layer: Recurrent) -> dict[str, str | int]:
    """What the page must know of a layer to read its parameters."""
    kind, features = _KINDS[type(layer)], _features(layer)
    return {"kind": kind, "features": features, "hidden": layer.hidden_features}


def _arrays(
    layers: Sequence[Recurrent], output: Dense, embedding: np.ndarray | None
) -> list[ArrayLike]:
    """All arrays of the model in the order in which the page reads them."""
    arrays: list[ArrayLike] = [] if embedding is None else [embedding]
    for layer in layers:
        arrays += [layer.parameters[name] for name in ("weight_input", "weight_hidden", "bias")]
        if "bias_candidate" in layer.parameters:
            arrays.append(layer.parameters["bias_candidate"])
    return [*arrays, output.parameters["weight"], output.parameters["bias"]]


class CharacterWriter(anywidget.AnyWidget):
    """A character model that writes in the page: its weights run there, without a kernel.

    The model reads the prompt from a state of zeros, then draws one character after the other from
    softmax(logits / τ) and reads it in turn; at temperature τ = 0 it takes the most probable one.
    The figure shows the distribution of the next character; the reader may choose it, too.
    The numbers are those of the given layers rounded to float32; the same seed writes the same
    text.
    With a kernel, the traits `text` and `probabilities` follow what the page does.

    Parameters
    ----------
    vocabulary
        The characters, each once, in the order of the model's classes: a string or a sequence.
    recurrent
        A trained `derived.nn` layer RNN, LSTM or GRU, or a sequence of up to 3 that stand on each
        other. The first takes a one-hot vector (in_features = number of characters), unless an
        embedding is given.
    output
        The `derived.nn.Dense` layer from h_t to one logit for each character.
    embedding
        (characters, in_features) one row for each character, instead of one-hot input.
    prompt
        What the model has read before it writes, at most 200 characters of the vocabulary. With
        an empty prompt the first character comes from the state of zeros.
    temperature
        τ, from 0 to 2.
    seed
        Of the drawn characters; an integer from 0 to 9999.
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If the layers do not fit each other or the vocabulary, hold numbers that are not finite or
        more than 200 000 of them, or another argument is outside what is listed above.
    """

    _esm = bundle(_HERE / "character_writer.js")
    _css = style(SLIDERS, _HERE / "character_writer.css")

    vocabulary = traitlets.Unicode(help="the characters in the order of the classes").tag(sync=True)
    layers = traitlets.List(
        traitlets.Dict(), help="'kind', 'features', 'hidden' of each recurrent layer"
    ).tag(sync=True)
    embedded = traitlets.Bool(False, help="whether the weights begin with an embedding").tag(
        sync=True
    )
    weights = traitlets.Unicode(help="all parameters, float32, base64").tag(sync=True)
    prompt = traitlets.Unicode("").tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    text = traitlets.Unicode("", help="what was written so far; written by the page").tag(sync=True)
    probabilities = traitlets.List(
        traitlets.Float(), help="of the next character; written by the page"
    ).tag(sync=True)

    reserved_height = height_trait(wide=653, phone=954)

    def __init__(
        self,
        vocabulary: Sequence[str],
        recurrent: Recurrent | Sequence[Recurrent],
        output: Dense,
        *,
        embedding: ArrayLike | None = None,
        prompt: str = "",
        temperature: float = 1.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        """Check and pack the model; the class says what each argument may be."""
        characters = _checked_vocabulary(vocabulary)
        stack = _checked_layers(recurrent)
        rows = _checked_embedding(embedding, len(characters))
        given = len(characters) if rows is None else rows.shape[1]
        source = "a one-hot character" if rows is None else "the embedding"
        _fit("the first recurrent layer", _features(stack[0]), source, given)
        if not isinstance(output, Dense):
            raise ValueError(f"output is a {type(output).__name__}; pass a derived.nn.Dense")
        outputs, expected = output.parameters["weight"].shape
        _fit("the output layer", expected, "the last recurrent layer", stack[-1].hidden_features)
        _fit("the vocabulary", len(characters), "the output layer", outputs)
        super().__init__(
            vocabulary=characters,
            layers=[_described(layer) for layer in stack],
            embedded=rows is not None,
            weights=packed_parameters("the model", _arrays(stack, output, rows), MOST_NUMBERS),
            prompt=prompt,
            temperature=temperature,
            seed=seed,
            **options,
        )

    @traitlets.validate("prompt")
    def _validate_prompt(self, proposal: dict[str, Any]) -> str:
        prompt: str = proposal["value"]
        unknown = sorted(set(prompt) - set(self.vocabulary))
        if unknown:
            raise ValueError(f"prompt holds {unknown[0]!r}, which is not in the vocabulary")
        if len(prompt) > MOST_PROMPT:
            raise ValueError(f"prompt has {len(prompt)} characters; pass at most {MOST_PROMPT}")
        return prompt

    @traitlets.validate("temperature")
    def _validate_temperature(self, proposal: dict[str, Any]) -> float:
        return number("temperature", proposal["value"], 0.0, 2.0)

    @traitlets.validate("seed")
    def _validate_seed(self, proposal: dict[str, Any]) -> int:
        return integer("seed", proposal["value"], 0, 9999)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        kinds = "-".join(f"{layer['kind']}{layer['hidden']}" for layer in self.layers)
        return f"CharacterWriter({kinds}, {len(self.vocabulary)} characters)"
