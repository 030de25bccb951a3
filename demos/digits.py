"""Trains a network of 50610 scalar Values to read handwritten digits.

The lecture's Keras network, 300 and 100 relu and 10 logits with dropout in front of each, on scikit-learn's
images of 8 by 8 pixels: the cross-entropy of a softmax, batches of 32, a learning rate of 0.3 that decays by
0.97 an epoch. Every weight is a `Value`; `fit` records the graph of one example and compiles it for batches.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from autograd_lite.nn import Dropout, Layer, Sequential
from autograd_lite.optim import SGD, ExponentialDecay
from autograd_lite.plotting import training_curves
from autograd_lite.training import History, classify, fit

OUTPUT = Path(__file__).parent / "output" / "digits"


def data():
    images, digits = load_digits(return_X_y=True)
    return train_test_split(images / 16, digits, test_size=0.25, random_state=0, stratify=digits)


def network(rng):
    return Sequential(
        Dropout(0.2, seed=rng),
        Layer(64, 300, activation="relu", seed=rng),
        Dropout(0.2, seed=rng),
        Layer(300, 100, activation="relu", seed=rng),
        Dropout(0.2, seed=rng),
        Layer(100, 10, activation="linear", seed=rng),
    )


def report(history: History) -> None:
    if len(history) % 5 == 0 or len(history) == 1:
        print(f"epoch {len(history):2d}   loss {history.loss[-1]:.4f}   lr {history.learning_rate[-1]:.4f}")


def confusion(counts) -> Figure:
    """Which digit was taken for which: rows are the true digits, columns what the network says."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if count > counts.max() / 2 else "black" if count else "lightgray"
        axes.text(column, row, count, ha="center", va="center", color=color)
    axes.set(xticks=range(10), yticks=range(10), xlabel="the network says", ylabel="the digit is")
    accuracy = np.trace(counts) / counts.sum()
    axes.set_title(f"{counts.sum()} digits of the test set, {accuracy:.1%} of them right")
    return figure


def main() -> None:
    X_train, X_test, y_train, y_test = data()
    model = network(np.random.default_rng(42))
    print(f"{model}, {len(model.parameters())} parameters, {len(X_train)} training examples")
    start = perf_counter()
    history = fit(
        model,
        X_train,
        y_train,
        loss="cross_entropy",
        optimizer=SGD(lr=ExponentialDecay(0.3, 0.97)),
        epochs=30,
        batch_size=32,
        seed=0,
        callbacks=[report],
    )
    print(f"trained in {perf_counter() - start:.0f} s")
    sets = {"train": X_train, "test": X_test}
    said = {name: classify(model, X, loss="cross_entropy") for name, X in sets.items()}
    print(f"train accuracy {np.mean(said['train'] == y_train):.3f}")
    print(f"test accuracy  {np.mean(said['test'] == y_test):.3f}")

    OUTPUT.mkdir(parents=True, exist_ok=True)
    training_curves(history).savefig(OUTPUT / "training_curves.png", dpi=150)
    confusion(confusion_matrix(y_test, said["test"])).savefig(OUTPUT / "confusion_matrix.png", dpi=150)
    for name in ("training_curves.png", "confusion_matrix.png"):
        print(f"wrote {OUTPUT / name}")


if __name__ == "__main__":
    main()
