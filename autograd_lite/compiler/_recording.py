"""Recording: a function is run once on `Value`s, and what it returns is read off as a graph."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, NamedTuple

from autograd_lite._condition import Condition
from autograd_lite._evaluation import name_of
from autograd_lite._primitive import DomainError, Primitive, is_real
from autograd_lite._recording import Watch, line_of, recording, watch
from autograd_lite._trees import Structure, flatten, scalars
from autograd_lite.compiler._graph import Graph, Operation
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


class Run(NamedTuple):
    """What a function returned when it was run on Values."""

    seen: Watch
    outputs: list[Any]
    structure: Structure

    def numbers(self) -> list[float]:
        """The numbers of the outputs."""
        return [x._number if isinstance(x, Value) else float(x) for x in self.outputs]


def run(f: Callable[..., Any], example: int | None, call: Callable[[], Any]) -> Run:
    """What `call`, which calls `f` on Values, returns.

    Raises
    ------
    TypeError
        If the graph depends on the data, or what is returned is not made of Values and numbers.
    """
    with watch() as seen, recording():
        try:
            result = call()
        except DomainError as error:
            raise error if example is None else DomainError(f"{error}, in example {example}") from None
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
    if not leaves:
        raise TypeError(
            f"{name_of(f)} must return Values and numbers to be compiled, but returned {result!r}"
        )
    outputs = scalars(leaves)
    for y in outputs:
        if isinstance(y, bool) or not (isinstance(y, Value) or is_real(y)):
            raise TypeError(
                f"{name_of(f)} must return Values and numbers in order to be compiled, but it returned {y!r} "
                f"of type {type(y).__name__}"
            )
    return Run(seen, outputs, structure)


NODES: Any = (Value, Condition)


def read(
    done: Run, inputs: Sequence[Value], is_batched: Sequence[bool], index: dict[Any, int] | None = None
) -> Recorded:
    """The graph that leads from the inputs to the outputs of a run; `index` tells which node is which."""
    seen, outputs, structure = done
    drawn = [x for _, xs in seen.draws for x in xs]
    graph = Graph()
    index = {} if index is None else index
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
    path: list[tuple[Any, tuple[Any, ...]]] = []
    # Constants are nodes when their first user is one.
    entered: set[Any] = set(index)
    todo: list[Any] = [x for x in roots if isinstance(x, NODES)][::-1]
    while todo:
        x = todo.pop()
        if x is None:
            x, inputs = path.pop()
            op = x.symbol if type(x) is Condition else _operation(x._primitive)
            try:
                xs = tuple(map(index.__getitem__, inputs))
            except KeyError:  # a number, which is no node yet
                xs = tuple([_node(graph, y, index) for y in inputs])
            index[x] = graph.add(op, xs)
        elif type(x) is float or x in entered or not isinstance(x, NODES):
            continue
        else:
            entered.add(x)
            if type(x) is Condition or x._primitive is not None:
                inputs = x.inputs
                path.append((x, inputs))
                todo.append(None)
                todo += inputs[::-1]
                continue
            if x._da == inf or seen.is_constant(x):
                index[x] = _node(graph, x._number, index)
            else:
                index[x] = graph.add("parameter", is_batched=False)
                found.append((x, index[x]))
        if label := getattr(x, "_label", ""):
            graph.labels[index[x]] = label
    # In the order in which they were made, which is that of model.parameters().
    found.sort(key=lambda pair: pair[0]._da)
    for k, (_, i) in enumerate(found):
        graph.data[i] = k
    return [x for x, _ in found]


def _operation(p: Primitive) -> Operation:
    """The name of a row of the table; a primitive that the user defined stands for itself."""
    return p.name if TABLE.get(p.name) is p else p


def _node(graph: Graph, x: Any, index: dict[Any, int]) -> int:
    """The node of a Value that has been traced, or of a constant."""
    if hasattr(x, "inputs"):
        return index[x]
    if isinstance(x, bool):
        key: Any = ("bool", x)
    else:
        x = float(x)
        key = repr(x)  # 0.0 == -0.0 and NaN != NaN, but their prints tell them apart
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


def place_of_difference(graph: Graph, again: Callable[[], Any], is_batched: Sequence[bool]) -> str:
    """In words, the line on which the first node is made in which a graph differs when it is made again."""
    lines: dict[Any, str] = {}

    def note(frame: Any, event: str, made: Any) -> None:
        if event == "return" and isinstance(made, Value) and made not in lines:
            lines[made] = line_of(frame)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        inputs, done = again()
    finally:
        sys.setprofile(before)
    numbers: dict[Any, int] = {}
    second = read(done, inputs, is_batched, numbers).graph
    at = difference(graph, second)
    users = {x: i for i in range(len(second) - 1, -1, -1) for x in second.operands[i]}
    made = {i: x for x, i in numbers.items() if isinstance(x, Value)}
    while at is not None and made.get(at) not in lines:
        at = users.get(at)
    return f", in {lines[made[at]]}" if at is not None else ""
