"""The arguments of the program: its commands, their help, and what is read before argparse."""

import argparse
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NoReturn

from autograd_lite.command_line import _animate, _draw, _explain, tables
from autograd_lite.command_line._errors import UsageError

COMMANDS = (_explain, _draw, _animate, *tables.COMMANDS)

EXAMPLES = """\
examples:
  The derivatives of an expression, with the chain rule written out:
    autograd-lite explain "sigmoid(w2*sigmoid(w1*x + b1) + b2)" w1=0.6 x=3.14 b1=-1 w2=0.5 b2=0.1 --wrt w2

  Its graph as a picture, and as a page that steps through backpropagation:
    autograd-lite draw "sigmoid(w*x + b)" w=0.6 x=3.14 b=-1 -o neuron.svg
    autograd-lite animate "sigmoid(w*x + b)" w=0.6 x=3.14 b=-1 -o neuron.html

  A network that predicts a column of a table, and its use:
    autograd-lite train flowers.csv --target species
    autograd-lite predict flowers_model/model.npz new_flowers.csv -o predictions.csv

  More examples:
    autograd-lite explain --help

exit codes: 0 done, 1 it failed, 2 the arguments or the data are wrong, 130 interrupted
"""
# What is an option beside an expression: argparse would take -x**2 for one, too.
OPTION = re.compile(r"--?$|-h$|--[A-Za-z][A-Za-z-]*(=.*)?$", re.DOTALL)
OUTPUT = re.compile(r"-o(=.*)?$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """argparse's parser with errors of ours, and a help whose examples stay as they are written."""

    def __init__(self, **options: Any) -> None:
        options |= {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the command that tells more."""
        raise UsageError(f"{message} ({self.prog} --help shows examples)")


@cache
def make_parser(version: str) -> Parser:
    """The parser of all commands."""
    parser = Parser(
        prog="autograd-lite",
        description="Derivatives of expressions, explained, drawn and animated; networks, trained and used.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_command(subparsers)
    return parser


def parse(argv: Sequence[str], version: str) -> argparse.Namespace:
    """The arguments as a namespace, whose ``run`` is the function of the command.

    Raises
    ------
    UsageError
        If they are wrong.
    """
    parser = make_parser(version)
    takes_expression = bool(argv) and argv[0] in ("explain", "draw", "animate")
    has_output = takes_expression and argv[0] != "explain"
    words = [_protected(word, has_output) for word in argv] if takes_expression else argv
    arguments, others = parser.parse_known_args(words)
    # argparse reads name=number only up to the next option.
    options = others if not takes_expression else [word for word in others if word.startswith("-")]
    if options:
        parser.error(f"unrecognized arguments: {' '.join(options)}")
    if others:
        arguments.values = [*arguments.values, *others]
    return arguments


def _protected(word: str, has_output: bool) -> str:
    """A word that is read as an expression although it begins with a minus."""
    is_option = OPTION.match(word) or (has_output and OUTPUT.match(word))
    return word if not word.startswith("-") or is_option else f" {word}"
