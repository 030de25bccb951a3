"""Update rules on flat vectors of parameters, and learning-rate schedules."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from autograd_lite.engine import Value
from autograd_lite.nn.module import assign

__all__ = ["SGD", "ExponentialDecay"]

Vector = NDArray[np.float64]
Schedule = Callable[[int], float]


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
        for name, number in (("lr", self.lr), ("gamma", self.gamma)):
            if not (isinstance(number, Real) and 0 < number < np.inf):
                raise ValueError(f"expected a positive finite number for {name}, but got {number!r}")

    def __call__(self, epoch: int) -> float:
        return self.lr * self.gamma**epoch


class SGD:
    """Stochastic gradient descent, θ ← θ - α ∇J(θ).

    Parameters
    ----------
    lr : float or callable
        The learning rate α > 0, or a schedule: a function of the epoch, counted from 0.

    Raises
    ------
    ValueError
        If `lr` is a number that is not positive and finite.

    References
    ----------
    uOttawa lecture, "Backpropagation - Core Idea".

    Examples
    --------
    >>> SGD(lr=0.1).update(np.array([1.0, 2.0]), np.array([10.0, -10.0])).tolist()
    [0.0, 3.0]
    """

    def __init__(self, lr: float | Schedule = 0.01) -> None:
        if not callable(lr) and not (isinstance(lr, Real) and 0 < lr < np.inf):
            raise ValueError(f"expected a positive finite learning rate or a schedule, but got {lr!r}")
        self.lr = lr

    def learning_rate(self, epoch: int) -> float:
        """α in the given epoch, counted from 0; raises ValueError if a schedule gives no such rate."""
        lr = self.lr(epoch) if callable(self.lr) else self.lr
        if not (isinstance(lr, Real) and 0 <= lr < np.inf):
            raise ValueError(f"expected a finite learning rate from the schedule, but got {lr!r}")
        return float(lr)

    def update(self, theta: Vector, gradient: Vector, epoch: int = 0) -> Vector:
        """The parameters after one step, as a new vector."""
        return theta - self.learning_rate(epoch) * gradient

    def step(self, parameters: Iterable[Value], epoch: int = 0) -> None:
        """Update `Value`s in place from their `grad`, for training loops written by hand.

        Raises
        ------
        FloatingPointError
            If a parameter would become infinite or NaN; then nothing is changed.

        Examples
        --------
        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD(lr=0.1).step([w])
        >>> round(w.data, 12)
        2.4
        """
        parameters = list(parameters)
        theta = np.array([p.data for p in parameters])
        gradient = np.array([p.grad for p in parameters])
        with np.errstate(over="ignore", invalid="ignore"):
            numbers = self.update(theta, gradient, epoch)
        require_finite(numbers, theta, gradient, parameters)
        assign(parameters, numbers.tolist())

    def __repr__(self) -> str:
        return f"SGD(lr={self.lr!r})"


def require_finite(numbers: Vector, theta: Vector, gradient: Vector, parameters: Sequence[Value]) -> None:
    """Raise FloatingPointError if one of the numbers to which a step would change `theta` is not finite.

    Examples
    --------
    >>> w = Value(1.0, label="w")
    >>> require_finite(np.array([np.inf]), np.array([1.0]), np.array([-np.inf]), [w])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: a step would change Value(data=1.0, grad=-inf, label='w') to inf: try a smaller ...
    """
    finite = np.isfinite(numbers)
    if finite.all():
        return
    k = int(np.argmin(finite))
    # The parameter itself may have the number and the grad of an earlier step.
    p = Value(theta[k], parameters[k].label)
    p.grad = gradient[k]
    raise FloatingPointError(
        f"a step would change {p!r} to {numbers[k]}: try a smaller learning rate or scale the data"
    )
