"""Local derivatives have the formulas of textbooks, and these evaluate to the numbers of the table."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, maximum
from autograd_lite.engine import topological_order
from autograd_lite.explain._slopes import TEXTBOOK, expression, slope
from autograd_lite.explain._symbols import evaluate, named
from autograd_lite.explain._writing import UNICODE, write
from autograd_lite.ops import TABLE
from autograd_lite.testing import expressions

WITH_DERIVATIVE = [name for name, p in TABLE.items() if p.is_nary or any(p.partials)]


def symbols_of(order):
    return {node: named(f"v{i}", node.data) for i, node in enumerate(order)}


@pytest.mark.parametrize("name", WITH_DERIVATIVE)
def test_a_formula_evaluates_to_the_number_of_the_table(name):
    @settings(max_examples=20)
    @given(expressions(max_steps=1, primitives=[name]))
    def check(program):
        y = program(*map(Value, program.leaves))
        names = symbols_of(topological_order(y))
        assert math.isclose(evaluate(expression(y, names.get)), y.data, rel_tol=1e-9, abs_tol=1e-9)
        for i, partial in enumerate(y.partials):
            if partial is not None:
                e = slope(y, i, partial, names.get)
                assert e is not None
                assert math.isclose(evaluate(e), partial, rel_tol=1e-9, abs_tol=1e-9)

    check()


LINEAR = {"add", "sub", "neg", "sum", "mean", "stop_gradient"}


@pytest.mark.parametrize("name", [name for name in WITH_DERIVATIVE if not TABLE[name].is_nary])
def test_a_derivative_that_is_no_constant_is_a_formula(name):
    p = TABLE[name]
    if name in LINEAR or p.operands[0] == "condition":
        return
    values = [Value(x, n) for x, n in zip((1.3, 2.1, 3.7), p.operands, strict=False)]
    if name in ("arcsin", "arccos", "arctanh"):
        values = [Value(0.3, "x")]
    y = getattr(__import__("autograd_lite.ops", fromlist=[name]), name)(*values)
    y.label = "y"
    e = slope(y, 0, y.partials[0], lambda node: named(node.label, node.data))
    assert e.powers, name
    assert len(write(e, UNICODE)) < 60


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sigmoid", "y·(1 - y)"),
        ("tanh", "1 - y²"),
        ("exp", "y"),
        ("log", "1/x"),
        ("sin", "cos(x)"),
        ("cos", "-sin(x)"),
        ("sqrt", "1/(2·y)"),
        ("square", "2·x"),
        ("reciprocal", "-1/x²"),
        ("arcsin", "1/√(1 - x²)"),
        ("arctan", "1/(1 + x²)"),
        ("relu", "[x > 0]"),
        ("abs", "x/y"),
        ("gelu", "gelu'(x)"),
        ("softplus", "σ(x)"),
    ],
)
def test_derivatives_are_written_as_in_textbooks(name, expected):
    x = Value(0.5, "x")
    y = getattr(x, name)()
    y.label = "y"
    assert write(slope(y, 0, y.partials[0], lambda node: named(node.label, node.data)), UNICODE) == expected


@given(st.sampled_from(sorted(TEXTBOOK)))
def test_textbook_rows_are_primitives(name):
    assert name in TABLE


def test_where_a_formula_has_another_number_the_number_is_written():
    x = Value(0.0, "x")
    y = maximum(x, 0.0)
    e = slope(y, 0, y.partials[0], lambda node: named(node.label, node.data))
    assert (e.coefficient, e.powers) == (0.5, ())
