"""Checks of arguments: an entry of a table picked by its name, a number of things."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Integral
from typing import Any, TypeVar

T = TypeVar("T")


def choose(table: Mapping[str, T], name: object, kind: str) -> T:
    """The entry `name` of a `table` of things of one `kind`; raises ValueError if there is none."""
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(_unknown(table, name, kind))


def choose_argument(table: Mapping[str, T], name: object, kind: str) -> T:
    """The same for an argument, which raises TypeError if it is no string."""
    if not isinstance(name, str):
        raise TypeError(_unknown(table, name, kind))
    return choose(table, name, kind)


def _unknown(table: Mapping[str, T], name: object, kind: str) -> str:
    return f"unknown {kind} {name!r}{did_you_mean(name, table)}: choose one of {', '.join(map(repr, table))}"


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """The most similar of the `names` as a question in parentheses, empty if none is.

    Examples
    --------
    >>> did_you_mean("sigmiod", ["tanh", "sigmoid"]), did_you_mean("x", ["tanh"])
    (" (did you mean 'sigmoid'?)", '')
    """
    if not isinstance(name, str) or len(name) > 100:
        return ""
    spelled = {known.lower(): known for known in names}
    similar = get_close_matches(name.lower(), spelled, n=1)
    return f" (did you mean {spelled[similar[0]]!r}?)" if similar else ""


def at_least_one(n: Any, name: str) -> int:
    """The argument `n` of that name as an integer; raises TypeError if it is none, ValueError below 1.

    Examples
    --------
    >>> at_least_one(0, "max_nodes")
    Traceback (most recent call last):
        ...
    ValueError: expected an integer of at least 1 for max_nodes, but got 0
    """
    if not isinstance(n, Integral) or isinstance(n, bool):
        raise TypeError(f"expected an integer of at least 1 for {name}, but got {n!r}")
    if n < 1:
        raise ValueError(f"expected an integer of at least 1 for {name}, but got {n!r}")
    return int(n)
