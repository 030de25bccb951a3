"""Records the derivatives that PyTorch has at kinks: ``python record_kinks.py``.

The kinks are those of docs/make_primitives.py. That page and the tests read the file this writes and do not
need PyTorch.
"""

import runpy
from pathlib import Path

import torch
import torch.nn.functional as F
from recording import write
from torch.autograd import grad

PAGE = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "make_primitives.py"))


def of_list(function, **options):
    return lambda xs: function(torch.stack(xs), **options)


FUNCTIONS = vars(torch) | {
    "elu": lambda x, alpha: F.elu(x, alpha.item()),
    "gelu": F.gelu,
    "ieee_div": torch.div,
    "ieee_pow": torch.pow,
    "leaky_relu": lambda x, slope: F.leaky_relu(x, slope.item()),
    "logsumexp": of_list(torch.logsumexp, dim=0),
    "max": of_list(torch.amax),
    "min": of_list(torch.amin),
    "mish": F.mish,
    "ndtr": torch.special.ndtr,
    "norm": of_list(torch.linalg.vector_norm),
    "prod": of_list(torch.prod),
    "silu": F.silu,
    "softmax": of_list(torch.softmax, dim=0),
    "softplus": F.softplus,
}


# Where a plain number may stand for every variable but the first.
TAKE_NUMBERS = ("clip", "pow")


def derivatives(order, function, numbers, differentiated):
    """The first or second derivative by each of the variables, None where PyTorch takes a plain number."""
    tensors = {name: torch.tensor(numbers[name], dtype=torch.float64) for name in differentiated}
    leaves = [tensor.requires_grad_() for tensor in tensors.values()]
    result = eval(function, FUNCTIONS | numbers | tensors)
    slopes = grad(result, leaves, create_graph=True, allow_unused=True)
    if order == "second":
        slopes = [
            None if slope is None else slope_of(slope, x) for slope, x in zip(slopes, leaves, strict=True)
        ]
    return [None if slope is None else slope.item() for slope in slopes]


def slope_of(slope, x):
    return grad(slope, x, retain_graph=True, materialize_grads=True)[0] if slope.requires_grad else 0 * x


def record(order, function, point):
    numbers = PAGE["numbers"](function, point)
    figures = derivatives(order, function, numbers, list(numbers))
    if function.startswith(TAKE_NUMBERS):
        assert figures[:1] == derivatives(order, function, numbers, ["x"])
    return figures


if __name__ == "__main__":
    cases = [
        (order, *case) for order, kinks in PAGE["KINKS"].items() for kink in kinks for case in kink.cases()
    ]
    write("kinks.json", {PAGE["key"](*case): record(*case) for case in cases})
