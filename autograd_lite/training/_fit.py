"""`fit`: from a model and data to a trained model and the history of its training."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from autograd_lite._choose import choose
from autograd_lite._extras import import_extra
from autograd_lite.nn.losses import LOSSES
from autograd_lite.nn.module import Module
from autograd_lite.optim import SGD
from autograd_lite.training._data import arrays
from autograd_lite.training._engines import ENGINES, Loss
from autograd_lite.training._history import History

Callback = Callable[[History], object]


def fit(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | Loss,
    optimizer: SGD | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
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
        training mode during the steps and out of it while the data are tried out and in callbacks;
        afterwards it is in the mode that it was in before.
    X : array_like of shape (n_examples, n_inputs)
        The examples, finite numbers.
    y : array_like of shape (n_examples,) or (n_examples, n_outputs)
        What the loss compares the model's outputs with.
    loss : str or callable
        A name in `nn.LOSSES`, or a function ``(prediction, target) -> Value`` of one example.
    optimizer : SGD, optional
        The update rule, by default ``SGD(lr=0.01)``.
    epochs : int, optional
        How many times to go through the data.
    batch_size : int, optional
        How many examples make a step, the last batch of an epoch being smaller if need be; by
        default all of them.
    seed : int or numpy.random.Generator, optional
        For the order of the examples, drawn anew in each epoch.
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
        model then has the weights of the last whole step.

    Raises
    ------
    ValueError
        If the data are empty, not finite, or of different lengths, the model does not take them, the
        loss does not take the labels, or a name or a number is out of range: all this before any
        parameter is changed.
    TypeError
        If the model or the loss return something else than Values, or cannot be compiled, because they
        branch on data or take the number out of a Value.
    FloatingPointError
        If the loss or a weight becomes infinite or NaN; the model keeps the weights of the step before.

    References
    ----------
    uOttawa lecture, `SimpleMLP.train`; SUTD lecture, the trainer function.

    Examples
    --------
    >>> from autograd_lite.nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> history = fit(model, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], loss="mse",
    ...               optimizer=SGD(lr=0.3), epochs=200)
    >>> round(model([10.0]).data, 3)
    21.0
    """
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module to train, but got {model!r}")
    if not isinstance(optimizer, SGD | None):
        raise TypeError(f"expected an optimizer, such as SGD(lr=0.1), but got {optimizer!r}")
    if not isinstance(callbacks, Iterable) or not all(map(callable, callbacks := list(callbacks))):
        raise TypeError(f"expected a list of functions as callbacks, but got {callbacks!r}")
    per_example = loss if callable(loss) else choose(LOSSES, loss, "loss")
    data = arrays(X, y)
    epochs = _count("epochs", epochs, 0)
    batch_size = len(data[0]) if batch_size is None else _count("batch_size", batch_size, 1)
    optimizer = optimizer or SGD()
    trainer = choose(ENGINES, engine, "engine")(model, per_example, *data)
    rng = np.random.default_rng(seed)
    history = History()
    modules = list(model.modules())
    with _in_mode(modules, False):
        trainer.try_out()
    with _progress_bar(epochs, progress) as bar, _in_mode(modules, False):
        try:
            for epoch in range(epochs):
                order = rng.permutation(len(data[0]))
                with _in_mode(modules, True):
                    mean_loss = trainer.train(order, batch_size, optimizer, epoch)
                lr = optimizer.learning_rate(epoch)
                history.loss.append(mean_loss)
                history.learning_rate.append(lr)
                if bar is not None:
                    bar.set_postfix(loss=f"{history.loss[-1]:.4g}", refresh=False)
                    bar.update()
                verdicts = [callback(history) for callback in callbacks]
                if any(map(_says_stop, verdicts)):
                    history.stop_reason = f"a callback ended it after {epoch + 1} epochs"
                    return history
            history.stop_reason = f"all {epochs} epochs done"
        except KeyboardInterrupt:
            del history.loss[len(history.learning_rate) :]
            history.stop_reason = f"interrupted in epoch {len(history) + 1}"
            print(f"training was {history.stop_reason}", file=sys.stderr)
    return history


@contextmanager
def _in_mode(modules: list[Module], mode: bool) -> Iterator[None]:
    """A context in which modules are in training mode or not; after it each is in its own mode again."""
    before = [module.training for module in modules]
    try:
        for module in modules:
            module.training = mode
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.training = training


def _count(name: str, n: Any, least: int) -> int:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < least:
        raise ValueError(f"expected an integer of at least {least} for {name}, but got {n!r}")
    return int(n)


def _says_stop(answer: object) -> bool:
    """Whether a callback returned True: NumPy's too, but nothing that merely counts as true."""
    return isinstance(answer, bool | np.bool_) and bool(answer)


def _progress_bar(epochs: int, progress: bool | None) -> AbstractContextManager[Any]:
    """A tqdm bar, or nothing where there is no tqdm or no terminal and none was asked for."""
    if progress is False or (progress is None and not sys.stderr.isatty()):
        return nullcontext()
    try:
        tqdm = import_extra("tqdm", "demos").tqdm
    except ImportError:
        if progress:
            raise
        return nullcontext()
    bar: AbstractContextManager[Any] = tqdm(total=epochs, unit="epoch")
    return bar
