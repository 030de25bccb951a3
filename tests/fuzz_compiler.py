"""Random functions, compiled and eager: `python -m tests.fuzz_compiler 10000` tries ten thousand of them.

How far rounding may carry a result is not guessed but measured: the recorded graph is computed again with
every operand off by a unit in the last place.
"""

import argparse
import math
import random
import sys
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from autograd_lite import Value, array, compile, nn
from autograd_lite._trees import flatten, scalars
from autograd_lite.compiler._graph import CONDITIONS, LINEAR, Graph, terms, value_of
from autograd_lite.testing import Expression, expressions, mlps

Function = Callable[..., Any]
Numbers = Sequence[float]

# What gives one of its operands as it is, so that it may be compared with it.
CHOICES = CONDITIONS | {"max", "min", "maximum", "minimum", "where", "clip", "relu", "abs", "stop_gradient"}


def numbers_of(tree: Any) -> list[float]:
    """The scalars of a structure of Values, floats and arrays."""
    return [y.data if isinstance(y, Value) else float(y) for y in scalars(flatten(tree)[0])]


def graph_of(compiled: Any) -> Graph:
    """The graph that a compiled function recorded, before all passes."""
    return compiled.latest.recorded.graph  # type: ignore[no-any-return]


def computed(graph: Graph, inputs: Numbers, parameters: Numbers, seed: int | None = None) -> list[Any]:
    """The outputs for one example; with a seed, every operand is off by a unit in the last place."""
    signs = random.Random(seed)
    values: list[Any] = []

    def off(x: int) -> Any:
        is_exact = seed is None or type(values[x]) is bool or graph.ops[x] == "constant"
        return values[x] if is_exact else values[x] * (1.0 + signs.choice((-1, 1)) * 2.0**-52)

    def result(i: int) -> Any:
        op, xs = graph.ops[i], graph.operands[i]
        if op in LINEAR:
            return math.fsum(c * off(a) * off(b) for c, a, b in zip(*terms(graph, i), strict=True))
        exact = [values[x] for x in xs]
        if op in CHOICES:
            return value_of(op, exact)
        try:
            return value_of(op, [off(x) for x in xs])
        except (ArithmeticError, ValueError):
            return value_of(op, exact)

    known = {"input": inputs, "parameter": parameters}
    for i, (op, data) in enumerate(zip(graph.ops, graph.data, strict=True)):
        if op == "constant":
            values.append(data)
        else:
            values.append(known[op][data] if op in known else result(i))
    return [values[i] for i in graph.outputs]


def assert_agree(got: Numbers, want: Numbers, errors: Numbers | None = None) -> None:
    """That results agree to twelve digits, or as rounding allows; that infinities and NaNs are the same."""
    assert len(got) == len(want)
    for k, (g, w) in enumerate(zip(got, want, strict=True)):
        error = errors[k] if errors is not None else 0.0
        is_same = g == w or (math.isnan(g) and math.isnan(w)) or not math.isfinite(error)
        is_near = math.isfinite(w) and abs(g - w) <= 1e-12 * abs(w) + 30.0 * error + 1e-300
        assert is_same or is_near, f"number {k}: expected {w!r}, but got {g!r}, with rounding of {error:.1e}"


def by_example(tree: Any, size: int) -> list[list[float]]:
    """The numbers of each example."""
    leaves = [leaf for leaf in flatten(tree)[0] if np.size(leaf)]
    return [[float(y) for leaf in leaves for y in np.ravel(leaf[k])] for k in range(size)]


def check(f: Function, *args: Any, in_axes: Any = None, reduce: str | None = None) -> Any:
    """Assert that compiled `f` gives what `f` itself gives of each example; return what was compiled."""
    compiled = compile(f, in_axes, reduce)
    got = compiled(*args)
    assert_agree(numbers_of(compiled(*args)), numbers_of(got))
    axes = [in_axes] * len(args) if in_axes is None or isinstance(in_axes, int) else in_axes
    sizes = [np.shape(x)[a] for x, a in zip(args, axes, strict=True) if a is not None]
    graph, leaves = graph_of(compiled), [p.data for p in compiled.parameters]
    results, rounding = [], []
    for k in range(sizes[0] if sizes else 1):
        one = [x if a is None else np.take(x, k, axis=a) for x, a in zip(args, axes, strict=True)]
        want = numbers_of(f(*map(on_values, one)))
        given = numbers_of(one)
        exact = computed(graph, given, leaves)[: len(want)]
        assert_agree(exact, want)
        noisy = [computed(graph, given, leaves, seed) for seed in range(4)]
        results.append(want)
        rounding.append([max(abs(n[i] - y) for n in noisy) for i, y in enumerate(exact)])
    if reduce is None:
        rows = by_example(got, len(results)) if sizes else [numbers_of(got)]
        for row, want, errors in zip(rows, results, rounding, strict=True):
            assert_agree(row, want, errors)
    else:
        n = len(results) if reduce == "mean" else 1
        size = np.abs(results).sum(axis=0)
        errors = (np.sum(rounding, axis=0) + 1e-15 * size) / n
        assert_agree(numbers_of(got), np.sum(results, axis=0) / n, errors)
    return compiled


def on_values(x: Any) -> Any:
    """An argument as the function receives it."""
    if isinstance(x, np.ndarray) and x.ndim:
        return array(x)
    return list(map(Value, x)) if isinstance(x, list) else Value(float(x))


# Functions of an array of the leaves of an expression


def value(expression: Expression) -> Function:
    """The value."""
    return lambda x: expression(*x)


def gradient(expression: Expression) -> Function:
    """The value and the gradient."""

    def f(x: Any) -> Any:
        y = expression(*x)
        return y, y.gradient(list(x))

    return f


def second(expression: Expression) -> Function:
    """The matrix of second derivatives."""

    def f(x: Any) -> Any:
        return [slope.gradient(list(x)) for slope in expression(*x).gradient(list(x))]

    return f


FORMS: dict[str, Callable[[Expression], Function]] = {"value": value, "gradient": gradient, "second": second}


def points_around(expression: Expression, seed: int, size: int) -> Any:
    """Points of which the first is that of the expression, and at which it and its derivatives are finite."""
    rng = np.random.default_rng(seed)
    points = [np.array(expression.leaves)]
    for _ in range(size - 1):
        x = points[0] * (1.0 + 1e-3 * rng.uniform(-1.0, 1.0, len(points[0])))
        try:
            is_defined = all(map(math.isfinite, numbers_of(second(expression)(array(x)))))
        except (ArithmeticError, ValueError):
            is_defined = False
        if is_defined:
            points.append(x)
    return np.array(points)


def check_expression(expression: Expression, form: str, seed: int, size: int, reduce: str | None) -> None:
    """Check an expression for a batch of points, or for one if `size` is 0."""
    f = FORMS["gradient" if form == "second" and len(expression.steps) > 25 else form](expression)
    if size:
        check(f, points_around(expression, seed, size), in_axes=0, reduce=reduce)
    else:
        check(f, np.array(expression.leaves))


def check_model(model: Any, seed: int, size: int, reduce: str | None) -> None:
    """Check the loss of a network and its gradient."""
    rng = np.random.default_rng(seed)
    n_in, n_out = len(model.layers[0].neurons[0].w), len(model.layers[-1].neurons)

    def step(x: Any, y: Any) -> Any:
        out = model(x)
        loss = sum((p - t) ** 2 for p, t in zip(out if n_out > 1 else [out], y, strict=True))
        return loss, out, loss.gradient(model.parameters())

    X, Y = rng.normal(size=(size, n_in)), rng.normal(size=(size, n_out))
    compiled = check(step, X, Y, in_axes=0, reduce=reduce)
    assert compiled.parameters == model.parameters()


EXPRESSIONS = st.tuples(
    expressions(max_steps=60),
    st.sampled_from(list(FORMS)),
    st.integers(0, 1000),
    st.integers(0, 5),
    st.sampled_from([None, "mean", "sum"]),
)
MODELS = st.tuples(
    mlps(activations=[name for name in nn.ACTIVATIONS if name != "softmax"]),
    st.integers(0, 1000),
    st.integers(1, 5),
    st.sampled_from([None, "mean", "sum"]),
)


def main() -> int:
    """Try so many random functions; one in ten is a network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tried = count(1)

    def run(strategy: Any, checked: Function, number: int) -> None:
        @seed(options.seed)
        @settings(
            max_examples=number,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(strategy)
        def attempt(drawn: Any) -> None:
            checked(*drawn)
            if (n := next(tried)) % 100 == 0:
                print(f"\r{n} functions", end="", flush=True)

        attempt()

    run(EXPRESSIONS, check_expression, max(1, options.number * 9 // 10))
    run(MODELS, check_model, max(1, options.number // 10))
    print(f"\r{next(tried) - 1} functions agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
