"""Which numbers of a picture are what they seem: gradients of the root alone, and data as it was used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isclose

from autograd_lite._chain_rule import operands, pull_back
from autograd_lite._staleness import stale_node
from autograd_lite.engine import Value


def adjoints_of(order: Sequence[Value]) -> dict[Value, float]:
    """∂root/∂v of every node v that has one, summed in the order of `Value.backward`; no grad is touched.

    Examples
    --------
    >>> x = Value(3.0)
    >>> y = x * x
    >>> adjoints_of([x, y])[x], x.has_grad
    (6.0, False)
    """
    root = order[-1]
    leaves = [node for node in order if not node.op]
    return pull_back([*leaves, *in_order_of_backward(root)], [(root, 1.0)])


def in_order_of_backward(root: Value) -> list[Value]:
    """The nodes that are not leaves, in the order in which the engine's `accumulate` finds them."""
    order: list[Value] = []
    seen = {root}
    path = [(root, _turns(root))]
    while path:
        node, unread = path[-1]
        for x in unread:
            if x.op and x not in seen:
                seen.add(x)
                path.append((x, _turns(x)))
                break
        else:
            path.pop()
            order.append(node)
    return order if root.op else []


def _turns(node: Value) -> Iterator[Value]:
    """The operands, of two the second first."""
    if not node.op:
        return iter(())
    xs = operands(node)
    return iter(xs) if type(node._a) is tuple else reversed(xs)


def strange_gradients(order: Sequence[Value]) -> set[Value]:
    """The nodes whose `grad` is not ∂root/∂v, as after several calls of `backward`."""
    # The root's own gradient is 1 only after root.backward().
    if order[-1].grad != 1.0:
        return {node for node in order if node.has_grad}
    adjoints = adjoints_of(order)
    return {node for node in order if node.has_grad and not _is_same(node.grad, adjoints.get(node, 0.0))}


def _is_same(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=1e-9) or (a != a and b != b)


def changed_since(order: Sequence[Value], names: Mapping[Value, str]) -> tuple[set[Value], str]:
    """The nodes that were changed after others had been computed from them, as far as is known, and a note.

    Examples
    --------
    >>> w, b = Value(2.0), Value(1.0)
    >>> v1 = w * 3.0
    >>> w.data = 5.0
    >>> changed_since([w, v1], {w: "w", v1: "v1"})[1]
    'w was changed after v1 was computed: compute v1 again'
    """
    stale = [node for node in order if stale_node([node]) is not None]
    if not stale:
        return set(), ""
    candidates: dict[Value, list[Value]] = {}
    for node in stale:
        # The number of an operation is its own fault only if it is stale for no other reason.
        candidates[node] = [x for x in _changed_operands(node) if not x.op or candidates.get(x) == []]
    known = list(dict.fromkeys(x for xs in candidates.values() if len(xs) == 1 for x in xs))
    is_all = all(len(xs) == 1 for xs in candidates.values())
    first = stale[0]
    if not known:
        subject = "data was"
    elif len(known) == 1 and is_all:
        subject = f"{names[known[0]]} was"
    else:
        others = names[known[1]] if len(known) == 2 and is_all else "others"
        subject = f"{names[known[0]]} and {others} were"
        first = order[-1]
    note = f"{subject} changed after {names[first]} was computed: compute {names[order[-1]]} again"
    return set(known), note


def _changed_operands(node: Value) -> list[Value]:
    """Those operands of a node of which one was changed; of a product the recorded derivatives tell which."""
    partials = node.partials
    inputs = node.inputs
    half = len(inputs) // 2
    found: dict[Value, None] = {}
    for i, x in enumerate(inputs):
        if not isinstance(x, Value):
            continue
        used = partials[(i + half) % len(inputs)] if node.op in ("mul", "dot") else None
        if used is None or used != x.data:
            found[x] = None
    return list(found)
