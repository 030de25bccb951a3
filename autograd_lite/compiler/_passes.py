"""From a recorded graph to a program: the passes, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_lite.compiler._batch_mean import push_down_mean
from autograd_lite.compiler._folding import fold_constants, merge_duplicates
from autograd_lite.compiler._graph import Graph
from autograd_lite.compiler._grouping import group
from autograd_lite.compiler._layout import Source, plan
from autograd_lite.compiler._products import sums_of_products
from autograd_lite.compiler._program import Program


def simplified(graph: Graph, averaged: int = 0) -> Graph:
    """The graph after all passes from graph to graph; the first `averaged` outputs become means."""
    graph = merge_duplicates(fold_constants(graph))
    graph = sums_of_products(graph)
    if averaged:
        graph = push_down_mean(graph, averaged)
    return merge_duplicates(graph)


def program_of(
    graph: Graph, sources: Sequence[Source], parameters: int, leaves: Sequence[int], reduce: str | None
) -> Program:
    """The program that computes the outputs of a graph."""
    has_batch = any(s.is_batched for s in sources)
    averaged = sum(leaves) if has_batch and reduce else 0
    graph = simplified(graph, averaged)
    blocks = [k for k, s in enumerate(sources) for _ in range(s.size)]
    made = plan(graph, group(graph, blocks), sources, parameters, leaves, reduce if has_batch else None)
    return Program(made, graph.labels)
