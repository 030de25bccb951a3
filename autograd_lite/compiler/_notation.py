"""`Text`: an expression of NumPy, which knows along which axes its value lies and how tightly it binds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd_lite.compiler._symbolic import Dims, Label

# How tightly things bind. A matrix product among factors is put in parentheses, though Python would not.
COMPARED, ADDED, CHAINED, MULTIPLIED, NEGATIVE, POWER, ATOM = 1, 4, 5, 6, 7, 8, 9

SIGNS = {"add": "+", "subtract": "-", "div": "/", "ieee_div": "/"}
COMPARISONS = ("<", "<=", ">", ">=")
LOGIC = {"and": "&", "or": "|"}
CONSTANT = {"0": "zeros", "1": "ones"}


class Text(NamedTuple):
    """An expression, and the label of each of its axes: None where the length is 1."""

    text: str
    binds: int
    dims: Dims
    is_bool: bool = False
    column: str = ""  # a sum along the last axis once more, with that axis kept
    summand: str = ""  # of a sum what is summed
    opposite: str = ""  # of a condition with which masks begin, the condition for what they leave

    def at_least(self, level: int) -> str:
        """The text, in parentheses if it binds less tightly."""
        return self.text if self.binds >= level else f"({self.text})"

    def as_number(self) -> Text:
        """A condition as 0 and 1, with which one can calculate."""
        if not self.is_bool:
            return self
        return Text(f"1.0 * {self.at_least(NEGATIVE)}", MULTIPLIED, self.dims)


def atom(text: str, dims: Dims = ()) -> Text:
    """A name, a number or a call."""
    return Text(text, ATOM, dims)


def number(x: float) -> Text:
    """A number, as short as it can be."""
    text = repr(int(x)) if x == round_or_none(x) and abs(x) < 1e15 else repr(x)
    return Text(text, ATOM if x >= 0 else NEGATIVE, ())


def round_or_none(x: float) -> int | None:
    """The integer near x, if x is finite."""
    return round(x) if abs(x) < float("inf") else None


def fits(dims: Dims, target: Dims) -> bool:
    """Whether NumPy broadcasts an array along these axes to the target without moving an axis."""
    if len(dims) > len(target):
        return all(d is None for d in dims[: -len(target) or None]) and fits(
            dims[len(dims) - len(target) :], target
        )
    return all(d is None or d == t for d, t in zip(reversed(dims), reversed(target), strict=False))


def broadcast(dims: Sequence[Dims]) -> Dims:
    """The axes of a result of several operands."""
    rank = max((len(d) for d in dims), default=0)
    padded = [(None,) * (rank - len(d)) + d for d in dims]
    return tuple(next((x for x in column if x is not None), None) for column in zip(*padded, strict=True))


def transposed(e: Text) -> Text:
    """The transpose."""
    dims = e.dims[::-1]
    if e.text.endswith(".T") and e.binds == ATOM:
        return atom(e.text[:-2], dims)
    return Text(f"{e.at_least(ATOM)}.T", ATOM, dims)


def aligned(e: Text, target: Dims) -> Text:
    """The expression such that NumPy broadcasts it to the target."""
    if fits(e.dims, target):
        return e
    if len(e.dims) == 2 and fits(e.dims[::-1], target):
        return transposed(e)
    first = next(k for k, d in enumerate(target) if d in e.dims and d is not None)
    wanted = tuple(d if d in e.dims else None for d in target[first:])
    return exactly(e, wanted)


def exactly(e: Text, wanted: Dims) -> Text:
    """The expression along exactly these axes, by indexing with None and 0 and by moving axes."""
    if e.dims == wanted:
        return e
    if e.column and wanted == (*e.dims, None):
        return Text(e.column, e.binds, wanted)
    if len(e.dims) == 2 and e.dims[::-1] == wanted:
        return transposed(e)
    if not e.dims and _is_number(e):
        return atom(f"array({'[' * len(wanted)}{e.text}{']' * len(wanted)})", wanted)
    have = [d for d in e.dims if d is not None]
    order = [d for d in wanted if d is not None]
    if have != order:
        kept = exactly(e, tuple(have))
        moved = ", ".join(str(have.index(d)) for d in order)
        return exactly(atom(f"{kept.at_least(ATOM)}.transpose({moved})", tuple(order)), wanted)
    return atom(f"{e.at_least(ATOM)}[{', '.join(_indices(e.dims, wanted))}]", wanted)


def _indices(dims: Dims, wanted: Dims) -> list[str]:
    """What to write in brackets to take away axes of length 1 and to put in others."""
    rest, found = list(dims), []
    for d in wanted:
        while d is not None and rest[0] is None:
            found.append("0")
            rest.pop(0)
        if d is None and rest and rest[0] is None:
            found.append(":")
            rest.pop(0)
        else:
            found.append("None" if d is None else ":")
            rest = rest if d is None else rest[1:]
    return found + ["0"] * len(rest)


def spread(e: Text, wanted: Dims, sizes: dict[Label, str]) -> Text:
    """The expression along exactly these axes, also those along which it is the same."""
    missing = [d for d in wanted if d is not None and d not in e.dims]
    if not missing:
        return exactly(e, wanted)
    shape = ", ".join("1" if d is None else sizes[d] for d in wanted)
    shape = f"({shape}{',' if len(wanted) == 1 else ''})"
    if e.text in CONSTANT:
        return atom(f"{CONSTANT[e.text]}({shape})", wanted)
    if not fits(e.dims, wanted):
        e = exactly(e, tuple(d if d in e.dims else None for d in wanted))
    return atom(f"broadcast_to({e.text}, {shape})", wanted)


def operation(op: str, a: Text, b: Text, dims: Dims) -> Text:
    """Two operands with a sign between them."""
    level = {"+": ADDED, "-": ADDED, "*": MULTIPLIED, "/": MULTIPLIED, "@": MULTIPLIED}[op]
    right = level + (op != "+" and (op != "*" or b.binds != MULTIPLIED or "/" in b.text))
    left = CHAINED if op == "/" else level
    binds = CHAINED if op == "@" else level
    column = f"{a.column} {op} {b.at_least(right)}" if a.column and not b.dims and a.binds >= left else ""
    if b.column and not a.dims and b.binds >= right:
        column = f"{a.at_least(left)} {op} {b.column}"
    return Text(f"{a.at_least(left)} {op} {b.at_least(right)}", binds, dims, column=column)


def product(a: Text, b: Text, dims: Dims) -> Text:
    """a * b, numbers first and conditions last; a column by a row is a matrix product."""
    if a.text == b.text and not a.is_bool:
        return Text(f"{a.at_least(ATOM)}**2", POWER, dims)
    if b.text in ("1", "1.0"):
        return a._replace(dims=dims) if a.dims == dims else operation("*", b, a, dims)
    if _is_number(b) or (a.is_bool and not b.is_bool and not _is_number(a)):
        a, b = b, a
    if a.dims[1:] == (None,) and len(b.dims) == 2 and b.dims[0] is None and a.dims[0] != b.dims[1]:
        return operation("@", a.as_number(), b.as_number(), dims)
    if a.text == "1" and b.is_bool:
        return b._replace(dims=dims)
    if a.text == "-1":
        return negative(b, dims)
    if a.is_bool:
        a = a.as_number()
    return operation("*", a, b, dims)


def _is_number(e: Text) -> bool:
    return e.text.lstrip("-")[:1].isdigit() and " " not in e.text


def negative(e: Text, dims: Dims) -> Text:
    """-x."""
    e = e.as_number()
    return Text(f"-{e.at_least(MULTIPLIED)}", MULTIPLIED if e.binds < ATOM else NEGATIVE, dims)


def total(e: Text, over: Sequence[Label], sizes: dict[Label, str]) -> Text:
    """The sum along axes, times their length where there is nothing to sum."""
    e = e.as_number()
    missing = [d for d in over if d not in e.dims]
    axes = [k for k, d in enumerate(e.dims) if d in over and d is not None]
    dims = tuple(d for d in e.dims if d not in over or d is None)
    if axes and all(d is None for d in dims):
        summand = e.summand or e.at_least(ATOM)
        e = Text(f"{summand}.sum()", ATOM, (), summand=summand)
    elif axes:
        axis = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
        summand = e.at_least(ATOM)
        is_last = axes == [len(e.dims) - 1]
        column = f"{summand}.sum({axis}, keepdims=True)" if is_last else ""
        e = Text(f"{summand}.sum({axis})", ATOM, dims, column=column, summand=e.summand or summand)
    for d in missing:
        e = operation("*", atom(sizes[d]), e, e.dims)
    return e


def divided(e: Text, power: int, dims: Dims) -> Text:
    """An expression times a power of the number of examples."""
    size = atom("N") if abs(power) == 1 else atom(f"N**{abs(power)}")
    pair = (e, size) if power < 0 else (size, e)
    return operation("/" if power < 0 else "*", *pair, dims)


def applied(op: str, xs: list[Text], dims: Dims) -> Text:
    """A function of arrays, as it is written."""
    if op == "multiply":
        return product(xs[0], xs[1], dims)
    if op == "select":
        return _selected(xs[0], xs[1], xs[2], dims)
    if op in COMPARISONS:
        sides = [x.at_least(ADDED) for x in xs]
        opposite = f"{sides[0]} > {sides[1]}" if op == "<=" else ""
        return Text(f"{sides[0]} {op} {sides[1]}", COMPARED, dims, is_bool=True, opposite=opposite)
    if op in LOGIC:
        text = f" {LOGIC[op]} ".join(x.at_least(MULTIPLIED) for x in xs)
        return Text(text, COMPARED, dims, is_bool=True)
    if op == "not":
        return Text(f"~{xs[0].at_least(ATOM)}", NEGATIVE, dims, is_bool=True)
    if op in ("copy", "stop_gradient"):
        return xs[0]._replace(dims=dims)
    xs = [x.as_number() for x in xs]
    if op in SIGNS:
        if op == "add" and xs[1].text.startswith("-") and xs[1].binds >= MULTIPLIED:
            return operation("-", xs[0], xs[1]._replace(text=xs[1].text[1:]), dims)
        return operation(SIGNS[op], xs[0], xs[1], dims)
    if op == "negative":
        return negative(xs[0], dims)
    if op in ("pow", "ieee_pow", "square"):
        power = xs[1].at_least(NEGATIVE) if len(xs) > 1 else "2"
        return Text(f"{xs[0].at_least(ATOM)}**{power}", POWER, dims)
    if op == "reciprocal":
        return operation("/", atom("1"), xs[0], dims)
    if op == "relu":
        return atom(f"maximum({xs[0].text}, 0)", dims)
    return atom(f"{op}({', '.join(x.text for x in xs)})", dims)


def _selected(a: Text, condition: Text, b: Text, dims: Dims) -> Text:
    """b, but a where the condition holds; a mask of zeros is a factor."""
    if a.text == "0" and condition.opposite:
        return product(b.as_number(), condition._replace(text=condition.opposite), dims)
    return atom(f"where({condition.text}, {a.text}, {b.text})", dims)
