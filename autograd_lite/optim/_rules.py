"""The update rules, each as its paper has it; names, defaults and trajectories are PyTorch's."""

import math
from dataclasses import dataclass

import numpy as np

from autograd_lite.optim._checks import fraction, not_negative, positive
from autograd_lite.optim._optimizer import Optimizer, State, Vector, is_finite
from autograd_lite.optim._schedules import Schedule


@dataclass(eq=False, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, θ ← θ - α ∇J(θ), with momentum if wanted.

    With a momentum μ the velocity b ← μ b + ∇J(θ), at first 0, takes the place of the gradient
    (Polyak's heavy ball); Nesterov's method looks ahead and takes ∇J(θ) + μ b.

    Parameters
    ----------
    lr : float or callable, optional
        The learning rate α > 0, or a schedule: a function of the epoch, counted from 0.
    momentum : float, optional
        μ in [0, 1).
    nesterov : bool, optional
        Whether to look ahead, with a momentum above 0.
    max_norm, max_value : float, optional
        Bounds of the gradient, as of `Optimizer`.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If an argument is out of range.

    References
    ----------
    uOttawa lecture, "Backpropagation - Core Idea". Polyak, Some methods of speeding up the convergence of
    iteration methods, 1964. Nesterov, A method of solving a convex programming problem with convergence rate
    O(1/k²), 1983, in the form of Sutskever, Martens, Dahl and Hinton, On the importance of initialization and
    momentum in deep learning, 2013, with the learning rate outside the velocity.

    Examples
    --------
    >>> SGD(lr=0.1).update(np.array([1.0, 2.0]), np.array([10.0, -10.0])).tolist()
    [0.0, 3.0]
    >>> rolling = SGD(lr=0.5, momentum=0.5)
    >>> theta = np.array([4.0])
    >>> for _ in range(3):
    ...     theta = rolling.update(theta, np.array([1.0]))
    ...     print(theta)
    [3.5]
    [2.75]
    [1.875]
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.momentum = fraction("momentum", self.momentum)
        if not isinstance(self.nesterov, bool | np.bool_):
            raise TypeError(f"expected True or False for nesterov, but got {self.nesterov!r}")
        self.nesterov = bool(self.nesterov)
        if self.nesterov and not self.momentum:
            raise ValueError("expected a momentum above 0 for nesterov=True, but got momentum=0.0")

    def initial_state(self, n: int) -> State:
        return {"momentum_buffer": np.zeros(n)} if self.momentum else {}

    def rule(self, theta: Vector, gradient: Vector, lr: float, state: State) -> tuple[Vector, State]:
        if not self.momentum:
            return theta - lr * gradient, {}
        b = self.momentum * state["momentum_buffer"]
        b += gradient
        direction = gradient + self.momentum * b if self.nesterov else b
        return theta - lr * direction, {"momentum_buffer": b}


@dataclass(eq=False, repr=False)
class RMSprop(Optimizer):
    """θ ← θ - α g / (√v + ε), where g = ∇J(θ) and v ← ρ v + (1 - ρ) g² is a running mean of its square.

    With a momentum μ the velocity b ← μ b + g / (√v + ε) takes the place of the fraction; v and b are at
    first 0.

    Parameters
    ----------
    lr : float or callable, optional
        The learning rate α > 0, or a schedule: a function of the epoch, counted from 0.
    alpha : float, optional
        ρ in [0, 1), which PyTorch calls alpha.
    eps : float, optional
        ε > 0.
    momentum : float, optional
        μ in [0, 1).
    max_norm, max_value : float, optional
        Bounds of the gradient, as of `Optimizer`.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If an argument is out of range.

    References
    ----------
    Tieleman and Hinton, Lecture 6.5: divide the gradient by a running average of its recent magnitude, 2012.

    Examples
    --------
    >>> RMSprop(lr=0.1, alpha=0.75).update(np.array([1.0, 1.0]), np.array([5.0, -0.01])).round(6).tolist()
    [0.8, 1.2]
    """

    alpha: float = 0.99
    eps: float = 1e-8
    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.alpha = fraction("alpha", self.alpha)
        self.eps = positive("eps", self.eps)
        self.momentum = fraction("momentum", self.momentum)

    def initial_state(self, n: int) -> State:
        state: State = {"square_avg": np.zeros(n)}
        return state | {"momentum_buffer": np.zeros(n)} if self.momentum else state

    def rule(self, theta: Vector, gradient: Vector, lr: float, state: State) -> tuple[Vector, State]:
        v = _mean_square(state["square_avg"], self.alpha, gradient)
        direction = np.sqrt(v)
        direction += self.eps
        np.divide(gradient, direction, out=direction)
        if not self.momentum:
            return theta - lr * direction, {"square_avg": v}
        direction += self.momentum * state["momentum_buffer"]
        return theta - lr * direction, {"square_avg": v, "momentum_buffer": direction}


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """θ ← θ - α m̂ / (√v̂ + ε), with running means of the gradient g and of its square.

    These are m ← β₁ m + (1 - β₁) g and v ← β₂ v + (1 - β₂) g², at first 0, which in step t, counted from 1,
    makes them too small by the factors in m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ).

    Parameters
    ----------
    lr : float or callable, optional
        The learning rate α > 0, or a schedule: a function of the epoch, counted from 0.
    betas : tuple of float, optional
        β₁ and β₂, both in [0, 1).
    eps : float, optional
        ε > 0.
    max_norm, max_value : float, optional
        Bounds of the gradient, as of `Optimizer`.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If an argument is out of range.

    References
    ----------
    Kingma and Ba, Adam: a method for stochastic optimization, 2015.

    Examples
    --------
    >>> Adam(lr=0.1).update(np.array([1.0, 1.0]), np.array([5.0, -0.01])).round(6).tolist()
    [0.9, 1.1]
    """

    lr: float | Schedule = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.betas, tuple | list):
            raise TypeError(f"expected a pair of numbers for betas, but got {self.betas!r}")
        if len(self.betas) != 2:
            raise ValueError(f"expected two numbers for betas, but got {self.betas!r}")
        self.betas = (fraction("betas[0]", self.betas[0]), fraction("betas[1]", self.betas[1]))
        self.eps = positive("eps", self.eps)

    def initial_state(self, n: int) -> State:
        return {"step": 0, "exp_avg": np.zeros(n), "exp_avg_sq": np.zeros(n)}

    def rule(self, theta: Vector, gradient: Vector, lr: float, state: State) -> tuple[Vector, State]:
        beta1, beta2 = self.betas
        t = state["step"] + 1
        m = beta1 * state["exp_avg"]
        m += (1 - beta1) * gradient
        v = _mean_square(state["exp_avg_sq"], beta2, gradient)
        # The paper's faster order: m̂ / (√v̂ + ε) is m / (√v + ε √(1 - β₂ᵗ)) times √(1 - β₂ᵗ) / (1 - β₁ᵗ).
        root = math.sqrt(1 - beta2**t)
        moved = np.sqrt(v)
        moved += self.eps * root
        np.divide(m, moved, out=moved)
        moved *= -lr * root / (1 - beta1**t)
        moved += theta
        return moved, {"step": t, "exp_avg": m, "exp_avg_sq": v}


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """`Adam` with decoupled weight decay: θ ← (1 - α λ) θ before each step.

    The decay acts on the parameters themselves. As a penalty in the loss, it would be divided by √v̂ as the
    gradient is, so that weights with large gradients would decay less.

    Parameters
    ----------
    lr : float or callable, optional
        The learning rate α > 0, or a schedule: a function of the epoch, counted from 0.
    betas : tuple of float, optional
        β₁ and β₂, both in [0, 1).
    eps : float, optional
        ε > 0.
    weight_decay : float, optional
        λ, 0 or more.
    max_norm, max_value : float, optional
        Bounds of the gradient, as of `Optimizer`; the decay is not bounded.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If an argument is out of range.

    References
    ----------
    Loshchilov and Hutter, Decoupled weight decay regularization, 2019.

    Examples
    --------
    >>> AdamW(lr=0.1, weight_decay=0.5).update(np.array([1.0]), np.array([0.0])).tolist()
    [0.95]
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        self.weight_decay = not_negative("weight_decay", self.weight_decay)

    def rule(self, theta: Vector, gradient: Vector, lr: float, state: State) -> tuple[Vector, State]:
        return super().rule((1 - lr * self.weight_decay) * theta, gradient, lr, state)


def _mean_square(v: Vector, decay: float, gradient: Vector) -> Vector:
    """The running mean of g², one step on; raises FloatingPointError if the square of a finite g overflows.

    The infinite mean would never fade, and the parameter would stay where it is, in silence.
    """
    mean = decay * v
    mean += (1 - decay) * gradient * gradient
    if not is_finite(mean) and is_finite(gradient):
        k = int(np.argmax(mean))
        raise FloatingPointError(
            f"expected derivatives with finite squares, but gradient[{k}] is {gradient[k]}: scale the data, "
            "or clip the gradient with max_norm or max_value"
        )
    return mean
