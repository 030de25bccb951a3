"""The contenders of the classifier's step: loss and gradient of a network with relu on a batch of 128.

The loss is the mean cross-entropy of a softmax over 10 classes; the labels are integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Sizes = tuple[int, ...]
BATCH = 128


@dataclass(frozen=True)
class Contender:
    """One way to take the step."""

    step: Callable[[], float]  # forward and backward, gives the loss
    gradient: Callable[[], Any]  # of the last step: of each layer, neuron by neuron, weights, then bias

    def numbers(self) -> Iterable[float]:
        """The loss and all derivatives."""
        return [self.step(), *self.gradient().tolist()]


def examples(inputs: int, classes: int = 10) -> tuple[Any, Any]:
    """A batch with as many examples of each class as chance will have it."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(BATCH, inputs)), rng.integers(classes, size=BATCH)


def initial(sizes: Sizes) -> list[tuple[Any, Any]]:
    """W of shape (fan_in, fan_out) by He's rule, and biases that are not 0, of each layer."""
    rng = np.random.default_rng(1)
    return [
        (rng.normal(0.0, np.sqrt(2 / fan_in), (fan_in, fan_out)), rng.normal(0.0, 0.1, fan_out))
        for fan_in, fan_out in pairwise(sizes)
    ]


def flat(layers: Iterable[tuple[Any, Any]]) -> Any:
    """One vector, in the order of `MLP.parameters()`."""
    return np.concatenate([np.vstack(layer).T.ravel() for layer in layers])


def scalar_step(sizes: Sizes) -> Callable[[Any, Any], Any]:
    """The scalar code for one example."""
    from autograd_lite import nn

    model = nn.MLP(sizes[0], sizes[1:])
    parameters = model.parameters()

    def step(x: Any, y: Any) -> Any:
        loss = nn.cross_entropy(model(x), y)
        return loss, loss.gradient(parameters)

    return step


def program(sizes: Sizes) -> tuple[Callable[..., Any], tuple[Any, Any], Any]:
    """Ours, its data and its parameters."""
    import autograd_lite

    step = autograd_lite.compile(scalar_step(sizes), in_axes=0, reduce="mean")
    return step, examples(sizes[0]), flat(initial(sizes))


def compiled(sizes: Sizes) -> Contender:
    compiled_step, data, theta = program(sizes)
    gradients: list[Any] = []

    def step() -> float:
        loss, gradient = compiled_step(*data, parameters=theta)
        gradients[:] = [gradient]
        return float(loss)

    return Contender(step, lambda: gradients[0])


def numpy(sizes: Sizes) -> Contender:
    """Forward and backward written by hand."""
    X, y = examples(sizes[0])
    layers = initial(sizes)
    rows = np.arange(len(X))
    gradients: list[tuple[Any, Any]] = []

    def step() -> float:
        inputs = [X]
        for W, b in layers[:-1]:
            z = inputs[-1] @ W
            z += b
            inputs.append(np.maximum(z, 0.0, out=z))
        W, b = layers[-1]
        z = inputs[-1] @ W + b
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1)
        loss = np.mean(np.log(total) - z[rows, y])

        gradients.clear()
        delta = e / total[:, None]
        delta[rows, y] -= 1.0
        delta /= len(X)
        for a, (W, _) in zip(reversed(inputs), reversed(layers), strict=True):
            gradients.append((a.T @ delta, delta.sum(axis=0)))
            if a is not X:
                delta = delta @ W.T
                delta *= a > 0
        return float(loss)

    return Contender(step, lambda: flat(reversed(gradients)))


def torch(sizes: Sizes) -> Contender:
    """Autograd on tensors, one thread."""
    import torch

    torch.set_num_threads(1)
    X, y = map(torch.from_numpy, examples(sizes[0]))
    layers: list[Any] = [[torch.from_numpy(p).requires_grad_() for p in layer] for layer in initial(sizes)]
    loss = torch.nn.CrossEntropyLoss()

    def step() -> float:
        a = X
        for W, b in layers[:-1]:
            W.grad = b.grad = None
            a = torch.relu(torch.addmm(b, a, W))
        W, b = layers[-1]
        W.grad = b.grad = None
        total = loss(torch.addmm(b, a, W), y)
        total.backward()
        return float(total.item())

    return Contender(step, lambda: flat((W.grad.numpy(), b.grad.numpy()) for W, b in layers))
