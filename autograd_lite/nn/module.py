"""`Module`: something with parameters, and how to find, reset, save and restore them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd_lite.engine import Value

__all__ = ["Module", "assign"]

# The end of a path of `named_parameters`: an attribute, and perhaps the place in a list or an array.
_PLACE = r"(\.[\d,]+)*$"
BIAS = re.compile(r"(^|\.)(b|bias)\d*" + _PLACE)
SLOPE = re.compile(r"(^|\.)negative_slope" + _PLACE)


def assign(parameters: Iterable[Value], numbers: Iterable[float]) -> None:
    """Give each parameter its number: all of them, or, if interrupted, none.

    Examples
    --------
    >>> w, b = Value(0.0), Value(0.0)
    >>> assign([w, b], [1.0, 2.0])
    >>> w.data, b.data
    (1.0, 2.0)
    """
    parameters = list(parameters)
    before = [p.data for p in parameters]
    try:
        for p, number in zip(parameters, numbers, strict=True):
            p.data = number
    except BaseException:
        for p, number in zip(parameters, before, strict=True):
            p.data = number
        raise


def children_of(x: Any) -> list[tuple[Any, Any]]:
    """What is in a module's attributes, or in a container, each with its name.

    Examples
    --------
    >>> children_of([3.0, 4.0]), children_of(5.0)
    ([(0, 3.0), (1, 4.0)], [])
    """
    if isinstance(x, Module):
        return list(vars(x).items())
    if isinstance(x, dict):
        return list(x.items())
    if isinstance(x, list | tuple):
        return list(enumerate(x))
    if isinstance(x, np.ndarray) and x.dtype == object:
        return [(",".join(map(str, index)), item) for index, item in np.ndenumerate(x)]
    return []


class Module:
    """Base class of everything that has parameters.

    The parameters of a module are the leaf `Value`s in its attributes: directly, in lists, tuples,
    dicts and object arrays, and in modules among them, however deep.

    Examples
    --------
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.intercept = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.intercept
    >>> line = Line()
    >>> line(3.0).backward()
    >>> [(name, p.grad) for name, p in line.named_parameters()]
    [('slope', 3.0), ('intercept', 1.0)]
    """

    training = True

    if TYPE_CHECKING:
        __call__: Callable[..., Any]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter once, with its path, as in ``layers.0.neurons.2.w.1``."""
        seen = set()
        for name, x in self._walk():
            if isinstance(x, Value) and not x.op and x not in seen:
                seen.add(x)
                yield name, x

    def parameters(self) -> list[Value]:
        """The parameters in the order in which they were assigned."""
        return [p for _, p in self.named_parameters()]

    def weights(self, biases: bool = False) -> list[Value]:
        """The parameters that penalties are put on: those that are no biases and no slopes of PReLU.

        A bias is a parameter in an attribute, or under a key of a dict, named ``b`` or ``bias``, perhaps
        with a number, as in ``b1``, or in a list or an array there. The slope of PReLU is in one that is
        named ``negative_slope``.

        Parameters
        ----------
        biases : bool, optional
            Whether to hand out the biases too, in their order among the weights.

        Examples
        --------
        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope, self.b = Value(2.0), Value(1.0)
        >>> [w.data for w in Line().weights()], [w.data for w in Line().weights(biases=True)]
        ([2.0], [2.0, 1.0])
        """
        left_out = {
            p
            for name, p in self.named_parameters()
            if SLOPE.search(name) or (not biases and BIAS.search(name))
        }
        return [p for p in self.parameters() if p not in left_out]

    def modules(self) -> Iterator["Module"]:
        """This module and all those in it."""
        for _, x in self._walk():
            if isinstance(x, Module):
                yield x

    def _walk(self) -> Iterator[tuple[str, Any]]:
        """Everything in this module's attributes with its path, depth first."""
        stack: list[tuple[str, Any]] = [("", self)]
        visited: set[int] = set()
        while stack:
            path, x = stack.pop()
            children = children_of(x)
            if children or isinstance(x, Module):
                if id(x) in visited:
                    continue
                visited.add(id(x))
            yield path, x
            prefix = f"{path}." if path else ""
            stack.extend((f"{prefix}{name}", child) for name, child in reversed(children))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.parameters())} parameters)"

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter, so that it is 0 again."""
        for p in self.parameters():
            p.grad = None

    def train(self, mode: bool = True) -> Self:
        """Put this module and all those in it into training mode, or out of it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all those in it out of training mode."""
        return self.train(False)

    def state_dict(self) -> dict[str, float]:
        """The number in every parameter, by name.

        Raises
        ------
        ValueError
            If two parameters have the same name, as those under the keys ``1`` and ``"1"`` of a dict.
        """
        return {name: p.data for name, p in self._by_name().items()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Set every parameter to the number that `state_dict` gave for it.

        Raises
        ------
        ValueError
            If the names differ from this module's; then nothing is changed.
        TypeError
            If there is something else than a number; then nothing is changed either.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"expected the dict that state_dict gave, but got {state!r}")
        parameters = self._by_name()
        if different := sorted(parameters.keys() ^ state.keys(), key=str):
            raise ValueError(
                f"expected the state of the {len(parameters)} parameters of this module, but "
                f"{len(different)} names are missing or unknown, the first being {different[0]!r}"
            )
        numbers = [Value(state[name]).data for name in parameters]
        assign(parameters.values(), numbers)

    def _by_name(self) -> dict[str, Value]:
        parameters: dict[str, Value] = {}
        for name, p in self.named_parameters():
            if name in parameters:
                raise ValueError(f"expected parameters of different names, but two are called {name!r}")
            parameters[name] = p
        return parameters
