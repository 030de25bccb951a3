"""What a model is made of, as data that JSON can hold; its weights are in its `state_dict`."""

import reprlib
from collections.abc import Callable, Mapping
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from autograd_lite._choose import choose
from autograd_lite.nn.dropout import Dropout
from autograd_lite.nn.initializers import INITIALIZERS
from autograd_lite.nn.layers import MLP, Layer, Neuron
from autograd_lite.nn.module import Module
from autograd_lite.nn.sequential import Sequential

__all__ = ["build", "describe"]

# A description comes from a file. What is deeper or larger is no model that anybody trains here, and would
# end in an error of Python or use up the memory.
MAX_DEPTH, MAX_PARAMETERS = 100, 10_000_000


class Kind(NamedTuple):
    """A class of modules, and how each argument of its constructor is read from a module."""

    make: Callable[..., Module]
    arguments: dict[str, Callable[[Any], Any]]


HOW = {"activation": attrgetter("activation"), "init": attrgetter("init")}
KINDS = {
    "Neuron": Kind(Neuron, {"n_in": lambda m: len(m.w), **HOW}),
    "Layer": Kind(Layer, {"n_in": lambda m: len(m.neurons[0].w), "n_out": lambda m: len(m.neurons), **HOW}),
    "MLP": Kind(
        MLP,
        {
            "n_in": lambda m: len(m.layers[0].neurons[0].w),
            "sizes": lambda m: [len(layer.neurons) for layer in m.layers],
            "activation": lambda m: m.layers[0].activation,
            "output": lambda m: m.layers[-1].activation,
            "init": lambda m: m.layers[0].init,
        },
    ),
    "Dropout": Kind(Dropout, {"p": attrgetter("p")}),
    "Sequential": Kind(Sequential, {"steps": attrgetter("steps")}),
}
# A module that has been there before: by its number among those that were finished until then.
AGAIN = "again"
KEYS = {name: {"class", *kind.arguments} for name, kind in KINDS.items()} | {AGAIN: {"class", "number"}}


def describe(module: Module) -> dict[str, Any]:
    """The class of a module and the arguments that make one of the same form, as `build` takes them.

    Weights are not in it, nor the state of the generators of `Dropout`.

    Parameters
    ----------
    module : Neuron, Layer, MLP, Dropout or Sequential of them

    Returns
    -------
    dict
        Of strings, numbers, lists and such dicts, so that JSON can hold it.

    Raises
    ------
    TypeError
        If it is, or holds, a module of another class, was changed after it was made, shares parameters
        in another way than as a step that comes twice, or has a function of yours as its initializer.
    ValueError
        If Sequentials are nested more than 100 deep, or there are more than 10 million parameters.

    Examples
    --------
    >>> description = describe(MLP(2, [4, 1], output="sigmoid"))
    >>> description == {"class": "MLP", "n_in": 2, "sizes": [4, 1], "activation": "relu",
    ...                 "output": "sigmoid", "init": "he"}
    True
    >>> build(description)
    MLP(2, [4, 1], activation='relu', output='sigmoid')
    """
    description = _describe(module, {}, 1)
    if _form(build(description)) != _form(module):
        raise TypeError(
            f"expected a model as its constructor made it, but {type(module).__name__} was changed since, or "
            f"shares parameters: {ADVICE}"
        )
    return description


def build(description: Mapping[str, Any]) -> Module:
    """The module of a description that `describe` gave, with newly drawn weights.

    `Module.load_state_dict` or `reset_parameters` give it others.

    Parameters
    ----------
    description : dict
        As from `describe`, perhaps by way of JSON.

    Raises
    ------
    ValueError
        If it is no such description: of an unknown class, with missing, unknown or wrong arguments, of more
        than 10 million parameters, or nested more than 100 deep.

    Examples
    --------
    >>> build({"class": "Sequential", "steps": [
    ...     {"class": "Layer", "n_in": 2, "n_out": 3, "activation": "tanh", "init": "glorot"},
    ...     {"class": "Dropout", "p": 0.5},
    ... ]})
    Sequential(Layer(2, 3, activation='tanh'), Dropout(0.5))
    """
    count_parameters(description)
    return _build(description, [])


def difference(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What differs first between two descriptions, initializers aside; empty if nothing does.

    Examples
    --------
    >>> difference(describe(MLP(2, [1], init="he")), describe(MLP(2, [1], init="zeros")))
    ''
    >>> difference(describe(Layer(2, 1)), describe(Layer(2, 1, activation="tanh")))
    "activation: 'relu' and 'tanh'"
    """
    stack = [("", wanted, found)]
    while stack:
        place, a, b = stack.pop()
        for name in ("class", *a):
            if name not in ("init", "steps") and a[name] != b.get(name):
                return f"{place}{name}: {reprlib.repr(a[name])} and {reprlib.repr(b.get(name))}"
        steps, others = a.get("steps", []), b.get("steps", [])
        if len(steps) != len(others):
            return f"{place}steps: {len(steps)} and {len(others)}"
        pairs = [(f"{place}steps.{k}.", *pair) for k, pair in enumerate(zip(steps, others, strict=True))]
        stack += reversed(pairs)
    return ""


ADVICE = "save its state_dict(), make the model in your code, and load the state there"


def _describe(module: Module, met: dict[Module, int], depth: int) -> dict[str, Any]:
    """The description of a module inside a larger one, of which those in `met` are described already."""
    if depth > MAX_DEPTH:
        raise ValueError(f"expected modules nested at most {MAX_DEPTH} deep, but got deeper ones")
    if isinstance(module, Module) and module in met:
        return {"class": AGAIN, "number": met[module]}
    name = type(module).__name__
    if name not in KINDS or type(module) is not KINDS[name].make:
        raise TypeError(f"expected one of {', '.join(KINDS)} to describe, but got {name}: {ADVICE}")
    arguments = _arguments(module)
    if callable(arguments.get("init")):
        raise TypeError(
            f"expected an initializer with a name, one of {', '.join(INITIALIZERS)}, but {name} has "
            f"{arguments['init']!r}: {ADVICE}"
        )
    if "steps" in arguments:
        arguments["steps"] = [_describe(step, met, depth + 1) for step in arguments["steps"]]
    met[module] = len(met)
    return {"class": name, **arguments}


def _arguments(module: Module) -> dict[str, Any]:
    kind = KINDS[type(module).__name__]
    return {name: read(module) for name, read in kind.arguments.items()}


def _form(module: Module) -> Any:
    """What two modules have in common that differ in nothing but the numbers of their parameters."""
    modules = list(module.modules())
    kinds = [(type(m), {k: v for k, v in _arguments(m).items() if k != "steps"}) for m in modules]
    return kinds, [name for name, _ in module.named_parameters()]


def count_parameters(description: Any) -> int:
    """The number of parameters of what `build` would make, which is not made.

    Raises
    ------
    ValueError
        Unless everything is there, and of a form and a size that can be built.

    Examples
    --------
    >>> count_parameters(describe(MLP(2, [3, 1])))
    13
    """
    parameters = 0
    stack = [(description, 1)]
    while stack:
        part, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"expected modules nested at most {MAX_DEPTH} deep, but got deeper ones")
        if not isinstance(part, Mapping):
            raise ValueError(f"expected the dict that describes a module, but got {reprlib.repr(part)}")
        name = part.get("class")
        if different := choose(KEYS, name, "class of modules") ^ part.keys():
            raise ValueError(
                f"expected {', '.join(sorted(KEYS[str(name)]))} to describe {name}, but got "
                f"{reprlib.repr(dict(part))}: missing or unknown is {min(different, key=str)!r}"
            )
        if name == "Sequential":
            steps = part["steps"]
            if not isinstance(steps, list | tuple):
                raise ValueError(f"expected a list of steps, but got {reprlib.repr(steps)}")
            stack += [(step, depth + 1) for step in steps]
        elif "n_in" in part:
            parameters += _count(part)
        if parameters > MAX_PARAMETERS:
            raise ValueError(f"expected at most {MAX_PARAMETERS} parameters, but got {parameters} or more")
    return parameters


def _count(part: Mapping[str, Any]) -> int:
    """The number of parameters of neurons, with the slopes of PReLU."""
    sizes = part.get("sizes", [part.get("n_out", 1)])
    widths = [part["n_in"], *sizes] if isinstance(sizes, list | tuple) else []
    if not widths or any(type(n) is not int or n < 1 for n in widths):
        raise ValueError(f"expected sizes that are integers from 1 on, but got {reprlib.repr(dict(part))}")
    activation = part["activation"]
    names = [activation] * (len(widths) - 2) + [part.get("output", activation)]
    return sum(
        (fan_in + 1 + (name == "prelu")) * fan_out
        for (fan_in, fan_out), name in zip(pairwise(widths), names, strict=False)
    )


def _build(description: Mapping[str, Any], finished: list[Module]) -> Module:
    """The module of a description that was checked, inside a larger one."""
    arguments = dict(description)
    name = arguments.pop("class")
    if name == AGAIN:
        number = arguments["number"]
        if type(number) is not int or not 0 <= number < len(finished):
            raise ValueError(f"expected the number of one of {len(finished)} modules, but got {number!r}")
        return finished[number]
    try:
        if name == "Sequential":
            module: Module = Sequential(*[_build(step, finished) for step in arguments["steps"]])
        else:
            module = KINDS[name].make(**arguments)
    except TypeError as error:
        raise ValueError(f"expected the description of a module, but {name} was refused: {error}") from None
    finished.append(module)
    return module
