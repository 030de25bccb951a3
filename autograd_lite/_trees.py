"""Structures of numbers: lists, tuples, dicts and arrays, nested; taken apart, and put together again.

A structure is written down as tokens in preorder, a container before its children, so that walking,
comparing and rebuilding are loops: nothing recurses, however deep the nesting. An array, and a list of
nothing but scalars, is one leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

CONTAINERS = (list, tuple, dict, np.ndarray)


class Token(NamedTuple):
    """A place in a structure: a container and its keys, or a leaf and its shape."""

    kind: Any  # list, tuple, a class of named tuples or dict; None for an array or a scalar
    keys: tuple[Any, ...]  # of a leaf, the shape: () for a scalar
    is_leaf: bool

    def __str__(self) -> str:
        if self.kind is None:
            return f"an array of shape {self.keys}" if self.keys else "a number"
        if self.kind is dict:
            return f"a dict with the keys {', '.join(map(repr, self.keys)) or '(none)'}"
        return f"a {self.kind.__name__} of {self.length}"

    @property
    def length(self) -> int:
        """The length of a list or tuple."""
        return self.keys[0] if self.is_leaf else len(self.keys)

    def fits(self, other: Token) -> bool:
        """Whether they are the same but for the order of a dict's keys and for what lists are of."""
        if self.kind in (None, dict):
            return (
                self.kind is other.kind
                and set(self.keys) == set(other.keys)
                and (self.kind is dict or self.keys == other.keys)
            )
        return self.kind is other.kind and self.length == other.length


SCALAR = Token(None, (), True)


def token_of(x: Any) -> Token:
    """What stands at the top of a structure."""
    if isinstance(x, dict):
        return Token(dict, tuple(x), False)
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return Token(type(x), tuple(range(len(x))), False)
    if isinstance(x, list | tuple):
        kind = list if isinstance(x, list) else tuple
        if any(issubclass(child, CONTAINERS) for child in set(map(type, x))):
            return Token(kind, tuple(range(len(x))), False)
        return Token(kind, (len(x),), True)
    return Token(None, x.shape if isinstance(x, np.ndarray) else (), True)


class Structure(tuple[Token, ...]):
    """The tokens of a structure, with which other leaves are given the same form."""

    __slots__ = ()

    @property
    def leaves(self) -> list[Token]:
        """The tokens of the leaves."""
        return [token for token in self if token.is_leaf]

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The structure with these leaves."""
        rest = list(leaves)
        built: list[Any] = []
        for token in reversed(self):
            if token.is_leaf:
                built.append(rest.pop())
                continue
            children = [built.pop() for _ in token.keys]
            if token.kind is dict:
                built.append(dict(zip(token.keys, children, strict=True)))
            else:
                make = token.kind if token.kind in (list, tuple) else token.kind._make
                built.append(make(children))
        return built[0]

    def fill(self, scalars: list[Any], as_array: Callable[[list[Any]], Any]) -> Any:
        """The structure with these scalars in its leaves; `as_array` makes an array of one axis."""
        leaves = []
        start = 0
        for token in self.leaves:
            part = scalars[start : (start := start + prod(token.keys))]
            if token.kind is None:
                leaves.append(as_array(part).reshape(token.keys) if token.keys else part[0])
            else:
                leaves.append(token.kind(part))
        return self.rebuild(leaves)

    def fill_columns(self, columns: Any) -> Any:
        """The structure with, for each scalar, what stands there on the last axis of an array."""
        if columns.ndim == 1:
            return self.fill(columns.tolist(), lambda part: np.array(part, columns.dtype).view(type(columns)))
        leaves = []
        start = 0
        for token in self.leaves:
            part = columns[..., start : (start := start + prod(token.keys))]
            if token.kind is None:
                leaves.append(part.reshape(columns.shape[:-1] + token.keys))
            else:
                leaves.append(token.kind(part[..., k] for k in range(token.keys[0])))
        return self.rebuild(leaves)

    def fill_rows(self, rows: Any, inner: Structure) -> Any:
        """The structure whose scalars are structures `inner`, filled from the rows of a matrix.

        An array of shape s with an inner array of shape t becomes an array of shape s + t.
        """
        leaves = []
        start = 0
        for token in self.leaves:
            part = rows[start : (start := start + prod(token.keys))]
            if token.kind is None:
                leaves.append(inner.fill_columns(part.reshape(*token.keys, rows.shape[-1])))
            else:
                leaves.append(token.kind(map(inner.fill_columns, part)))
        return self.rebuild(leaves)

    def leaves_of(self, tree: Any, what: str) -> list[Any]:
        """The leaves of another tree of this structure; raises ValueError if it has another."""
        leaves: list[Any] = []
        todo = [tree]
        for expected in self:
            x = todo.pop()
            if not expected.fits(got := token_of(x)):
                came = type(x).__name__ if got == SCALAR and not isinstance(x, Real) else got
                raise ValueError(f"{what}: expected {expected}, but got {came}")
            if expected.is_leaf:
                if expected.kind and not got.is_leaf and (wrong := [y for y in x if token_of(y) != SCALAR]):
                    raise ValueError(f"{what}: expected {SCALAR}, but got {token_of(wrong[0])}")
                leaves.append(x)
            else:
                todo += [x[key] for key in reversed(expected.keys)]
        return leaves

    def paths(self) -> list[str]:
        """How each scalar is reached from the top, as in ``['weights'][0][2, 1]``."""
        paths: list[str] = []
        todo = [""]
        for token in self:
            path = todo.pop()
            if not token.is_leaf:
                todo += [f"{path}[{key!r}]" for key in reversed(token.keys)]
            elif token.keys:
                paths += [f"{path}[{', '.join(map(str, i))}]" for i in np.ndindex(token.keys)]
            else:
                paths.append(path)
        return paths


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a structure and its tokens; raises ValueError for a list that contains itself."""
    leaves: list[Any] = []
    tokens: list[Token] = []
    within: set[int] = set()
    todo: list[tuple[Any, bool]] = [(tree, False)]
    while todo:
        x, is_finished = todo.pop()
        if is_finished:
            within.remove(id(x))
            continue
        token = token_of(x)
        tokens.append(token)
        if token.is_leaf:
            leaves.append(x)
            continue
        if id(x) in within:
            raise ValueError(
                f"expected nested lists or dicts, but got a {token.kind.__name__} that contains itself"
            )
        within.add(id(x))
        todo.append((x, True))
        todo += [(x[key], False) for key in reversed(token.keys)]
    return leaves, Structure(tokens)


def scalars(leaves: Sequence[Any]) -> list[Any]:
    """The scalars in these leaves."""
    return [x for leaf in leaves for x in scalars_of(leaf)]


def scalars_of(leaf: Any) -> list[Any]:
    """The elements of an array or of a list of scalars, or the scalar itself."""
    if isinstance(leaf, list | tuple):
        return list(leaf)
    if not isinstance(leaf, np.ndarray):
        return [leaf]
    # A matrix keeps two axes, whatever it is asked; of masked elements the list must keep a trace.
    return (leaf if np.ma.isMaskedArray(leaf) else np.asarray(leaf)).ravel().tolist()
