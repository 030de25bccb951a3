"""What a `Value` promises: recording, `backward`, `gradient`, comparisons, NumPy, threads, depth, memory."""

import copy
import gc
import math
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from math import inf, nan
from operator import and_, eq, ge, gt, le, lt, or_
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from autograd_lite import ops
from autograd_lite.engine import Condition, DomainError, Value, topological_order
from autograd_lite.ops import TABLE

FLOATS = st.floats()
FINITE = st.floats(-1e3, 1e3)


def same(a: Any, b: Any) -> bool:
    """Equality of floats for which NaN is NaN, and 0.0 is not -0.0."""
    assert type(a) is type(b) is float
    return math.isnan(a) and math.isnan(b) if a != b else math.copysign(1, a) == math.copysign(1, b)


# The number


@pytest.mark.parametrize(
    "data",
    [3, 3.0, True, Fraction(3, 1), Decimal(3), np.float64(3), np.float32(3), np.int64(3), np.array(3.0)],
)
def test_data_is_any_real_number_and_kept_as_a_float(data: Any) -> None:
    v = Value(data)
    assert type(v.data) is float
    assert v.data == float(data)


@pytest.mark.parametrize("data", ["3", b"3", 1j, None, [3.0], np.array([3.0]), Value(3.0), object()])
def test_data_that_is_no_real_number_is_a_type_error_that_says_what_came(data: Any) -> None:
    with pytest.raises(TypeError):
        Value(data)
    v = Value(1.0)
    with pytest.raises(TypeError):
        v.data = data
    with pytest.raises(TypeError):
        v.grad = "1" if data is None else data
    assert (v.data, v.grad) == (1.0, 0.0)


def test_the_error_names_what_came() -> None:
    with pytest.raises(TypeError, match="a real number for the data of a Value, but got '3' of type str"):
        Value("3")


def test_a_leaf_knows_its_number_and_label_and_nothing_else() -> None:
    v = Value(2, label="x")
    assert (v.data, v.grad, v.has_grad, v.label) == (2.0, 0.0, False, "x")
    assert (v.op, v.symbol, v.inputs, v.partials) == ("", "", (), ())
    assert repr(v) == "Value(data=2.0, grad=0.0, label='x')"


def test_labels_are_strings_and_may_be_given_later() -> None:
    v = Value(1.0) + Value(2.0)
    assert v.label == ""
    v.label = "sum"
    assert v.label == "sum"
    v.label = ""
    assert v.label == ""
    for wrong in (None, 3, b"x"):
        with pytest.raises(TypeError, match="expected a string for a label"):
            Value(1.0, label=wrong)


@given(FINITE)
def test_formats_are_those_of_the_number(x: float) -> None:
    v = Value(x)
    assert f"{v:.4f}" == f"{x:.4f}"
    assert f"{v:>12.3e}" == f"{x:>12.3e}"
    assert f"{v}" == str(v) == repr(v)


@pytest.mark.parametrize(
    "convert",
    [
        math.exp, float, int, complex, lambda v: np.array([v], dtype=float), lambda v: [0, 1][v], round,
        lambda v: math.fsum([v]), lambda v: np.zeros(3).__setitem__(0, v),
    ],
)  # fmt: skip
def test_nothing_loses_the_graph_in_silence(convert: Callable[[Value], Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        convert(Value(1.0))


@pytest.mark.parametrize("convert", [math.exp, float, int])
def test_the_refusal_says_what_to_write_instead(convert: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"autograd_lite\.exp\(v\).*v\.data"):
        convert(Value(1.0))


def test_a_value_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match=r"v\.data != 0"):
        bool(Value(1.0))


def test_equality_and_hash_are_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    same_object = a
    assert a == same_object
    assert a != b
    assert len({a, b, same_object}) == 2
    assert {a: "a", b: "b"}[b] == "b"


# Conditions


@pytest.mark.parametrize("compare", [lt, le, gt, ge])
@given(a=FLOATS, b=FLOATS)
def test_comparisons_compare_data(compare: Callable[[Any, Any], Any], a: float, b: float) -> None:
    expected = compare(a, b)
    for condition in (compare(Value(a), Value(b)), compare(Value(a), b), compare(a, Value(b))):
        assert isinstance(condition, Condition)
        assert bool(condition) == expected
        assert (1 if condition else 0) == expected


@given(st.booleans(), st.booleans())
def test_conditions_combine(p: bool, q: bool) -> None:
    x = Value(1.0)
    a, b = (x > (0 if holds else 2) for holds in (p, q))
    assert bool(a & b) == (p and q)
    assert bool(a | b) == (p or q)
    assert bool(~a) == (not p)
    assert bool(a & q) == bool(q & a) == (p and q)
    assert bool(a | q) == bool(q | a) == (p or q)


def test_a_condition_remembers_and_shows_what_was_compared() -> None:
    x, y = Value(2.0, label="x"), Value(1.0)
    condition = (x > y) & ~(x <= 0)
    assert (condition.symbol, condition.holds) == ("and", True)
    assert [c.symbol for c in condition.inputs] == [">", "not"]
    assert condition.inputs[0].inputs == (x, y)
    assert repr(x > y) == "Condition(x > 1.0: True)"
    assert repr(~(x > y)) == "Condition(not (x > 1.0): False)"
    assert repr(~~(x > y)) == "Condition(not (...): True)"


def test_comparison_with_what_has_no_order_is_a_type_error() -> None:
    for other in ("3", None, 1j):
        with pytest.raises(TypeError):
            Value(1.0) < other  # noqa: B015


@given(FINITE.filter(bool))
def test_where_records_the_choice(x: float) -> None:
    v, a, b = Value(x), Value(2.0), Value(3.0)
    condition = v > 0
    y = ops.where(condition, a, b)
    assert (y.op, y.inputs) == ("where", (condition, a, b))
    assert y.data == (2.0 if x > 0 else 3.0)
    y.backward()
    assert (a.grad, b.grad, v.grad) == (float(x > 0), float(x < 0), 0.0)


def test_where_of_a_condition_and_numbers_is_recorded() -> None:
    y = ops.where(Value(1.0) > 0, 2.0, 3.0)
    assert isinstance(y, Value)
    assert y.data == 2.0
    assert y.partials == (None, None, None)
    y.backward()
    assert y.grad == 1.0


# The record


X, Y = Value(3.0), Value(2.0)


@pytest.mark.parametrize(
    ("node", "op", "inputs", "partials"),
    [
        (X + Y, "add", (X, Y), (1, 1)),
        (X * Y, "mul", (X, Y), (2, 3)),
        (X * X, "mul", (X, X), (3, 3)),
        (X - Y, "sub", (X, Y), (1, -1)),
        (X / Y, "div", (X, Y), (0.5, -0.75)),
        (X**Y, "pow", (X, Y), (6, 9 * math.log(3))),
        (-X, "neg", (X,), (-1,)),
        (abs(-X), "abs", None, (-1,)),
        (X + 2, "add", (X, 2.0), (1, None)),
        (X - 2, "sub", (X, 2.0), (1, None)),
        (X**2, "pow", (X, 2.0), (6, None)),
        (X / 2, "div", (X, 2.0), (0.5, None)),
        (2 + X, "add", (X, 2.0), (1, None)),
        (2 * X, "mul", (X, 2.0), (2, None)),
        (2 - X, "sub", (2.0, X), (None, -1)),
        (3 / Y, "div", (3.0, Y), (None, -0.75)),
        (2**X, "pow", (2.0, X), (None, 8 * math.log(2))),
        (ops.add(2.0, X), "add", (2.0, X), (None, 1)),
        (ops.maximum(1, X), "maximum", (1.0, X), (None, 1)),
        (X.maximum(4), "maximum", (X, 4.0), (0, None)),
        (X.exp(), "exp", (X,), (math.exp(3),)),
        (X.relu(), "relu", (X,), (1,)),
        (X.clip(0, 1), "clip", (X, 0.0, 1.0), (0, None, None)),
        (ops.clip(0.5, X, 4), "clip", (0.5, X, 4.0), (None, 1, None)),
        (ops.sum([X, Y, X]), "sum", (X, Y, X), (1, 1, 1)),
        (ops.sum([X, 1, Y]), "sum", (X, 1.0, Y), (1, None, 1)),
        (ops.sum([1, X]), "sum", (1.0, X), (None, 1)),
        (ops.sum([X, 1]), "sum", (X, 1.0), (1, None)),
        (ops.dot([X, Y], [X, 5]), "dot", (X, Y, X, 5.0), (3, 5, 3, None)),
        (ops.dot([X, Y], [4.0, 5.0]), "dot", (X, Y, 4.0, 5.0), (4, 5, None, None)),
        (ops.dot([4.0, 5.0], [X, Y]), "dot", (4.0, 5.0, X, Y), (None, None, 4, 5)),
        (ops.dot([X, 5], [4, Y]), "dot", (X, 5.0, 4.0, Y), (4, None, None, 5)),
        (ops.max([X, Y, 9]), "max", (X, Y, 9.0), (0, 0, None)),
        (ops.prod([2, X, Y]), "prod", (2.0, X, Y), (None, 4, 6)),
        (ops.norm([4, X]), "norm", (4.0, X), (None, 0.6)),
        (ops.softmax([X, X])[1], "softmax", (X, X, 1.0), (-0.25, 0.25, None)),
    ],
)  # fmt: skip
def test_a_node_knows_its_operation_operands_and_local_derivatives(
    node: Value, op: str, inputs: tuple[Any, ...] | None, partials: tuple[Any, ...]
) -> None:
    assert (node.op, node.symbol) == (op, TABLE[op].symbol)
    if inputs is not None:
        assert node.inputs == inputs
        assert all(type(x) in (Value, float) for x in node.inputs)
    for got, expected in zip(node.partials, partials, strict=True):
        assert (got is None) == (expected is None)
        assert got is None or (type(got) is float and got == pytest.approx(expected, rel=1e-15))


@pytest.mark.parametrize("p", ["add", "mul"])
@given(a=FLOATS, b=FLOATS)
def test_the_operators_written_out_are_the_rows_of_the_table(p: str, a: float, b: float) -> None:
    row = TABLE[p]
    y = Value(a) + Value(b) if p == "add" else Value(a) * Value(b)
    assert y.op == p
    expected = row.value(a, b)
    assert same(y.data, expected)
    assert all(map(same, y.partials, [d(expected, a, b) for d in row.partials]))


@given(FLOATS)
def test_relu_written_out_is_the_row_of_the_table(x: float) -> None:
    y, row = Value(x).relu(), TABLE["relu"]
    assert same(y.data, row.value(x))
    assert same(y.partials[0], row.partials[0](y.data, x))


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1), st.booleans())
def test_dot_written_out_is_the_row_of_the_table(pairs: list[tuple[float, float]], constant: bool) -> None:
    a, b = zip(*pairs, strict=True)
    y, row = ops.dot(list(map(Value, a)), list(b) if constant else list(map(Value, b))), TABLE["dot"]
    assert y.op == "dot"
    assert same(y.data, row.value([*a, *b]))
    partials = row.partials(y.data, [*a, *b])
    if constant:
        partials[len(a) :] = [None] * len(b)
    assert all(d is e or same(d, e) for d, e in zip(y.partials, partials, strict=True))


@pytest.mark.parametrize("wrong", ["3", 1j, None, [1.0]])
def test_operators_refuse_what_is_no_number(wrong: Any) -> None:
    for operation in (
        lambda v, w: v + w, lambda v, w: w * v, lambda v, w: v - w, lambda v, w: w / v, lambda v, w: v**w,
    ):  # fmt: skip
        with pytest.raises(TypeError):
            operation(Value(1.0), wrong)


def test_the_order_of_a_graph_has_operands_first_and_each_node_once() -> None:
    x = Value(1.0)
    y = x.exp()
    z = ops.where(y > x, y * x, ops.sum([x, y, 2.0]))
    order = topological_order(z, y)
    assert set(order) == {x, y, z, z.inputs[1], z.inputs[2]}
    assert len(order) == 5
    place = {v: i for i, v in enumerate(order)}
    assert all(place[i] < place[v] for v in order for i in v.inputs if isinstance(i, Value))


# backward


def polynomial(x: Value, y: Value) -> Value:
    """With a shared node, a node used twice by one node, constants and n-ary nodes."""
    a = x * y + 1
    b = a * a - 2 / y
    return ops.sum([b, a + a, x]) * ops.dot([a, x], [y, 3.0])


def polynomial_slopes(x: float, y: float) -> tuple[float, float]:
    a = x * y + 1
    u, v = a * a - 2 / y + 2 * a + x, a * y + 3 * x
    return (2 * a * y + 2 * y + 1) * v + u * (y * y + 3), (2 * a * x + 2 / y**2 + 2 * x) * v + u * (x * y + a)


@given(FINITE, st.floats(0.1, 10))
def test_backward_is_the_chain_rule(x: float, y: float) -> None:
    a, b = Value(x), Value(y)
    polynomial(a, b).backward()
    scale = (abs(x) + abs(y) + 1 / y + 1) ** 6
    assert (a.grad, b.grad) == pytest.approx(polynomial_slopes(x, y), rel=1e-12, abs=1e-15 * scale)


@given(FINITE, st.floats(0.1, 10), st.integers(1, 5))
def test_backward_again_adds_to_the_leaves_and_to_nothing_else(x: float, y: float, times: int) -> None:
    a, b = Value(x), Value(y)
    z = polynomial(a, b)
    z.backward()
    once = {v: v.grad for v in topological_order(z)}
    for _ in range(times - 1):
        z.backward()
    for v, grad in once.items():
        expected = grad if v.op else sum([grad] * times)
        assert v.grad == pytest.approx(expected, rel=1e-15 * times, abs=0)


@given(FINITE, st.floats(0.1, 10))
def test_backward_twice_doubles_the_leaves_exactly(x: float, y: float) -> None:
    a, b = Value(x), Value(y)
    z = polynomial(a, b)
    z.backward()
    first = a.grad, b.grad
    z.backward()
    assert (a.grad, b.grad) == (2 * first[0], 2 * first[1])


def test_interior_gradients_are_those_of_the_last_pass() -> None:
    x = Value(2.0)
    shared = x * 3
    first, second = shared * 5, shared * 7
    first.backward()
    second.backward()
    assert shared.grad == 7.0
    assert (first.grad, second.grad) == (1.0, 1.0)
    assert x.grad == 36.0


def test_a_gradient_set_to_0_starts_anew() -> None:
    x = Value(2.0)
    y = x * x
    y.backward()
    x.grad = 0
    y.backward()
    assert x.grad == 4.0


def test_backward_of_a_leaf_adds_1() -> None:
    x = Value(5.0)
    assert not x.has_grad
    x.backward()
    x.backward()
    assert x.has_grad
    assert x.grad == 2.0


def test_has_grad_says_whether_backward_came_by() -> None:
    x, y, z = Value(1.0), Value(2.0), Value(3.0)
    s = x * y
    s.backward()
    assert [v.has_grad for v in (x, y, z, s)] == [True, True, False, True]


def test_the_derivative_recorded_does_not_follow_a_later_change_of_data() -> None:
    x, y = Value(3.0), Value(4.0)
    results = [x * y, ops.dot([x, y], [y, x]), x**2, x.exp(), ops.prod([x, y, 2.0])]
    x.data, y.data = 100.0, -7.0
    slopes = []
    for z in results:
        x.grad = 0.0
        z.backward()
        slopes.append(x.grad)
    assert slopes == pytest.approx([4.0, 8.0, 6.0, math.exp(3), 8.0])
    assert [z.data for z in results] == pytest.approx([12.0, 24.0, 9.0, math.exp(3), 24.0])


class Interruption(BaseException):
    """What a test throws into a running backward."""


class Explosive(float):
    """A local derivative whose use raises."""

    def __rmul__(self, other: Any) -> float:
        raise Interruption


@pytest.mark.parametrize("before", [None, 0.0, 2.5])
def test_an_interrupted_backward_leaves_the_leaves_as_they_were(before: float | None) -> None:
    x, y, unrelated = Value(2.0), Value(3.0), Value(1.0)
    for leaf in (x, y):
        if before is not None:
            leaf.grad = before
    poisoned = x.exp()
    poisoned._da = Explosive(1.0)
    z = ops.sum([x * y, poisoned * y, x, unrelated])
    with pytest.raises(Interruption):
        z.backward()
    for leaf in (x, y):
        assert leaf.has_grad == (before is not None)
        assert leaf.grad == (before or 0.0)
    assert not unrelated.has_grad
    poisoned._da = math.exp(2)
    z.backward()
    assert x.grad == pytest.approx((before or 0.0) + 3 + 3 * math.exp(2) + 1)


def test_infinite_and_nan_derivatives_are_passed_on() -> None:
    x = Value(0.0)
    x.sqrt().backward()
    assert x.grad == inf
    y, z = Value(nan), Value(1.0)
    (y * z).backward()
    assert math.isnan(z.grad)
    assert y.grad == 1.0


# gradient


@given(FINITE, st.floats(0.1, 10))
def test_gradient_is_what_backward_leaves_and_touches_no_grad(x: float, y: float) -> None:
    a, b = Value(x), Value(y)
    z = polynomial(a, b)
    slopes = z.gradient([a, b])
    assert not any(v.has_grad for v in topological_order(z, *slopes))
    z.backward()
    scale = (abs(x) + abs(y) + 1 / y + 1) ** 6
    assert [s.data for s in slopes] == pytest.approx([a.grad, b.grad], rel=1e-12, abs=1e-15 * scale)
    before = {v: v.grad for v in topological_order(z)}
    z.gradient([a, b])[0].gradient(a)
    assert {v: v.grad for v in topological_order(z)} == before


def test_gradient_takes_one_node_or_any_iterable_of_them() -> None:
    x, y = Value(2.0), Value(3.0)
    z = x * y
    assert isinstance(z.gradient(x), Value)
    for several in ([x, y], (x, y), iter([x, y]), {x: 1, y: 2}):
        slopes = z.gradient(several)
        assert isinstance(slopes, list)
        assert [s.data for s in slopes] == [3.0, 2.0]
    assert z.gradient([]) == []
    assert [s.data for s in z.gradient([x, x])] == [3.0, 3.0]


def test_gradient_by_nodes_that_are_no_leaves() -> None:
    x = Value(2.0)
    u = x * x
    v = u.exp()
    z = u * v
    by_u, by_v, by_z, by_x = (s.data for s in z.gradient([u, v, z, x]))
    e = math.exp(4)
    assert (by_u, by_v, by_z, by_x) == pytest.approx((e + 4 * e, 4.0, 1.0, (e + 4 * e) * 4), rel=1e-15)


def test_gradient_by_what_was_not_used_is_0() -> None:
    x, unused = Value(2.0), Value(3.0)
    slope = (x * x).gradient(unused)
    assert isinstance(slope, Value)
    assert slope.data == 0.0
    assert Value(1.0).gradient(x).data == 0.0
    assert x.gradient(x).data == 1.0


@pytest.mark.parametrize("wrong", [3.0, "x", None, [1.0], [None]])
def test_gradient_by_what_is_no_value_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Value(1.0).exp().gradient(wrong)


@given(st.floats(-3, 3), st.integers(1, 6))
def test_derivatives_of_derivatives_have_closed_forms(x: float, order: int) -> None:
    forms: list[tuple[Callable[[Value], Value], Callable[[float], float]]] = [
        (lambda v: v.exp(), lambda t: math.exp(t)),
        (lambda v: (2 * v).sin(), lambda t: 2**order * math.sin(2 * t + order * math.pi / 2)),
        (lambda v: v**4, lambda t: math.perm(4, order) * t ** max(4 - order, 0)),
        (lambda v: 1 / (v + 4), lambda t: (-1) ** order * math.factorial(order) / (t + 4) ** (order + 1)),
    ]
    for f, derivative in forms:
        v = Value(x)
        y = f(v)
        for _ in range(order):
            y = y.gradient(v)
        assert y.data == pytest.approx(derivative(x), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["tanh", "sigmoid", "softplus", "erf", "gelu", "silu", "mish", "arctan", "arcsinh"]
)
@pytest.mark.parametrize("x", [-1.7, 0.0, 0.4, 2.2])
def test_fifth_derivatives_against_mpmath(name: str, x: float) -> None:
    f: Callable[[Any], Any] = {
        "tanh": mp.tanh,
        "sigmoid": lambda t: 1 / (1 + mp.exp(-t)),
        "softplus": lambda t: mp.log(1 + mp.exp(t)),
        "erf": mp.erf,
        "gelu": lambda t: t * mp.ncdf(t),
        "silu": lambda t: t / (1 + mp.exp(-t)),
        "mish": lambda t: t * mp.tanh(mp.log(1 + mp.exp(t))),
        "arctan": mp.atan,
        "arcsinh": mp.asinh,
    }[name]
    v = Value(x)
    y = getattr(v, name)()
    for order in range(1, 6):
        y = y.gradient(v)
        with mp.workdps(40):
            assert y.data == pytest.approx(float(mp.diff(f, mp.mpf(x), order)), rel=1e-11, abs=1e-13)


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=4))
def test_second_derivatives_are_symmetric(data: list[float]) -> None:
    xs = [Value(x) for x in data]
    y = ops.logsumexp(xs) * ops.prod(xs) + ops.norm([*xs, 1.0]).tanh()
    rows = [slope.gradient(xs) for slope in y.gradient(xs)]
    for i in range(len(xs)):
        for j in range(i):
            assert rows[i][j].data == pytest.approx(rows[j][i].data, rel=1e-12, abs=1e-13)


# Depth

CHAIN = 1_000_000


def test_a_chain_of_a_million_operations_is_built_differentiated_and_freed() -> None:
    limit = sys.getrecursionlimit()
    x = Value(1.0)
    y = x
    for _ in range(CHAIN // 2):
        y = (y + x) * 1.0
    assert y.data == CHAIN // 2 + 1
    y.backward()
    assert x.grad == CHAIN // 2 + 1
    slope = y.gradient(x)
    assert slope.data == CHAIN // 2 + 1
    del slope
    reference = weakref_to_data(y)
    del y
    assert reference() is None
    assert sys.getrecursionlimit() == limit


def weakref_to_data(v: Value) -> Callable[[], Any]:
    """A reference that is gone when `v` is; Values have no slot for weak references, so a label's is used."""

    class Label(str):
        __slots__ = ("__weakref__",)

    v.label = Label("end of the chain")
    return weakref.ref(v.label)


def test_a_chain_of_a_hundred_thousand_nary_nodes() -> None:
    n = 100_000
    x = Value(1.0)
    y = x
    for i in range(n):
        y = ops.sum([y, x, 1.0]) if i % 2 else ops.dot([y, x], [1.0, 2.0])
    assert y.data == 1 + 2 * n // 2 + 2 * n // 2
    y.backward()
    assert x.grad == 1 + n // 2 + 2 * (n // 2)
    assert y.gradient(x).data == x.grad


def test_a_chain_of_fifty_thousand_choices() -> None:
    x = Value(1.0)
    y = x
    for _ in range(50_000):
        y = ops.where(~(y < 0), y, x)
    assert y.gradient(x).data == 1.0
    y.backward()
    assert x.grad == 1.0


# Memory


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_graphs_make_no_reference_cycles() -> None:
    with collector_off():
        x, y = Value(1.5), Value(2.5)
        z = polynomial(x, y) + ops.where(x > y, x.tanh(), ops.softmax([x, y, 1.0])[0])
        z.backward()
        slope = z.gradient(x)
        curvature = slope.gradient(y)
        curvature.backward()
        del x, y, z, slope, curvature
        assert gc.collect() == 0


@pytest.mark.parametrize("enabled", [True, False])
def test_backward_leaves_the_collector_as_it_was(enabled: bool) -> None:
    try:
        if not enabled:
            gc.disable()
        Value(1.0).exp().backward()
        broken = Value(1.0).exp()
        broken._da = Explosive(1.0)
        with pytest.raises(Interruption):
            broken.backward()
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


# Copies


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_leaves_are_copied_with_data_grad_and_label(duplicate: Callable[[Value], Value]) -> None:
    x = Value(2.0, label="x")
    x.exp().backward()
    twin = duplicate(x)
    assert twin is not x
    assert (twin.data, twin.grad, twin.has_grad, twin.label, twin.op) == (2.0, x.grad, True, "x", "")
    twin.data = 3.0
    (twin * twin).backward()
    assert (x.data, x.grad) == (2.0, math.exp(2))
    assert not duplicate(Value(1.0)).has_grad


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_results_are_not_copied(duplicate: Callable[[Value], Any]) -> None:
    with pytest.raises(TypeError, match=r"computed \(here by exp\) cannot be copied or pickled"):
        duplicate(Value(1.0).exp())


# Threads


def test_graphs_in_several_threads_do_not_meet() -> None:
    def work(seed: int) -> tuple[float, float, float]:
        x, y = Value(1 + seed / 100), Value(2 - seed / 100)
        for _ in range(20):
            x.grad = y.grad = 0.0
            z = polynomial(x, y)
            z.backward()
            slope = z.gradient(x).data
        return x.grad, y.grad, slope

    seeds = range(64)
    alone = [work(seed) for seed in seeds]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, seeds)) == alone


def test_gradient_of_graphs_that_share_leaves_in_several_threads() -> None:
    x, y = Value(1.5), Value(2.5)
    expected = polynomial(x, y).gradient(x).data
    with ThreadPoolExecutor(8) as pool:
        slopes = list(pool.map(lambda _: polynomial(x, y).gradient(x).data, range(200)))
    assert slopes == [expected] * 200


# NumPy

NUMPY_UNARY = [
    name for name, p in TABLE.items() if len(p.operands) == 1 and not p.is_nary and hasattr(np, name)
]


@pytest.mark.parametrize("name", NUMPY_UNARY)
def test_functions_of_numpy_are_the_primitives(name: str) -> None:
    v = Value(1.0 if name == "arccosh" else 0.5)
    y = getattr(np, name)(v)
    assert isinstance(y, Value)
    assert (y.op, y.inputs) == (name, (v,))
    assert [z.data for z in getattr(np, name)(np.array([v, v]))] == pytest.approx([y.data] * 2)


@pytest.mark.parametrize("name", ["maximum", "minimum", "hypot", "arctan2"])
def test_functions_of_two_operands_of_numpy(name: str) -> None:
    v = Value(0.5)
    function = getattr(np, name)
    assert function(v, 2.0).inputs == (v, 2.0)
    assert function(2.0, v).inputs == (2.0, v)
    assert [y.op for y in function(np.array([1.0, 2.0]), v)] == [name] * 2


@pytest.mark.parametrize(
    ("compute", "op"),
    [
        (lambda v, c: c * v, "mul"), (lambda v, c: v * c, "mul"), (lambda v, c: c + v, "add"),
        (lambda v, c: v + c, "add"), (lambda v, c: c - v, "sub"), (lambda v, c: v - c, "sub"),
        (lambda v, c: c / v, "div"), (lambda v, c: v / c, "div"), (lambda v, c: v**c, "pow"),
        (lambda v, c: c**v, "pow"),
    ],
)  # fmt: skip
def test_operators_with_numpy_numbers_and_arrays(compute: Callable[[Any, Any], Any], op: str) -> None:
    v = Value(3.0)
    expected = compute(3.0, 2.0)
    for number in (np.float64(2), np.float32(2), np.int64(2), np.array(2.0)):
        y = compute(v, number)
        assert isinstance(y, Value)
        assert (y.op, y.data) == (op, expected)
        assert all(type(x) in (float, Value) for x in y.inputs)
    for array in (np.array([2.0, 4.0]), np.array([2, 4]), np.array([[2.0], [4.0]])):
        ys = compute(v, array)
        assert isinstance(ys, np.ndarray)
        assert ys.shape == array.shape
        assert [y.data for y in ys.ravel()] == [compute(3.0, float(c)) for c in array.ravel()]
        assert {y.op for y in ys.ravel()} == {op}


def test_comparisons_with_numpy_numbers_and_arrays() -> None:
    v = Value(3.0)
    assert isinstance(v > np.float64(2), Condition)
    assert bool(np.float64(2) < v)
    assert [bool(c) for c in v > np.array([2.0, 4.0])] == [True, False]
    assert [bool(c) for c in np.array([2.0, 4.0]) > v] == [False, True]
    assert [bool(c) for c in np.array([v, v]) > np.array([2.0, 4.0])] == [True, False]


def test_matrix_products_of_values() -> None:
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x = np.array([5.0, 6.0])
    ys = w @ x
    assert [y.data for y in ys] == [17.0, 39.0]
    ys.sum().backward()
    assert [v.grad for v in w.ravel()] == [5.0, 6.0, 5.0, 6.0]


def test_functions_of_numpy_that_are_no_primitives_are_a_type_error() -> None:
    for function in (np.floor, np.isnan, np.sign):
        with pytest.raises(TypeError):
            function(Value(1.0))
    with pytest.raises(TypeError):
        np.add(Value(1.0), 1.0, out=np.zeros(1))


# Bad numbers


def test_operators_outside_the_domain_name_the_operand() -> None:
    zero = Value(0.0, label="zero")
    for compute in (lambda: 1 / zero, lambda: Value(1.0) / zero, zero.log, zero.reciprocal):
        with pytest.raises(DomainError, match=r"0\.0 \(the Value labelled 'zero'\)"):
            compute()
    with pytest.raises(DomainError, match=r"div is defined for b != 0, but got b = 0\.0"):
        Value(1.0) / 0


def test_overflow_follows_ieee_and_so_does_its_derivative() -> None:
    x = Value(1000.0)
    y = x.exp()
    y.backward()
    assert (y.data, x.grad) == (inf, inf)


# micrograd's programs


def test_micrograds_private_names() -> None:
    x, y = Value(2.0), Value(3.0)
    assert (x + y)._prev == {x, y}
    assert (x * x)._prev == {x}
    assert sorted(v.data for v in (x + 1)._prev) == [1.0, 2.0]
    assert x._prev == set()
    nodes = [x + y, x * y, x**3, x.relu(), x]
    assert [v._op for v in nodes] == ["+", "*", "**3", "ReLU", ""]


def test_micrograds_sum_starts_from_0() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    total = sum(xs)
    total.backward()
    assert total.data == 6.0
    assert [x.grad for x in xs] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("number", [np.str_("3"), np.complex128(1 + 2j), np.timedelta64(3), np.array("3")])
def test_numpy_text_times_and_complex_numbers_are_no_real_numbers(number: Any) -> None:
    with pytest.raises(TypeError, match="expected a real number"):
        Value(number)
    with pytest.raises(TypeError, match="expected a real number"):
        ops.dot([Value(1.0), Value(2.0)], [1.0, number])


def test_numbers_beyond_the_range_of_floats_are_infinite() -> None:
    assert (Value(10**400).data, Value(-(10**400)).data) == (inf, -inf)
    assert Value(1.0) < 10**400


def test_conditions_are_no_numbers() -> None:
    v = Value(2.0)
    for wrong in (lambda: ops.exp(v > 0), lambda: ops.maximum(v > 0, v), lambda: ops.where(v > 0, v > 1, v)):
        with pytest.raises(TypeError, match="expected a real number"):
            wrong()


@pytest.mark.parametrize("other", [None, "a", 1.0, Value(1.0)])
def test_conditions_combine_with_conditions_only(other: Any) -> None:
    condition = Value(2.0) > 0
    for combine in (and_, or_):
        with pytest.raises(TypeError, match="unsupported operand"):
            combine(condition, other)
    assert (True & condition).holds
    assert (False | condition).holds


def test_values_equal_no_numpy_number() -> None:
    v = Value(2.0)
    assert eq(v, np.float64(2.0)) is False
    assert v != np.float64(2.0)
    assert v not in [np.float64(2.0)]


def test_a_masked_array_is_no_value() -> None:
    with pytest.raises(TypeError):
        ops.sum([Value(1.0), np.ma.array([1.0])])


def test_a_gradient_of_changed_data_is_refused() -> None:
    x = Value(1.0)
    y = ops.exp(x) * x
    x.data = 2.0
    with pytest.raises(RuntimeError, match="changed after"):
        y.gradient(x)
    y.backward()
    assert x.grad == 2.0 * math.e


def test_a_derivative_is_a_node_of_its_own() -> None:
    x, y = Value(3.0), Value(4.0, label="y")
    derivative = (x * y).gradient(x)
    assert derivative is not y
    assert derivative.data == 4.0
    assert derivative.gradient(y).data == 1.0


def test_none_forgets_a_gradient() -> None:
    x = Value(3.0)
    x.backward()
    x.grad = None
    assert (x.grad, x.has_grad) == (0.0, False)


def test_the_walk_starts_at_values() -> None:
    with pytest.raises(TypeError, match="expected Values"):
        topological_order(3)  # type: ignore[arg-type]


def test_derivatives_of_one_call_are_nodes_of_their_own() -> None:
    x, y = Value(3.0), Value(4.0)
    by_x, by_y = ((x + y) ** 2).gradient([x, y])
    assert by_x is not by_y
    assert by_x.data == by_y.data == 14.0


@pytest.mark.parametrize(("function", "data"), [("log", 0.0), ("arcsin", 3.0), ("log1p", -1.0)])
def test_data_changed_to_outside_the_domain_are_changed_data(function: str, data: float) -> None:
    x = Value(0.5)
    y = getattr(ops, function)(x)
    x.data = data
    with pytest.raises(RuntimeError, match="changed after"):
        y.gradient(x)


@pytest.mark.parametrize("dtype", ["M8[ns]", "m8", "U3", complex])
def test_arrays_of_anything_but_real_numbers_are_refused(dtype: Any) -> None:
    with pytest.raises(TypeError, match="expected an array of real numbers"):
        ops.exp(np.zeros(2, dtype=dtype))


def test_long_doubles_meet_values() -> None:
    assert np.longdouble(1) < Value(2.0)
    assert all(Value(2.0) > np.array([1.0, 0.5], dtype=np.longdouble))


def test_decimals_are_numbers_for_operators_too() -> None:
    assert (Value(1.0) + Decimal("1.5")).data == 2.5
    assert (Decimal("1.5") - Value(1.0)).data == 0.5
    assert Value(1.0) < Decimal("1.5")
    with pytest.raises(TypeError, match="expected a real number"):
        Value(Decimal("sNaN"))
