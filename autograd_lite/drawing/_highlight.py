"""What is highlighted on a picture: one path through the graph, or all paths between two nodes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd_lite._chain_rule import dependent_on, operands
from autograd_lite.engine import Value


class Highlight(NamedTuple):
    """The nodes on the paths, and the edges, from operand to result."""

    nodes: set[Value]
    edges: set[tuple[Value, Value]]
    text: str


def find_paths(order: Sequence[Value], what: Any, names: dict[Value, str]) -> Highlight | None:
    """The paths of the chain rule that `what` stands for, in the graph with this order.

    A Value stands for all paths from it to the root, a pair for all paths from one to the other, a list
    for a path through these nodes, in either direction. None stands for None.
    """
    if what is None:
        return None
    if not (isinstance(what, Value) or (isinstance(what, tuple | list) and _are_values(what))):
        raise TypeError(
            "expected a Value, a pair (from, to) of Values or a list of Values that is a path for "
            f"highlight, but got {what!r:.80}"
        )
    nodes = [what, order[-1]] if isinstance(what, Value) else list(what)
    for node in nodes:
        if node not in names:
            raise ValueError(f"{node!r:.80} in highlight is not in the graph of {names[order[-1]]!r}")
    if isinstance(what, list):
        return _through(order, nodes, names)
    if len(nodes) != 2:
        raise ValueError(
            f"expected a pair (from, to) for highlight, but got {len(nodes)} Values: a path is a list"
        )
    return _all_paths(order, nodes[0], nodes[1], names)


def _are_values(values: Sequence[Any]) -> bool:
    return len(values) > 0 and all(isinstance(x, Value) for x in values)


def _through(order: Sequence[Value], nodes: list[Value], names: dict[Value, str]) -> Highlight:
    """The way from node to node, along an edge or along all paths between them, in either direction."""
    if order.index(nodes[0]) > order.index(nodes[-1]):
        nodes = nodes[::-1]
    found = Highlight(set(nodes), set(), f"highlighted: a path from {names[nodes[0]]} to {names[nodes[-1]]}")
    for a, b in pairwise(nodes):
        if b.op and a in operands(b):
            found.edges.add((a, b))
            continue
        between = _all_paths(order, a, b, names)
        found.nodes.update(between.nodes)
        found.edges.update(between.edges)
    return found


def _all_paths(order: Sequence[Value], start: Value, end: Value, names: dict[Value, str]) -> Highlight:
    after = dependent_on([start], order)
    if end not in after:
        raise ValueError(
            f"there is no path to highlight from {names[start]} to {names[end]}, which has no derivative "
            "with respect to it"
        )
    on = {end}
    edges: set[tuple[Value, Value]] = set()
    for node in reversed(order):
        if node in on and node is not start and node.op:
            before = [x for x in operands(node) if x in after]
            on.update(before)
            edges.update((x, node) for x in before)
    return Highlight(on, edges, f"highlighted: the paths from {names[start]} to {names[end]}")
