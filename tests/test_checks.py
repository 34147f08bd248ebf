"""The executable equation must pass what is true, and fail what is not."""

import numpy as np
import pytest

from derived.checks import CheckFailed, check, gradcheck, refute, relative_error


def test_check_prints_one_stable_line(capsys):
    check("2.7", "a = b", 1.0 + 1e-12, 1.0)
    assert capsys.readouterr().out == "✓ (2.7) a = b · relative error ≤ 1e-09\n"


@pytest.mark.parametrize(
    ("got", "want", "message"),
    [
        (1.001, 1.0, r"\(9.9\) false: relative error 1.00e-03 > 1e-09; got 1.001, want 1"),
        ([1.0, 3.0], [1.0, 2.0], r"at index \(1,\)"),
        (np.ones(3), np.ones((3, 1)), "shapes differ"),
        (np.ones(3), 1.0, "shapes differ"),
        (np.nan, 1.0, "got contains NaN"),
        (1.0, np.inf, "want contains NaN or infinity"),
        ("one", 1.0, "not a real number"),
        (1.0 + 2.0j, 1.0, "not a real number"),
        ([], [], "nothing to compare"),
    ],
)
def test_check_fails_with_a_message_that_names_the_place(got, want, message):
    with pytest.raises(CheckFailed, match=message):
        check("9.9", "false", got, want)


def test_check_is_absolute_near_zero_and_relative_above_one():
    check("1.1", "small", 1e-10, 0.0)
    check("1.2", "large", 1e12 + 1.0, 1e12)
    check("1.3", "exact", [1, 2], [1, 2], tol=0)


def test_refute_needs_a_misprint_that_fails_and_a_correction_that_holds(capsys):
    refute("E-03", "2.4", "1 − z² → 1 − tanh² z", 0.75, 0.786448, 0.786448)
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("✗ (E-03)") and "off by 0.04" in out[0]
    assert out[1] == "✓ (2.4) corrected · relative error ≤ 1e-09"
    with pytest.raises(CheckFailed, match="nothing is refuted"):
        refute("E-03", None, "true formula", 1.0, 1.0)
    with pytest.raises(CheckFailed, match="the corrected formula is off"):
        refute("E-03", None, "wrong correction", 2.0, 1.0, 1.5)


@pytest.mark.parametrize(
    ("printed", "word"),
    [
        (ValueError("shapes (2,3) and (2,3)"), "cannot be evaluated"),
        (np.ones(2), "has shape"),
        (np.inf, "is not finite"),
        (1e9, "off by 1e+09"),
    ],
)
def test_refute_says_how_the_misprint_fails(printed, word, capsys):
    refute("E-05", None, "misprint", printed, 1.0)
    assert word in capsys.readouterr().out


@pytest.mark.parametrize("bound", [np.nan, np.inf, -1e-9, None])
def test_a_bound_that_bounds_nothing_is_refused(bound):
    x = np.ones(2)
    for call in (
        lambda: check("1.1", "a = b", 1.0, 1.0, tol=bound),
        lambda: refute("E-1", None, "misprint", 2.0, 1.0, tol=bound),
        lambda: refute("E-1", None, "misprint", 2.0, 1.0, gap=bound),
        lambda: gradcheck(lambda: float(x.sum()), {"x": x}, {"x": np.ones(2)}, tol=bound),
    ):
        with pytest.raises(ValueError, match="must be a finite number ≥ 0"):
            call()


def test_integers_are_compared_as_integers():
    with pytest.raises(CheckFailed, match="got 9007199254740993, want 9007199254740992"):
        check("1.1", "n + 1 = n", 2**53 + 1, 2**53, tol=0)
    check("1.2", "unsigned", np.uint8([1, 255]), [1, 255], tol=0)


@pytest.mark.parametrize(
    ("printed", "want", "message"),
    [
        (NameError("name 'w' is not defined"), 1.0, "a mistake in the code.*name 'w'"),
        (AttributeError("no attribute"), 1.0, "a mistake in the code"),
        (None, 1.0, "printed is not a real number"),
        ("2", 1.0, "printed is not a real number"),
        (np.array([1.0 + 5j]), [1.0], "printed is not a real number"),
        (np.array([1.0]), 1.0, r"numbers hold, in the shape \(1,\) instead of \(\)"),
        (np.ones((3, 1)), np.ones(3), "numbers hold, in the shape"),
    ],
)
def test_a_mistake_of_the_notebook_refutes_nothing(printed, want, message):
    with pytest.raises(CheckFailed, match=message):
        refute("E-1", None, "misprint", printed, want)


def test_the_relative_error_broadcasts_nothing_and_keeps_the_imaginary_part():
    with pytest.raises(ValueError, match="one shape"):
        relative_error(np.ones((3, 1)), np.ones(3))
    assert relative_error(np.array([1 + 5j]), np.array([1.0])) == 5.0


def test_gradcheck_needs_something_to_compare():
    for nothing in ({}, {"w": np.zeros((0, 3))}):
        with pytest.raises(CheckFailed, match="nothing to compare"):
            gradcheck(lambda: 0.0, nothing, nothing)


def quadratic():
    weight = np.array([[1.0, -2.0], [0.5, 3.0]])
    return weight, (lambda: float(np.sum(weight**3)))


def test_gradcheck_accepts_the_right_gradient_and_restores_the_parameters():
    weight, loss = quadratic()
    before = weight.copy()
    errors = gradcheck(loss, {"weight": weight}, {"weight": 3 * weight**2})
    assert errors["weight"] <= 1e-7
    np.testing.assert_array_equal(weight, before)


def test_gradcheck_names_the_parameter_and_its_worst_entry():
    weight, loss = quadratic()
    wrong = 3 * weight**2
    wrong[1, 0] += 0.1
    with pytest.raises(CheckFailed, match=r"'weight' is wrong.*at index \(1, 0\)"):
        gradcheck(loss, {"weight": weight}, {"weight": wrong})


def test_gradcheck_restores_parameters_when_the_function_raises():
    weight, _ = quadratic()
    before = weight.copy()

    def broken():
        raise RuntimeError("broken loss")

    with pytest.raises(RuntimeError):
        gradcheck(broken, {"weight": weight}, {"weight": weight})
    np.testing.assert_array_equal(weight, before)


def test_gradcheck_refuses_float32_and_unmatched_names():
    weight = np.ones(2, np.float32)
    with pytest.raises(TypeError, match="float64"):
        gradcheck(lambda: 0.0, {"w": weight}, {"w": weight})
    with pytest.raises(CheckFailed, match="do not match"):
        gradcheck(lambda: 0.0, {"w": np.ones(2)}, {"v": np.ones(2)})
