"""Initial weights: functions ``(rng, fan_in, fan_out) -> array of shape (fan_in, fan_out)``."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "glorot",
    "glorot_uniform",
    "he",
    "he_uniform",
    "normal",
    "uniform",
    "zeros",
]

Initializer = Callable[[Generator, int, int], NDArray[np.float64]]


def he(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """N(0, 2 / fan_in): keeps the variance of activations through layers of relu and its relatives.

    References
    ----------
    He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015.

    Examples
    --------
    >>> he(np.random.default_rng(42), 2, 2).round(3).tolist()
    [[0.305, -1.04], [0.75, 0.941]]
    """
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), size=(fan_in, fan_out))


def he_uniform(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """U(-a, a) with a = sqrt(6 / fan_in), which has the variance of `he`.

    References
    ----------
    He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015.

    Examples
    --------
    >>> he_uniform(np.random.default_rng(0), 600, 100).max().round(3).item()
    0.1
    """
    return _uniform(rng, np.sqrt(6.0 / fan_in), fan_in, fan_out)


def glorot(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """N(0, 2 / (fan_in + fan_out)): balances activations and gradients of sigmoid and tanh.

    References
    ----------
    Glorot and Bengio, Understanding the difficulty of training deep feedforward networks, 2010.

    Examples
    --------
    >>> glorot(np.random.default_rng(0), 100, 300).std().round(2).item()
    0.07
    """
    return rng.normal(0.0, np.sqrt(2.0 / (fan_in + fan_out)), size=(fan_in, fan_out))


def glorot_uniform(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """U(-a, a) with a = sqrt(6 / (fan_in + fan_out)), the normalized initialization of the paper.

    References
    ----------
    Glorot and Bengio, Understanding the difficulty of training deep feedforward networks, 2010, eq. 16.

    Examples
    --------
    >>> glorot_uniform(np.random.default_rng(0), 500, 100).max().round(3).item()
    0.1
    """
    return _uniform(rng, np.sqrt(6.0 / (fan_in + fan_out)), fan_in, fan_out)


def uniform(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """U(-1, 1), as micrograd draws its weights.

    Examples
    --------
    >>> bool(abs(uniform(np.random.default_rng(0), 10, 10)).max() <= 1)
    True
    """
    return _uniform(rng, 1.0, fan_in, fan_out)


def normal(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """N(0, 1): what made gradients vanish before 2010.

    Examples
    --------
    >>> normal(np.random.default_rng(0), 100, 100).std().round(1).item()
    1.0
    """
    return rng.normal(0.0, 1.0, size=(fan_in, fan_out))


def zeros(rng: Generator, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    """All 0: the neurons of a layer stay equal, so that they learn no more than one would.

    Examples
    --------
    >>> zeros(np.random.default_rng(0), 2, 1).tolist()
    [[0.0], [0.0]]
    """
    return np.zeros((fan_in, fan_out))


def _uniform(rng: Generator, a: float, fan_in: int, fan_out: int) -> NDArray[np.float64]:
    return rng.uniform(-a, a, size=(fan_in, fan_out))


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f for f in (he, he_uniform, glorot, glorot_uniform, uniform, normal, zeros)
}
