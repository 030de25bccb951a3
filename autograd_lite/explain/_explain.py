"""`explain`: the chain rule of a derivative, written out with symbols and with numbers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from shutil import get_terminal_size
from typing import Any, NamedTuple

from autograd_lite._chain_rule import collector_paused, dependent_on, operands_first, pull_back
from autograd_lite._choose import at_least_one, choose_argument
from autograd_lite._names import names_of
from autograd_lite._operands import operands_of
from autograd_lite._recording import watching
from autograd_lite._staleness import check_fresh
from autograd_lite.engine import Value, topological_order
from autograd_lite.explain._layout import latex, text
from autograd_lite.explain._paths import Edges, Formulas, Route, condensed, routes
from autograd_lite.explain._symbols import Name, Symbol, names_in
from autograd_lite.explain._writing import ASCII, UNICODE, write

SUMS = frozenset({"add", "sub", "neg", "sum"})
TERMS = SUMS | {"mul", "dot"}
FORMULAS = 100  # of a path, and of the nodes on all paths: more are not written out
DETAILS = {"auto": None, "labels": True, "operations": False}


@dataclass(frozen=True)
class Factor:
    """A local derivative ∂z/∂u on a path.

    Parameters
    ----------
    of, by : str
        The names of z and u.
    formula : str
        The derivative in terms of names, empty where it is too long to be read, and in the middle of a
        path of more than 100 factors.
    value : float
        The derivative as a number.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> explain(x * x, x).paths[0].factors[0]
    Factor(of='v1', by='x', formula='2·x', value=6.0)
    """

    of: str
    by: str
    formula: str
    value: float
    _symbol: Symbol | None = field(repr=False, compare=False)


class Path(NamedTuple):
    """One product of the chain rule, along a path of the graph.

    Parameters
    ----------
    product : float
        The product of all factors.
    factors : sequence of Factor
        The local derivatives, from y down to x.
    nodes : sequence of Value
        The nodes between which they are, y first and x last: ``draw(y, highlight=path.nodes)`` shows them.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> [round(path.product, 3) for path in explain(x.exp() * x, x).paths]
    [60.257, 20.086]
    """

    product: float
    factors: Sequence[Factor]
    nodes: Sequence[Value]


@dataclass(frozen=True)
class Quantity:
    """A node of which an explanation speaks.

    Parameters
    ----------
    name : str
        Its name.
    formula : str
        How it was computed, empty where that is too long to be read, or would be one of more than 100.
    value : float
        Its number.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> explain(x * x, x).quantities
    [Quantity(name='v1', formula='x²', value=9.0)]
    """

    name: str
    formula: str
    value: float
    _symbol: Symbol | None = field(repr=False, compare=False)


@dataclass(frozen=True, repr=False, eq=False)
class Explanation:
    """The derivative of y with respect to x as the chain rule has it, which `explain` makes.

    ``print(explanation)`` writes it out, in Unicode or in the ASCII characters that a terminal is limited
    to; notebooks show it in LaTeX.

    Parameters
    ----------
    y, x : Value
        What is differentiated, and by what.
    y_name, x_name : str
        Their names.
    gradient : float
        The derivative dy/dx of the engine.
    paths : sequence of Path
        The paths with the largest products, in that order.
    rest_count : int
        The number of all other paths.
    rest : float
        The sum of their products.
    quantities : sequence of Quantity
        The nodes on `paths` and those that their formulas mention, leaves left out.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> e = explain(x.exp() * x, x)
    >>> e.gradient == sum(path.product for path in e.paths)
    True
    """

    y: Value
    x: Value
    y_name: str
    x_name: str
    gradient: float
    paths: Sequence[Path]
    rest_count: int
    rest: float
    quantities: Sequence[Quantity]

    @property
    def path_count(self) -> int:
        """The number of all paths from y to x."""
        return len(self.paths) + self.rest_count

    def to_text(self, *, unicode: bool = True, width: int = 100) -> str:
        """The explanation as text.

        Parameters
        ----------
        unicode : bool, optional
            Whether ∂, σ and the like may be used; otherwise only ASCII characters are.
        width : int, optional
            The number of columns into which products are fitted, by writing one factor on each line.

        Examples
        --------
        >>> x = Value(3.0, label="x")
        >>> print(explain(x * x, x).to_text(unicode=False))
        dv1/dx = 2*x
               = 6
        <BLANKLINE>
        v1 = x**2 = 3**2 = 9
        """
        return text(self, UNICODE if unicode else ASCII, width)

    def to_latex(self) -> str:
        r"""The explanation as LaTeX, in an ``aligned`` environment.

        Examples
        --------
        >>> x = Value(3.0, label="x")
        >>> print(explain(x * x, x).to_latex())
        \begin{aligned}
        \frac{\partial v_{1}}{\partial x} &= 2\,x \\
        &= 6 \\[1ex]
        v_{1} &= {x}^{2} = {3}^{2} = 9
        \end{aligned}
        """
        return latex(self)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as dicts, lists, strings and numbers, which JSON can hold.

        Examples
        --------
        >>> x = Value(3.0, label="x")
        >>> explain(x * x, x).to_dict()["paths"]
        [{'product': 6.0, 'factors': [{'of': 'v1', 'by': 'x', 'formula': '2·x', 'value': 6.0}]}]
        """
        return {
            "y": self.y_name,
            "x": self.x_name,
            "y_value": self.y._number,
            "x_value": self.x._number,
            "gradient": self.gradient,
            "path_count": self.path_count,
            "paths": [
                {
                    "product": path.product,
                    "factors": [
                        {"of": f.of, "by": f.by, "formula": f.formula, "value": f.value} for f in path.factors
                    ],
                }
                for path in self.paths
            ],
            "rest": {"path_count": self.rest_count, "sum": self.rest},
            "quantities": [{"name": q.name, "formula": q.formula, "value": q.value} for q in self.quantities],
        }

    def __str__(self) -> str:
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        columns = get_terminal_size().columns if is_terminal else 100
        found = self.to_text(width=columns)
        try:
            found.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            return self.to_text(unicode=False, width=columns)
        return found

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.to_latex()}\n$$"


@collector_paused()
def explain(y: Value, x: Value, *, detail: str = "auto", max_paths: int = 5) -> Explanation:
    """Write out the chain rule for the derivative of y with respect to x.

    Along each path of the graph from y down to x, the local derivatives are multiplied, and the products
    of all paths are added up:

        dy/dx = Σ ∂y/∂u · ∂u/∂v · ... · ∂z/∂x   over the paths y, u, v, ..., z, x.

    A path stops at the nodes that have a label, as a lecture stops at z₁, a₁ and ŷ; what was computed
    between two of them is one factor. If there is no label between y and x, it stops at every operation,
    but not inside of a sum of products, such as w x + b. Nodes without a label are called v1, v2, ... in
    the order of the graph, as on the picture of `y`.

    Parameters
    ----------
    y : Value
        What is differentiated.
    x : Value
        By what: a leaf or any other node.
    detail : str, optional
        Where a path stops: at ``"labels"``, at all ``"operations"``, or, for ``"auto"``, as said above.
    max_paths : int, optional
        How many paths are written out, those with the largest products. The others are counted and added.

    Returns
    -------
    Explanation
        ``print(explanation)`` writes it; a notebook shows it in LaTeX.

    Raises
    ------
    TypeError
        If `y` or `x` is not a Value, `detail` no string, or `max_paths` no integer.
    ValueError
        If `detail` is unknown, or `max_paths` is less than 1.
    RuntimeError
        If the data of a leaf was changed after it was used, as by a step of training.

    References
    ----------
    .. [1] M. Turcotte, CSI 4106, "Training Artificial Neural Networks (Part 2)", "Combined derivatives".

    Examples
    --------
    >>> from autograd_lite import log, sigmoid
    >>> y, a1 = Value(1.0, label="y"), Value(0.8, label="a1")
    >>> w2, b2 = Value(0.5, label="w2"), Value(0.1, label="b2")
    >>> z2 = w2 * a1 + b2
    >>> y_hat = sigmoid(z2)
    >>> J = -(y * log(y_hat) + (1 - y) * log(1 - y_hat))
    >>> z2.label, y_hat.label, J.label = "z2", "ŷ", "J"
    >>> print(explain(J, w2))
    ∂J/∂w2 = ∂J/∂ŷ                      · ∂ŷ/∂z2      · ∂z2/∂w2
           = (-(y/ŷ - (1 - y)/(1 - ŷ))) · (ŷ·(1 - ŷ)) · a1
           = (ŷ - y)·a1
           = (-1.607)                   · 0.235       · 0.8
           = -0.302
    <BLANKLINE>
    J  = -(y·log(ŷ) + (1 - y)·log(1 - ŷ)) = -(1·log(0.6225) + (1 - 1)·log(1 - 0.6225)) = 0.4741
    ŷ  = σ(z2) = σ(0.5) = 0.6225
    z2 = w2·a1 + b2 = 0.5·0.8 + 0.1 = 0.5
    """
    for node, which in ((y, "differentiate"), (x, "differentiate by")):
        if not isinstance(node, Value):
            one = ": one at a time" if isinstance(node, Iterable) and not isinstance(node, str) else ""
            raise TypeError(f"expected a Value to {which}, but got {node!r:.80}{one}")
    by_labels = choose_argument(DETAILS, detail, "detail")
    max_paths = at_least_one(max_paths, "max_paths")
    if watch := watching():
        watch.refuse("explain was called", "explain outside of the function")
    every = topological_order(y)
    names = names_of([*every, x] if x not in set(every) else every)
    check_fresh(every, names[y], "explain")
    below = operands_first([y])
    gradient = pull_back(below, [(y, 1.0)]).get(x, 0.0)
    dependent = dependent_on([x], below)
    order = [node for node in below if node in dependent]
    if not order:
        return Explanation(y, x, names[y], names[x], gradient, (), 0, 0.0, ())
    if by_labels is None:
        by_labels = any(node.label for node in order if node not in (y, x))
    parts = _parts_of_sums(every) if detail == "auto" else set()
    called = {node for node in every if node.label or not (by_labels or node in parts)} | {y, x}
    stops = called.intersection(order)
    edges = condensed(order, stops)
    found = routes(order, edges, x, max_paths)
    formulas = Formulas(names, called, stops, order)
    paths = [_path(route, edges, names, formulas) for route in found.largest]
    quantities = _quantities(_in_order_of_paths(paths, every), names, formulas)
    factors = [f for path in paths for f in path.factors]
    mentioned = _names_in([*(f._symbol for f in factors), *(q._symbol for q in quantities)])
    on_paths = {node for path in paths for node in path.nodes}
    extra = [node for node in every if node in called and names[node] in mentioned and node not in on_paths]
    quantities += _quantities(reversed(extra), names, formulas)
    return Explanation(y, x, names[y], names[x], gradient, paths, found.rest_count, found.rest, quantities)


def _parts_of_sums(order: Iterable[Value]) -> set[Value]:
    """The sums and products without a label that are used only once, by a sum."""
    users: dict[Value, list[Value]] = {}
    for node in order:
        for x in operands_of(node):
            users.setdefault(x, []).append(node)
    return {
        x
        for x, nodes in users.items()
        if x.op in TERMS and not x.label and len(nodes) == 1 and nodes[0].op in SUMS
    }


def _in_order_of_paths(paths: Sequence[Path], order: Sequence[Value]) -> list[Value]:
    """The nodes of the first path, then those of the others, each after its users."""
    first = {node: i for i, path in reversed(list(enumerate(paths))) for node in path.nodes}
    return sorted((node for node in reversed(order) if node in first), key=first.__getitem__)


def _quantities(nodes: Iterable[Value], names: Mapping[Value, str], formulas: Formulas) -> list[Quantity]:
    """Those of the nodes that are no leaves."""
    found = []
    for i, node in enumerate(node for node in nodes if node._primitive is not None):
        symbol = formulas.of_node(node) if i < FORMULAS else None
        found.append(Quantity(names[node], _text(symbol), node._number, symbol))
    return found


def _names_in(symbols: Iterable[Symbol | None]) -> set[str]:
    return {x.text for e in symbols if e is not None for x in names_in(e) if isinstance(x, Name)}


def _path(route: Route, edges: Edges, names: Mapping[Value, str], formulas: Formulas) -> Path:
    nodes = route.nodes()
    factors = []
    product, is_zero = 1.0, False
    for i, (top, below) in enumerate(pairwise(nodes)):
        value, is_off = edges[top][below]
        is_inside = FORMULAS // 2 <= i < len(nodes) - 1 - FORMULAS // 2
        symbol = None if is_inside else formulas.of_derivative(top, below, value)
        factors.append(Factor(names[top], names[below], _text(symbol), value, symbol))
        # From y down, as adjoints are multiplied: in another order it might overflow where they do not.
        is_zero = is_zero or is_off
        product = 0.0 if is_zero else product * value
    return Path(product, factors, nodes)


def _text(symbol: Symbol | None) -> str:
    return "" if symbol is None else write(symbol, UNICODE)
