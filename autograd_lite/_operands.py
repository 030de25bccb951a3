"""The operands of a node that are nodes, wherever they stand."""

from __future__ import annotations

from collections import deque

from autograd_lite.engine import Condition, Value


def operands_of(node: Value | Condition) -> list[Value]:
    """The operands that are nodes, those of a condition and of the conditions in it included."""
    inputs = node.inputs
    if getattr(node, "op", "where") != "where":
        return [x for x in inputs if isinstance(x, Value)]
    found: list[Value] = []
    seen: set[Condition] = set()
    unread = deque(inputs)
    while unread:
        operand = unread.popleft()
        if isinstance(operand, Value):
            found.append(operand)
        elif isinstance(operand, Condition) and operand not in seen:
            seen.add(operand)
            unread += operand.inputs
    return found
