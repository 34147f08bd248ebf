"""Where a training loop takes its batches from, so that it can stop and continue anywhere.

:class:`Batches` is what the labs use: the whole data set lies on the device, and a batch is one
indexing operation. A torch ``DataLoader`` works too; it is continued by replaying its order.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader

from . import random_state

__all__ = ["Batches", "Source", "as_source", "batches"]

Loader: TypeAlias = Collection[Any] | DataLoader[Any]
Pair: TypeAlias = tuple[Tensor, ...]


class Source(Protocol):
    """What the loop needs: an iterable of batches that knows its place.

    rows : examples of the current batch that this process has.
    share : by what its mean loss is to be multiplied, so that the average over the processes is
        the mean over the whole batch. It is 1 where all processes have equally many rows.
    """

    rows: int
    share: float

    def __len__(self) -> int: ...  # noqa: D105
    def __iter__(self) -> Iterator[Any]: ...  # noqa: D105
    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def load_state_dict(self, state: dict[str, Any]) -> None: ...  # noqa: D102
    def settings(self) -> dict[str, Any]: ...  # noqa: D102


class Batches:
    """Mini-batches of tensors that lie on one device, in a fresh random order each epoch.

    Iterating gives one epoch: tuples with one tensor for each of ``tensors``, all of them
    ``batch_size`` rows long but perhaps the last. Every example comes once an epoch.

    Parameters
    ----------
    tensors : tensors of equal length on one device, such as ``(images, labels)``.
    batch_size : rows of a batch, over all processes together.
    generator : draws the order; on the CPU it gives the same order on every device. None keeps
        the order of the tensors.

    Raises
    ------
    ValueError : if there is no tensor, the lengths or devices differ, or a size is not positive.
    """

    def __init__(
        self,
        tensors: Sequence[Tensor],
        batch_size: int,
        generator: torch.Generator | None = None,
    ) -> None:
        """Check the tensors, and start before the first batch."""
        self.tensors = tuple(tensors)
        if not self.tensors or any(not isinstance(t, Tensor) or t.ndim == 0 for t in self.tensors):
            raise ValueError(
                "batches needs one or more tensors with rows, such as (images, labels)"
            )
        lengths = [len(t) for t in self.tensors]
        if len(set(lengths)) > 1 or lengths[0] == 0:
            raise ValueError(f"the tensors must have equally many rows (at least 1), got {lengths}")
        devices = {str(t.device) for t in self.tensors}
        if len(devices) > 1:
            raise ValueError(f"the tensors must lie on one device, got {sorted(devices)}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be an integer ≥ 1, got {batch_size!r}")
        self.batch_size, self.generator = batch_size, generator
        self.rows, self.share = 0, 1.0
        self._process, self._processes = 0, 1
        self._position, self._start = 0, 0  # batches handed out; the first of the next epoch
        self._within_epoch = False
        self._epoch_state: Tensor | None = None  # of the generator, before it drew the order
        self._resumed_state: Tensor | None = None  # of the generator, when the state was saved

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return math.ceil(len(self.tensors[0]) / self.batch_size)

    def shard(self, process: int, processes: int) -> Batches:
        """Return the same batches, of which this process gets every ``processes``-th row.

        Each process must hold a generator in the same state. Together they see each batch once.
        Raises ValueError unless 0 ≤ process < processes.
        """
        if not 0 <= process < processes:
            raise ValueError(f"process must be in 0 … {processes - 1}, got {process}")
        part = Batches(self.tensors, self.batch_size, self.generator)
        part._process, part._processes = process, processes
        # An epoch that was merely looked into, with next(iter(…)), is not continued.
        part._start, part._resumed_state = self._start, self._resumed_state
        return part

    def settings(self) -> dict[str, Any]:
        """Return what batches that continue these must have in common with them."""
        return {
            "kind of batches": "derived.training.batches",
            "number of rows": len(self.tensors[0]),
            "batch size": self.batch_size,
            "random order": self.generator is not None,
        }

    def _order(self) -> Tensor | None:
        if self.generator is None:
            return None
        device = self.generator.device
        order = torch.randperm(len(self.tensors[0]), generator=self.generator, device=device)
        return order.to(self.tensors[0].device)

    def _my_rows(self, position: int, order: Tensor | None) -> Tensor | slice:
        """Return this process's rows of a batch, and note their number and share."""
        low = position * self.batch_size
        high = min(low + self.batch_size, len(self.tensors[0]))
        mine = range(low + self._process, high, self._processes)
        self.rows = len(mine)
        self.share = len(mine) * self._processes / (high - low)
        if not mine:  # fewer rows than processes: take part with a row that counts for nothing
            mine = range(low, low + 1)
        rows = slice(mine.start, mine.stop, mine.step)
        return rows if order is None else order[rows]

    def __iter__(self) -> Iterator[Pair]:
        """Begin an epoch, or continue the one that :meth:`load_state_dict` brought back."""
        start, self._start = self._start, 0
        self._position, self._within_epoch = start, True
        self._epoch_state = None if self.generator is None else self.generator.get_state()
        order = self._order()
        if self._resumed_state is not None and self.generator is not None:
            self.generator.set_state(self._resumed_state)
        self._resumed_state = None
        for position in range(start, len(self)):
            rows = self._my_rows(position, order)
            self._position = position + 1
            yield tuple(tensor[rows] for tensor in self.tensors)
        self._position, self._within_epoch = 0, False

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the epoch, and the generator's states then and now."""
        now = None if self.generator is None else self.generator.get_state()
        if not self._within_epoch:
            return {"position": self._start, "epoch": now, "now": self._resumed_state}
        return {"position": self._position, "epoch": self._epoch_state, "now": now}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue, at the next iteration, with the batch after the last one handed out.

        Raises ValueError if the state is not one of batches like these.
        """
        if not 0 <= state["position"] <= len(self):
            raise ValueError(f"no batch {state['position']} in an epoch of {len(self)}")
        if (state["epoch"] is None) != (self.generator is None):
            raise ValueError(
                "the state was saved with a generator and this has none, or vice versa"
            )
        self._start, self._resumed_state = state["position"], state["now"]
        self._within_epoch = False
        if self.generator is not None:
            self.generator.set_state(state["epoch"])


def batches(
    tensors: Sequence[Tensor], batch_size: int, generator: torch.Generator | None = None
) -> Batches:
    """Return the mini-batches of tensors that lie on one device; see :class:`Batches`."""
    return Batches(tensors, batch_size, generator)


class _Replayed:
    """Gives a DataLoader, or another iterable of batches, a place that can be saved.

    A DataLoader cannot be entered in the middle, so an epoch is continued by drawing it again
    from the random states at its start, and dropping the batches that were seen. The states at the
    interruption are restored before the next batch is fetched, so that augmentations repeat too.
    """

    def __init__(self, loader: Loader, device: torch.device) -> None:
        self._loader, self._device = loader, device
        self.rows, self.share = 0, 1.0
        self._position = 0
        self._epoch_state: dict[str, Any] | None = None
        self._resume: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self._loader)

    @property
    def _generators(self) -> list[torch.Generator]:
        owners = [self._loader, getattr(self._loader, "sampler", None)]
        owners += [getattr(getattr(self._loader, "batch_sampler", None), "sampler", None)]
        found = {id(g): g for g in (getattr(o, "generator", None) for o in owners)}
        return [g for g in found.values() if isinstance(g, torch.Generator)]

    def settings(self) -> dict[str, Any]:
        return {
            "kind of batches": type(self._loader).__name__,
            "batch size": getattr(self._loader, "batch_size", None),
            "order of the batches": type(getattr(self._loader, "sampler", None)).__name__,
            "number of the batches' generators": len(self._generators),
        }

    def __iter__(self) -> Iterator[Any]:
        resume, self._resume = self._resume, None
        if resume is not None:
            random_state.restore(resume["epoch"], self._generators)
        self._epoch_state = random_state.capture(self._generators)
        iterator = iter(self._loader)
        self._position = 0
        if resume is not None:
            for _ in range(resume["position"]):
                next(iterator)
            self._position = resume["position"]
            if resume["now"] is not None:
                random_state.restore(resume["now"], self._generators)
        for batch in iterator:
            self._position += 1
            on_device = tuple(part.to(self._device, non_blocking=True) for part in batch)
            self.rows = len(on_device[0])
            yield on_device
        self._position, self._epoch_state = 0, None

    def state_dict(self) -> dict[str, Any]:
        now = random_state.capture(self._generators)
        if self._epoch_state is None:  # the next epoch has drawn nothing yet
            return {"position": 0, "epoch": now, "now": None}
        return {"position": self._position, "epoch": self._epoch_state, "now": now}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._resume = state


def as_source(given: Any, accelerator: Accelerator) -> Source:
    """Return what the loop iterates: this process's part of the batches, on its device.

    Raises TypeError for something that cannot be iterated anew each epoch, or that cannot be
    divided among several processes.
    """
    process, processes = accelerator.process_index, accelerator.num_processes
    if isinstance(given, Batches):
        if given.tensors[0].device.type != accelerator.device.type:
            raise ValueError(
                f"the batches lie on {given.tensors[0].device} and the model on "
                f"{accelerator.device}: make both on the profile's device"
            )
        return given.shard(process, processes)
    if isinstance(given, DataLoader) and processes > 1:
        # Accelerate divides it, but fetches a batch ahead: a continued run then sees the same
        # examples in the same order, yet other random numbers drawn within the data set.
        return _Replayed(accelerator.prepare_data_loader(given), accelerator.device)
    if not hasattr(given, "__len__") or isinstance(given, Iterator):
        raise TypeError(
            "batches must be derived.training.batches(…), a DataLoader or a list of "
            f"(inputs, targets), which can be iterated every epoch; got {type(given).__name__}"
        )
    if len(given) == 0:
        raise ValueError("batches is empty: there is nothing to train on")
    if processes > 1:
        raise TypeError("with several processes, give derived.training.batches(…) or a DataLoader")
    return _Replayed(given, accelerator.device)
