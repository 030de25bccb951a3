"""Structures of numbers: lists, tuples, dicts and arrays, nested; taken apart, and put together again.

A structure is written down as tokens in preorder, a container before its children, so that walking,
comparing and rebuilding are loops: nothing recurses, however deep the nesting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np


class Token(NamedTuple):
    """A place in a structure: a container and its keys, or a leaf and the shape of its array."""

    kind: Any  # list, tuple, a class of named tuples or dict; None for a leaf
    keys: tuple[Any, ...]  # of a leaf, the shape: () for a scalar

    def __str__(self) -> str:
        if self.kind is None:
            return f"an array of shape {self.keys}" if self.keys else "a number"
        if self.kind is dict:
            return f"a dict with the keys {', '.join(map(repr, self.keys)) or '(none)'}"
        return f"a {self.kind.__name__} of {len(self.keys)}"

    def fits(self, other: Token) -> bool:
        """Whether they are the same but for the order of a dict's keys."""
        same = self.keys == other.keys or (self.kind is dict and set(self.keys) == set(other.keys))
        return self.kind is other.kind and same


SCALAR = Token(None, ())


def token_of(x: Any) -> Token:
    """What stands at the top of a structure."""
    if type(x) is float or hasattr(type(x), "_record"):
        return SCALAR
    if isinstance(x, dict):
        return Token(dict, tuple(x))
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return Token(type(x), tuple(range(len(x))))
    if isinstance(x, list | tuple):
        return Token(list if isinstance(x, list) else tuple, tuple(range(len(x))))
    return Token(None, x.shape if isinstance(x, np.ndarray) else ())


class Structure(tuple[Token, ...]):
    """The tokens of a structure, with which other leaves are given the same form."""

    __slots__ = ()

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each leaf."""
        return [token.keys for token in self if token.kind is None]

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The structure with these leaves."""
        rest = list(leaves)
        built: list[Any] = []
        for token in reversed(self):
            if token.kind is None:
                built.append(rest.pop())
                continue
            children = [built.pop() for _ in token.keys]
            if token.kind is dict:
                built.append(dict(zip(token.keys, children, strict=True)))
            else:
                make = token.kind if token.kind in (list, tuple) else token.kind._make
                built.append(make(children))
        return built[0]

    def split(self, scalars: Any) -> Iterator[Any]:
        """An array whose last axis runs over the scalars of all leaves, cut into leaves.

        Axes before the last stay in front; a leaf without axes is its element itself.
        """
        if scalars.ndim == 1 and not any(self.shapes):
            yield from scalars.tolist()
            return
        start = 0
        for shape in self.shapes:
            stop = start + prod(shape)
            leaf = scalars[..., start:stop].reshape(scalars.shape[:-1] + shape)
            yield leaf if leaf.shape else leaf.item()
            start = stop

    def fill(self, scalars: Any) -> Any:
        """The structure with leaves cut from an array whose last axis runs over all scalars."""
        return self.rebuild(list(self.split(scalars)))

    def fill_rows(self, rows: Any, inner: Structure) -> Any:
        """The structure whose leaves are filled, each in the structure `inner`, from the rows of a matrix.

        A leaf of shape s with an inner leaf of shape t becomes an array of shape s + t.
        """
        filled = []
        start = 0
        for shape in self.shapes:
            stop = start + prod(shape)
            filled.append(inner.fill(rows[start:stop].reshape(*shape, rows.shape[-1])))
            start = stop
        return self.rebuild(filled)

    def leaves_of(self, tree: Any, what: str) -> list[Any]:
        """The leaves of another tree of this structure; raises ValueError if it has another."""
        leaves: list[Any] = []
        todo = [tree]
        for expected in self:
            x = todo.pop()
            if not expected.fits(got := token_of(x)):
                raise ValueError(f"{what}: expected {expected}, but got {got}")
            if expected.kind is None:
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
            if token.kind is not None:
                todo += [f"{path}[{key!r}]" for key in reversed(token.keys)]
            elif token.keys:
                paths += [f"{path}[{', '.join(map(str, i))}]" for i in np.ndindex(token.keys)]
            else:
                paths.append(path)
        return paths


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a structure, scalars and arrays; raises ValueError for a list that contains itself."""
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
        if token.kind is None:
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
