"""Emission: groups of scalar nodes become calls of NumPy on views of a few arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._graph import CONDITIONS, Graph, Operation
from autograd_lite.compiler._grouping import CONSTANTS, Group, Terms, row_of_nary
from autograd_lite.compiler._views import (
    BATCH_AXIS,
    Base,
    Positions,
    Rows,
    View,
    inner_size,
    run_length,
    steps,
)


class Inverse(NamedTuple):
    """One over the size of the batch, or the size, as an operand of a call."""

    power: int


Operand = View | Inverse | float | NDArray[Any]


class Call(NamedTuple):
    """One call of NumPy: its name or a primitive, its operands, and where the result goes."""

    op: Operation
    operands: tuple[Operand, ...]
    out: View
    data: Any = None  # an axis, an index, the segments of a reduction
    nodes: Any = None  # of a primitive with a domain, the operands' nodes: for the error's words


class Plan(NamedTuple):
    """Everything that is needed to run: the arrays, the calls, and where each output is."""

    bases: list[Base]
    calls: list[Call]
    outputs: list[list[View | None]]


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

    def emit(self, group: Group) -> None:
        """Append the calls that compute the nodes of a group."""
        self._used.clear()
        nodes = np.array(group.nodes)
        out = Rows(int(self.base_of[nodes[0]]), self.position_of[nodes])
        if group.terms:
            self._linear(group, out)
        elif row_of_nary(group.op):
            self._reduction(group, nodes, out)
        elif group.op == "where":
            self._where(group, nodes, out)
        else:
            operands = np.array([self.graph.operands[i] for i in group.nodes]).reshape(len(nodes), -1)
            rows = [self.rows(operands[:, k]) for k in range(operands.shape[1])]
            has_domain = group.op not in CONDITIONS
            self.elementwise(group.op, rows, out, group.is_batched, operands if has_domain else None)

    # Operands

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

    # Elementwise

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
            temporary = Rows(self.scratch(count, is_batched, self.bases[out.base].dtype), np.arange(count))
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

    def _where(self, group: Group, nodes: Positions, out: Rows) -> None:
        """The second branch, and over it the first where the condition holds."""
        operands = np.array([self.graph.operands[i] for i in group.nodes])
        condition, a, b = (self.rows(operands[:, k]) for k in range(3))
        is_in_place = (
            isinstance(b, Rows) and b.base == out.base and np.array_equal(b.positions, out.positions)
        )
        if not is_in_place:
            self.elementwise("copy", (b,), out, group.is_batched)
        self.elementwise("select", (a, condition), out, group.is_batched)

    # Sums of products

    def _linear(self, group: Group, out: Rows) -> None:
        is_mean = group.op == "mean_linear"
        summands: list[tuple[float, Rows | float | NDArray[Any]]] = []
        parts = sorted(group.terms.items(), key=lambda item: (item[0][1] == CONSTANTS, -item[0][0]))
        # Whether nothing stands in the result's place yet: neither a summand nor a mean that is at home there.
        is_free = not any(self._touches(part.lefts + part.rights, out) for _, part in parts)
        for (_, right), part in parts:
            is_product = right != CONSTANTS
            to = out if is_free else None
            for c, x, wrote in self._part(part, is_product, is_mean, group.is_batched, to):
                summands.append((c, x))
                is_free = is_free and not wrote
        self._add_up(summands, out, group.is_batched)

    def _touches(self, ids: list[int], out: Rows) -> bool:
        """Whether some of these nodes are where the result will be."""
        at = np.array(ids)
        here = at[self.base_of[at] == out.base]
        return bool(np.isin(self.position_of[here], out.positions).any())

    def _part(
        self, part: Terms, is_product: bool, is_mean: bool, is_batched: bool, out: Rows | None
    ) -> list[tuple[Any, Any, bool]]:
        """One summand of a group's result: its factor, its rows, and whether they are in the result."""
        rows = len(part.counts)
        count = part.counts[0]
        c: Any = np.array(part.coefficients)
        left, right = np.array(part.lefts), np.array(part.rights)
        is_even = part.counts.count(count) == rows
        if not is_even or not (c.reshape(rows, -1) == c[::count, None]).all():
            return [(1.0, self._ragged(part, c, left, right, is_product, is_mean), False)]
        c = float(c[0]) if (c == c[0]).all() else c[::count]
        left, right = left.reshape(rows, -1), right.reshape(rows, -1)
        if not is_mean and count == 1 and not is_product:
            return [(c, self.rows(left[:, 0]), False)]
        part_batched = not is_mean and bool(self.is_batched[left].any() or self.is_batched[right].any())
        is_out = out is not None and part_batched == is_batched
        to = out if out is not None and is_out else self._temporary(rows, part_batched)
        if not is_mean and count == 1:
            self.elementwise("multiply", (self.rows(left[:, 0]), self.rows(right[:, 0])), to, part_batched)
        else:
            self._contract(left, right if is_product else None, is_mean, to)
        return [(c, to, is_out)]

    def _temporary(self, rows: int, is_batched: bool, dtype: str = "float64") -> Rows:
        return Rows(self.scratch(rows, is_batched, dtype), np.arange(rows))

    def _add_up(self, summands: list[tuple[Any, Any]], out: Rows, is_batched: bool) -> None:
        """Σ c x of rows, numbers or arrays, without a call for a c that is 1 or -1."""
        signed: list[tuple[float, Any]] = []
        for c, x in summands:
            if isinstance(c, float) and abs(c) == 1.0:
                signed.append((c, x))
                continue
            if not isinstance(x, Rows):
                signed.append((1.0, c * x))
                continue
            is_own = self.bases[x.base].is_batched == is_batched
            is_out = _same(x, out) or (len(summands) == 1 and is_own)
            to = out if is_out else self._temporary(len(out.positions), self.bases[x.base].is_batched)
            self.elementwise("multiply", (x, c), to, self.bases[to.base].is_batched)
            signed.append((1.0, to))
        # A sum that begins in the result's place, or with what is added rather than subtracted, is cheapest.
        signed.sort(key=lambda s: (not (isinstance(s[1], Rows) and _same(s[1], out)), s[0] < 0))
        sign, total = signed[0]
        if len(signed) == 1 and sign > 0:
            if not (isinstance(total, Rows) and _same(total, out)):
                self.elementwise("copy", (total,), out, is_batched)
            return
        if sign < 0 and (len(signed) == 1 or signed[1][0] < 0):
            self.elementwise("negative", (total,), out, is_batched)
            sign, total = 1.0, out
        for other_sign, x in signed[1:]:
            pair = (total, x) if sign > 0 else (x, total)
            op = "add" if other_sign > 0 and sign > 0 else "subtract"
            self.elementwise(op, pair, out, is_batched)
            sign, total = 1.0, out

    def _ragged(
        self, part: Terms, c: Any, left: Positions, right: Positions, is_product: bool, is_mean: bool
    ) -> Rows:
        """Sums of different lengths, or with factors of their own: all products, added up in segments."""
        total, rows = len(left), len(part.counts)
        is_batched = bool(self.is_batched[left].any() or self.is_batched[right].any())
        products = self._temporary(total, is_batched)
        factors = [self.rows(left), *([self.rows(right)] if is_product else [])]
        if not (c == 1.0).all():
            factors.append(c)
        if len(factors) == 1:
            self.elementwise("copy", factors, products, is_batched)
        else:
            self.elementwise("multiply", factors[:2], products, is_batched)
        for factor in factors[2:]:
            self.elementwise("multiply", (products, factor), products, is_batched)
        sums = self._temporary(rows, is_batched)
        starts = np.cumsum([0, *part.counts[:-1]])
        view = self.whole(products.base, total)
        self.calls.append(Call("add.reduceat", (view,), self.whole(sums.base, rows), starts))
        if not is_mean:
            return sums
        means = self._temporary(rows, False)
        self.calls.append(Call("add.reduce", (self.whole(sums.base, rows),), self.whole(means.base, rows), 1))
        return means

    def _contract(self, left: Positions, right: Positions | None, is_mean: bool, out: Rows) -> None:
        """Σ_k left[row, k] right[row, k], over the batch too if `is_mean`: a matrix product if it is one."""
        rows, k = left.shape
        n = 1 if right is None else _inner(left, right)
        factors = [left] if right is None else [left, right]
        shape = (rows // n, n, k)
        axes = [self._axes_of(x.reshape(shape)) for x in factors]
        summed = ("k" if k > 1 else "") + ("b" if is_mean else "")
        in_result = [a for a, size in zip("tn", shape, strict=False) if size > 1]
        if self.bases[out.base].is_batched:
            in_result.append("b")
        operands: list[Any] = [(x.reshape(shape), has) for x, has in zip(factors, axes, strict=True)]
        if len(operands) == 1:
            self._sum(operands[0][0], summed, shape, out, in_result)
            return
        free = [[a for a in in_result if a in axes[i] and a not in axes[1 - i]] for i in (0, 1)]
        both = [a for a in in_result if a in axes[0] and a in axes[1]]
        if "b" in both or (both and not free[0] and not free[1] and not is_mean):
            self._multiply_and_sum(operands, summed, shape, out, in_result)
            return
        m, r = (f[-1] if f else "1" for f in free)
        s = "b" if is_mean else "k"
        extra = [a for a in summed if a != s]
        stack = [a for a in in_result if a not in (m, r)]
        views = (
            self._view(operands[0], [*extra, *stack, m, s]),
            self._view(operands[1], [*extra, *stack, s, r]),
        )
        order = [*stack, m, r]
        target = self._out_view(out, shape, order)
        if target is None or extra:
            sizes = dict(zip("tnk", shape, strict=True))
            sizes |= {"1": 1}
            rest = [a for a in (*extra, *order) if a != "b"]
            total = int(np.prod([sizes[a] for a in rest]))
            base = self.scratch(total, "b" in order)
            temporary = _contiguous(base, [*extra, *order], sizes)
            self.calls.append(Call("matmul", views, temporary))
            if target is None:
                self._put_in_order(out, shape, order, temporary, extra)
            else:
                self.calls.append(Call("add.reduce", (temporary,), target, 0))
            return
        self.calls.append(Call("matmul", views, target))

    def _put_in_order(
        self, out: Rows, shape: tuple[int, ...], order: list[str], product: View, extra: list[str]
    ) -> None:
        """Copy a product to rows that are no view."""
        rows = len(out.positions)
        is_batched = "b" in order
        if extra:
            base = self.scratch(rows, is_batched)
            sizes = dict(zip("tnk", shape, strict=True)) | {"1": 1}
            summed = _contiguous(base, order, sizes)
            self.calls.append(Call("add.reduce", (product,), summed, 0))
            product = summed
        arranged = out.positions.reshape(shape[:2])
        if [a for a in order if a in "tn"] == ["n", "t"]:
            arranged = arranged.T
        self.put(out.base, arranged.ravel(), self.whole(product.base, rows), is_batched)

    def _axes_of(self, ids: Positions) -> set[str]:
        """Along which axes the operands differ; t: outer rows, n: inner rows, k: terms, b: the batch."""
        has = {"k"}
        if ids.shape[0] > 1 and not (ids == ids[:1]).all():
            has.add("t")
        if ids.shape[1] > 1 and not (ids == ids[:, :1]).all():
            has.add("n")
        if self.is_batched[ids.flat[0]]:
            has.add("b")
        return has

    def _view(self, operand: Any, order: list[str]) -> Operand:
        """An operand with its axes in this order, 1 for those along which it is always the same."""
        if not isinstance(operand, tuple):
            return _constant_view(operand, order)
        ids, has = operand
        for axis, letter in enumerate("tn"):
            if letter not in has:
                ids = ids.take([0], axis=axis)
        letters = [a for a in order if a in "tnk"]
        missing = [a for a in "tnk" if a not in letters]
        arranged = np.transpose(ids, ["tnk".index(a) for a in (*missing, *letters)])
        arranged = arranged.reshape(arranged.shape[len(missing) :])
        source = self.rows(arranged.ravel())
        if not isinstance(source, Rows):
            return _constant_view(
                np.broadcast_to(source, arranged.size).reshape(arranged.shape), order, letters
            )
        positions = source.positions.reshape(arranged.shape)
        if (step := steps(positions)) is None:
            copy = self.gathered(source.base, source.positions)
            source = Rows(copy.base, np.arange(positions.size))
            positions = source.positions.reshape(arranged.shape)
            step = steps(positions) or ()
        axes = dict(zip(letters, zip(positions.shape, step, strict=True), strict=True))
        batch = BATCH_AXIS if self.bases[source.base].is_batched else (1, 0)
        return View(
            source.base,
            int(positions.flat[0]),
            tuple([batch if a == "b" else axes.get(a, (1, 0)) for a in order]),
        )

    def _out_view(self, out: Rows, shape: tuple[int, ...], order: list[str]) -> View | None:
        positions = out.positions.reshape(shape[:2])
        if (step := steps(positions)) is None:
            return None
        axes: dict[str, tuple[int, int]] = {
            "t": (shape[0], step[0]),
            "n": (shape[1], step[1]),
            "1": (1, 0),
            "b": BATCH_AXIS,
        }
        return View(out.base, int(positions.flat[0]), tuple([axes[a] for a in order]))

    def _sum(
        self, ids: Positions, summed: str, shape: tuple[int, ...], out: Rows, in_result: list[str]
    ) -> None:
        """Σ over terms, the batch or both of single operands."""
        rows, _, k = shape
        is_mean = "b" in summed
        order = ["t", *(["k"] if k > 1 else []), *(["b"] if is_mean or "b" in in_result else [])]
        view = self._view((ids, self._axes_of(ids) | {"t"}), order)
        target = self._out_view(out, shape, ["t", *(["b"] if "b" in in_result else [])])
        if target is None:
            temporary = self._temporary(rows, "b" in in_result)
            target = self.whole(temporary.base, rows)
        if k > 1 and is_mean:
            data: Any = (1, 2)
        else:
            data = 1
        if not isinstance(view, View):
            view = np.asarray(view)
        self.calls.append(Call("add.reduce", (view,), target, data))
        if target.base != out.base:
            self.put(out.base, out.positions, self.whole(target.base, rows), "b" in in_result)

    def _multiply_and_sum(
        self, operands: Any, summed: str, shape: tuple[int, ...], out: Rows, in_result: list[str]
    ) -> None:
        """Products element by element, then their sums."""
        is_batched = "b" in in_result
        order = ["t", "n", "k", *(["b"] if is_batched else [])]
        views = tuple(self._view(x, order) for x in operands)
        base = self.scratch(int(np.prod(shape)), is_batched)
        sizes = dict(zip("tnk", shape, strict=True))
        self.calls.append(Call("multiply", views, _contiguous(base, order, sizes)))
        target = self._out_view(out, shape, ["t", "n", *(["b"] if is_batched else [])])
        if target is None:
            rows = len(out.positions)
            to = self.scratch(rows, is_batched)
            target = _contiguous(to, ["t", "n", *(["b"] if is_batched else [])], sizes)
        self.calls.append(Call("add.reduce", (_contiguous(base, order, sizes),), target, 2))
        if target.base != out.base:
            self.put(out.base, out.positions, self.whole(target.base, len(out.positions)), is_batched)

    # Any number of operands

    def _reduction(self, group: Group, nodes: Positions, out: Rows) -> None:
        """One of `max`, `softmax` and so on, of rows of operands."""
        lists = [self.graph.operands[i] for i in group.nodes]
        picks = None
        if group.op == "softmax":
            each = {xs[:-1]: None for xs in lists}
            first = dict(zip(each, np.cumsum([0, *map(len, each)]).tolist(), strict=False))
            picks = np.array([first[xs[:-1]] + int(self.graph.data[xs[-1]]) for xs in lists])
            lists = list(each)
        counts = [len(xs) for xs in lists]
        total = sum(counts)
        terms = self._temporary(total, group.is_batched)
        self.elementwise(
            "copy", (self.rows(np.array([x for xs in lists for x in xs])),), terms, group.is_batched
        )
        view = self.whole(terms.base, total)
        data = (group.op, np.cumsum([0, *counts[:-1]]) if len(set(counts)) > 1 else None)
        batch = (BATCH_AXIS,) if group.is_batched else ()
        if data[1] is None:
            view = View(terms.base, 0, ((len(lists), counts[0]), (counts[0], 1), *batch))
        size = len(lists) if picks is None else total
        results = self._temporary(size, group.is_batched)
        is_direct = (steps(out.positions) or (0,))[0] == 1 and size == len(nodes)
        is_direct = is_direct and (picks is None or np.array_equal(picks, np.arange(total)))
        base, offset = (out.base, int(out.positions[0])) if is_direct else (results.base, 0)
        shape = view.axes if picks is not None else ((size, 1), *batch)
        self.calls.append(Call("reduction", (view,), View(base, offset, shape), data))
        if not is_direct:
            chosen = np.arange(size) if picks is None else picks
            self.elementwise("copy", (Rows(results.base, chosen),), out, group.is_batched)


def _same(a: Rows, b: Rows) -> bool:
    return a.base == b.base and np.array_equal(a.positions, b.positions)


def _inner(left: Positions, right: Positions) -> int:
    """The n for which rows are pairs of rows / n and n: one factor the same in n rows, the other again after n."""
    rows = len(left)
    for repeats, cycles in ((left, right), (right, left)):
        n = run_length(repeats)
        if n == rows and run_length(cycles) == rows:
            return 1
        if 1 < n and rows % n == 0:
            if n == rows:
                return n
            blocks = repeats.reshape(rows // n, n, -1)
            others = cycles.reshape(rows // n, n, -1)
            if (blocks == blocks[:, :1]).all() and (others == others[:1]).all():
                return n
    return 1


def _contiguous(base: int, order: Sequence[str], sizes: dict[str, int]) -> View:
    """A base seen with these axes, the last one without gaps."""
    axes: list[tuple[int, int]] = []
    step = 1
    for a in reversed(order):
        if a == "b":
            axes.append(BATCH_AXIS)
            continue
        axes.append((sizes[a], step))
        step *= sizes[a]
    return View(base, 0, tuple(axes[::-1]))


def _constant_view(numbers: Any, order: list[str], letters: Sequence[str] = "tnk") -> NDArray[Any]:
    present = [a for a in order if a in letters]
    arranged = np.transpose(numbers, [list(letters).index(a) for a in present])
    return arranged.reshape([arranged.shape[present.index(a)] if a in present else 1 for a in order])
