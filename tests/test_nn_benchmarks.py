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
from benchmarks.memory import MEMORY_TASKS, measured
from benchmarks.nn_against_torch import (
    Task,
    cross_entropy,
    matrix_product_gflops,
    run,
    tape_step,
    training_step,
)
from benchmarks.pictures_against_torch import PICTURE_TASKS
from benchmarks.sequences_against_torch import SEQUENCE_TASKS
from benchmarks.timing import compare

ROOT = Path(__file__).parents[1]
LINUX = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak of a process needs Linux"
)


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


LAYERS = [*PICTURE_TASKS, *SEQUENCE_TASKS, Task("cross entropy", cross_entropy)]


@pytest.mark.parametrize("task", LAYERS, ids=lambda task: task.name)
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


PEAKS = """
import numpy as np
from benchmarks.memory import peak_bytes

def step():
    for _ in range(2):  # one after the other
        np.ones(5_000_000)  # 40 MB
    return 0.0

print(peak_bytes(step), peak_bytes(lambda: 0.0))
"""


@LINUX
def test_the_peak_is_what_is_held_at_once():
    # In a process of its own: other tests leave free memory behind, which would be taken first.
    ran = subprocess.run(
        [sys.executable, "-c", PEAKS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    two, none = map(int, ran.stdout.split())
    assert two == pytest.approx(40e6, rel=0.05)
    assert none < 1e6


@LINUX
def test_a_max_pooling_needs_no_more_memory_than_arithmetic_says():
    (task,) = [task for task in MEMORY_TASKS if task.name.startswith("max pooling")]
    ((ours, theirs),) = measured([task])
    x, y = 64 * 32 * 28 * 28, 64 * 32 * 14 * 14
    # y in float32, one index of 8 bytes for each of its numbers, and the gradient of x
    assert theirs == pytest.approx(4 * y + 8 * y + 4 * x, rel=0.1)
    # the memory of the last step is held while the next one begins; a byte for a mask's number
    assert 4 * y + 4 * x < ours < 4 * x + 2 * (4 * y + 3 * y)


def test_a_system_that_cannot_measure_memory_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert benchmark._print_memory() == 0
    assert "not measured: the peak of a process cannot be reset here" in capsys.readouterr().out


@pytest.mark.parametrize(("target", "word", "code"), [(1e9, "met", 0), (1e-9, "MISSED", 1)])
def test_the_table_and_the_exit_code(monkeypatch, capsys, target, word, code):
    tasks = [replace(task, target=target) for task in benchmark.TASKS[:3]]
    monkeypatch.setattr(benchmark, "TASKS", tasks)
    monkeypatch.setattr(benchmark, "MEMORY_TASKS", ())
    monkeypatch.setattr(benchmark, "measured", lambda tasks: [])
    monkeypatch.setattr(benchmark, "SHAPES", [(8, 8, 8)])
    assert benchmark.main(["--rounds", "3", "--enforce"]) == code
    assert benchmark.main(["--rounds", "3"]) == 0
    table = capsys.readouterr().out
    assert table.count(f"  {word}\n") == 2 * len(tasks)
    assert "8 × 8 × 8" in table


def test_where_nothing_is_promised_nothing_is_missed(monkeypatch, capsys):
    plain, counted = Task("plain", cross_entropy), Task("counted", tape_step, 1e9, operations=1e6)
    monkeypatch.setattr(benchmark, "TASKS", [plain, counted])
    monkeypatch.setattr(benchmark, "SHAPES", [])
    assert benchmark._print_times(3) == 0
    _, first, second, *_, speed = capsys.readouterr().out.splitlines()
    assert first.startswith("plain") and not {"≤", "met", "MISSED"} & set(first.split())
    assert second.endswith("met")
    milliseconds = float(second.split()[1])
    assert float(speed.split()[1]) == pytest.approx(1 / milliseconds, abs=0.5)


@pytest.mark.parametrize(("ours", "word", "code"), [(8e6, "met", 0), (9e6, "MISSED", 1)])
def test_the_table_of_memory(monkeypatch, capsys, ours, word, code):
    monkeypatch.setattr(benchmark, "MEMORY_TASKS", MEMORY_TASKS[:1])
    monkeypatch.setattr(benchmark, "measured", lambda tasks: [(ours, 4e6)] * len(tasks))
    assert benchmark._print_memory() == code
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith(MEMORY_TASKS[0].name)
    assert row.endswith(f"4.0 MB{ours / 4e6:8.2f}{'≤ 2.00':>24}  {word}")


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
