"""Picking an entry of a table by name, with an error that lists what there is."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def choose(table: Mapping[str, T], name: object, kind: str) -> T:
    """The entry `name` of a `table` of things of one `kind`; raises ValueError if there is none."""
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(f"unknown {kind} {name!r}: choose one of {', '.join(map(repr, table))}")


def choose_argument(table: Mapping[str, T], name: object, kind: str) -> T:
    """The same for an argument, which raises TypeError if it is no string."""
    if not isinstance(name, str):
        raise TypeError(f"unknown {kind} {name!r}: choose one of {', '.join(map(repr, table))}")
    return choose(table, name, kind)
