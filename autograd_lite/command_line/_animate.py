"""`animate`: a page that walks through the forward and the backward pass of an expression."""

import argparse
from pathlib import Path
from typing import Any

from autograd_lite.animation import animate
from autograd_lite.command_line._arguments import add_expression, read_graph
from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._json import as_json

EXAMPLES = """\
examples:
  A page that steps through backpropagation in a neuron, as backprop.html:
    autograd-lite animate "z = w*x + b; a = sigmoid(z); J = (a - y)**2" w=0.6 x=3.14 b=-1 y=1

  Under another name and title:
    autograd-lite animate "x * exp(-x)" x=2 -o decay.html --title "A derivative step by step"
"""


def add_command(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "animate",
        help="a web page that steps through the forward and the backward pass",
        description="Write a web page, one file that needs no network, that steps through backpropagation.",
        epilog=EXAMPLES,
    )
    add_expression(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("backprop.html"),
        help="the file to write (default: %(default)s)",
    )
    parser.add_argument("--title", help="the heading of the page")
    parser.add_argument("--json", action="store_true", help="print the file, the nodes and the edges as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page and print its path."""
    if arguments.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{str(arguments.output)!r} is no name of a page: it must end in .html")
    graph = read_graph(arguments.expression, arguments.values)
    file = animate(graph.result, arguments.output, title=arguments.title)
    print(as_json(graph.written(file)) if arguments.json else file)
    return 0
