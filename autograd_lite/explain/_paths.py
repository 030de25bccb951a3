"""The paths of the chain rule: dy/dx is the sum, over the paths from y to x, of products of derivatives.

There may be more paths than atoms in the universe: the largest few are found by dynamic programming, and
the others are counted and added up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest
from math import inf, isnan
from typing import NamedTuple

from autograd_lite._chain_rule import CHOICES, operands
from autograd_lite._operands import operands_of
from autograd_lite.engine import Value
from autograd_lite.explain._simplification import factored
from autograd_lite.explain._slopes import agrees, expression, slope
from autograd_lite.explain._symbols import Symbol, TooLongError, named, number, total

# From a node z to each u below it: dz/du, and whether it is 0 because z is a choice of something else.
Edges = Mapping[Value, Mapping[Value, tuple[float, bool]]]


class Route(NamedTuple):
    """A path from x up to a node, as a linked list: its product, its last node, and what comes before."""

    product: float
    node: Value
    before: Route | None

    def nodes(self) -> list[Value]:
        """The nodes, from the last one down to x."""
        found, route = [], self
        while route is not None:
            found.append(route.node)
            route = route.before  # type: ignore[assignment]
        return found


class Routes(NamedTuple):
    """The paths from x to a node: the largest, the number of the others and the sum of their products."""

    largest: Sequence[Route]
    rest_count: int
    rest: float


def local_derivatives(node: Value) -> list[tuple[Value, float, bool]]:
    """The operands of a node, with the derivatives by them; equal operands have several edges."""
    if node._primitive is None:
        return []
    numbers = node._da if type(node._a) is tuple else (node._da, node._db)
    is_choice = node._primitive in CHOICES
    return [(x, d, is_choice and d == 0.0) for x, d in zip(operands(node), numbers, strict=False)]


def condensed(order: Sequence[Value], stops: set[Value]) -> Edges:
    """The graph whose nodes are the `stops`: dz/du is the sum over the paths through nodes between z and u.

    `order` holds the nodes on the paths from x to y, in topological order, x and y being stops.
    """
    # What several nodes use is gone through once, not once for each of them.
    uses = Counter(x for node in order for x in {x for x, _, _ in local_derivatives(node)})
    shared = {node for node in order if uses[node] > 1}
    edges = _swept(order, stops | shared)
    for node in order:
        if node in edges:
            edges[node] = _added_up(
                (v, (0.0 if off or not_chosen else d * below, off or not_chosen))
                for u, (d, off) in edges[node].items()
                for v, (below, not_chosen) in (((u, (1.0, False)),) if u in stops else edges[u].items())
            )
    return edges


def _swept(order: Sequence[Value], stops: set[Value]) -> dict[Value, dict[Value, tuple[float, bool]]]:
    """The derivatives of each stop by those below it: reverse mode, in the region between them."""
    inside = set(order)
    edges: dict[Value, dict[Value, tuple[float, bool]]] = {}
    for top in order:
        if top not in stops:
            continue
        found: list[tuple[Value, tuple[float, bool]]] = []
        adjoints: dict[Value, tuple[float, bool]] = {top: (1.0, False)}
        for node in _between(top, stops, inside):
            g, is_off = adjoints[node]
            for x, d, not_chosen in local_derivatives(node):
                off = is_off or not_chosen
                edge = (0.0 if off else g * d, off)
                if x in stops:
                    found.append((x, edge))
                elif x in inside:
                    adjoints[x] = _added(adjoints[x], edge) if x in adjoints else edge
        edges[top] = _added_up(found)
    return edges


def _added_up(terms: Iterable[tuple[Value, tuple[float, bool]]]) -> dict[Value, tuple[float, bool]]:
    """The sums of edges that lead to the same node."""
    found: dict[Value, tuple[float, bool]] = {}
    for x, edge in terms:
        found[x] = _added(found[x], edge) if x in found else edge
    return found


def _added(a: tuple[float, bool], b: tuple[float, bool]) -> tuple[float, bool]:
    return a[0] + b[0], a[1] and b[1]


def _between(top: Value, stops: set[Value], inside: set[Value]) -> list[Value]:
    """A node and those below it down to the stops, each before its operands."""
    order: list[Value] = []
    seen: set[Value] = set()
    todo: list[tuple[Value, bool]] = [(top, False)]
    while todo:
        node, is_done = todo.pop()
        if is_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            todo.append((node, True))
            todo += [(x, False) for x, _, _ in local_derivatives(node) if x in inside and x not in stops]
    return order[::-1]


def routes(order: Sequence[Value], edges: Edges, x: Value, count: int) -> Routes:
    """The paths from x to the last node of the order, the `count` largest one by one."""
    found = {x: Routes([Route(1.0, x, None)], 0, 0.0)}
    last = found[x]
    for node in order:
        if node is x or node not in edges:
            continue
        candidates: list[Route] = []
        rests: list[float] = []
        others = 0
        for below, (d, off) in edges[node].items():
            largest, rest_count, rest = found[below]
            candidates += [Route(0.0 if off else r.product * d, node, r) for r in largest]
            if rest_count:
                others += rest_count
                rests.append(0.0 if off else rest * d)
        kept = nlargest(count, candidates, key=_magnitude)
        if len(candidates) > len(kept):
            chosen = set(map(id, kept))
            others += len(candidates) - len(kept)
            rests += [r.product for r in candidates if id(r) not in chosen]
        found[node] = last = Routes(kept, others, sum(rests))
    return last


def _magnitude(route: Route) -> float:
    return inf if isnan(route.product) else abs(route.product)


class Formulas:
    """The formulas of nodes and of derivatives, in terms of those nodes that are called by their names.

    The paths stop at the `stops`, which are among the nodes `inside`, between y and x.
    """

    def __init__(
        self, names: Mapping[Value, str], called: set[Value], stops: set[Value], inside: Sequence[Value]
    ) -> None:
        self.names, self.called, self.stops, self.inside = names, called, stops, set(inside)
        self.softmaxes = {node.inputs: node for node in names if node.op == "softmax"}

    def of_node(self, node: Value) -> Symbol | None:
        """A node by what is below it, down to names, None if that is too long, or rounding spoils it."""
        try:
            found = self._expand(node, {})
        except TooLongError:
            return None
        return found if agrees(found, node._number) else None

    def of_derivative(self, top: Value, below: Value, value: float) -> Symbol | None:
        """dz/du as an expression: the sum over the paths through nodes between z and u.

        None if it is too long, or does not evaluate to the `value` that the derivative has.
        """
        try:
            found = self._derivative(top, below)
        except TooLongError:
            return None
        return found if found is not None and agrees(found, value) else None

    def _derivative(self, top: Value, below: Value) -> Symbol | None:
        known: dict[Value, Symbol] = {}
        region = _between(top, self.stops, self.inside)
        # Only what leads to `below` has a part in it.
        leads = {below}
        for node in reversed(region):
            if any(x in leads and (x is below or x not in self.stops) for x in operands(node)):
                leads.add(node)
        terms: dict[Value, list[Symbol]] = defaultdict(list)
        terms[top].append(number(1.0))
        for node in region:
            if node not in leads or not terms[node]:
                continue
            adjoint = total(terms[node])
            for i, (x, partial) in enumerate(zip(node.inputs, node.partials, strict=True)):
                if partial is None or x not in leads or (x is not below and x in self.stops):
                    continue
                local = slope(node, i, partial, lambda v: self._name(v, known), self.softmaxes)
                if local is None:
                    return None
                terms[x].append(adjoint * local)
        return factored(total(terms[below]))

    def _name(self, node: Value, known: dict[Value, Symbol]) -> Symbol:
        """A node by its name or by its formula."""
        if self._is_called(node):
            return named(self.names[node], node._number)
        if node not in known:
            try:
                known[node] = self._expand(node, known)
            except TooLongError:
                known[node] = named(self.names[node], node._number)
        return known[node]

    def _expand(self, top: Value, known: dict[Value, Symbol]) -> Symbol:
        """A node as an expression of named ones, without recursion."""
        todo = [top]
        while todo:
            node = todo[-1]
            missing = [x for x in reversed(operands_of(node)) if not self._is_called(x) and x not in known]
            if missing and len(todo) > 100:
                raise TooLongError
            if missing:
                todo += missing
                continue
            todo.pop()
            known[node] = expression(node, lambda v: self._name(v, known))
        return known[top]

    def _is_called(self, node: Value) -> bool:
        return node in self.called or node._primitive is None
