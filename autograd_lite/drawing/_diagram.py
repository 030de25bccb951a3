"""The network diagram of the lectures: columns of circles, and an edge for every weight."""

from __future__ import annotations

import html
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from autograd_lite._formula import figure
from autograd_lite.drawing._highlight import Highlight
from autograd_lite.drawing._network import Network, Part, activation_of, examples_of
from autograd_lite.drawing._picture import Picture
from autograd_lite.drawing._placement import CHARACTER, Point, pass_between, place_texts
from autograd_lite.drawing._scene import NO_GRADIENT, Scene, escape, largest, plural, tooltip
from autograd_lite.engine import Value

NUMBERED = 24  # so many edges have room for their numbers
SHORT = 4  # names of weights of so many characters have room, too
GAP = 0.8  # inches before the loss
TITLE = 0.36  # inches above the topmost circle
THINNEST, THICKEST = 0.5, 4.0
LIT = 1.5  # at least so thick is what is highlighted, and the rest at most
WEIGHED = {"weight": "data", "gradient": "grad"}


class Edge(NamedTuple):
    """A weight: where it leads from and to, what is drawn of it, and whether that is highlighted."""

    tail: Part
    head: Part
    weight: Value
    number: float
    is_lit: bool


class Sizes(NamedTuple):
    """Inches: the diameter of a circle, the distances between circles and columns; points of the text."""

    diameter: float
    row: float
    column: float
    text: int


class Diagram(NamedTuple):
    """A diagram in the making: where everything stands, and what it is called in DOT."""

    scene: Scene
    picture: Picture
    network: Network
    sizes: Sizes
    columns: dict[int, list[Part]]
    at: dict[Part, Point]
    ids: dict[Part, str]

    @property
    def is_batch(self) -> bool:
        """Whether a circle stands for several examples, so that it has no number."""
        return max(len(neuron.sums) for neuron in self.network.neurons) > 1


def draw_neurons(scene: Scene, network: Network, weigh: str) -> Picture:
    """Draw a circle for every input and every neuron, and an edge for every weight."""
    edges = [
        Edge(source, neuron, weight := neuron.sums[0].weights[i], getattr(weight, WEIGHED[weigh]), is_lit)
        for neuron in network.neurons
        for source, i in neuron.sources
        for is_lit in [scene.highlight is not None and _is_on_path(scene.highlight, neuron, i)]
    ]
    columns: dict[int, list[Part]] = defaultdict(list)
    for part in (*(part for part in network.parts if part.kind != "neuron"), *network.neurons):
        columns[part.column].append(part)
    sizes = _sizes(max(map(len, columns.values())))
    at = _positions(scene, columns, sizes)
    ids = {part: f"c{i}" for i, part in enumerate(at)}
    picture = scene.picture([], "neato", splines="line", outputorder="edgesfirst")
    diagram = Diagram(scene, picture, network, sizes, columns, at, ids)

    for part in at:
        if part.kind in ("input", "neuron"):
            _draw_circle(diagram, part)
        else:
            _draw_box(diagram, part)
    _draw_titles(diagram)
    _draw_weights(diagram, edges)
    _draw_flows(diagram)
    are_numbered = _draw_numbers(diagram, edges, weigh)
    picture.attr(label=scene.caption(_caption(diagram, edges, weigh, are_numbered)))
    return picture


def _is_on_path(highlight: Highlight, neuron: Part, i: int) -> bool:
    """Whether a path leads through the weight of a term, or through its input."""
    return any(
        s.weights[i] in highlight.nodes or (s.inputs[i], s.products[i]) in highlight.edges
        for s in neuron.sums
    )


def _sizes(tallest: int) -> Sizes:
    if tallest <= 6:
        return Sizes(0.66, 1.0, 2.0, 10)
    if tallest <= 12:
        return Sizes(0.5, 0.66, 2.4, 9)
    return Sizes(0.3, 0.42, 3.0, 0) if tallest <= 24 else Sizes(0.14, 0.2, 4.0, 0)


def _positions(scene: Scene, columns: dict[int, list[Part]], sizes: Sizes) -> dict[Part, Point]:
    """Where every part stands: in its column, centred."""
    at = {}
    for column, parts in sorted(columns.items()):
        for i, part in enumerate(parts):
            x = column * sizes.column
            if part.kind == "loss":
                x += (
                    _width(scene.lines(scene.root, part.members)) / 2
                    + sizes.diameter / 2
                    + GAP
                    - sizes.column
                )
            at[part] = (x, ((len(parts) - 1) / 2 - i) * sizes.row)
    return at


def _width(lines: Sequence[str]) -> float:
    """About the width of a box with these lines."""
    texts = [html.unescape(re.sub("<[^>]*>", "", line)) for line in lines]
    return max(map(len, texts)) * 1.25 * CHARACTER + 0.4


def _pos(position: Point) -> dict[str, str]:
    return {"pos": "{:.3f},{:.3f}!".format(*position)}


def _draw_box(diagram: Diagram, part: Part) -> None:
    """Draw the loss, or operations between neurons: by their symbols if there are few."""
    scene = diagram.scene
    if part.kind == "loss":
        lines = scene.lines(scene.root, part.members)
    else:
        symbols = list(dict.fromkeys(node.symbol for node in part.members if node.op))
        count = sum(bool(node.op) for node in part.members)
        lines = [escape(" ".join(symbols)) if len(symbols) <= 2 else plural(count, "operation")]
    # Paper, because blue means a positive weight here.
    box = scene.box_of_lines(lines, part.members, scene.theme.paper, True)
    diagram.picture.node(diagram.ids[part], **_pos(diagram.at[part]), **box)


def _draw_circle(diagram: Diagram, part: Part) -> None:
    """Draw an input or a neuron, with what fits into it, and a bias below."""
    scene, sizes, name = diagram.scene, diagram.sizes, diagram.ids[part]
    is_lit = scene.is_lit(part.members)
    lines = _lines(diagram, part) if sizes.text else []
    label = "<BR/>".join(text for text, length in lines if _fits(length, sizes))
    diagram.picture.node(
        name,
        label=f"<{label}>" if label else "",
        shape="circle",
        fixedsize="true",
        width=str(sizes.diameter),
        fontsize=str(sizes.text),
        fillcolor=scene.theme.layer if part.kind == "neuron" else scene.theme.paper,
        tooltip=tooltip(_about(diagram, part)),
        peripheries="2" if scene.root in part.members else "1",
        **_pos(diagram.at[part]),
        **scene.text(is_lit),
    )
    if sizes.text and part.sums and part.sums[0].biases:
        biases = ", ".join(figure(bias.data, 2) for bias in part.sums[0].biases)
        x, y = diagram.at[part]
        _draw_text(diagram, f"{name}b", (x, y - sizes.diameter / 2 - 0.1), f"b = {biases}", 8, is_lit)


def _fits(length: int, sizes: Sizes) -> bool:
    """Whether so many characters have room in a circle."""
    return length * CHARACTER * sizes.text / 10 < sizes.diameter


def _node(part: Part) -> Value | None:
    """The node that a circle shows: the output of a neuron, or the leaf that is an input, if it is one."""
    if part.kind == "neuron":
        return part.outputs[0]
    return next((node for node in part.members if not node.op), None)


def _lines(diagram: Diagram, part: Part) -> list[tuple[str, int]]:
    """What stands in a circle, each line with its length: a name, and a number unless it is of many."""
    node = _node(part)
    lines = []
    if node is not None and node.label:
        name = _range_of_labels(diagram, part, node)
        lines = [(f"<B>{escape(name)}</B>", len(name))]
    elif node is None or not diagram.is_batch:
        name = part.name if node is None else diagram.scene.names[node]
        lines = [(f"<I>{name}</I>", len(name))]
    elif part.activation:
        lines = [(escape(part.activation), len(part.activation))]
    if not diagram.is_batch:
        number = node.data if node is not None else part.number or 0.0
        text = next((x for x in (figure(number, 2), figure(number, 1)) if _fits(len(x), diagram.sizes)), "")
        lines.append((text, len(text)))
    return lines


def _range_of_labels(diagram: Diagram, part: Part, node: Value) -> str:
    """The label of a node, and in a recurrence that of the last step, as in h1…h4."""
    last = node
    if diagram.network.is_recurrent:
        outputs = part.outputs if part.kind == "neuron" else [x for x in part.members if not x.op]
        last = outputs[-1]
    text = f"{node.label}…{last.label}"
    is_range = last.label not in ("", node.label) and _fits(len(text), diagram.sizes)
    return text if is_range else diagram.scene.names[node]


def _about(diagram: Diagram, part: Part) -> str:
    """What a circle says when one points at it."""
    node, names = _node(part), diagram.scene.names
    if part.kind == "input" or node is None:
        return f"input {part.name if node is None else names[node]}"
    texts = [] if diagram.is_batch else [f"{names[node]} = {figure(node.data)}"]
    texts += [f"{names[bias]} = {figure(bias.data)}" for bias in part.sums[0].biases]
    return "\n".join(["neuron", *texts])


def _draw_text(
    diagram: Diagram, name: str, position: Point, text: str, size: int, is_lit: bool = True
) -> None:
    """Write a text on a patch of paper, which hides the edges behind it."""
    theme = diagram.scene.theme
    diagram.picture.node(
        name,
        label=f"<{text}>",
        shape="plaintext",
        margin="0.02,0.01",
        fontsize=str(size),
        fontcolor=theme.soft if is_lit else theme.faint,
        **_pos(position),
    )


def _draw_titles(diagram: Diagram) -> None:
    """Write above every column which layers, or how many inputs, it shows."""
    numbers = {layer[0]: str(i) for i, layer in enumerate(diagram.network.layers, start=1)}
    top = max(y for _, y in diagram.at.values()) + diagram.sizes.diameter / 2 + TITLE
    for column, parts in diagram.columns.items():
        layers = [numbers[part] for part in parts if part in numbers]
        inputs = sum(part.kind == "input" for part in parts)
        applied = activation_of(parts)
        if any(part.shows_sum for part in parts) and not diagram.is_batch:
            applied = f"logits of {applied}"
        lines = [f"layer {', '.join(layers)}", escape(applied)] if layers else []
        if inputs and not layers:
            lines = [plural(inputs, "input")]
        if lines:
            _draw_text(
                diagram, f"t{column}", (diagram.at[parts[0]][0], top), "<BR/>".join(filter(None, lines)), 11
            )


def _draw_weights(diagram: Diagram, edges: Sequence[Edge]) -> None:
    """Draw every weight as an edge: its sign in two ways, its size, and what it is when one points at it."""
    theme, highlight = diagram.scene.theme, diagram.scene.highlight
    top = largest(edge.number for edge in edges)
    thickest = THICKEST if len(edges) <= 100 else THICKEST / 2
    for edge in edges:
        is_negative = math.copysign(1, edge.number) < 0 != edge.number
        share = min(abs(edge.number) / top, 1.0) if top and not math.isnan(edge.number) else 0.0
        width = THINNEST + share * (thickest - THINNEST)
        colour = theme.negative if is_negative else theme.positive
        if highlight is not None:
            width = max(width, LIT) if edge.is_lit else min(width, LIT)
        if edge.number == 0 or (highlight is not None and not edge.is_lit):
            colour = theme.faint_line
        style = {"color": colour, "penwidth": f"{width:.2f}", "style": "dashed" if is_negative else "solid"}
        about = tooltip(_about_weight(diagram.scene, edge.weight))
        _connect(diagram, edge.tail, edge.head, **style, arrowhead="none", tooltip=about)


def _connect(diagram: Diagram, tail: Part, head: Part, **style: str) -> None:
    """Draw an edge, past the circles in the columns between."""
    picture, ids = diagram.picture, diagram.ids
    last = ids[tail]
    for i, bend in enumerate(_bends(diagram, tail, head)):
        name = f"{ids[tail]}_{ids[head]}_{i}"
        picture.node(name, label="", shape="point", width="0", height="0", style="invis", **_pos(bend))
        picture.edge(last, name, **{**style, "arrowhead": "none"})
        last = name
    above = {"tailport": "ne", "headport": "nw"} if tail is head else {}
    picture.edge(last, ids[head], **style, **above)


def _bends(diagram: Diagram, tail: Part, head: Part) -> list[Point]:
    """Where an edge between columns that are no neighbours, or in one column, must pass circles."""
    if tail.column == head.column and tail is not head:
        (x, y0), (_, y1) = diagram.at[tail], diagram.at[head]
        return [(x + diagram.sizes.diameter / 2 + 0.2 * abs(y1 - y0), (y0 + y1) / 2)]
    columns = range(tail.column + 1, head.column)
    between = [[diagram.at[part] for part in diagram.columns[column]] for column in columns]
    return pass_between(diagram.at[tail], diagram.at[head], between, diagram.sizes.row)


def _about_weight(scene: Scene, weight: Value) -> str:
    gradient = f"grad = {figure(weight.grad)}" if weight.has_grad else NO_GRADIENT
    return f"{scene.names[weight]} = {figure(weight.data)}\n{gradient}"


def _draw_flows(diagram: Diagram) -> None:
    """Draw the edges that carry no weight: into the loss, and into operations between layers."""
    scene, part_of = diagram.scene, diagram.network.part_of
    lit = {(part_of[a], part_of[b]) for a, b in (scene.highlight.edges if scene.highlight else ())}
    # A probability of a softmax is computed from the sums of the whole layer.
    beside = {neuron: layer for layer in diagram.network.layers for neuron in layer if neuron.shows_sum}
    flows = [
        (tail, part_of[b])
        for a, b in diagram.network.flows(scene.order, scene.operands)
        for tail in beside.get(part_of[a], [part_of[a]])
    ]
    for tail, head in dict.fromkeys(flows):
        _connect(diagram, tail, head, **{"penwidth": "0.8", **scene.edge((tail, head) in lit)})


def _draw_numbers(diagram: Diagram, edges: Sequence[Edge], weigh: str) -> bool:
    """Write the numbers on the edges if there is room, and the names of the weights if they are short."""
    ends = {(edge.tail, edge.head) for edge in edges if edge.tail.column < edge.head.column}
    if not len(ends) == len(edges) <= NUMBERED:  # on parallel edges, numbers would lie on each other
        return False
    texts = [figure(edge.number, 2) for edge in edges]
    labels = [edge.weight.label for edge in edges]
    if weigh == "weight" and all(0 < len(label) <= SHORT for label in labels):
        texts = [f"{label} = {text}" for label, text in zip(labels, texts, strict=True)]
    lines = []
    for edge in edges:
        points = [*_bends(diagram, edge.tail, edge.head), diagram.at[edge.head]]
        lines.append((diagram.at[edge.tail], points[0]))
    points = place_texts(lines, list(map(len, texts)), diagram.sizes.diameter / 2 + 0.05)
    for i, (edge, text, point) in enumerate(zip(edges, texts, points, strict=False)):
        is_lit = edge.is_lit or diagram.scene.highlight is None
        _draw_text(diagram, f"w{i}", point, escape(text), 10, is_lit)
    return bool(points)


def _caption(diagram: Diagram, edges: Sequence[Edge], weigh: str, are_numbered: bool) -> list[str]:
    scene, theme, quantity = diagram.scene, diagram.scene.theme, "weight"
    if weigh == "gradient":
        are_strange = any(edge.weight in scene.strange for edge in edges)
        quantity = "grad" if are_strange else f"∂{escape(scene.names[scene.root])}/∂weight"
    legend = (
        f'<FONT COLOR="{theme.positive}"><B>——</B> positive</FONT>   '
        f'<FONT COLOR="{theme.negative}"><B>- - -</B> negative</FONT>   the thicker, the larger |{quantity}|'
    )
    numbers = f"on an edge: {quantity}" if are_numbered else ""
    about = "; ".join(filter(None, [numbers, examples_of(diagram.network)]))
    return [legend, about, scene.about_gradients if weigh == "gradient" else ""]
