"""Kernels: on arrays of any kind they give what the primitives give on floats, and NumPy notices errors."""

import math
import operator
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from numpy.typing import NDArray

from autograd_lite import ops
from autograd_lite._condition import COMPARISONS
from autograd_lite._primitive import REAL, Primitive
from autograd_lite.calculus import custom_derivative
from autograd_lite.compiler._kernels import LOGICAL_UFUNCS, Segments, kernel_of, reduction_of
from autograd_lite.engine import Value
from autograd_lite.ops import TABLE
from autograd_lite.testing import floats_in

Array = NDArray[np.float64]
Row = tuple[float, ...]

ELSEWHERE = ("add", "sub", "mul", "neg", "where")
NAMES = [name for name, p in TABLE.items() if not p.is_nary and name not in ELSEWHERE]
BOUNDED = ["pow", "ieee_pow", *(name for name in NAMES if set(TABLE[name].domain) != {REAL})]
REDUCTIONS = ["max", "min", "prod", "norm", "logsumexp", "softmax"]

LARGEST, SMALLEST, SMALLEST_NORMAL = 1.7976931348623157e308, 5e-324, 2.0**-1022
SIZES = [SMALLEST, SMALLEST_NORMAL, 1e-300, 1e-160, 1e-10, 0.25, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52, 1.5, 2.0]
SIZES += [3.0, 5.9, 20.0, 37.6, 38.4, 40.0, 700.0, 709.78, 710.0, 720.0, 745.0, 746.0, 1023.0, 1024.0, 1075.0]
SIZES += [2.0**53, 1e22, 1e155, 1e300, LARGEST, inf]
SPECIAL = [0.0, -0.0, nan, *SIZES, *(-x for x in SIZES)]
FEW = [0.0, -0.0, nan, 1.0, -1.0, 2.5, -40.0, inf, -inf]

ANY = st.sampled_from(SPECIAL) | st.floats() | floats_in(REAL)


@contextmanager
def noticed() -> Iterator[list[str]]:
    """What NumPy complains of, as a caller of kernels listens to it."""
    complaints: list[str] = []
    with np.errstate(
        divide="call",
        invalid="call",
        over="ignore",
        under="ignore",
        call=lambda kind, _: complaints.append(kind),
    ):
        yield complaints


def value(p: Primitive, row: Row) -> float | None:
    """The value of a primitive, None outside its domain."""
    try:
        return p.value(*row)
    except (ValueError, ZeroDivisionError):
        return None


def grid(p: Primitive) -> list[Row]:
    """Special numbers in all combinations."""
    return list(product(SPECIAL if len(p.operands) < 3 else FEW, repeat=len(p.operands)))


def inside(p: Primitive) -> list[Row]:
    return [row for row in grid(p) if value(p, row) is not None]


def columns(rows: Sequence[Row]) -> list[Array]:
    return [np.array(column) for column in zip(*rows, strict=True)]


def close(got: Any, want: Any) -> None:
    """Equal to the last digits, of which numbers below the normal ones have few."""
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-321)


def is_regular(p: Primitive, row: Row, y: float) -> bool:
    """Whether nothing is divided by 0, nor NaN made of infinite operands."""
    divided = (p.name == "ieee_div" and row[1] == 0.0) or (p.name in ("pow", "ieee_pow") and row[0] == 0.0)
    return not divided and isnan(y) <= any(map(isnan, row))


def ordinary(p: Primitive) -> list[float]:
    """Numbers in the domain of all operands."""
    return [1.0, 1.5, 2.0, 30.0] if value(p, (2.0,) * len(p.operands)) is not None else [0.1, 0.3, 0.5, 0.9]


def check_inside(p: Primitive, rows: Sequence[Row]) -> None:
    values = [p.value(*row) for row in rows]
    out = np.empty(len(rows))
    with noticed() as complaints:
        kernel_of(p)(*columns(rows), out)
    close(out, values)
    if all(is_regular(p, row, y) for row, y in zip(rows, values, strict=True)):
        assert not complaints


# Primitives of a fixed number of operands


@pytest.mark.parametrize("name", NAMES)
def test_kernels_equal_the_primitives_at_special_numbers(name: str) -> None:
    p = TABLE[name]
    check_inside(p, inside(p))


@pytest.mark.parametrize("name", NAMES)
def test_numpy_has_nothing_to_notice_at_regular_special_numbers(name: str) -> None:
    p = TABLE[name]
    check_inside(p, [row for row in inside(p) if is_regular(p, row, p.value(*row))])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_kernels_equal_the_primitives_in_their_domain(name: str, data: st.DataObject) -> None:
    p = TABLE[name]
    rows = data.draw(st.lists(st.tuples(*map(floats_in, p.domain)), min_size=1, max_size=9))
    rows = [row for row in rows if value(p, row) is not None]
    assume(rows)
    check_inside(p, rows)


@pytest.mark.parametrize("name", BOUNDED)
def test_each_special_number_outside_the_domain_is_noticed(name: str) -> None:
    p, out = TABLE[name], np.empty(1)
    for row in set(grid(p)).difference(inside(p)):
        with noticed() as complaints:
            kernel_of(p)(*columns([row]), out)
        assert complaints, row
        assert not np.isfinite(out), row


@pytest.mark.parametrize("name", BOUNDED)
@settings(max_examples=20)
@given(data=st.data())
def test_one_number_outside_the_domain_is_noticed_among_others(name: str, data: st.DataObject) -> None:
    p = TABLE[name]
    rows = data.draw(st.lists(st.tuples(*[ANY] * len(p.operands)), min_size=1, max_size=9))
    values = [value(p, row) for row in rows]
    out = np.empty(len(rows))
    with noticed() as complaints:
        kernel_of(p)(*columns(rows), out)
    assert complaints or None not in values
    close(out, [y if x is None else x for x, y in zip(values, out, strict=True)])
    assert not np.isfinite([y for x, y in zip(values, out, strict=True) if x is None]).any()


@pytest.mark.parametrize("name", NAMES)
def test_the_result_may_take_the_place_of_any_operand(name: str) -> None:
    p = TABLE[name]
    rows = inside(p)
    for k in range(len(p.operands)):
        operands = columns(rows)
        with noticed():
            kernel_of(p)(*operands, operands[k])
        close(operands[k], [p.value(*row) for row in rows])


@pytest.mark.parametrize("name", NAMES)
def test_one_array_may_be_all_operands_and_the_result(name: str) -> None:
    p = TABLE[name]
    xs = [x for x in SPECIAL if value(p, (x,) * len(p.operands)) is not None]
    x = np.array(xs)
    with noticed():
        kernel_of(p)(*[x] * len(p.operands), x)
    close(x, [p.value(*[x] * len(p.operands)) for x in xs])


@pytest.mark.parametrize("name", NAMES)
def test_operands_and_results_may_have_any_strides(name: str) -> None:
    p = TABLE[name]
    rows = inside(p)[:60]
    base = np.full((6, 40), 7.0)
    out = base[::2, ::-2]
    operands = [np.repeat(x, 3)[::3].reshape(20, 3).T for x in columns((rows * 60)[:60])]
    with noticed():
        kernel_of(p)(*operands, out)
    close(out.T.ravel(), [p.value(*row) for row in (rows * 60)[:60]])
    assert np.all(base[1::2] == 7.0)
    assert np.all(base[:, ::2] == 7.0)


@pytest.mark.parametrize("name", NAMES)
def test_operands_are_broadcast_and_may_be_floats(name: str) -> None:
    p = TABLE[name]
    numbers = ordinary(p)
    n = len(numbers)
    kinds: list[Any] = [np.reshape(numbers, (n, 1)), np.array(numbers), np.array(numbers[:1]), numbers[-1]]
    for operands in product(kinds, repeat=len(p.operands)):
        rows = zip(*(np.broadcast_to(x, (n, n)).ravel().tolist() for x in operands), strict=True)
        out = np.empty((n, n))
        with noticed() as complaints:
            kernel_of(p)(*operands, out)
        close(out.ravel(), [p.value(*row) for row in rows])
        assert not complaints


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(0,), (3, 0), ()])
def test_arrays_may_be_empty_or_have_no_dimension(name: str, shape: tuple[int, ...]) -> None:
    p = TABLE[name]
    x = ordinary(p)[0]
    out = np.empty(shape)
    kernel_of(p)(*[np.full(shape, x) for _ in p.operands], out)
    close(out, p.value(*[x] * len(p.operands)))


@pytest.mark.parametrize("name", ["gelu", "silu", "mish"])
def test_gates_are_minus_zero_at_minus_infinity(name: str) -> None:
    out = np.empty(1)
    with noticed() as complaints:
        kernel_of(TABLE[name])(np.array([-inf]), out)
    assert math.copysign(1.0, float(out[0])) == -1.0
    assert out == 0.0
    assert not complaints


# The normal distribution

REFERENCES: dict[str, Callable[[Any], Any]] = {
    "erf": mp.erf,
    "ndtr": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
}


@pytest.mark.parametrize("name", REFERENCES)
def test_the_error_function_has_its_digits_in_the_tails_too(name: str) -> None:
    x = np.concatenate(
        [np.linspace(-38.5, 38.5, 800), np.linspace(-6.2, 6.2, 800), np.geomspace(1e-9, 6, 50)]
    )
    out = np.empty_like(x)
    with mp.workdps(30):
        kernel_of(TABLE[name])(x, out)
        close(out, [float(REFERENCES[name](mpf(v))) for v in x.tolist()])


@pytest.mark.parametrize("name", ["erf", "ndtr"])
def test_probabilities_stay_in_their_range(name: str) -> None:
    out = np.linspace(-9.0, 9.0, 40001)
    kernel_of(TABLE[name])(out, out)
    assert out.max() == 1.0
    assert out.min() == -1.0 if name == "erf" else out.min() > 0.0


# Primitives that users add


def row_of(f: Callable[..., Any], *operands: float) -> Primitive:
    p = f(*map(Value, operands))._primitive
    assert isinstance(p, Primitive)
    return p


@custom_derivative(lambda y, x, b: 1 / (x * ops.log(b)), lambda y, x, b: -y / (b * ops.log(b)))
def logarithm(x: float, b: float) -> float:
    return math.log(x) / math.log(b)


def test_a_primitive_of_ones_own_is_computed_element_by_element() -> None:
    p = row_of(logarithm, 8.0, 2.0)
    out = np.full((4, 6), 7.0)
    with noticed() as complaints:
        kernel_of(p)(np.array([[8.0], [32.0]]), np.array([2.0, 4.0, nan]), out[::2, ::2])
        kernel_of(p)(8.0, 2.0, out[1])
        kernel_of(p)(out[0], 3.0, out[0])
    assert not complaints
    np.testing.assert_array_equal(out[2, ::2], [5.0, 2.5, nan])
    assert np.all(out[1] == 3.0)
    assert out[0].tolist()[:3] == [logarithm(x, 3.0) for x in (3.0, 7.0, 1.5)]


@pytest.mark.parametrize(("x", "b"), [(0.0, 2.0), (-1.0, 2.0), (2.0, 1.0)])
def test_numpy_notices_that_a_primitive_of_ones_own_raises(x: float, b: float) -> None:
    out = np.empty(3)
    with noticed() as complaints:
        kernel_of(row_of(logarithm, 8.0, 2.0))(np.array([8.0, x, 4.0]), np.array([2.0, b, 2.0]), out)
    assert complaints
    np.testing.assert_array_equal(out, [3.0, nan, 2.0])


def test_a_primitive_of_ones_own_is_not_taken_for_another_of_its_name() -> None:
    @custom_derivative(lambda y, x: 1.0)
    def exp(x: float) -> float:
        return x + 1.0

    out = np.empty(2)
    kernel_of(row_of(exp, 1.0))(np.array([1.0, 2.0]), out)
    assert out.tolist() == [2.0, 3.0]


@pytest.mark.parametrize("name", [*ELSEWHERE, "sum", "mean", "dot", "max"])
def test_what_is_computed_elsewhere_has_no_kernel(name: str) -> None:
    with pytest.raises(KeyError):
        kernel_of(TABLE[name])


# Conditions


@pytest.mark.parametrize("symbol", COMPARISONS)
def test_comparisons_are_those_of_floats(symbol: str) -> None:
    a, b = columns(list(product(SPECIAL, repeat=2)))
    out = np.empty(a.shape, dtype=bool)
    with noticed() as complaints:
        LOGICAL_UFUNCS[symbol](a, b, out)
    assert out.tolist() == [COMPARISONS[symbol](x, y) for x, y in product(SPECIAL, repeat=2)]
    assert not complaints


def test_logic_is_that_of_conditions() -> None:
    a, b = np.array([False, False, True, True]), np.array([False, True, False, True])
    assert LOGICAL_UFUNCS["and"](a, b).tolist() == list(map(operator.and_, a, b))
    assert LOGICAL_UFUNCS["or"](a, b).tolist() == list(map(operator.or_, a, b))
    assert LOGICAL_UFUNCS["not"](a).tolist() == list(map(operator.not_, a))


# Any number of operands


def reduced(name: str, xs: list[float]) -> list[float]:
    """What the primitive gives for one row: one number, or for softmax one for each."""
    return ops.softmax(xs) if name == "softmax" else [TABLE[name].value(xs)]


def reduce_rows(name: str, rows: Sequence[Array], *, uniform: bool) -> tuple[list[Any], list[str]]:
    """The results for rows of terms, each an array of shape (n, ...), and what NumPy noticed."""
    lengths = [len(row) for row in rows]
    x = np.array(rows) if uniform else np.concatenate(rows)
    segments = Segments() if uniform else Segments(np.cumsum([0, *lengths[:-1]]))
    out = np.full(x.shape if name == "softmax" else (len(rows), *rows[0].shape[1:]), 7.0)
    with noticed() as complaints:
        reduction_of(name)(x, segments, out)
    each = name == "softmax" and not uniform
    return list(np.split(out, np.cumsum(lengths)[:-1]) if each else out), complaints


def check_rows(name: str, rows: Sequence[Array], *, uniform: bool) -> None:
    """That rows of shape (n, batch) give what the primitive gives for each element of the batch."""
    is_nan_made = False
    results, complaints = reduce_rows(name, rows, uniform=uniform)
    without_batch, _ = reduce_rows(name, [row[:, 0] for row in rows], uniform=uniform)
    for row, result, first in zip(rows, results, without_batch, strict=True):
        for k, xs in enumerate(row.T.tolist()):
            want = reduced(name, xs)
            # log1p of the sum may cancel the largest term.
            slack = 1e-15 * abs(max(xs)) if name == "logsumexp" and math.isfinite(max(xs)) else 1e-321
            np.testing.assert_allclose(np.ravel(result[..., k]), want, rtol=1e-13, atol=slack)
            if k == 0:
                np.testing.assert_allclose(np.ravel(first), want, rtol=1e-13, atol=slack)
            is_nan_made |= isnan(want[0]) and not any(map(isnan, xs))
    assert not complaints or (name == "prod" and is_nan_made)


def arrays(shape: tuple[int, ...], numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Array]:
    n = math.prod(shape)
    return st.lists(numbers, min_size=n, max_size=n).map(lambda xs: np.reshape(xs, shape))


NUMBERS = [floats_in((-50, 50)), floats_in(REAL), st.sampled_from(FEW), st.sampled_from([0.0, 1.0, 2.0, 3.0])]


@pytest.mark.parametrize("name", REDUCTIONS)
@settings(max_examples=40)
@given(data=st.data())
def test_reductions_equal_the_primitives_on_rows_of_one_length(name: str, data: st.DataObject) -> None:
    rows, n = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 9))
    numbers = data.draw(st.sampled_from(NUMBERS))
    check_rows(name, [data.draw(arrays((n, 2), numbers)) for _ in range(rows)], uniform=True)


@pytest.mark.parametrize("name", REDUCTIONS)
@settings(max_examples=40)
@given(data=st.data())
def test_reductions_equal_the_primitives_on_rows_of_various_lengths(name: str, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    numbers = data.draw(st.sampled_from(NUMBERS))
    check_rows(name, [data.draw(arrays((n, 2), numbers)) for n in lengths], uniform=False)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_long_rows_keep_their_digits(name: str) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.normal(1.0, 0.5, size=(500, 3)) for _ in range(3)]
    check_rows(name, rows, uniform=True)
    check_rows(name, rows, uniform=False)


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize(
    ("name", "terms", "result"),
    [
        ("logsumexp", [0.0, -40.0], math.exp(-40.0)),
        ("logsumexp", [-40.0, 0.0, -inf], math.exp(-40.0)),
        ("logsumexp", [1000.0, 1000.0], 1000.0 + math.log(2.0)),
        ("logsumexp", [-inf, -inf], -inf),
        ("logsumexp", [inf, LARGEST, inf], inf),
        ("logsumexp", [inf, nan], nan),
        ("logsumexp", [LARGEST, -LARGEST], LARGEST),
        ("norm", [3e200, 4e200], 5e200),
        ("norm", [3e-200, 4e-200], 5e-200),
        ("norm", [3e-157, 4e-157], 5e-157),
        ("norm", [3 * SMALLEST, 4 * SMALLEST], 5 * SMALLEST),
        ("norm", [0.0, -0.0], 0.0),
        ("norm", [nan, -inf], inf),
        ("norm", [nan, 0.0], nan),
        ("norm", [LARGEST, LARGEST], inf),
        ("prod", [1e200, 1e200, 1e-200, 1e-200], inf),
        ("max", [1.0, nan], nan),
        ("min", [nan, 1.0], nan),
        ("softmax", [inf, LARGEST, 1.0], [1.0, 0.0, 0.0]),
        ("softmax", [inf, inf, 1.0], [nan, nan, nan]),
        ("softmax", [-inf], [1.0]),
        ("softmax", [-inf, -inf], [nan, nan]),
        ("softmax", [inf, nan], [nan, nan]),
        ("softmax", [1000.0, 0.0], [1.0, 0.0]),
        ("softmax", [LARGEST, -LARGEST], [1.0, 0.0]),
    ],
)
def test_reductions_at_the_ends_of_the_range(
    name: str, terms: list[float], result: Any, uniform: bool
) -> None:
    # Another row must not be touched by what is done to this one.
    usual = [1.0, 2.0, 3.0, 4.0][: len(terms)]
    (got, other), complaints = reduce_rows(name, [np.array(terms), np.array(usual)], uniform=uniform)
    np.testing.assert_allclose(got, result, rtol=1e-15)
    np.testing.assert_allclose(np.ravel(other), reduced(name, usual), rtol=1e-15)
    assert not complaints


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_write_into_strided_arrays(name: str) -> None:
    x = np.array([[1.0, 2.0, 4.0], [3.0, 0.5, 0.25]])
    base = np.full((4, 6), 7.0)
    out = base[::2, ::2] if name == "softmax" else base[::2, 0]
    reduction_of(name)(x.copy(), Segments(), out)
    for row, got in zip(x.tolist(), out, strict=True):
        np.testing.assert_allclose(np.ravel(got), reduced(name, row), rtol=1e-14)
    assert np.all(base[1::2] == 7.0)


def test_segments_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Segments())).starts is None
    copied = pickle.loads(pickle.dumps(Segments(np.array([0, 2]))))
    assert copied.reduce(np.add, np.array([1.0, 2.0, 4.0])).tolist() == [3.0, 4.0]


@pytest.mark.parametrize("name", ["pow", "ieee_pow"])
def test_a_root_written_as_a_power_is_a_power_at_minus_infinity_and_minus_zero(name):
    x = np.array([-np.inf, -0.0, 4.0, np.inf])
    for out in (np.empty(4), x):
        kernel_of(TABLE[name])(x, np.array(0.5), out)
        assert out.tolist() == [np.inf, 0.0, 2.0, np.inf]
        assert not np.signbit(out).any()
