"""The epochs of a training: its steps, when it ends, and how it goes on where it was stopped."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from autograd_lite.nn.module import Module
from autograd_lite.optim import CosineDecay, ExponentialDecay, Optimizer, StepDecay
from autograd_lite.training._data import Array, Data, Indices
from autograd_lite.training._engines import SMALLER, Divergence, Engine
from autograd_lite.training._evaluation import in_mode, mean_of
from autograd_lite.training._generators import generator_of, state_of
from autograd_lite.training._history import History, Standing
from autograd_lite.training._metrics import Metric

Callback = Callable[[History], object]
# Functions of the epoch alone; one of the user's may look at the model.
SCHEDULES = (CosineDecay, ExponentialDecay, StepDecay)


@dataclass(frozen=True)
class Training:
    """Everything about a training that stays as it is from epoch to epoch."""

    engine: Engine
    modules: list[Module]
    generators: dict[str, Generator]
    optimizer: Optimizer
    data: Data
    validation: Data | None
    held_out: Indices | None
    metrics: dict[str, Metric]
    epochs: int
    batch_size: int
    patience: int | None
    tol: float | None
    callbacks: list[Callback]

    def weights(self) -> Array:
        """The numbers in all parameters."""
        return self.engine.weights()

    def set_weights(self, weights: Array) -> None:
        """Give all parameters their numbers."""
        self.engine.set_weights(weights)

    def begin(self, rng: Generator) -> History:
        """A history without epochs, of a training from the model's weights with an optimizer as if new."""
        self.optimizer.reset()
        history = History(metrics={name: [] for name in self._curves()})
        weights = self.weights()
        history._standing = self._standing(history, weights, None, weights, rng)
        return history

    def check(self, history: History) -> None:
        """Raise ValueError unless this training can go on where that of the history ended."""
        standing = history._standing
        if standing is None:
            raise ValueError(
                "expected a history that fit returned, but this one has no weights to go on with"
            )
        had_held_out, has_held_out = standing.held_out is not None, self.held_out is not None
        for what, before, now in (
            ("parameters", len(standing.weights), len(self.engine.parameters)),
            ("optimizer", standing.optimizer, type(self.optimizer).__name__),
            ("random generators", _kinds(standing.generators), _kinds(self._generator_states())),
            ("metrics", sorted(history.metrics), self._curves()),
            ("validation", bool(history.val_loss), self.validation is not None and len(history) > 0),
            ("a held out fraction", had_held_out, has_held_out),
        ):
            if before != now:
                raise ValueError(
                    f"expected the training that the history is of, but for {what} that has {before!r}, and "
                    f"this one {now!r}"
                )
        like = copy(self.optimizer)
        like.reset()
        try:
            like.load_state_dict(standing.optimizer_state)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"expected an optimizer with the arguments of that in the history: {error}"
            ) from None
        if len(history) > self.epochs:
            raise ValueError(
                f"expected epochs to count all of them, also the {len(history)} in the history, but got "
                f"{self.epochs}"
            )

    def resume(self, history: History) -> tuple[History, Generator]:
        """A copy of a history to go on with, and the generator of the order.

        The model gets the weights with which it ended, the optimizer and the generators in the model their
        states.
        """
        standing = history._standing
        assert standing is not None
        continued = replace(
            history,
            loss=[*history.loss],
            learning_rate=[*history.learning_rate],
            val_loss=[*history.val_loss],
            metrics={name: [*curve] for name, curve in history.metrics.items()},
            stop_reason="",
            is_interrupted=False,
        )
        continued.restarts = [continued if start is history else start for start in history.restarts]
        continued._standing = standing
        self.optimizer.reset()
        self.optimizer.load_state_dict(standing.optimizer_state)
        self.set_weights(standing.weights)
        for name, state in standing.generators.items():
            self.generators[name].bit_generator.state = state
        shared = standing.shared
        return continued, generator_of(standing.order) if shared is None else self.generators[shared]

    def run(self, history: History, rng: Generator, show: Callable[[History], None]) -> None:
        """Go through epochs until there is a reason to stop, which the history says then; show each of them.

        If interrupted, the history ends with the last whole epoch, and the model has the weights of the
        last whole step. Other exceptions of a callback, a metric or a schedule get this history as well.
        """
        assert history._standing is not None
        try:
            reason = self._train(history, rng, show)
            history.stop_reason = reason + self.take_back(history, len(history))
        except Divergence as error:
            # The weights of the last step are finite, but where it led to is no good.
            raise Divergence(f"{error}{self.take_back(history)}") from None
        except BaseException as error:
            for curve in history._curves():
                del curve[history._standing.epochs :]
            if isinstance(error, KeyboardInterrupt):
                history.stop_reason, history.is_interrupted = f"interrupted in epoch {len(history) + 1}", True
                raise
            history.stop_reason = f"{type(error).__name__} after {len(history)} epochs"
            if not hasattr(error, "history"):
                with suppress(AttributeError, TypeError):  # some have no place for it
                    error.history = history  # type: ignore[attr-defined]
            raise
        finally:
            self.engine.write()

    def score(self, history: History) -> float:
        """What is compared between starts: the loss of the weights that `scored` gives."""
        if not history.val_loss:
            return history.loss[-1] if history.loss else math.inf
        return history.val_loss[-1] if self.patience is None else min(history.val_loss)

    def scored(self, history: History) -> Array:
        """The weights after the last whole epoch or, with early stopping, after the best one."""
        assert history._standing is not None
        lowest = history._standing.lowest
        is_last = self.patience is None or lowest is None or lowest == len(history) - 1
        return history._standing.weights if is_last else history._standing.best

    def _train(self, history: History, rng: Generator, show: Callable[[History], None]) -> str:
        """Go through epochs, and return why there are no more."""
        assert history._standing is not None
        lowest, best = history._standing.lowest, history._standing.best
        with in_mode(self.modules, True):
            while not (reason := self._reason_to_stop(history)):
                epoch = len(history)
                order = rng.permutation(len(self.data.inputs))
                loss = self.engine.train(order, self.batch_size, self.optimizer, epoch)
                with self._looked_at():
                    self._write_down(history, loss)
                    weights = self.weights()
                    if history.val_loss and (
                        lowest is None or history.val_loss[-1] < history.val_loss[lowest]
                    ):
                        lowest, best = epoch, weights
                    history._standing = self._standing(history, weights, lowest, best, rng)
                    show(history)
                    if self.callbacks:
                        verdicts = [callback(history) for callback in self.callbacks]
                        self.engine.look_again()
                        history._standing = self._standing(history, self.weights(), lowest, best, rng)
                        if any(map(_says_stop, verdicts)):
                            return f"a callback ended it after {epoch + 1} epochs"
        return reason

    def _looked_at(self) -> AbstractContextManager[None]:
        """A context for those who look at the model after an epoch, if there are any.

        It is not in training mode there, and the Values hold their numbers.
        """
        schedule = self.optimizer.lr
        is_asked = callable(schedule) and not isinstance(schedule, SCHEDULES)
        if not (self.callbacks or self.metrics or self.validation or is_asked):
            return nullcontext()
        self.engine.write()
        return in_mode(self.modules, False)

    def _reason_to_stop(self, history: History) -> str:
        assert history._standing is not None
        n, lowest = len(history), history._standing.lowest
        if self.patience is not None and lowest is not None and n - 1 - lowest >= self.patience:
            return f"the validation loss fell no more for {self.patience} epochs"
        if self.tol is not None and n > 1 and abs(history.loss[-1] - history.loss[-2]) < self.tol:
            return f"the loss changed by less than {self.tol:g} in epoch {n}"
        return f"all {n} epochs done" if n >= self.epochs else ""

    def take_back(self, history: History, epochs: int = 0) -> str:
        """With early stopping, go back to the best weights, and return the words for that.

        After so many epochs, if it is known, they may be the last ones.
        """
        assert history._standing is not None
        lowest = history._standing.lowest
        if self.patience is None or lowest is None or lowest == epochs - 1:
            return ""
        self.set_weights(history._standing.best)
        return f", the weights are those of epoch {lowest + 1}"

    def _write_down(self, history: History, loss: float) -> None:
        """Add what there is to say after an epoch: all of it or, if there is an error, nothing."""
        epoch = len(history)
        lr = self.optimizer.learning_rate(epoch)
        metrics = {}
        if self.metrics:
            outputs, _ = self.engine.evaluate(self.data)
            metrics = {name: f(outputs, self.data.targets) for name, f in self.metrics.items()}
        if self.validation is not None:
            outputs, losses = self.engine.evaluate(self.validation)
            val_loss = mean_of(losses)
            if not math.isfinite(val_loss):
                assert history._standing is not None
                self.set_weights(history._standing.weights)
                raise Divergence(
                    f"the training diverged in epoch {epoch + 1}: the validation loss became {val_loss}: "
                    f"{SMALLER}"
                )
            targets = self.validation.targets
            metrics |= {f"val_{name}": f(outputs, targets) for name, f in self.metrics.items()}
            history.val_loss.append(val_loss)
        for name, x in metrics.items():
            history.metrics[name].append(x)
        history.loss.append(loss)
        history.learning_rate.append(lr)

    def _standing(
        self, history: History, weights: Array, lowest: int | None, best: Array, rng: Generator
    ) -> Standing:
        """Where the training stands after the last epoch in the history."""
        shared = [name for name, generator in self.generators.items() if generator is rng]
        return Standing(
            epochs=len(history),
            weights=weights,
            lowest=lowest,
            best=best,
            optimizer=type(self.optimizer).__name__,
            optimizer_state=self.optimizer.state_dict(),
            generators=self._generator_states(),
            order=state_of(rng),
            shared=shared[0] if shared else None,
            held_out=self.held_out,
        )

    def _generator_states(self) -> dict[str, Any]:
        return {name: state_of(generator) for name, generator in self.generators.items()}

    def _curves(self) -> list[str]:
        """The names of the metrics in a history."""
        validated = [f"val_{name}" for name in self.metrics] if self.validation is not None else []
        return sorted([*self.metrics, *validated])


def _kinds(states: dict[str, Any]) -> dict[str, Any]:
    """The kind of each generator."""
    return {name: state["bit_generator"] for name, state in states.items()}


def _says_stop(answer: object) -> bool:
    """Whether a callback returned True: NumPy's too, but nothing that merely counts as true."""
    return isinstance(answer, bool | np.bool_) and bool(answer)
