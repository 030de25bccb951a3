"""Losses of one example; the loss of a data set is the mean over its examples.

A prediction is what a model returns: a `Value` (or a number), or a list of them for several outputs.
Except for `cross_entropy` and `categorical_cross_entropy`, the loss of several outputs is the mean over
them: a regression with several targets, or several labels that may all be there at once, each with its own
sigmoid. Targets are numbers, or `Value`s where a loss is compiled: nothing here branches on the number in a
Value.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from autograd_lite._primitive import Function, Interval, flatten, number
from autograd_lite._recording import require
from autograd_lite.engine import Value
from autograd_lite.ops import TABLE, clip, dot, log, logsumexp, mean, relu, softplus, square, where
from autograd_lite.ops import abs as absolute
from autograd_lite.ops import sum as total

__all__ = [
    "LOSSES",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_cross_entropy",
    "cross_entropy",
    "hinge",
    "huber",
    "mae",
    "mse",
]

# Probabilities may be outside [0, 1], and their sum may differ from 1, by rounding.
PROBABILITY = Interval(-1e-9, 1 + 1e-9)
# What these give is one anyway.
PROBABILITIES = TABLE["sigmoid"], TABLE["softmax"]
NOT_NEGATIVE = Interval(low=0.0)
ABOUT_ONE = Interval(1 - 1e-6, 1 + 1e-6)
NEARLY_ONE = Interval(0.99, 1.01)  # of what is computed: differences of it should be possible


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


def mae(prediction: Any, target: Any) -> Any:
    """The absolute error |ŷ - y|, with derivative 0 where it is 0 (uOttawa lecture, regularization).

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
    >>> mae(3.0, 1.0), mae([3.0, 1.0], [1.0, 1.0])
    (2.0, 1.0)
    """
    return _mean(lambda p, y: absolute(p - y), prediction, target)


def huber(prediction: Any, target: Any, delta: float = 1.0) -> Any:
    """(ŷ - y)² / 2 where |ŷ - y| <= δ, and δ (|ŷ - y| - δ / 2) beyond: an outlier pulls no harder than δ.

    Parameters
    ----------
    prediction : Value, float or list of them
        ŷ, any real number.
    target : float, Value or sequence of them
        y, of the same length.
    delta : float, optional
        δ > 0, the error from which on the loss grows linearly.

    Raises
    ------
    ValueError
        If there are not as many targets as predictions, or δ is not positive and finite.
    TypeError
        If δ is no number.

    References
    ----------
    Huber, Robust estimation of a location parameter, 1964.

    Examples
    --------
    >>> huber(1.5, 1.0), huber(4.0, 1.0), huber(4.0, 1.0, delta=2.0)
    (0.125, 2.5, 4.0)
    """
    delta = number(delta, "a number for delta")
    if not 0 < delta < math.inf:
        raise ValueError(f"expected a positive and finite delta, but got {delta!r}")

    def one(p: Any, y: Any) -> Any:
        # With c the error, but no further from 0 than δ, both formulas are this one.
        error = p - y
        c = clip(error, -delta, delta)
        return c * (error - 0.5 * c)

    return _mean(one, prediction, target)


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
    TypeError
        If eps is no number.

    Examples
    --------
    >>> round(binary_cross_entropy(0.7, 1), 4), round(binary_cross_entropy(0.7, 0), 4)
    (0.3567, 1.204)
    """

    advice = (
        "binary_cross_entropy takes a probability, but got {}: end the model in a sigmoid, or use "
        "binary_cross_entropy_with_logits"
    )

    def one(p: Any, y: Any) -> Any:
        y = _member(y, (0.0, 1.0), "binary_cross_entropy")
        p = _probability(p, eps, advice)
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
    logits = _outputs(prediction)
    if len(logits) < 2:
        raise TypeError(
            "cross_entropy takes a logit for each class, but got a single one: use "
            "binary_cross_entropy_with_logits for two classes"
        )
    if _is_several(target):
        shift = dot(_distribution(target, len(logits)), logits)
        return logsumexp([z - shift for z in logits])
    k = _class(target, len(logits))
    if isinstance(k, Value):
        return _cross_entropy_of_any(logits, k)
    others = [z - logits[int(k)] for j, z in enumerate(logits) if j != k]
    return logsumexp([0.0, *others])


def _cross_entropy_of_any(logits: tuple[Any, ...], k: Value) -> Any:
    """The cross-entropy of a class that is not known while the graph is made."""
    chosen = _choices(k, len(logits))
    shift = total(where(is_k, z, 0.0) for is_k, z in zip(chosen, logits, strict=True))
    # The term of the class itself is taken out of the sum and is the 0, so that the derivative of a loss
    # near 0 is not a difference of large numbers.
    others = [where(is_k, -math.inf, z - shift) for is_k, z in zip(chosen, logits, strict=True)]
    return logsumexp([0.0, *others])


def categorical_cross_entropy(prediction: Any, target: Any, eps: float = 1e-9) -> Any:
    """-Σ y_k log ŷ_k, with each ŷ_k clipped to [eps, 1 - eps] (uOttawa lecture, cross-entropy).

    `cross_entropy` of the logits, without a softmax at the end of the model, keeps more digits.

    Parameters
    ----------
    prediction : list of Value or float
        ŷ, the probability of each class, as a softmax gives them.
    target : int, Value or sequence of them
        The class, counted from 0, or the distribution y over the classes, such as `one_hot` gives.
    eps : float, optional
        How near to 0 and 1 a probability may come, so that the logarithm stays finite.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1] by more than rounding, their sum is not near 1, eps is not in
        [0, 0.5), the class is out of range, or the distribution has another length than the prediction,
        negative entries, or a sum other than 1.
    TypeError
        If there is a single probability, or eps is no number.

    Examples
    --------
    >>> p = [0.22, 0.7, 0.08]
    >>> round(categorical_cross_entropy(p, 1), 4), round(categorical_cross_entropy(p, [0, 1, 0]), 4)
    (0.3567, 0.3567)
    """
    outputs = _outputs(prediction)
    if len(outputs) < 2:
        raise TypeError(
            "categorical_cross_entropy takes a probability for each class, but got a single one: use "
            "binary_cross_entropy for two classes"
        )
    advice = (
        "categorical_cross_entropy takes probabilities, but got {}: end the model in a softmax, or use "
        "cross_entropy"
    )
    ps = [_probability(p, eps, advice) for p in outputs]
    if not all(getattr(p, "_primitive", None) is TABLE["softmax"] for p in outputs):
        require(
            total(outputs),
            NEARLY_ONE,
            "categorical_cross_entropy takes probabilities with the sum 1, but got the sum {}: end the model "
            "in a softmax, or use binary_cross_entropy for several labels at once",
        )
    if _is_several(target):
        return -dot(_distribution(target, len(ps)), [log(p) for p in ps])
    k = _class(target, len(ps))
    if isinstance(k, Value):
        # Of the others it is log(1), which is 0, also where their probability is 0.
        return -total(log(where(is_k, p, 1.0)) for is_k, p in zip(_choices(k, len(ps)), ps, strict=True))
    return -log(ps[int(k)])


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
    return flatten(x) if _is_several(x) else (x,)


def _is_several(x: Any) -> bool:
    return isinstance(x, Iterable) and getattr(x, "shape", (1,)) != ()


def _scalar(x: Any, what: str) -> Any:
    """A Value as it is, a number as a float."""
    return x if isinstance(x, Value) else number(x, what)


def _member(y: Any, labels: tuple[float, ...], loss: str) -> Any:
    """The label, a Value or a float, if it is one of `labels`."""
    label = _scalar(y, "a label")
    allowed = " or ".join(f"{k:g}" for k in labels)
    require(label, labels, f"{loss} takes the labels {allowed}, but got {{}}")
    return label


def _probability(p: Any, eps: float, message: str) -> Any:
    """A probability, a Value or a float, clipped to [eps, 1 - eps]."""
    eps = number(eps, "a number for eps")
    if not 0 <= eps < 0.5:
        raise ValueError(f"expected eps from 0 to 0.5, but got {eps!r}")
    p = _scalar(p, "a probability")
    if getattr(p, "_primitive", None) not in PROBABILITIES:
        require(p, PROBABILITY, message)
    return clip(p, eps, 1.0 - eps)


def _class(k: Any, n: int) -> Any:
    """The class, a Value or a float, if it is one of n."""
    k = _scalar(k, "a class or a distribution over the classes")
    require(
        k, tuple(range(n)), f"expected a class from 0 to {n - 1}, but got {{}}: the model has {n} outputs"
    )
    return k


def _choices(k: Value, n: int) -> list[Any]:
    """For each of n classes the Condition that it is the class k."""
    return [(k > j - 0.5) & (k < j + 0.5) for j in range(n)]


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
    f.__name__: f
    for f in (
        mse,
        mae,
        huber,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        categorical_cross_entropy,
        hinge,
    )
}
