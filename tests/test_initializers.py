"""The initializers: their distributions, shapes, precision, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch

from derived.nn import initializers
from derived.nn.initializers import (
    constant,
    fans,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    normal,
    zeros,
)

SHAPE = (300, 200)  # (out, in)
VARIANCES = {
    glorot_uniform: 2 / 500,
    glorot_normal: 2 / 500,
    he_uniform: 2 / 200,
    he_normal: 2 / 200,
    lecun_normal: 1 / 200,
}
named = pytest.mark.parametrize("initializer", VARIANCES, ids=lambda f: f.__name__)
ALL = [*VARIANCES, zeros, constant(0.5), normal(0.1)]


def test_every_initializer_is_tested():
    tested = {f.__name__ for f in VARIANCES} | {"zeros", "constant", "normal"}
    assert set(initializers.__all__) == tested | {"Initializer", "fans"}


@named
def test_the_distribution_is_the_one_it_is_named_after(initializer):
    values = initializer(SHAPE, rng=np.random.default_rng(0)).ravel()
    deviation = VARIANCES[initializer] ** 0.5
    if "uniform" in initializer.__name__:
        bound = deviation * 3**0.5
        want = scipy.stats.uniform(-bound, 2 * bound)
    else:
        want = scipy.stats.norm(0, deviation)
    assert scipy.stats.kstest(values, want.cdf).pvalue > 0.01
    wrong = (
        scipy.stats.norm(0, 1.05 * np.std(values))
        if "normal" in initializer.__name__
        else (scipy.stats.uniform(-1.05 * bound, 2.1 * bound))
    )
    assert scipy.stats.kstest(values, wrong.cdf).pvalue < 1e-3  # the test sees five percent


@pytest.mark.parametrize("shape", [(3, 5), (4, 2, 3), (6, 4, 3, 5)])
def test_fans_are_those_of_torch(shape):
    assert fans(shape) == torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))


@pytest.mark.parametrize("initializer", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_precision_and_seed(initializer, dtype):
    first, again = (
        initializer((3, 4), rng=np.random.default_rng(7), dtype=dtype) for _ in range(2)
    )
    assert first.shape == (3, 4)
    assert first.dtype == dtype
    assert np.array_equal(first, again)


@named
def test_a_seed_instead_of_a_generator_is_refused(initializer):
    with pytest.raises(TypeError, match=r"rng is a numpy\.random\.default_rng\(seed\), got 0"):
        initializer((2, 3), rng=0)


def test_constants_and_given_deviations():
    rng = np.random.default_rng(0)
    assert np.all(constant(0.5)((2, 3), rng=rng) == 0.5)
    assert not np.any(zeros((2, 3), rng=rng))
    assert np.std(normal(0.1)((200, 200), rng=rng)) == pytest.approx(0.1, rel=0.02)
    with pytest.raises(ValueError, match="standard deviation is ≥ 0"):
        normal(-1)


@named
@pytest.mark.parametrize("shape", [(3,), (), (0, 3), (3, 0)])
def test_a_shape_without_fans_is_refused(initializer, shape):
    with pytest.raises(ValueError, match=r"a weight has the shape \(out, in, ...\)"):
        initializer(shape, rng=np.random.default_rng(0))


def test_he_keeps_the_signal_through_thirty_relu_layers_and_glorot_does_not():
    x = np.random.default_rng(0).standard_normal((64, 200))
    sizes = {}
    for initializer in (he_normal, glorot_normal):
        rng, h = np.random.default_rng(1), x
        for _ in range(30):
            h = np.maximum(h @ initializer((200, 200), rng=rng).T, 0)
        sizes[initializer] = np.mean(h**2)
    assert 0.1 < sizes[he_normal] < 10
    assert sizes[glorot_normal] < 1e-6
