"""The arguments of a compiled function: numbers as arrays, with or without a batch axis, and the rest."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite._evaluation import objects
from autograd_lite._primitive import is_real, number
from autograd_lite._trees import Structure, flatten
from autograd_lite.engine import Value

Array = NDArray[np.float64]
FLOAT = np.dtype(np.float64)
Axes = int | None | Sequence[int | None]


class Fixed:
    """Something that is no number: the function is recorded again when another one is given.

    Arrays and lists are told apart by what they hold.

    Raises
    ------
    TypeError
        If it has no hash: a change of it would not be noticed.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        key = value
        if isinstance(value, np.ndarray):
            self.value = value.copy()
            held = _typed(value.ravel()) if value.dtype == object else value.tobytes()
            key = (value.shape, value.dtype.str, held)
        elif isinstance(value, list | tuple):
            key = _typed(value)
        try:
            hash(key)
        except TypeError:
            raise TypeError(
                f"expected arguments that are numbers or have a hash, but got {reprlib.repr(value)}: a "
                "function is recorded once for each of them"
            ) from None
        self._key = (type(value), key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fixed) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _typed(elements: Iterable[Any]) -> tuple[Any, ...]:
    """The elements with their types: True == 1."""
    return tuple([(type(x), x) for x in elements])


class Leaf(NamedTuple):
    """What stands at one place of the arguments, but for its numbers: of one example, if there is a batch."""

    kind: Any  # number, array, list or tuple; fixed for what is no number
    shape: tuple[int, ...]
    is_batched: bool
    fixed: Any = None


class Arguments(NamedTuple):
    """The arguments of one call."""

    key: Any  # what decides the graph: structures, shapes, and what is no number
    leaves: list[Leaf]
    arrays: list[Array]  # the numbers, of shape (batch, size) or (size,)
    batch_size: int
    structures: list[Structure]
    names: tuple[str, ...]  # of the keyword arguments, which are last

    @property
    def has_batch(self) -> bool:
        """Whether there is a batch axis."""
        return any(leaf.is_batched for leaf in self.leaves)

    def on_values(self, example: int) -> tuple[list[Value], list[Any], dict[str, Any]]:
        """New Values for the numbers of one example, and the arguments made of them."""
        inputs: list[Value] = []
        filled: list[Any] = []
        numbers = iter(self.arrays)
        for leaf in self.leaves:
            if leaf.kind == "fixed":
                filled.append(leaf.fixed.value)
                continue
            array = next(numbers)
            values = [Value(x) for x in (array[example] if leaf.is_batched else array).tolist()]
            inputs += values
            if leaf.kind == "number":
                filled.append(values[0])
            else:
                filled.append(
                    objects(values).reshape(leaf.shape) if leaf.kind == "array" else leaf.kind(values)
                )
        args = []
        start = 0
        for structure in self.structures:
            count = len(structure.leaves)
            args.append(structure.rebuild(filled[start : start + count]))
            start += count
        split = len(args) - len(self.names)
        return inputs, args[:split], dict(zip(self.names, args[split:], strict=True))


def arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any], in_axes: Axes, name: str) -> Arguments | None:
    """The arguments taken apart, None if there are Values among them.

    Raises
    ------
    ValueError
        If the axes do not fit the arguments, a batch is empty, or batches differ in length.
    TypeError
        If an argument with a batch axis is not made of real numbers.
    """
    axes = _axes_of(in_axes, len(args), name) + [in_axes if isinstance(in_axes, int) else None] * len(kwargs)
    names = tuple(kwargs)
    leaves: list[Leaf] = []
    arrays: list[Array] = []
    structures: list[Structure] = []
    sizes: dict[int, str] = {}
    for k, (x, axis) in enumerate(zip((*args, *kwargs.values()), axes, strict=True)):
        what = f"argument {k}" if k < len(args) else f"the argument {names[k - len(args)]}"
        found, structure = flatten(x if axis is None else _as_array(x, what))
        structures.append(structure)
        for leaf in found:
            form, array = _batched(leaf, axis, what, name) if axis is not None else _unbatched(leaf, what)
            if form is None:
                return None
            leaves.append(form)
            if array is not None:
                arrays.append(array)
            if form.is_batched:
                sizes.setdefault(len(array), what)  # type: ignore[arg-type]
    if len(sizes) > 1:
        (n, first), (m, other) = list(sizes.items())[:2]
        raise ValueError(
            f"{name} was given batches of different lengths: {n} examples in {first}, but {m} in {other}"
        )
    size = next(iter(sizes), 1)
    if size == 0:
        raise ValueError(f"{name} needs at least one example, but the batch in {sizes[0]} is empty")
    containers = tuple(tuple(t for t in s if not t.is_leaf) for s in structures)
    key = (containers, tuple(leaves), names)
    return Arguments(key, leaves, arrays, size, structures, names)


def _axes_of(in_axes: Axes, count: int, name: str) -> list[int | None]:
    if in_axes is None or isinstance(in_axes, int):
        return [in_axes] * count
    if len(in_axes) != count:
        raise ValueError(
            f"expected {len(in_axes)} arguments, as in_axes={in_axes!r} has it, but {name} got {count}"
        )
    return list(in_axes)


def _as_array(x: Any, what: str) -> Any:
    """Lists of numbers as an array, which has an axis; tuples and dicts of arrays as they are."""
    if not isinstance(x, list | tuple):
        return x
    todo = list(x)
    while todo:
        y = todo.pop()
        if isinstance(y, list | tuple):
            todo += y
        elif isinstance(x, list) and isinstance(y, np.ndarray) and y.shape:
            raise TypeError(
                f"{what} is a list of arrays, which may mean one array or several: write np.array of it for "
                "one, or a tuple of arrays"
            )
        elif isinstance(y, dict | Value) or getattr(y, "shape", ()) != ():
            return x
    try:
        return np.array(x, dtype=object if not len(x) else None)
    except ValueError as error:
        raise ValueError(
            f"{what} should be an array, but its lists differ in length: {reprlib.repr(x)}"
        ) from error


def _batched(leaf: Any, axis: int, what: str, name: str) -> tuple[Leaf | None, Array | None]:
    a = _unmasked(leaf, what)
    if a.ndim == 0 and a.dtype.kind == "O" and not is_real(leaf) and not isinstance(leaf, Value):
        return Leaf("fixed", (), False, Fixed(leaf)), None  # as the object of a method
    if a.dtype.kind == "O" and any(isinstance(x, Value) for x in a.flat):
        return None, None
    if not -a.ndim <= axis < a.ndim:
        raise ValueError(
            f"{what} of {name} should have a batch on axis {axis}, but its shape is {a.shape}: if it is the "
            "same for all examples, say None in in_axes"
        )
    if a.dtype.kind not in "biuf":
        try:
            a = np.asarray(np.frompyfunc(number, 1, 1)(a.astype(object))).astype(float)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{what} of {name} should be an array of real numbers: {error}") from None
    moved = np.moveaxis(a, axis, 0)
    shape = moved.shape[1:]
    size = int(np.prod(shape))
    array = np.ascontiguousarray(moved, dtype=float).reshape(len(moved), size)
    return Leaf("array" if shape else "number", shape, True), array


def _unmasked(leaf: Any, what: str) -> Any:
    """An array, if no element is masked."""
    if np.ma.is_masked(leaf):
        raise TypeError(f"{what} should have all its elements, but some are masked: fill them first")
    return np.asarray(leaf)


def _unbatched(leaf: Any, what: str) -> tuple[Leaf | None, Array | None]:
    if isinstance(leaf, Value):
        return None, None
    if isinstance(leaf, list | tuple):
        if any(isinstance(x, Value) for x in leaf):
            return None, None
        if leaf and all(is_real(x) and not isinstance(x, bool) for x in leaf):
            return Leaf(type(leaf), (len(leaf),), False), np.array([number(x) for x in leaf])
        return Leaf("fixed", (), False, Fixed(leaf)), None
    if isinstance(leaf, np.ndarray):
        leaf = _unmasked(leaf, what)
        if leaf.dtype.kind == "O" and any(isinstance(x, Value) for x in leaf.flat):
            return None, None
        if leaf.dtype.kind in "iuf" and leaf.size:
            return Leaf("array", leaf.shape, False), np.ascontiguousarray(leaf, dtype=float).ravel()
        return Leaf("fixed", (), False, Fixed(leaf)), None
    if is_real(leaf) and not isinstance(leaf, bool | np.bool_):
        return Leaf("number", (), False), np.array([number(leaf)])
    return Leaf("fixed", (), False, Fixed(leaf)), None


def plain_arrays(args: tuple[Any, ...], in_axes: Axes) -> tuple[Any, list[Array], int] | None:
    """Arguments that are arrays, with the batch in front if there is one: the commonest case, without ado.

    What decides the graph, the arrays as `arguments` gives them, and the size of the batch; None for other
    arguments.
    """
    axes = (in_axes,) * len(args) if in_axes is None or isinstance(in_axes, int) else in_axes
    if len(axes) != len(args) or not args:
        return None
    shapes = []
    arrays = []
    batch_size = -1
    for x, axis in zip(args, axes, strict=True):
        if type(x) is not np.ndarray or not x.size or not x.ndim or axis:
            return None
        if x.dtype is not FLOAT or not x.flags.c_contiguous:
            if x.dtype.kind not in ("f" if axis is None else "biuf"):
                return None
            x = np.ascontiguousarray(x, FLOAT)
        shape = x.shape
        if axis is None:
            shapes.append(shape)
            arrays.append(x if len(shape) == 1 else x.ravel())
            continue
        if shape[0] != batch_size and batch_size >= 0:
            return None
        batch_size = shape[0]
        shapes.append(shape[1:])
        arrays.append(x if len(shape) == 2 else x.reshape(batch_size, -1))
    return tuple(shapes), arrays, max(batch_size, 1)
