"""The names of the lecture for the symbols of a program: Z and A of each layer, its error D, dW and db."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from autograd_lite.compiler._symbolic import BATCHED, Part, Symbol, Trace, parts_of

ARITHMETIC = frozenset({"add", "subtract", "multiply", "negative", "copy", "select", "<", "<=", ">", ">="})
KNOWN = frozenset({"input", "parameters", "theta", "constant"})
# How far a factor may be from the result that it is a factor of.
DEPTH = 8

Names = dict[int, str]


def uses_of(trace: Trace) -> dict[int, int]:
    """How often each symbol is used that the results depend on."""
    uses: dict[int, int] = {}
    for owner, _ in trace.leaves:
        for k in np.unique(owner).tolist():
            uses[k] = uses.get(k, 0) + 1
    for k in range(len(trace.symbols) - 1, -1, -1):
        if k in uses:
            for part in _distinct(trace.symbols[k]):
                uses[part.source] = uses.get(part.source, 0) + 1
    return uses


def _distinct(symbol: Symbol) -> list[Part]:
    """The operands, once if both are the same: that is written as a square."""
    parts = list(parts_of(symbol))
    is_square = len(parts) == 2 and symbol.op in ("multiply", "matmul") and parts[0].source == parts[1].source
    return parts[:1] if is_square and np.array_equal(parts[0].rows.ravel(), parts[1].rows.ravel()) else parts


def names_of(trace: Trace, uses: dict[int, int]) -> Names:
    """The names of the symbols that have a role."""
    return _Namer(trace, uses).names()


class _Namer:
    def __init__(self, trace: Trace, uses: dict[int, int]) -> None:
        self.trace, self.symbols = trace, trace.symbols
        self.live = sorted(k for k in uses if k >= 0)
        self.found: Names = {}
        self.taken = {s.name for s in self.symbols if s.name} | {"N"}
        self.users: dict[int, list[int]] = {}
        for k in self.live:
            for part in parts_of(self.symbols[k]):
                self.users.setdefault(part.source, []).append(k)

    def names(self) -> Names:
        sums = {k: self._weighted_sum(k) for k in self._blocks() if self._is_weight(k)}
        for block, k in sums.items():
            if k is not None:
                letter = "Z" if self.symbols[block].name[0] == "W" else "z"
                self._name(self._end_of(k), letter + _suffix(self.symbols[block]))
        for k in sums.values():
            if k is not None:
                self._name_activation(k)
        for k in [k for k in self.found if self.found[k][0] in "Zz"]:
            self._name_result(k)
        self._name_gradients()
        for owner, _ in self.trace.leaves:
            if len(owner) == 1:
                self._name(int(owner[0]), "loss")
                break
        return self.found

    def _name(self, k: int, name: str) -> None:
        if k in self.found or self.symbols[k].op in KNOWN or not name.isidentifier():
            return
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        self.found[k] = name

    def _blocks(self) -> list[int]:
        return [k for k in self.live if self.symbols[k].op == "parameters"]

    def _is_weight(self, block: int) -> bool:
        return re.fullmatch(r"[Ww]\d*", self.symbols[block].name) is not None

    def _weighted_sum(self, block: int) -> int | None:
        """The first product of a block with something that is no parameter."""
        for k in self.users.get(block, ()):
            others = [p.source for p in parts_of(self.symbols[k]) if p.source != block]
            is_product = self.symbols[k].op in ("matmul", "multiply")
            if is_product and others and self.symbols[others[0]].op not in ("parameters", "theta"):
                return k
        return None

    def _end_of(self, k: int) -> int:
        """The sum with the bias, if that is all that a product is used for."""
        users = self.users.get(k, [])
        if len(users) == 1 and self.symbols[users[0]].op == "add":
            others = [p.source for p in parts_of(self.symbols[users[0]]) if p.source != k]
            if others and self.symbols[others[0]].op == "parameters":
                return users[0]
        return k

    def _name_activation(self, k: int) -> None:
        """Name what a weighted sum is of, if it comes from an earlier one."""
        for part in parts_of(self.symbols[k]):
            z = part.source
            for _ in range(DEPTH):
                if z in self.found:
                    if z != part.source and self.found[z][0] in "Zz":
                        self._name(part.source, _activation(self.found[z]))
                    break
                z = next((p.source for p in parts_of(self.symbols[z])), -1)
                if z < 0:
                    break

    def _name_result(self, k: int) -> None:
        """Name what is computed of the last weighted sum and used more than once."""
        for user in self.users.get(k, []):
            symbol = self.symbols[user]
            is_activation = symbol.op not in ARITHMETIC | {"matmul", "add.reduce"} and user not in self.found
            if is_activation and symbol.shape == self.symbols[k].shape and len(self.users.get(user, ())) > 1:
                if _activation(self.found[k]) not in self.taken:
                    self._name(user, _activation(self.found[k]))
                return

    def _name_gradients(self) -> None:
        place, index = self.trace.parameters
        for number, (owner, rows) in enumerate(self.trace.leaves):
            if len(owner) != len(place) or (len(owner) == 1 and number == 0):
                continue
            for block in np.unique(place).tolist():
                at = np.flatnonzero(place == block)
                k = int(owner[at[0]])
                is_own = (owner[at] == k).all() and np.array_equal(rows[at], index[at])
                if k < 0 or not is_own or self.symbols[block].op != "parameters":
                    continue
                self._name(k, f"d{self.symbols[block].name}")
                if self._is_weight(block):
                    self._name_error(block, k)

    def _name_error(self, block: int, k: int) -> None:
        """Name the left factor of a gradient."""
        for factor in self._products(k, DEPTH):
            first = next(parts_of(self.symbols[factor]), None)
            if first is not None and self.symbols[first.source].op not in KNOWN:
                self._name(first.source, f"D{_suffix(self.symbols[block])}")
                return

    def _products(self, k: int, depth: int) -> Iterator[int]:
        """The products over the batch, or without a batch the products, that a symbol is made of."""
        symbol = self.symbols[k]
        is_outer = symbol.op == "multiply" and len(symbol.shape) == 2 and len(list(parts_of(symbol))) == 2
        if is_outer or (symbol.op == "matmul" and symbol.data[2] == BATCHED):
            yield k
        elif depth and symbol.op in ("add", "multiply", "subtract", "negative"):
            for part in parts_of(symbol):
                yield from self._products(part.source, depth - 1)


def _suffix(symbol: Symbol) -> str:
    return symbol.name[1:]


def _activation(name: str) -> str:
    return ("A" if name[0] == "Z" else "a") + name[1:]
