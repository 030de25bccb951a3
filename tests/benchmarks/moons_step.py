"""The moons step: forward and backward of the loss in micrograd's demo, once for every contender.

A network 2-16-16-1 with ReLU, 100 points of two noisy half-moons, max-margin loss and an L2 penalty.
The scalar contenders run the same lines, with binary operators only; what is compiled from the code of
one example runs those of `example_step`.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SIZES = (2, 16, 16, 1)
ALPHA = 1e-4

Scalar = Any  # whatever number the contender differentiates
Neuron = tuple[list[Scalar], Scalar]
Layers = list[list[Neuron]]


@dataclass(frozen=True)
class Contender:
    """One way to take the step."""

    step: Callable[[], float]  # forward and backward, gives the loss
    gradient: Callable[[], list[float]]  # of the last step, neuron by neuron: weights, then bias

    def numbers(self) -> list[float]:
        """The loss and all derivatives."""
        return [self.step(), *self.gradient()]


def moons(count: int = 100, noise: float = 0.1, seed: int = 1337) -> list[tuple[list[float], int]]:
    """Points and their sides, -1 or 1, as scikit-learn's `make_moons` draws them.

    Written out because importing scikit-learn leaves tens of thousands of objects to the collector.
    """
    draw = random.Random(seed)
    points: list[tuple[list[float], int]] = []
    for k in range(count // 2):
        angle = math.pi * k / (count // 2 - 1)
        points.append(([math.cos(angle), math.sin(angle)], -1))
        points.append(([1 - math.cos(angle), 0.5 - math.sin(angle)], 1))
    return [([x + draw.gauss(0, noise) for x in point], side) for point, side in points]


def initial_layers(
    scalar: Callable[[float], Scalar], sizes: Sequence[int] = SIZES, seed: int = 1337
) -> Layers:
    """Weights uniform in [-1, 1] and biases 0, the same numbers for everybody."""
    draw = random.Random(seed)
    return [
        [([scalar(draw.uniform(-1, 1)) for _ in range(inputs)], scalar(0.0)) for _ in range(outputs)]
        for inputs, outputs in itertools.pairwise(sizes)
    ]


def flat(layers: Layers) -> list[Scalar]:
    """All parameters, in the order of micrograd's `parameters()`."""
    return [p for layer in layers for weights, bias in layer for p in (*weights, bias)]


def activation(neuron: Neuron, inputs: Sequence[Scalar]) -> Scalar:
    weights, bias = neuron
    act = bias
    for w, x in zip(weights, inputs, strict=True):
        act = act + w * x
    return act


def score(layers: Layers, inputs: Sequence[Scalar], relu: Callable[[Scalar], Scalar]) -> Scalar:
    for layer in layers[:-1]:
        inputs = [relu(activation(neuron, inputs)) for neuron in layer]
    return activation(layers[-1][0], inputs)


def max_margin(
    scores: Iterable[Scalar],
    sides: Sequence[int],
    parameters: Sequence[Scalar],
    relu: Callable[[Scalar], Scalar],
) -> Scalar:
    losses = [relu(1 + -side * s) for side, s in zip(sides, scores, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + ALPHA * sum(p * p for p in parameters)


def example_loss(layers: Layers, relu: Callable[[Scalar], Scalar]) -> Callable[[Any, Any], Scalar]:
    """The loss of one example, whose mean over the examples is that of the step."""
    parameters = flat(layers)
    return lambda point, side: max_margin([score(layers, point, relu)], [side], parameters, relu)


def example_step(layers: Layers, relu: Callable[[Scalar], Scalar]) -> Callable[[Any, Any], Any]:
    """The loss of one example and its gradient."""
    loss = example_loss(layers, relu)
    parameters = flat(layers)

    def step(point: Any, side: Any) -> Any:
        total = loss(point, side)
        return total, total.gradient(parameters)

    return step
