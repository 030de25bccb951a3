"""Grouping: nodes that do the same to operands from the same places become one operation on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd_lite.compiler._graph import CONDITIONS, LINEAR, SOURCES, Graph, Operation, row_of, terms

# As a right factor CONSTANTS is the number 1; FACTORS are others, which could not be part of the coefficient.
CONSTANTS, PARAMETERS, MEANS, FACTORS = -1, -2, -3, -4
FIRST_INPUT = -5  # the block of the k-th array among the inputs is FIRST_INPUT - k
BEFORE, MEAN, AFTER = 0, 1, 2


@dataclass
class TermRows:
    """The terms c a b of a group's rows with factors from one pair of places, row after row."""

    coefficients: list[float] = field(default_factory=list)
    lefts: list[int] = field(default_factory=list)
    rights: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


@dataclass
class Group:
    """Nodes with one operation, none of which depends on another; `terms` are those of sums of products.

    `block` is the number by which the terms of others name it.
    """

    op: Operation
    is_batched: bool
    phase: int
    block: int
    nodes: list[int] = field(default_factory=list)
    terms: dict[tuple[int, int], TermRows] = field(default_factory=dict)


def group(graph: Graph, input_blocks: Sequence[int] = ()) -> list[Group]:
    """The groups of a graph, in an order in which they can be computed.

    A node's block is where it is kept: among the parameters, in one of the inputs, or in its group's
    array. Nodes belong to one group if their operation is the same and their operands are from the same
    blocks, in whatever number if they are summed. So no node of a group can depend on another: its key would
    contain the group itself. Means over the batch are one block, whatever group they are from; nothing
    but other means stands between them, and all that depends on them comes after.
    """
    block = [CONSTANTS] * len(graph)
    phase = bytearray(len(graph))
    has_means = "mean_linear" in graph.ops
    groups: list[Group] = []
    known: dict[Any, int] = {}
    for i, op in enumerate(graph.ops):
        if op in SOURCES:
            block[i] = _block_of_source(graph, i, input_blocks)
            continue
        xs = graph.operands[i]
        batched = graph.is_batched[i]
        if op == "mean_linear":
            phase[i] = MEAN
        elif has_means and any(map(phase.__getitem__, xs)):
            phase[i] = AFTER
        parts: dict[tuple[int, int], Any] = {}
        if op in LINEAR:
            parts = _terms_by_blocks(graph, i, block)
            key: Any = (op, batched, phase[i], *(parts if len(parts) == 1 else sorted(parts)))
        elif is_nary(op):
            key = (op, batched, phase[i], frozenset(block[x] for x in xs))
        else:
            key = (op, batched, phase[i], tuple(block[x] for x in xs))
        if (at := known.get(key)) is None:
            known[key] = at = len(groups)
            groups.append(Group(op, batched, phase[i], at))
        found = groups[at]
        found.nodes.append(i)
        for pair, part in parts.items():
            if (whole := found.terms.get(pair)) is None:
                whole = found.terms[pair] = TermRows()
            cs, lefts, rights = part
            whole.coefficients += cs
            whole.lefts += lefts
            whole.rights += rights
            whole.counts.append(len(lefts))
        block[i] = MEANS if op == "mean_linear" else at
    return sorted(groups, key=lambda g: g.phase)


def is_nary(op: Operation) -> bool:
    """Whether it is a primitive of any number of operands."""
    return op not in CONDITIONS and row_of(op).is_nary


def _block_of_source(graph: Graph, i: int, input_blocks: Sequence[int]) -> int:
    op = graph.ops[i]
    if op == "input":
        return FIRST_INPUT - (input_blocks[graph.data[i]] if input_blocks else 0)
    return PARAMETERS if op == "parameter" else CONSTANTS


def _terms_by_blocks(graph: Graph, i: int, block: list[int]) -> dict[tuple[int, int], Any]:
    """The terms of a node, sorted by where their factors are, and turned so that these are in one order."""
    xs = graph.operands[i]
    if len(xs) == 2:  # by far the most are single products
        a, b = xs
        left, right = block[a], block[b]
        is_usual = (left >= 0 or left <= FIRST_INPUT) and (right >= 0 or right <= FIRST_INPUT)
        if is_usual and graph.is_batched[a] == graph.is_batched[b]:
            c = graph.data[i]
            cs = (c,) if isinstance(c, float) else c
            return {(right, left): (cs, (b,), (a,))} if left < right else {(left, right): (cs, (a,), (b,))}
    cs, lefts, rights = terms(graph, i)
    pairs = [*zip(map(block.__getitem__, lefts), map(block.__getitem__, rights), strict=True)]
    left, right = pairs[0]
    if CONSTANTS not in (left, right) and (len(pairs) == 1 or pairs.count(pairs[0]) == len(pairs)):
        if _rank(left, graph.is_batched[lefts[0]]) > _rank(right, graph.is_batched[rights[0]]):
            return {(right, left): (cs, rights, lefts)}
        return {(left, right): (cs, lefts, rights)}
    found: dict[tuple[int, int], Any] = {}
    for c, a, b, (left, right) in zip(cs, lefts, rights, pairs, strict=True):
        if _rank(left, graph.is_batched[a]) > _rank(right, graph.is_batched[b]):
            a, b, left, right = b, a, right, left
        if right == CONSTANTS and graph.data[b] != 1.0:
            right = FACTORS
        if (part := found.get((left, right))) is None:
            part = found[left, right] = ([], [], [])
        for values, x in zip(part, (c, a, b), strict=True):
            values.append(x)
    return found


def _rank(block: int, is_batched: bool) -> tuple[int, bool, int]:
    """Which of two factors stands on the left: a parameter, or what came last; the number 1 never does."""
    first = 0 if block == PARAMETERS else 2 if block == CONSTANTS else 1
    return first, is_batched, -block
