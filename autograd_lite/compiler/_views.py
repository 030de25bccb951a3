"""Where numbers are kept, and how an operand is a view of that: strides are found in lists of positions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.intp]
BATCH = -1  # stands for the size of the batch


class Base(NamedTuple):
    """An array: so many rows, each of one number or of one for each example of the batch.

    An ``input`` is laid out as it arrives, an example after the other; everything else a row after the
    other.
    """

    kind: str  # parameters, input, output, mean, buffer or scratch
    rows: int
    is_batched: bool
    dtype: str = "float64"
    has_ones: bool = False  # whether the last row is one of ones

    @property
    def numbers(self) -> int:
        """How many rows there are but for that of ones."""
        return self.rows - self.has_ones

    def strides(self, batch_size: int) -> tuple[int, int]:
        """From one row to the next and from one example to the next, in numbers."""
        if not self.is_batched:
            return 1, 0
        return (1, self.rows) if self.kind == "input" else (batch_size, 1)

    def shape(self, batch_size: int) -> tuple[int, ...]:
        """The shape of the array."""
        if not self.is_batched:
            return (self.rows,)
        return (batch_size, self.rows) if self.kind == "input" else (self.rows, batch_size)

    def array(self, batch_size: int) -> NDArray[Any]:
        """A new array, of zeros rather than of what the memory holds: unused places must not overflow."""
        new = np.zeros(self.shape(batch_size), self.dtype)
        if self.has_ones:
            new[(..., -1) if self.kind == "input" else -1] = 1.0
        return new


class Source(NamedTuple):
    """An array among the inputs: how many numbers it has for an example, and whether there is a batch."""

    size: int
    is_batched: bool


class View(NamedTuple):
    """Part of a base: an axis is a size and the number of rows from one element to the next, or the batch."""

    base: int
    offset: int
    axes: tuple[tuple[int, int], ...]

    def of(self, array: NDArray[Any], base: Base, batch_size: int) -> NDArray[Any]:
        """The view of an array that has the form of the base."""
        row, example = base.strides(batch_size)
        width = array.itemsize
        shape = tuple([batch_size if size == BATCH else size for size, _ in self.axes])
        strides = tuple([width * (example if size == BATCH else row * step) for size, step in self.axes])
        return np.ndarray(shape, array.dtype, array, self.offset * row * width, strides)


class Rows(NamedTuple):
    """Operands or results of a group, by their positions in a base."""

    base: int
    positions: Positions


BATCH_AXIS = (BATCH, 0)


def steps(positions: Positions) -> tuple[int, ...] | None:
    """How far apart neighbours along each axis are, or None if that is not the same everywhere."""
    origin = (0,) * positions.ndim
    if positions.size == 1:
        return origin
    first = positions[origin]
    found = []
    expected = np.asarray(first)
    for axis, size in enumerate(positions.shape):
        step = 0
        if size > 1:
            step = int(positions[(*origin[:axis], 1, *origin[axis + 1 :])] - first)
            shape = [1] * positions.ndim
            shape[axis] = size
            expected = expected + step * np.arange(size).reshape(shape)
        found.append(step)
    return tuple(found) if (expected == positions).all() else None


def inner_size(positions: Positions) -> int:
    """The length n for which rows may be a grid of (rows / n, n): how far the first step repeats."""
    if len(positions) < 3:
        return len(positions)
    differences = np.diff(positions)
    changes = np.flatnonzero(differences != differences[0])
    return int(changes[0]) + 1 if len(changes) else len(positions)


def run_length(rows: Positions) -> int:
    """How many of the first rows of a matrix are the same."""
    same = (rows[1:] == rows[0]).all(axis=1)
    return len(rows) if same.all() else int(np.argmin(same)) + 1
