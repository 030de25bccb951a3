"""Constant folding, and one node for what is computed twice."""

from __future__ import annotations

from typing import Any

from autograd_lite.compiler._graph import SOURCES, Graph, value_of

# op: (position of the operand that is neutral, its number); what remains is the other operand.
NEUTRAL = {
    "add": [(0, 0.0), (1, 0.0)],
    "sub": [(1, 0.0)],
    "mul": [(0, 1.0), (1, 1.0)],
    "div": [(1, 1.0)],
    "pow": [(1, 1.0)],
}
OF_ONE = frozenset({"sum", "mean", "prod", "max", "min"})  # of a single operand, this operand
ALIASES = frozenset({"stop_gradient"})


def fold_constants(graph: Graph) -> Graph:
    """The graph with what is computed from constants alone as constants, and without neutral operations.

    ``0 * x`` stays: it is not 0 where x is infinite.
    """
    new = Graph()
    at: list[int] = []
    constants: dict[int, Any] = {}  # their numbers; those of conditions are bools
    for i, op in enumerate(graph.ops):
        xs = tuple(map(at.__getitem__, graph.operands[i]))
        known = [constants[x] for x in xs if x in constants] if constants else ()
        if op == "constant":
            at.append(new.constant(graph.data[i]))
            constants[at[-1]] = graph.data[i]
        elif op in SOURCES or not (known or len(xs) == 1):
            at.append(new.add(op, xs, graph.data[i], graph.is_batched[i]))
        elif len(known) == len(xs) and isinstance(op, str):
            number = value_of(op, known)
            at.append(new.constant(number))
            constants[at[-1]] = number
        elif (same := _same_as(op, xs, constants)) is not None:
            at.append(same)
        else:
            at.append(new.add(op, xs, graph.data[i], graph.is_batched[i]))
        if i in graph.labels:
            new.labels.setdefault(at[-1], graph.labels[i])
    new.outputs = [at[i] for i in graph.outputs]
    return new


def _same_as(op: Any, xs: tuple[int, ...], constants: dict[int, Any]) -> int | None:
    """The operand that this node equals, if one does."""
    if op in ALIASES or (op in OF_ONE and len(xs) == 1):
        return xs[0]
    if op == "where" and xs[0] in constants:
        return xs[1] if constants[xs[0]] else xs[2]
    if (
        op in ("and", "or")
        and (k := 0 if xs[0] in constants else 1 if xs[1] in constants else None) is not None
    ):
        # true and x = x, false or x = x; the others are the constant.
        return xs[1 - k] if constants[xs[k]] == (op == "and") else xs[k]
    for position, neutral in NEUTRAL.get(op, ()):
        if constants.get(xs[position]) == neutral:
            return xs[1 - position]
    return None


def merge_duplicates(graph: Graph) -> Graph:
    """The graph with one node for each operation on the same operands."""
    new = Graph()
    at: list[int] = []
    known: dict[Any, int] = {}
    for i, op in enumerate(graph.ops):
        data = graph.data[i]
        xs = tuple(map(at.__getitem__, graph.operands[i]))
        # 0.0 == -0.0 and NaN != NaN, but their prints tell them apart.
        key = (op, xs) if data is None else (op, xs, repr(data))
        if (same := known.get(key)) is None:
            known[key] = same = new.add(op, xs, data, graph.is_batched[i])
        at.append(same)
        if i in graph.labels:
            new.labels.setdefault(same, graph.labels[i])
    new.outputs = [at[i] for i in graph.outputs]
    return new
