"""From a recorded graph to a program: the passes, one after the other."""

from __future__ import annotations

from autograd_lite.compiler._affine import affine
from autograd_lite.compiler._batch_mean import push_down_mean
from autograd_lite.compiler._folding import fold_constants, merge_duplicates
from autograd_lite.compiler._graph import Graph
from autograd_lite.compiler._grouping import group
from autograd_lite.compiler._layout import Interface, Planner
from autograd_lite.compiler._products import sums_of_products
from autograd_lite.compiler._program import Program
from autograd_lite.compiler._scalar_program import ScalarProgram

# So many nodes and operands take Python, one by one, as long as one call of NumPy takes.
FEW = 30


def program_of(recorded: Graph, interface: Interface) -> Program | ScalarProgram:
    """The program that computes the outputs of a graph."""
    sources, leaves, labels, names, reduce = interface
    has_batch = any(s.is_batched for s in sources)
    graph = merge_duplicates(fold_constants(recorded))
    if not has_batch and _is_narrow(graph):
        each = [f"{name}[{k}]" for s, name in zip(sources, names, strict=False) for k in range(s.size)]
        single = [s.size == 1 for s in sources for _ in range(s.size)]
        called = [x[:-3] if is_single else x for x, is_single in zip(each, single, strict=False)]
        return ScalarProgram(graph, leaves, called, labels)
    graph = sums_of_products(graph)
    if has_batch and reduce:
        graph = push_down_mean(graph, sum(leaves))
    blocks = [k for k, s in enumerate(sources) for _ in range(s.size)]
    groups = group(graph, blocks)
    made = Planner(affine(graph, groups, sources), interface).plan()
    return Program(made, graph.labels, labels, names)


def _is_narrow(graph: Graph) -> bool:
    """Whether few nodes stand side by side: on the longest way through the graph lies a good part of them."""
    depth = [0] * len(graph)
    count = edges = 0
    for i, xs in enumerate(graph.operands):
        if xs:
            depth[i] = 1 + max(map(depth.__getitem__, xs))
            count += 1
            edges += len(xs)
    return count + edges < FEW * max(depth, default=0)
