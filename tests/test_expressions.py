"""Random programs over the table of primitives: the chain rule on whole graphs, against differences.

A program is a list of steps, each a primitive of earlier nodes and constants. It runs on Values, on floats
and with hundreds of digits; the last needs no derivative but that of the values. How far rounding may carry a
gradient is not guessed but measured: `rounding_error` repeats the exact computation with every node off by
a unit in the last place.
"""

import operator
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from test_ops import REFERENCES

from autograd_lite._primitive import apply
from autograd_lite.engine import Value, topological_order
from autograd_lite.ops import TABLE

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": abs,
}

# Where the operands of a step must lie: well inside the domain, and away from over- and underflow.
USUAL = (-8.0, 8.0)
SAFE: dict[str, tuple[tuple[float, float], ...]] = {
    **dict.fromkeys(["div", "ieee_div"], (USUAL, (0.5, 8.0))),
    **dict.fromkeys(["pow", "ieee_pow"], ((0.3, 4.0), (-2.0, 3.0))),
    **dict.fromkeys(["hypot", "arctan2"], ((0.3, 8.0), (0.3, 8.0))),
    **dict.fromkeys(["arcsin", "arccos", "arctanh"], ((-0.9, 0.9),)),
    **dict.fromkeys(["reciprocal", "sqrt", "log", "log2", "log10", "norm"], ((0.3, 8.0),)),
    **dict.fromkeys(["exp", "expm1", "exp2", "sinh", "cosh"], ((-4.0, 4.0),)),
    **dict.fromkeys(["prod"], ((-2.0, 2.0),)),
    "log1p": ((-0.7, 8.0),),
    "arccosh": ((1.3, 8.0),),
    "tan": ((-1.2, 1.2),),
}

# Rows with a kink where operands are equal or one is 0, and how far from it the operands stay.
KINKED_AT_0 = {"abs", "relu", "leaky_relu", "elu", "where"}
KINKED_AT_TIES = {"maximum", "minimum", "max", "min", "clip"}
DISTANCE = 0.02


Function = Callable[[Sequence[Any]], Any]


class Step(NamedTuple):
    """A primitive and its operands: the number of an earlier node, or a constant."""

    name: str
    operands: tuple[int | float, ...]


class Program(NamedTuple):
    """Numbers for the leaves, then the steps; the result is the last node."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]


def run(program: Program, leaves: Sequence[Any], compute: Callable[[str, list[Any]], Any]) -> list[Any]:
    """All nodes of the program, from other leaves."""
    nodes = list(leaves)
    for name, operands in program.steps:
        nodes.append(compute(name, [nodes[x] if type(x) is int else x for x in operands]))
    return nodes


def recorded(name: str, operands: list[Any]) -> Any:
    """A step on Values or floats."""
    if name in OPERATORS:
        return OPERATORS[name](*operands)
    if name == "where":
        operands = [operands[0] > 0, *operands[1:]]
    return apply(TABLE[name], tuple(operands))


def plain(name: str, operands: list[float]) -> float:
    """A step on floats, by the table."""
    if name == "where":
        operands = [operands[0] > 0, *operands[1:]]
    return float(apply(TABLE[name], tuple(operands)))


def exact(name: str, operands: list[Any]) -> Any:
    """A step with all digits."""
    if name == "where":
        operands = [operands[0] > 0, *operands[1:]]
    return REFERENCES[name](*map(mp.mpf, operands))


# Making programs


class Builder:
    """A program in the making: it knows the number at every node, to keep each step in its domain."""

    def __init__(self, leaves: Sequence[float]) -> None:
        self.leaves = tuple(leaves)
        self.steps: list[Step] = []
        self.data = list(leaves)

    def number(self, x: int | float) -> float:
        return self.data[x] if type(x) is int else float(x)

    def append(self, name: str, *operands: int | float) -> int:
        self.steps.append(Step(name, operands))
        self.data.append(plain(name, list(map(self.number, operands))))
        return len(self.data) - 1

    def inside(self, x: int | float, low: float, high: float) -> int | float:
        """An operand that lies between the bounds: x, or x squashed into them by further steps."""
        if low <= self.number(x) <= high:
            return x
        if type(x) is float:
            return (low + high) / 2
        half = (high - low) / 2
        return self.append("add", self.append("mul", self.append("tanh", x), 0.98 * half), low + half)

    def step(self, name: str, operands: list[int | float]) -> None:
        """Append a primitive, its operands moved to where it is smooth."""
        row = TABLE[name]
        bounds = SAFE.get(name, (USUAL,) * len(row.operands)) * (len(operands) if row.is_nary else 1)
        operands = [self.inside(x, low, high) for x, (low, high) in zip(operands, bounds, strict=True)]
        numbers = list(map(self.number, operands))
        if name in KINKED_AT_TIES and any(abs(a - b) < DISTANCE for a, b in combinations(numbers, 2)):
            name = "sum"
        if name in KINKED_AT_0 and abs(numbers[0]) < DISTANCE:
            operands[0] = self.append("add", operands[0], 1.0)
        if name == "softmax":
            operands.append(float(len(operands) // 2))
        self.append(name, *operands)


NUMBERS = st.integers(-80, 80).map(lambda n: n / 10)


@st.composite
def programs(draw: st.DrawFn, most_steps: int = 100, most_leaves: int = 4) -> Program:
    """Programs whose every node depends on a leaf, and whose result depends on every node."""
    builder = Builder(draw(st.lists(NUMBERS, min_size=1, max_size=most_leaves)))
    # A node is counted back from the newest, so that without one of its steps a program is still one.
    node = st.integers(0, 3) | st.integers(0, 300)
    operand = node | NUMBERS
    step = st.tuples(st.sampled_from(list(TABLE)), node, st.lists(operand, max_size=3), st.integers(0, 3))
    least = draw(st.sampled_from([n for n in (1, 5, 20, 60) if n < most_steps]))
    for name, required, others, place in draw(st.lists(step, min_size=least, max_size=most_steps)):
        row = TABLE[name]
        newest = len(builder.data) - 1
        count = len(others) + 1 if row.is_nary else len(row.operands)
        chosen = [*others, 1, 0.5, 2][: count - 1]
        chosen.insert(place % count, required)
        if name == "where":
            chosen[1] = required
        if name == "dot":
            chosen += chosen[::-1]
        builder.step(name, [newest - x % (newest + 1) if type(x) is int else x for x in chosen])
    used = {x for step in builder.steps for x in step.operands if type(x) is int}
    loose = [x for x in range(len(builder.data)) if x not in used]
    if len(loose) > 1:
        builder.append("sum", *loose)
    return Program(builder.leaves, tuple(builder.steps))


# What the derivatives are


def derivatives(value: Function, leaves: Sequence[float]) -> list[Any]:
    """Central differences with hundreds of digits: exact to some forty."""
    h = mpf(10) ** -25
    slopes = []
    for i in range(len(leaves)):
        up, down = ([mpf(x) + t * (j == i) for j, x in enumerate(leaves)] for t in (h, -h))
        slopes.append((value(up) - value(down)) / (2 * h))
    return slopes


def value_of(program: Program, seed: int | None = None) -> Function:
    """The program with all digits; with a seed, every node is off by a unit in the last place of a float."""
    signs = random.Random(seed)
    factors = [1 + signs.choice((-1, 1)) * mpf(2) ** -52 for _ in range(len(program.steps))]

    def value(leaves: Sequence[Any]) -> Any:
        errors = iter(factors)

        def rounded(name: str, operands: list[Any]) -> Any:
            return exact(name, operands) * next(errors)

        return run(program, leaves, exact if seed is None else rounded)[-1]

    return value


def rounding_error(of: Callable[[Function], list[Any]], program: Program) -> list[float]:
    """How much each result of `of` changes when every node of the program is rounded, at most of three."""
    right = of(value_of(program))
    wrong = [of(value_of(program, seed)) for seed in range(3)]
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
    """That results agree to twelve digits, or as rounding allows."""
    for g, r, error in zip(got, right, errors, strict=True):
        assert abs(g - r) <= 1e-12 * abs(r) + 30 * error + 1e-100


# The tests


@given(programs())
def test_backward_and_gradient_are_the_derivatives_of_the_program(program: Program) -> None:
    leaves = [Value(x) for x in program.leaves]
    result = run(program, leaves, recorded)[-1]
    result.backward()
    with mp.workdps(200):
        right = derivatives(value_of(program), program.leaves)
        errors = rounding_error(lambda value: derivatives(value, program.leaves), program)
        sizes = path_sizes(result)
        errors = [error + 1e-16 * sizes.get(x, 0.0) for error, x in zip(errors, leaves, strict=True)]
        assert_close([x.grad for x in leaves], right, errors)
        assert_close([slope.data for slope in result.gradient(leaves)], right, errors)


@given(programs())
def test_the_value_is_that_of_the_program(program: Program) -> None:
    nodes = run(program, [Value(x) for x in program.leaves], recorded)
    floats = run(program, program.leaves, plain)
    assert [x.data if isinstance(x, Value) else x for x in nodes] == floats
    with mp.workdps(200):
        right = value_of(program)(program.leaves)
        errors = rounding_error(lambda value: [value(program.leaves)], program)
        assert_close(floats[-1:], [right], errors)


@settings(max_examples=50)
@given(programs(most_steps=25, most_leaves=3), st.data())
def test_second_derivatives_are_those_of_the_program(program: Program, data: st.DataObject) -> None:
    leaves = [Value(x) for x in program.leaves]
    result = run(program, leaves, recorded)[-1]
    by = data.draw(st.integers(0, len(leaves) - 1), "by")
    slope = result.gradient(leaves[by])

    def second(value: Function) -> list[Any]:
        return derivatives(lambda xs: derivatives(value, xs)[by], program.leaves)

    with mp.workdps(300):
        right, errors = second(value_of(program)), rounding_error(second, program)
        # Rounding within a derivative's own formula is not that of a node of the program.
        scale = sum(map(abs, right)) + abs(slope.data)
        errors = [error + 1e-14 * float(scale) for error in errors]
        assert_close([s.data for s in slope.gradient(leaves)], right, errors)


def branches(program: Program, leaves: Sequence[float]) -> Iterator[list[bool]]:
    """The side of its kinks on which each step is."""
    nodes = run(program, leaves, plain)
    for name, operands in program.steps:
        numbers = [nodes[x] if type(x) is int else x for x in operands]
        if name in KINKED_AT_0:
            yield [numbers[0] > 0]
        if name in KINKED_AT_TIES:
            yield [a > b for a, b in combinations(numbers, 2)]


@given(programs(most_steps=60))
def test_gradients_are_differences_of_floats(program: Program) -> None:
    """Richardson's extrapolation, its error estimated from itself and from the rounding of the values."""
    leaves = [Value(x) for x in program.leaves]
    result = run(program, leaves, recorded)[-1]
    result.backward()
    with mp.workdps(30):
        (noise,) = rounding_error(lambda value: [value(program.leaves)], program)
    for i, leaf in enumerate(leaves):

        def at(t: float, i: int = i) -> list[float]:
            return [x + t * (j == i) for j, x in enumerate(program.leaves)]

        def slope(h: float) -> float:
            up, down = (run(program, at(t), plain)[-1] for t in (h, -h))
            return (up - down) / (2 * h)

        h = 1e-4
        here = list(branches(program, program.leaves))
        assume(all(list(branches(program, at(t))) == here for t in (4 * h, h, -h, -4 * h)))
        coarse, wide, narrow = slope(4 * h), slope(2 * h), slope(h)
        first, second = (4 * wide - coarse) / 3, (4 * narrow - wide) / 3
        tolerance = abs(second - first) + 1e-7 * abs(second) + 10 * (noise + 1e-16) / h
        assert leaf.grad == pytest.approx(second, rel=0, abs=tolerance)


@given(programs())
def test_interior_nodes_have_the_adjoints_that_gradient_gives(program: Program) -> None:
    result = run(program, [Value(x) for x in program.leaves], recorded)[-1]
    result.backward()
    order, size = topological_order(result), path_sizes(result)
    for v, adjoint in zip(order, result.gradient(order), strict=True):
        assert abs(v.grad - adjoint.data) <= 1e-13 * size[v]


@given(programs())
def test_graphs_list_operands_first(program: Program) -> None:
    result = run(program, [Value(x) for x in program.leaves], recorded)[-1]
    order = topological_order(result)
    assert order[-1] is result
    place = {v: i for i, v in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[x] < place[v] for v in order for x in v.inputs if isinstance(x, Value))


@given(programs())
def test_programs_stay_where_their_steps_are_smooth(program: Program) -> None:
    """What the tests above rely on."""
    nodes = run(program, program.leaves, plain)
    assert all(abs(x) < 1e6 for x in nodes)
    for name, operands in program.steps:
        numbers = [nodes[x] if type(x) is int else x for x in operands]
        if name in KINKED_AT_0:
            assert abs(numbers[0]) >= DISTANCE
        if name in KINKED_AT_TIES:
            assert all(abs(a - b) >= DISTANCE for a, b in combinations(numbers, 2))
