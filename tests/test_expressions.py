"""Random programs over the table of primitives: the chain rule on whole graphs, against differences.

An expression runs on Values, on floats and with hundreds of digits; the last needs no derivative but that
of the values. How far rounding may carry a gradient is not guessed but measured: `rounding_error` repeats
the exact computation with every node off by a unit in the last place.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from test_ops import REFERENCES

from autograd_lite._strategies import KINKED_AT_0, KINKED_AT_TIES
from autograd_lite.engine import Value, topological_order
from autograd_lite.testing import Expression, expressions

Function = Callable[[Sequence[Any]], Any]

EXPRESSIONS = expressions(max_steps=100)


def exact(name: str, operands: list[Any]) -> Any:
    """A step with all digits."""
    return REFERENCES[name](*map(mp.mpf, operands))


# What the derivatives are


def derivatives(value: Function, leaves: Sequence[float]) -> list[Any]:
    """Central differences with hundreds of digits: exact to some forty."""
    h = mpf(10) ** -25
    slopes = []
    for i in range(len(leaves)):
        up, down = ([mpf(x) + t * (j == i) for j, x in enumerate(leaves)] for t in (h, -h))
        slopes.append((value(up) - value(down)) / (2 * h))
    return slopes


def value_of(expression: Expression, seed: int | None = None) -> Function:
    """The expression with all digits; with a seed, every node is off by a float's unit in the last place."""
    signs = random.Random(seed)
    factors = [1 + signs.choice((-1, 1)) * mpf(2) ** -52 for _ in expression.steps]

    def value(leaves: Sequence[Any]) -> Any:
        errors = iter(factors)

        def rounded(name: str, operands: list[Any]) -> Any:
            return exact(name, operands) * next(errors)

        return expression.nodes(*leaves, compute=exact if seed is None else rounded)[-1]

    return value


def rounding_error(of: Callable[[Function], list[Any]], expression: Expression) -> list[float]:
    """How much each result of `of` changes when every node is rounded, at most of three."""
    right = of(value_of(expression))
    wrong = [of(value_of(expression, seed)) for seed in range(3)]
    return [float(max(abs(w[i] - r) for w in wrong)) for i, r in enumerate(right)]


def path_sizes(result: Value) -> dict[Value, float]:
    """For each node the sum over all paths of the sizes of their products: what paths that cancel lose."""
    order = topological_order(result)
    size = dict.fromkeys(order, 0.0) | {result: 1.0}
    for v in reversed(order):
        for x, partial in zip(v.inputs, v.partials, strict=True):
            if partial is not None:
                size[x] += size[v] * abs(partial)
    return size


def assert_close(got: Sequence[float], right: Sequence[Any], errors: Sequence[float]) -> None:
    """That results agree to twelve digits, or as rounding and the error of the differences allow."""
    for g, r, error in zip(got, right, errors, strict=True):
        assert abs(g - r) <= 1e-12 * abs(r) + 30 * error + 1e-40


def recorded(expression: Expression) -> tuple[list[Value], Value]:
    """The leaves and the result, as Values."""
    leaves = [Value(x) for x in expression.leaves]
    return leaves, expression(*leaves)


# The tests


@given(EXPRESSIONS)
def test_backward_and_gradient_are_the_derivatives_of_the_expression(expression: Expression) -> None:
    leaves, result = recorded(expression)
    result.backward()
    with mp.workdps(200):
        right = derivatives(value_of(expression), expression.leaves)
        errors = rounding_error(lambda value: derivatives(value, expression.leaves), expression)
        sizes = path_sizes(result)
        errors = [error + 1e-16 * sizes.get(x, 0.0) for error, x in zip(errors, leaves, strict=True)]
        assert_close([x.grad for x in leaves], right, errors)
        assert_close([slope.data for slope in result.gradient(leaves)], right, errors)


@given(EXPRESSIONS)
def test_the_value_is_that_of_the_expression(expression: Expression) -> None:
    nodes = expression.nodes(*map(Value, expression.leaves))
    floats = expression.nodes()
    assert [x.data for x in nodes] == floats
    with mp.workdps(200):
        right = value_of(expression)(expression.leaves)
        errors = rounding_error(lambda value: [value(expression.leaves)], expression)
        assert_close(floats[-1:], [right], errors)


@settings(max_examples=50)
@given(expressions(max_steps=25, max_leaves=3), st.data())
def test_second_derivatives_are_those_of_the_expression(expression: Expression, data: st.DataObject) -> None:
    leaves, result = recorded(expression)
    by = data.draw(st.integers(0, len(leaves) - 1), "by")
    slope = result.gradient(leaves[by])

    def second(value: Function) -> list[Any]:
        return derivatives(lambda xs: derivatives(value, xs)[by], expression.leaves)

    with mp.workdps(300):
        right, errors = second(value_of(expression)), rounding_error(second, expression)
        # Rounding within a derivative's own formula is not that of a node of the expression.
        scale = sum(map(abs, right)) + abs(slope.data)
        errors = [error + 1e-14 * float(scale) for error in errors]
        assert_close([s.data for s in slope.gradient(leaves)], right, errors)


def branches(expression: Expression, leaves: Sequence[float]) -> Iterator[list[bool]]:
    """The side of its kinks on which each step is."""
    nodes = expression.nodes(*leaves)
    for name, operands in expression.steps:
        numbers = [nodes[x] if type(x) is int else x for x in operands]
        if name in KINKED_AT_0:
            yield [numbers[0] > 0]
        if name in KINKED_AT_TIES:
            yield [a > b for a, b in combinations(numbers, 2)]


@given(expressions(max_steps=60))
def test_gradients_are_differences_of_floats(expression: Expression) -> None:
    """Richardson's extrapolation, its error estimated from itself and from the rounding of the values."""
    leaves, result = recorded(expression)
    result.backward()
    with mp.workdps(30):
        (noise,) = rounding_error(lambda value: [value(expression.leaves)], expression)
    for i, leaf in enumerate(leaves):

        def at(t: float, i: int = i) -> list[float]:
            return [x + t * (j == i) for j, x in enumerate(expression.leaves)]

        def slope(h: float) -> float:
            up, down = (expression(*at(t)) for t in (h, -h))
            return float(up - down) / (2 * h)

        h = 1e-4
        here = list(branches(expression, expression.leaves))
        assume(all(list(branches(expression, at(t))) == here for t in (4 * h, h, -h, -4 * h)))
        coarse, wide, narrow = slope(4 * h), slope(2 * h), slope(h)
        first, second = (4 * wide - coarse) / 3, (4 * narrow - wide) / 3
        tolerance = abs(second - first) + 1e-7 * abs(second) + 10 * (noise + 1e-16) / h
        assert leaf.grad == pytest.approx(second, rel=0, abs=tolerance)


@given(EXPRESSIONS)
def test_interior_nodes_have_the_adjoints_that_gradient_gives(expression: Expression) -> None:
    _, result = recorded(expression)
    result.backward()
    order, size = topological_order(result), path_sizes(result)
    for v, adjoint in zip(order, result.gradient(order), strict=True):
        assert abs(v.grad - adjoint.data) <= 1e-13 * size[v]


@given(EXPRESSIONS)
def test_graphs_list_operands_first(expression: Expression) -> None:
    _, result = recorded(expression)
    order = topological_order(result)
    assert order[-1] is result
    place = {v: i for i, v in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[x] < place[v] for v in order for x in v.inputs if isinstance(x, Value))
