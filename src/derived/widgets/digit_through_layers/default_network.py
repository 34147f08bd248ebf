"""A convolutional network without gradient descent: edge filters, a readout by least squares."""

from __future__ import annotations

import numpy as np

from derived import nn
from derived.datasets import digits
from derived.nn.arrays import Array

_EDGE = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
_DIAGONAL = np.array([[0.0, 1.0, 2.0], [-1.0, 0.0, 1.0], [-2.0, -1.0, 0.0]]) / 4
RIDGE = 1.0
SHARPNESS = 8.0


def edge_network() -> tuple[nn.Sequential, Array]:
    """Eight edge filters, ReLU, 2×2 maximum, and a readout fitted to the embedded 8×8 digits.

    The readout minimizes the squared distance of the outputs from one-hot labels plus a ridge
    penalty, which has a closed form; its outputs are multiplied by a constant to serve as logits.

    Returns
    -------
    tuple
        The network, and ten test pictures of shape (10, 8, 8), one of each class.
    """
    data = digits()
    rng = np.random.default_rng(0)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding="same", rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dense(128, 10, rng=rng),
    )
    filters = [np.rot90(each, turn) for each in (_EDGE, _DIAGONAL) for turn in range(4)]
    network.layers[0].parameters["weight"][:] = np.array(filters)[:, np.newaxis]
    x: Array = data.train_images.reshape(-1, 1, 8, 8)
    for layer in network.layers[:-1]:
        x = layer.forward(x)  # (B, 128) at the end
    targets = np.eye(10)[data.train_labels] - 0.1
    center = x.mean(axis=0)
    x = x - center
    weight = np.linalg.solve(x.T @ x + RIDGE * np.eye(128), x.T @ targets).T  # (10, 128)
    network.layers[-1].parameters["weight"][:] = SHARPNESS * weight
    network.layers[-1].parameters["bias"][:] = -SHARPNESS * weight @ center
    first = [int(np.flatnonzero(data.test_labels == k)[0]) for k in range(10)]
    return network, data.test_images[first].reshape(10, 8, 8)
