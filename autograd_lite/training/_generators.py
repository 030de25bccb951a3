"""The random generators in a model, such as those of `Dropout`, and their states."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import Generator

from autograd_lite._choose import choose
from autograd_lite.nn.module import Module

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        np.random.PCG64,
        np.random.PCG64DXSM,
        np.random.MT19937,
        np.random.Philox,
        np.random.SFC64,
    )
}


def places(model: Module) -> dict[str, tuple[Module, str]]:
    """Where the modules of a model have generators, by the module's number and the attribute's name."""
    return {
        f"{number}.{name}": (module, name)
        for number, module in enumerate(model.modules())
        for name, x in vars(module).items()
        if isinstance(x, Generator)
    }


def generators(model: Module) -> dict[str, Generator]:
    """The generators in the attributes of a model's modules; several may be the same."""
    return {key: getattr(module, name) for key, (module, name) in places(model).items()}


def state_of(generator: Generator) -> dict[str, Any]:
    """The state of a generator, copied."""
    return dict(generator.bit_generator.state)


def generator_of(state: Mapping[str, Any]) -> Generator:
    """A generator in this state; raises ValueError if it is none."""
    try:
        bits = choose(KINDS, state["bit_generator"], "bit generator")()
        bits.state = state
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"expected the state of a random generator, but got another one: {error}") from None
    return Generator(bits)
