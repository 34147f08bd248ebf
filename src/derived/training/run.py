"""The bookkeeping around the training loop, so that the loop itself stays short."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast_object_list, gather_object
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from tqdm import tqdm

from . import checkpoint as checkpoints
from . import random_state
from .fingerprint import fingerprint
from .history import Epoch, History
from .sources import Source

__all__ = ["MixedPrecision", "Run", "Validate", "make_accelerator", "require_trainable"]

MixedPrecision: TypeAlias = Literal["no", "bf16", "fp16"]
Validate: TypeAlias = Callable[[nn.Module], Mapping[str, float]]

_SAVED = ("fingerprint", "model", "optimizer", "scheduler", "scaler", "history", "processes")

# What prepare_model leaves on a module. It is taken away after each run, or else a second run in
# other precision, or with several processes, would find the module "prepared" and do nothing.
_ACCELERATE_MARKS = ("forward", "_original_forward", "_is_accelerate_prepared")


def make_accelerator(model: nn.Module, mixed_precision: MixedPrecision) -> Accelerator:
    """Return Accelerate's view of this process, for the kind of device that the model is on.

    Raises ValueError for an unknown precision, a model without parameters, or one that is spread
    over several devices.
    """
    if mixed_precision not in ("no", "bf16", "fp16"):
        raise ValueError(f'mixed_precision must be "no", "bf16" or "fp16", got {mixed_precision!r}')
    kinds = {parameter.device.type for parameter in model.parameters()}
    if len(kinds) != 1:
        raise ValueError(
            f"the model's parameters must be on one kind of device, got {sorted(kinds)}"
        )
    on_cpu = kinds == {"cpu"}
    known = AcceleratorState._shared_state
    if known and (
        known.get("_mixed_precision") != mixed_precision
        or (known["device"].type == "cpu") != on_cpu
    ):
        # Accelerate keeps its first settings for the life of the process; a notebook trains one
        # model on the CPU and the next one, in other precision, on the GPU.
        AcceleratorState._reset_state(reset_partial_state=not torch.distributed.is_initialized())
    return Accelerator(mixed_precision=mixed_precision, cpu=on_cpu)


def require_trainable(
    model: nn.Module, optimizer: Optimizer, scheduler: LRScheduler | None
) -> None:
    """Raise ValueError for what would train nothing without a word.

    That is an optimizer of another model's parameters, or a scheduler of another optimizer: a cell
    of a notebook made the one anew, and not the other.
    """
    trained = {id(part) for group in optimizer.param_groups for part in group["params"]}
    if not any(id(parameter) in trained for parameter in model.parameters()):
        raise ValueError(
            "the optimizer holds none of the model's parameters, so nothing would be trained: "
            "make it anew, from model.parameters(), after the model"
        )
    # Accelerate's scheduler holds the one it wraps; a chain or a sequence has its parts' optimizer.
    moved = getattr(getattr(scheduler, "scheduler", scheduler), "optimizer", None)
    if moved is not None and _unwrapped(moved) is not _unwrapped(optimizer):
        raise ValueError(
            "the scheduler belongs to another optimizer, so the learning rate would not move: "
            "make it anew, from this optimizer"
        )


def _unwrapped(optimizer: Any) -> Any:
    """Return the optimizer within Accelerate's, or within another one's, wrapper."""
    while hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    return optimizer


@dataclass
class Run:
    """One run of the loop: what is trained, how far it is, and where that is written."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: LRScheduler | None
    source: Source
    accelerator: Accelerator
    checkpoint: Path | None
    checkpoint_every: int | None
    generators: Sequence[torch.Generator]
    history: History = field(default_factory=History)
    _batch: int = 0  # batches since the beginning of the run
    _loss: Tensor | float = 0.0  # sum over this process's examples of the epoch
    _examples: int = 0
    _earlier_seconds: float = 0.0  # of this epoch, before an interruption

    def __post_init__(self) -> None:
        """Note what a checkpoint must have in common, before the scheduler moves anything."""
        # torch.compile wraps the module and renames its parameters; the file keeps their own names.
        self._module: nn.Module = getattr(self.model, "_orig_mod", self.model)
        settings = {
            "number of batches in an epoch": len(self.source),
            "number of processes": self.accelerator.num_processes,
            "mixed precision": self.accelerator.mixed_precision,
            "number of generators": len(self.generators),
            **self.source.settings(),
        }
        # Only for a checkpoint: a scheduler of builtin functions trains, but has no state to show.
        self._fingerprint: dict[str, Any] = {}
        if self.checkpoint is not None:
            self._fingerprint = fingerprint(self._module, self.optimizer, self.scheduler, settings)
        self._since = time.perf_counter()

    @contextmanager
    def prepared(
        self, epochs: int, progress: bool
    ) -> Iterator[tuple[nn.Module, AcceleratedOptimizer, Any]]:
        """Lend the loop the model and optimizer as Accelerate wraps them, and a progress bar.

        Afterwards the model is as it was: its own ``forward``, each of its modules in its own mode.
        """
        modes = [(module, module.training) for module in self.model.modules()]
        marks = {name: self.model.__dict__.get(name) for name in _ACCELERATE_MARKS}
        network = self.accelerator.prepare_model(self.model)
        optimizer = self.accelerator.prepare_optimizer(self.optimizer)
        hidden = not progress or not self.accelerator.is_local_main_process
        total = epochs * len(self.source)
        bar = tqdm(total=total, initial=self._batch, unit="batch", leave=False, disable=hidden)
        self._since = time.perf_counter()
        try:
            yield network, optimizer, bar
        finally:
            bar.close()
            for name, value in marks.items():
                self.model.__dict__.pop(name, None)
                if value is not None:
                    self.model.__dict__[name] = value
            for module, was_training in modes:  # train() would set the parts of each module, too
                module.training = was_training

    def count(self, loss: Tensor, bar: Any) -> None:
        """Add one batch to the running loss; write a checkpoint where one is due.

        The loss stays on its device: reading it after every batch would stall a GPU.
        """
        # In half precision a growing sum soon swallows what is added.
        precise = torch.promote_types(loss.dtype, torch.float32)
        self._loss = self._loss + loss.detach().to(precise) * self.source.rows
        self._examples += self.source.rows
        self._batch += 1
        bar.update()
        if self.checkpoint_every and self._batch % self.checkpoint_every == 0:
            self.save()

    def finish_epoch(self, validate: Validate | None, bar: Any) -> None:
        """Validate, extend the history, and write the checkpoint of a finished epoch."""
        self.model.eval()
        with torch.no_grad():
            measured = validate(self.model) if validate is not None else {}
        if not isinstance(measured, Mapping):
            raise TypeError('validate must return named numbers, such as {"accuracy": 0.98}')
        metrics = {str(name): float(value) for name, value in measured.items()}
        device = self.accelerator.device
        sums = torch.stack(
            [torch.as_tensor(part, device=device) for part in (self._loss, float(self._examples))]
        )
        loss, examples = self.accelerator.reduce(sums, "sum").tolist()
        seconds = self._earlier_seconds + time.perf_counter() - self._since
        number = len(self.history) + 1
        self.history.epochs.append(Epoch(number, loss / examples, metrics, seconds))
        self._loss, self._examples, self._earlier_seconds = 0.0, 0, 0.0
        self._since = time.perf_counter()
        bar.set_postfix({"epoch": number, "loss": loss / examples, **metrics}, refresh=False)
        self.save()

    def save(self) -> None:
        """Write the checkpoint, if there is to be one; each process adds its own random state."""
        if self.checkpoint is None:
            return
        mine = {
            "random": random_state.capture(self.generators),
            "source": self.source.state_dict(),
            "loss": float(self._loss),
            "examples": self._examples,
        }
        everyone = gather_object([mine])
        if not self.accelerator.is_main_process:
            return
        scaler, scheduler = self.accelerator.scaler, self.scheduler
        state = {
            "fingerprint": self._fingerprint,
            "model": self._module.state_dict(),
            "optimizer": checkpoints.plain(self.optimizer.state_dict()),
            "scheduler": checkpoints.plain(scheduler.state_dict()) if scheduler else None,
            "scaler": scaler.state_dict() if scaler is not None else None,
            "history": self.history.state_dict(),
            "batch": self._batch,
            "seconds": self._earlier_seconds + time.perf_counter() - self._since,
            "processes": everyone,
        }
        checkpoints.save(self.checkpoint, state)

    def _load(self) -> dict[str, Any] | None:
        """Return what the main process finds in the file, so that all continue from one state."""
        if self.checkpoint is None:
            return None
        found: list[Any] = [None]
        if self.accelerator.is_main_process:
            try:
                found = [checkpoints.load(self.checkpoint, _SAVED)]
            except checkpoints.CheckpointError as error:
                found = [error]
        broadcast_object_list(found)
        if isinstance(found[0], checkpoints.CheckpointError):
            raise found[0]
        state: dict[str, Any] | None = found[0]
        return state

    def resume(self, epochs: int) -> None:
        """Bring back what the checkpoint holds, if there is one.

        Nothing is changed unless the checkpoint fits. Raises CheckpointError if it does not.
        """
        state = self._load()
        if self.checkpoint is None or state is None:
            return
        checkpoints.require_same(self.checkpoint, state["fingerprint"], self._fingerprint)
        history = History.from_state_dict(state["history"])
        # Every batch gives the first process at least one example.
        within_epoch = state["processes"][0]["examples"] > 0
        if len(history) + within_epoch > epochs:
            held = f"{len(history)} epochs" + (" and part of the next" if within_epoch else "")
            raise checkpoints.CheckpointError(
                f"the checkpoint {self.checkpoint} already holds {held}, more than "
                f"the {epochs} asked for; ask for more, delete the file, or give another path"
            )
        self._module.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        mine = state["processes"][self.accelerator.process_index]
        random_state.restore(mine["random"], self.generators)
        # Last: it may share a generator with them, and sets it to where the epoch began.
        self.source.load_state_dict(mine["source"])
        self._loss, self._examples = mine["loss"], mine["examples"]
        self._batch, self._earlier_seconds = state["batch"], state["seconds"]
        self.history = history
