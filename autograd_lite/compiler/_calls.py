"""Calls of NumPy, and the `Emitter` that appends them: operands as views, elementwise functions, copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._graph import Graph, Operation
from autograd_lite.compiler._views import (
    BATCH_AXIS,
    Base,
    Positions,
    Rows,
    View,
    inner_size,
    steps,
)


class BatchPower(NamedTuple):
    """The size of the batch to some power, as an operand of a call: -1 makes a sum a mean, 1 a mean a sum."""

    power: int


Operand = View | BatchPower | float | NDArray[Any]


class Call(NamedTuple):
    """One call of NumPy: its name or a primitive, its operands, and where the result goes."""

    op: Operation
    operands: tuple[Operand, ...]
    out: View
    data: Any = None  # an axis, an index, the segments of a reduction
    nodes: Any = None  # of a primitive with a domain, the operands' nodes: for the error's words


class Emitter:
    """The calls that compute groups, and the arrays that these calls need."""

    def __init__(self, graph: Graph, bases: list[Base], base: Positions, position: Positions) -> None:
        self.graph = graph
        self.bases = bases
        self.base_of = base
        self.position_of = position
        self.calls: list[Call] = []
        self.is_constant = np.array([op == "constant" for op in graph.ops], dtype=bool)
        self.numbers = np.array(
            [x if op == "constant" else 0.0 for op, x in zip(graph.ops, graph.data, strict=True)]
        )
        self.is_batched = np.array(graph.is_batched, dtype=bool)
        self._scratch: dict[tuple[bool, str], list[int]] = {}
        self._used: dict[tuple[bool, str], int] = {}

    def release(self) -> None:
        """Make the intermediate results of the last group free again."""
        self._used.clear()

    def scratch(self, rows: int, is_batched: bool, dtype: str = "float64") -> int:
        """A base for an intermediate result, free again in the next group."""
        kind = (is_batched, dtype)
        mine = self._scratch.setdefault(kind, [])
        k = self._used.get(kind, 0)
        self._used[kind] = k + 1
        if k == len(mine):
            mine.append(len(self.bases))
            self.bases.append(Base("scratch", rows, is_batched, dtype))
        base = mine[k]
        self.bases[base] = self.bases[base]._replace(rows=max(rows, self.bases[base].rows))
        return base

    def whole(self, base: int, rows: int | None = None) -> View:
        """All rows of a base, or the first of them."""
        b = self.bases[base]
        return View(
            base, 0, ((b.rows if rows is None else rows, 1), *((BATCH_AXIS,) if b.is_batched else ()))
        )

    def rows(self, ids: Positions) -> Rows | float | NDArray[Any]:
        """A column of operands: numbers, or rows of one base, gathered if they are from several."""
        constant = self.is_constant[ids]
        if constant.all():
            numbers = self.numbers[ids]
            return float(numbers[0]) if (numbers == numbers[0]).all() else numbers
        bases = self.base_of[ids]
        if not constant.any() and (bases == bases[0]).all():
            return Rows(int(bases[0]), self.position_of[ids])
        return self._packed(ids)

    def _packed(self, ids: Positions) -> Rows:
        """Operands from several bases, side by side."""
        is_batched = bool(self.is_batched[ids].any())
        dtypes = {self.bases[b].dtype for b in self.base_of[ids][~self.is_constant[ids]]}
        to = self.scratch(len(ids), is_batched, dtypes.pop())
        places = np.where(self.is_constant[ids], -1, self.base_of[ids])
        for base in np.unique(places):
            where = np.flatnonzero(places == base)
            if base < 0:
                numbers = self.numbers[ids[where]]
                source: Any = numbers[:, None] if is_batched else numbers
            else:
                source = self.gathered(int(base), self.position_of[ids[where]])
            self.put(to, where, source, is_batched)
        return Rows(to, np.arange(len(ids)))

    def gathered(self, base: int, positions: Positions) -> View:
        """Rows of a base as a view, of a copy if need be."""
        axes = (BATCH_AXIS,) if self.bases[base].is_batched else ()
        if (step := steps(positions)) is not None:
            return View(base, int(positions[0]), ((len(positions), step[0]), *axes))
        b = self.bases[base]
        to = self.scratch(len(positions), b.is_batched, b.dtype)
        out = self.whole(to, len(positions))
        self.calls.append(Call("take", (self.whole(base),), out, positions))
        return out

    def put(self, base: int, positions: Positions, source: Any, is_batched: bool) -> None:
        """Copy rows to where they belong."""
        if isinstance(source, View) and is_batched and not self.bases[source.base].is_batched:
            source = source._replace(axes=(*source.axes, (1, 0)))
        if (step := steps(positions)) is not None:
            axes = ((len(positions), step[0]), *((BATCH_AXIS,) if is_batched else ()))
            self.calls.append(Call("copy", (source,), View(base, int(positions[0]), axes)))
        else:
            self.calls.append(Call("put", (source,), self.whole(base), positions))

    def elementwise(
        self,
        op: Operation,
        operands: Sequence[Rows | float | NDArray[Any]],
        out: Rows,
        is_batched: bool,
        nodes: Any = None,
    ) -> None:
        """One call of a function of several operands, row by row."""
        count = len(out.positions)
        moving = [x for x in (*operands, out) if isinstance(x, Rows)]
        grid = self._grid([x.positions for x in moving], count)
        if (target := self._on_grid(out, grid, is_batched)) is None:
            temporary = self.temporary(count, is_batched, self.bases[out.base].dtype)
            self.elementwise(op, operands, temporary, is_batched, nodes)
            self.put(out.base, out.positions, self.whole(temporary.base, count), is_batched)
            return
        views = [self._operand(x, grid, is_batched) for x in operands]
        self.calls.append(Call(op, tuple(views), target, None, nodes))

    def _grid(self, positions: Sequence[Positions], count: int) -> tuple[int, ...]:
        """The shape in which rows are arranged, so that operands that repeat or jump become views."""
        irregular = [p for p in positions if steps(p) is None]
        for p in irregular:
            n = inner_size(p)
            if count % n == 0 and all(steps(q.reshape(-1, n)) is not None for q in positions):
                return count // n, n
        return (count,)

    def _on_grid(self, rows: Rows, grid: tuple[int, ...], is_batched: bool) -> View | None:
        positions = rows.positions.reshape(grid)
        step = steps(positions)
        if step is None:
            return None
        # What is the same along an axis has the size 1 there, so that NumPy need not be told.
        axes = [(size if s or size == 1 else 1, s) for size, s in zip(grid, step, strict=True)]
        if self.bases[rows.base].is_batched:
            axes.append(BATCH_AXIS)
        elif is_batched:
            axes.append((1, 0))
        return View(rows.base, int(positions.flat[0]), tuple(axes))

    def _operand(self, x: Rows | float | NDArray[Any], grid: tuple[int, ...], is_batched: bool) -> Operand:
        if isinstance(x, float):
            return x
        if not isinstance(x, Rows):
            return x.reshape(grid + (1,) * is_batched)
        if (view := self._on_grid(x, grid, is_batched)) is not None:
            return view
        copy = Rows(self.gathered(x.base, x.positions).base, np.arange(len(x.positions)))
        view = self._on_grid(copy, grid, is_batched)
        assert view is not None
        return view

    def temporary(self, rows: int, is_batched: bool, dtype: str = "float64") -> Rows:
        """Rows for an intermediate result."""
        return Rows(self.scratch(rows, is_batched, dtype), np.arange(rows))
