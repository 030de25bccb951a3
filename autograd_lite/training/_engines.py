"""The two engines of `fit`: programs for batches, and a graph for every example."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler import Compiled
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module, assign
from autograd_lite.ops import mean
from autograd_lite.optim import Optimizer, require_finite
from autograd_lite.training._data import Array, Data
from autograd_lite.training._evaluation import Evaluation, Loss, Results, chunks, in_mode, one_by_one

Penalty = Callable[[Module], Any]

# So many examples are tried out without compiling where it is refused.
FEW = 100


class _Eager:
    """Training with a graph for every example."""

    def __init__(self, model: Module, loss: Loss, penalty: Penalty | None, data: Data) -> None:
        self.model = model
        self.loss = loss
        self.penalty = penalty
        self.inputs: list[Any] = data.inputs.tolist()
        self.targets: list[Any] = data.targets.tolist()
        self.parameters = _parameters(model)

    def try_out(self, data: Data, constants: bool = False) -> Results:
        """Meet every error that the data can cause before the first parameter changes.

        With `constants` all losses may be plain numbers.
        """
        results = one_by_one(self.model, self.loss, data, True, constants)
        _penalized(0.0, self.penalty, self.model)
        return results

    def try_steps(self, data: Data) -> None:
        """The same in training mode. Nothing in the model may draw random numbers: they are for the steps."""
        with in_mode([*self.model.modules()], True):
            self.try_out(data)

    def evaluate(self, data: Data) -> Results:
        """The outputs for each example and its loss."""
        return one_by_one(self.model, self.loss, data)

    def weights(self) -> Array:
        """The numbers in all parameters."""
        return _numbers(self.parameters)

    def set_weights(self, weights: Array) -> None:
        """Give all parameters their numbers."""
        assign(self.parameters, weights.tolist())

    def look_again(self) -> None:
        """Nothing is remembered."""

    def write(self) -> None:
        """The numbers are in the Values already."""

    def train(self, order: NDArray[np.int64], batch_size: int, optimizer: Optimizer, epoch: int) -> float:
        """Go through the examples once and return their mean loss."""
        total = 0.0
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size].tolist()
            try:
                total += len(batch) / len(order) * self._step(batch, optimizer, epoch)
            except FloatingPointError as error:
                raise _diverged(epoch, start // batch_size, error) from None
        return total

    def _step(self, batch: list[int], optimizer: Optimizer, epoch: int) -> float:
        """Update the parameters once and return the mean loss of the batch before the update."""
        batch_loss = mean([self.loss(self.model(self.inputs[i]), self.targets[i]) for i in batch])
        batch_loss = _penalized(batch_loss, self.penalty, self.model)
        number = batch_loss.data if isinstance(batch_loss, Value) else float(batch_loss)
        _require_finite_loss(number)
        for p in self.parameters:
            p.grad = None
        if isinstance(batch_loss, Value):  # a margin that all examples keep makes the loss a plain 0
            batch_loss.backward()
        optimizer.step(self.parameters, epoch)
        return number


class _Compiled:
    """Training with programs for batches, on a vector of all parameters."""

    def __init__(self, model: Module, loss: Loss, penalty: Penalty | None, data: Data) -> None:
        self.model = model
        self.loss = loss
        self.penalty = penalty
        self.inputs, self.targets = data.inputs, data.targets
        self.parameters = _parameters(model)
        self.evaluate = Evaluation(model, loss)
        self.gradient = Compiled(self.loss_and_gradient, 0, "mean")
        self.reached: _Reached | None = None
        # What the Values hold, or will hold when somebody may look at them, if it is known.
        self.theta: Array | None = None
        self.is_written = True

    def loss_and_gradient(self, x: Any, y: Any) -> Any:
        """The loss of one example, penalized, and its derivatives with respect to the parameters, all Values.

        The mean over a batch is its mean loss and the penalty, which does not depend on the example.
        """
        _, loss = self.evaluate.of_an_example(x, y)
        loss = _penalized(loss, self.penalty, self.model)
        return loss, loss.gradient(self.parameters)

    def try_out(self, data: Data, constants: bool = False) -> Results:
        """Meet every error that the data can cause before the first parameter changes."""
        _penalized(0.0, self.penalty, self.model)
        with self._explained(data, constants):
            return self.evaluate(data)

    def try_steps(self, data: Data) -> None:
        """The same in training mode, with the program for the steps.

        Nothing in the model may draw random numbers: they are for the steps.
        """
        _penalized(0.0, self.penalty, self.model)
        with (
            in_mode([*self.model.modules()], True),
            np.errstate(over="ignore", invalid="ignore"),
            self._explained(data),
        ):
            for chunk in chunks(len(data.inputs)):
                self._first_gradient(data.inputs[chunk], data.targets[chunk])

    @contextmanager
    def _explained(self, data: Data, constants: bool = False) -> Iterator[None]:
        """A context in which errors of the model and of the data are put as without compiling."""
        try:
            yield
        except Exception as error:
            # What is wrong with the model or the data, they say best themselves. If nothing is, they cannot
            # be compiled; then the first examples show it, and nobody should wait for the others.
            shown = FEW if isinstance(error, TypeError) else len(data.inputs)
            few = data._replace(inputs=data.inputs[:shown], targets=data.targets[:shown])
            one_by_one(self.model, self.loss, few, True, constants)
            _advise(error)
            raise

    def weights(self) -> Array:
        """The numbers in all parameters; the vector is never changed."""
        if self.theta is None:
            self.theta = _numbers(self.parameters)
        return self.theta

    def set_weights(self, weights: Array) -> None:
        """Give all parameters their numbers."""
        self.theta, self.is_written = None, True
        assign(self.parameters, weights.tolist())

    def look_again(self) -> None:
        """The Values may hold other numbers now."""
        self.theta = None

    def train(self, order: NDArray[np.int64], batch_size: int, optimizer: Optimizer, epoch: int) -> float:
        """Go through the examples once and return their mean loss."""
        theta = self.weights()
        inputs, targets = self.inputs[order], self.targets[order]
        columns = targets.reshape(len(targets), -1)
        total = 0.0
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                for start in range(0, len(order), batch_size):
                    batch = slice(start, start + batch_size)
                    if self.reached is None:
                        loss, gradient = self._first_gradient(inputs[batch], targets[batch])
                    else:
                        x, y = inputs[batch], columns[batch]
                        loss, gradient = self.gradient.latest.again(self.reached(theta), (x, y), len(x))
                    _require_finite_loss(loss)
                    updated = np.ascontiguousarray(optimizer.update(theta, gradient, epoch), dtype=float)
                    require_finite(updated, theta, gradient, self.parameters)
                    theta = updated  # all of it or nothing, whenever Ctrl-C comes
                    total += min(batch_size, len(order) - start) / len(order) * loss
        except FloatingPointError as error:
            raise _diverged(epoch, start // batch_size, error) from None
        finally:
            self.theta, self.is_written = theta, False
        return total

    def _first_gradient(self, x: Array, y: Array) -> Any:
        """The mean loss of a batch and its derivatives with respect to what the Values hold."""
        try:
            result = self.gradient(x, y)
        except TypeError as error:
            _advise(error)
            raise
        self.reached = _Reached(self.gradient.parameters, self.parameters)
        return result

    def write(self) -> None:
        """Write the numbers into the Values, even if Ctrl-C comes in between."""
        if self.theta is None or self.is_written:
            return
        try:
            _write(self.parameters, self.theta)
        except KeyboardInterrupt:
            _write(self.parameters, self.theta)
            raise
        finally:
            self.is_written = True


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


Engine = _Compiled | _Eager
ENGINES: dict[str, type[_Compiled] | type[_Eager]] = {"compiled": _Compiled, "eager": _Eager}
ADVICE = '(fit(..., engine="eager") takes any Python code, at the speed of Python)'
SMALLER = "try a smaller learning rate or scale the data"


def _advise(error: Exception) -> None:
    if ADVICE not in getattr(error, "__notes__", ()):
        error.add_note(ADVICE)


def _numbers(parameters: list[Value]) -> Array:
    return np.array([p.data for p in parameters])


def _write(parameters: list[Value], theta: Array) -> None:
    for p, x in zip(parameters, theta.tolist(), strict=True):
        p.data = x


def _parameters(model: Module) -> list[Value]:
    parameters = model.parameters()
    if not parameters:
        raise ValueError(f"expected a model with parameters, but {model!r} has none")
    return parameters


def _penalized(loss: Any, penalty: Penalty | None, model: Module) -> Any:
    """The mean loss of a batch and the penalty."""
    if penalty is None:
        return loss
    result = penalty(model)
    if not isinstance(result, Value) and not (isinstance(result, Real) and result == 0):
        raise TypeError(
            f"expected a penalty that returns a Value, but got {result!r}: compute it from the parameters, "
            "not from their numbers"
        )
    return loss + result


def _require_finite_loss(loss: float) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss became {loss}: {SMALLER}")


class Divergence(FloatingPointError):
    """That numbers of the training became infinite or NaN, which callbacks and metrics cannot say."""


def _diverged(epoch: int, step: int, error: FloatingPointError) -> Divergence:
    return Divergence(f"the training diverged in epoch {epoch + 1}, step {step + 1}: {error}")
