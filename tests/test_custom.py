"""Primitives that users add: they record, differentiate, broadcast, draw and fail as those of the table."""

import inspect
import math
from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import ops
from autograd_lite.arrays import array, data, grads
from autograd_lite.calculus import custom_derivative, grad, hessian, hvp, jacobian, jvp, no_grad, vjp
from autograd_lite.drawing import draw
from autograd_lite.engine import DomainError, Value

NUMBERS = st.floats(-3, 3)


@custom_derivative(lambda y, x: cosine(x))
def sine(x: float) -> float:
    """The sine, from the standard library."""
    return math.sin(x)


@custom_derivative(lambda y, x: -sine(x))
def cosine(x: float) -> float:
    return math.cos(x)


@custom_derivative(lambda y, x: y)
def exponential(x: float) -> float:
    return math.exp(x)


@custom_derivative(lambda y, a, b, c: b, lambda y, a, b, c: a, lambda y, a, b, c: 2 * c)
def polynomial(a: float, b: float, c: float = 3.0) -> float:
    return a * b + c * c


@custom_derivative(lambda y, x, base: 1 / (x * ops.log(base)), None)
def logarithm(x: float, base: float = math.e) -> float:
    return math.log(x) / math.log(base)


# The record


def test_a_primitive_of_ones_own_is_recorded_like_the_others() -> None:
    a, b, c = Value(2.0), Value(5.0), Value(3.0)
    y = polynomial(a, b, c)
    assert (y.data, y.op, y.symbol) == (19.0, "polynomial", "polynomial")
    assert (y.inputs, y.partials) == ((a, b, c), (5.0, 2.0, 6.0))
    y.backward()
    assert (a.grad, b.grad, c.grad) == (5.0, 2.0, 6.0)


@pytest.mark.parametrize(
    ("call", "inputs", "partials"),
    [
        (lambda a, b: polynomial(a, b), (2.0, 5.0, 3.0), (5.0, 2.0, None)),
        (lambda a, b: polynomial(a, b, 1), (2.0, 5.0, 1.0), (5.0, 2.0, None)),
        (lambda a, b: polynomial(a, b=b), (2.0, 5.0, 3.0), (5.0, 2.0, None)),
        (lambda a, b: polynomial(c=b, b=a, a=7), (7.0, 2.0, 5.0), (None, 7.0, 10.0)),
        (lambda a, b: polynomial(1, 4.0, a), (1.0, 4.0, 2.0), (None, None, 4.0)),
        (lambda a, b: polynomial(a, a, a), (2.0, 2.0, 2.0), (2.0, 2.0, 4.0)),
        (lambda a, b: logarithm(a, 5), (2.0, 5.0), (0.5 / math.log(5), None)),
        (lambda a, b: logarithm(a), (2.0, math.e), (0.5, None)),
        (lambda a, b: logarithm(x=a, base=2), (2.0, 2.0), (0.5 / math.log(2), None)),
        (lambda a, b: sine(x=a), (2.0,), (math.cos(2),)),
    ],
)
def test_operands_by_position_by_name_and_by_default(
    call: Callable[[Value, Value], Value], inputs: tuple[float, ...], partials: tuple[float | None, ...]
) -> None:
    y = call(Value(2.0), Value(5.0))
    assert tuple(x.data if isinstance(x, Value) else x for x in y.inputs) == inputs
    assert y.partials == pytest.approx(partials)


@given(NUMBERS)
def test_of_floats_it_is_the_function_itself(x: float) -> None:
    for got in (sine(x), sine(np.float64(x)), sine(np.array(x))):
        assert type(got) is float
        assert got == math.sin(x)
    assert polynomial(1, 2) == 11.0
    assert type(polynomial(1, 2)) is float


def test_the_function_itself_is_only_called_with_floats() -> None:
    seen = []

    @custom_derivative(lambda y, a, b: b, lambda y, a, b: a)
    def product(a: float, b: float) -> float:
        seen.extend([type(a), type(b)])
        return a * b

    x = Value(2)
    product(x, 3)
    product(np.float32(1), x)
    product(np.array([1, 2]), array([1, 2]))
    grad(lambda x: grad(lambda z: product(z, x) * z)(x))(1)
    assert set(seen) == {float}


@given(NUMBERS)
def test_derivatives_of_all_orders(x: float) -> None:
    derivative: Any = sine
    for order in range(1, 5):
        derivative = grad(derivative)
        assert type(derivative(x)) is float
        assert derivative(x) == pytest.approx(math.sin(x + order * math.pi / 2), abs=1e-14)
    v = Value(x)
    assert sine(v).gradient(v).gradient(v).data == pytest.approx(-math.sin(x))


@given(NUMBERS, NUMBERS)
def test_it_works_in_every_derivative(a: float, b: float) -> None:
    def f(x: Any) -> Any:
        return sine(x[0]) * exponential(x[1])

    x, v = [a, b], [0.5, -2.0]
    s, c, e = math.sin(a), math.cos(a), math.exp(b)
    assert jacobian(lambda x: [f(x)])(x) == [pytest.approx([c * e, s * e])]
    assert jacobian(lambda x: [sine(x), cosine(x)], mode="forward")(a) == pytest.approx([c, -s])
    assert jvp(f, (x,), (v,)) == pytest.approx((s * e, 0.5 * c * e - 2 * s * e))
    assert vjp(f, x)[1](2.0)[0] == pytest.approx([2 * c * e, 2 * s * e])
    H = np.array([[-s * e, c * e], [c * e, s * e]])
    assert np.allclose(hessian(f)(x), H, atol=1e-14)
    assert hvp(f, (x,), (v,)) == pytest.approx((H @ v).tolist(), abs=1e-14)


def test_second_derivatives_by_several_operands() -> None:
    H = hessian(lambda x: polynomial(*x) * x[0])([2.0, 5.0, 3.0])
    assert H == [[10.0, 4.0, 6.0], [4.0, 0.0, 0.0], [6.0, 0.0, 4.0]]


def test_an_operand_without_a_derivative_is_a_number() -> None:
    assert grad(logarithm)(2.0, 5.0) == pytest.approx(0.5 / math.log(5))
    assert logarithm(2.0, base=np.array([2.0, 4.0])).tolist() == [1.0, 0.5]
    for base in (Value(5.0), array([5.0, 2.0]), np.array([Value(5.0), 2.0])):
        for x in (2.0, Value(2.0), array([2.0, 3.0])):
            with pytest.raises(TypeError, match="logarithm has no derivative by base: pass a number"):
                logarithm(x, base)
    with pytest.raises(TypeError, match="logarithm has no derivative by base"):
        grad(logarithm, argnums=1)(2.0, 5.0)


def test_a_derivative_that_is_not_known_ends_the_derivatives() -> None:
    @custom_derivative(None)
    def slope(x: float) -> float:
        return 2 * x

    @custom_derivative(lambda y, x: slope(x))
    def parabola(x: float) -> float:
        return x * x

    assert grad(parabola)(3.0) == 6.0
    with pytest.raises(TypeError, match="slope has no derivative by x"):
        grad(grad(parabola))(3.0)


def test_a_derivative_may_be_a_number_of_any_kind() -> None:
    for number in (2, 2.0, np.float32(2), np.int64(2), True + 1, np.array(2.0)):

        @custom_derivative(lambda y, x: number)
        def double(x: float) -> float:
            return 2.0 * x

        assert grad(double)(3.0) == 2.0
        assert type(grad(double)(3.0)) is float
        assert grad(grad(double))(3.0) == 0.0
        assert double(Value(3.0)).partials == (2.0,)


def test_a_result_may_be_a_number_of_any_kind() -> None:
    for number in (2, np.float32(2), np.int64(2), np.array(2.0), True + 1):

        @custom_derivative(lambda y, x: 0.0)
        def two(x: float) -> Any:
            return number  # noqa: B023

        assert type(two(3.0)) is type(two(Value(3.0)).data) is float


def test_an_infinite_derivative_is_given_as_it_is() -> None:
    @custom_derivative(lambda y, x: ops.ieee_div(0.5, y))
    def root(x: float) -> float:
        return math.sqrt(x)

    assert grad(root)(0.0) == inf
    assert jvp(lambda x, y: root(x) + y, (0.0, 1.0), (0.0, 1.0)) == (1.0, 1.0)


# Arrays


def test_arrays_are_taken_element_by_element_and_broadcast() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert sine(x).tolist() == np.sin(x).tolist()
    assert sine(x).dtype == np.float64
    a = array(x)
    y = sine(a)
    assert {v.op for v in y.flat} == {"sine"}
    assert data(y).tolist() == np.sin(x).tolist()
    np.sum(y).backward()
    assert grads(a).tolist() == np.cos(x).tolist()
    b = array([10.0, 20.0])
    assert data(polynomial(a, b)).tolist() == (x * [10.0, 20.0] + 9).tolist()
    assert (
        data(polynomial(a, b[:, None], np.array([0.0, 1.0]))).tolist()
        == (x * [[10.0], [20.0]] + [0.0, 1.0]).tolist()
    )
    assert np.allclose(jacobian(sine)(np.array([1.0, 2.0])), np.diag(np.cos([1.0, 2.0])))


# Pictures, names, recording


def test_it_is_drawn_with_its_name() -> None:
    y = polynomial(sine(Value(1.0, label="x")), 2.0)
    y.backward()
    source = draw(y).source
    assert ">sine<" in source
    assert ">polynomial<" in source


def test_it_keeps_the_name_the_docstring_and_the_signature() -> None:
    assert (sine.__name__, sine.__doc__) == ("sine", "The sine, from the standard library.")
    assert sine.__module__ == __name__
    assert list(inspect.signature(polynomial).parameters) == ["a", "b", "c"]
    assert inspect.signature(polynomial).parameters["c"].default == 3.0
    assert sine(Value(1.0)).op == "sine"


def test_a_function_without_a_name_of_its_own() -> None:
    double = custom_derivative(lambda y, x: 2.0)(lambda x: 2 * x)
    assert grad(double)(1.0) == 2.0
    y = double(Value(1.0))
    assert draw(y).source
    assert y.op


def test_a_function_of_the_standard_library_may_be_decorated() -> None:
    error = custom_derivative(lambda y, x: 2 / math.sqrt(math.pi) * ops.exp(-x * x))(math.erf)
    assert grad(error)(0.5) == pytest.approx(2 / math.sqrt(math.pi) * math.exp(-0.25))
    assert error(Value(0.5)).op == "erf"
    cube_root = custom_derivative(lambda y, x: y / (3 * x))(math.cbrt)
    assert grad(grad(cube_root))(8.0) == pytest.approx(-2 / 9 * 8 ** (-5 / 3))


def test_a_derivative_may_be_any_callable() -> None:
    class Slope:
        def __call__(self, y: Any, x: Any) -> Any:
            return 2 * x

    assert grad(custom_derivative(Slope())(lambda x: x * x))(3.0) == 6.0
    assert grad(custom_derivative(lambda *operands: 2 * operands[1])(lambda x: x * x))(3.0) == 6.0
    assert grad(custom_derivative(lambda y, x, scale=2.0: scale * x)(lambda x: x * x))(3.0) == 6.0


def test_nothing_is_recorded_where_nothing_is() -> None:
    with no_grad():
        y = sine(Value(1.0))
    assert (y.data, y.inputs) == (math.sin(1.0), ())


def test_no_row_is_added_to_the_table() -> None:
    assert "sine" not in ops.TABLE
    assert not hasattr(Value, "sine")


def test_a_primitive_may_have_the_name_of_another() -> None:
    @custom_derivative(lambda y, x: 7.0)
    def tanh(x: float) -> float:
        return 7.0 * x

    assert grad(tanh)(1.0) == 7.0
    assert grad(ops.tanh)(0.0) == 1.0


# Errors


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_derivative_for_each_operand(count: int) -> None:
    with pytest.raises(
        TypeError, match=rf"product needs a derivative for each of its 2 operands \(a, b\), but got {count}"
    ):

        @custom_derivative(*[lambda y, a, b: b] * count)
        def product(a: float, b: float) -> float:
            return a * b


@pytest.mark.parametrize(
    "partial",
    [lambda x: 1.0, lambda: 1.0, lambda y, a: 1.0, lambda y, a, b, c: 1.0, lambda y, *, a, b: 1.0, math.sin],
)
def test_a_derivative_takes_the_result_and_the_operands(partial: Any) -> None:
    with pytest.raises(
        TypeError, match=r"the derivative of product by b must take \(y, a, b\), but it takes \("
    ):

        @custom_derivative(lambda y, a, b: b, partial)
        def product(a: float, b: float) -> float:
            return a * b


@pytest.mark.parametrize("wrong", [1.0, "x", [lambda y, x: 1.0], Value(1.0)])
def test_derivatives_are_functions(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a function \(y, \*operands\) for each operand, or None"):
        custom_derivative(wrong)


def test_a_decorator_without_its_derivatives_is_told_what_is_missing() -> None:
    @custom_derivative
    def cube(x: float) -> float:
        return x**3

    with pytest.raises(TypeError):
        cube(1.0)


@pytest.mark.parametrize(
    "f",
    [lambda *xs: 1.0, lambda x, *xs: 1.0, lambda x, *, scale: x, lambda x, **more: x, lambda *, x: x],
)
def test_the_number_of_operands_is_fixed(f: Any) -> None:
    with pytest.raises(TypeError, match="a primitive has a fixed number of operands"):
        custom_derivative(lambda y, x: 1.0)(f)


@pytest.mark.parametrize("f", [math.log, math.hypot, np.cbrt, np.vectorize(math.erf)])
def test_a_function_that_does_not_tell_its_operands(f: Any) -> None:
    with pytest.raises(TypeError):
        custom_derivative(lambda y, x: 1.0)(f)
    wrapped = custom_derivative(lambda y, x: 1 / x)(lambda x: math.log(x))
    assert grad(wrapped)(2.0) == 0.5


@pytest.mark.parametrize("f", [3.0, None, "f"])
def test_what_is_decorated_is_a_function(f: Any) -> None:
    with pytest.raises(TypeError, match="expected a function below @custom_derivative"):
        custom_derivative(lambda y, x: 1.0)(f)


@pytest.mark.parametrize("result", [None, "1", 1j, [1.0], np.ones(2), Value(1.0)])
def test_a_result_that_is_no_number_is_a_type_error_that_names_the_function(result: Any) -> None:
    @custom_derivative(lambda y, x: 1.0)
    def strange(x: float) -> Any:
        return result

    for call in (lambda: strange(1.0), lambda: strange(Value(1.0)), lambda: grad(strange)(1.0)):
        with pytest.raises(TypeError, match="expected a real number as the result of strange, but got"):
            call()


@pytest.mark.parametrize("result", [None, "1", 1j, [1.0], np.ones(2)])
def test_a_derivative_that_is_no_number_is_a_type_error_that_names_the_function(result: Any) -> None:
    @custom_derivative(lambda y, x: result)
    def strange(x: float) -> float:
        return x

    assert strange(1.0) == 1.0
    for call in (lambda: strange(Value(1.0)), lambda: grad(strange)(1.0)):
        with pytest.raises(TypeError, match=r"expected a real number .* derivative of strange, but got"):
            call()


@pytest.mark.parametrize("x", [-1.0, Value(-1.0, label="weight")])
def test_what_the_function_refuses_is_a_domain_error_that_names_the_operand(x: Any) -> None:
    @custom_derivative(lambda y, x, scale: scale / (2 * y), None)
    def root(x: float, scale: float = 2.0) -> float:
        return scale * math.sqrt(x)

    labelled = r" \(the Value labelled 'weight'\)" if isinstance(x, Value) else ""
    with pytest.raises(DomainError, match=rf"root is not defined for x = -1\.0{labelled} and scale = 2\.0"):
        root(x)
    with pytest.raises(DomainError, match=r"root is not defined for x = -1\.0"):
        grad(root)(-1.0)


def test_a_division_by_zero_is_a_domain_error() -> None:
    @custom_derivative(lambda y, x: -y * y)
    def inverse(x: float) -> float:
        return 1 / x

    with pytest.raises(DomainError, match=r"inverse is not defined for x = 0\.0"):
        inverse(Value(0.0))
    assert grad(grad(inverse))(2.0) == 0.25


@pytest.mark.parametrize(
    "partial", [lambda y, x, n: n / x, lambda y, x, n: math.sqrt(x - 1), lambda y, x, n: ops.log(x)]
)
def test_what_a_derivative_refuses_is_a_domain_error_that_names_it(partial: Any) -> None:
    @custom_derivative(partial, None)
    def power(x: float, n: float = 2.0) -> float:
        return x**n

    assert power(0.0) == 0.0
    for call in (lambda: power(Value(0.0)), lambda: grad(power)(0.0)):
        with pytest.raises(DomainError, match=r"derivative of power is not defined for x = 0\.0, n = 2\.0: "):
            call()


def test_other_errors_come_out_as_they_are() -> None:
    @custom_derivative(lambda y, x: {}[x])
    def strange(x: float) -> float:
        if x > 1:
            raise KeyError("own")
        return x

    with pytest.raises(KeyError, match="own"):
        strange(Value(2.0))
    with pytest.raises(KeyError):
        strange(Value(0.0))


@pytest.mark.parametrize("wrong", ["1", None, 1j, [1.0], Value(1.0) > 0, object()])
def test_operands_are_numbers(wrong: Any) -> None:
    for call in (
        lambda: sine(wrong),
        lambda: polynomial(Value(1.0), wrong),
        lambda: polynomial(1.0, 2.0, wrong),
    ):
        with pytest.raises(TypeError, match="expected a real number or a Value in"):
            call()


def test_operands_too_many_or_too_few_or_unknown() -> None:
    for call in (lambda: polynomial(1.0), lambda: polynomial(1, 2, 3, 4), lambda: polynomial(1, 2, d=3)):
        with pytest.raises(TypeError, match=r"polynomial\(a, b, c=3\.0\): "):
            call()
    for call in (lambda: sine(), lambda: sine(1.0, 2.0), lambda: sine(1.0, x=2.0)):
        with pytest.raises(TypeError):
            call()


def test_data_changed_since_are_refused() -> None:
    x = Value(1.0)
    y = sine(x)
    x.data = 2.0
    with pytest.raises(RuntimeError, match="the data of an operand changed after sine had used it"):
        y.gradient(x)
