"""Capture and restore the random generators that a run draws from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

__all__ = ["capture", "restore"]


def capture(generators: Sequence[torch.Generator] = ()) -> dict[str, Any]:
    """Return the state of all global generators, and of the given ones, in plain types."""
    name, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    state: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": [name, np.asarray(keys).tolist(), *rest],
        "torch": torch.get_rng_state(),
        "generators": [generator.get_state() for generator in generators],
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore(state: dict[str, Any], generators: Sequence[torch.Generator] = ()) -> None:
    """Undo every draw since ``state`` was captured.

    Raises ValueError if the number of generators differs. The state of an accelerator that this
    machine does not have is left aside: a run continued on another device goes on with other
    random numbers there.
    """
    if len(state["generators"]) != len(generators):
        raise ValueError(
            f"saved with {len(state['generators'])} generators, restored with {len(generators)}"
        )
    random.setstate(state["python"])
    np.random.set_state(tuple(state["numpy"]))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    for generator, saved in zip(generators, state["generators"], strict=True):
        generator.set_state(saved)
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
