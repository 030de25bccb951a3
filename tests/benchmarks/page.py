"""The page of results, docs/benchmarks.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from . import machine

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"

INTRODUCTION = """\
# Benchmarks

Written by `python -m tests.benchmarks --write` (`pip install -e ".[bench]"`). A row that is indented is ours,
and its ratio is that to the contender above it. Milliseconds belong to the machine; what travels is the ratio
of two contenders that met in one process, taking turns. A bar is the most that we allow ourselves: on the
ratio where there is one, on what was measured otherwise.

- Contenders agree on every number that they compute before they are timed.
- Times are CPU time, on one thread: the median over the turns in several fresh processes.
- The collector is on unless a row says otherwise. A turn is several consecutive steps, so that full
  collections are paid for.
- A step of `Value`s with binary operators moves some ten megabytes, so its ratio depends on what else uses
  the machine's memory: in single processes the moons step was seen from 0.6 to 0.87 of XAD's.

Measured on:
"""


def write(sections: Iterable[tuple[ModuleType, str]], path: Path = PAGE) -> None:
    """Write the page from each benchmark and its table."""
    parts = [f"{INTRODUCTION}\n{machine.description()}", *(_section(*section) for section in sections)]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _section(benchmark: ModuleType, table: str) -> str:
    """What the benchmark says of itself, and its table."""
    title = benchmark.TITLE[0].upper() + benchmark.TITLE[1:]
    return f"## {title}\n\n{inspect.getdoc(benchmark)}\n\n```text\n{table}\n```"
