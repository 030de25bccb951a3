"""The chain rule on a recorded graph: walking it, accumulating adjoints, and adjoints as a graph.

The adjoint of a node v is v̄ = d root/d v. Going backwards from 1 at the root,

    x̄ = Σ v̄ ∂v/∂x   over the nodes v of which x is an operand,

so that a node's adjoint is complete when all nodes that use it have had their turn: that is the order
in which both accumulations below go. Nothing recurses: a graph may be deeper than Python's stack.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from autograd_lite import ops

if TYPE_CHECKING:
    from autograd_lite.engine import Value

# Of these an operand that is not chosen has no influence, not even where the derivative above is infinite.
CHOICES = frozenset(
    ops.TABLE[name]
    for name in ("where", "relu", "leaky_relu", "elu", "clip", "maximum", "minimum", "max", "min")
)
FINITE = frozenset(ops.TABLE[name] for name in ("add", "sub", "mul", "dot", "relu"))


def topological_order(*roots: Value) -> list[Value]:
    """Every node from which one of the `roots` was computed, each after its operands.

    Examples
    --------
    >>> from autograd_lite import Value
    >>> x = Value(2.0, label="x")
    >>> [v.op or v.label for v in topological_order(x * x + 1)]
    ['x', 'mul', 'add']
    """
    for root in roots:
        if not hasattr(type(root), "backward"):
            raise TypeError(f"expected Values whose graph to walk, but got {root!r}")
    order: list[Value] = []
    seen: set[Any] = set()
    path: list[Any] = []
    unread: list[Iterator[Any]] = [iter(roots)]
    while unread:
        for x in unread[-1]:
            if hasattr(x, "inputs") and x not in seen:
                seen.add(x)
                path.append(x)
                unread.append(iter(x.inputs))
                break
        else:
            unread.pop()
            if path and hasattr(done := path.pop(), "backward"):
                order.append(done)
    return order


def accumulate(root: Value, leaves: list[tuple[Value, float | None]]) -> None:
    """Put every adjoint into `_grad`, and each leaf with what was there before into `leaves`."""
    # A node whose _grad is this very object has been visited: cheaper than a set of nodes.
    zero = float("0")
    order = _operands_first(root, zero, leaves)
    root._grad = 1.0
    for node in reversed(order):
        g: Any = node._grad
        # Behind a dead relu every adjoint is 0, and 0 times a finite derivative adds nothing. Those of
        # +, * and dot are finite where their value is.
        if g == 0.0 and node._primitive in FINITE and isfinite(node._number):
            continue
        a = node._a
        b: Any = node._b
        if b is not None:
            a._grad += g * node._da
            b._grad += g * node._db
        elif type(a) is tuple:
            for x, d in zip(a, node._da):  # noqa: B905
                x._grad += g * d
        else:
            a._grad += g * node._da
    if any(isnan(leaf.grad) for leaf, _ in leaves):
        adjoints = _pull_back_carefully(order, [(root, 1.0)])
        for node in (*order, *(leaf for leaf, _ in leaves)):
            node._grad = adjoints.get(node, 0.0)


def _operands_first(root: Value, zero: float, leaves: list[tuple[Value, float | None]]) -> list[Value]:
    """The nodes that are not leaves, each after its operands, with `zero` in the `_grad` of all."""
    order: list[Value] = []
    path: list[Value] = []
    unread: dict[Value, Iterator[Any]] = {}
    node = root
    if node._primitive is None:
        leaves.append((node, node._grad))
        return order
    node._grad = zero
    while True:
        b = node._b
        if b is not None and b._grad is not zero:
            if b._primitive is None:
                leaves.append((b, b._grad))
                b._grad = zero
            else:
                b._grad = zero
                below = b._b
                if below is None or below._grad is not zero or b._a._grad is not zero:
                    path.append(node)
                    node = b
                    continue
                order.append(b)  # the product in a sum of products, its operands visited long since
        a = node._a
        if b is None and type(a) is tuple:
            rest = unread.pop(node, None) or iter(a)
            for a in rest:
                if a._grad is not zero:
                    if a._primitive is not None:
                        unread[node] = rest
                        break
                    leaves.append((a, a._grad))
                    a._grad = zero
            else:
                a = None
        elif a._grad is zero:
            a = None
        elif a._primitive is None:
            leaves.append((a, a._grad))
            a._grad = zero
            a = None
        if a is not None:
            a._grad = zero
            path.append(node)
            node = a
            continue
        order.append(node)
        if not path:
            return order
        node = path.pop()


def operands_first(
    roots: Iterable[Value], known: Iterable[Value] = (), skipped: Callable[[Value], bool] | None = None
) -> list[Value]:
    """The nodes on which the `roots` depend differentiably, each after its operands, leaves included.

    The `known` come first, and what they were computed from is left out, as are the nodes `skipped`.
    """
    order = list(known)
    seen = set(order)
    path: list[Value] = []
    todo: list[Value | None] = list(roots)
    while todo:
        node = todo.pop()
        if node is None:  # all operands of the last node on the path have had their turn
            order.append(path.pop())
            continue
        if node in seen:
            continue
        seen.add(node)
        if skipped is not None and skipped(node):
            continue
        if node._primitive is None:
            order.append(node)
            continue
        path.append(node)
        a, b = node._a, node._b
        if type(a) is tuple:
            todo.append(None)
            todo += a
        elif b is None:
            todo += (None, a)
        else:
            todo += (None, a, b)
    return order


def operands(node: Value) -> tuple[Value, ...]:
    """The operands by which a node that is no leaf has derivatives."""
    a = node._a
    if type(a) is tuple:
        return a
    return (a,) if node._b is None else (a, node._b)


def dependent_on(targets: Iterable[Value], order: Iterable[Value]) -> set[Value]:
    """The `targets`, and those nodes of the order that have a derivative by one of them."""
    found = set(targets)
    for node in order:
        if node._primitive is not None and not found.isdisjoint(operands(node)):
            found.add(node)
    return found


def pull_back(order: Sequence[Value], seeds: Sequence[tuple[Value, float]]) -> dict[Value, float]:
    """The adjoints x̄ = Σ v̄ ∂v/∂x of all nodes from those of the roots: reverse mode, on floats."""
    adjoints = dict.fromkeys(order, 0.0)
    for root, seed in seeds:
        adjoints[root] += seed
    for node in reversed(order):
        g = adjoints[node]
        if node._primitive is None or (g == 0.0 and node._primitive in FINITE and isfinite(node._number)):
            continue
        a = node._a
        if type(a) is tuple:
            for x, d in zip(a, node._da):  # noqa: B905
                adjoints[x] += g * d
            continue
        adjoints[a] += g * node._da
        if node._b is not None:
            adjoints[node._b] += g * node._db
    return _pull_back_carefully(order, seeds) if any(map(isnan, adjoints.values())) else adjoints


def _pull_back_carefully(order: Sequence[Value], seeds: Sequence[tuple[Value, float]]) -> dict[Value, float]:
    """The same, of those nodes that have an influence: an infinite derivative may be behind a choice."""
    adjoints: dict[Value, float] = {}
    for root, seed in seeds:
        adjoints[root] = adjoints.get(root, 0.0) + seed
    for node in reversed(order):
        if (g := adjoints.get(node)) is None:
            continue
        for x, d in _influences(node):
            adjoints[x] = adjoints.get(x, 0.0) + g * d
    return adjoints


def _influences(node: Value) -> list[tuple[Value, float]]:
    """The operands that have an influence on a node, and its derivatives with respect to them."""
    if node._primitive is None:
        return []
    xs = operands(node)
    ds = node._da if type(node._a) is tuple else (node._da, node._db)
    return [(x, d) for x, d in zip(xs, ds, strict=False) if d != 0.0 or node._primitive not in CHOICES]


def push_forward(order: Sequence[Value], tangents: Mapping[Value, float]) -> dict[Value, float]:
    """The tangents v̇ = Σ ∂v/∂x ẋ of all nodes that depend on those given: forward mode, on floats."""
    found = dict(tangents)
    for node in order:
        if node._primitive is None:
            continue
        a = node._a
        if type(a) is tuple:
            terms = [found[x] * d for x, d in zip(a, node._da) if x in found]  # noqa: B905
            if terms:
                found[node] = sum(terms)
            continue
        b = node._b
        if a in found:
            t = found[a] * node._da
            found[node] = t + found[b] * node._db if b in found else t
        elif b in found:
            found[node] = found[b] * node._db
    return _push_forward_carefully(order, tangents) if any(map(isnan, found.values())) else found


def _push_forward_carefully(order: Sequence[Value], tangents: Mapping[Value, float]) -> dict[Value, float]:
    """The same, where an infinite tangent may have met a choice that did not take it."""
    found = dict(tangents)
    for node in order:
        if terms := [found[x] * d for x, d in _influences(node) if x in found]:
            found[node] = sum(terms)
    return found


@contextmanager
def collector_paused() -> Iterator[None]:
    """A context without cyclic garbage collection.

    It would visit a growing graph again and again, though the graph has no cycles: a gradient of a million
    nodes takes twice as long with it (``python -m tests.benchmarks deep``).
    """
    if not gc.isenabled():
        yield
        return
    try:
        gc.disable()
        yield
    finally:
        gc.enable()


@collector_paused()
def adjoint_graph(
    order: Sequence[Value], seeds: Iterable[tuple[Value, Any]], wrt: Iterable[Value]
) -> dict[Value, Any]:
    """The adjoints, Values or floats, of those nodes `wrt` on which the seeded roots in the order depend."""
    targets = set(wrt)
    terms: dict[Value, list[tuple[Any, Any]]] = {}
    for root, seed in seeds:
        terms.setdefault(root, []).append((seed, 1.0))
    active = dependent_on(targets, order)
    not_new: set[Any] = set(order)
    found: dict[Value, Any] = {}
    for node in reversed(order):
        if node not in active or node not in terms:
            continue
        adjoint = _sum_of_products(terms.pop(node))
        if node in targets:
            # d(x y)/dx is y, but who labels the derivative does not mean to label y; nor d/dy.
            found[node] = adjoint * 1.0 if adjoint in not_new else adjoint
            not_new.add(found[node])
        for x, partial in _partials(node, active):
            terms.setdefault(x, []).append(_factors(node, adjoint, partial))
    return found


def tangent_graph(order: Sequence[Value], tangents: Mapping[Value, Any]) -> dict[Value, Any]:
    """The tangents, Values or floats, of all nodes that depend on those given."""
    found = dict(tangents)
    for node in order:
        if node in tangents:
            continue
        if terms := [_factors(node, found[x], d) for x, d in _partials(node, found)]:
            found[node] = _sum_of_products(terms)
    return found


def _partials(node: Value, active: Container[Any]) -> Iterator[tuple[Value, Any]]:
    """The active operands with the derivatives with respect to them, Values where they depend on any."""
    p = node._primitive
    if p is None:
        return
    inputs = node.inputs
    every = p.partials(node, inputs) if p.is_nary else ()
    for i, (x, recorded) in enumerate(zip(inputs, node._partials(), strict=True)):
        if recorded is None or x not in active:
            continue
        try:
            partial = every[i] if p.is_nary else p.partials[i](node, *inputs)
        except ops.DomainError:
            raise _changed(p.name) from None
        now = getattr(partial, "_number", partial)
        if now != recorded and now == now:
            raise _changed(p.name)
        yield x, partial


def _changed(name: str) -> RuntimeError:
    return RuntimeError(
        f"the data of an operand changed after {name} had used it: compute the result again before you "
        "differentiate it"
    )


def _sum_of_products(terms: list[tuple[Any, Any]]) -> Any:
    """Σ adjoint * partial, in as few nodes as it takes."""
    if len(terms) > 1:
        adjoints, partials = zip(*terms, strict=True)
        if all(type(d) is float and d == 1.0 for d in partials):
            return ops.sum(adjoints)
        return ops.dot(adjoints, partials)
    ((adjoint, partial),) = terms
    if type(adjoint) is float and adjoint == 1.0:
        return partial
    return adjoint if type(partial) is float and partial == 1.0 else adjoint * partial


def _factors(node: Value, adjoint: Any, partial: Any) -> tuple[Any, Any]:
    """The factors of adjoint * partial; of a choice between 0 and 1, the choice between 0 and the adjoint.

    So what is not chosen is 0 even where the adjoint is infinite, and the graph does not depend on it.
    """
    if node._primitive not in CHOICES or type(adjoint) is float or getattr(partial, "op", "") != "where":
        return adjoint, partial
    return _product(node, adjoint, partial), 1.0


def _product(node: Value, adjoint: Any, partial: Any) -> Any:
    """adjoint * partial, for a derivative or a branch of one: a number, a choice, or an operand."""
    if type(partial) is float:
        return adjoint if partial == 1.0 else partial * adjoint if partial else 0.0
    if any(partial is x for x in node.inputs) or partial.op != "where":
        return adjoint * partial
    condition, *branches = partial.inputs
    return ops.where(condition, *(_product(node, adjoint, x) for x in branches))
