"""Which nodes are drawn in one box, in a graph too large for a box of every node."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

from autograd_lite.engine import Value

LEVELS = 12  # as many columns as one takes in at a glance

Operands = Mapping[Value, Sequence[Value]]


def simplify(order: Sequence[Value], operands: Operands, max_nodes: int) -> Mapping[Value, Hashable]:
    """Say for every node in which box it is drawn: a node's own, another node's, or a level's."""
    fused = fuse(order, operands)
    fits = len(set(fused.values())) <= max_nodes
    return fused if fits else _levels(order, operands, fused, min(LEVELS, (max_nodes - 1) // 2))


def fuse(order: Sequence[Value], operands: Operands) -> dict[Value, Value]:
    """Draw whatever feeds a single box inside that box, unless it heads one of its own."""
    boxes: dict[Value, Value] = {}
    feeds: dict[Value, Value | None] = {}  # None: several boxes
    for node in reversed(order):
        below = operands[node]
        # A label, or standing alone on another operation as an activation does, makes a head.
        head = (below and node.label) or (len(below) == 1 and below[0].op)
        only = feeds.get(node)
        boxes[node] = box = node if head or only is None else only
        for operand in below:
            feeds[operand] = box if feeds.setdefault(operand, box) is box else None
    return boxes


def _levels(
    order: Sequence[Value], operands: Operands, fused: dict[Value, Value], count: int
) -> dict[Value, Hashable]:
    """Draw the boxes of about the same depth as one; leaves go with their first use."""
    depth: dict[Value, int] = defaultdict(int)
    first_use: dict[Value, int] = {}
    for node in order:
        box = fused[node]
        for operand in operands[node]:
            if fused[operand] is not box:
                depth[box] = max(depth[box], depth[fused[operand]] + 1)
    for node in order:
        for operand in operands[node]:
            first_use[operand] = min(depth[fused[node]], first_use.get(operand, len(order)))
    root = order[-1]
    width = math.ceil(depth[root] / max(count, 1))
    return {
        node: root
        if box is root
        else ("operations", depth[box] // width)
        if box.op
        else ("leaves", first_use[box] // width)
        for node, box in fused.items()
    }
