"""What a function requires of numbers: checked when they are known, by array."""

from __future__ import annotations

from typing import Any

import numpy as np


def check(x: Any, allowed: Any, message: str) -> None:
    """Raise ValueError unless all of the numbers are allowed."""
    if hasattr(allowed, "contains"):
        if x.min() >= allowed.low and x.max() <= allowed.high:
            return
        right = (x >= allowed.low) & (x <= allowed.high) | (x != x)
    else:
        right = x == allowed[0]
        for number in allowed[1:]:
            right |= x == number
    if not right.all():
        k = int(np.argmin(right))
        example = f" in example {k}" if np.ndim(x) else ""
        raise ValueError(message.format(f"{np.ravel(x)[k]:.10g}") + example)
