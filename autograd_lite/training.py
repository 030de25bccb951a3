"""`fit`: from a model and data to a trained model and the history of its training."""

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from autograd_lite._choose import choose
from autograd_lite._extras import import_extra
from autograd_lite._primitive import number
from autograd_lite.compiler import Compiled
from autograd_lite.engine import Value
from autograd_lite.nn.losses import LOSSES
from autograd_lite.nn.module import Module, assign
from autograd_lite.ops import mean
from autograd_lite.optim import SGD, require_finite

__all__ = ["History", "fit"]

Loss = Callable[[Any, Any], Any]
Array = NDArray[np.float64]

# So many examples at a time are tried out before a compiled training, and so many without compiling where it
# is refused.
CHUNK, FEW = 1024, 100


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
    engine: str = "compiled",
) -> History:
    """Train a model by mini-batch gradient descent on the mean loss of each batch.

    Parameters
    ----------
    model : Module
        Called with one example, a list of numbers, it returns a Value or a list of Values. It is in
        training mode during the steps and out of it while the data are tried out and in callbacks;
        afterwards it is in the mode that it was in before.
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
    engine : {"compiled", "eager"}, optional
        Whether model and loss are recorded once, with `Value`s for the example and its target, and become a
        program of NumPy calls for batches, or are called with the floats of every example in every step.
        The second is slower by far, but takes any Python code, and notices what callbacks change of the
        model besides the numbers in Values. Weights and losses are the same, up to rounding, and so are
        the masks of `Dropout`. The first does not touch the `grad` of the parameters.

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
    TypeError
        If the model or the loss return something else than Values, or cannot be compiled, because they
        branch on data or take the number out of a Value.
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
    data = _examples(X, y)
    epochs = _count("epochs", epochs, 0)
    batch_size = len(data[0]) if batch_size is None else _count("batch_size", batch_size, 1)
    optimizer = optimizer or SGD()
    trainer = choose(ENGINES, engine, "engine")(model, per_example, *data)
    rng = np.random.default_rng(seed)
    history = History()
    modules = list(model.modules())
    with _in_mode(modules, False):
        trainer.try_out()
    with _progress_bar(epochs, progress) as bar, _in_mode(modules, False):
        try:
            for epoch in range(epochs):
                order = rng.permutation(len(data[0]))
                with _in_mode(modules, True):
                    mean_loss = trainer.train(order, batch_size, optimizer, epoch)
                lr = optimizer.learning_rate(epoch)
                history.loss.append(mean_loss)
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


class _Eager:
    """Training with a graph for every example."""

    def __init__(self, model: Module, loss: Loss, inputs: Array, targets: Array) -> None:
        self.model = model
        self.loss = loss
        self.inputs: list[Any] = inputs.tolist()
        self.targets: list[Any] = targets.tolist()
        self.parameters = _parameters(model)

    def try_out(self) -> None:
        """Meet every error that the data can cause before the first parameter changes."""
        results: list[Any] = []
        for i, (x, y) in enumerate(zip(self.inputs, self.targets, strict=True)):
            prediction = self.model(x)
            _require_values(prediction)
            try:
                results.append(self.loss(prediction, y))
            except (TypeError, ValueError) as error:
                raise ValueError(f"the loss does not take y[{i}]: {error}") from error
        _require_losses(results)

    def train(self, order: NDArray[np.int64], batch_size: int, optimizer: SGD, epoch: int) -> float:
        """Go through the examples once and return their mean loss."""
        total = 0.0
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size].tolist()
            total += len(batch) * self._step(batch, optimizer, epoch)
        return total / len(order)

    def _step(self, batch: list[int], optimizer: SGD, epoch: int) -> float:
        """Update the parameters once and return the mean loss of the batch before the update."""
        batch_loss = mean([self.loss(self.model(self.inputs[i]), self.targets[i]) for i in batch])
        number = batch_loss.data if isinstance(batch_loss, Value) else float(batch_loss)
        _require_finite_loss(number, epoch)
        for p in self.parameters:
            p.grad = None
        if isinstance(batch_loss, Value):  # a margin that all examples keep makes the loss a plain 0
            batch_loss.backward()
        optimizer.step(self.parameters, epoch)
        return number


class _Compiled:
    """Training with programs for batches, on a vector of all parameters."""

    def __init__(self, model: Module, loss: Loss, inputs: Array, targets: Array) -> None:
        self.model = model
        self.loss = loss
        self.inputs = inputs
        self.targets = targets
        self.parameters = _parameters(model)
        self.gradient = Compiled(self.loss_and_gradient, 0, "mean")
        self.reached: _Reached | None = None

    def loss_of_an_example(self, x: Any, y: Any) -> Any:
        """The loss of one example, of Values."""
        prediction = self.model(x.tolist())
        _require_values(prediction)
        result = self.loss(prediction, y.tolist() if isinstance(y, np.ndarray) else y)
        _require_losses([result])
        return result

    def loss_and_gradient(self, x: Any, y: Any) -> Any:
        """The loss of one example and its derivatives with respect to the parameters, all Values."""
        loss = self.loss_of_an_example(x, y)
        return loss, loss.gradient(self.parameters)

    def try_out(self) -> None:
        """Meet every error that the data can cause before the first parameter changes."""
        loss = Compiled(self.loss_of_an_example, 0, "mean")
        try:
            for start in range(0, len(self.inputs), CHUNK):
                loss(self.inputs[start : start + CHUNK], self.targets[start : start + CHUNK])
        except Exception as error:
            # What is wrong with the model or the data, they say best themselves. If nothing is, they cannot
            # be compiled; then the first examples show it, and nobody should wait for the others.
            shown = FEW if isinstance(error, TypeError) else len(self.inputs)
            _Eager(self.model, self.loss, self.inputs[:shown], self.targets[:shown]).try_out()
            error.add_note(ADVICE)
            raise

    def train(self, order: NDArray[np.int64], batch_size: int, optimizer: SGD, epoch: int) -> float:
        """Go through the examples once and return their mean loss."""
        theta = np.array([p.data for p in self.parameters])
        inputs, targets = self.inputs[order], self.targets[order]
        total = 0.0
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                for start in range(0, len(order), batch_size):
                    batch = slice(start, start + batch_size)
                    loss, gradient = self._gradient(inputs[batch], targets[batch], theta)
                    _require_finite_loss(loss, epoch)
                    updated = optimizer.update(theta, gradient, epoch)
                    require_finite(updated, theta, gradient, self.parameters)
                    theta = updated  # all of it or nothing, whenever Ctrl-C comes
                    total += min(batch_size, len(order) - start) * loss
        finally:
            self._keep(theta)
        return total / len(order)

    def _gradient(self, x: Array, y: Array, theta: Array) -> Any:
        """The mean loss of a batch and its derivatives with respect to the parameters."""
        if self.reached is not None:
            return self.gradient(x, y, parameters=self.reached(theta))
        try:
            result = self.gradient(x, y)  # theta is what the Values hold, before the first step
        except TypeError as error:
            error.add_note(ADVICE)
            raise
        self.reached = _Reached(self.gradient.parameters, self.parameters)
        return result

    def _keep(self, theta: Array) -> None:
        """Write the numbers into the Values, even if Ctrl-C comes in between."""
        try:
            assign(self.parameters, theta.tolist())
        except KeyboardInterrupt:
            assign(self.parameters, theta.tolist())
            raise


class _Reached:
    """What a compiled function takes for the leaves that it reaches, given the vector of all parameters.

    These need not be all of them, and there may be others, which stay as they are.
    """

    def __init__(self, leaves: list[Value], parameters: list[Value]) -> None:
        place = {p: k for k, p in enumerate(parameters)}
        self.others = [leaf for leaf in leaves if leaf not in place]
        place |= {leaf: len(parameters) + k for k, leaf in enumerate(self.others)}
        self.places = np.array([place[leaf] for leaf in leaves], dtype=int)
        self.are_all = leaves == parameters

    def __call__(self, theta: Array) -> Array:
        return theta if self.are_all else np.append(theta, [p.data for p in self.others])[self.places]


ENGINES: dict[str, type[_Compiled] | type[_Eager]] = {"compiled": _Compiled, "eager": _Eager}
ADVICE = '(fit(..., engine="eager") takes any Python code, at the speed of Python)'


def _parameters(model: Module) -> list[Value]:
    parameters = model.parameters()
    if not parameters:
        raise ValueError(f"expected a model with parameters, but {model!r} has none")
    return parameters


@contextmanager
def _in_mode(modules: list[Module], mode: bool) -> Iterator[None]:
    """A context in which modules are in training mode or not; after it each is in its own mode again."""
    before = [module.training for module in modules]
    try:
        for module in modules:
            module.training = mode
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.training = training


def _require_values(prediction: Any) -> None:
    outputs = prediction if isinstance(prediction, Iterable) else [prediction]
    if not all(isinstance(v, Value) for v in outputs):
        raise TypeError(f"expected a model that returns a Value or a list of them, but got {prediction!r}")


def _require_losses(results: list[Any]) -> None:
    """Check the losses of examples: numbers are taken for constants, but they cannot all be."""
    wrong = [result for result in results if not isinstance(result, Value | Real)]
    if wrong or not any(isinstance(result, Value) for result in results):
        raise TypeError(f"expected a loss that returns a Value, but got {[*wrong, *results][0]!r}")


def _require_finite_loss(loss: float, epoch: int) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the loss became {loss} in epoch {epoch + 1}: try a smaller learning rate or scale the data"
        )


def examples(X: ArrayLike, y: ArrayLike) -> tuple[list[Any], list[Any]]:
    """The examples and the targets as lists, if they belong together."""
    inputs, targets = _examples(X, y)
    return inputs.tolist(), targets.tolist()


def _examples(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
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
    # Contiguous, as a compiled function takes them without a copy.
    column = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    return np.ascontiguousarray(inputs), np.ascontiguousarray(column)


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
