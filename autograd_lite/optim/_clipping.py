"""Gradient clipping, as PyTorch has it (Pascanu, Mikolov and Bengio 2013)."""

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def clip_value(gradient: Vector, max_value: float) -> Vector:
    """Each derivative moved into [-max_value, max_value]; NaN stays."""
    return np.minimum(np.maximum(gradient, -max_value), max_value)


def clip_norm(gradient: Vector, max_norm: float) -> Vector:
    """The gradient g scaled by ``max_norm / (‖g‖ + 1e-6)`` where that is below 1."""
    with np.errstate(over="ignore"):
        norm = math.sqrt(gradient.dot(gradient))
    if not math.isfinite(norm):
        return _clip_huge(gradient, max_norm)
    scale = max_norm / (norm + 1e-6)
    return scale * gradient if scale < 1 else gradient


def _clip_huge(gradient: Vector, max_norm: float) -> Vector:
    """Of a gradient whose squares overflow: a scale of 0 would stop the training, or make 0 · inf = NaN."""
    finite = np.isfinite(gradient)
    if not finite.all():
        k = int(np.argmin(finite))
        raise FloatingPointError(
            f"expected a finite gradient to scale to max_norm={max_norm}, but gradient[{k}] is "
            f"{gradient[k]}: scale the data, or bound infinite derivatives with max_value"
        )
    largest = float(np.abs(gradient).max())
    direction: Vector = gradient / largest
    length = math.sqrt(direction.dot(direction))
    if largest * length <= max_norm:
        return gradient
    direction *= max_norm / length
    return direction
