"""The same training steps in ``derived.nn`` and in PyTorch: plain eager code on both sides."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn as torch_nn

from benchmarks.lenet_against_torch import LENET_TASKS
from benchmarks.pictures_against_torch import PICTURE_TASKS
from benchmarks.sequences_against_torch import SEQUENCE_TASKS
from benchmarks.task import FLOAT32, SEED, Step, Task
from benchmarks.timing import Comparison, compare, seconds_each
from derived.nn import SGD, Adam, CrossEntropy, Dense, ReLU, Sequential
from derived.nn.autograd import Tensor

__all__ = [
    "TASKS",
    "Task",
    "cross_entropy",
    "matrix_product_gflops",
    "run",
    "tape_step",
    "training_step",
]

AGREEMENT = 1e-4  # float32 numbers after a few steps in another order of summation
LEARNING_RATE = 0.1


def training_step(adam: bool = False) -> tuple[Step, Step]:
    """Return a step on a 784-256-10 ReLU network, batch 128, float32: ours, PyTorch's.

    adam : with Adam in place of gradient descent.
    """
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((128, 784)).astype(FLOAT32)
    labels = rng.integers(0, 10, 128)
    network = Sequential(
        Dense(784, 256, rng=rng, dtype=FLOAT32), ReLU(), Dense(256, 10, rng=rng, dtype=FLOAT32)
    )
    loss = CrossEntropy()
    optimizer = Adam(network) if adam else SGD(network, LEARNING_RATE)

    def ours() -> float:
        value = loss.forward(network.forward(x), labels)
        network.backward_parameters(loss.backward())  # nobody needs the gradient of the images
        optimizer.step()
        return value

    model = torch_nn.Sequential(
        torch_nn.Linear(784, 256), torch_nn.ReLU(), torch_nn.Linear(256, 10)
    )
    model.load_state_dict({k: torch.tensor(v) for k, v in network.parameters.items()})
    torch_loss = torch_nn.CrossEntropyLoss()
    torch_optimizer: torch.optim.Optimizer = (
        torch.optim.Adam(model.parameters())
        if adam
        else torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    )
    torch_x, torch_labels = torch.from_numpy(x), torch.from_numpy(labels)

    def theirs() -> float:
        torch_optimizer.zero_grad()
        value = torch_loss(model(torch_x), torch_labels)
        value.backward()
        torch_optimizer.step()
        return value.item()

    return ours, theirs


def tape_step() -> tuple[Step, Step]:
    """Return a step on a 2-16-16-1 ReLU network, hinge loss, 100 points: our tape, PyTorch's."""
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((100, 2)).astype(FLOAT32)
    sign = np.sign(x[:, :1] * x[:, 1:])  # (100, 1): opposite quadrants belong together
    shapes = [(2, 16), (16,), (16, 16), (16,), (16, 1), (1,)]
    start = [(0.4 * rng.standard_normal(shape)).astype(FLOAT32) for shape in shapes]

    points, targets = Tensor(x, requires_gradient=False), Tensor(sign, requires_gradient=False)
    tensors = [Tensor(values) for values in start]

    def ours() -> float:
        w1, b1, w2, b2, w3, b3 = tensors
        score = ((points @ w1 + b1).relu() @ w2 + b2).relu() @ w3 + b3
        value = (1 - score * targets).relu().mean()
        for tensor in tensors:
            tensor.gradient = None
        value.backward()
        for tensor in tensors:
            tensor.data -= LEARNING_RATE * tensor.gradient
        return float(value)

    torch_points, torch_targets = torch.from_numpy(x), torch.from_numpy(sign)
    torch_tensors = [torch.tensor(values, requires_grad=True) for values in start]

    def theirs() -> float:
        w1, b1, w2, b2, w3, b3 = torch_tensors
        score = ((torch_points @ w1 + b1).relu() @ w2 + b2).relu() @ w3 + b3
        value = (1 - score * torch_targets).relu().mean()
        for tensor in torch_tensors:
            tensor.grad = None
        value.backward()
        with torch.no_grad():
            for tensor in torch_tensors:
                tensor.sub_(tensor.grad, alpha=LEARNING_RATE)
        return value.item()

    return ours, theirs


def cross_entropy() -> tuple[Step, Step]:
    """Return the loss of 1024 rows of 100 logits and its gradient by them: ours, PyTorch's."""
    rng = np.random.default_rng(SEED)
    logits = rng.standard_normal((1024, 100)).astype(FLOAT32)
    labels, loss = rng.integers(0, 100, 1024), CrossEntropy()
    torch_logits = torch.from_numpy(logits.copy()).requires_grad_()
    torch_labels, torch_loss = torch.from_numpy(labels), torch_nn.CrossEntropyLoss()

    def ours() -> float:
        return loss.forward(logits, labels) + 1000 * float(loss.backward()[0, 0])

    def theirs() -> float:
        torch_logits.grad = None
        value = torch_loss(torch_logits, torch_labels)
        value.backward()
        gradient = torch_logits.grad
        assert gradient is not None
        return value.item() + 1000 * gradient[0, 0].item()

    return ours, theirs


TASKS = (
    Task("training step 784-256-10, batch 128, SGD", training_step, 0.85),
    Task("training step 784-256-10, batch 128, Adam", lambda: training_step(adam=True), 0.8),
    Task("tape: 2-16-16-1 network, 100 points", tape_step, 0.6),
    *PICTURE_TASKS,
    *LENET_TASKS,
    *SEQUENCE_TASKS,
    Task("softmax cross entropy, 1024 × 100", cross_entropy),
)


def run(task: Task, rounds: int = 150, steps: int = 5) -> Comparison:
    """Compare both sides of ``task``, after they were seen to compute the same numbers.

    Raises
    ------
    RuntimeError : if the numbers of the first ``steps`` steps differ: the work is not the same.
    """
    torch.set_num_threads(1)
    ours, theirs = task.make()
    for step in range(steps):
        a, b = ours(), theirs()
        if not abs(a - b) <= AGREEMENT * max(1, abs(b)):
            raise RuntimeError(f"{task.name}: after {step} steps the results are {a} and {b}")
    return compare(ours, theirs, rounds)


def matrix_product_gflops(
    rows: int, inner: int, columns: int, rounds: int = 9
) -> tuple[float, float]:
    """Return the best 10⁹ floating-point operations a second of a float32 product, NumPy, torch."""
    rng = np.random.default_rng(SEED)
    a: NDArray[np.float32] = rng.standard_normal((rows, inner)).astype(FLOAT32)
    b: NDArray[np.float32] = rng.standard_normal((inner, columns)).astype(FLOAT32)
    torch_a, torch_b = torch.from_numpy(a), torch.from_numpy(b)
    work = 2e-9 * rows * inner * columns
    calls = min(1000, max(1, round(0.5 / work)))  # about 10 ms a round
    ours = min(seconds_each(lambda: a @ b, calls) for _ in range(rounds))
    theirs = min(seconds_each(lambda: torch_a @ torch_b, calls) for _ in range(rounds))
    return work / ours, work / theirs
