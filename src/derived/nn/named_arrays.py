"""The parameters of a layer by name, and its gradients by the same names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

import numpy as np
from numpy.typing import ArrayLike

from derived.nn.arrays import Array

__all__ = ["NamedArrays"]


class NamedArrays(MutableMapping[str, Array]):
    """A dictionary of arrays whose names are fixed and whose arrays stay where they are.

    Assigning to a name copies the values *into* its array. A container of layers and an optimizer
    hold references to the same arrays; replacing one would silently leave them with a stale copy.

    Parameters
    ----------
    arrays : name → array of any shape; the arrays are kept, not copied.
    """

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        """Keep the arrays under their names."""
        self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> Array:
        """Return the array itself: changing it in place changes the layer."""
        return self._arrays[name]

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        """Copy ``values`` into the array ``name``.

        Raises
        ------
        KeyError : if there is no such name.
        ValueError : if the shape differs (nothing is broadcast).
        """
        if name not in self._arrays:
            raise KeyError(f"there is no array {name!r}; the names are {sorted(self._arrays)}")
        array, new = self._arrays[name], np.asarray(values)
        if new.shape != array.shape:
            raise ValueError(f"{name!r} has shape {array.shape}, the new values {new.shape}")
        array[...] = new

    def __delitem__(self, name: str) -> None:
        """Refuse: the names are fixed (raises TypeError)."""
        raise TypeError(f"cannot delete {name!r}: the names are fixed")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order in which the layer uses them."""
        return iter(self._arrays)

    def __len__(self) -> int:
        """Return how many arrays there are."""
        return len(self._arrays)

    def __repr__(self) -> str:
        """Show names and shapes."""
        return ", ".join(f"{name} {array.shape}" for name, array in self.items())
