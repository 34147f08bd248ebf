"""How much room a page keeps for a figure, so that nothing moves when it is drawn."""

from __future__ import annotations

import traitlets


def height_trait(wide: int, phone: int) -> traitlets.List[int]:
    """Return the trait that holds the pixels to keep free, on a wide page and on a phone.

    Measured when the figure is drawn in its first state; a test compares.
    """
    return traitlets.List(
        traitlets.Int(),
        [wide, phone],
        help="pixels to keep free before the figure is drawn, on a wide page and on a phone",
    ).tag(sync=True)
