"""Text that a formula makes: names of invented languages, tunes of an invented country.

Both stand in for downloaded sets, and both have known answers: the languages are Markov chains, so
that the best possible classifier can be computed, and every bar of every tune is full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .generated import _require_count, _require_generator

__all__ = ["MarkovLanguages", "generated_names", "generated_tunes"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CONSTANT = 20240404  # part of the definition of the languages, not a choice of the caller


@dataclass(frozen=True, eq=False)
class MarkovLanguages:
    """Languages whose names are Markov chains of letters.

    labels : their names.
    start (languages, 26) : probability of the first letter.
    step (languages, 26, 27) : probability of what follows a letter; the last column is the end.
    """

    labels: tuple[str, ...]
    start: NDArray[np.float64]
    step: NDArray[np.float64]

    def log_likelihood(self, name: str) -> NDArray[np.float64]:
        """Return log p(name | language) for each language, (languages,); −∞ where impossible.

        Raises ValueError unless the name consists of letters from a to z, in either case.
        """
        if not name or not set(name.lower()) <= set(_LETTERS):
            raise ValueError(f"a name consists of letters from a to z, got {name!r}")
        codes = [_LETTERS.index(letter) for letter in name.lower()]
        with np.errstate(divide="ignore"):
            total = np.log(self.start[:, codes[0]])
            for here, after in zip(codes, [*codes[1:], len(_LETTERS)], strict=True):
                total = total + np.log(self.step[:, here, after])
        return total

    def draw(self, language: int, rng: np.random.Generator) -> str:
        """Draw one name of 2 to 12 letters."""
        while True:
            letters = [int(rng.choice(len(_LETTERS), p=self.start[language]))]
            while letters[-1] < len(_LETTERS):
                probabilities = self.step[language, letters[-1]]
                letters.append(int(rng.choice(len(_LETTERS) + 1, p=probabilities)))
            if 2 <= len(letters) - 1 <= 12:
                return "".join(_LETTERS[k] for k in letters[:-1]).capitalize()


def _languages(count: int) -> MarkovLanguages:
    rng = np.random.default_rng(_CONSTANT)
    vowel = np.array([letter in "aeiou" for letter in _LETTERS])
    taste = rng.gamma(0.5, size=(count, 1, 26)) + 0.02  # how much a language likes a letter
    pairs = rng.gamma(0.4, size=(count, 26, 26)) * taste
    pairs *= np.where(vowel[:, None] == vowel[None, :], 0.2, 1.0)  # vowels and consonants alternate
    pairs /= pairs.sum(axis=2, keepdims=True)
    step = np.concatenate([0.85 * pairs, np.full((count, 26, 1), 0.15)], axis=2)
    start = taste[:, 0] / taste[:, 0].sum(axis=1, keepdims=True)
    return MarkovLanguages(tuple(f"Language {k + 1}" for k in range(count)), start, step)


def generated_names(
    n: int, rng: np.random.Generator, *, languages: int = 3
) -> tuple[dict[str, list[str]], MarkovLanguages]:
    """Draw names of invented languages.

    Parameters
    ----------
    n : number of names to draw; the languages differ by at most one. Names that were drawn twice
        are given once.
    rng : the generator that the names are drawn from. The languages themselves are fixed.
    languages : how many languages.

    Returns
    -------
    language → different names in alphabetical order, as :func:`derived.datasets.names`, and the
    languages, whose ``log_likelihood`` gives the best possible classifier.

    Raises ValueError if there is no language, or n is smaller than their number.
    """
    if languages < 1:
        raise ValueError(f"languages must be 1 or more, got {languages}")
    _require_count(n, languages)
    _require_generator(rng)
    model = _languages(languages)
    return {
        label: sorted({model.draw(k, rng) for _ in range((n + k) // languages)})
        for k, label in enumerate(model.labels)
    }, model


_SCALE = [letter + mark for mark in (",", "") for letter in "CDEFGAB"]
_SCALE += list("cdefgab") + [letter + "'" for letter in "cd"]
_TONIC = {"D Major": 8, "G Major": 4, "A Dorian": 5, "E Minor": 9}  # places in _SCALE
_RHYTHMS = {
    "6/8": [(1, 1, 1), (1, 1, 1), (2, 1), (3,)],
    "C": [(1, 1, 1, 1), (1, 1, 1, 1), (2, 1, 1), (2, 2)],
}


def _bar(metre: str, place: int, rng: np.random.Generator, *, last: bool) -> tuple[str, int]:
    """Write one bar from a place in the scale; return it and where it ends."""
    groups = []
    half = 3 if metre == "6/8" else 4
    for number in range(2):
        rhythm = _RHYTHMS[metre][int(rng.integers(4))]
        if last and number == 1:
            rhythm = (half,)
        group = ""
        for length in rhythm:
            place = int(np.clip(place + rng.choice([-2, -1, 1, 2], p=[0.2, 0.3, 0.3, 0.2]), 5, 18))
            group += _SCALE[place] + (str(length) if length > 1 else "")
        groups.append(group)
    return " ".join(groups), place


def _part(metre: str, tonic: int, rng: np.random.Generator) -> str:
    """Write eight bars: a phrase of four, and the phrase again with another end on the tonic."""
    place, phrase = tonic + int(rng.integers(0, 5)), []
    for _ in range(4):
        bar, place = _bar(metre, place, rng, last=False)
        phrase.append(bar)
    closing, _ = _bar(metre, tonic, rng, last=True)
    half = 3 if metre == "6/8" else 4
    closing = closing.rpartition(" ")[0] + f" {_SCALE[tonic]}{half}"
    return "|".join(phrase) + "|\n" + "|".join([*phrase[:3], closing]) + ":|\n"


def generated_tunes(n: int, rng: np.random.Generator) -> list[str]:
    """Write n tunes in ABC notation that follow the rules of a jig or a reel.

    Two parts of eight bars, each repeated; every bar is full; the second phrase of a part repeats
    the first and ends on the tonic. Headers and layout are those of
    :func:`derived.datasets.irish_tunes`. Raises ValueError unless n ≥ 1.
    """
    _require_count(n, 1)
    _require_generator(rng)
    tunes = []
    for number in range(1, n + 1):
        metre = ("6/8", "C")[int(rng.integers(2))]
        key = list(_TONIC)[int(rng.integers(len(_TONIC)))]
        header = f"X:{number}\nT:Number {number}\nM:{metre}\nL:1/8\nK:{key}\n"
        parts = [_part(metre, _TONIC[key], rng) for _ in range(2)]
        tunes.append(header + "".join(parts))
    return tunes
