"""The values of the primitives on floats, accurate to the last digits in the tails.

Where Python's `math` raises on overflow these give IEEE 754's infinity; outside a domain they raise
`ValueError` or `ZeroDivisionError`, as `math` does.
"""

import math
from collections.abc import Callable, Sequence
from math import copysign, exp, fsum, inf, isnan, log1p, nan, sqrt
from operator import mul

SQRT_HALF = sqrt(0.5)
SPLITTER = 2.0**27 + 1


def saturating(f: Callable[[float], float], *, odd: bool = False) -> Callable[[float], float]:
    """`f` with infinity where `math` raises OverflowError, of the sign of x if `f` is odd."""

    def saturated(x: float) -> float:
        try:
            return f(x)
        except OverflowError:
            return copysign(inf, x) if odd else inf

    return saturated


def divide(a: float, b: float) -> float:
    """a / b of IEEE 754: 1/0 is infinite and 0/0 is NaN."""
    try:
        return a / b
    except ZeroDivisionError:
        return nan if a == 0 or isnan(a) else copysign(inf, a) * copysign(1.0, b)


def power(x: float, p: float) -> float:
    """x**p, never complex: a negative x needs an integer p."""
    try:
        return math.pow(x, p)
    except OverflowError:
        return -inf if x < 0 and p % 2 == 1 else inf


def ieee_power(x: float, p: float) -> float:
    """x**p of IEEE 754: 0 to a negative power is infinite."""
    return power(divide(1.0, x), -p) if x == 0 and p < 0 else power(x, p)


def sech(x: float) -> float:
    """1 / cosh(x), written so that the exponential never overflows."""
    e = exp(-abs(x))
    return 2 * e / (1 + e * e)


def sigmoid(x: float) -> float:
    """1 / (1 + e**-x), written so that the exponential never overflows."""
    if x >= 0:
        return 1 / (1 + exp(-x))
    e = exp(x)
    return e / (1 + e)


def softplus(x: float) -> float:
    """log(1 + e**x)."""
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def ndtr(x: float) -> float:
    """The normal distribution function, 0.5 erfc(z) at z = -x / sqrt(2).

    erfc falls like e**-z², so an error e in z counts 2 z e: it would cost three digits at x = -37.
    The error of z follows from x² / 2 - z² = (-x / sqrt(2) - z) (-x / sqrt(2) + z), whose left side is
    computed without rounding; a step along the slope, -e**-z² / sqrt(pi), removes it.
    """
    z = -x * SQRT_HALF
    if not 1 < z < 28:
        return 0.5 * math.erfc(z)
    x_high, z_high = (v * SPLITTER - (v * SPLITTER - v) for v in (x, z))
    x_low, z_low = x - x_high, z - z_high
    squares = (x_high * x_high, 2 * x_high * x_low, x_low * x_low)
    difference = fsum([0.5 * s for s in squares] + [-z_high * z_high, -2 * z_high * z_low, -z_low * z_low])
    error = difference / (2 * z)
    return 0.5 * math.erfc(z) - exp(-z * z) * error / sqrt(math.pi)


def gelu(x: float) -> float:
    """x times the normal distribution function; -0 rather than NaN far out on the left."""
    return x * ndtr(x) if x != -inf else -0.0


def silu(x: float) -> float:
    """x sigmoid(x); -0 rather than NaN far out on the left."""
    return x * sigmoid(x) if x != -inf else -0.0


def mish(x: float) -> float:
    """x tanh(softplus(x)); -0 rather than NaN far out on the left."""
    return x * math.tanh(softplus(x)) if x != -inf else -0.0


def maximum(a: float, b: float) -> float:
    """The larger one, NaN if one of them is."""
    return a if a >= b or isnan(a) else b


def minimum(a: float, b: float) -> float:
    """The smaller one, NaN if one of them is."""
    return a if a <= b or isnan(a) else b


def total(xs: Sequence[float]) -> float:
    """The sum, rounded once; infinite only if the sum is, not if a partial sum is."""
    try:
        return fsum(xs)
    except OverflowError:
        return total([x * 2.0**-64 for x in xs]) * 2.0**64
    except ValueError:
        return nan


def mean(xs: Sequence[float]) -> float:
    """The arithmetic mean, of large numbers by parts: their sum might overflow."""
    y = total(xs) / len(xs)
    return y if math.isfinite(y) else total([x / len(xs) for x in xs])


def dot(xs: Sequence[float]) -> float:
    """The sum of products of the first half of `xs` with the second half."""
    n = len(xs) // 2
    try:
        return fsum(map(mul, xs[:n], xs[n:]))
    except (OverflowError, ValueError):
        return total(list(map(mul, xs[:n], xs[n:])))


def largest(xs: Sequence[float]) -> float:
    """The largest one, NaN if one of them is."""
    return nan if any(map(isnan, xs)) else max(xs)


def smallest(xs: Sequence[float]) -> float:
    """The smallest one, NaN if one of them is."""
    return nan if any(map(isnan, xs)) else min(xs)


def logsumexp(xs: Sequence[float]) -> float:
    """log(sum(e**x)), with the largest term taken out so that nothing overflows."""
    top = largest(xs)
    if isnan(top) or math.isinf(top):
        return top
    others = list(xs)
    others.remove(top)
    return top + log1p(fsum(exp(x - top) for x in others))


def softmax(xs: Sequence[float]) -> list[float]:
    """e**x_k / sum(e**x) for each k, with the largest x taken out so that nothing overflows."""
    if not xs:
        return []
    top = largest(xs)
    if math.isinf(top):
        return [nan if xs.count(top) > 1 else float(x == top) for x in xs]
    exponentials = [exp(x - top) for x in xs]
    total = fsum(exponentials)
    return [e / total for e in exponentials]
