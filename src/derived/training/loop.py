"""The training loop of the book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .history import History
from .run import MixedPrecision, Run, Validate, make_accelerator, require_trainable
from .sources import as_source

__all__ = ["train"]


def train(  # noqa: PLR0913  (all but the first four are named)
    model: nn.Module,
    loss_function: Callable[[Any, Any], Tensor],
    optimizer: Optimizer,
    batches: Any,
    *,
    epochs: int,
    validate: Validate | None = None,
    scheduler: LRScheduler | None = None,
    checkpoint: Path | str | None = None,
    checkpoint_every: int | None = None,
    generators: Sequence[torch.Generator] = (),
    mixed_precision: MixedPrecision = "no",
    progress: bool = True,
) -> History:
    """Train ``model`` in place, and return what each epoch reached.

    The run takes place where the model's parameters are: on the CPU, or on the accelerator that
    Hugging Face Accelerate gives to this process. Started by ``accelerate launch``, every process
    takes its share of each batch and the gradients are averaged; they equal those of one process.

    Parameters
    ----------
    model : a module on its device.
    loss_function : ``loss_function(model(inputs), targets)`` is the mean loss over the rows.
    optimizer : of the model's parameters.
    batches : ``derived.training.batches(…)``, a DataLoader, or a list, of ``(inputs, targets)``.
    epochs : passes through the data, those of an interrupted run that is continued included.
    validate : called after each epoch with the model in evaluation mode and without gradients;
        returns named numbers.
    scheduler : stepped after every batch.
    checkpoint : a file to continue from, if it exists, and to write at the end of every epoch.
        Of several processes the main one reads and writes it.
    checkpoint_every : write it after every so many batches, too.
    generators : further generators that the model or the loss draws from, to be saved with it.
    mixed_precision : ``"no"``, ``"bf16"`` or ``"fp16"``.
    progress : whether to show a progress bar.

    Returns
    -------
    History : with the epochs before an interruption. A continued run ends, on the CPU, with the
        very bits that the uninterrupted one ends with.

    Raises
    ------
    CheckpointError : if the checkpoint is damaged or belongs to another run.
    ValueError, TypeError : if an argument cannot be used, such as an optimizer of another model's
        parameters or a scheduler of another optimizer; the message says what to give.
    """
    _require_counts(epochs, checkpoint, checkpoint_every)
    accelerator = make_accelerator(model, mixed_precision)
    require_trainable(model, optimizer, scheduler)
    source = as_source(batches, accelerator)
    path = Path(checkpoint) if checkpoint is not None else None
    run = Run(model, optimizer, scheduler, source, accelerator, path, checkpoint_every, generators)
    run.resume(epochs)
    with run.prepared(epochs, progress) as (network, stepper, bar):
        while len(run.history) < epochs:
            network.train()
            for inputs, targets in source:
                stepper.zero_grad()
                loss = loss_function(network(inputs), targets)
                accelerator.backward(loss * source.share)
                stepper.step()
                if scheduler is not None and not stepper.step_was_skipped:
                    scheduler.step()
                run.count(loss, bar)
            run.finish_epoch(validate, bar)
    return run.history


def _require_counts(epochs: int, checkpoint: Path | str | None, every: int | None) -> None:
    for name, count in (("epochs", epochs), ("checkpoint_every", every)):
        if count is None:
            continue
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"{name} must be an integer ≥ 1, got {count!r}")
    if every is not None and checkpoint is None:
        raise ValueError("checkpoint_every needs a checkpoint file: checkpoint=Path(…)")
