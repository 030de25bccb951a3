"""What the commands that take an expression share: its arguments, and the graph made of them."""

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd_lite._choose import did_you_mean
from autograd_lite._names import names_of
from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._formulas import Formula, read_values
from autograd_lite.engine import Value, topological_order


class Graph(NamedTuple):
    """An expression, the numbers given to it, and its nodes by name after `backward`, the result last."""

    formula: Formula
    values: dict[str, float]
    nodes: dict[str, Value]

    @property
    def result(self) -> Value:
        """The root."""
        return self.nodes[self.formula.name]

    @property
    def name(self) -> str:
        """What the root is called: that of ``y = x; y`` is x, and has no other name."""
        return self.result.label

    @property
    def names(self) -> list[str]:
        """All names but that of the result, unless that was given a number."""
        return [name for name in self.nodes if name != self.formula.name or name in self.values]

    def node(self, name: str) -> Value:
        """The node of this name; raises UsageError if there is none."""
        if name not in self.nodes:
            names = ", ".join(list(self.nodes)[:10])
            hint = did_you_mean(name, self.nodes) or f": the names are {names}"
            raise UsageError(f"there is no {name!r:.60} in the expression{hint}")
        return self.nodes[name]

    def written(self, file: str) -> dict[str, Any]:
        """What a program wants to know of a file that shows the graph: its nodes and edges, by name."""
        names = names_of(topological_order(self.result))
        return {
            "expression": self.formula.source,
            "name": self.name,
            "value": self.result.data,
            "file": file,
            "nodes": {
                name: {"op": node.op, "value": node.data, "derivative": node.grad}
                for node, name in names.items()
            },
            "edges": [
                {"from": names[x], "to": names[node], "derivative": partial}
                for node in names
                for x, partial in zip(node.inputs, node.partials, strict=True)
                if isinstance(x, Value)
            ],
        }


def add_expression(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that every command has which takes an expression."""
    parser.add_argument(
        "expression",
        help="numbers, names, + - * / **, functions, and choices: 'a if x > 0 else b'; with names for its "
        "parts: 'z = w*x + b; (z - y)**2'",
    )
    parser.add_argument(
        "values",
        nargs="*",
        default=[],
        metavar="name=number",
        help="a number for each name, such as x=0.5 or x=pi/2",
    )


def read_graph(expression: str, words: Sequence[str]) -> Graph:
    """The graph of an expression, differentiated.

    Raises
    ------
    UsageError
        If the expression or the numbers are wrong.
    """
    formula = Formula(expression)
    values = read_values(words, formula)
    graph = Graph(formula, values, formula.graph(values))
    graph.result.backward()
    return graph
