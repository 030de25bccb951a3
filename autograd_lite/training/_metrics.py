"""Metrics: numbers that say how good outputs are, in units that people think in."""

from collections.abc import Callable, Iterable
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from autograd_lite._choose import choose_argument
from autograd_lite._evaluation import name_of
from autograd_lite.nn.losses import LOSSES
from autograd_lite.nn.module import Module
from autograd_lite.training._data import Array
from autograd_lite.training._evaluation import Loss

Metric = Callable[[Array, Array], Any]

# From which output on an example is in class 1: half of a probability, the logit of that, a score of 0.
THRESHOLDS = {"binary_cross_entropy": 0.5, "binary_cross_entropy_with_logits": 0.0, "hinge": 0.0}
# Losses that take an output for each class, the largest of which is chosen.
SEVERAL = ("cross_entropy", "categorical_cross_entropy")
# Losses whose outputs estimate the target itself, so that the boundary is halfway between two labels.
ESTIMATES = ("mse", "mae", "huber")


# The losses of logits and of scores, and those of probabilities to take instead.
INSTEAD = {
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    "cross_entropy": "categorical_cross_entropy",
    "hinge": "binary_cross_entropy",
}


def mae(outputs: Array, targets: Array) -> float:
    """The mean absolute error Σ |ŷ - y| / n, over all examples and outputs."""
    _require_same_shape("mae", outputs, targets)
    with np.errstate(over="ignore"):
        return float(np.mean(np.abs(outputs - targets)))


def r2(outputs: Array, targets: Array) -> float:
    """The coefficient of determination 1 - Σ (y - ŷ)² / Σ (y - mean y)², the mean over the outputs.

    For an output whose target is constant it is 1 if every output is right and otherwise 0.
    """
    _require_same_shape("r2", outputs, targets)
    with np.errstate(over="ignore", invalid="ignore"):
        residual = np.square(targets - outputs).sum(axis=0)
        total = np.square(targets - targets.mean(axis=0)).sum(axis=0)
        explained = 1.0 - residual / np.where(total > 0, total, 1.0)
        return float(np.mean(np.where(total > 0, explained, np.where(residual > 0, 0.0, 1.0))))


def accuracy_for(loss: Any, targets: Array) -> Metric:
    """The share of right classes, for the outputs that a loss takes and targets of a kind.

    Raises
    ------
    ValueError
        If neither the loss nor the labels tell where one class ends and the other begins.
    """
    instead = "pass a function of outputs and targets as the metric"
    boundary = boundary_for(loss, set(np.unique(targets).tolist()), instead)
    return _accuracy_of_classes if boundary is None else partial(_accuracy, boundary)


def boundary_for(loss: Any, labels: set[float], instead: str) -> float | None:
    """The output from which on an example is in the second of two classes; None if each has an output.

    Raises
    ------
    ValueError
        As for `accuracy_for`, with what to do instead.
    """
    name = name_in_losses(loss)
    if name in SEVERAL:
        return None
    if name in THRESHOLDS:
        return THRESHOLDS[name]
    if labels <= {0.0, 1.0} and name in ESTIMATES:
        return 0.5
    if labels <= {-1.0, 1.0} and (name in ESTIMATES or not name):
        return 0.0
    if name in ESTIMATES:
        raise ValueError(
            f"expected labels that are 0 and 1, or -1 and 1, for classes with {name}, but got others: "
            f"{instead}"
        )
    raise ValueError(
        f"expected a loss that says which output means which class, but got {name_of(loss)}: choose one of "
        f"{', '.join(map(repr, LOSSES))}, label the classes -1 and 1, or {instead}"
    )


def classes_for(loss: Any) -> tuple[int, int]:
    """The two classes that a loss tells apart, if it is not told others."""
    name = name_in_losses(loss)
    return (0, 1) if name and name != "hinge" else (-1, 1)


def named_loss(loss: Any) -> Loss:
    """A loss by its name in `nn.LOSSES`, or as a function."""
    return loss if callable(loss) else choose_argument(LOSSES, loss, "loss")


def name_in_losses(loss: Any) -> str:
    """The name of a loss in `nn.LOSSES`, empty if it is not there."""
    return next((name for name, function in LOSSES.items() if function is loss), "")


METRICS: dict[str, Callable[[Any, Array], Metric]] = {
    "accuracy": accuracy_for,
    "mae": lambda loss, targets: mae,
    "r2": lambda loss, targets: r2,
}


def require_logits(model: Module, loss: Loss, x: Array) -> None:
    """Refuse probabilities where a loss takes logits: it would learn, but something else."""
    name = name_in_losses(loss)
    if name not in INSTEAD:
        return
    prediction = model(x.tolist())
    outputs = prediction if isinstance(prediction, Iterable) else [prediction]
    if found := {"sigmoid", "softmax"} & {getattr(v, "op", "") for v in outputs}:
        raise ValueError(
            f"{name} takes any numbers, but the model ends in {found.pop()}: end it in linear, or use "
            f"{INSTEAD[name]}"
        )


def metrics_for(wanted: Iterable[str | Metric], loss: Any, targets: Array) -> dict[str, Metric]:
    """The metrics by name, as functions of outputs and targets that return a float."""
    if isinstance(wanted, str) or not isinstance(wanted, Iterable):
        raise TypeError(f"expected a list of metrics, but got {wanted!r}: write metrics=[{wanted!r}]")
    metrics: dict[str, Metric] = {}
    for metric in wanted:
        function = metric if callable(metric) else choose_argument(METRICS, metric, "metric")(loss, targets)
        name = name_of(metric) if callable(metric) else metric
        if name in metrics or name == "loss":
            raise ValueError(f"expected metrics of different names, but another one is called {name!r}")
        metrics[name] = partial(_number, name, function)
    return metrics


def _number(name: str, metric: Metric, outputs: Array, targets: Array) -> float:
    """What a metric returns, as a float."""
    result = metric(outputs, targets)
    if isinstance(result, np.ndarray) and result.ndim == 0:
        result = result[()]
    if not isinstance(result, Real | np.bool_):
        raise TypeError(f"expected a metric that returns a float, but {name} returned {result!r}")
    return float(result)


def _accuracy(threshold: float, outputs: Array, targets: Array) -> float:
    """Of one output or several, each with its own label, 0 or -1 for one class and 1 for the other."""
    _require_same_shape("accuracy", outputs, targets)
    return float(np.mean((outputs >= threshold) == (targets > 0)))


def _accuracy_of_classes(outputs: Array, targets: Array) -> float:
    """Of an output for each class; targets are classes or distributions over them."""
    classes = targets if targets.ndim == 1 else targets.argmax(axis=1)
    return float(np.mean(outputs.argmax(axis=1) == classes))


def _require_same_shape(name: str, outputs: Array, targets: Array) -> None:
    if outputs.shape != targets.shape:
        raise ValueError(
            f"expected outputs and targets of one shape for {name}, but got {outputs.shape} and "
            f"{targets.shape}"
        )
