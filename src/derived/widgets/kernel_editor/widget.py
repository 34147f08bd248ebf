"""The Python side of the kernel editor: a picture, a kernel and how it slides, validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from derived.widgets.arguments import Checks, array, checked, integer, one_of, validator
from derived.widgets.bundler import bundle, style
from derived.widgets.height import height_trait

_HERE = Path(__file__).parent

#: Names of the kernels that the page holds, in `presets.js`.
PRESETS = (
    "identity",
    "average",
    "gaussian",
    "prewitt-vertical",
    "prewitt-horizontal",
    "sobel-vertical",
    "sobel-horizontal",
    "high-pass",
    "sharpen",
    "sharpen-low",
    "emboss",
    "average-5",
    "gaussian-5",
    "laplacian-of-gaussian-5",
)
PADDINGS = ("valid", "same", "full")
OPERATIONS = ("cross-correlation", "convolution")
SMALLEST, LARGEST = 8, 64
MOST_STRIDE = 4
LIMIT = 1000.0


def _checked_picture(picture: ArrayLike) -> list[list[float]]:
    rows = array("picture", picture, (None, None), LIMIT)
    shape = np.shape(picture)
    if not all(SMALLEST <= side <= LARGEST for side in shape):
        raise ValueError(
            f"picture has shape {shape}; pass from {SMALLEST} to {LARGEST} rows and columns"
        )
    return [[round(value, 4) for value in row] for row in rows]


def _checked_kernel(kernel: ArrayLike) -> list[list[float]]:
    rows = array("kernel", kernel, (None, None), 100.0)
    shape = np.shape(kernel)
    if shape not in ((3, 3), (5, 5)):
        raise ValueError(f"kernel has shape {shape}; pass (3, 3) or (5, 5)")
    return rows


_CHECKS: Checks = {
    "picture": _checked_picture,
    "kernel": lambda value: _checked_kernel(value) if value else [],
    "preset": lambda value: one_of("preset", value, (*PRESETS, "custom")),
    "stride": lambda value: integer("stride", value, 1, MOST_STRIDE),
    "padding": lambda value: one_of("padding", value, PADDINGS),
    "operation": lambda value: one_of("operation", value, OPERATIONS),
}


def _house() -> list[list[float]]:
    """A picture with edges of every direction: a house, a sun, and a sky that fades; (28, 28)."""
    row, column = np.mgrid[0:28, 0:28]
    picture = 0.85 - 0.012 * row
    picture[(row - 5.5) ** 2 + (column - 21.5) ** 2 <= 12] = 1.0
    picture[(row >= 8) & (row < 15) & (np.abs(column - 10.5) <= row - 7)] = 0.25
    picture[(row >= 15) & (row < 24) & (column >= 5) & (column <= 16)] = 0.6
    picture[(row >= 17) & (row < 20) & (column >= 7) & (column <= 9)] = 0.05
    picture[(row >= 18) & (row < 24) & (column >= 12) & (column <= 14)] = 0.15
    picture[row >= 24] = 0.4
    fence = (row >= 19) & (row < 24) & (column >= 19)
    picture[fence & (column % 3 != 0)] = 0.1
    return _checked_picture(picture)


class KernelEditor(anywidget.AnyWidget):
    """A kernel slides over a picture: edit its numbers, and see where each output comes from.

    The output is computed in the page while the reader edits: one number for each place of the
    window, the sum of the products of the picture's patch with the kernel. For the chosen place
    (pointed at, or moved with the arrow keys) the patch, the kernel as it lies on the patch, the
    products and their sum are shown as numbers.
    "cross-correlation" is what `derived.nn.Conv2d` computes; "convolution" turns the kernel by
    180 degrees first. Pixels outside the picture are 0.
    With a kernel of Jupyter, the traits `kernel`, `stride`, `padding`, `operation`, `place` and
    `output` follow what the reader does.

    Parameters
    ----------
    picture
        (H, W) numbers, from 8 to 64 rows and columns, each from -1000 to 1000; kept to four
        decimals. A drawn house unless given; ``digits().train_images[0].reshape(8, 8)`` is a
        digit.
    kernel
        Name of a preset: "identity", "average", "gaussian", "prewitt-vertical",
        "prewitt-horizontal", "sobel-vertical", "sobel-horizontal", "high-pass", "sharpen",
        "sharpen-low", "emboss", "average-5", "gaussian-5" or "laplacian-of-gaussian-5"; or an
        array of your own of shape (3, 3) or (5, 5) with numbers from -100 to 100.
        "vertical" finds vertical edges, that is, changes along a row.
    stride
        From one place of the window to the next, from 1 to 4.
    padding
        "valid" (none), "same" (at stride 1 the output has the picture's size) or "full" (the
        window touches the picture with one number). With a stride s every s-th place is kept.
    operation
        "cross-correlation" or "convolution".
    **options
        Traits that every widget has, such as ``layout``.

    Raises
    ------
    ValueError
        If a shape, a number or a name is not as described.
    """

    _esm = bundle(_HERE / "kernel_editor.js")
    _css = style(_HERE / "kernel_editor.css")

    picture = traitlets.List(traitlets.List(), help="(H, W) rows").tag(sync=True)
    preset = traitlets.Unicode("sobel-vertical", help="name, or 'custom'").tag(sync=True)
    kernel = traitlets.List(
        traitlets.List(), help="(k, k) rows; read where preset is 'custom', written by the page"
    ).tag(sync=True)
    stride = traitlets.Int(1).tag(sync=True)
    padding = traitlets.Unicode("valid").tag(sync=True)
    operation = traitlets.Unicode("cross-correlation").tag(sync=True)
    place = traitlets.List(
        traitlets.Int(), help="[row, column] of the output; written by the page"
    ).tag(sync=True)
    output = traitlets.List(traitlets.List(), help="(H', W') rows; written by the page").tag(
        sync=True
    )

    reserved_height = height_trait(wide=775, phone=1260)

    def __init__(
        self,
        picture: ArrayLike | None = None,
        kernel: str | ArrayLike = "sobel-vertical",
        *,
        stride: int = 1,
        padding: str = "valid",
        operation: str = "cross-correlation",
        **options: Any,
    ) -> None:
        """Check the configuration; the class says what each argument may be."""
        named = isinstance(kernel, str)
        chosen = checked(
            _CHECKS,
            picture=_house() if picture is None else picture,
            preset=one_of("kernel", kernel, PRESETS) if isinstance(kernel, str) else "custom",
            stride=stride,
            padding=padding,
            operation=operation,
        )
        super().__init__(
            kernel=[] if named else _checked_kernel(kernel),
            **chosen,
            **options,
        )

    _validate_configuration = validator(_CHECKS)

    def __repr__(self) -> str:
        """Short and free of addresses: it is stored in notebooks and compared."""
        shape = f"{len(self.picture)}×{len(self.picture[0])}"
        return f"KernelEditor({shape}, kernel={self.preset!r}, padding={self.padding!r})"
