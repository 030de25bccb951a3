"""Random functions, compiled and eager: ``python tests/fuzz_compiler.py 10000`` tries ten thousand graphs.

How far rounding may carry a result is not guessed but measured: the recorded graph is computed again with
every operand off by a unit in the last place.
"""

import math
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, given, settings
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
    return [float(getattr(y, "data", y)) for y in scalars(flatten(tree)[0])]


def computed(graph: Graph, inputs: Numbers, parameters: Numbers, seed: int | None = None) -> list[Any]:
    """The outputs for one example; with a seed, every operand is off by a unit in the last place."""
    signs = random.Random(seed)
    values: list[Any] = []

    def off(x: Any, i: int) -> Any:
        is_exact = seed is None or type(x) is bool or graph.ops[i] == "constant"
        return x if is_exact else x * (1.0 + signs.choice((-1, 1)) * 2.0**-52)

    def at(op: Any, operands: Sequence[int], data: Any, i: int) -> Any:
        if op in LINEAR:
            return math.fsum(c * off(values[a], a) * off(values[b], b) for c, a, b in zip(*terms(graph, i)))
        exact = [values[x] for x in operands]
        if op in CHOICES:
            return value_of(op, exact)
        try:
            return value_of(op, [off(x, k) for x, k in zip(exact, operands, strict=True)])
        except (ArithmeticError, ValueError):
            return value_of(op, exact)

    for i, (op, operands, data) in enumerate(zip(graph.ops, graph.operands, graph.data, strict=True)):
        if op == "constant":
            values.append(data)
        elif op in ("input", "parameter"):
            values.append((inputs if op == "input" else parameters)[data])
        else:
            values.append(at(op, operands, data, i))
    return [values[i] for i in graph.outputs]


class Difference(AssertionError):
    """A compiled function that gives another number."""


def assert_agree(got: Numbers, want: Numbers, errors: Numbers) -> None:
    """That results agree to twelve digits, or as rounding allows; that infinities and NaNs are the same."""
    if len(got) != len(want):
        raise Difference(f"expected {len(want)} numbers, but got {len(got)}")
    for k, (g, w, error) in enumerate(zip(got, want, errors, strict=True)):
        if math.isnan(w) or math.isinf(w):
            good = g == w or (math.isnan(g) and math.isnan(w)) or not math.isfinite(error)
        else:
            good = not math.isfinite(error) or abs(g - w) <= 1e-12 * abs(w) + 30.0 * error + 1e-300
        if not good:
            raise Difference(f"number {k}: expected {w!r}, but got {g!r} (rounding {error:.1e})")


class Example(NamedTuple):
    """The results of one example, and how far rounding may carry them."""

    results: list[float]
    errors: list[float]


def check(
    f: Function, *args: Any, in_axes: Any = None, reduce: str | None = None, parameters: Any = None
) -> Any:
    """Assert that compiled `f` gives what `f` itself gives of each example; return what was compiled."""
    compiled = compile(f, in_axes, reduce)
    got = compiled(*args)
    again = compiled(*args)
    assert_agree(numbers_of(again), numbers_of(got), [0.0] * len(numbers_of(got)))
    axes = [in_axes] * len(args) if in_axes is None or isinstance(in_axes, int) else list(in_axes)
    sizes = [np.shape(x)[a] for x, a in zip(args, axes, strict=True) if a is not None]
    examples = []
    graph, leaves = compiled._latest()[1].graph, [p.data for p in compiled.parameters]
    for k in range(sizes[0] if sizes else 1):
        one = [x if a is None else np.take(np.asarray(x), k, axis=a) for x, a in zip(args, axes, strict=True)]
        flat = [float(y) for x in one for y in np.ravel(np.asarray(x, dtype=float))]
        values = [Value(float(x)) if np.ndim(x) == 0 else array(x) if isinstance(x, np.ndarray) else
                  [Value(float(y)) for y in x] for x in one]
        want = numbers_of(f(*values))
        exact = computed(graph, flat, leaves)[: len(want)]
        noise = [computed(graph, flat, leaves, seed) for seed in range(4)]
        errors = [max(abs(n[i] - y) for n in noise) for i, y in enumerate(exact)]
        assert_agree(exact, want, [1e-16 * abs(w) for w in want])
        examples.append(Example(want, errors))
    if not sizes or reduce is None:
        rows = [numbers_of(got)] if not sizes else by_example(got, len(examples))
        for row, (want, errors) in zip(rows, examples, strict=True):
            assert_agree(row, want, errors)
    else:
        n = len(examples) if reduce == "mean" else 1
        want = [math.fsum(x) / n if all(map(math.isfinite, x)) else sum(x) / n for x in zip(*(e.results for e in examples))]
        sizes_of = [math.fsum(map(abs, x)) if all(map(math.isfinite, x)) else 0.0 for x in zip(*(e.results for e in examples))]
        errors = [sum(x) / n for x in zip(*(e.errors for e in examples))]
        assert_agree(numbers_of(got), want, [e + 1e-15 * s / n for e, s in zip(errors, sizes_of, strict=True)])
    return compiled


def by_example(tree: Any, size: int) -> list[list[float]]:
    """The numbers of each example."""
    leaves = flatten(tree)[0]
    return [[float(y) for leaf in leaves if np.size(leaf) for y in np.ravel(leaf[k])] for k in range(size)]


def value(e: Expression) -> Function:
    return lambda x: e(*x)


def gradient(e: Expression) -> Function:
    def f(x: Any) -> Any:
        y = e(*x)
        return y, y.gradient(list(x))

    return f


def second(e: Expression) -> Function:
    def f(x: Any) -> Any:
        y = e(*x)
        return [g.gradient(list(x)) for g in y.gradient(list(x))]

    return f


FORMS = {"value": value, "gradient": gradient, "second": second}


def nearby(e: Expression, seed: int, size: int) -> np.ndarray:
    """Points around that of the expression at which it is defined."""
    rng = np.random.default_rng(seed)
    points = [np.array(e.leaves)]
    for _ in range(size - 1):
        x = np.array(e.leaves) * (1.0 + 1e-3 * rng.uniform(-1, 1, len(e.leaves)))
        try:
            y = second(e)(array(x))
            if all(map(math.isfinite, numbers_of(y))):
                points.append(x)
        except (ValueError, OverflowError):
            pass
    return np.array(points)
