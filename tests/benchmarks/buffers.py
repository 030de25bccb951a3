"""What a compiled step keeps in memory, beside what one step of NumPy by hand allocates at its peak.

Ours is what the program says of its own buffers, and for comparison what tracemalloc sees a later call
allocate besides. Parameters and data count for nobody.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

from . import moons_arrays, network_step
from .report import Row, Rows
from .timing import in_fresh_process

TITLE, UNIT = "memory: buffers of compiled programs", "kB"
BAR = 3.0


def rows() -> Rows:
    for title, hand, program in CASES:
        by_hand = in_fresh_process(peak_by_hand, hand) / 1e3
        buffers, besides = (n / 1e3 for n in in_fresh_process(buffers_of, program))
        yield Row(f"{title}, NumPy by hand", by_hand)
        yield Row("  autograd_lite, compiled, buffers", buffers, buffers / by_hand, BAR)
        yield Row("  autograd_lite, compiled, allocated in a call", besides)


def peak_by_hand(build: Callable[[], Any]) -> int:
    """Bytes that a step of a contender allocates at its peak, the gradient included."""
    contender = build()
    contender.step()
    return _peak(contender.step)


def buffers_of(build: Callable[[], Any]) -> tuple[int, int]:
    """Bytes of our program's buffers, and those that a call allocates at its peak."""
    step, data, theta = build()
    step(*data, parameters=theta)
    return step.program.nbytes(len(data[0])), _peak(lambda: step(*data, parameters=theta))


def _peak(step: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        step()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _classifier(*sizes: int) -> tuple[str, Callable[[], Any], Callable[[], Any]]:
    title = f"classifier {'-'.join(map(str, sizes))}, batch {network_step.BATCH}"
    return title, partial(network_step.numpy, sizes), partial(network_step.program, sizes)


CASES = (
    ("moons step, 100 points", moons_arrays.numpy, moons_arrays.program),
    _classifier(64, 300, 100, 10),
    _classifier(784, 300, 100, 10),
)
