"""Arrays of `Value`s, in and out of NumPy.

`array` makes an `ndarray` whose elements are `Value`s. NumPy's functions work on it as on any array of
objects, element by element, and where NumPy alone would take a choice without recording it, or make a
chain of small nodes, the primitive is recorded instead: `@` makes one `dot` for each element, `np.sum` one
`sum`, and `np.maximum`, `np.clip` and `np.linalg.norm` have the derivatives of the table at their kinks.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from autograd_lite import ops
from autograd_lite._primitive import (
    NUMPY_COMPARISONS,
    NUMPY_NAMES,
    as_objects,
    compare_elements,
    elementwise,
    number,
)
from autograd_lite.engine import Condition, Value, record_dots

__all__ = ["ValueArray", "array", "data", "grads"]

# NumPy's own loops over objects serve these better: they call the operators of the elements.
OPERATORS = {"add", "subtract", "multiply", "divide", "negative", "positive", "square", "power", "absolute"}
OTHER_NAMES: dict[str, Callable[..., Any]] = {
    "logaddexp": lambda a, b: ops.logsumexp((a, b)),
    "conjugate": lambda x: x,
    "sign": lambda x: ops.where(x > 0, 1.0, ops.where(x < 0, -1.0, ops.where(x >= 0, 0.0, np.nan))),
}
FORMALITIES = {"casting", "order", "subok"}  # which change nothing where the elements are objects
QUESTIONS = {"isfinite": np.isfinite, "isinf": np.isinf, "isnan": np.isnan}
REDUCTIONS = {"add": ops.sum, "multiply": ops.prod, "maximum": ops.max, "minimum": ops.min}


class ValueArray(np.ndarray):
    """An array of objects that are `Value`s, perhaps some of them numbers; made by `array`.

    Examples
    --------
    >>> W = array([[1.0, 2.0], [3.0, 4.0]])
    >>> y = np.maximum(W @ np.array([1.0, -1.0]), 0.0)
    >>> type(y).__name__, data(y)
    ('ValueArray', array([0., 0.]))
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        """NumPy's elementwise functions, reductions and ``@``."""
        if options.get("dtype", ...) in (None, object, float):  # the numbers are floats
            del options["dtype"]
        result = self._of_primitives(ufunc.__name__, method, inputs, options)
        if result is NotImplemented:
            if out is not None and "where" in options:
                options["out"] = tuple(_plain(x).copy() for x in out)
            with np.errstate(all="ignore"):
                result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if out is None:
            return _wrap(result)
        if result is not None:  # what `at` gives
            out[0][...] = result
        return out[0]

    @staticmethod
    def _of_primitives(name: str, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """What primitives record for NumPy's function, NotImplemented where its own loops are to run."""
        asked = {key: x for key, x in options.items() if key not in FORMALITIES}
        if method == "reduce" and name in REDUCTIONS:
            return _reduce(REDUCTIONS[name], _plain(inputs[0]), **{"axis": 0, **asked})
        if method != "__call__" or asked:
            return NotImplemented
        if name == "matmul":
            return _matmul(*inputs)
        if name in NUMPY_COMPARISONS:
            return compare_elements(name, inputs)
        if name in QUESTIONS:
            return QUESTIONS[name](data(inputs[0]))
        function = _function(name)
        return elementwise(function, [_plain(x) for x in inputs]) if function else NotImplemented

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """NumPy's other functions, such as `np.where` and `np.concatenate`."""
        ours = FUNCTIONS.get(function)
        if ours and (result := ours(*args, **kwargs)) is not NotImplemented:
            return _wrap(result)
        return _wrap(super().__array_function__(function, types, args, kwargs))

    def dot(self, b: Any, out: Any = None) -> Any:
        """`np.dot` of this array and another."""
        return np.dot(self, b, out=out)


def array(a: Any, label: str = "") -> ValueArray:
    """An array of leaves made from numbers.

    Parameters
    ----------
    a : array_like of float
        Numbers, in an array or in nested lists. Elements that are Values already are kept.
    label : str, optional
        A name; the elements are labelled with it and their indices, as in ``W[0, 1]``.

    Returns
    -------
    ValueArray
        Of the shape of `a`. It can be used, and indexed, as any array of NumPy.

    Raises
    ------
    TypeError
        If an element is no real number.
    ValueError
        If the lists are ragged.

    Examples
    --------
    >>> import numpy as np
    >>> W = array([[1.0, 2.0], [3.0, 4.0]])
    >>> np.sum(np.exp(W[:, 0])).backward()
    >>> grads(W).round(3)
    array([[ 2.718,  0.   ],
           [20.086,  0.   ]])
    """
    if not isinstance(label, str):
        raise TypeError(f"expected a string for a label, but got {label!r}")
    made = _map(lambda x: x if isinstance(x, Value) else Value(x), a)
    if label:
        for i in np.ndindex(made.shape):
            made[i].label = f"{label}[{', '.join(map(str, i))}]" if i else label
    return made.view(ValueArray)  # type: ignore[no-any-return]


def data(a: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The numbers of an array of `Value`s.

    Parameters
    ----------
    a : array_like of Value or float
        Values, numbers or both, in an array or in nested lists.

    Returns
    -------
    ndarray of float
        Of the shape of `a`.

    Raises
    ------
    TypeError
        If an element is neither a Value nor a real number.
    ValueError
        If the lists are ragged.

    Examples
    --------
    >>> data(array([1, 2]) * 2)
    array([2., 4.])
    """
    return _map(_data, a).astype(float)  # type: ignore[no-any-return]


def grads(a: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What `backward` left in the `grad` of each `Value` of an array.

    Parameters
    ----------
    a : array_like of Value
        Values, in an array or in nested lists.

    Returns
    -------
    ndarray of float
        Of the shape of `a`.

    Raises
    ------
    TypeError
        If an element is no Value: numbers have no grad.
    ValueError
        If the lists are ragged.

    Examples
    --------
    >>> w = array([1.0, 2.0])
    >>> (w**2).sum().backward()
    >>> grads(w)
    array([2., 4.])
    """
    return _map(_grad, a).astype(float)  # type: ignore[no-any-return]


def _data(x: Any) -> float:
    return x.data if isinstance(x, Value) else number(x, "a real number or a Value")


def _grad(x: Any) -> float:
    if not isinstance(x, Value):
        raise TypeError(f"expected an array of Values, which have a grad, but got {x!r}: make it with array")
    return x.grad


def _map(function: Callable[[Any], Any], a: Any) -> Any:
    """The array of objects that `function` makes of the elements."""
    if np.ma.is_masked(a):
        raise TypeError(
            "expected an array whose elements are all there, but some are masked: fill them first"
        )
    try:
        elements = np.array(a, dtype=object) if isinstance(a, Value) else np.asarray(a)
    except ValueError as error:
        raise ValueError(
            f"expected lists of equal lengths, which make an array, but got {reprlib.repr(a)}"
        ) from error
    result = np.empty(elements.shape, dtype=object)
    for i, x in zip(np.ndindex(elements.shape), elements.flat, strict=True):
        result[i] = function(x.item() if isinstance(x, np.ndarray) and x.shape == () else x)
    return result


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, ValueArray) else x


def _wrap(x: Any) -> Any:
    return x.view(ValueArray) if type(x) is np.ndarray and x.dtype == object else x


def _function(name: str) -> Callable[..., Any] | None:
    """The elementwise function that NumPy's function of this name stands for."""
    if name in OPERATORS:
        return None
    name = NUMPY_NAMES.get(name, name)
    row = ops.TABLE.get(name)
    return OTHER_NAMES.get(name) if row is None or row.is_nary else getattr(ops, name)


def _reduce(
    function: Callable[[tuple[Any, ...]], Any],
    a: Any,
    axis: Any,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """An n-ary primitive along one axis, several axes or all of them (None)."""
    if a.ndim == 0 and axis in (0, -1):
        axis = None
    axes = range(a.ndim) if axis is None else [i % a.ndim if -a.ndim <= i < 0 else i for i in np.ravel(axis)]
    mask = np.broadcast_to(np.asarray(where, dtype=bool), a.shape)
    rows, chosen = (np.moveaxis(x, axes, range(-len(axes), 0)) for x in (a, mask))
    start = () if initial is None else (initial,)
    result = np.empty(rows.shape[: a.ndim - len(axes)], dtype=object)
    for i in np.ndindex(result.shape):
        row = np.asarray(rows[i], dtype=object)
        result[i] = function((*start, *row[chosen[i]]))
    return np.expand_dims(result, tuple(axes)) if keepdims else result[()]


def _matmul(a: Any, b: Any) -> Any:
    """``a @ b`` with one `dot` for each element of the result."""
    a, b = (_plain(as_objects(x)) for x in (a, b))
    shape = np.matmul(np.zeros(a.shape), np.zeros(b.shape)).shape  # or NumPy's error
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    result = np.empty((*batch, left.shape[-2], right.shape[-1]), dtype=object)
    for i in np.ndindex(batch):
        rows = _rows(np.broadcast_to(left, batch + left.shape[-2:])[i])
        columns = _rows(np.broadcast_to(right, batch + right.shape[-2:])[i].T)
        if not left.shape[-1]:
            result[i] = 0.0
        elif any(type(x) is not float for column in columns for x in column):
            for j, row in enumerate(rows):
                result[(*i, j)] = record_dots(columns, row)
        else:  # recorded fastest with the numbers as the one vector
            for j, column in enumerate(columns):
                result[(*i, slice(None), j)] = record_dots(rows, column)
    return result.reshape(shape)[()]


def _rows(matrix: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in matrix.tolist()]


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    is_product_of_matrices = np.ndim(a) >= 1 and 1 <= np.ndim(b) <= 2 and out is None
    return np.matmul(a, b) if is_product_of_matrices else NotImplemented


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    is_of_vectors = np.ndim(x) == 1 if axis is None else np.size(axis) == 1
    if ord is None or (ord == 2 and is_of_vectors):
        return _reduce(ops.norm, np.asarray(x), axis, keepdims)
    if ord == "fro" and not is_of_vectors:
        return _reduce(ops.norm, np.asarray(x), axis, keepdims)
    if not is_of_vectors or not isinstance(ord, Real) or abs(ord) == np.inf:
        return NotImplemented
    if ord == 0:
        return np.sum(np.asarray(x != 0, dtype=float), axis=axis, keepdims=keepdims)
    # Of the largest, times what the others add to it: at the origin the derivative is 0 and not 0 * inf.
    largest = np.max(np.abs(x), axis=axis, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0)
    rest = np.sum((np.abs(x) / scale) ** ord, axis=axis, keepdims=True)
    norms = largest * np.where(rest > 0, rest, 1.0) ** (1 / ord)
    return norms if keepdims else np.squeeze(norms, axis=axis)[()]


def _array_equal(a: Any, b: Any, equal_nan: bool = False) -> bool:
    return np.array_equal(data(a), data(b), equal_nan)


def _isin(element: Any, test_elements: Any, **options: Any) -> Any:
    return np.isin(data(element), data(test_elements), **options)


def _where(condition: Any, *branches: Any) -> Any:
    """The choice element by element, recorded if the comparison was, as in a function that is compiled."""
    conditions = np.asarray(condition)
    is_recorded = conditions.dtype == object and any(isinstance(c, Condition) for c in conditions.flat)
    return elementwise(ops.where, (conditions, *branches)) if is_recorded and branches else NotImplemented


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.array_equal: _array_equal,
    np.isin: _isin,
    np.where: _where,
    np.dot: _dot,
    np.linalg.norm: _norm,
}
