"""Whether operators record: always, but inside `no_grad`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_recording: ContextVar[bool] = ContextVar("recording", default=True)

# One entry for each `no_grad` that any thread is in: while there is none, as nearly always, operators need
# not look up their own thread's answer, which takes a third of the time of a multiplication. Appending and
# popping are atomic.
paused: list[None] = []


def is_recording() -> bool:
    """Whether operators record in this thread, or task."""
    return not paused or _recording.get()


@contextmanager
def no_grad() -> Iterator[None]:
    """A context, also a decorator, in which nothing is recorded.

    What is computed inside are `Value`s without inputs: their numbers are the same, and the memory of
    the graph is saved. Other threads and tasks go on recording; `calculus` differentiates inside, too,
    and its results are not recorded.

    Examples
    --------
    >>> from autograd_lite import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.inputs
    (9.0, ())
    """
    token = _recording.set(False)
    paused.append(None)
    try:
        yield
    finally:
        paused.pop()
        _recording.reset(token)


@contextmanager
def recording() -> Iterator[None]:
    """A context in which operators record, inside `no_grad` too."""
    token = _recording.set(True)
    try:
        yield
    finally:
        _recording.reset(token)
