"""`draw`: a picture of the graph of an expression, with its derivatives."""

import argparse
from pathlib import Path
from typing import Any

from autograd_lite.command_line._arguments import add_expression, read_graph
from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._json import as_json
from autograd_lite.drawing import draw
from autograd_lite.drawing._picture import PICTURES

COMMON = ("svg", "png", "pdf")

EXAMPLES = """\
examples:
  A neuron and its error, as graph.svg:
    autograd-lite draw "(sigmoid(w*x + b) - y)**2" w=0.6 x=3.14 b=-1 y=1

  On a dark ground, with the paths from the weight lit:
    autograd-lite draw "z = w*x; J = (tanh(z) - y)**2" w=0.6 x=3.14 y=1 -o dark.svg --theme dark --highlight w
"""


def add_command(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "draw",
        help="a picture of the graph of an expression",
        description="Draw the graph that computes an expression, with the derivative by every node.",
        epilog=EXAMPLES,
    )
    add_expression(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        default=Path("graph.svg"),
        help=f"the file to write, .{', .'.join(COMMON)} or another format of Graphviz (default: %(default)s)",
    )
    parser.add_argument(
        "--detail",
        choices=("auto", "operations", "neurons", "layers"),
        default="auto",
        help="what a box stands for (default: operations, or more if there are too many)",
    )
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="the ground to draw on")
    parser.add_argument("--highlight", metavar="NAME", help="light all paths from this name to the result")
    parser.add_argument("--json", action="store_true", help="print the file, the nodes and the edges as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the picture and print its path."""
    suffix = arguments.output.suffix[1:].lower()
    if suffix not in PICTURES:
        endings = ", ".join(f".{x}" for x in COMMON)
        raise UsageError(
            f"{str(arguments.output)!r} is no name of a picture: it must end in {endings} or the like"
        )
    graph = read_graph(arguments.expression, arguments.values)
    highlight = graph.node(arguments.highlight) if arguments.highlight is not None else None
    picture = draw(graph.result, detail=arguments.detail, theme=arguments.theme, highlight=highlight)
    file = picture.render(outfile=arguments.output)
    print(as_json(graph.written(file)) if arguments.json else file)
    return 0
