"""The contenders of the moons step. Each imports its package only when it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .moons_step import (
    ALPHA,
    SIZES,
    Contender,
    Layers,
    Scalar,
    flat,
    initial_layers,
    max_margin,
    moons,
    score,
)


def _loss(
    layers: Layers,
    parameters: list[Scalar],
    scalar: Callable[[float], Scalar],
    relu: Callable[[Scalar], Scalar],
) -> Callable[[], Scalar]:
    """The loss in scalar code; the points are wrapped at every step, as in micrograd's demo."""
    points, sides = zip(*moons(), strict=True)

    def loss() -> Scalar:
        scores = [score(layers, [scalar(x) for x in point], relu) for point in points]
        return max_margin(scores, sides, parameters, relu)

    return loss


def _with_values(loss: Callable[[], Any], parameters: list[Any]) -> Contender:
    """A contender whose parameters carry `.grad`."""

    def step() -> float:
        for p in parameters:
            p.grad = 0.0
        total = loss()
        total.backward()
        return float(total.data)

    return Contender(step, lambda: [p.grad for p in parameters])


def autograd_lite() -> Contender:
    from autograd_lite.engine import Value

    layers = initial_layers(Value)
    parameters = flat(layers)
    return _with_values(_loss(layers, parameters, Value, Value.relu), parameters)


def autograd_lite_mlp() -> Contender:
    from autograd_lite.engine import Value
    from autograd_lite.nn import MLP

    model = MLP(SIZES[0], list(SIZES[1:]))
    parameters = model.parameters()
    for p, start in zip(parameters, flat(initial_layers(float)), strict=True):
        p.data = start
    points, sides = zip(*moons(), strict=True)

    def loss() -> Scalar:
        return max_margin([model(point) for point in points], sides, parameters, Value.relu)

    return _with_values(loss, parameters)


def micrograd() -> Contender:
    from micrograd.engine import Value

    layers = initial_layers(Value)
    parameters = flat(layers)
    return _with_values(_loss(layers, parameters, Value, Value.relu), parameters)


def xad() -> Contender:
    """XAD with its own `max(x, 0.0)` for ReLU: an operation on the tape, as everywhere else."""
    from xad.math import max as largest

    return _xad(lambda x: largest(x, 0.0))


def xad_branching() -> Contender:
    """XAD with a branch for ReLU, which keeps it off the tape."""
    from xad.adj_1st import Real

    zero = Real(0.0)
    return _xad(lambda x: x if x.getValue() > 0.0 else zero)


def _xad(relu: Callable[[Scalar], Scalar]) -> Contender:
    """As XAD's manual recommends: inputs registered once, one tape, a new recording for every step."""
    from xad.adj_1st import Real, Tape

    layers = initial_layers(Real)
    parameters = flat(layers)
    loss = _loss(layers, parameters, Real, relu)
    tape = Tape()
    tape.activate()
    tape.registerInputs(parameters)

    def step() -> float:
        tape.newRecording()
        total = loss()
        tape.registerOutput(total)
        total.setDerivative(1.0)
        tape.computeAdjoints()
        return float(total.getValue())

    return Contender(step, lambda: [p.getDerivative() for p in parameters])


def torch_scalars() -> Contender:
    import torch

    torch.set_num_threads(1)

    def parameter(x: float) -> torch.Tensor:
        return torch.tensor(x, dtype=torch.float64, requires_grad=True)

    def number(x: float) -> torch.Tensor:
        return torch.tensor(x, dtype=torch.float64)

    layers = initial_layers(parameter)
    parameters = flat(layers)
    loss = _loss(layers, parameters, number, torch.relu)

    def step() -> float:
        for p in parameters:
            p.grad = None
        total = loss()
        total.backward()
        return float(total.item())

    return Contender(step, lambda: [p.grad.item() for p in parameters])


def torch_tensors() -> Contender:
    import torch

    torch.set_num_threads(1)

    def tensor(numbers: Any) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.float64)

    points, sides = map(tensor, zip(*moons(), strict=True))
    layers = [
        tuple(tensor(part).requires_grad_() for part in zip(*layer, strict=True))
        for layer in initial_layers(float)
    ]
    parameters = [p for layer in layers for p in layer]

    def step() -> float:
        for p in parameters:
            p.grad = None
        x = points
        for weights, bias in layers[:-1]:
            x = torch.relu(x @ weights.T + bias)
        weights, bias = layers[-1]
        scores = (x @ weights.T + bias)[:, 0]
        penalty = sum((p * p).sum() for p in parameters)
        total = torch.relu(1 - sides * scores).mean() + ALPHA * penalty
        total.backward()
        return float(total.item())

    def gradient() -> list[float]:
        slopes: list[Any] = [(weights.grad, bias.grad) for weights, bias in layers]
        return [float(g) for pair in slopes for g in torch.column_stack(pair).flatten()]

    return Contender(step, gradient)


def numpy() -> Contender:
    """Forward and backward written by hand."""
    import numpy as np

    points, sides = map(np.array, zip(*moons(), strict=True))
    layers = [tuple(map(np.array, zip(*layer, strict=True))) for layer in initial_layers(float)]
    gradients: list[Any] = []

    def step() -> float:
        inputs = [points]
        for weights, bias in layers[:-1]:
            inputs.append(np.maximum(inputs[-1] @ weights.T + bias, 0.0))
        weights, bias = layers[-1]
        margins = 1.0 - sides * (inputs[-1] @ weights.T + bias)[:, 0]
        data_loss = np.maximum(margins, 0.0).mean()
        penalty = ALPHA * sum((w * w).sum() + (b * b).sum() for w, b in layers)

        gradients.clear()
        upstream = (-sides * (margins > 0) / len(sides))[:, None]
        for x, (weights, bias) in zip(reversed(inputs), reversed(layers), strict=True):
            gradients.append((upstream.T @ x + 2 * ALPHA * weights, upstream.sum(0) + 2 * ALPHA * bias))
            upstream = (upstream @ weights) * (x > 0)
        return float(data_loss + penalty)

    def gradient() -> list[float]:
        rows = [np.column_stack(pair).ravel() for pair in reversed(gradients)]
        return [float(g) for g in np.concatenate(rows)]

    return Contender(step, gradient)
