"""Losses of one example; the loss of a data set is the mean over its examples.

A prediction is what a model returns: a `Value` (or a number), or a list of them for several outputs.
Except for `cross_entropy`, the loss of several outputs is the mean over them.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from autograd_lite._primitive import Function, flatten, number
from autograd_lite.engine import Value
from autograd_lite.ops import clip, dot, log, logsumexp, mean, relu, softplus, square

__all__ = [
    "LOSSES",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "mse",
]


def mse(prediction: Any, target: Any) -> Any:
    """The squared error (ŷ - y)².

    Parameters
    ----------
    prediction : Value, float or list of them
        ŷ, any real number.
    target : float or sequence of float
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
    target : int or sequence of int
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
        if p < -1e-9 or p > 1 + 1e-9:
            raise ValueError(
                f"binary_cross_entropy takes a probability, but got {p:.10g}: "
                "end the model in a sigmoid, or use binary_cross_entropy_with_logits"
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
    target : int or sequence of int
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
        return softplus(-z if y else z)

    return _mean(one, prediction, target)


def cross_entropy(prediction: Any, target: Any) -> Any:
    """-Σ y_k log ŷ_k with ŷ = softmax(z), as logsumexp(z - y · z), which keeps all digits.

    Parameters
    ----------
    prediction : list of Value or float
        z, the logits, one for each class, any real numbers.
    target : int or sequence of float
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
    k = number(target, "a class or a distribution over the classes")
    if k not in range(len(logits)):
        raise ValueError(
            f"expected a class from 0 to {len(logits) - 1}, but got {target!r}: the model has "
            f"{len(logits)} outputs"
        )
    others = [z - logits[int(k)] for j, z in enumerate(logits) if j != k]
    return logsumexp([0.0, *others])


def hinge(prediction: Any, target: Any) -> Any:
    """max(0, 1 - y s), the maximum-margin loss of a score s.

    Parameters
    ----------
    prediction : Value, float or list of them
        s, positive for class 1 and negative for class -1.
    target : int or sequence of int
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


def _member(y: Any, labels: tuple[float, ...], loss: str) -> float:
    """The label as a float, if it is one of `labels`."""
    label = number(y.data if isinstance(y, Value) else y, "a label")
    if label not in labels:
        allowed = " or ".join(f"{k:g}" for k in labels)
        raise ValueError(f"{loss} takes the labels {allowed}, but got {label:g}")
    return label


def _distribution(y: Iterable[Any], n: int) -> list[float]:
    """y as floats, if it is a distribution over n classes."""
    ys = [number(p, "a probability") for p in flatten(y)]
    if len(ys) != n or min(ys) < 0 or not math.isclose(math.fsum(ys), 1.0, abs_tol=1e-6):
        raise ValueError(
            f"expected a distribution over {n} classes, numbers from 0 on with the sum 1, but got {ys}"
        )
    return ys


LOSSES: dict[str, Function] = {
    f.__name__: f for f in (mse, binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge)
}
