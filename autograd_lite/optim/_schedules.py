"""Learning-rate schedules: functions of the epoch."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd_lite.optim._checks import count, not_negative, positive

Schedule = Callable[[int], float]


def _assign(schedule: Any, **numbers: float) -> None:
    """Keep the numbers as Python's, so that a schedule that is read from a file computes the same rates."""
    for name, x in numbers.items():
        object.__setattr__(schedule, name, x)


@dataclass(frozen=True)
class ExponentialDecay:
    """The learning rate ``lr * gamma**epoch``, epochs being counted from 0.

    Parameters
    ----------
    lr : float
        The learning rate of the first epoch.
    gamma : float
        The factor from one epoch to the next.

    Raises
    ------
    TypeError
        If one of them is not a number.
    ValueError
        If one of them is not positive and finite.

    Examples
    --------
    >>> rate = ExponentialDecay(0.5, 0.5)
    >>> [rate(epoch) for epoch in range(3)]
    [0.5, 0.25, 0.125]
    """

    lr: float
    gamma: float

    def __post_init__(self) -> None:
        _assign(self, lr=positive("lr", self.lr), gamma=positive("gamma", self.gamma))

    def __call__(self, epoch: int) -> float:
        return self.lr * self.gamma**epoch


@dataclass(frozen=True)
class StepDecay:
    """The learning rate ``lr * gamma**(epoch // step_size)``, epochs being counted from 0.

    Parameters
    ----------
    lr : float
        The learning rate of the first epochs.
    gamma : float
        The factor from one step to the next.
    step_size : int
        How many epochs have the same rate.

    Raises
    ------
    TypeError
        If `lr` or `gamma` is not a number, or `step_size` not an integer.
    ValueError
        If one of them is not positive and finite.

    Examples
    --------
    >>> rate = StepDecay(0.5, 0.5, step_size=2)
    >>> [rate(epoch) for epoch in range(5)]
    [0.5, 0.5, 0.25, 0.25, 0.125]
    """

    lr: float
    gamma: float
    step_size: int

    def __post_init__(self) -> None:
        _assign(
            self,
            lr=positive("lr", self.lr),
            gamma=positive("gamma", self.gamma),
            step_size=count("step_size", self.step_size, 1),
        )

    def __call__(self, epoch: int) -> float:
        return self.lr * self.gamma ** (epoch // self.step_size)


@dataclass(frozen=True)
class CosineDecay:
    """The learning rate ``lr_min + (lr - lr_min) * (1 + cos(π * epoch / epochs)) / 2``.

    It falls from `lr` in epoch 0 to `lr_min` in the epoch `epochs`, slowly at both ends. After that it rises
    again, as PyTorch's CosineAnnealingLR does: give as many `epochs` as the training has.

    Parameters
    ----------
    lr : float
        The learning rate of the first epoch.
    epochs : int
        After how many epochs it is `lr_min`.
    lr_min : float, optional
        The lowest learning rate, from 0 to `lr`.

    Raises
    ------
    TypeError
        If `lr` or `lr_min` is not a number, or `epochs` not an integer.
    ValueError
        If `lr` or `epochs` is not positive and finite, or `lr_min` is negative or above `lr`.

    References
    ----------
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    Examples
    --------
    >>> rate = CosineDecay(0.5, epochs=4)
    >>> [round(rate(epoch), 3) for epoch in range(5)]
    [0.5, 0.427, 0.25, 0.073, 0.0]
    """

    lr: float
    epochs: int
    lr_min: float = 0.0

    def __post_init__(self) -> None:
        _assign(
            self,
            lr=positive("lr", self.lr),
            epochs=count("epochs", self.epochs, 1),
            lr_min=not_negative("lr_min", self.lr_min),
        )
        if self.lr_min > self.lr:
            raise ValueError(f"expected lr_min of at most lr={self.lr!r}, but got {self.lr_min!r}")

    def __call__(self, epoch: int) -> float:
        return self.lr_min + (self.lr - self.lr_min) * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
