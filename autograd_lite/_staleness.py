"""Whether a graph still says how its numbers came about: the data of a leaf may have been changed since."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from autograd_lite.engine import Condition, Value
from autograd_lite.ops import TABLE


def stale_node(order: Sequence[Value]) -> Value | None:
    """The first node whose number its operands do not give any more, None if there is none.

    An optimizer's step changes weights, and not what was computed from them. Operations of the user's are
    not computed again, and conditions are taken as they were.

    Examples
    --------
    >>> x = Value(2.0, label="x")
    >>> y = x * x
    >>> stale_node([x, y])
    >>> x.data = 3.0
    >>> stale_node([x, y]) is y
    True
    """
    return next((node for node in order if _is_stale(node)), None)


def check_fresh(order: Sequence[Value], result: str, verb: str) -> None:
    """Raise RuntimeError if a node is stale: the result must be computed again before it is shown."""
    if (stale := stale_node(order)) is not None:
        raise RuntimeError(
            f"the data of an operand changed after {stale.op} had used it: compute {result} again before "
            f"you {verb} it"
        )


def _is_stale(node: Value) -> bool:
    row = node._primitive
    if row is None or TABLE.get(row.name) is not row:
        return False
    data = [
        x._number if isinstance(x, Value) else x._holds if isinstance(x, Condition) else x
        for x in node.inputs
    ]
    try:
        y = row.value(data) if row.is_nary else row.value(*data)
    except (ValueError, ArithmeticError):
        return True
    return y != node._number and not (isnan(y) and isnan(node._number))
