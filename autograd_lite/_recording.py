"""Whether operators record (always, but inside `no_grad`), and which leaves a derivative has made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any

# The `no_grad` that a thread or task is in, and all those that have not ended. While there are none, as
# nearly always, operators need not look up their own, which takes a third of the time of a multiplication;
# and a task that outlives the one it was started in records again. Appending and removing are atomic.
_own: ContextVar[NoGrad | None] = ContextVar("own", default=None)
paused: list[NoGrad] = []


# The leaves made while a function is being differentiated: to it they are constants. As above, the list
# tells whether any thread is at it.
created: ContextVar[list[Any] | None] = ContextVar("created", default=None)
evaluating: list[None] = []


def is_recording() -> bool:
    """Whether operators record in this thread or task."""
    return not paused or _own.get() not in paused


class NoGrad:
    """The context of `no_grad`."""

    _outer: Token[NoGrad | None]

    def __enter__(self) -> None:
        if self in paused:
            raise RuntimeError(
                "this no_grad() has been entered already: call no_grad() for each with statement"
            )
        self._outer = _own.set(self)
        paused.append(self)

    def __exit__(self, *exception: object) -> None:
        paused.remove(self)
        _own.reset(self._outer)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if isgeneratorfunction(function) or iscoroutinefunction(function) or isasyncgenfunction(function):
            raise TypeError(
                f"no_grad cannot decorate {function!r}, whose body runs after the call has returned: "
                "write with no_grad() inside it"
            )

        @wraps(function)
        def unrecorded(*args: Any, **kwargs: Any) -> Any:
            with NoGrad():
                return function(*args, **kwargs)

        return unrecorded


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """A context, also a decorator, in which nothing is recorded.

    What is computed inside are `Value`s without inputs: their numbers are the same, and the memory of
    the graph is saved. Other threads and tasks go on recording. Derivatives of functions, such as `grad`,
    can be computed inside; they are not recorded either.

    Parameters
    ----------
    function : callable, optional
        A function to decorate, if ``@no_grad`` is written without parentheses.

    Raises
    ------
    TypeError
        If what is decorated is a generator function or a coroutine function.

    Examples
    --------
    >>> from autograd_lite import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.inputs
    (9.0, ())
    """
    return NoGrad() if function is None else NoGrad()(function)


@contextmanager
def recording() -> Iterator[None]:
    """A context in which operators record, inside `no_grad` too."""
    outer = _own.set(None)
    try:
        yield
    finally:
        _own.reset(outer)


@contextmanager
def collecting_leaves() -> Iterator[list[Any]]:
    """A context that gives the list of all leaves made in it."""
    leaves: list[Any] = []
    around = created.get()
    token = created.set(leaves)
    evaluating.append(None)
    try:
        yield leaves
    finally:
        evaluating.pop()
        created.reset(token)
        if around is not None:
            around += leaves


def is_being_differentiated() -> bool:
    """Whether this thread or task is inside a function that is being differentiated."""
    return created.get() is not None
