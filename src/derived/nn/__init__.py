"""Neural networks in NumPy: the layers, losses and the optimizer that the book derives.

Rows are examples: a batch has the shape (B, features), and the weight of a dense layer the shape
(out_features, in_features). A training step reads ::

    loss.forward(network.forward(x), target)
    network.backward(loss.backward())
    optimizer.step()

:mod:`derived.nn.autograd` finds the same gradients without a ``backward`` for each layer.
"""

from derived.nn import activations, initializers
from derived.nn.activation_layers import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Step, Tanh
from derived.nn.dense import Dense
from derived.nn.layer import Layer
from derived.nn.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from derived.nn.maxout import Maxout
from derived.nn.sequential import Sequential
from derived.nn.sgd import SGD

__all__ = [
    "ELU",
    "SGD",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Dense",
    "Layer",
    "LeakyReLU",
    "Loss",
    "Maxout",
    "MeanSquaredError",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Step",
    "Tanh",
    "activations",
    "initializers",
]
