"""Text for sequence models: what is embedded, what is generated, and the real sets if at hand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from derived import datasets
from derived.datasets import DataUnavailable
from derived.datasets.text import NAME_FILES, TEXT_FILES


def present(files):
    """Return whether every file is on this machine; the sets are not downloaded by a test."""
    try:
        for file in files:
            file.read(offline=True)
    except DataUnavailable:
        return False
    return True


def test_the_excerpt_is_embedded_and_whole():
    text = datasets.shakespeare_excerpt()
    assert text.startswith("Theseus:\nNow, fair Hippolyta") and text.endswith("\n")
    assert len(text) == 39_627 and len(set(text)) == 60 and text.isascii()
    assert hashlib.sha256(text.encode()).hexdigest().startswith(EXCERPT)


EXCERPT = "17c9476a1ff098bb"


def test_without_data_the_message_names_what_needs_none(tmp_path, monkeypatch):
    monkeypatch.setenv("DERIVED_DATA", str(tmp_path))
    monkeypatch.setattr("pooch.os_cache", lambda _: tmp_path)
    for load, instead in [
        (datasets.shakespeare, "shakespeare_excerpt"),
        (datasets.irish_tunes, "generated_tunes"),
        (datasets.names, "generated_names"),
    ]:
        with pytest.raises(DataUnavailable, match=instead):
            load(offline=True)


def test_the_real_texts_are_what_they_should_be():
    if not present([*TEXT_FILES.values(), *NAME_FILES.values()]):
        pytest.skip("the sets are not on this machine")
    text = datasets.shakespeare(offline=True)
    assert len(text) == 1_115_394 and len(set(text)) == 65
    tunes = datasets.irish_tunes(offline=True)
    assert len(tunes) == 804 and all(tune.startswith("X:") for tune in tunes)
    by_language = datasets.names(offline=True)
    assert len(by_language) == 18 and sum(map(len, by_language.values())) == 18_012
    assert len(by_language["Arabic"]) == 108  # of 2,000 lines
    assert all(names == sorted(set(names)) for names in by_language.values())


def test_generated_tunes_repeat_their_phrases_and_end_on_the_tonic():
    tunes = datasets.generated_tunes(40, np.random.default_rng(1))
    tonics = {"D Major": "D", "G Major": "G,", "A Dorian": "A,", "E Minor": "E"}
    for tune in tunes:
        key, music = tune.partition("K:")[2].split("\n", 1)
        lines = music.strip().split("\n")
        assert len(lines) == 4
        for first, second in (lines[:2], lines[2:]):
            assert first.split("|")[:3] == second.split("|")[:3]
            assert second.rstrip(":|").split()[-1][:-1] == tonics[key]
    again = datasets.generated_tunes(40, np.random.default_rng(1))
    assert tunes == again and len(set(tunes)) == 40


def test_the_invented_languages_are_distributions():
    _, model = datasets.generated_names(30, np.random.default_rng(0))
    np.testing.assert_allclose(model.start.sum(axis=1), 1.0)
    np.testing.assert_allclose(model.step.sum(axis=2), 1.0)
    # All names of up to two letters, and all longer ones: probability one.
    short = sum(np.exp(model.log_likelihood(a)) for a in "abcdefghijklmnopqrstuvwxyz")
    np.testing.assert_allclose(short, 0.15)


def test_the_likelihood_is_the_product_of_the_steps():
    _, model = datasets.generated_names(30, np.random.default_rng(0), languages=4)
    want = model.start[:, 2] * model.step[:, 2, 0] * model.step[:, 0, 19] * model.step[:, 19, 26]
    np.testing.assert_allclose(np.exp(model.log_likelihood("Cat")), want)


def test_the_best_classifier_is_good_but_not_perfect():
    names, model = datasets.generated_names(600, np.random.default_rng(0))
    right = [
        np.argmax(model.log_likelihood(name)) == k
        for k, group in enumerate(names.values())
        for name in group
    ]
    assert 0.9 < np.mean(right) < 1.0
    assert all(2 <= len(name) <= 12 for group in names.values() for name in group)


@pytest.mark.parametrize("make", [datasets.generated_names, datasets.generated_tunes])
def test_generators_and_counts_are_required(make):
    with pytest.raises(ValueError, match="n must be"):
        make(0, np.random.default_rng(0))
    with pytest.raises(TypeError, match="Generator"):
        make(10, 0)


@pytest.mark.parametrize("name", ["", "O'Neill", "Zoë"])
def test_a_name_of_other_letters_is_refused(name):
    _, model = datasets.generated_names(3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="letters from a to z"):
        model.log_likelihood(name)


def test_names_of_no_language_are_refused():
    with pytest.raises(ValueError, match="languages must be 1 or more"):
        datasets.generated_names(3, np.random.default_rng(0), languages=0)
