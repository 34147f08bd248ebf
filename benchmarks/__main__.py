"""Print how ``derived.nn`` compares with PyTorch on this machine, and what the limit is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.memory import MEMORY_TARGET, MEMORY_TASKS, measured
from benchmarks.nn_against_torch import TASKS, matrix_product_gflops, run

SHAPES = ((128, 784, 256), (512, 512, 512), (1024, 1024, 1024))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all comparisons; return 1 if ``--enforce`` was given and a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--enforce", action="store_true", help="fail where a target is missed")
    parser.add_argument("--rounds", type=int, default=150, help="interleaved rounds a comparison")
    options = parser.parse_args(arguments)

    print(f"float32, one thread · NumPy {np.__version__} · torch {torch.__version__} (CPU)\n")
    missed = _print_times(options.rounds) + _print_memory()
    return 1 if missed and options.enforce else 0


def _print_times(rounds: int) -> int:
    """Print the seconds of a step on both sides, and their speeds; return the targets missed."""
    print(f"{'':44}{'derived':>10}{'torch':>10}{'ratio':>8}{'quartiles':>15}{'target':>9}")
    missed, speeds = 0, []
    for task in TASKS:
        result = run(task, rounds)
        target = verdict = ""
        if task.target is not None:
            met = result.ratio <= task.target
            missed += not met
            target, verdict = f"≤ {task.target:.2f}", f"  {'met' if met else 'MISSED'}"
        print(
            f"{task.name:44}{result.ours * 1e3:7.3f} ms{result.theirs * 1e3:7.3f} ms"
            f"{result.ratio:8.2f}{f'{result.low:.2f} to {result.high:.2f}':>15}"
            f"{target:>9}{verdict}"
        )
        if task.operations:
            work = task.operations / 1e9
            speeds.append((task.name, work / result.ours, work / result.theirs))
    print(f"\n{'matrix products, GFLOP/s':44}{'derived':>10}{'torch':>10}")
    for shape in SHAPES:
        name = f"the limit: {' × '.join(map(str, shape))}"
        speeds.append((name, *matrix_product_gflops(*shape)))
    for name, ours, theirs in speeds:
        print(f"{name:44}{ours:10.0f}{theirs:10.0f}")
    return missed


def _print_memory() -> int:
    """Print how much memory each layer's step takes on both sides; return the targets missed."""
    print(f"\n{'peak memory of a step':44}{'derived':>10}{'torch':>10}{'ratio':>8}{'target':>24}")
    try:
        pairs = measured(MEMORY_TASKS)
    except OSError as error:
        print(f"not measured: {error}")
        return 0
    missed = 0
    for task, (ours, theirs) in zip(MEMORY_TASKS, pairs, strict=True):
        met = ours <= MEMORY_TARGET * theirs
        missed += not met
        print(
            f"{task.name:44}{ours / 1e6:7.1f} MB{theirs / 1e6:7.1f} MB{ours / theirs:8.2f}"
            f"{f'≤ {MEMORY_TARGET:.2f}':>24}  {'met' if met else 'MISSED'}"
        )
    return missed


if __name__ == "__main__":
    sys.exit(main())
