"""Neural networks in NumPy: the layers, losses and optimizers that the book derives.

Rows are examples: a batch has the shape (B, features), and the weight of a dense layer the shape
(out_features, in_features). Pictures have the shape (B, channels, rows, columns), sequences
(time, B, features). A training step reads ::

    loss.forward(network.forward(x), target)
    network.backward(loss.backward())
    optimizer.step()

:mod:`derived.nn.autograd` finds the same gradients without a ``backward`` for each layer.
"""

from derived.nn import activations, initializers
from derived.nn.activation_layers import ELU, LeakyReLU, ReLU, Sigmoid, Softmax, Step, Tanh
from derived.nn.adam import Adam
from derived.nn.batch_normalization import BatchNorm
from derived.nn.convolution import Conv2d
from derived.nn.dense import Dense
from derived.nn.dropout import Dropout
from derived.nn.flatten import Flatten
from derived.nn.gru import GRU
from derived.nn.layer import Layer
from derived.nn.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from derived.nn.lstm import LSTM
from derived.nn.maxout import Maxout
from derived.nn.penalties import L1Penalty, L2Penalty, Penalty
from derived.nn.pooling import AveragePool2d, MaxPool2d
from derived.nn.recurrent import RNN, Recurrent
from derived.nn.sequential import Sequential
from derived.nn.sgd import SGD

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "SGD",
    "Adam",
    "AveragePool2d",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Conv2d",
    "CrossEntropy",
    "Dense",
    "Dropout",
    "Flatten",
    "L1Penalty",
    "L2Penalty",
    "Layer",
    "LeakyReLU",
    "Loss",
    "MaxPool2d",
    "Maxout",
    "MeanSquaredError",
    "Penalty",
    "ReLU",
    "Recurrent",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Step",
    "Tanh",
    "activations",
    "initializers",
]
