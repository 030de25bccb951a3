"""A node is written as its primitive is, with names or with numbers."""

import math

import pytest
from hypothesis import given

from autograd_lite import Value, custom_derivative, dot, mean, norm, softmax, sum, where
from autograd_lite import ops as all_ops
from autograd_lite._formula import figure, formula
from autograd_lite.testing import expressions


def name(x):
    return x.label if isinstance(x, Value) else f"{x:g}"


def number(x):
    return repr(x.data if isinstance(x, Value) else x)


a, b = Value(2.0, "a"), Value(-3.0, "b")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (a + b, "a + b"),
        (a - 1, "a - 1"),
        (1 / a, "1 / a"),
        (-a, "-a"),
        (a**2, "a**2"),
        (abs(b), "|b|"),
        (a.sigmoid(), "σ(a)"),
        (a.leaky_relu(), "leaky_relu(a, 0.01)"),
        (sum([a, b, 1.0]), "a + b + 1"),
        (dot([a, b], [1.0, a]), "a * 1 + b * a"),
        (mean([a, b]), "mean(a, b)"),
        (norm([a, b]), "norm(a, b)"),
        (softmax([a, b])[1], "softmax(a, b)[1]"),
        (where((a > 0) & ~(b > a), a, 0.0), "a if a > 0 and (...) else 0"),
        (sum([a] * 100), "a + a + a + a + ... + a"),
    ],
)
def test_a_formula_has_the_names_of_the_operands(node, expected):
    assert formula(node, name) == expected


def test_a_primitive_of_the_user_s_is_written_with_its_name():
    @custom_derivative(lambda y, x: 1.0)
    def shifted(x):
        return x + 1.0

    assert formula(shifted(a), name) == "shifted(a)"


def test_a_leaf_has_no_formula():
    with pytest.raises(ValueError, match="expected a node that was computed, but got the leaf"):
        formula(a, name)


PYTHON = {"Φ": all_ops.ndtr, "σ": all_ops.sigmoid, "√": all_ops.sqrt}
TEXT_ONLY = {"hypot", "where", "softmax", "norm", "abs"}


@given(expressions(max_steps=10))
def test_a_formula_with_numbers_is_python_that_gives_the_number(expression):
    for node in expression.nodes(*map(Value, expression.leaves)):
        if not isinstance(node, Value) or not node.op or node.op in TEXT_ONLY:
            continue
        text = formula(node, number)
        if "..." in text or node.op in ("mean", "max", "min", "logsumexp", "prod"):
            continue
        for symbol, function in PYTHON.items():
            text = text.replace(f"{symbol}(", f"{function.__name__}(")
        found = eval(text, {name: getattr(all_ops, name) for name in all_ops.__all__})
        assert math.isclose(found, node.data, rel_tol=1e-12, abs_tol=1e-12)


def test_a_figure_has_four_digits_and_no_minus_zero():
    assert [figure(x) for x in (-0.0, 2 / 3, 1e-20, 123456.0, math.inf, math.nan)] == [
        "0",
        "0.6667",
        "1e-20",
        "1.235e+05",
        "inf",
        "nan",
    ]
