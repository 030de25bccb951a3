"""What a trained model says about examples: outputs, probabilities, classes, and how good they are."""

from collections.abc import Iterable
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_lite._choose import choose
from autograd_lite.nn.losses import LOSSES
from autograd_lite.nn.module import Module
from autograd_lite.ops import sigmoid
from autograd_lite.training._data import Array, Data, examples, table
from autograd_lite.training._evaluation import (
    Evaluation,
    Loss,
    Results,
    in_mode,
    numbers,
    one_by_one,
    require_values,
)
from autograd_lite.training._metrics import Metric, metrics_for


def predict(model: Module, X: ArrayLike) -> Array:
    """What the model returns for each example, out of training mode, as an array.

    A model that cannot be compiled is called for one example after the other.

    Parameters
    ----------
    model : Module
        Called with one example, a list of numbers, it returns a Value or a list of Values.
    X : array_like of shape (n_examples, n_inputs)
        The examples, finite numbers.

    Returns
    -------
    ndarray of shape (n_examples,) or (n_examples, n_outputs)
        Estimates, probabilities, logits or scores, as the model was trained to give them.

    Raises
    ------
    ValueError
        If X is no table of finite numbers, is empty, or the model does not take its rows.
    TypeError
        If the model returns something else than Values.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> predict(MLP(2, [3], init="zeros"), [[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    inputs = _inputs(model, X)
    with in_mode(list(model.modules()), False):
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return Evaluation(model).outputs(inputs)
        except Exception:
            # Either it cannot be compiled, or it says best itself what is wrong.
            predictions = []
            for x in inputs.tolist():
                prediction = model(x)
                require_values(prediction)
                predictions.append(prediction)
            return numbers(predictions)


def predict_proba(model: Module, X: ArrayLike) -> Array:
    """The probability of class 1, or of each class, for each example.

    The outputs of a model that ends in a sigmoid or a softmax are probabilities already. Others are
    taken for logits: a single one z gives σ(z), several give softmax(z). For logits of several labels that
    may all be there at once, write ``sigmoid(predict(model, X))``.

    Parameters
    ----------
    model, X
        As for `predict`.

    Returns
    -------
    ndarray of shape (n_examples,) or (n_examples, n_outputs)

    Raises
    ------
    ValueError, TypeError
        As for `predict`.

    References
    ----------
    uOttawa lecture, `SimpleMLP.predict_proba`.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> predict_proba(MLP(2, [1], init="zeros"), [[1.0, 2.0]]).tolist()
    [0.5]
    >>> predict_proba(MLP(2, [4], init="zeros"), [[1.0, 2.0]]).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    inputs = _inputs(model, X)
    return _probabilities(predict(model, inputs), _last_operation(model, inputs))


def classify(model: Module, X: ArrayLike, threshold: float = 0.5) -> NDArray[np.int64]:
    """The class of each example.

    With one output it is 1 where `predict_proba` is at least the threshold, and otherwise 0. With
    several it is the number of the largest; but where each has its own sigmoid, they are labels, and each
    is 0 or 1.

    Parameters
    ----------
    model, X
        As for `predict`.
    threshold : float, optional
        From 0 to 1; of no account if there is an output for each class.

    Returns
    -------
    ndarray of int, of shape (n_examples,) or (n_examples, n_labels)

    Raises
    ------
    ValueError, TypeError
        As for `predict`; ValueError also if the threshold is out of range.

    References
    ----------
    uOttawa lecture, `SimpleMLP.predict`.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(1, [1], output="sigmoid", init=lambda rng, n, m: [[1.0]])
    >>> classify(model, [[-1.0], [0.0], [1.0]]).tolist()
    [0, 1, 1]
    >>> classify(model, [[-1.0], [0.0], [1.0]], threshold=0.6).tolist()
    [0, 0, 1]
    """
    if not isinstance(threshold, Real) or not 0 <= threshold <= 1:
        raise ValueError(f"expected a threshold from 0 to 1 for probabilities, but got {threshold!r}")
    inputs = _inputs(model, X)
    last = _last_operation(model, inputs)
    p = _probabilities(predict(model, inputs), last)
    return (p >= threshold).astype(int) if p.ndim == 1 or last == "sigmoid" else p.argmax(axis=1)


def evaluate(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | Loss,
    metrics: Iterable[str | Metric] = (),
) -> dict[str, float]:
    """The mean loss over a data set, and metrics, out of training mode.

    Parameters
    ----------
    model : Module
        As for `predict`.
    X, y, loss, metrics
        As for `fit`.

    Returns
    -------
    dict of str to float
        The mean under ``"loss"``, and each metric under its name.

    Raises
    ------
    ValueError
        If the data are empty, not finite, or of different lengths, the model does not take them, the
        loss does not take the labels, or a name is unknown.
    TypeError
        If the model or the loss return something else than Values.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(1, [1], init=lambda rng, n, m: [[1.0]])
    >>> evaluate(model, [[1.0], [2.0]], [2.0, 4.0], loss="mse", metrics=["mae"])
    {'loss': 2.5, 'mae': 1.5}
    """
    _inputs(model, X)
    per_example = loss if callable(loss) else choose(LOSSES, loss, "loss")
    data = examples(X, y)
    measures = metrics_for(metrics, per_example, data.targets)
    with in_mode(list(model.modules()), False):
        outputs, losses = _results(model, per_example, data)
    return {"loss": float(losses.mean())} | {name: f(outputs, data.targets) for name, f in measures.items()}


def _results(model: Module, loss: Loss, data: Data) -> Results:
    try:
        return Evaluation(model, loss)(data)
    except Exception:
        return one_by_one(model, loss, data, tried_out=True)


def _inputs(model: Module, X: ArrayLike) -> Array:
    """The examples, for a model that is one."""
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module, but got {model!r}")
    inputs = table(X)
    if not inputs.size:
        raise ValueError("expected at least one example, but X is empty")
    return inputs


def _last_operation(model: Module, inputs: Array) -> str:
    """The operation that all outputs of the model come from, empty if they are from different ones."""
    with in_mode(list(model.modules()), False):
        prediction = model(inputs[0].tolist())
    require_values(prediction)
    operations = {v.op for v in (prediction if isinstance(prediction, Iterable) else [prediction])}
    return operations.pop() if len(operations) == 1 else ""


def _probabilities(outputs: Array, last: str) -> Array:
    if last in ("sigmoid", "softmax"):
        return outputs
    if outputs.ndim == 1:
        return np.asarray(sigmoid(outputs))
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
