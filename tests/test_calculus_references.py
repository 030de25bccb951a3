"""Values, Jacobians and Hessians of well-known functions against figures recorded from JAX, to twelve digits.

The recorder writes only figures of JAX that mpmath confirms, so that every number, however small beside its
neighbours, is compared relatively to itself; what is 0 is 0 exactly.
"""

from functools import partial

import pytest
from references.functions import FUNCTIONS, POINTS
from references.recording import read

import autograd_lite
from autograd_lite import Value, topological_order
from autograd_lite.calculus import grad, hessian, jacobian
from autograd_lite.ops import TABLE

JAX = read("calculus.json")
WITH_ONE_RESULT = [name for name, cases in JAX.items() if isinstance(cases[0]["value"], float)]


def numbers(tree):
    """The scalars in nested lists."""
    return [x for branch in tree for x in numbers(branch)] if isinstance(tree, list) else [tree]


def assert_same(got, right):
    """That two nested lists have the same form, and their numbers twelve digits in common."""
    if isinstance(right, list):
        assert isinstance(got, list)
        assert len(got) == len(right)
        for g, r in zip(got, right, strict=True):
            assert_same(g, r)
    else:
        assert type(got) is float
        assert got == pytest.approx(right, rel=1e-12, abs=0)


def check(name, kind, derivative):
    """That what `derivative` makes of a function is what JAX has recorded, at each of its points."""
    of_x = derivative(partial(FUNCTIONS[name], autograd_lite))
    for case in JAX[name]:
        assert_same(of_x(case["x"]), case[kind])


@pytest.mark.parametrize("name", JAX)
def test_values_are_jax_s(name):
    check(name, "value", lambda f: f)


@pytest.mark.parametrize("name", WITH_ONE_RESULT)
def test_gradients_are_jax_s(name):
    check(name, "first", grad)


@pytest.mark.parametrize("name", JAX)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobians_are_jax_s_in_either_mode(name, mode):
    check(name, "first", partial(jacobian, mode=mode))


@pytest.mark.parametrize("name", JAX)
def test_hessians_are_jax_s(name):
    check(name, "second", hessian)


def test_sixty_functions_or_more_are_recorded_at_three_points_each():
    assert len(FUNCTIONS) >= 60
    assert {name: cases[0]["x"] for name, cases in JAX.items()} == POINTS
    assert {len(cases) for cases in JAX.values()} == {3}


def values(tree):
    return [values(branch) for branch in tree] if isinstance(tree, list) else Value(tree)


def graph_of_derivatives(name):
    """The nodes of a function's results and of their first derivatives."""
    x = values(POINTS[name])
    results = numbers(FUNCTIONS[name](autograd_lite, x))
    slopes = [slope for y in results for slope in y.gradient(numbers(x))]
    return topological_order(*results, *slopes)


def test_every_primitive_is_in_the_graph_of_a_function_or_of_its_derivatives():
    used = {node.op for name in FUNCTIONS for node in graph_of_derivatives(name)}
    # The derivative of stop_gradient is not that of its value, which the recorder checks.
    assert set(TABLE) - used == {"stop_gradient"}
