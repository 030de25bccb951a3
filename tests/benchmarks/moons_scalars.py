"""The contenders of the moons step that record scalars. Each imports its package only when it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .moons_step import (
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
