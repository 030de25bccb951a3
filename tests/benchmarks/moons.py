"""Matches over the moons step: ours against each peer, with and without the garbage collector."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from . import contenders
from .report import Row, Rows, Skipped, is_installed, with_version
from .timing import in_fresh_process, take_turns

TITLE, UNIT = "moons step: forward and backward, 337 parameters", "ms"
TOLERANCE = 1e-9
PROCESSES = 3  # where the graph lies in memory is luck, worth some percent, and drawn once a process

OURS = {
    "autograd_lite": "autograd_lite, binary operators",
    "autograd_lite_mlp": "autograd_lite, nn.MLP",
}


@dataclass(frozen=True)
class Match:
    """Who meets whom. `ours` and `peer` name functions in `contenders`."""

    ours: str
    peer: str
    package: str
    title: str
    collector: bool
    bar: float | None = None


MATCHES = (
    Match("autograd_lite", "xad", "xad", "XAD", collector=False, bar=0.8),
    Match("autograd_lite", "xad", "xad", "XAD", collector=True, bar=1.8),
    Match("autograd_lite_mlp", "xad", "xad", "XAD", collector=True, bar=0.4),
    Match("autograd_lite", "xad_branching", "xad", "XAD, ReLU by a branch", collector=False),
    Match("autograd_lite_mlp", "xad_branching", "xad", "XAD, ReLU by a branch", collector=True),
    Match("autograd_lite", "micrograd", "micrograd", "micrograd", collector=False),
    Match("autograd_lite", "micrograd", "micrograd", "micrograd", collector=True, bar=0.12),
    Match("autograd_lite", "torch_scalars", "torch", "PyTorch scalars", collector=True),
    Match("autograd_lite_mlp", "torch_tensors", "torch", "PyTorch tensors", collector=True),
    Match("autograd_lite_mlp", "numpy", "numpy", "NumPy by hand", collector=True),
)


def rows() -> Rows:
    missing = [p for p in dict.fromkeys(match.package for match in MATCHES) if not is_installed(p)]
    yield from map(Skipped, missing)
    for match in MATCHES:
        if match.package in missing:
            continue
        turns = [turn for _ in range(PROCESSES) for turn in in_fresh_process(play, match)]
        ours, theirs = (1e3 * median(times) for times in zip(*turns, strict=True))
        collector = "collector on" if match.collector else "collector off"
        yield Row(f"{with_version(match.package, match.title)}, {collector}", theirs)
        yield Row(f"  {OURS[match.ours]}", ours, median(a / b for a, b in turns), match.bar)


def play(match: Match) -> list[tuple[float, float]]:
    """Time the two once they agree on the loss and on all derivatives."""
    ours, peer = (getattr(contenders, name)() for name in (match.ours, match.peer))
    numbers = [[contender.step(), *contender.gradient()] for contender in (ours, peer)]
    error = max(abs(a - b) for a, b in zip(*numbers, strict=True))
    if not error <= TOLERANCE:
        raise ArithmeticError(f"{match.ours} and {match.peer} differ by {error}")
    return take_turns(ours.step, peer.step, match.collector)
