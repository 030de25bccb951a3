"""Whether operators record (always, but inside `no_grad`), and what is being differentiated."""

from __future__ import annotations

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
