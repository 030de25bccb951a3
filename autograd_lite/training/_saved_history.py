"""A history as data for a file, and back, with checks of everything that a training goes on with."""

from typing import Any

import numpy as np

from autograd_lite.training._data import Array
from autograd_lite.training._generators import generator_of
from autograd_lite.training._history import History, Standing


def history_parts(history: History, n: int) -> dict[str, Any]:
    """What a file says about a history of the training of a model with n parameters."""
    standing = history._standing
    if standing is not None and len(standing.weights) != n:
        raise ValueError(
            f"expected the history of this model's training, but it is of {len(standing.weights)} "
            f"parameters, and the model has {n}"
        )
    starts = history.restarts
    if not isinstance(starts, list) or not all(isinstance(start, History) for start in starts):
        raise ValueError(f"expected a list of the histories of all starts in restarts, but got {starts!r}")
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
        "is_interrupted": history.is_interrupted,
    }


def history_of(parts: Any, n: int) -> History:
    """The history of a model with n parameters that a file tells of; raises some error if there is none."""
    history = _history_of_curves(parts)
    history.restarts = [_history_of_curves(start) for start in parts["restarts"]]
    if (best := parts["best"]) is not None:
        if type(best) is not int or best < 0:
            raise ValueError(f"the best start has the number {best!r}")
        history.restarts[best] = history
    if parts["standing"] is not None:
        history._standing = _standing(parts["standing"], history, n)
    return history


def _standing(parts: Any, history: History, n: int) -> Standing:
    standing = Standing(**parts)
    vector(standing.weights, n)
    vector(standing.best, n)
    for state in (standing.order, *standing.generators.values()):
        generator_of(state)
    held_out, lowest = standing.held_out, standing.lowest
    if (
        type(standing.epochs) is not int
        or any(len(curve) != standing.epochs for curve in history._curves() if curve is not history.val_loss)
        or not (lowest is None or (type(lowest) is int and 0 <= lowest < len(history.val_loss)))
        or standing.shared not in (None, *standing.generators)
        or not isinstance(standing.optimizer, str)
        or not (held_out is None or (held_out.ndim == 1 and held_out.dtype.kind == "i" and held_out.size))
        or (held_out is not None and (held_out[0] < 0 or (np.diff(held_out) <= 0).any()))
    ):
        raise ValueError("the history does not say where the training stands")
    _require_state(standing.optimizer_state, n)
    return standing


def _require_state(state: Any, n: int) -> None:
    """Raise ValueError unless it is an optimizer's state, of n parameters or before the first update."""
    if not isinstance(state, dict):
        raise ValueError("the history has no state of the optimizer")
    if state and state["n_parameters"] != n:
        raise ValueError(f"the optimizer's state is that of {state['n_parameters']!r} parameters, not of {n}")
    for name, x in state.items():
        if isinstance(x, np.ndarray):
            vector(x, n)
        elif type(x) is not int or x < 0:
            raise ValueError(f"{name!r} in the optimizer's state is {x!r}")


def _history_of_curves(parts: Any) -> History:
    parts = {"is_interrupted": False, **parts}  # earlier files do not have it
    history = History(**{name: parts[name] for name in _curves(History())})
    curves = history._curves()
    if not all(isinstance(curve, list) and all(type(x) in (int, float) for x in curve) for curve in curves):
        raise ValueError("the history has curves that are no lists of numbers")
    for curve in curves:
        np.array(curve, dtype=float)  # raises OverflowError for an integer beyond the floats
    if not isinstance(history.stop_reason, str):
        raise ValueError("the history does not say why the training ended")
    if not isinstance(history.is_interrupted, bool):
        raise ValueError("the history does not say whether the training was interrupted")
    # A history that was made by hand may have nothing but the loss.
    required = [curve for curve in (history.learning_rate, history.val_loss) if curve]
    if any(len(curve) != len(history) for curve in (*required, *history.metrics.values())):
        raise ValueError("the history has curves of different lengths")
    return history


def vector(x: Any, n: int) -> Array:
    """`x`, if it is an array of n finite numbers; raises ValueError otherwise."""
    if not isinstance(x, np.ndarray) or x.dtype != np.float64 or x.shape != (n,):
        found = f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(f"{n} weights should be there, but there is {found}")
    if not np.isfinite(x).all():
        k = int(np.argmin(np.isfinite(x)))
        raise ValueError(f"weight number {k} is {x[k]}")
    return x
