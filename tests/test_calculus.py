"""Derivatives of functions: what they are, in which structure they come, and what is refused."""

import asyncio
import functools
import gc
import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_expressions import path_sizes

import autograd_lite
from autograd_lite import _evaluation, calculus, ops
from autograd_lite._strategies import Expression, expressions
from autograd_lite.calculus import (
    custom_derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)
from autograd_lite.engine import Value, topological_order

NUMBERS = st.floats(-3, 3)
Operator = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]

# The derivative of a function of one number in every way there is.
DERIVATIVES: dict[str, Operator] = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "forward": lambda f: jacobian(f, mode="forward"),
    "reverse": lambda f: jacobian(f, mode="reverse"),
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
}
every_derivative = pytest.mark.parametrize("d", DERIVATIVES.values(), ids=DERIVATIVES)


def scalars(tree: Any) -> Iterator[Any]:
    """The scalars of lists, tuples, dicts and arrays, in order."""
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, list | tuple | np.ndarray):
        yield tree
        return
    for x in tree:
        yield from scalars(x)


def each(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same structure of what the function makes of each scalar."""
    if isinstance(tree, dict):
        return {key: each(function, x) for key, x in tree.items()}
    if hasattr(tree, "_fields"):
        return type(tree)(*(each(function, x) for x in tree))
    if isinstance(tree, list | tuple):
        return type(tree)([each(function, x) for x in tree])
    if isinstance(tree, np.ndarray):
        return np.array([function(x) for x in tree.ravel()], dtype=float).reshape(tree.shape)
    return function(tree)


def numbers(tree: Any) -> Any:
    """The same structure with floats for Values."""
    return each(lambda x: x.data if isinstance(x, Value) else x, tree)


def assert_same(got: Any, expected: Any, rel: float = 1e-13) -> None:
    """That structures, types and numbers agree: floats for numbers and arrays of floats for arrays."""
    assert type(got) is type(expected)
    if isinstance(got, dict):
        assert list(got) == list(expected)
        got, expected = list(got.values()), list(expected.values())
    if isinstance(got, list | tuple):
        assert len(got) == len(expected)
        for x, y in zip(got, expected, strict=True):
            assert_same(x, y, rel)
    elif isinstance(got, np.ndarray):
        assert got.dtype == np.float64
        assert got.shape == expected.shape
        assert got.ravel().tolist() == pytest.approx(expected.ravel().tolist(), rel=rel, abs=1e-100)
    else:
        assert type(got) is float
        assert got == pytest.approx(expected, rel=rel, abs=1e-100, nan_ok=True)


def sum_of_squares(tree: Any) -> Any:
    return ops.sum([x * x for x in scalars(tree)])


def sum_of_cubes(tree: Any) -> Any:
    return ops.sum([x**3 for x in scalars(tree)])


# Structures


class Layer(NamedTuple):
    """Parameters as a program may hold them."""

    weights: Any
    bias: Any = 0.5


class Counted(dict[str, Any]):
    """A dict with a name of its own."""


ARRAYS = st.sampled_from([(2,), (1,), (0,), (2, 3), (1, 2, 2)]).map(
    lambda shape: np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)
)
TREES = st.recursive(
    NUMBERS | ARRAYS,
    lambda trees: (
        st.lists(trees, max_size=3)
        | st.lists(trees, max_size=3).map(tuple)
        | st.dictionaries(st.text("ab", max_size=2) | st.integers(0, 3), trees, max_size=3)
        | st.builds(Layer, trees, trees)
    ),
    max_leaves=8,
)


@given(TREES)
def test_a_gradient_has_the_structure_of_the_argument(tree: Any) -> None:
    assert_same(grad(sum_of_squares)(tree), each(lambda x: 2.0 * x, tree))


@given(TREES)
def test_values_and_derivatives_of_any_structure_come_in_that_structure(tree: Any) -> None:
    def cubes(tree: Any) -> Any:
        return each_value(lambda x: x**3, tree)

    value, moved = jvp(cubes, (tree,), (each(lambda x: 2.0, tree),))
    assert_same(value, each(lambda x: x**3, tree))
    assert_same(moved, each(lambda x: 6.0 * x**2, tree))
    value, pull_back = vjp(cubes, tree, argnums=0)
    assert_same(value, each(lambda x: x**3, tree))
    assert_same(pull_back(each(lambda x: -1.0, tree)), each(lambda x: -3.0 * x**2, tree))
    assert_same(hvp(sum_of_cubes, (tree,), (each(lambda x: 1.0, tree),)), each(lambda x: 6.0 * x, tree))


def each_value(function: Callable[[Any], Any], tree: Any) -> Any:
    """As `each`, with arrays of Values."""
    if isinstance(tree, np.ndarray):
        return np.array([function(x) for x in tree.ravel()] + [None], dtype=object)[:-1].reshape(tree.shape)
    if isinstance(tree, dict):
        return {key: each_value(function, x) for key, x in tree.items()}
    if isinstance(tree, list | tuple):
        made = [each_value(function, x) for x in tree]
        return type(tree)(*made) if hasattr(tree, "_fields") else type(tree)(made)
    return function(tree)


@given(
    TREES.filter(lambda tree: any(True for _ in scalars(tree))), st.sampled_from(["forward", "reverse", None])
)
def test_a_jacobian_has_the_structure_of_the_result_and_in_it_that_of_the_argument(
    tree: Any, mode: str | None
) -> None:
    count = len(list(scalars(tree)))
    rows = jacobian(lambda t: [x * x for x in scalars(t)], mode=mode)(tree)
    assert len(rows) == count
    for i, (row, x) in enumerate(zip(rows, scalars(tree), strict=True)):
        assert_same(row, unit(tree, i, 2.0 * x))


def unit(tree: Any, place: int, number: float) -> Any:
    """The structure with a number in one place and 0 everywhere else."""
    places = iter(range(len(list(scalars(tree)))))
    return each(lambda x: number if next(places) == place else 0.0, tree)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (3.0, 6.0), (3, 6.0), (np.float64(3), 6.0), (np.float32(3), 6.0), (np.int64(3), 6.0), (-0.0, -0.0),
        (np.array(3.0), 6.0),
        ([1.0, [2.0, []], ()], [2.0, [4.0, []], ()]),
        ([[1.0, 2.0], [3.0]], [[2.0, 4.0], [6.0]]),
        (Layer([1.0], (2.0,)), Layer([2.0], (4.0,))),
        ({"b": 1.0, "a": {2: 3.0}}, {"b": 2.0, "a": {2: 6.0}}),
        (OrderedDict(b=1.0, a=2.0), {"b": 2.0, "a": 4.0}),
        (defaultdict(float, b=1.0), {"b": 2.0}),
        (Counted(b=1.0), {"b": 2.0}),
        (np.array([1.5, 2.5], dtype=np.float32), np.array([3.0, 5.0])),
        (np.array([1.5, 2.5], dtype=np.float16), np.array([3.0, 5.0])),
        (np.array([1.5, 2.5], dtype=object), np.array([3.0, 5.0])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.arange(6.0).reshape(2, 3).T, 2 * np.arange(6.0).reshape(2, 3).T),
        (np.arange(6.0)[::-2], 2 * np.arange(6.0)[::-2]),
        (np.array([[[2.0]]]), np.array([[[4.0]]])),
        ([], []), ((), ()), ({}, {}),
    ],
)  # fmt: skip
def test_arguments_of_every_kind(argument: Any, expected: Any) -> None:
    assert_same(grad(sum_of_squares)(argument), expected)


def test_an_argument_used_twice_in_a_structure_is_two_arguments() -> None:
    shared = [3.0]
    assert grad(lambda x: x[0][0] * x[1][0] ** 2)([shared, shared]) == [[9.0], [18.0]]


def test_the_argument_is_not_changed() -> None:
    x = [np.array([1.0, 2.0]), {"a": [3.0]}]

    def careless(x: Any) -> Any:
        x[0][0] = x[0][1]
        x[1]["a"].append(x[0][0])
        return x[1]["a"].pop() * x[1]["a"].pop()

    assert_same(grad(careless)(x), [np.array([0.0, 3.0]), {"a": [2.0]}])
    assert_same(x, [np.array([1.0, 2.0]), {"a": [3.0]}])


def test_arrays_come_to_the_function_as_arrays_of_values() -> None:
    def f(W: Any, x: Any) -> Any:
        assert isinstance(W, np.ndarray)
        assert isinstance(W[0, 0], Value)
        assert W.shape == (2, 3)
        assert x.dtype == np.float64
        return np.sum(np.tanh(W @ x))

    W, x = np.arange(6.0).reshape(2, 3) / 10, np.array([1.0, -2.0, 0.5])
    assert_same(grad(f)(W, x), np.outer(1 - np.tanh(W @ x) ** 2, x))


@pytest.mark.parametrize(
    ("shape_in", "shape_out"),
    [((), ()), ((3,), ()), ((), (2,)), ((2, 3), (4,)), ((2,), (2, 2)), ((1, 0), (2,))],
)
@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
def test_a_jacobian_of_arrays_has_the_shape_of_the_result_and_the_argument(
    shape_in: tuple[int, ...], shape_out: tuple[int, ...], mode: str | None
) -> None:
    rng = np.random.default_rng(0)
    A = rng.normal(size=shape_out + shape_in)
    x = rng.normal(size=shape_in) if shape_in else float(rng.normal())

    def f(x: Any) -> Any:
        total = (A.reshape(*shape_out, -1) * np.ravel(x)).sum(axis=-1)
        return total + 1.0 * Value(0.0) if not math.prod(shape_in) else total

    assert_same(numbers(jacobian(f, mode=mode)(x)), A if A.shape else float(A))


def test_a_hessian_of_an_array_has_its_shape_twice() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = np.zeros((2, 2, 2, 2))
    for i in np.ndindex(2, 2):
        expected[i + i] = 6 * x[i]
    assert_same(hessian(sum_of_cubes)(x), expected)


def test_a_hessian_of_a_dict_is_a_dict_of_dicts() -> None:
    H = hessian(lambda p: p["w"] ** 2 * p["b"][0])({"w": 3.0, "b": [2.0]})
    assert_same(H, {"w": {"w": 4.0, "b": [6.0]}, "b": [{"w": 6.0, "b": [0.0]}]})


def test_a_hessian_by_several_arguments_has_a_block_for_every_pair() -> None:
    H = hessian(lambda x, y: x**2 * y**3, argnums=(0, 1))(2.0, 3.0)
    assert_same(H, ((54.0, 108.0), (108.0, 72.0)))


def test_a_hessian_of_a_vector_is_one_for_each_element() -> None:
    H = hessian(lambda x: [x[0] ** 3, x[0] * x[1]])([2.0, 5.0])
    assert_same(H, [[[12.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]])


def nest(x: Any, levels: int) -> Any:
    for _ in range(levels):
        x = [x]
    return x


def core(x: Any) -> Any:
    while isinstance(x, list):
        x = x[0]
    return x


def test_a_hundred_thousand_levels_of_lists() -> None:
    assert core(grad(lambda x: core(x) ** 2)(nest(3.0, 100_000))) == 6.0


def test_results_and_directions_of_many_levels() -> None:
    levels = 10_000
    deep, f = nest(3.0, levels), lambda x: nest(core(x) ** 2, levels)
    value, moved = jvp(f, (deep,), (nest(0.5, levels),))
    assert (core(value), core(moved)) == (9.0, 3.0)
    value, pull_back = vjp(f, deep)
    assert core(pull_back(nest(2.0, levels))[0]) == 12.0
    assert core(jacobian(f)(deep)) == 6.0
    with pytest.raises(ValueError, match="expected a number, but got a list of 1"):
        pull_back(nest(2.0, levels + 1))


def test_tangents_are_matched_by_the_keys_of_a_dict_and_not_by_their_order() -> None:
    _, moved = jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 5.0},), ({"b": 1.0, "a": 0.0},))
    assert moved == 2.0
    _, pull_back = vjp(lambda x: {"a": x, "b": x**2}, 3.0)
    assert pull_back({"b": 1.0, "a": 0.0}) == (6.0,)


# What the derivatives are


def of_list(expression: Expression) -> Callable[[Any], Any]:
    """The expression as a function of the list of its leaves, with its last three nodes as result."""
    return lambda leaves: expression.nodes(*leaves)[-3:]


def loss_of(expression: Expression) -> Callable[[Any], Any]:
    """The expression as a function of the list of its leaves."""
    return lambda leaves: expression(*leaves)


def vectors(data: st.DataObject, *lengths: int) -> list[list[float]]:
    return [data.draw(st.lists(NUMBERS, min_size=n, max_size=n)) for n in lengths]


def sizes(expression: Expression) -> Any:
    """For each output and leaf what the derivative would be if no path cancelled another."""
    leaves = [Value(x) for x in expression.leaves]
    by_output = [path_sizes(y) for y in of_list(expression)(leaves)]
    return np.array([[size.get(x, 0.0) for x in leaves] for size in by_output])


def second_sizes(expression: Expression) -> Any:
    """The same for second derivatives."""
    leaves = [Value(x) for x in expression.leaves]
    by_slope = [path_sizes(slope) for slope in loss_of(expression)(leaves).gradient(leaves)]
    return np.array([[size.get(x, 0.0) for x in leaves] for size in by_slope])


def assert_near(got: Any, expected: Any, size: Any) -> None:
    """That numbers agree up to the rounding of the paths they are sums of."""
    got, expected = np.array(numbers(got)), np.array(numbers(expected))
    assert got.shape == expected.shape
    assert np.all(np.abs(got - expected) <= 1e-13 * np.asarray(size) + 1e-290)


@settings(max_examples=50)
@given(expressions(max_steps=100), st.data())
def test_a_jvp_times_a_cotangent_is_a_vjp_times_a_tangent(
    expression: Expression, data: st.DataObject
) -> None:
    f, x = of_list(expression), list(expression.leaves)
    size = sizes(expression)
    v, w = vectors(data, *reversed(size.shape))
    value, moved = jvp(f, (x,), (v,))
    same_value, pull_back = vjp(f, x)
    assert value == same_value
    (pulled,) = pull_back(w)
    assert_near(np.dot(w, moved), np.dot(pulled, v), np.abs(w) @ size @ np.abs(v))


@settings(max_examples=50)
@given(expressions(max_steps=100), st.data())
def test_all_ways_to_a_jacobian_are_one(expression: Expression, data: st.DataObject) -> None:
    f, x = of_list(expression), list(expression.leaves)
    size = sizes(expression)
    J = jacobian(f)(x)
    v, w = vectors(data, *reversed(size.shape))
    assert_near(jacobian(f, mode="forward")(x), J, size)
    assert_near(jacobian(f, mode="reverse")(x), J, size)
    assert_near(jvp(f, (x,), (v,))[1], np.array(J) @ v, size @ np.abs(v))
    assert_near(vjp(f, x)[1](w)[0], w @ np.array(J), np.abs(w) @ size)
    assert_near(grad(lambda x: ops.dot(w, f(x)))(x), w @ np.array(J), np.abs(w) @ size)


@given(expressions(max_steps=100))
def test_grad_is_what_backward_leaves(expression: Expression) -> None:
    leaves = [Value(x) for x in expression.leaves]
    result = loss_of(expression)(leaves)
    result.backward()
    value, slopes = value_and_grad(loss_of(expression))(list(expression.leaves))
    assert value == result.data
    assert slopes == grad(loss_of(expression))(list(expression.leaves))
    assert all(type(slope) is float for slope in slopes)
    sizes = path_sizes(result)
    assert_near(slopes, [x.grad for x in leaves], [sizes.get(x, 0.0) for x in leaves])


@settings(max_examples=50)
@given(expressions(max_steps=40), st.data())
def test_a_hessian_is_symmetric_and_hvp_multiplies_by_it(expression: Expression, data: st.DataObject) -> None:
    f, x = loss_of(expression), list(expression.leaves)
    size = second_sizes(expression)
    (v,) = vectors(data, len(x))
    H = np.array(hessian(f)(x))
    assert H.dtype == np.float64
    assert_near(H, H.T, size + size.T)
    assert_near(hvp(f, (x,), (v,)), H @ v, (size + size.T) @ np.abs(v))
    for mode in ("forward", "reverse"):
        assert_near(jacobian(grad(f), mode=mode)(x), H, size + size.T)
        assert_near(jacobian(jacobian(f, mode="forward"), mode=mode)(x), H, size + size.T)


@settings(max_examples=30)
@given(expressions(max_steps=15, max_leaves=2))
def test_third_derivatives_do_not_depend_on_the_order(expression: Expression) -> None:
    third = np.array(jacobian(hessian(loss_of(expression)))(list(expression.leaves)))
    scale = np.abs(third).max(initial=0.0) + np.max(second_sizes(expression), initial=0.0)
    for axes in ((0, 2, 1), (1, 0, 2), (2, 1, 0)):
        assert np.allclose(third, third.transpose(axes), rtol=1e-11, atol=1e-11 * scale)


SMOOTH: dict[str, tuple[Callable[[Any], Any], Callable[[float], float]]] = {
    "polynomial": (lambda x: x**5 - 2 * x**3, lambda x: 60 * x**2 - 12),
    "exp": (lambda x: (-2 * x).exp(), lambda x: -8 * math.exp(-2 * x)),
    "sin": (lambda x: ops.sin(3 * x), lambda x: -27 * math.cos(3 * x)),
    "quotient": (lambda x: 1 / (x + 4), lambda x: -6 / (x + 4) ** 4),
    "product": (lambda x: x * x.exp(), lambda x: (x + 3) * math.exp(x)),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("third", DERIVATIVES)
@pytest.mark.parametrize("second", DERIVATIVES)
def test_third_derivatives_in_every_mixture_of_modes(name: str, second: str, third: str) -> None:
    f, expected = SMOOTH[name]
    for first in DERIVATIVES.values():
        derivative = DERIVATIVES[third](DERIVATIVES[second](first(f)))(0.7)
        assert_same(derivative, expected(0.7), rel=1e-12)


@every_derivative
def test_derivatives_of_constant_derivatives_are_the_float_0(d: Operator) -> None:
    for f, order in ((lambda x: 2 * x, 2), (lambda x: x * x, 3), (lambda x: x * x, 4), (lambda x: x, 2)):
        derivative = f
        for _ in range(order):
            derivative = d(derivative)
        assert_same(derivative(3.0), 0.0)


def test_second_derivatives_of_a_function_that_is_linear_in_places_are_floats() -> None:
    assert_same(hessian(lambda x: x[0] ** 3 + x[1])([2.0, 3.0]), [[12.0, 0.0], [0.0, 0.0]])
    assert_same(hessian(lambda x: 2 * x[0] + x[1])([2.0, 3.0]), [[0.0, 0.0], [0.0, 0.0]])
    assert_same(hvp(lambda x: x[0] ** 3 + x[1], ([2.0, 3.0],), ([1.0, 1.0],)), [12.0, 0.0])
    assert_same(hessian(np.sum)(np.array([1.0, 2.0])), np.zeros((2, 2)))


def test_a_hessian_of_a_derivative() -> None:
    H = hessian(lambda x: grad(lambda z: z[0] ** 3 * z[1] ** 2)(x)[0])([2.0, 3.0])
    assert_same(H, [[54.0, 72.0], [72.0, 24.0]])


@every_derivative
def test_a_derivative_of_a_newton_iteration(d: Operator) -> None:
    def square_root(a: Any) -> Any:
        x = 1.0 * a
        for _ in range(8):
            x = x - (x * x - a) / (2 * x)
        return x

    assert_same(d(square_root)(2.0), 0.5 / math.sqrt(2), rel=1e-12)
    assert_same(d(d(square_root))(2.0), -0.25 * 2**-1.5, rel=1e-11)


# One perturbation is not another


every_pair = pytest.mark.parametrize(
    ("outer", "inner"),
    [
        pytest.param(DERIVATIVES[a], DERIVATIVES[b], id=f"{a} of {b}")
        for a in DERIVATIVES
        for b in DERIVATIVES
    ],
)


@every_pair
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, D: x * D(lambda y: x + y)(1.0), lambda x: 1.0),
        (lambda x, D: x * D(lambda y: x * y)(1.0), lambda x: 2 * x),
        (lambda x, D: x * D(lambda y: x * y**2)(x), lambda x: 6 * x**2),
        (lambda x, D: D(lambda y: x + y)(1.0), lambda x: 0.0),
        (lambda x, D: D(lambda y: x * y)(x), lambda x: 1.0),
        (lambda x, D: D(lambda y: x**2 * y**3)(2.0), lambda x: 24 * x),
        (lambda x, D: D(lambda y: D(lambda z: x * y * z)(y) * y)(x), lambda x: 4 * x),
        (lambda x, D: D(lambda y: x)(x) + x, lambda x: 1.0),
        (lambda x, D: D(lambda y: x * D(lambda x: x * y)(3.0))(4.0), lambda x: 1.0),
    ],
)  # fmt: skip
def test_nested_derivatives_are_not_confused(
    outer: Operator, inner: Operator, f: Any, expected: Callable[[float], float]
) -> None:
    assert_same(outer(lambda x: f(x, inner))(3.0), expected(3.0))


@every_pair
def test_the_derivative_by_a_shift_is_a_derivative(outer: Operator, inner: Operator) -> None:
    """The example of Manzyuk and others, Perturbation confusion in forward AD of higher-order functions."""

    def by_shift(d: Operator, f: Any) -> Any:
        return lambda x: d(lambda u: f(x + u))(0.0)

    assert_same(by_shift(outer, by_shift(inner, ops.exp))(1.0), math.e)


@every_derivative
def test_a_derivative_at_a_minimum_that_depends_on_the_outer_variable(d: Operator) -> None:
    def minimum(a: Any) -> Any:
        x = 0.0
        for _ in range(3):
            x = x - grad(lambda x: (x - a) ** 2 * a)(x) / (2 * a)
        return x**3

    assert_same(d(minimum)(2.0), 12.0, rel=1e-12)


# Arguments by which is differentiated, and others


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 60.0), (1, 40.0), (2, 24.0), (-1, 24.0), (-3, 60.0), (np.int64(1), 40.0), ((), ()),
        ((1,), (40.0,)),
        ((0, 1), (60.0, 40.0)), ([2, 0], (24.0, 60.0)), ((0, -1), (60.0, 24.0)),
        (range(3), (60.0, 40.0, 24.0)),
    ],
)  # fmt: skip
def test_argnums_choose_the_arguments(argnums: Any, expected: Any) -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y * z + 3 * x * y * z

    point = (2.0, 3.0, 5.0)
    assert_same(grad(f, argnums)(*point), expected)
    assert_same(value_and_grad(f, argnums)(*point), (120.0, expected))
    assert_same(jacobian(f, argnums)(*point), expected)
    assert_same(vjp(f, *point, argnums=argnums)[1](1.0), expected)
    tangents = (0.5,) * len(list(scalars(expected)))
    assert_same(jvp(f, point, tangents, argnums=argnums)[1], 0.5 * math.fsum(scalars(expected)))


def test_jvp_and_vjp_differentiate_by_all_arguments_unless_told() -> None:
    assert jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 1.0)) == (6.0, 5.0)
    value, pull_back = vjp(lambda x, y: x * y, 2.0, 3.0)
    assert (value, pull_back(1.0)) == (6.0, (3.0, 2.0))


def test_other_arguments_are_passed_on_as_they_are() -> None:
    marker = object()

    def f(x: Any, text: str, *rest: Any, scale: float, **others: Any) -> Any:
        assert (text, rest, others) == ("text", (marker, None), {"more": [marker]})
        return x * x * scale

    assert grad(f)(3.0, "text", marker, None, scale=2.0, more=[marker]) == 12.0
    assert value_and_grad(f)(3.0, "text", marker, None, scale=2.0, more=[marker]) == (18.0, 12.0)
    assert jacobian(f)(3.0, "text", marker, None, scale=2.0, more=[marker]) == 12.0
    assert hessian(f)(3.0, "text", marker, None, scale=2.0, more=[marker]) == 4.0


def test_a_derivative_by_an_unused_input_is_zero() -> None:
    assert_same(grad(lambda x: x[0] * 2)([1.0, 2.0]), [2.0, 0.0])
    assert_same(grad(lambda x, y: y * 2)(1.0, 2.0), 0.0)
    assert_same(grad(lambda x, y: y * 2, argnums=(0, 1))(1.0, 2.0), (0.0, 2.0))
    assert_same(grad(lambda x, y: x * 2, argnums=(0, 1))(1.0, np.ones(2)), (2.0, np.zeros(2)))
    assert_same(hessian(lambda x: x[0] ** 2)([1.0, 2.0]), [[2.0, 0.0], [0.0, 0.0]])
    assert_same(jvp(lambda x, y: x**2, (1.0, 2.0), (0.0, 1.0)), (1.0, 0.0))


@every_derivative
def test_a_float_that_came_from_another_argument_has_derivative_zero(d: Operator) -> None:
    assert_same(grad(lambda x, y: 2 * y)(1.0, 3.0), 0.0)
    assert_same(grad(lambda x, y: math.exp(y))(1.0, 3.0), 0.0)
    assert_same(grad(lambda x, scale: scale)(1.0, scale=3.0), 0.0)
    assert_same(d(lambda x: d(lambda y: x)(2.0))(3.0), 0.0)


# Results


def test_results_may_be_the_same_node_several_times() -> None:
    def f(x: Any) -> Any:
        product = x[0] * x[1]
        return [product, {"again": product}, (product, x[0])]

    expected = [[3.0, 2.0], {"again": [3.0, 2.0]}, ([3.0, 2.0], [1.0, 0.0])]
    for mode in ("forward", "reverse"):
        assert_same(jacobian(f, mode=mode)([2.0, 3.0]), expected)
    _, pull_back = vjp(f, [2.0, 3.0])
    assert_same(pull_back([1.0, {"again": 10.0}, (100.0, 1000.0)]), ([1333.0, 222.0],))
    _, moved = jvp(f, ([2.0, 3.0],), ([1.0, -1.0],))
    assert_same(moved, [1.0, {"again": 1.0}, (1.0, 1.0)])


@every_derivative
def test_a_result_may_be_the_argument_itself(d: Operator) -> None:
    assert_same(d(lambda x: x)(3.0), 1.0)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_inputs_and_constants_among_the_results(mode: str) -> None:
    def f(x: Any) -> Any:
        return [x[1], x[0], 5, 2.5, np.float32(3), np.array([1, 2]), x[1]]

    J = jacobian(f, mode=mode)([2.0, 3.0])
    assert J[:5] == [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    assert_same(J[5:], [[np.zeros(2), np.zeros(2)], [0.0, 1.0]])
    value, moved = jvp(f, ([2.0, 3.0],), ([0.5, 0.25],))
    assert_same(value, [3.0, 2.0, 5.0, 2.5, 3.0, np.array([1.0, 2.0]), 3.0])
    assert_same(moved, [0.25, 0.5, 0.0, 0.0, 0.0, np.zeros(2), 0.25])


def test_an_array_of_numbers_and_values_as_result() -> None:
    assert_same(jacobian(lambda x: np.array([x, 1.0, x * x], dtype=object))(3.0), np.array([1.0, 0.0, 6.0]))


def test_functions_of_nothing_have_derivatives_without_elements() -> None:
    assert_same(jacobian(lambda x: [v * v for v in x])([]), [])
    assert_same(jacobian(lambda x: x)(np.zeros(0)), np.zeros((0, 0)))
    assert_same(grad(ops.sum)([]), [])
    assert_same(jvp(lambda x: [v * v for v in x], ([],), ([],)), ([], []))


# Calls


def counted(f: Callable[..., Any]) -> Any:
    @functools.wraps(f)
    def counting(*args: Any) -> Any:
        counting.calls += 1  # type: ignore[attr-defined]
        return f(*args)

    counting.calls = 0  # type: ignore[attr-defined]
    return counting


@pytest.mark.parametrize(
    "differentiate",
    [
        lambda f, x: grad(f)(x),
        lambda f, x: value_and_grad(f)(x),
        lambda f, x: jacobian(f, mode="forward")(x),
        lambda f, x: jacobian(f, mode="reverse")(x),
        lambda f, x: hessian(f)(x),
        lambda f, x: jvp(f, (x,), ([1.0] * 3,)),
        lambda f, x: [vjp(f, x)[1](w) for w in [1.0]],
        lambda f, x: hvp(f, (x,), ([1.0] * 3,)),
        lambda f, x: jvp(jacobian(grad(f)), (x,), ([1.0] * 3,)),
    ],
    ids=["grad", "value_and_grad", "forward", "reverse", "hessian", "jvp", "vjp", "hvp", "jvp of jacobian"],
)
def test_the_function_is_called_once(differentiate: Callable[..., Any]) -> None:
    f = counted(sum_of_cubes)
    differentiate(f, [1.0, 2.0, 3.0])
    assert f.calls == 1


def test_a_vjp_pulls_back_as_often_as_asked_from_one_call() -> None:
    f = counted(lambda x: [x[0] * x[1], x[0]])
    _, pull_back = vjp(f, [2.0, 3.0])
    for w in ([1.0, 0.0], [0.0, 1.0], [1.0, 0.0]):
        assert pull_back(w) == ([3.0, 2.0] if w[0] else [1.0, 0.0],)
    assert f.calls == 1


@pytest.mark.parametrize("length", [10, 1000])
def test_a_pass_along_or_back_costs_as_much_as_the_function(length: int) -> None:
    """Counted in evaluations of the derivative of one primitive."""
    calls = 0

    def partial(y: Any, x: Any) -> Any:
        nonlocal calls
        calls += 1
        return -0.5 * y

    @custom_derivative(partial)
    def decay(x: float) -> float:
        return math.exp(-0.5 * x)

    def chain(x: Any) -> Any:
        for _ in range(length):
            x = decay(x)
        return x

    for differentiate, most in (
        (lambda: jvp(chain, (1.0,), (1.0,)), 1),
        (lambda: grad(chain)(1.0), 1),
        (lambda: jacobian(lambda x: [chain(v) for v in x[:1]])([1.0] * 50), 1),
        (lambda: hvp(chain, (1.0,), (1.0,)), 4),
        (lambda: jvp(lambda x: jvp(chain, (x,), (1.0,))[1], (1.0,), (1.0,)), 4),
    ):
        calls = 0
        differentiate()
        assert length <= calls <= most * length


def test_derivatives_inside_a_function_walk_over_its_graph_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in nodes, of a recurrence in which each step takes a derivative."""
    walked, walk = [], _evaluation.operands_first

    def counting(*args: Any, **options: Any) -> Any:
        order = walk(*args, **options)
        walked.append(len(order))
        return order

    def recurrence(x: Any) -> Any:
        for _ in range(100):
            x = x * 0.5 + grad(lambda z, y=x: z * z * y)(0.25)
        return x

    monkeypatch.setattr(_evaluation, "operands_first", counting)
    assert_same(grad(recurrence)(3.0), 1.0)
    assert sum(walked) < 100 * 50


@pytest.mark.parametrize(
    ("inputs", "outputs", "mode"), [(1, 3, "forward"), (3, 1, "reverse"), (2, 2, "reverse")]
)
def test_a_jacobian_takes_the_mode_that_makes_fewer_passes(
    inputs: int, outputs: int, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    for name, function in dict(calculus.MODES).items():
        monkeypatch.setitem(
            calculus.MODES, name, lambda e, name=name, function=function: [taken.append(name), function(e)][1]
        )
    J = jacobian(lambda x: [ops.sum(x) * i for i in range(outputs)])([1.0] * inputs)
    assert (J, taken) == ([[float(i)] * inputs for i in range(outputs)], [mode])


def test_derivatives_are_named_and_described_as_their_function() -> None:
    def named(x: Any) -> Any:
        """A description."""
        return x * x

    for derivative in (grad(named), value_and_grad(named), jacobian(named), hessian(named)):
        assert (derivative.__name__, derivative.__doc__) == ("named", "A description.")
        assert derivative.__wrapped__ is not None


class Scaled:
    """Functions in the forms in which classes have them."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def __call__(self, x: Any) -> Any:
        return self.scale * x * x

    def method(self, x: Any) -> Any:
        return self(x)

    @grad
    def slope(self, x: Any) -> Any:  # by self, which cannot be differentiated
        return self(x)

    @staticmethod
    @grad
    def static(x: Any) -> Any:
        return 2.0 * x * x


@pytest.mark.parametrize(
    "f",
    [
        Scaled(2.0), Scaled(2.0).method, lambda x: 2.0 * x * x,
        functools.partial(lambda a, x: a * x * x, 2.0),
        functools.partial(lambda x, a: a * x * x, a=2.0), functools.partial(Scaled.__call__, Scaled(2.0)),
    ],
)  # fmt: skip
def test_functions_may_be_any_callable(f: Any) -> None:
    for d in DERIVATIVES.values():
        assert_same(d(f)(3.0), 12.0)
    assert_same(hessian(f)(3.0), 4.0)


def test_grad_as_a_decorator() -> None:
    @grad
    def f(x: Any) -> Any:
        return x**3

    @functools.partial(grad, argnums=1, has_aux=True)
    def g(x: Any, y: Any) -> Any:
        return x * y**2, x

    assert f(2.0) == 12.0
    assert g(2.0, 3.0) == (12.0, 2.0)
    assert Scaled.static(3.0) == 12.0
    with pytest.raises(TypeError, match="slope"):
        Scaled(2.0).slope(3.0)


@pytest.mark.parametrize("name", ["exp", "sin", "tanh", "sigmoid"])
def test_primitives_are_functions_to_differentiate(name: str) -> None:
    x = Value(0.3)
    y = getattr(ops, name)(x)
    y.backward()
    assert_same(grad(getattr(ops, name))(0.3), x.grad)
    if hasattr(np, name):
        assert_same(grad(getattr(np, name))(0.3), x.grad)
        assert_same(jacobian(getattr(np, name))(np.array([0.3])), np.array([[x.grad]]))


# has_aux


def test_aux_is_handed_on_with_numbers_for_the_nodes_of_the_evaluation() -> None:
    marker = object()

    def f(x: Any) -> Any:
        y = x * x
        return y, {"nodes": [y, (x, 2.0)], "array": np.array([x, y]), "any": marker, "none": None, "t": "t"}

    aux = {"nodes": [9.0, (3.0, 2.0)], "any": marker, "none": None, "t": "t"}
    results = {
        "grad": grad(f, has_aux=True)(3.0),
        "value_and_grad": value_and_grad(f, has_aux=True)(3.0),
        "jacobian": jacobian(f, has_aux=True)(3.0),
        "jvp": jvp(f, (3.0,), (1.0,), has_aux=True),
        "vjp": vjp(f, 3.0, has_aux=True),
        "hvp": hvp(f, (3.0,), (1.0,), has_aux=True),
        "hessian": hessian(f, has_aux=True)(3.0),
    }
    for name, result in results.items():
        got = result[0][1] if name == "value_and_grad" else result[-1]
        array = got.pop("array")
        assert got == aux, name
        assert_same(np.asarray(array), np.array([3.0, 9.0]))
    assert results["grad"][0] == results["jacobian"][0] == results["value_and_grad"][1] == 6.0
    assert results["value_and_grad"][0][0] == 9.0
    assert results["jvp"][:2] == (9.0, 6.0)
    assert results["hvp"][0] == results["hessian"][0] == 2.0
    assert results["vjp"][1](1.0) == (6.0,)


@pytest.mark.parametrize("aux", [None, "text", 3, {1, 2}, print, [], {}, (), np.array(["a"]), np.arange(3)])
def test_aux_may_be_anything(aux: Any) -> None:
    for got in (
        grad(lambda x: (x * x, aux), has_aux=True)(3.0)[1],
        jvp(lambda x: (x * x, aux), (3.0,), (1.0,), has_aux=True)[2],
    ):
        assert type(got) is type(aux)
        assert np.array_equal(got, aux) if isinstance(aux, np.ndarray) else got == aux


def test_aux_may_contain_itself() -> None:
    aux: list[Any] = []
    aux.append(aux)
    slope, same = grad(lambda x: (x * x, aux), has_aux=True)(3.0)
    assert slope == 6.0
    assert same is aux


def test_aux_of_a_nested_derivative_is_differentiated_by_the_outer_one() -> None:
    assert grad(lambda x: grad(lambda y: (x * y**2, x * y), has_aux=True)(3.0)[1])(2.0) == 3.0


def test_aux_that_depends_on_parameters_is_made_of_values() -> None:
    w = Value(3.0)
    for aux in (
        grad(lambda x: (x * x, [w * x, {"a": np.array([w * w])}, "text"]), has_aux=True)(2.0)[1],
        jvp(lambda x: (x * x, [w * x, {"a": np.array([w * w])}, "text"]), (2.0,), (1.0,), has_aux=True)[2],
    ):
        product, square = aux[0], aux[1]["a"][0]
        assert (product.data, product.gradient(w).data) == (6.0, 2.0)
        assert (square.data, square.gradient(w).data) == (9.0, 6.0)
        assert aux[2] == "text"


# Values from outside


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_derivatives_of_a_model_are_values_to_be_differentiated_by_its_parameters(w: float, x: float) -> None:
    parameter = Value(w)
    slope = grad(lambda x: ops.sin(parameter * x))(x)
    assert isinstance(slope, Value)
    assert slope.data == pytest.approx(w * math.cos(w * x), abs=1e-15)
    expected = math.cos(w * x) - w * x * math.sin(w * x)
    assert slope.gradient(parameter).data == pytest.approx(expected, abs=1e-14)
    assert not parameter.has_grad
    slope.backward()
    assert parameter.grad == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("name", DERIVATIVES)
def test_every_derivative_depends_on_the_parameters(name: str) -> None:
    w = Value(3.0)
    slope = DERIVATIVES[name](lambda x: w * w * x**2)(2.0)
    assert (slope.data, slope.gradient(w).data) == (36.0, 24.0)
    curvature = DERIVATIVES[name](DERIVATIVES[name](lambda x: w * w * x**2))(2.0)
    assert (curvature.data, curvature.gradient(w).data) == (18.0, 12.0)


def test_what_has_no_influence_beside_parameters_has_derivative_zero() -> None:
    w, x = Value(3.0), [1.0, 2.0]
    assert numbers(grad(lambda x: w * x[0])(x)) == [3.0, 0.0]
    assert numbers(jacobian(lambda x: [w * x[0], 5.0], mode="forward")(x)) == [[3.0, 0.0], [0.0, 0.0]]
    assert numbers(jacobian(lambda x: [w * x[0], 5.0], mode="reverse")(x)) == [[3.0, 0.0], [0.0, 0.0]]
    assert numbers(jvp(lambda x: [w * x[0], x[1], 5.0], (x,), ([1.0, 0.0],))[1]) == [3.0, 0.0, 0.0]
    assert numbers(vjp(lambda x: [w * x[0], x[1]], x)[1]([1.0, 0.0])) == ([3.0, 0.0],)
    assert jvp(lambda x: grad(lambda y: y[0] * x)([1.0, 2.0])[1], (3.0,), (1.0,)) == (0.0, 0.0)


def test_arrays_of_derivatives_that_depend_on_parameters_are_arrays_of_values() -> None:
    w = Value(3.0)
    slopes = grad(lambda x: np.sum(w * x**2))(np.array([1.0, 2.0]))
    assert isinstance(slopes, np.ndarray)
    assert [s.data for s in slopes] == [6.0, 12.0]
    np.sum(slopes).backward()
    assert w.grad == 6.0


def test_no_grad_attribute_is_touched() -> None:
    w, unused = Value(3.0), Value(1.0)
    interior = w * w
    w.grad, interior.grad = 7.0, 8.0
    nodes = []

    def f(x: Any) -> Any:
        nodes.extend([x[0] * interior, x[1] * unused])
        return nodes[-2] * nodes[-1]

    x = [1.0, 2.0]
    grad(f)(x), value_and_grad(f)(x), jacobian(f)(x), hessian(f)(x)
    jvp(f, (x,), (x,)), vjp(f, x)[1](1.0), hvp(f, (x,), (x,))
    assert (w.grad, interior.grad) == (7.0, 8.0)
    assert not unused.has_grad
    assert not any(v.has_grad for v in topological_order(*nodes) if v not in (w, interior))


def test_the_value_of_a_model_is_trained_too() -> None:
    w = Value(3.0)
    value, slope = value_and_grad(lambda x: w * x**2)(2.0)
    (value + slope).backward()
    assert (value.data, slope.data, w.grad) == (12.0, 12.0, 8.0)


def test_a_value_as_argument_gives_values_that_go_on_to_it() -> None:
    x = Value(3.0)
    slope = grad(lambda x: x**3)(x)
    assert (slope.data, slope.gradient(x).data) == (27.0, 18.0)
    moved = jvp(lambda x: x**3, (2.0,), (x,))[1]
    assert (moved.data, moved.gradient(x).data) == (36.0, 12.0)
    (pulled,) = vjp(lambda x: x**3, 2.0)[1](x)
    assert (pulled.data, pulled.gradient(x).data) == (36.0, 12.0)
    assert not x.has_grad


def test_a_loss_that_contains_a_derivative_is_trained_by_backward() -> None:
    """A gradient penalty."""
    w = Value(0.5)
    penalty = grad(lambda x: ops.tanh(w * x))(0.8) ** 2
    penalty.backward()

    def exact(w: float) -> float:
        return (w / math.cosh(0.8 * w) ** 2) ** 2

    assert w.grad == pytest.approx((exact(0.5 + 1e-6) - exact(0.5 - 1e-6)) / 2e-6, rel=1e-9)


def test_a_constant_made_inside_the_function_is_a_constant() -> None:
    assert_same(grad(lambda x: x * Value(2.0))(3.0), 2.0)
    assert_same(hessian(lambda x: Value(2.0) * x**2)(3.0), 4.0)
    assert_same(grad(lambda x: x * grad(lambda y: y * Value(2.0))(1.0))(3.0), 2.0)
    assert_same(grad(lambda x: np.sum(autograd_lite.array([1.0, 2.0]) * x))(3.0), 3.0)


def test_a_model_made_at_the_first_call_is_trained_after_it() -> None:
    made: list[Value] = []

    def f(x: Any) -> Any:
        if not made:
            made.append(Value(3.0))
        return made[0] * x**2

    assert_same(grad(f)(2.0), 12.0)
    slope = grad(f)(2.0)
    assert (slope.data, slope.gradient(made[0]).data) == (12.0, 4.0)
    f(2.0).backward()
    assert made[0].grad == 4.0


def test_derivatives_by_other_means_inside_the_function() -> None:
    def by_backward(x: Any) -> Any:
        w = Value(2.0)
        (w**3).backward()
        return w.grad * x

    def by_outer(x: Any) -> Any:
        return (outer * x * x).gradient(outer) * x

    outer = Value(5.0)
    assert_same(grad(by_backward)(3.0), 12.0)
    assert_same(grad(lambda x: (x**3).gradient(x) * x)(3.0), 81.0)
    assert numbers(grad(by_outer)(3.0)) == 27.0


def test_a_vjp_made_inside_a_function_serves_inside_and_outside() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept[:] = vjp(lambda y: [y * y * x, y * x], 2.0)
        return kept[1]([1.0, x])[0] * x

    assert_same(grad(f)(3.0), 4.0 * 6.0 + 3.0 * 9.0)
    assert numbers(kept[1]([1.0, 0.0])) == (12.0,)


def test_derivatives_in_threads_inside_the_function() -> None:
    def f(x: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda y: grad(lambda y: y * y * x)(y), [1.0, 2.0]))

    assert numbers(grad(f)(3.0)) == 6.0


def test_nodes_that_escape_from_a_function_are_nodes_like_others() -> None:
    nodes = []

    def f(x: Any) -> Any:
        nodes.append(x * x)
        return nodes[-1] * x

    assert_same(grad(f)(3.0), 27.0)
    later = nodes[-1] * 2
    later.backward()
    assert (later.data, nodes[-1].grad) == (18.0, 2.0)
    assert_same(grad(lambda x: x * stop_gradient(nodes[-1]))(2.0), 9.0)


def test_stop_gradient_is_a_constant_in_every_mode() -> None:
    for d in DERIVATIVES.values():
        assert_same(d(lambda x: stop_gradient(x * x) * x)(3.0), 9.0)
        assert_same(d(d(lambda x: stop_gradient(x * x) * x**2))(3.0), 18.0)
        assert_same(d(lambda x: x.stop_gradient() + x)(3.0), 1.0)
    assert stop_gradient(3.0) == 3.0
    assert calculus.stop_gradient is ops.stop_gradient


@every_derivative
def test_what_is_computed_without_recording_is_a_constant(d: Operator) -> None:
    def f(x: Any) -> Any:
        with no_grad():
            factor = x * x
        return factor * x

    assert_same(d(f)(3.0), 9.0)


@every_derivative
def test_derivatives_are_the_same_where_nothing_is_recorded(d: Operator) -> None:
    w = Value(3.0)
    with no_grad():
        assert_same(d(lambda x: x**3)(2.0), 12.0)
        assert_same(d(d(lambda x: x**3))(2.0), 12.0)
        slope = d(lambda x: w * x**3)(2.0)
        assert_same(slope, 36.0)
        assert (w * w).inputs == ()
    assert (w * w).inputs == (w, w)


# Kinks and infinities


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_infinite_derivatives_are_given_and_do_not_spread(mode: str) -> None:
    assert jacobian(lambda x: [ops.sqrt(x[0]), x[1] * 2], mode=mode)([0.0, 1.0]) == [[inf, 0.0], [0.0, 2.0]]
    assert jacobian(lambda x: [ops.sqrt(x[0]) + x[1] * 2, x[1]], mode=mode)([0.0, 1.0]) == [
        [inf, 2.0],
        [0.0, 1.0],
    ]


def test_an_input_that_does_not_move_and_a_result_that_does_not_count_have_no_influence() -> None:
    assert jvp(lambda x, y: ops.sqrt(x) + y * y, (0.0, 3.0), (0.0, 1.0)) == (9.0, 6.0)
    assert jvp(lambda x, y: ops.sqrt(x) + y * y, (0.0, 3.0), (1.0, 1.0)) == (9.0, inf)
    assert vjp(lambda x, y: [ops.sqrt(x), y * y], 0.0, 3.0)[1]([0.0, 1.0]) == (0.0, 6.0)
    assert_same(hvp(lambda x: x[0] ** 1.5 + x[1] ** 2, ([0.0, 3.0],), ([0.0, 1.0],)), [0.0, 2.0])


@every_derivative
def test_what_is_not_chosen_has_no_influence(d: Operator) -> None:
    for root in (ops.sqrt, lambda x: x**0.5, lambda x: ops.sqrt(x * 1.0) * 1.0):
        assert_same(d(lambda x, root=root: ops.where(x > 0, root(x), 3 * x))(0.0), 3.0)
    assert_same(d(lambda x: ops.sqrt(ops.relu(x)))(-0.5), 0.0)
    assert_same(d(lambda x: ops.arcsin(ops.clip(x, 0.0, 1.0)))(2.0), 0.0)


@every_derivative
def test_derivatives_at_kinks_are_those_of_the_table(d: Operator) -> None:
    assert d(ops.relu)(0.0) == d(ops.abs)(0.0) == 0.0
    assert d(lambda x: ops.maximum(x, 0.0))(0.0) == 0.5
    assert d(lambda x: ops.maximum(x, x))(0.0) == 1.0
    assert d(lambda x: ops.clip(x, 0.0, 1.0))(1.0) == 1.0


def test_nan_is_passed_on() -> None:
    assert math.isnan(grad(lambda x: x * x)(math.nan))
    assert math.isnan(jvp(lambda x: x * x, (1.0,), (math.nan,))[1])


# Errors


def f_of_two(x: Any, y: Any) -> Any:
    return x * y


CONTAINS_ITSELF: list[Any] = [1.0]
CONTAINS_ITSELF.append({"inside": CONTAINS_ITSELF})


@pytest.mark.parametrize("d", [grad, value_and_grad, lambda f: lambda x: hvp(f, (x,), (1.0,))])
@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda x: [x], "returned a list of 1"),
        (lambda x: (x, x), "returned a tuple of 2"),
        (lambda x: {"a": x}, "returned a dict with the keys 'a'"),
        (lambda x: np.array([x]), r"returned an array of shape \(1,\)"),
        (lambda x: "text", "'text' of type str"),
        (lambda x: None, "None of type NoneType"),
        (lambda x: 3.0, "must return a Value computed from its arguments, but it returned 3.0"),
        (lambda x: x.data, "what is computed from .data"),
        (lambda x: x > 0, "of type Condition"),
        (lambda x: 1j, "of type complex"),
        (lambda x: {x}, "of type set"),
        (lambda x: (v for v in [x]), "of type generator"),
        (lambda x: print, "print"),
    ],
)
def test_a_function_to_take_the_gradient_of_returns_one_value(d: Any, result: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"(?s)<lambda>.*{message}"):
        d(result)(1.0)


@pytest.mark.parametrize(
    "result",
    [
        "text", None, ["text"], [None], {"a": b"bytes"}, {1}, iter([]), np.array(["text"]), [1j], object(),
        3.0,
        [3.0],
    ],
)  # fmt: skip
def test_results_that_have_no_derivative(result: Any) -> None:
    for differentiate in (
        lambda: jacobian(lambda x: result)(1.0),
        lambda: jvp(lambda x: result, (1.0,), (1.0,)),
        lambda: vjp(lambda x: result, 1.0),
        lambda: jacobian(lambda x: [x, result] if result not in (3.0, [3.0]) else result)(1.0),
    ):
        with pytest.raises(TypeError, match="<lambda> must return"):
            differentiate()


@pytest.mark.parametrize(
    "argument",
    [
        "text", b"bytes", None, True, np.bool_(True), 1j, object(), {1.0}, range(3), [1.0, "text"],
        {"a": None}, [[1.0], [True]], np.array([1, 2]), np.array([True]), np.array([1j]), np.array(["a"]),
        np.array([1.0, "a"], dtype=object), np.array([None]), iter([1.0]), np.array([0], dtype="M8[s]"),
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_differentiated(argument: Any) -> None:
    def f(x: Any, *rest: Any) -> Any:
        return Value(1.0) * 2

    for differentiate in (
        lambda: grad(f)(argument),
        lambda: grad(f, argnums=1)(1.0, argument),
        lambda: grad(f, argnums=(0, 1))(1.0, argument),
        lambda: jvp(f, (argument,), (argument,)),
        lambda: vjp(f, argument),
        lambda: hessian(f)(argument),
    ):
        with pytest.raises(TypeError, match="f can be differentiated by"):
            differentiate()


def test_an_array_of_integers_is_told_how_to_become_one_of_floats() -> None:
    with pytest.raises(TypeError, match=r"array of int64: write a\.astype\(float\)"):
        grad(np.sum)(np.arange(3, dtype=np.int64))


def test_a_masked_array_is_not_differentiated_by() -> None:
    with pytest.raises(TypeError, match="can be differentiated by"):
        grad(np.sum)(np.ma.array([1.0, 2.0], mask=[True, False]))


def test_a_list_that_contains_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="a list that contains itself"):
        grad(lambda x: x[0])(CONTAINS_ITSELF)
    with pytest.raises(ValueError, match="contains itself"):
        jacobian(lambda x: CONTAINS_ITSELF)(1.0)
    with pytest.raises(ValueError, match="structure"):
        jvp(lambda x: x[0], ([1.0, 2.0],), (CONTAINS_ITSELF,))


@pytest.mark.parametrize("argnums", [2, -3, (0, 2), [5], (0, -3)])
def test_an_index_out_of_range_is_an_index_error(argnums: Any) -> None:
    wrong = argnums if isinstance(argnums, int) else argnums[-1]
    for differentiate in (
        lambda: grad(f_of_two, argnums)(1.0, 2.0),
        lambda: value_and_grad(f_of_two, argnums)(1.0, 2.0),
        lambda: jacobian(f_of_two, argnums)(1.0, 2.0),
        lambda: hessian(f_of_two, argnums)(1.0, 2.0),
        lambda: jvp(f_of_two, (1.0, 2.0), (1.0,), argnums),
        lambda: vjp(f_of_two, 1.0, 2.0, argnums=argnums),
        lambda: hvp(f_of_two, (1.0, 2.0), (1.0,), argnums),
    ):
        with pytest.raises(IndexError, match=rf"argnums = {wrong} is out of range: f_of_two.*2 positional"):
            differentiate()


def test_an_argument_given_by_name_has_no_index() -> None:
    with pytest.raises(IndexError, match=r"called with 1 positional argument$"):
        grad(f_of_two, argnums=1)(1.0, y=2.0)


@pytest.mark.parametrize("argnums", [1.0, "0", True, (0, "1"), [0.5], np.zeros(2), {"a": 1}, print])
def test_argnums_are_integers(argnums: Any) -> None:
    for d in (grad, value_and_grad, jacobian, hessian):
        with pytest.raises(TypeError, match="expected an int or a sequence of ints for argnums"):
            d(f_of_two, argnums)(1.0, 2.0)


@pytest.mark.parametrize("argnums", [(0, 0), (1, -1), (0, -2)])
def test_an_argument_is_chosen_once(argnums: Any) -> None:
    with pytest.raises(ValueError, match="expected argnums that differ"):
        grad(f_of_two, argnums)(1.0, 2.0)


@pytest.mark.parametrize("wrong", [3.0, None, "f", Value(1.0)])
def test_what_is_no_function_is_refused_at_once(wrong: Any) -> None:
    for d in (grad, value_and_grad, jacobian, hessian, lambda f: jvp(f, (1.0,), (1.0,)), lambda f: vjp(f, 1)):
        with pytest.raises(TypeError, match="expected a function to differentiate"):
            d(wrong)
    with pytest.raises(TypeError, match="expected a function to differentiate"):
        hvp(wrong, (1.0,), (1.0,))


@pytest.mark.parametrize("mode", ["fwd", "Forward", 1, ("forward",), ["forward"]])
def test_there_are_two_modes(mode: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown mode .*'forward', 'reverse'"):
        jacobian(f_of_two, mode=mode)


@pytest.mark.parametrize("result", [1.0, [1.0, 2.0], (1.0,), (1.0, 2.0, 3.0), "ab", None])
def test_with_has_aux_a_pair_is_returned(result: Any) -> None:
    for d in (grad, value_and_grad, jacobian):
        with pytest.raises(TypeError, match=r"must return a pair \(result, aux\)"):
            d(lambda x: result, has_aux=True)(1.0)


PAIR = [1.0, np.array([2.0, 3.0])]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (1.0, "expected a list of 2, but got a number"),
        ([1.0], "expected a list of 2, but got a list of 1"),
        ((1.0, np.zeros(2)), "expected a list of 2, but got a tuple of 2"),
        ([1.0, [2.0, 3.0]], r"expected an array of shape \(2,\), but got a list of 2"),
        ([1.0, np.zeros(3)], r"expected an array of shape \(2,\), but got an array of shape \(3,\)"),
        ([1.0, np.zeros((2, 1))], r"but got an array of shape \(2, 1\)"),
        ([1.0, 0.0], r"expected an array of shape \(2,\), but got a number"),
        ([[1.0], np.zeros(2)], "expected a number, but got a list of 1"),
        ({0: 1.0, 1: np.zeros(2)}, "expected a list of 2, but got a dict"),
        (Layer(1.0, np.zeros(2)), "expected a list of 2, but got a Layer of 2"),
    ],
)
def test_tangents_of_another_structure_are_errors(wrong: Any, message: str) -> None:
    def double(x: Any) -> Any:
        return [x[0] * 2, x[1] * 2]

    with pytest.raises(ValueError, match=f"the tangents must have the structure.*{message}"):
        jvp(double, (PAIR,), (wrong,))
    with pytest.raises(ValueError, match=f"the tangents must have the structure.*{message}"):
        hvp(lambda x: x[0] * x[1][0], (PAIR,), (wrong,))
    with pytest.raises(ValueError, match=f"the cotangent must have the structure.*{message}"):
        vjp(double, PAIR)[1](wrong)


@pytest.mark.parametrize("keys", ["ac", "a", "abc"])
def test_tangents_with_other_keys_are_errors(keys: str) -> None:
    with pytest.raises(ValueError, match="expected a dict with the keys 'a', 'b', but got a dict"):
        jvp(lambda p: p["a"] * p["b"], ({"a": 1.0, "b": 2.0},), (dict.fromkeys(keys, 1.0),))


@pytest.mark.parametrize("wrong", ["text", None, 1j, np.array("a"), {1.0}])
def test_tangents_are_numbers(wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected a real number or a Value in a tangent"):
        jvp(lambda x: x[0], ([1.0],), ([wrong],))
    with pytest.raises(TypeError, match="expected a real number or a Value in a tangent"):
        vjp(lambda x: [x], 1.0)[1]([wrong])


@pytest.mark.parametrize("direction", [2, np.float32(2), np.int64(2), np.array(2.0), np.array(2)])
def test_a_tangent_may_be_a_number_of_any_kind(direction: Any) -> None:
    assert_same(jvp(lambda x: x * x, (3.0,), (direction,)), (9.0, 12.0))
    assert_same(vjp(lambda x: x * x, 3.0)[1](direction), (12.0,))


def test_there_is_a_tangent_for_each_argument() -> None:
    with pytest.raises(ValueError, match=r"tangents.* 2, but got 1$"):
        jvp(f_of_two, (1.0, 2.0), (1.0,))
    with pytest.raises(ValueError, match=r"tangents.* 1, but got 2$"):
        hvp(f_of_two, (1.0, 2.0), (1.0, 1.0))
    for primals, tangents in ((1.0, (1.0,)), ((1.0,), 1.0), ("a", ("a",)), ((1.0,), np.ones(1))):
        with pytest.raises(TypeError, match="one for each argument"):
            jvp(lambda x: x, primals, tangents)  # type: ignore[arg-type]


def test_an_error_in_the_function_comes_out_as_it_is() -> None:
    def broken(x: Any) -> Any:
        raise KeyError("own")

    for d in DERIVATIVES.values():
        with pytest.raises(KeyError, match="own"):
            d(broken)(1.0)
    with pytest.raises(ops.DomainError, match=r"log is defined for x > 0, but got x = -1\.0"):
        grad(ops.log)(-1.0)
    assert grad(lambda x: x * x)(3.0) == 6.0


def test_the_graph_is_not_lost_in_silence() -> None:
    for lose in (math.exp, float, lambda x: np.array([x], dtype=float).sum(), lambda x: math.fsum([x])):
        with pytest.raises(TypeError, match=r"v\.data"):
            grad(lose)(1.0)


# Depth, threads, memory


def million(x: Any) -> Any:
    y = x
    for _ in range(500_000):
        y = (y + x) * 1.0
    return y


@pytest.mark.parametrize(
    "differentiate",
    [grad(million), lambda x: jvp(million, (x,), (1.0,))[1]],
    ids=["grad", "jvp"],
)
def test_a_chain_of_a_million_operations(differentiate: Callable[[float], float]) -> None:
    assert differentiate(1.0) == 500_001.0


def test_second_derivatives_of_a_long_chain() -> None:
    def chain(x: Any) -> Any:
        y = x
        for _ in range(5_000):
            y = y * 1.0 + x * x
        return y

    assert_same(grad(grad(chain))(1.0), 10_000.0)
    assert_same(hvp(chain, (1.0,), (0.5,)), 5_000.0)
    assert_same(jvp(lambda x: jvp(chain, (x,), (1.0,))[1], (1.0,), (1.0,))[1], 10_000.0)


def test_derivatives_in_several_threads_do_not_meet() -> None:
    w = Value(2.0)

    def work(seed: int) -> tuple[Any, ...]:
        x = [1 + seed / 100, 2 - seed / 100]
        f: Any = lambda x: x[0] ** 2 * ops.exp(x[1])  # noqa: E731
        slope = grad(lambda x: f(x) * w)(x)[0]
        return hessian(f)(x), hvp(f, (x,), (x,)), slope.data, slope.gradient(w).data

    alone = [work(seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == alone


def test_derivatives_in_several_tasks_do_not_meet() -> None:
    async def work(seed: int) -> list[Any]:
        slopes = []
        for _ in range(5):
            with no_grad():
                await asyncio.sleep(0)
                slopes.append(grad(grad(lambda x: x**3 * seed))(2.0))
            await asyncio.sleep(0)
            slopes.append(jvp(lambda x: x**2 * seed, (3.0,), (1.0,))[1])
        return slopes

    async def everything() -> list[list[Any]]:
        return await asyncio.gather(*map(work, range(1, 6)))

    assert asyncio.run(everything()) == [[12.0 * seed, 6.0 * seed] * 5 for seed in range(1, 6)]


def test_derivatives_leave_nothing_behind() -> None:
    def work() -> None:
        x = [1.0, 2.0]
        hessian(lambda x: x[0] ** 2 * x[1])(x)
        jvp(lambda x: x[0] * x[1], (x,), (x,), has_aux=False)
        grad(lambda x: (x[0] * x[1], x), has_aux=True)(x)

    work()
    gc.collect()
    gc.disable()
    try:
        work()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_all_names_are_those_of_the_package() -> None:
    for name in calculus.__all__:
        assert getattr(autograd_lite, name) is getattr(calculus, name)
        assert name in autograd_lite.__all__


def test_a_sequence_of_primals_may_be_a_list() -> None:
    point: Sequence[Any] = [2.0, [3.0]]
    assert_same(jvp(lambda x, y: x * y[0], point, [1.0, [0.0]]), (6.0, 3.0))
