"""Whether operators record (always, but inside `no_grad`), what is being differentiated, and watched."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from itertools import count
from typing import Any

# The `no_grad` that a thread or task is in, and all those that have not ended. While there are none, as
# nearly always, operators need not look up their own, which takes a third of the time of a multiplication;
# and a task that outlives the one it was started in records again. Appending and removing are atomic.
_own: ContextVar[NoGrad | None] = ContextVar("own", default=None)
paused: list[NoGrad] = []


# When a leaf was made, counted in leaves.
clock = count(1).__next__


class Scope:
    """A function that is being differentiated.

    The nodes in its `history`, or in that of a scope around it, were there when a derivative inside it was
    done, so that they do not depend on the arguments of the next one.
    """

    def __init__(self, around: Scope | None) -> None:
        self.around = around
        self.history: set[Any] = set()
        self.has_inner = False

    def is_old(self, node: Any) -> bool:
        """Whether a node is in any of these histories."""
        scope: Scope | None = self
        while scope is not None and node not in scope.history:
            scope = scope.around
        return scope is not None


innermost: ContextVar[Scope | None] = ContextVar("innermost", default=None)


def is_recording() -> bool:
    """Whether operators record in this thread or task."""
    return not paused or _own.get() not in paused


class NoGrad:
    """The context of `no_grad`."""

    _outer: Token[NoGrad | None]

    def __enter__(self) -> None:
        if watch := watching():
            watch.refuse("no_grad", "stop_gradient(v) for what is to be a constant to derivatives")
        if self in paused:
            raise RuntimeError(
                "this no_grad() has been entered already: call no_grad() for each with statement"
            )
        self._outer = _own.set(self)
        paused.append(self)

    def __exit__(self, *exception: object) -> None:
        paused.remove(self)
        with suppress(ValueError):  # in a generator that another thread closes
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
    can be computed inside; they are floats, also where they depend on the parameters of a model.

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
def differentiating() -> Iterator[Scope]:
    """A context in which a function is called in order to be differentiated."""
    scope = Scope(innermost.get())
    token = innermost.set(scope)
    try:
        yield scope
    finally:
        innermost.reset(token)


class Watch:
    """A function that is being recorded in order to be compiled, by a thread or task.

    What it computes must not depend on the numbers that it happens to be recorded with. It is refused if it
    asks for one, except for constants: the numbers of leaves that it makes itself.
    """

    def __init__(self) -> None:
        self.start = clock()
        self.refusal: TypeError | None = None
        self.requirements: list[tuple[Any, Any, str]] = []
        self.draws: list[tuple[Callable[[int], Any], list[Any]]] = []

    def is_constant(self, x: Any) -> bool:
        """Whether it is a number, or a leaf that the function made itself."""
        return not hasattr(x, "inputs") or (not x.inputs and x._da > self.start)

    def refuse(self, what: str, instead: str) -> None:
        """Raise the error that says where the function asked for a number, and what to write there."""
        self.refusal = self.error(what, instead)
        raise self.refusal

    def error(self, what: str, instead: str) -> TypeError:
        """The error that says what the function did, in which line, and what to write instead."""
        return TypeError(
            "the graph would depend on the data, so that it cannot be compiled: "
            f"{what} in {line_of(sys._getframe(1))}; write {instead}"
        )


# As with `paused`: while nothing is watched, as nearly always, nobody looks up the watch of a thread.
_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)
watched: list[Watch] = []


def watching() -> Watch | None:
    """The watch over this thread or task, if there is one."""
    return _watch.get() if watched else None


@contextmanager
def watch() -> Iterator[Watch]:
    """A context in which a function is recorded in order to be compiled."""
    new = Watch()
    token = _watch.set(new)
    watched.append(new)
    try:
        yield new
    finally:
        watched.remove(new)
        _watch.reset(token)


def require(x: Any, allowed: Any, message: str) -> None:
    """Raise ValueError with the message, ``{}`` standing for the number, unless `x` is in `allowed`.

    `allowed` is a tuple of numbers or a pair of bounds in an `Interval`. A compiled function asks at every
    call, of every example.
    """
    record = watching()
    if record is not None and not record.is_constant(x):
        record.requirements.append((x, allowed, message))
        return
    number = float(getattr(x, "data", x))
    if not (allowed.contains(number) if hasattr(allowed, "contains") else number in allowed):
        raise ValueError(message.format(f"{number:.10g}"))


OURS = (__package__, "numpy", "contextlib", "functools")


def line_of(frame: Any) -> str:
    """The place of a frame, or of the first one around it that is not in this package nor in NumPy."""
    inner = frame
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame = frame.f_back
    if not frame.f_back and inner.f_back:
        frame = inner
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return f"{file}, line {number}" + (f": {text}" if text else "")
