"""Batches that lie on the device: their order, their places, their shares."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from derived.training import Batches, batches

from .small_training import data, fit, generator


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
