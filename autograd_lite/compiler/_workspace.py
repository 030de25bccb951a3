"""`Workspace`: the arrays of a program for one size of the batch, and its calls bound to views of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite._primitive import Primitive
from autograd_lite.compiler._calls import BatchPower, Call
from autograd_lite.compiler._graph import CONDITIONS, row_of
from autograd_lite.compiler._kernels import LOGICAL_UFUNCS, Segments, is_ours, kernel_of, reduction_of
from autograd_lite.compiler._requirements import check
from autograd_lite.compiler._views import View
from autograd_lite.engine import Value

if TYPE_CHECKING:
    from autograd_lite.compiler._program import Program

Array = NDArray[np.float64]
Bound = Callable[[], Any]

# Up to so many numbers are copied to and from a fixed place, so that all views of them are made once.
SMALL = 8192
# For more numbers than these, a choice without branches is faster.
BRANCHES = 256

UFUNCS = {name: getattr(np, name) for name in ("add", "subtract", "multiply", "negative", "matmul")}


class Workspace:
    """The arrays of a program for one size of the batch, and its calls with views of them."""

    def __init__(self, program: Program, batch_size: int) -> None:
        self.program = program
        self.batch_size = batch_size
        self.arrays: list[Any] = []
        self.moving: set[int] = set()  # bases of which the array is another one at each call
        for k, base in enumerate(program.bases):
            shape = base.shape(batch_size)
            is_outside = base.kind in ("parameters", "input", "output")
            if is_outside and np.prod(shape) > SMALL and not base.has_ones:
                self.moving.add(k)
            self.arrays.append(base.array(batch_size))
        self.given = [self._numbers(k) for k in (0, *program.sources)]
        self.rebound = [i for i, call in enumerate(program.calls) if self.moving & _bases_of(call)]
        self.problems: list[str] = []
        self.context = _noticing(self.problems)
        self.is_ours = all(is_ours(call.op) for call in program.calls)
        self.bound: list[Bound] = [self._bind(call) for call in program.calls]
        self.checked = [] if self.moving else [self._resolve(view) for view in program.checks]
        self._let_go()
        self.parts = [slice(view.offset, view.offset + view.axes[0][0]) for view in program.leaves]

    def run(
        self, parameters: Array, inputs: Sequence[Array], requirements: Sequence[tuple[Any, str] | None] = ()
    ) -> list[Array]:
        """Run all calls and return copies of the leaves."""
        program, arrays = self.program, self.arrays
        try:
            for (k, fixed), given in zip(self.given, (parameters, *inputs), strict=True):
                if fixed is None:
                    arrays[k] = given
                else:
                    fixed[...] = given
            if self.moving:
                self._rebind()
            self.problems.clear()
            if self.is_ours:
                self.context.run(self._run_calls)
            else:
                self._run_with_users()
            if self.problems:
                self._look_closer()
            if requirements:
                views = self.checked or [self._resolve(view) for view in program.checks]
                for x, requirement in zip(views, requirements, strict=True):
                    if requirement is not None:
                        check(x, *requirement)
            return self._leaves(
                [arrays[k] if k in self.moving else arrays[k].copy() for k in program.results]
            )
        finally:
            if self.moving:
                self._let_go()

    def _numbers(self, k: int) -> tuple[int, Any]:
        """A base that is given, and the part of its array to which the numbers are copied, if they are."""
        if k in self.moving:
            return k, None
        base, array = self.program.bases[k], self.arrays[k]
        return k, array[..., : base.numbers]

    def _run_calls(self) -> None:
        for call in self.bound:
            call()

    def _run_with_users(self) -> None:
        """The same, but what users wrote runs in their own context, with their settings."""
        for call, bound in zip(self.program.calls, self.bound, strict=True):
            self._run_call(call, bound)

    def _run_call(self, call: Call, bound: Bound) -> None:
        if is_ours(call.op):
            self.context.run(bound)
        else:
            bound()

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
            self.bound[i] = _nothing

    def _leaves(self, results: list[Array]) -> list[Array]:
        if self.program.has_batch_axis:
            return [out.T for out in results]
        return [results[0][part] for part in self.parts]

    def _resolve(self, operand: Any) -> Any:
        """The array that an operand stands for; NumPy takes one of no axes faster than a float."""
        if isinstance(operand, View):
            k = operand.base
            return operand.of(self.arrays[k], self.program.bases[k], self.batch_size)
        if isinstance(operand, BatchPower):
            return np.array(float(self.batch_size) ** operand.power)
        return np.asarray(operand)

    def _bind(self, call: Call) -> Bound:
        """The call of a function with arrays."""
        xs = [self._resolve(x) for x in call.operands]
        out = self._resolve(call.out)
        op, data = call.op, call.data
        first, last = call.operands[0], call.operands[-1]
        if op == "multiply" and isinstance(last, BatchPower) and last.power == -1:
            # Rounded once: a mean of ones is 1.
            return partial(np.divide, xs[0], np.array(float(self.batch_size)), out)
        if op == "matmul" and out.size == 1 and xs[0].size == xs[1].size and out.flags.c_contiguous:
            return partial(np.dot, xs[0].reshape(-1), xs[1].reshape(-1), out.reshape(()))
        if op in UFUNCS:
            return partial(UFUNCS[op], *xs, out)
        if op == "copy":
            return partial(np.copyto, out, *xs)
        is_plain = out.shape == xs[-1].shape and out.size > BRANCHES
        if op == "select" and type(first) is float and repr(first) == "0.0" and is_plain:
            mask = np.empty(out.shape, np.int64)
            return partial(_clear, out.view(np.int64), xs[1].view(np.int8), mask)
        if op == "select":
            return partial(np.copyto, out, xs[0], "same_kind", xs[1])
        if op == "take":
            return partial(xs[0].take, data, 0, out, "clip")
        if op == "put":
            return partial(out.__setitem__, data, *xs)
        if op == "add.reduce":
            return partial(np.add.reduce, xs[0], data, None, out)
        if op == "add.reduceat":
            return partial(np.add.reduceat, xs[0], data, 0, None, out)
        if op == "reduction":
            return partial(reduction_of(data[0]), xs[0], Segments(data[1]), out)
        if op in CONDITIONS:
            return partial(LOGICAL_UFUNCS[str(op)], *xs, out)
        constants = [x if isinstance(x, float) else None for x in call.operands]
        return partial(kernel_of(row_of(op), self.problems, constants), *xs, out)

    def _look_closer(self) -> None:
        """Raise the error of the first number outside a domain, if it was that which NumPy complained of."""
        for call, bound in zip(self.program.calls, self.bound, strict=True):
            given = [np.copy(self._resolve(x)) for x in call.operands] if call.nodes is not None else []
            self._run_call(call, bound)
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


def _noticing(problems: list[str]) -> Context:
    """A context in which NumPy puts its errors down; to enter `np.errstate` takes as long as two calls.

    It knows no workspace, which would hide from the collector in NumPy's settings.
    """
    context = Context()
    context.run(np.seterr, divide="call", invalid="call", over="ignore", under="ignore")
    context.run(np.seterrcall, lambda kind, flag: problems.append(kind))
    return context


def _clear(out: NDArray[np.int64], condition: NDArray[np.int8], mask: NDArray[np.int64]) -> None:
    """0.0 where the condition holds, by its bits: without branches, and infinities do not matter."""
    np.subtract(condition, 1, mask, dtype=np.int64)
    np.bitwise_and(out, mask, out)


def _nothing() -> None:
    """What stands for a call whose arrays are not there yet."""


def _bases_of(call: Call) -> set[int]:
    return {x.base for x in (*call.operands, call.out) if isinstance(x, View)}
