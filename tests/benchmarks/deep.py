"""A chain of a million operations: built, differentiated both ways, and released."""

from __future__ import annotations

import sys
from typing import Any

from .report import Row, Rows
from .timing import in_fresh_process, seconds_per_step

TITLE, UNIT = "deep: 1,000,000 products, recursion limit untouched", "ms"
PRODUCTS = 1_000_000


def rows() -> Rows:
    for phase, seconds in in_fresh_process(phases).items():
        yield Row(f"autograd_lite, {phase}", 1e3 * seconds)


def phases() -> dict[str, float]:
    """CPU seconds of each phase, collector on; raises if a derivative or the recursion limit is off."""
    from autograd_lite.engine import Value

    limit = sys.getrecursionlimit()
    x = Value(1.0)
    chain: list[Any] = []
    derivative: list[Any] = []

    def forward() -> None:
        y = x
        for _ in range(PRODUCTS):
            y = y * x
        chain.append(y)

    seconds = {
        "forward": seconds_per_step(forward),
        "backward()": seconds_per_step(lambda: chain[0].backward()),
        "gradient([x])": seconds_per_step(lambda: derivative.extend(chain[0].gradient([x]))),
    }
    exact = PRODUCTS + 1  # of x ** (PRODUCTS + 1) at 1
    if not x.grad == derivative[0].data == exact:
        raise ArithmeticError(f"{x.grad} and {derivative[0].data} should be {exact}")
    seconds["release of the gradient's graph"] = seconds_per_step(derivative.clear)
    seconds["release of the chain"] = seconds_per_step(chain.clear)
    if sys.getrecursionlimit() != limit:
        raise RuntimeError(f"the recursion limit was {limit} and is {sys.getrecursionlimit()}")
    return seconds
