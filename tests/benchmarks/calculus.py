"""The cost of derivatives of functions: `grad` and `jvp` beside the recorded function alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

from .report import Row, Rows
from .timing import in_fresh_process, take_turns

TITLE, UNIT = "Rosenbrock's function and its derivatives", "µs/input"
SIZES = (10, 100, 1_000, 10_000)
BARS = {"grad": 5.0, "jvp": 3.0}
PROCESSES = 3


def rows() -> Rows:
    for name, bar in BARS.items():
        for size in SIZES:
            turns = [turn for _ in range(PROCESSES) for turn in in_fresh_process(play, name, size)]
            derivative, function = (1e6 * median(times) / size for times in zip(*turns, strict=True))
            yield Row(f"the function of {size:,} Values", function)
            yield Row(f"  {name}, evaluation included", derivative, median(a / b for a, b in turns), bar)


def play(name: str, size: int) -> list[tuple[float, float]]:
    """Time the derivative and the function, once the derivative is found to be that of the formula."""
    point = [0.5 + 0.001 * (i % 1000) for i in range(size)]
    direction = [float(i % 3 - 1) for i in range(size)]
    exact = slopes(point)
    derivative: Callable[[], Any]
    if name == "grad":
        from autograd_lite import grad

        derivative, expected = lambda: grad(rosenbrock)(point), exact
        got = derivative()
    else:
        from autograd_lite import jvp

        derivative = lambda: jvp(rosenbrock, (point,), (direction,))  # noqa: E731
        got, expected = [derivative()[1]], [sum(a * b for a, b in zip(exact, direction, strict=True))]
    error = max(abs(a - b) for a, b in zip(got, expected, strict=True))
    if not error <= 1e-12 * max(map(abs, exact)) * size:
        raise ArithmeticError(f"{name} is off by {error}")
    return take_turns(derivative, lambda: recorded(point), collector=True)


def rosenbrock(x: Any) -> Any:
    """Σ 100 (x_{i+1} - x_i²)² + (1 - x_i)², of Values or floats."""
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def recorded(point: list[float]) -> Any:
    from autograd_lite import Value

    return rosenbrock([Value(x) for x in point])


def slopes(x: list[float]) -> list[float]:
    """The gradient, by hand."""
    gradient = [0.0] * len(x)
    for i, (a, b) in enumerate(pairwise(x)):
        gradient[i] += -400.0 * a * (b - a**2) - 2.0 * (1.0 - a)
        gradient[i + 1] += 200.0 * (b - a**2)
    return gradient
