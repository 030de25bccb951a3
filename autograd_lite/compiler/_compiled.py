"""`Compiled`: a function of scalars as one of arrays, recorded when it is first called."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from functools import update_wrapper
from inspect import signature
from operator import attrgetter
from types import MethodType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_lite._chain_rule import collector_paused
from autograd_lite._evaluation import name_of
from autograd_lite._recording import watching
from autograd_lite._trees import Structure, Token
from autograd_lite.compiler._arguments import Arguments, Axes, arguments, plain_arrays
from autograd_lite.compiler._layout import Interface
from autograd_lite.compiler._listing import profile
from autograd_lite.compiler._passes import program_of
from autograd_lite.compiler._program import Program
from autograd_lite.compiler._recording import Recorded, Run, difference, place_of_difference, read, run
from autograd_lite.compiler._scalar_program import ScalarProgram
from autograd_lite.compiler._views import Source
from autograd_lite.engine import Value

Array = NDArray[np.float64]
numbers_of = attrgetter("_number")

# Of a larger graph only the results are compared with those of a second call, not all nodes.
LARGE = 50_000
# So many programs of one function are kept, for arguments of different structure.
PROGRAMS = 64


class Known(NamedTuple):
    """What a function became for arguments of one structure."""

    program: Program | ScalarProgram
    recorded: Recorded
    fill: Callable[[list[Array]], Any]
    has_batch: bool
    # What is required of numbers that are computed, None in the place of what is of inputs.
    of_results: Sequence[tuple[Any, str] | None]

    def again(self, parameters: Array, inputs: Sequence[Array], batch_size: int) -> Any:
        """The results for other examples, which have met the requirements before: no input is checked.

        Parameters
        ----------
        parameters : array
            One number for each of `.parameters`, without gaps.
        inputs : sequence of array
            As the program takes them: of shape (batch_size, n), or (n,) for an argument without a batch axis.
        batch_size : int
            The number of examples.
        """
        if self.recorded.draws:
            inputs = [*inputs, *_drawn(self.recorded, batch_size, self.has_batch)]
        return self.fill(self.program.run(parameters, inputs, batch_size, self.of_results))


class Compiled:
    """A compiled function, as `compile` makes it.

    Attributes
    ----------
    function : callable
        The function of scalars.
    program : Program
        The program of the last call.
    parameters : list of Value
        The leaves that the function reaches without receiving them, in the order in which they were made,
        which is that of ``model.parameters()``.

    Examples
    --------
    >>> from autograd_lite import Value, compile
    >>> a = Value(3.0)
    >>> f = compile(lambda x: a * x)
    >>> f(2.0), f.parameters == [a], f(2.0, parameters=[5.0])
    (6.0, True, 10.0)
    """

    def __init__(self, f: Callable[..., Any], in_axes: Axes, reduce: str | None) -> None:
        update_wrapper(self, f, updated=())
        self.function = f
        self.in_axes = in_axes
        self.reduce = reduce
        self._known: dict[Any, Known] = {}
        self._of_shapes: dict[Any, Known] = {}  # the same, for arguments that are plain arrays
        self._last: Known | None = None

    def __repr__(self) -> str:
        return f"compile({name_of(self.function)}, in_axes={self.in_axes!r}, reduce={self.reduce!r})"

    @property
    def program(self) -> Program | ScalarProgram:
        """The program of the last call; raises RuntimeError before the first one."""
        return self.latest.program

    @property
    def parameters(self) -> list[Value]:
        """The leaves that the program of the last call reads; raises RuntimeError before the first one."""
        return self.latest.recorded.parameters

    def __getstate__(self) -> dict[str, Any]:
        # Programs belong to leaves; a copy of them would have other ones.
        return self.__dict__ | {"_known": {}, "_of_shapes": {}, "_last": None}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    @property
    def latest(self) -> Known:
        """What the function became for the last call; raises RuntimeError before the first one."""
        if self._last is None:
            raise RuntimeError(
                f"{name_of(self.function)} is recorded at its first call: call it before you ask for this"
            )
        return self._last

    def __call__(self, *args: Any, parameters: ArrayLike | None = None, **kwargs: Any) -> Any:
        """The results of the function for a batch, or for one set of arguments, as floats and arrays."""
        if (prepared := self._prepared(args, kwargs, parameters)) is None:
            return self._on_values(args, kwargs, parameters)
        known, theta, inputs, batch_size = prepared
        return known.fill(known.program.run(theta, inputs, batch_size, known.recorded.requirements))

    def profile(
        self, *args: Any, parameters: ArrayLike | None = None, repeat: int = 100, **kwargs: Any
    ) -> str:
        """Every call of the program for these arguments, with shapes, bytes and the time it takes.

        Raises
        ------
        TypeError
            If the arguments are Values, or the program has no calls of NumPy.
        """
        prepared = self._prepared(args, kwargs, parameters)
        if prepared is None or not isinstance(prepared[0].program, Program):
            raise TypeError(
                f"expected numbers for which {name_of(self.function)} is a program of NumPy calls, but got "
                "Values or a function without width: print(f.program) shows its statements"
            )
        (program, *_), theta, inputs, batch_size = prepared
        return profile(program, theta, inputs, batch_size, repeat)

    def _prepared(self, args: Any, kwargs: Any, parameters: ArrayLike | None) -> Any:
        """The program for these arguments and what it is run on, None if there are Values among them."""
        if watching():
            return None
        plain = None if kwargs else plain_arrays(args, self.in_axes)
        if plain is not None and (known := self._of_shapes.get(plain[0])) is not None:
            _, inputs, batch_size = plain
        else:
            given = arguments(args, kwargs, self.in_axes, name_of(self.function))
            if given is None:
                return None
            if (known := self._known.get(given.key)) is None:
                known = self._compile(given)
            inputs, batch_size = given.arrays, given.batch_size
            if plain is not None:
                self._of_shapes[plain[0]] = known
        self._last = known
        recorded = known.recorded
        theta = self._theta(recorded.parameters, parameters)
        if recorded.draws:
            inputs = [*inputs, *_drawn(recorded, batch_size, known.has_batch)]
        return known, theta, inputs, batch_size

    def _on_values(self, args: Any, kwargs: Any, parameters: Any) -> Any:
        """The function itself: inside a derivative, and inside another function that is compiled."""
        if self.in_axes is not None or parameters is not None:
            raise TypeError(
                f"{name_of(self.function)} is compiled for batches of numbers, but got Values: call the "
                "function that you compiled, or pass v.data"
            )
        return self.function(*args, **kwargs)

    def _theta(self, leaves: list[Value], parameters: ArrayLike | None) -> Array:
        if parameters is None:
            return np.array(list(map(numbers_of, leaves)))
        given = np.asarray(parameters)
        if given.dtype.kind not in "biuf" or np.ma.is_masked(parameters):
            raise TypeError(
                f"expected a vector of real numbers as parameters, but got {reprlib.repr(parameters)}: "
                "without parameters= the numbers in the Values are taken"
            )
        theta = np.ascontiguousarray(given, dtype=float)
        if theta.shape != (len(leaves),):
            raise ValueError(
                f"expected a vector of {len(leaves)} parameters, one for each of .parameters, but got an "
                f"array of shape {np.shape(parameters)}"
            )
        return theta

    def _compile(self, given: Arguments) -> Known:
        if self.reduce is not None and not given.has_batch:
            raise ValueError(
                f"reduce={self.reduce!r} is over the batch, but no argument of {name_of(self.function)} has "
                "a batch axis: say which with in_axes"
            )
        with collector_paused():
            recorded = self._record(given)
            interface = Interface(
                [*_sources(given), *(Source(size, given.has_batch) for _, size in recorded.draws)],
                [int(np.prod(token.keys)) for token in recorded.structure.leaves],
                [x.label for x in recorded.parameters],
                self._input_names(given),
                self.reduce,
            )
            program = program_of(recorded.graph, interface)
        for old in list(self._known)[: len(self._known) - PROGRAMS + 1]:
            self._known.pop(old, None)
            self._of_shapes.clear()
        fill = _filler(recorded.structure, program.has_batch_axis)
        self._known[given.key] = known = Known(
            program, recorded, fill, given.has_batch, _of_results(program, recorded)
        )
        return known

    def _record(self, given: Arguments) -> Recorded:
        """The graph of one example, if the function makes the same one when it is called again."""
        is_batched = [s.is_batched for s in _sources(given) for _ in range(s.size)]
        inputs, first = self._run(given, 0)
        recorded = read(first, inputs, is_batched)
        is_large = len(recorded.graph) > LARGE
        example = 0 if is_large else given.batch_size - 1
        inputs, second = self._run(given, example)
        if is_large:
            is_same = np.array_equal(first.numbers(), second.numbers(), equal_nan=True)
        else:
            is_same = difference(recorded.graph, read(second, inputs, is_batched).graph) is None
        is_same = is_same and first.structure == second.structure
        if not is_same:
            places = place_of_difference(recorded.graph, lambda: self._run(given, example), is_batched)
            raise TypeError(
                f"{name_of(self.function)} cannot be compiled, because it computes something else each "
                f"time that it is called{places}: pass what changes, such as random numbers, as an argument"
            )
        return recorded

    def _run(self, given: Arguments, example: int) -> tuple[list[Value], Run]:
        inputs, args, kwargs = given.on_values(example)
        number = example if given.has_batch else None
        return inputs, run(self.function, number, lambda: self.function(*args, **kwargs))

    def _input_names(self, given: Arguments) -> list[str]:
        """The name of the argument for each array of numbers."""
        try:
            names = list(signature(self.function).parameters)
        except (TypeError, ValueError):
            names = []
        owners = [k for k, structure in enumerate(given.structures) for _ in structure.leaves]
        positional = len(given.structures) - len(given.names)
        every = [*names[:positional], *(f"x{k}" for k in range(len(names), positional)), *given.names]
        return [every[k] for k, leaf in zip(owners, given.leaves, strict=True) if leaf.kind != "fixed"]


def _sources(given: Arguments) -> list[Source]:
    """The arrays of numbers among the arguments."""
    numeric = [leaf for leaf in given.leaves if leaf.kind != "fixed"]
    return [Source(a.shape[-1], leaf.is_batched) for a, leaf in zip(given.arrays, numeric, strict=True)]


def _of_results(program: Program | ScalarProgram, recorded: Recorded) -> Sequence[tuple[Any, str] | None]:
    """The requirements, None for those of inputs themselves; none if there are no others."""
    if isinstance(program, ScalarProgram):
        return recorded.requirements
    pairs = zip(program.checks, recorded.requirements, strict=True)
    found = [None if view.base in program.sources else requirement for view, requirement in pairs]
    return found if any(found) else []


def _drawn(recorded: Recorded, batch_size: int, has_batch: bool) -> list[Array]:
    """New random numbers for every example."""
    drawn = [np.asarray(draw(batch_size), dtype=float) for draw, _ in recorded.draws]
    return drawn if has_batch else [x[0] for x in drawn]


def _filler(structure: Structure, is_batched: bool) -> Callable[[list[Array]], Any]:
    """A function that puts the leaves into the structure in which the function returned them."""
    shapes = [_shaper(token, is_batched) for token in structure.leaves]

    def fill(leaves: list[Array]) -> Any:
        return structure.rebuild([shape(leaf) for shape, leaf in zip(shapes, leaves, strict=True)])

    if len(structure) == 1:
        return lambda leaves: shapes[0](leaves[0])
    if structure[0].kind is tuple and len(structure) == 1 + len(shapes):
        return lambda leaves: tuple([shape(leaf) for shape, leaf in zip(shapes, leaves, strict=True)])
    return fill


def _shaper(token: Token, is_batched: bool) -> Callable[[Array], Any]:
    """A leaf as a float, an array of its own shape, or a tuple; with the batch in front if there is one."""
    if token.kind is tuple:
        return (lambda leaf: tuple(leaf.T)) if is_batched else (lambda leaf: tuple(leaf.tolist()))
    if token.kind is not None or len(token.keys) == 1:
        return lambda leaf: leaf
    if is_batched:
        return lambda leaf: leaf.reshape(len(leaf), *token.keys)
    return (lambda leaf: leaf.reshape(token.keys)) if token.keys else (lambda leaf: leaf.item())
