"""`fit`: from a model and data to a trained model and the history of its training."""

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from autograd_lite._choose import choose
from autograd_lite._extras import import_extra
from autograd_lite._primitive import number
from autograd_lite.engine import Value
from autograd_lite.nn.losses import LOSSES
from autograd_lite.nn.module import Module
from autograd_lite.ops import mean
from autograd_lite.optim import SGD

__all__ = ["History", "fit"]

Loss = Callable[[Any, Any], Any]


@dataclass
class History:
    """What happened during training, epoch by epoch.

    Attributes
    ----------
    loss : list of float
        The mean loss over the examples of each epoch, each computed with the weights that its batch met.
    learning_rate : list of float
        The learning rate of each epoch.
    stop_reason : str
        Why the training ended.

    Examples
    --------
    >>> History(loss=[0.5, 0.25], learning_rate=[0.1, 0.1], stop_reason="all 2 epochs done")
    History(epochs=2, loss 0.5 to 0.25, stopped: all 2 epochs done)
    """

    loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    stop_reason: str = ""

    def __len__(self) -> int:
        """The number of epochs."""
        return len(self.loss)

    def __repr__(self) -> str:
        last = f"loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}, " if self.loss else ""
        return f"History(epochs={len(self)}, {last}stopped: {self.stop_reason or 'not yet'})"


Callback = Callable[[History], object]


def fit(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | Loss,
    optimizer: SGD | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    seed: int | Generator | None = None,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
) -> History:
    """Train a model by mini-batch gradient descent on the mean loss of each batch.

    Parameters
    ----------
    model : Module
        Called with one example, a list of floats, it returns a Value or a list of Values.
    X : array_like of shape (n_examples, n_inputs)
        The examples, finite numbers.
    y : array_like of shape (n_examples,) or (n_examples, n_outputs)
        What the loss compares the model's outputs with.
    loss : str or callable
        A name in `nn.LOSSES`, or a function ``(prediction, target) -> Value`` of one example.
    optimizer : SGD, optional
        The update rule, by default ``SGD(lr=0.01)``.
    epochs : int, optional
        How many times to go through the data.
    batch_size : int, optional
        How many examples make a step, the last batch of an epoch being smaller if need be; by
        default all of them.
    seed : int or numpy.random.Generator, optional
        For the order of the examples, drawn anew in each epoch.
    callbacks : iterable of callable, optional
        Called with the `History` at the end of each epoch; one that returns True ends the training.
    progress : bool, optional
        Whether to show a progress bar; by default, if tqdm is installed and the output a terminal.

    Returns
    -------
    History
        Also if the training is interrupted with Ctrl-C, which a line on standard error says: the
        model then has the weights of the last whole step.

    Raises
    ------
    ValueError
        If the data are empty, not finite, or of different lengths, the model does not take them, the
        loss does not take the labels, or a name or a number is out of range: all this before any
        parameter is changed.
    FloatingPointError
        If the loss or a weight becomes infinite or NaN; the model keeps the weights of the step before.

    References
    ----------
    uOttawa lecture, `SimpleMLP.train`; SUTD lecture, the trainer function.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> history = fit(model, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="mse",
    ...               optimizer=SGD(lr=0.3), epochs=200)
    >>> round(model([10.0]).data, 3)
    21.0
    """
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module to train, but got {model!r}")
    if not isinstance(optimizer, SGD | None):
        raise TypeError(f"expected an optimizer, such as SGD(lr=0.1), but got {optimizer!r}")
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks := list(callbacks))):
        raise TypeError(f"expected a list of functions as callbacks, but got {callbacks!r}")
    per_example = loss if callable(loss) else choose(LOSSES, loss, "loss")
    inputs, targets = examples(X, y)
    epochs = _count("epochs", epochs, 0)
    batch_size = len(inputs) if batch_size is None else _count("batch_size", batch_size, 1)
    optimizer = optimizer or SGD()
    parameters = model.parameters()
    _try_out(model, per_example, inputs, targets, parameters)
    rng = np.random.default_rng(seed)
    history = History()
    with _progress_bar(epochs, progress) as bar:
        try:
            for epoch in range(epochs):
                order = rng.permutation(len(inputs))
                total = 0.0
                for start in range(0, len(order), batch_size):
                    batch = order[start : start + batch_size]
                    pairs = [(inputs[i], targets[i]) for i in batch]
                    batch_loss = _step(model, per_example, pairs, parameters, optimizer, epoch)
                    total += len(batch) * batch_loss
                lr = optimizer.learning_rate(epoch)
                history.loss.append(total / len(inputs))
                history.learning_rate.append(lr)
                if bar is not None:
                    bar.set_postfix(loss=f"{history.loss[-1]:.4g}", refresh=False)
                    bar.update()
                verdicts = [callback(history) for callback in callbacks]
                if any(map(_says_stop, verdicts)):
                    history.stop_reason = f"a callback ended it after {epoch + 1} epochs"
                    return history
            history.stop_reason = f"all {epochs} epochs done"
        except KeyboardInterrupt:
            del history.loss[len(history.learning_rate) :]
            history.stop_reason = f"interrupted in epoch {len(history) + 1}"
            print(f"training was {history.stop_reason}", file=sys.stderr)
    return history


def _step(
    model: Module,
    loss: Loss,
    batch: Sequence[tuple[Any, Any]],
    parameters: list[Value],
    optimizer: SGD,
    epoch: int,
) -> float:
    """Update the parameters once and return the mean loss of the batch before the update."""
    batch_loss = mean([loss(model(x), y) for x, y in batch])
    number = batch_loss.data if isinstance(batch_loss, Value) else batch_loss
    if not math.isfinite(number):
        raise FloatingPointError(
            f"the loss became {number} in epoch {epoch + 1}: try a smaller learning rate or scale the data"
        )
    for p in parameters:
        p.grad = None
    if isinstance(batch_loss, Value):  # a margin that all examples keep makes the loss a plain 0
        batch_loss.backward()
    optimizer.step(parameters, epoch)
    return float(number)


def examples(X: ArrayLike, y: ArrayLike) -> tuple[list[Any], list[Any]]:
    """The examples and the targets as lists, if they belong together."""
    inputs, targets = _array("X", X), _array("y", y)
    if inputs.ndim != 2:
        raise ValueError(
            "expected X with a row for each example and a column for each input, but its shape is "
            f"{inputs.shape}"
        )
    if targets.ndim not in (1, 2):
        raise ValueError(f"expected y with a target for each example, but its shape is {targets.shape}")
    if len(inputs) != len(targets):
        raise ValueError(
            f"expected as many examples as targets, but X has {len(inputs)} and y {len(targets)}"
        )
    if not inputs.size or not targets.size:
        raise ValueError("expected at least one example, but X or y is empty")
    column = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    return inputs.tolist(), column.tolist()


def _array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    if np.ma.is_masked(values) or (isinstance(values, list | tuple) and any(map(np.ma.is_masked, values))):
        raise ValueError(f"expected all numbers of {name} to be there, but some are masked")
    try:
        array = np.asarray(values)
        if array.dtype.kind in "mM":
            raise TypeError("got dates or times")
        if array.dtype.kind not in "biuf":
            # NumPy would read numbers out of strings, and drop imaginary parts.
            array = np.asarray(np.frompyfunc(number, 1, 1)(array.astype(object)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers in {name}, in rows of one length: {error}") from None
    array = array.astype(float)
    finite = np.isfinite(array)
    if not finite.all():
        place = np.argwhere(~finite)[0].tolist()
        raise ValueError(f"expected finite numbers in {name}, but {name}{place} is {array[tuple(place)]}")
    return array


def _count(name: str, n: Any, least: int) -> int:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < least:
        raise ValueError(f"expected an integer of at least {least} for {name}, but got {n!r}")
    return int(n)


def _try_out(
    model: Module, loss: Loss, inputs: list[Any], targets: list[Any], parameters: list[Value]
) -> None:
    """Meet every error that the data can cause before the first parameter changes."""
    if not parameters:
        raise ValueError(f"expected a model with parameters, but {model!r} has none")
    results: list[Any] = []
    for i, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        prediction = model(x)
        outputs = prediction if isinstance(prediction, Iterable) else [prediction]
        if not all(isinstance(v, Value) for v in outputs):
            raise TypeError(
                f"expected a model that returns a Value or a list of them, but got {prediction!r}"
            )
        try:
            results.append(loss(prediction, y))
        except (TypeError, ValueError) as error:
            raise ValueError(f"the loss does not take y[{i}]: {error}") from error
    wrong = [result for result in results if not isinstance(result, Value | Real)]
    if wrong or not any(isinstance(result, Value) for result in results):
        raise TypeError(f"expected a loss that returns a Value, but got {[*wrong, *results][0]!r}")


def _says_stop(answer: object) -> bool:
    """Whether a callback returned True: NumPy's too, but nothing that merely counts as true."""
    return isinstance(answer, bool | np.bool_) and bool(answer)


def _progress_bar(epochs: int, progress: bool | None) -> AbstractContextManager[Any]:
    """A tqdm bar, or nothing where there is no tqdm or no terminal and none was asked for."""
    if progress is False or (progress is None and not sys.stderr.isatty()):
        return nullcontext()
    try:
        tqdm = import_extra("tqdm", "demos").tqdm
    except ImportError:
        if progress:
            raise
        return nullcontext()
    bar: AbstractContextManager[Any] = tqdm(total=epochs, unit="epoch")
    return bar
