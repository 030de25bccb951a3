"""Derivatives of functions: `grad`, `jacobian`, `hessian`, and products with them.

The functions are of floats, `Value`s, lists, tuples, dicts and NumPy arrays, nested as one likes; they
compute with the `Value`s (and arrays of `Value`s) that stand in their place. Results have the structure
of the arguments by which was differentiated. Everything nests: ``grad(grad(f))``.

A result is made of floats. Only where it depends on more than the arguments, inside another derivative or
in a function that uses `Value`s of its own, such as the parameters of a model, it is made of `Value`s,
which can be differentiated by those; inside `no_grad` it is made of floats there, too.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from autograd_lite._choose import choose
from autograd_lite._custom import custom_derivative
from autograd_lite._evaluation import Evaluation, check, evaluate, indices
from autograd_lite._primitive import Function, number
from autograd_lite._recording import no_grad
from autograd_lite._trees import Structure, scalars
from autograd_lite.engine import Value
from autograd_lite.ops import stop_gradient

__all__ = [
    "custom_derivative",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]

Argnums = int | Sequence[int]


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The gradient of a function with one number as result, ∂f/∂x, by reverse mode.

    One evaluation of `f` and one pass back over it, for any number of inputs.

    Parameters
    ----------
    f : callable
        A function whose result is a `Value`.
    argnums : int or sequence of int, default 0
        The positional arguments by which to differentiate: floats, `Value`s, lists, tuples and dicts of
        them, arrays of floats. All others are passed on as they are.
    has_aux : bool, default False
        Whether `f` returns a pair ``(value, aux)``, of which only the first is differentiated.

    Returns
    -------
    callable
        A function of the arguments of `f`. It returns the derivatives, in the structure of the argument, or
        a tuple of them if `argnums` is a sequence; with `has_aux` a pair of this and ``aux``. The
        derivative by an input that `f` does not use is 0.

    Raises
    ------
    TypeError
        If `f` is not callable; when called, if `f` returns anything but one `Value`, or if an argument cannot
        be differentiated (text, integers in an array).
    IndexError
        When called, if there is no argument of such a number.

    Examples
    --------
    >>> from autograd_lite import exp
    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["a"] * exp(p["b"][0]))({"a": 3.0, "b": [0.0, 1.0]})
    {'a': 1.0, 'b': [3.0, 0.0]}
    """
    both = value_and_grad(f, argnums, has_aux)

    @wraps(f, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, derivatives = both(*args, **kwargs)
        return (derivatives, value[1]) if has_aux else derivatives

    return gradient


def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The value and the gradient of a function with one number as result, from one evaluation.

    Parameters
    ----------
    f, argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        A function that returns a pair of the value and the derivatives; with `has_aux`, of the pair
        ``(value, aux)`` and the derivatives.

    Raises
    ------
    TypeError, IndexError
        As for `grad`.

    Examples
    --------
    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    check(f, argnums)

    @wraps(f, updated=())
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        e = evaluate(f, args, kwargs, argnums, has_aux, scalar_for="grad")
        value = e.like_outputs(e.outputs)
        derivatives = e.like_inputs(e.adjoints([(e.outputs[0], 1.0)]))
        return ((value, e.released_aux()) if has_aux else value), derivatives

    return value_and_gradient


def jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False, mode: str | None = None) -> Function:
    """The Jacobian of a function, J[i, j] = ∂f_i/∂x_j.

    Parameters
    ----------
    f : callable
        A function whose result is a `Value`, or a list, tuple, dict or array of `Value`s and numbers.
    argnums, has_aux
        As for `grad`.
    mode : {None, "forward", "reverse"}
        Forward mode makes one pass for each input, reverse mode one for each output. By default it is that
        which makes fewer, reverse mode if they are equally many.

    Returns
    -------
    callable
        A function that returns the structure of the result of `f`, in which each number, or array of shape
        ``s``, is replaced by derivatives in the structure of the argument, an argument of shape ``t``
        giving an array of shape ``s + t``: for lists, a list of rows. (So does JAX.)

    Raises
    ------
    ValueError
        If there is no such mode.
    TypeError, IndexError
        As for `grad`, but that the result may have any structure.

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] ** 2])([2.0, 3.0])
    [[3.0, 2.0], [4.0, 0.0]]
    >>> import numpy as np
    >>> jacobian(np.exp)(np.array([0.0, 1.0])).round(2)
    array([[1.  , 0.  ],
           [0.  , 2.72]])
    """
    check(f, argnums)
    if mode is not None:
        choose(MODES, mode, "mode")

    @wraps(f, updated=())
    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        e = evaluate(f, args, kwargs, argnums, has_aux)
        matrix = MODES[mode or ("forward" if len(e.inputs) < len(e.outputs) else "reverse")](e)
        derivatives = e.output_structure.fill_rows(matrix, e.input_structure)
        return (derivatives, e.released_aux()) if has_aux else derivatives

    return jacobian_of_f


def _forward(e: Evaluation) -> Any:
    """The Jacobian, column by column."""
    return _matrix(e, [e.tangents([(x, 1.0)]) for x in e.inputs], len(e.outputs)).T


def _reverse(e: Evaluation) -> Any:
    """The Jacobian, row by row."""
    return _matrix(e, [e.adjoints([(y, 1.0)]) for y in e.outputs], len(e.inputs))


MODES: dict[str, Callable[[Evaluation], Any]] = {"forward": _forward, "reverse": _reverse}


def _matrix(e: Evaluation, rows: list[list[Any]], length: int) -> Any:
    return e.as_array([x for row in rows for x in e.released(row)]).reshape(len(rows), length)


def hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The second derivatives of a function, H[i, j] = ∂²f/∂x_i∂x_j.

    The gradient's graph is recorded once; each row is one pass back over the part on which it depends.

    Parameters
    ----------
    f : callable
        As for `jacobian`.
    argnums, has_aux
        As for `grad`.

    Returns
    -------
    callable
        A function that returns the Jacobian of the Jacobian: for a number as result and a list as argument
        a list of rows, for an array of shape ``s`` one of shape ``s + s``, for a dict a dict of dicts.

    Raises
    ------
    TypeError, IndexError
        As for `jacobian`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 3 * x[1])([2.0, 3.0])
    [[36.0, 12.0], [12.0, 0.0]]
    """
    return jacobian(jacobian(f, argnums, has_aux), argnums, has_aux)


def jvp(
    f: Function,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    argnums: Argnums | None = None,
    has_aux: bool = False,
) -> Any:
    """The directional derivative J v by forward mode: one evaluation, and one pass over what it recorded.

    With the tangent v̇ of each node v, going forwards from those of the inputs, v̇ = Σ ∂v/∂x ẋ
    over the operands x of v (Wengert, A simple automatic derivative evaluation program, 1964).

    Parameters
    ----------
    f : callable
        As for `jacobian`.
    primals : sequence
        The positional arguments of `f`.
    tangents : sequence
        A direction for each differentiated argument, in its structure.
    argnums : int, sequence of int or None
        The arguments by which to differentiate, by default all.
    has_aux : bool, default False
        As for `grad`.

    Returns
    -------
    tuple
        The value of `f`, its derivative in this direction, and, with `has_aux`, ``aux``.

    Raises
    ------
    TypeError, IndexError
        As for `jacobian`.
    ValueError
        If the tangents have not the structure of the arguments.

    Examples
    --------
    >>> jvp(lambda x: [x[0] * x[1], x[0] ** 2], ([2.0, 3.0],), ([1.0, 0.0],))
    ([6.0, 4.0], [3.0, 4.0])
    """
    check(f, argnums)
    e, seeds = _evaluate_with_tangents(f, primals, tangents, argnums, has_aux)
    moved = e.tangents(zip(e.inputs, seeds, strict=True))
    aux = (e.released_aux(),) if has_aux else ()
    return (e.like_outputs(e.outputs), e.like_outputs(moved), *aux)


def vjp(f: Function, *primals: Any, argnums: Argnums | None = None, has_aux: bool = False) -> Any:
    """The value of a function, and a function that multiplies its Jacobian from the left: wᵀ J.

    Parameters
    ----------
    f : callable
        As for `jacobian`.
    *primals
        The arguments of `f`.
    argnums : int, sequence of int or None
        The arguments by which to differentiate, by default all.
    has_aux : bool, default False
        As for `grad`.

    Returns
    -------
    tuple
        The value of `f`; a function of a cotangent w, which has the structure of this value, that makes
        one reverse pass and returns the derivatives, a tuple unless `argnums` is an int; with
        `has_aux`, ``aux``.

    Raises
    ------
    TypeError, IndexError
        As for `jacobian`.
    ValueError
        When the cotangent has not the structure of the value.

    Examples
    --------
    >>> value, pull_back = vjp(lambda x, y: [x * y, x**2], 2.0, 3.0)
    >>> value, pull_back([1.0, 0.0]), pull_back([0.0, 1.0])
    ([6.0, 4.0], (3.0, 2.0), (4.0, 0.0))
    """
    check(f, argnums)
    e = evaluate(f, primals, {}, argnums, has_aux)

    def pull_back(cotangent: Any) -> Any:
        seeds = _directions(e.output_structure, cotangent, "the cotangent")
        this = _for_seeds(e, seeds)
        return this.like_inputs(this.adjoints(zip(e.outputs, seeds, strict=True)))

    aux = (e.released_aux(),) if has_aux else ()
    return (e.like_outputs(e.outputs), pull_back, *aux)


def hvp(
    f: Function,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
) -> Any:
    """The product H v of the Hessian and a vector, without the Hessian: forward over reverse mode.

    The cost is proportional to that of the function, whatever the number of inputs (Pearlmutter, Fast
    exact multiplication by the Hessian, 1994).

    Parameters
    ----------
    f : callable
        A function whose result is a `Value`.
    primals : sequence
        The positional arguments of `f`.
    tangents : sequence
        A direction for each differentiated argument, in its structure.
    argnums, has_aux
        As for `grad`.

    Returns
    -------
    The structure of the differentiated argument, a tuple if `argnums` is a sequence; with `has_aux`, a
    pair of this and ``aux``.

    Raises
    ------
    TypeError, IndexError
        As for `grad`.
    ValueError
        If the tangents have not the structure of the arguments.

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 3 * x[1], ([2.0, 3.0],), ([1.0, 0.0],))
    [36.0, 12.0]
    """
    gradient = grad(f, argnums, has_aux)
    _, product, *aux = jvp(gradient, primals, tangents, argnums, has_aux)
    return (product, *aux) if has_aux else product


def _evaluate_with_tangents(
    f: Function, primals: Any, tangents: Any, argnums: Argnums | None, has_aux: bool
) -> tuple[Evaluation, list[Any]]:
    """An evaluation at the primals, and the tangent of each of its inputs."""
    for name, given in {"primals": primals, "tangents": tangents}.items():
        if not isinstance(given, tuple | list):
            raise TypeError(
                f"expected a tuple of {name}, one for each argument, but got {reprlib.repr(given)}"
            )
    chosen, is_single = indices(argnums, len(primals), f)
    if len(tangents) != len(chosen):
        raise ValueError(
            f"expected as many tangents as differentiated arguments, {len(chosen)}, but got {len(tangents)}"
        )
    e = evaluate(f, primals, {}, argnums, has_aux)
    seeds = _directions(e.input_structure, tangents[0] if is_single else tuple(tangents), "the tangents")
    return _for_seeds(e, seeds), seeds


def _directions(structure: Structure, given: Any, what: str) -> list[Any]:
    """The scalars of a tangent or cotangent: floats and Values."""
    what = f"{what} must have the structure of what they belong to"
    directions = scalars(structure.leaves_of(given, what))
    wanted = "a real number or a Value in a tangent"
    return [x if type(x) is float or isinstance(x, Value) else number(x, wanted) for x in directions]


def _for_seeds(e: Evaluation, seeds: Sequence[Any]) -> Evaluation:
    """Derivatives in the direction of Values depend on these, and are Values."""
    return e._replace(gives_floats=e.gives_floats and Value not in set(map(type, seeds)))
