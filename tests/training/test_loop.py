"""When a training ends, with which weights, and that it can be stopped and continued bit for bit."""

import math
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.nn import MLP, Dropout, Layer, Module, Neuron, Sequential, mse
from autograd_lite.nn.penalties import L1, L2
from autograd_lite.optim import SGD, Adam, CosineDecay, RMSprop
from autograd_lite.training import DivergenceError, History, fit, load, save

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
ENGINES = ["compiled", "eager"]


def small_model(seed=0):
    return MLP(2, [3, 1], "tanh", "sigmoid", seed=seed)


def trained(**how):
    """A small model after training on X and Y, and the history."""
    model = how.pop("model", None) or small_model()
    history = fit(model, X, how.pop("y", Y), **{"loss": "binary_cross_entropy", "epochs": 3, "seed": 0} | how)
    return model, history


def refused(error, match, **how):
    """That `fit` raises before it changes the model or the optimizer, the same with both engines."""
    model = how.pop("model", None) or small_model()
    state = model.state_dict()
    messages = set()
    for engine in ENGINES:
        with pytest.raises(error, match=match) as caught:
            trained(model=model, engine=engine, **how)
        messages.add(str(caught.value))
        assert model.state_dict() == state
    assert len(messages) == 1


def following(losses):
    """A model and data with which the validation loss takes these values, one after each epoch.

    The weight is 0 at first and grows by 1 in each epoch, and so does what the table is asked for.
    """
    table = [Value(x) for x in losses]

    class Counter(Module):
        def __init__(self):
            self.w = Value(0.0)

        def __call__(self, x):
            return self.w * x[0]

    def loss(prediction, target):
        return -prediction if target == 1 else table[min(round(prediction.data), len(losses)) - 1] * 1.0

    how = {"loss": loss, "optimizer": SGD(1.0), "validation": ([[1.0]], [0.0]), "engine": "eager"}
    return Counter(), how


# Penalties


@pytest.mark.parametrize("engine", ENGINES)
def test_a_penalty_is_added_once_to_the_mean_loss_of_each_batch_and_differentiated(engine):
    """On a single weight: w ← w - α (dJ/dw + β w), whatever the batches."""
    beta, alpha, w = 0.5, 0.1, 1.5
    model = Neuron(1, nonlin=False, init=lambda rng, n, m: np.array([[w]]))
    inputs, targets = np.zeros((5, 1)), np.zeros(5)
    how = {"loss": "mse", "penalty": L2(beta), "optimizer": SGD(alpha), "batch_size": 2, "epochs": 2}
    history = fit(model, inputs, targets, engine=engine, **how)
    steps = [w * (1 - alpha * beta) ** k for k in range(7)]
    assert model.w[0].data == pytest.approx(steps[6], rel=1e-12)
    penalties = [0.5 * beta * s * s for s in steps]
    assert history.loss[0] == pytest.approx(
        (2 * penalties[0] + 2 * penalties[1] + penalties[2]) / 5, rel=1e-12
    )


@settings(max_examples=20)
@given(
    penalty=st.sampled_from([L1(0.1), L2(0.1), L2(0.3, biases=True), lambda model: model.weights()[0] ** 4]),
    n=st.integers(1, 9),
    batch_size=st.integers(1, 10) | st.none(),
    validation=st.sampled_from([None, (X[:3], Y[:3])]),
    seed=st.integers(0, 1000),
)
def test_both_engines_give_the_same_with_penalties_and_validation(penalty, n, batch_size, validation, seed):
    results = []
    for engine in ENGINES:
        model = small_model(seed)
        how = {"penalty": penalty, "batch_size": batch_size, "validation": validation, "seed": seed}
        history = fit(model, X[:n], Y[:n], loss="binary_cross_entropy", epochs=3, engine=engine, **how)
        results.append([*(p.data for p in model.parameters()), *history.loss, *history.val_loss])
    np.testing.assert_allclose(*results, rtol=1e-9, atol=1e-9)


def test_the_validation_loss_is_without_the_penalty():
    how = {"penalty": L2(10.0), "validation": (X, Y), "epochs": 1, "optimizer": SGD(1e-12)}
    history = trained(**how)[1]
    assert history.val_loss == pytest.approx(trained(epochs=1)[1].loss, rel=1e-9)
    assert history.loss[0] > history.val_loss[0] + 1


@pytest.mark.parametrize("result", [None, 1.0, [Value(1.0)]])
def test_a_penalty_that_returns_no_value_is_refused(result):
    refused(TypeError, "expected a penalty that returns a Value, but got", penalty=lambda model: result)


def test_a_penalty_on_nothing_is_none():
    assert trained(penalty=lambda model: 0.0)[0].state_dict() == trained()[0].state_dict()


@pytest.mark.parametrize("penalty", [0.1, "l2"])
def test_a_penalty_that_is_no_function_is_refused(penalty):
    refused(TypeError, "expected a function of the model as penalty", penalty=penalty)


def test_a_class_of_penalties_is_refused_with_what_to_write():
    refused(TypeError, r"as penalty, but got <class .*L2'>, a class: write L2\(\.\.\.\)", penalty=L2)


# Validation


@pytest.mark.parametrize("engine", ENGINES)
def test_the_validation_loss_is_that_of_the_weights_after_each_epoch_out_of_training_mode(engine):
    model = Sequential(Layer(2, 4, seed=1), Dropout(0.5, seed=2), Layer(4, 1, nonlin=False, seed=3))
    expected = []

    def callback(history):
        assert not model.training
        expected.append(np.mean([mse(model(x).data, y) for x, y in zip(X[:5], Y[:5], strict=True)]))

    how = {"loss": "mse", "validation": (X[:5], Y[:5]), "callbacks": [callback], "engine": engine}
    history = fit(model, X[5:], Y[5:], **how, epochs=4, batch_size=4, seed=0)
    assert history.val_loss == pytest.approx(expected, rel=1e-12)
    assert model.training


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_a_fraction_is_held_out_and_not_trained_on(fraction, engine):
    seen = {"train": set(), "validation": set()}
    model = Neuron(1, nonlin=False, seed=0)

    def loss(prediction, target):
        seen["train" if model.training else "validation"].add(target)
        return prediction * 0.0

    n = 20
    how = {"loss": loss, "validation": fraction, "epochs": 2, "seed": 1, "engine": "eager"}
    history = fit(model, np.zeros((n, 1)), np.arange(n), **how)
    assert len(seen["train"]) == n - round(fraction * n)
    held_out = set(history._standing.held_out.tolist())
    assert len(held_out) == round(fraction * n)
    assert seen["train"] == set(range(n)) - held_out


def test_the_seed_chooses_what_is_held_out():
    def held_out(seed):
        return trained(validation=0.3, seed=seed, epochs=0)[1]._standing.held_out.tolist()

    assert held_out(0) == held_out(0) == held_out(np.random.default_rng(0)) != held_out(1)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 2, 1, math.nan, math.inf])
def test_a_fraction_that_is_none_is_refused(fraction):
    refused(ValueError, "expected a fraction between 0 and 1", validation=fraction)


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_a_fraction_that_leaves_nothing_is_refused(fraction):
    refused(ValueError, "leaves examples on both sides", validation=fraction)


@pytest.mark.parametrize("validation", ["0.2", True, (X,), X, (X, Y, Y), {}])
def test_a_validation_set_of_another_kind_is_refused(validation):
    refused(
        TypeError, r"expected a fraction of the examples or a pair \(X_val, y_val\)", validation=validation
    )


@pytest.mark.parametrize(
    ("pair", "match"),
    [
        ((X[:3], Y[:2]), "X_val has 3 and y_val 2"),
        ((X[:0], Y[:0]), "X_val or y_val is empty"),
        ((X[0], Y[:2]), "expected X_val with a row for each example"),
        (([[1.0, math.nan]], [1]), r"expected finite numbers in X_val, but X_val\[0, 1\] is nan"),
        (([[1.0, 1.0, 1.0]], [1]), "takes 2 inputs, but got 3"),
        (([[1.0, 1.0]] * 2, [1, 7]), r"the loss does not take y_val\[1\]: .* labels 0 or 1, but got 7"),
    ],
)
def test_validation_data_that_do_not_fit_are_refused_before_the_training(pair, match):
    refused(ValueError, match, validation=pair)


def test_a_bad_label_is_named_by_its_place_in_y_whether_it_is_held_out_or_not():
    for place in range(5):
        y = np.array(Y)
        y[place] = 3
        refused(ValueError, rf"the loss does not take y\[{place}\]", y=y, validation=0.5)


# Early stopping


@pytest.mark.parametrize(
    ("losses", "patience", "epochs", "best"),
    [
        ([3, 2, 1, 2, 3, 4, 5], 2, 5, 3),
        ([3, 2, 1, 2, 3, 4, 5], 1, 4, 3),
        ([3, 2, 1, 2, 0.5, 4, 5], 2, 7, 5),
        ([1, 1, 1, 1, 1, 1, 1], 3, 4, 1),
        ([7, 6, 5, 4, 3, 2, 1], 1, 7, 7),
        ([3, 2, 1, 2, 3, 4, 5], 9, 7, 3),
    ],
)
def test_the_training_ends_after_so_many_epochs_without_a_lower_validation_loss(
    losses, patience, epochs, best
):
    model, how = following(losses)
    history = fit(model, [[1.0]], [1.0], **how, epochs=7, patience=patience)
    assert history.val_loss == losses[:epochs]
    assert model.w.data == best
    restored = "" if best == epochs else f", the weights are those of epoch {best}"
    stopped = f"the validation loss fell no more for {patience} epochs"
    done = best > epochs - patience
    assert history.stop_reason == ("all 7 epochs done" if done else stopped) + restored


def test_a_callback_that_ends_an_early_stopping_leaves_the_best_weights_too():
    model, how = following([3, 1, 2, 4])
    history = fit(model, [[1.0]], [1.0], **how, patience=9, callbacks=[lambda history: len(history) == 3])
    assert model.w.data == 2
    assert history.stop_reason == "a callback ended it after 3 epochs, the weights are those of epoch 2"


def test_ctrl_c_leaves_the_weights_of_the_last_step_with_early_stopping_too(capsys):
    def interrupt(history):
        if len(history) == 3:
            raise KeyboardInterrupt

    model, how = following([3, 1, 2, 4])
    history = fit(model, [[1.0]], [1.0], **how, patience=9, callbacks=[interrupt])
    assert model.w.data == 3
    assert history.stop_reason == "interrupted in epoch 4"
    assert history.is_interrupted
    assert capsys.readouterr().err == "training was interrupted in epoch 4\n"
    fit(*(following([1])[0], [[1.0]], [1.0]), **how, callbacks=[interrupt], progress=False)
    assert capsys.readouterr().err == ""


def test_without_patience_the_last_weights_stay():
    model, how = following([3, 1, 2, 4])
    fit(model, [[1.0]], [1.0], **how, epochs=4)
    assert model.w.data == 4


def test_patience_without_validation_is_refused():
    refused(ValueError, "expected validation with patience", patience=3)


@pytest.mark.parametrize("patience", [0, -1, 2.5, "3", True])
def test_a_patience_that_is_no_positive_integer_is_refused(patience):
    whole = type(patience) is int
    match = f"expected an integer{' of at least 1' if whole else ''} for patience, but got {patience!r}"
    refused(ValueError if whole else TypeError, match, patience=patience, validation=0.5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_validation_loss_that_overflows_is_an_error_that_names_the_epoch(engine):
    model = Neuron(1, nonlin=False, init=lambda rng, n, m: np.ones((n, m)))
    match = "diverged in epoch 1: the validation loss became inf: try a smaller learning rate"
    with pytest.raises(FloatingPointError, match=match):
        fit(model, [[1.0]], [1.0], loss="mse", validation=([[1e200]], [1.0]), engine=engine)


@pytest.mark.parametrize("patience", [None, 9])
def test_a_validation_loss_that_overflows_leaves_the_weights_of_an_epoch_before(patience):
    """Of the last one or, with early stopping, of the best one."""
    model, how = following([3, 1, 2, math.inf])
    with pytest.raises(DivergenceError, match="diverged in epoch 4") as caught:
        fit(model, [[1.0]], [1.0], **how, patience=patience)
    assert model.w.data == (3 if patience is None else 2)
    assert caught.value.history.val_loss == [3, 1, 2]
    model, how = following([math.inf])
    with pytest.raises(DivergenceError, match="diverged in epoch 1"):
        fit(model, [[1.0]], [1.0], **how, patience=patience)
    assert model.w.data == 0


def test_a_mean_of_validation_losses_that_overflows_is_a_divergence_without_warnings():
    model = Neuron(1, nonlin=False, init="zeros")
    with pytest.raises(DivergenceError, match="the validation loss became inf"):
        fit(model, [[1.0]], [0.0], loss="mse", validation=([[0.0]] * 3, [1e154] * 3), epochs=1)


# Tolerance


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("tol", [1e-1, 1e-3, 1e-5])
def test_the_training_ends_when_the_loss_changes_by_less_than_the_tolerance(tol, engine):
    how = {"loss": "mse", "optimizer": SGD(0.1), "engine": engine}
    losses = fit(Neuron(1, nonlin=False, seed=1), [[1.0], [2.0]], [0.5, 4.0], epochs=300, **how).loss
    changes = np.abs(np.diff(losses))
    expected = int(np.argmax(changes < tol)) + 2
    assert 3 < expected < 300
    history = fit(Neuron(1, nonlin=False, seed=1), [[1.0], [2.0]], [0.5, 4.0], epochs=300, tol=tol, **how)
    assert history.loss == losses[:expected]
    assert history.stop_reason == f"the loss changed by less than {tol:g} in epoch {expected}"


@pytest.mark.parametrize("tol", [0, -1.0, math.nan, math.inf, "1e-3", True])
def test_a_tolerance_that_is_no_positive_number_is_refused(tol):
    refused(
        TypeError if isinstance(tol, str | bool) else ValueError,
        "expected a positive finite number for tol",
        tol=tol,
    )


# Restarts


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("validation", [None, 0.3])
def test_of_several_starts_the_best_stays(engine, validation):
    model, history = trained(
        restarts=5, validation=validation, engine=engine, optimizer=Adam(0.1), batch_size=5
    )
    curves = [start.val_loss if validation else start.loss for start in history.restarts]
    assert len(curves) == 5
    assert len({curve[0] for curve in curves}) == 5
    best = min(range(5), key=lambda k: curves[k][-1])
    assert history.restarts[best] is history
    assert model.state_dict() == dict(zip(model.state_dict(), history._standing.weights, strict=True))


def test_the_first_start_is_from_the_weights_of_the_model_and_the_others_from_new_ones():
    starts = []
    model = small_model()
    first = model.state_dict()

    def callback(history):
        starts.append(model.state_dict())

    trained(model=model, restarts=3, epochs=1, optimizer=SGD(1e-300), callbacks=[callback])
    assert starts[0] == pytest.approx(first, abs=1e-200)
    assert len({tuple(start.values()) for start in starts}) == 3
    assert trained(restarts=3)[0].state_dict() == trained(restarts=3)[0].state_dict()


def test_the_optimizer_begins_anew_with_each_start():
    """So that all starts are the same where all weights are."""
    model = MLP(2, [1], "tanh", "sigmoid", init="zeros")
    optimizer = Adam(0.1)
    history = fit(model, X, Y, loss="binary_cross_entropy", optimizer=optimizer, epochs=4, restarts=3)
    assert history.restarts[0].loss == pytest.approx(history.restarts[2].loss, rel=1e-12)
    again = fit(
        MLP(2, [1], "tanh", "sigmoid", init="zeros"),
        *(X, Y),
        loss="binary_cross_entropy",
        optimizer=optimizer,
        epochs=4,
    )
    assert again.loss == pytest.approx(history.loss, rel=1e-12)


class Exploding(Module):
    """A model that diverges where its weight is negative."""

    def __init__(self, weights):
        self.w, self.weights = Value(weights[0]), iter(weights[1:])

    def reset_parameters(self, seed=None):
        self.w.data = next(self.weights)

    def __call__(self, x):
        return (self.w * -1000.0).exp() * x[0] + self.w


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_that_diverges_does_not_end_the_others(engine):
    model = Exploding([-1.0, 0.5, -2.0, 0.25])
    how = {"loss": lambda p, y: p - y, "optimizer": SGD(1e-9), "epochs": 2, "engine": engine}
    history = fit(model, [[1.0]], [0.0], restarts=4, **how)
    assert model.w.data == pytest.approx(0.25)
    reasons = [start.stop_reason for start in history.restarts]
    assert reasons[1] == reasons[3] == "all 2 epochs done"
    assert "diverged in epoch 1, step 1: the loss became inf" in reasons[0]
    assert [start is history for start in history.restarts] == [False, False, False, True]


@pytest.mark.parametrize("engine", ENGINES)
def test_if_all_starts_diverge_it_is_an_error(engine):
    how = {"loss": lambda p, y: p - y, "optimizer": SGD(1e-9), "engine": engine}
    with pytest.raises(
        FloatingPointError, match=r"all 2 starts diverged, the last one: .*in epoch 1, step 1"
    ):
        fit(Exploding([-1.0, -2.0]), [[1.0]], [0.0], restarts=2, **how)


def test_ctrl_c_ends_all_starts_and_the_best_until_then_stays():
    calls = []

    def interrupt(history):
        calls.append(history)
        if len(calls) == 5:
            raise KeyboardInterrupt

    history = trained(restarts=4, callbacks=[interrupt])[1]
    assert [len(start) for start in history.restarts] == [3, 2]
    assert history.restarts[1].stop_reason == "interrupted in epoch 3"
    assert history.loss[-1] == min(start.loss[-1] for start in history.restarts)


def test_a_start_that_ctrl_c_ends_counts_with_the_weights_that_it_is_compared_by(capsys):
    """With early stopping those of its best epoch, not those of its last step."""
    table = {1: 3.0, 2: 2.0, 3: 2.5, 101: 1.0, 102: 9.0}

    class Counter(Module):
        def __init__(self):
            self.w = Value(0.0)

        def reset_parameters(self, seed=None):
            self.w.data = 100.0

        def __call__(self, x):
            return self.w * x[0]

    def loss(prediction, target):
        return prediction * -1.0 if target == 1 else prediction * 0.0 + table.get(round(prediction.data), 7.0)

    def interrupt(history):
        if model.w.data == 102:
            raise KeyboardInterrupt

    how = {"loss": loss, "optimizer": SGD(1.0), "validation": ([[1.0]], [0.0]), "engine": "eager"}
    for patience, weight in ((9, 101), (None, 3)):
        model = Counter()
        more = {"patience": patience, "restarts": 2, "epochs": 3, "callbacks": [interrupt]}
        history = fit(model, [[1.0]], [1.0], **how, **more)
        assert model.w.data == weight
        if patience is not None:
            assert history.stop_reason == "interrupted in epoch 3, the weights are those of epoch 1"


def test_a_model_that_cannot_draw_its_weights_is_refused_before_the_first_start():
    class Line(Module):
        def __init__(self):
            self.w = Value(0.5)

        def __call__(self, x):
            return (self.w * x[0]).sigmoid()

    refused(TypeError, "with the method reset_parameters for restarts", model=Line(), restarts=2)
    model = Sequential(Layer(2, 1, seed=0), Neuron(1, activation="sigmoid", seed=0))
    model.steps.append(inner := Line())
    refused(TypeError, "reset_parameters", model=model, restarts=2)
    assert inner.w.data == 0.5


@pytest.mark.parametrize("restarts", [0, -1, 1.5, "2", True])
def test_a_number_of_restarts_that_is_no_positive_integer_is_refused(restarts):
    whole = type(restarts) is int
    match = f"expected an integer{' of at least 1' if whole else ''} for restarts, but got {restarts!r}"
    refused(ValueError if whole else TypeError, match, restarts=restarts)


# Continuing


def dropping_model(seed, shared):
    """A model with dropout, perhaps from one generator that also orders the examples."""
    rng = np.random.default_rng(seed)
    drops = [Dropout(p, seed=rng if shared else seed + k) for k, p in enumerate((0.2, 0.4))]
    steps = [Layer(2, 5, activation="tanh", seed=1), drops[0], Layer(5, 4, activation="prelu", seed=2)]
    return Sequential(*steps, drops[1], Layer(4, 1, activation="sigmoid", seed=3)), rng


OPTIMIZERS = [
    lambda: SGD(0.3, momentum=0.9, nesterov=True),
    lambda: SGD(CosineDecay(0.5, 12)),
    lambda: RMSprop(0.02),
    lambda: Adam(0.05),
]


@settings(max_examples=40)
@given(
    engine=st.sampled_from(ENGINES),
    make_optimizer=st.sampled_from(OPTIMIZERS),
    shared=st.booleans(),
    stops=st.lists(st.integers(0, 12), max_size=3).map(sorted),
    how_stopped=st.sampled_from(["epochs", "callback", "Ctrl-C", "saved"]),
    validation=st.sampled_from([None, 0.25, (X[:4], Y[:4])]),
    patience=st.integers(1, 6),
    batch_size=st.integers(3, 24),
    seed=st.integers(0, 1000),
)
def test_a_training_stopped_and_continued_is_one_that_was_never_stopped(
    tmp_path_factory,
    engine,
    make_optimizer,
    shared,
    stops,
    how_stopped,
    validation,
    patience,
    batch_size,
    seed,
):
    how = {
        "loss": "binary_cross_entropy",
        "batch_size": batch_size,
        "validation": validation,
        "patience": None if validation is None else patience,
        "metrics": ["accuracy"],
        "penalty": L2(0.01),
        "engine": engine,
    }
    model, rng = dropping_model(seed, shared)
    whole = fit(model, X, Y, **how, optimizer=make_optimizer(), epochs=12, seed=rng if shared else seed)

    stopped, rng = dropping_model(seed, shared)
    optimizer, history = make_optimizer(), None
    for stop in stops:

        def end(history, stop=stop):
            if len(history) < stop:
                return False
            if how_stopped == "Ctrl-C":
                raise KeyboardInterrupt
            return how_stopped == "callback"

        if stop < len(history or []):
            continue
        history = fit(
            stopped,
            *(X, Y),
            **how,
            optimizer=optimizer,
            epochs=12 if how_stopped in ("callback", "Ctrl-C") else stop,
            callbacks=[end],
            history=history,
            seed=rng if shared else seed,
            progress=False,
        )
        if how_stopped == "saved":
            path = tmp_path_factory.mktemp("saved") / "training.npz"
            save(path, stopped, optimizer=optimizer, history=history)
            stopped, optimizer, history = load(path)
    history = fit(
        stopped, X, Y, **how, optimizer=optimizer, epochs=12, history=history, seed=rng if shared else seed
    )
    assert history == whole
    assert stopped.state_dict() == model.state_dict()


def test_the_seed_is_not_used_with_a_history():
    seed, history = np.random.default_rng(0), trained(validation=0.25)[1]
    state = seed.bit_generator.state
    trained(validation=0.25, history=history, epochs=6, seed=seed)
    assert seed.bit_generator.state == state


def test_a_history_that_is_continued_stays_as_it_was():
    model, first = trained(epochs=2)
    loss = list(first.loss)
    second = fit(model, X, Y, loss="binary_cross_entropy", epochs=5, history=first)
    assert (first.loss, len(second)) == (loss, 5)
    assert second.loss[:2] == loss
    third = fit(model, X, Y, loss="binary_cross_entropy", epochs=5, history=first)
    assert third == second


def test_a_training_that_is_at_its_end_is_continued_by_nothing():
    model, history = trained(epochs=3)
    state = model.state_dict()
    again = trained(model=model, history=history)[1]
    assert again == history
    assert model.state_dict() == state


def test_the_best_of_several_starts_can_be_continued():
    model, history = trained(restarts=3, optimizer=Adam())
    longer = trained(model=model, history=history, epochs=6, optimizer=Adam())[1]
    assert longer.loss[:3] == history.loss
    assert sum(start is longer for start in longer.restarts) == 1
    refused(ValueError, "expected restarts=1 with a history", history=history, restarts=2, model=model)


@pytest.mark.parametrize(
    ("match", "how"),
    [
        ("also the 3 in the history, but got 2", {"epochs": 2}),
        ("for optimizer that has 'Adam', and this one 'SGD'", {"optimizer": SGD()}),
        ("for parameters that has 13, and this one 17", {"model": MLP(2, [4, 1], "tanh", "sigmoid", seed=0)}),
        (r"for metrics that has \['mae', 'val_mae'\], and this one \[\]", {"metrics": []}),
        ("for metrics", {"validation": None}),
        ("for a held out fraction that has True, and this one False", {"validation": (X, Y)}),
        (
            "fraction of the history, in which 5 are held out, but 0.5 of 23 examples are 12",
            {"validation": 0.5},
        ),
    ],
)
def test_another_training_than_that_of_the_history_is_refused(match, how):
    model = small_model()
    usual = {"optimizer": Adam(), "metrics": ["mae"], "validation": 0.2}
    history = trained(model=model, **usual)[1]
    refused(ValueError, match, **{"model": model, "history": history} | usual | how)


def test_an_optimizer_that_was_used_for_another_model_goes_on_with_a_history():
    optimizer, model = Adam(0.1), small_model()
    history = trained(model=model, optimizer=optimizer)[1]
    trained(model=MLP(2, [5, 1], output="sigmoid"), optimizer=optimizer)
    longer = trained(model=model, history=history, optimizer=optimizer, epochs=6)[1]
    assert longer == trained(optimizer=Adam(0.1), epochs=6)[1]


def test_an_optimizer_with_other_arguments_than_that_of_the_history_is_refused():
    model = small_model()
    how = {"model": model, "history": trained(model=model, optimizer=SGD(0.1))[1]}
    match = "expected an optimizer with the arguments of that in the history: .*'momentum_buffer' is missing"
    refused(ValueError, match, optimizer=SGD(0.1, momentum=0.9), **how)


def test_a_history_that_did_not_come_from_fit_is_refused():
    refused(ValueError, "expected a history that fit returned", history=History(loss=[1.0]))
    refused(TypeError, "expected the History that fit returned", history=[1.0])


def test_a_callback_may_save_the_training_while_it_runs(tmp_path):
    path, optimizer = tmp_path / "running.npz", Adam(0.1)
    model = small_model()

    def keep(history):
        if len(history) == 3:
            save(path, model, optimizer=optimizer, history=history)

    whole = trained(model=model, epochs=7, optimizer=optimizer, callbacks=[keep], batch_size=4)[1]
    saved = load(path)
    how = {"history": saved.history, "optimizer": saved.optimizer}
    assert trained(model=saved.model, epochs=7, batch_size=4, **how)[1] == whole
    assert saved.model.state_dict() == model.state_dict()


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_that_a_callback_changes_are_those_to_go_on_with(engine):
    def run(*stops):
        model, history = small_model(), None

        def change(history):
            if len(history) == 2:
                model.parameters()[0].data = 2.0

        for stop in stops:
            how = {"callbacks": [change], "engine": engine, "history": history, "optimizer": Adam(0.1)}
            history = trained(model=model, epochs=stop, **how)[1]
        return model.state_dict(), history.loss

    assert run(2, 5) == run(5) == run(1, 2, 3, 5)


@pytest.mark.parametrize("place", ["metric", "loss"])
@pytest.mark.parametrize("call", range(1, 12))
def test_ctrl_c_while_an_epoch_is_written_down_leaves_only_whole_epochs(place, call):
    calls = []
    tried_out = {"metric": 1, "loss": 2 * len(X)}[place]

    def interrupt(*_):
        calls.append(1)
        if len(calls) == tried_out + 7 * call:
            raise KeyboardInterrupt
        return 0.0

    def loss(prediction, target):
        return mse(prediction, target) + (interrupt() if place == "loss" else 0.0)

    metrics = [interrupt] if place == "metric" else ["mae"]
    how = {"validation": 0.5, "epochs": 50, "metrics": metrics, "loss": loss, "engine": "eager"}
    history = trained(**how, progress=False)[1]
    n = len(history)
    assert history.stop_reason == f"interrupted in epoch {n + 1}"
    assert {len(curve) for curve in (history.learning_rate, history.val_loss, *history.metrics.values())} == {
        n
    }
    assert history._standing.epochs == n


@pytest.mark.parametrize("restarts", [1, 2])
@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("callback", ValueError),
        ("callback", FloatingPointError),
        ("metric", ValueError),
        ("metric", FloatingPointError),
        ("schedule", ValueError),
    ],
)
def test_what_a_callback_raises_has_the_history_to_go_on_with(place, error, restarts):
    """No divergence, even if it is a FloatingPointError."""
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == 4:
            raise error("mine")
        return 0.1

    model = small_model()
    how = {
        "callback": {"callbacks": [fail]},
        "metric": {"metrics": [fail]},
        "schedule": {"optimizer": SGD(fail)},
    }[place]
    with pytest.raises(error, match=r"^mine$") as caught:
        trained(model=model, epochs=9, restarts=restarts, **how)
    history = caught.value.history
    assert history.stop_reason == f"{error.__name__} after {len(history)} epochs"
    assert len(history) == {"callback": 4, "metric": 2, "schedule": 1}[place]
    if place == "callback":
        assert trained(model=model, epochs=9, history=history)[1] == trained(epochs=9)[1]


def test_what_a_callback_raises_has_the_histories_of_the_starts_before():
    calls = []

    def fail(history):
        calls.append(1)
        if len(calls) == 5:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full") as caught:
        trained(restarts=4, callbacks=[fail])
    first, second = caught.value.history.restarts
    assert second is caught.value.history
    assert (len(first), len(second)) == (3, 2)
    assert first == trained()[1]


def test_an_exception_without_a_place_for_the_history_goes_through():
    class Full(Exception):
        def __setattr__(self, name, x):
            if name == "history":
                raise AttributeError(name)
            super().__setattr__(name, x)

    def fail(history):
        raise Full

    with pytest.raises(Full):
        trained(callbacks=[fail])


# The progress bar


@pytest.mark.parametrize("restarts", [1, 3])
def test_the_bar_shows_both_losses_and_counts_the_epochs_of_all_starts(capsys, restarts):
    history = trained(progress=True, validation=0.5, restarts=restarts)[1]
    shown = capsys.readouterr().err
    assert f"{3 * restarts}/{3 * restarts}" in shown
    if restarts == 1:
        assert f"loss={history.loss[-1]:.4g}, val_loss={history.val_loss[-1]:.4g}" in shown


def test_the_bar_of_a_training_that_goes_on_begins_where_it_was(capsys):
    model, history = trained(epochs=2)
    trained(model=model, history=history, epochs=3, progress=True)
    shown = capsys.readouterr().err
    assert "2/3" in shown
    assert "3/3" in shown
    assert "0/3" not in shown


# Optimizers


def test_a_schedule_in_the_place_of_an_optimizer_is_refused_with_what_to_write():
    schedule = CosineDecay(0.1, 10)
    match = (
        r"expected an optimizer, such as SGD\(lr=0.1\), but got CosineDecay\(.*: write SGD\(lr=CosineDecay\("
    )
    refused(TypeError, match, optimizer=schedule)


@pytest.mark.parametrize("optimizer", [SGD, "sgd", 0.1])
def test_what_is_no_optimizer_is_refused(optimizer):
    refused(TypeError, r"expected an optimizer, such as SGD\(lr=0.1\), but got", optimizer=optimizer)


def test_another_training_with_the_optimizer_of_one_that_runs_is_refused():
    optimizer, inner = Adam(0.1), []

    def nested(history):
        with pytest.raises(ValueError, match=r"no other training uses, but Adam\(.*\) is in one"):
            trained(optimizer=optimizer)
        trained(optimizer=deepcopy(optimizer))
        inner.append(trained(optimizer=Adam(0.1))[1])

    outer = trained(optimizer=optimizer, callbacks=[nested])[1]
    assert outer == inner[0] == trained(optimizer=optimizer)[1]


@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_a_divergence_after_the_best_epoch_goes_back_to_it_if_there_is_patience(engine):
    X = np.linspace(-1, 1, 20)[:, None]
    y = 3 * X[:, 0]

    model = MLP(1, [1], seed=0)
    optimizer = SGD(lr=lambda epoch: 0.1 if epoch < 5 else 50.0)
    how = {"loss": "mse", "validation": (X, y), "optimizer": optimizer, "engine": engine, "seed": 0}
    with pytest.raises(DivergenceError, match="the weights are those of epoch 5"):
        fit(model, X, y, epochs=2000, patience=2000, **how)
    best = MLP(1, [1], seed=0)
    fit(best, X, y, epochs=5, **how)
    assert model.state_dict() == best.state_dict()
