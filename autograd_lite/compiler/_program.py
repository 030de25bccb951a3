"""`Program`: the calls of NumPy that a graph became, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite._primitive import Primitive
from autograd_lite.compiler._calls import Call, Inverse
from autograd_lite.compiler._graph import CONDITIONS, row_of
from autograd_lite.compiler._kernels import LOGIC, Segments, kernel_of, reduction_of
from autograd_lite.compiler._layout import Plan
from autograd_lite.compiler._listing import listing
from autograd_lite.compiler._matrix_form import matrix_form
from autograd_lite.compiler._views import View
from autograd_lite.engine import Value

Array = NDArray[np.float64]
Bound = tuple[Callable[..., Any], tuple[Any, ...]]

# Up to so many numbers are copied to and from a fixed place, so that all views of them are made once.
SMALL = 8192
# For more numbers than these, a choice without branches is faster.
BRANCHES = 256
# Buffers are kept for so many sizes of the batch.
SIZES = 4

UFUNCS = {name: getattr(np, name) for name in ("add", "subtract", "multiply", "negative", "matmul")}


class Program:
    """A program of NumPy calls, as plain data; arrays are made at the first call for a size of the batch.

    It can be pickled, and run by several threads at once, each with arrays of its own.

    Examples
    --------
    >>> from autograd_lite import compile, sin
    >>> f = compile(lambda x: sin(x) ** 2, in_axes=0)
    >>> y = f([0.0, 1.0])
    >>> len(f.program.calls)
    2
    """

    def __init__(
        self,
        plan: Plan,
        labels: dict[int, str],
        parameter_labels: Sequence[str] = (),
        input_names: Sequence[str] = (),
    ) -> None:
        self.bases, self.calls, self.leaves, self.checks = plan
        self.labels = labels
        self.parameter_labels = list(parameter_labels)
        self.input_names = list(input_names)
        self.sources = [k for k, base in enumerate(self.bases) if base.kind == "input"]
        self.results = [k for k, base in enumerate(self.bases) if base.kind == "output"]
        self._free: dict[int, list[Workspace]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_free": {}}

    def __str__(self) -> str:
        return matrix_form(self)

    def __repr__(self) -> str:
        return f"Program({len(self.calls)} calls, {len(self.bases)} arrays)"

    def listing(self, batch_size: int = 1) -> str:
        """The calls one by one, with the shapes and the bytes that they have for a size of the batch."""
        return listing(self, batch_size)

    @property
    def has_batch_axis(self) -> bool:
        """Whether there is a result for each example."""
        return bool(self.results) and self.bases[self.results[0]].is_batched

    def run(
        self,
        parameters: Array,
        inputs: Sequence[Array],
        batch_size: int,
        requirements: Sequence[tuple[Any, str]] = (),
    ) -> list[Array]:
        """The leaves of the result as new arrays, those of a batch with its axis first.

        Raises
        ------
        DomainError
            If a primitive is given a number outside its domain.
        ValueError
            If a number is not what the function requires.
        """
        free = self._free.get(batch_size)
        if free is None:
            for old in list(self._free)[: len(self._free) - SIZES + 1]:
                self._free.pop(old, None)
            free = self._free.setdefault(batch_size, [])
        try:
            workspace = free.pop()
        except IndexError:
            workspace = Workspace(self, batch_size)
        try:
            return workspace.run(parameters, inputs, requirements)
        finally:
            free.append(workspace)

    def nbytes(self, batch_size: int = 1) -> int:
        """The memory of all arrays but the inputs and the parameters, in bytes."""
        own = [b for b in self.bases if b.kind not in ("input", "parameters")]
        return sum(int(np.prod(b.shape(batch_size))) * np.dtype(b.dtype).itemsize for b in own)


def check(x: Any, allowed: Any, message: str) -> None:
    """Raise ValueError unless all of the numbers are allowed."""
    if hasattr(allowed, "contains"):
        if x.min() >= allowed.low and x.max() <= allowed.high:
            return
        right = (x >= allowed.low) & (x <= allowed.high) | (x != x)
    else:
        right = x == allowed[0]
        for number in allowed[1:]:
            right |= x == number
    if not right.all():
        k = int(np.argmin(right))
        example = f" in example {k}" if np.ndim(x) else ""
        raise ValueError(message.format(f"{np.ravel(x)[k]:.10g}") + example)


class Workspace:
    """The arrays of a program for one size of the batch, and its calls with views of them."""

    def __init__(self, program: Program, batch_size: int) -> None:
        self.program = program
        self.batch_size = batch_size
        self.arrays: list[Any] = []
        self.moving: set[int] = set()  # bases of which the array is another one at each call
        for k, base in enumerate(program.bases):
            shape = base.shape(batch_size)
            if base.kind in ("parameters", "input", "output") and np.prod(shape) > SMALL:
                self.moving.add(k)
            # Zeros rather than what the memory holds: unused places must not overflow.
            self.arrays.append(np.zeros(shape, base.dtype))
        self.rebound = [i for i, call in enumerate(program.calls) if self.moving & _bases_of(call)]
        self.bound: list[Bound] = [self._bind(call) for call in program.calls]
        self.checked = [] if self.moving else [self._resolve(view) for view in program.checks]
        self._let_go()
        self.problems: list[str] = []
        self.parts = [slice(view.offset, view.offset + view.axes[0][0]) for view in program.leaves]

    def run(
        self, parameters: Array, inputs: Sequence[Array], requirements: Sequence[tuple[Any, str]] = ()
    ) -> list[Array]:
        """Run all calls and return copies of the leaves."""
        program, arrays = self.program, self.arrays
        try:
            for k, given in ((0, parameters), *zip(program.sources, inputs, strict=True)):
                if k in self.moving:
                    arrays[k] = given
                else:
                    arrays[k][...] = given
            if self.moving:
                self._rebind()
            self.problems.clear()
            with np.errstate(divide="call", invalid="call", over="ignore", under="ignore", call=self._notice):
                for function, operands in self.bound:
                    function(*operands)
            if self.problems:
                self._look_closer()
            if requirements:
                views = self.checked or [self._resolve(view) for view in program.checks]
                for x, (allowed, message) in zip(views, requirements, strict=True):
                    check(x, allowed, message)
            return self._leaves(
                [arrays[k] if k in self.moving else arrays[k].copy() for k in program.results]
            )
        finally:
            if self.moving:
                self._let_go()

    def _rebind(self) -> None:
        """Make the views of the arrays that are other ones at each call."""
        for k in self.moving.intersection(self.program.results):
            self.arrays[k] = np.zeros(self.program.bases[k].shape(self.batch_size))
        for i in self.rebound:
            self.bound[i] = self._bind(self.program.calls[i])

    def _let_go(self) -> None:
        """Forget these arrays, which belong to the caller."""
        for k in self.moving:
            self.arrays[k] = None
        for i in self.rebound:
            self.bound[i] = (_nothing, ())

    def _leaves(self, results: list[Array]) -> list[Array]:
        if self.program.has_batch_axis:
            return [out.T for out in results]
        return [results[0][part] for part in self.parts]

    def _notice(self, kind: str, flag: int) -> None:
        self.problems.append(kind)

    def _resolve(self, operand: Any) -> Any:
        if isinstance(operand, View):
            k = operand.base
            return operand.of(self.arrays[k], self.program.bases[k], self.batch_size)
        if isinstance(operand, Inverse):
            return float(self.batch_size) ** operand.power
        return operand

    def _bind(self, call: Call) -> Bound:
        """The function and the arguments of a call."""
        xs = [self._resolve(x) for x in call.operands]
        out = self._resolve(call.out)
        op, data = call.op, call.data
        scale = call.operands[-1]
        if op == "multiply" and isinstance(scale, Inverse) and scale.power == -1:
            return np.divide, (xs[0], float(self.batch_size), out)  # rounded once: a mean of ones is 1
        if op in UFUNCS:
            return UFUNCS[op], (*xs, out)
        if op == "copy":
            return np.copyto, (out, *xs)
        is_plain = out.shape == np.shape(xs[-1]) and out.size > BRANCHES
        if op == "select" and type(xs[0]) is float and xs[0] == 0.0 and is_plain:
            return _clear, (out.view(np.int64), xs[1].view(np.int8), np.empty(out.shape, np.int64))
        if op == "select":
            return np.copyto, (out, xs[0], "same_kind", xs[1])
        if op == "take":
            return xs[0].take, (data, 0, out, "clip")
        if op == "put":
            return out.__setitem__, (data, *xs)
        if op == "add.reduce":
            return np.add.reduce, (xs[0], data, None, out)
        if op == "add.reduceat":
            return np.add.reduceat, (xs[0], data, 0, None, out)
        if op == "reduction":
            return reduction_of(data[0]), (xs[0], Segments(data[1]), out)
        if op in CONDITIONS:
            return LOGIC[str(op)], (*xs, out)
        if op == "div" and type(xs[0]) is float and np.isfinite(xs[0]):
            return np.divide, (*xs, out)  # of which NumPy notices every division by zero
        return kernel_of(row_of(op)), (*xs, out)

    def _look_closer(self) -> None:
        """Raise the error of the first number outside a domain, if it was that which NumPy complained of."""
        with np.errstate(all="ignore"):
            for call, (function, operands) in zip(self.program.calls, self.bound, strict=True):
                given = [np.copy(self._resolve(x)) for x in call.operands] if call.nodes is not None else []
                function(*operands)
                if call.nodes is not None:
                    self._check_domain(call, row_of(call.op), given)

    def _check_domain(self, call: Call, p: Primitive, given: list[Any]) -> None:
        out = self._resolve(call.out)
        is_batched = call.out.axes[-1][0] == -1
        for place in np.argwhere(~np.isfinite(out)):
            numbers = [float(np.broadcast_to(x, out.shape)[tuple(place)]) for x in given]
            try:
                p.value(*numbers)
            except (ValueError, ZeroDivisionError) as error:
                grid = out.shape[:-1] if is_batched else out.shape
                row = int(np.ravel_multi_index(tuple(place[: len(grid)]), grid))
                labels = [self.program.labels.get(int(i), "") for i in call.nodes[row]]
                operands = [Value(x, label) for x, label in zip(numbers, labels, strict=True)]
                raised = p.domain_error(operands, error)
                example = f", in example {place[-1]}" if is_batched else ""
                raise type(raised)(f"{raised}{example}") from None


def _clear(out: NDArray[np.int64], condition: NDArray[np.int8], mask: NDArray[np.int64]) -> None:
    """0.0 where the condition holds, by its bits: without branches, and infinities do not matter."""
    np.subtract(condition, 1, mask, dtype=np.int64)
    np.bitwise_and(out, mask, out)


def _nothing() -> None:
    """What stands for a call whose arrays are not there yet."""


def _bases_of(call: Call) -> set[int]:
    return {x.base for x in (*call.operands, call.out) if isinstance(x, View)}
