"""Sums of products: additions, multiplications and means become ``linear`` nodes, Σ c_k a_k b_k.

``act = act + w * x`` in a loop, ``sum(w * x for ...)``, ``b + w1 * x1 + w2 * x2`` and ``dot`` become the same
node. So do the contributions that reach an adjoint from several sides: the error of a hidden neuron is a
sum of products with the weights that lead on from it.
"""

from __future__ import annotations

from autograd_lite.compiler._graph import Graph, terms

SUMS = frozenset({"add", "sub", "neg", "sum", "mean"})
PRODUCTS = frozenset({"mul", "dot", "square", "linear"})

Terms = tuple[list[float], list[int], list[int]]


def sums_of_products(graph: Graph) -> Graph:
    """The graph with every sum and product as a ``linear`` node.

    What is added, and used nowhere else, is part of the sum.
    """
    graph = _with_one(graph)
    one = len(graph) - 1
    scaled = [_is_scaled(graph, i) for i in range(len(graph))]
    uses = graph.uses()
    is_linear = [_is_linear(graph, i) for i in range(len(graph))]
    needed = bytearray(len(graph))
    for i in graph.outputs:
        needed[i] = 1
    sums: dict[int, Terms] = {}
    for i in range(len(graph) - 1, -1, -1):
        if not needed[i]:
            continue
        if graph.ops[i] == "mul" and not scaled[i]:
            a, b = graph.operands[i]
            if not (scaled[a] or scaled[b]):  # the commonest case by far: the gradient of a weight
                sums[i] = ([1.0], [a], [b])
                needed[a] = needed[b] = 1
                continue
        if is_linear[i]:
            sums[i] = found = _terms(graph, i, one, uses, is_linear, scaled)
            for x in (*found[1], *found[2]):
                needed[x] = 1
        else:
            for x in graph.operands[i]:
                needed[x] = 1
    return _rebuilt(graph, one, sums, needed)


def _with_one(graph: Graph) -> Graph:
    """The graph with the constant 1 as its last node, the other factor of what is no product."""
    new = Graph(
        graph.ops[:], graph.operands[:], graph.data[:], graph.is_batched[:], graph.outputs, graph.labels
    )
    new.constant(1.0)
    return new


def _is_linear(graph: Graph, i: int) -> bool:
    op = graph.ops[i]
    if op in SUMS or op in PRODUCTS:
        return True
    return (
        _constant(graph, i, 1) == 2.0 if op == "pow" else op == "div" and _constant(graph, i, 1) is not None
    )


def _constant(graph: Graph, i: int, position: int) -> float | None:
    x = graph.operands[i][position]
    return graph.data[x] if graph.ops[x] == "constant" else None


def _is_scaled(graph: Graph, i: int) -> bool:
    """Whether a factor is a constant, or a constant times another factor."""
    op = graph.ops[i]
    if op in ("constant", "neg"):
        return True
    if op == "mul":
        return any(graph.ops[x] == "constant" for x in graph.operands[i])
    return op == "div" and _constant(graph, i, 1) is not None


def _without_scale(graph: Graph, c: float, x: int, one: int) -> tuple[float, int]:
    """c x as a number times what is no multiple of anything."""
    while _is_scaled(graph, x):
        op, xs = graph.ops[x], graph.operands[x]
        if op == "constant":
            return c * graph.data[x], one
        if op == "neg":
            c, x = -c, xs[0]
        elif op == "div":
            c, x = c / graph.data[xs[1]], xs[0]
        else:
            k = 0 if graph.ops[xs[0]] == "constant" else 1
            c, x = c * graph.data[xs[k]], xs[1 - k]
    return c, x


def _terms(
    graph: Graph, root: int, one: int, uses: list[int], is_linear: list[bool], scaled: list[bool]
) -> Terms:
    """c, a and b of all terms of a node, those of its summands included."""
    cs: list[float] = []
    lefts: list[int] = []
    rights: list[int] = []
    todo = [(1.0, root)]
    while todo:
        c, i = todo.pop()
        op, xs = graph.ops[i], graph.operands[i]
        if i != root and not (is_linear[i] and uses[i] == 1):
            c, i = _without_scale(graph, c, i, one) if scaled[i] else (c, i)
            if is_linear[i] and uses[i] == 1:
                todo.append((c, i))
                continue
            cs.append(c)
            lefts.append(i)
            rights.append(one)
        elif op in SUMS:
            if op == "mean":
                c /= len(xs)
            signs = (c, -c) if op == "sub" else (-c,) if op == "neg" else (c,) * len(xs)
            todo += list(zip(signs, xs, strict=True))[::-1]
        elif op == "div":
            todo.append((c / graph.data[xs[1]], xs[0]))
        elif op == "mul" and scaled[i]:
            todo.append(_without_scale(graph, c, i, one))
        else:
            if op in ("dot", "linear"):
                coefficients, a, b = terms(graph, i) if op == "linear" else (None, *_halves(xs))
            else:
                coefficients, a, b = None, xs[:1], xs[-1:] if op == "mul" else xs[:1]
            few = [c] * len(a) if coefficients is None else [c * k for k in coefficients]
            if any(map(scaled.__getitem__, a)) or any(map(scaled.__getitem__, b)):
                for k, (x, y) in enumerate(zip(a, b, strict=True)):
                    scale, x = _without_scale(graph, few[k], x, one)
                    scale, y = _without_scale(graph, scale, y, one)
                    if x == one or y == one:
                        todo.append((scale, y if x == one else x))
                        continue
                    cs.append(scale)
                    lefts.append(x)
                    rights.append(y)
            else:
                cs += few
                lefts += a
                rights += b
    return cs, lefts, rights


def _halves(xs: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return xs[: len(xs) // 2], xs[len(xs) // 2 :]


def _merged(cs: list[float], lefts: list[int], rights: list[int]) -> Terms:
    """The terms with the coefficients of equal products added up."""
    if len(set(zip(lefts, rights, strict=True))) == len(cs):
        return cs, lefts, rights
    total: dict[tuple[int, int], float] = {}
    for c, a, b in zip(cs, lefts, rights, strict=True):
        total[a, b] = total.get((a, b), 0.0) + c
    return list(total.values()), [a for a, _ in total], [b for _, b in total]


def add_linear(new: Graph, op: str, found: Terms, one: int) -> int:
    """Append a sum of products, unless it is a single term that is there already; return its number."""
    cs, lefts, rights = found if len(found[0]) == 1 else _merged(*found)
    if not cs:
        return new.constant(0.0)
    if len(cs) == 1 and rights[0] == one and op == "linear":
        if cs[0] == 1.0:
            return lefts[0]
        if lefts[0] == one:
            return new.constant(cs[0])
    c = cs[0] if len(cs) == 1 or cs.count(cs[0]) == len(cs) else tuple(cs)
    return new.add(op, (*lefts, *rights), c)


def _rebuilt(graph: Graph, one: int, sums: dict[int, Terms], needed: bytearray) -> Graph:
    new = Graph()
    new_one = new.constant(1.0)
    at = [new_one] * len(graph)
    get = at.__getitem__
    for i, op in enumerate(graph.ops):
        if not needed[i] or i == one:
            continue
        if i in sums:
            cs, lefts, rights = sums[i]
            at[i] = add_linear(new, "linear", (cs, [*map(get, lefts)], [*map(get, rights)]), new_one)
        else:
            xs = tuple(map(get, graph.operands[i]))
            at[i] = new.add(op, xs, graph.data[i], graph.is_batched[i])
        if i in graph.labels:
            new.labels.setdefault(at[i], graph.labels[i])
    new.outputs = [at[i] for i in graph.outputs]
    return new
