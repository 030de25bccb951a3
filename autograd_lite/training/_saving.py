"""`save` and `load`: a model, its optimizer and its history in one file of arrays, without pickle."""

from dataclasses import fields
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from autograd_lite import optim
from autograd_lite._choose import choose
from autograd_lite.nn import architecture
from autograd_lite.nn.module import Module, assign
from autograd_lite.optim import Optimizer
from autograd_lite.training._archive import NewerError, PathLike, content_of, file_at, write
from autograd_lite.training._data import Array
from autograd_lite.training._generators import Place, generator_of, places, state_of
from autograd_lite.training._history import History, Standing

# What a file may name: optimizers and schedules. Their arguments are checked by their constructors.
CLASSES: dict[str, Any] = {
    name: getattr(optim, name) for name in optim.__all__ if getattr(optim, name) is not Optimizer
}


class Saved(NamedTuple):
    """What `load` returns."""

    model: Module
    optimizer: Optimizer | None
    history: History | None


def save(
    path: PathLike, model: Module, *, optimizer: Optimizer | None = None, history: History | None = None
) -> None:
    """Write a model to a file, and what is needed to go on with its training.

    The file is a .npz archive of NumPy arrays, one of them text in JSON. It takes the place of a file of that
    name at once: whatever happens, there is the old one or the new one. It can be called in
    a callback of `fit`, and the training continued with ``fit(..., history=history)``.

    Parameters
    ----------
    path : str or os.PathLike
        The name of the file, as it is: nothing is appended.
    model : Module
        Of any class. Those of `nn` are made anew by `load`, unless you changed them after they were made, or
        they have an initializer of your own. Of these and of others, the weights and the states of random
        generators are saved, and `load` has to be given a model of the same form.
    optimizer : Optimizer, optional
        One of `optim`, its learning rate a number or a schedule of `optim`.
    history : History, optional
        That of the model's training.

    Raises
    ------
    OSError
        If the file cannot be written: FileNotFoundError if there is no such folder, IsADirectoryError
        if `path` is one.
    TypeError
        If something is of another class, or the optimizer has an argument that a file cannot hold, such
        as a function.
    ValueError
        If a weight is infinite or NaN, or the history is that of a model with other parameters.

    Examples
    --------
    >>> import tempfile
    >>> from autograd_lite.nn import MLP
    >>> folder = Path(tempfile.mkdtemp())
    >>> model = MLP(2, [3, 1], seed=0)
    >>> save(folder / "model.npz", model)
    >>> load(folder / "model.npz").model([1.0, 2.0]).data == model([1.0, 2.0]).data
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
    content = {
        "model": _model_parts(model),
        "optimizer": None if optimizer is None else _optimizer_parts(optimizer),
        "history": None if history is None else _history_parts(history, len(model.parameters())),
    }
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
    NamedTuple (model, optimizer, history)
        The last two are None if they were not saved.

    Raises
    ------
    OSError
        If the file cannot be read: FileNotFoundError if there is none.
    ValueError
        If it is not one that `save` wrote, damaged, or of a newer version, has weights that are not
        finite, or the model is of another form; then nothing is changed.
    TypeError
        If `model` is no Module.

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
        history = None if content["history"] is None else _history(content["history"], len(parts.weights))
        made = architecture.build(parts.architecture) if parts.architecture and model is None else model
    except NewerError:
        raise
    except Exception as error:
        raise ValueError(
            f"expected a file that save wrote, but {str(path)!r} is another one or damaged: {error}"
        ) from error
    if made is None:
        raise ValueError(
            f"expected a model to load the weights of {parts.name} into: pass model=, of the same form "
            f"({parts.reason})"
        )
    _fill(made, parts)
    return Saved(made, optimizer, history)


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
        description, reason = None, str(error)
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
    if not all(isinstance(name, str) for name in names):
        raise ValueError("the parameters have no names")
    model = _Model(
        str(parts["name"]),
        parts["architecture"],
        str(parts["reason"]),
        names,
        _vector(parts["weights"], len(names)),
        [generator_of(state) for state in parts["generators"]],
        parts["places"],
    )
    if not all(type(k) is int and 0 <= k < len(model.generators) for k in model.places.values()):
        raise ValueError("a random generator is missing")
    return model


def _fill(model: Module, parts: _Model) -> None:
    """Give a model the weights and the generators of a file, all of them or none."""
    parameters = dict(model.named_parameters())
    if list(parameters) != parts.names:
        different = next((name for name in parts.names if name not in parameters), "their order")
        raise ValueError(
            f"expected a model with the {len(parts.names)} parameters of the {parts.name} in the file, but "
            f"got {model!r} with {len(parameters)}, and what differs first is {different}"
        )
    owners = _generators(model)
    if owners.keys() != parts.places.keys():
        raise ValueError(
            f"expected a model with {len(parts.places)} random generators, as the {parts.name} in the file, "
            f"but got {model!r} with {len(owners)}"
        )
    assign(parameters.values(), parts.weights.tolist())
    for path, place in owners.items():
        place.put(parts.generators[parts.places[path]])


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
            f"expected one of {', '.join(CLASSES)} to save, but got {thing!r}: a file cannot hold it"
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


def _history_parts(history: History, n: int) -> dict[str, Any]:
    standing = history._standing
    if standing is not None and len(standing.weights) != n:
        raise ValueError(
            f"expected the history of this model's training, but it is of {len(standing.weights)} "
            f"parameters, and the model has {n}"
        )
    starts = history.restarts
    return _curves(history) | {
        "standing": None if standing is None else standing._asdict(),
        "restarts": [_curves(start) for start in starts],
        "best": next((k for k, start in enumerate(starts) if start is history), None),
    }


def _curves(history: History) -> dict[str, Any]:
    return {
        "loss": history.loss,
        "learning_rate": history.learning_rate,
        "val_loss": history.val_loss,
        "metrics": history.metrics,
        "stop_reason": history.stop_reason,
    }


def _history(parts: Any, n: int) -> History:
    history = _history_of_curves(parts)
    history.restarts = [_history_of_curves(start) for start in parts["restarts"]]
    if parts["best"] is not None:
        history.restarts[parts["best"]] = history
    if parts["standing"] is not None:
        history._standing = standing = Standing(**parts["standing"])
        _vector(standing.weights, n)
        _vector(standing.best, n)
        for state in (standing.order, *standing.generators.values()):
            generator_of(state)
        held_out = standing.held_out
        if (
            standing.epochs != len(history)
            or standing.lowest not in (None, *range(len(history.val_loss)))
            or standing.shared not in (None, *standing.generators)
            or not isinstance(standing.optimizer_state, dict)
            or not (held_out is None or (held_out.ndim == 1 and held_out.dtype.kind == "i" and held_out.size))
            or (held_out is not None and held_out.min() < 0)
        ):
            raise ValueError("the history does not say where the training stands")
    return history


def _history_of_curves(parts: Any) -> History:
    history = History(**{name: parts[name] for name in _curves(History())})
    curves = [history.loss, history.learning_rate, history.val_loss, *history.metrics.values()]
    if not all(isinstance(curve, list) and all(type(x) in (int, float) for x in curve) for curve in curves):
        raise ValueError("the history has curves that are no lists of numbers")
    if not isinstance(history.stop_reason, str):
        raise ValueError("the history does not say why the training ended")
    if any(len(curve) != len(history) for curve in curves if curve is not history.val_loss or curve):
        raise ValueError("the history has curves of different lengths")
    return history


def _vector(x: Any, n: int) -> Array:
    if not isinstance(x, np.ndarray) or x.dtype != np.float64 or x.shape != (n,):
        found = f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(f"{n} weights should be there, but there is {found}")
    if not np.isfinite(x).all():
        k = int(np.argmin(np.isfinite(x)))
        raise ValueError(f"weight number {k} is {x[k]}")
    return x
