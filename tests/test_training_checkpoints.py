"""Checkpoints: continued, of another run, damaged, hostile."""

from __future__ import annotations

import hashlib
import io

import pytest
import torch
from torch import nn

from derived.training import CheckpointError, batches
from derived.training import checkpoint as checkpoints

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


FOREIGN = {
    "learning rate": (lambda m: {"optimizer": sgd(m, 0.2)}, r"lr .* was 0\.1, and is now 0\.2"),
    "optimizer": (_adam, "optimizer"),
    "width": (lambda m: {"model": network(5)}, r"0\.weight was \(4, 3\) float32.*\(5, 3\)"),
    "dtype": (lambda m: {"model": network().double()}, r"float32, and is now .*float64"),
    "layer": (_deeper, "absent"),
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
