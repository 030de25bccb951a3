"""Pictures of computational graphs, drawn with or without a Graphviz installation."""

from __future__ import annotations

import contextlib
import errno
import html
import math
import os
import re
import sys
import tempfile
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path

import graphviz  # type: ignore[import-untyped]

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

PICTURES = graphviz.FORMATS - {"dot", "gv"}  # what a file name may end in
NO_GRADIENT = "no gradient yet"
PLURALS = {"operation": "operations", "leaf": "leaves", "edge": "edges"}

_engine_lock = threading.Lock()  # the bundled engine keeps global state


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


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A ``graphviz.Digraph`` that needs no Graphviz installation.

    The ``dot`` executable draws where there is one, otherwise the engine inside pygraphviz 2.

    Examples
    --------
    >>> x = Value(2.0, label="x")
    >>> type(draw(x * x)).__name__
    'Picture'
    """

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> bytes | str:
        """Return the picture as bytes, or as text: the parameters are ``graphviz.Digraph.pipe``'s.

        Raises
        ------
        ValueError
            If the engine does not know the format.
        ImportError
            If there is neither a ``dot`` executable nor pygraphviz.
        """
        try:
            picture: bytes = super().pipe(
                format,
                renderer=renderer,
                formatter=formatter,
                neato_no_op=neato_no_op,
                quiet=quiet,
                engine=engine,
            )
        except graphviz.ExecutableNotFound:
            parts = [format or self.format, renderer or self.renderer, formatter or self.formatter]
            output = ":".join(filter(None, parts))
            picture = _bundled_engine(self.source, output, engine or self.engine, quiet)
        except graphviz.CalledProcessError as error:
            raise _refusal(format or self.format, error.stderr.decode(errors="replace")) from error
        return picture.decode(encoding) if encoding else picture

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = True,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Save the picture, with its DOT source unless `cleanup`, and return the picture's path.

        The parameters are ``graphviz.Digraph.render``'s, but no directory is made, the source is kept
        only on request, and a `filename` that ends like a picture names the picture.

        Raises
        ------
        OSError
            If a file cannot be written.
        ValueError, ImportError
            As in `pipe`.
        """
        if outfile is None and filename is not None and Path(filename).suffix[1:].lower() in PICTURES:
            filename, outfile = None, filename
        folder = Path(self.directory if directory is None else directory)
        if outfile is not None:
            target = folder / outfile
            source = target.with_suffix(".gv") if filename is None else folder / filename
            format = format or target.suffix[1:].lower() or self.format
        else:
            source = folder / (filename or self.filename)
            suffixes = [formatter or self.formatter, renderer or self.renderer, format or self.format]
            target = Path(".".join([str(source), *filter(None, suffixes)]))
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(target)!r}.")
        if source == target and not overwrite_source:
            raise ValueError(f"picture and DOT source are both {str(target)!r}: give one another name.")
        files = [target] if cleanup or source == target else [target, source]
        for path in files:
            _check_writable(path)
        picture = self.pipe(format, renderer, formatter, neato_no_op, quiet, engine=engine)
        for path, content in zip(files, [picture, self.source.encode(self.encoding)], strict=False):
            _write(path, content)
        if view or quiet_view:
            self._view(str(target), format=format or self.format, quiet=quiet_view)
        return str(target)


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
    text = re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
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


def _bundled_engine(source: str, format: str, engine: str, quiet: bool) -> bytes:
    """Lay out and draw DOT text with the Graphviz engine inside pygraphviz."""
    try:
        import pygraphviz  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError('found no Graphviz to draw with: pip install "autograd_lite[draw]"') from None
    messages: list[str] = []
    try:
        with _engine_lock, _stderr_into(messages):
            # The engine knows the default label of a node only once it has drawn something.
            pygraphviz.AGraph(string="digraph{}").draw(format="dot", prog="dot")
            picture: bytes = pygraphviz.AGraph(string=source).draw(format=format, prog=engine)
    except (ValueError, TypeError) as error:
        raise _refusal(format, "".join(messages)) from error
    if not quiet and sys.stderr:
        sys.stderr.writelines(line for line in messages if not line.startswith("Fontconfig"))
    return picture


@contextlib.contextmanager
def _stderr_into(lines: list[str]) -> Iterator[None]:
    """Collect what C code writes to stderr, which ``contextlib.redirect_stderr`` does not see."""
    try:
        terminal = os.dup(2)
    except OSError:  # a window application has no stderr
        yield
        return
    with tempfile.TemporaryFile("w+", errors="replace") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            file.seek(0)
            lines.extend(file)


def _refusal(format: str, messages: str) -> ValueError:
    """Say in Python's words why Graphviz made no picture."""
    if known := re.search("Use one of: (.*)", messages):
        return ValueError(f"unknown format {format!r}: expected one of {known[1].split()}.")
    return ValueError(f"Graphviz cannot draw this as {format!r}: {messages.strip()}")


def _check_writable(path: Path) -> None:
    """Find out before the work whether a file can be written."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a directory: give a file name", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such directory: make it first", str(path.parent))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to write: choose another place", str(path))


def _write(path: Path, content: bytes) -> None:
    """Write beside the file, then replace it: a full disk must not cost the old picture."""
    path = path.resolve()
    if path.exists() and not (path.is_file() and os.access(path.parent, os.W_OK)):
        path.write_bytes(content)  # a device, or a file in a directory that takes no new ones
        return
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}.part")  # of this thread alone
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
