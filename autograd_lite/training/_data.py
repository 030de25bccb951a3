"""The examples and their targets: checked, and some of them held out for validation."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from autograd_lite._primitive import number

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class Data(NamedTuple):
    """Examples and their targets, and what errors call these."""

    inputs: Array
    targets: Array
    target_name: str = "y"


def examples(X: ArrayLike, y: ArrayLike, suffix: str = "") -> Data:
    """X and y as arrays, if they belong together; errors call them so, with the suffix."""
    inputs, targets = table(X, "X" + suffix), _array("y" + suffix, y)
    if targets.ndim not in (1, 2):
        raise ValueError(
            f"expected y{suffix} with a target for each example, but its shape is {targets.shape}"
        )
    if len(inputs) != len(targets):
        raise ValueError(
            f"expected as many examples as targets, but X{suffix} has {len(inputs)} and y{suffix} "
            f"{len(targets)}"
        )
    if not inputs.size or not targets.size:
        raise ValueError(f"expected at least one example, but X{suffix} or y{suffix} is empty")
    return Data(inputs, np.ascontiguousarray(column(targets)), "y" + suffix)


def table(X: ArrayLike, name: str = "X") -> Array:
    """X with a row for each example, contiguous, as a compiled function takes it without a copy."""
    inputs = _array(name, X)
    if inputs.ndim != 2:
        raise ValueError(
            f"expected {name} with a row for each example and a column for each input, but its shape is "
            f"{inputs.shape}"
        )
    return np.ascontiguousarray(inputs)


def column(numbers: Array) -> Array:
    """A table of a single column as a vector, anything else as it is."""
    return numbers[:, 0] if numbers.ndim == 2 and numbers.shape[1] == 1 else numbers


def is_fraction(validation: Any) -> bool:
    """Whether it is a fraction of the examples that is held out; raises unless that or a pair is given."""
    if isinstance(validation, Real) and not isinstance(validation, bool):
        if not 0 < float(validation) < 1:
            raise ValueError(
                f"expected a fraction between 0 and 1 of the examples for validation, but got {validation!r}"
            )
        return True
    if isinstance(validation, tuple | list) and len(validation) == 2:
        return False
    raise TypeError(
        "expected a fraction of the examples or a pair (X_val, y_val) for validation, but got "
        f"{type(validation).__name__}"
    )


def held_out_size(fraction: float, n: int) -> int:
    """How many of n examples are held out."""
    size = round(fraction * n)
    if not 0 < size < n:
        raise ValueError(
            f"expected a fraction for validation that leaves examples on both sides, but {fraction!r} of {n} "
            f"examples are {size}"
        )
    return size


def held_out(size: int, n: int, rng: Generator) -> Indices:
    """Which of n examples are held out, in their order."""
    return np.sort(rng.permutation(n)[:size])


def split(data: Data, indices: Indices) -> tuple[Data, Data]:
    """The other examples, and those that are held out."""
    is_kept = np.ones(len(data.inputs), dtype=bool)
    is_kept[indices] = False
    return (
        data._replace(inputs=data.inputs[is_kept], targets=data.targets[is_kept]),
        data._replace(inputs=data.inputs[indices], targets=data.targets[indices]),
    )


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
        is_text = np.asarray(values, dtype=object).dtype == object and "of type str" in str(error)
        cure = ": number the classes, as np.unique(y, return_inverse=True)[1] does" if is_text else ""
        raise ValueError(f"expected numbers in {name}, in rows of one length: {error}{cure}") from None
    array = array.astype(float)
    finite = np.isfinite(array)
    if not finite.all():
        place = np.argwhere(~finite)[0].tolist()
        raise ValueError(f"expected finite numbers in {name}, but {name}{place} is {array[tuple(place)]}")
    return array
