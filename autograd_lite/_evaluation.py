"""One evaluation of a function on `Value`s, and the derivatives of its results by its arguments.

`evaluate` replaces the numbers in the chosen arguments by new nodes and calls the function. A `Value` in
an argument, as there is inside another derivative, is replaced by a node computed from it, so that the two
derivatives stay apart and the outer one goes on below.

Derivatives are floats, and leave no trace, if nothing but these arguments had an influence. If the
function reaches other leaves as well, those of an enclosing derivative or the parameters of a model, the
derivatives depend on them, and are `Value`s.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np

from autograd_lite._chain_rule import adjoint_graph, operands_first, pull_back, push_forward, tangent_graph
from autograd_lite._primitive import Function, is_real
from autograd_lite._recording import Scope, clock, differentiating, innermost, is_recording, recording
from autograd_lite._trees import Structure, flatten, scalars, scalars_of
from autograd_lite.arrays import ValueArray
from autograd_lite.engine import Value


class Evaluation(NamedTuple):
    """What a function was given and what it returned, scalar by scalar."""

    inputs: list[Value]
    input_structure: Structure
    outputs: list[Any]
    output_structure: Structure
    aux: Any
    order: list[Value]  # the nodes between them
    nodes: set[Value]  # the same, if there are several outputs
    gives_floats: bool  # whether nothing but the inputs can have an influence

    def adjoints(self, seeds: Iterable[tuple[Any, Any]]) -> list[Any]:
        """Σ seed ∂output/∂input for each input, from pairs of an output and its seed: reverse mode."""
        # A seed of 0 leaves an output out, even if its derivative is infinite.
        roots = [(y, seed) for y, seed in seeds if isinstance(y, Value) and seed != 0.0]
        if self.gives_floats:
            found: Mapping[Value, Any] = pull_back(self._order_to(roots), roots)
        else:
            with recording():
                found = adjoint_graph(self._order_to(roots), roots, self.inputs)
        return [found.get(x, 0.0) for x in self.inputs]

    def _order_to(self, roots: Sequence[tuple[Value, Any]]) -> list[Value]:
        """The part of the order on which some outputs depend: a row of a Jacobian may need little of it."""
        if len(self.outputs) == 1:
            return self.order
        return operands_first((y for y, _ in roots), self.inputs, skipped=lambda x: x not in self.nodes)

    def tangents(self, seeds: Iterable[tuple[Value, Any]]) -> list[Any]:
        """Σ ∂output/∂input seed for each output, from pairs of an input and its seed: forward mode."""
        moving = {x: seed for x, seed in seeds if seed != 0.0}
        if self.gives_floats:
            found: Mapping[Value, Any] = push_forward(self.order, moving)
        else:
            with recording():
                found = tangent_graph(self.order, moving)
        return [found.get(y, 0.0) if isinstance(y, Value) else 0.0 for y in self.outputs]

    def released(self, scalars: Sequence[Any]) -> list[Any]:
        """Results in the form in which they leave: Values if they carry a graph, otherwise floats."""
        if self._leaves_floats:
            return [x._number if isinstance(x, Value) else float(x) for x in scalars]
        return [x if isinstance(x, Value) else _constant(x) for x in scalars]

    @property
    def _leaves_floats(self) -> bool:
        return self.gives_floats or not is_recording()

    def as_array(self, scalars: list[Any]) -> Any:
        """An array of released results."""
        return np.array(scalars, dtype=float) if self._leaves_floats else objects(scalars)

    def like_inputs(self, scalars: Sequence[Any]) -> Any:
        """Results in the structure of the differentiated arguments."""
        return self.input_structure.fill(self.released(scalars), self.as_array)

    def like_outputs(self, scalars: Sequence[Any]) -> Any:
        """Results in the structure of what the function returned."""
        return self.output_structure.fill(self.released(scalars), self.as_array)

    def released_aux(self) -> Any:
        """What the function returned besides: its Values go the way of all results, the rest stays."""
        if not _values(self.aux):
            return self.aux
        leaves, structure = flatten(self.aux)
        return structure.rebuild([self._released_leaf(x) for x in leaves])

    def _released_leaf(self, x: Any) -> Any:
        if isinstance(x, list | tuple):
            return type(x)([self._released_leaf(v) for v in x])
        if isinstance(x, Value):
            return self.released([x])[0]
        if isinstance(x, np.ndarray) and x.dtype == object and any(isinstance(v, Value) for v in x.flat):
            return self.as_array(self.released(x.ravel().tolist())).reshape(x.shape)
        return x


def evaluate(
    f: Function,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    argnums: int | Sequence[int] | None,
    has_aux: bool = False,
    scalar_for: str = "",
) -> Evaluation:
    """Call `f` with the arguments `argnums` (None: with all) on new nodes.

    With the name of a function in `scalar_for` the result must be one number, because that is what it
    differentiates.
    """
    chosen, is_single = indices(argnums, len(args), f)
    leaves, structure = flatten(args[chosen[0]] if is_single else tuple(args[i] for i in chosen))
    around, start = innermost.get(), clock()
    with recording():
        inputs = [_node(x, f) for leaf in leaves for x in _numbers_in(leaf, f)]
        with differentiating() as scope:
            given = structure.fill(inputs, objects)
            result = f(*substitute(args, chosen, is_single, given), **kwargs)
    result, aux = _without_aux(result, f) if has_aux else (result, None)
    outputs, output_structure = _outputs(result, f, scalar_for)
    results = [y for y in outputs if isinstance(y, Value)]
    is_alone = len(chosen) == len(args) and not kwargs
    if is_alone and inputs and outputs and not (results or scope.has_inner):
        raise TypeError(
            f"{name_of(f)} must return a Value computed from its arguments, but it returned "
            f"{reprlib.repr(result)}: what is computed from .data has no derivative; if a constant is meant, "
            "add 0.0 * x to it"
        )
    order, gives_floats = _trace(results + _values(aux), inputs, start, around)
    for x in inputs:  # to whoever meets them from now on they are constants
        (x if x._primitive is None else x._b)._da = inf
    nodes = set(order) if len(outputs) > 1 else set()
    return Evaluation(inputs, structure, outputs, output_structure, aux, order, nodes, gives_floats)


def _without_aux(result: Any, f: Function) -> tuple[Any, Any]:
    if isinstance(result, tuple) and len(result) == 2:
        return result
    raise TypeError(
        f"with has_aux=True {name_of(f)} must return a pair (result, aux), but it returned "
        f"{reprlib.repr(result)}"
    )


def _trace(
    results: list[Value], inputs: list[Value], start: int, around: Scope | None
) -> tuple[list[Value], bool]:
    """The nodes between inputs and results, and whether nothing but the inputs has an influence on these.

    Leaves older than this evaluation belong to others, as arguments or parameters; younger ones, made by
    the function, are constants.
    """
    old: list[Value] = []

    def is_old(node: Value) -> bool:
        if around is None or not around.is_old(node):
            return False
        old.append(node)
        return True

    order = operands_first(results, known=inputs, skipped=is_old if around else None)
    is_closed = (
        not old
        and all(x._primitive is None for x in inputs)
        and all(x._da > start for x in order if x._primitive is None)
    )
    if around:
        around.has_inner = True
        if not is_closed:
            around.history.update(order)
    return order, is_closed


def check(f: Any, argnums: Any) -> None:
    """Raise TypeError unless they are a function, and an int, a sequence of ints or None."""
    if not callable(f):
        raise TypeError(f"expected a function to differentiate, but got {reprlib.repr(f)}")
    several = argnums if isinstance(argnums, tuple | list | range) else () if argnums is None else (argnums,)
    if any(isinstance(i, bool) or not isinstance(i, int | np.integer) for i in several):
        raise TypeError(f"expected an int or a sequence of ints for argnums, but got {argnums!r}")


def indices(argnums: Any, count: int, f: Function) -> tuple[list[int], bool]:
    """The positions of the differentiated arguments, and whether it is one given by itself."""
    check(f, argnums)
    is_single = isinstance(argnums, int | np.integer)
    chosen = [argnums] if is_single else list(range(count) if argnums is None else argnums)
    for i in chosen:
        if not -count <= i < count:
            raise IndexError(
                f"argnums = {i} is out of range: {name_of(f)} was called with {count} positional "
                f"argument{'s' * (count != 1)}"
            )
    chosen = [int(i) % count for i in chosen]
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"expected argnums that differ, but got {argnums!r}")
    return chosen, is_single


def substitute(args: Sequence[Any], chosen: Sequence[int], is_single: bool, given: Any) -> list[Any]:
    """The arguments with others at the chosen positions: one, or a tuple of them."""
    substituted = list(args)
    for i, x in zip(chosen, (given,) if is_single else given, strict=True):
        substituted[i] = x
    return substituted


def name_of(f: Function) -> str:
    """How the function is called in messages."""
    return getattr(f, "__name__", None) or repr(f)


def objects(elements: Sequence[Any]) -> ValueArray:
    """An array of these elements, whatever they are."""
    made = np.empty(len(elements), dtype=object)
    made[:] = elements
    return made.view(ValueArray)


def _numbers_in(leaf: Any, f: Function) -> list[Any]:
    """The scalars of an argument; raises TypeError for an array of integers or other things."""
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind not in "fO":
        advice = "write a.astype(float)" if leaf.dtype.kind in "iu" else "leave it out of argnums"
        raise TypeError(
            f"{name_of(f)} can be differentiated by floats, but got an array of {leaf.dtype}: {advice}"
        )
    return scalars_of(leaf)


def _node(x: Any, f: Function) -> Value:
    """What stands for a number in the function."""
    if type(x) is float:
        return Value(x)
    if isinstance(x, Value):
        # A leaf among its operands tells derivatives inside the function that it is not theirs.
        node = x * Value(1.0)
        node.label = x.label
        return node
    if isinstance(x, bool | np.bool_) or not is_real(x):
        raise TypeError(
            f"{name_of(f)} can be differentiated by floats, Values, lists, dicts and arrays of them, but got "
            f"{x!r} of type {type(x).__name__}: pass it as another argument"
        )
    return Value(x)


def _constant(x: float) -> Value:
    """A leaf that no derivative takes for one of its arguments' or of its surroundings."""
    made = Value(x)
    made._da = inf
    return made


def _values(aux: Any) -> list[Value]:
    """The Values in whatever a function returned besides its result."""
    try:
        leaves, _ = flatten(aux)
    except ValueError:  # a list that contains itself is no structure of numbers
        return []
    return [x for x in scalars(leaves) if isinstance(x, Value)]


def _outputs(result: Any, f: Function, scalar_for: str) -> tuple[list[Any], Structure]:
    """The scalars that a function returned; raises TypeError for what cannot be differentiated."""
    leaves, structure = flatten(result)
    if scalar_for and (structure[0].kind or structure[0].keys):
        raise TypeError(
            f"{scalar_for} differentiates functions that return one number, but {name_of(f)} returned "
            f"{structure[0]}: use jacobian"
        )
    outputs = scalars(leaves)
    for x in outputs:
        if isinstance(x, bool | np.bool_) or not (isinstance(x, Value) or is_real(x)):
            raise TypeError(
                f"{name_of(f)} must return Values, but it returned {x!r} of type {type(x).__name__}"
            )
    return [x if isinstance(x, Value) else float(x) for x in outputs], structure
