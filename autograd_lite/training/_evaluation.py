"""A model's outputs and losses for many examples: with a program, or one example after the other."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np

from autograd_lite.compiler import Compiled
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.training._data import Array, Data, column

Loss = Callable[[Any, Any], Any]
Results = tuple[Array, Array]

# So many examples at a time.
CHUNK = 1024


class Evaluation:
    """The outputs of a model for many examples, and their losses if there is one, in a program.

    The model is recorded in the mode that it is in at the first call.
    """

    def __init__(self, model: Module, loss: Loss | None = None) -> None:
        self.model = model
        self.loss = loss
        self.program = Compiled(self.of_an_example, 0, None)

    def of_an_example(self, x: Any, *target: Any) -> Any:
        """The outputs for one example, and its loss, of Values."""
        prediction = self.model(x.tolist())
        require_values(prediction)
        outputs = prediction if isinstance(prediction, Value) else list(prediction)
        return outputs if self.loss is None else (outputs, self.loss_of(prediction, *target))

    def loss_of(self, prediction: Any, y: Any) -> Any:
        """The loss of one example, of Values."""
        assert self.loss is not None
        result = self.loss(prediction, y.tolist() if isinstance(y, np.ndarray) else y)
        require_losses([result])
        return result

    def outputs(self, inputs: Array) -> Array:
        """What the model returns for each example, with a column for each output if there are several."""
        return column(np.concatenate([self.program(inputs[chunk]) for chunk in chunks(len(inputs))]))

    def __call__(self, data: Data) -> Results:
        """The outputs, and the loss of each example."""
        with np.errstate(over="ignore", invalid="ignore"):
            results = [self.program(data.inputs[c], data.targets[c]) for c in chunks(len(data.inputs))]
        outputs, losses = (np.concatenate(parts) for parts in zip(*results, strict=True))
        return column(outputs), losses


def one_by_one(
    model: Module, loss: Loss, data: Data, tried_out: bool = False, constants: bool = True
) -> Results:
    """The same without compiling; if the data are tried out, errors say which target is refused."""
    predictions: list[Any] = []
    losses: list[Any] = []
    for i, (x, y) in enumerate(zip(data.inputs.tolist(), data.targets.tolist(), strict=True)):
        prediction = model(x)
        require_values(prediction)
        predictions.append(prediction)
        try:
            losses.append(loss(prediction, y))
        except (TypeError, ValueError) as error:
            if not tried_out:
                raise
            raise ValueError(f"the loss does not take {data.target_name}[{i}]: {error}") from error
    require_losses(losses, constants)
    return numbers(predictions), np.array([getattr(v, "data", v) for v in losses], dtype=float)


def numbers(predictions: Iterable[Any]) -> Array:
    """The outputs for each example as an array."""
    rows = [p.data if isinstance(p, Value) else [v.data for v in p] for p in predictions]
    if len({np.shape(row) for row in rows}) > 1:
        raise ValueError("expected a model that returns as many outputs for every example, but got others")
    return column(np.array(rows, dtype=float))


def mean_of(losses: Array) -> float:
    """The mean of losses, infinite where their sum is."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(losses.mean())


def require_values(prediction: Any) -> None:
    """Check what a model returns."""
    outputs = prediction if isinstance(prediction, Iterable) else [prediction]
    if not all(isinstance(v, Value) for v in outputs):
        raise TypeError(f"expected a model that returns a Value or a list of them, but got {prediction!r}")


def require_losses(results: list[Any], constants: bool = False) -> None:
    """Check the losses of examples: numbers are taken for constants, which all of them may be or not."""
    wrong = [result for result in results if not isinstance(result, Value | Real)]
    if wrong or not (constants or any(isinstance(result, Value) for result in results)):
        raise TypeError(f"expected a loss that returns a Value, but got {[*wrong, *results][0]!r}")


@contextmanager
def in_mode(modules: list[Module], mode: bool) -> Iterator[None]:
    """A context in which modules are in training mode or not; after it each is in its own mode again."""
    before = [module.training for module in modules]
    try:
        for module in modules:
            module.training = mode
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.training = training


def chunks(n: int) -> Iterator[slice]:
    """Slices of so many examples at a time."""
    return (slice(start, start + CHUNK) for start in range(0, n, CHUNK))
