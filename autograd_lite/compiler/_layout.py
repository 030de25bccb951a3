"""Layout: which array holds which node, so that operands are views and results are in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograd_lite.compiler._affine import Affine, with_bias_gradients
from autograd_lite.compiler._calls import BatchPower, Call, Emitter
from autograd_lite.compiler._emission import emit
from autograd_lite.compiler._graph import CONDITIONS
from autograd_lite.compiler._grouping import AFTER, CONSTANTS, FIRST_INPUT, MEAN, Group, is_nary
from autograd_lite.compiler._views import BATCH_AXIS, Base, Source, View

# From so many means on it is worth while to divide the factors of what is averaged, rather than the means.
MANY = 8192
TYPICAL_BATCH = 128


class Interface(NamedTuple):
    """What a graph does not know of itself: its inputs, its outputs, and how they are called.

    The outputs are leaves of these sizes, and what is left over, numbers to be checked.
    """

    sources: Sequence[Source]
    leaves: Sequence[int]
    parameter_labels: Sequence[str]
    input_names: Sequence[str]
    reduce: str | None = None


class Plan(NamedTuple):
    """What is needed to run: the arrays, the calls, where the leaves of the result are, what to check."""

    bases: list[Base]
    calls: list[Call]
    leaves: list[View]
    checks: list[View]


class Planner:
    """Gives every node its place and emits the calls.

    The first base holds the parameters, the next ones the inputs.
    """

    def __init__(self, affine: Affine, interface: Interface) -> None:
        self.graph, self.groups, self.ones = affine
        sources, leaves, labels, _, reduce = interface
        graph = self.graph
        self.has_batch = any(s.is_batched for s in sources)
        self.reduce = reduce if self.has_batch else None
        self.bases = [Base("parameters", len(labels), False)]
        for k, source in enumerate(sources):
            has_ones = FIRST_INPUT - k in self.ones
            self.bases.append(Base("input", source.size + has_ones, source.is_batched, has_ones=has_ones))
        self.base = np.full(len(graph), -1)
        self.position = np.zeros(len(graph), dtype=np.intp)
        first = np.cumsum([0, *(s.size for s in sources)])
        owner = np.repeat(np.arange(len(sources)), [s.size for s in sources])
        for i, op in enumerate(graph.ops):
            if op == "parameter":
                self.base[i], self.position[i] = 0, graph.data[i]
            elif op == "input":
                k = owner[graph.data[i]]
                self.base[i], self.position[i] = 1 + k, graph.data[i] - first[k]
        for block, i in self.ones.items():
            if block <= FIRST_INPUT:
                k = FIRST_INPUT - block
                self.base[i], self.position[i] = 1 + k, sources[k].size
        self.count = int(sum(leaves))
        self.places, self.leaves = self._places(leaves)
        self.emitter = Emitter(graph, self.bases, self.base, self.position)
        self.emitter.is_constant[list(self.ones.values())] = False

    def _places(self, leaves: Sequence[int]) -> tuple[list[tuple[int, int]], list[View]]:
        """The base and the position of each output, and the leaves as views."""
        is_batched = self.has_batch and self.reduce is None
        places: list[tuple[int, int]] = []
        views: list[View] = []
        if not is_batched:
            self.bases.append(Base("output", 0, False))
        start = 0
        for size in leaves:
            if is_batched:
                self.bases.append(Base("output", size, True))
                start = 0
            at = len(self.bases) - 1
            places += [(at, start + k) for k in range(size)]
            axes = (BATCH_AXIS, (size, 1)) if is_batched else ((size, 1),)
            views.append(View(at, start, axes))
            start += size
        if not is_batched:
            self.bases[-1] = self.bases[-1]._replace(rows=start)
        return places, views

    def plan(self) -> Plan:
        """The arrays and the calls."""
        homes = self._homes()
        self.groups = with_bias_gradients(self.groups, self.ones, homes, self.graph)
        last_use = self._last_uses()
        free: dict[Base, list[int]] = {}
        # Sums that are returned as they are need not become means first.
        is_divided = is_sum = self._is_plain_sum()
        first_mean = next((at for at, group in enumerate(self.groups) if group.phase == MEAN), -1)
        for at, group in enumerate(self.groups):
            if at == first_mean and not is_divided:
                is_divided = self._divide_factors()
            if group.phase == AFTER and not is_divided:
                self._divide_by_batch()
                is_divided = True
            self._place(group, at, homes, last_use, free)
            emit(self.emitter, group)
            for other in self._operands(group):
                if other >= 0 and last_use[other] == at:
                    base = int(self.base[self.groups[other].nodes[0]])
                    if self.bases[base].kind == "buffer" and base != self._base(group):
                        free.setdefault(self.bases[base], []).append(base)
        if not is_divided:
            self._divide_by_batch()
        self._copy_outputs()
        if self.reduce == "sum" and not is_sum:
            self._multiply_by_batch()
        checks = [self._view_of(i) for i in self.graph.outputs[self.count :]]
        return Plan(self.bases, self.emitter.calls, self.leaves, checks)

    def _base(self, group: Group) -> int:
        return int(self.base[group.nodes[0]])

    def _operands(self, group: Group) -> set[int]:
        """The groups of a group's operands; -1 is that of all sources."""
        xs = [x for part in group.terms.values() for x in (part.lefts, part.rights)]
        xs = xs or [[x for i in group.nodes for x in self.graph.operands[i]]]
        return {int(x) for ids in xs for x in set(self.group_of[ids].tolist())}

    def _last_uses(self) -> list[float]:
        """The last group that reads each group; infinite for what is read at the end."""
        self.group_of = np.full(len(self.graph), -1)
        for at, group in enumerate(self.groups):
            self.group_of[group.nodes] = at
        last = [float(at) for at in range(len(self.groups))]
        for at, group in enumerate(self.groups):
            for other in self._operands(group):
                if other >= 0:
                    last[other] = max(last[other], at)
        for i in self.graph.outputs:
            if self.group_of[i] >= 0:
                last[self.group_of[i]] = float("inf")
        return last

    def _homes(self) -> dict[int, tuple[int, int]]:
        """Nodes that are computed where they are returned: outputs, and means that one output adds to."""
        homes: dict[int, tuple[int, int]] = {}
        for i, place in zip(self.graph.outputs, self.places, strict=False):
            homes.setdefault(i, place)
        uses = self.graph.uses()
        for i, place in list(homes.items()):
            if self.graph.ops[i] != "linear" or self.reduce is None:
                continue
            for x in self.graph.operands[i]:
                if self.graph.ops[x] == "mean_linear" and uses[x] == 1 and x not in homes:
                    homes[x] = place
                    break
        return homes

    def _place(
        self,
        group: Group,
        at: int,
        homes: dict[int, tuple[int, int]],
        last_use: list[float],
        free: dict[Base, list[int]],
    ) -> None:
        """Choose the base and the positions of a group's nodes."""
        nodes = group.nodes
        if group.phase == MEAN:
            self._place_means(nodes, homes)
            return
        mine = [homes.get(i) for i in nodes]
        is_late = group.phase == AFTER or not self.has_batch or self.reduce is None
        one = self.ones.get(group.block)
        if one is None and is_late and None not in mine and len({base for base, _ in mine}) == 1:  # type: ignore[misc]
            base = mine[0][0]  # type: ignore[index]
            if self.bases[base].is_batched == group.is_batched:
                self.base[nodes] = base
                self.position[nodes] = [position for _, position in mine]  # type: ignore[misc]
                return
        dtype = "bool" if group.op in CONDITIONS else "float64"
        has_ones = one is not None
        kind = Base("buffer", len(nodes) + has_ones, group.is_batched, dtype, has_ones)
        self.base[nodes] = self._in_place(group, at, last_use, kind)
        if self.base[nodes[0]] < 0:
            if free.get(kind):
                self.base[nodes] = free[kind].pop()
            else:
                self.base[nodes] = len(self.bases)
                self.bases.append(kind)
        self.position[nodes] = range(len(nodes))
        if one is not None:
            self.base[one], self.position[one] = self.base[nodes[0]], len(nodes)

    def _place_means(self, nodes: list[int], homes: dict[int, tuple[int, int]]) -> None:
        homeless = [i for i in nodes if i not in homes]
        for i in nodes:
            if i in homes:
                self.base[i], self.position[i] = homes[i]
        if homeless and len(homeless) < len(nodes):
            homeless = nodes
        if homeless:
            self.base[homeless] = len(self.bases)
            self.position[homeless] = range(len(homeless))
            self.bases.append(Base("mean", len(homeless), False))

    def _in_place(self, group: Group, at: int, last_use: list[float], kind: Base) -> int:
        """The base of an operand that nobody reads afterwards, if the results can take its place."""
        if group.terms or group.op in CONDITIONS or is_nary(group.op):
            return -1
        columns = list(zip(*(self.graph.operands[i] for i in group.nodes), strict=True))
        for column in columns[2:] if group.op == "where" else columns:
            other = int(self.group_of[column[0]])
            if other < 0 or last_use[other] != at or list(column) != self.groups[other].nodes:
                continue
            if columns.count(column) > 1 and group.op == "where":
                continue
            base = self._base(self.groups[other])
            if self.bases[base] == kind:
                return base
        return -1

    def _divide_factors(self) -> bool:
        """Divide one factor of each product rather than the sums over the batch, if that is less to divide.

        Σ_b (a_b / B) x_b = mean(a x). It can be done in place, because nothing but means is left to compute
        of numbers that differ in the batch; but not if a factor is also the other factor of another product.
        """
        terms = [part for g in self.groups if g.phase == MEAN for part in g.terms.items()]
        left = np.unique(np.concatenate([self.group_of[p.lefts] for _, p in terms]))
        others = [self.group_of[p.rights] for (_, block), p in terms if block != CONSTANTS]
        right = np.unique(np.concatenate(others)) if others else left[:0]
        kept = {int(self.group_of[i]) for i in self.graph.outputs[self.count :]}
        means = sum(len(g.nodes) for g in self.groups if g.phase == MEAN)
        rows = sum(len(self.groups[k].nodes) for k in left if k >= 0)
        if -1 in left or np.isin(left, right).any() or kept & {*left.tolist()}:
            return False
        if means < MANY or rows * TYPICAL_BATCH > means:
            return False
        for k in left.tolist():
            nodes = self.groups[k].nodes
            view = self.emitter.gathered(self._base(self.groups[k]), self.position[nodes])
            self.emitter.calls.append(Call("multiply", (view, BatchPower(-1)), view))
        return True

    def _divide_by_batch(self) -> None:
        """Turn the sums over the batch into means, all that lie together at once."""
        means = np.array([i for g in self.groups if g.phase == MEAN for i in g.nodes], dtype=np.intp)
        for base in np.unique(self.base[means]):
            positions = np.unique(self.position[means[self.base[means] == base]])
            low, high = int(positions[0]), int(positions[-1]) + 1
            if len(positions) == high - low or self.bases[base].kind == "output":
                view = View(int(base), low, ((high - low, 1),))
                self.emitter.calls.append(Call("multiply", (view, BatchPower(-1)), view))

    def _copy_outputs(self) -> None:
        """Bring to the output arrays what was computed elsewhere."""
        wanted: dict[tuple[int, int], list[tuple[int, int]]] = {}
        constants: dict[int, list[tuple[int, float]]] = {}
        for i, (base, position) in zip(self.graph.outputs, self.places, strict=False):
            if self.graph.ops[i] == "constant":
                constants.setdefault(base, []).append((position, self.graph.data[i]))
            elif (self.base[i], self.position[i]) != (base, position):
                wanted.setdefault((base, int(self.base[i])), []).append((position, int(self.position[i])))
        for base, pairs in constants.items():
            to, numbers = (np.array(x) for x in zip(*pairs, strict=True))
            is_batched = self.bases[base].is_batched
            self.emitter.put(base, to, numbers[:, None] if is_batched else numbers, is_batched)
        for (base, source), moves in wanted.items():
            to, origin = (np.array(x) for x in zip(*moves, strict=True))
            self.emitter.release()
            view = self.emitter.gathered(source, origin)
            self.emitter.put(base, to, view, self.bases[base].is_batched)

    def _is_plain_sum(self) -> bool:
        outputs = self.graph.outputs[: self.count]
        return self.reduce == "sum" and all(self.graph.ops[i] == "mean_linear" for i in outputs)

    def _multiply_by_batch(self) -> None:
        """Turn the means that are returned into sums."""
        for k, base in enumerate(self.bases):
            if base.kind == "output" and base.rows:
                whole = self.emitter.whole(k)
                self.emitter.calls.append(Call("multiply", (whole, BatchPower(1)), whole))

    def _view_of(self, i: int) -> View:
        axes = (BATCH_AXIS,) if self.graph.is_batched[i] else ()
        return View(int(self.base[i]), int(self.position[i]), axes)
