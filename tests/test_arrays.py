"""Arrays of Values through NumPy: numbers as NumPy's on floats, derivatives as differences, nothing lost."""

import copy
import math
import operator
import pickle
from collections.abc import Callable
from decimal import Decimal
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import array, data, grads, ops
from autograd_lite.arrays import ValueArray
from autograd_lite.engine import DomainError, Value, topological_order


def plain(a: Any) -> Any:
    """An array of leaves that NumPy alone made."""
    return np.array([Value(x) for x in np.ravel(a)] + [None], dtype=object)[:-1].reshape(np.shape(a))


KINDS = {"array": array, "plain": plain}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def sample(*shape: int, seed: int = 0, low: float = 0.2, high: float = 1.8) -> Any:
    """Different numbers, none near a kink of the functions below."""
    size = math.prod(shape)
    steps = np.random.default_rng(seed).permutation(size) + 0.5
    return (low + (high - low) * (steps / max(size, 1)) ** 1.1).reshape(shape)


def differences(f: Callable[..., Any], arguments: list[Any], weights: Any) -> list[Any]:
    """The gradient of the weighted sum of the results, by central differences of floats."""
    h = 1e-6
    slopes = [np.zeros(a.shape) for a in arguments]
    for a, slope in zip(arguments, slopes, strict=True):
        for i in np.ndindex(a.shape):
            before = a[i]
            ends = []
            for step in (h, -h):
                a[i] = before + step
                ends.append(np.sum(weights * f(*arguments)))
            a[i] = before
            slope[i] = (ends[0] - ends[1]) / (2 * h)
    return slopes


def check(f: Callable[..., Any], *arguments: Any, make: Callable[[Any], Any] = array) -> Any:
    """That a function of arrays has NumPy's values on arrays of Values, and derivatives by all of them."""
    arguments = [np.array(a, dtype=float) for a in arguments]  # type: ignore[assignment]
    expected = np.asarray(f(*arguments))
    leaves = [make(a) for a in arguments]
    result = f(*leaves)
    assert np.shape(result) == expected.shape
    assert data(result).ravel().tolist() == pytest.approx(expected.ravel().tolist(), rel=1e-13, abs=1e-14)
    weights = np.cos(np.arange(expected.size)).reshape(expected.shape)
    ops.sum(
        [w * y for w, y in zip(np.ravel(weights), np.ravel(result), strict=True)] + [Value(0.0)]
    ).backward()
    for leaf, slope in zip(leaves, differences(f, arguments, weights), strict=True):  # type: ignore[arg-type]
        assert grads(leaf).ravel().tolist() == pytest.approx(slope.ravel().tolist(), rel=1e-6, abs=1e-7)
    return result


# In and out


@given(st.lists(st.floats(allow_nan=False), max_size=6))
def test_data_are_what_the_array_was_made_of(numbers: list[float]) -> None:
    a = array(numbers)
    assert isinstance(a, ValueArray)
    assert a.dtype == object
    assert all(isinstance(v, Value) and not v.op for v in a)
    assert data(a).dtype == np.float64
    assert data(a).tolist() == numbers
    assert grads(a).tolist() == [0.0] * len(numbers)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 2), (0,), (2, 0), (0, 3)])
def test_shapes_are_kept(shape: tuple[int, ...]) -> None:
    a = sample(*shape)
    assert array(a).shape == data(array(a)).shape == grads(array(a)).shape == shape
    assert data(array(a)).tolist() == a.tolist()


@pytest.mark.parametrize(
    "numbers",
    [
        [[1, 2], [3, 4]], ((1.0, 2.0), (3.0, 4.0)), np.array([[1, 2], [3, 4]]), [np.array([1, 2]), [3.0, 4]],
        np.array([[1, 2], [3, 4]], dtype=np.float32), np.array([[1, 2], [3, 4]], dtype=np.uint8),
        np.array([[1, 2], [3, 4]], dtype=object), [[Decimal(1), np.float64(2)], [np.int8(3), True + 3]],
        np.array([[1, 3], [2, 4]], order="F").T, [range(1, 3), range(3, 5)],
    ],
)  # fmt: skip
def test_an_array_is_made_of_real_numbers_of_all_kinds(numbers: Any) -> None:
    assert data(array(numbers)).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert data(numbers).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert all(type(v.data) is float for v in array(numbers).flat)


def test_every_element_is_a_leaf_of_its_own() -> None:
    a = array(np.zeros(3))
    assert len(set(a)) == 3
    source = np.ones(2)
    b = array(source)
    source[0] = 5.0
    b[1].data = 7.0
    assert (data(b).tolist(), source.tolist()) == ([1.0, 7.0], [5.0, 1.0])


def test_values_are_kept_among_numbers() -> None:
    v = Value(2.0, label="v")
    a = array([[v, 1.0], [3, v]])
    assert a[0, 0] is v
    assert a[1, 1] is v
    assert data(a).tolist() == [[2.0, 1.0], [3.0, 2.0]]
    assert array(a)[0, 1] is a[0, 1]
    assert data([v, 1.0]).tolist() == [2.0, 1.0]
    assert (data(v), grads(v), array(v).shape, array(v)[()]) == (2.0, 0.0, (), v)


def test_elements_are_labelled_with_their_indices() -> None:
    W, b, c, t = (
        array(np.zeros((2, 3)), label="W"),
        array([1, 2], label="b"),
        array(1.0, "c"),
        array([[[1.0]]], "t"),
    )
    assert [v.label for v in W.flat] == ["W[0, 0]", "W[0, 1]", "W[0, 2]", "W[1, 0]", "W[1, 1]", "W[1, 2]"]
    assert [v.label for v in b] == ["b[0]", "b[1]"]
    assert (c[()].label, t[0, 0, 0].label) == ("c", "t[0, 0, 0]")
    assert array([1.0])[0].label == ""
    with pytest.raises(DomainError, match=r"the Value labelled 'W\[0, 1\]'"):
        np.log(W[:, 1:])


def test_grads_are_what_backward_left() -> None:
    a = array([[1.0, 2.0], [3.0, 4.0]])
    np.sum(a[0] ** 2).backward()
    assert grads(a).tolist() == [[2.0, 4.0], [0.0, 0.0]]
    assert grads(a.T[0]).tolist() == [2.0, 0.0]
    assert grads([a[0, 0], a[0, 1]]).tolist() == [2.0, 4.0]
    assert grads(a).dtype == np.float64


@pytest.mark.parametrize(
    "wrong",
    [
        "a", b"a", None, ["a"], [1.0, None], [1j], np.array(["a"]), np.array([1j]), [object()], {1.0},
        {"a": 1.0},
        np.array([0], dtype="m8[s]"), np.array([0], dtype="M8[s]"), iter([1.0]), [Value(1.0) > 0],
    ],
)  # fmt: skip
def test_what_is_no_real_number_is_a_type_error(wrong: Any) -> None:
    for function in (array, data, grads):
        with pytest.raises(TypeError, match="expected"):
            function(wrong)


@pytest.mark.parametrize("ragged", [[[1, 2], [3]], [1.0, [2.0]], [[1.0], []], [[[1], [2, 3]]]])
def test_ragged_lists_are_a_value_error(ragged: Any) -> None:
    with_values = [[Value(1.0), Value(2.0)], [Value(3.0)]]
    for function in (array, data, grads):
        for wrong in (ragged, with_values):
            with pytest.raises(ValueError, match="expected lists of equal lengths"):
                function(wrong)


@pytest.mark.parametrize("numbers", [1.0, [1.0, 2.0], np.ones(2), [Value(1.0), 2.0]])
def test_numbers_have_no_grads(numbers: Any) -> None:
    with pytest.raises(TypeError, match="expected an array of Values, which have a grad, but got"):
        grads(numbers)


def test_masks_are_not_dropped_in_silence() -> None:
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    for function in (array, data, lambda a: np.maximum(array([1.0, 2.0]), a)):
        with pytest.raises(TypeError):
            function(masked)
    assert (array([1.0, 2.0]) * masked).mask.tolist() == [True, False]


def test_labels_are_strings() -> None:
    with pytest.raises(TypeError, match="string"):
        array([1.0], label=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_arrays_of_leaves_are_copied_with_their_leaves(duplicate: Callable[[Any], Any]) -> None:
    a = array([[1.0, 2.0]], label="a")
    np.sum(a * a).backward()
    twin = duplicate(a)
    assert isinstance(twin, ValueArray)
    assert (data(twin).tolist(), grads(twin).tolist()) == ([[1.0, 2.0]], [[2.0, 4.0]])
    assert twin[0, 1].label == "a[0, 1]"
    assert not set(twin.flat) & set(a.flat)
    with pytest.raises(TypeError, match="cannot be copied"):
        duplicate(np.exp(a))


def test_a_copy_of_numpy_holds_the_same_values() -> None:
    a = array([1.0, 2.0])
    assert all(x is y for x, y in zip(a.copy(), a, strict=True))
    assert type(a.copy()) is ValueArray


# Functions of NumPy


UNARY = [
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.square, np.reciprocal, np.sin,
    np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arctan, np.arcsinh, np.abs, np.fabs, np.negative,
    np.positive,
    np.conjugate,
]  # fmt: skip
ON_UNIT = [np.arcsin, np.arccos, np.arctanh]


@pytest.mark.parametrize("function", [*UNARY, *ON_UNIT, np.arccosh], ids=lambda f: f.__name__)
@every_kind
def test_functions_of_one_array(function: Any, make: Any) -> None:
    if make is plain and function in (np.conjugate, np.fabs):
        pytest.skip("NumPy has none on objects")
    low = 1.2 if function is np.arccosh else 0.1
    x = sample(2, 3, low=low, high=0.9 if function in ON_UNIT else 2.0)
    result = check(function, x, make=make)
    assert isinstance(result, ValueArray if make is array else np.ndarray)
    check(function, sample(low=low, high=low + 0.5), make=make)
    check(function, np.zeros((0, 2)), make=make)
    if function in (np.abs, np.fabs, np.square, np.exp, np.tanh):
        check(function, -x, make=make)


BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.maximum, np.minimum, np.hypot,
    np.arctan2, np.fmax, np.fmin, np.logaddexp,
]  # fmt: skip
OBJECT_LOOPS = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.power,
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
]


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((), (2,)),
        ((4,), ()),
        ((0, 2), (2,)),
        ((2, 1, 2), (3, 1)),
    ],
)
def test_functions_of_two_arrays_are_broadcast(function: Any, left: Any, right: Any) -> None:
    a, b = sample(*left), sample(*right, seed=1, low=0.31, high=1.93)
    check(function, a, b)
    check(lambda x: function(x, b), a)
    check(lambda x: function(a, x), b)
    check(lambda x: function(x, 1.234), a)
    check(lambda x: function(2, x), a)
    if function in OBJECT_LOOPS:
        check(function, a, b, make=plain)
        check(lambda x: function(x, b), a, make=plain)


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("operate", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "other",
    [
        2, 2.0, np.float64(2), np.float32(2), np.int64(2), np.array(2.0), np.array(2),
        np.array([1.5, 2.0, 2.5]),
        np.array([1, 2, 3]), np.array([[1.0], [2.0]]), np.array([True, True, True]), np.float16([1, 2, 3]),
        [1.0, 2.0, 3.0], (1, 2, 3),
    ],
    ids=repr,
)  # fmt: skip
@every_kind
def test_operators_with_numbers_and_arrays_of_every_kind(operate: Any, other: Any, make: Any) -> None:
    a = sample(3)
    check(lambda x: operate(x, other), a, make=make)
    check(lambda x: operate(other, x), a, make=make)


@pytest.mark.parametrize("operate", OPERATORS, ids=lambda f: f.__name__)
@every_kind
def test_operators_with_a_value(operate: Any, make: Any) -> None:
    a = sample(2, 3)
    leaves, v = make(a), Value(1.5)
    check(lambda x: operate(leaves, x[0]) if isinstance(x[0], Value) else operate(a, x[0]), [1.5])
    check(lambda x: operate(x[0], leaves) if isinstance(x[0], Value) else operate(x[0], a), [1.5])
    assert operate(v, leaves).shape == operate(leaves, v).shape == (2, 3)


REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "np.sum": np.sum,
    "np.mean": np.mean,
    "np.prod": np.prod,
    "np.max": np.max,
    "np.min": np.min,
    "np.amax": np.amax,
    "np.ptp": np.ptp,
    "np.var": np.var,
    "np.std": np.std,
    "np.average": np.average,
    "np.linalg.norm": np.linalg.norm,
    "np.median": np.median,
    "np.cumsum": np.cumsum,
    "np.cumprod": np.cumprod,
    "sum": lambda a, **options: a.sum(**options),
    "mean": lambda a, **options: a.mean(**options),
    "prod": lambda a, **options: a.prod(**options),
    "max": lambda a, **options: a.max(**options),
    "min": lambda a, **options: a.min(**options),
    "var": lambda a, **options: a.var(**options),
    "std": lambda a, **options: a.std(**options),
    "cumsum": lambda a, **options: a.cumsum(**options),
    "maximum.reduce": lambda a, axis=None, **options: np.maximum.reduce(a, axis=axis, **options),
}
every_reduction = pytest.mark.parametrize("name", REDUCTIONS)


@every_reduction
@every_kind
def test_reductions_along_all_axes_and_along_one(name: str, make: Any) -> None:
    function, a = REDUCTIONS[name], sample(2, 3, 2)
    for axis in (0, 1, -1):
        check(lambda x, axis=axis: function(x, axis=axis), a, make=make)
    if name != "np.linalg.norm":
        check(function, a, make=make)
    check(function, a[0], make=make)
    check(function, a[0, 0], make=make)


@pytest.mark.parametrize("name", [name for name in REDUCTIONS if "cum" not in name])
@every_kind
def test_reductions_keep_dimensions_and_take_several_axes(name: str, make: Any) -> None:
    function, a = REDUCTIONS[name], sample(2, 3, 2)
    for options in ({"axis": 1, "keepdims": True}, {"axis": (0, 2)}, {"axis": (-1, 0), "keepdims": True}):
        check(lambda x, options=options: function(x, **options), a, make=make)
    if name not in ("np.linalg.norm", "np.median"):
        check(lambda x: function(x, keepdims=True), a, make=make)


@pytest.mark.parametrize("name", ["np.sum", "np.prod", "np.max", "np.min", "sum", "max", "maximum.reduce"])
@every_kind
def test_reductions_with_an_initial_number(name: str, make: Any) -> None:
    function, a = REDUCTIONS[name], sample(2, 3)
    for initial in (1.0, 3.0, -2, np.float64(0.5)):
        check(lambda x, initial=initial: function(x, initial=initial), a, make=make)
        check(lambda x, initial=initial: function(x, axis=0, initial=initial), a, make=make)
    check(lambda x: function(x, axis=1, initial=0.7), np.zeros((2, 0)), make=make)


@pytest.mark.parametrize("name", ["np.sum", "np.prod", "np.max", "np.min"])
@every_kind
def test_reductions_of_a_part(name: str, make: Any) -> None:
    function, a = REDUCTIONS[name], sample(2, 3)
    where = np.array([[True, False, True], [False, True, True]])
    for initial in (0.3, 1.2):
        check(lambda x, initial=initial: function(x, where=where, initial=initial), a, make=make)
        check(lambda x, initial=initial: function(x, axis=0, where=where, initial=initial), a, make=make)


@pytest.mark.parametrize("name", ["np.sum", "np.prod", "np.mean", "np.var"])
def test_sums_and_means_of_a_part(name: str) -> None:
    where = np.array([[True, False, True], [True, True, True]])
    for options in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}):
        check(lambda x, options=options: REDUCTIONS[name](x, where=where, **options), sample(2, 3))


@pytest.mark.parametrize("function", [np.add, np.multiply, np.maximum, np.minimum], ids=lambda f: f.__name__)
@every_kind
def test_reductions_of_functions_go_along_the_first_axis(function: Any, make: Any) -> None:
    check(function.reduce, sample(2, 3), make=make)
    check(function.reduce, sample(4), make=make)
    check(lambda a: function.reduce(a, 1), sample(2, 3), make=make)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.max, np.min], ids=lambda f: f.__name__)
def test_reductions_of_an_array_without_axes(function: Any) -> None:
    for axis in (None, 0, -1, ()):
        check(lambda a, axis=axis: function(a, axis=axis), np.array(1.5))
    with pytest.raises(ValueError, match="axis"):
        function(array(1.5), axis=1)


def test_reductions_of_nothing() -> None:
    empty = array(np.zeros((0, 2)))
    assert data(np.sum(empty)) == 0.0
    assert data(np.sum(empty, axis=0)).tolist() == [0.0, 0.0]
    assert data(np.prod(empty, axis=0)).tolist() == [1.0, 1.0]
    assert np.sum(empty, axis=1).shape == (0,)
    with pytest.raises(ValueError, match=r"at least one|zero-size"):
        np.max(empty)


def test_reductions_along_an_axis_that_is_not_there() -> None:
    for wrong in (2, -3, (0, 0), (0, 5)):
        with pytest.raises(ValueError, match="axis"):
            np.sum(array(sample(2, 3)), axis=wrong)


@pytest.mark.parametrize("order", [None, 2, 1, inf, -inf, 3, 0.5])
@every_kind
def test_norms_of_vectors(order: Any, make: Any) -> None:
    if make is plain and order in (3, 0.5):
        pytest.skip("NumPy expects a result with a dtype")
    check(lambda x: np.linalg.norm(x, ord=order), -sample(4), make=make)
    check(lambda x: np.linalg.norm(x, ord=order, axis=0), -sample(2, 3), make=make)
    check(lambda x: np.linalg.norm(x, ord=order, axis=(1,), keepdims=True), sample(2, 3), make=make)


@pytest.mark.parametrize("order", [None, "fro", 1, -1, inf, -inf])
@every_kind
def test_norms_of_matrices(order: Any, make: Any) -> None:
    check(lambda x: np.linalg.norm(x, order), -sample(2, 3), make=make)
    check(lambda x: np.linalg.norm(x, order, axis=(0, 2)), sample(2, 3, 2), make=make)
    check(lambda x: np.linalg.norm(x, order, axis=(1, 0), keepdims=True), sample(2, 3, 2), make=make)


@pytest.mark.parametrize("order", [2, -2, "nuc"])
def test_norms_made_of_singular_values_are_refused(order: Any) -> None:
    with pytest.raises(TypeError):
        np.linalg.norm(array(sample(2, 2)), order)


SHAPES = [
    ((3,), (3,)), ((2, 3), (3,)), ((2,), (2, 3)), ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((1, 1), (1,)),
    ((4, 2, 3), (3,)), ((2,), (4, 2, 3)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)), ((4, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (4, 3, 1)), ((2, 1, 1, 2), (3, 2, 2)), ((0,), (0,)), ((2, 0), (0,)), ((2, 0), (0, 3)),
    ((0, 2), (2, 3)), ((2, 3), (3, 0)), ((0, 2, 3), (3, 2)), ((0, 1, 2), (0, 2, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SHAPES)
@every_kind
def test_matrix_products_of_all_shapes(left: tuple[int, ...], right: tuple[int, ...], make: Any) -> None:
    a, b = sample(*left), sample(*right, seed=1)
    check(np.matmul, a, b, make=make)
    check(operator.matmul, a, b, make=make)
    check(lambda x: x @ b, a, make=make)
    check(lambda x: a @ x, b, make=make)
    check(lambda x: x @ np.ones(right, dtype=int), a, make=make)
    check(lambda x: np.ones(left, dtype=np.float32) @ x, b, make=make)


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("operate", [np.matmul, np.dot, np.inner], ids=lambda f: f.__name__)
def test_products_are_possible_where_they_are_of_floats(operate: Any, left: Any, right: Any) -> None:
    for a, b in (
        (sample(*left), sample(*right)),
        (sample(*left), sample(*left)),
        (sample(*right), sample(*left)),
    ):
        try:
            expected = operate(a, b)
        except ValueError:
            with pytest.raises(ValueError, match=r"mismatch|not aligned"):
                operate(array(a), array(b))
        else:
            got = operate(array(a), b)
            assert np.shape(got) == np.shape(expected)
            assert data(got).ravel().tolist() == pytest.approx(np.ravel(expected).tolist(), rel=1e-13)


@pytest.mark.parametrize(
    ("left", "right"),
    [((), ()), ((), (3,)), ((2, 3), ()), ((3,), (2, 3, 2)), ((2, 3), (2, 3, 2)), *SHAPES[:5]],
)
@every_kind
def test_dots_of_all_shapes(left: tuple[int, ...], right: tuple[int, ...], make: Any) -> None:
    a, b = sample(*left), sample(*right, seed=1)
    check(np.dot, a, b, make=make)
    check(lambda x, y: x.dot(y), a, b, make=make)
    check(lambda x: np.dot(a, x), b, make=make)


def test_a_matrix_product_records_one_node_for_each_element() -> None:
    W, x = array(sample(2, 3)), array(sample(3))
    for product in (
        W @ x,
        W.dot(x),
        np.dot(W, x),
        data(W) @ x,
        W @ data(x),
        np.matmul(W, data(x).astype(int)),
    ):
        assert [y.op for y in product] == ["dot", "dot"]
        assert all(type(v) in (Value, float) for y in product for v in y.inputs)
    assert np.sum(W).op == W.sum().op == "sum"
    assert (np.prod(W).op, np.max(W).op, np.min(W).op, np.linalg.norm(W).op) == ("prod", "max", "min", "norm")
    assert {y.op for y in np.maximum(W, 0.0).flat} == {"maximum"}
    assert {y.op for y in np.clip(W, 0.0, 1.0).flat} == {"clip"}
    assert len(topological_order(np.sum(W))) == 7


def test_axes_of_a_matrix_product() -> None:
    axes = [(1, 0), (0, 1), (1, 0)]
    check(lambda a, b: np.matmul(a, b, axes=axes), sample(2, 2), sample(2, 2, seed=1))
    check(
        lambda a, b: np.matmul(a, b, axes=[(0, 2), (0, 2), (0, 2)]), sample(2, 3, 2), sample(2, 3, 2, seed=1)
    )


SHAPING: dict[str, Callable[[Any], Any]] = {
    "T": lambda a: a.T,
    "index": lambda a: a[1, 2],
    "row": lambda a: a[-1],
    "slice": lambda a: a[::-1, 1:],
    "new axis": lambda a: a[:, None, :],
    "ellipsis": lambda a: a[..., 0],
    "fancy": lambda a: a[[1, 0, 1]],
    "fancy pairs": lambda a: a[[0, 1], [2, 2]],
    "fancy array": lambda a: a[np.array([[0, 1], [1, 1]])],
    "np.ix_": lambda a: a[np.ix_([1, 0], [0, 2])],
    "mask": lambda a: a[a > 1.0],
    "mask of floats": lambda a: a[np.arange(6).reshape(2, 3) % 2 == 0],
    "row mask": lambda a: a[np.array([False, True])],
    "reshape": lambda a: a.reshape(3, 2),
    "np.reshape": lambda a: np.reshape(a, (-1, 2)),
    "ravel": lambda a: a.ravel(),
    "flatten": lambda a: a.flatten(),
    "np.ravel": lambda a: np.ravel(a),
    "take": lambda a: np.take(a, [0, 2], axis=1),
    "compress": lambda a: np.compress([True, False, True], a, axis=1),
    "squeeze": lambda a: np.squeeze(a[:1]),
    "expand_dims": lambda a: np.expand_dims(a, 0),
    "transpose": lambda a: np.transpose(a[None], (1, 2, 0)),
    "swapaxes": lambda a: np.swapaxes(a, 0, 1),
    "moveaxis": lambda a: np.moveaxis(a, 0, -1),
    "concatenate": lambda a: np.concatenate([a, a * 2, np.ones((1, 3))]),
    "stack": lambda a: np.stack([a, np.zeros((2, 3))], axis=1),
    "vstack": lambda a: np.vstack([a, a[0]]),
    "hstack": lambda a: np.hstack([np.ones((2, 1)), a]),
    "column_stack": lambda a: np.column_stack([a[0], a[1]]),
    "block": lambda a: np.block([[a, a], [np.ones((1, 6))]]),
    "append": lambda a: np.append(a, 1.0),
    "insert": lambda a: np.insert(a, 1, 7.0, axis=1),
    "delete": lambda a: np.delete(a, 1, axis=1),
    "split": lambda a: np.split(a, 3, axis=1)[1],
    "array_split": lambda a: np.array_split(a.ravel(), 4)[0],
    "pad": lambda a: np.pad(a, 1),
    "pad edge": lambda a: np.pad(a, ((0, 1), (2, 0)), mode="edge"),
    "pad reflect": lambda a: np.pad(a, 1, mode="reflect"),
    "roll": lambda a: np.roll(a, 1, axis=1),
    "rot90": lambda a: np.rot90(a),
    "flip": lambda a: np.flip(a),
    "tile": lambda a: np.tile(a, (2, 1)),
    "repeat": lambda a: np.repeat(a, 2, axis=0),
    "broadcast_to": lambda a: np.broadcast_to(a, (2, 2, 3)),
    "broadcast_arrays": lambda a: np.broadcast_arrays(a[0], np.zeros((2, 1)))[0],
    "meshgrid": lambda a: np.meshgrid(a[0], a[1])[0],
    "diag": lambda a: np.diag(a[0]),
    "diagonal": lambda a: np.diagonal(a),
    "tril": lambda a: np.tril(a),
    "triu": lambda a: np.triu(a, 1),
    "sort": lambda a: np.sort(a, axis=1),
    "sort method": lambda a: (lambda b: [b.sort(), b][1])(a.ravel()[::-1].copy()),
    "argsort": lambda a: a.ravel()[np.argsort(a, axis=None)],
    "argmax": lambda a: a[0, np.argmax(a[0])],
    "extract": lambda a: np.extract([True, False, True], a[0]),
    "copy": lambda a: a.copy(),
    "flat": lambda a: a.flat[1:4],
    "list": lambda a: np.stack(list(a)),
    "atleast_3d": lambda a: np.atleast_3d(a),
    "where": lambda a: np.where(a > 1.0, a, -a),
    "where of numbers": lambda a: np.where(a > 1.0, a, 0.0),
    "where of one": lambda a: a[np.where(a > 1.0)],
    "select": lambda a: np.select([a < 0.7, a < 1.35], [a, a * a], default=0.0),
    "choose": lambda a: np.choose([0, 1, 0], [a[0], a[1]]),
    "clip": lambda a: np.clip(a, 0.65, 1.35),
    "clip method": lambda a: a.clip(0.65, 1.35),
    "clip by arrays": lambda a: np.clip(a, [0.4, 0.7, 0.9], np.array([[1.3], [1.5]])),
    "clip from below": lambda a: np.clip(a, 0.65, None),
    "clip from above": lambda a: np.clip(a, None, 1.35),
    "clip max": lambda a: np.clip(a, a_min=None, a_max=1.35),
}


@pytest.mark.parametrize("name", SHAPING)
@every_kind
def test_shapes_indices_and_choices(name: str, make: Any) -> None:
    result = check(SHAPING[name], sample(2, 3), make=make)
    if make is array and isinstance(result, np.ndarray) and name != "broadcast_arrays":
        assert type(result) is ValueArray


PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "outer": lambda a, b: np.outer(a, b),
    "inner": lambda a, b: np.inner(a, b.T),
    "vdot": lambda a, b: np.vdot(a, b),
    "tensordot": lambda a, b: np.tensordot(a, b, axes=1),
    "tensordot of two": lambda a, b: np.tensordot(a, b.T, axes=2),
    "kron": lambda a, b: np.kron(a, b),
    "cross": lambda a, b: np.cross(a, b.T),
    "trace": lambda a, b: np.trace(a @ b),
    "einsum": lambda a, b: np.einsum("ij,jk->ik", a, b),
    "einsum trace": lambda a, b: np.einsum("ij,ji->", a, b),
    "einsum batch": lambda a, b: np.einsum("ij,ji->i", a, b),
    "einsum of one": lambda a, b: np.einsum("ij->j", a) @ b,
    "multi_dot": lambda a, b: np.linalg.multi_dot([a, b, a]),
    "matrix_power": lambda a, b: np.linalg.matrix_power(a @ b, 3),
    "add.outer": lambda a, b: np.add.outer(a[0], b[:, 0]),
    "multiply.outer": lambda a, b: np.multiply.outer(a[0], b[:, 0]),
    "average": lambda a, b: np.average(a, weights=b.T),
    "average by numbers": lambda a, b: np.average(a, axis=1, weights=[1.0, 2.0, 3.0]) * b[0, 0],
    "convolve": lambda a, b: np.convolve(a[0], b[:, 0]),
    "polyval": lambda a, b: np.polyval(a[0], b),
    "diff": lambda a, b: np.diff(a) @ b[:2],
    "trapezoid": lambda a, b: np.trapezoid(a, b.T),
    "logaddexp": lambda a, b: np.log(np.exp(a) + np.exp(b.T)),
    "softmax": lambda a, b: np.exp(a @ b) / np.sum(np.exp(a @ b), axis=1, keepdims=True),
    "log softmax": lambda a, b: a @ b - np.log(np.sum(np.exp(a @ b), axis=-1, keepdims=True)),
    "normalized": lambda a, b: (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5) + b.T,
    "distances": lambda a, b: np.linalg.norm(a[:, None, :] - b.T[None, :, :], axis=-1),
    "reduceat": lambda a, b: np.add.reduceat(a[0], [0, 2]) * b[0],
    "vectorize": lambda a, b: np.vectorize(lambda x, y: x * y + x)(a, b.T),
    "apply_along_axis": lambda a, b: np.apply_along_axis(lambda r: r @ r, 1, a) * b[0],
    "vecdot": lambda a, b: np.vecdot(a, b.T),
    "correlate": lambda a, b: np.correlate(a[0], b[:, 0], mode="full"),
    "vander": lambda a, b: np.vander(a[0], 3) * b[0, 0],
    "tensor": lambda a, b: np.einsum("ij,jk,kl->il", a, b, a),
    "gram": lambda a, b: np.exp(-np.sum((a[:, None] - b.T[None]) ** 2, axis=-1)),
}


@pytest.mark.parametrize("name", PRODUCTS)
@every_kind
def test_products_and_formulas(name: str, make: Any) -> None:
    a, b = sample(2, 3), sample(3, 2, seed=1)
    check(PRODUCTS[name], a, b, make=make)
    check(lambda x: PRODUCTS[name](x, b), a, make=make)
    check(lambda x: PRODUCTS[name](a, x), b, make=make)


def test_choices_at_ties_have_the_derivatives_of_the_table() -> None:
    for function in (np.maximum, np.minimum):
        a = array([1.0, 2.0])
        np.sum(function(a, [1.0, 2.0])).backward()
        assert grads(a).tolist() == [0.5, 0.5]
    for function in (np.max, np.min):
        a = array([3.0, 3.0])
        function(a).backward()
        assert grads(a).tolist() == [0.5, 0.5]
    a = array([0.0, 1.0])
    np.sum(np.clip(a, 0.0, 1.0) + np.abs(a - 1) + np.maximum(a, -1.0)).backward()
    assert grads(a).tolist() == [1.0, 2.0]
    a = array(np.zeros((2, 2)))
    (np.linalg.norm(a) + np.linalg.norm(a, "fro") + np.linalg.norm(a[0], 2)).backward()
    assert grads(a).tolist() == [[0.0, 0.0], [0.0, 0.0]]


# Comparisons


ORDERS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize(
    ("compare", "make"),
    [(compare, make) for compare in ORDERS for make in (array, plain)]
    + [(operator.eq, array), (operator.ne, array)],
)
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=4))
def test_comparisons_give_arrays_of_bools(compare: Any, make: Any, numbers: list[float]) -> None:
    a, x = make(numbers), np.array(numbers)
    for got, expected in (
        (compare(a, 0), compare(x, 0)),
        (compare(0.0, a), compare(0.0, x)),
        (compare(a, make(numbers[::-1])), compare(x, x[::-1])),
        (compare(a, -x), compare(x, -x)),
        (compare(-x, a), compare(-x, x)),
        (compare(a[None], x[:, None]), compare(x[None], x[:, None])),
    ):
        assert got.dtype == bool
        assert got.tolist() == expected.tolist()


def test_the_slope_of_relu_by_comparison() -> None:
    a = array([-1.0, 0.0, 2.0])
    assert (a > 0).astype(float).tolist() == [0.0, 0.0, 1.0]
    assert np.any(a > 1)
    assert not np.all(a > 0)
    assert np.count_nonzero(a >= 0) == 2


# In place


@pytest.mark.parametrize(
    "operate",
    [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imatmul],
)
@every_kind
def test_operators_in_place(operate: Any, make: Any) -> None:
    a, b = sample(2, 2), sample(2, 2, seed=1)

    def in_place(x: Any, y: Any) -> Any:
        result = before = x.copy()
        result = operate(result, y)
        assert result is before
        return result

    check(in_place, a, b, make=make)
    check(lambda x: in_place(x, b), a, make=make)


@every_kind
def test_assignments_to_parts(make: Any) -> None:
    def assign(x: Any) -> Any:
        y = x.copy()
        y[0] = y[1] * 2
        y[1:, :2] = 5.0
        y[y > 4.0] *= x[0, 0]
        y[:, 2] += x[0, 1]
        y[[0, 0], 1] -= 1
        return y

    check(assign, sample(2, 3), make=make)


@pytest.mark.parametrize(
    "operate", [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]
)
@every_kind
def test_operators_in_place_with_a_value(operate: Any, make: Any) -> None:
    a, v = make([1.0, 4.0]), Value(2.0)
    before = a
    a = operate(a, v)
    assert a is before
    assert data(a).tolist() == operate(np.array([1.0, 4.0]), 2.0).tolist()
    assert all(v in y.inputs for y in a)


@every_kind
def test_a_step_of_gradient_descent_in_place(make: Any) -> None:
    a = make([1.0, 2.0])
    before = list(a)
    np.sum(a**2).backward()
    a -= 0.1 * grads(a)
    assert data(a).tolist() == pytest.approx([0.8, 1.6])
    assert [v.data for v in before] == [1.0, 2.0]


@every_kind
def test_results_go_to_out(make: Any) -> None:
    a, out = make(sample(3)), make(np.zeros(3))
    for function in (np.exp, np.negative, np.square, np.tanh):
        assert function(a, out=out) is out
        assert data(out).tolist() == pytest.approx(function(sample(3)).tolist())
    np.sum(out).backward()
    assert grads(a).tolist() == pytest.approx((1 - np.tanh(sample(3)) ** 2).tolist())
    for function in (np.maximum, np.add, np.multiply):
        assert function(a, 0.5, out=out) is out
    total = make(np.zeros(()))
    assert np.sum(a, out=total) is total
    assert float(data(total)) == pytest.approx(sample(3).sum())
    product = make(np.zeros(2))
    assert np.matmul(make(np.ones((2, 3))), a, out=product) is product
    assert data(product).tolist() == pytest.approx([sample(3).sum()] * 2)


def test_functions_of_a_part() -> None:
    a, out = array([1.0, 2.0, 3.0]), array([0.0, 0.0, 0.0])
    np.multiply(a, 2.0, where=np.array([True, False, True]), out=out)
    assert data(out).tolist() == [2.0, 0.0, 6.0]
    np.exp(a, where=np.array([False, True, False]), out=out)
    assert data(out).tolist() == pytest.approx([2.0, math.exp(2), 6.0])
    np.maximum(a, 2.5, where=np.array([True, False, False]), out=out)
    assert data(out).tolist() == pytest.approx([2.5, math.exp(2), 6.0])


# Nothing is lost in silence


V = Value(2.0)
A = array([1.0, 2.0])


@pytest.mark.parametrize(
    "lose",
    [
        lambda: np.array([V], dtype=float), lambda: np.asarray([V, 1.0], dtype=np.float32),
        lambda: A.astype(float),
        lambda: np.array(A, dtype=float), lambda: np.asarray(A, dtype=float), lambda: np.float64(V),
        lambda: np.zeros(2).__setitem__(0, V), lambda: np.zeros(2).__setitem__(slice(None), A),
        lambda: float(A[0]),
        lambda: np.full(2, V, dtype=float), lambda: np.fromiter([V], dtype=float), lambda: A.view(float),
        lambda: np.zeros(2).__iadd__(A), lambda: np.zeros(2).__imul__(V), lambda: np.exp(A, out=np.zeros(2)),
        lambda: np.add(A, 1.0, out=np.zeros(2)), lambda: np.sum(A, out=np.zeros(())), lambda: bool(A[0]),
        lambda: np.matmul(A, A[:, None], out=np.zeros(1)), lambda: np.maximum(A, 0.0, out=np.zeros(2)),
        lambda: np.dot(A, A, out=np.zeros(())), lambda: np.concatenate([A, A], dtype=float),
        lambda: np.concatenate([A, A], out=np.zeros(4)), lambda: np.stack([A, A], out=np.zeros((2, 2))),
        lambda: np.copyto(np.zeros(2), A), lambda: np.put(np.zeros(2), [0, 1], A),
        lambda: np.place(np.zeros(2), [True, True], A), lambda: np.putmask(np.zeros(2), [True, True], A),
        lambda: np.cumsum(A, out=np.zeros(2)),
        lambda: np.array([V], dtype=int),
        lambda: np.trace(np.outer(A, A), out=np.zeros(())), lambda: np.array([V], dtype=bool),
        lambda: np.linalg.det(np.outer(A, A)), lambda: np.linalg.inv(np.outer(A, A)), lambda: complex(V),
        lambda: np.linalg.solve(np.outer(A, A), A), lambda: np.interp(A, [0, 3], [0, 1]),
        lambda: np.array(["a", V]) @ A,
        lambda: np.histogram(A), lambda: np.fft.fft(A), lambda: np.random.default_rng(0).normal(A),
        lambda: np.linspace(0, V, 3, dtype=float), lambda: np.arange(0, V), lambda: math.fsum(A),
        lambda: int(A[0]),
        lambda: np.array(V, dtype=float), lambda: np.array(V).astype(float),
        lambda: np.array(V).item().__float__(),
    ],
)  # fmt: skip
def test_where_numpy_would_lose_the_graph_it_raises(lose: Callable[[], Any]) -> None:
    with pytest.raises((TypeError, ValueError, OSError)):
        lose()


@pytest.mark.parametrize(
    "function",
    [
        np.floor, np.ceil, np.signbit, np.rint, np.spacing, np.cbrt, np.mod,
        np.heaviside, np.copysign, np.floor_divide, np.fmod, np.divmod, np.bitwise_and, np.nextafter,
        np.ldexp,
        np.gcd,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
@every_kind
def test_functions_without_a_derivative_here_are_refused(function: Any, make: Any) -> None:
    with pytest.raises((TypeError, AttributeError)):
        function(*[make([1.0, 2.0])] * function.nin)


def test_signs_have_derivative_zero() -> None:
    a = array([1.5, -2.0, 0.0])
    signs = np.sign(a)
    np.sum(signs * a).backward()
    assert data(signs).tolist() == grads(a).tolist() == [1.0, -1.0, 0.0]


@pytest.mark.parametrize("function", [np.sum, np.mean, np.prod, np.max, np.min])
def test_reductions_of_a_single_value_are_this_value(function: Any) -> None:
    v = Value(3.0)
    result = function(np.exp(v))
    result.backward()
    assert result.data == pytest.approx(math.exp(3))
    assert v.grad == pytest.approx(math.exp(3))


@pytest.mark.parametrize("wrong", ["text", None, 1j, object(), np.array(["a", "b"]), np.array([1j, 2])])
@pytest.mark.parametrize("operate", [*OPERATORS, np.maximum, operator.matmul], ids=lambda f: f.__name__)
def test_operands_that_are_no_numbers(operate: Any, wrong: Any) -> None:
    for a, b in ((array([1.0, 2.0]), wrong), (wrong, array([1.0, 2.0]))):
        with pytest.raises((TypeError, ValueError)):
            operate(a, b)


def test_shapes_that_do_not_fit() -> None:
    for operate in (operator.add, operator.mul, np.maximum, operator.matmul, np.dot):
        with pytest.raises(ValueError, match=r"broadcast|mismatch|aligned"):
            operate(array(sample(2)), array(sample(3)))


def test_numbers_outside_the_domain() -> None:
    with pytest.raises(DomainError, match=r"log is defined for x > 0, but got x = -1\.0"):
        np.log(array([1.0, -1.0]))
    with pytest.raises(DomainError, match=r"b != 0"):
        1.0 / array([1.0, 0.0])
    assert data(np.exp(array([1000.0]))).tolist() == [inf]


def test_arrays_with_numbers_among_the_values() -> None:
    a = array([1.0, 2.0, 3.0])
    mixed = np.where(a > 1.5, a, 0.5)
    assert [type(x) for x in mixed] == [float, Value, Value]
    for function in (
        np.exp,
        np.sqrt,
        np.log,
        np.abs,
        np.square,
        np.sum,
        np.prod,
        np.max,
        np.mean,
        np.linalg.norm,
    ):
        assert np.ravel(data(function(mixed))).tolist() == pytest.approx(
            np.ravel(function(np.array([0.5, 2.0, 3.0]))).tolist()
        )
    (np.exp(mixed) @ mixed).backward()
    x = np.array([2.0, 3.0])
    assert grads(a).tolist() == pytest.approx([0.0, *(np.exp(x) * (1 + x)).tolist()])


def test_an_array_of_which_all_elements_are_numbers() -> None:
    a = array([1.0, 2.0])
    numbers = np.where(a > 5.0, a, 0.5)
    assert data(np.exp(numbers)).tolist() == pytest.approx([math.exp(0.5)] * 2)
    assert data(numbers @ a) == 1.5
    assert data(np.maximum(numbers, 1.0) * a).tolist() == [1.0, 2.0]


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
def test_a_layer_and_its_gradients(seed: int, rows: int, fan_in: int, fan_out: int) -> None:
    rng = np.random.default_rng(seed)
    X, W, b = rng.normal(size=(rows, fan_in)), rng.normal(size=(fan_in, fan_out)), rng.normal(size=fan_out)
    leaves = [array(x) for x in (X, W, b)]
    np.sum(np.tanh(leaves[0] @ leaves[1] + leaves[2])).backward()
    delta = 1 - np.tanh(X @ W + b) ** 2
    for leaf, expected in zip(leaves, (delta @ W.T, X.T @ delta, delta.sum(axis=0)), strict=True):
        assert grads(leaf).ravel().tolist() == pytest.approx(expected.ravel().tolist(), rel=1e-12, abs=1e-14)


@every_kind
def test_methods_of_values_on_arrays(make: Any) -> None:
    a = make([1.0, -2.0])
    for name in ("relu", "sigmoid", "softplus", "gelu"):
        got = getattr(ops, name)(a)
        assert data(got).tolist() == [getattr(ops, name)(x) for x in (1.0, -2.0)]
    assert data(ops.sum(a)) == -1.0
    assert data(ops.dot(a, a)) == 5.0
    assert data(ops.where(a > 0, a, 0.0)).tolist() == [1.0, 0.0]


def test_an_array_is_shown_with_its_values() -> None:
    text = repr(array([1.0, 2.0], label="a"))
    assert "Value(data=1.0, grad=0.0, label='a[0]')" in text
    assert str(array([]))


def test_questions_about_numbers_are_answered_with_bools() -> None:
    a = array([1.0, np.inf, np.nan])
    assert np.isfinite(a).tolist() == [True, False, False]
    assert np.isinf(a).tolist() == [False, True, False]
    assert np.isnan(a).tolist() == [False, False, True]
    assert np.isin(array([3.0, 4.0]), [3.0]).tolist() == [True, False]
    assert np.allclose([1.0, 2.0], array([1.0, 2.0]))
