"""Contractions: sums over terms, over the batch or both, as matrix products where they are some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._calls import Call, Emitter, Operand
from autograd_lite.compiler._views import BATCH_AXIS, Positions, Rows, View, run_length, steps


def contract(e: Emitter, left: Positions, right: Positions | None, is_mean: bool, out: Rows) -> None:
    """Σ_k left[row, k] right[row, k], over the batch too if `is_mean`: a matrix product if it is one."""
    rows, k = left.shape
    n = 1 if right is None else _inner(left, right)
    factors = [left] if right is None else [left, right]
    shape = (rows // n, n, k)
    axes = [_axes_of(e, x.reshape(shape)) for x in factors]
    summed = ("k" if k > 1 else "") + ("b" if is_mean else "")
    in_result = [a for a, size in zip("tn", shape, strict=False) if size > 1]
    if e.bases[out.base].is_batched:
        in_result.append("b")
    operands: list[Any] = [(x.reshape(shape), has) for x, has in zip(factors, axes, strict=True)]
    if len(operands) == 1:
        _sum(e, operands[0][0], summed, shape, out, in_result)
        return
    free = [[a for a in in_result if a in axes[i] and a not in axes[1 - i]] for i in (0, 1)]
    both = [a for a in in_result if a in axes[0] and a in axes[1]]
    if "b" in both or (both and not free[0] and not free[1] and not is_mean):
        _multiply_and_sum(e, operands, summed, shape, out, in_result)
        return
    m, r = (f[-1] if f else "1" for f in free)
    s = "b" if is_mean else "k"
    extra = [a for a in summed if a != s]
    stack = [a for a in in_result if a not in (m, r)]
    views = (
        _view(e, operands[0], [*extra, *stack, m, s]),
        _view(e, operands[1], [*extra, *stack, s, r]),
    )
    order = [*stack, m, r]
    target = _out_view(e, out, shape, order)
    if target is None or extra:
        sizes = dict(zip("tnk", shape, strict=True))
        sizes |= {"1": 1}
        rest = [a for a in (*extra, *order) if a != "b"]
        total = int(np.prod([sizes[a] for a in rest]))
        base = e.scratch(total, "b" in order)
        temporary = _contiguous(base, [*extra, *order], sizes)
        e.calls.append(Call("matmul", views, temporary))
        if target is None:
            _put_in_order(e, out, shape, order, temporary, extra)
        else:
            e.calls.append(Call("add.reduce", (temporary,), target, 0))
        return
    e.calls.append(Call("matmul", views, target))


def _put_in_order(
    e: Emitter, out: Rows, shape: tuple[int, ...], order: list[str], product: View, extra: list[str]
) -> None:
    """Copy a product to rows that are no view."""
    rows = len(out.positions)
    is_batched = "b" in order
    if extra:
        base = e.scratch(rows, is_batched)
        sizes = dict(zip("tnk", shape, strict=True)) | {"1": 1}
        summed = _contiguous(base, order, sizes)
        e.calls.append(Call("add.reduce", (product,), summed, 0))
        product = summed
    arranged = out.positions.reshape(shape[:2])
    if [a for a in order if a in "tn"] == ["n", "t"]:
        arranged = arranged.T
    e.put(out.base, arranged.ravel(), e.whole(product.base, rows), is_batched)


def _axes_of(e: Emitter, ids: Positions) -> set[str]:
    """Along which axes the operands differ; t: outer rows, n: inner rows, k: terms, b: the batch."""
    has = {"k"}
    if ids.shape[0] > 1 and not (ids == ids[:1]).all():
        has.add("t")
    if ids.shape[1] > 1 and not (ids == ids[:, :1]).all():
        has.add("n")
    if ids.dtype != float and e.is_batched[ids.flat[0]]:
        has.add("b")
    return has


def _view(e: Emitter, operand: Any, order: list[str]) -> Operand:
    """An operand with its axes in this order, 1 for those along which it is always the same."""
    ids, has = operand
    for axis, letter in enumerate("tn"):
        if letter not in has:
            ids = ids.take([0], axis=axis)
    letters = [a for a in order if a in "tnk"]
    missing = [a for a in "tnk" if a not in letters]
    arranged = np.transpose(ids, ["tnk".index(a) for a in (*missing, *letters)])
    arranged = arranged.reshape(arranged.shape[len(missing) :])
    if ids.dtype == float:
        return _constant_view(arranged, order, letters)
    source = e.rows(arranged.ravel())
    if not isinstance(source, Rows):
        return _constant_view(np.broadcast_to(source, arranged.size).reshape(arranged.shape), order, letters)
    positions = source.positions.reshape(arranged.shape)
    if (step := steps(positions)) is None:
        copy = e.gathered(source.base, source.positions)
        source = Rows(copy.base, np.arange(positions.size))
        positions = source.positions.reshape(arranged.shape)
        step = steps(positions) or ()
    axes: dict[str, tuple[int, int]] = dict(
        zip(letters, zip(positions.shape, step, strict=True), strict=True)
    )
    batch = BATCH_AXIS if e.bases[source.base].is_batched else (1, 0)
    return View(
        source.base,
        int(positions.flat[0]),
        tuple([batch if a == "b" else axes.get(a, (1, 0)) for a in order]),
    )


def _out_view(e: Emitter, out: Rows, shape: tuple[int, ...], order: list[str]) -> View | None:
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
    e: Emitter, ids: Positions, summed: str, shape: tuple[int, ...], out: Rows, in_result: list[str]
) -> None:
    """Σ over terms, the batch or both of single operands."""
    rows, _, k = shape
    is_mean = "b" in summed
    order = ["t", *(["k"] if k > 1 else []), *(["b"] if is_mean or "b" in in_result else [])]
    view = _view(e, (ids, _axes_of(e, ids) | {"t"}), order)
    target = _out_view(e, out, shape, ["t", *(["b"] if "b" in in_result else [])])
    if target is None:
        temporary = e.temporary(rows, "b" in in_result)
        target = e.whole(temporary.base, rows)
    if k > 1 and is_mean:
        data: Any = (1, 2)
    else:
        data = 1
    if not isinstance(view, View):
        view = np.asarray(view)
    e.calls.append(Call("add.reduce", (view,), target, data))
    if target.base != out.base:
        e.put(out.base, out.positions, e.whole(target.base, rows), "b" in in_result)


def _multiply_and_sum(
    e: Emitter, operands: Any, summed: str, shape: tuple[int, ...], out: Rows, in_result: list[str]
) -> None:
    """Products element by element, then their sums."""
    is_batched = "b" in in_result
    order = ["t", "n", "k", *(["b"] if is_batched else [])]
    views = tuple(_view(e, x, order) for x in operands)
    base = e.scratch(int(np.prod(shape)), is_batched)
    sizes = dict(zip("tnk", shape, strict=True))
    e.calls.append(Call("multiply", views, _contiguous(base, order, sizes)))
    target = _out_view(e, out, shape, ["t", "n", *(["b"] if is_batched else [])])
    if target is None:
        rows = len(out.positions)
        to = e.scratch(rows, is_batched)
        target = _contiguous(to, ["t", "n", *(["b"] if is_batched else [])], sizes)
    e.calls.append(Call("add.reduce", (_contiguous(base, order, sizes),), target, 2))
    if target.base != out.base:
        e.put(out.base, out.positions, e.whole(target.base, len(out.positions)), is_batched)


def _inner(left: Positions, right: Positions) -> int:
    """The n for which rows are all pairs: one factor is the same in n rows, the other again after n rows."""
    rows = len(left)
    for repeats, cycles in ((left, right), (right, left)):
        n = run_length(repeats)
        if n == rows and run_length(cycles) == rows:
            return 1
        if n > 1 and rows % n == 0:
            if n == rows:
                return n
            blocks = repeats.reshape(rows // n, n, -1)
            others = cycles.reshape(rows // n, n, -1)
            if (blocks == blocks[:, :1]).all() and (others == others[:1]).all():
                return n
    return 1


def _contiguous(base: int, order: Sequence[str], sizes: dict[str, int]) -> View:
    """A base seen with these axes, the last one without gaps."""
    axes = []
    step = 1
    for a in reversed(order):
        if a == "b":
            axes.append(BATCH_AXIS)
            continue
        axes.append((sizes[a], step))
        step *= sizes[a]
    return View(base, 0, tuple(axes[::-1]))


def _constant_view(numbers: Any, order: list[str], letters: Sequence[str]) -> NDArray[Any]:
    present = [a for a in order if a in letters]
    arranged = np.transpose(numbers, [list(letters).index(a) for a in present])
    return arranged.reshape([arranged.shape[present.index(a)] if a in present else 1 for a in order])
