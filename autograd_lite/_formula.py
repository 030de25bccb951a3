"""How a node is written: the formula of its primitive, with the names or the numbers of its operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any

from autograd_lite._primitive import Primitive
from autograd_lite.engine import Condition, Value

TERMS = 6  # of a sum with more of them, the first and the last few are written
OPERATORS = frozenset(
    {"add", "sub", "mul", "div", "ieee_div", "neg", "pow", "ieee_pow", "square", "reciprocal"}
)


def formula(node: Value, text: Callable[[Value | float], str]) -> str:
    """The formula by which a node was computed, its operands written by `text`: one level of it.

    Parameters
    ----------
    node : Value
        A node that is no leaf.
    text : callable
        How an operand is written: its name, or its number. What is no single word is put in parentheses
        where an operator stands beside it.

    Examples
    --------
    >>> from autograd_lite import Value, dot, sigmoid
    >>> w, x = Value(0.5, label="w"), Value(-2.0, label="x")
    >>> def name(v): return v.label if isinstance(v, Value) else f"{v:g}"
    >>> def number(v): return f"{getattr(v, 'data', v):g}"
    >>> formula(w * x, name), formula(w * x, number), formula((w * x).sigmoid(), number)
    ('w * x', '0.5 * (-2)', 'σ(-1)')
    >>> formula(dot([w, x], [1.0, 2.0]), name)
    'w * 1 + x * 2'
    """
    if node._primitive is None:
        raise ValueError(f"expected a node that was computed, but got the leaf {node!r}")
    texts = [in_words(x, text) if isinstance(x, Condition) else text(x) for x in node.inputs]
    return written(node._primitive, texts)


def written(row: Primitive, texts: Sequence[str]) -> str:
    """The formula of a primitive, with these operands."""
    op = row.name
    if op == "where":
        return row.formula.format(*texts)
    if op in OPERATORS:
        return row.formula.format(*map(_in_parentheses, texts))
    if op in ("sum", "dot"):
        half = len(texts) // 2
        pairs = zip(texts[:half], texts[half:], strict=True)
        terms = list(texts) if op == "sum" else list(starmap(_product, pairs))
        return " + ".join(map(_in_parentheses, _elided(terms))) if op == "sum" else " + ".join(_elided(terms))
    if op == "prod":
        return " * ".join(map(_in_parentheses, _elided(texts)))
    if op == "softmax":
        return f"softmax({', '.join(_elided(texts[:-1]))})[{texts[-1]}]"
    name = row.symbol if len(row.symbol) == 1 else row.name
    if row.is_nary:
        name, texts = row.formula.partition("(")[0] if op != "norm" else "norm", _elided(texts)
    elif op == "abs":
        return row.formula.format(*texts)
    return f"{name}({', '.join(texts)})"


def _product(a: str, b: str) -> str:
    return f"{_in_parentheses(a)} * {_in_parentheses(b)}"


def _in_parentheses(text: str) -> str:
    """A text as an operand: in parentheses unless it is one word."""
    return f"({text})" if text.startswith("-") or " " in text else text


def _elided(terms: Sequence[str]) -> list[str]:
    """The terms, those in the middle left out if there are many."""
    return list(terms) if len(terms) <= TERMS else [*terms[: TERMS - 2], "...", terms[-1]]


def in_words(condition: Condition, text: Callable[[Value | float], str]) -> str:
    """A condition, to the second level."""
    parts = [
        ("(...)" if any(isinstance(y, Condition) for y in x.inputs) else _comparison(x, text))
        if isinstance(x, Condition)
        else _operand(x, text)
        for x in condition.inputs
    ]
    return f"not {parts[0]}" if condition.symbol == "not" else f" {condition.symbol} ".join(parts)


def _comparison(condition: Condition, text: Callable[[Value | float], str]) -> str:
    return f" {condition.symbol} ".join(_operand(x, text) for x in condition.inputs)


def _operand(x: Any, text: Callable[[Value | float], str]) -> str:
    return str(x) if isinstance(x, bool) else text(x)


def figure(x: float, digits: int = 4) -> str:
    """A number to some significant digits, as pictures and explanations show it."""
    return f"{x + 0.0:.{digits}g}"  # never -0
