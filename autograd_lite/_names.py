"""What the nodes of a graph are called, in pictures and in words: by their labels, otherwise v1, v2, ..."""

from collections.abc import Sequence
from itertools import count

from autograd_lite.engine import Value


def names_of(order: Sequence[Value]) -> dict[Value, str]:
    """A name for every node of a graph, given in topological order, and no name twice.

    A node is called by its label; the second node with a label, and those after it, get a number, as in
    ``z#2``. A node without a label is called v1, v2, ... in the order of the graph, so that the names are
    the same whenever the same graph is asked for.

    Examples
    --------
    >>> from autograd_lite import Value, topological_order
    >>> x = Value(2.0, label="x")
    >>> list(names_of(topological_order(x * x + Value(1.0, label="x"))).values())
    ['x', 'v1', 'x#2', 'v2']
    """
    taken = {node.label for node in order}
    numbers = count(1)
    copies: dict[str, count[int]] = {}
    names: dict[Value, str] = {}
    for node in order:
        label = node.label
        if not label:
            names[node] = _free("v", numbers, taken)
        elif label not in copies:
            copies[label] = count(2)
            names[node] = label
        else:
            names[node] = _free(f"{label}#", copies[label], taken)
    return names


def _free(stem: str, numbers: "count[int]", taken: set[str]) -> str:
    """The next name with this stem that is no label."""
    return next(name for name in (f"{stem}{i}" for i in numbers) if name not in taken)


def one_line(text: str) -> str:
    """A label in one line: control characters would move the cursor of a terminal."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)
