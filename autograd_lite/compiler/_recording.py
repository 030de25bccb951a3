"""Recording: a function is run once on `Value`s, and what it returns is read off as a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import copysign, inf
from typing import Any, NamedTuple

from autograd_lite._condition import Condition
from autograd_lite._evaluation import name_of
from autograd_lite._primitive import DomainError, is_real
from autograd_lite._recording import Watch, recording, watch
from autograd_lite._trees import Structure, flatten, scalars
from autograd_lite.compiler._graph import Graph
from autograd_lite.engine import Value
from autograd_lite.ops import TABLE


class Recorded(NamedTuple):
    """A function as a graph.

    The outputs of the graph are the scalars that the function returned and then the numbers that it
    required to be in a range, with the ranges and the messages in `requirements`. `draws` fill the inputs
    after those that are arguments.
    """

    graph: Graph
    structure: Structure
    parameters: list[Value]
    requirements: list[tuple[Any, str]]
    draws: list[tuple[Callable[[int], Any], int]]


def record(
    f: Callable[..., Any], inputs: Sequence[Value], is_batched: Sequence[bool], call: Callable[[], Any]
) -> Recorded:
    """The graph that `call`, which calls `f` on the inputs, makes of them.

    Raises
    ------
    TypeError
        If the graph depends on the data, or what is returned is not made of Values and numbers.
    """
    with watch() as seen, recording():
        try:
            result = call()
        except DomainError as error:
            raise DomainError(f"{error}, in example 0") if any(is_batched) else error from None
        except Exception as error:
            if seen.refusal is None:
                error.add_note(
                    f"(while {name_of(f)} was recorded in order to be compiled: every number among its "
                    "arguments is a Value)"
                )
                raise
        if seen.refusal is not None:
            raise seen.refusal
    leaves, structure = flatten(result)
    outputs = scalars(leaves)
    for y in outputs:
        if isinstance(y, bool) or not (isinstance(y, Value) or is_real(y)):
            raise TypeError(
                f"{name_of(f)} must return Values and numbers in order to be compiled, but it returned {y!r} "
                f"of type {type(y).__name__}"
            )
    return _read(seen, inputs, is_batched, outputs, structure)


def _read(
    seen: Watch, inputs: Sequence[Value], is_batched: Sequence[bool], outputs: list[Any], structure: Structure
) -> Recorded:
    drawn = [x for _, xs in seen.draws for x in xs]
    graph = Graph()
    index: dict[Any, int] = {}
    for k, x in enumerate((*inputs, *drawn)):
        of_batch = is_batched[k] if k < len(inputs) else any(is_batched)
        index[x] = graph.add("input", data=k, is_batched=of_batch)
    roots = [*outputs, *(x for x, _, _ in seen.requirements)]
    parameters = _trace(graph, roots, index, seen)
    graph.outputs = [_node(graph, x, index) for x in roots]
    requirements = [(allowed, message) for _, allowed, message in seen.requirements]
    return Recorded(graph, structure, parameters, requirements, [(draw, len(xs)) for draw, xs in seen.draws])


def _trace(graph: Graph, roots: Sequence[Any], index: dict[Any, int], seen: Watch) -> list[Value]:
    """Add the nodes on which the roots depend, operands first; return the parameters among them."""
    found: list[tuple[Value, int]] = []
    path: list[Any] = []
    entered: set[Any] = set(index)
    todo: list[Any] = [x for x in roots if hasattr(x, "inputs")][::-1]
    while todo:
        x = todo.pop()
        if x is None:
            x = path.pop()
            is_condition = type(x) is Condition
            op = x.symbol if is_condition else x._primitive
            if not is_condition:
                op = op.name if TABLE.get(op.name) is op else op
            xs = tuple([index[y] if y in index else _node(graph, y, index) for y in x.inputs])
            index[x] = graph.add(op, xs)
        elif x in entered or not hasattr(x, "inputs"):
            continue
        else:
            entered.add(x)
            if type(x) is Condition or x._primitive is not None:
                path.append(x)
                todo.append(None)
                todo += x.inputs[::-1]
                continue
            if x._da == inf or seen.is_constant(x):
                index[x] = _node(graph, x._number, index)
            else:
                index[x] = graph.add("parameter", is_batched=False)
                found.append((x, index[x]))
        if getattr(x, "label", ""):
            graph.labels[index[x]] = x.label
    # In the order in which they were made, which is that of model.parameters().
    found.sort(key=lambda pair: pair[0]._da)
    for k, (_, i) in enumerate(found):
        graph.data[i] = k
    return [x for x, _ in found]


def _node(graph: Graph, x: Any, index: dict[Any, int]) -> int:
    """The node of a Value that has been traced, or of a constant."""
    if hasattr(x, "inputs"):
        return index[x]
    if isinstance(x, bool):
        key: Any = ("bool", x)
    else:
        x = float(x)
        key = (repr(x), copysign(1.0, x))  # 0.0 == -0.0, and NaN != NaN
    if key not in index:
        index[key] = graph.constant(x)
    return index[key]


def difference(first: Graph, second: Graph) -> int | None:
    """The first node in which two recordings of a function differ, None if they do not."""
    for i, nodes in enumerate(zip(first.ops, first.operands, first.data, strict=False)):
        if i >= len(second) or nodes != (second.ops[i], second.operands[i], second.data[i]):
            if i < len(second) and nodes[2] != nodes[2] and second.data[i] != second.data[i]:
                continue  # both are NaN
            return i
    return None if first.outputs == second.outputs and len(first) == len(second) else len(first) - 1
