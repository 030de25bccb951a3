"""`save` and `load`: a model, its optimizer and its history in one file of arrays, without pickle."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import zip_longest
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.random import Generator

from autograd_lite import optim
from autograd_lite._choose import choose
from autograd_lite.nn import architecture
from autograd_lite.nn.module import Module, assign
from autograd_lite.optim import Optimizer
from autograd_lite.training._archive import NewerError, PathLike, content_of, file_at, reread, write
from autograd_lite.training._data import Array
from autograd_lite.training._generators import Place, generator_of, places, state_of
from autograd_lite.training._history import History
from autograd_lite.training._metadata import metadata_of, metadata_text
from autograd_lite.training._saved_history import history_of, history_parts, vector

# What a file may name: optimizers and schedules. Their arguments are checked by their constructors.
CLASSES: dict[str, Any] = {
    name: getattr(optim, name) for name in optim.__all__ if getattr(optim, name) is not Optimizer
}


class _Parts(NamedTuple):
    model: Module
    optimizer: Optimizer | None
    history: History | None


class Saved(_Parts):
    """What `load` returns: ``model, optimizer, history = load(path)``.

    The metadata are no part of the tuple, but an attribute, as the newer fields of `os.stat_result` are.

    Attributes
    ----------
    model : Module
        The model, with the weights and the random generators that were saved.
    optimizer : Optimizer or None
        The optimizer with its arguments and its state, if it was saved.
    history : History or None
        The history, if it was saved; ``fit(..., history=history)`` goes on where that training ended.
    metadata : dict or None
        What you wanted to be known about the model, if it was saved.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> saved = Saved(MLP(2, [1]), optimizer=None, history=None, metadata={"inputs": ["height", "weight"]})
    >>> saved.model, len(saved)
    (MLP(2, [1], activation='linear', output='linear'), 3)
    >>> saved.metadata["inputs"]
    ['height', 'weight']
    """

    metadata: dict[str, Any] | None

    def __new__(
        cls,
        model: Module,
        optimizer: Optimizer | None,
        history: History | None,
        metadata: dict[str, Any] | None = None,
    ) -> Self:
        saved = super().__new__(cls, model, optimizer, history)
        saved.metadata = metadata
        return saved


def save(
    path: PathLike,
    model: Module,
    *,
    optimizer: Optimizer | None = None,
    history: History | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a model to a file, and what is needed to go on with its training.

    The file is a .npz archive of NumPy arrays, one of them text in JSON. It takes the place of a file of that
    name at once, with its permissions: whatever happens, there is the old one or the new one. What `load`
    would refuse is not written. It can be called in a callback of `fit`, and the training continued with
    ``fit(..., history=history)``.

    Until it is whole, the new file has another name in the same folder, ``.autograd_lite-....tmp``. If the
    process is killed or the power fails while it is written, that one is left over and can be deleted.

    Parameters
    ----------
    path : str or os.PathLike
        The name of the file, as it is: nothing is appended, and ``~`` does not stand for a folder.
    model : Module
        Of any class. Those of `nn` are made anew by `load`, unless you changed them after they were made, or
        they have an initializer of your own. Of these and of others, the weights and the states of random
        generators are saved, and `load` has to be given a model of the same form. Generators are found where
        parameters are: in attributes, and in lists, dicts and object arrays there.
    optimizer : Optimizer, optional
        One of `optim`, its learning rate a number or a schedule of `optim`.
    history : History, optional
        That of the model's training.
    metadata : mapping of str, optional
        What else should be known about the model, such as the names of its inputs and their scales: what
        JSON can say, that is texts, finite numbers, booleans and None, in lists, and in dicts whose keys are
        texts. Together at most 16 MB of text, and 100 levels deep.

    Raises
    ------
    OSError
        If the file cannot be written: FileNotFoundError if there is no such folder, IsADirectoryError
        if `path` is one, OSError itself if it is a device or a pipe.
    TypeError
        If something is of another class, the optimizer has an argument that a file cannot hold, such
        as a function, a random generator is in a tuple, or the metadata have something that JSON has not:
        tuples and numbers of NumPy, too, which would come back as something else.
    ValueError
        If a weight is infinite or NaN, the history is that of a model with other parameters, or `load` would
        refuse the model, the optimizer or the history, as after an assignment to their attributes; if a
        number in the metadata is infinite or NaN, or they are too large. Then the file is as it was before.

    Examples
    --------
    >>> import tempfile
    >>> from autograd_lite.nn import MLP
    >>> from autograd_lite.optim import Adam
    >>> from autograd_lite.training import fit
    >>> file = Path(tempfile.mkdtemp()) / "model.npz"
    >>> model, optimizer = MLP(2, [3, 1], seed=0), Adam(0.1)
    >>> history = fit(model, [[0.0, 1.0]], [1.0], loss="mse", optimizer=optimizer, epochs=5)
    >>> save(file, model, optimizer=optimizer, history=history)
    >>> load(file).model([1.0, 2.0]).data == model([1.0, 2.0]).data
    True
    """
    for thing, kind, name in (
        (model, Module, "a Module"),
        (optimizer, Optimizer | None, "an Optimizer"),
        (history, History | None, "a History"),
    ):
        if not isinstance(thing, kind):
            raise TypeError(f"expected {name} to save, but got {thing!r}")
    file = file_at(path)
    n = len(model.parameters())
    content = {
        "model": _model_parts(model),
        "optimizer": None if optimizer is None else _optimizer_parts(optimizer),
        "history": None if history is None else history_parts(history, n),
        "metadata": None if metadata is None else metadata_text(metadata),
    }
    readers: dict[str, Callable[[Any], object]] = {
        "model": _described,
        "optimizer": _optimizer,
        "history": lambda parts: history_of(parts, n),
        "metadata": metadata_of,
    }
    for part, read in readers.items():
        try:
            if content[part] is not None:
                read(reread(content[part]))
        except Exception as error:
            raise ValueError(f"expected what load can read, but the {part} is not: {error}") from error
    write(file, content)


def load(path: PathLike, model: Module | None = None) -> Saved:
    """Read what `save` wrote.

    Nothing in the file is executed: it names classes of this package, and holds numbers.

    Parameters
    ----------
    path : str or os.PathLike
        The name of the file.
    model : Module, optional
        A model of the same form, which gets the weights and, for its random generators, new ones in the saved
        states. It is needed where the model is none of `nn`; otherwise a new one is made.

    Returns
    -------
    Saved
        A named tuple ``(model, optimizer, history)`` with the attribute ``metadata``; all but the model are
        None if they were not saved.

    Raises
    ------
    OSError
        If the file cannot be read: FileNotFoundError if there is none.
    ValueError
        If it is not one that `save` wrote, damaged, or of a newer version, has weights that are not
        finite, or the model is of another form: with other parameters or random generators, or, if it is one
        of `nn`, with another activation or probability of dropout. Then nothing is changed.
    TypeError
        If `model` is no Module, or has a random generator in a tuple.

    Examples
    --------
    >>> import tempfile
    >>> from autograd_lite.nn import MLP
    >>> from autograd_lite.optim import Adam
    >>> from autograd_lite.training import fit
    >>> file = Path(tempfile.mkdtemp()) / "model.npz"
    >>> model, optimizer, X, y = MLP(1, [1], seed=0), Adam(0.1), [[0.0], [1.0]], [1.0, 3.0]
    >>> history = fit(model, X, y, loss="mse", optimizer=optimizer, epochs=5)
    >>> save(file, model, optimizer=optimizer, history=history)

    In another process:

    >>> model, optimizer, history = load(file)
    >>> fit(model, X, y, loss="mse", optimizer=optimizer, epochs=9, history=history).stop_reason
    'all 9 epochs done'
    """
    if not isinstance(model, Module | None):
        raise TypeError(f"expected a Module to load into, but got {model!r}")
    data = Path(path).read_bytes()
    try:
        content = content_of(data)
        parts = _described(content["model"])
        optimizer = None if content["optimizer"] is None else _optimizer(content["optimizer"])
        history = None if content["history"] is None else history_of(content["history"], len(parts.weights))
        # Files of the first releases have none.
        text = content.get("metadata")
        metadata = None if text is None else metadata_of(text)
        made = architecture.build(parts.architecture) if parts.architecture and model is None else model
    except NewerError:
        raise
    except Exception as error:
        raise ValueError(
            f"expected a file that save wrote, but {str(path)!r} is another one or damaged: {error}"
        ) from error
    if made is None:
        raise ValueError(
            f"expected a model to load the weights of {parts.name} into: pass model=, of the same form, as "
            f"the file does not say how to make it ({parts.reason})"
        )
    _fill(made, parts)
    return Saved(made, optimizer, history, metadata)


class _Model(NamedTuple):
    """What a file says about a model."""

    name: str
    architecture: dict[str, Any] | None
    reason: str
    names: list[str]
    weights: Array
    generators: list[Generator]
    places: dict[str, int]


def _model_parts(model: Module) -> dict[str, Any]:
    state = model.state_dict()
    weights = np.array(list(state.values()), dtype=float)
    if not np.isfinite(weights).all():
        k = int(np.argmin(np.isfinite(weights)))
        raise ValueError(f"expected finite weights to save, but {list(state)[k]} is {weights[k]}")
    try:
        description, reason = architecture.describe(model), ""
    except (TypeError, ValueError) as error:
        description, reason = None, str(error).removesuffix(f": {architecture.ADVICE}")
    sources = {path: place.generator for path, place in _generators(model).items()}
    different = list({id(source): source for source in sources.values()}.values())
    number = {id(source): k for k, source in enumerate(different)}
    return {
        "name": type(model).__name__,
        "architecture": description,
        "reason": reason,
        "names": list(state),
        "weights": weights,
        "generators": [state_of(source) for source in different],
        "places": {path: number[id(source)] for path, source in sources.items()},
    }


def _described(parts: Any) -> _Model:
    names = parts["names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("the parameters have no names")
    model = _Model(
        str(parts["name"]),
        parts["architecture"],
        str(parts["reason"]),
        names,
        vector(parts["weights"], len(names)),
        [generator_of(state) for state in parts["generators"]],
        parts["places"],
    )
    if not all(type(k) is int and 0 <= k < len(model.generators) for k in model.places.values()):
        raise ValueError("a random generator is missing")
    if model.architecture is not None:
        # Before anything is built, which may take long.
        n = architecture.count_parameters(model.architecture)
        if n != len(names):
            raise ValueError(f"the model has {n} parameters, but there are the names of {len(names)}")
    return model


def _fill(model: Module, parts: _Model) -> None:
    """Give a model the weights and the generators of a file, all of them or none."""
    parameters, owners = dict(model.named_parameters()), _generators(model)
    wanted, kind = f"the {parts.name} in the file", type(model).__name__
    if list(parameters) != parts.names:
        pairs = enumerate(zip_longest(parts.names, parameters, fillvalue="none"))
        k, (there, here) = next((k, pair) for k, pair in pairs if pair[0] != pair[1])
        raise ValueError(
            f"expected a model with the {len(parts.names)} parameters of {wanted}, but got {kind} with "
            f"{len(parameters)}, and what differs first is parameter {k}: {there} and {here}"
        )
    if different := _difference(parts.architecture, model):
        raise ValueError(
            f"expected a model of the form of {wanted}, but got {kind}, and what differs first is {different}"
        )
    if others := owners.keys() ^ parts.places.keys():
        raise ValueError(
            f"expected a model with {len(parts.places)} random generators, as {wanted}, but got {kind} with "
            f"{len(owners)}, and what differs first is {min(others)}"
        )
    assign(parameters.values(), parts.weights.tolist())
    for path, place in owners.items():
        place.put(parts.generators[parts.places[path]])


def _difference(wanted: dict[str, Any] | None, model: Module) -> str:
    """What differs first between a file's architecture and a model's, if both are known."""
    if wanted is None:
        return ""
    try:
        found = architecture.describe(model)
    except (TypeError, ValueError):
        return ""
    return architecture.difference(wanted, found)


def _generators(model: Module) -> dict[str, Place]:
    """Where the generators of a model are, if others can be put there."""
    found = places(model)
    for path, place in found.items():
        if isinstance(place.owner, tuple):
            raise TypeError(
                "expected random generators in attributes, lists, dicts or arrays, where load can replace "
                f"them, but {path} is in a tuple: make it a list"
            )
    return found


def _optimizer_parts(optimizer: Optimizer) -> dict[str, Any]:
    return _object_parts(optimizer) | {"state": optimizer.state_dict()}


def _object_parts(thing: Any) -> dict[str, Any]:
    """The class and the arguments of an optimizer or a schedule."""
    kind = type(thing).__name__
    if CLASSES.get(kind) is not type(thing):
        raise TypeError(
            f"expected one of {', '.join(CLASSES)} to save, but got {thing!r}, which a file cannot hold: "
            "choose one of these, or leave out optimizer=, as a history has the optimizer's state"
        )
    arguments = {field.name: getattr(thing, field.name) for field in fields(thing)}
    return {
        "class": kind,
        "arguments": {
            name: x if x is None or isinstance(x, Real | tuple) else _object_parts(x)
            for name, x in arguments.items()
        },
    }


def _optimizer(parts: Any) -> Optimizer:
    optimizer = _object(parts)
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"expected an optimizer, but there is {optimizer!r}")
    optimizer.load_state_dict(parts["state"])
    return optimizer


def _object(parts: Any) -> Any:
    arguments = {
        name: tuple(x) if isinstance(x, list) else _object(x) if isinstance(x, dict) else x
        for name, x in parts["arguments"].items()
    }
    return choose(CLASSES, parts["class"], "class")(**arguments)
