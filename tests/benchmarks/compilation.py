"""What the first call of a compiled function takes: recording, compiling and running it, in a fresh process.

The parameters and the data are there already. Time must grow like the graph: 10 times the nodes may take
12 times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

from . import chain, moons_step, network_step
from .matches import PROCESSES
from .report import Row, Rows
from .timing import in_fresh_process, seconds_per_step

TITLE, UNIT = "compilation: the first call", "s"
LINEAR = 12.0

Call = Callable[[], object]
Sizes = tuple[int, ...]


def rows() -> Rows:
    for title, build, bar in CASES:
        seconds = [in_fresh_process(first_call, build) for _ in range(PROCESSES)]
        yield Row(title, median(seconds), bar=bar)
    for small, build_small, large, build_large in PAIRS:
        pairs = [
            (in_fresh_process(first_call, build_small), in_fresh_process(first_call, build_large))
            for _ in range(PROCESSES)
        ]
        few, many = map(median, zip(*pairs, strict=True))
        yield Row(small, few)
        yield Row(f"  {large}", many, median(b / a for a, b in pairs), LINEAR)


def first_call(build: Callable[[], Call]) -> float:
    """CPU seconds of the call that `build` prepares."""
    return seconds_per_step(build())


def binary(sizes: Sizes) -> Call:
    """micrograd's code: binary operators."""
    import numpy as np

    import autograd_lite
    from autograd_lite.engine import Value

    layers = moons_step.initial_layers(Value, sizes)
    step = moons_step.example_step(layers, Value.relu)
    points, sides = map(np.array, zip(*moons_step.moons(), strict=True))
    return lambda: autograd_lite.compile(step, in_axes=0, reduce="mean")(points, sides)


def network(sizes: Sizes) -> Call:
    """`nn.MLP` and cross-entropy."""
    import autograd_lite

    step = network_step.scalar_step(sizes)
    X, y = network_step.examples(sizes[0])
    return lambda: autograd_lite.compile(step, in_axes=0, reduce="mean")(X, y)


def euler(operations: int) -> Call:
    """A chain and its derivatives."""
    import autograd_lite

    step = autograd_lite.value_and_grad(partial(chain.euler, operations=operations), argnums=(0, 1))
    return lambda: autograd_lite.compile(step)(chain.X0, chain.K)


CASES = (
    ("moons step, binary operators", partial(binary, moons_step.SIZES), 0.3),
    ("classifier 784-300-100-10, nn.MLP", partial(network, (784, 300, 100, 10)), 5.0),
)
PAIRS = (
    (
        "moons step, 2-50-50-1, binary operators",
        partial(binary, (2, 50, 50, 1)),
        "2-163-163-1: 10 times the nodes",
        partial(binary, (2, 163, 163, 1)),
    ),
    (
        "classifier 784-30-10, nn.MLP",
        partial(network, (784, 30, 10)),
        "784-300-10: 10 times the nodes",
        partial(network, (784, 300, 10)),
    ),
    (
        "Euler's method, 10,000 operations",
        partial(euler, 10_000),
        "100,000: 10 times the nodes",
        partial(euler, 100_000),
    ),
)
