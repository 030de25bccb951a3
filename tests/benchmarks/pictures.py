"""Pictures of large graphs, as `draw` makes them by itself, from the `Value` to the SVG with its layout.

The loss of 100 examples in micrograd's demo network, 2-16-16-1, once with a `dot` for each neuron and once in
binary operators; a chain; and one example in a network 64-300-100-10. `explain` writes out one derivative by
a weight. The bar is that of whoever waits in front of a notebook.
"""

from __future__ import annotations

from typing import Any

from .report import Row, Rows
from .timing import in_fresh_process, seconds_per_step

TITLE, UNIT = "pictures and explanations of large graphs", "s"
BAR = 2.0
CHAIN = 100_000


def rows() -> Rows:
    for name in GRAPHS:
        nodes, drawn, explained = in_fresh_process(seconds, name)
        yield Row(f"draw, {name} ({nodes:,} nodes)", drawn, bar=BAR if name in BOUNDED else None)
        yield Row(f"explain, {name}", explained)


def seconds(name: str) -> tuple[int, float, float]:
    """The number of nodes of a graph, and CPU seconds of its picture and of an explanation."""
    from autograd_lite import draw, explain, topological_order

    root, leaf = GRAPHS[name]()
    root.backward()
    drawn = seconds_per_step(lambda: draw(root).pipe("svg"))
    explained = seconds_per_step(lambda: str(explain(root, leaf)))
    return len(topological_order(root)), drawn, explained


def moons_of_dots() -> tuple[Any, Any]:
    """The batch as `nn` computes it."""
    from autograd_lite.engine import Value
    from autograd_lite.nn import MLP

    from .moons_step import SIZES, max_margin, moons

    model = MLP(SIZES[0], list(SIZES[1:]), seed=0)
    points, sides = zip(*moons(), strict=True)
    parameters = model.parameters()
    return max_margin([model(point) for point in points], sides, parameters, Value.relu), parameters[0]


def moons_of_operators() -> tuple[Any, Any]:
    """The batch in binary operators."""
    from autograd_lite.engine import Value

    from .moons_step import flat, initial_layers, max_margin, moons, score

    layers = initial_layers(Value)
    points, sides = zip(*moons(), strict=True)
    scores = [score(layers, [Value(x) for x in point], Value.relu) for point in points]
    return max_margin(scores, sides, flat(layers), Value.relu), flat(layers)[0]


def chain() -> tuple[Any, Any]:
    """One operation after the other."""
    from autograd_lite.engine import Value

    x = y = Value(0.5)
    for _ in range(CHAIN // 2):
        y = (y * 1.01).sin()
    return y, x


def lecture() -> tuple[Any, Any]:
    """One example of the lecture's network for digits."""
    from autograd_lite.nn import MLP, cross_entropy

    model = MLP(64, [300, 100, 10], seed=0)
    return cross_entropy(model([0.1] * 64), 3), model.parameters()[0]


GRAPHS = {
    "moons, dots": moons_of_dots,
    "moons, binary operators": moons_of_operators,
    "chain": chain,
    "64-300-100-10": lecture,
}
BOUNDED = frozenset({"moons, dots"})
