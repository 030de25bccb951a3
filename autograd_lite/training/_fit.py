"""`fit`: from a model and data to a trained model and the history of its training."""

import reprlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from autograd_lite._choose import choose_argument
from autograd_lite._extras import import_extra
from autograd_lite.nn.module import Module
from autograd_lite.optim import SGD, Optimizer
from autograd_lite.optim._checks import count, positive
from autograd_lite.training._data import (
    Array,
    Data,
    Indices,
    examples,
    held_out,
    held_out_size,
    is_fraction,
    split,
)
from autograd_lite.training._engines import ENGINES, Divergence, Penalty
from autograd_lite.training._evaluation import Loss, in_mode
from autograd_lite.training._generators import generators
from autograd_lite.training._history import DivergenceError, History
from autograd_lite.training._loop import Callback, Training
from autograd_lite.training._metrics import Metric, metrics_for, named_loss, require_logits

Validation = float | tuple[ArrayLike, ArrayLike]


def fit(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | Loss,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    penalty: Penalty | None = None,
    validation: Validation | None = None,
    patience: int | None = None,
    tol: float | None = None,
    metrics: Iterable[str | Metric] = (),
    restarts: int = 1,
    history: History | None = None,
    seed: int | Generator | None = None,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    engine: str = "compiled",
) -> History:
    """Train a model by mini-batch gradient descent on the mean loss of each batch.

    Parameters
    ----------
    model : Module
        Called with one example, a list of numbers, it returns a Value or a list of Values. It is in
        training mode during the steps and out of it in callbacks; afterwards it is in the mode that it was in
        before.
    X : array_like of shape (n_examples, n_inputs)
        The examples, finite numbers.
    y : array_like of shape (n_examples,) or (n_examples, n_outputs)
        What the loss compares the model's outputs with.
    loss : str or callable
        A name in `nn.LOSSES`, or a function ``(prediction, target) -> Value`` of one example.
    optimizer : Optimizer, optional
        The update rule, by default ``SGD(lr=0.01)``. It forgets all earlier updates first, and no other
        training may use it meanwhile, such as one in a callback.
    epochs : int, optional
        How many times to go through the data at most.
    batch_size : int, optional
        How many examples make a step, the last batch of an epoch being smaller if need be; by
        default all of them.
    penalty : callable, optional
        A function ``penalty(model) -> Value`` that is added to the mean loss of each batch, such as those of
        `nn.penalties`. It is differentiated, and part of `History.loss`.
    validation : float or pair (X_val, y_val), optional
        Examples on which the model is not trained but, after each epoch and out of training mode, judged: the
        fraction of X that is held out for this, chosen at random, or data of their own.
    patience : int, optional
        Early stopping: after so many epochs in a row without a lower validation loss the training ends.
        However it ends, except by Ctrl-C, the model then has the weights of the lowest.
    tol : float, optional
        The training ends when the loss changes by less than this from one epoch to the next.
    metrics : iterable of str or callable, optional
        What to compute after each epoch besides the loss, on the training set and on the validation set:
        functions ``(outputs, targets) -> float`` of arrays, ``"mae"``, ``"r2"`` or ``"accuracy"``. The
        loss says which class an output means: for ``"cross_entropy"`` and ``"categorical_cross_entropy"`` the
        largest one; class 1 from 0.5 on for ``"binary_cross_entropy"``, from 0 on for its logits
        and for ``"hinge"``, and halfway between labels 0 and 1, or -1 and 1, for ``"mse"``, ``"mae"`` and
        ``"huber"``. With other losses labels must be -1 and 1, and the boundary is 0. If
        there are several labels for an example, each counts.
    restarts : int, optional
        How many trainings to do, one from the model's weights and the others from weights that
        ``model.reset_parameters`` draws. The model ends with the best: by the validation loss, or by
        the last loss if there is none, which is the mean over the steps of the last epoch, with its
        dropout. One that diverges does not end the others. After Ctrl-C the start that was interrupted counts
        like the others, with its last whole epoch or, with `patience`, its best one.
    history : History, optional
        What an earlier call returned, to go on where it ended, with its weights, the state of its
        optimizer and its random numbers: if all else is the same, the end is the one of a training that was
        never stopped. `epochs` counts those in it, too, and `seed` is not used. It is not changed itself.
    seed : int or numpy.random.Generator, optional
        For the order of the examples, drawn anew in each epoch, for those that are held out, and for
        the weights of restarts.
    callbacks : iterable of callable, optional
        Called with the `History` at the end of each epoch; one that returns True ends the training.
    progress : bool, optional
        Whether to show a progress bar; by default, if tqdm is installed and the output a terminal.
    engine : {"compiled", "eager"}, optional
        Whether model and loss are recorded once, with `Value`s for the example and its target, and become a
        program of NumPy calls for batches, or are called with the floats of every example in every step.
        The second is slower by far, but takes any Python code, and notices what callbacks change of the
        model besides the numbers in Values. Weights and losses are the same, up to rounding, and so are
        the masks of `Dropout`. The first does not touch the `grad` of the parameters.

    Returns
    -------
    History
        Also if the training is interrupted with Ctrl-C, which a line on standard error says: the
        model then has the weights of the last whole step; with several starts, those of the best.

    Raises
    ------
    ValueError
        If the data are empty, not finite, or of different lengths, the model does not take them, the
        loss does not take the labels or what the model ends in, a name or a number is out of range, or two
        arguments do not go together: all this before any parameter is changed.
    TypeError
        If an argument is of another type, if the model, the loss, the penalty or a metric return something
        else than Values or numbers, or if they cannot be compiled, because they branch on data or take
        the number out of a Value.
    DivergenceError
        If the loss, the validation loss or a weight becomes infinite or NaN, in every start. With `patience`
        the model then has the weights of the lowest validation loss, and without those of the step before,
        or of the epoch before if it is the validation loss. The error has the `history`; it is a
        FloatingPointError.
    Exception
        What a callback, a metric or a schedule raises during the training. It gets the `history` of the whole
        epochs as an attribute, with which to go on, also of the starts before, and the model has the weights
        of the last step.

    References
    ----------
    uOttawa lecture, `SimpleMLP.train`, regularization and early stopping; SUTD lecture, the trainer function.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> X, y = [[0.0], [1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 5.0, 7.0, 9.0]
    >>> history = fit(model, X, y, loss="mse", optimizer=SGD(lr=0.05), epochs=1000, tol=1e-9)
    >>> round(model([10.0]).data, 2), history.stop_reason
    (21.0, 'the loss changed by less than 1e-09 in epoch 242')

    Stopped when the loss on other data falls no more:

    >>> history = fit(model, X, y, loss="mse", validation=0.2, patience=3, metrics=["mae"], seed=0)
    >>> sorted(history.metrics), len(history.val_loss) == len(history)
    (['mae', 'val_mae'], True)
    """
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module to train, but got {model!r}")
    if not isinstance(optimizer, Optimizer | None):
        raise TypeError(f"expected an optimizer, such as SGD(lr=0.1), but got {_advised(optimizer)}")
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks := [*callbacks])):
        one = ": write it in a list, [...]" if callable(callbacks) else ""
        raise TypeError(f"expected a list of functions as callbacks, but got {reprlib.repr(callbacks)}{one}")
    if penalty is not None and (not callable(penalty) or isinstance(penalty, type)):
        made = f", a class: write {penalty.__name__}(...)" if isinstance(penalty, type) else ""
        made = made or ", such as nn.L2(0.01), or lambda model: nn.L1(0.1)(model) + nn.L2(0.1)(model)"
        raise TypeError(f"expected a function of the model as penalty, but got {penalty!r}{made}")
    if not isinstance(progress, bool | None):
        raise TypeError(f"expected True, False or None for progress, but got {progress!r}")
    if history is not None and not isinstance(history, History):
        raise TypeError(f"expected the History that fit returned, but got {history!r}")
    per_example = named_loss(loss)
    data = examples(X, y)
    measures = metrics_for(metrics, per_example, data.targets)
    epochs = count("epochs", epochs, 0)
    restarts = count("restarts", restarts, 1)
    if restarts > 1 and history is not None:
        raise ValueError("expected restarts=1 with a history: what is continued is its best start")
    if restarts > 1 and not hasattr(model, "reset_parameters"):
        raise TypeError(f"expected a model with the method reset_parameters for restarts, but got {model!r}")
    if patience is not None and validation is None:
        raise ValueError("expected validation with patience, which waits for the validation loss to fall")
    if validation is not None and (twice := [name for name in measures if f"val_{name}" in measures]):
        raise ValueError(
            f"expected metrics of different names, but 'val_{twice[0]}' is {twice[0]} on the validation set"
        )
    rng = _seeded(seed)
    kept, validated, chosen = _separated(data, validation, history, rng)
    training = Training(
        engine=choose_argument(ENGINES, engine, "engine")(model, per_example, penalty, kept),
        modules=list(model.modules()),
        generators=generators(model),
        optimizer=SGD() if optimizer is None else optimizer,
        data=kept,
        validation=validated,
        held_out=chosen,
        metrics=measures,
        epochs=epochs,
        batch_size=len(data.inputs) if batch_size is None else count("batch_size", batch_size, 1),
        patience=None if patience is None else count("patience", patience, 1),
        tol=None if tol is None else positive("tol", tol),
        callbacks=list(callbacks),
    )
    if history is not None:
        training.check(history)
    with _in_use(training.optimizer), in_mode(training.modules, False):
        _try_out(training, data, validated if chosen is None else None)
        require_logits(model, per_example, data.inputs[0])
        starts = _weights_of_starts(model, training, restarts, rng)
        with _progress_bar(epochs * restarts, progress, 0 if history is None else len(history)) as bar:
            ended = _all_starts(training, starts, history, rng, bar)
    if ended[-1].history.is_interrupted and progress is not False:
        print(f"training was {ended[-1].history.stop_reason}", file=sys.stderr)
    return _best(training, ended)


def _advised(optimizer: object) -> str:
    """What came instead of an optimizer; a schedule belongs into one."""
    if isinstance(optimizer, str | type):
        return f"{optimizer!r}: import a rule from autograd_lite.optim, and make one, as in Adam(lr=0.001)"
    if callable(optimizer) and not isinstance(optimizer, type):
        return f"{optimizer!r}, a schedule: write SGD(lr={optimizer!r})"
    return repr(optimizer)


def _seeded(seed: Any) -> Generator:
    """The generator of a seed."""
    wanted = "expected an integer of at least 0 or a numpy.random.Generator for seed, but got"
    if isinstance(seed, bool):
        raise TypeError(f"{wanted} {seed!r}")
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{wanted} {seed!r}") from None


@contextmanager
def _in_use(optimizer: Optimizer) -> Iterator[None]:
    """A context in which no other training takes the optimizer, whose state that would reset."""
    if optimizer._in_use_as == id(optimizer):
        raise ValueError(f"expected an optimizer that no other training uses, but {optimizer!r} is in one")
    optimizer._in_use_as = id(optimizer)
    try:
        yield
    finally:
        optimizer._in_use_as = None


def _separated(
    data: Data, validation: Validation | None, history: History | None, rng: Generator
) -> tuple[Data, Data | None, Indices | None]:
    """The examples to train on, those to validate on, and the places of these if they are held out."""
    if validation is None:
        return data, None, None
    if not is_fraction(validation):
        X, y = validation  # type: ignore[misc]
        return data, examples(X, y, "_val"), None
    n = len(data.inputs)
    size = held_out_size(validation, n)  # type: ignore[arg-type]
    if history is None or history._standing is None or history._standing.held_out is None:
        chosen = held_out(size, n, rng)
    else:
        chosen = history._standing.held_out
        if len(chosen) != size or chosen.max() >= n:
            raise ValueError(
                f"expected examples and fraction of the history, in which {len(chosen)} are held out, "
                f"but {validation!r} of {n} examples are {size}"
            )
    return *split(data, chosen), chosen


def _try_out(training: Training, data: Data, validated: Data | None) -> None:
    """Meet the errors that data and metrics can cause before the first parameter changes."""
    if not training.generators:
        training.engine.try_steps(training.data)
        if not (training.metrics or training.validation):
            return
    tried = [(data, training.engine.try_out(data))]
    if validated is not None:
        tried.append((validated, training.engine.try_out(validated, constants=True)))
    for each, (outputs, _) in tried:
        for metric in training.metrics.values():
            metric(outputs, each.targets)


def _weights_of_starts(model: Any, training: Training, restarts: int, rng: Generator) -> list[Array]:
    """The model's weights, which it keeps, and those that it draws for the other starts."""
    starts = [training.weights()]
    if restarts == 1:
        return starts
    # A stream of its own: the model's weights were perhaps drawn with the seed that `fit` is given, too.
    source = np.random.default_rng(rng.integers(2**32, size=4))
    try:
        for _ in range(restarts - 1):
            model.reset_parameters(source)
            training.engine.look_again()
            starts.append(training.weights())
    finally:
        training.set_weights(starts[0])
    return starts


class _End(NamedTuple):
    """How a start ended."""

    history: History
    divergence: Divergence | None


def _all_starts(
    training: Training, starts: list[Array], history: History | None, rng: Generator, bar: Any
) -> list[_End]:
    """Train from each of the weights, until an interruption."""
    ended: list[_End] = []
    for weights in starts:
        divergence = None
        if history is None:
            training.set_weights(weights)
            current = training.begin(rng)
        else:
            current, rng = training.resume(history)
        try:
            training.run(current, rng, partial(_show, bar))
        except Divergence as error:
            current.stop_reason, divergence = str(error), error
        except KeyboardInterrupt:
            assert current.is_interrupted
        except Exception:
            current.restarts = [*(end.history for end in ended), current] if ended else current.restarts
            raise
        ended.append(_End(current, divergence))
        if current.is_interrupted:
            break
    return ended


def _best(training: Training, ended: list[_End]) -> History:
    """The start with the lowest loss, with whose weights the model ends."""
    *_, last = ended
    if len(ended) == 1:
        if last.divergence is not None:
            raise DivergenceError(str(last.divergence), last.history) from None
        return last.history
    best = min(ended, key=lambda end: (end.divergence is not None, training.score(end.history)))
    best.history.restarts = [end.history for end in ended]
    if best.divergence is not None:
        message = f"all {len(ended)} starts diverged, the last one: {last.divergence}"
        raise DivergenceError(message, best.history) from None
    assert best.history._standing is not None
    training.set_weights(training.scored(best.history))
    if best.history.is_interrupted:
        best.history.stop_reason += training.take_back(best.history, len(best.history))
    training.optimizer.load_state_dict(best.history._standing.optimizer_state)
    return best.history


def _show(bar: Any, history: History) -> None:
    """Move the progress bar on by an epoch."""
    if bar is not None:
        losses = {"loss": history.loss, "val_loss": history.val_loss}
        bar.set_postfix({name: f"{curve[-1]:.4g}" for name, curve in losses.items() if curve}, refresh=False)
        bar.update()


def _progress_bar(epochs: int, progress: bool | None, done: int) -> AbstractContextManager[Any]:
    """A tqdm bar, or nothing where there is no tqdm or no terminal and none was asked for."""
    if progress is False or (progress is None and not sys.stderr.isatty()):
        return nullcontext()
    try:
        tqdm = import_extra("tqdm", "cli").tqdm
    except ImportError:
        if progress:
            raise
        return nullcontext()
    bar: AbstractContextManager[Any] = tqdm(total=epochs, initial=done, unit="epoch")
    return bar
