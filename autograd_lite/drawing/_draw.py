"""Pictures of computational graphs, in the language of the lectures."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from autograd_lite._chain_rule import collector_paused
from autograd_lite._choose import at_least_one, choose_argument
from autograd_lite._names import names_of
from autograd_lite._operands import operands_of
from autograd_lite._recording import watching
from autograd_lite.drawing._boxes import simplify
from autograd_lite.drawing._diagram import WEIGHED, draw_neurons
from autograd_lite.drawing._gradients import changed_since, strange_gradients
from autograd_lite.drawing._graphs import draw_layers, draw_merged, draw_operations
from autograd_lite.drawing._highlight import find_paths
from autograd_lite.drawing._network import Network, find_network
from autograd_lite.drawing._picture import Picture
from autograd_lite.drawing._scene import Scene, shortened
from autograd_lite.drawing._themes import THEMES
from autograd_lite.engine import Value, topological_order

DETAILS = dict.fromkeys(("auto", "operations", "neurons", "layers"))
MOST_BOXES = 3000  # of so many, Graphviz takes half a minute
MOST_EDGES = 20_000  # of a diagram: more are a coloured area
MOST_DISPLAYED = 50_000  # nodes of a graph that a notebook draws by itself
EDGES_PER_NODE = 6  # a diagram of `max_nodes` circles is readable with so many times as many edges


@collector_paused()
def draw(
    value: Value,
    *,
    detail: str = "auto",
    max_nodes: int = 64,
    theme: str = "light",
    highlight: Value | tuple[Value, Value] | list[Value] | None = None,
    weigh: str = "weight",
) -> Picture:
    """Draw the graph that computed a value.

    With ``detail="operations"``, a leaf is a square box, an operation a rounded one, the value itself has
    a double border; the larger the gradient, the bluer the box. An edge carries the local derivative
    ∂z/∂u of an operation with respect to its operand; the chain rule is ``∂J/∂u = Σ ∂J/∂z · ∂z/∂u`` [1]_.
    Neurons and layers are framed. They are found in the graph: a neuron is a weighted sum Σ wᵢ xᵢ + b of
    leaves wᵢ, b and inputs xᵢ, with the activation that stands on it; the same weights with other
    inputs, as in a batch, are the same neuron. Where `grad` is not the derivative ∂J/∂u, as after several
    calls of `backward`, it is called grad, and the caption says so; it also says if data was changed since
    it was computed with.

    With ``detail="neurons"``, inputs and neurons are circles, an edge is a weight: blue and solid if it
    is positive, orange and dashed if it is negative, the thicker, the larger. With ``detail="layers"`` a
    layer is a box.

    Parameters
    ----------
    value
        The root of the graph, usually a loss.
    detail
        ``"operations"``, ``"neurons"``, ``"layers"``, or ``"auto"`` for the first of them that is small
        enough to be read; the operations of a network with several neurons in a layer are, if they and
        its leaves are at most half of `max_nodes`. Of a graph that is no network, whatever feeds a single
        box is drawn inside it, except a labelled operation or a function of one operation; if too many
        boxes remain, those of about the same depth are drawn as one.
    max_nodes
        The number of nodes, or of edges, above which ``"auto"`` simplifies the picture.
    theme
        ``"light"`` or ``"dark"``.
    highlight
        What is drawn strongly, while the rest is faded: a Value for all paths from it to `value`, a pair
        (from, to) for all paths between two nodes, a list of Values for the path through them, from
        either end.
    weigh
        What the edges between neurons show: ``"weight"``, or ``"gradient"``, which `backward` computes.

    Returns
    -------
    Picture
        A ``graphviz.Digraph``: notebooks display it, ``.render(outfile="graph.svg")`` saves it.

    Raises
    ------
    TypeError
        If `value` is not a ``Value``, `max_nodes` no integer, `highlight` nothing of the above, or another
        choice no string.
    ValueError
        If `max_nodes` is less than 1, another argument none of its choices, `highlight`
        not in the graph or no path, or there is no gradient to weigh by; if the graph is too large to be
        drawn with the `detail` that is asked for.

    References
    ----------
    .. [1] Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", 1986.

    Examples
    --------
    >>> w, x = Value(0.5, label="w"), Value(3.0, label="x")
    >>> J = w * x
    >>> J.label = "J"
    >>> "no gradient yet" in draw(J).source
    True
    >>> J.backward()
    >>> "∂J/∂w = 3" in draw(J).source
    True
    >>> draw(J, theme="dark", highlight=[w, J]).render("path.svg")  # doctest: +SKIP
    """
    if not isinstance(value, Value):
        raise TypeError(f"draw() got {value!r:.80}, expected a Value: pass it a result.")
    max_nodes = at_least_one(max_nodes, "max_nodes")
    choose_argument(DETAILS, detail, "detail")
    choose_argument(THEMES, theme, "theme")
    choose_argument(WEIGHED, weigh, "weigh")
    if weigh == "gradient" and not value.has_grad:
        raise ValueError("there is no gradient yet to weigh by: call backward() on the value first")
    order = topological_order(value)
    names = shortened(names_of(order))
    operands = {node: operands_of(node) for node in order}
    lit = find_paths(order, highlight, names)
    strange = strange_gradients(order)
    scene = Scene(order, operands, names, THEMES[theme], lit, strange, *changed_since(order, names))
    size = max(len(order), sum(map(len, operands.values())))
    if detail == "operations" and size > MOST_BOXES:
        raise ValueError(
            f"this graph of {len(order):,} nodes is too large for a box of each: draw it with "
            "detail='auto', or draw a part of it"
        )
    network = find_network(order, operands)
    if detail == "auto":
        detail = _readable(network, size, max_nodes, len(order))
    if detail == "operations":
        return draw_operations(scene, network)
    if network is None or detail == "boxes":
        return draw_merged(scene, simplify(order, operands, max_nodes))
    if detail == "layers" and len(network.layers) > MOST_BOXES:
        raise ValueError(
            f"this network of {len(network.layers):,} layers is too large for a box of each: draw it with "
            "detail='auto'"
        )
    if detail == "layers":
        return draw_layers(scene, network)
    if network.edge_count > MOST_EDGES:
        raise ValueError(
            f"this network of {network.edge_count:,} weights is too large for an edge of each: draw it with "
            "detail='layers'"
        )
    return draw_neurons(scene, network, weigh)


def _readable(network: Network | None, size: int, max_nodes: int, nodes: int) -> str:
    """The most detailed picture that can be read."""
    is_network = network is not None and network.share >= 0.5
    is_wide = network is not None and max(map(len, network.layers)) > 1
    if size <= max_nodes and not (is_network and is_wide and nodes > max_nodes // 2):
        return "operations"
    if network is None or not is_network:
        return "boxes"
    if len(network.parts) <= max_nodes and network.edge_count <= EDGES_PER_NODE * max_nodes:
        return "neurons"
    return "layers" if len(network.layers) <= max_nodes // 2 else "boxes"


def _repr_mimebundle_(self: Value, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """What a notebook shows of a Value: its picture, if that is quickly drawn."""
    bundle = {"text/plain": repr(self)}
    if watching() or _is_larger(self, MOST_DISPLAYED):
        return bundle
    with suppress(ImportError, ValueError):  # no Graphviz, or a broken one: the text must do
        bundle["image/svg+xml"] = draw(self)._repr_image_svg_xml()
    return bundle


def _is_larger(value: Value, limit: int) -> bool:
    """Whether a graph has more nodes than that, which need not be counted."""
    seen = {value}
    unread = [value]
    while unread and len(seen) <= limit:
        new = [x for x in operands_of(unread.pop()) if x not in seen]
        seen.update(new)
        unread += new
    return len(seen) > limit


Value._repr_mimebundle_ = _repr_mimebundle_
