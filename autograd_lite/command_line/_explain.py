"""`explain`: the value of an expression, all its derivatives, and the chain rule written out."""

import argparse
import math
import shutil
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd_lite._differences import finite_difference, kink
from autograd_lite.calculus import hessian
from autograd_lite.command_line._arguments import Graph, add_expression, read_graph
from autograd_lite.command_line._columns import table
from autograd_lite.command_line._errors import UsageError
from autograd_lite.command_line._json import as_json, is_printable
from autograd_lite.engine import Value
from autograd_lite.explain import explain
from autograd_lite.explain._writing import ascii_name
from autograd_lite.ops import DomainError

FEW = 4  # names whose chain rule is written out without being asked for
MOST_SECOND = 12  # names in a Hessian
# Steps of the expression times names; at the end of a domain an expression is run a thousand times.
MOST_CHECKED = 2_500
RTOL = 1e-6
SETTLED = 1e-3
ROUNDING = 1e-12
UNICODE = "∂·²Σσ−≈→"

EXAMPLES = """\
examples:
  A neuron, and how its error depends on the weight:
    autograd-lite explain "(sigmoid(w*x + b) - y)**2" w=0.6 x=3.14 b=-1 y=1 --wrt w

  Names for the parts, as a lecture has them, show in the chain rule:
    autograd-lite explain "z = w*x + b; a = sigmoid(z); J = (a - y)**2" w=0.6 x=3.14 b=-1 y=1

  Second derivatives, and a comparison with finite differences:
    autograd-lite explain "x**2 * exp(y)" x=3 y=0.5 --second --check

  For another program:
    autograd-lite explain "log(x) / x" x=e/2 --json
"""


class Check(NamedTuple):
    """A derivative beside the finite difference, and the verdict: ok or differs.

    It is "kink" where the slopes on both sides differ, and "unsettled" where there is no finite difference,
    at the end of a domain or where the function is too large or too rough.
    """

    finite_difference: float
    error: float
    relative_difference: float
    verdict: str


def add_command(subparsers: Any) -> None:
    """Add the parser of this command."""
    parser = subparsers.add_parser(
        "explain",
        help="the value and the derivatives of an expression, and the chain rule written out",
        description="Compute an expression and its derivatives, and write out the chain rule.",
        epilog=EXAMPLES,
    )
    add_expression(parser)
    parser.add_argument(
        "--wrt",
        action="append",
        metavar="NAME",
        help=f"write out the chain rule by this name; may be repeated (default: all, if {FEW} or fewer)",
    )
    parser.add_argument("--second", action="store_true", help="add the Hessian, the second derivatives")
    parser.add_argument(
        "--check", action="store_true", help="compare with finite differences; exit code 1 if they differ"
    )
    parser.add_argument(
        "--detail",
        choices=("auto", "labels", "operations"),
        default="auto",
        help="which nodes the chain rule goes through: all operations, those with names, or what is short",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="write JSON; infinity and NaN are strings there")
    output.add_argument(
        "--latex", action="store_true", help="write the chain rule as LaTeX, and nothing else"
    )
    output.add_argument(
        "--ascii", action="store_true", help="write plain ASCII, as for terminals without Unicode"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what was asked for; 1 if a derivative and its finite difference disagree."""
    graph = read_graph(arguments.expression, arguments.values)
    names = _names(graph, arguments.wrt)
    explained = names if arguments.wrt else list(graph.values) if len(graph.values) <= FEW else []
    explanations = {
        name: explain(graph.result, graph.node(name), detail=arguments.detail) for name in explained
    }
    second = _hessian(graph, arguments.wrt) if arguments.second else {}
    checks = _checks(graph, names) if arguments.check else {}
    if arguments.json:
        text = _json(graph, explanations, second, checks)
    elif arguments.latex:
        if not explanations:
            raise UsageError("--latex writes the chain rule by a name: choose one with --wrt NAME")
        text = "\n\n".join(e.to_latex() for e in explanations.values())
    else:
        unicode = not arguments.ascii and is_printable(UNICODE)
        text = _text(graph, explanations, second, checks, unicode)
    print(text)
    return int(any(check.verdict == "differs" for check in checks.values()))


def _names(graph: Graph, wrt: Sequence[str] | None) -> list[str]:
    """The names by which to differentiate: those chosen, otherwise all that have a derivative to show."""
    chosen = list(dict.fromkeys(wrt or graph.names))
    for name in chosen:
        graph.node(name)
    return chosen


def _hessian(graph: Graph, wrt: Sequence[str] | None) -> dict[str, dict[str, float]]:
    """The second derivatives by the names that have numbers, or by those of them that were chosen."""
    names = list(dict.fromkeys(wrt or graph.values))
    for name in names:
        if name not in graph.values:
            raise UsageError(
                f"{name} is computed: --second takes the names with numbers, {_listed(graph.values)}"
            )
    if len(names) > MOST_SECOND:
        raise UsageError(
            f"--second takes at most {MOST_SECOND} names, but there are {len(names)}: choose with --wrt"
        )
    formula = graph.formula

    def f(xs: list[Any]) -> Any:
        result = formula.compute({**graph.values, **dict(zip(names, xs, strict=True))})[formula.name]
        return result if isinstance(result, Value) else Value(result)

    try:
        rows = hessian(f)([graph.values[name] for name in names]) if names else []
    except DomainError as error:
        raise UsageError(f"there are no second derivatives here: {error}") from None
    return {name: dict(zip(names, row, strict=True)) for name, row in zip(names, rows, strict=True)}


def _listed(names: Any) -> str:
    return ", ".join(list(names)[:10])


def _checks(graph: Graph, names: Sequence[str]) -> dict[str, Check]:
    """Finite differences by each name, of the part that comes after it if it is computed."""
    steps = sum(len(statement.steps) for statement in graph.formula.statements)
    if steps * len(names) > MOST_CHECKED:
        raise UsageError(
            f"--check of so long an expression takes fewer than {len(names)} names: choose with --wrt NAME"
        )
    return {name: _check(graph, name) for name in names}


def _check(graph: Graph, name: str) -> Check:
    result = graph.formula.name

    def f(x: float) -> float:
        try:
            return float(graph.formula.compute({**graph.values, name: x})[result])
        except UsageError:  # outside of a domain
            return math.nan

    got, x = graph.nodes[name].grad, graph.nodes[name].data
    derivative, error = map(float, finite_difference(f, x))
    difference = abs(got - derivative)
    size = max(abs(got), abs(derivative))
    relative = difference / size if size else 0.0
    if not error <= SETTLED * max(1.0, abs(derivative)):
        verdict = "unsettled"
    elif difference <= RTOL * abs(derivative) + 10 * error + ROUNDING:
        verdict = "ok"
    else:
        verdict = "kink" if kink(lambda xs: [f(xs[0])], [x], 0, 0) else "differs"
    return Check(derivative, error, relative, verdict)


def _text(
    graph: Graph,
    explanations: dict[str, Any],
    second: dict[str, dict[str, float]],
    checks: dict[str, Check],
    unicode: bool,
) -> str:
    name, d = graph.name, "∂" if unicode else "d"
    sections = [f"{name if unicode else ascii_name(name)} = {graph.result.data:.6g}"]
    rows = graph.names
    if rows:
        header = ["name", "value", f"{d}{name}/{d}name"]
        header += ["finite difference", "relative error", ""] if checks else []
        body = [_row(graph, x, checks.get(x)) for x in rows]
        sections.append(table(header, body, unicode))
    if second:
        header = [f"{d}{'²' if unicode else '2'}{name}", *second]
        sections.append(table(header, [[x, *row.values()] for x, row in second.items()], unicode))
    width = shutil.get_terminal_size((100, 24)).columns
    sections += [e.to_text(unicode=unicode, width=max(width, 40)) for e in explanations.values()]
    if rows and not explanations:
        sections.append("(--wrt NAME writes out the chain rule by one of these names)")
    return "\n\n".join(sections)


def _row(graph: Graph, name: str, check: Check | None) -> list[str | float]:
    row: list[str | float] = [name, graph.nodes[name].data, graph.nodes[name].grad]
    if check:
        row += [check.finite_difference, f"{check.relative_difference:.1e}", check.verdict]
    return row


def _json(
    graph: Graph,
    explanations: dict[str, Any],
    second: dict[str, dict[str, float]],
    checks: dict[str, Check],
) -> str:
    inputs = {name: graph.nodes[name] for name in graph.names}
    data: dict[str, Any] = {
        "expression": graph.formula.source,
        "name": graph.name,
        "value": graph.result.data,
        "values": {name: node.data for name, node in inputs.items()},
        "derivatives": {name: node.grad for name, node in inputs.items()},
        "chain_rule": {name: e.to_dict() for name, e in explanations.items()},
    }
    if second:
        data["hessian"] = second
    if checks:
        data["check"] = {name: check._asdict() for name, check in checks.items()}
    return as_json(data)
