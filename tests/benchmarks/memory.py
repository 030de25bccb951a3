"""Bytes that a node of a graph of binary operators occupies, as tracemalloc counts them."""

from __future__ import annotations

import functools
import gc
import importlib
import operator
import tracemalloc
from typing import Any

from .moons_step import initial_layers, moons, score
from .report import Row, Rows, Skipped, is_installed, with_version
from .timing import in_fresh_process

TITLE, UNIT = "memory: the scores of the moons network, summed", "bytes/node"
BAR = 150


def rows() -> Rows:
    for package, bar in (("micrograd", None), ("autograd_lite", BAR)):
        if not is_installed(package):
            yield Skipped(package)
            continue
        name = package if bar else with_version(package, package)
        forward, backward = in_fresh_process(bytes_per_node, package)
        yield Row(f"{name}, after forward", forward, bar=bar)
        yield Row(f"{name}, after forward and backward", backward, bar=bar)


def bytes_per_node(package: str) -> tuple[float, float]:
    """Leaves count as nodes; there are no constants, which engines may or may not make nodes of."""
    value = importlib.import_module(f"{package}.engine").Value
    points = [point for point, _ in moons()]

    tracemalloc.start()
    layers = initial_layers(value)
    scores = [score(layers, [value(x) for x in point], value.relu) for point in points]
    total = functools.reduce(operator.add, scores)
    sizes = [_traced_bytes()]
    total.backward()
    sizes.append(_traced_bytes())
    tracemalloc.stop()

    nodes = _count_nodes(total)
    return sizes[0] / nodes, sizes[1] / nodes


def _traced_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _count_nodes(root: Any) -> int:
    seen, stack = {root}, [root]
    while stack:
        new = set(stack.pop()._prev) - seen
        seen |= new
        stack.extend(new)
    return len(seen)
