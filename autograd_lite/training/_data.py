"""Checks of the examples and their targets."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_lite._primitive import number

Array = NDArray[np.float64]


def examples(X: ArrayLike, y: ArrayLike) -> tuple[list[Any], list[Any]]:
    """The examples and the targets as lists, if they belong together."""
    inputs, targets = arrays(X, y)
    return inputs.tolist(), targets.tolist()


def arrays(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    inputs, targets = _array("X", X), _array("y", y)
    if inputs.ndim != 2:
        raise ValueError(
            "expected X with a row for each example and a column for each input, but its shape is "
            f"{inputs.shape}"
        )
    if targets.ndim not in (1, 2):
        raise ValueError(f"expected y with a target for each example, but its shape is {targets.shape}")
    if len(inputs) != len(targets):
        raise ValueError(
            f"expected as many examples as targets, but X has {len(inputs)} and y {len(targets)}"
        )
    if not inputs.size or not targets.size:
        raise ValueError("expected at least one example, but X or y is empty")
    # Contiguous, as a compiled function takes them without a copy.
    column = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    return np.ascontiguousarray(inputs), np.ascontiguousarray(column)


def _array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    if np.ma.is_masked(values) or (isinstance(values, list | tuple) and any(map(np.ma.is_masked, values))):
        raise ValueError(f"expected all numbers of {name} to be there, but some are masked")
    try:
        array = np.asarray(values)
        if array.dtype.kind in "mM":
            raise TypeError("got dates or times")
        if array.dtype.kind not in "biuf":
            # NumPy would read numbers out of strings, and drop imaginary parts.
            array = np.asarray(np.frompyfunc(number, 1, 1)(array.astype(object)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers in {name}, in rows of one length: {error}") from None
    array = array.astype(float)
    finite = np.isfinite(array)
    if not finite.all():
        place = np.argwhere(~finite)[0].tolist()
        raise ValueError(f"expected finite numbers in {name}, but {name}{place} is {array[tuple(place)]}")
    return array
