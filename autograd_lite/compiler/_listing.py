"""The calls of a program one by one, with shapes and times."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._calls import BatchPower, Call
from autograd_lite.compiler._views import BATCH, View

if TYPE_CHECKING:
    from autograd_lite.compiler._program import Program

Array = NDArray[np.float64]


def listing(program: Program, batch_size: int, seconds: Sequence[float] | None = None) -> str:
    """One line for each call: its number, the name, the shapes, the bytes written, and µs if it was timed.

    Parameters
    ----------
    program : Program
        What is listed.
    batch_size : int
        The number of examples, which is in the shapes.
    seconds : sequence of float, optional
        How long each call takes, as `profile` measures it.

    Examples
    --------
    >>> from autograd_lite import compile, sin
    >>> f = compile(lambda x: 2 * sin(x), in_axes=0)
    >>> y = f([0.0, 1.0])
    >>> print(listing(f.program, batch_size=2))
      #  call               shapes                                       bytes
      0  sin                1x2 -> 1x2                                      16
      1  multiply           1x2, 2.0 -> 1x2                                 16
         2 calls                                                            32
    """
    timed = [""] * len(program.calls) if seconds is None else [f"{1e6 * s:10.2f}" for s in seconds]
    lines = [_line("#", "call", "shapes", "bytes", "        µs" if seconds is not None else "")]
    total = 0
    for k, (call, time) in enumerate(zip(program.calls, timed, strict=True)):
        shapes = ", ".join(_shape(x, batch_size) for x in call.operands)
        size = _bytes(program, call, batch_size)
        total += size
        lines.append(_line(k, _name(call), f"{shapes} -> {_shape(call.out, batch_size)}", size, time))
    time = "" if seconds is None else f"{1e6 * sum(seconds):10.2f}"
    lines.append(_line("", f"{len(program.calls)} calls", "", total, time))
    return "\n".join(lines)


def profile(
    program: Program, parameters: Array, inputs: Sequence[Array], batch_size: int, repeat: int = 100
) -> str:
    """The listing with the median time of each call, for these numbers.

    Parameters
    ----------
    program : Program
        What is timed.
    parameters : array
        The parameters, one after the other.
    inputs : sequence of array
        The inputs, as `Program.run` takes them.
    batch_size : int
        The number of examples.
    repeat : int, optional
        How often everything is run.
    """
    from autograd_lite.compiler._workspace import Workspace

    workspace = Workspace(program, batch_size)
    # All arrays have to stay where they are: none is exchanged between the runs.
    workspace.moving.clear()
    workspace.arrays = [base.array(batch_size) for base in program.bases]
    for k, given in zip((0, *program.sources), (parameters, *inputs), strict=True):
        numbers = workspace.arrays[k][..., : program.bases[k].numbers]
        numbers[...] = np.reshape(given, numbers.shape)
    bound = [workspace._bind(call) for call in program.calls]
    times = np.zeros((repeat, len(bound)))
    with np.errstate(all="ignore"):
        for row in times:
            for k, call in enumerate(bound):
                start = perf_counter()
                call()
                row[k] = perf_counter() - start
    return listing(program, batch_size, np.median(times, axis=0).tolist())


def slots(program: Program) -> list[str]:
    """The calls as assignments to parts of numbered arrays."""
    lines = []
    for call in program.calls:
        operands = ", ".join(_slot(x) for x in call.operands)
        lines.append(f"{_slot(call.out)} = {_name(call)}({operands})")
    return [*lines, "return " + ", ".join(_slot(view) for view in program.leaves)]


def _line(number: Any, name: str, shapes: str, size: Any, time: str) -> str:
    return f"{number:>3}  {name:<18} {shapes:<40} {size:>9}{time}".rstrip()


def _name(call: Call) -> str:
    if call.op == "reduction":
        return str(call.data[0])
    return call.op if isinstance(call.op, str) else call.op.name


def _shape(x: Any, batch_size: int) -> str:
    """The shape of an operand, or the operand itself if it is a number."""
    if isinstance(x, View):
        return "x".join(str(batch_size if size == BATCH else size) for size, _ in x.axes) or "()"
    if isinstance(x, BatchPower):
        return f"N**{x.power}"
    return "x".join(map(str, np.shape(x))) or repr(float(x))


def _bytes(program: Program, call: Call, batch_size: int) -> int:
    """How many bytes a call writes."""
    sizes = [batch_size if size == BATCH else size for size, _ in call.out.axes]
    if call.op == "put":
        sizes[0] = len(call.data)
    return prod(sizes) * np.dtype(program.bases[call.out.base].dtype).itemsize


def _slot(x: Any) -> str:
    """Part of an array: where it begins, and how far it goes on along each axis."""
    if not isinstance(x, View):
        return _shape(x, 1)
    rows = [(size, step) for size, step in x.axes if size != BATCH]
    last = x.offset + sum((size - 1) * step for size, step in rows)
    inner = [str(step) for size, step in rows if size > 1 and step != 1]
    return f"T{x.base}[{x.offset}:{last + 1}{':' if inner else ''}{', '.join(inner)}]"
