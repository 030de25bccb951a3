"""Symbolic expressions and names as text, of Unicode or of ASCII alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_lite._formula import figure, written
from autograd_lite._names import one_line
from autograd_lite._primitive import Primitive
from autograd_lite.explain._symbols import Base, Bracket, Call, Name, Slope, Sum, Symbol, symbol, terms_of

# What needs parentheses below an exponent.
POWERS = frozenset({"pow", "ieee_pow", "exp"})

# How tightly the surroundings bind.
TERM, FACTOR, POWER = 0, 1, 2

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ACCENTS = {"HAT": "hat", "TILDE": "tilde", "MACRON": "bar", "DOT ABOVE": "dot", "CIRCUMFLEX ACCENT": "hat"}


class Style(NamedTuple):
    """How things are written."""

    name: Callable[[Name], str]
    times: str
    fraction: Callable[[str, str], str]
    power: Callable[[str, float], str]
    call: Callable[[Primitive, Sequence[str]], str]
    parentheses: tuple[str, str]
    brackets: tuple[str, str]
    signs: dict[str, str]
    slope: Callable[[str], str]
    derivative: Callable[[str, str], str]
    copy: Callable[[str, int], str]
    figure: Callable[[float], str]
    constant: Callable[[float], str]
    has_bars: bool


def write(e: Symbol, style: Style, around: int = TERM) -> str:
    """An expression in a style, in parentheses where its surroundings need them."""
    terms = terms_of(e) if e.coefficient == 1.0 else (e,)
    if len(terms) > 1:
        text = write(terms[0], style)
        for term in terms[1:]:
            sign = "-" if term.coefficient < 0.0 else "+"
            text += f" {sign} {_positive(write(-term if sign == '-' else term, style), style)}"
        return _wrap(text, style) if around > TERM else text
    (e,) = terms
    above = [(base, p) for base, p in e.powers if p > 0.0]
    below = [(base, -p) for base, p in e.powers if p < 0.0]
    size = abs(e.coefficient)
    inverse = 1.0 / size if 0.0 < size < 1.0 else 0.0
    # x/3 and 1/(2 √x), but 0.1 x as it was typed.
    is_share = bool(below) or (bool(e.powers) and len(constant(size)) > 6)
    is_share = is_share and inverse.is_integer() and 1.0 < inverse <= 1000.0
    first = [style.constant(size)] if size != 1.0 and not is_share else []
    upper = first + _powers(above, style, is_alone=style.has_bars and bool(below or is_share) and not first)
    divisors = [style.constant(inverse)] if is_share else []
    lower = divisors + _powers(below, style, is_alone=style.has_bars and not divisors)
    if len(upper) + len(lower) > 1 or e.coefficient < 0.0 or around > TERM:
        upper, lower = ([_positive(text, style) for text in texts] for texts in (upper, lower))
    numerator, denominator = style.times.join(upper) or "1", style.times.join(lower)
    if len(lower) > 1 and not style.has_bars:
        denominator = _wrap(denominator, style)
    text = style.fraction(numerator, denominator) if lower else numerator
    sign = "-" if e.coefficient < 0.0 else ""
    is_product = len(upper) > 1 or (bool(lower) and not style.has_bars)
    return _wrap(sign + text, style) if around > TERM and (sign or is_product) else sign + text


def _powers(powers: Sequence[tuple[Base, float]], style: Style, *, is_alone: bool) -> list[str]:
    """The factors; a sum that is all that stands above or below a bar needs no parentheses."""
    match powers:
        case [(Sum() as base, 1.0)] if is_alone:
            return [write(Symbol(1.0, ((base, 1.0),)), style)]
    return [_powered(base, p, style) for base, p in powers]


def _powered(base: Base, exponent: float, style: Style) -> str:
    text = _written_base(base, style)
    if exponent == 1.0:
        return text
    is_power = isinstance(base, Call) and base.row.name in POWERS
    return style.power(_wrap(text, style) if is_power else _positive(text, style), exponent)


def _positive(text: str, style: Style) -> str:
    """A text that does not begin with a minus sign."""
    return _wrap(text, style) if text.startswith("-") else text


def _written_base(base: Base, style: Style) -> str:
    match base:
        case Name():
            return style.name(base)
        case Sum():
            return _wrap(write(Symbol(1.0, ((base, 1.0),)), style), style)
        case Bracket():
            return _condition(base, style).join(style.brackets)
        case Slope(function, x, _):
            return style.slope(function) + write(x, style).join(style.parentheses)
        case Call(row, operands):
            level = POWER if row.name in ("pow", "ieee_pow") else TERM
            return style.call(row, [_argument(x, style, level) for x in operands])


def _is_atom(e: Symbol) -> bool:
    """Whether an expression can stand beside an exponent: a name, a call, a number, or a sum."""
    if not e.powers:
        return e.coefficient >= 0.0
    ((base, exponent), *others) = e.powers
    is_power = isinstance(base, Call) and base.row.name in POWERS
    return not others and exponent == 1.0 == e.coefficient and not is_power


def _argument(x: Any, style: Style, level: int) -> str:
    if isinstance(x, Bracket):
        return _condition(x, style)
    if level == TERM:
        return write(x, style)
    return write(x, style, FACTOR) if _is_atom(x) else _wrap(write(x, style), style)


def _condition(condition: Bracket, style: Style) -> str:
    parts = [
        _condition(x, style).join(style.parentheses)
        if isinstance(x, Bracket)
        else str(x)
        if isinstance(x, bool)
        else write(symbol(x), style)
        for x in condition.operands
    ]
    sign = style.signs.get(condition.symbol, condition.symbol)
    return f"{sign} {parts[0]}" if condition.symbol == "not" else f" {sign} ".join(parts)


def _wrap(text: str, style: Style) -> str:
    return text.join(style.parentheses)


def _text_power(base: str, exponent: float) -> str:
    if exponent == 0.5:
        return f"√{base}" if base.startswith("(") else f"√({base})"
    if exponent.is_integer() and abs(exponent) < 1000.0:
        return base + f"{exponent:.0f}".translate(SUPERSCRIPTS)
    return f"{base}**{constant(exponent)}"


def _ascii_power(base: str, exponent: float) -> str:
    if exponent == 0.5:
        return f"sqrt{base}" if base.startswith("(") else f"sqrt({base})"
    return f"{base}**{constant(exponent)}"


def _text_call(row: Primitive, texts: Sequence[str]) -> str:
    if row.name in ("pow", "ieee_pow"):
        return "**".join(texts)
    text = written(row, texts)
    return f"({text})" if row.name == "where" else text


def _ascii_call(row: Primitive, texts: Sequence[str]) -> str:
    symbol = f"{row.symbol}("
    text = _text_call(row, texts)
    return text.replace(symbol, f"{row.name}(", 1) if text.startswith(symbol) else text


def ascii_name(text: str) -> str:
    """A label in ASCII: Greek letters and accents are spelled out, ŷ is y_hat.

    Examples
    --------
    >>> ascii_name("ŷ"), ascii_name("σ₁"), ascii_name("naïve 中")
    ('y_hat', 'sigma1', 'naive \\\\u4e2d')
    """
    return "".join(map(_ascii_letter, unicodedata.normalize("NFKD", one_line(text))))


def _ascii_letter(c: str) -> str:
    name = unicodedata.name(c, "")
    if c.isascii():
        return c
    if greek := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)", name):
        word = greek[2].replace("LAMDA", "LAMBDA")
        return word.lower() if greek[1] == "SMALL" else word.title()
    if unicodedata.combining(c):
        accent = ACCENTS.get(name.removeprefix("COMBINING "), "")
        return f"_{accent}" if accent else ""
    return c.encode("ascii", "backslashreplace").decode()


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def constant(x: float) -> str:
    """A constant as it was typed, or with so many digits that it is the same but for rounding."""
    return f"{x:.12g}"


def _word(name: str) -> str:
    """A name as one word, as ∂J/∂w is in (∂J/∂w)²."""
    return f"({name})" if re.search("[-+*/]", name) else name


UNICODE = Style(
    lambda name: _word(one_line(name.text)),
    "·",
    lambda n, d: f"{n}/{d}",
    _text_power,
    _text_call,
    ("(", ")"),
    ("[", "]"),
    {},
    lambda f: f"{f}'",
    lambda top, below: f"∂{top}/∂{below}",
    lambda name, i: f"{name}#{i}",
    figure,
    constant,
    False,
)
ASCII = UNICODE._replace(
    name=lambda name: _word(ascii_name(name.text)),
    times="*",
    power=_ascii_power,
    call=_ascii_call,
    derivative=lambda top, below: f"d{top}/d{below}",
)


def with_numbers(style: Style) -> Style:
    """The same style, but every name is replaced by the number that it stands for."""
    times = r" \cdot " if style.has_bars else style.times
    return style._replace(name=lambda name: style.figure(name.number), times=times)
