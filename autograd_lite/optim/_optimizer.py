"""`Optimizer`: what all update rules have in common."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_lite.engine import Value
from autograd_lite.nn.module import assign
from autograd_lite.optim._checks import checked, count, positive
from autograd_lite.optim._clipping import clip_norm, clip_value
from autograd_lite.optim._schedules import Schedule

Vector = NDArray[np.float64]
# By name: vectors, and numbers of steps.
State = dict[str, Any]


@dataclass(eq=False, repr=False)
class Optimizer(ABC):
    """Base class of the update rules, which are written on vectors.

    A subclass says in `rule` how the parameters move, and in `initial_state` what it remembers from one
    update to the next. If it remembers something, the first update fixes the number of parameters, until
    `reset`.

    Parameters
    ----------
    lr : float or callable, optional
        The learning rate α > 0, or a schedule: a function of the epoch, counted from 0. The attribute may be
        assigned between updates.
    max_norm : float, optional
        The gradient g is multiplied with ``max_norm / (‖g‖ + 1e-6)`` where that is below 1, so that its
        2-norm is at most `max_norm` and its direction stays (PyTorch's clip_grad_norm_).
    max_value : float, optional
        Each derivative is moved into [-max_value, max_value] (PyTorch's clip_grad_value_), infinite ones too.
        If both are given, this comes first.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If an argument is a number that is not positive and finite.

    References
    ----------
    Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013, on clipping.

    Examples
    --------
    >>> class SignDescent(Optimizer):
    ...     def rule(self, theta, gradient, lr, state):
    ...         return theta - lr * np.sign(gradient), state
    >>> SignDescent(lr=0.5).update(np.array([1.0, 2.0]), np.array([0.1, -30.0])).tolist()
    [0.5, 2.5]
    """

    lr: float | Schedule = 0.01
    max_norm: float | None = field(default=None, kw_only=True)
    max_value: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not callable(self.lr):
            wanted = "a positive finite learning rate or a schedule"
            self.lr = checked(self.lr, wanted, lambda lr: 0 < lr < math.inf)
        if self.max_norm is not None:
            self.max_norm = positive("max_norm", self.max_norm)
        if self.max_value is not None:
            self.max_value = positive("max_value", self.max_value)
        # The number of parameters and the state, in one so that both change at once.
        self._memory: tuple[int, State] | None = None
        # The id of the optimizer that a training uses, so that a copy of it is free.
        self._in_use_as: int | None = None

    def initial_state(self, n: int) -> State:
        """What the rule remembers of n parameters before the first update: vectors and integers, by name."""
        return {}

    @abstractmethod
    def rule(self, theta: Vector, gradient: Vector, lr: float, state: State) -> tuple[Vector, State]:
        """The parameters and the state after one step, both new: no argument may be changed or kept."""

    def learning_rate(self, epoch: int) -> float:
        """α in the given epoch, counted from 0; raises ValueError unless it is a finite number, 0 or more."""
        lr = self.lr
        if callable(lr):
            try:
                lr = lr(epoch)
            except OverflowError:
                lr = math.inf
        if type(lr) is float and 0 <= lr < math.inf:
            return lr
        if not isinstance(lr, Real) or isinstance(lr, bool) or not 0 <= lr < math.inf:
            source = f" from the schedule in epoch {epoch}, counted from 0" if callable(self.lr) else ""
            raise ValueError(f"expected a finite learning rate{source}, but got {lr!r}")
        return float(lr)

    def update(self, theta: Vector, gradient: Vector, epoch: int = 0) -> Vector:
        """The parameters after one step, as a new vector.

        If a number in it is not finite, as after too long a step, the state stays as it was.

        Parameters
        ----------
        theta : ndarray of shape (n,)
            The parameters.
        gradient : ndarray of shape (n,)
            The derivatives of the loss with respect to them.
        epoch : int, optional
            For the schedule of the learning rate.

        Raises
        ------
        ValueError
            If the vectors differ in length, or their length is not that of the updates before; also if the
            schedule gives no finite number of at least 0, or an attribute was assigned with which the rule
            remembers more than before.
        FloatingPointError
            If `max_norm` meets an infinite derivative or NaN, or the square of a derivative overflows.
        """
        theta, gradient = np.asarray(theta, float), np.asarray(gradient, float)
        if theta.ndim != 1 or theta.shape != gradient.shape:
            raise ValueError(
                "expected theta and gradient to be vectors of one length, but their shapes are "
                f"{theta.shape} and {gradient.shape}"
            )
        n, state = self._memory or (theta.size, self.initial_state(theta.size))
        if n != theta.size and state:
            raise ValueError(
                f"expected {n} parameters, as in the updates before, but got {theta.size}: make a new "
                "optimizer, or call reset()"
            )
        if self.max_value is not None:
            gradient = clip_value(gradient, self.max_value)
        if self.max_norm is not None:
            gradient = clip_norm(gradient, self.max_norm)
        lr = self.learning_rate(epoch)
        try:
            moved, state = self.rule(theta, gradient, lr, state)
        except KeyError as error:
            if state.keys() == self.initial_state(0).keys():
                raise
            raise ValueError(
                f"expected the state of {self!r}, but {error} is missing in that of the updates before, when "
                "it had other arguments: call reset()"
            ) from None
        if not state or is_finite(moved):
            self._memory = theta.size, state
        return moved

    def step(self, parameters: Iterable[Value], epoch: int = 0) -> None:
        """Update `Value`s in place from their `grad`, for training loops written by hand.

        Raises
        ------
        ValueError
            If there are not as many as in the updates before.
        FloatingPointError
            If a parameter would become infinite or NaN; then nothing is changed, nor the optimizer's state.

        Examples
        --------
        >>> from autograd_lite.optim import SGD
        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD(lr=0.1).step([w])
        >>> round(w.data, 12)
        2.4
        """
        parameters = list(parameters)
        theta = np.array([p.data for p in parameters])
        gradient = np.array([p.grad for p in parameters])
        memory = self._memory
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                numbers = self.update(theta, gradient, epoch)
            require_finite(numbers, theta, gradient, parameters)
            assign(parameters, numbers.tolist())
        except BaseException:
            self._memory = memory
            raise

    def reset(self) -> None:
        """Forget all updates, as if the optimizer were new."""
        self._memory = None

    def state_dict(self) -> State:
        """What the updates left behind, integers and vectors by name, copied; empty if there was none.

        With the constructor's arguments, it is all that an optimizer needs to go on.

        Examples
        --------
        >>> from autograd_lite.optim import Adam
        >>> optimizer = Adam()
        >>> theta = optimizer.update(np.array([1.0, 1.0]), np.array([0.5, 0.0]))
        >>> for name, x in optimizer.state_dict().items():
        ...     print(name, np.round(x, 6))
        n_parameters 2
        step 1
        exp_avg [0.05 0.  ]
        exp_avg_sq [0.00025 0.     ]
        """
        if self._memory is None:
            return {}
        n, state = self._memory
        return {"n_parameters": n} | {
            name: x.copy() if isinstance(x, np.ndarray) else x for name, x in state.items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the optimizer was from which `state_dict` came, made with the same arguments.

        Raises
        ------
        TypeError
            If `state` is not a mapping of names to numbers and vectors; then nothing is changed.
        ValueError
            If names are missing or unknown, vectors differ in length or are not finite, or an optimizer
            that has made updates gets the state of another number of parameters; nothing is changed either.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"expected the dict that state_dict gave, but got {state!r}")
        if not state:
            self.reset()
            return
        like = {"n_parameters": 0} | self.initial_state(0)
        if different := sorted(like.keys() ^ state.keys(), key=str):
            raise ValueError(
                f"expected the state of {self!r}, which is {', '.join(like)}, but {different[0]!r} is "
                f"{'missing' if different[0] in like else 'unknown'}"
            )
        n = count("n_parameters", state["n_parameters"], 0)
        if self._memory is not None and self._memory[0] != n:
            raise ValueError(
                f"expected the state of {self._memory[0]} parameters, as in the updates before, but got that "
                f"of {n}: make a new optimizer, or call reset()"
            )
        del like["n_parameters"]
        self._memory = (
            n,
            {
                name: _vector(name, state[name], n)
                if isinstance(x, np.ndarray)
                else count(name, state[name], 0)
                for name, x in like.items()
            },
        )

    def __repr__(self) -> str:
        arguments = sorted(fields(self), key=lambda f: bool(f.kw_only))
        shown = ((f.name, getattr(self, f.name)) for f in arguments)
        defaults = {f.name: f.default for f in arguments}
        text = (f"{name}={x!r}" for name, x in shown if name == "lr" or x != defaults[name])
        return f"{type(self).__name__}({', '.join(text)})"


def require_finite(numbers: Vector, theta: Vector, gradient: Vector, parameters: Sequence[Value]) -> None:
    """Raise FloatingPointError if one of the numbers to which a step would change `theta` is not finite.

    Examples
    --------
    >>> w = Value(1.0, label="w")
    >>> require_finite(np.array([np.inf]), np.array([1.0]), np.array([-np.inf]), [w])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: a step would change Value(data=1.0, grad=-inf, label='w') to inf: try a smaller ...
    """
    if is_finite(numbers):
        return
    finite = np.isfinite(numbers)
    k = int(np.argmin(finite))
    # The parameter itself may have the number and the grad of an earlier step.
    p = Value(theta[k], parameters[k].label)
    p.grad = gradient[k]
    raise FloatingPointError(
        f"a step would change {p!r} to {numbers[k]}: try a smaller learning rate or scale the data"
    )


def is_finite(x: Vector) -> bool:
    """Whether all numbers are finite."""
    return int(np.count_nonzero(np.isfinite(x))) == x.size  # twice as fast as all()


def _vector(name: str, x: Any, n: int) -> Vector:
    """A copy of a vector of n finite numbers."""
    array = np.asarray(x)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"expected a vector of numbers for {name}, but got {x!r}")
    if array.shape != (n,):
        raise ValueError(f"expected a vector of {n} numbers for {name}, but got the shape {array.shape}")
    finite = np.isfinite(array)
    if not finite.all():
        k = int(np.argmin(finite))
        raise ValueError(f"expected finite numbers for {name}, but {name}[{k}] is {array[k]}")
    return array.astype(float)
