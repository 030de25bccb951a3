"""`Condition`: what comparing `Value`s gives."""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any, ClassVar

from autograd_lite._primitive import is_real, number
from autograd_lite._recording import watching

COMPARISONS = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Condition:
    """The answer of a comparison of Values: true or false, with what was compared.

    It works in ``if`` and as the first argument of `where`, which records it; ``&``, ``|`` and ``~``
    combine conditions. Write ``(0 < x) & (x < 1)``: of ``0 < x < 1`` and of ``and`` Python keeps one half.

    Parameters
    ----------
    symbol : str
        ``<``, ``<=``, ``>``, ``>=``, ``and``, ``or`` or ``not``.
    inputs : tuple
        The Values and numbers compared, or the conditions combined.
    holds : bool
        Whether it is true.

    Examples
    --------
    >>> from autograd_lite import Value, where
    >>> x = Value(2.0, label="x")
    >>> x > 0
    Condition(x > 0.0: True)
    >>> where((x > 0) & ~(x < 1), x, 0.0).data
    2.0
    """

    __slots__ = ("_holds", "inputs", "symbol")

    _record: ClassVar[Callable[..., Any]]

    def __init__(self, symbol: str, inputs: tuple[Any, ...], holds: bool) -> None:
        self.symbol = symbol
        self.inputs = inputs
        self._holds = holds

    @property
    def holds(self) -> bool:
        """Whether it is true."""
        return bool(self)

    def __bool__(self) -> bool:
        if (watch := watching()) and not all(map(watch.is_constant, self.inputs)):
            watch.refuse(
                f"the condition {_in_words(self)} was asked for its answer",
                "where(condition, a, b), maximum or minimum",
            )
        return self._holds

    def __and__(self, other: Condition | bool) -> Condition:
        if not isinstance(other, Condition | bool):
            return NotImplemented
        return Condition("and", (self, other), self._holds and _holds(other))

    def __or__(self, other: Condition | bool) -> Condition:
        if not isinstance(other, Condition | bool):
            return NotImplemented
        return Condition("or", (self, other), self._holds or _holds(other))

    __rand__ = __and__
    __ror__ = __or__

    def __invert__(self) -> Condition:
        return Condition("not", (self,), not self._holds)

    def __str__(self) -> str:
        # In a function that is compiled text would be a way to get numbers out.
        return "condition" if watching() else _in_words(self)

    def __repr__(self) -> str:
        return "Condition(...)" if watching() else f"Condition({self}: {self.holds})"


def compare(symbol: str, a: Any, b: Any) -> Condition:
    """The condition on a Value and another or a number, NotImplemented on anything else."""
    if is_real(b):
        b = number(b)
        return Condition(symbol, (a, b), COMPARISONS[symbol](a._number, b))
    if hasattr(type(b), "_record") and not isinstance(b, Condition):
        return Condition(symbol, (a, b), COMPARISONS[symbol](a._number, b._number))
    return NotImplemented  # type: ignore[no-any-return]


def _holds(other: Condition | bool) -> bool:
    return other._holds if isinstance(other, Condition) else other


def _in_words(condition: Condition) -> str:
    names = [_name(x) for x in condition.inputs]
    return f"not {names[0]}" if condition.symbol == "not" else f" {condition.symbol} ".join(names)


def _name(operand: Any) -> str:
    """An operand in words; conditions are spelled out to the second level, however deep they go."""
    if isinstance(operand, Condition):
        nested = any(isinstance(x, Condition) for x in operand.inputs)
        return "(...)" if nested else f"({_in_words(operand)})"
    label = getattr(operand, "label", "")
    return label or repr(getattr(operand, "_number", operand))
