"""Backpropagation as a page to step through: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from xml.etree import ElementTree

from autograd_lite._choose import at_least_one
from autograd_lite._formula import figure
from autograd_lite._names import one_line
from autograd_lite._staleness import check_fresh
from autograd_lite.animation._steps import Step, shown_names, steps_of
from autograd_lite.drawing import draw
from autograd_lite.drawing._picture import check_writable, write
from autograd_lite.engine import Value, topological_order

NODE = re.compile(r"n(\d+)")
OPERAND = re.compile(r"n(\d+)_(\d+)")  # a constant or a condition
EDGE = re.compile(r"(n[\d_]+)->(n[\d_]+)")


def animate(
    value: Value,
    path: str | os.PathLike[str] = "backprop.html",
    *,
    title: str | None = None,
    max_nodes: int = 200,
) -> str:
    """Write an HTML page that goes through the backpropagation of a value, step by step.

    The page shows the graph of `draw` and walks the forward pass node by node, then the backward pass edge
    by edge: for each operand u of each node z, in the order of `Value.backward`, it lights the edge, adds
    ``∂J/∂z * ∂z/∂u`` to ``∂J/∂u``, and shows that line of arithmetic with names and with numbers. There
    are buttons, a slider and keys (←, →, Home, End, space). The page is one file without references to
    others, for a browser with or without a network, on a projector or on a phone.

    Parameters
    ----------
    value : Value
        The root of the graph, usually a loss. No `grad` is read or changed.
    path : str or path-like, default "backprop.html"
        The file to write. One that exists is replaced.
    title : str, optional
        The heading of the page, by default "Backpropagation of" and the label of `value`.
    max_nodes : int, default 200
        The largest number of nodes, or of edges, to animate: a larger graph is too large to follow.

    Returns
    -------
    str
        The path of the file.

    Raises
    ------
    TypeError
        If `value` is not a ``Value``, `title` not a string, or `max_nodes` no integer.
    ValueError
        If `max_nodes` is less than 1, or the graph has more nodes or edges.
    RuntimeError
        If data was changed since the result was computed from it, as by the step of an optimizer.
    OSError
        If the file cannot be written.
    ImportError
        If there is neither a ``dot`` executable nor pygraphviz.

    References
    ----------
    .. [1] Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", 1986.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from autograd_lite import Value
    >>> w, x = Value(0.5, label="w"), Value(3.0, label="x")
    >>> J = w * x
    >>> J.label = "J"
    >>> with TemporaryDirectory() as folder:
    ...     page = Path(animate(J, f"{folder}/backprop.html")).read_text(encoding="utf-8")
    >>> "<span>∂J/∂w += ∂J/∂J * ∂J/∂w</span> <span>= 1 * 3</span> <span>= 3</span>" in page
    True
    """
    if not isinstance(value, Value):
        raise TypeError(f"animate() got {value!r:.80}, expected a Value: pass it a result.")
    if title is not None and not isinstance(title, str):
        raise TypeError(f"expected a string for the title, but got {title!r:.80}")
    max_nodes = at_least_one(max_nodes, "max_nodes")
    order = topological_order(value)
    edges = sum(len(node.inputs) for node in order)
    if max(len(order), edges) > max_nodes:
        raise ValueError(
            f"expected at most max_nodes={max_nodes} nodes and as many edges, but got a graph with "
            f"{len(order)} and {edges}: animate a part of it, such as the loss of one example, or pass a "
            "larger max_nodes"
        )
    check_fresh(order, "the result", "animate")
    target = Path(path)
    check_writable(target)
    write(target, _page(value, order, title).encode())
    return str(target)


def _page(root: Value, order: Sequence[Value], title: str | None) -> str:
    names = shown_names(order)
    steps = steps_of(root)
    texts = {name: _text(name) for name in ("page.html", "style.css", "stepper.js")}
    heading = one_line(title or "") or f"Backpropagation of {names[root]}"
    return Template(texts["page.html"]).substitute(
        title=html.escape(heading),
        style=texts["style.css"],
        script=texts["stepper.js"],
        style_hash=_hash(texts["style.css"]),
        script_hash=_hash(texts["stepper.js"]),
        picture=_svg(root, order, names, steps),
        result=_line(steps[-1]),
        last=len(steps) - 1,
        steps="\n".join(map(_item, steps)),
    )


def _text(name: str) -> str:
    return (files("autograd_lite.animation") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What the page's Content-Security-Policy knows a script or a style sheet by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _item(step: Step) -> str:
    """A step as an item of the page's list, which the script reads."""
    data = {
        "node": "" if step.node is None else str(step.node),
        "sources": " ".join(map(str, step.sources)),
        "edges": " ".join(f"{node}-{position}" for node, position in step.edges),
        "gradient": step.gradient,
    }
    attributes = "".join(f' data-{key}="{html.escape(text)}"' for key, text in data.items() if text)
    return f'<li class="{step.phase}"{attributes}>{_line(step)}</li>'


def _line(step: Step) -> str:
    pieces = [f"<span>{html.escape(piece)}</span>" for piece in step.line]
    note = [f"<small>({html.escape(step.note)})</small>"] if step.note else []
    return " ".join(pieces + note)


def _svg(root: Value, order: Sequence[Value], names: Mapping[Value, str], steps: Sequence[Step]) -> str:
    """The picture of the graph at the end of the backward pass, its parts marked for the script."""
    gradients: dict[int, list[str]] = {i: [] for i in range(len(order))}
    for step in steps:
        if step.phase == "backward" and step.node is not None:
            gradients[step.node].append(step.gradient)
    picture = draw(root, detail="operations")
    picture.attr(label="")
    for i, node in enumerate(order):
        # A box is as wide as the widest text it ever holds.
        label = _label(node, names[node], max(gradients[i], key=len))
        picture.node(f"n{i}", label=label, fillcolor="white")
    svg = ElementTree.fromstring(picture.pipe("svg", encoding="utf-8"))
    for element in svg.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag == "text":  # the style sheet says it once for all
            del element.attrib["font-family"], element.attrib["fill"]
    _mark(svg, order, [texts[-1] for texts in gradients.values()])
    svg.set("role", "img")
    svg.set("aria-labelledby", "picture-title")
    title = ElementTree.Element("title", id="picture-title")
    title.text = f"The graph that computed {names[root]}, with numbers and gradients"
    svg.insert(0, title)
    for size in ("width", "height"):
        svg.set(size, svg.attrib[size].removesuffix("pt"))
    return ElementTree.tostring(svg, encoding="unicode")


def _label(node: Value, name: str, gradient: str) -> str:
    """The label of a box, in which the name, the number and the gradient are texts of their own."""
    style = "<B>{}</B>" if node.label else "<I>{}</I>"
    symbol = f'<TD ROWSPAN="2" CELLPADDING="4"><FONT POINT-SIZE="15">{_escape(node.symbol)}</FONT></TD>'
    top = f"{style.format(_escape(name))} = {figure(node.data)}"
    room = f'<TD ROWSPAN="2" WIDTH="{6 + len(name) // 3}"></TD>'  # for a browser whose letters are wider
    first = f'{symbol if node.op else ""}<TD ALIGN="LEFT">{top}</TD>{room}'
    second = f'<TD ALIGN="LEFT">{_escape(gradient)}</TD>'
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1"><TR>{first}</TR><TR>{second}</TR></TABLE>>'


def _escape(text: str) -> str:
    # Graphviz would write the node's name for \N.
    return html.escape(text, quote=False).replace("\\", "\\\\")


def _mark(svg: ElementTree.Element, order: Sequence[Value], gradients: Sequence[str]) -> None:
    """Replace the DOT names of nodes and edges by attributes that say what they are."""
    place = {node: i for i, node in enumerate(order)}
    unmarked: dict[tuple[int, int], list[int]] = defaultdict(list)  # of parallel edges, the first comes first
    for i, node in enumerate(order):
        for k, x in enumerate(node.inputs):
            if isinstance(x, Value):
                unmarked[place[x], i].append(k)
    for group in svg.iter("g"):
        group.attrib.pop("id", None)
        title = group.find("title")
        if title is None:
            continue
        group.remove(title)
        name = title.text or ""
        if box := NODE.fullmatch(name):
            *_, heading, data, gradient = group.iter("text")
            # In one text with the name, wherever that ends in the browser's font.
            group.remove(data)
            ElementTree.SubElement(heading, "tspan", {"class": "number"}).text = data.text
            heading.set("class", "heading")
            gradient.set("class", "gradient")
            gradient.text = gradients[int(box[1])]
            group.set("data-node", box[1])
        elif operand := OPERAND.fullmatch(name):
            group.set("data-operand", f"{operand[1]}-{operand[2]}")
        elif edge := EDGE.fullmatch(name):
            if operand := OPERAND.fullmatch(edge[1]) or OPERAND.fullmatch(edge[2]):
                head, position = int(operand[1]), int(operand[2])
            else:
                tail, head = int(edge[1][1:]), int(edge[2][1:])
                position = unmarked[tail, head].pop(0)
            group.set("data-edge", f"{head}-{position}")
