"""`Graph`: a recorded scalar graph as data, and what it computes, node by node, for reference.

Nodes are numbered, operands before their users. What a node is, is its operation:

- ``input`` and ``parameter``, of which ``data`` has the number, and ``constant``, of which it is the number;
- a row of the table of primitives, or one that the user defined, and ``<``, ``<=``, ``>``, ``>=``, ``and``,
  ``or``, ``not``;
- ``linear``, Σ c_k a_k b_k, and ``mean_linear``, the mean of that over the batch: ``operands`` are all a
  and then all b, ``data`` is c, one number if they are all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import fsum
from typing import Any

from autograd_lite._condition import COMPARISONS
from autograd_lite._primitive import Primitive
from autograd_lite.ops import TABLE

SOURCES = frozenset({"input", "parameter", "constant"})
LOGIC = {
    **COMPARISONS,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
}
CONDITIONS = frozenset(LOGIC)
LINEAR = frozenset({"linear", "mean_linear"})

Operation = str | Primitive


@dataclass
class Graph:
    """A graph of scalars; `is_batched` tells which nodes have another number for each example.

    Examples
    --------
    >>> g = Graph()
    >>> x, two = g.add("input", data=0, is_batched=True), g.constant(2.0)
    >>> g.outputs = [g.add("mul", (x, two))]
    >>> evaluate(g, inputs=[[1.0, 2.0, 3.0]])
    [[2.0, 4.0, 6.0]]
    """

    ops: list[Operation] = field(default_factory=list)
    operands: list[tuple[int, ...]] = field(default_factory=list)
    data: list[Any] = field(default_factory=list)
    is_batched: list[bool] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ops)

    def add(
        self, op: Operation, operands: tuple[int, ...] = (), data: Any = None, is_batched: bool | None = None
    ) -> int:
        """Append a node and return its number. It is batched if an operand is, unless said otherwise."""
        if is_batched is None:
            is_batched = op != "mean_linear" and any(map(self.is_batched.__getitem__, operands))
        self.ops.append(op)
        self.operands.append(operands)
        self.data.append(data)
        self.is_batched.append(is_batched)
        return len(self.ops) - 1

    def constant(self, number: float) -> int:
        """Append a constant and return its number."""
        return self.add("constant", data=number, is_batched=False)

    def copy(self) -> Graph:
        """A graph of the same nodes, to which others can be added."""
        lists = self.ops[:], self.operands[:], self.data[:], self.is_batched[:], self.outputs[:]
        return Graph(*lists, self.labels.copy())

    def uses(self) -> list[int]:
        """How many operands and outputs each node is."""
        found = Counter(chain.from_iterable((*self.operands, self.outputs)))
        return [found[i] for i in range(len(self))]


def row_of(op: Operation) -> Primitive:
    """The primitive that a node is."""
    return TABLE[op] if isinstance(op, str) else op


def value_of(op: Operation, xs: Sequence[Any]) -> Any:
    """A primitive or a comparison of floats and bools."""
    if op in CONDITIONS:
        return LOGIC[str(op)](*xs)  # type: ignore[operator]
    row = row_of(op)
    return row.value(xs) if row.is_nary else row.value(*xs)


def terms(graph: Graph, i: int) -> tuple[Sequence[float], tuple[int, ...], tuple[int, ...]]:
    """The coefficients and the factors of a sum of products."""
    xs = graph.operands[i]
    n = len(xs) // 2
    c = graph.data[i]
    return (c,) * n if isinstance(c, float) else c, xs[:n], xs[n:]


def evaluate(
    graph: Graph, inputs: Sequence[Any] = (), parameters: Sequence[float] = (), batch_size: int = 1
) -> list[Any]:
    """The outputs, one number after the other: what every pass has to preserve.

    A batched input is a list of numbers, one for each example, and so is a batched output.
    """
    batches = [len(x) for x in inputs if isinstance(x, list)]
    examples = range(batches[0] if batches else batch_size)
    values: list[Any] = []

    def at(x: int, example: int) -> Any:
        return values[x][example] if graph.is_batched[x] else values[x]

    def of_one(i: int, example: int) -> Any:
        if graph.ops[i] not in LINEAR:
            return value_of(graph.ops[i], [at(x, example) for x in graph.operands[i]])
        factors = zip(*terms(graph, i), strict=True)
        return fsum(c * at(a, example) * at(b, example) for c, a, b in factors)

    for i, op in enumerate(graph.ops):
        if op in SOURCES:
            known = {"input": inputs, "parameter": parameters}.get(op)
            values.append(graph.data[i] if known is None else known[graph.data[i]])
        elif op == "mean_linear":
            values.append(fsum(of_one(i, k) for k in examples) / len(examples))
        elif graph.is_batched[i]:
            values.append([of_one(i, k) for k in examples])
        else:
            values.append(of_one(i, 0))
    return [values[i] for i in graph.outputs]
