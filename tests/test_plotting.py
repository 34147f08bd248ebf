"""A figure carries its caption and alternative text, or it is not shown."""

import base64
import io

import IPython.display
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from derived import plotting

ALT = "A straight line rises from one to three."


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed."""
    calls = []
    monkeypatch.setattr(
        IPython.display, "display", lambda data, **options: calls.append((data, options))
    )
    return calls


def line():
    figure, axes = plotting.subplots()
    axes.plot([1, 2, 3])
    return figure


def test_show_puts_caption_and_alt_text_into_the_output(shown):
    plotting.show(line(), caption="Figure 1.1. A line.", alt=ALT, invert=False)
    (picture, options), (caption, caption_options) = shown
    about = options["metadata"]["image/svg+xml"]
    assert about["alt"] == picture["text/plain"] == ALT
    assert about["caption"] == caption["text/markdown"] == "Figure 1.1. A line."
    assert about["invert"] is False
    assert (about["width"], about["height"]) == (640, 480)
    assert caption_options["metadata"] == {"derived": "caption"}
    assert not plt.get_fignums(), "the figure stays open"


def test_the_same_figure_is_the_same_file(shown):
    for _ in range(2):
        plotting.show(line(), caption="Figure 1.1. A line.", alt=ALT)
    first, second = shown[0][0]["image/svg+xml"], shown[2][0]["image/svg+xml"]
    assert first == second
    assert "<metadata>" not in first and first.startswith("<svg")


def test_raster_figures_are_png(shown):
    plotting.show(line(), caption="Figure 1.1. A line.", alt=ALT, raster=True)
    assert base64.b64decode(shown[0][0]["image/png"]).startswith(b"\x89PNG")


def test_a_raster_figure_keeps_the_color_of_a_small_marker(shown):
    figure, axes = plotting.subplots(width=5, height=3)
    axes.imshow(np.random.default_rng(0).random((28, 28)))
    axes.plot(5, 5, "o", color="#00ff00", markersize=4)
    plotting.show(figure, caption="Figure 1.1. A point.", alt=ALT, raster=True)
    picture = Image.open(io.BytesIO(base64.b64decode(shown[0][0]["image/png"]))).convert("RGB")
    red, green, blue = np.moveaxis(np.asarray(picture).astype(int), -1, 0)
    assert np.any((red < 9) & (green > 246) & (blue < 9))


@pytest.mark.parametrize(
    ("caption", "alt", "message"),
    [("", ALT, "a caption"), ("Figure 1.1. A line.", "line", "alternative text")],
)
def test_a_figure_without_words_is_refused_and_closed(shown, caption, alt, message):
    with pytest.raises(ValueError, match=message):
        plotting.show(line(), caption=caption, alt=alt)
    assert not shown
    assert not plt.get_fignums()


def test_every_color_has_a_marker_and_a_line_style():
    assert len(plotting.COLORS) == len(plotting.MARKERS) == len(plotting.LINES)


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", plotting.COLORS)
def test_colors_have_graphic_contrast_on_white(color):
    assert 1.05 / (luminance(color) + 0.05) >= 3.0
