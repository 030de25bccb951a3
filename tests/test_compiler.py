"""Compiled functions: they compute what the function itself does, and refuse what they cannot."""

import copy
import itertools
import math
import pickle
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from fuzz_compiler import EXPRESSIONS, MODELS, by_example, check, check_expression, check_model, numbers_of
from hypothesis import given, settings

from autograd_lite import (
    Value,
    array,
    clip,
    compile,
    cos,
    custom_derivative,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    minimum,
    nn,
    no_grad,
    ops,
    sin,
    softmax,
    sqrt,
    square,
    stop_gradient,
    tanh,
    value_and_grad,
    where,
)
from autograd_lite._trees import flatten, scalars
from autograd_lite.ops import TABLE, DomainError

RNG = np.random.default_rng(0)
EXAMPLES = 4
NARY = [name for name, p in TABLE.items() if p.is_nary and name not in ("dot", "softmax")]


def away_from_0(*shape: int) -> Any:
    """Numbers of either sign, none of them small."""
    return RNG.uniform(0.3, 2.0, shape) * RNG.choice([-1.0, 1.0], shape)


W = [Value(x) for x in away_from_0(12).tolist()]
MATRIX = array(np.array(W, dtype=object).reshape(3, 4))


@custom_derivative(lambda y, x: y)
def exponential(x):
    return math.exp(x)


@custom_derivative(lambda y, a, b: b, lambda y, a, b: a)
def times(a, b):
    return a * b


nameless = custom_derivative(lambda y, x: 2.0 * x)(lambda x: x * x)


def added_one_by_one(x):
    act = 0.0
    for w, y in zip(W, x, strict=False):
        act = act + w * y
    return act


def attention(x, is_causal):
    q, k, v = (x @ array(np.array(W[i : i + 4], dtype=object).reshape(2, 2)) for i in (0, 4, 8))
    rows = []
    for t in range(len(x)):
        seen = range(t + 1 if is_causal else len(x))
        weights = softmax([dot(list(q[t]), list(k[s])) / 1.4 for s in seen])
        rows.append([sum(weights[s] * v[s, j] for s in seen) for j in range(2)])
    return rows


def solve(lower, b):
    y = []
    for i in range(len(b)):
        y.append((b[i] - sum(lower[i, j] * y[j] for j in range(i))) / lower[i, i])
    return y


def rnn(x):
    h = [0.0, 0.0]
    for t in range(len(x)):
        h = [tanh(W[2 * i] * h[0] + W[2 * i + 1] * h[1] + W[4 + i] * x[t] + W[6 + i]) for i in range(2)]
    return h


FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "a generator in sum": (lambda x: sum(w * y for w, y in zip(W, x, strict=False)), (3,)),
    "a loop": (added_one_by_one, (5,)),
    "a sum of products": (lambda x: W[0] + W[1] * x[0] + W[2] * x[1], (2,)),
    "dot": (lambda x: dot(W[:4], list(x)), (4,)),
    "matrix times vector": (lambda x: MATRIX @ x, (4,)),
    "matrix times matrix": (lambda x: MATRIX @ x, (4, 3)),
    "transposed matrix": (lambda x: x @ MATRIX.T, (2, 4)),
    "an argument times itself": (lambda x: x @ x.T, (3, 2)),
    "arguments multiplied": (lambda x, y: x @ y, (3, 2), (2, 4)),
    "outer product": (np.outer, (3,), (2,)),
    "layers without activation": (lambda x: MATRIX.T @ (MATRIX @ (MATRIX.T @ (MATRIX @ x))), (4,)),
    "convolution": (lambda x: [sum(W[k] * x[i + k] for k in range(3)) for i in range(6)], (8,)),
    "quadratic form": (
        lambda x: sum(MATRIX[i, j] * x[i] * x[j] for i in range(3) for j in range(3)),
        (3,),
    ),
    "causal attention": (lambda x: attention(x, True), (4, 2)),
    "full attention": (lambda x: attention(x, False), (4, 2)),
    "triangular solve": (solve, (4, 4), (4,)),
    "recurrence": (rnn, (4,)),
    "loop over examples": (
        lambda X, y: sum((tanh(dot(W[:3], x)) - t) ** 2 for x, t in zip(X, y, strict=False)),
        (5, 3),
        (5,),
    ),
    "cumulative sums": (np.cumsum, (5,)),
    "cumulative products": (np.cumprod, (5,)),
    "normalised": (lambda x: (x - np.mean(x)) / (np.var(x) + 1e-3) ** 0.5, (5,)),
    "softmax of rows": (lambda x: [softmax(list(row)) for row in x], (3, 4)),
    "softmax of many lengths": (lambda x: [y for k in (1, 2, 3, 5) for y in softmax(list(x[:k]))], (5,)),
    "one output of softmax": (lambda x: [softmax(list(x))[2], softmax([x[1], W[0], 0.5])[1]], (5,)),
    "conditions": (
        lambda x: [where((a > 0) & (b < 1) | ~(a < b), a * b, a - b) for a, b in itertools.pairwise(x)],
        (5,),
    ),
    "nested where": (
        lambda x: [where(a > 0, where(a > 1, a * a, a), where(a < -1, -a, 0.5)) for a in x],
        (5,),
    ),
    "where of constants": (
        lambda x: [where(a > 0, 1.0, c) for a, c in zip(x, (1.0, 2.0, 3.0, 4.0, 5.0), strict=False)],
        (5,),
    ),
    "where with bools": (
        lambda x: [where((x[0] > 0) & True, x[1], W[0]), where((x[0] > 0) | True, x[1], W[0])],
        (2,),
    ),
    "where by a parameter": (lambda x: [where((W[0] > 0) & (a > 0), a, W[1]) for a in x], (5,)),
    "where of one operation": (lambda x: [where(x[0] > 0, exp(x[i]), exp(x[1 - i])) for i in (0, 1)], (2,)),
    "where over its operand": (lambda x: [where(exp(a) > sin(a), exp(a), sin(a)) for a in x], (5,)),
    "clip": (lambda x: [clip(a, -0.5, 0.9) for a in x] + [clip(x[0], -abs(x[1]), abs(W[0]))], (5,)),
    "scaled factors": (
        lambda x: [(2 * x[0]) / 4 * (-x[1]), -(W[0] * 2) * x[0], (x[0] / 3) * (x[1] / 5)],
        (2,),
    ),
    "differences": (
        lambda x: [x[0] - x[1], -(x[0] + x[1]), x[0] - (x[1] - x[2]), x[0] - x[0], 2 - x[0] - 3],
        (3,),
    ),
    "squares": (lambda x: [square(x[0]), x[0] * x[0], x[0] ** 2, square(W[0]), W[0] * W[0]], (1,)),
    "powers": (
        lambda x: (
            [exp(x[0]) ** c for c in (1.0, 2.0, 0.0, -1.0, 3.0, 0.5)] + [exp(x[0]) ** x[1], 2.0 ** x[1]]
        ),
        (2,),
    ),
    "quotients": (lambda x: [x[0] / x[1], x[1] / 2.5, 2.0 / x[2], W[0] / 2, x[2] / W[1], 1 / W[2]], (3,)),
    "constants among variables": (
        lambda x: [tanh(a) for a in (x[0], W[0], x[0] * W[0], 0.5 * x[1], sin(x[0]), sin(W[0]))],
        (2,),
    ),
    "mixed factors": (
        lambda x: [
            tanh(a) * tanh(b) for a, b in ((x[0], W[0]), (x[1], x[0]), (W[0], W[1]), (sin(x[0]), x[1]))
        ],
        (2,),
    ),
    "factors without a batch": (lambda x: exp(W[0]) * exp(x[0]) + exp(W[0]) * sin(W[2]), (1,)),
    "shared weights": (
        lambda x: [W[0] * x[0] + W[0] * x[1], W[0] * x[1] + W[1] * x[1], W[0] * W[1] * x[0]],
        (2,),
    ),
    "penalty": (lambda x: added_one_by_one(x) ** 2 + 0.01 * sum(w * w for w in W), (4,)),
    "stopped gradients": (lambda x: [stop_gradient(x[0]) * x[0], stop_gradient(W[0]) * x[1]], (2,)),
    "two operands": (lambda x: [maximum(x[0], x[1]), minimum(W[0], x[0]), ops.hypot(x[0], 1.0)], (2,)),
    "primitives of one's own": (
        lambda x: [
            exponential(x[0]),
            times(x[0], x[1]),
            times(2.0, x[0]),
            times(W[0], W[1]),
            times(x[1], W[0]),
        ],
        (2,),
    ),
    "a primitive without a name": (lambda x: nameless(x) + 1.0, ()),
    "nothing but a parameter": (lambda x: W[0] * W[1], (2,)),
    **{
        f"{name} of rows": (lambda x, name=name: [getattr(ops, name)(list(r)) for r in x], (3, 4))
        for name in NARY
    },
    **{
        f"{name} of many lengths": (
            lambda x, name=name: [
                getattr(ops, name)([x[i] for i in at]) for at in ([4, 0], [1, 2, 3], [0, 4, 2, 1], [3])
            ],
            (5,),
        )
        for name in NARY
    },
    **{
        f"{name} with constants": (
            lambda x, name=name: [
                getattr(ops, name)([x[0], 1.5, x[1]]),
                getattr(ops, name)([x[1], 2.5, W[1]]),
                getattr(ops, name)([W[0], W[1]]),
            ],
            (2,),
        )
        for name in NARY
    },
    **{
        f"activation {name}": (lambda x, name=name: [getattr(ops, name)(a) for a in x], (4,))
        for name in nn.ACTIVATIONS
        if name in TABLE and not TABLE[name].is_nary
    },
}


def derivatives(f: Any, order: int) -> Any:
    """`f` with the derivatives of a weighted sum of its results by its arguments and the parameters."""

    def total(results: Any) -> Any:
        return sum((y * (0.5 + k) for k, y in enumerate(results)), Value(0.0))

    def wrapped(*args: Any) -> Any:
        y = f(*args)
        if not order:
            return y
        wrt = scalars(flatten(args)[0]) + W[:3]
        slopes = total(scalars(flatten(y)[0])).gradient(wrt)
        return (y, slopes) if order == 1 else (slopes, total(slopes).gradient(wrt))

    return wrapped


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_their_values_and_derivatives(name: str) -> None:
    f, *shapes = FUNCTIONS[name]
    batches = [away_from_0(EXAMPLES, *shape) for shape in shapes]
    for order in (0, 1, 2):
        wrapped = derivatives(f, order)
        check(wrapped, *(x[0] if x.ndim > 1 else float(x[0]) for x in batches))
        for reduce in (None, "mean", "sum"):
            check(wrapped, *batches, in_axes=0, reduce=reduce)


@settings(max_examples=250)
@given(EXPRESSIONS)
def test_random_expressions_compute_what_they_do_uncompiled(drawn: Any) -> None:
    check_expression(*drawn)


@settings(max_examples=40)
@given(MODELS)
def test_random_networks_compute_what_they_do_uncompiled(drawn: Any) -> None:
    check_model(*drawn)


POINTS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.5, 1e-300, 1e300, math.inf, -math.inf, math.nan, 40.0, -800.0]


@pytest.mark.parametrize("name", [name for name, p in TABLE.items() if not p.is_nary and name != "where"])
def test_it_does_not_matter_at_which_example_a_function_is_recorded(name: str) -> None:
    primitive = getattr(ops, name)
    count = len(TABLE[name].operands)

    def f(x: Any) -> Any:
        y = primitive(*x) * 1.0
        return y, y.gradient(list(x))

    points, results = [], []
    for x in np.array(np.meshgrid(*[POINTS] * min(count, 2))).reshape(min(count, 2), -1).T:
        x = [*x.tolist(), 1.0][:count] if count > 2 else x.tolist()
        try:
            results.append(numbers_of(f(list(map(Value, x)))))
            points.append(x)
        except DomainError:
            pass
    for k in range(0, len(points), max(1, len(points) // 5)):
        order = [k, *range(len(points)), k]
        got = by_example(compile(f, in_axes=0)(np.array(points)[order]), len(order))
        assert np.allclose(got, np.array(results)[order], rtol=1e-9, atol=1e-15, equal_nan=True)


# Arguments


def test_arguments_without_a_batch_stand_next_to_batches() -> None:
    x, c = away_from_0(EXAMPLES, 3), away_from_0(2)
    for reduce in (None, "mean", "sum"):
        check(lambda x, c: [a * c[0] + c[1] for a in x], x, c, in_axes=(0, None), reduce=reduce)
        check(
            lambda x, c: [c[0] * 2, sin(c[0]), sin(x[0]), c[1] * W[0]], x, c, in_axes=(0, None), reduce=reduce
        )
        check(lambda x, m: m @ x, x, away_from_0(2, 3), in_axes=(0, None), reduce=reduce)
        check(solve, away_from_0(3, 3), x, in_axes=(None, 0), reduce=reduce)


@pytest.mark.parametrize(("axis", "shape"), [(1, (4, EXAMPLES)), (-1, (4, EXAMPLES)), (-2, (EXAMPLES, 4))])
def test_the_batch_may_be_any_axis(axis: int, shape: tuple[int, ...]) -> None:
    check(lambda x: MATRIX @ x, away_from_0(*shape), in_axes=axis, reduce="sum")


def test_batches_may_be_on_axes_of_their_own() -> None:
    check(lambda x, y: x @ y, away_from_0(3, EXAMPLES), away_from_0(EXAMPLES, 3), in_axes=(1, 0))


@pytest.mark.parametrize(
    "x",
    [
        np.arange(12.0).reshape(3, 4)[:, ::2],
        np.asfortranarray(np.arange(6.0).reshape(3, 2)),
        np.arange(6.0).reshape(3, 2)[::-1],
        np.broadcast_to([1.0, 3.0], (3, 2)),
        np.arange(6.0).reshape(3, 2).astype(">f8"),
        np.arange(6).reshape(3, 2),
        np.arange(6, dtype=np.float32).reshape(3, 2),
        np.array([[True, False]] * 3),
        [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        ((1, 2), (3, 4), (5, 6)),
    ],
)
def test_batches_may_have_any_layout_and_type_of_number(x: Any) -> None:
    got = compile(lambda x: [x[0] - 2.0 * x[1], x[0]], in_axes=0)(x)
    a = np.array(x, dtype=float)
    assert np.array_equal(got, np.stack([a[:, 0] - 2.0 * a[:, 1], a[:, 0]], axis=1))


def test_structures_and_keywords_are_passed_on() -> None:
    def f(d: Any, scale: Any = 1.0) -> Any:
        return {"a": d["a"] * scale, "b": [d["b"][0], d["b"][1] + 1.0]}

    given = {"a": 2.0, "b": [3.0, 4.0]}
    assert compile(f)(given)["a"] == 2.0
    assert compile(f)(given, scale=5.0)["a"] == 10.0
    assert compile(f)(given)["b"].tolist() == [3.0, 5.0]
    batch = {"a": np.array([1.0, 2.0]), "b": np.array([[3.0, 4.0], [5.0, 6.0]])}
    got = compile(f, in_axes=0)(batch, scale=np.array([10.0, 20.0]))
    assert got["a"].tolist() == [10.0, 40.0]
    assert got["b"].tolist() == [[3.0, 5.0], [5.0, 7.0]]


def test_what_is_no_number_is_passed_as_it_is_and_told_apart() -> None:
    f = compile(lambda x, mode, flag=True: x * 2.0 if mode == "twice" and flag else x)
    assert [f(3.0, "twice"), f(3.0, "once"), f(3.0, "twice", flag=False), f(3.0, "twice")] == [
        6.0,
        3.0,
        3.0,
        6.0,
    ]


@pytest.mark.parametrize("make", [np.array, lambda m: [*m, None]])
def test_a_mask_that_is_changed_in_place_is_another_one(make: Callable[[Any], Any]) -> None:
    f = compile(lambda x, mask: sum(a for a, kept in zip(x, mask, strict=False) if kept))
    mask = make([True, False])
    assert f([1.0, 2.0], mask) == 1.0
    mask[:2] = [False, True]
    assert f([1.0, 2.0], mask) == 2.0


# Results


def test_results_have_the_structure_of_what_was_returned() -> None:
    a = Value(7.0)

    def f(x: Any) -> Any:
        return (
            [x[0], 3.0, a, x[0]],
            {"m": np.array([[x[0], x[1]], [x[1], 1.0]], dtype=object)},
            [],
            x[1] * 2.0,
        )

    one, named, empty, twice = compile(f)(np.array([1.0, 2.0]))
    assert one.tolist() == [1.0, 3.0, 7.0, 1.0]
    assert named["m"].tolist() == [[1.0, 2.0], [2.0, 1.0]]
    assert (len(empty), twice, type(twice)) == (0, 4.0, float)
    one, named, empty, twice = compile(f, in_axes=0)(np.array([[1.0, 2.0], [5.0, 6.0]]))
    assert one.tolist() == [[1.0, 3.0, 7.0, 1.0], [5.0, 3.0, 7.0, 5.0]]
    assert named["m"].shape == (2, 2, 2)
    assert twice.tolist() == [4.0, 12.0]
    one, named, empty, twice = compile(f, in_axes=0, reduce="mean")(np.array([[1.0, 2.0], [5.0, 6.0]]))
    assert one.tolist() == [3.0, 3.0, 7.0, 3.0]
    assert (twice, type(twice)) == (8.0, float)


@pytest.mark.parametrize("size", [3, 20_000])
@pytest.mark.parametrize("reduce", [None, "mean"])
def test_results_are_new_arrays(size: int, reduce: str | None) -> None:
    f = compile(lambda x: [x, sin(x[0]) * W[0], list(W)], in_axes=0, reduce=reduce)
    X = RNG.normal(size=(size, 2))
    before = X.copy()
    first = f(X)
    kept = [np.copy(y) for y in first]
    for y in f(X + 1.0):
        if isinstance(y, np.ndarray):
            y[...] = math.nan
    assert all(np.array_equal(a, b) for a, b in zip(first, kept, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(f(X), kept, strict=True))
    assert np.array_equal(X, before)


@pytest.mark.parametrize("reduce", [None, "mean", "sum"])
def test_a_large_batch_gives_what_its_parts_do(reduce: str | None) -> None:
    model = nn.MLP(3, [4, 2], "tanh", seed=0)

    @compile(in_axes=0, reduce=reduce)
    def step(x: Any, y: Any) -> Any:
        loss = nn.mse(model(x), y)
        return loss, loss.gradient(model.parameters()), 2.0, x[0]

    X, Y = RNG.normal(size=(10_000, 3)), RNG.normal(size=(10_000, 2))
    parts = [step(X[k : k + 1000], Y[k : k + 1000]) for k in range(0, len(X), 1000)]
    for whole, *pieces in zip(step(X, Y), *parts, strict=True):
        joined = {
            None: np.concatenate,
            "mean": lambda p: np.mean(p, axis=0),
            "sum": lambda p: np.sum(p, axis=0),
        }
        assert np.allclose(whole, joined[reduce](pieces) if np.ndim(whole) or reduce else pieces, rtol=1e-9)


# Recording


def counted(f: Any) -> tuple[Any, list[int]]:
    """A function and how often it is called."""
    calls = [0]

    def g(*args: Any) -> Any:
        calls[0] += 1
        return f(*args)

    return g, calls


def test_a_function_is_recorded_again_only_for_another_structure() -> None:
    f, calls = counted(lambda x: x * 2.0)
    compiled = compile(f, in_axes=0)
    compiled(np.ones(3))
    first = calls[0]
    for x in (np.ones(7), [1.0, 2.0], np.ones(3, int), np.ones((1, 3))[0], -np.ones(1)):
        compiled(x)
    assert calls[0] == first
    compiled(np.ones((3, 2)))
    assert calls[0] == 2 * first
    compiled(np.ones(3))
    compiled(np.ones((9, 2)))
    assert calls[0] == 2 * first


def test_it_decorates_with_and_without_arguments() -> None:
    @compile
    def twice(x: Any) -> Any:
        """Twice."""
        return 2.0 * x

    @compile(in_axes=0, reduce="sum")
    def total(x: Any) -> Any:
        return x

    assert (twice(3.0), twice.__name__, twice.__doc__) == (6.0, "twice", "Twice.")
    assert total([1.0, 2.0, 3.0]) == 6.0


def test_parameters_are_in_the_order_of_the_model() -> None:
    model = nn.MLP(2, [3, 1], "tanh", seed=0)
    f = compile(lambda x: model(x) * 1.0, in_axes=0)
    f(np.ones((2, 2)))
    assert f.parameters == model.parameters()


def test_parameters_are_read_at_every_call_and_may_be_given_as_a_vector() -> None:
    a, b = Value(2.0), Value(3.0)
    f = compile(lambda x: a * x + b)
    assert f(10.0) == 23.0
    a.data = 5.0
    assert f(10.0) == 53.0
    assert f(10.0, parameters=[1.0, 0.5]) == 10.5
    assert f(10.0, parameters=np.arange(4.0)[::2]) == 2.0
    assert (a.data, f(10.0)) == (5.0, 53.0)


def test_many_parameters_may_be_given_in_any_layout() -> None:
    ws = [Value(x) for x in RNG.normal(size=9000).tolist()]
    f = compile(lambda x: dot(ws, [x] * len(ws)))
    theta = RNG.normal(size=18_000)[::2]
    assert f(2.0, parameters=theta) == pytest.approx(2.0 * theta.sum())


def test_a_compiled_function_can_be_differentiated_and_compiled() -> None:
    cube = compile(lambda x: x**3)
    assert grad(cube)(2.0) == 12.0
    assert compile(grad(cube))(2.0) == 12.0
    assert compile(grad(grad(cube)), in_axes=0)([1.0, 2.0]).tolist() == [6.0, 12.0]
    assert cube(Value(2.0)).data == 8.0


def test_derivatives_of_functions_can_be_compiled() -> None:
    def f(x: Any) -> Any:
        return x[0] ** 3 * x[1]

    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    slopes = np.stack([3 * x[:, 0] ** 2 * x[:, 1], x[:, 0] ** 3], axis=1)
    seconds = np.array([[[6 * a * b, 3 * a * a], [3 * a * a, 0.0]] for a, b in x])
    assert np.allclose(compile(grad(f), in_axes=0)(x), slopes)
    assert np.allclose(compile(value_and_grad(f), in_axes=0)(x)[1], slopes)
    assert np.allclose(compile(hessian(f), in_axes=0)(x), seconds)
    assert np.allclose(compile(jacobian(lambda x: array([f(x), x[0]])), in_axes=0)(x)[:, 0], slopes)
    assert np.allclose(
        compile(lambda x: jvp(f, (x,), (np.array([1.0, 0.0]),))[1], in_axes=0)(x), slopes[:, 0]
    )
    assert np.allclose(compile(lambda x: hvp(f, (x,), (np.array([1.0, 0.0]),)), in_axes=0)(x), seconds[:, 0])


@pytest.mark.parametrize("in_axes", [0, None])
def test_programs_can_be_pickled(in_axes: Any) -> None:
    f = compile(lambda x: sin(x) * x + exp(x), in_axes=in_axes)
    x = np.array([1.0, 2.0]) if in_axes == 0 else 1.5
    want = f(x)
    program = pickle.loads(pickle.dumps(f.program))
    got = program.run(np.zeros(0), [np.reshape(x, (-1, 1) if in_axes == 0 else (1,))], np.size(x))
    assert np.array_equal(np.ravel(got[0]), np.ravel(want))


def test_threads_do_not_disturb_each_other() -> None:
    f = compile(lambda x: [tanh(dot(W[:4], list(x))), sin(x[0])], in_axes=0)
    weights = np.array([w.data for w in W[:4]])
    batches = [RNG.normal(size=(5, 4)) for _ in range(6)]
    wrong: list[Any] = []

    def work(x: Any) -> None:
        try:
            want = np.stack([np.tanh(x @ weights), np.sin(x[:, 0])], axis=1)
            wrong.extend(x for _ in range(100) if not np.allclose(f(x), want))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(x,)) for x in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_results_and_derivatives_inside_no_grad_are_the_same() -> None:
    with no_grad():
        assert compile(lambda x: (x * W[0]).gradient(W[0]))(3.0) == 3.0


# What is refused


def inside_no_grad(x: Any) -> Any:
    with no_grad():
        return x * 2.0


def swallowed(x: Any) -> Any:
    try:
        return x.data
    except TypeError:
        return x


def assigned(x: Any) -> Any:
    W[11].data = 1.0
    return x


REFUSED: dict[str, tuple[Any, str]] = {
    "if": (lambda x: x if x > 0 else -x, "where"),
    "builtin max": (lambda x: max([x, 0.0]), "where"),
    "sorted": (lambda x: sorted([x, 2.0 * x])[0], "where"),
    "data in max": (lambda x: max(x.data, 0.0), r"\.data"),
    "data": (lambda x: x.data * 2.0, r"\.data"),
    "data of a parameter": (lambda x: x * W[0].data, r"\.data"),
    "a swallowed refusal": (swallowed, r"\.data"),
    "assignment to data": (assigned, "assigned"),
    "backward": (lambda x: (x * x).backward(), "gradient"),
    "grad": (lambda x: x * W[0].grad, "gradient"),
    "no_grad": (inside_no_grad, "stop_gradient"),
    "float": (lambda x: float(x), "float"),
    "int": (lambda x: [x] * int(x), "float"),
    "math": (lambda x: math.exp(x), r"math\.exp"),
    "a condition": (lambda x: x > 0, "must return"),
    "None": (lambda x: None, "must return"),
    "text": (lambda x: "a", "must return"),
    "a complex number": (lambda x: 1j, "must return"),
    "a bool": (lambda x: True, "must return"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_depends_on_the_data_or_is_no_number_is_refused(name: str) -> None:
    f, message = REFUSED[name]
    for _ in range(2):
        with pytest.raises(TypeError, match=message):
            compile(f)(1.0)
    with pytest.raises(TypeError, match=message):
        compile(f, in_axes=0)([1.0, 2.0])


def test_refusals_name_the_line() -> None:
    with pytest.raises(TypeError, match=r"test_compiler\.py, line \d+"):
        compile(REFUSED["if"][0])(1.0)


def test_the_number_of_a_constant_may_be_asked_for() -> None:
    assert compile(lambda x: x * Value(3.0).data)(2.0) == 6.0


@pytest.mark.parametrize("draw", [random.random, np.random.default_rng(0).normal])
def test_random_numbers_are_refused(draw: Callable[[], float]) -> None:
    with pytest.raises(TypeError, match="pass what changes"):
        compile(lambda x: x * draw())(1.0)


def growing(shape: str) -> Any:
    lengths: Iterator[int] = iter(range(1, 100))

    def f(x: Any) -> Any:
        n = next(lengths)
        return {
            "list": [x * 2.0] * n,
            "graph": sum([sin(x)] * n),
            "dict": {f"key {n}": x},
            "array": np.array([x] * 12, dtype=object).reshape((3, 4) if n % 2 else (4, 3)),
        }[shape]

    return f


@pytest.mark.parametrize("shape", ["list", "graph", "dict", "array"])
def test_functions_that_return_something_else_each_time_are_refused(shape: str) -> None:
    with pytest.raises(TypeError):
        compile(growing(shape))(1.0)


def test_copies_of_values_are_no_constants() -> None:
    f = compile(lambda x: copy.copy(x) * 2.0)
    try:
        results = [f(2.0), f(3.0)]
    except TypeError:
        return
    assert results == [4.0, 6.0]


BAD_CALLS: dict[str, tuple[Any, Any, tuple[Any, ...], dict[str, Any], type[Exception], str]] = {
    "an empty batch": (lambda x: x, 0, (np.zeros((0, 2)),), {}, ValueError, "at least one example"),
    "other lengths": (lambda x, y: x * y, 0, (np.ones(3), np.ones(4)), {}, ValueError, "3 examples.*4"),
    "a batch of one": (lambda x, y: x * y, 0, (np.ones(3), np.ones(1)), {}, ValueError, "different lengths"),
    "no batch": (lambda x, y: x * y, 0, (np.ones(3), 2.0), {}, ValueError, "None in in_axes"),
    "no such axis": (lambda x: x, 2, (np.ones((2, 2)),), {}, ValueError, "axis 2"),
    "too few axes": (lambda x, y: x, (0,), (np.ones(2), 1.0), {}, ValueError, "expected 1 argument"),
    "text": (lambda x: x, 0, (["a", "b"],), {}, TypeError, "real number"),
    "None": (lambda x: x, 0, ([None, 1.0],), {}, TypeError, "real number"),
    "complex numbers": (lambda x: x, 0, (np.array([1j]),), {}, TypeError, "real number"),
    "ragged lists": (lambda x: x, 0, ([[1.0, 2.0], [3.0]],), {}, ValueError, "differ in length"),
    "Values in a batch": (lambda x: x, 0, ([Value(1.0)],), {}, TypeError, "got Values"),
    "too many arguments": (lambda x: x, None, (1.0, 2.0), {}, TypeError, "positional"),
    "too many parameters": (
        lambda x: x * W[0],
        None,
        (1.0,),
        {"parameters": [1.0, 2.0]},
        ValueError,
        "vector of 1",
    ),
    "a matrix": (lambda x: x * W[0], None, (1.0,), {"parameters": [[1.0]]}, ValueError, "vector of 1"),
    "text for parameters": (
        lambda x: x * W[0],
        None,
        (1.0,),
        {"parameters": ["a"]},
        TypeError,
        "vector of real numbers",
    ),
}


@pytest.mark.parametrize("name", BAD_CALLS)
def test_bad_arguments_are_refused(name: str) -> None:
    f, in_axes, args, named, error, message = BAD_CALLS[name]
    with pytest.raises(error, match=message):
        compile(f, in_axes=in_axes)(*args, **named)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"in_axes": "a"}, TypeError),
        ({"in_axes": True}, TypeError),
        ({"in_axes": (0, 1.5)}, TypeError),
        ({"reduce": "max"}, ValueError),
    ],
)
def test_bad_options_are_refused(options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        compile(lambda x: x, **options)


def test_more_that_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a function"):
        compile(3)
    with pytest.raises(ValueError, match="no argument"):
        compile(lambda x: x, reduce="mean")(1.0)
    with pytest.raises(RuntimeError, match="first call"):
        _ = compile(lambda x: x).program
    with pytest.raises(ValueError, match="2 inputs"):
        compile(nn.MLP(2, [1], "tanh", seed=0), in_axes=0)(np.zeros((3, 5)))


# Domains


@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize(
    ("f", "bad"),
    [(log, -1.0), (sqrt, -1.0), (sin, math.inf), (lambda x: 1.0 / x, 0.0), (lambda x: x**0.5, -2.0)],
)
def test_numbers_outside_the_domain_are_named_with_their_example(
    f: Any, bad: float, reduce: str | None, wrong: int
) -> None:
    compiled = compile(lambda x: [cos(f(x[0])), x[1]], in_axes=0, reduce=reduce)
    with pytest.raises(DomainError) as eager:
        f(Value(bad))
    good, x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x[wrong, 0] = bad
    for _ in range(2):
        with pytest.raises(DomainError) as compiled_error:
            compiled(x)
        message = str(compiled_error.value)
        assert message.startswith(str(eager.value))
        assert message.endswith(f"in example {wrong}")
        want = np.stack([[math.cos(f(a)), b] for a, b in good])
        assert np.allclose(compiled(good), want if reduce is None else want.mean(axis=0))


def test_numbers_outside_the_domain_are_named_as_without_compiling() -> None:
    f = compile(lambda x: log(x) * 2.0)
    for _ in range(2):
        with pytest.raises(DomainError) as eager:
            log(Value(-1.0))
        with pytest.raises(DomainError) as compiled:
            f(-1.0)
        assert str(compiled.value) == str(eager.value)
        assert f(1.0) == 0.0


def test_nan_and_infinity_are_passed_on() -> None:
    x = np.array([1.0, math.nan, 2.0])
    got = compile(lambda x: [exp(x) + log(x), where(x > 1.5, x, 0.0)], in_axes=0)(x)
    assert np.isnan(got[1, 0])
    assert np.isfinite(got[[0, 2], 0]).all()
    assert got[:, 1].tolist() == [0.0, 0.0, 2.0]
    assert compile(lambda x: sqrt(x).gradient(x), in_axes=0)([0.0, 4.0]).tolist() == [math.inf, 0.25]


# What once went wrong


def test_choices_whose_results_lie_apart_are_made_in_one_place():
    def f(x):
        out = []
        for k, v in enumerate(x):
            out.append(where(v > 0, exp(v), sin(v)))
            if k % 3 == 0:
                out.append(cos(v))
        return out

    x = np.random.default_rng(0).normal(size=45)
    expected = [v.data for v in f([Value(v) for v in x])]
    compiled = compile(f)
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), expected, rtol=1e-14)


def test_labels_of_a_batch_that_is_not_copied_are_checked():
    loss = compile(lambda z, y: nn.hinge(z, y), in_axes=0)
    labels = np.ones(10_000)
    assert loss(labels, labels).shape == (10_000,)
    labels[7] = 2.0
    with pytest.raises(ValueError, match="hinge takes the labels -1 or 1, but got 2 in example 7"):
        loss(labels, labels)


def test_multiples_of_sums_that_are_used_often_stay_multiples_of_sums():
    def f(a, b):
        for _ in range(40):
            a, b = 0.5 * (a + b), 0.5 * (a - b)
        return a + b

    assert compile(f, in_axes=0)(np.ones(3), np.ones(3))[0] == pytest.approx(2.0**-19)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: x * 1e-200 * 1e-200, 1e300, 1e-100),
        (lambda x: x * 1e200 * 1e200, 0.0, 0.0),
        (lambda x: x / 1e-310, 1e-310, 1.0),
    ],
)
def test_products_of_constants_do_not_overflow(f, x, expected):
    assert compile(lambda x: [f(x), x + 1.0], in_axes=0)(np.array([x]))[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * (x * x).partials[0],
        lambda x: x if (x > 0).holds else -x,
        lambda x: x if x.has_grad else -x,
        lambda x: x * float(f"{x:.3f}"),
    ],
)
def test_other_ways_to_a_number_are_refused(f):
    with pytest.raises(TypeError, match="the graph would depend on the data"):
        compile(f)(2.0)


def test_text_tells_no_number():
    seen = []
    compile(lambda x: (seen.append(repr(x) + repr(x > 0)), x)[1])(2.0)
    assert seen == ["Value(data=..., grad=...)Condition(...)"] * 2


def test_arguments_that_are_no_numbers_are_told_apart_by_type_and_content():
    f = compile(lambda x, options: x * (10.0 if options[1] is True else 2.0))
    assert f(2.0, (None, True)) == 20.0
    assert f(2.0, (None, 1)) == 4.0
    with pytest.raises(TypeError, match="numbers or have a hash"):
        compile(lambda x, s: x * len(s))(1.0, {1})


def test_a_copy_of_a_compiled_function_reads_the_parameters_of_its_function():
    a = Value(2.0)
    f = compile(lambda x: a * x)
    assert f(3.0) == 6.0
    g = copy.deepcopy(f)
    a.data = 5.0
    assert f(3.0) == g(3.0) == 15.0


def test_an_error_that_the_function_catches_is_not_compiled_away():
    def f(x):
        try:
            return sqrt(x)
        except ValueError:
            return -x

    with pytest.raises(TypeError, match=r"an error of sqrt was caught in .*return sqrt\(x\)"):
        compile(f)(-2.0)


def test_sums_and_means_of_whole_numbers_are_exact():
    for x in ([1.0, 2.0, 4.0], [1.0] * 49):
        assert compile(lambda v: v, in_axes=0, reduce="sum")(x) == sum(x)
        assert compile(lambda v: v, in_axes=0, reduce="mean")(x) == sum(x) / len(x)


def test_a_function_that_returns_nothing_is_refused():
    with pytest.raises(TypeError, match="must return Values and numbers"):
        compile(lambda x: {})(1.0)


@pytest.mark.parametrize("c", [np.inf, -np.inf, np.nan, 1e-301, 5e-324])
@pytest.mark.parametrize("reduce", [None, "mean", "sum"])
def test_factors_that_cannot_be_part_of_a_coefficient_are_not_lost(c, reduce):
    def f(x):
        y = x[0] * c
        return [y, y + 1.0, y * x[1], y + x[1], *(y * x[1]).gradient([x[0], x[1]])]

    X = np.array([[1.0, 2.0], [3.0, 5.0], [2.0, 4.0]])
    want = np.array([[v.data for v in f([Value(a), Value(b)])] for a, b in X.tolist()])
    if reduce:
        want = getattr(np, reduce)(want, axis=0)
    np.testing.assert_allclose(compile(f, in_axes=0, reduce=reduce)(X), want, rtol=1e-15, atol=1e-323)


def test_zeros_chosen_for_many_examples_keep_their_sign():
    f = compile(lambda x: where(x[0] > 0, -0.0, x[1]), in_axes=0)
    assert np.signbit(f(np.ones((1000, 2)))).all()


def test_what_users_wrote_runs_with_their_settings_of_numpy():
    @custom_derivative(lambda y, x: 1 / x)
    def mylog(x):
        return float(np.log(np.array(x)))

    seen = []

    @custom_derivative(lambda y, x: 2 * x)
    def noted(x):
        seen.append(np.geterr())
        return x * x

    f = compile(lambda x: noted(x) + mylog(x), in_axes=0)
    with np.errstate(all="raise"):
        np.testing.assert_allclose(f([1.0, 2.0]), [1.0, 4.0 + math.log(2.0)])
        with pytest.raises(DomainError, match=r"mylog is not defined for .* in example 1"):
            f([1.0, -1.0])
    assert {state["invalid"] for state in seen} == {"raise"}
