"""The contenders of the moons step that work on arrays: compiled from scalar code, or written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .moons_step import (
    ALPHA,
    Contender,
    example_step,
    flat,
    initial_layers,
    max_margin,
    moons,
    score,
)


def program() -> tuple[Callable[..., Any], tuple[Any, Any], Any]:
    """Ours, from micrograd's code for one example; its data; and its parameters, as an optimizer has them."""
    import numpy as np

    import autograd_lite
    from autograd_lite.engine import Value

    step = autograd_lite.compile(example_step(initial_layers(Value), Value.relu), in_axes=0, reduce="mean")
    points, sides = map(np.array, zip(*moons(), strict=True))
    return step, (points, sides), np.array(flat(initial_layers(float)))


def compiled() -> Contender:
    compiled_step, data, theta = program()
    gradients: list[Any] = []

    def step() -> float:
        loss, gradient = compiled_step(*data, parameters=theta)
        gradients[:] = [gradient]
        return float(loss)

    return Contender(step, lambda: gradients[0].tolist())


def casadi() -> Contender:
    """CasADi's program for the same scalar code of all examples."""
    import casadi as ca
    import numpy as np

    theta = np.array(flat(initial_layers(float)))
    symbols = ca.SX.sym("theta", len(theta))
    entries = iter(ca.vertsplit(symbols))
    layers = initial_layers(lambda _: next(entries))

    def relu(x: Any) -> Any:
        return ca.fmax(x, 0)

    points, sides = zip(*moons(), strict=True)
    scores = [score(layers, point, relu) for point in points]
    loss = max_margin(scores, sides, flat(layers), relu)
    program = ca.Function("step", [symbols], [loss, ca.gradient(loss, symbols)])

    gradients: list[Any] = []

    def step() -> float:
        total, gradient = program(theta)
        gradients[:] = [gradient]
        return float(total)

    return Contender(step, lambda: gradients[0].full().ravel().tolist())


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
            if x is not points:
                upstream = (upstream @ weights) * (x > 0)
        return float(data_loss + penalty)

    def gradient() -> list[float]:
        rows = [np.column_stack(pair).ravel() for pair in reversed(gradients)]
        return [float(g) for g in np.concatenate(rows)]

    return Contender(step, gradient)
