"""`Sequential`: modules one after the other, as PyTorch has it."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_lite.engine import Value
from autograd_lite.nn.layers import Seed
from autograd_lite.nn.module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """Modules one after the other, each applied to the outputs of the one before.

    Parameters
    ----------
    *modules : Module
        At least one. A single Value between two of them is handed on as a list of one.

    Raises
    ------
    ValueError
        If there is no module.
    TypeError
        If one of them is no Module.

    Examples
    --------
    >>> from autograd_lite.nn import Dropout, Layer
    >>> model = Sequential(Layer(2, 8, seed=0), Dropout(0.5, seed=1), Layer(8, 1, nonlin=False, seed=2))
    >>> model
    Sequential(Layer(2, 8, activation='relu'), Dropout(0.5), Layer(8, 1, activation='linear'))
    >>> model.eval()([1.0, -1.0]).data == model([1.0, -1.0]).data
    True
    """

    def __init__(self, *modules: Module) -> None:
        if not modules:
            raise ValueError("a Sequential needs at least one module, but got none")
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(f"expected Modules one after the other, but got {module!r}")
        self.steps = list(modules)

    def __call__(self, x: Iterable[Any]) -> Any:
        """What the last module returns."""
        out: Any = x
        for module in self.steps:
            out = module([out] if isinstance(out, Value) else out)
        return out

    def reset_parameters(self, seed: Seed = None) -> None:
        """Call `reset_parameters` of one step after the other, of each once, with one generator.

        Raises
        ------
        TypeError
            If a step with parameters has no such method; then nothing is changed.
        """
        stack: list[Module] = [self]
        found: dict[Module, None] = {}
        while stack:
            step = stack.pop()
            if isinstance(step, Sequential):
                stack += reversed(step.steps)
            else:
                found[step] = None
        steps = [step for step in found if step.parameters() or hasattr(step, "reset_parameters")]
        for step in steps:
            if not hasattr(step, "reset_parameters"):
                raise TypeError(
                    "expected steps that can draw their weights anew, but got "
                    f"{step!r}: give its class a method reset_parameters(self, seed)"
                )
        rng = np.random.default_rng(seed)
        for step in steps:
            step.reset_parameters(rng)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.steps))})"
