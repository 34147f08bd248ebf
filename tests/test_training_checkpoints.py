"""Checkpoints: continued, of another run, damaged, hostile."""

from __future__ import annotations

import contextlib
import hashlib
import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader, TensorDataset

from derived.training import CheckpointError, batches, train
from derived.training import checkpoint as checkpoints
from derived.training.fingerprint import fingerprint

from .small_training import data, fit, generator, network, sgd


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "run.checkpoint"


def test_more_epochs_continue_and_the_same_number_returns_the_history(path):
    straight, model, again = network(), network(), network()
    want = fit(straight, epochs=3, validate=lambda m: {"one": 1})
    fit(model, epochs=1, checkpoint=path, validate=lambda m: {"one": 1})
    history = fit(again, epochs=3, checkpoint=str(path), validate=lambda m: {"one": 1})
    assert history.losses == want.losses and history.metric("one") == [1.0] * 3
    assert all(
        torch.equal(a, b) for a, b in zip(again.parameters(), straight.parameters(), strict=True)
    )
    untouched = path.read_bytes()
    finished = network()
    assert fit(finished, epochs=3, checkpoint=path).losses == want.losses
    assert torch.equal(finished[0].weight, straight[0].weight)
    assert path.read_bytes() == untouched
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_fewer_epochs_than_there_are_is_an_error(path):
    fit(epochs=2, checkpoint=path)
    with pytest.raises(CheckpointError, match="already holds 2 epochs, more than the 1"):
        fit(epochs=1, checkpoint=path)


def test_a_run_with_a_scheduler_can_be_called_again_with_the_same_objects(path):
    model = network()
    optimizer = sgd(model)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=6)
    first = fit(model, optimizer, scheduler=scheduler, epochs=2, checkpoint=path)
    again = fit(model, optimizer, scheduler=scheduler, epochs=2, checkpoint=path)
    assert again == first


def _deeper(model: nn.Module):
    return {"model": nn.Sequential(*network(), nn.ReLU(), nn.Linear(2, 2))}


def _adam(model: nn.Module):
    return {"optimizer": torch.optim.Adam(model.parameters(), 0.1)}


def _rectified(model: nn.Module):
    model[1] = nn.ReLU()
    return {"model": model}


def _loader(model: nn.Module):
    return {"source": DataLoader(TensorDataset(*data()), 8, shuffle=True)}


FOREIGN = {
    "learning rate": (lambda m: {"optimizer": sgd(m, 0.2)}, r"lr .* was 0\.1, and is now 0\.2"),
    "optimizer": (_adam, "optimizer"),
    "width": (lambda m: {"model": network(5)}, r"0\.weight was \(4, 3\) float32.*\(5, 3\)"),
    "dtype": (lambda m: {"model": network().double()}, r"float32, and is now .*float64"),
    "layer": (_deeper, "absent"),
    "activation": (_rectified, r"module 1 was Tanh\(\), and is now ReLU\(\)"),
    "order": (lambda m: {"source": batches(data(), 8)}, "random order was True, and is now False"),
    "batch size": (lambda m: {"source": batches(data(), 9, generator())}, "size was 8.*now 9"),
    "rows": (lambda m: {"source": batches(data(21), 8, generator())}, "rows was 20, .*now 21"),
    "loader": (_loader, "kind of batches was derived.*, and is now DataLoader"),
    "generators": (lambda m: {"generators": [generator()]}, "generators was 0, and is now 1"),
    "batches": (lambda m: {"source": batches(data(), 5, generator())}, "was 3, and is now 4"),
    "precision": (lambda m: {"mixed_precision": "bf16"}, "was no, and is now bf16"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_checkpoint_of_another_run_is_refused_before_anything_changes(path, name):
    fit(epochs=1, checkpoint=path)
    change, message = FOREIGN[name]
    model = network()
    options = {"model": model, **change(model)}
    before = [p.clone() for p in options["model"].parameters()]
    content = path.read_bytes()
    with pytest.raises(CheckpointError, match=message) as caught:
        fit(**options, epochs=2, checkpoint=path)
    assert str(path) in str(caught.value) and "delete the file" in str(caught.value)
    after = options["model"].parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "other",
    [
        lambda: batches(data(), 8, generator()),
        lambda: DataLoader(TensorDataset(*data()), 8),
        lambda: DataLoader(TensorDataset(*data()), 8, shuffle=True, generator=generator()),
    ],
)
def test_a_checkpoint_of_a_loader_is_not_continued_by_other_batches(path, other):
    fit(epochs=1, checkpoint=path, source=_loader(network())["source"])
    model = network()
    with pytest.raises(CheckpointError, match="belongs to another run"):
        fit(model, epochs=2, checkpoint=path, source=other())
    assert torch.equal(model[0].weight, network()[0].weight)


def _scheduled(path, make, epochs=2, seed_lr=0.1):
    model = network()
    optimizer = sgd(model, seed_lr)
    fit(model, optimizer, scheduler=make(optimizer), epochs=epochs, checkpoint=path)
    return model


@pytest.mark.parametrize(
    "make",
    [
        schedulers.CosineAnnealingLR,
        lambda o, steps: schedulers.OneCycleLR(o, 0.5, total_steps=steps),
        lambda o, steps: schedulers.ChainedScheduler([schedulers.LinearLR(o, 0.1, 1, steps)]),
    ],
)
def test_a_schedule_is_not_replaced_by_the_one_in_the_file(path, make):
    _scheduled(path, lambda o: make(o, 6))
    with pytest.raises(CheckpointError, match=r"scheduler's .* was .*6.*, and is now .*12"):
        _scheduled(path, lambda o: make(o, 12), epochs=4)


class _Halves:
    def __init__(self):
        self.helper = object()  # shown with an address, it would differ in every process

    def __call__(self, step):
        return 0.5**step


def test_functions_and_objects_look_the_same_in_every_process():
    class Odd(nn.Tanh):
        def extra_repr(self):
            return f"with={object()!r}"

    def look():
        optimizer = sgd(network())
        made = [
            schedulers.LambdaLR(optimizer, [_Halves()]),
            schedulers.LambdaLR(optimizer, lambda step: 0.5),
            schedulers.CyclicLR(optimizer, 0.1, 0.2, scale_fn=lambda step: 0.5),
        ]
        return [fingerprint(nn.Sequential(Odd()), optimizer, one, {}) for one in made]

    first, kept = look(), object()
    assert first == look() and kept and "0x" not in str(first)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: schedulers.MultiStepLR(o, np.array([2, 4])),
        lambda o: schedulers.ExponentialLR(o, np.float64(0.9)),
        lambda o: schedulers.CyclicLR(o, np.float64(0.01), 0.1, cycle_momentum=False),
        lambda o: schedulers.LambdaLR(o, _Table()),
    ],
)
def test_numbers_of_numpy_are_written_so_that_they_can_be_read(path, make):
    rate = np.logspace(-2, -1, 3)[1]
    want = _scheduled(None, make, seed_lr=rate)
    _scheduled(path, make, epochs=1, seed_lr=rate)
    got = _scheduled(path, make, seed_lr=rate)
    assert torch.equal(got[0].weight, want[0].weight)


class _Table:
    def __init__(self):
        self.factors = np.linspace(1, 0.1, 10)

    def __call__(self, step):
        return self.factors[step]


class _Stopped(Exception):
    pass


def _stopped_at(number, path, shared, listed):
    """Train until a batch, and return the numbers of the examples that were seen."""
    model, seen = nn.Linear(1, 1), []

    def loss(outputs, rows):
        if len(seen) == number:
            raise _Stopped
        seen.append(rows.flatten().tolist())
        return outputs.square().mean() + 0 * torch.rand((), generator=shared)

    rows = torch.arange(20.0)[:, None]
    options = {"epochs": 2, "checkpoint": path, "checkpoint_every": 1, "progress": False}
    with contextlib.suppress(_Stopped):
        given = batches((rows, rows), 8, shared)
        train(model, loss, sgd(model), given, generators=[shared] if listed else [], **options)
    return seen


@pytest.mark.parametrize("listed", [False, True])
def test_batches_may_share_their_generator_with_the_loss(path, tmp_path, listed):
    want = _stopped_at(None, tmp_path / "straight", generator(), listed)
    before = _stopped_at(4, path, generator(), listed)
    assert before + _stopped_at(None, path, generator(), listed) == want


def test_an_epoch_that_has_begun_counts_as_more_than_those_asked_for(path):
    _stopped_at(4, path, generator(), False)
    model = nn.Linear(1, 1)
    rows = torch.arange(20.0)[:, None]
    given = batches((rows, rows), 8, generator())
    with pytest.raises(CheckpointError, match="holds 1 epochs and part of the next, more than"):
        train(model, nn.MSELoss(), sgd(model), given, epochs=1, checkpoint=path, progress=False)


def _foreign_torch_file() -> bytes:
    buffer = io.BytesIO()
    torch.save({"state_dict": {}}, buffer)
    return buffer.getvalue()


def _with_valid_hash(content: bytes) -> bytes:
    return checkpoints._MAGIC + hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: b"", "is not a checkpoint"),
        (lambda c: b"PNG and so on", "is not a checkpoint"),
        (lambda c: _foreign_torch_file(), "is not a checkpoint"),
        (lambda c: c[: len(c) // 2], "damaged or cut short"),
        (lambda c: c[:-1], "damaged or cut short"),
        (lambda c: c[:900] + bytes([c[900] ^ 1]) + c[901:], "damaged or cut short"),
        (lambda c: c + b"\0", "damaged or cut short"),
        (lambda c: _with_valid_hash(b"not a torch file"), "cannot be read"),
        (lambda c: _with_valid_hash(_foreign_torch_file()), "lacks"),
    ],
)
def test_a_damaged_or_foreign_file_is_one_clear_error(path, damage, message):
    fit(checkpoint=path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=message) as caught:
        fit(epochs=2, checkpoint=path)
    assert str(path) in str(caught.value) and "delete the file" in str(caught.value)


def test_a_checkpoint_cannot_run_code(path, tmp_path):
    class Attack:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    buffer = io.BytesIO()
    torch.save({"model": Attack()}, buffer)
    path.parent.mkdir()
    path.write_bytes(_with_valid_hash(buffer.getvalue()))
    with pytest.raises(CheckpointError, match="cannot be read"):
        fit(checkpoint=path)
    assert not (tmp_path / "pwned").exists()


def test_a_place_that_cannot_be_written_or_read_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"cannot (read|write)"):
        fit(checkpoint=tmp_path / "file" / "run.checkpoint")
    with pytest.raises(CheckpointError, match="cannot read"):
        fit(checkpoint=tmp_path)


def test_a_compiled_model_and_its_plain_twin_share_a_checkpoint(path):
    straight, plain = network(), network()
    fit(straight, epochs=2)
    compiled = torch.compile(network(), backend="eager")
    fit(compiled, optimizer=sgd(compiled), epochs=1, checkpoint=path)
    fit(plain, epochs=2, checkpoint=path)
    for a, b in zip(plain.parameters(), straight.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)
