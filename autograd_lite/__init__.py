"""A scalar autodiff engine that can be read and pictured node by node.

>>> from autograd_lite import Value
>>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
>>> z = x * y + x.exp()
>>> z.backward()
>>> round(x.grad, 3), y.grad
(10.389, 2.0)
"""

import builtins

from autograd_lite import nn, ops, optim, plotting, training
from autograd_lite.animation import animate
from autograd_lite.arrays import array, data, grads
from autograd_lite.calculus import (
    custom_derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from autograd_lite.compiler import compile as compile
from autograd_lite.drawing import draw
from autograd_lite.engine import Condition, Value, topological_order
from autograd_lite.explain import explain
from autograd_lite.ops import *  # noqa: F403

__version__ = "0.1.0"

__all__ = [
    "Condition",
    "Value",
    "animate",
    "array",
    "custom_derivative",
    "data",
    "draw",
    "explain",
    "grad",
    "grads",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "nn",
    "no_grad",
    "optim",
    "plotting",
    "topological_order",
    "training",
    "value_and_grad",
    "vjp",
    *(name for name in ops.__all__ if name not in dir(builtins)),  # for the sake of import *
]
