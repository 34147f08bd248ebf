"""A small trained network with digits, for the tests of the figure that attacks them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from derived import nn
from derived.datasets import digits
from derived.widgets import DigitAttack


@cache
def trained_network() -> nn.Sequential:
    """64-32-10 on the embedded digits, a few seconds of gradient descent; float32 numbers."""
    data, rng = digits(), np.random.default_rng(0)
    network = nn.Sequential(nn.Dense(64, 32, rng=rng), nn.ReLU(), nn.Dense(32, 10, rng=rng))
    loss, optimizer = nn.CrossEntropy(), nn.SGD(network, 0.1, momentum=0.9)
    x, y = data.train_images.reshape(-1, 64), data.train_labels
    for _ in range(15):
        for rows in np.array_split(rng.permutation(len(x)), len(x) // 50):
            loss.forward(network.forward(x[rows]), y[rows])
            network.backward(loss.backward())
            optimizer.step()
    for values in network.parameters.values():  # the page keeps float32
        values[:] = values.astype(np.float32)
    return network


def chosen_digits() -> tuple[Any, Any]:
    """Ten test pictures, one of each class, and their labels."""
    data = digits()
    first = [int(np.flatnonzero(data.test_labels == k)[0]) for k in range(10)]
    return data.test_images[first].reshape(10, 8, 8), data.test_labels[first].astype(int)


def digit_attack(**options: Any) -> DigitAttack:
    pictures, labels = chosen_digits()
    title = options.pop("title", "64-32-10 on 8×8 digits")
    return DigitAttack(trained_network(), pictures, labels, title=title, **options)
