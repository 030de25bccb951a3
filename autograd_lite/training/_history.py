"""`History`: what happened during a training, and where it stands."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_lite._figures import ORANGE, PURPLE, figure_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DivergenceError", "History"]

Array = NDArray[np.float64]


class Standing(NamedTuple):
    """What a training needs in order to go on after an epoch as if it had not been stopped.

    The weights may be others than those in the model, to which early stopping gives the `best`: those after
    the epoch `lowest`, counted from 0, which has the lowest validation loss. `generators` are the states of
    the random generators in the model, `order` that of the one which orders the examples, and `shared` the
    one in the model that is the same.
    """

    epochs: int
    weights: Array
    lowest: int | None
    best: Array
    optimizer: str
    optimizer_state: dict[str, Any]
    generators: dict[str, Any]
    order: dict[str, Any]
    shared: str | None
    held_out: NDArray[np.int64] | None


@dataclass
class History:
    """What happened during training, epoch by epoch.

    It also holds what `fit` needs to continue the training: the last weights and the best ones, the state
    of the optimizer and of all random generators, and which examples were held out.

    Attributes
    ----------
    loss : list of float
        The mean loss over the examples of each epoch, each computed with the weights that its batch met,
        and the penalty, if there is one.
    learning_rate : list of float
        The learning rate of each epoch.
    val_loss : list of float
        The mean loss over the validation set after each epoch, without the penalty, out of training mode;
        empty if there is no validation set.
    metrics : dict of str to list of float
        The metrics after each epoch, as ``"accuracy"`` on the training set and ``"val_accuracy"`` on the
        validation set.
    stop_reason : str
        Why the training ended.
    is_interrupted : bool
        Whether Ctrl-C ended it.
    restarts : list of History
        The histories of all starts, if there were several; this one, the best, is among them.

    Examples
    --------
    >>> History(loss=[0.5, 0.25], learning_rate=[0.1, 0.1], stop_reason="all 2 epochs done")
    History(epochs=2, loss 0.5 to 0.25, stopped: all 2 epochs done)
    """

    loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    stop_reason: str = ""
    is_interrupted: bool = False
    restarts: list["History"] = field(default_factory=list, compare=False)
    _standing: Standing | None = field(default=None, init=False, compare=False)

    def __len__(self) -> int:
        """The number of epochs."""
        return len(self.loss)

    def __repr__(self) -> str:
        curves = {"loss": self.loss, "val_loss": self.val_loss}
        changes = [f"{name} {x[0]:.4g} to {x[-1]:.4g}" for name, x in curves.items() if x]
        stopped = f"stopped: {self.stop_reason or 'not yet'}"
        return f"History({', '.join([f'epochs={len(self)}', *changes, stopped])})"

    def plot(self) -> "Figure":
        """The loss of each epoch on a linear and on a logarithmic axis, side by side (SUTD lecture).

        The validation loss is drawn beside that of the training, if there is one.

        Returns
        -------
        matplotlib.figure.Figure
            To be saved with its `savefig`; a notebook displays it.

        Raises
        ------
        ValueError
            If there was no epoch.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> figure = History(loss=[1.0, 0.1], val_loss=[1.0, 0.2]).plot()
        >>> [axes.get_yscale() for axes in figure.axes]
        ['linear', 'log']
        """
        if not self.loss:
            raise ValueError("expected a history of at least one epoch, but it is empty")
        figure = figure_of(9, 3.4)
        marker = "." if len(self) < 20 else ""
        for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
            axes.plot(range(1, len(self) + 1), self.loss, color=PURPLE, marker=marker, label="training")
            axes.set(xlabel="epoch", ylabel="mean training loss", yscale=scale, title=f"{scale} scale")
            if self.val_loss:
                epochs = range(1, len(self.val_loss) + 1)
                axes.plot(epochs, self.val_loss, "--", color=ORANGE, marker=marker, label="validation")
                axes.set_ylabel("mean loss")
                axes.legend()
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3, which="both")
        return figure

    def _curves(self) -> list[list[float]]:
        """Every list with a number for each epoch."""
        return [self.loss, self.learning_rate, self.val_loss, *self.metrics.values()]


class DivergenceError(FloatingPointError):
    """A training in which the loss or a weight became infinite or NaN.

    Attributes
    ----------
    history : History
        The epochs before, also of the other starts if there were several.

    Examples
    --------
    >>> DivergenceError("the loss became nan", History(loss=[3.0, 900.0])).history.loss
    [3.0, 900.0]
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message, history)
        self.history = history

    def __str__(self) -> str:
        return str(self.args[0])
