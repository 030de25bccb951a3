"""The gradient of every example by itself: 128 rows of 337 derivatives, of the loss of the moons step.

Compiled once and called with all examples, beside loops over them: of the program for a single example, and
of `Value`s whose gradient is read after each backward pass. JAX has vmap of grad, of the formula on arrays.
All agree on every derivative to 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .matches import Match, rows_of
from .moons_step import ALPHA, example_loss, example_step, flat, initial_layers, moons
from .report import Rows

TITLE, UNIT = "per-example gradients of the moons loss, batch 128", "ms"
BATCH = 128
BAR = 1 / 20


@dataclass(frozen=True)
class Contender:
    """One way to find all gradients."""

    step: Callable[[], Any]  # gives them
    flattened: Callable[[Any], Any] = lambda gradients: gradients  # neuron by neuron: weights, then bias

    def numbers(self) -> list[float]:
        """The gradients, example by example."""
        rows: list[float] = np.ravel(self.flattened(self.step())).tolist()
        return rows


def rows() -> Rows:
    return rows_of(MATCHES, UNIT)


def examples() -> tuple[Any, Any]:
    points, sides = zip(*moons(BATCH), strict=True)
    return np.array(points), np.array(sides)


def program(in_axes: int | None) -> tuple[Callable[..., Any], Any]:
    """The compiled step of one example, and its parameters."""
    import autograd_lite
    from autograd_lite.engine import Value

    step = autograd_lite.compile(example_step(initial_layers(Value), Value.relu), in_axes=in_axes)
    return step, np.array(flat(initial_layers(float)))


def batch() -> Contender:
    step, theta = program(in_axes=0)
    points, sides = examples()
    return Contender(lambda: step(points, sides, parameters=theta)[1])


def loop() -> Contender:
    """The compiled step, an example at a time."""
    step, theta = program(in_axes=None)
    pairs = list(zip(*examples(), strict=True))
    return Contender(lambda: [step(point, side, parameters=theta)[1] for point, side in pairs])


def eager_loop() -> Contender:
    """The same code on `Value`s, an example at a time."""
    from autograd_lite.engine import Value

    layers = initial_layers(Value)
    parameters = flat(layers)
    loss = example_loss(layers, Value.relu)

    def gradient(point: list[float], side: int) -> list[float]:
        for p in parameters:
            p.grad = None
        loss(point, side).backward()
        return [p.grad for p in parameters]

    pairs = moons(BATCH)
    return Contender(lambda: [gradient(point, side) for point, side in pairs])


def jax() -> Contender:
    """Of the formula on arrays, in double precision."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    points, sides = map(jnp.asarray, examples())
    theta = [tuple(map(jnp.array, zip(*layer, strict=True))) for layer in initial_layers(float)]

    def loss(layers: Any, x: Any, side: Any) -> Any:
        for W, b in layers[:-1]:
            x = jax.nn.relu(W @ x + b)
        W, b = layers[-1]
        penalty = sum(jnp.sum(p * p) for layer in layers for p in layer)
        return jax.nn.relu(1 - side * (W @ x + b)[0]) + ALPHA * penalty

    gradients = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0, 0)))
    return Contender(lambda: jax.block_until_ready(gradients(theta, points, sides)), _in_rows)


def _in_rows(layers: Any) -> Any:
    """One row for each example."""
    parts = [np.concatenate([W, b[:, :, None]], axis=2).reshape(BATCH, -1) for W, b in layers]
    return np.concatenate(parts, axis=1)


ours = partial(Match, batch, "autograd_lite, compiled")
MATCHES = (
    ours(loop, "autograd_lite, compiled, in a loop", bar=BAR),
    ours(eager_loop, "autograd_lite, Values in a loop", bar=BAR),
    ours(jax, "JAX, vmap of grad", "jax"),
)
