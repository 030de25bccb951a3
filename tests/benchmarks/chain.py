"""A chain without width: 25,000 steps of explicit Euler for x' = k sin(x), one operation after the other.

That is 100,000 operations in a row. Asked for are the end of the chain and its derivatives by x(0) and k.
Both contenders agree with the same run of floats, its derivatives carried along, to 1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .matches import Match, rows_of
from .report import Rows

TITLE, UNIT = "Euler's method: 100,000 operations in a row", "ms"
OPERATIONS = 100_000
OPERATIONS_OF_STEP = 4
TIME = 2.5
X0, K = 0.5, 0.8


@dataclass(frozen=True)
class Contender:
    """One way to find the end and its derivatives."""

    step: Callable[[], tuple[float, tuple[float, float]]]

    def numbers(self) -> list[float]:
        """The end and both derivatives."""
        end, derivatives = self.step()
        return [float(end), *map(float, derivatives)]


def rows() -> Rows:
    return rows_of(MATCHES, UNIT)


def euler(x: Any, k: Any, operations: int = OPERATIONS) -> Any:
    """In scalar code."""
    from autograd_lite import sin

    steps = operations // OPERATIONS_OF_STEP
    h = TIME / steps
    for _ in range(steps):
        x = x + h * (k * sin(x))
    return x


def compiled() -> Contender:
    import autograd_lite

    program = autograd_lite.compile(autograd_lite.value_and_grad(euler, argnums=(0, 1)))
    return Contender(lambda: program(X0, K))


def eager() -> Contender:
    from autograd_lite import value_and_grad

    derivatives = value_and_grad(euler, argnums=(0, 1))
    return Contender(lambda: derivatives(X0, K))


def by_hand() -> Contender:
    """Floats, the derivatives carried along."""

    def step() -> tuple[float, tuple[float, float]]:
        steps = OPERATIONS // OPERATIONS_OF_STEP
        h, x, by_x0, by_k = TIME / steps, X0, 1.0, 0.0
        for _ in range(steps):
            sine, slope = math.sin(x), 1.0 + h * K * math.cos(x)
            x, by_x0, by_k = x + h * K * sine, by_x0 * slope, by_k * slope + h * sine
        return x, (by_x0, by_k)

    return Contender(step)


ours = partial(Match, compiled, "autograd_lite, compiled")
MATCHES = (
    ours(eager, "autograd_lite, value_and_grad", bar=1.0),
    ours(by_hand, "Python's floats by hand"),
)
