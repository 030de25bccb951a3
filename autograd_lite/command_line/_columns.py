"""Tables of names and numbers for a terminal."""

from collections.abc import Sequence
from itertools import zip_longest

from autograd_lite.explain._writing import ascii_name, width


def table(header: Sequence[str], rows: Sequence[Sequence[str | float]], unicode: bool = True) -> str:
    """Aligned columns: names, in the first one, on the left, numbers with six digits on the right.

    Examples
    --------
    >>> print(table(["name", "value"], [["w", 0.6], ["bias", -1.0]]))
    name  value
    w       0.6
    bias     -1
    """
    cells = [[_cell(x, unicode) for x in row] for row in (header, *rows)]
    columns = list(zip_longest(*cells, fillvalue=""))
    widths = [max(map(width, column)) for column in columns]
    lines = zip(*columns, strict=True)
    return "\n".join("  ".join(map(_padded, line, widths, range(len(line)))).rstrip() for line in lines)


def _cell(x: str | float, unicode: bool) -> str:
    if isinstance(x, str):
        return x if unicode else ascii_name(x)
    return f"{x + 0.0:.6g}"  # never -0


def _padded(text: str, size: int, column: int) -> str:
    blanks = " " * (size - width(text))
    return blanks + text if column else text + blanks
