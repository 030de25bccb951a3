"""Losses of one example; the loss of a data set is the mean over its examples.

A prediction is what a model returns: a `Value` (or a number), or a list of them for several outputs.
Except for `cross_entropy`, the loss of several outputs is the mean over them. Targets are numbers, or
`Value`s where a loss is compiled: nothing here branches on the number in a Value.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from autograd_lite._primitive import Function, Interval, flatten, number
from autograd_lite._recording import require
from autograd_lite.engine import Value
from autograd_lite.ops import clip, dot, log, logsumexp, mean, relu, softplus, square, where
from autograd_lite.ops import sum as total

__all__ = [
    "LOSSES",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "mse",
]

# Probabilities may be outside [0, 1], and their sum may differ from 1, by rounding.
PROBABILITY = Interval(-1e-9, 1 + 1e-9)
NOT_NEGATIVE = Interval(low=0.0)
ABOUT_ONE = Interval(1 - 1e-6, 1 + 1e-6)


def mse(prediction: Any, target: Any) -> Any:
    """The squared error (ŷ - y)².

    Parameters
    ----------
    prediction : Value, float or list of them
        ŷ, any real number.
    target : float, Value or sequence of them
        y, of the same length.

    Raises
    ------
    ValueError
        If there are not as many targets as predictions.

    Examples
    --------
    >>> mse(3.0, 1.0), mse([3.0, 1.0], [1.0, 1.0])
    (4.0, 2.0)
    """
    return _mean(lambda p, y: square(p - y), prediction, target)


def binary_cross_entropy(prediction: Any, target: Any, eps: float = 1e-9) -> Any:
    """-(y log ŷ + (1 - y) log(1 - ŷ)), with ŷ clipped to [eps, 1 - eps] (uOttawa lecture, bce_loss).

    Parameters
    ----------
    prediction : Value, float or list of them
        ŷ, the probability of class 1, as a sigmoid gives it.
    target : int, Value or sequence of them
        y, 0 or 1.
    eps : float, optional
        How near to 0 and 1 a probability may come, so that the logarithm stays finite.

    Raises
    ------
    ValueError
        If a target is neither 0 nor 1, a probability is outside [0, 1] by more than rounding, their
        numbers differ, or eps is not in [0, 0.5).

    Examples
    --------
    >>> round(binary_cross_entropy(0.7, 1), 4), round(binary_cross_entropy(0.7, 0), 4)
    (0.3567, 1.204)
    """

    if not 0 <= eps < 0.5:
        raise ValueError(f"expected eps from 0 to 0.5, but got {eps!r}")

    def one(p: Any, y: Any) -> Any:
        y = _member(y, (0.0, 1.0), "binary_cross_entropy")
        p = _scalar(p, "a probability")
        require(
            p,
            PROBABILITY,
            "binary_cross_entropy takes a probability, but got {}: end the model in a sigmoid, or use "
            "binary_cross_entropy_with_logits",
        )
        p = clip(p, eps, 1.0 - eps)
        return -(y * log(p) + (1.0 - y) * log(1.0 - p))

    return _mean(one, prediction, target)


def binary_cross_entropy_with_logits(prediction: Any, target: Any) -> Any:
    """The binary cross-entropy of σ(z): softplus(-z) for y = 1, softplus(z) for y = 0, all digits kept.

    Parameters
    ----------
    prediction : Value, float or list of them
        z, the logit of class 1, any real number.
    target : int, Value or sequence of them
        y, 0 or 1.

    Raises
    ------
    ValueError
        If a target is neither 0 nor 1, or there are not as many targets as predictions.

    Examples
    --------
    >>> binary_cross_entropy_with_logits(-1000.0, 1)
    1000.0
    """

    def one(z: Any, y: Any) -> Any:
        y = _member(y, (0.0, 1.0), "binary_cross_entropy_with_logits")
        # The sign is exact, and so is the logit with it.
        return softplus((1.0 - 2.0 * y) * z)

    return _mean(one, prediction, target)


def cross_entropy(prediction: Any, target: Any) -> Any:
    """-Σ y_k log ŷ_k with ŷ = softmax(z), as logsumexp(z - y · z), which keeps all digits.

    Parameters
    ----------
    prediction : list of Value or float
        z, the logits, one for each class, any real numbers.
    target : int, Value or sequence of them
        The class, counted from 0, or the distribution y over the classes.

    Raises
    ------
    ValueError
        If the class is out of range, or the distribution has another length than the prediction,
        negative entries, or a sum other than 1.
    TypeError
        If there is a single logit.

    Examples
    --------
    >>> logits = [math.log(0.22), math.log(0.7), math.log(0.08)]
    >>> round(cross_entropy(logits, 1), 4), round(cross_entropy(logits, [0, 1, 0]), 4)
    (0.3567, 0.3567)
    """
    logits = flatten(prediction) if isinstance(prediction, Iterable) else (prediction,)
    if len(logits) < 2:
        raise TypeError(
            "cross_entropy takes a logit for each class, but got a single one: use "
            "binary_cross_entropy_with_logits for two classes"
        )
    if isinstance(target, Iterable) and getattr(target, "shape", (1,)) != ():
        shift = dot(_distribution(target, len(logits)), logits)
        return logsumexp([z - shift for z in logits])
    k = _scalar(target, "a class or a distribution over the classes")
    require(
        k,
        tuple(range(len(logits))),
        f"expected a class from 0 to {len(logits) - 1}, but got {{}}: the model has {len(logits)} outputs",
    )
    if isinstance(k, Value):
        return _cross_entropy_of_any(logits, k)
    others = [z - logits[int(k)] for j, z in enumerate(logits) if j != k]
    return logsumexp([0.0, *others])


def _cross_entropy_of_any(logits: Iterable[Any], k: Value) -> Any:
    """The cross-entropy of a class that is not known while the graph is made."""
    chosen = [(k > j - 0.5) & (k < j + 0.5) for j, _ in enumerate(logits)]
    shift = total(where(is_k, z, 0.0) for is_k, z in zip(chosen, logits, strict=True))
    # The term of the class itself is taken out of the sum and is the 0, so that the derivative of a loss
    # near 0 is not a difference of large numbers.
    others = [where(is_k, -math.inf, z - shift) for is_k, z in zip(chosen, logits, strict=True)]
    return logsumexp([0.0, *others])


def hinge(prediction: Any, target: Any) -> Any:
    """max(0, 1 - y s), the maximum-margin loss of a score s.

    Parameters
    ----------
    prediction : Value, float or list of them
        s, positive for class 1 and negative for class -1.
    target : int, Value or sequence of them
        y, -1 or 1.

    Raises
    ------
    ValueError
        If a target is neither -1 nor 1, or there are not as many targets as predictions.

    Examples
    --------
    >>> hinge(0.25, 1), hinge(0.25, -1)
    (0.75, 1.25)
    """
    return _mean(lambda s, y: relu(1.0 - _member(y, (-1.0, 1.0), "hinge") * s), prediction, target)


def _mean(loss: Callable[[Any, Any], Any], prediction: Any, target: Any) -> Any:
    """The mean loss over the outputs; of a single output its loss."""
    predictions, targets = _outputs(prediction), _outputs(target)
    if len(predictions) != len(targets):
        raise ValueError(
            f"expected a target for each of {len(predictions)} predictions, but got {len(targets)}"
        )
    if not predictions:
        raise ValueError("expected at least one prediction and its target, but got none")
    losses = [loss(p, y) for p, y in zip(predictions, targets, strict=True)]
    return losses[0] if len(losses) == 1 else mean(losses)


def _outputs(x: Any) -> tuple[Any, ...]:
    """One output or several as a tuple."""
    several = isinstance(x, Iterable) and getattr(x, "shape", (1,)) != ()
    return flatten(x) if several else (x,)


def _scalar(x: Any, what: str) -> Any:
    """A Value as it is, a number as a float."""
    return x if isinstance(x, Value) else number(x, what)


def _member(y: Any, labels: tuple[float, ...], loss: str) -> Any:
    """The label, a Value or a float, if it is one of `labels`."""
    label = _scalar(y, "a label")
    allowed = " or ".join(f"{k:g}" for k in labels)
    require(label, labels, f"{loss} takes the labels {allowed}, but got {{}}")
    return label


def _distribution(y: Iterable[Any], n: int) -> list[Any]:
    """y as Values and floats, if it is a distribution over n classes."""
    ys = [_scalar(p, "a probability") for p in flatten(y)]
    wanted = f"expected a distribution over {n} classes, numbers from 0 on with the sum 1, but got "
    if len(ys) != n or any(math.isnan(p) for p in ys if not isinstance(p, Value)):
        raise ValueError(f"{wanted}{ys}")
    for p in ys:
        require(p, NOT_NEGATIVE, f"{wanted}the number {{}}")
    require(total(ys), ABOUT_ONE, f"{wanted}the sum {{}}")
    return ys


LOSSES: dict[str, Function] = {
    f.__name__: f for f in (mse, binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge)
}
