"""The network diagram of the lectures: columns of circles, and an edge for every weight."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from autograd_lite._network import Network, Part, activation_of, examples_of
from autograd_lite._picture import Picture
from autograd_lite._placement import CHARACTER, Point, place_texts
from autograd_lite._scene import NO_GRADIENT, Scene, contents, escape, largest, number, plural, tooltip
from autograd_lite.engine import Value

NUMBERED = 24  # so many edges have room for their numbers
NAMED = 8  # and so many for the names of their weights
TITLE = 0.42  # inches above the topmost circle
THINNEST, THICKEST = 0.5, 4.0


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


def draw_neurons(scene: Scene, network: Network, weigh: str) -> Picture:
    """Draw a circle for every input and every neuron, and an edge for every weight."""
    edges = _edges(scene, network, weigh)
    columns: dict[int, list[Part]] = defaultdict(list)
    neurons = network.neurons
    for part in (*(part for part in network.parts if part.kind != "neuron"), *neurons):
        columns[part.column].append(part)
    sizes = _sizes(max(map(len, columns.values())), len(edges))
    at = _positions(scene, columns, sizes)
    ids = {part: f"c{i}" for i, part in enumerate(at)}
    top = max(y for _, y in at.values()) + sizes.diameter / 2

    picture = scene.picture(
        _caption(scene, network, weigh, len(edges)), "neato", splines="line", outputorder="edgesfirst"
    )
    is_batch = max(len(neuron.sums) for neuron in neurons) > 1
    for part, position in at.items():
        if part.kind == "loss":
            picture.node(ids[part], **_pos(position), **_loss_box(scene, part))
        elif part.kind == "other":
            text = (
                part.members[-1].symbol
                if len({x.symbol for x in part.members if x.op}) == 1
                else contents(part.members)
            )
            picture.node(
                ids[part],
                **_pos(position),
                **scene.box_of_lines([escape(text)], part.members, scene.theme.paper, True),
            )
        else:
            _draw_circle(scene, picture, ids[part], part, position, sizes, is_batch)
    _draw_titles(scene, picture, network, columns, at, top)
    _draw_weights(scene, picture, edges, ids)
    _draw_flows(scene, picture, network, ids)
    if len(edges) <= NUMBERED:
        _draw_numbers(scene, picture, edges, at, sizes, weigh)
    return picture


def _edges(scene: Scene, network: Network, weigh: str) -> list[Edge]:
    return [
        Edge(
            source,
            neuron,
            (weight := neuron.sums[0].weights[i]),
            getattr(weight, FIELDS[weigh]),
            _is_lit(scene, neuron, i),
        )
        for neuron in network.neurons
        for source, i in neuron.sources
    ]


FIELDS = {"weight": "data", "gradient": "grad"}


def _is_lit(scene: Scene, neuron: Part, i: int) -> bool:
    """Whether a path leads through the weight of a term, or through its input."""
    if scene.highlight is None:
        return False
    nodes, edges = scene.highlight
    return any(s.weights[i] in nodes or (s.inputs[i], s.products[i]) in edges for s in neuron.sums)


def _sizes(tallest: int, edges: int) -> Sizes:
    if tallest <= 6:
        return Sizes(0.66, 1.0, 2.0 if edges <= NUMBERED else 1.8, 10)
    if tallest <= 12:
        return Sizes(0.5, 0.66, 2.4, 9)
    return Sizes(0.3, 0.42, 3.0, 0) if tallest <= 24 else Sizes(0.14, 0.2, 4.0, 0)


def _positions(scene: Scene, columns: dict[int, list[Part]], sizes: Sizes) -> dict[Part, Point]:
    at = {}
    for column, parts in sorted(columns.items()):
        for i, part in enumerate(parts):
            x = column * sizes.column
            if part.kind == "loss":
                x += _width(scene, part) / 2 - sizes.column / 2 + 0.3
            at[part] = (x, ((len(parts) - 1) / 2 - i) * sizes.row)
    return at


def _width(scene: Scene, loss: Part) -> float:
    """About the width of the loss's box."""
    texts = [
        f"{scene.names[scene.root]} = {number(scene.root.data)}",
        scene.gradient(scene.root),
        contents(loss.members),
    ]
    return max(map(len, texts)) * 1.25 * CHARACTER + 0.5


def _pos(position: Point) -> dict[str, str]:
    return {"pos": "{:.3f},{:.3f}!".format(*position)}


def _loss_box(scene: Scene, part: Part) -> dict[str, str]:
    box = scene.box(scene.root, part.members, largest([scene.root.grad]))
    return {**box, "fillcolor": scene.theme.paper}  # blue means a positive weight here


def _draw_circle(
    scene: Scene, picture: Picture, name: str, part: Part, position: Point, sizes: Sizes, is_batch: bool
) -> None:
    """Draw an input or a neuron, with what fits into it, and a bias below."""
    is_neuron, is_lit = part.kind == "neuron", scene.is_lit(part.members)
    lines = _lines(scene, part, is_batch) if sizes.text else []
    label = "<BR/>".join(text for text, length in lines if length * CHARACTER < sizes.diameter)
    picture.node(
        name,
        label=f"<{label}>" if label else "",
        shape="circle",
        fixedsize="true",
        width=str(sizes.diameter),
        fontsize=str(sizes.text),
        fillcolor=scene.theme.layer if is_neuron else scene.theme.paper,
        tooltip=tooltip(_about(scene, part, is_batch)),
        peripheries="2" if scene.root in part.members else "1",
        **_pos(position),
        **scene.text(is_lit),
    )
    if is_neuron and sizes.text and part.sums[0].biases:
        biases = ", ".join(number(bias.data, 2) for bias in part.sums[0].biases)
        x, y = position
        below = (x, y - sizes.diameter / 2 - 0.1)
        _draw_text(scene, picture, f"{name}b", below, f"b = {biases}", 8, is_lit)


def _node(part: Part) -> Value | None:
    """The node that a circle shows: the output of a neuron, or the leaf that is an input, if it is one."""
    if part.kind == "neuron":
        return part.output
    return next((node for node in part.members if not node.op), None)


def _lines(scene: Scene, part: Part, is_batch: bool) -> list[tuple[str, int]]:
    """What stands in a circle, each line with its length: a name, and a number unless it is of many."""
    node = _node(part)
    lines = []
    if node is not None and node.label:
        lines = [(f"<B>{escape(node.label)}</B>", len(node.label))]
    elif node is None or not is_batch:
        name = part.name if node is None else scene.names[node]
        lines = [(f"<I>{name}</I>", len(name))]
    elif part.activation:
        lines = [(escape(part.activation), len(part.activation))]
    if not is_batch:
        text = number(node.data if node is not None else part.number or 0.0, 2)
        lines.append((text, len(text)))
    return lines


def _about(scene: Scene, part: Part, is_batch: bool) -> str:
    """What a circle says when one points at it."""
    node = _node(part)
    if part.kind == "input" or node is None:
        return f"input {part.name if node is None else scene.names[node]}"
    s = part.sums[0]
    texts = [] if is_batch else [f"{scene.names[node]} = {number(node.data)}"]
    texts += [f"{scene.names[bias]} = {number(bias.data)}" for bias in s.biases]
    return "\n".join(["neuron", *texts])


def _draw_text(
    scene: Scene, picture: Picture, name: str, position: Point, text: str, size: int, is_lit: bool = True
) -> None:
    """Write a text on a patch of paper, which hides the edges behind it."""
    colour = scene.theme.soft if is_lit else scene.theme.faint
    picture.node(
        name,
        label=f"<{text}>",
        shape="plaintext",
        margin="0.02,0.01",
        fontsize=str(size),
        fontcolor=colour,
        **_pos(position),
    )


def _draw_titles(
    scene: Scene,
    picture: Picture,
    network: Network,
    columns: dict[int, list[Part]],
    at: dict[Part, Point],
    top: float,
) -> None:
    """Write above every column which layers, or how many inputs, it shows."""
    numbers = {layer[0]: i for i, layer in enumerate(network.layers, start=1)}
    for column, parts in columns.items():
        layers = [i for i in (numbers.get(part) for part in parts) if i]
        if layers:
            names = f"layer {', '.join(map(str, layers))}"
            title = "<BR/>".join(
                filter(None, [names, escape(activation_of(p for p in parts if p.kind == "neuron"))])
            )
        elif any(part.kind == "input" for part in parts):
            title = plural(sum(part.kind == "input" for part in parts), "input")
        else:
            continue
        _draw_text(scene, picture, f"t{column}", (at[parts[0]][0], top + TITLE), title, 11)


def _draw_weights(scene: Scene, picture: Picture, edges: Sequence[Edge], ids: dict[Part, str]) -> None:
    top = largest(edge.number for edge in edges)
    thickest = THICKEST if len(edges) <= 100 else THICKEST / 2
    for edge in edges:
        is_negative = math.copysign(1, edge.number) < 0 != edge.number
        share = min(abs(edge.number) / top, 1.0) if top and not math.isnan(edge.number) else 0.0
        colour = scene.theme.negative if is_negative else scene.theme.positive
        if edge.number == 0 or (scene.highlight and not edge.is_lit):
            colour = scene.theme.faint_line
        picture.edge(
            ids[edge.tail],
            ids[edge.head],
            arrowhead="none",
            color=colour,
            penwidth=f"{THINNEST + share * (thickest - THINNEST):.2f}",
            style="dashed" if is_negative else "solid",
            tooltip=tooltip(_about_weight(scene, edge.weight)),
        )


def _about_weight(scene: Scene, weight: Value) -> str:
    gradient = f"grad = {number(weight.grad)}" if weight.has_grad else NO_GRADIENT
    return f"{scene.names[weight]} = {number(weight.data)}\n{gradient}"


def _draw_flows(scene: Scene, picture: Picture, network: Network, ids: dict[Part, str]) -> None:
    """Draw the edges that carry no weight: into the loss, and into operations between layers."""
    lit = set()
    if scene.highlight:
        lit = {(network.part_of[a], network.part_of[b]) for a, b in scene.highlight.edges}
    flows = network.flows(scene.order, scene.operands)
    for tail, head in dict.fromkeys((network.part_of[a], network.part_of[b]) for a, b in flows):
        picture.edge(ids[tail], ids[head], **{"penwidth": "0.8", **scene.edge((tail, head) in lit)})


def _draw_numbers(
    scene: Scene, picture: Picture, edges: Sequence[Edge], at: dict[Part, Point], sizes: Sizes, weigh: str
) -> None:
    """Write the numbers on the edges, and the names of the weights where there are few."""
    texts = [number(edge.number, 2) for edge in edges]
    if weigh == "weight" and len(edges) <= NAMED:
        texts = [
            f"{edge.weight.label} = {text}" if edge.weight.label else text
            for edge, text in zip(edges, texts, strict=True)
        ]
    lines = [(at[edge.tail], at[edge.head]) for edge in edges]
    points = place_texts(lines, list(map(len, texts)), sizes.diameter / 2 + 0.05)
    for i, (edge, text, point) in enumerate(zip(edges, texts, points, strict=True)):
        _draw_text(scene, picture, f"w{i}", point, escape(text), 10, edge.is_lit or not scene.highlight)


def _caption(scene: Scene, network: Network, weigh: str, edges: int) -> list[str]:
    quantity = "weight" if weigh == "weight" else "∂/∂weight"
    if weigh == "gradient" and scene.root.grad == 1.0:
        quantity = f"∂{escape(scene.names[scene.root])}/∂weight"
    theme = scene.theme
    legend = (
        f'<FONT COLOR="{theme.positive}"><B>——</B> positive</FONT>   '
        f'<FONT COLOR="{theme.negative}"><B>- - -</B> negative</FONT>   the thicker, the larger |{quantity}|'
    )
    numbers = f"on an edge: {quantity}" if edges <= NUMBERED else ""
    return [legend, "; ".join(filter(None, [numbers, examples_of(network)]))]
