"""The activations of neurons, by name, each with the initializer that suits it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from autograd_lite import ops
from autograd_lite.engine import Value
from autograd_lite.nn.initializers import Initializer, glorot, he

__all__ = ["ACTIVATIONS", "Activation"]


class Activation(NamedTuple):
    """What a neuron applies to its weighted sum z, and how its weights should be drawn.

    Attributes
    ----------
    function : callable or None
        φ(z) of one neuron; φ(z, slope) where there is a `slope`; where the activation is `of_layer`, the
        function of the list of all z in a layer that gives the list of its outputs; None for z itself.
    suits : callable
        The initializer that is used by default.
    slope : float or None
        What φ multiplies a negative z by at first, where that is a parameter of each neuron.
    of_layer : bool
        Whether an output depends on all neurons of the layer.

    Examples
    --------
    >>> ACTIVATIONS["tanh"].function(Value(0.0)).data, ACTIVATIONS["tanh"].suits.__name__
    (0.0, 'glorot')
    """

    function: Callable[..., Any] | None
    suits: Initializer
    slope: float | None = None
    of_layer: bool = False


def _step(z: Any) -> Any:
    """Heaviside's step: 1 for z > 0, otherwise 0, with derivative 0 everywhere."""
    return ops.where(z > 0.0, 1.0, 0.0)


methods: Any = Value  # of the primitives, which it has from their table

ACTIVATIONS = {
    "linear": Activation(None, glorot),
    "step": Activation(_step, glorot),
    "sigmoid": Activation(methods.sigmoid, glorot),
    "tanh": Activation(methods.tanh, glorot),
    "relu": Activation(methods.relu, he),
    "leaky_relu": Activation(methods.leaky_relu, he),
    # He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015
    "prelu": Activation(methods.leaky_relu, he, slope=0.25),
    "elu": Activation(methods.elu, he),
    "gelu": Activation(methods.gelu, he),
    "silu": Activation(methods.silu, he),
    "swish": Activation(methods.silu, he),
    "mish": Activation(methods.mish, he),
    "softplus": Activation(methods.softplus, he),
    "softmax": Activation(ops.softmax, glorot, of_layer=True),
}
