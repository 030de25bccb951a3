"""Backpropagation as a list of steps: each number of the forward pass, each term of the backward pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import NamedTuple

from autograd_lite._chain_rule import CHOICES
from autograd_lite._formula import figure, formula
from autograd_lite._names import names_of, one_line
from autograd_lite._operands import operands_of
from autograd_lite.drawing._gradients import in_order_of_backward
from autograd_lite.drawing._scene import shortened
from autograd_lite.engine import Value, topological_order

LONGEST_NAME = 32  # of a longer one the beginning is shown
LONGEST_IN_FRACTION = 12  # a longer one makes ∂J/∂label too wide for a box


class Term(NamedTuple):
    """What an operand gets from a node: adjoint times local derivative, or None if it has no influence."""

    node: Value
    position: int
    operand: Value
    adjoint: float | None
    partial: float
    before: float | None
    term: float | None
    total: float


class Step(NamedTuple):
    """One step: its line of arithmetic, and what of the picture it is about.

    Attributes
    ----------
    phase : str
        ``start``, ``forward`` or ``backward``.
    line : tuple of str
        The line of arithmetic, in the pieces between which it may be broken.
    note : str
        What there is to say of it.
    node : int or None
        Which node of the topological order gets a number.
    sources : tuple of int
        The nodes from which it gets the number.
    edges : tuple of (int, int)
        The edges along which it does, each as a node and the position of an operand.
    gradient : str
        What the box of the node says of its gradient after a backward step.
    """

    phase: str
    line: tuple[str, ...]
    note: str = ""
    node: int | None = None
    sources: tuple[int, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    gradient: str = ""


def steps_of(root: Value) -> list[Step]:
    """The steps of the forward pass, in topological order, and of the backward pass, in the engine's order.

    Examples
    --------
    >>> w, x = Value(0.5, label="w"), Value(3.0, label="x")
    >>> for step in steps_of(w * x):
    ...     print(" ".join((*step.line, step.note)).rstrip())
    3 nodes, 2 of them leaves: the forward pass computes the numbers, the backward pass the gradients.
    w = 0.5 a leaf
    x = 3 a leaf
    v1 = w * x = 0.5 * 3 = 1.5
    ∂v1/∂v1 = 1
    ∂v1/∂w += ∂v1/∂v1 * ∂v1/∂w = 1 * 3 = 3
    ∂v1/∂x += ∂v1/∂v1 * ∂v1/∂x = 1 * 0.5 = 0.5
    """
    order = topological_order(root)
    names = shown_names(order)
    return [_start(order), *_forward(order, names), *_backward(order, names)]


def shown_names(order: Sequence[Value]) -> dict[Value, str]:
    """The names of the nodes, each on one line, of printable characters, and not too long."""
    names = {node: one_line(name) or "␣" for node, name in names_of(order).items()}
    return shortened(names, LONGEST_NAME)


def terms(root: Value) -> list[Term]:
    """The terms of x̄ = Σ v̄ ∂v/∂x in the order, and with the numbers, of `Value.backward`.

    Examples
    --------
    >>> x = Value(3.0)
    >>> [(t.term, t.total) for t in terms(x * x)]
    [(3.0, 3.0), (3.0, 6.0)]
    """
    order = in_order_of_backward(root)
    found = list(_pull_back(root, order, carefully=False))
    # As in the engine: where an infinite derivative met a choice that did not take it.
    is_spoilt = any(isnan(t.total) and not t.operand.op for t in found)
    return list(_pull_back(root, order, carefully=True)) if is_spoilt else found


def _pull_back(root: Value, order: Sequence[Value], carefully: bool) -> Iterator[Term]:
    """Reverse mode; carefully, what was not chosen gets nothing rather than 0 times an adjoint."""
    adjoints = {root: 1.0}
    for node in reversed(order):
        g = adjoints.get(node)
        for i, (x, d) in enumerate(zip(node.inputs, node.partials, strict=True)):
            if d is None:
                continue
            before = adjoints.get(x)
            if g is None or (carefully and d == 0.0 and node._primitive in CHOICES):
                yield Term(node, i, x, g, d, before, None, before or 0.0)
                continue
            adjoints[x] = (before or 0.0) + g * d
            yield Term(node, i, x, g, d, before, g * d, adjoints[x])


def _start(order: Sequence[Value]) -> Step:
    leaves = sum(not node.op for node in order)
    nodes = "1 node" if len(order) == 1 else f"{len(order)} nodes"
    count = f"{nodes}, {leaves} of them {'a leaf' if leaves == 1 else 'leaves'}:"
    return Step(
        "start", (count, "the forward pass computes the numbers,", "the backward pass the gradients.")
    )


def _forward(order: Sequence[Value], names: Mapping[Value, str]) -> Iterator[Step]:
    place = {node: i for i, node in enumerate(order)}

    def name(x: Value | float) -> str:
        return names[x] if isinstance(x, Value) else figure(x)

    def data(x: Value | float) -> str:
        return figure(x.data if isinstance(x, Value) else x)

    for i, node in enumerate(order):
        result = f"= {figure(node.data)}"
        if not node.op:
            yield Step("forward", (f"{names[node]} {result}",), "a leaf", i)
            continue
        line = (f"{names[node]} = {formula(node, name)}", f"= {formula(node, data)}", result)
        sources = tuple(place[x] for x in dict.fromkeys(operands_of(node)))
        yield Step("forward", line, "", i, sources, tuple((i, k) for k in range(len(node.inputs))))


def _backward(order: Sequence[Value], names: Mapping[Value, str]) -> Iterator[Step]:
    place = {node: i for i, node in enumerate(order)}
    root = order[-1]

    def gradient(x: Value, total: float) -> str:
        short = max(len(names[root]), len(names[x])) <= LONGEST_IN_FRACTION
        return f"{_fraction(names[root], names[x]) if short else 'grad'} = {figure(total)}"

    line = (f"{_fraction(names[root], names[root])} = 1",)
    yield Step("backward", line, node=len(order) - 1, gradient=gradient(root, 1.0))
    reached = {root}
    for t in terms(root):
        reached.add(t.operand)
        yield Step(
            "backward",
            _term_line(t, names, names[root]),
            _note(t, names),
            place[t.operand],
            (place[t.node],),
            ((place[t.node], t.position),),
            gradient(t.operand, t.total),
        )
    for node in reversed(order):
        if node not in reached:
            line = (f"{_fraction(names[root], names[node])} = 0",)
            note = f"no derivative flows back to {names[node]}"
            yield Step("backward", line, note, place[node], gradient=gradient(node, 0.0))


def _term_line(t: Term, names: Mapping[Value, str], root: str) -> tuple[str, ...]:
    node, operand = names[t.node], names[t.operand]
    whole = _fraction(root, operand)
    if t.term is None or t.adjoint is None:
        return (f"{whole} += 0",)
    line = (
        f"{whole} += {_fraction(root, node)} * {_fraction(node, operand)}",
        f"= {figure(t.adjoint)} * {_in_parentheses(figure(t.partial))}",
        f"= {figure(t.term)}",
    )
    if t.before is None:
        return line
    now = f"now {figure(t.before)} + {_in_parentheses(figure(t.term))} = {figure(t.total)}"
    return (*line[:-1], f"{line[-1]},", now)


def _note(t: Term, names: Mapping[Value, str]) -> str:
    if t.adjoint is None:
        return f"{names[t.node]} was not chosen"
    if t.term is None:
        return f"{names[t.operand]} was not chosen"
    same = [i for i, x in enumerate(t.node.inputs) if x is t.operand and t.node.partials[i] is not None]
    return f"operand {same.index(t.position) + 1} of {len(same)}" if len(same) > 1 else ""


def _fraction(of: str, by: str) -> str:
    """∂of/∂by, names that look like more than a name in parentheses."""
    return "/".join(f"∂({x})" if re.search(r"[\s+\-*/=<>|]", x) else f"∂{x}" for x in (of, by))


def _in_parentheses(x: str) -> str:
    return f"({x})" if x.startswith("-") else x
