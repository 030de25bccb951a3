"""The primitives once more, as NumPy computes them on whole arrays.

A kernel is called with the operands, arrays or floats, and with the array for the result, which may be one
of the operands. It raises nothing: outside the domain the result is not finite, and NumPy notices a division
by zero or an invalid value (see `numpy.errstate`). Inside it notices one only where infinities meet, as in
inf / inf, and where ieee_div and ieee_pow divide by zero. Overflow and underflow are silent.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite._primitive import Primitive
from autograd_lite.ops import TABLE

Array = NDArray[np.float64]
Operand = Array | float
Kernel = Callable[..., object]
"""``kernel(*operands, out)``."""

# NumPy takes an array without axes faster than a float.
ZERO, ONE, MINUS_ONE = np.array(0.0), np.array(1.0), np.array(-1.0)
LARGEST = sys.float_info.max

LOGICAL_UFUNCS: dict[str, np.ufunc] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}
"""What the symbols of conditions stand for."""


def kernel_of(
    p: Primitive, problems: list[str] | None = None, constants: Sequence[float | None] = ()
) -> Kernel:
    """The kernel of a primitive that is not n-ary: the table's, or one for a primitive that users add.

    The latter calls what users wrote, number by number, and puts down in `problems` if that raises; without
    such a list it makes NumPy notice it. The operands that are known beforehand are in `constants`.
    """
    if p is TABLE["div"] and constants and constants[0] is not None and isfinite(constants[0]):
        return np.divide  # of which NumPy notices every division by zero
    return KERNELS[p.name] if TABLE.get(p.name) is p else _by_element(p.value, problems)


def is_ours(op: Any) -> bool:
    """Whether an operation, by its name or as a primitive, runs no code that users wrote."""
    return not isinstance(op, Primitive) or TABLE.get(op.name) is op


def _by_element(value: Callable[..., float], problems: list[str] | None) -> Kernel:
    """The kernel of a function of floats that may raise outside its domain."""

    def kernel(*operands_and_out: Any) -> None:
        *operands, out = operands_and_out
        rows = [np.broadcast_to(x, out.shape).ravel().tolist() for x in operands]
        try:
            ys = list(map(value, *rows))
        except (ValueError, ZeroDivisionError):
            ys = [_or_nan(value, xs) for xs in zip(*rows, strict=True)]
            if problems is None:
                np.log(-1.0)
            else:
                problems.append("invalid")
        out[...] = np.reshape(ys, out.shape)

    return kernel


def _or_nan(value: Callable[..., float], operands: Sequence[float]) -> float:
    try:
        return value(*operands)
    except (ValueError, ZeroDivisionError):
        return nan


def _is_one(x: Operand) -> bool:
    """Whether it is one number for all."""
    return isinstance(x, float) or not x.ndim


def _divide(a: Operand, b: Operand, out: Array) -> None:
    """a / b; inf / 0 and NaN / 0 are outside the domain too, of which IEEE 754 does not complain."""
    if np.count_nonzero(b == 0.0):
        np.divide(1.0, 0.0)
    np.divide(a, b, out)


def _pow(x: Operand, k: Operand, out: Array) -> None:
    """NumPy takes the root for the power 0.5, which has -0 for -0 and no number for -inf."""
    if _is_one(k) and k == 0.5:
        is_infinite = np.equal(x, -inf)
        np.add(x, ZERO, out)
        np.copyto(out, inf, where=is_infinite)
        np.sqrt(out, out)
    else:
        np.power(x, k, out)


def _sech(x: Operand, out: Array) -> None:
    e = np.exp(np.copysign(x, MINUS_ONE, out), out)
    total = np.multiply(e, e, np.empty_like(out))
    np.divide(e, np.add(total, ONE, total), out)
    np.add(out, out, out)


def _maximum(a: Operand, b: Operand, out: Array) -> None:
    np.maximum(a, b, out=out)  # a third operand by position is deprecated


def _clip(x: Operand, low: Operand, high: Operand, out: Array) -> None:
    if _is_one(low) and _is_one(high):  # twice as fast for few numbers
        np.minimum(np.maximum(x, low, out=out), high, out=out)
    else:  # one of them may be what is in the place of the result
        np.clip(x, low, high, out)


def _minimum(a: Operand, b: Operand, out: Array) -> None:
    np.minimum(a, b, out=out)


# Activations

# 1 + e**SATURATED is e**SATURATED: from there on the exponential may stand still.
SATURATED = np.array(40.0)


def _sigmoid(x: Operand, out: Array) -> None:
    """e**x / (1 + e**x), which is precise in the left tail."""
    e = np.exp(np.minimum(x, SATURATED, out=out), out)
    np.divide(e, np.add(e, ONE), out)


def _softplus(x: Operand, out: Array) -> None:
    """log(1 + e**x), but at least x: so it goes on where the exponential stands still."""
    y = np.minimum(x, SATURATED, out=np.empty_like(out))
    np.maximum(np.log1p(np.exp(y, y), y), x, out=out)


def _relu(x: Operand, out: Array) -> None:
    np.maximum(x, ZERO, out=out)


def _leaky_relu(x: Operand, slope: Operand, out: Array) -> None:
    _join(np.minimum(x, 0.0), np.maximum(x, 0.0), slope, out)


def _elu(x: Operand, alpha: Operand, out: Array) -> None:
    _join(np.expm1(np.minimum(x, 0.0)), np.maximum(x, 0.0), alpha, out)


def _join(left: Array, right: Array, slope: Operand, out: Array) -> None:
    """slope * left + right, where left or right is 0."""
    if not np.isfinite(slope).all():  # an infinite slope times 0 would be NaN
        slope = np.where(np.greater(right, 0.0), 0.0, slope)
    np.multiply(left, slope, out)
    np.add(out, right, out)


def _tanh_softplus(x: Operand, out: Array) -> None:
    """((1 + e**x)² - 1) / ((1 + e**x)² + 1)."""
    e = np.exp(np.minimum(x, SATURATED, out=out), out)
    np.multiply(e, e + 2.0, out)
    np.divide(out, out + 2.0, out)


def _gated(gate: Kernel) -> Kernel:
    """x times a function that is 0 on the far left: -0 there, also at -inf."""

    def kernel(x: Operand, out: Array) -> None:
        weight = np.empty_like(out)
        gate(x, weight)
        np.multiply(np.maximum(x, -LARGEST, out=out), weight, out)

    return kernel


# The normal distribution
#
# Each is one rational function P/Q on its whole domain, so that no element needs a choice, as in Laikov,
# "Global approximations to the error function of real argument for vectorized computation", arXiv:2504.05068.
# They were fitted in 60 digits, to relative errors below 6e-17. The highest coefficients come first; none is
# negative, so nothing cancels.

# fmt: off
MILLS = (  # Mills' ratio, e**(x²/2) Φ(-x), for 0 <= x <= 39
    (1.3858112941053987e-06, 3.7256540304143654e-05, 0.0004904427594236782, 0.004089483777629457,
     0.02362320198861862, 0.09770181084784944, 0.28933793506206784, 0.5940534315709993,
     0.7748786795334003, 0.5),
    (3.4737137731178775e-06, 9.338829733916159e-05, 0.0012328314018318059, 0.010344203951806423,
     0.06043699672768057, 0.2549661489093665, 0.782053500804638, 1.7144015373646635, 2.5612541052999176,
     2.347641919869656, 1.0),
)
ERF = (  # erf(x) / x as a function of x², for |x| <= 6
    (1.5080323778720768e-17, 2.1720754962675707e-14, 3.3260491461419422e-12, 1.7439629358384743e-10,
     6.837281057540546e-09, 1.7219790685005815e-07, 3.942162659231637e-06, 5.771924810991351e-05,
     0.0008618565611899642, 0.006958204191332547, 0.06634412088339639, 0.22143199630421945,
     1.1283791670955126),
    (8.559142872442955e-16, 3.27038609181682e-13, 2.570355915215946e-11, 1.1389472146812364e-09,
     3.564476613562331e-08, 8.461895523549595e-07, 1.5685282038490117e-05, 0.00022842636192365738,
     0.0025862049441705208, 0.022125524147399492, 0.1353200564773674, 0.5295723306148846, 1.0),
)
# fmt: on


def _ndtr(x: Operand, out: Array) -> None:
    """Φ(-|x|) on the left, 1 - Φ(-|x|) on the right."""
    tail, a, b = _workspace(3, out)
    is_right = np.greater(x, 0.0)
    u = np.minimum(np.absolute(x, out), 39.0, out=out)
    _ratio(MILLS, u, tail, a)
    np.multiply(tail, _bell(u, a, b), tail)
    np.absolute(np.subtract(is_right, tail, out), out)


def _erf(x: Operand, out: Array) -> None:
    ratio, a, squares = _workspace(3, out)
    u = np.clip(x, -6.0, 6.0, out=out)
    _ratio(ERF, np.square(u, squares), ratio, a)
    np.clip(np.multiply(u, ratio, out), -1.0, 1.0, out=out)


def _workspace(n: int, out: Array) -> list[Array]:
    """Arrays of the shape of `out`, made at once: several small ones are slow to get from the system anew."""
    pieces = np.empty((n, *out.shape))
    return [pieces[k, ...] for k in range(n)]


def _ratio(coefficients: Sequence[Sequence[float]], x: Array, p: Array, q: Array) -> None:
    """P(x) / Q(x) into `p`, by Horner's rule."""
    for y, (first, *rest) in zip((p, q), coefficients, strict=True):
        y.fill(first)
        for c in rest:
            np.multiply(y, x, y)
            np.add(y, c, y)
    np.divide(p, q, p)


def _bell(u: Array, near: Array, total: Array) -> Array:
    """e**(-u²/2) in the place of `u`, with two arrays to work in.

    An error of the square would cost as many digits as the square has. It is split into the square of a near
    number with few digits, which is exact, and the rest, which is small, as Cody does it in SPECFUN.
    """
    np.divide(np.rint(np.multiply(u, 16.0, near), near), 16.0, near)
    np.add(near, u, total)
    np.multiply(np.subtract(near, u, u), total, u)
    np.negative(np.square(near, near), near)
    for square in (u, near):
        np.exp(np.multiply(square, 0.5, square), square)
    return np.multiply(u, near, u)


UFUNCS = (
    "square reciprocal sqrt hypot exp exp2 expm1 log log2 log10 log1p "
    "sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh"
)

KERNELS: dict[str, Kernel] = {name: getattr(np, name) for name in UFUNCS.split()} | {
    "abs": np.absolute,
    "clip": _clip,
    "div": _divide,
    "elu": _elu,
    "erf": _erf,
    "gelu": _gated(_ndtr),
    "ieee_div": np.divide,
    "ieee_pow": _pow,
    "leaky_relu": _leaky_relu,
    "maximum": _maximum,
    "minimum": _minimum,
    "mish": _gated(_tanh_softplus),
    "ndtr": _ndtr,
    "pow": _pow,
    "relu": _relu,
    "sech": _sech,
    "sigmoid": _sigmoid,
    "silu": _gated(_sigmoid),
    "softplus": _softplus,
    "stop_gradient": np.positive,
}

# Any number of operands


@dataclass(frozen=True, eq=False)
class Segments:
    """How the terms of reductions make rows: all of one length, or each of its own.

    Parameters
    ----------
    starts : array of int, optional
        Where each row starts, for terms that stand in an array of shape (total, ...). No row is empty.
        Without it they stand in an array of shape (rows, length, ...).
    """

    starts: NDArray[np.intp] | None = None

    def reduce(self, ufunc: np.ufunc, x: Array, out: Array | None = None) -> Array:
        """Each row of the terms `x` combined by `ufunc`, an array of shape (rows, ...)."""
        if self.starts is None:
            return np.asarray(ufunc.reduce(x, axis=1, out=out))
        return np.asarray(ufunc.reduceat(x, self.starts, axis=0, out=out))

    def spread(self, y: Array, x: Array) -> Array:
        """The number of each row for each of its terms, where the terms are `x`."""
        if self.starts is None:
            return y[:, None]
        return np.repeat(y, np.diff(self.starts, append=len(x)), axis=0)


Reduction = Callable[[Array, Segments, Array], object]
"""``reduction(x, segments, out)``, which may overwrite the terms `x`."""


def reduction_of(name: str) -> Reduction:
    """The kernel of an n-ary primitive: max, min, prod, norm, logsumexp, or softmax, of all its terms."""
    return REDUCTIONS[name]


def _plain(ufunc: np.ufunc) -> Reduction:
    def reduction(x: Array, segments: Segments, out: Array) -> None:
        segments.reduce(ufunc, x, out)

    return reduction


def _norm(x: Array, segments: Segments, out: Array) -> None:
    segments.reduce(np.add, np.square(x), out)
    if np.all((out > 1e-280) & (out < inf)):
        np.sqrt(out, out)
    else:
        _scaled_norm(x, segments, out)


def _scaled_norm(x: Array, segments: Segments, out: Array) -> None:
    """The norm where squares overflow or underflow; an infinite term counts more than a NaN."""
    top = segments.reduce(np.fmax, np.absolute(x, x))
    scale = np.where((top > 0.0) & (top < inf), top, 1.0)
    np.divide(x, segments.spread(scale, x), x)
    segments.reduce(np.add, np.square(x, x), out)
    np.multiply(np.sqrt(out, out), scale, out)
    out[top == inf] = inf


def _exponentials(x: Array, segments: Segments) -> Array:
    """Make the terms e**(x - top), 1 at the largest of a row also if it is infinite; return the tops."""
    top = shift = segments.reduce(np.maximum, x)
    infinite = np.isinf(top)
    if infinite.any():  # inf - inf would be NaN
        is_top = np.equal(x, segments.spread(top, x))
        np.copyto(x, np.where(is_top, 0.0, -inf), where=segments.spread(infinite, x))
        shift = np.where(infinite, 0.0, top)
    np.exp(np.subtract(x, segments.spread(shift, x), x), x)
    return top


def _logsumexp(x: Array, segments: Segments, out: Array) -> None:
    """The largest term is left out of the sum, and counted: what the others add keeps its digits."""
    top = _exponentials(x, segments)
    ones = np.floor(x)
    np.subtract(x, ones, x)
    others = segments.reduce(np.add, x) + (segments.reduce(np.add, ones) - 1.0)
    np.add(top, np.log1p(others), out)


def _softmax(x: Array, segments: Segments, out: Array) -> None:
    """Of several infinite terms none is certain."""
    top = _exponentials(x, segments)
    total = segments.reduce(np.add, x)
    total[np.isinf(top) & (total > 1.0)] = nan
    np.divide(x, segments.spread(total, x), out)


REDUCTIONS: dict[str, Reduction] = {
    "max": _plain(np.maximum),
    "min": _plain(np.minimum),
    "prod": _plain(np.multiply),
    "norm": _norm,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
}
