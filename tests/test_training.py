"""The training loop and its history."""

from __future__ import annotations

import math

import pytest
import torch
from accelerate import Accelerator
from accelerate.scheduler import AcceleratedScheduler
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader, TensorDataset

from derived.training import Epoch, History, batches, train

from .small_training import LOSS, data, fit, generator, network, sgd


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


def test_a_frozen_part_of_the_model_is_still_frozen_afterwards():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model[1].eval()
    fit(model, validate=lambda given: {})
    assert [part.training for part in model.modules()] == [True, True, False, True]


@pytest.mark.parametrize(
    ("dtype", "summed"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_the_loss_is_summed_in_single_precision_at_least(dtype, summed):
    """In bfloat16 a sum of ones ends at 256."""
    inputs = torch.ones(1000, 3, dtype=dtype)
    model = network().to(dtype)
    history = train(
        model,
        lambda outputs, targets: 0 * outputs.sum() + targets[0],
        sgd(model),
        batches((inputs, torch.full((1000,), 1 + 2**-40, dtype=summed).to(dtype)), 1),
        epochs=1,
        progress=False,
    )
    assert history.losses[0] == pytest.approx(1, rel=1e-6)


def test_an_optimizer_of_another_model_is_refused():
    model, compiled = network(), torch.compile(network(), backend="eager")
    with pytest.raises(ValueError, match="none of the model's parameters"):
        fit(model, sgd(network()))
    fit(model, sgd(model[2]))  # of a part of it
    fit(compiled, sgd(compiled))


def test_a_scheduler_of_another_optimizer_is_refused():
    model = network()
    optimizer, other = sgd(model), sgd(model)
    with pytest.raises(ValueError, match="scheduler belongs to another optimizer"):
        fit(model, optimizer, scheduler=schedulers.ExponentialLR(other, 0.5))
    parts = [schedulers.ConstantLR(optimizer), schedulers.ExponentialLR(optimizer, 0.5)]
    fit(model, optimizer, scheduler=schedulers.ChainedScheduler(parts))
    fit(model, optimizer, scheduler=schedulers.SequentialLR(optimizer, parts, [2]))


def test_what_accelerate_wrapped_belongs_together():
    model = network()
    optimizer = sgd(model)
    scheduler = schedulers.ExponentialLR(optimizer, 0.5)
    wrapped = Accelerator(cpu=True).prepare_optimizer(optimizer)
    fit(model, wrapped, scheduler=scheduler)
    fit(model, optimizer, scheduler=AcceleratedScheduler(scheduler, wrapped))
    fit(model, wrapped, scheduler=AcceleratedScheduler(scheduler, wrapped))


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
        history.metric("recall")
    assert History.from_state_dict(history.state_dict()) == history
