"""Figures of training curves, of decision boundaries and of activations, with matplotlib."""

import math
import reprlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike

from autograd_lite._choose import choose
from autograd_lite._figures import ORANGE, PURPLE, figure_of
from autograd_lite.engine import Value
from autograd_lite.nn.activations import ACTIVATIONS
from autograd_lite.nn.layers import Neuron
from autograd_lite.nn.module import Module
from autograd_lite.training import History, predict
from autograd_lite.training._data import examples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["activation_curves", "decision_boundary", "training_curves"]

# Points along each axis of a decision boundary.
GRID = 160
# Of curves that are compared: the colours of Okabe and Ito, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
LINES = tuple(zip(COLOURS, ("-", "--", "-.", ":") * 2, strict=True))


def training_curves(history: History | Mapping[str, History]) -> "Figure":
    """The loss of each epoch on a linear and on a logarithmic axis, side by side: `History.plot`, or several.

    Parameters
    ----------
    history : History or mapping of str to History
        What `fit` returned; or up to eight of these by name, whose training losses are compared.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved with its `savefig`.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If there was no epoch, or if there are no histories, or more than eight.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> figure = training_curves(History(loss=[1.0, 0.1, 0.01]))
    >>> [axes.get_yscale() for axes in figure.axes]
    ['linear', 'log']
    """
    if isinstance(history, History):
        return history.plot()
    if not isinstance(history, Mapping) or not all(isinstance(h, History) for h in history.values()):
        raise TypeError(
            f"expected the History that fit returned, or several of them by name, but got {history!r}"
        )
    if not 1 <= len(history) <= len(LINES) or not all(map(len, history.values())):
        raise ValueError(
            f"expected one to {len(LINES)} histories of at least one epoch, but got "
            f"{ {str(name): len(h) for name, h in history.items()} } epochs"
        )
    figure = figure_of(9, 3.6)
    for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
        for (name, one), (colour, style) in zip(history.items(), LINES, strict=False):
            axes.plot(range(1, len(one) + 1), one.loss, color=colour, linestyle=style, label=name)
        axes.set(xlabel="epoch", ylabel="mean training loss", yscale=scale, title=f"{scale} scale")
        axes.grid(alpha=0.3, which="both")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    return figure


def decision_boundary(
    model: Module, X: ArrayLike, y: ArrayLike, threshold: float = 0.5, ax: "Axes | None" = None
) -> "Figure":
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
    ax : matplotlib.axes.Axes, optional
        Where to draw, by default in a new figure.

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
            "expected points (n, 2) and two classes (n,), because the boundary between more is not one line, "
            f"but got {points.shape}, {classes.shape} and the numbers {reprlib.repr(labels.tolist())}"
        )
    if not isinstance(model(points[0]), Value):
        raise ValueError(f"expected a model with one output, but got {model!r}")
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * (high - low) + 1e-9
    xs, ys = (np.linspace(a, b, GRID) for a, b in zip(low - margin, high + margin, strict=True))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    outputs = predict(model, grid.reshape(-1, 2)).reshape(GRID, GRID)
    if not (np.isfinite(outputs).all() and np.isfinite(threshold)):
        raise ValueError(
            f"expected finite outputs and a finite threshold, but got {threshold} or such outputs"
        )

    figure: Any = figure_of(5.4, 4.6) if ax is None else ax.figure
    axes = figure.subplots() if ax is None else ax
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
    return cast("Figure", figure)


def activation_curves(names: Iterable[str] | None = None) -> "Figure":
    """Each activation φ(z) and its derivative φ'(z) for z from -4 to 4, as a neuron computes them.

    Parameters
    ----------
    names : iterable of str, optional
        Names in `nn.ACTIVATIONS`, by default all but softmax, which is no function of one number, and swish,
        which is silu. The slope of prelu is the one that it has at first.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved with its `savefig`.

    Raises
    ------
    ValueError
        If a name is unknown or softmax, or there is none.
    TypeError
        If there is a single name instead of a list.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> figure = activation_curves(["relu", "tanh"])
    >>> [axes.get_title() for axes in figure.axes]
    ['relu', 'tanh']
    """
    if isinstance(names, str):
        raise TypeError(f"expected a list of names, but got {names!r}: write [{names!r}]")
    if names is None:
        names = [name for name, a in ACTIVATIONS.items() if not a.of_layer and name != "swish"]
    names = list(names)
    for name in names:
        if choose(ACTIVATIONS, name, "activation").of_layer:
            raise ValueError(
                f"expected activations of a single neuron, but got {name!r}, which is of a layer"
            )
    if not names:
        raise ValueError("expected at least one activation, but got none")
    columns = min(len(names), 4)
    rows = math.ceil(len(names) / columns)
    figure = figure_of(max(2.6 * columns, 3.4), 2.2 * rows + 0.4)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.remove()
    for name, axes in zip(names, grid.flat, strict=False):
        for label, colour, style, curve in zip(
            ("φ(z)", "φ'(z)"), (PURPLE, ORANGE), ("-", "--"), _activation_and_slope(name), strict=True
        ):
            axes.plot(*curve, color=colour, linestyle=style, label=label)
        axes.axhline(0, color="black", linewidth=0.5)
        axes.axvline(0, color="black", linewidth=0.5)
        axes.set(title=name, xlim=(-4, 4), ylim=(-1.5, 3), xticks=(-3, 0, 3))
        axes.grid(alpha=0.3)
    for axes in grid.flat[max(0, len(names) - columns) : len(names)]:
        axes.set_xlabel("z")
        axes.tick_params(labelbottom=True)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _activation_and_slope(name: str) -> Iterable[tuple[list[float], list[float]]]:
    """The points of φ and of φ', with a gap where one jumps."""
    neuron = Neuron(1, activation=name, init=lambda rng, n, m: np.ones((n, m)))
    zs = np.linspace(-4, 4, 401)
    points = [(z, neuron([z])) for z in map(Value, zs)]
    for heights in ([y.data for _, y in points], [y.gradient(z).data for z, y in points]):
        jumps = np.flatnonzero(np.abs(np.diff(heights)) > 0.1) + 1
        yield np.insert(zs, jumps, np.nan).tolist(), np.insert(heights, jumps, np.nan).tolist()
