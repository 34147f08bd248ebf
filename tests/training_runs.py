"""Training runs in processes of their own, for the tests that kill them or start several.

python training_runs.py killed FOLDER     kill runs at many places, continue, compare bits
accelerate launch … training_runs.py shared FOLDER     the same run in several processes
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

import derived.atomic
from derived.training import History, batches, train

ROWS, BATCH, EPOCHS = 52, 8, 4  # seven batches an epoch, the last one shorter


def examples(rows: int = ROWS, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    inputs = torch.randn(rows, 6, generator=torch.Generator().manual_seed(1)).to(dtype)
    return inputs, (inputs.sum(1) > 0).long()


class Noisy(Dataset[tuple[Tensor, Tensor]]):
    """Augments with random numbers of the global generator, as transforms do."""

    def __init__(self) -> None:
        self.inputs, self.targets = examples()

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.inputs[index] + 0.1 * torch.randn(6), self.targets[index]


def source(kind: str) -> Any:
    """Return batches of each kind that a run can be continued with."""
    generator = torch.Generator().manual_seed(2)
    if kind == "batches":
        return batches(examples(), BATCH, generator)
    if kind == "in order":
        return batches(examples(), BATCH)
    if kind == "loader":
        return DataLoader(TensorDataset(*examples()), BATCH, shuffle=True, generator=generator)
    if kind == "noisy loader":
        return DataLoader(Noisy(), BATCH, shuffle=True)  # its order is drawn globally, too
    if kind == "list":
        inputs, targets = examples()
        return list(zip(inputs.split(BATCH), targets.split(BATCH), strict=True))
    raise ValueError(kind)


KINDS = ("batches", "in order", "loader", "noisy loader", "list")


def run(
    kind: str, checkpoint: Path | None, on_batch: Callable[[int], None] = lambda number: None
) -> tuple[History, list[Tensor]]:
    """Train a network with everything that has a state; return its history and all its bits."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    given = source(kind)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.05, total_steps=EPOCHS * len(given)
    )
    noise = torch.Generator().manual_seed(3)
    calls = 0

    def loss_function(logits: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        on_batch(calls)
        jitter = 0.01 * torch.randn(logits.shape, generator=noise)
        return nn.functional.cross_entropy(logits + jitter, targets)

    def validate(network: nn.Module) -> dict[str, float]:
        inputs, targets = examples()
        noisy = inputs + 0.01 * torch.randn(inputs.shape)  # draws from the global generator
        return {"accuracy": float((network(noisy).argmax(1) == targets).float().mean())}

    options: dict[str, Any] = {"epochs": EPOCHS, "validate": validate, "scheduler": scheduler}
    options |= {"checkpoint": checkpoint, "checkpoint_every": 3 if checkpoint else None}
    options |= {"generators": [noise], "progress": False}
    history = train(model, loss_function, optimizer, given, **options)
    moments = [v for entry in optimizer.state.values() for v in entry.values()]
    return history, [
        *model.state_dict().values(),
        *moments,
        torch.get_rng_state(),
        noise.get_state(),
    ]


def in_child(action: Callable[[], None]) -> int:
    """Run ``action`` in a forked process; return its wait status."""
    process = os.fork()
    if process == 0:
        try:
            action()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(process, 0)[1]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def require_killed(status: int, where: str) -> None:
    if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        raise SystemExit(f"{where}: the run was to be killed, but ended with status {status}")


def require_same(
    kind: str, checkpoint: Path, want: tuple[History, list[Tensor]], where: str
) -> None:
    history, bits = run(kind, checkpoint)
    same = len(bits) == len(want[1]) and all(
        a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(bits, want[1], strict=True)
    )
    told = [(e.number, e.loss, e.metrics) for e in history.epochs]
    if not same or told != [(e.number, e.loss, e.metrics) for e in want[0].epochs]:
        raise SystemExit(f"{where}: the continued run of {kind!r} ended with other bits")
    print(f"same bits: {kind}, {where}")


def killed_at_a_batch(folder: Path) -> None:
    for kind in KINDS:
        want = run(kind, None)
        for number in (1, 5, 7, 8, 28):
            path = folder / f"{kind}-{number}.checkpoint"
            status = in_child(
                lambda k=kind, p=path, n=number: run(k, p, lambda b: b == n and die())
            )
            require_killed(status, f"batch {number}")
            require_same(kind, path, want, f"killed at batch {number}")


def killed_while_writing(folder: Path) -> None:
    want = run("batches", None)
    for function in ("fsync", "replace"):
        path = folder / f"{function}.checkpoint"

        def action(name: str = function, path: Path = path) -> None:
            original, calls = getattr(os, name), 0

            def dying(*arguments: Any) -> Any:
                nonlocal calls
                calls += 1
                return die() if calls == 6 else original(*arguments)

            derived.atomic.os = type("os", (), {**vars(os), name: staticmethod(dying)})
            run("batches", path)

        require_killed(in_child(action), function)
        require_same("batches", path, want, f"killed in os.{function}")


def killed_from_outside(folder: Path) -> None:
    """Kill one run three times at moments that it knows nothing of."""
    want, path = run("batches", None), folder / "outside.checkpoint"
    for moment in (0.05, 0.08, 0.11):
        process = os.fork()
        if process == 0:
            run("batches", path, lambda number: time.sleep(0.01))
            os._exit(0)
        time.sleep(moment)
        os.kill(process, signal.SIGKILL)
        require_killed(os.waitpid(process, 0)[1], f"after {moment} s")
    require_same("batches", path, want, "killed three times from outside")


def shared_run(rows: int, epochs: int, checkpoint: Path | None = None, loader: bool = False) -> Any:
    """Train in float64; return the last batch's gradients, the weights and the losses."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    data, generator = examples(rows, torch.float64), torch.Generator().manual_seed(2)
    given: Any = batches(data, 32, generator)
    if loader:
        given = DataLoader(TensorDataset(*data), 16, shuffle=True, generator=generator)
    loss, every = nn.functional.cross_entropy, 1 if checkpoint else None
    history = train(
        model, loss, optimizer, given, epochs=epochs, checkpoint=checkpoint, checkpoint_every=every,
        progress=False,
    )  # fmt: skip
    parts = [p.grad for p in model.parameters()] + [p.detach() for p in model.parameters()]
    return [part.tolist() for part in parts], history.losses


def shared(folder: Path) -> None:
    """What every process of a shared run does; each writes what it ended with."""
    one_row_left, whole = shared_run(65, 2), shared_run(101, 2)
    shared_run(101, 1, folder / "shared.checkpoint")
    continued = shared_run(101, 2, folder / "shared.checkpoint")
    loader = shared_run(64, 1, loader=True)
    results = {"one row left": one_row_left, "whole": whole, "continued": continued}
    results["loader"] = loader
    process = os.environ.get("RANK", "alone")
    torch.save(results, folder / f"{process}.pt")
    if torch.distributed.is_initialized():
        assert torch.distributed.get_backend() == "gloo"
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "shared":
        shared(where)
    else:
        killed_at_a_batch(where)
        killed_while_writing(where)
        killed_from_outside(where)
