"""The activations of neurons, by name, each with the initializer that suits it."""

from collections.abc import Callable
from typing import NamedTuple

from autograd_lite.engine import Value
from autograd_lite.nn.initializers import Initializer, glorot, he

__all__ = ["ACTIVATIONS", "Activation"]


class Activation(NamedTuple):
    """What a neuron applies to its weighted sum, and how its weights should be drawn."""

    function: Callable[[Value], Value] | None
    suits: Initializer


ACTIVATIONS = {
    "linear": Activation(None, glorot),
    "sigmoid": Activation(Value.sigmoid, glorot),
    "tanh": Activation(Value.tanh, glorot),
    "relu": Activation(Value.relu, he),
    "leaky_relu": Activation(Value.leaky_relu, he),
    "elu": Activation(Value.elu, he),
    "gelu": Activation(Value.gelu, he),
    "silu": Activation(Value.silu, he),
    "mish": Activation(Value.mish, he),
    "softplus": Activation(Value.softplus, he),
}
