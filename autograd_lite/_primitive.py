"""What a primitive is, and how a function of the table meets floats, `Value`s and arrays."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from math import inf
from numbers import Real
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple

from autograd_lite._recording import watching

Function = Callable[..., Any]

NUMPY_NAMES = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "negative": "neg",
    "power": "pow",
    "float_power": "pow",
    "absolute": "abs",
    "fabs": "abs",
}
NUMPY_COMPARISONS = {
    "less": lt,
    "less_equal": le,
    "greater": gt,
    "greater_equal": ge,
    "equal": eq,
    "not_equal": ne,
}


class DomainError(ValueError):
    """A primitive was given a number outside its domain, as in ``log(-1)`` or ``1 / 0``."""


class Interval(NamedTuple):
    """The numbers from `low` to `high`, with or without the ends, perhaps without one in between.

    Examples
    --------
    >>> positive = Interval(low=0.0, closed=False)
    >>> positive.contains(0.0), positive.contains(1e-300), Interval(hole=0.0).contains(0.0)
    (False, True, False)
    """

    low: float = -inf
    high: float = inf
    closed: bool = True
    hole: float | None = None

    def contains(self, x: float) -> bool:
        """Whether `x` lies in the interval; NaN does: it is passed on, as IEEE 754 has it."""
        inside = self.low <= x <= self.high if self.closed else self.low < x < self.high
        return math.isnan(x) or (inside and x != self.hole)

    def describe(self, x: str) -> str:
        """The interval as a condition on the operand named `x`."""
        if self.hole is not None:
            return f"{x} != {self.hole:g}"
        sign = "<=" if self.closed else "<"
        if self.high < inf:
            return f"{self.low:g} {sign} {x} {sign} {self.high:g}"
        return f"{x} {sign.replace('<', '>')} {self.low:g}" if self.low > -inf else f"finite {x}"


REAL = Interval()
FINITE = Interval(closed=False)
POSITIVE = Interval(0.0, closed=False)
NONZERO = Interval(hole=0.0)


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row of the table.

    Parameters
    ----------
    name : str
        NumPy's name, where NumPy has one, otherwise PyTorch's.
    value : callable
        The function on floats, of a sequence of them if the primitive is n-ary; raises `ValueError`
        or `ZeroDivisionError` outside its domain.
    partials : tuple of callable, or callable
        For each operand the derivative ``(y, *operands) -> dy/d(operand)``, None for an operand that
        has none; for an n-ary primitive one function ``(y, operands) -> [dy/dx for all x]``.
    domain : tuple of Interval
        Where each operand may lie; for an n-ary primitive one interval for all of them.
    formula, symbol : str
        How it is written in a formula, ``{0}`` being the first operand, and on a picture.
    operands : tuple of str
        The operands' names.
    defaults : tuple of float
        The values of the last operands, where they may be left out.
    is_nary : bool
        Whether it takes any number of operands.
    empty : bool
        Whether an n-ary primitive has a value for no operands.
    """

    name: str
    value: Callable[..., float]
    partials: Any
    domain: tuple[Interval, ...]
    formula: str
    symbol: str
    operands: tuple[str, ...]
    defaults: tuple[float, ...]
    is_nary: bool
    empty: bool

    @property
    def signature(self) -> Signature:
        """The signature of the function of this name."""
        required = [Parameter.empty] * (len(self.operands) - len(self.defaults))
        return Signature(
            [
                Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default)
                for name, default in zip(self.operands, (*required, *self.defaults), strict=True)
            ]
        )

    def bind(self, operands: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All operands in order, from those given by position, by name and by default."""
        if len(operands) == len(self.operands) and not named:
            return operands
        try:
            bound = self.signature.bind(*operands, **named)
        except TypeError as error:
            raise TypeError(f"{self.name}{self.signature}: {error}") from None
        bound.apply_defaults()
        return bound.args

    def domain_error(self, operands: Sequence[Any], error: Exception) -> DomainError:
        """The error that says which of the `operands` lies outside the domain, from that of the value."""
        if (watch := watching()) and watch.refusal is None:
            # If the function catches it, its graph depends on whether it was raised.
            watch.refusal = watch.error(f"an error of {self.name} was caught", "where(condition, a, b)")
        names = self.operands * (len(operands) if self.is_nary else 1)
        domain = self.domain * (len(operands) if self.is_nary else 1)
        for name, x, interval in zip(names, operands, domain, strict=True):
            if not interval.contains(float(getattr(x, "_number", x))):
                defined = interval.describe(name)
                return DomainError(f"{self.name} is defined for {defined}, but got {_describe(x, name)}")
        given = " and ".join(map(_describe, operands, names))
        reason = f": {error}" if isinstance(error, DomainError) else ""
        return DomainError(f"{self.name} is not defined for {given}{reason}")

    def __reduce__(self) -> tuple[Callable[[str], "Primitive"], tuple[str]]:
        return _row, (self.name,)


def _row(name: str) -> Primitive:
    """The primitive of this name: pickles hold names, because derivatives are lambdas."""
    from autograd_lite.ops import TABLE

    return TABLE[name]


def _describe(operand: Any, name: str) -> str:
    label = getattr(operand, "label", "")
    number = float(getattr(operand, "_number", operand))
    return f"{name} = {number!r}" + (f" (the Value labelled {label!r})" if label else "")


def number(x: Any, what: str = "a real number") -> float:
    """`x` as a float, if it is a real number; raises TypeError otherwise, also for text."""
    if type(x) is float:
        return x
    if is_real(x):
        try:
            return float(x)
        except OverflowError:  # an integer or a fraction beyond the range of floats
            return inf if x > 0 else -inf
        except (ValueError, RuntimeError):  # a Decimal's signalling NaN, a complex tensor
            pass
    raise TypeError(f"expected {what}, but got {x!r} of type {type(x).__name__}")


def is_real(x: Any) -> bool:
    """Whether `x` is a real number of any library: a Decimal, an array without dimensions."""
    if isinstance(x, float | int):
        return True
    if hasattr(type(x), "_record") or isinstance(x, str | bytes):
        return False
    kind = getattr(getattr(x, "dtype", None), "kind", "f")  # NumPy takes times for integers
    scalar = hasattr(type(x), "__float__") and getattr(x, "shape", ()) == ()
    return kind in "biuf" and (scalar or isinstance(x, Real))


def apply(p: Primitive, operands: Sequence[Any]) -> Any:
    """`p` recorded if one of the operands is a Value, elementwise on arrays, otherwise on floats."""
    record = None
    for x in operands:
        if type(x) is not float:
            record = getattr(type(x), "_record", record)
            if p.is_nary and record:
                break
            if hasattr(x, "ndim") and not p.is_nary and not is_real(x):
                return elementwise(lambda *xs: apply(p, xs), operands)
    if record:
        return record(p, operands)
    wanted = "a real number or a Value"
    numbers = [x if type(x) is float else number(x, f"{wanted} in {p.name}") for x in operands]
    try:
        return p.value(numbers) if p.is_nary else p.value(*numbers)
    except (ValueError, ZeroDivisionError) as error:
        raise p.domain_error(numbers, error) from None


def elementwise(function: Function, operands: Sequence[Any]) -> Any:
    """`function` of each element of arrays of numbers or Values, broadcast against each other."""
    import numpy as np

    objects = [as_objects(x) for x in operands]
    with np.errstate(all="ignore"):  # overflow is silent everywhere else too
        result = np.frompyfunc(function, len(operands), 1)(*objects)
    if not isinstance(result, np.ndarray):
        return result
    return result.astype(float) if all(type(y) is float for y in result.flat) else result


def compare_elements(name: str, operands: Sequence[Any]) -> Any:
    """An array of bools, from the numbers of arrays of Values: an array has no identity to ask for.

    In a function that is compiled, an array of Conditions, or of the answers of ``==``.
    """
    import numpy as np

    def compared(a: Any, b: Any) -> bool:
        return bool(NUMPY_COMPARISONS[name](getattr(a, "data", a), getattr(b, "data", b)))

    objects = [np.asarray(as_objects(x)) for x in operands]
    with np.errstate(all="ignore"):
        if watching() and name not in ("equal", "not_equal"):
            return np.asarray(np.frompyfunc(NUMPY_COMPARISONS[name], 2, 1)(*objects))[()]
        return np.asarray(np.frompyfunc(compared, 2, 1)(*objects), dtype=bool)[()]


def as_objects(x: Any) -> Any:
    """`x` as an array of floats and Values, so that NumPy leaves the arithmetic to them."""
    import numpy as np

    if hasattr(type(x), "_record"):
        return np.array(x, dtype=object)
    array = np.asarray(x)
    if array.dtype.kind not in "biufO" or np.ma.is_masked(x):
        raise TypeError(f"expected an array of real numbers or Values, but got {x!r}")
    if array.dtype.kind != "O":
        return array.astype(float).astype(object)
    return array if isinstance(x, np.ma.MaskedArray) else np.asanyarray(x)


def function_of(p: Primitive, doc: str, example: str) -> Function:
    """The public function of a primitive: of its operands, or of an iterable if it is n-ary."""

    def unary(x: Any) -> Any:
        if type(x) is not float:
            return apply(p, (x,))
        try:
            return p.value(x)
        except (ValueError, ZeroDivisionError) as error:
            raise p.domain_error((x,), error) from None

    def fixed(*operands: Any, **named: Any) -> Any:
        return apply(p, p.bind(operands, named))

    def nary(values: Iterable[Any]) -> Any:
        operands = flatten(values)
        if not operands and not p.empty:
            raise ValueError(f"{p.name} needs at least one number, but got none")
        return apply(p, operands)

    function: Any = nary if p.is_nary else unary if len(p.operands) == 1 else fixed
    function.__name__ = function.__qualname__ = p.name
    function.__module__ = "autograd_lite.ops"
    function.__signature__ = signature(nary) if p.is_nary else p.signature
    function.__doc__ = f"{doc}\n\n{_raises(p)}Examples\n--------\n>>> {example}\n"
    return function  # type: ignore[no-any-return]


def _raises(p: Primitive) -> str:
    bounded = [d.describe(x) for x, d in zip(p.operands, p.domain, strict=True) if d != REAL]
    reasons = [f"DomainError\n    Unless {' and '.join(bounded)}.\n"] if bounded else []
    if p.is_nary and not p.empty:
        reasons.append("ValueError\n    If there is no operand.\n")
    return f"Raises\n------\n{''.join(reasons)}\n" if reasons else ""


def flatten(values: Iterable[Any]) -> tuple[Any, ...]:
    """The elements of an iterable, or of an array of any shape."""
    if type(values) is tuple:
        return values
    return tuple(values.ravel() if hasattr(values, "ravel") else values)
