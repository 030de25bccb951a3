"""`Expression`: a program over the table of primitives, as data that can be run and read."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd_lite import ops
from autograd_lite._choose import choose
from autograd_lite._primitive import number
from autograd_lite.engine import Value
from autograd_lite.ops import TABLE

# What `Value` has code of its own for.
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": abs,
    "relu": operator.methodcaller("relu"),
}


class Step(NamedTuple):
    """A primitive and its operands: an int is the number of an earlier node, a float a constant."""

    name: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True, init=False, repr=False)
class Expression:
    """A program over the table of primitives: leaves, and steps whose last one is the result.

    Its representation is Python, with the program as comments; ``print(expression)`` writes it as a
    function, which runs after ``from autograd_lite.ops import *``.

    Parameters
    ----------
    leaves : iterable of float
        A point: the number at each leaf. The leaves are the nodes 0, 1, ..., the steps those that follow.
    steps : iterable of (str, iterable of int or float)
        The name of a primitive and its operands, an int being the number of an earlier node and a float a
        constant. The first operand of ``where`` stands for the condition that it is positive; those of
        ``dot`` are both vectors, those of ``softmax`` end with the index of the output.

    Raises
    ------
    ValueError
        If there is no leaf, no primitive of a name, or no earlier node of a number.
    TypeError
        If an operand is no number, or there are too many or too few.

    Examples
    --------
    >>> from autograd_lite import Value, grad
    >>> expression = Expression(leaves=[3.0, 2.0], steps=[("pow", (0, 2.0)), ("mul", (2, 1))])
    >>> expression(), expression(1.0, 5.0), grad(expression)(3.0, 2.0)
    (18.0, 5.0, 12.0)
    >>> expression(Value(3.0), Value(2.0)).op
    'mul'
    >>> print(expression)
    def expression(v0=3.0, v1=2.0):
        v2 = pow(v0, 2.0)
        v3 = mul(v2, v1)
        return v3
    """

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def __init__(self, leaves: Iterable[float], steps: Iterable[tuple[str, Iterable[int | float]]]) -> None:
        point = tuple(number(x, "a real number for a leaf") for x in leaves)
        if not point:
            raise ValueError("an expression needs at least one leaf")
        checked = tuple(_checked(*step, count) for count, step in enumerate(steps, start=len(point)))
        object.__setattr__(self, "leaves", point)
        object.__setattr__(self, "steps", checked)

    def __call__(self, *leaves: Any) -> Any:
        """The result, from floats or `Value`s for the leaves, by default from those of this expression."""
        return self.nodes(*leaves)[-1]

    def nodes(self, *leaves: Any, compute: Callable[[str, list[Any]], Any] | None = None) -> list[Any]:
        """The leaves and the results of all steps.

        Parameters
        ----------
        *leaves : float or Value
            As for a call.
        compute : callable, optional
            A function ``(name, operands)`` in the place of the primitives, for instance of another
            library with its own numbers as leaves. The first operand of ``where`` comes as a condition.

        Raises
        ------
        TypeError
            If the number of leaves is wrong.
        """
        if leaves and len(leaves) != len(self.leaves):
            raise TypeError(f"this expression takes {len(self.leaves)} leaves, but got {len(leaves)}")
        nodes = list(leaves or self.leaves)
        for step in self.steps:
            nodes.append(result_of(step, nodes, compute))
        return nodes

    def __str__(self) -> str:
        leaves = ", ".join(f"v{i}={x!r}" for i, x in enumerate(self.leaves))
        last = len(self.leaves) + len(self.steps) - 1
        return "\n    ".join([f"def expression({leaves}):", *self._lines(), f"return v{last}"])

    def __repr__(self) -> str:
        pairs = zip(self.steps, self._lines(), strict=True)
        steps = "".join(f"        {tuple(step)!r},  # {line}\n" for step, line in pairs)
        return f"Expression(\n    leaves={self.leaves!r},\n    steps=[\n{steps}    ],\n)"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis and IPython print it: they would take a dataclass apart."""
        for i, line in enumerate(repr(self).splitlines()):
            if i:
                printer.break_()
            printer.text(line)

    def _lines(self) -> Iterator[str]:
        """The steps as assignments."""
        for i, step in enumerate(self.steps, start=len(self.leaves)):
            yield f"v{i} = {_written(*step)}"


def _checked(name: str, operands: Iterable[Any], count: int) -> Step:
    """A step that comes after `count` nodes."""
    row = choose(TABLE, name, "primitive")
    operands = tuple(x if type(x) is int else number(x, f"a real number in {name}") for x in operands)
    if not row.is_nary and len(operands) != len(row.operands):
        raise TypeError(f"{name}{row.signature} takes {len(row.operands)} operands, but got {operands}")
    for x in operands:
        if type(x) is int and not 0 <= x < count:
            raise ValueError(f"{name} in node {count} takes earlier nodes, but got {x}")
    return Step(name, operands)


def result_of(step: Step, nodes: list[Any], compute: Callable[[str, list[Any]], Any] | None = None) -> Any:
    """The result of a step, from the results of those before it."""
    operands = [nodes[x] if type(x) is int else x for x in step.operands]
    if step.name == "where":
        operands[0] = operands[0] > 0
    return (compute or _compute)(step.name, operands)


def _compute(name: str, operands: list[Any]) -> Any:
    """A step on floats or Values, on these by operators where there are."""
    half = len(operands) // 2
    if name in OPERATORS and any(isinstance(x, Value) for x in operands):
        return OPERATORS[name](*operands)
    if name == "dot":
        return ops.dot(operands[:half], operands[half:])
    if name == "softmax":
        return ops.softmax(operands[:-1])[int(operands[-1])]
    function = getattr(ops, name)
    return function(operands) if TABLE[name].is_nary else function(*operands)


def _written(name: str, operands: tuple[int | float, ...]) -> str:
    """A step as a call of the function of `ops`."""
    names = [f"v{x}" if type(x) is int else repr(x) for x in operands]
    half = len(names) // 2
    if name == "where":
        names[0] += " > 0"
    if name == "dot":
        return f"dot([{', '.join(names[:half])}], [{', '.join(names[half:])}])"
    if name == "softmax":
        return f"softmax([{', '.join(names[:-1])}])[{int(operands[-1])}]"
    return f"{name}([{', '.join(names)}])" if TABLE[name].is_nary else f"{name}({', '.join(names)})"
