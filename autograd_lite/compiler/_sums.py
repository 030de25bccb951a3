"""Sums of products: the summands of a group of ``linear`` nodes, and how they are added up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._calls import Call, Emitter
from autograd_lite.compiler._contraction import contract
from autograd_lite.compiler._grouping import CONSTANTS, Group, TermRows
from autograd_lite.compiler._views import Positions, Rows


def emit_sums(e: Emitter, group: Group, out: Rows) -> None:
    is_mean = group.op == "mean_linear"
    summands: list[tuple[float, Rows | float | NDArray[Any]]] = []
    parts = sorted(group.terms.items(), key=lambda item: (item[0][1] == CONSTANTS, -item[0][0]))
    # Whether nothing stands in the result's place yet: neither a summand nor a mean that is at home there.
    is_free = not any(_touches(e, part.lefts + part.rights, out) for _, part in parts)
    for (_, right), part in parts:
        is_product = right != CONSTANTS
        to = out if is_free else None
        c, x, wrote = _part(e, part, is_product, is_mean, group.is_batched, to)
        summands.append((c, x))
        is_free = is_free and not wrote
    _add_up(e, summands, out, group.is_batched)


def _touches(e: Emitter, ids: list[int], out: Rows) -> bool:
    """Whether some of these nodes are where the result will be."""
    at = np.array(ids)
    here = at[e.base_of[at] == out.base]
    return bool(len(here) and np.isin(e.position_of[here], out.positions).any())


def _part(
    e: Emitter, part: TermRows, is_product: bool, is_mean: bool, is_batched: bool, out: Rows | None
) -> tuple[Any, Any, bool]:
    """One summand of a group's result: its factor, its rows, and whether they are in the result."""
    rows = len(part.counts)
    count = part.counts[0]
    c: Any = np.array(part.coefficients)
    left, right = np.array(part.lefts), np.array(part.rights)
    is_even = part.counts.count(count) == rows
    is_scaled = is_even and bool((c.reshape(rows, -1) == c[::count, None]).all())
    if is_even and not is_scaled and not is_product and not is_mean:
        # Multiplied by a matrix of constants.
        has_batch = bool(e.is_batched[left].any())
        to = out if out is not None and has_batch == is_batched else e.temporary(rows, has_batch)
        contract(e, c.reshape(rows, -1), left.reshape(rows, -1), is_mean, to)
        return 1.0, to, to is out
    if not is_scaled:
        return 1.0, _ragged(e, part, c, left, right, is_product, is_mean), False
    c = float(c[0]) if (c == c[0]).all() else c[::count]
    left, right = left.reshape(rows, -1), right.reshape(rows, -1)
    if not is_mean and count == 1 and not is_product:
        return c, e.rows(left[:, 0]), False
    part_batched = not is_mean and bool(e.is_batched[left].any() or e.is_batched[right].any())
    is_out = out is not None and part_batched == is_batched
    to = out if out is not None and is_out else e.temporary(rows, part_batched)
    if not is_mean and count == 1:
        e.elementwise("multiply", (e.rows(left[:, 0]), e.rows(right[:, 0])), to, part_batched)
    else:
        contract(e, left, right if is_product else None, is_mean, to)
    return c, to, is_out


def _add_up(e: Emitter, summands: list[tuple[Any, Any]], out: Rows, is_batched: bool) -> None:
    """Σ c x of rows, numbers or arrays, without a call for a c that is 1 or -1."""
    signed: list[tuple[float, Any]] = []
    for c, x in summands:
        if isinstance(c, float) and abs(c) == 1.0:
            signed.append((c, x))
            continue
        if not isinstance(x, Rows):
            signed.append((1.0, c * x))
            continue
        is_own = e.bases[x.base].is_batched == is_batched
        is_out = _same(x, out) or (len(summands) == 1 and is_own)
        to = out if is_out else e.temporary(len(out.positions), e.bases[x.base].is_batched)
        e.elementwise("multiply", (x, c), to, e.bases[to.base].is_batched)
        signed.append((1.0, to))
    # A sum that begins in the result's place, or with what is added rather than subtracted, is cheapest.
    signed.sort(key=lambda s: (not (isinstance(s[1], Rows) and _same(s[1], out)), s[0] < 0))
    sign, total = signed[0]
    if len(signed) == 1 and sign > 0:
        if not (isinstance(total, Rows) and _same(total, out)):
            e.elementwise("copy", (total,), out, is_batched)
        return
    if sign < 0 and (len(signed) == 1 or signed[1][0] < 0):
        e.elementwise("negative", (total,), out, is_batched)
        sign, total = 1.0, out
    for other_sign, x in signed[1:]:
        pair = (total, x) if sign > 0 else (x, total)
        op = "add" if other_sign > 0 and sign > 0 else "subtract"
        e.elementwise(op, pair, out, is_batched)
        sign, total = 1.0, out


def _ragged(
    e: Emitter, part: TermRows, c: Any, left: Positions, right: Positions, is_product: bool, is_mean: bool
) -> Rows:
    """Sums of different lengths, or with factors of their own: all products, added up in segments."""
    total, rows = len(left), len(part.counts)
    is_batched = bool(e.is_batched[left].any() or e.is_batched[right].any())
    products = e.temporary(total, is_batched)
    factors = [e.rows(left), *([e.rows(right)] if is_product else [])]
    if not (c == 1.0).all():
        factors.append(c)
    if len(factors) == 1:
        e.elementwise("copy", factors, products, is_batched)
    else:
        e.elementwise("multiply", factors[:2], products, is_batched)
    for factor in factors[2:]:
        e.elementwise("multiply", (products, factor), products, is_batched)
    sums = e.temporary(rows, is_batched)
    starts = np.cumsum([0, *part.counts[:-1]])
    view = e.whole(products.base, total)
    e.calls.append(Call("add.reduceat", (view,), e.whole(sums.base, rows), starts))
    if not is_mean:
        return sums
    means = e.temporary(rows, False)
    e.calls.append(Call("add.reduce", (e.whole(sums.base, rows),), e.whole(means.base, rows), 1))
    return means


def _same(a: Rows, b: Rows) -> bool:
    return a.base == b.base and np.array_equal(a.positions, b.positions)
