"""Symbolic expressions: what a derivative in the table of primitives becomes when it is run on names.

The functions of the table run on a `Symbol` as they do on a `Value`, so that no derivative is written
twice. Arithmetic brings an expression into a form that can be read: factors are gathered into powers,
equal terms are added up, 0 and 1 disappear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from autograd_lite._condition import COMPARISONS
from autograd_lite._primitive import Primitive
from autograd_lite.ops import TABLE, DomainError

LARGEST = 64  # names and numbers in an expression: what is longer explains nothing
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class TooLongError(Exception):
    """An expression has become too long to be read."""


class Name(NamedTuple):
    """A node by its name, and the number that it holds."""

    text: str
    number: float


class Call(NamedTuple):
    """A function of expressions, by its row in the table."""

    row: Primitive
    operands: tuple[Symbol | Bracket, ...]


class Slope(NamedTuple):
    """f'(x): the derivative of a function that has no shorter form, and its number."""

    function: str
    operand: Symbol
    number: float


class Sum(NamedTuple):
    """Terms that are not equal."""

    terms: tuple[Symbol, ...]


class Bracket(NamedTuple):
    """A condition; as a factor it is 1 where it holds, otherwise 0 (Iverson's bracket)."""

    symbol: str
    operands: tuple[Any, ...]

    @staticmethod
    def _record(row: Primitive, operands: tuple[Any, ...]) -> Symbol:
        return recorded(row, operands)

    def holds(self) -> bool:
        """Whether it is true for the numbers that the names stand for."""
        if self.symbol in COMPARISONS:
            a, b = (evaluate(symbol(x)) for x in self.operands)
            return bool(COMPARISONS[self.symbol](a, b))
        truths = [x.holds() if isinstance(x, Bracket) else bool(x) for x in self.operands]
        return not truths[0] if self.symbol == "not" else (all if self.symbol == "and" else any)(truths)

    def __and__(self, other: Any) -> Bracket:
        return Bracket("and", (self, other))

    def __or__(self, other: Any) -> Bracket:
        return Bracket("or", (self, other))

    def __invert__(self) -> Bracket:
        opposite = OPPOSITE.get(self.symbol)
        return Bracket(opposite, self.operands) if opposite else Bracket("not", (self,))


Base = Name | Call | Slope | Sum | Bracket


@dataclass(frozen=True, slots=True)
class Symbol:
    """A coefficient times powers of names, functions and sums.

    Examples
    --------
    >>> from autograd_lite import sigmoid
    >>> x, y = named("x", 2.0), named("y", 3.0)
    >>> x * y / x - y == number(0.0), (x + x).coefficient, evaluate(sigmoid(x - 2.0) * y)
    (True, 2.0, 1.5)
    """

    coefficient: float
    powers: tuple[tuple[Base, float], ...] = ()

    _record: ClassVar[Any]

    def __add__(self, other: Any) -> Symbol:
        return total([self, symbol(other)])

    def __mul__(self, other: Any) -> Symbol:
        return _product(self, symbol(other))

    def __sub__(self, other: Any) -> Symbol:
        return self + -symbol(other)

    def __truediv__(self, other: Any) -> Symbol:
        return self * symbol(other) ** -1.0

    def __neg__(self) -> Symbol:
        return Symbol(-self.coefficient, self.powers)

    def __pow__(self, exponent: Any) -> Symbol:
        p = symbol(exponent)
        return _called(TABLE["pow"], (self, p)) if p.powers else _power(self, p.coefficient)

    def __radd__(self, other: Any) -> Symbol:
        return symbol(other) + self

    def __rmul__(self, other: Any) -> Symbol:
        return symbol(other) * self

    def __rsub__(self, other: Any) -> Symbol:
        return symbol(other) - self

    def __rpow__(self, other: Any) -> Symbol:
        return symbol(other) ** self

    def __rtruediv__(self, other: Any) -> Symbol:
        return symbol(other) / self

    def __lt__(self, other: Any) -> Any:
        return Bracket("<", (self, other))

    def __le__(self, other: Any) -> Any:
        return Bracket("<=", (self, other))

    def __gt__(self, other: Any) -> Any:
        return Bracket(">", (self, other))

    def __ge__(self, other: Any) -> Any:
        return Bracket(">=", (self, other))


ONE = Symbol(1.0)


def number(x: float) -> Symbol:
    """A number as an expression."""
    return Symbol(float(x))


def named(text: str, value: float) -> Symbol:
    """A name as an expression."""
    return _of(Name(text, value))


def symbol(x: Any) -> Symbol:
    """An operand as an expression."""
    return x if isinstance(x, Symbol) else number(x)


def _of(base: Base) -> Symbol:
    return Symbol(1.0, ((base, 1.0),))


def terms_of(e: Symbol) -> tuple[Symbol, ...]:
    """The terms of a sum, also of one with a minus before it; of anything else, itself."""
    match e:
        case Symbol(1.0, ((Sum(terms), 1.0),)):
            return terms
        case Symbol(-1.0, ((Sum(terms), 1.0),)):
            return tuple(-term for term in terms)
    return (e,)


def total(summands: Iterable[Symbol]) -> Symbol:
    """A sum, equal terms added up."""
    summands = list(summands)
    if len(summands) == 1:
        return summands[0]
    found: dict[frozenset[tuple[Base, float]], Symbol] = {}
    for summand in summands:
        for term in terms_of(summand):
            key = frozenset(term.powers)
            before = found.get(key)
            if before is None:
                found[key] = term
            else:
                found[key] = Symbol(before.coefficient + term.coefficient, before.powers)
    terms = tuple(term for term in found.values() if term.coefficient != 0.0)
    if len(terms) < 2:
        return terms[0] if terms else number(0.0)
    return _bounded(_of(Sum(terms)))


def _product(a: Symbol, b: Symbol) -> Symbol:
    coefficient = a.coefficient * b.coefficient
    if coefficient == 0.0:
        return number(0.0)
    powers = dict(a.powers)
    for base, exponent in b.powers:
        powers[base] = powers.get(base, 0.0) + exponent
    return _bounded(Symbol(coefficient, tuple((x, p) for x, p in powers.items() if p != 0.0)))


def _power(e: Symbol, exponent: float) -> Symbol:
    if not e.powers:
        value = _value_of("ieee_pow", e.coefficient, exponent)
        return Symbol(value)
    is_integer = exponent.is_integer()
    # (x²)^0.5 is |x|, and (-x)^0.5 is not -1^0.5 x^0.5.
    if is_integer or (e.coefficient == 1.0 and len(e.powers) == 1 and e.powers[0][1] == 1.0):
        coefficient = _value_of("ieee_pow", e.coefficient, exponent)
        if math.isfinite(coefficient):
            return Symbol(coefficient, tuple((base, p * exponent) for base, p in e.powers))
    return Symbol(1.0, ((Sum((e,)), exponent),))


def recorded(row: Primitive, operands: tuple[Any, ...]) -> Symbol:
    """A primitive of the table, of expressions."""
    name = row.name
    if name == "where":
        return _where(*operands)
    xs = tuple(map(symbol, operands))
    half = len(xs) // 2
    match name:
        case "add":
            return xs[0] + xs[1]
        case "sub":
            return xs[0] - xs[1]
        case "mul":
            return xs[0] * xs[1]
        case "div" | "ieee_div":
            return xs[0] / xs[1]
        case "neg":
            return -xs[0]
        case "pow" | "ieee_pow":
            return xs[0] ** xs[1]
        case "square":
            return xs[0] ** 2.0
        case "reciprocal":
            return xs[0] ** -1.0
        case "sqrt":
            return xs[0] ** 0.5
        case "sum":
            return total(xs)
        case "mean":
            return total(xs) / float(len(xs))
        case "dot":
            return total(a * b for a, b in zip(xs[:half], xs[half:], strict=True))
        case "prod":
            return math.prod(xs, start=ONE)
    return _called(row, xs)


Symbol._record = staticmethod(recorded)


def _called(row: Primitive, operands: tuple[Any, ...]) -> Symbol:
    return _bounded(_of(Call(row, tuple(x if isinstance(x, Bracket) else symbol(x) for x in operands))))


def _where(condition: Any, a: Any, b: Any) -> Symbol:
    """A choice; between 0 and something else it is a product with a bracket."""
    if not isinstance(condition, Bracket):  # a number
        return symbol(a if symbol(condition).coefficient else b)
    if a == b:
        return symbol(a)
    if symbol(b) == number(0.0):
        return symbol(a) * _of(condition)
    if symbol(a) == number(0.0):
        return symbol(b) * _of(~condition)
    return _called(TABLE["where"], (condition, a, b))


def _bounded(e: Symbol) -> Symbol:
    if sum(1 for _ in names_in(e)) > LARGEST:
        raise TooLongError
    return e


def names_in(e: Symbol) -> Iterator[Any]:
    """Every name, function and number in an expression, each as often as it is there."""
    unread: list[Any] = [e]
    while unread:
        x = unread.pop()
        match x:
            case Symbol():
                unread += [base for base, _ in x.powers]
                if not x.powers:
                    yield x
            case Sum(terms):
                unread += terms
            case Call(_, operands) | Bracket(_, operands):
                yield x
                unread += operands
            case Slope():
                yield x
                unread.append(x.operand)
            case _:
                yield x


def evaluate(e: Symbol, magnitudes: bool = False) -> float:
    """The number that an expression has for the numbers that its names stand for.

    With `magnitudes`, terms and factors are taken without their signs: how large what cancels may be.
    """
    result = abs(e.coefficient) if magnitudes else e.coefficient
    for base, exponent in e.powers:
        x = _evaluate_base(base, magnitudes and exponent > 0.0)
        result *= _value_of("ieee_pow", abs(x) if magnitudes else x, exponent)
    return result


def _evaluate_base(base: Base, magnitudes: bool) -> float:
    match base:
        case Name() | Slope():
            return base.number
        case Sum(terms):
            return math.fsum(evaluate(term, magnitudes) for term in terms)
        case Bracket():
            return float(base.holds())
        case Call(row, operands):
            data = [x.holds() if isinstance(x, Bracket) else evaluate(x) for x in operands]
            return row.value(data) if row.is_nary else row.value(*data)


def _value_of(name: str, *operands: float) -> float:
    try:
        return TABLE[name].value(*operands)
    except (DomainError, ValueError, ZeroDivisionError):
        return math.nan
