"""One file that holds everything a run needs to continue as if nothing had happened.

The file is written atomically and begins with the SHA-256 of what follows, so that a damaged one
is recognised; it is read with ``weights_only=True``, so that a foreign one cannot run code.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..atomic import write_atomically

__all__ = ["CheckpointError", "load", "plain", "require_same", "save"]

_MAGIC = b"derived.training checkpoint 1\n"
_REMEDY = "delete the file to start anew, or give another path"


class CheckpointError(RuntimeError):
    """A checkpoint cannot be used; the message says why, and what to do."""


def plain(value: Any) -> Any:
    """Return the same numbers without NumPy, in which a file read safely cannot hold them.

    A learning rate from ``np.logspace`` takes them into an optimizer's and a scheduler's state.
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        pairs = {plain(key): plain(part) for key, part in value.items()}
        # MultiStepLR counts its milestones, and needs a Counter back.
        return Counter(pairs) if isinstance(value, Counter) else pairs
    if type(value) in (list, tuple):
        return type(value)(plain(part) for part in value)
    return value


def require_same(path: Path, saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Raise CheckpointError, which names the first difference, unless both are equal."""
    for key in [*current, *saved]:
        before, now = saved.get(key, "absent"), current.get(key, "absent")
        if before != now:
            raise CheckpointError(
                f"the checkpoint {path} belongs to another run: {key} was {before}, "
                f"and is now {now}; {_REMEDY}"
            )


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint: a process killed at any moment leaves the old one or the new one.

    Raises CheckpointError if the file cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    content = buffer.getvalue()
    try:
        write_atomically(path, _MAGIC + hashlib.sha256(content).digest() + content)
    except OSError as error:
        raise CheckpointError(f"cannot write the checkpoint {path}: {error.strerror}") from error


def load(path: Path, needed: Sequence[str]) -> dict[str, Any] | None:
    """Return the state that :func:`save` wrote, on the CPU; None if there is no file.

    Raises CheckpointError if the file is not a checkpoint, is damaged, or lacks a ``needed`` key.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    if not content.startswith(_MAGIC):
        raise CheckpointError(f"{path} is not a checkpoint of derived.training; {_REMEDY}")
    start = len(_MAGIC) + hashlib.sha256().digest_size
    if hashlib.sha256(content[start:]).digest() != content[len(_MAGIC) : start]:
        raise CheckpointError(f"the checkpoint {path} is damaged or cut short; {_REMEDY}")
    try:
        state = torch.load(io.BytesIO(content[start:]), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise CheckpointError(f"the checkpoint {path} cannot be read; {_REMEDY}") from error
    missing = [key for key in needed if not isinstance(state, dict) or key not in state]
    if missing:
        raise CheckpointError(f"the checkpoint {path} lacks {missing}; {_REMEDY}")
    return dict(state)
