"""Writes docs/primitives.md from the table of primitives: python docs/make_primitives.py."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import inf, isfinite, nan
from pathlib import Path
from typing import NamedTuple

from autograd_lite import ops
from autograd_lite._primitive import REAL, DomainError, Primitive

PAGE = Path(__file__).with_name("primitives.md")
RECORDED = PAGE.parent.parent / "tests" / "references" / "kinks.json"

HEAD = """\
# The primitives

Each is a function of `autograd_lite`, of floats, `Value`s or NumPy arrays, and those with a fixed number of
operands are methods of `Value` too. Outside its domain a primitive raises `DomainError`; overflow gives
infinity and NaN is passed on, as IEEE 754 has it. Every derivative is one line in
[ops.py](../autograd_lite/ops.py). This page is written by `python docs/make_primitives.py`.

| function | value | domain |
|---|---|---|
"""

FIRST_HEAD = """
## At a kink, at the end of a domain, far out

Where there is no derivative, or an infinite one, the choice is PyTorch's, whose derivatives stand beside:
a dash where PyTorch takes a plain number, and for every difference the reason below. A function of several
variables has a derivative by each of them in turn.

| function | at | derivative | PyTorch's |
|---|---|---|---|
"""

SECOND_HEAD = """
The second derivatives, by each variable twice:

| function | at | second derivative | PyTorch's |
|---|---|---|---|
"""

REASONS = """
Differences from PyTorch:

- What is infinite outside its domain raises `DomainError`. `ieee_div` and `ieee_pow` do not.
"""

DIGITS = """
## Where the last digits go

Values and first derivatives are right to 1e-13, relatively, and second derivatives to 1e-11, everywhere
but here, where the result is small because larger terms cancel, or the range of normal floats is left:

| function | where | error relative to |
|---|---|---|
| `gelu`, `silu`, `mish` | near the zeros of their derivatives | the terms that cancel |
| `logsumexp` | near 0 | the largest operand |
| `dot` | where products cancel | the sum of their magnitudes |
| `softmax`, second derivative | everywhere | products of the outputs |
| `hypot`, `norm`, second derivative | where one operand makes up the length | 1 / length |
| `arctan2`, second derivative | where the operands are about equal | 1 / length² |
| `pow`, mixed second derivative | near 1 + p log x = 0 | the terms that cancel |
| `pow` | where x**(p-1) or x**(p-2) overflows | |
| `hypot`, `norm`, `arctan2`, derivatives | where the length or its inverse square is out of range | |
| `prod` | where a partial product is out of range | |
| `div`, `pow`, second derivatives | where the reciprocal of the divisor or of the base overflows | |
| `div`, `arctan2`, derivatives | where operand and quotient are subnormal | |

Results below 2.2e-308 have fewer digits by nature.
"""


class Kink(NamedTuple):
    """Functions with the same derivatives at the same points: a line of the page that the tests check.

    `functions` and `points` are separated by semicolons. `derivatives` are those by each variable in turn,
    or the error that is raised; `reason` says why PyTorch's are others.
    """

    functions: str
    points: str
    derivatives: Sequence[float] | type[Exception]
    reason: str = ""

    def cases(self) -> Iterator[tuple[str, str]]:
        """Every function at every point."""
        for function in self.functions.split("; "):
            for point in self.points.split("; "):
                yield function, point


AT_THE_ENDS = (
    "The derivatives of `arcsin` and `arccos` have a formula that keeps all digits; at the ends its own "
    "derivative multiplies 0 by ∞."
)

FIRST = [
    Kink("abs(x); relu(x)", "x = 0; x = -0.0", [0]),
    Kink("leaky_relu(x, slope)", "x = 0, slope = 0.25", [0.25, 0]),
    Kink("elu(x, alpha)", "x = 0, alpha = 1.5", [1.5, 0]),
    Kink("where(x > 0, x, 2 * x)", "x = 0", [2]),
    Kink("maximum(a, b); minimum(a, b); max([a, b]); min([a, b])", "a = b = 2; a = 0, b = -0.0", [0.5, 0.5]),
    Kink("max([a, b, c])", "a = 1, b = c = 3", [0, 0.5, 0.5]),
    Kink("min([a, b, c])", "a = b = c = 3", [1 / 3, 1 / 3, 1 / 3]),
    Kink("clip(x, a, b)", "x = a = 0, b = 1; a = 0, x = b = 1; x = a = b = 1", [1, 0, 0]),
    Kink("clip(x, a, b)", "x = 2, a = b = 1", [0, 0, 1]),
    Kink("clip(x, a, b)", "x = 0, a = b = 1", [0, 0, 0]),
    Kink("clip(x, a, b)", "x = b = 0, a = 1; x = a = 1, b = 0; x = 0.5, a = 1, b = 0", [0, 0, 1]),
    Kink("sqrt(x)", "x = 0", [inf]),
    Kink("pow(x, p)", "x = p = 0; x = 0, p = 1.5; x = 0, p = 2; x = 0, p = 3", [0, 0]),
    Kink("pow(x, p)", "x = 0, p = 0.5", [inf, 0]),
    Kink("pow(x, p)", "x = 0, p = 1", [1, 0]),
    Kink("pow(x, p)", "x = -2, p = 3", [12, nan]),
    Kink("hypot(a, b)", "a = b = 0", [0, 0], "The derivative of `hypot` is that of `norm`."),
    Kink("norm([a, b]); arctan2(a, b)", "a = b = 0", [0, 0]),
    Kink("arctan2(a, b)", "a = 0, b = -2; a = -0.0, b = -2", [-0.5, 0]),
    Kink("arcsin(x)", "x = 1; x = -1", [inf]),
    Kink("arccos(x)", "x = 1; x = -1", [-inf]),
    Kink("arccosh(x)", "x = 1", [inf]),
    Kink("prod([a, b, c])", "a = 0, b = 2, c = 3", [6, 0, 0]),
    Kink("prod([a, b, c])", "a = b = 0, c = 3; a = b = c = 0", [0, 0, 0]),
    Kink("logsumexp([a, b])", "a = b = 1; a = b = 1000; a = b = -1000", [0.5, 0.5]),
    Kink(
        "logsumexp([a, b])",
        "a = b = 1e300",
        [0.5, 0.5],
        "The derivatives of `logsumexp` are probabilities and add up to 1, whatever the operands.",
    ),
    Kink("logsumexp([a, b])", "a = 1000, b = -1000", [1, 0]),
    Kink("softmax([a, b])[0]", "a = b = 1000", [0.25, -0.25]),
    Kink("softmax([a, b])[0]", "a = 1000, b = 0; a = 1e300, b = -1e300", [0, 0]),
    Kink("gelu(x); silu(x); mish(x); softplus(x)", "x = 1000", [1]),
    Kink("gelu(x); silu(x); mish(x); softplus(x)", "x = -1000", [0]),
    Kink("sigmoid(x); tanh(x); erf(x); ndtr(x)", "x = 1000; x = -1000", [0]),
    Kink("ieee_div(a, b)", "a = 1, b = 0", [inf, -inf]),
    Kink("ieee_pow(x, p)", "x = 0, p = -1", [-inf, -inf]),
    Kink("div(a, b)", "a = 1, b = 0", DomainError),
    Kink("reciprocal(x)", "x = 0", DomainError),
    Kink("pow(x, p)", "x = 0, p = -1", DomainError),
    Kink("log(x); log2(x); log10(x)", "x = 0", DomainError),
    Kink("log1p(x)", "x = -1", DomainError),
    Kink("arctanh(x)", "x = 1; x = -1", DomainError),
]

SECOND = [
    Kink("abs(x); relu(x)", "x = 0", [0]),
    Kink("leaky_relu(x, slope)", "x = 0, slope = 0.25", [0, 0]),
    Kink(
        "elu(x, alpha)",
        "x = 0, alpha = 1.5",
        [1.5, 0],
        "The second derivative of `elu` is that of the left side, like the first; PyTorch's changes sides.",
    ),
    Kink("maximum(a, b); minimum(a, b); max([a, b]); min([a, b])", "a = b = 2", [0, 0]),
    Kink("clip(x, a, b)", "x = a = 0, b = 1; a = 0, x = b = 1; x = a = b = 1", [0, 0, 0]),
    Kink("sqrt(x)", "x = 0", [-inf]),
    Kink("x**0; x**1; x**3", "x = 0", [0]),
    Kink("x**0.5", "x = 0", [-inf]),
    Kink("x**1.5", "x = 0", [inf]),
    Kink("x**2", "x = 0", [2]),
    Kink("0**p", "p = 0.5; p = 1; p = 2", [0], "`0**p` is 0 for every p > 0; PyTorch multiplies 0 by ∞."),
    Kink(
        "norm([a, b]); hypot(a, b); arctan2(a, b)",
        "a = b = 0",
        [0, 0],
        "The second derivatives of `norm`, `hypot` and `arctan2` at the origin are 0, as that of `abs` is.",
    ),
    Kink("arccosh(x)", "x = 1", [-inf]),
    Kink("arcsin(x)", "x = 1", [nan], AT_THE_ENDS),
    Kink("arcsin(x)", "x = -1", [nan], AT_THE_ENDS),
    Kink("arccos(x)", "x = 1", [nan], AT_THE_ENDS),
    Kink("arccos(x)", "x = -1", [nan], AT_THE_ENDS),
    Kink("prod([a, b, c])", "a = 0, b = 2, c = 3; a = b = 0, c = 3", [0, 0, 0]),
    Kink("logsumexp([a, b])", "a = b = 1000", [0.25, 0.25]),
    Kink("softmax([a, b])[0]", "a = b = 1000", [0, 0]),
]

KINKS = {"first": FIRST, "second": SECOND}


def key(order: str, function: str, point: str) -> str:
    """The name of a derivative in the file of what PyTorch has."""
    return f"{order} derivative of {function} at {point}"


def numbers(function: str, point: str) -> dict[str, float]:
    """The variables of a function in its order, at a point such as ``x = low = 0, high = 1``."""
    values: dict[str, float] = {}
    for equation in point.split(", "):
        *names, number = equation.split(" = ")
        values.update(dict.fromkeys(names, float(number)))
    return {name: values[name] for name in re.findall(r"\w+", function) if name in values}


def row(p: Primitive) -> str:
    function = getattr(ops, p.name)
    text, _, _ = function.__doc__.partition("\n\n")
    domain = ", ".join(d.describe(x) for x, d in zip(p.operands, p.domain, strict=True) if d != REAL)
    parameters = [
        name if x.default is x.empty else f"{name}={x.default}"
        for name, x in inspect.signature(function).parameters.items()
    ]
    return f"| `{p.name}({', '.join(parameters)})` | {' '.join(text.split())} | {domain or 'all'} |\n"


def figure(x: float | None) -> str:
    if x is None:
        return "–"
    return str(Fraction(x).limit_denominator(100)) if isfinite(x) else {inf: "∞", -inf: "-∞"}.get(x, "NaN")


def kink_row(order: str, kink: Kink, recorded: Mapping[str, Sequence[float | None]]) -> str:
    """A line of a table; fails if PyTorch's derivatives are not the same in all cases."""
    ours = kink.derivatives
    (theirs,) = {", ".join(map(figure, recorded[key(order, *case)])) for case in kink.cases()}
    functions = ", ".join(f"`{function}`" for function in kink.functions.split("; "))
    derivatives = f"`{ours.__name__}`" if isinstance(ours, type) else ", ".join(map(figure, ours))
    return f"| {functions} | {kink.points} | {derivatives} | {theirs} |\n"


def kinks() -> str:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    first, second = ([kink_row(order, kink, recorded) for kink in table] for order, table in KINKS.items())
    reasons = dict.fromkeys(f"- {kink.reason}\n" for kink in FIRST + SECOND if kink.reason)
    return "".join([FIRST_HEAD, *first, SECOND_HEAD, *second, REASONS, *reasons])


def page() -> str:
    return HEAD + "".join(row(p) for p in ops.TABLE.values()) + kinks() + DIGITS


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
