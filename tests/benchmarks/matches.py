"""Matches between two contenders, which must agree before they are timed in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from .report import Row, Rows, Skipped, is_installed, with_version
from .timing import in_fresh_process, take_turns

TOLERANCE = 1e-9
PROCESSES = 3  # where things lie in memory is luck, worth some percent, and drawn once a process
PER_SECOND = {"ms": 1e3, "µs": 1e6}


class Contender(Protocol):
    """One way to do the work."""

    @property
    def step(self) -> Callable[[], object]:
        """The work, which is timed."""
        ...

    def numbers(self) -> Iterable[float]:
        """Do the work once, and give all that contenders must agree on."""
        ...


@dataclass(frozen=True)
class Match:
    """Who meets whom: functions that build a contender in the process where it is timed."""

    ours: Callable[[], Contender]
    our_title: str
    peer: Callable[[], Contender]
    title: str
    package: str | None = None  # the peer's, if it has one that may be missing
    bar: float | None = None
    collector: bool = True
    tolerance: float = TOLERANCE  # of every number, relative where it is large


def rows_of(matches: Sequence[Match], unit: str) -> Rows:
    """Two rows for each match: the peer, then ours with its ratio to the peer."""
    packages = dict.fromkeys(match.package for match in matches if match.package)
    missing = [package for package in packages if not is_installed(package)]
    yield from map(Skipped, missing)
    for match in matches:
        if match.package in missing:
            continue
        turns = [turn for _ in range(PROCESSES) for turn in in_fresh_process(play, match)]
        ours, theirs = (PER_SECOND[unit] * median(times) for times in zip(*turns, strict=True))
        title = with_version(match.package, match.title) if match.package else match.title
        yield Row(title if match.collector else f"{title}, collector off", theirs)
        yield Row(f"  {match.our_title}", ours, median(a / b for a, b in turns), match.bar)


def play(match: Match) -> list[tuple[float, float]]:
    """Time the two once they agree on every number."""
    ours, peer = match.ours(), match.peer()
    for number, (a, b) in enumerate(zip(ours.numbers(), peer.numbers(), strict=True)):
        if not abs(a - b) <= match.tolerance * max(1.0, abs(b)):
            raise ArithmeticError(
                f"{match.our_title} and {match.title} differ in number {number}: {a} and {b}"
            )
    return take_turns(ours.step, peer.step, match.collector)
