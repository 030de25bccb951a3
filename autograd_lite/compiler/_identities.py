"""Identities: what is precise to differentiate once more may be cheaper to compute in another form."""

from __future__ import annotations

from autograd_lite.compiler._graph import Graph


def sigmoid_slopes(graph: Graph) -> Graph:
    """The graph with σ(x) σ(-x) for (sech(x/2) / 2)², the derivative of σ.

    (e^(x/2) + e^(-x/2))² = (1 + e^x) (1 + e^-x). The numbers have the same digits, and σ(x) is mostly there
    already; but a derivative of σ(x) σ(-x) would cancel near 0, which is why it does not come like this.
    """
    if "sech" not in graph.ops:
        return graph
    new = Graph()
    at: list[int] = []
    for i, op in enumerate(graph.ops):
        if (x := _argument(graph, i)) is not None:
            both = new.add("sigmoid", (at[x],)), new.add("sigmoid", (new.add("neg", (at[x],)),))
            at.append(new.add("mul", both))
        else:
            xs = tuple(map(at.__getitem__, graph.operands[i]))
            at.append(new.add(op, xs, graph.data[i], graph.is_batched[i]))
        if i in graph.labels:
            new.labels.setdefault(at[i], graph.labels[i])
    new.outputs = [at[i] for i in graph.outputs]
    return new


def _argument(graph: Graph, i: int) -> int | None:
    """The x of a node (0.5 sech(0.5 x))²."""
    if graph.ops[i] != "pow" or _number(graph, graph.operands[i][1]) != 2.0:
        return None
    inner = _half(graph, graph.operands[i][0])
    if inner is None or graph.ops[inner] != "sech":
        return None
    return _half(graph, graph.operands[inner][0])


def _half(graph: Graph, i: int) -> int | None:
    """The x of a node 0.5 x."""
    if graph.ops[i] != "mul":
        return None
    a, b = graph.operands[i]
    return b if _number(graph, a) == 0.5 else a if _number(graph, b) == 0.5 else None


def _number(graph: Graph, i: int) -> float | None:
    return graph.data[i] if graph.ops[i] == "constant" else None
