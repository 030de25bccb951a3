"""The compiler: a recorded graph of scalars becomes a short program of NumPy calls.

It knows no calculus; derivatives reach it as graphs. A function is recorded (`_recording`), its graph
simplified (`_folding`, `_products`, `_batch_mean`), nodes of one kind are grouped (`_grouping`) and get
places next to each other (`_layout`), each group becomes a few calls (`_emission`): a `Program`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_lite._evaluation import name_of
from autograd_lite.compiler._arguments import Axes
from autograd_lite.compiler._compiled import Compiled
from autograd_lite.compiler._program import Program

__all__ = ["Compiled", "Program", "compile"]

REDUCTIONS = (None, "mean", "sum")


def compile(f: Callable[..., Any] | None = None, in_axes: Axes = None, reduce: str | None = None) -> Any:
    """A function of scalars as a program of NumPy calls, for one set of arguments or a batch at once.

    `f` is run on `Value`s when it is first called, and again only for arguments of another structure or
    shape. What it records becomes matrix products and operations on whole arrays. It may compute
    derivatives: `compile(grad(f))` and ``loss.gradient(params)`` inside `f` are graphs like any other.

    Parameters
    ----------
    f : callable
        A function of floats, lists, dicts and arrays, of one example if there is a batch. It returns
        `Value`s and numbers in any structure. Its graph must not depend on the data: write
        ``where(x > 0, a, b)`` for ``if x > 0``.
    in_axes : int, None or sequence of them, optional
        Which axis of each argument is the batch, None for those that are the same for all examples; as in
        JAX's ``vmap``. With an int keyword arguments have a batch too.
    reduce : {None, "mean", "sum"}
        What becomes of the batch in the results: each keeps it as its first axis, or the mean or the sum
        over the examples is taken.

    Returns
    -------
    Compiled
        A function of the same arguments, as floats and arrays, and of ``parameters=``: a vector to be used
        instead of the numbers in the leaves that `f` reaches without receiving them. Its results are
        new floats and arrays; a list of `Value`s becomes an array.

    Raises
    ------
    TypeError
        If `f` is not callable; when called, if the graph depends on the data, an argument is not made of
        numbers where there is a batch, or `f` returns something else than Values and numbers.
    ValueError
        If `reduce` is something else; when called, if batches are empty or differ in length, or the vector
        of parameters has another length.
    DomainError
        When called, if a primitive is given a number outside its domain, with the number of the example.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_lite import grad, nn
    >>> slope = compile(grad(lambda x: x**3), in_axes=0)
    >>> slope(np.array([1.0, 2.0, 3.0]))
    array([ 3., 12., 27.])

    >>> model = nn.MLP(2, [3, 1], "tanh", seed=0)
    >>> @compile(in_axes=0, reduce="mean")
    ... def step(x, y):
    ...     loss = nn.mse(model(x), y)
    ...     return loss, loss.gradient(model.parameters())
    >>> X, y = np.eye(2), np.array([1.0, -1.0])
    >>> loss, gradient = step(X, y)
    >>> type(loss).__name__, gradient.shape
    ('float', (13,))
    """
    if reduce not in REDUCTIONS:
        raise ValueError(f"expected None, 'mean' or 'sum' for reduce, but got {reduce!r}")
    if not _is_axes(in_axes):
        raise TypeError(f"expected an int, None or a sequence of them for in_axes, but got {in_axes!r}")
    if f is None:
        return lambda function: compile(function, in_axes, reduce)
    if not callable(f):
        raise TypeError(f"expected a function to compile, but got {name_of(f)}")
    return Compiled(f, in_axes, reduce)


def _is_axes(axes: Any) -> bool:
    every = axes if isinstance(axes, tuple | list) else (axes,)
    return all(axis is None or (isinstance(axis, int) and not isinstance(axis, bool)) for axis in every)
