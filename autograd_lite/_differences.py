"""Finite differences, and the comparison of derivatives with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from autograd_lite._choose import choose
from autograd_lite._evaluation import evaluate, indices, name_of, objects, substitute
from autograd_lite._primitive import Function, number
from autograd_lite._recording import no_grad
from autograd_lite._trees import Structure, flatten, scalars
from autograd_lite.arrays import data
from autograd_lite.calculus import MODES, Argnums, jacobian
from autograd_lite.engine import Value

Vector = Sequence[Any]

# The last step is 5e-6, about the cube root of the rounding error, which is best without extrapolation. With
# steps that are halved a periodic function might have the same value at all points.
LEVELS, RATIO = 12, 2.5
FIRST_STEP = 1 / 8
EPSILON = 2.0**-52
# What derivatives that cancel to 0 may leave, beside the others of the same result.
ROUNDING = 1e-12


class FiniteDifference(NamedTuple):
    """What `finite_difference` returns: the derivative, and how far off it may be.

    Examples
    --------
    >>> FiniteDifference(derivative=2.0, error=1e-12).error
    1e-12
    """

    derivative: Any
    error: Any


def finite_difference(f: Function, *args: Any, argnums: Argnums = 0) -> FiniteDifference:
    """The derivative of a function from its values alone, and an estimate of its error.

    Central differences, D(h) = (f(x + h) - f(x - h)) / 2h, are computed for twelve steps h, each the one
    before divided by r = 2.5. Their error is a series in h², whose first terms Richardson's extrapolation
    removes: D(h/r) + (D(h/r) - D(h)) / (r² - 1), and so on. Of all results the one is taken that differs
    least from its neighbours (Ridders, Accurate computation of F'(x) and F'(x)F''(x), 1982).

    Parameters
    ----------
    f : callable
        Any function of numbers, whatever it is written with: it is called with floats and arrays of floats.
        If an argument holds `Value`s it is called with `Value`s there.
    *args
        The point: floats, lists, tuples, dicts, arrays of floats.
    argnums : int or sequence of int, default 0
        The arguments by which to differentiate.

    Returns
    -------
    FiniteDifference
        A pair ``(derivative, error)``, both in the structure that `jacobian` gives. Where `f` has no values
        on both sides of the point the derivative is NaN and the error infinite. At a kink the derivative is
        the mean of the slopes on both sides.

    Raises
    ------
    TypeError
        If an argument or the result of `f` is not made of numbers.
    IndexError
        If there is no argument of such a number.

    Examples
    --------
    >>> import math
    >>> derivative, error = finite_difference(math.sin, 1.0)
    >>> abs(derivative - math.cos(1.0)) <= error < 1e-10
    True
    """
    chosen, is_single = indices(argnums, len(args), f)
    leaves, structure = flatten(args[chosen[0]] if is_single else tuple(args[i] for i in chosen))
    numbers = scalars(leaves)
    with_values = any(isinstance(x, Value) for x in numbers)

    def result_at(xs: Vector) -> Any:
        given = (
            structure.fill([Value(x) for x in xs], objects)
            if with_values
            else structure.fill(list(xs), np.array)
        )
        with no_grad():
            return f(*substitute(args, chosen, is_single, given))

    point = _numbers(numbers, f"the arguments of {name_of(f)}")
    leaves, output_structure = flatten(result_at(point))
    for x in scalars(leaves):
        number(x.data if isinstance(x, Value) else x, f"real numbers in the result of {name_of(f)}")
    derivative, error = _differences(
        lambda xs: _numbers(_scalars(result_at(xs), output_structure, f), f"the result of {name_of(f)}"),
        point,
    )
    return FiniteDifference(
        output_structure.fill_rows(derivative, structure), output_structure.fill_rows(error, structure)
    )


def check_gradients(
    f: Function,
    *args: Any,
    order: int = 1,
    modes: Sequence[str] = ("forward", "reverse"),
    argnums: Argnums | None = None,
    rtol: float = 1e-6,
) -> None:
    """Compare every derivative of a function, in both modes, with finite differences.

    A derivative passes if it differs from the finite difference D by no more than ``rtol * |D|``, ten times
    the estimated error of D, and 1e-12 for the rounding of derivatives that cancel.

    Parameters
    ----------
    f : callable
        A function of `Value`s, as for `jacobian`; all of its results are checked.
    *args
        The point at which to check.
    order : {1, 2}, default 1
        Of the derivatives to check; 2 checks the first and the second, the latter against differences of the
        first.
    modes : sequence of {"forward", "reverse"}
        The modes to check.
    argnums : int, sequence of int or None
        The arguments by which to differentiate, by default all.
    rtol : float, default 1e-6
        The relative tolerance.

    Raises
    ------
    AssertionError
        At the first derivative that does not agree, naming the result, the input, both numbers and
        the error that the finite difference may have; also where there are no finite differences to compare
        with, because `f` has no values nearby or jumps.
    TypeError, IndexError
        As `jacobian`, for arguments and results that cannot be differentiated.
    ValueError
        If there is no such order or mode, or no mode.

    Examples
    --------
    >>> from autograd_lite import custom_derivative, exp
    >>> check_gradients(lambda x: [x[0] * exp(x[1])], [2.0, 0.5], order=2)
    >>> @custom_derivative(lambda y, x: 3.0 * x)
    ... def cube(x):
    ...     return x**3
    >>> check_gradients(cube, 2.0)
    Traceback (most recent call last):
    ...
    AssertionError: forward mode, d cube / d args[0]: expected 12 (estimated error 1e-13), but got 6
    """
    if order not in (1, 2):
        raise ValueError(f"expected 1 or 2 for order, but got {order!r}")
    if isinstance(modes, str) or not isinstance(modes, Sequence) or not modes:
        raise ValueError(f"expected a sequence of modes, such as ('forward', 'reverse'), but got {modes!r}")
    for mode in modes:
        choose(MODES, mode, "mode")
    if not 0 <= number(rtol, "a real number for rtol") < np.inf:
        raise ValueError(f"expected a finite number from 0 on for rtol, but got {rtol!r}")
    e = evaluate(f, args, {}, argnums)
    chosen, is_single = indices(argnums, len(args), f)

    def flat(xs: Vector) -> list[Any]:
        """The function of scalars to scalars."""
        given = e.input_structure.fill(list(xs), objects)
        return _scalars(f(*substitute(args, chosen, is_single, given)), e.output_structure, f)

    def value(xs: Vector) -> list[float]:
        with no_grad():
            return _numbers(flat([Value(x) for x in xs]), f"the result of {name_of(f)}")

    if not e.inputs or not e.outputs:
        raise ValueError(f"there is nothing to check: {name_of(f)} has no input or no result")
    point = [x.data for x in e.inputs]
    inputs = _input_names(e.input_structure, chosen, is_single)
    outputs = [name_of(f) + path for path in e.output_structure.paths()]
    reference = _differences(value, point)
    for mode in modes:
        slopes = jacobian(flat, mode=mode)
        _compare(f"{mode} mode", data(slopes(point)), reference, outputs, inputs, rtol, value, point)
        if order == 2:
            _check_second(slopes, mode, point, outputs, inputs, rtol)


def _check_second(
    slopes: Function, mode: str, point: list[float], outputs: list[str], inputs: list[str], rtol: float
) -> None:
    """Compare the derivatives of the first derivatives with differences of these."""

    def flat(xs: Vector) -> list[Any]:
        return [slope for row in slopes(xs) for slope in row]

    def value(xs: Vector) -> list[float]:
        return _numbers(flat(xs), "a derivative")

    got = data(jacobian(flat, mode=mode)(point))
    names = [f"(d {y} / d {x})" for y, x in product(outputs, inputs)]
    _compare(f"{mode} mode", got, _differences(value, point), names, inputs, rtol, value, point)


def _compare(
    mode: str,
    got: Any,
    reference: tuple[Any, Any],
    outputs: list[str],
    inputs: list[str],
    rtol: float,
    f: Callable[[Vector], list[float]],
    point: list[float],
) -> None:
    """Raise AssertionError at the first entry of a Jacobian that is wrong."""
    expected, error = reference
    scales = np.max(abs(expected), axis=1)
    for (i, y), (j, x) in product(enumerate(outputs), enumerate(inputs)):
        d, e = expected[i, j], error[i, j]
        what = f"{mode}, d {y} / d {x}"
        if not e <= 1e-3 * max(1.0, abs(d)):
            raise AssertionError(
                f"{what}: finite differences do not settle at this point ({d:.6g}, estimated error {e:.1g}), "
                f"so that {got[i, j]:.10g} cannot be checked: choose a point where the function is smooth"
            )
        if not abs(got[i, j] - d) <= rtol * abs(d) + 10 * e + ROUNDING * max(1.0, scales[i]):
            raise AssertionError(
                f"{what}: expected {d:.10g} (estimated error {e:.1g}), but got {got[i, j]:.10g}"
                + kink(f, point, i, j)
            )


def kink(f: Callable[[Vector], list[float]], point: list[float], i: int, j: int) -> str:
    """A remark, if the slopes on both sides of the point differ."""
    sides = []
    for h in (4e-6 * max(1.0, abs(point[j])), 1e-6 * max(1.0, abs(point[j]))):
        try:
            below, here, above = (f([x + t * (k == j) for k, x in enumerate(point)])[i] for t in (-h, 0, h))
        except (ValueError, ArithmeticError):
            return ""
        sides.append(((here - below) / h, (above - here) / h))
    (_, _), (left, right) = sides
    wide, narrow = (abs(b - a) for a, b in sides)
    if narrow < max(
        1e-3 * max(1.0, abs(left), abs(right)), wide / 2
    ):  # curvature, which a quarter of h quarters
        return ""
    return f" (there is a kink here, with slopes {left:.4g} and {right:.4g} on its sides)"


def _differences(f: Callable[[Vector], list[float]], point: list[float]) -> tuple[Any, Any]:
    """The Jacobian by extrapolated differences, and estimates of the error of each entry."""
    count = len(f(point))
    columns = [_column(f, point, j) for j in range(len(point))]
    derivative, error = (np.empty((count, len(point))) for _ in range(2))
    for j, column in enumerate(columns):
        derivative[:, j], error[:, j] = column
    return derivative, error


def _column(f: Callable[[Vector], list[float]], point: list[float], j: int) -> tuple[Any, Any]:
    """The derivatives of all results by the input j, and estimates of their errors."""

    def at(h: float) -> Any:
        try:
            return np.array(f([*point[:j], point[j] + h, *point[j + 1 :]]))
        except (ValueError, ArithmeticError):  # outside the domain
            return np.array(np.nan)

    best, error = np.array(np.nan), np.array(np.inf)
    if not np.isfinite(point[j]):
        return best, error
    h = FIRST_STEP * max(1.0, abs(point[j]))
    while not (np.isfinite(at(h)).all() and np.isfinite(at(-h)).all()) and point[j] + h / 4 != point[j]:
        h /= 4
    row: list[Any] = []
    with np.errstate(all="ignore"):
        for level in range(LEVELS):
            step = h / RATIO**level
            above, below = at(step), at(-step)
            rounding = EPSILON * (abs(above) + abs(below)) / step
            # The distance of the two points as they were rounded, not as they were meant.
            previous, row = row, [(above - below) / ((point[j] + step) - (point[j] - step))]
            for k, coarse in enumerate(previous, start=1):
                row.append(row[-1] + (row[-1] - coarse) / (RATIO ** (2 * k) - 1))
                change = np.maximum(abs(row[-1] - row[-2]), abs(row[-1] - coarse)) + rounding
                best, error = np.where(change < error, row[-1], best), np.fmin(change, error)
        # What these steps agree on may still not be what goes on within the smallest, or far below it.
        error = np.fmax(error, abs(best - row[0]) - 4 * rounding)
        return best, np.fmax(error, _far_below(at, best, max(1.0, abs(point[j]))))


def _far_below(at: Callable[[float], Any], best: Any, scale: float) -> Any:
    """How far off the best result is by differences of tiny steps, as far as these agree.

    A slope shows at each of them alike, noise does not.
    """
    steps = [2.0**-k * scale for k in (36, 35, 34)]
    values = [(at(h), at(-h)) for h in steps]
    slopes = [(above - below) / (2 * h) for h, (above, below) in zip(steps, values, strict=True)]
    noise = EPSILON * (abs(values[0][0]) + abs(values[0][1])) / steps[0]
    spread = np.max(slopes, axis=0) - np.min(slopes, axis=0)
    return np.min([abs(best - slope) for slope in slopes], axis=0) - 4 * (noise + spread)


def _input_names(structure: Structure, chosen: list[int], is_single: bool) -> list[str]:
    """How each input is reached, as in ``args[0]['w'][2]``."""
    if is_single:
        return [f"args[{chosen[0]}]{path}" for path in structure.paths()]
    renumbered = {f"[{k}]": f"args[{i}]" for k, i in enumerate(chosen)}
    return [
        renumbered[path[: path.index("]") + 1]] + path[path.index("]") + 1 :] for path in structure.paths()
    ]


def _scalars(result: Any, structure: Structure, f: Function) -> list[Any]:
    """The scalars of a result that has the structure of the first one."""
    try:
        leaves = structure.leaves_of(result, f"the result of {name_of(f)} must not change its structure")
    except ValueError as error:
        raise TypeError(str(error)) from None
    return scalars(leaves)


def _numbers(xs: Vector, what: str) -> list[float]:
    wanted = f"real numbers in {what}"
    return [
        # Python's power of a negative number is complex: there is no real one.
        np.nan if isinstance(x, complex) else x.data if isinstance(x, Value) else number(x, wanted)
        for x in xs
    ]
