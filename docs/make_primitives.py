"""Writes docs/primitives.md from the table of primitives: python docs/make_primitives.py."""

import inspect
from pathlib import Path

from autograd_lite import ops
from autograd_lite._primitive import REAL, Primitive

PAGE = Path(__file__).with_name("primitives.md")

HEAD = """\
# The primitives

Each is a function of `autograd_lite`, of floats, `Value`s or NumPy arrays, and those with a fixed number of
operands are methods of `Value` too. Outside its domain a primitive raises `DomainError`; overflow gives
infinity and NaN is passed on, as IEEE 754 has it. Every derivative is one line in
[ops.py](../autograd_lite/ops.py). This page is written by `python docs/make_primitives.py`.

| function | value | domain |
|---|---|---|
"""

KINKS = """
## At a kink, or at the end of a domain

Where there is no derivative, or an infinite one, the choice is PyTorch's, if PyTorch has one.

| function | at | derivative |
|---|---|---|
| `abs`, `relu` | 0 | 0 |
| `leaky_relu` | 0 | `negative_slope` |
| `elu` | 0 | `alpha` |
| `maximum`, `minimum` | equal operands | 1/2 each |
| `max`, `min` | several extremes | shared equally |
| `clip` | either end | 1 |
| `sqrt` | 0 | infinite |
| `x**p` | 0 | 0 for p = 0, 1 for p = 1, infinite for 0 < p < 1, otherwise 0 |
| `arcsin`, `arccos`, `arccosh` | the end of the domain | infinite |
| `norm`, `hypot`, `arctan2` | the origin | 0 |

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
| `div`, `arctan2`, derivatives | where operand and quotient are subnormal | |

Results below 2.2e-308 have fewer digits by nature.
"""


def row(p: Primitive) -> str:
    function = getattr(ops, p.name)
    text, _, _ = function.__doc__.partition("\n\n")
    domain = ", ".join(d.describe(x) for x, d in zip(p.operands, p.domain, strict=True) if d != REAL)
    parameters = [
        name if x.default is x.empty else f"{name}={x.default}"
        for name, x in inspect.signature(function).parameters.items()
    ]
    return f"| `{p.name}({', '.join(parameters)})` | {' '.join(text.split())} | {domain or 'all'} |\n"


def page() -> str:
    return HEAD + "".join(row(p) for p in ops.TABLE.values()) + KINKS


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
