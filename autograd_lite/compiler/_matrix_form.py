"""The matrix form of a program: NumPy as one would write it by hand, with the names of the model.

The calls are executed symbolically (`_symbolic`), the results get the names of the lecture (`_naming`), and
here each becomes a line or, if it is short, has no name and is used once, a part of one (`_notation`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_lite.compiler import _notation as notation
from autograd_lite.compiler._calls import BatchPower
from autograd_lite.compiler._listing import slots
from autograd_lite.compiler._naming import names_of, uses_of
from autograd_lite.compiler._notation import Text, atom
from autograd_lite.compiler._symbolic import (
    BATCHED,
    Dims,
    Joined,
    Label,
    Numbers,
    Operand,
    Part,
    Symbol,
    execute,
)
from autograd_lite.compiler._views import steps

if TYPE_CHECKING:
    from autograd_lite.compiler._program import Program

LINES = 200  # a longer program is cut in the middle
WIDTH = 72  # a longer expression gets a line of its own
SHOWN = 12  # a longer list of numbers is given a name, or cut


def matrix_form(program: Program) -> str:
    """A program as equations of matrices, in Python; examples are the columns of X.

    Examples
    --------
    >>> from autograd_lite import compile, nn
    >>> model = nn.MLP(2, [3, 1], seed=0)
    >>> f = compile(lambda x: model(x), in_axes=0)
    >>> y = f([[1.0, 2.0], [3.0, 4.0]])
    >>> print(matrix_form(f.program))
    # X: 2 x N
    # W1: 3 x 2, b1: 3 x 1, W2: 1 x 3, b2: 1 x 1
    Z1 = W1 @ X + b1
    A1 = maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    return Z2
    """
    try:
        lines = _Writer(program).lines()
    except Exception:  # what is printed in a debugger must not fail
        lines = slots(program)
    if len(lines) > LINES:
        half = LINES // 2
        lines[half:-half] = [f"# ... {len(lines) - LINES} lines are left out here ..."]
    return "\n".join(lines)


class _Writer:
    def __init__(self, program: Program) -> None:
        self.trace = execute(program)
        self.symbols = self.trace.symbols
        self.uses = uses_of(self.trace)
        self.names = names_of(self.trace, self.uses)
        self.taken = {*self.names.values(), "N", *(s.name for s in self.symbols)}
        self.body: list[str] = []
        self.constants: list[str] = []
        self.done: dict[int, Text] = {}
        self.count = 0

    def lines(self) -> list[str]:
        for k in sorted(self.uses):
            self._value(k)
        result = "return " + ", ".join(self._leaf(*leaf) for leaf in self.trace.leaves)
        return [*self._header(), *self.body, result]

    def _header(self) -> list[str]:
        live = [self.symbols[k] for k in sorted(self.uses) if self.symbols[k].dims is not None]
        groups = [
            ", ".join(f"{s.name}: {_size(s)}" for s in live if s.op == op) for op in ("input", "parameters")
        ]
        groups += [f"{s.name}: all {prod(s.shape)} parameters" for s in live if s.op == "theta"]
        return [f"# {line}" for g in (*groups, *self.constants) for line in wrap(g, 98)]

    # Values

    def _value(self, k: int) -> Text:
        """What stands for a symbol: its name, if it has one, otherwise its expression."""
        if k in self.done:
            return self.done[k]
        symbol = self.symbols[k]
        if symbol.dims is not None:
            e = atom(symbol.name, symbol.dims)
        else:
            e = self._expression(symbol)
            name = self.names.get(k) or ("" if self._is_inlined(k, e) else self._fresh("T"))
            if name:
                e = e if name[0] == "T" else e.as_number()
                self.body.append(f"{name} = {e.text}")
                e = Text(name, notation.ATOM, e.dims, e.is_bool)
        self.done[k] = e
        return e

    def _is_inlined(self, k: int, e: Text) -> bool:
        is_simple = e.binds == notation.ATOM and e.text.isalnum()
        is_condition = e.is_bool and e.text.count(" ") <= 2
        return is_simple or (len(e.text) <= WIDTH and (self.uses[k] == 1 or is_condition))

    def _fresh(self, letter: str) -> str:
        while True:
            self.count += 1
            if (name := f"{letter}{self.count}") not in self.taken:
                return name

    def _leaf(self, owner: Any, index: Any) -> str:
        """One of the results: a name, or a list of names."""
        order = list(dict.fromkeys(owner.tolist()))
        rows = {k: np.sort(index[owner == k]) for k in order}
        if all(np.array_equal(rows[k], np.arange(prod(self.symbols[k].shape))) for k in order):
            items = [self._whole(k) for k in order]
        else:
            cuts = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), len(owner)]
            runs = [(int(owner[i]), index[i:j]) for i, j in pairwise(cuts)]
            items = [self._part(Part(k, i, (0,))).text for k, i in runs]
        if len(items) > 4 * SHOWN:
            items[2 * SHOWN : -2 * SHOWN] = ["..."]
        return items[0] if len(items) == 1 else f"[{', '.join(items)}]"

    def _whole(self, k: int) -> str:
        """A symbol among the results, where a number alone would not tell how many there are."""
        e, shape = self._value(k), self.symbols[k].shape
        if e.text in notation.CONSTANT and shape:
            return f"{notation.CONSTANT[e.text]}({shape if len(shape) > 1 else shape[0]})"
        return e.text

    # Operands

    def _operand(self, x: Operand) -> Text:
        if isinstance(x, Part):
            return self._part(x)
        if isinstance(x, Joined):
            return self._joined(x)
        if isinstance(x, Numbers):
            return self._numbers(x)
        return atom("N") if isinstance(x, BatchPower) else notation.number(x)

    def _part(self, part: Part) -> Text:
        """A symbol, or some of its rows, along the axes of what it is an operand of."""
        e, symbol = self._value(part.source), self.symbols[part.source]
        if (step := steps(part.rows)) is None:
            return self._chosen(e, symbol, part)
        axes = zip(part.labels, part.rows.shape, step, strict=True)
        moving = [(label, size, s) for label, size, s in axes if size > 1 and s]
        first = int(part.rows.flat[0])
        start = np.unravel_index(first, symbol.shape) if symbol.shape else ()
        strides = [prod(symbol.shape[k + 1 :]) for k in range(len(symbol.shape))]
        found: dict[int, tuple[Label, str]] = {}
        for label, size, s in moving:
            for axis, (n, stride) in enumerate(zip(symbol.shape, strides, strict=True)):
                last = int(start[axis]) + (size - 1) * (s // stride)
                if axis not in found and s % stride == 0 and 0 <= last < n:
                    found[axis] = label, _slice(int(start[axis]), last, s // stride, n)
                    break
            else:
                return self._reshaped(e, symbol, part)
        indices, dims = [], []
        for d in e.dims:
            if d is None or isinstance(d, str) or d in found:
                label, text = found[d] if isinstance(d, int) else (d, ":")
                indices.append(text)
                dims.append(label)
            else:
                indices.append(str(start[d]))
        while indices and indices[-1] == ":":
            indices.pop()
        if not indices:
            return e._replace(dims=tuple(dims))
        return atom(f"{e.at_least(notation.ATOM)}[{', '.join(indices)}]", tuple(dims))

    def _flat(self, e: Text, symbol: Symbol) -> tuple[str, Dims]:
        """A symbol as a list of rows."""
        sizes: dict[Label, str] = {k: str(n) for k, n in enumerate(symbol.shape)} | {BATCHED: "N"}
        batch: Dims = (BATCHED,) if symbol.is_batched else ()
        e = notation.spread(e, (*range(len(symbol.shape)), *batch), sizes)
        if len(symbol.shape) == 1:
            return e.at_least(notation.ATOM), batch
        return f"{e.at_least(notation.ATOM)}.reshape(-1{', N' if batch else ''})", batch

    def _reshaped(self, e: Text, symbol: Symbol, part: Part) -> Text:
        """Rows that follow each other, in another arrangement."""
        rows = part.rows.ravel()
        if not np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
            return self._chosen(e, symbol, part)
        text, batch = self._flat(e, symbol)
        shape = [str(n) for n in part.rows.shape if n > 1] + ["N"] * len(batch)
        labels = [d for d, n in zip(part.labels, part.rows.shape, strict=True) if n > 1]
        whole = len(rows) == prod(symbol.shape)
        text += "" if whole else f"[{rows[0]}:{rows[-1] + 1}]"
        return atom(f"{text}.reshape({', '.join(shape)})", (*labels, *batch))

    def _chosen(self, e: Text, symbol: Symbol, part: Part) -> Text:
        """Rows from anywhere, by a list of their numbers."""
        text, batch = self._flat(e, symbol)
        numbers = str(part.rows.squeeze().tolist()) if part.rows.size <= 4 * SHOWN else "[...]"
        labels = [d for d, n in zip(part.labels, part.rows.shape, strict=True) if n > 1]
        return atom(f"{text}[{numbers}]", (*labels, *batch))

    def _joined(self, x: Joined) -> Text:
        sizes = self._sizes(x.parts)
        is_batched = any(self.symbols[p.source].is_batched for p in x.parts)
        wanted = [d for d in x.parts[0].labels if d == x.along or d in sizes]
        if is_batched and BATCHED not in wanted:
            wanted.append(BATCHED)
        wanted = [d for d in wanted if d != BATCHED or is_batched]
        texts = []
        for p in x.parts:
            length = str(p.rows.shape[p.labels.index(x.along)])
            dims = tuple(None if d == x.along and length == "1" else d for d in wanted)
            e = notation.spread(self._part(p), dims, sizes | {x.along: length})
            texts.append(e.text)
        axis = f", {wanted.index(x.along)}" if wanted.index(x.along) else ""
        return atom(f"concatenate(({', '.join(texts)}){axis})", tuple(wanted))

    def _numbers(self, x: Numbers) -> Text:
        dims = tuple(d for d, n in zip(x.labels, np.shape(x.array), strict=True) if n > 1)
        array = np.squeeze(x.array)
        if (array == array.flat[0]).all():
            return notation.number(float(array.flat[0]))
        if array.size <= SHOWN:
            return atom(f"array({array.tolist()})", dims)
        name = self._fresh("C")
        self.constants.append(f"{name}: {' x '.join(map(str, array.shape))} constants")
        return atom(name, dims)

    # Operations

    def _sizes(self, operands: Any) -> dict[Label, str]:
        """How long the axes of operands are."""
        sizes: dict[Label, str] = {BATCHED: "N"}
        for x in operands:
            if isinstance(x, Joined):
                sizes |= self._sizes(x.parts)
                along = [p.rows.shape[p.labels.index(x.along)] for p in x.parts]
                sizes[x.along] = str(sum(along))
            elif isinstance(x, Part | Numbers):
                shape = x.rows.shape if isinstance(x, Part) else np.shape(x.array)
                sizes |= {d: str(n) for d, n in zip(x.labels, shape, strict=True) if n > 1 and d is not None}
        return sizes

    def _expression(self, symbol: Symbol) -> Text:
        special: dict[str, Callable[[Symbol], Text]] = {
            "matmul": self._matmul,
            "add.reduce": self._sum,
            "reduction": self._reduction,
        }
        return special.get(symbol.op, self._elementwise)(symbol)

    def _matmul(self, symbol: Symbol) -> Text:
        stack, m, s, r = symbol.data
        sizes = self._sizes(symbol.operands)
        a, b = (self._operand(x).as_number() for x in symbol.operands)
        if (stack and m is None and r is None) or (a.text == b.text and len(a.dims) > 1) or s is None:
            dims = (*stack, *(d for d in (m, r, s) if d is not None))
            pair = notation.aligned(a, dims), notation.aligned(b, dims)
            e = notation.product(pair[0], pair[1], notation.broadcast([x.dims for x in pair]))
            return notation.total(e, [s], sizes) if s is not None else e
        lefts, rights = [(*stack, m, s)], [(*stack, s, r)]
        lefts += [(s,)] if m is None and not stack else []
        rights += [(s,)] if r is None and not stack else []
        a, b = _one_of(a, lefts, s, sizes), _one_of(b, rights, s, sizes)
        dims = (*a.dims[:-1], *b.dims[-1:]) if len(b.dims) > 1 else a.dims[:-1]
        return notation.operation("@", a, b, dims)

    def _sum(self, symbol: Symbol) -> Text:
        if (factors := self._factors(symbol)) is not None:
            return factors
        sizes = {d: "N" if n < 0 else str(n) for d, n in symbol.data.items()}
        return notation.total(
            self._operand(_forwards(symbol.operands[0], symbol.data)), list(symbol.data), sizes
        )

    def _factors(self, symbol: Symbol) -> Text | None:
        """Σ_j a_i b_j as a_i Σ_j b_j."""
        part = symbol.operands[0]
        if (
            not isinstance(part, Part)
            or len(symbol.data) != 1
            or self.done[part.source].binds == notation.ATOM
        ):
            return None
        inner = self.symbols[part.source]
        labels = [d for d, n in zip(part.labels, part.rows.shape, strict=True) if n > 1]
        is_whole = np.array_equal(part.rows.ravel(), np.arange(prod(inner.shape)))
        (over, n), *_ = symbol.data.items()
        if inner.op != "multiply" or not is_whole or over not in labels:
            return None
        axis = labels.index(over)
        a, b = (self._operand(x) for x in inner.operands)
        if axis in a.dims:
            a, b = b, a
        if axis in a.dims or axis not in b.dims:
            return None
        b = notation.total(b, [axis], {axis: str(n)})
        new = {k: j for j, k in enumerate([k for k in range(len(inner.shape)) if k != axis])}
        pair = [
            e._replace(dims=tuple(new.get(d, d) if isinstance(d, int) else d for d in e.dims)) for e in (a, b)
        ]
        target = _target(pair, symbol)
        pair = [notation.aligned(e, target) for e in pair]
        return notation.product(pair[0], pair[1], notation.broadcast([x.dims for x in pair]))

    def _reduction(self, symbol: Symbol) -> Text:
        name, starts = symbol.data
        (x,) = symbol.operands
        assert isinstance(x, Part | Joined)
        labels = x.labels if isinstance(x, Part) else x.parts[0].labels
        sizes = self._sizes([x])
        wanted = tuple(d for d in labels if d in sizes and (d != BATCHED or symbol.is_batched))
        e = notation.spread(self._operand(x), wanted, sizes)
        over = labels[1] if starts is None else labels[0]
        if starts is not None and len(starts) > 1:
            numbers = starts.tolist() if len(starts) <= 4 * SHOWN else "[...]"
            name = name if name.endswith("reduceat") else f"{name}.reduceat"
            return atom(f"{name}({e.text}, {numbers})", (0, *wanted[1:]))
        if name == "add.reduceat":
            return notation.total(e, [over], sizes)
        if over not in wanted or over is None:
            return _of_one(name, e)
        axis = wanted.index(over)
        dims = tuple(d for k, d in enumerate(wanted) if k != axis or name == "softmax")
        if name in ("max", "min", "prod"):
            return atom(f"{e.at_least(notation.ATOM)}.{name}({axis})", dims)
        axis_of = "axis=" if name == "norm" else ""
        return atom(f"{name}({e.text}, {axis_of}{axis})", dims)

    def _elementwise(self, symbol: Symbol) -> Text:
        texts = [self._operand(x) for x in symbol.operands]
        target = _target(texts, symbol)
        texts = [notation.aligned(e, target) for e in texts]
        dims = notation.broadcast([e.dims for e in texts])
        if isinstance(symbol.operands[-1], BatchPower):
            return notation.divided(texts[0], symbol.operands[-1].power, dims)
        return notation.applied(symbol.op, texts, dims)


def _forwards(x: Operand, summed: dict[Label, int]) -> Operand:
    """An operand whose rows go forwards along the axes that are summed over, where their order is all one."""
    if not isinstance(x, Part) or (step := steps(x.rows)) is None:
        return x
    back = [label in summed and s < 0 for label, s in zip(x.labels, step, strict=True)]
    return x._replace(rows=x.rows[tuple([slice(None, None, -1 if is_back else 1) for is_back in back])])


def _of_one(name: str, e: Text) -> Text:
    """A reduction of a single term."""
    if name == "softmax":
        return notation.number(1.0)
    return atom(f"abs({e.text})", e.dims) if name == "norm" else e


def _target(texts: list[Text], symbol: Symbol) -> Dims:
    """How the axes of a result are arranged: as those of an operand, if it has them all."""
    numbers: Dims = tuple(range(len(symbol.shape)))
    if symbol.is_batched:
        return (*numbers, BATCHED)
    full = [e.dims for e in texts if set(e.dims) - {None} == set(numbers)]
    columns = [d for d in full if d == (0, None)]
    return next(iter([d for d in full if d == numbers and len(d) > 1] + columns + full), numbers)


def _one_of(e: Text, arrangements: list[Dims], s: Label, sizes: dict[Label, str]) -> Text:
    """The expression as a factor of a matrix product, which has to have the axis that is summed over."""
    if s not in e.dims:
        e = notation.spread(e, arrangements[0], sizes)
    if e.dims in arrangements:
        return e
    if len(e.dims) == 2 and e.dims[::-1] in arrangements:
        return notation.transposed(e)
    return notation.exactly(e, tuple(d if d in e.dims else None for d in arrangements[0]))


def _slice(start: int, last: int, step: int, size: int) -> str:
    """The rows from the first to the last."""
    if (start, last, step) == (0, size - 1, 1):
        return ":"
    if step < 0:
        return f"{start}:{last - 1 if last else ''}:{step}"
    stop = "" if last + step >= size else str(last + 1)
    return f"{start or ''}:{stop}" + (f":{step}" if step > 1 else "")


def _size(symbol: Symbol) -> str:
    """The shape of what comes in."""
    sizes = ["N" if d == BATCHED else "1" if d is None else str(symbol.shape[d]) for d in symbol.dims or ()]  # type: ignore[index]
    return " x ".join(sizes) or "a number"
