"""Runs that are killed and continued, and runs that several processes share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from derived.training import CheckpointError

from . import training_runs

PROGRAM = Path(training_runs.__file__)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


def _execute(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=ENVIRONMENT,
    )


def test_a_killed_run_continues_to_the_same_bits(tmp_path):
    """SIGKILL at chosen batches, within a write, and from outside: see training_runs.py."""
    done = _execute(str(PROGRAM), "killed", str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5 * len(training_runs.KINDS) + 3
    assert all(line.startswith("same bits") for line in lines)


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """Two processes that Accelerate's launcher starts; on this CPU they talk through gloo."""
    folder = tmp_path_factory.mktemp("shared")
    launch = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")
    plain = ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")
    port = ("--main_process_port", "0")
    done = _execute(*launch, *plain, *port, str(PROGRAM), "shared", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("case", "rows", "epochs"),
    [("whole", 101, 2), ("one row left", 65, 2), ("continued", 101, 2)],
)
def test_two_processes_have_the_gradients_of_one(shared, case, rows, epochs):
    """The last batch has an odd number of rows, or one row, which leaves one process nothing."""
    want, want_losses = training_runs.shared_run(rows, epochs)
    for process in (0, 1):
        got, losses = torch.load(shared / f"{process}.pt")[case]
        assert losses == pytest.approx(want_losses, rel=1e-12)
        for a, b in zip(got, want, strict=True):
            torch.testing.assert_close(
                torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64),
                rtol=1e-12, atol=1e-13,
            )  # fmt: skip


def test_a_loader_is_divided_among_processes(shared):
    first, second = (torch.load(shared / f"{process}.pt")["loader"] for process in (0, 1))
    assert first == second
    assert 0.0 < first[1][0] < 1.0


def test_a_run_of_two_processes_is_not_continued_by_one(shared):
    with pytest.raises(CheckpointError, match="number of processes was 2, and is now 1"):
        training_runs.shared_run(101, 2, shared / "shared.checkpoint")
