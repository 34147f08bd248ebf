"""Every layer of ``derived.nn`` against PyTorch, central differences and extreme inputs."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derived import nn
from derived.checks import CheckFailed, gradcheck
from tests.oracle_cases import EXAMPLES, FLOATS
from tests.torch_oracles import LAYERS, agree, classes_below, compare_layer, without_oracle

FOUND = classes_below(nn.Layer)
ACTIVATIONS = [cls for cls in FOUND if cls.__module__.endswith("activation_layers")]
KINKED = (nn.Step, nn.ReLU, nn.LeakyReLU, nn.ELU)
FEW = settings(EXAMPLES, max_examples=5)
EXTREMES = np.array([[-1000.0, 1000.0, 0.0], [-710.0, 90.0, 1e-30], [1000.0, 1000.0, -88.0]])


def every(classes):
    return pytest.mark.parametrize("cls", classes, ids=lambda cls: cls.__name__)


def draw_case(cls, data, dtype=np.float64):
    assert cls in LAYERS, f"{cls.__name__} has no oracle: add one to tests/torch_oracles.py"
    return LAYERS[cls].draw(data.draw, dtype)


# --- found, and compared with PyTorch ---------------------------------------------------------


def test_every_layer_has_an_oracle_and_is_exported():
    assert {nn.Dense, nn.Maxout, nn.Sequential, nn.Softmax} <= set(FOUND)
    missing = without_oracle(FOUND, LAYERS)
    assert not missing, f"{missing} have no oracle: add one to tests/torch_oracles.py"
    assert not [cls.__name__ for cls in FOUND if cls.__name__ not in nn.__all__]


def test_a_new_layer_without_an_oracle_is_named():
    class Cubic(nn.Tanh):
        pass

    Cubic.__module__ = "derived.nn.activation_layers"
    assert without_oracle(classes_below(nn.Layer), LAYERS) == ["Cubic"]
    Cubic.__module__ = __name__
    assert Cubic not in classes_below(nn.Layer)


@every(FOUND)
@EXAMPLES
@given(data=st.data())
def test_layer_agrees_with_torch(cls, data):
    compare_layer(*draw_case(cls, data))


@every(ACTIVATIONS)
def test_activation_agrees_with_torch_at_kinks_and_extremes(cls):
    compare_layer(cls(), EXTREMES)


@every(FOUND)
@FEW
@given(data=st.data())
def test_a_wrong_gradient_is_caught(cls, data):
    class Wrong(cls):
        def backward(self, grad_output):
            return super().backward(grad_output) * (1 + 1e-5) + 1e-5

    layer, x = draw_case(cls, data)
    layer.__class__ = Wrong
    with pytest.raises(AssertionError, match="Wrong: gradient of the input"):
        compare_layer(layer, x)


@every([nn.Dense, nn.Maxout, nn.Conv2d, nn.BatchNorm, nn.RNN, nn.LSTM, nn.GRU])
@FEW
@given(data=st.data())
def test_a_wrong_parameter_gradient_is_caught(cls, data):
    name = "shift" if cls is nn.BatchNorm else "bias"

    class Wrong(cls):
        def backward(self, grad_output):
            gradient = super().backward(grad_output)
            self.gradients[name] += 1e-5 * max(1.0, np.max(np.abs(self.gradients[name])))
            return gradient

    layer, x = draw_case(cls, data)
    layer.__class__ = Wrong
    with pytest.raises(AssertionError, match=f"Wrong: gradient of '{name}'"):
        compare_layer(layer, x)
    with pytest.raises(CheckFailed, match=f"gradient of '{name}'"):
        compare_with_differences(layer, x)


# --- the second oracle: central differences ---------------------------------------------------


def compare_with_differences(layer, x):
    x = x / max(1.0, np.max(np.abs(x)))  # differences need values of order one
    if isinstance(layer, KINKED):
        x += np.copysign(0.01, x)  # and no kink within a step
    weights = np.random.default_rng(1).standard_normal(layer.forward(x).shape)
    gradients = {"x": layer.backward(weights)}
    gradients |= {k: g.copy() for k, g in layer.gradients.items()}

    def objective():
        return float(np.sum(weights * layer.forward(x)))

    gradcheck(objective, {**layer.parameters, "x": x}, gradients)


@every(FOUND)
@FEW
@given(data=st.data())
def test_layer_agrees_with_central_differences(cls, data):
    compare_with_differences(*draw_case(cls, data))


# --- extreme inputs, and both precisions ------------------------------------------------------


@every(ACTIVATIONS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_activation_is_stable_at_a_thousand(cls, dtype):
    layer, x = cls(), EXTREMES.astype(dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        y = layer.forward(x)
        gradient = layer.backward(np.ones_like(y))
    assert np.all(np.isfinite(y))
    assert np.all(np.isfinite(gradient))


@every(FOUND)
@pytest.mark.parametrize("dtype", FLOATS)
@FEW
@given(data=st.data())
def test_layer_keeps_its_precision(cls, dtype, data):
    layer, x = draw_case(cls, data, dtype)
    y = layer.forward(x)
    gradient = layer.backward(np.ones(y.shape))
    arrays = [y, gradient, *layer.parameters.values(), *layer.gradients.values()]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert gradient.shape == x.shape


@every(FOUND)
@FEW
@given(data=st.data())
def test_a_float64_layer_computes_in_the_precision_of_its_input(cls, data):
    layer, x = draw_case(cls, data)
    x = np.clip(x, -30, 30).astype(np.float32)  # the same numbers in both precisions
    wide = layer.forward(x.astype(np.float64))
    narrow = layer.forward(x)
    assert narrow.dtype == np.float32
    agree(f"{cls.__name__} in float32", narrow, wide, 1e-5)
    layer.backward(narrow)
    assert all(gradient.dtype == np.float64 for gradient in layer.gradients.values())


def test_integers_and_lists_are_accepted():
    dense = nn.Dense(2, 1, rng=np.random.default_rng(0), dtype=np.float32)
    dense.parameters["weight"] = [[1, 2]]
    y = dense([[3, 4], [0, 1]])
    assert y.tolist() == [[11], [2]]
    assert y.dtype == np.float32
    assert nn.ReLU()([-1, 2]).tolist() == [0, 2]


@pytest.mark.parametrize("values", [[1j], ["a"], [None]])
def test_what_is_not_a_real_number_is_refused(values):
    with pytest.raises(TypeError, match="expected real numbers"):
        nn.Tanh().forward(values)


# --- worked by hand ---------------------------------------------------------------------------


def test_dense_by_hand():
    dense = nn.Dense(2, 3, rng=np.random.default_rng(0))
    dense.parameters["weight"] = [[1, 2], [3, 4], [5, 6]]
    dense.parameters["bias"] = [0.5, 0, -0.5]
    assert dense([[1, 1], [0, 2]]).tolist() == [[3.5, 7, 10.5], [4.5, 8, 11.5]]
    assert dense.backward([[1, 0, 0], [0, 0, 2]]).tolist() == [[1, 2], [10, 12]]
    assert dense.gradients["weight"].tolist() == [[1, 1], [0, 0], [0, 4]]
    assert dense.gradients["bias"].tolist() == [1, 0, 2]


def test_maxout_can_be_the_absolute_value_and_gives_ties_to_one_piece():
    maxout = nn.Maxout(1, 1, 2, rng=np.random.default_rng(0))
    maxout.parameters["weight"] = [[[1]], [[-1]]]
    assert maxout([[-3], [2], [0]]).tolist() == [[3], [2], [0]]
    assert maxout.backward([[1], [1], [1]]).tolist() == [[-1], [1], [1]]
    assert maxout.gradients["bias"].tolist() == [[2], [1]]


def test_backward_can_be_called_again_and_overwrites():
    dense = nn.Dense(2, 2, rng=np.random.default_rng(0))
    dense.forward([[1, 2]])
    dense.backward([[1, 0]])
    first = dense.gradients["weight"].copy()
    dense.backward([[1, 0]])
    assert np.array_equal(dense.gradients["weight"], first)


# --- clear errors -----------------------------------------------------------------------------


@every(FOUND)
@FEW
@given(data=st.data())
def test_backward_before_forward_says_so(cls, data):
    layer, _ = draw_case(cls, data)
    for method in (layer.backward, layer.backward_parameters):
        with pytest.raises(RuntimeError, match="backward was called before forward"):
            method(np.ones((1, 1)))


@every(FOUND)
@FEW
@given(data=st.data())
def test_a_gradient_of_another_shape_is_refused(cls, data):
    layer, x = draw_case(cls, data)
    y = layer.forward(x)
    for shape in ((), (1, *y.shape), (*y.shape[:-1], y.shape[-1] + 1)):
        with pytest.raises(ValueError, match="the gradient has shape"):
            layer.backward(np.ones(shape))


@pytest.mark.parametrize("cls", [nn.Dense, nn.Maxout])
@pytest.mark.parametrize("shape", [(3,), (4, 2), (2, 2, 3), (), (3, 1)])
def test_an_input_of_another_shape_is_refused(cls, shape):
    layer = cls(3, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"expects x of shape \(batch, 3\), got"):
        layer.forward(np.ones(shape))


def test_one_example_gets_a_hint():
    with pytest.raises(ValueError, match=r"np\.newaxis"):
        nn.Dense(3, 2, rng=np.random.default_rng(0)).forward(np.ones(3))


@pytest.mark.parametrize("features", [(0, 2), (2, 0), (-1, 2)])
def test_a_layer_without_units_is_refused(features):
    with pytest.raises(ValueError, match="shape"):
        nn.Dense(*features, rng=np.random.default_rng(0))


@pytest.mark.parametrize("dtype", ["int64", "float16", "complex128"])
@pytest.mark.parametrize("cls", [nn.Dense, nn.Maxout, nn.GRU])
def test_parameters_of_another_type_are_refused(cls, dtype):
    with pytest.raises(TypeError, match=f"parameters are float32 or float64, not {dtype}"):
        cls(3, 2, rng=np.random.default_rng(0), dtype=dtype)


def test_a_gradient_that_is_not_real_is_refused():
    layer = nn.Dense(3, 2, rng=np.random.default_rng(0))
    y = layer.forward(np.ones((1, 3)))
    with pytest.raises(TypeError, match="expected real numbers, got an array of dtype complex128"):
        layer.backward(y * 1j)


def test_maxout_needs_a_piece():
    with pytest.raises(ValueError, match="at least one piece"):
        nn.Maxout(2, 2, 0, rng=np.random.default_rng(0))


def test_sequential_says_what_it_takes():
    with pytest.raises(TypeError, match="takes layers"):
        nn.Sequential([nn.ReLU()])
    with pytest.raises(ValueError, match="at least one layer"):
        nn.Sequential()
    relu = nn.ReLU()
    with pytest.raises(ValueError, match="twice"):
        nn.Sequential(relu, nn.Tanh(), relu)


# --- parameters -------------------------------------------------------------------------------


def small_network():
    rng = np.random.default_rng(3)
    return nn.Sequential(nn.Dense(2, 3, rng=rng), nn.Tanh(), nn.Dense(3, 1, rng=rng))


def test_sequential_shares_the_arrays_of_its_layers():
    network = small_network()
    assert list(network.parameters) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert list(network.gradients) == list(network.parameters)
    network.parameters["2.bias"] = [7.0]
    assert network.layers[2].parameters["bias"].tolist() == [7.0]
    assert network.parameters["0.weight"] is network.layers[0].parameters["weight"]


def test_parameters_are_assigned_by_value_and_never_replaced():
    parameters = small_network().parameters
    bias, new = parameters["2.bias"], np.array([5.0])
    parameters["2.bias"] = new
    new[0] = 9
    assert parameters["2.bias"] is bias
    assert bias.tolist() == [5.0]
    with pytest.raises(ValueError, match=r"'2.bias' has shape \(1,\), the new values \(2,\)"):
        parameters["2.bias"] = [1, 2]
    with pytest.raises(ValueError, match="shape"):
        parameters["2.bias"] = 1.0  # nothing is broadcast
    with pytest.raises(KeyError, match=r"2\.wait"):
        parameters["2.wait"] = [1]
    with pytest.raises(TypeError, match="names are fixed"):
        del parameters["2.bias"]
    with pytest.raises(AttributeError):
        small_network().parameters = {}


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copied_network_is_independent_and_whole(duplicate):
    network = small_network()
    twin = duplicate(network)
    twin.parameters["0.weight"][...] = 0
    assert np.any(network.parameters["0.weight"])
    assert not np.any(twin.layers[0].parameters["weight"])


def test_the_representation_shows_the_shapes():
    assert repr(small_network()) == (
        "Sequential(\n  0: Dense(weight (3, 2), bias (3,))\n  1: Tanh()\n"
        "  2: Dense(weight (1, 3), bias (1,))\n)"
    )
