"""`Formula`: an expression as text, read without being run, and computed on floats or `Value`s."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_lite._choose import did_you_mean
from autograd_lite.command_line._domains import domain_error
from autograd_lite.command_line._errors import Source, UsageError
from autograd_lite.command_line._scan import Part, scan
from autograd_lite.command_line._whitelist import (
    CONSTANTS,
    FUNCTIONS,
    Step,
    error_at,
    steps_of,
)
from autograd_lite.engine import Value
from autograd_lite.ops import DomainError

RESULT_NAMES = ("f", "y", "J", "result")  # the first that is free is the name of a result without one
MOST_VALUES = 1_000
DECIMAL_COMMA = re.compile(r"[-+−]?[0-9]{1,99},[0-9]{1,99}")


class Statement(NamedTuple):
    """A name, empty for that of the result, and the steps that compute what it stands for."""

    name: str
    steps: list[Step]


class Formula:
    """An expression, perhaps after names for parts of it: ``z = w*x + b; (z - y)**2``.

    It consists of numbers, names, ``+ - * / **``, the functions of `ops` and choices, ``a if x > 0 else b``.
    Python's parser reads it, and what is not in the list of known nodes is refused; nothing is ever run.

    Parameters
    ----------
    text : str
        The expression.

    Raises
    ------
    UsageError
        If it is anything else, or longer or deeper than `scan` allows.

    Examples
    --------
    >>> formula = Formula("z = w*x; J = (z - 1)**2")
    >>> formula.inputs, formula.name
    (['w', 'x'], 'J')
    >>> formula.compute({"w": 2.0, "x": 3.0})
    {'w': 2.0, 'x': 3.0, 'z': 6.0, 'J': 25.0}
    """

    def __init__(self, text: str) -> None:
        self.source, parts = scan(text)
        self.statements = [
            Statement(part.name, steps_of(_parsed(self.source, part), self.source)) for part in parts
        ]
        self._first_uses: dict[str, ast.AST] = {}
        self._collect_names(parts)
        named = {statement.name for statement in self.statements}
        used = {*self._first_uses, *named}
        self.name = parts[-1].name or next(name for name in _result_names() if name not in used)
        last = self.statements[-1]
        if not last.name and len(last.steps) == 1 and isinstance(last.steps[0].action, str):
            self.name = last.steps[0].action  # what has a name gets no other one
            if self.name in named:
                self.statements.pop()

    def _collect_names(self, parts: Sequence[Part]) -> None:
        """Find the names that need a number, in the order in which they occur."""
        later = {part.name for part in parts}
        known: set[str] = set()
        for (name, steps), (_, start, end) in zip(self.statements, parts, strict=True):
            for step in steps:
                if not isinstance(step.action, str) or step.action in known:
                    continue
                if step.action in later:
                    raise error_at(self.source, step.node, f"{step.action} is used before its = has come")
                self._first_uses.setdefault(step.action, step.node)
            if name in known:
                raise self.source.error(f"{name} has a meaning already: choose another name", start, end)
            if not name and end != parts[-1].end:
                message = "only the last part can do without a name: write z = ... for this one"
                raise self.source.error(message, start, end)
            known.add(name)

    @property
    def inputs(self) -> list[str]:
        """The names that need a number, in the order in which they occur; pi and e may have one."""
        return list(self._first_uses)

    @property
    def parts(self) -> list[str]:
        """The names given to parts of the expression."""
        names = [statement.name for statement in self.statements]
        return [name for name in names if name not in ("", self.name)]

    def check_names(self, given: Iterable[str]) -> None:
        """Raise UsageError if a name has no number, or a number belongs to no name."""
        names = list(given)
        computed = {statement.name for statement in self.statements}
        for name in names:
            if name in computed:
                raise UsageError(f"{name} is computed by the expression: leave out {name}=...")
            if name not in self._first_uses:
                hint = did_you_mean(name, self.inputs)
                raise UsageError(f"there is no {name} in the expression{hint or f': leave out {name}=...'}")
        missing = [name for name in self.inputs if name not in names and name not in CONSTANTS]
        if missing:
            name = missing[0]
            example = " ".join(f"{x}=..." for x in missing[:5]) + " ..." * (len(missing) > 5)
            advice = f"write {example} after the expression"
            if name in FUNCTIONS:
                advice = f"write {name}(...) for the function, or {name}=... after the expression"
            raise error_at(self.source, self._first_uses[name], f"{name} has no value: {advice}")

    def compute(
        self, values: Mapping[str, Any], labelled: Callable[[str, Any], Any] = lambda name, x: x
    ) -> dict[str, Any]:
        """Every name with its number, the result last.

        Parameters
        ----------
        values : dict
            A float or a Value for each of `inputs`. One for a part of the expression takes its place.
        labelled : callable
            What becomes of a result that gets a name.

        Raises
        ------
        UsageError
            If a primitive is not defined for what it gets, with the place.
        """
        known: dict[str, Any] = {**CONSTANTS, **values}
        named = dict(values)
        for statement in self.statements:
            name = statement.name or self.name
            if name not in values:
                named[name] = known[name] = labelled(name, self._run(statement.steps, known))
        named[self.name] = named.pop(self.name)
        return named

    def _run(self, steps: Sequence[Step], known: Mapping[str, Any]) -> Any:
        stack: list[Any] = []
        for step in steps:
            action = step.action
            if isinstance(action, float):
                stack.append(action)
            elif isinstance(action, str):
                stack.append(known[action])
            else:
                first = len(stack) - len(step.operands)
                operands = stack[first:]
                del stack[first:]
                try:
                    stack.append(action(*operands))
                except DomainError:
                    raise domain_error(self.source, step, operands) from None
        return stack.pop()

    def graph(self, values: Mapping[str, float]) -> dict[str, Value]:
        """The graph at these numbers: every name with its node, the result last."""
        leaves = {name: Value(values[name], label=name) for name in self.inputs if name in values}
        return self.compute(leaves, _labelled)


def _labelled(name: str, x: Any) -> Value:
    """A result as a node with this label, unless it has one."""
    node = x if isinstance(x, Value) else Value(x)
    node.label = node.label or name
    return node


def _result_names() -> Iterable[str]:
    yield from RESULT_NAMES
    yield from (f"result{i}" for i in range(2, MOST_VALUES + 3))


def _parsed(source: Source, part: Part) -> ast.AST:
    """The tree of a part, as Python's parser reads expressions; the places in it are those in the source."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source[part.start : part.end], mode="eval").body
    except SyntaxError as error:
        start = part.start + (error.offset or 1) - 1
        end = part.start + (error.end_offset or 0) - 1
        raise source.error(_in_short(error.msg), start, min(end, part.end)) from None
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        raise UsageError(f"Python cannot read the expression: {error or type(error).__name__}") from None
    before = len(source[: part.start].encode())
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.keyword):
            node.col_offset += before
            node.end_col_offset = (node.end_col_offset or 0) + before
    return tree


def _in_short(message: str) -> str:
    """What Python says of wrong syntax, without guesses that fit programs only."""
    message = message.partition(". ")[0].partition(" (<unknown>")[0]
    return f"this is no expression: {message}"


def read_values(words: Sequence[str], formula: Formula) -> dict[str, float]:
    """The numbers from arguments such as ``w=0.6`` or ``x=pi/2``.

    Raises
    ------
    UsageError
        If one has another form or is not finite, a name has none or several, or does not occur.
    """
    if len(words) > MOST_VALUES:
        raise UsageError(f"expected at most {MOST_VALUES} values, but got {len(words)}")
    texts: dict[str, str] = {}
    for word in words:
        name, sign, text = (part.strip() for part in word.partition("="))
        name = unicodedata.normalize("NFKC", name)
        if not sign or not name.isidentifier():
            what = f"expected name=number, such as x=0.5, but got {word.strip()!r:.80}"
            raise UsageError(what if sign else f"{what}: an expression with spaces has to stand in quotes")
        if name in texts:
            raise UsageError(f"{name} has two values, {texts[name]:.20} and {text:.20}: leave one out")
        texts[name] = text
    formula.check_names(texts)
    return {name: _number(name, text) for name, text in texts.items()}


def _number(name: str, text: str) -> float:
    if DECIMAL_COMMA.fullmatch(text):
        raise UsageError(f"{name} needs a number with a decimal point: write {name}={text.replace(',', '.')}")
    try:
        return _finite(text)
    except UsageError as error:
        raise UsageError(f"{name} needs a number: {error.message}", error.place) from None


def _finite(text: str) -> float:
    """The number that an expression of numbers stands for."""
    formula = Formula(text)
    unknown = [name for name in formula.inputs if name not in CONSTANTS]
    if len(formula.statements) > 1 or formula.statements[0].name or unknown:
        raise formula.source.error("expected a number, such as 0.5 or pi/2", 0, len(formula.source))
    number = float(formula.compute({})[formula.name])
    if not math.isfinite(number):
        raise formula.source.error(f"expected a finite number, but this is {number}", 0, len(formula.source))
    return number
