"""Finite differences are right to within their estimated errors; `check_gradients` finds what is wrong."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, custom_derivative, exp, grad, jacobian, log, ops, relu, sin, sqrt, where
from autograd_lite.testing import FiniteDifference, check_gradients, expressions, finite_difference

FUNCTIONS: list[tuple[Callable[[float], float], Callable[[float], float]]] = [
    (math.sin, math.cos),
    (math.exp, math.exp),
    (math.log, lambda x: 1 / x),
    (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    (math.atan, lambda x: 1 / (1 + x * x)),
    (lambda x: x**5, lambda x: 5 * x**4),
    (lambda x: math.sin(30 * x), lambda x: 30 * math.cos(30 * x)),
    (lambda x: math.tanh(x) / x, lambda x: 1 / math.cosh(x) ** 2 / x - math.tanh(x) / x**2),
]


@pytest.mark.parametrize(("f", "slope"), FUNCTIONS)
@given(x=st.floats(1e-3, 30.0))
def test_the_error_is_no_larger_than_estimated(f: Any, slope: Any, x: float) -> None:
    derivative, error = finite_difference(f, x)
    assert abs(derivative - slope(x)) <= 10 * error


@pytest.mark.parametrize(("f", "slope"), FUNCTIONS)
@pytest.mark.parametrize("x", [0.3, 1.0, 2.7])
def test_smooth_functions_have_ten_digits(f: Any, slope: Any, x: float) -> None:
    assert finite_difference(f, x).derivative == pytest.approx(slope(x), rel=1e-9)


@pytest.mark.parametrize("x", [1e-300, 1e-8, 1e8, 1e300])
def test_the_steps_shrink_to_where_the_function_has_values(x: float) -> None:
    derivative, error = finite_difference(math.log, x)
    assert abs(derivative * x - 1) < 1e-6
    assert error * x < 1e-4


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_at_no_number_there_is_no_derivative(x: float) -> None:
    derivative, error = finite_difference(lambda x: x * x, x)
    assert math.isnan(derivative)
    assert error == math.inf


@pytest.mark.parametrize(("f", "x"), [(math.sqrt, 0.0), (math.asin, 1.0), (math.acosh, 1.0)])
def test_at_the_end_of_the_domain_there_is_no_derivative(f: Any, x: float) -> None:
    assert np.isnan(finite_difference(f, x).derivative)
    assert finite_difference(f, x).error == math.inf


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (abs, 1e-5),
        (lambda x: x * x * math.sin(1 / x), 1e-3),
        (lambda x: math.exp(-(((x - 1) / 1e-5) ** 2)), 1 + 3e-6),
        (math.sin, 1e10),
    ],
)
def test_what_happens_within_the_steps_makes_the_error_large(f: Any, x: float) -> None:
    derivative, error = finite_difference(f, x)
    slope = (f(x * (1 + 1e-9)) - f(x * (1 - 1e-9))) / (2e-9 * x) if x < 1e9 else math.cos(x)
    assert abs(derivative - slope) <= 2 * error


def test_complex_powers_of_negative_numbers_are_outside_the_domain() -> None:
    assert finite_difference(lambda x: x**1.5, 1e-3).derivative == pytest.approx(1.5 * math.sqrt(1e-3))


def test_the_structure_is_that_of_the_jacobian() -> None:
    def f(p: Any, x: Any) -> Any:
        return {"sum": np.sum(np.exp(p["w"]) * x), "list": [p["b"] * x, x]}

    point = ({"w": np.array([0.1, 0.2]), "b": 3.0}, 2.0)
    derivative, error = finite_difference(f, *point)
    exact = jacobian(f)(*point)
    assert derivative["list"][0]["b"] == pytest.approx(2.0)
    assert derivative["list"][1] == {"w": pytest.approx([0, 0]), "b": 0.0}
    assert derivative["sum"]["w"] == pytest.approx(exact["sum"]["w"], rel=1e-9)
    assert error["sum"]["w"].shape == (2,)
    assert isinstance(finite_difference(f, *point, argnums=1), FiniteDifference)
    assert len(finite_difference(lambda x, y: x * y, 2.0, 3.0, argnums=(1, 0)).derivative) == 2


def test_functions_of_values_get_values_and_nothing_is_recorded() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x.relu())
        return seen[-1]

    assert finite_difference(f, Value(2.0)).derivative == pytest.approx(1.0)
    assert all(y.inputs == () for y in seen)


def test_a_function_must_not_change_the_structure_of_its_result() -> None:
    with pytest.raises(TypeError, match="must not change its structure"):
        finite_difference(lambda x: [x, x] if x == 2.0 else [x], 2.0)
    derivative, _ = finite_difference(lambda x: {"a": x, "b": x * x} if x >= 2 else {"b": x * x, "a": x}, 2.0)
    assert derivative == {"a": pytest.approx(1.0), "b": pytest.approx(4.0)}


@pytest.mark.parametrize("result", ["a", None, 1j, [1.0, "b"]])
def test_results_that_are_no_numbers_are_type_errors(result: Any) -> None:
    with pytest.raises(TypeError, match="real numbers in the result of"):
        finite_difference(lambda x: result, 1.0)


# check_gradients


@settings(max_examples=40)
@given(expressions(max_steps=12, max_leaves=3))
def test_right_derivatives_of_both_orders_pass(expression: Any) -> None:
    check_gradients(expression, *expression.leaves, order=2, rtol=1e-5)


def wrong(*partials: Any) -> Any:
    """x² y with other derivatives."""

    @custom_derivative(*partials)
    def product(x: float, y: float) -> float:
        return x * x * y

    return product


@pytest.mark.parametrize(
    ("partials", "message"),
    [
        ((lambda z, x, y: x * y, lambda z, x, y: x * x), r"d args\[0\]: expected 12 .* but got 6"),
        ((lambda z, x, y: 2 * x * y, lambda z, x, y: -x * x), r"d args\[1\]: expected 4 .* but got -4"),
        ((lambda z, x, y: 2 * x * y * (1 + 1e-4), lambda z, x, y: x * x), r"expected 12 .* but got 12\.0012"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_wrong_derivative_is_named_with_what_was_expected(partials: Any, message: str, mode: str) -> None:
    with pytest.raises(AssertionError, match=rf"{mode} mode, .*{message}"):
        check_gradients(wrong(*partials), 2.0, 3.0, modes=[mode])


def test_the_place_in_a_structure_is_named() -> None:
    bad = wrong(lambda z, x, y: 0.0, lambda z, x, y: x * x)
    with pytest.raises(AssertionError, match=r"\['out'\]\[1\] / d args\[0\]\['w'\]\[2\]: expected 6"):
        check_gradients(lambda p: {"out": [p["w"][0], bad(p["w"][2], 3.0)]}, {"w": np.array([1.0, 2.0, 1.0])})


def test_a_wrong_second_derivative_is_found() -> None:
    @custom_derivative(lambda y, x: 3.0 * (x.data if isinstance(x, Value) else x) ** 2)
    def cube(x: float) -> float:
        return x**3

    check_gradients(cube, 2.0)
    with pytest.raises(AssertionError, match=r"d \(d cube / d args\[0\]\) / d args\[0\]: expected 12"):
        check_gradients(cube, 2.0, order=2)


def test_a_kink_is_said_to_be_one_and_curvature_is_not() -> None:
    with pytest.raises(AssertionError, match="there is a kink here, with slopes 0 and 1 on its sides"):
        check_gradients(relu, 0.0)
    reciprocal = custom_derivative(lambda y, x: 7.0)(lambda x: 1 / x)
    with pytest.raises(AssertionError, match=r"but got 7$"):
        check_gradients(reciprocal, 1e-3)


@pytest.mark.parametrize(("f", "x"), [(sqrt, 0.0), (lambda x: where(x > 0.3, x, 5.0), 0.3), (sin, 1e10)])
def test_where_differences_do_not_settle_nothing_is_approved(f: Any, x: float) -> None:
    with pytest.raises(AssertionError, match="do not settle"):
        check_gradients(f, x)


def test_close_to_the_end_of_the_domain_the_failure_is_still_about_the_derivative() -> None:
    root = custom_derivative(lambda y, x: 7 / y)(math.sqrt)
    with pytest.raises(AssertionError, match="expected 5000 "):
        check_gradients(root, 1e-8)
    check_gradients(log, 1e-8)


def test_parameters_of_a_model_take_part_as_constants() -> None:
    w = Value(3.0)
    check_gradients(lambda x: w * x * x, 2.0, order=2)
    assert not w.has_grad


def test_arguments_that_are_not_chosen_are_passed_on() -> None:
    check_gradients(lambda x, n, name: x**n if name == "power" else x, 2.0, 3, "power", argnums=0)
    check_gradients(lambda x, y: exp(x) * y, 0.5, 2.0, argnums=[1])


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"order": 3}, ValueError), ({"modes": ()}, ValueError), ({"modes": "forward"}, ValueError),
        ({"modes": ["sideways"]}, ValueError), ({"modes": iter(["forward"])}, ValueError),
        ({"rtol": math.inf}, ValueError), ({"rtol": -1.0}, ValueError), ({"rtol": "small"}, TypeError),
        ({"argnums": 3}, IndexError), ({"argnums": "0"}, TypeError), ({"argnums": ()}, ValueError),
    ],
)  # fmt: skip
def test_senseless_options_are_errors(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_gradients(sin, 1.0, **options)


def test_functions_without_results_cannot_be_checked() -> None:
    with pytest.raises(ValueError, match="nothing to check"):
        check_gradients(lambda x: [], 1.0)


def test_what_cannot_be_differentiated_is_the_error_of_jacobian() -> None:
    for call in (check_gradients, lambda f, x: jacobian(f)(x)):
        with pytest.raises(TypeError, match="must return a Value computed from its arguments"):
            call(lambda x: x.data, 1.0)
        with pytest.raises(TypeError, match="expected a function to differentiate, but got 3"):
            call(3, 1.0)


def test_the_primitives_pass() -> None:
    for name in ("tanh", "gelu", "mish", "arctan", "softplus"):
        check_gradients(getattr(ops, name), 0.7, order=2)
    assert grad(ops.tanh)(0.7) == pytest.approx(finite_difference(math.tanh, 0.7).derivative)
