"""Loss and gradient of a classifier with relu, softmax and cross-entropy, for a batch of 128 examples.

Compiled from scalar code: `nn.MLP` and `nn.cross_entropy`, called with one example and its label, an integer.
All in double precision, and in agreement on the loss and every derivative to 1e-9.
"""

from __future__ import annotations

from functools import partial

from . import network_step as contenders
from .matches import Match, rows_of
from .report import Rows

TITLE, UNIT = "classifier: forward and backward, batches of 128", "ms"
NETWORKS = ((64, 300, 100, 10), (784, 300, 100, 10))
BAR = 1.2


def rows() -> Rows:
    return rows_of([match for sizes in NETWORKS for match in _matches(sizes)], UNIT)


def _matches(sizes: contenders.Sizes) -> list[Match]:
    name = "-".join(map(str, sizes))
    compiled = partial(Match, partial(contenders.compiled, sizes), "autograd_lite, compiled")
    return [
        compiled(partial(contenders.numpy, sizes), f"{name}, NumPy by hand", "numpy", bar=BAR),
        compiled(partial(contenders.torch, sizes), f"{name}, PyTorch tensors", "torch"),
    ]
