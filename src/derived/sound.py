"""Sound that a page makes itself: notes to samples, samples to a WAV file, and a player.

The file is small (8,000 samples a second of 8 bits: 8 kB a second) and stands in the page, so that
it plays with no kernel and no other host.
"""

from __future__ import annotations

import base64
import html
import io
import wave
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["RATE", "play", "synthesize", "wav"]

#: Samples a second; tones up to half of it can be heard.
RATE = 8000

_HARMONICS = (1.0, 0.45, 0.3, 0.12, 0.06)  # strength of each multiple of the fundamental
_MINIMUM = 20


def _tone(frequency: float, seconds: float, rate: int) -> NDArray[np.float64]:
    """Return a plucked tone: harmonics below rate / 2 that fade, and a soft begin and end."""
    time = np.arange(round(seconds * rate)) / rate
    tone = np.zeros_like(time)
    for number, strength in enumerate(_HARMONICS, start=1):
        if number * frequency < rate / 2:  # a higher one would come back as a wrong, lower tone
            decay = np.exp(-2.0 * number * time)
            tone += strength * decay * np.sin(2 * np.pi * number * frequency * time)
    attack = np.minimum(1.0, time / 0.01)
    release = np.minimum(1.0, (seconds - time) / 0.02)
    result: NDArray[np.float64] = tone * attack * np.maximum(release, 0.0)
    return result


def synthesize(
    notes: Iterable[tuple[float, float, float]], *, rate: int = RATE
) -> NDArray[np.float64]:
    """Return the samples of a melody, between −1 and 1.

    Parameters
    ----------
    notes : (onset in seconds, length in seconds, MIDI number); 69 is A at 440 Hz, a semitone is a
        factor 2^(1/12). Notes may overlap.
    rate : samples a second.

    Raises
    ------
    ValueError : without a note, for a negative onset, a length that is not positive, or a number
        that is not finite.
    """
    events = [(float(onset), float(length), float(pitch)) for onset, length, pitch in notes]
    if not events:
        raise ValueError("there is no note to play")
    if not np.isfinite(events).all():
        raise ValueError("a note holds a number that is not finite")
    if any(onset < 0 or length <= 0 for onset, length, _ in events):
        raise ValueError("a note needs an onset ≥ 0 and a length > 0, in seconds")
    total = max(onset + length for onset, length, _ in events)
    samples = np.zeros(round(total * rate) + 1)
    for onset, length, pitch in events:
        tone = _tone(440.0 * 2.0 ** ((pitch - 69.0) / 12.0), length, rate)
        start = round(onset * rate)
        samples[start : start + len(tone)] += tone[: len(samples) - start]
    loudest = np.abs(samples).max()
    return samples * (0.9 / loudest) if loudest > 0 else samples


def wav(samples: ArrayLike, *, rate: int = RATE) -> bytes:
    """Return a WAV file with one channel of 8-bit samples, which every browser plays.

    Raises ValueError unless the samples are a vector of finite numbers between −1 and 1.
    """
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 1 or not np.all(np.abs(values) <= 1.0):
        raise ValueError("samples must be a vector of numbers between −1 and 1")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)  # unsigned: silence is 128
        file.setframerate(rate)
        file.writeframes(np.round(127.5 + 127.0 * values).astype(np.uint8).tobytes())
    return buffer.getvalue()


def play(samples: ArrayLike, *, label: str, caption: str, rate: int = RATE) -> None:
    """Show a player with the browser's own controls; nothing sounds before it is pressed.

    Parameters
    ----------
    samples : what :func:`synthesize` returned.
    label : the player's name for a screen reader.
    caption : shown below it; both have at least 20 characters.
    rate : samples a second.

    Raises
    ------
    ValueError : if the label or the caption is missing, or the samples cannot be written.
    """
    for name, text in (("label", label), ("caption", caption)):
        if len(text.strip()) < _MINIMUM:
            raise ValueError(f"a sound needs a {name} of at least {_MINIMUM} characters")
    content = base64.b64encode(wav(samples, rate=rate)).decode("ascii")
    page = (
        f'<figure class="derived-sound"><audio controls preload="metadata" '
        f'aria-label="{html.escape(label)}" src="data:audio/wav;base64,{content}"></audio>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
    from IPython.display import display  # noqa: PLC0415  (only a notebook needs IPython)

    display({"text/html": page, "text/plain": f"{label} {caption}"}, raw=True)  # type: ignore[no-untyped-call]
