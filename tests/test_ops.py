"""Every row of the table of primitives against mpmath: values, first and second derivatives, edges.

One factory draws operands from the whole domain of a row and compares with `REFERENCES`, the textbook
formulas evaluated with hundreds of digits and differentiated numerically there. Where a result cannot have
all its digits `ALLOWANCES` says so, with the reason.
"""

import math
import pickle
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain, combinations, product
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from autograd_lite import array, data, ops
from autograd_lite._primitive import NONZERO, POSITIVE, REAL, DomainError, Primitive, apply
from autograd_lite.engine import Value, topological_order
from autograd_lite.ops import TABLE
from autograd_lite.testing import floats_in

# The relative error of a value, of a first and of a second derivative.
EPSILON = (1e-13, 1e-13, 1e-11)
LARGEST, SMALLEST_NORMAL = 1.7976931348623157e308, 2.0**-1022

UNARY, BINARY = (
    [name for name, p in TABLE.items() if len(p.operands) == n and not p.is_nary] for n in (1, 2)
)

# The references


def ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 1e6 else mpf(x > 0)


def bell(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def exponentials(xs: Sequence[Any]) -> list[Any]:
    """e**x up to a common factor; the hopelessly small ones are left out to save time."""
    top = max(xs)
    return [mp.exp(x - top) if x - top > -5000 else mpf(0) for x in xs]


REFERENCES: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "ieee_div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "pow": mp.power,
    "ieee_pow": mp.power,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sqrt": mp.sqrt,
    "hypot": lambda a, b: mp.sqrt(a * a + b * b),
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": lambda x: mp.exp(x) - 1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": lambda x: mp.log(1 + x),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "sech": lambda x: 1 / mp.cosh(x),
    "tanh": mp.tanh,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "where": lambda condition, a, b: a if condition else b,
    "abs": lambda x: -x if x < 0 else x,
    "maximum": lambda a, b: b if a < b else a,
    "minimum": lambda a, b: a if a < b else b,
    "clip": lambda x, low, high: min(max(x, low), high),
    "stop_gradient": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "relu": lambda x: x if x > 0 else mpf(0),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * (mp.exp(x) - 1),
    "ndtr": ndtr,
    "erf": mp.erf,
    "gelu": lambda x: x * ndtr(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "mish": lambda x: x * mp.tanh(mp.log(1 + mp.exp(x))),
    "sum": lambda *xs: mp.fsum(xs),
    "mean": lambda *xs: mp.fsum(xs) / len(xs),
    "prod": lambda *xs: mp.fprod(xs),
    "dot": lambda *xs: mp.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :]),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "logsumexp": lambda *xs: max(xs) + mp.log(mp.fsum(exponentials(xs))),
    "softmax": lambda *xs: exponentials(xs[:-1])[int(xs[-1])] / mp.fsum(exponentials(xs[:-1])),
    "norm": lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
}

# First and second derivatives in closed form of what takes mpmath too long to differentiate.
SLOPES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "erf": (
        lambda x: 2 * mp.exp(-x * x) / mp.sqrt(mp.pi),
        lambda x: -4 * x * mp.exp(-x * x) / mp.sqrt(mp.pi),
    ),
    "ndtr": (bell, lambda x: -x * bell(x)),
    "gelu": (lambda x: ndtr(x) + x * bell(x), lambda x: (2 - x * x) * bell(x)),
}


@cache
def exactly(name: str, operands: tuple[float, ...], *by: int) -> Any:
    """The derivative of a primitive by the operands with the indices `by`; the value if there are none."""
    xs = [mpf(x) for x in operands]
    if name in SLOPES:
        with mp.workprec(200):
            return (REFERENCES[name], *SLOPES[name])[len(by)](*xs)
    return difference(REFERENCES[name], xs, by)


def difference(f: Callable[..., Any], xs: list[Any], by: Sequence[int]) -> Any:
    """The central difference quotient of f by the operands `by`, with digits enough to be exact.

    The step 2**-step is far smaller than any operand (and than 1 / p for a power p <= 1e18), and the
    precision such that what the subtractions leave is exact to below the smallest float.
    """
    step = 160 + max(0, *(-mp.mag(x) for x in xs if x), 0)
    size = min(max(0, mp.mag(f(*xs))), 2200)
    with mp.workprec(size + 2 * step * bool(by) + 1300):
        points = [(1, xs)]
        for i in by:
            points = [
                (sign * weight, [*ys[:i], ys[i] + mp.ldexp(sign, -step), *ys[i + 1 :]])
                for weight, ys in points
                for sign in (1, -1)
            ]
        return mp.ldexp(mp.fsum(weight * f(*ys) for weight, ys in points), (step - 1) * len(by))


# What cannot have all its digits

Scale = Callable[[list[Any], tuple[int, ...]], Any]


class Allowance(NamedTuple):
    """Results whose error is measured by `scale` where that is larger than they are themselves.

    `orders` are those of the derivatives, 0 being the value. `scale` is a function of the operands and of
    the indices of those by which the primitive was differentiated; infinite where nothing can be asked.
    """

    rows: str
    orders: tuple[int, ...]
    scale: Scale
    reason: str


def near(*zeros: float) -> Scale:
    """1 close to the zeros of a derivative."""
    return lambda xs, by: max(abs(xs[0] - zero) < 0.02 for zero in zeros)


def nothing_asked_if(condition: Callable[..., bool]) -> Scale:
    return lambda xs, by: inf if condition(*xs) else 0


def length(*xs: Any) -> Any:
    return mp.sqrt(mp.fsum(x * x for x in xs))


def softmax_terms(xs: list[Any], by: tuple[int, ...]) -> Any:
    ys = exponentials(xs[:-1])
    k = int(xs[-1])
    return mp.fprod(ys[i] / mp.fsum(ys) for i in {k, *by})


def dot_terms(xs: list[Any], by: tuple[int, ...]) -> Any:
    n = len(xs) // 2
    total = mp.fsum(abs(a * b) for a, b in zip(xs[:n], xs[n:], strict=True))
    return inf if total > LARGEST else total


def power_terms(xs: list[Any], by: tuple[int, ...]) -> Any:
    x, p = xs
    return x ** (p - 1) * (1 + abs(p * mp.log(x))) if set(by) == {0, 1} else 0


def partial_product_leaves_range(*xs: Any) -> bool:
    sizes = [abs(x) for x in xs if x]
    large, small = mp.fprod(s for s in sizes if s > 1), mp.fprod(s for s in sizes if s < 1)
    return bool(large > LARGEST or small < SMALLEST_NORMAL)


def is_subnormal(x: Any) -> bool:
    return bool(0 < abs(x) < SMALLEST_NORMAL)


def has_no_reciprocal(x: Any) -> bool:
    return bool(abs(x) < 1 / mpf(LARGEST))


ALLOWANCES = [
    Allowance("silu", (1,), near(-1.2784645), "two terms cancel at the zero of the derivative"),
    Allowance("silu", (2,), near(-2.3993573, 2.3993573), "likewise, of the second derivative"),
    Allowance("gelu", (1,), near(-0.7517915), "two terms cancel at the zero of the derivative"),
    Allowance("gelu", (2,), near(-math.sqrt(2), math.sqrt(2)), "likewise, of the second derivative"),
    Allowance("mish", (1,), near(-1.1924312), "two terms cancel at the zero of the derivative"),
    Allowance("mish", (2,), near(-2.2563764, 1.4905712), "likewise, of the second derivative"),
    Allowance("logsumexp", (0,), lambda xs, by: max(map(abs, xs)), "the largest and a logarithm cancel"),
    Allowance("dot", (0,), dot_terms, "products are rounded before they cancel, or overflow"),
    Allowance("softmax", (2,), softmax_terms, "products of the outputs are subtracted"),
    Allowance("hypot norm", (2,), lambda xs, by: 1 / length(*xs), "1/h - a²/h³ cancels if a makes up h"),
    Allowance("arctan2", (2,), lambda xs, by: 1 / length(*xs) ** 2, "a² - b² cancels"),
    Allowance("pow ieee_pow", (2,), power_terms, "x**(p-1) + p log(x) x**(p-1) cancels"),
    Allowance(
        "pow ieee_pow",
        (1, 2),
        nothing_asked_if(lambda x, p: p < 2 and abs(x) ** (p - 2) > 1e290),
        "x**(p-1) or x**(p-2) overflows before a small p makes it finite again",
    ),
    Allowance(
        "hypot norm",
        (1, 2),
        nothing_asked_if(lambda *xs: not SMALLEST_NORMAL < length(*xs) < LARGEST),
        "a length that is subnormal has few digits, one that overflows none",
    ),
    Allowance(
        "arctan2",
        (1, 2),
        nothing_asked_if(lambda *xs: length(*xs) > LARGEST),
        "the length overflows",
    ),
    Allowance(
        "arctan2",
        (2,),
        nothing_asked_if(lambda *xs: length(*xs) < 1e-154),
        "the reciprocal of the length's square overflows",
    ),
    Allowance(
        "prod",
        (0, 1, 2),
        nothing_asked_if(partial_product_leaves_range),
        "a product of some of the operands overflows or is subnormal",
    ),
    Allowance(
        "div ieee_div",
        (1, 2),
        nothing_asked_if(lambda a, b: is_subnormal(a) and is_subnormal(a / b)),
        "a quotient that is subnormal has few digits, and a small divisor magnifies its error",
    ),
    Allowance(
        "div ieee_div",
        (2,),
        nothing_asked_if(lambda a, b: a == 0 and has_no_reciprocal(b)),
        "the reciprocal of the divisor overflows, and is multiplied by 0",
    ),
    Allowance(
        "pow ieee_pow",
        (2,),
        nothing_asked_if(lambda x, p: has_no_reciprocal(x)),
        "likewise, of the base, and multiplied by a power that is 0",
    ),
    Allowance(
        "arctan2",
        (1, 2),
        nothing_asked_if(lambda *xs: any(is_subnormal(x) and is_subnormal(x / length(*xs)) for x in xs)),
        "likewise, a coordinate divided by the length",
    ),
]


def scale(name: str, operands: Sequence[float], by: tuple[int, ...]) -> Any:
    xs = [mpf(x) for x in operands]
    allowed = [a for a in ALLOWANCES if len(by) in a.orders and name in a.rows.split()]
    return max((a.scale(xs, by) for a in allowed), default=0)


def assert_accurate(got: float | None, name: str, operands: Sequence[float], *by: int) -> None:
    """That `got` has the digits of the exact result, and is infinite where this is beyond all floats."""
    assert type(got) is float
    size = scale(name, operands, by)
    if size == inf:
        return
    exact = exactly(name, tuple(operands), *by)
    epsilon = EPSILON[len(by)]
    operand_names = "".join(f" by operand {i}" for i in by)
    message = f"{name}{tuple(operands)}{operand_names}: got {got!r}, exactly {mp.nstr(exact, 20)}"
    assert not math.isnan(got), message
    if math.isinf(got):
        assert got * exact > 0, message
        assert abs(exact) + epsilon * size > LARGEST * (1 - epsilon), message
    else:
        assert abs(got - exact) <= epsilon * max(abs(exact), size, SMALLEST_NORMAL), message


# The operands


def lists_of(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, min_size=1, max_size=4).map(tuple)


def with_index(xs: tuple[float, ...]) -> st.SearchStrategy[tuple[float, ...]]:
    return st.integers(0, len(xs) - 1).map(lambda k: (*xs, float(k)))


REALS, NEAR = floats_in(REAL), floats_in((-800, 800))
INTEGERS = st.integers(-400, 400).map(float)
POWERS = st.tuples(floats_in(POSITIVE), floats_in((-1e18, 1e18)) | INTEGERS) | st.tuples(
    floats_in(NONZERO), INTEGERS
)

# The operands of rows whose domain is not a product of intervals, or that would seldom be interesting.
OPERANDS: dict[str, st.SearchStrategy[tuple[float, ...]]] = {
    "pow": POWERS,
    "ieee_pow": POWERS,
    "ieee_div": st.tuples(REALS, floats_in(NONZERO)),
    "where": st.tuples(st.sampled_from([0.0, 1.0]), REALS, REALS),
    # mpmath has no -0.0, on which the sign of the angle depends.
    "arctan2": st.tuples(*[REALS.map(lambda x: x + 0.0)] * 2),
    "logsumexp": lists_of(REALS) | lists_of(NEAR),
    "softmax": (lists_of(REALS) | lists_of(NEAR)).flatmap(with_index),
    "dot": lists_of(st.tuples(REALS, REALS)).map(lambda pairs: tuple(chain(*zip(*pairs, strict=True)))),
}

# Operands that are always a plain number: a condition and an index.
PLAIN = {"where": 0, "softmax": -1}

# Where a derivative does not exist; what it is there by convention stands in docs/primitives.md.
KINKS: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(["abs", "relu", "sqrt"], lambda x: x == 0),
    **dict.fromkeys(["leaky_relu", "elu", "pow", "ieee_pow"], lambda x, _: x == 0),
    **dict.fromkeys(["arcsin", "arccos", "arccosh"], lambda x: abs(x) == 1),
    **dict.fromkeys(["maximum", "minimum"], lambda a, b: a == b),
    "hypot": lambda a, b: a == b == 0,
    "arctan2": lambda a, b: a == 0 and b <= 0,
    "clip": lambda x, low, high: x in (low, high) or low == high,
    "norm": lambda *xs: not any(xs),
    "max": lambda *xs: xs.count(max(xs)) > 1,
    "min": lambda *xs: xs.count(min(xs)) > 1,
}


def operands_of(p: Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Operands of a row, of every kind that its domain has."""
    if p.name in OPERANDS:
        return OPERANDS[p.name]
    return lists_of(floats_in(*p.domain)) if p.is_nary else st.tuples(*map(floats_in, p.domain))


def indices(name: str, operands: Sequence[float]) -> list[int]:
    """Those of the operands that may be Values."""
    every = list(range(len(operands)))
    if name in PLAIN:
        every.pop(PLAIN[name])
    return every


def differentiable(name: str, operands: Sequence[float]) -> list[int]:
    """The indices of the operands by which the primitive has a derivative here."""
    if name in KINKS and KINKS[name](*operands):
        return []
    if name in ("pow", "ieee_pow") and operands[0] < 0:
        return [0]
    return [] if TABLE[name].partials == (None,) else indices(name, operands)


def record(name: str, operands: Sequence[float]) -> Value:
    """The primitive, recorded."""
    differentiated = indices(name, operands)
    y = apply(TABLE[name], tuple(Value(x) if i in differentiated else x for i, x in enumerate(operands)))
    assert isinstance(y, Value)
    return y


def assert_row_is_accurate(name: str, operands: Sequence[float], pairs: Iterable[tuple[int, int]]) -> None:
    """The value, and the derivatives by the first and by both operands of each of the pairs."""
    y = record(name, operands)
    assert_accurate(y.data, name, operands)
    for i, j in pairs:
        first = y.gradient(y.inputs[i])
        assert_accurate(y.partials[i], name, operands, i)
        assert first.data == y.partials[i] or math.isnan(first.data)
        assert_accurate(first.data, name, operands, i)
        assert_accurate(first.gradient(y.inputs[j]).data, name, operands, i, j)


# Accuracy


def test_every_row_has_a_reference() -> None:
    assert set(TABLE) == set(REFERENCES)


@pytest.mark.parametrize("name", TABLE)
@settings(max_examples=50)
@given(data=st.data())
def test_values_and_derivatives_have_all_their_digits(name: str, data: st.DataObject) -> None:
    operands = data.draw(operands_of(TABLE[name]), "operands")
    by = differentiable(name, operands)
    pairs = [data.draw(st.tuples(st.sampled_from(by), st.sampled_from(by)), "by")] if by else []
    assert_row_is_accurate(name, operands, pairs)


EDGES = [
    5e-324, 2.0**-1022, 1e-300, 1e-160, 1e-77, 1e-20, 1e-9, 1e-3, 0.3, 0.5, 0.7, 1 - 2**-53, 1.0,
    1 + 2**-52, 1.1, 1.5, 2.0, 3.0, 5.9, 9.0, 19.0, 20.0, 26.0, 37.0, 38.5, 40.0, 355.0, 700.0, 709.0, 710.0,
    711.0, 745.0, 746.0, 1e3, 1e5, 1e9, 1e20, 1e77, 1e100, 1e154, 1e200, 1e300, 1.7e308, LARGEST,
]  # fmt: skip
FEW_EDGES = [1e-160, 1e-20, 0.5, 37.0, 1e160]


@pytest.mark.parametrize("name", UNARY)
def test_tails_and_edges_have_all_their_digits(name: str) -> None:
    for x in [0.0, *EDGES, *(-x for x in EDGES)]:
        if TABLE[name].domain[0].contains(x):
            assert_row_is_accurate(name, [x], [(0, 0)] if differentiable(name, [x]) else [])


@pytest.mark.parametrize("name", BINARY)
def test_edges_of_two_operands_have_all_their_digits(name: str) -> None:
    for a, b in product([*FEW_EDGES, *(-x for x in FEW_EDGES)], repeat=2):
        if a > 0 or name not in ("pow", "ieee_pow"):
            by = differentiable(name, [a, b])
            assert_row_is_accurate(name, [a, b], product(by, by))


@pytest.mark.parametrize(
    ("name", "x", "value", "derivative"),
    [
        ("tanh", 20.0, 1.0, 1.6993417021166355e-17),
        ("sigmoid", 40.0, 1.0, 4.248354255291589e-18),
        ("softplus", -700.0, 9.859676543759771e-305, 9.859676543759771e-305),
        ("ndtr", -30.0, 4.906713927148187e-198, 1.473646134878548e-196),
        ("arctan", 1e100, math.pi / 2, 1e-200),
        ("log1p", 1e-20, 1e-20, 1.0),
    ],
)
def test_the_digits_that_naive_formulas_lose(name: str, x: float, value: float, derivative: float) -> None:
    y = record(name, [x])
    assert y.data == pytest.approx(value, rel=1e-13, abs=0)
    assert y.partials[0] == pytest.approx(derivative, rel=1e-13, abs=0)


TAME = st.integers(50, 600).map(lambda n: n / 200)
TAME_OPERANDS = {
    "arcsin": st.tuples(st.floats(-0.9, 0.9)),
    "arccos": st.tuples(st.floats(-0.9, 0.9)),
    "arctanh": st.tuples(st.floats(-0.9, 0.9)),
    "arccosh": st.tuples(st.floats(1.25, 9)),
    "tan": st.tuples(st.floats(-1.2, 1.2)),
    "where": st.tuples(st.sampled_from([0.0, 1.0]), TAME, TAME),
    "softmax": lists_of(TAME).flatmap(with_index),
    "dot": lists_of(TAME).map(lambda xs: xs + xs[::-1]),
}


@pytest.mark.parametrize("name", TABLE)
@settings(max_examples=25)
@given(data=st.data())
def test_derivatives_are_those_of_the_values(name: str, data: st.DataObject) -> None:
    """Against Richardson's extrapolation of differences of floats: no formula of this file takes part."""
    p = TABLE[name]
    usual = lists_of(TAME) if p.is_nary else st.tuples(*[TAME] * len(p.operands))
    operands = data.draw(TAME_OPERANDS.get(name, usual), "operands")
    if name in KINKS:
        assume(all(abs(a - b) > 0.01 for a, b in combinations(operands, 2)))
    y = record(name, operands)
    for i in differentiable(name, operands):

        def slope(h: float, i: int = i) -> float:
            up, down = (apply(p, (*operands[:i], operands[i] + t, *operands[i + 1 :])) for t in (h, -h))
            return float(up - down) / (2 * h)

        assert y.partials[i] == pytest.approx((4 * slope(1e-3) - slope(2e-3)) / 3, rel=1e-8, abs=1e-8)


# Overflow, infinities and NaN


@pytest.mark.parametrize(
    ("name", "operands", "result"),
    [
        ("exp", [1000.0], inf), ("exp2", [1024.0], inf), ("expm1", [1000.0], inf), ("cosh", [-1000.0], inf),
        ("sinh", [1000.0], inf), ("sinh", [-1000.0], -inf), ("pow", [10.0, 1000.0], inf),
        ("pow", [-10.0, 1001.0], -inf), ("pow", [-10.0, 1000.0], inf), ("square", [1e200], inf),
        ("mul", [1e200, -1e200], -inf), ("div", [1e200, 1e-200], inf), ("add", [LARGEST, LARGEST], inf),
        ("hypot", [LARGEST, LARGEST], inf), ("norm", [LARGEST, LARGEST], inf), ("sum", [LARGEST] * 2, inf),
        ("sum", [-LARGEST] * 2, -inf), ("dot", [1e200, 1e200], inf), ("prod", [1e200, -1e200], -inf),
        ("reciprocal", [-1e-310], -inf), ("leaky_relu", [-1e300, 1e10], -inf),
    ],
)  # fmt: skip
def test_overflow_is_infinite(name: str, operands: list[float], result: float) -> None:
    assert apply(TABLE[name], operands) == result
    assert record(name, operands).data == result


@pytest.mark.parametrize(
    ("name", "operands", "result"),
    [
        ("sum", [LARGEST, LARGEST, -LARGEST], LARGEST),
        ("sum", [1e308, 1e308, -inf], -inf),
        ("sum", [1.0, 1e100, 1.0, -1e100], 2.0),
        ("mean", [1.0, 1e100, 1.0, -1e100], 0.5),
        ("mean", [LARGEST, LARGEST, LARGEST / 2, LARGEST / 2], 0.75 * LARGEST),
        ("logsumexp", [1e300, 1e300], 1e300),
        ("norm", [3e200, 4e200], 5e200),
        ("norm", [3e-200, 4e-200], 5e-200),
    ],
)
def test_nothing_overflows_or_cancels_on_the_way(name: str, operands: list[float], result: float) -> None:
    assert apply(TABLE[name], operands) == pytest.approx(result, rel=1e-15, abs=0)


# For each function of one operand, at -infinity and at infinity: the value and the derivative, or None
# outside its domain.
LIMITS: dict[str, tuple[tuple[float, float | None] | None, tuple[float, float | None] | None]] = {
    **dict.fromkeys(["sin", "cos", "tan", "arcsin", "arccos", "arctanh"], (None, None)),
    **dict.fromkeys(["sqrt", "log", "log2", "log10", "log1p", "arccosh"], (None, (inf, 0))),
    **dict.fromkeys(["exp", "exp2"], ((0, 0), (inf, inf))),
    **dict.fromkeys(["reciprocal", "sech"], ((0, 0), (0, 0))),
    **dict.fromkeys(["tanh", "erf"], ((-1, 0), (1, 0))),
    **dict.fromkeys(["sigmoid", "ndtr"], ((0, 0), (1, 0))),
    **dict.fromkeys(["relu", "softplus", "gelu", "silu", "mish"], ((0, 0), (inf, 1))),
    "neg": ((inf, -1), (-inf, -1)),
    "square": ((inf, -inf), (inf, inf)),
    "expm1": ((-1, 0), (inf, inf)),
    "arctan": ((-math.pi / 2, 0), (math.pi / 2, 0)),
    "sinh": ((-inf, inf), (inf, inf)),
    "cosh": ((inf, -inf), (inf, inf)),
    "arcsinh": ((-inf, 0), (inf, 0)),
    "abs": ((inf, -1), (inf, 1)),
    "stop_gradient": ((-inf, None), (inf, None)),
}


@pytest.mark.parametrize("name", UNARY)
def test_infinities_have_the_limit_or_are_outside_the_domain(name: str) -> None:
    for x, limit in zip((-inf, inf), LIMITS[name], strict=True):
        if limit is None:
            with pytest.raises(DomainError, match=rf"{name} is defined for .*got x = {x!r}"):
                apply(TABLE[name], [x])
        else:
            y = record(name, [x])
            assert (y.data, y.partials[0]) == limit
            assert y.gradient(y.inputs[0]).data == (limit[1] or 0)


@pytest.mark.parametrize(
    ("name", "operands", "result"),
    [
        ("elu", [-inf, 2.0], -2.0), ("leaky_relu", [-inf, 0.1], -inf), ("div", [1.0, inf], 0.0),
        ("arctan2", [inf, -inf], 3 * math.pi / 4), ("hypot", [-inf, 1.0], inf), ("pow", [inf, -1.0], 0.0),
        ("maximum", [-inf, 3.0], 3.0), ("minimum", [inf, 3.0], 3.0), ("clip", [inf, 0.0, 1.0], 1.0),
        ("logsumexp", [-inf, 2.0], 2.0), ("logsumexp", [-inf, -inf], -inf), ("logsumexp", [inf, 2.0], inf),
        ("softmax", [-inf, 2.0, 0.0], 0.0), ("softmax", [inf, 2.0, 0.0], 1.0),
        ("softmax", [inf, 2.0, 1.0], 0.0), ("softmax", [-inf, 0.0], 1.0),
        ("norm", [-inf, 2.0], inf), ("max", [-inf, 2.0], 2.0), ("min", [inf, 2.0], 2.0),
        ("sum", [inf, 2.0], inf), ("mean", [-inf, 2.0], -inf), ("prod", [inf, -2.0], -inf),
    ],
)  # fmt: skip
def test_infinite_operands_have_the_limit(name: str, operands: list[float], result: float) -> None:
    assert apply(TABLE[name], operands) == result
    assert record(name, operands).data == result


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("add", [inf, -inf]),
        ("mul", [0.0, inf]),
        ("sum", [inf, -inf]),
        ("dot", [inf, 1.0, 1.0, -inf]),
        ("softmax", [inf, inf, 0.0]),
        ("ieee_div", [0.0, 0.0]),
    ],
)
def test_what_has_no_limit_is_nan(name: str, operands: list[float]) -> None:
    assert math.isnan(apply(TABLE[name], operands))
    assert math.isnan(record(name, operands).data)


@pytest.mark.parametrize("name", TABLE)
def test_nan_is_passed_on(name: str) -> None:
    p = TABLE[name]
    usual = [0.5] * (4 if p.is_nary else len(p.operands))
    if name in PLAIN:
        usual[PLAIN[name]] = 1.0
    for i in indices(name, usual):
        operands = [nan if j == i else x for j, x in enumerate(usual)]
        chosen = (name, i) not in [("where", 2), ("leaky_relu", 1), ("elu", 1)]
        assert math.isnan(apply(p, operands)) == chosen
        assert math.isnan(record(name, operands).data) == chosen


# Outside the domain


@pytest.mark.parametrize(
    ("name", "index"), [(name, i) for name, p in TABLE.items() for i, d in enumerate(p.domain) if d != REAL]
)
def test_outside_the_domain_errors_name_primitive_number_and_label(name: str, index: int) -> None:
    p = TABLE[name]
    ends = (0.0, 1.0, -1.0)
    beside = [math.nextafter(end, towards) for end in ends for towards in (-9, 9)]
    candidates = [-inf, inf, *EDGES, *(-x for x in EDGES), *ends, *beside]
    has_limit = {x for x, limit in zip((-inf, inf), LIMITS.get(name, (None, None)), strict=True) if limit}
    outside = [x for x in candidates if not p.domain[index].contains(x) and x not in has_limit]
    assert outside
    for x in outside:
        operands: list[Any] = [0.5] * len(p.operands)
        operands[index] = x
        with pytest.raises(DomainError) as plain:
            apply(p, operands)
        operands[index] = Value(x, label="weight")
        with pytest.raises(DomainError) as labelled:
            apply(p, operands)
        assert str(plain.value).startswith(f"{name} is defined for ")
        assert str(plain.value).endswith(f"got {p.operands[index]} = {x!r}")
        assert str(labelled.value) == f"{plain.value} (the Value labelled 'weight')"


@pytest.mark.parametrize(("x", "p"), [(-8.0, 1 / 3), (0.0, -1.0), (-0.0, -0.5)])
def test_powers_outside_the_domain(x: float, p: float) -> None:
    for base in (x, Value(x)):
        with pytest.raises(DomainError, match=rf"pow is not defined for x = {x!r} and p = {p!r}"):
            ops.pow(base, p)
    with pytest.raises(DomainError, match=r"x = .* and p = .* \(the Value labelled 'p'\)"):
        Value(x) ** Value(p, label="p")


def test_a_domain_error_is_a_value_error() -> None:
    assert issubclass(DomainError, ValueError)


# stop_gradient


@given(REALS)
def test_stop_gradient_hands_on_the_number_and_no_derivative(x: float) -> None:
    v = Value(x)
    for y in (ops.stop_gradient(v), v.stop_gradient()):
        assert (y.data, y.op, y.inputs, y.partials) == (x, "stop_gradient", (v,), (None,))
        assert topological_order(y) == [v, y]
        assert y.gradient(v).data == 0
        y.backward()
        assert not v.has_grad


@given(floats_in((-100, 100)))
def test_stop_gradient_makes_a_constant(x: float) -> None:
    v = Value(x)
    slope = (v**2 * ops.stop_gradient(v)).gradient(v)
    assert slope.data == 2 * x * x
    assert slope.gradient(v).data == 2 * x  # and not 4 x, the derivative of 2 x²
    assert (v * ops.stop_gradient(v)).gradient(v).gradient(v).data == 0


@pytest.mark.parametrize(("x", "adjoint"), [(1.0, inf), (0.0, nan)])
def test_no_infinite_or_undefined_adjoint_passes_stop_gradient(x: float, adjoint: float) -> None:
    v = Value(0.0)
    stopped = ops.stop_gradient(v)
    y = ops.ieee_div(x, stopped) + v
    y.backward()
    assert repr(abs(stopped.grad)) == repr(adjoint)
    assert v.grad == y.gradient(v).data == 1


def test_stop_gradient_of_arrays() -> None:
    xs = array([[1.0, 2.0], [3.0, 4.0]])
    stopped = ops.stop_gradient(xs)
    assert type(stopped) is type(xs)
    assert (data(stopped) == data(xs)).all()
    assert data((xs * stopped).sum().gradient(xs.ravel())).tolist() == [1, 2, 3, 4]
    assert ops.stop_gradient(np.eye(2)).tolist() == np.eye(2).tolist()


# The functions of the table


@pytest.mark.parametrize("name", [name for name, p in TABLE.items() if not p.is_nary and name != "where"])
@settings(max_examples=20)
@given(data=st.data())
def test_floats_values_and_arrays_agree(name: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(operands_of(TABLE[name]), min_size=1, max_size=3), "rows")
    function = getattr(ops, name)
    results = [function(*row) for row in rows]
    assert [function(*map(Value, row)).data for row in rows] == results
    assert [getattr(Value(row[0]), name)(*row[1:]).data for row in rows] == results
    columns = [list(column) for column in zip(*rows, strict=True)]
    array = function(*map(np.array, columns))
    assert array.dtype == float
    assert array.tolist() == results
    objects = function(*(np.array(list(map(Value, column))) for column in columns))
    assert [v.data for v in objects] == results


@given(st.lists(st.booleans(), min_size=1), REALS, REALS)
def test_where_takes_conditions_of_every_kind(choices: list[bool], a: float, b: float) -> None:
    expected = [a if choice else b for choice in choices]
    assert [ops.where(choice, a, b) for choice in choices] == expected
    assert ops.where(np.array(choices), a, b).tolist() == expected
    values = [Value(1.0 if choice else -1.0) for choice in choices]
    assert [ops.where(v > 0, a, b).data for v in values] == expected
    assert [v.data for v in ops.where(np.array(values) > 0, a, Value(b))] == expected


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "logsumexp", "norm"])
@given(xs=st.lists(st.floats(-100, 100), min_size=1, max_size=6))
def test_nary_functions_take_any_iterable(name: str, xs: list[float]) -> None:
    function = getattr(ops, name)
    expected = function(xs)
    for same in (tuple(xs), iter(xs), np.array(xs), np.array([xs])):
        assert function(same) == expected
    assert function([Value(x) for x in xs]).data == expected
    assert function(np.array([Value(x) for x in xs])).data == expected


@given(st.lists(st.floats(-100, 100), max_size=6))
def test_softmax_is_a_distribution_and_the_gradient_of_logsumexp(xs: list[float]) -> None:
    probabilities = ops.softmax(xs)
    assert isinstance(probabilities, list)
    assert len(probabilities) == len(xs)
    if xs:
        assert math.fsum(probabilities) == pytest.approx(1, rel=1e-14)
        vs = [Value(x) for x in xs]
        assert [d.data for d in ops.logsumexp(vs).gradient(vs)] == probabilities


@pytest.mark.parametrize(("name", "value"), [("sum", 0.0), ("prod", 1.0), ("norm", 0.0)])
def test_nary_functions_of_nothing(name: str, value: float) -> None:
    assert getattr(ops, name)([]) == value
    assert ops.dot([], []) == 0.0


@pytest.mark.parametrize("name", ["mean", "max", "min", "logsumexp"])
def test_nary_functions_that_need_an_operand(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} needs at least one number"):
        getattr(ops, name)([])


def test_dot_needs_vectors_of_one_length() -> None:
    for a, b in (([1, 2], [1, 2, 3]), ([Value(1), Value(2)], [1, 2, 3])):
        with pytest.raises(ValueError, match="one length, but got 2 and 3"):
            ops.dot(a, b)


def test_operands_may_be_named_or_left_out() -> None:
    assert ops.leaky_relu(-2.0) == -0.02
    assert ops.leaky_relu(-2.0, negative_slope=0.5) == -1.0
    assert Value(-2.0).elu(alpha=2.0).data == pytest.approx(2 * math.expm1(-2))
    with pytest.raises(TypeError, match="leaky_relu"):
        ops.leaky_relu(1.0, slope=2.0)


@pytest.mark.parametrize("wrong", ["3", 1j, None, [1.0]])
def test_what_is_no_number_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="real number"):
        ops.exp(wrong)
    with pytest.raises(TypeError, match="real number"):
        ops.hypot(Value(1.0), wrong)


@pytest.mark.parametrize("name", TABLE)
def test_rows_know_their_name_and_survive_pickle(name: str) -> None:
    row = TABLE[name]
    assert row.name == name
    assert pickle.loads(pickle.dumps(row)) is row
    assert row.is_nary or len(row.partials) == len(row.operands) == len(row.domain)


def test_every_primitive_is_a_public_function() -> None:
    assert set(ops.__all__) == {*TABLE, "TABLE", "DomainError"}
