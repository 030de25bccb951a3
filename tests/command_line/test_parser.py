"""The arguments, before any command runs."""

import argparse
import re
import shlex

import pytest

from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._parser import EXAMPLES, make_parser, parse

PARSER = make_parser("0")
COMMANDS = next(a for a in PARSER._actions if isinstance(a, argparse._SubParsersAction)).choices
HELP = {"": EXAMPLES} | {name: parser.epilog for name, parser in COMMANDS.items()}
TAKE_EXPRESSIONS = ("explain", "draw", "animate")


@pytest.mark.parametrize(
    "expression",
    ["-x**2", "-x", "-(x + 1)", "-2*x", "- x", "-h*x", "-1", "-.5*x", "-σ(x)", "-omega*x", "-o*x", "-o/x"],
)
@pytest.mark.parametrize("command", TAKE_EXPRESSIONS)
def test_an_expression_may_begin_with_a_minus(expression, command):
    arguments = parse([command, expression, "x=1", "--json"], "0")
    assert arguments.expression.strip() == expression
    assert arguments.json


@pytest.mark.parametrize("expression", ["--x", "-h"])
def test_an_expression_that_looks_like_an_option_is_read_after_two_dashes(expression):
    assert parse(["explain", "--json", "--", expression, "x=1"], "0").expression.strip() == expression


def test_a_minus_and_an_o_are_an_expression_unless_the_command_has_an_output():
    assert parse(["explain", "-o", "o=1"], "0").expression.strip() == "-o"
    for words in (["-o", "a.svg"], ["-o=a.svg"], ["--output", "a.svg"], ["--output=a.svg"]):
        arguments = parse(["draw", "-omega*x", "x=1", *words, "omega=2"], "0")
        assert (arguments.expression.strip(), str(arguments.output)) == ("-omega*x", "a.svg")
        assert arguments.values == ["x=1", "omega=2"]


@pytest.mark.parametrize("command", TAKE_EXPRESSIONS)
def test_values_may_stand_before_between_and_after_options(command):
    option = {"explain": ["--wrt", "x"]}.get(command, ["-o", "x.svg"])
    for words in (
        ["x*y", "x=1", "y=-2", *option],
        ["x*y", *option, "x=1", "y=-2"],
        ["x*y", "x=1", *option, "y=-2"],
    ):
        arguments = parse([command, *words], "0")
        assert arguments.expression == "x*y"
        assert arguments.values == ["x=1", "y=-2"]
    assert parse([command, *option, "x*y", "x=1"], "0").values == ["x=1"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the following arguments are required: COMMAND (autograd-lite --help shows examples)"),
        (
            ["explain"],
            "the following arguments are required: expression (autograd-lite explain --help shows examples)",
        ),
        (
            ["explain", "x", "x=1", "--sec"],
            "unrecognized arguments: --sec (autograd-lite --help shows examples)",
        ),
        (["explain", "x", "--json", "x=1", "--nothing"], "unrecognized arguments: --nothing"),
        (["explain", "x", "--wrt"], "argument --wrt: expected one argument"),
        (["explain", "x", "--json", "--latex"], "argument --latex: not allowed with argument --json"),
        (["dance"], "argument COMMAND: invalid choice: 'dance'"),
    ],
)
def test_wrong_arguments_are_told_in_one_line_with_the_command_for_help(argv, message):
    with pytest.raises(UsageError, match="^" + re.escape(message)) as caught:
        parse(argv, "0")
    assert caught.value.message.endswith("--help shows examples)")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_the_examples_as_they_are_written(command, call):
    code, out, err = call(*filter(None, [command]), "--help")
    assert (code, err) == (0, "")
    assert HELP[command].strip() in out


EXAMPLE_LINES = [
    pytest.param(line.strip(), id=line.strip()[14:60])
    for name in ("", *TAKE_EXPRESSIONS)
    for line in HELP[name].splitlines()
    if line.startswith("    autograd-lite")
]


@pytest.mark.parametrize("line", EXAMPLE_LINES)
def test_the_examples_of_the_help_work(line, call):
    argv = shlex.split(line)[1:]
    if argv[0] not in TAKE_EXPRESSIONS:
        pytest.skip("an example of another command, which has a test of its own")
    code, out, err = call(*argv)
    assert (code, err) == (0, "")
    assert out


def test_the_version_is_that_of_the_package(call):
    import autograd_lite

    assert call("--version") == (0, f"autograd-lite {autograd_lite.__version__}\n", "")
