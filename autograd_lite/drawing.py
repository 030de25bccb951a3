"""Pictures of computational graphs, in the language of the lectures."""

from __future__ import annotations

import html
import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from numbers import Integral

from autograd_lite._picture import Picture
from autograd_lite.engine import Condition, Value, topological_order

__all__ = ["Picture", "draw"]

# Verdana (Windows, macOS) and DejaVu Sans (Linux) are equally wide and know ∂, σ and ŷ: a text
# measured on one machine fits its box in a browser on another.
FONT = "Verdana,DejaVu Sans,sans-serif"
INK, SOFT_INK = "#1a1a1a", "#595959"
PALE, STRONG = (255, 255, 255), (74, 152, 201)  # INK on STRONG has a contrast of 5.5:1
DECADES = 4  # a gradient this many powers of ten below the largest is as pale as zero
LEVELS = 12  # as many columns as one takes in at a glance
LONG_LABEL = 12  # a longer one makes ∂J/∂label unreadable

SMALL = {"fontname": FONT, "fontsize": "11", "fontcolor": SOFT_INK}
GRAPH = {"rankdir": "LR", "nodesep": "0.2", "ranksep": "0.25", "labelloc": "b", **SMALL}
NODE = {
    "shape": "box",
    "style": "filled",
    "fillcolor": "white",
    "color": SOFT_INK,
    "margin": "0.07,0.03",
    "width": "0",
    "height": "0",
    **SMALL,
    "fontsize": "13",
    "fontcolor": INK,
}
EDGE = {"color": SOFT_INK, "arrowsize": "0.7", **SMALL}
OPERATION = {"style": "filled,rounded"}
ROOT = {"peripheries": "2", "penwidth": "1.5", "color": INK}
CONSTANT = {"shape": "plaintext", "style": "solid"}
CONDITION = {"style": "dashed"}
BETWEEN_LAYERS = {"tailport": "e", "headport": "w", "penwidth": "0.6"}  # many edges, side to side

NO_GRADIENT = "no gradient yet"
PLURALS = {"operation": "operations", "leaf": "leaves", "edge": "edges"}


def draw(value: Value, *, max_nodes: int = 64) -> Picture:
    """Draw the graph that computed a value.

    A leaf is a square box, an operation a rounded one, the value itself has a double border; the
    larger the gradient, the bluer the box. An edge carries the local derivative ∂z/∂u of an
    operation with respect to its operand; the chain rule is ``∂J/∂u = Σ ∂J/∂z · ∂z/∂u`` [1]_.

    Above `max_nodes`, whatever feeds a single box is drawn inside it, except a labelled operation or
    a function of one operation (so that a neuron is a box); if too many boxes remain, those of about
    the same depth are drawn as one (so that a layer is).

    Parameters
    ----------
    value
        The root of the graph, usually a loss.
    max_nodes
        The number of nodes, or of edges, above which the picture is simplified.

    Returns
    -------
    Picture
        A ``graphviz.Digraph``: notebooks display it, ``.render(outfile="graph.svg")`` saves it.

    Raises
    ------
    TypeError
        If `value` is not a ``Value``.
    ValueError
        If `max_nodes` is less than 1 or no integer.

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
    """
    if not isinstance(value, Value):
        raise TypeError(f"draw() got {value!r:.80}, expected a Value: pass it a result.")
    if not isinstance(max_nodes, Integral) or isinstance(max_nodes, bool) or max_nodes < 1:
        raise ValueError(f"expected an integer of at least 1 for max_nodes, but got {max_nodes!r}")
    order = topological_order(value)
    simplified = max(len(order), sum(len(node.inputs) for node in order)) > max_nodes
    boxes = _simplify(order, max_nodes) if simplified else {node: node for node in order}
    members: dict[Hashable, list[Value]] = defaultdict(list)
    for node in order:
        members[boxes[node]].append(node)
    names = {box: f"n{i}" for i, box in enumerate(members)}
    largest = max((abs(node.grad) for node in order if math.isfinite(node.grad)), default=0.0)

    picture = Picture(graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE, format="svg")
    picture.attr(label=_caption(value, simplified))
    for box, nodes in members.items():
        picture.node(names[box], **_box(box, nodes, value, largest))
    if simplified:
        _draw_merged_edges(picture, order, boxes, names)
    else:
        _draw_edges(picture, order, names)
    return picture


def _simplify(order: Sequence[Value], max_nodes: int) -> Mapping[Value, Hashable]:
    """Say for every node in which box it is drawn: a node's own, another node's, or a level's."""
    fused = _fuse(order)
    fits = len(set(fused.values())) <= max_nodes
    return fused if fits else _levels(order, fused, min(LEVELS, (max_nodes - 1) // 2))


def _fuse(order: Sequence[Value]) -> dict[Value, Value]:
    """Draw whatever feeds a single box inside that box, unless it heads one of its own."""
    boxes: dict[Value, Value] = {}
    feeds: dict[Value, Value | None] = {}  # None: several boxes
    for node in reversed(order):
        operands = list(_operands(node))
        # A label, or standing alone on another operation as an activation does, makes a head.
        head = (operands and node.label) or (len(operands) == 1 and operands[0].op)
        only = feeds.get(node)
        boxes[node] = box = node if head or only is None else only
        for operand in operands:
            feeds[operand] = box if feeds.setdefault(operand, box) is box else None
    return boxes


def _levels(order: Sequence[Value], fused: dict[Value, Value], count: int) -> dict[Value, Hashable]:
    """Draw the boxes of about the same depth as one; leaves go with their first use."""
    depth: dict[Value, int] = defaultdict(int)
    first_use: dict[Value, int] = {}
    for node in order:
        box = fused[node]
        for operand in _operands(node):
            if fused[operand] is not box:
                depth[box] = max(depth[box], depth[fused[operand]] + 1)
    for node in order:
        for operand in _operands(node):
            first_use[operand] = min(depth[fused[node]], first_use.get(operand, len(order)))
    root = order[-1]
    width = math.ceil(depth[root] / max(count, 1))
    return {
        node: root
        if box is root
        else ("operations", depth[box] // width)
        if box.op
        else ("leaves", first_use[box] // width)
        for node, box in fused.items()
    }


def _operands(node: Value | Condition) -> Iterator[Value]:
    """Yield the operands that are nodes, those of a condition and of the conditions in it included."""
    seen: set[Condition] = set()
    unread = deque(node.inputs)
    while unread:
        operand = unread.popleft()
        if isinstance(operand, Value):
            yield operand
        elif isinstance(operand, Condition) and operand not in seen:
            seen.add(operand)
            unread += operand.inputs


def _draw_edges(picture: Picture, order: Sequence[Value], names: dict[Hashable, str]) -> None:
    """Draw every edge with its local derivative, and the operands that are not nodes."""
    for node in order:
        for i, (operand, partial) in enumerate(zip(node.inputs, node.partials, strict=True)):
            if isinstance(operand, Value):
                label = "" if partial is None else f" {_number(partial)} "  # off the box
                picture.edge(names[operand], names[node], label=label)
                continue
            name = f"{names[node]}_{i}"
            if isinstance(operand, Condition):
                picture.node(name, label=f"<{_escape(str(operand))}>", **CONDITION)
                for side in _operands(operand):
                    picture.edge(names[side], name, style="dashed")
            else:
                picture.node(name, label=f"<{_number(operand)}>", **CONSTANT)
            picture.edge(name, names[node], style="dashed")


def _draw_merged_edges(
    picture: Picture, order: Sequence[Value], boxes: Mapping[Value, Hashable], names: dict[Hashable, str]
) -> None:
    """Draw one edge between two boxes, with the number of edges that it stands for between levels."""
    edges = Counter((boxes[operand], boxes[node]) for node in order for operand in _operands(node))
    levels = not names.keys() <= set(order)
    if not levels:
        picture.attr(ranksep="1", splines="line")
        picture.attr("edge", **BETWEEN_LAYERS)
    for (tail, head), count in edges.items():
        if tail != head:
            picture.edge(names[tail], names[head], label=f" {_plural(count, 'edge')} " if levels else "")


def _box(box: Hashable, nodes: Sequence[Value], root: Value, largest: float) -> dict[str, str]:
    """Return the DOT attributes of a box."""
    counts = Counter("operation" if node.op else "leaf" for node in nodes)
    contents = ", ".join(_plural(counts[kind], kind) for kind in PLURALS if counts[kind])
    if isinstance(box, Value):
        name = f"<B>{_escape(box.label)}</B> = " if box.label else ""
        lines = [name + _number(box.data), _gradient_line(box, root), contents][: 2 + (len(nodes) > 1)]
        symbol, magnitude = box.symbol, abs(box.grad)
    else:
        symbol, magnitude = "", max(abs(node.grad) for node in nodes)
        lines = [contents, f"|grad| ≤ {_number(magnitude)}" if root.has_grad else NO_GRADIENT]
    cells = f'<TD CELLPADDING="4"><FONT POINT-SIZE="15">{_escape(symbol)}</FONT></TD>' if symbol else ""
    cells += f'<TD BALIGN="LEFT">{"<BR/>".join(lines)}</TD>'
    return {
        "label": f'<<TABLE BORDER="0" CELLSPACING="0"><TR>{cells}</TR></TABLE>>',
        "fillcolor": _colour(magnitude, largest),
        **(OPERATION if counts["operation"] else {}),
        **(ROOT if box is root else {}),
    }


def _gradient_line(node: Value, root: Value) -> str:
    if not node.has_grad:
        return NO_GRADIENT
    # Only after root.backward() is the root's own gradient 1, and .grad what the fraction says.
    short = all(0 < len(label) <= LONG_LABEL for label in (root.label, node.label))
    name = f"∂{root.label}/∂{node.label}" if short and root.grad == 1.0 else "grad"
    return f"{_escape(name)} = {_number(node.grad)}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else PLURALS[noun]}"


def _caption(root: Value, simplified: bool) -> str:
    boxes = "the bluer a box, the larger its |gradient| (log scale)"
    boxes = boxes if root.has_grad else f"{NO_GRADIENT}: call backward()"
    return boxes if simplified else f"on an edge: the local derivative; {boxes}"


def _escape(text: str) -> str:
    """Make any string safe in an HTML-like label, where control characters are illegal."""
    text = re.sub("[^\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text.replace("\t", " "))
    text = text.replace("\\", "\\\\")  # Graphviz would write the node's name for \\N
    return html.escape(text, quote=False).replace("\n", "<BR/>")


def _number(number: float) -> str:
    return f"{number + 0.0:.4g}"  # never -0


def _colour(magnitude: float, largest: float) -> str:
    """Return the fill for a gradient: white to blue in the logarithm of its magnitude."""
    decades = math.log10(magnitude) - math.log10(largest) if magnitude > 0 < largest else -math.inf
    share = min(max(1 + decades / DECADES, 0.0), 1.0)
    mix = (round(pale + share * (strong - pale)) for pale, strong in zip(PALE, STRONG, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mix)
