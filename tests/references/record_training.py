"""Records the losses of trainings as PyTorch has them: ``python record_training.py``.

Every training is of 50 steps, in double precision, on the same examples and from the same parameters, which
are written neuron by neuron: weights, bias and, with prelu, the slope. The tests read the file it writes and
do not need PyTorch.
"""

import numpy as np
import torch
import torch.nn.functional as F
from recording import write
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, StepLR

SEED = 7  # of the order of the examples
N, INPUTS, OUTPUTS = 23, 3, 3
EPS = 1e-9
BATCHES = {"batch_size": 5, "epochs": 10}
WHOLE = {"batch_size": N, "epochs": 50}

rng = np.random.default_rng(0)
X = rng.normal(size=(N, INPUTS))
NUMBERS = rng.normal(size=(N, OUTPUTS))
MASSES = rng.uniform(size=(N, OUTPUTS))
TARGETS = {
    "numbers": NUMBERS,
    "labels": (NUMBERS > 0).astype(float),
    "signs": np.where(NUMBERS > 0, 1.0, -1.0),
    "classes": NUMBERS.argmax(axis=1).astype(float),
    "distributions": MASSES / MASSES.sum(axis=1, keepdims=True),
}
START = 0.4 * rng.normal(size=60)


def categorical_cross_entropy(p, y):
    log = p.clamp(EPS, 1 - EPS).log()
    return -(y * log).sum(1).mean() if y.ndim == 2 else F.nll_loss(log, y.long())


LOSSES = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "hinge": lambda s, y: torch.clamp(1 - y * s, min=0).mean(),
    "binary_cross_entropy": lambda p, y: F.binary_cross_entropy(p.clamp(EPS, 1 - EPS), y),
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
    "cross_entropy": lambda z, y: F.cross_entropy(z, y if y.ndim == 2 else y.long()),
    "categorical_cross_entropy": categorical_cross_entropy,
}
# The targets of each loss, and the activation of the outputs.
TASKS = [
    ("mse", "numbers", "linear"),
    ("mae", "numbers", "linear"),
    ("huber", "numbers", "linear"),
    ("hinge", "signs", "linear"),
    ("binary_cross_entropy", "labels", "sigmoid"),
    ("binary_cross_entropy_with_logits", "labels", "linear"),
    ("cross_entropy", "classes", "linear"),
    ("cross_entropy", "distributions", "linear"),
    ("categorical_cross_entropy", "classes", "softmax"),
    ("categorical_cross_entropy", "distributions", "softmax"),
]
ACTIVATIONS = {
    "linear": lambda z: z,
    "step": lambda z: (z > 0).to(z.dtype),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "swish": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softmax": lambda z: torch.softmax(z, 1),
}
RULES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.005, "momentum": 0.9}),
    ("Adam", {"lr": 0.02}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.1}),
]
CLIPPED = [
    ("SGD", {"lr": 0.5, "max_norm": 0.1}),
    ("SGD", {"lr": 0.5, "max_value": 0.05}),
    ("SGD", {"lr": 0.5, "momentum": 0.5, "max_norm": 0.1, "max_value": 0.05}),
    ("Adam", {"lr": 0.02, "max_norm": 0.1}),
]
SCHEDULES = [
    ("ExponentialDecay", {"lr": 0.2, "gamma": 0.95}),
    ("StepDecay", {"lr": 0.2, "gamma": 0.5, "step_size": 7}),
    ("CosineDecay", {"lr": 0.2, "epochs": 50, "lr_min": 0.01}),
]
PENALTIES = [
    ("L1", {"alpha": 0.05}),
    ("L2", {"beta": 0.1}),
    ("ElasticNet", {"alpha": 0.02, "beta": 0.1}),
    ("L1", {"alpha": 0.05, "layers": [0]}),
    ("L2", {"beta": 0.1, "biases": True}),
    ("L2", {"beta": 0.1, "layers": [1, 2], "biases": True}),
    ("lp", {"p": 1}),
    ("lp", {"p": 2}),
    ("lp", {"p": 3}),
]


def network(first="tanh", second="prelu", output="linear"):
    return [[INPUTS, 4, first], [4, 4, second], [4, OUTPUTS, output]]


def parameters_of(theta, layers):
    """W, b and slopes of each layer, views of the vector of all parameters."""
    for n_in, n_out, activation in layers:
        width = n_in + 1 + (activation == "prelu")
        chunk, theta = theta[: n_out * width].reshape(n_out, width), theta[n_out * width :]
        yield chunk[:, :n_in], chunk[:, n_in], chunk[:, -1]


def size(layers):
    return sum(n_out * (n_in + 1 + (activation == "prelu")) for n_in, n_out, activation in layers)


def outputs(theta, layers, x):
    for (W, b, slope), (_, _, activation) in zip(parameters_of(theta, layers), layers, strict=True):
        z = x @ W.T + b
        x = F.prelu(z, slope) if activation == "prelu" else ACTIVATIONS[activation](z)
    return x


def penalty(theta, shape, name, p=2.0, alpha=0.0, beta=0.0, layers=None, biases=False):
    every = list(parameters_of(theta, shape))
    chosen = every if layers is None else [every[k] for k in layers]
    w = torch.cat([part.flatten() for W, b, _ in chosen for part in ([W, b] if biases else [W])])
    return torch.linalg.vector_norm(w, p) if name == "lp" else alpha * w.abs().sum() + beta / 2 * (w @ w)


def scheduler(optimizer, name, lr, **arguments):
    if name == "CosineDecay":
        return CosineAnnealingLR(optimizer, arguments["epochs"], eta_min=arguments["lr_min"])
    return {"ExponentialDecay": ExponentialLR, "StepDecay": StepLR}[name](optimizer, **arguments)


def trained(layers, task, optimizer, batch_size, epochs, penalized=None, schedule=None):
    """The mean loss of each epoch, and the parameters at the end."""
    loss_name, target_name = task
    rule, arguments = optimizer
    own = {name: x for name, x in arguments.items() if name not in ("max_norm", "max_value")}
    inputs, targets = torch.tensor(X), torch.tensor(TARGETS[target_name])
    theta = torch.nn.Parameter(torch.tensor(START[: size(layers)]))
    descent = getattr(torch.optim, rule)([theta], **own)
    rates = None if schedule is None else scheduler(descent, schedule[0], **schedule[1])
    order = np.random.default_rng(SEED)
    curve = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.tensor(order.permutation(N)).split(batch_size):
            descent.zero_grad()
            loss = LOSSES[loss_name](outputs(theta, layers, inputs[batch]), targets[batch])
            if penalized is not None:
                loss = loss + penalty(theta, layers, penalized[0], **penalized[1])
            loss.backward()
            if "max_value" in arguments:
                clip_grad_value_([theta], arguments["max_value"])
            if "max_norm" in arguments:
                clip_grad_norm_([theta], arguments["max_norm"])
            descent.step()
            total += len(batch) * loss.item()
        if rates is not None:
            rates.step()
        curve.append(total / N)
    assert np.isfinite(curve).all()
    return curve, theta.tolist()


def record(layers, task, optimizer, **how):
    curve, theta = trained(layers, task, optimizer, **how)
    case = {"layers": layers, "task": task, "optimizer": optimizer, **how}
    return {**case, "loss": curve, "trained": theta}


def cases():
    sgd, mse = RULES[0], ("mse", "numbers")
    # The losses of single steps where all examples are in a batch, and of epochs of several steps.
    for loss, target, output in TASKS:
        yield record(network(output=output), (loss, target), sgd, **WHOLE)
        for rule in RULES:
            yield record(network(output=output), (loss, target), rule, **BATCHES)
    for rule in RULES + CLIPPED:
        yield record(network(), mse, rule, **WHOLE)
    for activation in [*ACTIVATIONS, "prelu"]:
        yield record(network(activation, activation), mse, sgd, **WHOLE)
    for penalized in PENALTIES:
        yield record(network(), mse, ("SGD", {"lr": 0.02}), penalized=penalized, **WHOLE)
    for schedule in SCHEDULES:
        yield record(network(), mse, ("SGD", {"lr": 0.2}), schedule=schedule, **WHOLE)


if __name__ == "__main__":
    data = {"X": X.tolist(), "seed": SEED, "start": START.tolist()}
    targets = {name: y.tolist() for name, y in TARGETS.items()}
    write("training.json", {**data, "targets": targets, "cases": list(cases())})
