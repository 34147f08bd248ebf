"""The melody's samples, the WAV file, and the player in the page."""

from __future__ import annotations

import base64
import io
import re
import wave

import numpy as np
import pytest

from derived import sound


def strongest_frequency(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * sound.RATE / len(samples)


@pytest.mark.parametrize(("pitch", "frequency"), [(69, 440.0), (60, 261.63), (81, 880.0)])
def test_a_note_has_the_frequency_of_its_number(pitch, frequency):
    samples = sound.synthesize([(0.0, 1.0, pitch)])
    assert abs(strongest_frequency(samples) - frequency) < 1.5


def test_notes_begin_and_end_when_they_should():
    samples = sound.synthesize([(0.5, 0.25, 69), (1.0, 0.5, 72)])
    assert len(samples) == round(1.5 * sound.RATE) + 1
    for first, last, sounds in [(0.0, 0.5, False), (0.5, 0.75, True), (0.75, 1.0, False)]:
        part = samples[round(first * sound.RATE) : round(last * sound.RATE)]
        assert (np.abs(part).max() > 0.05) == sounds
    assert np.abs(samples).max() == pytest.approx(0.9)


def test_a_tone_above_half_the_rate_is_left_out():
    assert np.abs(sound.synthesize([(0.0, 0.1, 130)])).max() == 0  # 15 kHz


@pytest.mark.parametrize(
    "notes", [[], [(-1.0, 1.0, 60)], [(0.0, 0.0, 60)], [(0.0, np.inf, 60)], [(0.0, 1.0, np.nan)]]
)
def test_impossible_melodies_are_refused(notes):
    with pytest.raises(ValueError, match=r"note"):
        sound.synthesize(notes)


def test_the_file_is_a_wav_of_eight_bits():
    samples = np.linspace(-1, 1, 400)
    content = sound.wav(samples)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 1, 8000)
        frames = np.frombuffer(file.readframes(400), np.uint8)
    np.testing.assert_allclose((frames - 127.5) / 127.0, samples, atol=0.5 / 127)
    assert len(content) == 400 + 44


@pytest.mark.parametrize("samples", [[0.0, 1.5], [np.nan], [[0.0]]])
def test_samples_that_cannot_be_written_are_refused(samples):
    with pytest.raises(ValueError, match=r"between −1 and 1"):
        sound.wav(samples)


def test_the_player_has_controls_a_name_and_a_caption(monkeypatch):
    import IPython.display  # noqa: PLC0415

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: shown.append(data))
    label, caption = 'A tune in "D", one second.', "Sound 1. A <tune> of one note, plucked."
    sound.play(sound.synthesize([(0, 1, 69)]), label=label, caption=caption)
    page = shown[0]["text/html"]
    assert "<audio controls" in page and "autoplay" not in page
    assert 'aria-label="A tune in &quot;D&quot;, one second."' in page
    assert "<figcaption>Sound 1. A &lt;tune&gt;" in page
    assert shown[0]["text/plain"].startswith("A tune")
    content = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    assert content[:4] == b"RIFF"


def test_a_sound_without_words_is_refused():
    with pytest.raises(ValueError, match="label"):
        sound.play([0.0], label="short", caption="A caption of more than twenty characters.")
    with pytest.raises(ValueError, match="caption"):
        sound.play([0.0], label="A label of more than twenty characters.", caption="")
