"""The activations of neurons, by name, each with the initializer that suits it."""

from collections.abc import Callable
from typing import NamedTuple

from autograd_lite.engine import Value
from autograd_lite.nn.initializers import Initializer, glorot, he

__all__ = ["ACTIVATIONS", "Activation"]


class Activation(NamedTuple):
    """What a neuron applies to its weighted sum, and how its weights should be drawn.

    Examples
    --------
    >>> ACTIVATIONS["tanh"].function(Value(0.0)).data, ACTIVATIONS["tanh"].suits.__name__
    (0.0, 'glorot')
    """

    function: Callable[[Value], Value] | None
    suits: Initializer


_SUITABLE = {
    "sigmoid": glorot,
    "tanh": glorot,
    "relu": he,
    "leaky_relu": he,
    "elu": he,
    "gelu": he,
    "silu": he,
    "mish": he,
    "softplus": he,
}

ACTIVATIONS = {"linear": Activation(None, glorot)} | {
    name: Activation(getattr(Value, name), suits) for name, suits in _SUITABLE.items()
}
