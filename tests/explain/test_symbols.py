"""Symbolic expressions evaluate to what the same code gives for floats, in a form that can be read."""

import math
from functools import reduce

import pytest
from hypothesis import given

from autograd_lite import exp, log, maximum, ops, relu, sigmoid, where
from autograd_lite.explain._simplification import factored, opened, simplified
from autograd_lite.explain._symbols import TooLongError, evaluate, named, number, total
from autograd_lite.explain._writing import ASCII, UNICODE, write
from autograd_lite.testing import expressions

x, y, z = named("x", 2.0), named("y", 3.0), named("z", -0.5)


def text(e):
    return write(e, UNICODE)


@given(expressions(max_steps=6))
def test_an_expression_evaluates_to_what_floats_give(expression):
    leaves = [named(f"x{i}", value) for i, value in enumerate(expression.leaves)]
    try:
        e = expression(*leaves)
    except TooLongError:
        return
    expected = expression(*expression.leaves)
    for form in (e, factored(e)):
        assert math.isclose(evaluate(form), expected, rel_tol=1e-9, abs_tol=1e-9)
    assert text(e)
    assert write(e, ASCII).isascii()


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (x + 0.0, "x"),
        (x * 1.0, "x"),
        (x * 0.0, "0"),
        (x - x, "0"),
        (x + x, "2·x"),
        (x * x, "x²"),
        (x * y / x, "y"),
        (x / y / y, "x/y²"),
        (1.0 / (x * y), "1/(x·y)"),
        (0.5 * x, "0.5·x"),
        (x / 3.0, "x/3"),
        (x / y * 0.5, "x/(2·y)"),
        (273.15 * x, "273.15·x"),
        (x**2.00001, "x**2.00001"),
        (x**1e300, "x**1e+300"),
        ((x**y) ** z, "(x**y)**z"),
        ((x**y) ** 2.0, "(x**y)²"),
        ((x**2.0) ** (y - 1.0), "(x²)**(y - 1)"),
        (exp(x) ** 2.0, "(exp(x))²"),
        (0.3 * x, "0.3·x"),
        (number(0.5), "0.5"),
        (x * number(1e-300), "1e-300·x"),
        (x * number(5e-324), "4.94065645841e-324·x"),
        (-x, "-x"),
        (-(x + y) * z, "-(x + y)·z"),
        (x - (y - z), "x - y + z"),
        (x - 2.0 * (y - z), "x - 2·(y - z)"),
        (x**0.5, "√(x)"),
        ((x + y) ** 0.5, "√(x + y)"),
        ((x + y) ** 2.0, "(x + y)²"),
        ((x * y) ** 0.5, "√(x·y)"),
        (x**-2.0, "1/x²"),
        (x**1.5, "x**1.5"),
        (x**y, "x**y"),
        ((-x) ** 0.5, "√(-x)"),
        (2.0**x, "2**x"),
        (ops.abs(x - y), "|x - y|"),
        (sigmoid(x) * exp(-x), "σ(x)·exp(-x)"),
        (where(x > 0.0, 1.0, 0.0), "[x > 0]"),
        (where(x > 0.0, 0.0, y), "y·[x <= 0]"),
        (where(x > 0.0, y, z), "(y if x > 0 else z)"),
        (where((x > 0.0) & ~(y < 1.0), x, 0.0), "x·[(x > 0) and (y >= 1)]"),
        (maximum(relu(x), y), "maximum(relu(x), y)"),
        (total([x, y, -x]), "y"),
    ],
)
def test_an_expression_is_written_as_short_as_it_can_be(e, expected):
    assert text(e) == expected


def test_numbers_take_the_places_of_names():
    from autograd_lite.explain._writing import with_numbers

    numbers = with_numbers(UNICODE)
    assert write(x * z + y, numbers) == "2·(-0.5) + 3"
    assert write(z, numbers) == "-0.5"
    assert write(y + z, numbers) == "3 + (-0.5)"
    assert write(log(-z), numbers) == "log(-(-0.5))"
    assert write(exp(z), numbers) == "exp(-0.5)"
    assert write(z**2.0, numbers) == "(-0.5)²"


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (-(y / x - (1.0 - y) / (1.0 - x)) * x * (1.0 - x), "x - y"),
        ((1.0 / x + 1.0 / y) * x * y, "y + x"),
        (-(1.0 - x) * y, "(x - 1)·y"),
        (x * (y + z), "x·(y + z)"),
        (-(x / y), "-x/y"),
    ],
)
def test_a_product_is_simplified_where_denominators_cancel(e, expected):
    assert text(simplified(e)) == expected
    assert evaluate(simplified(e)) == pytest.approx(evaluate(e))


@given(
    expressions(max_steps=8, primitives=["add", "sub", "mul", "div", "neg", "square", "reciprocal", "exp"])
)
def test_simplifying_and_multiplying_out_change_no_number(expression):
    leaves = [named(f"x{i}", value) for i, value in enumerate(expression.leaves)]
    try:
        e = expression(*leaves) * leaves[0]
        forms = [simplified(e), opened(e)]
    except TooLongError:
        return
    size = max(1.0, abs(evaluate(e)))
    for form in forms:
        assert math.isclose(evaluate(form), evaluate(e), rel_tol=1e-6, abs_tol=1e-6 * size)


@pytest.mark.parametrize("longer", [lambda e, i: e + named(f"y{i}", 1.0), lambda e, i: exp(e)])
def test_a_long_or_deep_expression_is_given_up(longer):
    with pytest.raises(TooLongError):
        reduce(longer, range(1000), x)
