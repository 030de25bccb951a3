"""Penalties on large weights, to be added to a loss so that a model generalizes better.

They are put on weights, never on slopes of PReLU, and on biases only if asked for: `Module.weights`.
Of many weights the graph is small: a sum of squares and a Euclidean norm are one node each.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

from autograd_lite._primitive import flatten, is_real
from autograd_lite.engine import Value
from autograd_lite.nn.module import Module
from autograd_lite.ops import abs as absolute
from autograd_lite.ops import dot, norm, stop_gradient, where
from autograd_lite.ops import max as largest
from autograd_lite.ops import sum as total

__all__ = ["L1", "L2", "ElasticNet", "lp"]

# A model, one of its layers, or the parameters themselves.
Penalized = Module | Iterable[Any]
Layers = Sequence[int] | None


def lp(model: Penalized, p: float = 2.0, *, layers: Layers = None, biases: bool = False) -> Any:
    """The norm ‖w‖_p = (Σ |w|^p)^(1/p) of all weights; max |w| for an infinite p (uOttawa lecture, norm).

    ``lp(model, 1)`` and ``lp(model, 2)`` are the ℓ1 and the ℓ2 that the lecture adds to a loss, as in
    MAE + α ℓ1 + β ℓ2. The derivative is 0 where all weights are 0, and so is that of |w| at 0.

    Parameters
    ----------
    model : Module or iterable of Value
        Whose weights, or the Values (or numbers) themselves.
    p : float, optional
        At least 1, as otherwise it is no norm.
    layers : sequence of int, optional
        The places of the layers of an MLP, or of the steps of a Sequential, whose weights are meant; by
        default all.
    biases : bool, optional
        Whether the biases belong to the weights.

    Raises
    ------
    ValueError
        If p is less than 1, or a place is out of range or given twice.
    TypeError
        If there is something else than Values, a place is not an integer, or the model has no layers.

    Examples
    --------
    >>> lp([3.0, -4.0], 1), lp([3.0, -4.0]), lp([3.0, -4.0], math.inf)
    (7.0, 5.0, 4.0)
    """
    if not is_real(p) or not p >= 1:
        raise ValueError(f"expected p >= 1, for which there is a norm, but got {p!r}")
    p, weights = float(p), _weights(model, layers, biases)
    if p == 2 or not weights:
        return norm(weights)
    sizes = [absolute(w) for w in weights]
    if p == 1:
        return total(sizes)
    if p == math.inf:
        return largest(sizes)
    # With the largest one taken out of the powers they do not overflow; where it is 0, so is the norm.
    scale = stop_gradient(largest(sizes))
    powers = total([(size / where(scale > 0.0, scale, 1.0)) ** p for size in sizes])
    return scale * where(powers > 0.0, powers, 1.0) ** (1.0 / p)


@dataclass(frozen=True)
class L1:
    """α Σ |w|: drives weights to 0 one by one, so that few inputs are left (uOttawa lecture, α ℓ1).

    Parameters
    ----------
    alpha : float
        α >= 0, the strength; 0 has no effect.
    layers, biases
        As for `lp`.

    Raises
    ------
    ValueError
        If α is negative or not finite; in a call, also if a place is out of range or given twice.
    TypeError
        If a place is not an integer; in a call, also if the model has no layers.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(2, [3, 1], init=lambda rng, n, m: [[-1.0] * m] * n)
    >>> penalty = L1(0.1)(model)
    >>> penalty.backward()
    >>> round(penalty.data, 3), model.layers[0].neurons[0].w[0].grad
    (0.9, -0.1)
    """

    alpha: float
    layers: Layers = None
    biases: bool = False

    def __post_init__(self) -> None:
        _check("alpha", self.alpha)
        object.__setattr__(self, "layers", _places(self.layers))

    def __call__(self, model: Penalized) -> Any:
        """The penalty of a model, of a layer, or of Values."""
        return self.alpha * lp(model, 1, layers=self.layers, biases=self.biases)


@dataclass(frozen=True)
class L2:
    """½ β Σ w²: makes weights small, with the derivative β w (uOttawa lecture, SimpleMLP).

    It is the penalty of ridge regression, and its derivative is what is called weight decay. The lecture's
    code has this derivative too, but divides the penalty by the number of examples in the loss that it
    reports. Its other β ℓ2, with the norm itself, is ``β * lp(model, 2)``.

    Parameters
    ----------
    beta : float
        β >= 0, the strength; 0 has no effect.
    layers, biases
        As for `lp`.

    Raises
    ------
    ValueError, TypeError
        As for `L1`.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(2, [3, 1], init=lambda rng, n, m: [[2.0] * m] * n)
    >>> L2(0.1)(model).data, L2(0.1, layers=[1])(model).data
    (1.8, 0.6000000000000001)
    """

    beta: float
    layers: Layers = None
    biases: bool = False

    def __post_init__(self) -> None:
        _check("beta", self.beta)
        object.__setattr__(self, "layers", _places(self.layers))

    def __call__(self, model: Penalized) -> Any:
        """The penalty of a model, of a layer, or of Values."""
        weights = _weights(model, self.layers, self.biases)
        return 0.5 * self.beta * dot(weights, weights)


@dataclass(frozen=True)
class ElasticNet:
    """α Σ |w| + ½ β Σ w², the sum of `L1` and `L2`.

    Parameters
    ----------
    alpha, beta : float
        α >= 0 and β >= 0, the strengths.
    layers, biases
        As for `lp`.

    Raises
    ------
    ValueError, TypeError
        As for `L1`.

    References
    ----------
    Zou and Hastie, Regularization and variable selection via the elastic net, 2005.

    Examples
    --------
    >>> ElasticNet(0.5, 1.0)([Value(3.0), Value(-1.0)]).data
    7.0
    """

    alpha: float
    beta: float
    layers: Layers = None
    biases: bool = False

    def __post_init__(self) -> None:
        _check("alpha", self.alpha)
        _check("beta", self.beta)
        object.__setattr__(self, "layers", _places(self.layers))

    def __call__(self, model: Penalized) -> Any:
        """The penalty of a model, of a layer, or of Values."""
        weights = _weights(model, self.layers, self.biases)
        return L1(self.alpha)(weights) + L2(self.beta)(weights)


def _check(name: str, strength: Any) -> None:
    if not is_real(strength) or not 0 <= strength < math.inf:
        raise ValueError(f"expected a finite {name} >= 0, but got {strength!r}")


def _places(layers: Layers) -> tuple[int, ...] | None:
    """The places as a tuple, each once."""
    if layers is None:
        return None
    try:
        places = tuple(map(index, layers))
    except TypeError:
        raise TypeError(
            f"expected the places of layers, such as [0, 1], for layers, but got {layers!r}"
        ) from None
    if len(set(places)) < len(places):
        raise ValueError(f"expected each layer once, but got {list(places)}")
    return places


def _weights(model: Penalized, layers: Layers, biases: bool) -> tuple[Any, ...]:
    """The weights that are meant, each once."""
    places = _places(layers)
    if isinstance(model, Module):
        modules = [model] if places is None else _layers_at(model, places)
        return tuple(dict.fromkeys(w for module in modules for w in module.weights(biases)))
    if not isinstance(model, Iterable):
        raise TypeError(f"expected a Module or a list of Values, but got {model!r}")
    if places is not None:
        raise TypeError(f"expected a model with layers, but got a list of Values and layers={list(places)}")
    weights = flatten(model)
    for w in weights:
        if not (isinstance(w, Value) or is_real(w)):
            raise TypeError(f"expected a Module or a list of Values, but got {w!r} in the list")
    return weights


def _layers_at(model: Module, places: tuple[int, ...]) -> list[Module]:
    parts: Any = getattr(model, "layers", None) or getattr(model, "steps", None)
    if not parts or not all(isinstance(part, Module) for part in parts):
        raise TypeError(f"expected a model with layers, such as an MLP or a Sequential, but got {model!r}")
    for place in places:
        if not -len(parts) <= place < len(parts):
            raise ValueError(f"expected places of {len(parts)} layers, from 0 on, but got {place}")
    return [parts[place] for place in places]
