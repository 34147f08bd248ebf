"""Every loss of ``derived.nn`` against PyTorch, central differences and extreme inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derived import nn
from derived.checks import gradcheck
from tests.oracle_cases import EXAMPLES, FLOATS
from tests.torch_oracles import LOSSES, agree, classes_below, compare_loss, without_oracle

FOUND = classes_below(nn.Loss)
FEW = settings(EXAMPLES, max_examples=5)
every_loss = pytest.mark.parametrize("cls", FOUND, ids=lambda cls: cls.__name__)


def draw_case(cls, data, dtype=np.float64):
    assert cls in LOSSES, f"{cls.__name__} has no oracle: add one to tests/torch_oracles.py"
    return LOSSES[cls].draw(data.draw, dtype)


def test_every_loss_has_an_oracle_and_is_exported():
    assert len(FOUND) >= 3
    missing = without_oracle(FOUND, LOSSES)
    assert not missing, f"{missing} have no oracle: add one to tests/torch_oracles.py"
    assert not [cls.__name__ for cls in FOUND if cls.__name__ not in nn.__all__]


def test_a_new_loss_without_an_oracle_is_named():
    class Hinge(nn.MeanSquaredError):
        pass

    Hinge.__module__ = "derived.nn.losses"
    assert without_oracle(classes_below(nn.Loss), LOSSES) == ["Hinge"]
    Hinge.__module__ = __name__


@every_loss
@EXAMPLES
@given(data=st.data())
def test_loss_agrees_with_torch(cls, data):
    compare_loss(cls(), *draw_case(cls, data))


@every_loss
@FEW
@given(data=st.data())
def test_a_wrong_gradient_or_value_is_caught(cls, data):
    class WrongGradient(cls):
        def backward(self):
            return super().backward() * (1 + 1e-5) + 1e-5

    class WrongValue(cls):
        def forward(self, prediction, target):
            return super().forward(prediction, target) * (1 + 1e-5) + 1e-5

    case = draw_case(cls, data)
    with pytest.raises(AssertionError, match="WrongGradient: gradient"):
        compare_loss(WrongGradient(), *case)
    with pytest.raises(AssertionError, match="WrongValue: value"):
        compare_loss(WrongValue(), *case)


@every_loss
@FEW
@given(data=st.data())
def test_loss_agrees_with_central_differences(cls, data):
    prediction, target = draw_case(cls, data)
    prediction = prediction / max(1.0, np.max(np.abs(prediction)))
    if cls is nn.MeanSquaredError:
        target = target / max(1.0, np.max(np.abs(target)))
    loss = cls()
    loss.forward(prediction, target)
    gradients = {"prediction": loss.backward()}
    gradcheck(lambda: loss.forward(prediction, target), {"prediction": prediction}, gradients)


@every_loss
@pytest.mark.parametrize("dtype", FLOATS)
@FEW
@given(data=st.data())
def test_loss_keeps_its_precision(cls, dtype, data):
    prediction, target = draw_case(cls, data, dtype)
    loss = cls()
    value = loss(prediction, target)
    assert type(value) is float
    assert loss.backward().dtype == dtype
    wide = cls().forward(prediction.astype(np.float64), target)
    agree(cls.__name__, value / (1 + abs(wide)), wide / (1 + abs(wide)), 1e-5)


# --- extremes ---------------------------------------------------------------------------------

THOUSANDS = np.array([[1000.0, -1000.0], [-1000.0, 1000.0], [0.0, 1000.0], [-1000.0, -1000.0]])


@pytest.mark.parametrize("dtype", FLOATS)
def test_cross_entropy_is_stable_at_a_thousand(dtype):
    logits, loss = THOUSANDS.astype(dtype), nn.CrossEntropy()
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert loss.forward(logits, [0, 0, 0, 0]) == pytest.approx((3000 + np.log(2)) / 4)
        gradient = loss.backward() * 4
    assert np.allclose(gradient, [[0, 0], [-1, 1], [-1, 1], [-0.5, 0.5]])
    compare_loss(loss, THOUSANDS, np.array([0, 0, 0, 0]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_binary_cross_entropy_is_stable_at_a_thousand(dtype):
    target = np.array([[1, 0], [1, 0], [1, 1], [0, 0]])
    loss = nn.BinaryCrossEntropy()
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value = loss.forward(THOUSANDS.astype(dtype), target)
        gradient = loss.backward() * 8
    assert value == pytest.approx((2000 + np.log(2)) / 8)
    assert np.allclose(gradient, [[0, 0], [-1, 1], [-0.5, 0], [0, 0]])
    compare_loss(loss, THOUSANDS, target.astype(float))


def test_a_small_loss_keeps_its_digits():
    """At logit 40 the loss is log(1 + exp(−40)), which naive forms round to zero."""
    for logit, label in ((40.0, 1), (-40.0, 0)):
        assert nn.BinaryCrossEntropy()([logit], [label]) == pytest.approx(np.exp(-40.0), rel=1e-12)


# --- worked by hand ---------------------------------------------------------------------------


def test_losses_by_hand():
    assert nn.MeanSquaredError()([30, 80, 85], [90, 20, 95]) == pytest.approx(7300 / 3)
    probabilities = np.array([0.1, 0.8, 0.6])
    logits = np.log(probabilities / (1 - probabilities))
    want = (np.log(10) + np.log(5) - np.log(0.6)) / 3
    assert nn.BinaryCrossEntropy()(logits, [1, 0, 1]) == pytest.approx(want, rel=1e-14)
    assert nn.CrossEntropy()([[2, 0, -1]], [0]) == pytest.approx(0.169846019)


def test_labels_of_any_integer_type_are_accepted():
    logits = np.array([[0.0, 1.0], [2.0, 0.0]])
    want = nn.CrossEntropy()(logits, [1, 0])
    for dtype in (np.uint8, np.int32, bool):
        loss = nn.CrossEntropy()
        assert loss(logits, np.array([1, 0], dtype)) == want
        agree("gradient", loss.backward().sum(axis=1), np.zeros(2))


# --- clear errors -----------------------------------------------------------------------------


@every_loss
def test_backward_before_forward_says_so(cls):
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        cls().backward()


@pytest.mark.parametrize("cls", [nn.MeanSquaredError, nn.BinaryCrossEntropy])
def test_nothing_is_broadcast(cls):
    with pytest.raises(ValueError, match=r"prediction has shape \(3, 1\), the target \(3,\)"):
        cls().forward(np.zeros((3, 1)), np.zeros(3))


@every_loss
def test_an_empty_batch_is_refused(cls):
    with pytest.raises(ValueError, match="empty"):
        cls().forward(np.zeros((0, 2)), np.zeros((0, 2)))


def test_a_label_out_of_range_is_named():
    loss, logits = nn.CrossEntropy(), np.zeros((3, 4))
    for label in (4, -1):
        with pytest.raises(ValueError, match=f"label {label} of example 1 is not a class.*0 to 3"):
            loss.forward(logits, [0, label, 3])
    with pytest.raises(TypeError, match="labels are integers, got dtype float64"):
        loss.forward(logits, [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="one-hot targets become labels by argmax"):
        loss.forward(logits, np.eye(4)[:3])
    with pytest.raises(ValueError, match=r"need labels of shape \(3,\), got \(2,\)"):
        loss.forward(logits, [0, 1])
    with pytest.raises(ValueError, match=r"logits of shape \(batch, classes\), got \(3,\)"):
        loss.forward(np.zeros(3), [0, 1, 2])


@pytest.mark.parametrize("bad", [-1, 2, np.nan])
def test_a_target_that_is_no_probability_is_refused(bad):
    with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
        nn.BinaryCrossEntropy().forward([0.0, 1.0], [1, bad])


def test_a_failed_forward_leaves_the_last_one_in_place():
    loss = nn.CrossEntropy()
    loss.forward([[0, 0]], [1])
    with pytest.raises(ValueError, match="not a class"):
        loss.forward([[0, 0]], [2])
    assert loss.backward().tolist() == [[0.5, -0.5]]
