"""Local derivatives as symbolic expressions: those of the table of primitives, in the form of textbooks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd_lite._primitive import Primitive
from autograd_lite.engine import Condition, Value
from autograd_lite.explain._symbols import (
    LARGEST,
    Bracket,
    Call,
    Slope,
    Symbol,
    TooLongError,
    evaluate,
    number,
    recorded,
    symbol,
)
from autograd_lite.ops import TABLE, exp, log

# How far a formula may be from its number: relative to the number, and to its terms, which may cancel.
RTOL, ROUNDING = 1e-6, 1e-12

# Where the table has a form that keeps all digits, or one for every case, the textbook's is written.
# A row gives the derivative of y by the operand at an index, from a function that gives y, and the operands.
TEXTBOOK: Mapping[str, Callable[[Callable[[], Any], Sequence[Any], int], Any]] = {
    "sigmoid": lambda y, xs, i: y() * (1.0 - y()),
    "tanh": lambda y, xs, i: 1.0 - y() ** 2.0,
    "arcsin": lambda y, xs, i: (1.0 - xs[0] ** 2.0) ** -0.5,
    "arccos": lambda y, xs, i: -((1.0 - xs[0] ** 2.0) ** -0.5),
    "arctan": lambda y, xs, i: 1.0 / (1.0 + xs[0] ** 2.0),
    "arcsinh": lambda y, xs, i: (1.0 + xs[0] ** 2.0) ** -0.5,
    "arccosh": lambda y, xs, i: (xs[0] ** 2.0 - 1.0) ** -0.5,
    "arctanh": lambda y, xs, i: 1.0 / (1.0 - xs[0] ** 2.0),
    "div": lambda y, xs, i: 1.0 / xs[1] if i == 0 else -xs[0] / xs[1] ** 2.0,
    "reciprocal": lambda y, xs, i: -(xs[0] ** -2.0),
    "hypot": lambda y, xs, i: xs[i] / y(),
    "norm": lambda y, xs, i: xs[i] / y(),
    "arctan2": lambda y, xs, i: (xs[1] if i == 0 else -xs[0]) / (xs[0] ** 2.0 + xs[1] ** 2.0),
    "pow": lambda y, xs, i: xs[1] * xs[0] ** (xs[1] - 1.0) if i == 0 else y() * log(xs[0]),
    "abs": lambda y, xs, i: xs[0] / y(),
    "elu": lambda y, xs, i: Slope("elu", xs[0], math.nan) if i == 0 else None,
    "gelu": lambda y, xs, i: Slope("gelu", xs[0], math.nan),
    "silu": lambda y, xs, i: Slope("silu", xs[0], math.nan),
    "mish": lambda y, xs, i: Slope("mish", xs[0], math.nan),
    "maximum": lambda y, xs, i: Bracket(">", (xs[i], xs[1 - i])),
    "minimum": lambda y, xs, i: Bracket("<", (xs[i], xs[1 - i])),
    "max": lambda y, xs, i: Bracket(">=", (xs[i], y())),
    "min": lambda y, xs, i: Bracket("<=", (xs[i], y())),
    "sum": lambda y, xs, i: 1.0,
    "mean": lambda y, xs, i: 1.0 / len(xs),
    "dot": lambda y, xs, i: xs[(i + len(xs) // 2) % len(xs)],
    "logsumexp": lambda y, xs, i: exp(xs[i] - y()),
}


class _Operands(Sequence[Any]):
    """The operands of a node as expressions, made when they are asked for: a `dot` may have thousands."""

    def __init__(self, node: Value, name: Callable[[Value], Symbol]) -> None:
        self.inputs, self.name = node.inputs, name

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, i: Any) -> Any:
        return operand(self.inputs[i], self.name)


def slope(
    node: Value,
    i: int,
    expected: float,
    name: Callable[[Value], Symbol],
    softmaxes: Mapping[tuple[Any, ...], Value] = MappingProxyType({}),
) -> Symbol | None:
    """The local derivative ∂y/∂x of a node y by its i-th operand x, None where it has no formula to be read.

    What is returned evaluates to the number that the engine recorded, up to rounding.

    Parameters
    ----------
    node : Value
        The node, which is no leaf.
    i : int
        The position of the operand in ``node.inputs``.
    expected : float
        The derivative that the engine recorded.
    name : callable
        The expression for a node, usually its name.
    softmaxes : mapping, optional
        The nodes of the graph that are outputs of a softmax, by their inputs, of which the last is the
        number of the output: the derivative of one has another in it.

    Examples
    --------
    >>> from autograd_lite.explain._symbols import named
    >>> z = Value(0.5, label="z")
    >>> y = z.sigmoid()
    >>> names = {z: named("z", 0.5), y: named("y", y.data)}
    >>> names[y] * (1.0 - names[y]) == slope(y, 0, y.partials[0], names.get)
    True
    """
    row = node._primitive
    assert row is not None
    try:
        found = _formula(row, node, i, name, softmaxes)
        if found is None:
            return None
        if isinstance(found, Slope):
            found = found._replace(number=expected)
        e = Symbol(1.0, ((found, 1.0),)) if isinstance(found, Slope | Bracket) else symbol(found)
        return e if agrees(e, expected) else number(expected)
    except (TooLongError, ArithmeticError, ValueError):
        return None


def _formula(
    row: Primitive,
    node: Value,
    i: int,
    name: Callable[[Value], Symbol],
    softmaxes: Mapping[tuple[Any, ...], Value],
) -> Any:
    """The textbook's derivative, otherwise that of the table; f'(x) for a function of the user's."""
    xs = _Operands(node, name)
    if TABLE.get(row.name) is not row:
        return Slope(row.name, xs[0], math.nan) if len(xs) == 1 else None
    other = softmaxes.get((*node.inputs[:-1], float(i))) if row.name == "softmax" else None
    if other is not None:
        return name(node) * ((1.0 if other is node else 0.0) - name(other))
    if row.name in TEXTBOOK:
        found = TEXTBOOK[row.name](lambda: name(node), xs, i)
        if found is not None:
            return found
    if len(xs) > LARGEST:
        return None
    return row.partials(name(node), list(xs))[i] if row.is_nary else row.partials[i](name(node), *xs)


def agrees(e: Symbol, value: float) -> bool:
    """Whether an expression evaluates to a value, up to the rounding of its largest terms."""
    try:
        found = evaluate(e)
        size = evaluate(e, magnitudes=True)
        rounding = ROUNDING * size if math.isfinite(size) else 0.0
        near = math.isclose(found, value, rel_tol=RTOL, abs_tol=rounding)
    except (ArithmeticError, ValueError):
        return False
    return near or (math.isnan(found) and math.isnan(value))


def operand(x: Any, name: Callable[[Value], Symbol]) -> Any:
    """An operand of a node as an expression: a name, a number, or a condition on such."""
    if isinstance(x, Condition):
        _check_size(x)
        return _bracket(x, name)
    return _side(x, name)


def _side(x: Any, name: Callable[[Value], Symbol]) -> Any:
    if isinstance(x, Condition):
        return _bracket(x, name)
    return name(x) if isinstance(x, Value) else x if isinstance(x, bool) else number(x)


def _bracket(condition: Condition, name: Callable[[Value], Symbol]) -> Bracket:
    return Bracket(condition.symbol, tuple(_side(x, name) for x in condition.inputs))


def _check_size(condition: Condition) -> None:
    """Refuse a condition that is too long when it is written out, as one is that shares its parts."""
    unread: list[Any] = [condition]
    for _ in range(LARGEST):
        if not unread:
            return
        x = unread.pop()
        unread += x.inputs if isinstance(x, Condition) else ()
    raise TooLongError


def expression(node: Value, name: Callable[[Value], Symbol]) -> Symbol:
    """A node as an expression of its operands."""
    assert node._primitive is not None
    if len(node.inputs) > LARGEST:
        raise TooLongError
    operands = tuple(operand(x, name) for x in node.inputs)
    if isinstance(operands[0], Bracket):  # a choice, as it was written
        return Symbol(1.0, ((Call(node._primitive, operands), 1.0),))
    if TABLE.get(node._primitive.name) is node._primitive:
        return recorded(node._primitive, operands)
    return Symbol(1.0, ((Call(node._primitive, operands), 1.0),))
