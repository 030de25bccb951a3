"""Rosenbrock's function of 1,000 inputs, Σ 100 (x_{i+1} - x_i²)² + (1 - x_i)²: its value and its gradient.

There is no batch. Ours is compiled from a loop over the inputs; CasADi has the same loop, NumPy and JAX have
arrays. In agreement on the value and all derivatives to 1e-9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from .matches import Match, rows_of
from .report import Rows

TITLE, UNIT = "Rosenbrock's function of 1,000 inputs", "µs"
INPUTS = 1_000


@dataclass(frozen=True)
class Contender:
    """One way to find value and gradient."""

    step: Callable[[], Any]  # gives the pair, as the package has it

    def numbers(self) -> list[float]:
        """The value and all derivatives."""
        import numpy as np

        numbers: list[float] = np.concatenate([np.ravel(part) for part in self.step()]).tolist()
        return numbers


def rows() -> Rows:
    return rows_of(MATCHES, UNIT)


def rosenbrock(x: Any) -> Any:
    """In scalar code."""
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def point() -> Any:
    import numpy as np

    return 0.5 + 0.001 * np.arange(INPUTS)


def compiled() -> Contender:
    import autograd_lite

    program = autograd_lite.compile(autograd_lite.value_and_grad(rosenbrock))
    x = point()
    return Contender(lambda: program(x))


def numpy() -> Contender:
    """Value and gradient written by hand."""
    import numpy as np

    x = point()

    def step() -> tuple[float, Any]:
        a = x[:-1]
        valley, distance = x[1:] - a * a, 1.0 - a
        value = 100.0 * (valley @ valley) + distance @ distance
        valley *= 200.0
        gradient = np.empty_like(x)
        gradient[0] = 0.0
        gradient[1:] = valley
        gradient[:-1] -= 2.0 * (a * valley + distance)
        return float(value), gradient

    return Contender(step)


def jax() -> Contender:
    """Of the formula on arrays, in double precision."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x = jnp.asarray(point())

    def formula(x: Any) -> Any:
        return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    program = jax.jit(jax.value_and_grad(formula))
    return Contender(lambda: jax.block_until_ready(program(x)))


def casadi() -> Contender:
    """Of the same scalar code."""
    import casadi as ca

    symbols, x = ca.SX.sym("x", INPUTS), point()
    value = rosenbrock(ca.vertsplit(symbols))
    program = ca.Function("step", [symbols], [value, ca.gradient(value, symbols)])
    return Contender(lambda: [part.full() for part in program(x)])


ours = partial(Match, compiled, "autograd_lite, compiled")
MATCHES = (
    ours(numpy, "NumPy by hand", "numpy", bar=2.0),
    ours(jax, "JAX, jit", "jax"),
    ours(casadi, "CasADi", "casadi"),
)
