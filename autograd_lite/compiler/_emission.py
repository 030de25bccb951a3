"""Emission: groups of scalar nodes become calls of NumPy on views of a few arrays."""

from __future__ import annotations

import numpy as np

from autograd_lite.compiler._calls import Call, Emitter
from autograd_lite.compiler._graph import CONDITIONS
from autograd_lite.compiler._grouping import Group, is_nary
from autograd_lite.compiler._sums import emit_sums
from autograd_lite.compiler._views import BATCH_AXIS, Positions, Rows, View, steps


def emit(e: Emitter, group: Group) -> None:
    """Append the calls that compute the nodes of a group."""
    e.release()
    nodes = np.array(group.nodes)
    out = Rows(int(e.base_of[nodes[0]]), e.position_of[nodes])
    if group.terms:
        emit_sums(e, group, out)
    elif is_nary(group.op):
        _reduction(e, group, nodes, out)
    elif group.op == "where":
        _where(e, group, nodes, out)
    else:
        operands = np.array([e.graph.operands[i] for i in group.nodes]).reshape(len(nodes), -1)
        rows = [e.rows(operands[:, k]) for k in range(operands.shape[1])]
        has_domain = group.op not in CONDITIONS
        e.elementwise(group.op, rows, out, group.is_batched, operands if has_domain else None)


def _where(e: Emitter, group: Group, nodes: Positions, out: Rows) -> None:
    """The second branch, and over it the first where the condition holds."""
    operands = np.array([e.graph.operands[i] for i in group.nodes])
    condition, a, b = (e.rows(operands[:, k]) for k in range(3))
    is_in_place = isinstance(b, Rows) and b.base == out.base and np.array_equal(b.positions, out.positions)
    # Where the results are no view, both calls need one array before they are put in their places.
    to = out if steps(out.positions) is not None else e.temporary(len(nodes), group.is_batched)
    if not is_in_place:
        e.elementwise("copy", (b,), to, group.is_batched)
    e.elementwise("select", (a, condition), to, group.is_batched)
    if to is not out:
        e.elementwise("copy", (to,), out, group.is_batched)


def _reduction(e: Emitter, group: Group, nodes: Positions, out: Rows) -> None:
    """One of `max`, `softmax` and so on, of rows of operands."""
    lists = [e.graph.operands[i] for i in group.nodes]
    picks = None
    if group.op == "softmax":
        each = {xs[:-1]: None for xs in lists}
        first = dict(zip(each, np.cumsum([0, *map(len, each)]).tolist(), strict=False))
        picks = np.array([first[xs[:-1]] + int(e.graph.data[xs[-1]]) for xs in lists])
        lists = list(each)
    counts = [len(xs) for xs in lists]
    total = sum(counts)
    terms = e.temporary(total, group.is_batched)
    e.elementwise("copy", (e.rows(np.array([x for xs in lists for x in xs])),), terms, group.is_batched)
    view = e.whole(terms.base, total)
    data = (group.op, np.cumsum([0, *counts[:-1]]) if len(set(counts)) > 1 else None)
    batch = (BATCH_AXIS,) if group.is_batched else ()
    if data[1] is None:
        view = View(terms.base, 0, ((len(lists), counts[0]), (counts[0], 1), *batch))
    size = len(lists) if picks is None else total
    results = e.temporary(size, group.is_batched)
    is_direct = (steps(out.positions) or (0,))[0] == 1 and size == len(nodes)
    is_direct = is_direct and (picks is None or np.array_equal(picks, np.arange(total)))
    base, offset = (out.base, int(out.positions[0])) if is_direct else (results.base, 0)
    shape = view.axes if picks is not None else ((size, 1), *batch)
    e.calls.append(Call("reduction", (view,), View(base, offset, shape), data))
    if not is_direct:
        chosen = np.arange(size) if picks is None else picks
        e.elementwise("copy", (Rows(results.base, chosen),), out, group.is_batched)
