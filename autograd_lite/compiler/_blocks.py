"""Blocks of parameters: the matrices and vectors that they are in the model, by labels or by their use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from keyword import iskeyword
from math import prod

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler._calls import Call
from autograd_lite.compiler._views import BATCH, Positions, View

Block = tuple[str, tuple[int, ...], Positions]
"""The name of a block, its shape, and which parameters it is of, row by row."""


def labelled(labels: Sequence[str]) -> Iterator[Block]:
    """The blocks of parameters with labels like W1[0,3], which is from input 0 to neuron 3, b1[3] or a.

    Examples
    --------
    >>> [(name, shape, rows.tolist()) for name, shape, rows in labelled(["W[0,0]", "W[1,0]", "b[0]"])]
    [('W', (1, 2), [0, 1]), ('b', (1,), [2])]
    """
    found: dict[tuple[str, int], list[tuple[tuple[int, ...], int]]] = {}
    for p, label in enumerate(labels):
        if match := re.fullmatch(r"([^\[\]]+)(?:\[([\d, ]+)\])?", label):
            at = tuple([int(k) for k in reversed((match[2] or "").split(",")) if k.strip()])
            found.setdefault((match[1], len(at)), []).append((at, p))
    names = [name for name, _ in found]
    for (name, rank), members in found.items():
        shape = tuple([1 + max(at[k] for at, _ in members) for k in range(rank)])
        is_complete = len(members) == prod(shape) == len({at for at, _ in members})
        if rank < 3 and is_complete and is_name(name) and names.count(name) == 1:
            yield name, shape, np.array([p for _, p in sorted(members)])


def seen(calls: Sequence[Call], free: NDArray[np.bool_], taken: set[str]) -> list[Block]:
    """The blocks of the other parameters, as calls see them: W1, W2, ... and b1, b2, ... in order of use."""
    names = {kind: _numbered(kind, taken) for kind in "Wb"}
    blocks: list[Block] = []
    for call, view in [(c, x) for c in calls for x in c.operands if isinstance(x, View) and x.base == 0]:
        at = np.unique(positions(view))
        shape = tuple([n for _, n in sorted((-step, size) for size, step in view.axes if size > 1)])
        is_row = call.op == "matmul" and view is call.operands[0] and view.axes[-1][0] == len(at)
        if not free[at].all() or len(at) != prod(shape) or not 1 <= len(shape) <= 2:
            continue
        if len(shape) == 1 and len(at) == len(free) and not is_row:
            continue
        free[at] = False
        shape = (1, *shape) if is_row and len(shape) == 1 else shape
        blocks.append((next(names["W" if len(shape) == 2 else "b"]), shape, at))
    return blocks


def _numbered(kind: str, taken: set[str]) -> Iterator[str]:
    return (name for k in count(1) if (name := f"{kind}{k}") not in taken)


def positions(view: View) -> Positions:
    """The rows that a view sees, arranged as it arranges them, with 1 for the batch."""
    at = np.array(view.offset)
    for size, step in view.axes:
        at = at[..., None] + step * np.arange(1 if size == BATCH else size)
    return at


def is_name(name: str) -> bool:
    """Whether a label can be a variable of Python."""
    return name.isidentifier() and not iskeyword(name)
