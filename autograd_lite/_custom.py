"""Primitives that users add."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Signature, signature
from typing import Any

from autograd_lite._primitive import REAL, DomainError, Function, Primitive, apply, elementwise, number
from autograd_lite.engine import Value


def custom_derivative(*partials: Function | None) -> Callable[[Function], Function]:
    """A decorator that makes a function of floats a primitive, with derivatives that are given.

    Parameters
    ----------
    *partials : callable or None
        For each operand x the derivative ∂y/∂x, a function ``(y, *operands)`` of the result and the
        operands. It is called with floats and with `Value`s, so it is written with operators and
        functions of this package: then second derivatives come by themselves. None for an operand by
        which there is no derivative, and which must be a number.

    Returns
    -------
    callable
        The decorator. The function it makes takes floats, `Value`s and arrays, as all primitives do. The
        decorated function itself is only called with floats, and may use any library.

    Raises
    ------
    TypeError
        If the number of derivatives is not that of the operands, or a derivative does not take the result
        and the operands; when called, if the function or a derivative returns no number, or an operand
        without derivative is a `Value`.

    Examples
    --------
    >>> import math
    >>> from autograd_lite import Value, cos
    >>> @custom_derivative(lambda y, x: -sinc(x) / x + cos(x) / x)
    ... def sinc(x):
    ...     return math.sin(x) / x
    >>> x = Value(2.0)
    >>> y = sinc(x)
    >>> y.backward()
    >>> print(f"{y.data:.4f} {x.grad:.4f} {y.gradient(x).gradient(x).data:.4f}")
    0.4546 -0.4354 -0.0193
    """
    for d in partials:
        if d is not None and not callable(d):
            raise TypeError(f"expected a function (y, *operands) for each operand, or None, but got {d!r}")

    def decorate(f: Function) -> Function:
        if not callable(f):
            raise TypeError(f"expected a function below @custom_derivative(derivatives), but got {f!r}")
        row = _row(f, partials)

        @wraps(f)
        def primitive(*xs: Any, **named: Any) -> Any:
            bound = row.bind(xs, named)
            if any(getattr(x, "shape", ()) for x in bound):
                return elementwise(primitive, bound)
            for x, operand, d in zip(bound, row.operands, row.partials, strict=True):
                if d is None and isinstance(x, Value):
                    raise TypeError(
                        f"{row.name} has no derivative by {operand}: pass a number, as v.data, not {x!r}"
                    )
            return apply(row, bound)

        return primitive

    return decorate


def _row(f: Function, partials: tuple[Function | None, ...]) -> Primitive:
    """The entry that the table of primitives would have for `f`."""
    name = getattr(f, "__name__", "custom")
    taken = _signature(f)
    parameters = taken.parameters.values()
    operands = tuple(p.name for p in parameters)
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters):
        raise TypeError(
            f"a primitive has a fixed number of operands, but got {name}{taken}: wrap it, lambda x: f(x)"
        )
    if len(partials) != len(operands):
        raise TypeError(
            f"{name} needs a derivative for each of its {len(operands)} operands "
            f"({', '.join(operands)}), but got {len(partials)}"
        )
    for operand, d in zip(operands, partials, strict=True):
        if d is not None:
            _check_arity(d, name, operand, operands)

    def value(*xs: float) -> float:
        try:
            result = f(*xs)
        except (ValueError, ArithmeticError) as error:
            raise DomainError(str(error)) from error
        return number(result, f"a real number as the result of {name}")

    return Primitive(
        name,
        value,
        tuple(d and _checked(d, name, operands) for d in partials),
        (REAL,) * len(operands),
        f"{name}({', '.join(f'{{{i}}}' for i in range(len(operands)))})",
        name,
        operands,
        tuple(p.default for p in parameters if p.default is not p.empty),
        is_nary=False,
        empty=False,
    )


def _signature(f: Function) -> Signature:
    try:
        return signature(f)
    except ValueError:
        raise TypeError(f"{f!r} does not tell its operands: wrap it, as in lambda x: f(x)") from None


def _check_arity(d: Function, name: str, operand: str, operands: tuple[str, ...]) -> None:
    taken = _signature(d)
    try:
        taken.bind("y", *operands)
    except TypeError:
        raise TypeError(
            f"the derivative of {name} by {operand} must take (y, {', '.join(operands)}), "
            f"but it takes {taken}"
        ) from None


def _checked(d: Function, name: str, operands: tuple[str, ...]) -> Function:
    """A derivative that returns floats or Values, or raises TypeError."""

    def partial(y: Any, *xs: Any) -> Any:
        try:
            result = d(y, *xs)
        except (ValueError, ArithmeticError) as error:
            point = ", ".join(f"{x} = {getattr(v, 'data', v)!r}" for x, v in zip(operands, xs, strict=True))
            raise DomainError(f"the derivative of {name} is not defined for {point}: {error}") from error
        if not isinstance(result, Value):
            return number(result, f"a real number as a derivative of {name}")
        return result.data if type(y) is float else result  # what is recorded is a number

    return partial
