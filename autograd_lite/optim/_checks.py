"""What arguments of rules and schedules may be: each check returns the number, or raises.

All raise TypeError for what is no number, also for True and False, and ValueError for a number out of range.
"""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from autograd_lite._primitive import number


def positive(name: str, x: Any) -> float:
    """A finite number above 0."""
    return checked(x, f"a positive finite number for {name}", lambda x: 0 < x < inf)


def not_negative(name: str, x: Any) -> float:
    """A finite number, 0 or more."""
    return checked(x, f"a finite number of at least 0 for {name}", lambda x: 0 <= x < inf)


def fraction(name: str, x: Any) -> float:
    """A number from 0 to 1, without 1."""
    return checked(x, f"a number in [0, 1) for {name}", lambda x: 0 <= x < 1)


def checked(x: Any, wanted: str, holds: Callable[[float], bool]) -> float:
    """`x` as a float, of which something must hold."""
    if isinstance(x, bool | np.bool_):
        raise TypeError(f"expected {wanted}, but got {x!r}")
    converted = number(x, wanted)
    if not holds(converted):
        raise ValueError(f"expected {wanted}, but got {x!r}")
    return converted


def count(name: str, n: Any, least: int | None = None) -> int:
    """A whole number, perhaps of at least `least`; NumPy's may come in an array without dimensions."""
    whole = np.asarray(n).dtype.kind in "iu" and np.ndim(n) == 0
    if not whole:
        raise TypeError(f"expected an integer for {name}, but got {n!r}")
    if least is not None and n < least:
        raise ValueError(f"expected an integer of at least {least} for {name}, but got {n!r}")
    return int(n)
