"""The mean over the batch, pushed down to products of two per-example quantities.

The mean is linear: it distributes over sums, and factors without a batch axis come out. What remains is
mean(a b), with both a and b different in each example, as in the gradient of a weight, and that is a matrix
product. Without this, the gradient of every weight would be computed for every example.
"""

from __future__ import annotations

from autograd_lite.compiler._graph import Graph, terms
from autograd_lite.compiler._products import Terms, add_linear


def push_down_mean(graph: Graph, averaged: int) -> Graph:
    """The graph in which the first `averaged` outputs are means over the batch."""
    wanted = bytearray(len(graph))  # nodes of which the mean is wanted
    needed = bytearray(len(graph))  # nodes of which the numbers are needed, of each example if batched
    for k, i in enumerate(graph.outputs):
        (wanted if k < averaged and graph.is_batched[i] else needed)[i] = 1
    for i in range(len(graph) - 1, -1, -1):
        if wanted[i]:
            _mark(graph, i, wanted, needed)
        if needed[i]:
            for x in graph.operands[i]:
                needed[x] = 1
    new = Graph()
    new_one = new.constant(1.0)
    at = [new_one] * len(graph)
    means = [new_one] * len(graph)
    for i in range(len(graph)):
        if needed[i]:
            xs = tuple(map(at.__getitem__, graph.operands[i]))
            at[i] = new.add(graph.ops[i], xs, graph.data[i], graph.is_batched[i])
            if i in graph.labels:
                new.labels[at[i]] = graph.labels[i]
        if wanted[i]:
            if needed[i] or graph.ops[i] != "linear":
                means[i] = new.add("mean_linear", (at[i], new_one), 1.0)
            else:
                means[i] = _mean_of_terms(graph, i, new, new_one, at, means)
    new.outputs = [
        means[i] if k < averaged and graph.is_batched[i] else at[i] for k, i in enumerate(graph.outputs)
    ]
    return new


def _mark(graph: Graph, i: int, wanted: bytearray, needed: bytearray) -> None:
    """What the mean of a node takes: means of factors, or the node's own numbers."""
    if needed[i] or graph.ops[i] != "linear":
        needed[i] = 1
        return
    is_batched = graph.is_batched
    xs = graph.operands[i]
    if len(xs) == 2 and is_batched[xs[0]] and is_batched[xs[1]]:
        needed[xs[0]] = needed[xs[1]] = 1
        return
    _, lefts, rights = terms(graph, i)
    for a, b in zip(lefts, rights, strict=True):
        if is_batched[a] == is_batched[b] or not _is_left_for_mean(graph, a, b):
            needed[a] = needed[b] = 1
        elif is_batched[a]:
            wanted[a] = needed[b] = 1
        else:
            needed[a] = wanted[b] = 1


def _is_left_for_mean(graph: Graph, a: int, b: int) -> bool:
    """Whether one of two factors has no batch axis and is more than the number 1."""
    unbatched = b if graph.is_batched[a] else a
    return not (graph.ops[unbatched] == "constant" and graph.data[unbatched] == 1.0)


def _mean_of_terms(graph: Graph, i: int, new: Graph, one: int, at: list[int], means: list[int]) -> int:
    """mean(Σ c a b) = Σ c mean(a b), with factors that are the same in all examples in front of it."""
    is_batched = graph.is_batched
    xs = graph.operands[i]
    if len(xs) == 2 and is_batched[xs[0]] and is_batched[xs[1]]:  # the gradient of a weight
        return new.add("mean_linear", (at[xs[0]], at[xs[1]]), graph.data[i], False)
    outside: Terms = ([], [], [])
    inside: Terms = ([], [], [])
    for c, a, b in zip(*terms(graph, i), strict=True):
        if is_batched[a] and is_batched[b]:
            kept, x, y = inside, at[a], at[b]
        elif is_batched[a] or is_batched[b]:
            if _is_left_for_mean(graph, a, b):
                kept = outside
                x, y = (at[b], means[a]) if is_batched[a] else (at[a], means[b])
            else:
                kept, x, y = inside, at[a] if is_batched[a] else at[b], one
        else:
            kept, x, y = outside, at[a], at[b]
        kept[0].append(c)
        kept[1].append(x)
        kept[2].append(y)
    if not inside[0]:
        return add_linear(new, "linear", outside, one)
    mean = add_linear(new, "mean_linear", inside, one)
    if not outside[0]:
        return mean
    outside[0].append(1.0)
    outside[1].append(mean)
    outside[2].append(one)
    return add_linear(new, "linear", outside, one)
