"""A binary classifier in NumPy that trains as the lecture's class `SimpleMLP` does (uOttawa CSI 4106)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))


class LectureNetwork:
    """Hidden layers of relu with He's weights, and a sigmoid at the end."""

    def __init__(self, sizes: list[int], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.W = [rng.normal(0.0, np.sqrt(2.0 / m), size=(m, n)) for m, n in pairwise(sizes)]
        self.b = [np.zeros(n) for n in sizes[1:]]

    def forward(self, X: Any) -> tuple[list[Any], list[Any]]:
        """What goes into each activation, and what comes out of it, the examples first."""
        zs, activations = [], [X]
        for W, b in zip(self.W, self.b, strict=True):
            zs.append(activations[-1] @ W + b)
            last = len(zs) == len(self.W)
            activations.append(sigmoid(zs[-1]) if last else np.maximum(0.0, zs[-1]))
        return zs, activations

    def loss(self, X: Any, y: Any, eps: float = 1e-9) -> float:
        """The binary cross-entropy, averaged over the examples."""
        p = np.clip(self.forward(X)[1][-1].ravel(), eps, 1 - eps)
        return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))

    def gradients(self, X: Any, y: Any) -> tuple[list[Any], list[Any]]:
        """dJ/dW and dJ/db of each layer, where the last delta is ŷ - y."""
        zs, activations = self.forward(X)
        delta = activations[-1] - y.reshape(-1, 1)
        by_W, by_b = [], []
        for layer in reversed(range(len(self.W))):
            by_W.append(activations[layer].T @ delta / len(X))
            by_b.append(delta.mean(axis=0))
            if layer:
                delta = (delta @ self.W[layer].T) * (zs[layer - 1] > 0)
        return by_W[::-1], by_b[::-1]

    def train(
        self, X: Any, y: Any, epochs: int, batch_size: int, lr: float, decay: float, seed: int
    ) -> list[tuple[float, float]]:
        """The loss over all the data before and after each epoch, as the lecture prints it."""
        rng = np.random.default_rng(seed)
        losses = []
        for epoch in range(epochs):
            order = rng.permutation(len(X))
            before = self.loss(X, y)
            for start in range(0, len(X), batch_size):
                batch = order[start : start + batch_size]
                by_W, by_b = self.gradients(X[batch], y[batch])
                for W, b, dW, db in zip(self.W, self.b, by_W, by_b, strict=True):
                    W -= lr * decay**epoch * dW
                    b -= lr * decay**epoch * db
            losses.append((before, self.loss(X, y)))
        return losses

    def parameters(self) -> list[float]:
        """Neuron by neuron: weights, then bias."""
        layers = zip(self.W, self.b, strict=True)
        return [float(p) for layer in layers for p in np.vstack(layer).T.ravel()]
