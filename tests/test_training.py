"""The training loop, its batches, its history and its checkpoints."""

from __future__ import annotations

import hashlib
import io
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from derived.training import Batches, CheckpointError, Epoch, History, batches, train
from derived.training import checkpoint as checkpoints


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(rows: int = 20):
    inputs = torch.randn(rows, 3, generator=generator(9))
    return inputs, (inputs.sum(1) > 0).long()


def network(width: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 2))


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


LOSS = nn.functional.cross_entropy


def fit(model=None, optimizer=None, source=None, **options):
    """Train quietly, with whatever the test does not care about filled in."""
    model = network() if model is None else model
    optimizer = sgd(model) if optimizer is None else optimizer
    source = batches(data(), 8, generator()) if source is None else source
    options = {"epochs": 1, "progress": False} | options
    return train(model, LOSS, optimizer, source, **options)


# Batches


@given(
    rows=st.integers(1, 40),
    size=st.integers(1, 45),
    processes=st.integers(1, 4),
    shuffled=st.booleans(),
)
def test_processes_share_every_batch_and_see_every_example_once(rows, size, processes, shuffled):
    numbers = torch.arange(rows)
    whole = list(batches([numbers], size, generator() if shuffled else None))
    shards = [
        Batches([numbers], size, generator() if shuffled else None).shard(k, processes)
        for k in range(processes)
    ]
    parts = []
    for shard in shards:
        parts.append([(part[: shard.rows], shard.share, len(part)) for (part,) in shard])
    assert len({len(part) for part in parts}) == 1 and len(whole) == len(shards[0])
    for position, (batch,) in enumerate(whole):
        pieces = [part[position] for part in parts]
        together = torch.cat([rows_of for rows_of, _, _ in pieces])
        assert sorted(together.tolist()) == sorted(batch.tolist())
        # The average over processes of share × mean over its rows is the mean over the batch.
        weights = [share / max(len(rows_of), 1) / processes for rows_of, share, _ in pieces]
        mean = sum(
            w * rows_of.sum().item() for w, (rows_of, _, _) in zip(weights, pieces, strict=True)
        )
        assert mean == pytest.approx(batch.double().mean().item())
        assert all(length >= 1 for _, _, length in pieces)
    assert sorted(torch.cat([batch for (batch,) in whole]).tolist()) == list(range(rows))


def test_batches_keep_rows_together_and_have_the_size_asked_for():
    inputs, targets = torch.arange(10.0).reshape(5, 2), torch.arange(5)
    for x, y in batches((inputs, targets), 2, generator()):
        torch.testing.assert_close(x, inputs[y])
    assert [len(y) for _, y in batches((inputs, targets), 2, generator())] == [2, 2, 1]


def test_each_epoch_has_another_order_and_the_generator_decides_it():
    def orders(seed):
        given = batches([torch.arange(50)], 50, generator(seed))
        return [next(iter(given))[0].tolist() for _ in range(3)]

    assert orders(0) == orders(0) != orders(1)
    assert len({tuple(order) for order in orders(0)}) == 3
    unshuffled = batches([torch.arange(5)], 2)
    assert [part.tolist() for (part,) in unshuffled] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.parametrize("stop", [0, 1, 3, 4])
def test_batches_continue_where_their_state_was_taken(shuffled, stop):
    def make():
        return batches([torch.arange(8)], 2, generator() if shuffled else None)

    straight = make()
    want = [part.tolist() for _ in range(3) for (part,) in straight]
    first, seen = make(), []
    seen += [part.tolist() for (part,) in first]
    iterator = iter(first)
    seen += [next(iterator)[0].tolist() for _ in range(stop)]
    second = make()
    second.load_state_dict(first.state_dict())
    seen += [part.tolist() for _ in range(2) for (part,) in second]
    assert seen == want


def test_a_look_at_the_first_batch_is_not_taken_for_an_interruption():
    given = batches(data(), 8, generator())
    next(iter(given))
    assert fit(source=given).epochs[0].number == 1
    assert len(list(given.shard(0, 1))) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 2), "one or more tensors"),
        (([torch.tensor(1.0)], 2), "one or more tensors"),
        (([[1, 2]], 2), "one or more tensors"),
        (([torch.zeros(0, 2)], 2), "equally many rows"),
        (([torch.zeros(3), torch.zeros(4)], 2), r"equally many rows.*\[3, 4\]"),
        (([torch.zeros(3), torch.zeros(3, device="meta")], 2), "one device"),
        (([torch.zeros(3)], 0), "batch_size"),
        (([torch.zeros(3)], 2.0), "batch_size"),
        (([torch.zeros(3)], True), "batch_size"),
    ],
)
def test_impossible_batches_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        batches(*arguments)


def test_states_of_other_batches_are_refused():
    given = batches([torch.arange(4)], 2)
    with pytest.raises(ValueError, match="no batch 3"):
        given.load_state_dict({"position": 3, "epoch": None, "now": None})
    with pytest.raises(ValueError, match="with a generator"):
        given.load_state_dict(batches([torch.arange(4)], 2, generator()).state_dict())
    with pytest.raises(ValueError, match="process must be"):
        given.shard(2, 2)


# The loop


def test_the_loop_is_gradient_descent():
    """The same weights as three lines of PyTorch without Accelerate."""
    model, plain = network(), network()
    history = fit(model, epochs=2)
    optimizer, given, losses = sgd(plain), batches(data(), 8, generator()), []
    for _ in range(2):
        total = 0.0
        for inputs, targets in given:
            optimizer.zero_grad()
            loss = LOSS(plain(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(inputs)
        losses.append(total / 20)
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert history.losses == pytest.approx(losses, rel=1e-6)


@pytest.mark.parametrize("kind", ["loader", "list"])
def test_other_iterables_of_batches_train_the_same(kind):
    inputs, targets = data()
    if kind == "loader":
        source = DataLoader(TensorDataset(inputs, targets), 8)
    else:
        source = list(zip(inputs.split(8), targets.split(8), strict=True))
    ours, theirs = network(), network()
    fit(ours, source=source, epochs=2)
    fit(theirs, source=batches((inputs, targets), 8), epochs=2)
    assert torch.equal(ours[0].weight, theirs[0].weight)


def test_validation_sees_the_model_at_rest():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))
    modes = []

    def validate(given):
        modes.append((given is model, given.training, torch.is_grad_enabled()))
        return {"accuracy": torch.tensor(0.25)}

    history = fit(model, validate=validate, epochs=2)
    assert modes == [(True, False, False)] * 2
    assert history.metric("accuracy") == [0.25, 0.25]
    assert model.training


def test_every_epoch_trains_in_training_mode():
    model, modes = network(), []
    model.register_forward_pre_hook(lambda module, given: modes.append(module.training))
    model.eval()
    fit(model, epochs=2, validate=lambda given: {"x": float(given(data()[0]).sum())})
    assert modes == ([True] * 3 + [False]) * 2
    assert not model.training  # as it was before


def test_validation_must_name_its_numbers():
    with pytest.raises(TypeError, match="named numbers"):
        fit(validate=lambda model: 0.5)


def test_the_scheduler_moves_after_every_batch():
    model = network()
    optimizer = sgd(model, lr=1.0)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    fit(model, optimizer, scheduler=scheduler, epochs=2)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5**6)


@pytest.mark.parametrize("order", [("no", "bf16"), ("bf16", "no"), ("no", "bf16", "no")])
def test_runs_of_different_precision_follow_each_other(order):
    """Accelerate keeps its first settings for ever; the loop must not be bound by them."""
    model, seen = network(), []
    model[0].register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    for precision in order:
        fit(model, mixed_precision=precision)
        assert seen[-1] == (torch.bfloat16 if precision == "bf16" else torch.float32)
        assert model(data()[0]).dtype == torch.float32  # the model is its own again
        assert "forward" not in model.__dict__


def test_a_model_that_failed_in_training_is_its_own_again():
    model = network()
    with pytest.raises(RuntimeError, match="shape"):
        fit(
            model,
            source=batches((torch.zeros(4, 7), torch.zeros(4).long()), 2),
            mixed_precision="bf16",
        )
    assert "forward" not in model.__dict__
    assert model(data()[0]).dtype == torch.float32


def test_the_progress_bar_counts_batches(capsys):
    fit(progress=True, epochs=2)
    assert "/6" in capsys.readouterr().err
    fit(progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, ValueError, "epochs must be"),
        ({"epochs": 1.5}, ValueError, "epochs must be"),
        ({"checkpoint_every": 2}, ValueError, "needs a checkpoint"),
        ({"mixed_precision": "int8"}, ValueError, '"no", "bf16" or "fp16"'),
        ({"model": nn.Tanh(), "optimizer": sgd(network())}, ValueError, "parameters must be on"),
        ({"source": iter([data()])}, TypeError, "iterated every epoch"),
        ({"source": 3}, TypeError, "iterated every epoch"),
        ({"source": []}, ValueError, "empty"),
        (
            {"source": batches([t.to("meta") for t in data()], 8)},
            ValueError,
            "batches lie on meta and the model on cpu",
        ),
    ],
)
def test_impossible_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        fit(**options)


# History


def test_a_history_reads_like_a_table():
    history = History([Epoch(1, 0.5, {"accuracy": 0.8}, 1.25), Epoch(2, 0.25, {}, 1.0)])
    assert history.losses == [0.5, 0.25] and len(history) == 2 and history.seconds == 2.25
    assert history.metric("accuracy")[0] == 0.8 and math.isnan(history.metric("accuracy")[1])
    assert str(history).splitlines()[0] == "epoch   1 · loss 0.5 · accuracy 0.8 · 1.2 s"
    with pytest.raises(KeyError, match="accuracy"):
        history.metric("acuracy")
    assert History.from_state_dict(history.state_dict()) == history


# Checkpoints


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
