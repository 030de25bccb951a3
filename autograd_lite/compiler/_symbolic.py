"""Symbolic execution: the calls of a program as arrays that are written once, each with where it comes from.

Places in memory are used again and again; what is written there is not. A `Symbol` is such an array: an
input, a block of the parameters, or the result of an operation on parts of other symbols. Copies make none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_lite.compiler._blocks import is_name, labelled, positions, seen
from autograd_lite.compiler._calls import BatchPower, Call
from autograd_lite.compiler._views import BATCH, Base, Positions, View

if TYPE_CHECKING:
    from autograd_lite.compiler._program import Program

Label = int | str | None
"""An axis: a number for the result's, BATCHED, a letter for one that is summed over, None for length 1."""
Dims = tuple[Label, ...]

BATCHED = "b"
# An operation on more pieces than this is printed as one on all of them side by side.
PIECES = 64


class Part(NamedTuple):
    """Rows of a symbol, by their numbers, arranged along axes with these labels."""

    source: int
    rows: Positions
    labels: Dims


class Joined(NamedTuple):
    """Parts of several symbols, side by side along an axis."""

    parts: list[Part]
    along: Label


class Numbers(NamedTuple):
    """A constant array."""

    array: Any
    labels: Dims


Operand = Part | Joined | Numbers | BatchPower | float


class Symbol(NamedTuple):
    """An array that is written once: its rows have a shape, without axes of length 1."""

    op: str  # the name of a primitive or a call; input, parameters, or theta for all of these
    operands: tuple[Operand, ...]
    shape: tuple[int, ...]
    is_batched: bool
    data: Any = None
    name: str = ""
    dims: Dims | None = None  # of an input or of parameters, how the array is arranged


class Trace(NamedTuple):
    """All symbols in order, and what each leaf of the result is made of: rows in order, by symbol."""

    symbols: list[Symbol]
    leaves: list[tuple[Positions, Positions]]  # the symbol of each row, and which row of it
    parameters: tuple[Positions, Positions]
    theta: int


def execute(program: Program) -> Trace:
    """The symbols of a program."""
    return _Machine(program).run()


class _Machine:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.calls = [plain for call in program.calls for plain in without_ones(call, program.bases)]
        self.has_batch = any(b.is_batched for b in program.bases)
        self.symbols: list[Symbol] = []
        self.owner = [np.full(b.rows, -1) for b in program.bases]
        self.index = [np.zeros(b.rows, dtype=np.intp) for b in program.bases]
        self.zero = self._add(Symbol("constant", (0.0,), (), False))
        self.theta = self._add(self._vector("theta", program.bases[0].rows, "theta", ()))
        self._name_inputs()
        self._name_parameters()
        self.parameters = self.owner[0].copy(), self.index[0].copy()

    def run(self) -> Trace:
        for call in self.calls:
            self._step(call)
        leaves = []
        for view in self.program.leaves:
            at = positions(view).ravel()
            leaves.append((self.owner[view.base][at], self.index[view.base][at]))
        return Trace(self.symbols, leaves, self.parameters, self.theta)

    def _add(self, symbol: Symbol) -> int:
        self.symbols.append(symbol)
        return len(self.symbols) - 1

    # What comes in

    def _name_inputs(self) -> None:
        names = list(getattr(self.program, "input_names", None) or [])
        for k, at in enumerate(self.program.sources):
            base = self.program.bases[at]
            name = names[k] if k < len(names) and is_name(names[k]) else f"x{k + 1}"
            if base.is_batched and base.numbers > 1:
                name = name[0].upper() + name[1:]
            rows: Dims = (0,) if base.numbers > 1 else ()
            column: Dims = (None,) if self.has_batch and rows else ()
            dims = (*rows, *((BATCHED,) if base.is_batched else column))
            shape = (base.numbers,) if base.numbers > 1 else ()
            self.owner[at][:] = self._add(Symbol("input", (), shape, base.is_batched, None, name, dims))
            self.index[at][:] = np.arange(base.rows)

    def _name_parameters(self) -> None:
        for block in labelled(getattr(self.program, "parameter_labels", None) or ()):
            self._add_block(*block)
        taken = {symbol.name for symbol in self.symbols}
        for block in seen(self.calls, self.owner[0] < 0, taken):
            self._add_block(*block)
        rest = self.owner[0] < 0
        self.owner[0][rest] = self.theta
        self.index[0][rest] = np.flatnonzero(rest)

    def _add_block(self, name: str, shape: tuple[int, ...], at: Positions) -> None:
        symbol = self._vector("parameters", len(at), name, shape)
        if len(shape) == 2:
            axes = iter(range(2))
            dims: Dims = tuple([next(axes) if n > 1 else None for n in shape])
            symbol = symbol._replace(shape=tuple(n for n in shape if n > 1), dims=dims)
        self.owner[0][at] = self._add(symbol)
        self.index[0][at] = np.arange(len(at))

    def _vector(self, op: str, size: int, name: str, shape: tuple[int, ...]) -> Symbol:
        dims: Dims = (0,) if size > 1 else ()
        if op == "parameters" and self.has_batch and shape:
            dims = (0, None) if size > 1 else (None, None)
        return Symbol(op, (), (size,) if size > 1 else (), False, None, name, dims)

    # Calls

    def _step(self, call: Call) -> None:
        op = call.op if isinstance(call.op, str) else call.op.name
        special = {
            "matmul": self._matmul,
            "add.reduce": self._sum,
            "add.reduceat": self._reduction,
            "reduction": self._reduction,
            "take": self._take,
            "put": self._put,
            "copy": self._copy,
        }
        if op in special:
            special[op](call)
        elif op == "select":
            self._elementwise("select", (*call.operands, call.out), call.out)
        else:
            self._elementwise(op, call.operands, call.out)

    def _write(self, view: View, source: int, at: Positions | None = None) -> None:
        where = positions(view).ravel() if at is None else at
        self.owner[view.base][where] = source
        self.index[view.base][where] = np.arange(len(where))

    def _labels(self, view: View) -> Dims:
        """Numbers for the axes of a result."""
        numbers = iter(range(len(view.axes)))
        is_batched = self.program.bases[view.base].is_batched
        batch = BATCHED if is_batched else None
        return tuple(batch if size == BATCH else next(numbers) if size > 1 else None for size, _ in view.axes)

    def _read(self, x: Any, labels: Dims) -> Operand:
        if isinstance(x, BatchPower | float | int):
            return x if isinstance(x, BatchPower) else float(x)
        if not isinstance(x, View):
            array = np.asarray(x)
            return Numbers(array, labels[len(labels) - array.ndim :])
        at = positions(x)
        labels = labels[len(labels) - at.ndim :]
        owner, index = self.owner[x.base][at], self.index[x.base][at]
        first = int(owner.flat[0])
        if (owner == first).all():
            return Part(max(first, self.zero), index, labels)
        if x.base == 0:
            return Part(self.theta, at, labels)
        return self._joined(owner, index, labels)

    def _joined(self, owner: Positions, index: Positions, labels: Dims) -> Operand:
        axis = next(k for k in range(owner.ndim) if owner.shape[k] > 1)
        lines = np.moveaxis(owner, axis, 0).reshape(owner.shape[axis], -1)
        if not (lines == lines[:, :1]).all():
            return self._side_by_side(owner, index, labels)
        cuts = np.flatnonzero(np.diff(lines[:, 0])) + 1
        pieces = zip(np.split(owner, cuts, axis), np.split(index, cuts, axis), strict=True)
        return Joined([Part(max(int(o.flat[0]), self.zero), i, labels) for o, i in pieces], labels[axis])

    def _side_by_side(self, owner: Positions, index: Positions, labels: Dims) -> Part:
        """All rows as one symbol, where several axes lead from one symbol to another."""
        joined = self._joined(owner.ravel(), index.ravel(), (0,))
        is_batched = any(self.symbols[k].is_batched for k in np.unique(owner).tolist())
        source = self._add(Symbol("copy", (joined,), (owner.size,), is_batched))
        return Part(source, np.arange(owner.size).reshape(owner.shape), labels)

    def _result(self, op: str, operands: tuple[Operand, ...], out: View, data: Any = None) -> None:
        shape = tuple(size for size, _ in out.axes if size > 1)
        is_batched = self.program.bases[out.base].is_batched
        self._write(out, self._add(Symbol(op, operands, shape, is_batched, data)))

    def _matmul(self, call: Call) -> None:
        left, right = call.operands
        *stack, m, r = self._labels(call.out)
        size = left.axes[-1][0] if isinstance(left, View) else np.shape(left)[-1]
        s = None if size == 1 else BATCHED if size == BATCH else "s"
        operands = self._read(left, (*stack, m, s)), self._read(right, (*stack, s, r))
        self._result("matmul", operands, call.out, (tuple(x for x in stack if x is not None), m, s, r))

    def _sum(self, call: Call) -> None:
        (x,) = call.operands
        axes = [(n, 0) for n in np.shape(x)] if not isinstance(x, View) else list(x.axes)
        reduced = call.data if isinstance(call.data, tuple) else (call.data,)
        rest = iter(self._labels(call.out))
        labels = tuple(self._summed(k, axes[k][0]) if k in reduced else next(rest) for k in range(len(axes)))
        summed = {labels[k]: axes[k][0] for k in reduced if labels[k] is not None}
        self._result("add.reduce", (self._read(x, labels),), call.out, summed)

    def _summed(self, axis: int, size: int) -> Label:
        return BATCHED if size == BATCH else f"s{axis}" if size > 1 else None

    def _reduction(self, call: Call) -> None:
        (x,) = call.operands
        name, starts = call.data if call.op == "reduction" else ("add.reduceat", call.data)
        labels = self._labels(call.out)
        assert isinstance(x, View)
        if starts is not None:
            labels = ("s", *labels[1:])
        elif len(labels) < len(x.axes):
            labels = (labels[0], self._summed(1, x.axes[1][0]), *labels[1:])
        self._result("reduction", (self._read(x, labels),), call.out, (name, starts))

    # Copies

    def _copy(self, call: Call) -> None:
        (x,) = call.operands
        if not isinstance(x, View) or self._spreads(x, call.out):
            self._elementwise("copy", (x,), call.out)
            return
        at, to = np.broadcast_arrays(positions(x), positions(call.out))
        self._move(x.base, at, call.out.base, to)

    def _spreads(self, x: View, out: View) -> bool:
        return self.program.bases[x.base].is_batched != self.program.bases[out.base].is_batched

    def _move(self, base: int, at: Positions, to: int, where: Positions) -> None:
        self.owner[to][where], self.index[to][where] = self.owner[base][at], self.index[base][at]

    def _take(self, call: Call) -> None:
        (x,) = call.operands
        assert isinstance(x, View)
        at = positions(x).ravel()[call.data]
        self._move(x.base, at, call.out.base, positions(call.out).ravel())

    def _put(self, call: Call) -> None:
        (x,) = call.operands
        where = positions(call.out).ravel()[call.data]
        if isinstance(x, View) and not self._spreads(x, call.out):
            self._move(x.base, np.broadcast_to(positions(x).ravel(), where.shape), call.out.base, where)
            return
        labels: Dims = (0, BATCHED if self.program.bases[call.out.base].is_batched else None)
        array = np.ndim(x) if not isinstance(x, View) else len(x.axes)
        operand = self._read(x, labels[:array])
        is_batched = labels[1] is not None
        shape = (len(where),) if len(where) > 1 else ()
        self._write(call.out, self._add(Symbol("copy", (operand,), shape, is_batched)), where)

    # Elementwise

    def _elementwise(self, op: str, operands: Sequence[Any], out: View) -> None:
        pieces = self._pieces(operands, out)
        if pieces is None:
            self._result(op, tuple(self._read(x, self._labels(out)) for x in operands), out)
            return
        to = positions(out).ravel()
        views = [x for x in operands if isinstance(x, View)]
        shape = positions(out).shape
        places = {x: np.broadcast_to(positions(x), shape).ravel() for x in views}
        for rows in pieces:
            self._piece(op, operands, places, rows, out, to)

    def _pieces(self, operands: Sequence[Any], out: View) -> list[Positions] | None:
        """Rows of a result whose operands are of one symbol each, if that is not all of them."""
        views = [x for x in operands if isinstance(x, View)]
        if any(isinstance(x, np.ndarray) for x in operands) or not views:
            return None
        to = positions(out)
        rank = sum(n > 1 for n in to.shape)
        owners = [np.broadcast_to(self.owner[x.base][positions(x)], to.shape).ravel() for x in views]
        names, piece = np.unique(np.stack(owners), axis=1, return_inverse=True)
        is_flat = all(len(self.symbols[k].shape) <= rank for k in names.flat)
        if names.shape[1] > PIECES or (names.shape[1] == 1 and is_flat):
            return None
        order = np.argsort(piece.ravel(), kind="stable")
        cuts = np.cumsum(np.bincount(piece.ravel()))[:-1]
        return sorted(np.split(order, cuts), key=lambda rows: int(rows[0]))

    def _piece(
        self,
        op: str,
        operands: Sequence[Any],
        places: dict[View, Positions],
        rows: Positions,
        out: View,
        to: Positions,
    ) -> None:
        """A result in the arrangement of the operand that has most axes, if it is all of that."""
        known = []
        for x, at in places.items():
            source, index = int(self.owner[x.base][at[rows[0]]]), self.index[x.base][at[rows]]
            if np.array_equal(np.sort(index), np.arange(prod(self.symbols[source].shape))):
                known.append((len(self.symbols[source].shape), source, index))
        shape: tuple[int, ...] = (len(rows),) if len(rows) > 1 else ()
        if known:
            _, source, index = max(known, key=lambda k: k[0])
            shape = self.symbols[source].shape
            rows = rows[np.argsort(index)]
        labels = tuple(range(len(shape)))
        parts: list[Operand] = []
        for x in operands:
            if not isinstance(x, View):
                parts.append(x if isinstance(x, BatchPower) else float(x))
                continue
            at = places[x][rows]
            source = max(int(self.owner[x.base][at[0]]), self.zero)
            parts.append(Part(source, self.index[x.base][at].reshape(shape), labels))
        is_batched = self.program.bases[out.base].is_batched
        self._write(out, self._add(Symbol(op, tuple(parts), shape, is_batched)), to[rows])


def parts_of(symbol: Symbol) -> Iterator[Part]:
    """The parts of other symbols among the operands."""
    for x in symbol.operands:
        if isinstance(x, Part):
            yield x
        elif isinstance(x, Joined):
            yield from x.parts


def without_ones(call: Call, bases: Sequence[Base]) -> list[Call]:
    """What a product with a row of ones stands for, as W x and + b, or as D xᵀ and the sums of D."""
    if call.op != "matmul" or not isinstance(right := call.operands[1], View):
        return [call]
    last = right.offset + sum((size - 1) * step for size, step in right.axes if size != BATCH)
    if not bases[right.base].has_ones or last != bases[right.base].rows - 1:
        return [call]
    left, out = call.operands[0], call.out
    assert isinstance(left, View)
    if right.axes[-2][0] == BATCH:
        to, by_bias = _last_of(out, -1)
        return [
            Call("matmul", (left, _last_of(right, -1)[0]), to),
            Call("add.reduce", (left,), by_bias._replace(axes=by_bias.axes[:-1]), len(left.axes) - 1),
        ]
    weights, bias = _last_of(left, -1)
    return [
        Call("matmul", (weights, _last_of(right, -2)[0]), out),
        Call("add", (out, bias), out),
    ]


def _last_of(view: View, axis: int) -> tuple[View, View]:
    """A view without the last place along an axis, and that place."""
    size, step = view.axes[axis]
    axes, one = list(view.axes), list(view.axes)
    axes[axis], one[axis] = (size - 1, step if size > 2 else 0), (1, 0)
    return view._replace(axes=tuple(axes)), View(view.base, view.offset + (size - 1) * step, tuple(one))
