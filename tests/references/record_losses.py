"""Records losses and their gradients as PyTorch computes them: ``python record_losses.py``.

The tests read the file it writes and do not need PyTorch.
"""

import random

import torch
import torch.nn.functional as F
from recording import write

random.seed(0)


def hinge(prediction, target):
    return F.margin_ranking_loss(prediction, torch.zeros_like(prediction), target, margin=1.0)


def categorical_cross_entropy(prediction, target):
    return F.nll_loss(prediction.log(), target) if target.ndim == 0 else -(target * prediction.log()).sum()


def numbers(n, low=-5.0, high=5.0):
    return [random.uniform(low, high) for _ in range(n)]


def distribution(n):
    return torch.softmax(torch.tensor(numbers(n), dtype=torch.float64), 0).tolist()


def labels(n, *choices):
    return [random.choice(choices) for _ in range(n)]


LOSSES = {
    "mse": F.mse_loss,
    "binary_cross_entropy": F.binary_cross_entropy,
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
    "cross_entropy": F.cross_entropy,
    "hinge": hinge,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "huber with delta 2.5": lambda prediction, target: F.huber_loss(prediction, target, delta=2.5),
    "categorical_cross_entropy": categorical_cross_entropy,
}
SIZES = (1, 1, 1, 2, 3, 5)
CASES = {
    "mse": [(numbers(n), numbers(n)) for n in SIZES],
    "binary_cross_entropy": [(numbers(n, 0.001, 0.999), labels(n, 0.0, 1.0)) for n in SIZES],
    "binary_cross_entropy_with_logits": [
        *((numbers(n), labels(n, 0.0, 1.0)) for n in SIZES),
        *(([z], [y]) for z in (1000.0, -1000.0, 30.0, -30.0) for y in (0.0, 1.0)),
    ],
    "cross_entropy": [
        *((numbers(n), random.randrange(n)) for n in (2, 3, 3, 10)),
        *((numbers(n), distribution(n)) for n in (2, 3, 3, 10)),
        *(([1000.0, -1000.0, 999.0], k) for k in range(3)),
    ],
    "hinge": [(numbers(n, -2.0, 2.0), labels(n, -1.0, 1.0)) for n in SIZES],
    # At the kinks too: the error is 0, delta and -delta.
    **{
        name: [
            *((numbers(n), numbers(n)) for n in SIZES),
            *(([p], [2.0]) for p in (2.0, 3.0, 1.0, 4.5, -0.5)),
        ]
        for name in ("mae", "huber", "huber with delta 2.5")
    },
    "categorical_cross_entropy": [
        *((distribution(n), random.randrange(n)) for n in (2, 3, 3, 10)),
        *((distribution(n), distribution(n)) for n in (2, 3, 3, 10)),
        ([0.25, 0.5, 0.25], [0.0, 1.0, 0.0]),
    ],
}


def record(name, prediction, target):
    leaf = torch.tensor(prediction, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(target, dtype=torch.int64 if isinstance(target, int) else torch.float64)
    loss = LOSSES[name](leaf, y)
    loss.backward()
    gradient = leaf.grad.tolist()
    return {"prediction": prediction, "target": target, "loss": loss.item(), "gradient": gradient}


if __name__ == "__main__":
    write("losses.json", {name: [record(name, *case) for case in cases] for name, cases in CASES.items()})
