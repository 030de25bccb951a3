"""Sums of products: additions, multiplications and means become ``linear`` nodes, Σ c_k a_k b_k.

``act = act + w * x`` in a loop, ``sum(w * x for ...)``, ``b + w1 * x1 + w2 * x2`` and ``dot`` become the same
node. So do the contributions that reach an adjoint from several sides: the error of a hidden neuron is a
sum of products with the weights that lead on from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from autograd_lite.compiler._graph import Graph, terms

# A coefficient nearer to 0 may have lost digits.
TINY = 1e-300

SUMS = frozenset({"add", "sub", "neg", "sum", "mean"})
PRODUCTS = frozenset({"mul", "dot", "square", "linear"})

Terms = tuple[list[float], list[int], list[int]]


def sums_of_products(graph: Graph) -> Graph:
    """The graph with every sum and product as a ``linear`` node.

    What is added, and used nowhere else, is part of the sum.
    """
    graph = _with_one(graph)
    one = len(graph) - 1
    uses = graph.uses()
    multiples = _multiples(graph, uses)
    scale = multiples.scale
    needed = bytearray(len(graph))
    for i in graph.outputs:
        needed[i] = 1
    sums: dict[int, Terms] = {}
    for i in range(len(graph) - 1, -1, -1):
        if not needed[i]:
            continue
        if graph.ops[i] == "mul" and scale[i][1] == i:
            a, b = graph.operands[i]
            if scale[a][1] == a and scale[b][1] == b:  # the commonest by far: the gradient of a weight
                sums[i] = ([1.0], [a], [b])
                needed[a] = needed[b] = 1
                continue
        if _is_linear(graph, i):
            sums[i] = found = _terms(graph, i, uses, multiples)
            for x in (*found[1], *found[2]):
                needed[x] = 1
        else:
            for x in graph.operands[i]:
                needed[x] = 1
    return _rebuilt(graph, one, sums, needed)


def _with_one(graph: Graph) -> Graph:
    """The graph with the constant 1 as its last node, the other factor of what is no product."""
    new = graph.copy()
    new.constant(1.0)
    return new


def _is_linear(graph: Graph, i: int) -> bool:
    op = graph.ops[i]
    if op in SUMS or op in PRODUCTS:
        return True
    if op == "pow":
        return _constant(graph, i, 1) == 2.0
    return op == "div" and _is_divisor(_constant(graph, i, 1))


def _constant(graph: Graph, i: int, position: int) -> float | None:
    x = graph.operands[i][position]
    return graph.data[x] if graph.ops[x] == "constant" else None


def _is_divisor(k: float | None) -> bool:
    """Whether x / k is a multiple of x: the inverse of a subnormal number overflows."""
    return k is not None and abs(k) > TINY


def _is_product(c: float, *factors: float) -> bool:
    """Whether c is the product of the factors: neither over- nor underflow came in between."""
    return isfinite(c) and (abs(c) > TINY or 0.0 in factors)


class Multiples(NamedTuple):
    """For each node the c and x with node = c x, x being no multiple of anything; of a constant x is 1.

    `is_sole` tells whether x, and all nodes on the way to it, are used only there.
    """

    scale: list[tuple[float, int]]
    is_sole: list[bool]


def _multiples(graph: Graph, uses: list[int]) -> Multiples:
    one = len(graph) - 1
    scale: list[tuple[float, int]] = []
    is_sole: list[bool] = []
    for i, op in enumerate(graph.ops):
        xs = graph.operands[i]
        k, x = 1.0, i
        if op == "constant" and i != one and isinstance(graph.data[i], float):
            k, x = graph.data[i], one
        elif op == "neg":
            k, x = -1.0, xs[0]
        elif op == "mul" and (factor := _constant(graph, i, 0)) is not None:
            k, x = factor, xs[1]
        elif op == "mul" and (factor := _constant(graph, i, 1)) is not None:
            k, x = factor, xs[0]
        elif op == "div" and (divisor := _constant(graph, i, 1)) is not None and _is_divisor(divisor):
            k, x = 1.0 / divisor, xs[0]
        if x in (i, one):
            scale.append((k, x))
            is_sole.append(True)
            continue
        c, inner = scale[x]
        if _is_product(k * c, k, c):
            scale.append((k * c, inner))
            is_sole.append(uses[x] == 1 and is_sole[x])
        else:
            scale.append((k, x))
            is_sole.append(uses[x] == 1)
    return Multiples(scale, is_sole)


def _terms(graph: Graph, root: int, uses: list[int], multiples: Multiples) -> Terms:
    """c, a and b of all terms of a node, those of its summands included that are used nowhere else."""
    one = len(graph) - 1
    scale, is_sole = multiples
    found: Terms = ([], [], [])
    todo = [(1.0, root, True)]
    while todo:
        c, i, is_part = todo.pop()
        op, xs = graph.ops[i], graph.operands[i]
        k, x = scale[i]
        if x != i and _is_product(c * k, c, k):
            if is_part and is_sole[i] and x != one:
                todo.append((c * k, x, uses[x] == 1))
            else:
                _append(found, c * k, x, one)
        elif not (is_part and _is_linear(graph, i)) or (x != i and i != root):
            _append(found, c, i, one)
        elif op in SUMS:
            share = c / len(xs) if op == "mean" else c
            signs = (c, -c) if op == "sub" else (-c,) if op == "neg" else (share,) * len(xs)
            todo += [(sign, y, uses[y] == 1) for sign, y in zip(signs, xs, strict=True)][::-1]
        else:
            _add_products(graph, i, c, found, todo, uses, multiples)
    return found


def _append(found: Terms, c: float, a: int, b: int) -> None:
    found[0].append(c)
    found[1].append(a)
    found[2].append(b)


def _add_products(
    graph: Graph,
    i: int,
    c: float,
    found: Terms,
    todo: list[tuple[float, int, bool]],
    uses: list[int],
    multiples: Multiples,
) -> None:
    """The terms of a product or of a sum of products, without the constants in their factors."""
    one, scale = len(graph) - 1, multiples.scale
    xs, op = graph.operands[i], graph.ops[i]
    cs: Sequence[float] = (1.0,) * len(xs)
    if op == "linear":
        cs, a, b = terms(graph, i)
    elif op == "dot":
        a, b = _halves(xs)
    else:
        a, b = xs[:1], xs[-1:] if op == "mul" else xs[:1]
    if all(scale[x][1] == x for x in a) and all(scale[x][1] == x for x in b):
        found[0].extend([c * k for k in cs[: len(a)]])
        found[1].extend(a)
        found[2].extend(b)
        return
    for k, x, y in zip(cs, a, b, strict=False):
        (kx, inner_x), (ky, inner_y) = scale[x], scale[y]
        if inner_x == one and _is_product(c * k * kx, c, k, kx):
            todo.append((c * k * kx, y, uses[y] == 1))
        elif inner_y == one and _is_product(c * k * ky, c, k, ky):
            todo.append((c * k * ky, x, uses[x] == 1))
        elif _is_product(kx * ky, kx, ky) and _is_product(c * k * kx * ky, c, k, kx, ky):
            _append(found, c * k * kx * ky, inner_x, inner_y)
        else:
            _append(found, c * k, x, y)


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
            if len(cs) == 1 and rights[0] != one:  # a product: by far the most
                at[i] = new.add("linear", (at[lefts[0]], at[rights[0]]), cs[0])
            else:
                at[i] = add_linear(new, "linear", (cs, [*map(get, lefts)], [*map(get, rights)]), new_one)
        else:
            xs = tuple(map(get, graph.operands[i]))
            at[i] = new.add(op, xs, graph.data[i], graph.is_batched[i])
        if i in graph.labels:
            new.labels.setdefault(at[i], graph.labels[i])
    new.outputs = [at[i] for i in graph.outputs]
    return new
