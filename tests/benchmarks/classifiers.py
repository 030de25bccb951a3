"""Data sets of scikit-learn, learned by `fit` and by scikit-learn's `MLPClassifier` and `MLPRegressor`.

Three classifications and a regression, each by the same network with relu, from the same initial weights,
with the same rule, batch size and number of epochs, without penalty and early stopping. Only the orders of
the examples differ. Inputs, and the target of diabetes, are standardized; the examples of the test are the
same each time. Shown is the median of 45 seeds. An error is the share of wrong classes and, of diabetes,
1 - R²; the bar on ours is theirs. Our time includes compilation, which is done anew in every training; the
fewer the epochs, the more it counts. Before the clock runs both must have the same error, and train for an
epoch.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from .matches import PROCESSES
from .report import Row, Rows, Skipped, is_installed, with_version
from .timing import in_fresh_process, seconds_per_step

TITLE, UNIT = "scikit-learn's data sets: 100 epochs, and the test", "ms or %"
BAR = 1.0
EPOCHS = 100
SEEDS = 15  # in each process


@dataclass(frozen=True)
class Task:
    """A data set, and how it is learned."""

    name: str
    sizes: tuple[int, ...]
    loss: str
    rule: str  # "adam", or "sgd" with Nesterov's momentum of 0.9, as scikit-learn has it
    lr: float
    batch_size: int
    epochs: int = EPOCHS

    def __str__(self) -> str:
        return f"{self.name}, {'-'.join(map(str, self.sizes))}, {self.rule}"


TASKS = [
    Task("circles", (2, 8, 8, 1), "binary_cross_entropy_with_logits", "adam", 0.01, 32),
    Task("moons", (2, 16, 16, 1), "binary_cross_entropy_with_logits", "adam", 0.01, 32),
    Task("digits", (64, 64, 32, 10), "cross_entropy", "sgd", 0.05, 64),
    # scikit-learn's squared error is half of ours, which Adam does not see.
    Task("diabetes", (10, 16, 1), "mse", "adam", 0.001, 32),
]


@dataclass(frozen=True)
class Learner:
    """One way to learn."""

    train: Callable[[], Any]
    error: Callable[[], float]  # of the test, once it is trained


def rows() -> Rows:
    if not is_installed("sklearn"):
        yield Skipped("scikit-learn")
        return
    for task in TASKS:
        turns = [turn for k in range(PROCESSES) for turn in in_fresh_process(play, task, k)]
        ours, theirs, our_error, their_error = map(median, zip(*turns, strict=True))
        ratio = median(a / b for a, b, *_ in turns)
        yield Row(with_version("scikit-learn", f"{task}, scikit-learn"), 1e3 * theirs)
        yield Row("  autograd_lite, fit", 1e3 * ours, ratio, BAR)
        yield Row(f"{task.name}, error, scikit-learn", 100 * their_error)
        yield Row("  autograd_lite, error", 100 * our_error, bar=100 * their_error)


def play(task: Task, process: int) -> list[tuple[float, float, float, float]]:
    """Seconds of our training and of theirs, and the errors of both, for each seed."""
    data = examples(task.name)
    learners = [learner(replace(task, epochs=1), data, 0) for learner in (ours, scikit_learn)]
    error, their_error = (learner.error() for learner in learners)
    if not math.isclose(error, their_error, rel_tol=1e-9):
        raise ArithmeticError(f"before the training of {task} the errors are {error} and {their_error}")
    for learner in learners:
        learner.train()
    turns = []
    for seed in range(process * SEEDS, (process + 1) * SEEDS):
        pair = [measured(learner(task, data, seed)) for learner in (ours, scikit_learn)]
        (seconds, their_seconds), (error, their_error) = zip(*pair, strict=True)
        turns.append((seconds, their_seconds, error, their_error))
    return turns


def measured(learner: Learner) -> tuple[float, float]:
    """Seconds of the training, and the error after it."""
    return seconds_per_step(learner.train), learner.error()


def examples(name: str) -> tuple[Any, Any, Any, Any]:
    """Inputs for training and for the test, and the targets."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, y = {
        "circles": partial(datasets.make_circles, 1000, noise=0.12, factor=0.5, random_state=0),
        "moons": partial(datasets.make_moons, 1000, noise=0.2, random_state=0),
        "digits": partial(datasets.load_digits, return_X_y=True),
        "diabetes": partial(datasets.load_diabetes, return_X_y=True),
    }[name]()
    is_regression = name == "diabetes"
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=None if is_regression else y)
    if is_regression:
        y, y_test = (y - y.mean()) / y.std(), (y_test - y.mean()) / y.std()
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), scaler.transform(X_test), y, y_test


def network(task: Task, seed: int) -> Any:
    """Our network with its initial weights, from the distribution that scikit-learn has."""
    from autograd_lite.nn import MLP

    return MLP(task.sizes[0], task.sizes[1:], init="glorot_uniform", seed=seed)


def ours(task: Task, data: tuple[Any, Any, Any, Any], seed: int) -> Learner:
    from autograd_lite.optim import SGD, Adam
    from autograd_lite.training import evaluate, fit

    X, X_test, y, y_test = data
    model = network(task, seed)
    rule = Adam(task.lr) if task.rule == "adam" else SGD(task.lr, momentum=0.9, nesterov=True)
    score = "r2" if task.loss == "mse" else "accuracy"

    def train() -> None:
        how: Any = {"epochs": task.epochs, "batch_size": task.batch_size, "seed": seed}
        fit(model, X, y, loss=task.loss, optimizer=rule, **how)

    return Learner(
        train, lambda: 1.0 - evaluate(model, X_test, y_test, loss=task.loss, metrics=[score])[score]
    )


def scikit_learn(task: Task, data: tuple[Any, Any, Any, Any], seed: int) -> Learner:
    import numpy as np
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    warnings.simplefilter("ignore")  # that the training ends before the loss changes no more
    X, X_test, y, y_test = data
    model = (MLPRegressor if task.loss == "mse" else MLPClassifier)(
        hidden_layer_sizes=task.sizes[1:-1],
        solver=task.rule,
        learning_rate_init=task.lr,
        batch_size=task.batch_size,
        alpha=0.0,
        random_state=seed,
        max_iter=1,
        tol=0.0,
        n_iter_no_change=task.epochs,
        warm_start=True,
    ).fit(X, y)
    # With a warm start it goes on from the weights that are there.
    layers = network(task, seed).layers
    model.coefs_ = [np.array([[w.data for w in n.w] for n in layer.neurons]).T for layer in layers]
    model.intercepts_ = [np.array([n.b.data for n in layer.neurons]) for layer in layers]
    model.set_params(max_iter=task.epochs)
    return Learner(lambda: model.fit(X, y), lambda: 1.0 - float(model.score(X_test, y_test)))
