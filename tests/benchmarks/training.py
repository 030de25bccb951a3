"""A whole training: the lecture's network 2-4-4-1 on two rings of points, 150 epochs of batches of 32.

From the initial weights to the last, as in demos/circles.py; compilation included, anew in each run. NumPy
has a class like the lecture's, which also finds the loss of all examples before and after each epoch. Both
draw the same weights and batches, and agree on the trained weights to 1e-9. The first run is that of a fresh
process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from .matches import PROCESSES, Match, rows_of
from .report import Row, Rows, Skipped, is_installed
from .timing import in_fresh_process, seconds_per_step

TITLE, UNIT = "training: 2-4-4-1, 140 examples, 150 epochs", "ms"
BAR = 1.0
EPOCHS, BATCH_SIZE, LR, DECAY = 150, 32, 0.3, 0.95


@dataclass(frozen=True)
class Training:
    """One way to train."""

    step: Callable[[], Any]  # the whole training; gives the trained network
    trained: Callable[[Any], Iterable[float]]  # its parameters, neuron by neuron: weights, then bias

    def numbers(self) -> Iterable[float]:
        """The trained parameters."""
        return self.trained(self.step())


def rows() -> Rows:
    if not is_installed("sklearn"):
        yield Skipped("scikit-learn")
        return
    data = in_fresh_process(circles)  # scikit-learn leaves tens of thousands of objects to the collector
    ours, peer = partial(fit, data), partial(lecture, data)
    title = "NumPy by hand, like the lecture's class"
    yield from rows_of([Match(ours, "autograd_lite, fit", peer, title, bar=BAR)], UNIT)
    yield Row(f"{title}, first run", _first_run(peer))
    yield Row("  autograd_lite, fit, first run", _first_run(ours))


def circles() -> tuple[Any, Any]:
    """The training examples of the demo."""
    from demos.circles import data

    X_train, _, y_train, _ = data()
    return X_train, y_train


def fit(data: tuple[Any, Any]) -> Training:
    from autograd_lite import training
    from autograd_lite.nn import MLP
    from autograd_lite.optim import SGD, ExponentialDecay

    def train() -> MLP:
        model = MLP(2, [4, 4, 1], "relu", "sigmoid", init="he", seed=42)
        training.fit(
            model,
            *data,
            loss="binary_cross_entropy",
            optimizer=SGD(lr=ExponentialDecay(LR, DECAY)),
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            seed=0,
        )
        return model

    return Training(train, lambda model: [p.data for p in model.parameters()])


def lecture(data: tuple[Any, Any]) -> Training:
    from .lecture_network import LectureNetwork

    def train() -> LectureNetwork:
        network = LectureNetwork([2, 4, 4, 1], seed=42)
        network.train(*data, epochs=EPOCHS, batch_size=BATCH_SIZE, lr=LR, decay=DECAY, seed=0)
        return network

    return Training(train, LectureNetwork.parameters)


def _first_run(build: Callable[[], Training]) -> float:
    return 1e3 * median(in_fresh_process(_seconds_of_one, build) for _ in range(PROCESSES))


def _seconds_of_one(build: Callable[[], Training]) -> float:
    return seconds_per_step(build().step)
