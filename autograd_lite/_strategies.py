"""Hypothesis strategies: numbers in a domain, expressions over the table of primitives, networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite._choose import choose
from autograd_lite._expressions import Expression, Step, result_of
from autograd_lite._extras import import_extra
from autograd_lite._primitive import Interval, number
from autograd_lite.ops import TABLE

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from autograd_lite.nn import MLP

__all__ = ["Expression", "expressions", "floats_in", "mlps"]

LARGEST = 1.7976931348623157e308

# Where the operands of a step lie: well inside the domain, and away from over- and underflow.
USUAL = Interval(-8.0, 8.0)
SAFE: dict[str, tuple[Interval, ...]] = {
    **dict.fromkeys(["div", "ieee_div"], (USUAL, Interval(0.5, 8.0))),
    **dict.fromkeys(["pow", "ieee_pow"], (Interval(0.3, 4.0), Interval(-2.0, 3.0))),
    **dict.fromkeys(["hypot", "arctan2"], (Interval(0.3, 8.0), Interval(0.3, 8.0))),
    **dict.fromkeys(["arcsin", "arccos", "arctanh"], (Interval(-0.9, 0.9),)),
    **dict.fromkeys(["reciprocal", "sqrt", "log", "log2", "log10", "norm"], (Interval(0.3, 8.0),)),
    **dict.fromkeys(["exp", "expm1", "exp2", "sinh", "cosh"], (Interval(-4.0, 4.0),)),
    "prod": (Interval(-2.0, 2.0),),
    "log1p": (Interval(-0.7, 8.0),),
    "arccosh": (Interval(1.3, 8.0),),
    "tan": (Interval(-1.2, 1.2),),
}

# Rows with a kink where the first operand is 0 or two are equal, and how far from it the operands stay.
KINKED_AT_0 = {"abs", "relu", "leaky_relu", "elu", "where"}
KINKED_AT_TIES = {"maximum", "minimum", "max", "min", "clip"}
DISTANCE = 0.02

# For operands that are not safe: one of these is, whatever the other operands are.
SIMPLE = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0]


def floats_in(domain: Interval | tuple[float | None, float | None] | str) -> SearchStrategy[float]:
    """A strategy of finite floats in a domain: of everyday size, in the tails, of any magnitude.

    Many lie close to an end of the domain, to a hole in it or to 0. They shrink towards simple numbers: 0,
    1, 2, 0.5.

    Parameters
    ----------
    domain : Interval, pair of float, or str
        An interval, with or without its ends and perhaps with a hole; a pair (low, high) of numbers, which
        are included, or None where there is no end; or the name of a primitive with one operand, as
        ``"log"``, for its domain.

    Returns
    -------
    hypothesis.strategies.SearchStrategy
        Of floats.

    Raises
    ------
    ValueError
        If there is no float in the interval, an end is NaN, or there is no such primitive.
    TypeError
        If the domain is none of these.
    ImportError
        If hypothesis is not installed.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_lite import arctanh, tanh
    >>> @given(floats_in("arctanh"))
    ... def tanh_undoes_arctanh(x):
    ...     assert abs(tanh(arctanh(x)) - x) < 1e-15
    >>> tanh_undoes_arctanh()
    """
    interval = _interval(domain)
    low, high, hole = max(interval.low, -LARGEST), min(interval.high, LARGEST), interval.hole
    if not interval.closed:
        low = low if interval.contains(low) else math.nextafter(low, math.inf)
        high = high if interval.contains(high) else math.nextafter(high, -math.inf)
    if low > high or low == high == hole:
        raise ValueError(f"there is no finite float in {interval}")
    st = _hypothesis().strategies
    ranges = [(max(low, -size), min(high, size)) for size in (LARGEST, 8.0, 40.0, 800.0)]
    centres = [x for x in (low, high, hole, 0.0) if x is not None and low <= x <= high and abs(x) < LARGEST]
    unit = min(1.0, high - low)
    near = st.builds(
        lambda centre, x, digits: centre + unit * x / 10.0**digits,
        st.sampled_from(centres or [low]),
        st.floats(-1.0, 1.0),
        st.integers(0, 17),
    )
    floats: SearchStrategy[float] = st.one_of(*(st.floats(a, b) for a, b in ranges if a <= b), near)
    return floats.filter(lambda x: low <= x <= high and x != hole)


def _interval(domain: Any) -> Interval:
    """The domain as an interval with floats for ends."""
    if isinstance(domain, str):
        row = choose(TABLE, domain, "primitive")
        if row.is_nary or len(row.operands) > 1:
            raise ValueError(f"expected a primitive with one operand for a domain, but got {domain!r}")
        return row.domain[0]
    if not isinstance(domain, Sequence) or len(domain) != (4 if isinstance(domain, Interval) else 2):
        raise TypeError(f"expected an Interval, a pair (low, high) or a name, but got {domain!r}")
    low, high = (
        number(default if x is None else x, "a real number for the end of an interval")
        for x, default in zip(domain, (-math.inf, math.inf), strict=False)
    )
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"expected numbers for the ends of an interval, but got {domain!r}")
    return domain._replace(low=low, high=high) if isinstance(domain, Interval) else Interval(low, high)


def expressions(
    max_steps: int = 30, max_leaves: int = 4, primitives: Iterable[str] | None = None
) -> SearchStrategy[Expression]:
    """A strategy of random programs over the table of primitives, each with a point where it is smooth.

    At its leaves every step of an `Expression` lies well inside its domain, its operands at least 0.02
    away from kinks and so small that nothing overflows: derivatives there can be compared with finite
    differences. Every step depends on a leaf, and the result on every step. They shrink towards few steps
    on simple numbers.

    Parameters
    ----------
    max_steps, max_leaves : int, default 30 and 4
        The largest numbers of steps and of leaves, at least 1.
    primitives : iterable of str, optional
        The names of the primitives that may appear, by default all that have a derivative.

    Returns
    -------
    hypothesis.strategies.SearchStrategy
        Of `Expression`.

    Raises
    ------
    ValueError
        If a limit is less than 1, there is no primitive, or one is unknown or has no derivative.
    ImportError
        If hypothesis is not installed.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_lite.testing import check_gradients
    >>> @given(expressions(max_steps=5, primitives=["add", "mul", "tanh"]))
    ... def derivatives_are_those_of_the_values(expression):
    ...     check_gradients(expression, *expression.leaves)
    >>> derivatives_are_those_of_the_values()
    """
    differentiable = {name: p for name, p in TABLE.items() if p.is_nary or any(p.partials)}
    wanted = differentiable if primitives is None else list(primitives)
    for name in wanted:
        choose(differentiable, name, "differentiable primitive")
    if not wanted or max_steps < 1 or max_leaves < 1:
        raise ValueError("an expression needs at least one primitive, one step and one leaf")
    simplest_first = sorted(differentiable.values(), key=lambda p: (p.is_nary, len(p.operands)))
    names = [p.name for p in simplest_first if p.name in wanted]
    st = _hypothesis().strategies
    step = st.one_of(*map(_steps, names))
    return st.composite(_expression)(step, max_steps, max_leaves, "sum" in names)  # type: ignore[no-any-return]


def mlps(
    max_layers: int = 3, max_width: int = 4, activations: Iterable[str] | None = None
) -> SearchStrategy[MLP]:
    """A strategy of multilayer perceptrons with random weights and biases.

    When a test fails, the model is noted as code. That a unit comes close to its kink is left to chance:
    where derivatives are compared with finite differences, leave "relu", "leaky_relu", "prelu" and "step"
    out. A layer of "softmax" has at least two neurons.

    Parameters
    ----------
    max_layers, max_width : int, default 3 and 4
        The largest numbers of layers, and of inputs and of neurons in a layer, at least 1.
    activations : iterable of str, optional
        The activations that may appear, hidden and in the output layer, by default all of `ACTIVATIONS`.

    Returns
    -------
    hypothesis.strategies.SearchStrategy
        Of `nn.MLP`.

    Raises
    ------
    ValueError
        If a limit is less than 1, there is no activation, or one is unknown, or there is nothing but softmax
        for layers of one neuron.
    ImportError
        If hypothesis is not installed.

    Examples
    --------
    >>> from hypothesis import given, strategies
    >>> from autograd_lite.testing import check_gradients
    >>> @given(mlps(activations=["tanh", "softplus"]), strategies.data())
    ... def derivatives_are_those_of_the_values(model, data):
    ...     n_in = len(model.layers[0].neurons[0].w)
    ...     x = [data.draw(floats_in((-3, 3))) for _ in range(n_in)]
    ...     check_gradients(model, x)
    >>> derivatives_are_those_of_the_values()
    """
    from autograd_lite.nn import ACTIVATIONS

    wanted = list(ACTIVATIONS if activations is None else activations)
    for name in wanted:
        choose(ACTIVATIONS, name, "activation")
    names = [a for a in ACTIVATIONS if a in wanted and (max_width > 1 or not ACTIVATIONS[a].of_layer)]
    if not names or max_layers < 1 or max_width < 1:
        raise ValueError("a model needs at least one activation, one layer and one neuron")
    return _hypothesis().strategies.composite(_mlp)(names, max_layers, max_width)  # type: ignore[no-any-return]


def _hypothesis() -> Any:
    return import_extra("hypothesis", "test")


class _Leaf(float):
    """The number at a new leaf."""


# What an operand may be, the simplest first: a node counted back from the newest, mostly a near one (so that
# a program of which a step is deleted is still one), or a number.
KINDS: list[Any] = [*[0, 1, 2, 3] * 25, *range(100), *[_Leaf] * 80, *[float] * 120]


@cache
def _steps(name: str) -> SearchStrategy[tuple[str, Sequence[int | float]]]:
    """A strategy of steps of one primitive.

    A step is a few choices only, because hypothesis deletes no more than five at once when it shrinks.
    """
    st = _hypothesis().strategies
    operands = [st.composite(_operand)(interval) for interval in _bounds(name)]
    several = st.lists(*operands, min_size=1, max_size=4) if TABLE[name].is_nary else st.tuples(*operands)
    return st.tuples(st.just(name), several)  # type: ignore[no-any-return]


def _bounds(name: str) -> tuple[Interval, ...]:
    """Where the operands of a step lie: an interval for each of them, or one for all."""
    return SAFE.get(name, (USUAL,) * len(TABLE[name].operands))


def _operand(draw: DrawFn, interval: Interval) -> int | float:
    st = _hypothesis().strategies
    kind = draw(st.sampled_from(KINDS))
    if type(kind) is int:
        return kind
    x = draw(st.floats(interval.low, interval.high))
    everyday = x if abs(x) >= 0.05 else math.frexp(x)[0]
    return kind(round(everyday, 1))  # type: ignore[no-any-return]


def _is_safe(name: str, before: list[float], x: float) -> bool:
    """Whether a number is inside the bounds and away from kinks, as the operand after those `before`."""
    bounds = _bounds(name)
    is_at_0 = name in KINKED_AT_0 and not before and abs(x) < DISTANCE
    is_tied = name in KINKED_AT_TIES and any(abs(x - y) < DISTANCE for y in before)
    return bounds[len(before) % len(bounds)].contains(x) and not is_at_0 and not is_tied


def _expression(draw: DrawFn, step: Any, max_steps: int, max_leaves: int, can_sum: bool) -> Expression:
    st = _hypothesis().strategies
    # Simplest is most room for leaves, so that a step can be deleted on which others depend.
    program = _Program(max_leaves - draw(st.integers(0, max_leaves - 1)))
    # Left to itself a list is seldom long.
    least = draw(st.sampled_from([n for n in (1, 5, 20, 60) if n <= max_steps]))
    steps = draw(st.lists(step, min_size=least, max_size=max_steps))
    for name, operands in steps:
        program.append(name, operands)
    if can_sum and len(steps) < max_steps:
        program.join()
    return program.finished()


class _Program:
    """An expression in the making: it knows the number at every node, to keep each step safe."""

    def __init__(self, max_leaves: int) -> None:
        self.room = max_leaves
        self.nodes: list[Step | None] = []  # None for a leaf
        self.data: list[float] = []

    def append(self, name: str, operands: Sequence[int | float]) -> None:
        """Append a step of these operands, or of others instead of those that are not safe.

        It is left out if it would depend on no leaf.
        """
        if all(type(x) is float for x in operands):
            operands = [0, *operands[1:]]
        chosen: list[int | float] = []
        for x in operands:
            before = list(map(self._number, chosen))
            needs_node = not any(type(y) is int for y in chosen)
            candidates = self._candidates(x, needs_node)
            x = next(y for y in candidates if _is_safe(name, before, self._number(y)))
            chosen.append(self._add(None, float(x)) if type(x) is _Leaf else x)
        if any(type(x) is int for x in chosen):
            if name == "dot":
                chosen += chosen[::-1]
            if name == "softmax":
                chosen.append(float(len(chosen) // 2))
            step = Step(name, tuple(chosen))
            self._add(step, result_of(step, self.data))

    def _candidates(self, x: int | float, needs_node: bool) -> Iterator[int | float]:
        """An operand and those that may stand for it: nodes further back, a new leaf, a constant."""
        numbers = SIMPLE if type(x) is int else [float(x), *SIMPLE]
        if type(x) is int:
            count = len(self.data)
            yield from ((count - 1 - x - i) % count for i in range(count))
        if self.room and (type(x) is _Leaf or (type(x) is int and needs_node)):
            yield from map(_Leaf, numbers)
        yield from numbers

    def _number(self, x: int | float) -> float:
        return self.data[x] if type(x) is int else x

    def _add(self, node: Step | None, data: float) -> int:
        self.room -= node is None
        self.nodes.append(node)
        self.data.append(data)
        return len(self.data) - 1

    def join(self) -> None:
        """Add up the nodes that no step uses."""
        used = {x for node in self.nodes if node for x in node.operands if type(x) is int}
        loose = tuple(x for x in range(len(self.data)) if x not in used)
        if len(loose) > 1:
            self._add(Step("sum", loose), 0.0)

    def finished(self) -> Expression:
        """The expression of the last node: all on which it depends, the leaves first."""
        needed = {len(self.nodes) - 1}
        for i, node in reversed(list(enumerate(self.nodes))):
            if i in needed and node:
                needed.update(x for x in node.operands if type(x) is int)
        leaves = [i for i in sorted(needed) if self.nodes[i] is None]
        others = [(i, node) for i, node in enumerate(self.nodes) if i in needed and node]
        place = {i: n for n, i in enumerate(leaves + [i for i, _ in others])}
        steps = [(name, [place[x] if type(x) is int else x for x in xs]) for _, (name, xs) in others]
        return Expression([self.data[i] for i in leaves], steps)


def _mlp(draw: DrawFn, names: list[str], max_layers: int, max_width: int) -> MLP:
    from autograd_lite.nn import ACTIVATIONS, MLP

    hypothesis = _hypothesis()
    st = hypothesis.strategies
    widths = st.integers(1, max_width)
    n_in, sizes = draw(widths), draw(st.lists(widths, min_size=1, max_size=max_layers))
    activation, output = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    layers = [activation] * (len(sizes) - 1) + [output]
    sizes = [max(n, 2) if ACTIVATIONS[a].of_layer else n for n, a in zip(sizes, layers, strict=True)]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    model = MLP(n_in, sizes, activation, output, seed=rng)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.b.data = rng.normal()
    hypothesis.note(f"model = {model!r}\nmodel.load_state_dict({model.state_dict()})")
    return model
