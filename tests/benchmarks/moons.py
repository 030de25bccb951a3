"""The loss of micrograd's demo and its gradient, at one step of the training.

A network 2-16-16-1 with relu, 100 points, maximum margin and an L2 penalty: written with binary operators
as micrograd writes it, with `nn.MLP`, and compiled from micrograd's code for a single point. All contenders
agree on the loss and on all 337 derivatives to 1e-9 before they are timed.
"""

from __future__ import annotations

from functools import partial

from . import moons_arrays as arrays
from . import moons_scalars as scalars
from .matches import Match, rows_of
from .report import Rows

TITLE, UNIT = "moons step: forward and backward, 337 parameters", "ms"

binary = partial(Match, scalars.autograd_lite, "autograd_lite, binary operators")
mlp = partial(Match, scalars.autograd_lite_mlp, "autograd_lite, nn.MLP")
compiled = partial(Match, arrays.compiled, "autograd_lite, compiled")

MATCHES = (
    binary(scalars.xad, "XAD", "xad", collector=False, bar=0.8),
    binary(scalars.xad, "XAD", "xad", bar=1.8),
    mlp(scalars.xad, "XAD", "xad", bar=0.4),
    binary(scalars.xad_branching, "XAD, ReLU by a branch", "xad", collector=False),
    mlp(scalars.xad_branching, "XAD, ReLU by a branch", "xad"),
    binary(scalars.micrograd, "micrograd", "micrograd", collector=False),
    binary(scalars.micrograd, "micrograd", "micrograd", bar=0.12),
    compiled(scalars.micrograd, "micrograd", "micrograd", bar=1 / 5000),
    binary(scalars.torch_scalars, "PyTorch scalars", "torch"),
    mlp(arrays.torch_tensors, "PyTorch tensors", "torch"),
    compiled(arrays.torch_tensors, "PyTorch tensors", "torch", bar=0.2),
    compiled(arrays.casadi, "CasADi", "casadi", bar=0.2),
    mlp(arrays.numpy, "NumPy by hand", "numpy"),
    compiled(arrays.numpy, "NumPy by hand", "numpy", bar=1.0),
)


def rows() -> Rows:
    return rows_of(MATCHES, UNIT)
