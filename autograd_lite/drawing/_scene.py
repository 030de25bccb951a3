"""What all pictures have in common: how text, numbers, boxes and a highlight look."""

import html
import math
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from autograd_lite._formula import figure
from autograd_lite.drawing._boxes import Operands
from autograd_lite.drawing._highlight import Highlight
from autograd_lite.drawing._picture import Picture
from autograd_lite.drawing._themes import Theme, fill
from autograd_lite.engine import Value

# Verdana (Windows, macOS) and DejaVu Sans (Linux) are equally wide and know ∂, σ and ŷ: a text
# measured on one machine fits its box in a browser on another.
FONT = "Verdana,DejaVu Sans,sans-serif"
LONG_LABEL = 12  # a longer one makes ∂J/∂label unreadable
LONGEST_NAME = 80  # of a longer one the beginning is shown; of 16,384 characters Graphviz refuses all
NO_GRADIENT = "no gradient yet"
LEADING = '<BR/><FONT POINT-SIZE="4"> </FONT><BR/>'  # else the lines of a caption would touch
PLURALS = {"leaf": "leaves"}

OPERATION = {"style": "filled,rounded"}
ROOT = {"peripheries": "2", "penwidth": "1.5"}
LIT = {"penwidth": "2"}


class Scene(NamedTuple):
    """A graph, and how it is to be drawn."""

    order: Sequence[Value]
    operands: Operands
    names: dict[Value, str]
    theme: Theme
    highlight: Highlight | None
    strange: Container[Value]  # whose grad is not the derivative of the root
    changed: Container[Value]  # whose data is not what was computed with
    about_changes: str

    @property
    def root(self) -> Value:
        """The value that is drawn."""
        return self.order[-1]

    @property
    def about_highlight(self) -> str:
        """What is highlighted, in words."""
        return escape(self.highlight.text) if self.highlight else ""

    @property
    def about_gradients(self) -> str:
        """What is to be said of gradients that are not derivatives of the root."""
        node = next((node for node in self.order if node in self.strange), None)
        if node is None or self.root.grad != 1.0:
            return ""
        name, root = escape(self.names[node]), escape(self.names[self.root])
        return f"the grad of {name} is not ∂{root}/∂{name}: calls of backward() add up until zero_grad()"

    def caption(self, lines: Sequence[str]) -> str:
        """The label of the picture: these lines, what is highlighted, and what was changed since."""
        rows = list(filter(None, [*lines, self.about_highlight, escape(self.about_changes)]))
        return f"<{LEADING.join(rows)}>" if rows else ""

    def is_lit(self, nodes: Iterable[Value]) -> bool:
        """Whether any of these nodes is highlighted, as all are where nothing is asked for."""
        return self.highlight is None or not self.highlight.nodes.isdisjoint(nodes)

    def picture(self, caption: Sequence[str], engine: str = "dot", **graph: str) -> Picture:
        """An empty picture, with its colours and its caption."""
        small = {"fontname": FONT, "fontsize": "11", "fontcolor": self.theme.soft}
        node = {
            "shape": "box",
            "style": "filled",
            "fillcolor": self.theme.paper,
            "color": self.theme.line,
            "margin": "0.07,0.03",
            "width": "0",
            "height": "0",
            **small,
            "fontsize": "13",
            "fontcolor": self.theme.ink,
        }
        return Picture(
            engine=engine,
            format="svg",
            graph_attr={
                "rankdir": "LR",
                "nodesep": "0.2",
                "ranksep": "0.25",
                "labelloc": "b",
                "bgcolor": self.theme.paper,
                "pad": "0.1",
                **small,
                **graph,
                "label": self.caption([*caption, self.about_gradients]),
            },
            node_attr=node,
            edge_attr={"color": self.theme.line, "arrowsize": "0.7", **small},
        )

    def box(self, node: Value, members: Sequence[Value], top: float) -> dict[str, str]:
        """The box of a node, in a picture whose largest gradient is `top`."""
        colour = fill(self.theme, abs(node.grad), top)
        is_operation = any(member.op for member in members)
        return self.box_of_lines(self.lines(node, members), members, colour, is_operation, node.symbol)

    def lines(self, node: Value, members: Sequence[Value]) -> list[str]:
        """What stands in the box of a node: its name, its number, its gradient, and what else is in it."""
        changed = " (changed)" if node in self.changed else ""
        lines = [f"{self.name(node)} = {figure(node.data)}{changed}", self.gradient(node)]
        return lines + [contents(members)] * (len(members) > 1)

    def box_of_lines(
        self,
        lines: Sequence[str],
        members: Sequence[Value],
        colour: str,
        is_operation: bool,
        symbol: str = "",
    ) -> dict[str, str]:
        """The DOT attributes of a box with these lines, and a symbol beside them."""
        cells = f'<TD CELLPADDING="4"><FONT POINT-SIZE="15">{escape(symbol)}</FONT></TD>' if symbol else ""
        cells += f'<TD BALIGN="LEFT">{"<BR/>".join(lines)}</TD>'
        label = f'<<TABLE BORDER="0" CELLSPACING="0"><TR>{cells}</TR></TABLE>>'
        is_root = self.root in members
        style = {**(OPERATION if is_operation else {}), **(ROOT if is_root else {})}
        if not self.is_lit(members):
            label = label.replace(self.theme.soft, self.theme.faint)
            return {"label": label, **style, "fontcolor": self.theme.faint, "color": self.theme.faint_line}
        lit = LIT if self.highlight else {}
        ink = {"color": self.theme.ink} if is_root or self.highlight else {}
        return {"label": label, "fillcolor": colour, **style, **ink, **lit}

    def text(self, is_lit: bool) -> dict[str, str]:
        """The DOT attributes of a text or a circle, in a picture that may have a highlight."""
        if self.highlight is None:
            return {}
        return LIT if is_lit else {"color": self.theme.faint_line, "fontcolor": self.theme.faint}

    def edge(self, is_lit: bool) -> dict[str, str]:
        """The DOT attributes of an edge, in a picture that may have a highlight."""
        if self.highlight is None:
            return {}
        if is_lit:
            return {"color": self.theme.ink, "fontcolor": self.theme.ink, **LIT}
        return {"color": self.theme.faint_line, "fontcolor": self.theme.faint}

    def word(self, x: Value | float) -> str:
        """An operand of a condition: its name, or its number."""
        return self.names[x] if isinstance(x, Value) else figure(x)

    def name(self, node: Value) -> str:
        """The name of a node: bold if it is its label."""
        text = escape(self.names[node])
        return f"<B>{text}</B>" if node.label else f'<I><FONT COLOR="{self.theme.soft}">{text}</FONT></I>'

    def gradient(self, node: Value) -> str:
        """The line with the gradient of a node: ∂J/∂w where that is true and short."""
        if not node.has_grad:
            return NO_GRADIENT
        root, name = self.names[self.root], self.names[node]
        is_short = max(len(root), len(name)) <= LONG_LABEL
        fraction = f"∂{root}/∂{name}" if is_short and node not in self.strange else "grad"
        return f"{escape(fraction)} = {figure(node.grad)}"


def shortened(names: Mapping[Value, str], longest: int = LONGEST_NAME) -> dict[Value, str]:
    """The names, of those that are too long the beginning, and no name twice."""
    taken = {name for name in names.values() if len(name) <= longest}
    copies: dict[str, count[int]] = defaultdict(lambda: count(2))
    short: dict[Value, str] = {}
    for node, name in names.items():
        if len(name) > longest:
            start = name[: longest - 1]
            name = f"{start}…"
            while name in taken:
                name = f"{start}…#{next(copies[start])}"
            taken.add(name)
        short[node] = name
    return short


def contents(members: Iterable[Value]) -> str:
    """How many operations and leaves there are."""
    counts = Counter("operation" if node.op else "leaf" for node in members)
    return ", ".join(plural(counts[kind], kind) for kind in ("operation", "leaf") if counts[kind])


def escape(text: str) -> str:
    """Make any string safe in an HTML-like label, where control characters are illegal."""
    text = _printable(text).replace("\\", "\\\\")  # Graphviz would write the node's name for \\N
    return html.escape(text, quote=False).replace("\n", "<BR/>")


def tooltip(text: str) -> str:
    """Make any string safe in a tooltip: Graphviz reads its escapes once or twice, or past its end."""
    return html.escape(_printable(text)).replace("\\", "∖")


def _printable(text: str) -> str:
    return re.sub("[^\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text.replace("\t", " "))


def plural(count: int, noun: str) -> str:
    """A count with its noun, as in 2 leaves."""
    return f"{count:,} {noun if count == 1 else PLURALS.get(noun, noun + 's')}"


def largest(numbers: Iterable[float]) -> float:
    """The largest magnitude among those that are finite, 0 if there is none."""
    return max((abs(x) for x in numbers if math.isfinite(x)), default=0.0)
