"""One style for every figure of the book, and one way to show a figure.

``show`` puts the caption and the alternative text into the output itself, so that both reach
every front end: the site builds a captioned ``<figure>`` from them, JupyterLab and Colab print the
caption below the picture. A figure without them is an error.
"""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image, ImageChops

__all__ = ["COLORS", "LINES", "MARKERS", "show", "subplots"]

#: Okabe and Ito's colour-blind-safe palette, darkened where 3:1 contrast on white needs it.
COLORS = ["#0072B2", "#D55E00", "#007D5C", "#B0578D", "#8A6D00", "#2F6F9F", "#444444"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
LINES: list[Any] = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))]

FEW_COLORS = 1024  # up to so many, a palette of 256 is worth trying
_UNSEEN = 8  # of 255: no eye sees that a channel is off by this

_STYLE: Any = {
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # ships with Matplotlib: the same picture on every machine
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLORS, linestyle=LINES),
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "legend.frameon": False,
    "image.cmap": "cividis",
    "image.interpolation": "nearest",
    "svg.hashsalt": "derived",  # fixed element ids: the same figure is the same file
    "svg.fonttype": "path",
}
mpl.rcParams.update(_STYLE)

_MINIMUM_ALT = 20


def subplots(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 6.4,
    height: float | None = None,
    **options: Any,
) -> tuple[Figure, Any]:
    """Create a figure of the book's width with ``rows`` × ``columns`` axes.

    Width and height are in inches; the default height keeps each axes about 4:3.
    Further options go to :func:`matplotlib.pyplot.subplots`. Returns the figure and its axes.
    """
    if height is None:
        height = max(2.2, 0.75 * rows * width / columns)
    return plt.subplots(rows, columns, figsize=(width, height), **options)


def _as_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)

    def shorten(path: re.Match[str]) -> str:
        # No eye sees a hundredth of a point, and the file becomes a third smaller.
        return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", path[0])

    return re.sub(r' d="[^"]*"', shorten, text)


def _packed(png: bytes) -> bytes:
    """Return the same picture in fewer bytes: with a palette, where no eye sees the difference."""
    picture: Image.Image = Image.open(io.BytesIO(png)).convert("RGBA")
    if picture.getchannel("A").getextrema() == (255, 255):  # nothing shines through
        picture = picture.convert("RGB")
        if picture.getcolors(FEW_COLORS) is not None:
            small = picture.quantize(256, dither=Image.Dither.NONE)
            # The palette serves the many pixels: it may lack the color of one small marker.
            off = ImageChops.difference(picture, small.convert("RGB"))
            if np.asarray(off).max() <= _UNSEEN:
                picture = small
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _as_png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    return base64.b64encode(_packed(buffer.getvalue())).decode("ascii")


def _require_text(name: str, text: str, least: int) -> None:
    if len(text.strip()) < least:
        raise ValueError(
            f"a figure needs {name} of at least {least} characters: say in words what it shows"
        )


def show(
    figure: Figure, *, caption: str, alt: str, raster: bool = False, invert: bool = True
) -> None:
    """Display a figure with its caption and alternative text, and close it.

    Parameters
    ----------
    figure : what :func:`subplots` returned.
    caption : shown below the figure; begins with its number and may hold mathematics.
    alt : what the figure shows, in words, for a reader who cannot see it (20 characters or more).
    raster : send a PNG instead of an SVG: for images and for clouds of many points.
    invert : whether the site may invert the colours in its dark mode (False for photographs).

    Raises
    ------
    ValueError : if the caption or the alternative text is missing.
    """
    try:
        _require_text("a caption", caption, 10)
        _require_text("an alternative text (alt)", alt, _MINIMUM_ALT)
        mime = "image/png" if raster else "image/svg+xml"
        content = _as_png(figure) if raster else _as_svg(figure)
    finally:
        plt.close(figure)
    from IPython.display import display  # noqa: PLC0415  (only a notebook needs IPython)

    pixels = [round(float(inches) * 100) for inches in figure.get_size_inches()]
    about = {"alt": alt, "caption": caption, "invert": invert}
    about |= {"width": pixels[0], "height": pixels[1]}
    display({mime: content, "text/plain": alt}, metadata={mime: about}, raw=True)  # type: ignore[no-untyped-call]
    display({"text/markdown": caption}, metadata={"derived": "caption"}, raw=True)  # type: ignore[no-untyped-call]
