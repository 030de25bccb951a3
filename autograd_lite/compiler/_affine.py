"""Affine maps as products: W x + b is [W b] [x; 1], where b lies beside W and a row of ones below x.

So are the gradients: with the errors D of a layer, D [x; 1]ᵀ is that of W and, beside it, that of b. Each
saves a call that goes through a whole array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from autograd_lite.compiler._graph import Graph
from autograd_lite.compiler._grouping import CONSTANTS, FIRST_INPUT, PARAMETERS, Group, TermRows
from autograd_lite.compiler._views import Positions, Source, steps

# Inputs of so many numbers at most are copied in order to have a row of ones.
COPIED = 64


class Affine(NamedTuple):
    """A graph and its groups, and for each block with a row of ones the node that it is, a constant 1."""

    graph: Graph
    groups: list[Group]
    ones: dict[int, int]


def affine(graph: Graph, groups: Sequence[Group], sources: Sequence[Source]) -> Affine:
    """The groups with W x + b as one product of a matrix of parameters and all of a block."""
    vectors = _vectors(graph, groups, sources)
    ones: dict[int, int] = {}
    changed: list[Group] = []
    for g in groups:
        if (found := _affine_map(graph, g, vectors)) is None:
            changed.append(g)
            continue
        block, matrix = found
        if block not in ones:
            graph = graph.copy() if not ones else graph
            ones[block] = graph.add("constant", data=1.0, is_batched=graph.is_batched[vectors[block][0]])
        rights = np.append(vectors[block], ones[block])
        part = _terms(1.0, matrix, np.broadcast_to(rights, matrix.shape), matrix.shape[1])
        others = {pair: terms for pair, terms in g.terms.items() if pair != (PARAMETERS, CONSTANTS)}
        changed.append(replace(g, terms=others | {(PARAMETERS, block): part}))
    return Affine(graph, changed, ones)


def _vectors(graph: Graph, groups: Sequence[Group], sources: Sequence[Source]) -> dict[int, Positions]:
    """The nodes of each block that could have a row of ones, in the order in which they are kept."""
    vectors = {g.block: np.array(g.nodes) for g in groups}
    inputs = {graph.data[i]: i for i, op in enumerate(graph.ops) if op == "input"}
    start = 0
    for k, source in enumerate(sources):
        mine = [inputs[n] for n in range(start, start + source.size) if n in inputs]
        if len(mine) == source.size and source.size <= COPIED:
            vectors[FIRST_INPUT - k] = np.array(mine)
        start += source.size
    return vectors


def _affine_map(graph: Graph, g: Group, vectors: Mapping[int, Positions]) -> tuple[int, Positions] | None:
    """The block x and the nodes [W b] of a group that is W x + b, and perhaps more, if they lie so."""
    block = next((right for left, right in g.terms if left == PARAMETERS and right in vectors), None)
    if block is None or (PARAMETERS, CONSTANTS) not in g.terms:
        return None
    weights, biases = g.terms[PARAMETERS, block], g.terms[PARAMETERS, CONSTANTS]
    count = len(vectors[block])
    if set(weights.counts) != {count} or set(biases.counts) != {1}:
        return None
    if len(weights.counts) != len(g.nodes) or len(biases.counts) != len(g.nodes):
        return None
    if {*weights.coefficients, *biases.coefficients, *(graph.data[i] for i in biases.rights)} != {1.0}:
        return None
    if not (np.array(weights.rights).reshape(-1, count) == vectors[block]).all():
        return None
    matrix = np.column_stack([np.array(weights.lefts).reshape(-1, count), biases.lefts])
    numbers = np.array([graph.data[i] for i in matrix.ravel().tolist()]).reshape(matrix.shape)
    return (block, matrix) if steps(numbers) is not None else None


def _terms(c: float, lefts: Positions, rights: Positions, count: int) -> TermRows:
    """TermRows of which each row has the same number."""
    return TermRows(
        [c] * lefts.size, lefts.ravel().tolist(), rights.ravel().tolist(), [count] * (lefts.size // count)
    )


def with_bias_gradients(
    groups: Sequence[Group], ones: Mapping[int, int], homes: Mapping[int, tuple[int, int]], graph: Graph
) -> list[Group]:
    """The groups with the means of D xᵀ and of D as one of D [x; 1]ᵀ, where it is at home as one matrix."""
    alone = {left: at for at, g in enumerate(groups) for left, right in _only(g) if right == CONSTANTS}
    changed: list[Group | None] = list(groups)
    for at, g in enumerate(groups):
        for left, block in _only(g):
            if block in ones and left in alone:
                joined = _joined(g, groups[alone[left]], (left, block), ones[block], homes, graph)
                if joined is not None:
                    changed[at], changed[alone.pop(left)] = joined, None
    return [g for g in changed if g is not None]


def _only(g: Group) -> list[tuple[int, int]]:
    """The pair of blocks of means of single products."""
    is_single = g.op == "mean_linear" and len(g.terms) == 1
    return [pair for pair, part in g.terms.items() if is_single and len(part.lefts) == len(g.nodes)]


def _joined(
    products: Group,
    sums: Group,
    pair: tuple[int, int],
    one: int,
    homes: Mapping[int, tuple[int, int]],
    graph: Graph,
) -> Group | None:
    """The means of products and those of their left factors as one group, if both are whole matrices."""
    by_weight, by_bias = products.terms[pair], sums.terms[pair[0], CONSTANTS]
    coefficients = {*by_weight.coefficients, *by_bias.coefficients}
    at_home = [homes.get(i) for i in (*products.nodes, *sums.nodes)]
    if None in at_home or len(coefficients) > 1 or {graph.data[i] for i in by_bias.rights} != {1.0}:
        return None
    nodes = np.array([*products.nodes, *sums.nodes])
    lefts = np.array([*by_weight.lefts, *by_bias.lefts])
    rights = np.array([*by_weight.rights, *[one] * len(sums.nodes)])
    rows, columns = len(np.unique(lefts)), len(np.unique(rights))
    bases, places = np.array(at_home).T
    if len(nodes) != rows * columns or (bases != bases[0]).any():
        return None
    order = np.lexsort((rights, lefts))  # as they are kept, the ones last
    nodes, lefts, rights, places = (x[order].reshape(rows, columns) for x in (nodes, lefts, rights, places))
    is_outer = (lefts == lefts[:, :1]).all() and (rights == rights[:1]).all()
    if not is_outer or steps(places) is None:
        return None
    (c,) = coefficients
    return replace(products, nodes=nodes.ravel().tolist(), terms={pair: _terms(c, lefts, rights, 1)})
