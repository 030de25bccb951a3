"""The random generators in a model, such as those of `Dropout`, and their states."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from autograd_lite._choose import choose
from autograd_lite.nn.module import Module, children_of

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


class Place(NamedTuple):
    """A generator in a model: the module, list, tuple, dict or array that holds it, and its name there."""

    owner: Any
    name: Any
    generator: Generator

    def put(self, generator: Generator) -> None:
        """Replace the generator that is there; it may be anywhere but in a tuple."""
        if isinstance(self.owner, Module):
            setattr(self.owner, self.name, generator)
        elif isinstance(self.owner, np.ndarray):
            self.owner[tuple(int(k) for k in self.name.split(",") if k)] = generator
        else:
            self.owner[self.name] = generator


def places(model: Module) -> dict[str, Place]:
    """Where a model has generators: in its attributes, and as deep in them as parameters are found.

    The keys are paths such as those of `Module.named_parameters`.
    """
    found: dict[str, Place] = {}
    for path, owner in model._walk():
        for name, x in children_of(owner):
            if isinstance(x, Generator):
                place = f"{path}.{name}" if path else str(name)
                if place in found:
                    raise ValueError(
                        f"expected random generators of different names, but two are called {place!r}"
                    )
                found[place] = Place(owner, name, x)
    return found


def generators(model: Module) -> dict[str, Generator]:
    """The generators in a model by their paths; several may be the same."""
    return {path: place.generator for path, place in places(model).items()}


def state_of(generator: Generator) -> dict[str, Any]:
    """The state of a generator, copied."""
    return dict(generator.bit_generator.state)


def generator_of(state: Mapping[str, Any]) -> Generator:
    """A generator in this state; raises ValueError if it is none."""
    try:
        bits = choose(KINDS, state["bit_generator"], "bit generator")()
        bits.state = state
        _require_positions(bits.state)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"expected the state of a random generator, but got another one: {error}") from None
    return Generator(bits)


def _require_positions(state: Mapping[str, Any]) -> None:
    """Raise ValueError where a generator would read beyond its buffer, which NumPy does not check."""
    for position, length in ((state["state"].get("pos"), 624), (state.get("buffer_pos"), 4)):
        if position is not None and not 0 <= position <= length:
            raise ValueError(f"a position of {position} in a buffer of {length} numbers")
