"""How contenders are timed: in fresh processes, in turns, and in CPU time.

Only the ratio of two contenders outlives the machine it was measured on, so both must meet the same
weather. That is why this is not pytest-benchmark, which times one contender to the end before it
starts the next.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar
from unittest.mock import patch

P = ParamSpec("P")
R = TypeVar("R")

TURNS = 5
# The cost of a collection falls on a later step than the one that caused it, so a turn is several.
FEWEST_STEPS = 4
SHORTEST_TURN = 0.3
# CPU time counts every thread, and on a busy machine how many there are is nobody's merit.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def in_fresh_process(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` on one thread, where no contender has left objects for the collector to visit."""
    spawn = multiprocessing.get_context("spawn")
    with patch.dict(os.environ, ONE_THREAD), ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(function, *args, **kwargs).result()


def take_turns(
    first: Callable[[], object], second: Callable[[], object], collector: bool
) -> list[tuple[float, float]]:
    """Seconds a step of two contenders, pairs of neighbours in time."""
    a, b = _steps(first, collector), _steps(second, collector)
    return [
        (seconds_per_step(first, a, collector), seconds_per_step(second, b, collector)) for _ in range(TURNS)
    ]


def seconds_per_step(step: Callable[[], object], steps: int = 1, collector: bool = True) -> float:
    """CPU seconds of one of `steps` consecutive calls, started with nothing left to collect."""
    gc.collect()
    if not collector:
        gc.disable()
    try:
        start = time.process_time()
        for _ in range(steps):
            step()
        return (time.process_time() - start) / steps
    finally:
        gc.enable()


def _steps(step: Callable[[], object], collector: bool) -> int:
    """How many calls fill a turn; finding out warms the contender up."""
    return max(FEWEST_STEPS, math.ceil(SHORTEST_TURN / seconds_per_step(step, 2, collector)))
