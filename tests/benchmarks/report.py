"""What a benchmark hands back, and the table it is printed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec


@dataclass(frozen=True)
class Row:
    """One contender; the bar is on the ratio where there is one, on what was measured otherwise."""

    contender: str
    measured: float
    ratio: float | None = None
    bar: float | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        bar, met = "", ""
        if self.bar is not None:
            bar = f"{self.bar:g}"
            met = "met" if (self.measured if self.ratio is None else self.ratio) <= self.bar else "NOT MET"
        return f"{self.contender:<56}{self.measured:>10.4g}{ratio:>9}{bar:>8}  {met}".rstrip()


@dataclass(frozen=True)
class Skipped:
    """A contender that is not installed."""

    package: str

    def __str__(self) -> str:
        return f'{self.package} is not installed: pip install "autograd_lite[bench]"'


Rows = Iterable[Row | Skipped]


def is_installed(package: str) -> bool:
    return find_spec(package) is not None


def with_version(package: str, title: str) -> str:
    """The name under which a peer stands in the table."""
    return f"{title} {version(package)}"


def print_table(title: str, unit: str, rows: Rows) -> str:
    """Print each row as soon as it is measured, and give the table."""
    lines = [f"{title:<56}{unit:>10}{'ratio':>9}{'bar':>8}"]
    print(lines[0])
    for row in rows:
        lines.append(str(row))
        print(lines[-1], flush=True)
    print(flush=True)
    return "\n".join(lines)
