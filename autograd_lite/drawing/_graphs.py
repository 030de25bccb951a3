"""Pictures of a graph as boxes: one for every node, for several nodes, or for every layer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product

from autograd_lite._formula import figure, in_words
from autograd_lite._operands import operands_of
from autograd_lite.drawing._network import Network, Part, activation_of, examples_of
from autograd_lite.drawing._picture import Picture
from autograd_lite.drawing._scene import NO_GRADIENT, Scene, contents, escape, largest, plural
from autograd_lite.drawing._themes import fill
from autograd_lite.engine import Condition, Value

CONSTANT = {"shape": "plaintext", "style": "solid"}
CONDITION = {"style": "dashed", "margin": "0.12,0.05"}
LARGE = 300  # nodes, of which Graphviz would otherwise seek the best layout for minutes
HASTE = {"nslimit": "0.5", "nslimit1": "0.5", "mclimit": "0.1"}
LONG = 1000  # columns, which all edges together pass: bending them would take Graphviz minutes, too
BETWEEN_LAYERS = {"tailport": "e", "headport": "w", "penwidth": "0.6"}  # many edges, side to side


def draw_operations(scene: Scene, network: Network | None) -> Picture:
    """Draw a box for every node, the nodes of a neuron in a frame, and those of a layer in one around it."""
    has_edges = any(scene.operands.values())
    caption = ["on an edge: the local derivative; " + _about_colours(scene)] if has_edges else []
    is_long = _length(scene) > LONG
    haste = HASTE if is_long or len(scene.order) > LARGE else {}
    picture = scene.picture(caption, **haste, **({"splines": "line"} if is_long else {}))
    ids = {node: f"n{i}" for i, node in enumerate(scene.order)}
    top = largest(node.grad for node in scene.order)
    for frame, nodes in _frames(scene, picture, network):
        for node in nodes:
            frame.node(ids[node], **scene.box(node, [node], top))
            _draw_others(scene, picture, frame, node, ids)
    _separate_layers(picture, network, ids)
    for node in scene.order:
        for operand, partial in zip(node.inputs, node.partials, strict=True):
            if isinstance(operand, Value):
                is_lit = scene.highlight is not None and (operand, node) in scene.highlight.edges
                label = "" if partial is None else f" {figure(partial)} "  # off the box
                picture.edge(ids[operand], ids[node], label=label, **scene.edge(is_lit))
    return picture


def _length(scene: Scene) -> int:
    """How many columns all edges together pass, if leaves stand before their first use."""
    depth: dict[Value, int] = defaultdict(int)
    for node in scene.order:
        if node.op:
            depth[node] = 1 + max((depth[x] for x in scene.operands[node]), default=0)
    for node in reversed(scene.order):
        for x in scene.operands[node]:
            if not x.op:
                depth[x] = min(depth.get(x) or depth[node], depth[node] - 1)
    return sum(depth[node] - depth[x] for node in scene.order for x in scene.operands[node])


def _frames(
    scene: Scene, picture: Picture, network: Network | None
) -> Iterator[tuple[Picture, Iterable[Value]]]:
    """The frames of neurons, each with the nodes to be drawn there, and the picture with the rest."""
    layers = network.layers if network else []
    for i, layer in enumerate(layers, start=1):
        title = "neuron" if len(layers) == len(layer) == 1 else f"layer {i}"
        title = " · ".join(filter(None, [title, activation_of(layer)]))
        with _frame(scene, picture, f"cluster_{i}", title, scene.theme.layer) as frame:
            if len(layer) == 1:
                yield frame, layer[0].members
                continue
            for j, neuron in enumerate(layer, start=1):
                with _frame(scene, frame, f"cluster_{i}_{j}", f"neuron {j}", scene.theme.neuron) as inner:
                    yield inner, neuron.members
    framed = {node for layer in layers for neuron in layer for node in neuron.members}
    yield picture, (node for node in scene.order if node not in framed)


def _separate_layers(picture: Picture, network: Network | None, ids: dict[Value, str]) -> None:
    """Keep the weights of a layer from standing below what it is computed from."""
    for layer in network.layers if network else []:
        every = dict.fromkeys(source for neuron in layer for source, _ in neuron.sources)
        sources = [x for x in every if x.members and x.column < layer[0].column]
        if len(layer) == 1 and all(source.kind == "input" for source in sources):
            continue  # a single neuron has its inputs beside its weights
        minlen = "1" if len(sources) * len(layer) <= 2 else "2"  # many edges need room
        for source, neuron in product(sources, layer):
            weight = neuron.sums[0].weights[0]
            picture.edge(ids[source.members[-1]], ids[weight], style="invis", minlen=minlen)


@contextmanager
def _frame(scene: Scene, around: Picture, name: str, title: str, colour: str) -> Iterator[Picture]:
    attributes = {
        "label": f"<{escape(title)}>",
        "labelloc": "t",
        "labeljust": "l",
        "style": "rounded,filled",
        "fillcolor": colour,
        "color": scene.theme.faint_line,
        "margin": "6",
    }
    with around.subgraph(name=name, graph_attr=attributes) as frame:
        yield frame


def _draw_others(scene: Scene, picture: Picture, frame: Picture, node: Value, ids: dict[Value, str]) -> None:
    """Draw the operands of a node that are no nodes, numbers and conditions, in the same frame."""
    for i, operand in enumerate(node.inputs):
        if isinstance(operand, Value):
            continue
        name = f"{ids[node]}_{i}"
        style, text = (
            (CONDITION, in_words(operand, scene.word))
            if isinstance(operand, Condition)
            else (CONSTANT, figure(operand))
        )
        frame.node(name, label=f"<{escape(text)}>", **style, **scene.text(False))
        # An edge belongs to no frame: it would draw both its ends into it.
        picture.edge(name, ids[node], style="dashed", **scene.edge(False))
        if isinstance(operand, Condition):
            for side in operands_of(operand):
                picture.edge(ids[side], name, style="dashed", **scene.edge(False))


def draw_merged(scene: Scene, boxes: Mapping[Value, Hashable]) -> Picture:
    """Draw a box for several nodes, those of one neuron or those of about the same depth."""
    members: dict[Hashable, list[Value]] = defaultdict(list)
    for node in scene.order:
        members[boxes[node]].append(node)
    ids = {box: f"b{i}" for i, box in enumerate(members)}
    is_by_level = not ids.keys() <= set(scene.order)
    graph = {} if is_by_level else {"ranksep": "1", "splines": "line"}
    picture = scene.picture([_about_colours(scene)], **graph)
    if not is_by_level:
        picture.attr("edge", **BETWEEN_LAYERS)
    top = largest(node.grad for node in scene.order)
    for box, nodes in members.items():
        if isinstance(box, Value):
            picture.node(ids[box], **scene.box(box, nodes, top))
        else:
            picture.node(ids[box], **_box_of_level(scene, nodes, top))
    edges = Counter((boxes[operand], boxes[node]) for node in scene.order for operand in scene.operands[node])
    lit = _lit_edges(scene, boxes)
    for (tail, head), count in edges.items():
        if tail != head:
            label = f" {plural(count, 'edge')} " if is_by_level else ""
            picture.edge(ids[tail], ids[head], label=label, **scene.edge((tail, head) in lit))
    return picture


def _box_of_level(scene: Scene, nodes: list[Value], top: float) -> dict[str, str]:
    most = max(abs(node.grad) for node in nodes)
    lines = [contents(nodes), f"|grad| ≤ {figure(most)}" if scene.root.has_grad else NO_GRADIENT]
    return scene.box_of_lines(lines, nodes, fill(scene.theme, most, top), any(node.op for node in nodes))


def draw_layers(scene: Scene, network: Network) -> Picture:
    """Draw a box for every layer, its inputs, the operations between layers, and the loss."""
    number_of = {neuron: i for i, layer in enumerate(network.layers, start=1) for neuron in layer}
    box_of_part: dict[Part, Hashable] = {
        part: number_of.get(part, (part.kind, part.column)) for part in network.parts
    }
    boxes = {node: box_of_part[part] for node, part in network.part_of.items()}
    parts: dict[Hashable, list[Part]] = defaultdict(list)
    for part in network.parts:
        parts[box_of_part[part]].append(part)
    ids = {box: f"b{i}" for i, box in enumerate(parts)}
    top = largest(node.grad for node in scene.order)
    picture = scene.picture([examples_of(network), _about_colours(scene)])
    for box, group in parts.items():
        members = [node for part in group for node in part.members]
        kind = group[0].kind
        if kind == "loss":
            lines = scene.lines(scene.root, members)
            attributes = scene.box_of_lines(
                lines, members, fill(scene.theme, abs(scene.root.grad), top), True
            )
        elif kind == "neuron":
            attributes = _box_of_layer(scene, number_of[group[0]], group, top)
        else:
            text = plural(len(group), "input") if kind == "input" else contents(members)
            most = largest(node.grad for node in members)
            attributes = scene.box_of_lines([text], members, fill(scene.theme, most, top), kind != "input")
        picture.node(ids[box], **attributes)
    lit = _lit_edges(scene, boxes)
    edges = {
        **{
            (box_of_part[source], box_of_part[part]): None
            for part in network.parts
            for source, _ in part.sources
        },
        **{(boxes[a], boxes[b]): None for a, b in network.flows(scene.order, scene.operands)},
    }
    for tail, head in edges:
        if tail != head:
            picture.edge(ids[tail], ids[head], **scene.edge((tail, head) in lit))
    return picture


def _box_of_layer(scene: Scene, i: int, layer: list[Part], top: float) -> dict[str, str]:
    members = [node for neuron in layer for node in neuron.members]
    weights = [weight for neuron in layer for weight in neuron.sums[0].weights]
    parameters = {node for neuron in layer for node in neuron.parameters}
    n_in = max(len(neuron.sums[0].weights) for neuron in layer)
    lines = [
        f"<B>layer {i}</B>: {n_in:,} → {len(layer):,}, {activation_of(layer) or 'linear'}",
        plural(len(parameters), "parameter"),
        f"|weight| {_range([weight.data for weight in weights])}",
        f"|grad| {_range([weight.grad for weight in weights])}" if scene.root.has_grad else NO_GRADIENT,
    ]
    return scene.box_of_lines(lines, members, fill(scene.theme, largest(w.grad for w in weights), top), True)


def _range(numbers: list[float]) -> str:
    magnitudes = [abs(x) for x in numbers]
    low, high = figure(min(magnitudes), 3), figure(max(magnitudes), 3)
    return low if low == high else f"{low} to {high}"


def _lit_edges(scene: Scene, boxes: Mapping[Value, Hashable]) -> set[tuple[Hashable, Hashable]]:
    edges = scene.highlight.edges if scene.highlight else ()
    return {(boxes[a], boxes[b]) for a, b in edges}


def _about_colours(scene: Scene) -> str:
    if not scene.root.has_grad:
        return f"{NO_GRADIENT}: call backward()"
    return "the bluer a box, the larger its |gradient| (log scale)"
