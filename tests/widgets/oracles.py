"""What the figures' JavaScript is compared with, written a second time in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from sklearn.svm import SVC

from derived import nn

Points = NDArray[np.float64]


class PCG32:
    """PCG32 (O'Neill 2014) on Python's integers."""

    def __init__(self, seed: int, stream: int = 54) -> None:
        self.increment = (stream << 1 | 1) % 2**64
        self.state = 0
        self.uint32()
        self.state = (self.state + seed) % 2**64
        self.uint32()

    def uint32(self) -> int:
        old = self.state
        self.state = (old * 6364136223846793005 + self.increment) % 2**64
        mixed = ((old >> 18) ^ old) >> 27 & 0xFFFFFFFF
        turn = old >> 59
        return (mixed >> turn | mixed << (32 - turn)) & 0xFFFFFFFF

    def below(self, bound: int) -> int:
        while True:
            draw = self.uint32()
            if draw >= 2**32 % bound:
                return draw % bound

    def permutation(self, count: int) -> list[int]:
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def replay(
    start: list[dict[str, Any]],
    points: tuple[Points, NDArray[Any]],
    configuration: dict[str, Any],
    epochs: int,
) -> tuple[nn.Sequential, list[float]]:
    """Train with derived.nn from the same weights on the same batches: network, loss per epoch."""
    activation = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}.get(
        configuration["activation"]
    )
    layers: list[nn.Layer] = []
    for number, layer in enumerate(start):
        out, inputs = np.shape(layer["weight"])
        dense = nn.Dense(inputs, out, rng=np.random.default_rng(0))
        dense.parameters["weight"][:] = layer["weight"]
        dense.parameters["bias"][:] = layer["bias"]
        last = number + 1 == len(start)
        layers += [dense] if last or activation is None else [dense, activation()]
    network, loss = nn.Sequential(*layers), nn.BinaryCrossEntropy()
    optimizer = nn.SGD(network, configuration["learningRate"])
    x, y = points[0], points[1][:, None].astype(float)
    random = PCG32(configuration["seed"], 4)
    losses = [loss.forward(network.forward(x), y)]
    for _ in range(epochs):
        order = random.permutation(len(x))
        for first in range(0, len(x), configuration["batchSize"]):
            rows = order[first : first + configuration["batchSize"]]
            loss.forward(network.forward(x[rows]), y[rows])
            network.backward(loss.backward())
            optimizer.step()
        losses.append(loss.forward(network.forward(x), y))
    return network, losses


def perceptron(points: Points, limit: int) -> tuple[int, Points]:
    """Rosenblatt's rule from zero, order as listed, g(0) = 0: updates and weights (b, w1, w2)."""
    augmented = np.column_stack([np.ones(len(points)), points[:, :2]])
    weights, updates = np.zeros(3), 0
    while True:
        mistakes = 0
        for row, label in zip(augmented, points[:, 2], strict=True):
            error = label - float(row @ weights > 0)
            if error and updates < limit:
                weights = weights + error * row
                updates += 1
                mistakes += 1
        if mistakes == 0 or updates >= limit:
            return updates, weights


def signed(points: Points) -> Points:
    """Rows (1, x1, x2), negated for class 0: a separation has u . z > 0 for all of them."""
    sign = np.where(points[:, 2] > 0, 1.0, -1.0)
    return sign[:, None] * np.column_stack([np.ones(len(points)), points[:, :2]])


def margin_by_least_distance(points: Points) -> float:
    """The largest margin of separable points through the origin of (1, x1, x2).

    It is 1 / |v| for the shortest v with v . z >= 1 for all z, a least-distance program, which
    non-negative least squares solves (Lawson and Hanson 1974, chapter 23).
    """
    z = signed(points)
    matrix = np.vstack([z.T, np.ones(len(z))])
    target = np.array([0.0, 0.0, 0.0, 1.0])
    residual = matrix @ nnls(matrix, target)[0] - target
    return float(1 / np.linalg.norm(residual[:3] / residual[3]))


def margin_by_svm(points: Points) -> float:
    """The same margin from scikit-learn, to about four digits.

    With each z and its mirror image -z of the other class, the best line has no intercept.
    """
    z = signed(points)
    both = np.vstack([z, -z])
    sides = np.repeat([1, -1], len(z))
    svm = SVC(kernel="linear", C=1e10, tol=1e-9).fit(both, sides)
    return float(1 / np.linalg.norm(svm.coef_))
