"""What a trained model says about examples: outputs, probabilities, classes, and how good they are."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_lite._evaluation import name_of
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.ops import sigmoid
from autograd_lite.optim._checks import checked, count
from autograd_lite.training._data import Array, Data, examples, table
from autograd_lite.training._evaluation import (
    Evaluation,
    Loss,
    Results,
    in_mode,
    mean_of,
    numbers,
    one_by_one,
    require_values,
)
from autograd_lite.training._metrics import (
    SEVERAL,
    Metric,
    boundary_for,
    classes_for,
    metrics_for,
    name_in_losses,
    named_loss,
)


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


def predict_proba(model: Module, X: ArrayLike, *, loss: str | Loss | None = None) -> Array:
    """The probability of class 1, or of each class, for each example.

    The loss with which the model was trained says whether its outputs are probabilities or logits. Without,
    those of a model that ends in a sigmoid or a softmax are probabilities, and those of a linear layer
    logits: a single one z gives σ(z), several give softmax(z).

    Parameters
    ----------
    model, X
        As for `predict`.
    loss : str or callable, optional
        As it was given to `fit`. With ``"binary_cross_entropy_with_logits"`` several outputs are the logits
        of labels that may all be there at once, and each gives σ(z).

    Returns
    -------
    ndarray of shape (n_examples,) or (n_examples, n_outputs)

    Raises
    ------
    ValueError
        As for `predict`; also if with this loss outputs are neither probabilities nor logits, or there is
        none and the model ends in an operation that does not say what they are.
    TypeError
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
    outputs = predict(model, inputs)
    return _probabilities(outputs, _loss_of(model, inputs, outputs, loss))


def classify(
    model: Module,
    X: ArrayLike,
    threshold: float = 0.5,
    *,
    loss: str | Loss | None = None,
    labels: tuple[int, int] | None = None,
) -> NDArray[np.int64]:
    """The class of each example.

    With the loss with which the model was trained, ``np.mean(classify(model, X, loss=loss) == y)`` is the
    metric ``"accuracy"`` of `fit`. Without, a model must end in a sigmoid, a softmax or a linear layer, and
    its outputs are probabilities or logits as for `predict_proba`: of a model that was trained with
    ``"hinge"`` or ``"mse"`` this is not true, so that the loss must be given.

    With one output the class is 1 where its probability is at least the threshold, and otherwise 0. With an
    output for each class it is the number of the largest; but where each has its own sigmoid, they are
    labels, and each is 0 or 1.

    Parameters
    ----------
    model, X
        As for `predict`.
    threshold : float, optional
        From 0 to 1, for probabilities; of no account if there is an output for each class.
    loss : str or callable, optional
        As it was given to `fit`. For ``"hinge"`` and a function of your own the classes are -1, and 1
        from the output 0 on; for ``"mse"``, ``"mae"`` and ``"huber"`` they are 0, and 1 from 0.5 on.
    labels : pair of int, optional
        The two classes, if they are others: with ``(-1, 1)`` the boundary is 0 for ``"mse"``, ``"mae"``
        and ``"huber"``.

    Returns
    -------
    ndarray of int, of shape (n_examples,) or (n_examples, n_labels)

    Raises
    ------
    ValueError
        As for `predict_proba`, except that a loss of any outputs will do if the threshold is 0.5; also if the
        threshold is out of range, or the labels are not in order or do not go with the loss.
    TypeError
        As for `predict`; also if the threshold is no number, or the labels are no pair of integers.

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
    >>> model = MLP(1, [1], init=lambda rng, n, m: [[1.0]])
    >>> classify(model, [[-1.0], [1.0]], loss="hinge").tolist()
    [-1, 1]
    """
    threshold = checked(threshold, "a threshold from 0 to 1 for probabilities", lambda t: 0 <= t <= 1)
    inputs = _inputs(model, X)
    outputs = predict(model, inputs)
    per_example = _loss_of(model, inputs, outputs, loss)
    low, high = classes_for(per_example) if labels is None else _pair(labels)
    boundary = boundary_for(per_example, {low, high}, "compare predict(model, X) with a boundary of yours")
    if boundary is None:
        if labels is not None:
            raise ValueError(f"expected no labels with an output for each class, but got {labels!r}")
        return np.asarray(outputs.argmax(axis=1))
    if threshold != 0.5:
        outputs, boundary = _probabilities(outputs, per_example), threshold
    classes: NDArray[np.int64] = np.where(outputs >= boundary, high, low)
    return classes


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
    per_example = named_loss(loss)
    data = examples(X, y)
    measures = metrics_for(metrics, per_example, data.targets)
    with in_mode(list(model.modules()), False):
        outputs, losses = _results(model, per_example, data)
    return {"loss": mean_of(losses)} | {name: f(outputs, data.targets) for name, f in measures.items()}


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


def _pair(labels: Any) -> tuple[int, int]:
    """The two classes, if they are two."""
    if not isinstance(labels, tuple | list) or len(labels) != 2:
        raise TypeError(f"expected a pair of integers for labels, but got {labels!r}")
    low, high = (count("labels", label) for label in labels)
    if low >= high:
        raise ValueError(f"expected the lower class first in labels, but got {labels!r}")
    return low, high


def _loss_of(model: Module, inputs: Array, outputs: Array, loss: str | Loss | None) -> Loss:
    """The loss that the outputs are for: the one that is given, or the one that goes with the model's end."""
    if loss is None:
        loss = _loss_at_the_end(model, inputs, several=outputs.ndim > 1)
    per_example = named_loss(loss)
    name = name_in_losses(per_example)
    if name in SEVERAL and outputs.ndim == 1:
        raise ValueError(
            f"expected a model with an output for each class for {name}, but it has a single one"
        )
    return per_example


def _loss_at_the_end(model: Module, inputs: Array, several: bool) -> str:
    """The name of the loss of probabilities or logits that goes with the last operation of a model."""
    with in_mode(list(model.modules()), False):
        prediction = model(inputs[0].tolist())
    last = list(prediction) if isinstance(prediction, Iterable) else [prediction]
    operations = {v.op for v in last}
    if operations == {"sigmoid"} or (operations == {"softmax"} and not several):
        return "binary_cross_entropy"
    if operations == {"softmax"}:
        return "categorical_cross_entropy"
    parameters = set(model.parameters())
    if not all(_is_linear(v, parameters) for v in last):
        raise ValueError(
            "expected a model that ends in a sigmoid, a softmax or a linear layer, but it ends in "
            f"{' and '.join(sorted(map(repr, operations)))}: pass loss=, as to fit, which says what its "
            "outputs mean, or take predict"
        )
    return "cross_entropy" if several else "binary_cross_entropy_with_logits"


def _is_linear(output: Value, parameters: set[Value]) -> bool:
    """Whether an output is a sum of numbers and of products with parameters, as a linear layer gives it."""
    terms = [output]
    for v in terms:
        if v.op in ("add", "sub", "sum"):
            terms += v._prev
        elif v.op and not (v.op in ("dot", "mul") and v._prev & parameters):
            return False
    return True


def _probabilities(outputs: Array, loss: Loss) -> Array:
    name = name_in_losses(loss)
    if name in ("binary_cross_entropy", "categorical_cross_entropy"):
        return outputs
    if name == "binary_cross_entropy_with_logits":
        return np.asarray(sigmoid(outputs))
    if name == "cross_entropy":
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    raise ValueError(
        f"expected a loss of probabilities or logits, but got {name_of(loss)}: its outputs have no "
        "probabilities, take predict, or classify with threshold=0.5"
    )
