"""Figures of training curves and of decision boundaries, with matplotlib."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from autograd_lite._figures import ORANGE, PURPLE, figure_of
from autograd_lite._recording import no_grad
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.training import History
from autograd_lite.training._data import examples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["decision_boundary", "training_curves"]


def training_curves(history: History) -> "Figure":
    """The loss of each epoch on a linear and on a logarithmic axis, side by side: `History.plot`.

    Parameters
    ----------
    history : History
        What `fit` returned.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved with its `savefig`.

    Raises
    ------
    ValueError
        If there was no epoch.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> figure = training_curves(History(loss=[1.0, 0.1, 0.01]))
    >>> [axes.get_yscale() for axes in figure.axes]
    ['linear', 'log']
    """
    if not isinstance(history, History):
        raise TypeError(f"expected the History that fit returned, but got {history!r}")
    return history.plot()


def decision_boundary(model: Module, X: ArrayLike, y: ArrayLike, threshold: float = 0.5) -> "Figure":
    """The output of a model of two inputs over the plane, with the line where it equals `threshold`.

    Parameters
    ----------
    model : Module
        With two inputs and one output.
    X : array_like of shape (n_examples, 2)
        Points to draw.
    y : array_like of shape (n_examples,)
        Their classes, two different numbers.
    threshold : float, optional
        The output on the boundary: 0.5 for probabilities, 0 for logits and scores.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved with its `savefig`.

    Raises
    ------
    ValueError
        If X has not two columns, y has another length or more than two classes, or the model not one
        output.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> figure = decision_boundary(MLP(2, [1], seed=0), [[0, 0], [1, 1]], [0, 1], threshold=0)
    >>> figure.axes[0].get_xlabel()
    'x1'
    """
    points, classes, _ = examples(X, y)
    labels = np.unique(classes)
    if points.shape[1] != 2 or classes.ndim != 1 or len(labels) > 2:
        raise ValueError(
            "expected points (n, 2) and their classes (n,), two different numbers, but got "
            f"{points.shape}, {classes.shape} and the numbers {labels.tolist()}"
        )
    if not isinstance(model(points[0]), Value):
        raise ValueError(f"expected a model with one output, but got {model!r}")
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * (high - low) + 1e-9
    xs, ys = (np.linspace(a, b, 80) for a, b in zip(low - margin, high + margin, strict=True))
    with no_grad():
        outputs = np.array([[model([a, b]).data for a in xs] for b in ys])
    if not (np.isfinite(outputs).all() and np.isfinite(threshold)):
        raise ValueError(
            f"expected finite outputs and a finite threshold, but got {threshold} or such outputs"
        )

    figure = figure_of(5.4, 4.6)
    axes = figure.subplots()
    span = max(abs(outputs - threshold).max(), 1e-12)
    levels = np.linspace(threshold - span, threshold + span, 11)
    shades = axes.contourf(xs, ys, outputs, levels=levels, cmap="PuOr_r", alpha=0.5)
    figure.colorbar(shades, ax=axes, label="output of the model", format="%.2f")
    if outputs.min() < threshold < outputs.max():
        axes.contour(xs, ys, outputs, levels=[threshold], colors="black", linewidths=1.5)
    for label, colour, marker in zip(labels, (PURPLE, ORANGE), "os", strict=False):
        chosen = points[classes == label]
        axes.scatter(*chosen.T, color=colour, marker=marker, edgecolor="white", label=f"class {label:g}")
    axes.set(xlabel="x1", ylabel="x2")
    axes.legend()
    return figure
