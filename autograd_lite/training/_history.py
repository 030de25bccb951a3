"""`History`: what happened during a training."""

from dataclasses import dataclass, field

__all__ = ["History"]


@dataclass
class History:
    """What happened during training, epoch by epoch.

    Attributes
    ----------
    loss : list of float
        The mean loss over the examples of each epoch, each computed with the weights that its batch met.
    learning_rate : list of float
        The learning rate of each epoch.
    stop_reason : str
        Why the training ended.

    Examples
    --------
    >>> History(loss=[0.5, 0.25], learning_rate=[0.1, 0.1], stop_reason="all 2 epochs done")
    History(epochs=2, loss 0.5 to 0.25, stopped: all 2 epochs done)
    """

    loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    stop_reason: str = ""

    def __len__(self) -> int:
        """The number of epochs."""
        return len(self.loss)

    def __repr__(self) -> str:
        last = f"loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}, " if self.loss else ""
        return f"History(epochs={len(self)}, {last}stopped: {self.stop_reason or 'not yet'})"
