"""How an explanation is laid out, as text for a terminal and as LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain, count, zip_longest
from math import prod
from operator import mul
from typing import TYPE_CHECKING

from autograd_lite.engine import topological_order
from autograd_lite.explain._latex import LATEX
from autograd_lite.explain._simplification import simplified
from autograd_lite.explain._slopes import agrees
from autograd_lite.explain._symbols import Name, Symbol, TooLongError, names_in, number
from autograd_lite.explain._writing import FACTOR, TERM, Style, width, with_numbers, write

if TYPE_CHECKING:
    from autograd_lite.explain._explain import Explanation, Factor, Path

LONG = 12  # factors of a product: of a longer one those in the middle are left out
SHOWN = 12  # quantities whose formulas are written


def text(e: Explanation, style: Style, columns: int) -> str:
    """An explanation in the style of a terminal, products no wider than `columns` where that can be."""
    style = _with_distinct_names(e, style)
    title = derivative(e.y_name, e.x_name, style)
    if not e.paths:
        lines = [f"{title} = 0, because {_reason(e, style)}"]
    elif e.path_count == 1:
        lines = list(_product(title, e.paths[0], style, columns))
    else:
        lines = [f"{title} = {style.figure(e.gradient)}, the sum over {_count(e.path_count)} paths"]
        for i, path in enumerate(e.paths, start=1):
            lines += ["", *_product(f"path {i}", path, style, columns)]
        lines += ["", f"{title} = {_sum(e, style)}"]
    return "\n".join([*lines, *_quantities(e, style, columns)])


def derivative(top: str, below: str, style: Style) -> str:
    """The name of a derivative, as ∂J/∂w."""
    return style.derivative(_named(top, style), _named(below, style))


def _reason(e: Explanation, style: Style) -> str:
    """Why there is no path."""
    y, x = _named(e.y_name, style), _named(e.x_name, style)
    if e.x in set(topological_order(e.y)):
        return f"{y} does not depend on {x}"
    swapped = f": write explain({x}, {y}) for the opposite" if e.y in set(topological_order(e.x)) else ""
    return f"{x} is not in the graph of {y}{swapped}"


def _with_distinct_names(e: Explanation, style: Style) -> Style:
    """The style with different names for different nodes: in ASCII, ŷ and y_hat are spelled alike."""
    factors = [f for path in e.paths for f in _ends(path)]
    symbols = [*(f._symbol for f in factors), *(q._symbol for q in e.quantities)]
    inside = [x.text for e in symbols if e is not None for x in names_in(e) if isinstance(x, Name)]
    names = [e.y_name, e.x_name, *(name for f in factors for name in (f.of, f.by)), *inside]
    names += [q.name for q in e.quantities]
    spelled: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(dict.fromkeys(names), key=lambda name: _named(name, style) != name):
        plain = _named(name, style)
        copies = (style.copy(plain, i) for i in count(2))
        spelled[name] = next(text for text in chain([plain], copies) if text not in taken)
        taken.add(spelled[name])
    return style._replace(name=lambda name: spelled.get(name.text) or style.name(name))


def _named(name: str, style: Style) -> str:
    return style.name(Name(name, 0.0))


def _sum(e: Explanation, style: Style) -> str:
    terms = [_signed(path.product, style) for path in e.paths]
    if e.rest_count:
        others = "1 other path" if e.rest_count == 1 else f"{_count(e.rest_count)} other paths"
        terms.append(f"{_signed(e.rest, style)} ({others})")
    return f"{' + '.join(terms)} = {style.figure(e.gradient)}"


def _count(n: int) -> str:
    return str(n) if n < 10**9 else f"about 10**{len(str(n)) - 1}" if n < 10**4000 else "very many"


def _signed(x: float, style: Style) -> str:
    """A number as a term or a factor."""
    return style.figure(x).join(style.parentheses) if x < 0.0 else style.figure(x)


def _product(title: str, path: Path, style: Style, columns: int) -> Iterator[str]:
    """The product along a path: its factors by name, as formulas and as numbers, and what it comes to."""
    indent = " " * width(title)
    result = style.figure(path.product)
    short = simplification(path)
    shorter = [] if short is None else [write(short, style)]
    if len(path.factors) <= LONG:
        table = _table(_rows(path, style), f" {style.times} ")
        if max(map(width, table), default=0) <= columns - len(indent) - 3:
            *symbols, numbers = table or [result]
            lines = dict.fromkeys([*symbols, *shorter, numbers, result])
            for lead, line in zip_longest([title], lines, fillvalue=indent):
                yield f"{lead} = {line}"
            return
    if len(path.factors) < 2:
        yield f"{title} = {(_table(_rows(path, style), '') or [result])[0]}"
    else:
        yield f"{title} = the product of {len(path.factors)} factors"
        yield from _column(path, style)
    for line in [*shorter, result]:
        yield f"{indent} = {line}"


def _rows(path: Path, style: Style) -> list[list[str]]:
    """The factors by name, as formulas and as numbers; one alone not by its name, which the title is."""
    names = [derivative(f.of, f.by, style) for f in path.factors]
    alone = len(path.factors) == 1
    formulas = [
        name if f._symbol is None else write(f._symbol, style, TERM if alone else FACTOR)
        for f, name in zip(path.factors, names, strict=True)
    ]
    numbers = [_signed(f.value, style) for f in path.factors]
    if alone:
        return [*([] if path.factors[0]._symbol is None else [formulas]), [style.figure(path.product)]]
    return [names, formulas, numbers]


def _table(rows: Sequence[Sequence[str]], times: str) -> list[str]:
    """Rows of factors, one below the other."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [times.join(map(_padded, row, widths)).rstrip() for row in rows if row]


def _padded(cell: str, columns: int) -> str:
    return cell + " " * (columns - width(cell))


def _column(path: Path, style: Style) -> Iterator[str]:
    """The factors of a long product, one on each line."""
    factors = list(path.factors)
    middle = slice(LONG // 2, len(factors) - LONG // 2) if len(factors) > LONG else slice(0, 0)
    left_out = factors[middle]
    factors[middle] = []
    names = [derivative(f.of, f.by, style) for f in factors]
    formulas = ["" if f._symbol is None else write(f._symbol, style) for f in factors]
    wide = [max(map(width, column), default=0) for column in (names, formulas)]
    for i, (f, name, formula) in enumerate(zip(factors, names, formulas, strict=True)):
        if left_out and i == middle.start:
            product = prod(f.value for f in left_out)
            yield f"    ... {len(left_out)} more factors, whose product is {style.figure(product)}"
        value = style.figure(f.value)
        formula = f" = {_padded(formula, wide[1])}" if formula not in ("", value) else ""
        yield f"    {_padded(name, wide[0])}{formula} = {value}"


def simplification(path: Path) -> Symbol | None:
    """The product of the factors in a simpler form, None if there is none."""
    symbols = [f._symbol for f in path.factors if f._symbol is not None]
    if len(symbols) < len(path.factors) or len(symbols) > LONG:
        return None
    try:
        product = reduce(mul, symbols, number(1.0))
        short = simplified(product)
    except TooLongError:
        return None
    return short if _size(short) < sum(map(_size, symbols)) and agrees(short, path.product) else None


def _size(e: Symbol) -> int:
    return sum(1 for _ in names_in(e))


def _quantities(e: Explanation, style: Style, columns: int) -> Iterator[str]:
    """The nodes on the paths: their formulas with names and with numbers."""
    shown = [q for q in e.quantities if q._symbol is not None][:SHOWN]
    wide = max((width(_named(q.name, style)) for q in shown), default=0)
    for i, q in enumerate(shown):
        assert q._symbol is not None
        formula, numbers = write(q._symbol, style), write(q._symbol, with_numbers(style))
        name, value = _padded(_named(q.name, style), wide), style.figure(q.value)
        lines = [name, *dict.fromkeys([formula, numbers, value])]
        room = columns - width(name) - width(value) - 6
        if sum(map(width, lines[1:-1])) + 3 * len(lines) - 9 > room:
            lines = [name, formula if width(formula) <= room else f"{formula[: room - 3]}...", value]
        yield ("" if i else "\n") + " = ".join(lines)
    if len(e.quantities) > SHOWN:
        yield f"... and {len(e.quantities) - SHOWN} more"


def latex(e: Explanation) -> str:
    """An explanation in an ``aligned`` environment."""
    style = _with_distinct_names(e, LATEX)
    result = style.figure(e.gradient)
    if e.path_count == 1:
        rows = [_factors(row) for row in _latex_rows(e.paths[0], style)]
        if (short := simplification(e.paths[0])) is not None:
            rows.insert(-1, write(short, style))
    elif e.paths:
        others = "1 other path" if e.rest_count == 1 else f"{_count(e.rest_count)} other paths"
        brace = rf"\underbrace{{{_signed(e.rest, style)}}}_{{\text{{{others}}}}}"
        rest = [brace] if e.rest_count else []
        products = [_signed(path.product, style) for path in e.paths]
        table = zip(*(map(_factors, _latex_rows(path, style)) for path in e.paths), strict=True)
        sums = [" \\\\\n&\\quad + ".join([*terms, *rest]) for terms in table]
        rows = [*sums, " + ".join([*products, *rest])]
    else:
        rows = []
    title = derivative(e.y_name, e.x_name, style)
    lines = [
        f"{lead} &= {line}".strip()
        for lead, line in zip_longest([title], dict.fromkeys([*rows, result]), fillvalue="")
    ]
    body = " \\\\\n".join(lines)
    where = " \\\\\n".join(_latex_quantities(e, style))
    body += f" \\\\[1ex]\n{where}" if where else ""
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _latex_quantities(e: Explanation, style: Style) -> Iterator[str]:
    """The equations of the nodes."""
    for q in [q for q in e.quantities if q._symbol is not None][:SHOWN]:
        assert q._symbol is not None
        formulas = [write(q._symbol, style), write(q._symbol, with_numbers(style)), style.figure(q.value)]
        yield f"{_named(q.name, style)} &= {' = '.join(dict.fromkeys(formulas))}"


def _latex_rows(path: Path, style: Style) -> list[list[str]]:
    """The factors by name, as formulas and as numbers, those in the middle of a long product left out."""
    is_long = len(path.factors) > LONG
    factors = _ends(path)
    names = [derivative(f.of, f.by, style) for f in factors]
    formulas = [
        name if f._symbol is None else write(f._symbol, style, FACTOR if len(factors) > 1 else TERM)
        for f, name in zip(factors, names, strict=True)
    ]
    numbers = [_signed(f.value, style) for f in factors]
    # Alone, a factor has the name of the whole derivative.
    rows = [names if len(factors) > 1 else formulas, formulas, numbers]
    middle = [r"\cdots"] if is_long else []
    return [[*row[: LONG // 2], *middle, *row[LONG // 2 :]] for row in rows]


def _ends(path: Path) -> Sequence[Factor]:
    """The factors that are written: all, or the first and the last of many."""
    is_long = len(path.factors) > LONG
    return [*path.factors[: LONG // 2], *path.factors[-LONG // 2 :]] if is_long else path.factors


def _factors(row: Sequence[str]) -> str:
    return r" \cdot ".join(row) or "1"
