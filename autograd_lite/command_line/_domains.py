"""What is said of a number outside of the domain of a primitive, in the words of the expression."""

import ast
from collections.abc import Sequence
from functools import partial
from typing import Any

from autograd_lite.command_line._errors import Source, UsageError
from autograd_lite.command_line._whitelist import Step, error_at, text_of
from autograd_lite.ops import TABLE

LONGEST = 40  # characters of an operand


def domain_error(source: Source, step: Step, operands: Sequence[Any]) -> UsageError:
    """The error about a step that is not defined for its operands, which are named as they were written.

    ``log(x - 2)`` at x = 1 gets "log needs a number > 0, but x - 2 is -1".
    """
    assert isinstance(step.action, partial)
    row = TABLE[step.action.args[0]]
    domain = row.domain * (len(operands) if row.is_nary else 1)
    numbers = [float(getattr(x, "data", x)) for x in operands]
    equations = [_equation(source, node, x) for node, x in zip(step.operands, numbers, strict=True)]
    for interval, x, equation in zip(domain, numbers, equations, strict=True):
        if not interval.contains(x):
            if row.name == "div":
                return error_at(source, step.node, f"division by 0{equation and f': {equation}'}")
            wanted = interval.describe("number")
            wanted = wanted if wanted[0] in "-0123456789" else f"a {wanted}"
            got = equation or f"got {_figure(x)}"
            return error_at(source, step.node, f"{row.name} needs {wanted}, but {got}")
    where = " and ".join(filter(None, equations))
    message = f"{_cut(text_of(source, step.node))} is not defined{where and f' where {where}'}"
    return error_at(source, step.node, message)


def _equation(source: Source, node: ast.AST | float, x: float) -> str:
    """What an operand is, as in ``x - 2 is -1``; nothing if it says so itself."""
    if isinstance(node, float):
        return ""
    text = text_of(source, node)
    try:
        is_said = float(text) == x
    except ValueError:
        is_said = False
    return "" if is_said else f"{_cut(text)} is {_figure(x)}"


def _figure(x: float) -> str:
    return repr(x + 0.0).removesuffix(".0")  # never -0


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
