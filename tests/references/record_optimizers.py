"""Records optimizers' trajectories and schedules as PyTorch has them: ``python record_optimizers.py``.

The tests read the file it writes and do not need PyTorch.
"""

from itertools import pairwise

import torch
from recording import write
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, StepLR

torch.manual_seed(0)

STEPS = 100
SHOWN = 5  # the parameters after every fifth step are recorded
START = [-1.2, 1.0, 0.8]
# Noise around a slope, of a different size for each parameter; now and then a derivative is 0.
NOISE = torch.randn(STEPS, 3, dtype=torch.float64) * torch.tensor([1e-3, 1.0, 50.0]) + torch.tensor(
    [0, 0.5, -9]
)
NOISE[torch.rand(STEPS, 3) < 0.1] = 0.0

SETTINGS = [
    ("SGD", {"lr": 1e-3}),
    ("SGD", {"lr": 2e-4, "momentum": 0.9}),
    ("SGD", {"lr": 2e-4, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 5e-4, "momentum": 0.5, "nesterov": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "max_norm": 1.0}),
    ("SGD", {"lr": 0.01, "max_value": 0.5}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.003, "alpha": 0.9, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.001, "momentum": 0.9}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.0, "max_norm": 5.0}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.02, "betas": [0.5, 0.9], "eps": 1e-3}),
    ("Adam", {"lr": 0.02, "betas": [0.0, 0.99]}),
    ("Adam", {"lr": 0.02, "max_norm": 3.0}),
    ("Adam", {"lr": 0.02, "max_value": 2.0}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.5}),
    ("AdamW", {"lr": 0.01, "betas": [0.8, 0.95], "weight_decay": 0.0}),
]

SCHEDULES = [
    ("ExponentialDecay", {"lr": 0.3, "gamma": 0.95}),
    ("StepDecay", {"lr": 0.3, "gamma": 0.5, "step_size": 7}),
    ("StepDecay", {"lr": 0.1, "gamma": 0.1, "step_size": 1}),
    ("CosineDecay", {"lr": 0.3, "epochs": 20}),
    ("CosineDecay", {"lr": 0.3, "epochs": 7, "lr_min": 0.01}),
]


def rosenbrock(theta):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(theta))


def trajectory(rule, arguments, gradients=None):
    """The parameters on the way down Rosenbrock's function, or where given gradients drive them."""
    own = {name: x for name, x in arguments.items() if name not in ("max_norm", "max_value")}
    theta = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = getattr(torch.optim, rule)([theta], **own)
    thetas = []
    for t in range(STEPS):
        optimizer.zero_grad()
        if gradients is None:
            rosenbrock(theta).backward()
        else:
            theta.grad = gradients[t].clone()
        if "max_value" in arguments:
            clip_grad_value_([theta], arguments["max_value"])
        if "max_norm" in arguments:
            clip_grad_norm_([theta], arguments["max_norm"])
        optimizer.step()
        thetas.append(theta.tolist())
    return thetas[SHOWN - 1 :: SHOWN]


def scheduler(name, optimizer, lr, **arguments):
    if name == "CosineDecay":
        return CosineAnnealingLR(optimizer, arguments["epochs"], eta_min=arguments.get("lr_min", 0.0))
    return {"ExponentialDecay": ExponentialLR, "StepDecay": StepLR}[name](optimizer, **arguments)


def rates(name, arguments):
    """The learning rates of the first 50 epochs."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=arguments["lr"])
    schedule = scheduler(name, optimizer, **arguments)
    found = []
    for _ in range(50):
        found += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    return found


if __name__ == "__main__":
    write(
        "optimizers.json",
        {
            "start": START,
            "shown": SHOWN,
            "noise": NOISE.tolist(),
            "rosenbrock": [[*case, trajectory(*case)] for case in SETTINGS],
            "driven": [[*case, trajectory(*case, NOISE)] for case in SETTINGS],
            "schedules": [[*case, rates(*case)] for case in SCHEDULES],
        },
    )
