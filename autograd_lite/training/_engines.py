"""The two engines of `fit`: programs for batches, and a graph for every example."""

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.compiler import Compiled
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module, assign
from autograd_lite.ops import mean
from autograd_lite.optim import SGD, require_finite

Loss = Callable[[Any, Any], Any]
Array = NDArray[np.float64]

# So many examples at a time are tried out before a compiled training, and so many without compiling where it
# is refused.
CHUNK, FEW = 1024, 100


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
