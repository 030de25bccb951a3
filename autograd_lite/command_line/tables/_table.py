"""Tables in CSV files: the names in their header, their rows, and what there is in each column."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from autograd_lite._choose import did_you_mean

Array = NDArray[np.float64]

# So many rows are held as text at a time.
CHUNK = 4096
# A column that has more different texts names things, and no kinds of things.
MAX_TEXTS = 1000
# How an empty cell is written, in any case.
MISSING = frozenset({"", "na", "n/a", "nan", "-nan", "+nan", "null", "?"})
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
# How files begin that people take for CSV.
OTHERS = {
    b"PK\x03\x04": "a workbook or another packed file: export the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: export the table as CSV",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "text in UTF-16: save it as UTF-8",
    b"\x1f\x8b": "packed with gzip: unpack it first",
}


class Chunk(NamedTuple):
    """Some rows of a table, and the line of the file in which each begins."""

    lines: list[int]
    rows: list[list[str]]

    def column(self, k: int) -> list[str]:
        """The cells of a column."""
        return [row[k] for row in self.rows]


@dataclass(frozen=True)
class Table:
    """A CSV file with its header read."""

    path: Path
    delimiter: str
    names: tuple[str, ...]

    def chunks(self) -> Iterator[Chunk]:
        """The rows, some at a time; raises ValueError for one with more or fewer cells than the header."""
        rows = islice(records(self.path, self.delimiter), 1, None)
        while some := list(islice(rows, CHUNK)):
            for line, cells in some:
                if len(cells) != len(self.names):
                    raise ValueError(
                        f"expected {len(self.names)} cells in each row of {str(self.path)!r}, as many as "
                        f"its header has, but line {line} has {len(cells)}: put a cell that has a "
                        f"{self.delimiter!r} in it in quotes"
                    )
            yield Chunk([line for line, _ in some], [cells for _, cells in some])

    def find(self, name: str, what: str = "column") -> int:
        """The place of a column; raises ValueError, with what it is wanted for, if there is none."""
        if name in self.names:
            return self.names.index(name)
        advice = did_you_mean(name, self.names) or f": it has {listed(self.names)}"
        if sum(number_of(other) is not None for other in self.names) > len(self.names) / 2:
            advice += ": its first line looks like data, write a line with the columns' names above it"
        raise ValueError(f"expected a {what} of {str(self.path)!r}, but it has no {name!r}{advice}")


def table_at(path: Path, delimiter: str | None = None) -> Table:
    """The table in a file, if it has a good header; a delimiter that is not given is found in that."""
    if not path.is_file() and path.exists():
        kind = "a folder" if path.is_dir() else "a device or a pipe"
        raise ValueError(f"expected a CSV file, but {str(path)!r} is {kind}")
    with path.open("rb") as stream:
        start = stream.read(4)
    for magic, kind in OTHERS.items():
        if start.startswith(magic):
            raise ValueError(f"expected a CSV file, but {str(path)!r} is {kind}")
    if delimiter is None:
        delimiter = max(DELIMITERS, key=lambda d: _header_size(path, d))
    _, header = next(records(path, delimiter), (1, []))
    if not header:
        raise ValueError(
            f"expected a line with the names of the columns, and rows, but {str(path)!r} is empty"
        )
    names = tuple(name.strip() for name in header)
    if names != ("",) * len(names) and all(number_of(x) is not None or not x for x in names):
        raise ValueError(
            f"expected a line with the names of the columns first in {str(path)!r}, but there are only "
            "numbers: write such a line above them"
        )
    if "" in names:
        raise ValueError(
            f"expected a name for each column of {str(path)!r}, but column {names.index('') + 1} has none: "
            "write one into its first line (pandas writes such a column without index=False)"
        )
    if twice := [name for name, n in Counter(names).items() if n > 1 and name]:
        raise ValueError(
            f"expected columns of different names in {str(path)!r}, but {twice[0]!r} is there twice: "
            "rename one"
        )
    return Table(path, delimiter, names)


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names for a message, not all of them if there are many."""
    texts = [repr(name) for name in names]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def is_missing(cell: str) -> bool:
    """Whether there is nothing in a cell, or something that says so."""
    return cell.strip().casefold() in MISSING


def number_of(cell: str) -> float | None:
    """The number in a cell, if there is one; it may be infinite."""
    if "_" in cell or is_missing(cell):
        return None
    try:
        x = float(cell)
    except ValueError:
        return None
    return None if np.isnan(x) else x


def numbers_in(cells: Sequence[str]) -> Array | None:
    """All numbers of a column, NaN where a cell is missing; None if one has something else."""
    try:
        # Python takes 1_000 for a number, which people do not.
        return None if "_" in "".join(cells) else np.fromiter(map(float, cells), float, len(cells))
    except ValueError:
        numbers = [np.nan if is_missing(cell) else number_of(cell) for cell in cells]
        return None if None in numbers else np.array(numbers, dtype=float)


def finite_numbers_in(chunk: Chunk, k: int, name: str) -> Array:
    """The numbers of a column, NaN where one is missing; raises ValueError for text and for infinities."""
    cells = chunk.column(k)
    numbers = numbers_in(cells)
    if numbers is not None and not np.isinf(numbers).any():
        return numbers
    for line, cell in zip(chunk.lines, cells, strict=True):
        x = number_of(cell)
        if x is None and not is_missing(cell):
            raise ValueError(
                f"expected numbers in the column {name!r}, but line {line} has {cell!r}: correct it, or "
                "leave the cell empty"
            )
        if x is not None and np.isinf(x):
            raise ValueError(
                f"expected finite numbers in the column {name!r}, but line {line} has {cell!r}: correct "
                "it, or leave the cell empty"
            )
    raise AssertionError("one of the cells was no finite number")


def places_in(chunk: Chunk, k: int, name: str, places: Mapping[str, int]) -> Array:
    """The place of each text of a column, NaN where one is missing; raises ValueError for unknown ones."""
    texts = [cell.strip() for cell in chunk.column(k)]
    found = [places.get(text, np.nan) for text in texts]
    for line, text, place in zip(chunk.lines, texts, found, strict=True):
        if place != place and not is_missing(text):
            raise ValueError(
                f"expected one of {listed(places)} in the column {name!r}, but line {line} has {text!r}"
            )
    return np.array(found, dtype=float)


@dataclass
class Survey:
    """What there is in a column: how many cells of each kind, and the first of each with its line."""

    name: str
    as_text: bool = False
    n_numbers: int = 0
    n_texts: int = 0
    n_commas: int = 0
    first_text: tuple[int, str] | None = None
    texts: set[str] = field(default_factory=set)

    @property
    def is_text(self) -> bool:
        """Whether most cells are no numbers, or all are wanted as text."""
        return self.n_texts > self.n_numbers

    @property
    def has_too_many(self) -> bool:
        """Whether there are more different texts than were kept."""
        return len(self.texts) > MAX_TEXTS

    def add(self, lines: Sequence[int], cells: Sequence[str]) -> None:
        """Look at some more cells."""
        numbers = None if self.as_text else numbers_in(cells)
        if numbers is not None and self.has_too_many:
            self.n_numbers += int(np.count_nonzero(~np.isnan(numbers)))
            return
        for cell, n in Counter(cells).items():
            if is_missing(cell):
                continue
            if not self.as_text and number_of(cell) is not None:
                self.n_numbers += n
            else:
                self.n_texts += n
                self.n_commas += n * bool(DECIMAL_COMMA.fullmatch(cell.strip()))
                if self.first_text is None:
                    self.first_text = lines[cells.index(cell)], cell
            if not self.has_too_many:
                self.texts.add(cell.strip())


def survey(table: Table, as_text: Set[str] = frozenset()) -> dict[str, Survey]:
    """What there is in each column, some of which are wanted as text.

    Raises ValueError if there is no row, or the numbers of a column have decimal commas.
    """
    columns = [Survey(name, name in as_text) for name in table.names]
    n = 0
    for chunk in table.chunks():
        n += len(chunk.rows)
        for k, column in enumerate(columns):
            column.add(chunk.lines, chunk.column(k))
    if not n:
        raise ValueError(f"expected rows below the header of {str(table.path)!r}, but there are none")
    for column in columns:
        if column.n_commas and column.n_commas == column.n_texts and not column.as_text:
            assert column.first_text is not None
            line, cell = column.first_text
            raise ValueError(
                f"expected numbers with decimal points in the column {column.name!r}, but line {line} has "
                f"{cell!r}: export the table with points, and without a separator of thousands"
            )
    return {column.name: column for column in columns}


def _header_size(path: Path, delimiter: str) -> int:
    """How many cells the header would have; none if it cannot be read so."""
    try:
        return len(next(records(path, delimiter), (1, []))[1])
    except ValueError:
        return 0


def records(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row, and the line in which it begins; empty lines are none."""
    begin = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(
                _without_nul(path, stream), delimiter=delimiter, skipinitialspace=True, strict=True
            )
            for cells in reader:
                if len(cells) > 1 or "".join(cells).strip():
                    yield begin, cells
                begin = reader.line_num + 1
    except UnicodeDecodeError:
        raise _encoding_error(path) from None
    except csv.Error as error:
        reason = str(error)
        if "limit" in reason or "unexpected end" in reason:
            reason = "a quote is opened there and not closed"
        raise ValueError(
            f"expected a CSV file, but {str(path)!r} has an error in line {begin}: {reason}"
        ) from None


def _without_nul(path: Path, stream: TextIO) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if "\0" in line:
            raise ValueError(
                f"expected a CSV file, but line {number} of {str(path)!r} has a NUL character: it is "
                "another kind of file, or damaged"
            )
        yield line


def _encoding_error(path: Path) -> ValueError:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return ValueError(
                    f"expected text in UTF-8, but line {number} of {str(path)!r} has the byte "
                    f"0x{line[error.start]:02x}: save the table as CSV in UTF-8"
                )
    return ValueError(f"expected text in UTF-8, but {str(path)!r} is in another encoding: save it in UTF-8")
