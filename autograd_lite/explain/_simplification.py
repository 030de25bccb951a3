"""Simpler forms of symbolic expressions: multiplied out, and with denominators cancelled."""

from __future__ import annotations

from autograd_lite.explain._symbols import LARGEST, Base, Sum, Symbol, TooLongError, number, terms_of, total


def opened(e: Symbol) -> Symbol:
    """An expression without parentheses: its products of sums multiplied out.

    Examples
    --------
    >>> from autograd_lite.explain._symbols import named
    >>> x = named("x", 3.0)
    >>> opened(x * (1.0 - x)) == x - x**2.0
    True
    """
    found = [Symbol(e.coefficient)]
    for base, exponent in e.powers:
        if isinstance(base, Sum) and exponent in (1.0, 2.0, 3.0):
            for _ in range(int(exponent)):
                found = [a * b for a in found for b in base.terms]
        else:
            found = [a * Symbol(1.0, ((base, exponent),)) for a in found]
        if len(found) > LARGEST:
            raise TooLongError
    return total(found)


def simplified(e: Symbol) -> Symbol:
    """A product whose factors cancel the denominators in a sum: -(y/ŷ - (1 - y)/(1 - ŷ)) ŷ (1 - ŷ) = ŷ - y.

    Examples
    --------
    >>> from autograd_lite.explain._symbols import named
    >>> y, p = named("y", 1.0), named("p", 0.7)
    >>> e = -(y / p - (1.0 - y) / (1.0 - p)) * p * (1.0 - p)
    >>> simplified(e) == p - y
    True
    """
    for factor, exponent in e.powers:
        if not (isinstance(factor, Sum) and exponent == 1.0):
            continue
        rest = dict(e.powers)
        del rest[factor]
        cancelled: list[tuple[Base, float]] = []
        for base, available in rest.items():
            denominators = [-p for term in factor.terms for x, p in term.powers if x == base and p < 0.0]
            if denominators and available > 0.0:
                cancelled.append((base, min(max(denominators), available)))
        if not cancelled:
            continue
        common = Symbol(1.0, tuple(cancelled))
        multiplied = total(opened(term * common) for term in factor.terms)
        if len(terms_of(multiplied)) <= len(factor.terms):
            others = Symbol(e.coefficient, tuple(rest.items())) * common**-1.0
            return simplified(_sign_inside(others.coefficient, multiplied) * Symbol(1.0, others.powers))
    return _without_minus(e)


def _without_minus(e: Symbol) -> Symbol:
    """-(1 - ŷ) a as (ŷ - 1) a: minus a difference is the opposite difference."""
    for base, exponent in e.powers:
        is_sum = e.coefficient < 0.0 and exponent == 1.0 and isinstance(base, Sum)
        if is_sum and any(term.coefficient < 0.0 for term in base.terms):  # type: ignore[union-attr]
            opposite = _sign_inside(-1.0, Symbol(1.0, ((base, 1.0),)))
            others = tuple(power for power in e.powers if power[0] is not base)
            return opposite * Symbol(-e.coefficient, others)
    return e


def _sign_inside(coefficient: float, e: Symbol) -> Symbol:
    """coefficient * e; in a sum a sign is given to the terms, of which positive ones come first."""
    terms = terms_of(e)
    if len(terms) == 1 or abs(coefficient) != 1.0:
        return number(coefficient) * e
    signed = [number(coefficient) * term for term in terms]
    return total(sorted(signed, key=lambda term: term.coefficient < 0.0))


def factored(e: Symbol) -> Symbol:
    """A sum whose first term is negative as minus a sum, as -(y/ŷ - (1 - y)/(1 - ŷ))."""
    terms = terms_of(e)
    if len(terms) > 1 and terms[0].coefficient < 0.0:
        return -total(-term for term in terms)
    return e
