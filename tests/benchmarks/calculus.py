"""What `grad(f)(x)` and `jvp(f, ...)` take, the evaluation of f included, beside f on `Value`s made for it.

Rosenbrock's function has eight operations for each input, the sum of squares two.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

from .report import Row, Rows
from .rosenbrock import rosenbrock
from .timing import in_fresh_process, take_turns

TITLE, UNIT = "derivatives of functions, evaluation included", "µs/input"
SIZES = (10, 100, 1_000, 10_000)
BARS = {"grad": 5.0, "jvp": 3.0}
PROCESSES = 3


def rows() -> Rows:
    cases = [("Rosenbrock", size) for size in SIZES] + [("squares", 1_000)]
    for name, bar in BARS.items():
        for function, size in cases:
            turns = [turn for _ in range(PROCESSES) for turn in in_fresh_process(play, name, function, size)]
            derivative, recorded = (1e6 * median(times) / size for times in zip(*turns, strict=True))
            yield Row(f"{function}, {size:,} Values", recorded)
            yield Row(f"  {name}", derivative, median(a / b for a, b in turns), bar)


def play(name: str, function: str, size: int) -> list[tuple[float, float]]:
    """Time the derivative and the function, once the derivative is found to be that of the formula."""
    from autograd_lite import Value, grad, jvp

    f, slopes = FUNCTIONS[function]
    point = [0.5 + 0.001 * (i % 1000) for i in range(size)]
    direction = [float(i % 3 - 1) for i in range(size)]
    exact = slopes(point)
    derivative: Callable[[], Any]
    if name == "grad":
        derivative, expected = lambda: grad(f)(point), exact
        got = derivative()
    else:
        derivative = lambda: jvp(f, (point,), (direction,))  # noqa: E731
        got, expected = [derivative()[1]], [sum(a * b for a, b in zip(exact, direction, strict=True))]
    error = max(abs(a - b) for a, b in zip(got, expected, strict=True))
    if not error <= 1e-12 * max(map(abs, exact)) * size:
        raise ArithmeticError(f"{name} is off by {error}")
    return take_turns(derivative, lambda: f([Value(x) for x in point]), collector=True)


def rosenbrock_slopes(x: list[float]) -> list[float]:
    """The gradient, by hand."""
    gradient = [0.0] * len(x)
    for i, (a, b) in enumerate(pairwise(x)):
        gradient[i] += -400.0 * a * (b - a**2) - 2.0 * (1.0 - a)
        gradient[i + 1] += 200.0 * (b - a**2)
    return gradient


def squares(x: Any) -> Any:
    """Σ x_i²: two operations for each input."""
    return sum(a * a for a in x)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[list[float]], list[float]]]] = {
    "Rosenbrock": (rosenbrock, rosenbrock_slopes),
    "squares": (squares, lambda x: [2.0 * a for a in x]),
}
