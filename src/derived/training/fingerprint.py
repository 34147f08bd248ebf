"""What two runs must have in common for one to continue the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .checkpoint import plain

__all__ = ["fingerprint"]

# A scheduler does not say which of its attributes are constants; these, of torch's, are not.
_MOVING = {"last_epoch", "_step_count", "_last_lr", "_get_lr_called_within_step", "_is_initial"}
_MOVING |= {"_initial_step", "T_cur", "T_i", "_schedulers"}

_LARGEST_SHOWN_TENSOR = 64


def fingerprint(
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what two runs must have in common, in plain types that no process changes."""
    shapes = {
        name: f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
        for name, value in model.state_dict().items()
        if isinstance(value, torch.Tensor)
    }
    return {
        **{f"model's {name}": shape for name, shape in shapes.items()},
        **_modules(model),
        **_hyperparameters(optimizer),
        "optimizer": type(optimizer).__name__,
        "scheduler": type(scheduler).__name__ if scheduler is not None else "none",
        **(_constants(scheduler, "scheduler's") if scheduler is not None else {}),
        **settings,
    }


def _modules(model: nn.Module) -> dict[str, str]:
    """Return each module's type and settings: weights of a tanh network fit one of ReLUs, too."""
    return {
        f"module {name or '(the whole model)'}": _without_addresses(
            f"{type(part).__name__}({part.extra_repr()})"
        )
        for name, part in model.named_modules()
    }


def _hyperparameters(optimizer: Optimizer) -> dict[str, str]:
    found = {}
    for number, group in enumerate(optimizer.param_groups):
        # A scheduler moves these as it goes; "initial_lr" is then what was asked for.
        moving = {"lr", "momentum", "betas"} if "initial_lr" in group else set()
        for name in sorted(set(group) - {"params"} - moving):
            found[f"optimizer's {name} (group {number})"] = _shown(plain(group[name]))
        found[f"optimizer's parameters (group {number})"] = str(len(group["params"]))
    return found


def _constants(scheduler: LRScheduler, owner: str) -> dict[str, str]:
    """Return what a scheduler was made with: loading its state would replace it silently."""
    state = plain(scheduler.state_dict())
    # The first difference is the one that is told: names that a reader knows come first.
    keys = sorted(set(state) - _MOVING, key=lambda key: (key.startswith("_"), key))
    found = {f"{owner} {key}": _shown(state[key]) for key in keys}
    # The parts of a chain or a sequence have states of their own.
    for number, part in enumerate(getattr(scheduler, "_schedulers", ())):
        found[f"{owner} part {number}"] = type(part).__name__
        found |= _constants(part, f"{owner} part {number}'s")
    return found


def _shown(value: Any) -> str:
    """Return a text that is the same in every process; other objects are shown by their type."""
    if isinstance(value, torch.Tensor):
        small = value.numel() <= _LARGEST_SHOWN_TENSOR
        return repr(value.tolist()) if small else f"Tensor {tuple(value.shape)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_shown(k)}: {_shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shown, value)) + ")"
    if value is None or isinstance(value, (bool, int, float, complex, str)):
        return repr(value)
    return type(value).__name__


def _without_addresses(text: str) -> str:
    # The representation of a function or object ends "at 0x7f…", elsewhere in every process.
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)
