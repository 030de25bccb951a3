"""`Dropout`, and how a compiled model draws its masks."""

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from autograd_lite._recording import Watch, watching
from autograd_lite.engine import Value
from autograd_lite.nn.layers import Seed, inputs_of
from autograd_lite.nn.module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """xᵢ mᵢ / (1 - p), mᵢ being 0 with probability p and 1 otherwise, drawn anew for every example.

    The mean of what comes out is x, so that nothing needs to be scaled in ``eval()``, where x is
    returned as it is. A compiled model draws the same masks as one that is not, at every call.

    Parameters
    ----------
    p : float, optional
        The probability that an input is dropped, 0 <= p < 1.
    seed : int or numpy.random.Generator, optional
        Where the masks are drawn from.

    Raises
    ------
    ValueError
        If `p` is out of range.
    TypeError
        If the input of a call is no sequence of numbers and Values.

    References
    ----------
    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.

    Examples
    --------
    >>> dropout = Dropout(0.5, seed=0)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [2.0, 0.0, 0.0, 0.0]
    >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, p: float = 0.5, seed: Seed = None) -> None:
        if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
            raise ValueError(f"expected a probability 0 <= p < 1 to drop an input, but got {p!r}")
        self.p: float = float(p)
        self.rng: Generator = np.random.default_rng(seed)

    def __call__(self, x: Iterable[Any]) -> list[Any]:
        """The inputs that are left, scaled, and zeros, as a list."""
        xs = list(inputs_of(x, None, self))
        if not self.training or self.p == 0:
            return xs
        watch = watching()
        mask = self._mask(len(xs)) if watch is None else self._mask_to_be_drawn(watch, len(xs))
        return [v * m for v, m in zip(xs, mask, strict=True)]

    def _mask(self, n: int) -> list[float]:
        masks: list[float] = _masks(self.rng, 1, np.full(n, self.p))[0].tolist()
        return masks

    def _mask_to_be_drawn(self, watch: Watch, n: int) -> list[Value]:
        """Values that stand for the mask; the compiled function draws the numbers when it is called."""
        mask = [Value(1.0) for _ in range(n)]
        draw, values = self._draw_of(watch)
        draw.p += [self.p] * n
        values += mask
        return mask

    def _draw_of(self, watch: Watch) -> tuple["_Draw", list[Value]]:
        """What draws from this generator, and for what: one thing, which keeps the order of the examples."""
        for draw, values in watch.draws:
            if isinstance(draw, _Draw) and draw.rng is self.rng:
                return draw, values
        new: tuple[_Draw, list[Value]] = (_Draw(self.rng), [])
        watch.draws.append(new)
        return new

    def __repr__(self) -> str:
        return f"Dropout({self.p:g})"


class _Draw:
    """All masks that one generator has to draw for an example, given the probabilities to drop."""

    def __init__(self, rng: Generator) -> None:
        self.rng = rng
        self.p: list[float] = []

    def __call__(self, batch_size: int) -> NDArray[np.float64]:
        return _masks(self.rng, batch_size, np.array(self.p))


def _masks(rng: Generator, batch_size: int, p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Zeros, with probability p, and 1 / (1 - p), of shape (batch_size, n)."""
    return (rng.random((batch_size, len(p))) >= p) / (1.0 - p)
