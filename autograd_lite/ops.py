"""Every primitive once: its value, its partial derivatives, its domain, how it is written.

A derivative is one line of mathematics in the result ``y`` and the operands. The same line runs on
floats (the local derivatives that `backward` multiplies) and on `Value`s (the graphs that `gradient`
builds). At a kink it is PyTorch's: 0 for abs and relu, shared equally by tied operands of maximum,
1 at the ends of clip, the left side's for leaky_relu and elu.

Each name below is a function of floats, `Value`s or arrays, and a row of `TABLE`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from math import inf, nan
from operator import mul as times
from types import MappingProxyType
from typing import Any

from autograd_lite import _floats
from autograd_lite._floats import saturating
from autograd_lite._primitive import (
    FINITE,
    NONZERO,
    POSITIVE,
    REAL,
    DomainError,
    Function,
    Interval,
    Primitive,
    apply,
    flatten,
    function_of,
)

__all__ = [
    "TABLE",
    "DomainError",
    "abs",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "clip",
    "cos",
    "cosh",
    "div",
    "dot",
    "elu",
    "erf",
    "exp",
    "exp2",
    "expm1",
    "gelu",
    "hypot",
    "ieee_div",
    "ieee_pow",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "logsumexp",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mish",
    "mul",
    "ndtr",
    "neg",
    "norm",
    "pow",
    "prod",
    "reciprocal",
    "relu",
    "sech",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "stop_gradient",
    "sub",
    "sum",
    "tan",
    "tanh",
    "where",
]

LN2, LOG2_E, LOG10_E = math.log(2), 1 / math.log(2), 1 / math.log(10)
TWO_OVER_SQRT_PI, INV_SQRT_2PI = 2 / math.sqrt(math.pi), 1 / math.sqrt(2 * math.pi)

_rows: dict[str, Primitive] = {}


def _define(
    name: str,
    value: Callable[..., float],
    partials: Any,
    doc: str,
    example: str,
    *,
    domain: Interval | tuple[Interval, ...] = REAL,
    formula: str = "",
    symbol: str = "",
    operands: str = "x",
    defaults: tuple[float, ...] = (),
    empty: bool = False,
) -> Function:
    """Enter a row into the table and make the function of that name."""
    names = tuple(operands.split())
    domains = (domain,) * len(names) if isinstance(domain, Interval) else domain
    formula = formula or f"{name}({', '.join(f'{{{i}}}' for i in range(len(names)))})"
    row = Primitive(
        name,
        value,
        partials,
        domains,
        formula,
        symbol or name,
        names,
        defaults,
        is_nary=callable(partials),
        empty=empty,
    )
    _rows[name] = row
    return function_of(row, doc, example)


# A table is read in rows, which the formatter would break up.
# fmt: off

# Arithmetic

add = _define(
    "add", float.__add__, (lambda y, a, b: 1.0, lambda y, a, b: 1.0),
    "a + b.", "add(2.0, 3.0)\n5.0",
    operands="a b", formula="{0} + {1}", symbol="+",
)
sub = _define(
    "sub", float.__sub__, (lambda y, a, b: 1.0, lambda y, a, b: -1.0),
    "a - b.", "sub(2.0, 3.0)\n-1.0",
    operands="a b", formula="{0} - {1}", symbol="−",
)
mul = _define(
    "mul", float.__mul__, (lambda y, a, b: b, lambda y, a, b: a),
    "a b.", "mul(2.0, 3.0)\n6.0",
    operands="a b", formula="{0} * {1}", symbol="×",
)
div = _define(
    "div", float.__truediv__, (lambda y, a, b: 1.0 / b, lambda y, a, b: -y / b),
    "a / b, for b != 0.", "div(3.0, 2.0)\n1.5",
    operands="a b", domain=(REAL, NONZERO), formula="{0} / {1}", symbol="÷",
)
ieee_div: Function = _define(
    "ieee_div", _floats.divide,
    (lambda y, a, b: ieee_div(1.0, b), lambda y, a, b: -ieee_div(y, b)),
    "a / b of IEEE 754, infinite or NaN at b = 0: for derivatives that are infinite where the\n"
    "function itself is not, as that of sqrt at 0.", "ieee_div(1.0, 0.0)\ninf",
    operands="a b", formula="{0} / {1}", symbol="÷",
)
neg = _define(
    "neg", float.__neg__, (lambda y, x: -1.0,),
    "-x.", "neg(2.0)\n-2.0", formula="-{0}", symbol="neg",
)


def _pow_by_base(y: Any, x: Any, p: Any) -> Any:
    """d x**p / dx = p x**(p - 1), also where x = 0."""
    if isinstance(p, float):
        if p in (0.0, 1.0):
            return p
        return 2.0 * x if p == 2.0 else p * ieee_pow(x, p - 1.0)
    # 0**0 = 1 does not depend on x: its derivative is 0, and not 0 * inf.
    base = where((abs(x) > 0.0) | (abs(p) > 0.0), x, 1.0)
    return p * ieee_pow(base, p - 1.0)


def _pow_by_exponent(y: Any, x: Any, p: Any) -> Any:
    """d x**p / dp = y log(x), undefined for a negative x; at x = 0 it is 0, or -inf for an infinite y."""
    at_zero = where(p < 0.0, -y, 0.0)
    return where(x > 0.0, y * log(where(x > 0.0, x, 1.0)), where(x < 0.0, nan, at_zero))


pow = _define(
    "pow", _floats.power, (_pow_by_base, _pow_by_exponent),
    "x to the power p. A negative x needs an integer p, and 0 a p that is not negative.",
    "pow(2.0, 3.0)\n8.0", operands="x p", formula="{0}**{1}", symbol="**",
)
ieee_pow: Function = _define(
    "ieee_pow", _floats.ieee_power, (_pow_by_base, _pow_by_exponent),
    "x to the power p of IEEE 754: infinite where x = 0 and p < 0, as the derivative of x**0.5.",
    "ieee_pow(0.0, -0.5)\ninf", operands="x p", formula="{0}**{1}", symbol="**",
)
square = _define(
    "square", lambda x: x * x, (lambda y, x: 2.0 * x,),
    "x².", "square(3.0)\n9.0", formula="{0}**2", symbol="(·)²",
)
reciprocal = _define(
    "reciprocal", lambda x: 1.0 / x, (lambda y, x: -y * y,),
    "1 / x, for x != 0.", "reciprocal(4.0)\n0.25",
    domain=NONZERO, formula="1 / {0}", symbol="1/(·)",
)
sqrt = _define(
    "sqrt", math.sqrt, (lambda y, x: ieee_div(0.5, y),),
    "The square root, for x >= 0; its derivative at 0 is infinite.", "sqrt(9.0)\n3.0",
    domain=Interval(0.0), symbol="√",
)
hypot: Function = _define(
    "hypot", math.hypot, (lambda y, a, b: _over_length(a, y), lambda y, a, b: _over_length(b, y)),
    "sqrt(a² + b²), with derivative 0 at the origin.", "hypot(3.0, 4.0)\n5.0", operands="a b",
)


def _over_length(x: Any, length: Any) -> Any:
    """x / length, and 0 where the length is 0: of the subgradients there, the smallest."""
    return x / where(length <= 0.0, inf, length)


# Exponentials and logarithms

exp: Function = _define(
    "exp", saturating(math.exp), (lambda y, x: y,),
    "e**x.", "exp(1.0)\n2.718281828459045",
)
exp2 = _define(
    "exp2", saturating(lambda x: math.pow(2.0, x)), (lambda y, x: y * LN2,),
    "2**x.", "exp2(3.0)\n8.0",
)
expm1: Function = _define(
    "expm1", saturating(math.expm1), (lambda y, x: exp(x),),
    "e**x - 1, precise near 0.", "expm1(1e-10)\n1.00000000005e-10",
)
log: Function = _define(
    "log", math.log, (lambda y, x: 1.0 / x,),
    "The natural logarithm, for x > 0.", "log(10.0)\n2.302585092994046", domain=POSITIVE,
)
log2 = _define(
    "log2", math.log2, (lambda y, x: LOG2_E / x,),
    "The logarithm to base 2, for x > 0.", "log2(8.0)\n3.0", domain=POSITIVE,
)
log10 = _define(
    "log10", math.log10, (lambda y, x: LOG10_E / x,),
    "The logarithm to base 10, for x > 0.", "log10(1000.0)\n3.0", domain=POSITIVE,
)
log1p = _define(
    "log1p", math.log1p, (lambda y, x: 1.0 / (1.0 + x),),
    "log(1 + x), precise near 0, for x > -1.", "log1p(1e-10)\n9.999999999500001e-11",
    domain=Interval(-1.0, closed=False),
)

# Trigonometric and hyperbolic functions

sin = _define(
    "sin", math.sin, (lambda y, x: cos(x),),
    "The sine, x in radians.", "sin(1.0)\n0.8414709848078965", domain=FINITE,
)
cos: Function = _define(
    "cos", math.cos, (lambda y, x: -sin(x),),
    "The cosine, x in radians.", "cos(1.0)\n0.5403023058681398", domain=FINITE,
)
tan = _define(
    "tan", math.tan, (lambda y, x: 1.0 + y * y,),
    "The tangent, x in radians.", "tan(1.0)\n1.5574077246549023", domain=FINITE,
)
arcsin = _define(
    "arcsin", math.asin, (lambda y, x: ieee_div(1.0, sqrt(_one_minus_square(x))),),
    "The inverse sine in [-π/2, π/2], for -1 <= x <= 1.", "arcsin(1.0)\n1.5707963267948966",
    domain=Interval(-1.0, 1.0),
)
arccos = _define(
    "arccos", math.acos, (lambda y, x: -ieee_div(1.0, sqrt(_one_minus_square(x))),),
    "The inverse cosine in [0, π], for -1 <= x <= 1.", "arccos(0.0)\n1.5707963267948966",
    domain=Interval(-1.0, 1.0),
)

def _one_minus_square(x: Any) -> Any:
    """1 - x², by the product near the ends, where the difference would lose its digits.

    Near 0 it is the difference, because there the derivative of the product would lose its own.
    """
    return where(square(x) < 0.5, 1.0 - x * x, (1.0 - x) * (1.0 + x))


arctan = _define(
    # 1 / (1 + x²): a large square would make the derivative of this derivative underflow.
    "arctan", math.atan, (lambda y, x: (1.0 / hypot(1.0, x)) ** 2.0,),
    "The inverse tangent in [-π/2, π/2].", "arctan(1.0)\n0.7853981633974483",
)
arctan2 = _define(
    "arctan2", math.atan2,
    (
        lambda y, a, b: _over_length(_over_length(b, hypot(a, b)), hypot(a, b)),
        lambda y, a, b: -_over_length(_over_length(a, hypot(a, b)), hypot(a, b)),
    ),
    "The angle of the point (b, a), in [-π, π], with derivative 0 at the origin.",
    "arctan2(1.0, -1.0)\n2.356194490192345", operands="a b",
)
sinh = _define(
    "sinh", saturating(math.sinh, odd=True), (lambda y, x: cosh(x),),
    "The hyperbolic sine.", "sinh(1.0)\n1.1752011936438014",
)
cosh: Function = _define(
    "cosh", saturating(math.cosh), (lambda y, x: sinh(x),),
    "The hyperbolic cosine.", "cosh(0.0)\n1.0",
)
sech = _define(
    "sech", _floats.sech, (lambda y, x: -y * tanh(x),),
    "The hyperbolic secant 1 / cosh(x). Its square is 1 - tanh², without cancellation.",
    "sech(0.0)\n1.0",
)
tanh: Function = _define(
    "tanh", math.tanh, (lambda y, x: sech(x) ** 2.0,),
    "The hyperbolic tangent.", "tanh(1.0)\n0.7615941559557649",
)
arcsinh = _define(
    "arcsinh", math.asinh, (lambda y, x: 1.0 / hypot(1.0, x),),
    "The inverse hyperbolic sine.", "arcsinh(1.0)\n0.881373587019543",
)
arccosh = _define(
    "arccosh", math.acosh, (lambda y, x: ieee_div(ieee_div(1.0, sqrt(x - 1.0)), sqrt(x + 1.0)),),
    "The inverse hyperbolic cosine, for x >= 1.", "arccosh(1.0)\n0.0", domain=Interval(1.0),
)
arctanh = _define(
    # 1 / (1 - x²), without cancellation here or in its derivative.
    "arctanh", math.atanh, (lambda y, x: cosh(y) ** 2.0,),
    "The inverse hyperbolic tangent, for -1 < x < 1.", "arctanh(0.5)\n0.5493061443340548",
    domain=Interval(-1.0, 1.0, closed=False),
)

# Choices

where: Function = _define(
    "where", lambda condition, a, b: a if condition else b,
    (
        None,
        lambda y, condition, a, b: where(condition, 1.0, 0.0),
        lambda y, condition, a, b: where(condition, 0.0, 1.0),
    ),
    "a if the condition holds, otherwise b. Of Values, ``x > 0`` is such a condition.",
    "where(2.0 > 0.0, 1.0, -1.0)\n1.0",
    operands="condition a b", formula="{1} if {0} else {2}",
)
abs = _define(
    "abs", math.fabs, (lambda y, x: where(x > 0.0, 1.0, where(x < 0.0, -1.0, 0.0)),),
    "The absolute value, with derivative 0 at 0.", "abs(-2.0)\n2.0",
    formula="|{0}|", symbol="|·|",
)
maximum = _define(
    "maximum", _floats.maximum,
    (lambda y, a, b: _share(a, b), lambda y, a, b: _share(b, a)),
    "The larger one; if they are equal, each has the derivative 1/2.", "maximum(2.0, 3.0)\n3.0",
    operands="a b", symbol="max",
)
minimum = _define(
    "minimum", _floats.minimum,
    (lambda y, a, b: _share(b, a), lambda y, a, b: _share(a, b)),
    "The smaller one; if they are equal, each has the derivative 1/2.", "minimum(2.0, 3.0)\n2.0",
    operands="a b", symbol="min",
)


def _share(a: Any, b: Any) -> Any:
    return where(a > b, 1.0, where(a < b, 0.0, 0.5))


clip = _define(
    "clip", lambda x, low, high: _floats.minimum(_floats.maximum(x, low), high),
    (
        lambda y, x, low, high: where(x < low, 0.0, where(x > high, 0.0, 1.0)),
        lambda y, x, low, high: where(x < low, where(low < high, 1.0, 0.0), 0.0),
        lambda y, x, low, high: where(y < x, 1.0, where(low > high, 1.0, 0.0)),
    ),
    "x, but at least low and at most high; at the ends its derivative is 1.",
    "clip(3.0, 0.0, 1.0)\n1.0", operands="x low high",
)

stop_gradient = _define(
    "stop_gradient", lambda x: x, (None,),
    "x itself, but a constant to every derivative.", "stop_gradient(2.0)\n2.0",
    symbol="stop",
)

# Activations

sigmoid: Function = _define(
    "sigmoid", _floats.sigmoid, (lambda y, x: _sigmoid_slope(x),),
    "The logistic function 1 / (1 + e**-x).", "sigmoid(0.0)\n0.5", symbol="σ",
)


def _sigmoid_slope(x: Any) -> Any:
    """y (1 - y) = sech²(x/2) / 4, without the cancellation of 1 - y."""
    return (0.5 * sech(0.5 * x)) ** 2.0


softplus: Function = _define(
    "softplus", _floats.softplus, (lambda y, x: sigmoid(x),),
    "log(1 + e**x).", "softplus(0.0)\n0.6931471805599453",
)
relu = _define(
    "relu", lambda x: 0.0 if x <= 0.0 else x, (lambda y, x: where(x <= 0.0, 0.0, 1.0),),
    "max(x, 0), with derivative 0 at 0.", "relu(-2.0)\n0.0",
)
leaky_relu = _define(
    "leaky_relu", lambda x, slope: x if x > 0.0 else slope * x,
    (
        lambda y, x, slope: where(x > 0.0, 1.0, slope),
        lambda y, x, slope: where(x > 0.0, 0.0, x),
    ),
    "x for x > 0, otherwise negative_slope * x.", "leaky_relu(-2.0, 0.1)\n-0.2",
    operands="x negative_slope", defaults=(0.01,), symbol="leaky relu",
)
elu = _define(
    "elu", lambda x, alpha: x if x > 0.0 else alpha * math.expm1(x),
    (
        lambda y, x, alpha: where(x > 0.0, 1.0, alpha * exp(_negative_part(x))),
        lambda y, x, alpha: where(x > 0.0, 0.0, expm1(_negative_part(x))),
    ),
    "x for x > 0, otherwise alpha * (e**x - 1).", "elu(-1.0)\n-0.6321205588285577",
    operands="x alpha", defaults=(1.0,),
)


def _negative_part(x: Any) -> Any:
    """x where it is negative: keeps an exponential that is not chosen from overflowing."""
    return where(x > 0.0, 0.0, x)


def _damped(x: Any, weight: Any) -> Any:
    """x times a weight >= 0 that vanishes at infinity faster than x grows: 0 there, not ∞ · 0."""
    return weight * where(weight > 0.0, x, 0.0)


ndtr = _define(
    "ndtr", _floats.ndtr, (lambda y, x: _bell(x),),
    "The normal distribution function.", "ndtr(0.0)\n0.5", symbol="Φ",
)


def _bell(x: Any) -> Any:
    """The density of the normal distribution."""
    return INV_SQRT_2PI * exp(-0.5 * x * x)


erf = _define(
    "erf", math.erf, (lambda y, x: TWO_OVER_SQRT_PI * exp(-x * x),),
    "The error function.", "erf(1.0)\n0.8427007929497149",
)
gelu = _define(
    "gelu", _floats.gelu, (lambda y, x: ndtr(x) + _damped(x, _bell(x)),),
    "x times the normal distribution function (Hendrycks and Gimpel 2016).",
    "gelu(1.0)\n0.841344746068543",
)
silu = _define(
    "silu", _floats.silu, (lambda y, x: sigmoid(x) + _damped(x, _sigmoid_slope(x)),),
    "x sigmoid(x), also called swish.", "silu(1.0)\n0.7310585786300049",
)
mish = _define(
    "mish", _floats.mish,
    (lambda y, x: tanh(softplus(x)) + _damped(x, sigmoid(x) * sech(softplus(x)) ** 2.0),),
    "x tanh(softplus(x)) (Misra 2019).", "mish(1.0)\n0.8650983882673103",
)

# Any number of operands


def _prod_partials(y: Any, xs: Sequence[Any]) -> list[Any]:
    """For each operand the product of all others, without a division."""
    before = [1.0, *accumulate(xs[:-1], times)]
    after = [1.0, *accumulate(xs[:0:-1], times)][::-1]
    return [a * b for a, b in zip(before, after, strict=True)]


def _shares(chosen: Sequence[Any]) -> list[Any]:
    """The derivative of a choice: 1, shared equally by those that are chosen."""
    total = sum(chosen)
    return [c / total for c in chosen]


def _softmax_partials(y: Any, operands: Sequence[Any]) -> list[Any]:
    """d y_k / d x_j = y_k (1 if j = k else 0) - y_k y_j."""
    *xs, k = operands
    ys = softmax(xs)
    rest = sum([other for j, other in enumerate(ys) if j != k])
    return [y * rest if j == k else -y * ys[j] for j in range(len(xs))] + [None]


sum = _define(
    "sum", _floats.total, lambda y, xs: [1.0] * len(xs),
    "x_1 + ... + x_n, rounded once; 0 for no operands.", "sum([1.0, 2.0, 3.0])\n6.0",
    symbol="Σ", empty=True,
)
mean = _define(
    "mean", _floats.mean, lambda y, xs: [1.0 / len(xs)] * len(xs),
    "(x_1 + ... + x_n) / n.", "mean([1.0, 2.0, 6.0])\n3.0",
)
prod = _define(
    "prod", lambda xs: math.prod(xs, start=1.0), _prod_partials,
    "x_1 ... x_n; 1 for no operands.", "prod([2.0, 3.0, 4.0])\n24.0", symbol="Π", empty=True,
)
max = _define(
    "max", _floats.largest, lambda y, xs: _shares([where(x < y, 0.0, 1.0) for x in xs]),
    "The largest one; equal ones share the derivative.", "max([1.0, 3.0, 2.0])\n3.0",
)
min = _define(
    "min", _floats.smallest, lambda y, xs: _shares([where(x > y, 0.0, 1.0) for x in xs]),
    "The smallest one; equal ones share the derivative.", "min([1.0, 3.0, 2.0])\n1.0",
)
logsumexp = _define(
    "logsumexp", _floats.logsumexp, lambda y, xs: softmax(xs),
    "log(e**x_1 + ... + e**x_n), without overflow.", "logsumexp([1000.0, 1000.0])\n1000.6931471805599",
)
norm = _define(
    "norm", lambda xs: math.hypot(*xs), lambda y, xs: [_over_length(x, y) for x in xs],
    "The Euclidean norm sqrt(x_1² + ... + x_n²), with derivative 0 at the origin.",
    "norm([2.0, 3.0, 6.0])\n7.0", empty=True, formula="‖{0}‖", symbol="‖·‖",
)
_define(
    "dot", _floats.dot, lambda y, xs: xs[len(xs) // 2 :] + xs[: len(xs) // 2],
    "", "", empty=True, symbol="dot",
)
_define(
    "softmax", lambda xs: _floats.softmax(xs[:-1])[int(xs[-1])], _softmax_partials,
    "", "", empty=True,
)

# fmt: on


def dot(a: Iterable[Any], b: Iterable[Any]) -> Any:
    """a_1 b_1 + ... + a_n b_n, as one node.

    Parameters
    ----------
    a, b : iterable of float or Value
        Two vectors of the same length.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    left, right = flatten(a), flatten(b)
    if len(left) != len(right):
        raise ValueError(f"dot needs vectors of one length, but got {len(left)} and {len(right)}")
    if left and (record := getattr(type(left[0]), "_record_dot", None)):
        return record(left, right)
    return apply(_rows["dot"], left + right)


def softmax(values: Iterable[Any]) -> list[Any]:
    """e**x_k / (e**x_1 + ... + e**x_n) for each k, as a list.

    Raises
    ------
    ValueError
        If it is given an array of more than one axis.

    Examples
    --------
    >>> [round(p, 2) for p in softmax([1.47, -0.39, 0.22])]
    [0.69, 0.11, 0.2]
    """
    if getattr(values, "ndim", 1) > 1:
        raise ValueError(
            "softmax takes one vector, but got an array of several: write [softmax(x) for x in a]"
        )
    xs = flatten(values)
    if all(type(x) is float for x in xs):
        return _floats.softmax(xs)
    return [apply(_rows["softmax"], (*xs, float(k))) for k in range(len(xs))]


TABLE: Mapping[str, Primitive] = MappingProxyType(_rows)
