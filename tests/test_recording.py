"""What is recorded and what is not: `no_grad` alone, nested and decorated, in threads and in tasks."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from math import exp
from typing import Any

import numpy as np
import pytest

from autograd_lite import compile, ops
from autograd_lite._recording import innermost, paused
from autograd_lite.arrays import array, data
from autograd_lite.calculus import custom_derivative, grad, hessian, jvp, no_grad, value_and_grad, vjp
from autograd_lite.engine import DomainError, Value
from autograd_lite.nn import MLP, mse
from autograd_lite.ops import TABLE


def records() -> bool:
    """Whether operators record, asked of each kind of operation."""
    x = Value(2.0)
    nodes = [x + x, x * x, x - x, 2 / x, x.relu(), x.exp(), ops.dot([x], [x]), ops.sum([x, 1.0]), np.tanh(x)]
    answers = {bool(node.inputs) for node in nodes}
    assert len(answers) == 1
    return answers.pop()


@custom_derivative(lambda y, x: 2.0 * x)
def squared(x: float) -> float:
    return x * x


OPERATIONS: dict[str, Callable[[Value, Value], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "add a number": lambda x, y: x + 1,
    "multiply a number": lambda x, y: 2 * x,
    "subtract from a number": lambda x, y: 1 - x,
    "divide a number": lambda x, y: 1 / x,
    "power of a number": lambda x, y: 2**x,
    "neg": lambda x, y: -x,
    "abs": lambda x, y: abs(x),
    "relu": lambda x, y: x.relu(),
    "method": lambda x, y: x.sigmoid(),
    "function": lambda x, y: ops.maximum(x, y),
    "clip": lambda x, y: x.clip(0.0, y),
    "where": lambda x, y: ops.where(x > y, x, y),
    "where of numbers": lambda x, y: ops.where(x > y, 1.0, 2.0),
    "sum": lambda x, y: ops.sum([x, y, 1.0]),
    "mean": lambda x, y: ops.mean([x, y]),
    "dot": lambda x, y: ops.dot([x, y], [y, x]),
    "dot with numbers": lambda x, y: ops.dot([x, y], [1.0, 2.0]),
    "dot with a mixture": lambda x, y: ops.dot([x, 3.0], [1, y]),
    "softmax": lambda x, y: ops.softmax([x, y])[0],
    "stop_gradient": lambda x, y: ops.stop_gradient(x),
    "numpy": lambda x, y: np.exp(x),
    "numpy on arrays": lambda x, y: np.array([x, y]) @ np.array([y, x]),
    "array": lambda x, y: array([x, y]) @ array([y, x]),
    "sum of an array": lambda x, y: np.sum(array([x, y]) * 2),
    "custom": lambda x, y: squared(x),
    "gradient": lambda x, y: CUBE.gradient(LEAF),
    "model": lambda x, y: MLP(2, [2, 1], seed=0)([x, y]),
}
LEAF = Value(1.5)
CUBE = LEAF**3


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_is_recorded(name: str) -> None:
    x, y = Value(0.7), Value(1.3)
    recorded = OPERATIONS[name](x, y)
    with no_grad():
        unrecorded = OPERATIONS[name](x, y)
    assert isinstance(unrecorded, Value)
    assert unrecorded.data == recorded.data
    assert (unrecorded.inputs, unrecorded.op, unrecorded.partials) == ((), "", ())
    assert recorded.inputs or name == "gradient"
    unrecorded.backward()
    assert not x.has_grad
    assert unrecorded.gradient(x).data == 0.0


@pytest.mark.parametrize("p", [p for p in TABLE.values() if not p.is_nary], ids=lambda p: p.name)
def test_no_primitive_of_the_table_is_recorded(p: Any) -> None:
    x = Value(1.0 if p.name == "arccosh" else 0.5)
    operands = [x > 0 if name == "condition" else x for name in p.operands]
    expected = getattr(ops, p.name)(*operands)
    with no_grad():
        y = getattr(ops, p.name)(*operands)
    assert (y.data, y.inputs) == (expected.data, ())
    assert expected.inputs


def test_what_was_made_inside_is_used_outside_as_a_leaf() -> None:
    x = Value(3.0)
    with no_grad():
        factor = x * x
    y = factor * x
    y.backward()
    assert (x.grad, factor.grad) == (9.0, 3.0)
    assert y.inputs == (factor, x)


def test_leaves_inside_are_leaves() -> None:
    with no_grad():
        x = Value(3.0, label="x")
        a = array([1.0, 2.0], label="a")
    (x * x + a[0]).backward()
    assert (x.grad, a[0].grad, x.label) == (6.0, 1.0, "x")


def test_a_graph_from_outside_is_differentiated_inside() -> None:
    x = Value(3.0)
    y = x * x * x
    with no_grad():
        y.backward()
        slope = y.gradient(x)
    assert (x.grad, slope.data) == (27.0, 27.0)


def test_errors_are_those_of_recorded_operations() -> None:
    x = Value(-1.0, label="weight")
    with no_grad():
        with pytest.raises(DomainError, match="labelled 'weight'"):
            x.log()
        with pytest.raises(TypeError):
            x + "1"  # type: ignore[operator]
        with pytest.raises(TypeError, match=r"v\.data"):
            float(x)
        with pytest.raises(TypeError):
            ops.dot([x, x], [1.0, "a"])


# Contexts


def test_recording_goes_on_after_the_context() -> None:
    assert records()
    with no_grad():
        assert not records()
    assert records()


def test_contexts_nest() -> None:
    with no_grad():
        with no_grad():
            assert not records()
        assert not records()
    assert records()


def test_recording_goes_on_after_an_exception() -> None:
    for error in (KeyError, KeyboardInterrupt, GeneratorExit):
        with pytest.raises(error), no_grad(), no_grad():
            raise error
        assert records()


@pytest.mark.parametrize("decorator", [no_grad(), no_grad])
def test_functions_are_decorated(decorator: Any) -> None:
    @decorator
    def f(x: Value, *, times: int = 1) -> Value:
        """A description."""
        assert not records()
        return f(x, times=times - 1) * x if times else x

    x = Value(3.0)
    for _ in range(2):
        y = f(x, times=3)
        assert (y.data, y.inputs) == (81.0, ())
        assert records()
    assert (f.__name__, f.__doc__) == ("f", "A description.")


def test_methods_are_decorated() -> None:
    class Model:
        def __init__(self) -> None:
            self.weight = Value(3.0)

        @no_grad()
        def predict(self, x: float) -> Value:
            return self.weight * x

    assert Model().predict(2.0).inputs == ()


def test_a_decorated_function_that_raises() -> None:
    @no_grad()
    def broken() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert records()


def test_functions_whose_body_runs_later_are_not_decorated() -> None:
    def generator() -> Iterator[int]:
        yield 1

    async def coroutine() -> None:
        pass

    async def asynchronous_generator() -> AsyncIterator[int]:
        yield 1

    for function in (generator, coroutine, asynchronous_generator):
        with pytest.raises(TypeError, match="cannot decorate"):
            no_grad()(function)


def test_a_context_may_be_used_again_but_not_inside_itself() -> None:
    context = no_grad()
    for _ in range(2):
        with context:
            assert not records()
        assert records()
    with context:
        with pytest.raises(RuntimeError, match="entered already"), context:
            pass
        assert not records()
    assert records()


def test_a_generator_that_is_not_finished() -> None:
    def numbers() -> Iterator[bool]:
        with no_grad():
            yield records()
            yield records()

    suspended = numbers()
    assert next(suspended) is False
    suspended.close()
    assert records()


def test_a_generator_that_another_thread_closes() -> None:
    def numbers() -> Iterator[bool]:
        with no_grad():
            yield records()

    suspended = numbers()
    assert copy_context().run(next, suspended) is False
    thread = threading.Thread(target=suspended.close)
    thread.start()
    thread.join()
    assert records()
    copy_context().run(suspended.close)
    assert records()


def test_nothing_slows_operators_down_afterwards() -> None:
    for f in (lambda x: x * x, lambda x: {}["missing"]):
        with suppress(KeyError), no_grad():
            grad(f)(1.0)
    assert paused == []
    assert innermost.get() is None


def test_memory_of_the_graph_is_freed_at_once() -> None:
    class Label(str):
        __slots__ = ("__weakref__",)

    freed = []

    class Watched(Label):
        def __del__(self) -> None:
            freed.append(str(self))

    gc.disable()
    try:
        with no_grad():
            x = Value(1.0)
            for i in range(3):
                x = x * 2.0
                x.label = Watched(i)
            assert freed == ["0", "1"]
    finally:
        gc.enable()


# Derivatives inside


def test_derivatives_are_right_inside_and_floats() -> None:
    w = Value(2.0)
    with no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0
        assert hessian(lambda x: x[0] ** 2 * x[1])([1.0, 3.0]) == [[6.0, 2.0], [2.0, 0.0]]
        assert jvp(lambda x: ops.exp(x), (0.0,), (2.0,)) == (1.0, 2.0)
        value, pull_back = vjp(lambda x: w * x**2, 3.0)
        value_and_slope = value_and_grad(lambda x: w * x**2)(3.0)
        results = [value, *pull_back(1.0), *value_and_slope]
        assert not records()
    assert results == [18.0, 12.0, 18.0, 12.0]
    assert set(map(type, results)) == {float}
    assert records()


def test_a_function_that_is_differentiated_is_recorded_inside_and_its_results_are_not() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(records())
        return x * x

    with no_grad():
        assert grad(grad(f))(3.0) == 2.0
    assert seen == [True]


def test_recording_goes_on_after_a_derivative_that_failed_inside() -> None:
    def broken(x: Any) -> Any:
        raise KeyError

    with no_grad():
        with pytest.raises(KeyError):
            grad(broken)(1.0)
        assert not records()
    assert records()


def test_a_context_inside_a_differentiated_function_makes_constants() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            factor = x * x
            assert not records()
        assert records()
        return factor * x

    assert grad(f)(3.0) == 9.0
    assert grad(lambda x: f(x) * x)(3.0) == 9.0 * 3.0 * 2


def test_a_derivative_inside_a_context_inside_a_derivative() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            slope = grad(lambda y: y * y * x)(x)
        return slope * x

    assert grad(f)(3.0) == 2 * 3.0 * 3.0


def test_a_model_is_evaluated_without_a_graph() -> None:
    model = MLP(2, [3, 1], seed=0)
    expected = model([1.0, 2.0])
    with no_grad():
        prediction = model([1.0, 2.0])
        loss = mse(prediction, 1.0)
    assert (prediction.data, prediction.inputs, loss.inputs) == (expected.data, (), ())
    mse(model([1.0, 2.0]), 1.0).backward()
    assert any(p.grad for p in model.parameters())


# Threads and tasks


def test_other_threads_go_on_recording() -> None:
    is_over, errors = threading.Event(), []

    def record() -> None:
        while not is_over.is_set():
            x = Value(2.0)
            y = ops.dot([x, x], [x, 1.0]) + x.relu() * x - ops.exp(x) / x
            y.backward()
            if not records() or abs(x.grad - (9.0 - exp(2) / 4)) > 1e-12 or grad(ops.exp)(0.0) != 1.0:
                errors.append(x.grad)

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(300):
            with no_grad():
                assert not records()
            assert records()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert errors == []


def test_threads_that_record_and_threads_that_do_not() -> None:
    def work(i: int) -> bool:
        for _ in range(50):
            if i % 2:
                with no_grad():
                    answer = records()
            else:
                answer = records()
            if answer == bool(i % 2):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
    assert records()


def test_a_thread_started_inside_records() -> None:
    answers: list[bool] = []
    with no_grad():
        thread = threading.Thread(target=lambda: answers.append(records()))
        thread.start()
        thread.join()
        assert not records()
    assert answers == [True]


def test_tasks_do_not_meet() -> None:
    async def work(is_paused: bool) -> set[bool]:
        answers = set()
        for _ in range(10):
            if is_paused:
                with no_grad():
                    await asyncio.sleep(0)
                    answers.add(records())
            else:
                await asyncio.sleep(0)
                answers.add(records())
        return answers

    async def everything() -> list[set[bool]]:
        return await asyncio.gather(*(work(i % 2 == 0) for i in range(6)))

    assert asyncio.run(everything()) == [{False}, {True}] * 3
    assert records()


@pytest.mark.parametrize("is_elsewhere_paused", [False, True])
def test_a_task_that_outlives_the_context_it_was_started_in_records(is_elsewhere_paused: bool) -> None:
    is_entered, is_over = threading.Event(), threading.Event()

    def pause() -> None:
        with no_grad():
            is_entered.set()
            is_over.wait(10)

    async def work() -> bool:
        return records()

    async def outlive() -> bool:
        with no_grad():
            task = asyncio.create_task(work())
        return await task

    thread = threading.Thread(target=pause)
    if is_elsewhere_paused:
        thread.start()
        is_entered.wait(10)
    try:
        assert asyncio.run(outlive()) is True
    finally:
        is_over.set()
        if is_elsewhere_paused:
            thread.join()


def test_a_copied_context_records_after_the_end_of_no_grad() -> None:
    with no_grad():
        context = copy_context()
        assert context.run(records) is False
    assert context.run(records) is True


def test_a_context_is_left_in_the_order_in_which_threads_like() -> None:
    """Two contexts of two threads that overlap without one being inside the other."""
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))
    answers = []

    def other() -> None:
        first_is_in.wait(10)
        with no_grad():
            second_is_in.set()
            first_is_out.wait(10)
            answers.append(records())
        answers.append(records())

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        first_is_in.set()
        second_is_in.wait(10)
    answers.append(records())
    first_is_out.set()
    thread.join()
    assert answers == [True, False, True]


def test_arrays_are_not_recorded() -> None:
    a = array([[1.0, 2.0], [3.0, 4.0]])
    with no_grad():
        y = np.maximum(np.exp(a @ a.T) - a, 0.0)
        total = np.sum(y)
    assert {v.inputs for v in y.flat} == {()}
    assert total.inputs == ()
    assert data(y).tolist() == data(np.maximum(np.exp(a @ a.T) - a, 0.0)).tolist()


def test_the_truth_of_a_value_is_refused_with_its_line_while_a_function_is_compiled():
    f = compile(lambda x: x if x else -x)
    with pytest.raises(TypeError, match=r"is true in .*lambda x: x if x else -x.*write where"):
        f(1.0)
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(Value(1.0))
