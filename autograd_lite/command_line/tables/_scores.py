"""How good a model of a table is on each part of the rows, beside one that always says the same."""

from typing import Any

import numpy as np

from autograd_lite.command_line.tables._encoding import Encoding
from autograd_lite.command_line.tables._table import Array
from autograd_lite.nn import Module
from autograd_lite.training import evaluate

PARTS = ("test", "validation", "training")


def scores(model: Module, encoding: Encoding, parts: dict[str, tuple[Array, Array]]) -> dict[str, Any]:
    """The metrics of each part and of the baseline, and what goes wrong in the part that judges."""
    judge = next(name for name in PARTS if name in parts)
    X, y = parts[judge]
    _, trained_on = parts["training"]
    metrics = {name: part_scores(model, encoding, *part) for name, part in parts.items()}
    result: dict[str, Any] = {"metrics": metrics, "judged_on": judge}
    said = encoding.predictions(model, X)
    if encoding.classes is None:
        right = y * encoding.scale + encoding.mean
        sizes = np.abs(said - right)
        quantiles = {"half": 0.5, "nine_in_ten": 0.9, "all": 1.0}
        result["errors"] = {name: float(np.quantile(sizes, q)) for name, q in quantiles.items()}
        mean = float(trained_on.mean() * encoding.scale + encoding.mean)
        result["baseline"] = {"says": mean, **regression_scores(np.full(len(y), mean), right)}
        return result
    n = len(encoding.classes)
    confusion = np.zeros((n, n), dtype=int)
    np.add.at(confusion, (y.astype(int), said.astype(int)), 1)
    result["confusion"] = confusion.tolist()
    shares = np.bincount(trained_on.astype(int), minlength=n) / len(trained_on)
    largest = int(shares.argmax())
    result["baseline"] = {
        "says": encoding.classes[largest],
        "accuracy": float(np.mean(y == largest)),
        "cross_entropy": float(-np.log(shares[y.astype(int)]).mean()),
    }
    return result


def part_scores(model: Module, encoding: Encoding, X: Array, y: Array) -> dict[str, float]:
    """Accuracy and cross-entropy, or R² and the mean squared error in the square of the target's units."""
    if encoding.classes is not None:
        found = evaluate(model, X, y, loss=encoding.loss, metrics=["accuracy"])
        return {"accuracy": found["accuracy"], "cross_entropy": found["loss"]}
    said = encoding.predictions(model, X)
    return regression_scores(said, y * encoding.scale + encoding.mean)


def regression_scores(said: Array, right: Array) -> dict[str, float]:
    """R², the mean squared error, and its root, which is in the target's units."""
    mse = float(np.mean((said - right) ** 2))
    variance = float(np.var(right))
    return {"r2": 1.0 - mse / variance if variance else float(mse == 0), "mse": mse, "rmse": mse**0.5}
