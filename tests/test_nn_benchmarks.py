"""The benchmark compares equal work, in a fair way, and says honestly whether a target is met."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmark
from benchmarks.lenet_against_torch import lenet_epoch
from benchmarks.nn_against_torch import (
    Task,
    matrix_product_gflops,
    run,
    tape_step,
    training_step,
)
from benchmarks.pictures_against_torch import PICTURE_TASKS
from benchmarks.sequences_against_torch import SEQUENCE_TASKS
from benchmarks.timing import compare

ROOT = Path(__file__).parents[1]


TRAINING = {
    "gradient descent": training_step,
    "Adam": partial(training_step, adam=True),
    "tape": tape_step,
    "LeNet": partial(lenet_epoch, images=200),
}


@pytest.mark.parametrize("name", TRAINING)
def test_both_sides_of_a_training_task_learn_the_same(name):
    ours, theirs = TRAINING[name]()
    losses = [(ours(), theirs()) for _ in range(20)]
    assert losses[-1][0] < losses[0][0]  # the step trains
    for a, b in losses:
        assert a == pytest.approx(b, rel=1e-4)


@pytest.mark.parametrize("task", [*PICTURE_TASKS, *SEQUENCE_TASKS], ids=lambda task: task.name)
def test_both_sides_of_a_layer_task_do_the_same_work(task):
    ours, theirs = task.make()
    for _ in range(2):  # the second call meets what the first one left behind
        assert ours() == pytest.approx(theirs(), rel=1e-4, abs=1e-4)


def test_unequal_work_is_refused():
    def make():
        return (lambda: 1.0), (lambda: 1.1)

    with pytest.raises(RuntimeError, match=r"the results are 1\.0 and 1\.1"):
        run(Task("unequal", make, 1.0), rounds=2)


def test_the_ratio_is_that_of_the_times():
    result = compare(lambda: time.sleep(0.002), lambda: time.sleep(0.008), rounds=7)
    assert 0.2 < result.ratio < 0.4
    assert result.low <= result.ratio <= result.high
    assert result.ours < result.theirs


def test_speed_of_a_matrix_product_is_positive():
    assert all(speed > 0.1 for speed in matrix_product_gflops(64, 64, 64, rounds=2))


@pytest.mark.parametrize(("target", "word", "code"), [(1e9, "met", 0), (1e-9, "MISSED", 1)])
def test_the_table_and_the_exit_code(monkeypatch, capsys, target, word, code):
    tasks = [replace(task, target=target) for task in benchmark.TASKS[:3]]
    monkeypatch.setattr(benchmark, "TASKS", tasks)
    monkeypatch.setattr(benchmark, "SHAPES", [(8, 8, 8)])
    assert benchmark.main(["--rounds", "3", "--enforce"]) == code
    assert benchmark.main(["--rounds", "3"]) == 0
    table = capsys.readouterr().out
    assert table.count(f"  {word}\n") == 2 * len(tasks)
    assert "8 × 8 × 8" in table


def test_the_process_is_limited_to_one_thread():
    command = "import benchmarks, threadpoolctl, numpy; print(threadpoolctl.threadpool_info())"
    environment = {k: v for k, v in os.environ.items() if "NUM_THREADS" not in k}
    output = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert "'num_threads': 1" in output
    assert output.count("'num_threads'") == output.count("'num_threads': 1,")
