"""`fit` against the lecture's gradient descent in NumPy, its interruptions, and what it refuses."""

import io
import math
import pickle
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import numpy_network
from references.numpy_network import Network, arrays

from autograd_lite import Value
from autograd_lite.nn import (
    MLP,
    Module,
    Neuron,
    binary_cross_entropy,
    mse,
)
from autograd_lite.nn.module import assign
from autograd_lite.optim import SGD, ExponentialDecay
from autograd_lite.training import DivergenceError, History, _engines, fit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 2)).tolist()
Y = [0, 1, 1, 0, 1, 0, 1]
ENGINES = ["compiled", "eager"]


def small_model():
    return MLP(2, [3, 1], "tanh", "sigmoid", seed=0)


def trained(**how):
    """A small model after training on X and Y, and the history."""
    model = how.pop("model", None) or small_model()
    history = fit(model, X, how.pop("y", Y), **{"loss": "binary_cross_entropy", "epochs": 3, "seed": 0} | how)
    return model, history


# The algorithm


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 4), max_size=2),
    activation=st.sampled_from(sorted(numpy_network.ACTIVATIONS)),
    n=st.integers(1, 12),
    batch_size=st.integers(1, 14) | st.none(),
    epochs=st.integers(0, 4),
    gamma=st.floats(0.5, 1.0),
    seed=st.integers(0, 1000),
)
def test_the_weights_and_losses_are_those_of_the_lecture_s_gradient_descent(
    sizes, activation, n, batch_size, epochs, gamma, seed
):
    data = np.random.default_rng(seed)
    X, y = data.normal(size=(n, 2)), data.integers(0, 2, size=n)
    model = MLP(2, [*sizes, 1], activation, "sigmoid", seed=seed)
    network = Network.like(model, activation, "sigmoid")
    schedule = ExponentialDecay(0.3, gamma)
    how = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "optimizer": SGD(lr=schedule)}
    history = fit(model, X, y, loss="binary_cross_entropy", **how)

    rates = [schedule(epoch) for epoch in range(epochs)]
    losses = network.train(X, y, rates, batch_size or n, np.random.default_rng(seed))
    W, b = arrays(model, "data")
    for ours, theirs in zip([*W, *b], [*network.W, *network.b], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
    assert history.loss == pytest.approx(losses, rel=1e-9)
    assert history.learning_rate == rates
    assert len(history) == epochs


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"),
    [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (7, None, [7]), (7, 7, [7]), (7, 100, [7]), (3, 1, [1, 1, 1])],
)
def test_an_epoch_is_cut_into_batches_the_last_of_which_may_be_smaller(n, batch_size, sizes):
    events = []

    class Recording(SGD):
        def update(self, theta, gradient, epoch=0):
            events.append("step")
            return theta

    def loss(prediction, target):
        events.append("example")
        return prediction

    how = {"loss": loss, "optimizer": Recording(), "batch_size": batch_size, "epochs": 2}
    fit(Neuron(1), np.zeros((n, 1)), np.zeros(n), engine="eager", **how)
    batches = " ".join(events[n:]).split("step")
    assert [batch.count("example") for batch in batches] == [*sizes, *sizes, 0]


def test_each_epoch_has_every_example_once_in_a_new_order():
    order = []

    def loss(prediction, target):
        order.append(target)
        return prediction * 0.0

    n, epochs = 20, 3
    how = {"loss": loss, "batch_size": 6, "epochs": epochs, "seed": 0}
    fit(Neuron(1), np.zeros((n, 1)), np.arange(n), engine="eager", **how)
    orders = np.array(order[-n * epochs :]).reshape(epochs, n)
    assert np.sort(orders).tolist() == [list(range(n))] * epochs
    assert len({tuple(row) for row in orders}) == epochs


def test_the_same_seed_gives_the_same_weights_and_losses():
    def run(seed):
        model, history = trained(seed=seed, batch_size=2)
        return model.state_dict(), history.loss

    assert run(3) == run(3) == run(np.random.default_rng(3))
    assert run(3) != run(4)


def test_the_loss_of_an_epoch_is_the_mean_over_all_examples():
    """With an optimizer that goes nowhere, whatever the batches."""

    class Still(SGD):
        def update(self, theta, gradient, epoch=0):
            return theta

    for batch_size in (1, 2, 3, 7):
        model, history = trained(optimizer=Still(), batch_size=batch_size, loss="mse")
        expected = math.fsum(mse(model(x).data, y) for x, y in zip(X, Y, strict=True)) / len(X)
        assert history.loss == pytest.approx([expected] * 3, rel=1e-12)


def test_the_default_optimizer_is_gradient_descent_with_a_rate_of_0_01():
    assert trained()[0].state_dict() == trained(optimizer=SGD(lr=0.01))[0].state_dict()
    assert trained()[1].learning_rate == [0.01] * 3


def test_gradients_from_before_the_training_do_not_count():
    model = small_model()
    model(X[0]).backward()
    assert trained(model=model)[0].state_dict() == trained()[0].state_dict()


@pytest.mark.parametrize(
    "y",
    [
        np.array(Y),
        np.array(Y)[:, None],
        [float(v) for v in Y],
        [bool(v) for v in Y],
        [Fraction(v) for v in Y],
    ],
    ids=["ints", "column", "floats", "bools", "fractions"],
)
@pytest.mark.parametrize("X", [X, np.array(X), tuple(map(tuple, X)), np.array(X, dtype=object)], ids=type)
def test_data_may_be_any_kind_of_real_numbers(X, y):
    model = small_model()
    fit(model, X, y, loss="binary_cross_entropy", epochs=3, seed=0)
    assert model.state_dict() == trained()[0].state_dict()


def test_decimals_are_numbers():
    model = Neuron(1, seed=0)
    fit(model, [[Decimal("0.5")]], [Decimal(1)], loss="mse", epochs=1)


def test_a_model_with_several_outputs_learns_targets_in_rows():
    model = MLP(2, [3], "tanh", seed=0)
    target = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 2.0]])
    history = fit(model, [[1.0, 0.0], [0.0, 1.0]], target, loss="mse", epochs=400, optimizer=SGD(lr=0.5))
    assert history.loss[-1] < 1e-9
    assert [y.data for y in model([1.0, 0.0])] == pytest.approx([1.0, 2.0, 3.0], abs=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_is_given_the_target_of_one_example_as_a_list_if_there_are_several_numbers(engine):
    def loss(prediction, target):
        assert isinstance(prediction, list)
        assert isinstance(target, list)
        return mse(prediction, target)

    fit(MLP(2, [2]), X, X, loss=loss, epochs=1, engine=engine)


@pytest.mark.parametrize("y", [[0, 2, 1], np.eye(3)[[0, 2, 1]]], ids=["classes", "distributions"])
def test_a_classifier_learns_classes_or_distributions(y):
    model = MLP(2, [3], seed=0)
    points = [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]
    fit(model, points, y, loss="cross_entropy", epochs=100, optimizer=SGD(lr=1.0))
    scores = [[z.data for z in model(x)] for x in points]
    assert np.argmax(scores, axis=1).tolist() == [0, 2, 1]


def test_a_loss_may_be_a_function_that_uses_the_methods_of_values():
    def absolute(prediction, target):
        return abs(prediction.sigmoid() - target)

    assert trained(loss=absolute)[1].loss[-1] < trained(loss=absolute)[1].loss[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_may_be_any_module(engine):
    class Power(Module):
        def __init__(self):
            self.exponent = Value(1.0)

        def __call__(self, x):
            assert isinstance(x, list)
            return x[0] ** self.exponent

    model = Power()
    inputs = np.linspace(0.5, 2, 10)
    how = {"loss": "mse", "epochs": 200, "optimizer": SGD(lr=0.2), "engine": engine}
    fit(model, inputs[:, None], inputs**2.5, **how)
    assert model.exponent.data == pytest.approx(2.5, abs=1e-6)


# The end of a training


def test_the_history_says_what_happened():
    history = trained()[1]
    assert history.stop_reason == "all 3 epochs done"
    assert repr(history) == (
        f"History(epochs=3, loss {history.loss[0]:.4g} to {history.loss[2]:.4g}, stopped: all 3 epochs done)"
    )
    assert repr(History()) == "History(epochs=0, stopped: not yet)"


def test_no_epochs_leave_the_model_as_it_is():
    model, history = trained(epochs=0)
    assert model.state_dict() == small_model().state_dict()
    assert (len(history), history.loss, history.learning_rate) == (0, [], [])


@pytest.mark.parametrize("answer", [True, np.True_])
def test_a_callback_ends_the_training_with_true(answer):
    calls = []

    def stop(history):
        calls.append(len(history))
        return answer if len(history) == 2 else None

    seen = []
    model, history = trained(epochs=9, callbacks=[stop, lambda history: seen.append(history)])
    assert calls == [1, 2]
    assert history.stop_reason == "a callback ended it after 2 epochs"
    assert seen == [history] * 2
    assert model.state_dict() == trained(epochs=2)[0].state_dict()


@pytest.mark.parametrize("answer", [None, False, 1, "yes", np.False_, np.ones(2)])
def test_a_callback_that_returns_anything_else_does_not_end_it(answer):
    assert len(trained(callbacks=[lambda history: answer])[1]) == 3


def interrupting(calls):
    """A function of anything that raises KeyboardInterrupt the given time that it is called."""
    remaining = iter(range(calls - 1))

    def call(*_):
        if next(remaining, None) is None:
            raise KeyboardInterrupt

    return call


def test_ctrl_c_between_epochs_keeps_the_weights_of_the_last_step():
    model, history = trained(epochs=9, callbacks=[interrupting(2)])
    assert history.stop_reason == "interrupted in epoch 3"
    assert len(history.loss) == len(history.learning_rate) == 2
    assert model.state_dict() == trained(epochs=2)[0].state_dict()


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("place", ["loss", "update", "assignment"])
def test_ctrl_c_within_a_step_keeps_the_weights_of_the_last_whole_step(steps, place):
    """Batches of 2, 2, 2 and 1, two epochs; the interruption comes in the step after `steps` steps."""
    states = []

    class Recording(SGD):
        def step(self, parameters, epoch=0):
            states.append([p.data for p in parameters])
            super().step(parameters, epoch)

    trained(optimizer=Recording(lr=0.5), epochs=3, batch_size=2, engine="eager")
    assert len({tuple(state) for state in states}) == 12

    model = small_model()
    examples = len(Y) + (steps // 4) * 7 + (steps % 4) * 2  # those that are tried out come first
    interrupt = interrupting(examples + 1 if place == "loss" else steps + 1)

    def loss(prediction, target):
        if place == "loss":
            interrupt()
        return binary_cross_entropy(prediction, target)

    class Interrupted(SGD):
        def update(self, theta, gradient, epoch=0):
            if place == "update":
                interrupt()
            return super().update(theta, gradient, epoch)

        def step(self, parameters, epoch=0):
            if place == "assignment":
                parameters = [
                    *parameters[:4],
                    InterruptingParameter(parameters[4], interrupt),
                    *parameters[5:],
                ]
            super().step(parameters, epoch)

    how = {"optimizer": Interrupted(lr=0.5), "epochs": 3, "batch_size": 2, "engine": "eager"}
    history = trained(model=model, loss=loss, **how)[1]
    assert [p.data for p in model.parameters()] == states[steps]
    assert history.stop_reason == f"interrupted in epoch {steps // 4 + 1}"
    assert len(history) == steps // 4


class InterruptingParameter:
    """A parameter whose assignment may be interrupted, once."""

    def __init__(self, parameter, interrupt):
        self.parameter, self.interrupt = parameter, interrupt

    @property
    def data(self):
        return self.parameter.data

    @data.setter
    def data(self, number):
        interrupt, self.interrupt = self.interrupt, lambda: None
        interrupt()
        self.parameter.data = number

    @property
    def grad(self):
        return self.parameter.grad


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("place", ["before", "after"])
def test_ctrl_c_within_a_compiled_step_keeps_the_weights_of_the_last_whole_step(steps, place):
    """As above; the interruption comes before or after the step's new weights have been computed."""
    states = []

    class Recording(SGD):
        def update(self, theta, gradient, epoch=0):
            states.append(theta.tolist())
            return super().update(theta, gradient, epoch)

    trained(optimizer=Recording(lr=0.5), epochs=3, batch_size=2)
    assert len({tuple(state) for state in states}) == 12
    interrupt = interrupting(steps + 1)

    class Interrupted(SGD):
        def update(self, theta, gradient, epoch=0):
            if place == "before":
                interrupt()
            updated = super().update(theta, gradient, epoch)
            if place == "after":
                interrupt()
            return updated

    model, history = trained(optimizer=Interrupted(lr=0.5), epochs=3, batch_size=2)
    assert [p.data for p in model.parameters()] == states[steps]
    assert history.stop_reason == f"interrupted in epoch {steps // 4 + 1}"
    assert len(history) == steps // 4


@pytest.mark.parametrize("at", range(5))
def test_ctrl_c_while_the_weights_are_written_back_does_not_lose_them(monkeypatch, at):
    calls = []

    def write_interrupted(parameters, theta):
        calls.append(len(calls))
        if calls[-1] == at:
            assign(parameters[:4], theta[:4].tolist())
            raise KeyboardInterrupt
        assign(parameters, theta.tolist())

    monkeypatch.setattr(_engines, "_write", write_interrupted)
    model, history = trained(epochs=5, batch_size=2, callbacks=[len])
    assert model.state_dict() == trained(epochs=at + 1, batch_size=2)[0].state_dict()
    assert history.stop_reason == f"interrupted in epoch {at + 1}"


@pytest.mark.parametrize(
    ("rate", "scale"), [(1e1, 1), (1e10, 1), (1e100, 1), (1e200, 1), (1e308, 1), (1e308, 1000)]
)
def test_a_training_that_diverges_ends_with_an_error_and_the_finite_weights_of_the_step_before(rate, scale):
    for engine in ENGINES:
        model = MLP(2, [3, 1], "leaky_relu", seed=1)
        states = []

        class Recording(SGD):
            def update(self, theta, gradient, epoch=0):
                updated = super().update(theta, gradient, epoch)
                states.append(theta.tolist())  # noqa: B023
                if np.isfinite(updated).all():
                    states.append(updated.tolist())  # noqa: B023
                return updated

        how = {"loss": "mse", "optimizer": Recording(lr=rate), "epochs": 100, "batch_size": 3, "seed": 0}
        with pytest.raises(FloatingPointError, match="try a smaller learning rate"):
            fit(model, X, scale * np.array(Y), engine=engine, **how)
        final = [p.data for p in model.parameters()]
        assert final == states[-1]
        assert all(map(math.isfinite, final))


def test_a_step_to_infinity_is_an_error_with_the_numbers_of_that_step():
    """With both engines, though the Values themselves have older numbers while a compiled epoch runs."""
    for engine in ENGINES:
        model = MLP(1, [1], init=lambda rng, n, m: np.full((n, m), 1.0))
        schedule = [0.0625, 1e308].__getitem__
        match = (
            r"diverged in epoch 2, step 1: a step would change "
            r"Value\(data=0.5, grad=3.0, label='W1\[0,0\]'\) to -inf: try a smaller"
        )
        with pytest.raises(FloatingPointError, match=match):
            fit(model, [[2.0]], [0.0], loss="mse", optimizer=SGD(schedule), epochs=2, engine=engine)
        assert [p.data for p in model.parameters()] == [0.5, -0.25]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mse"])
def test_a_prediction_that_is_nan_is_an_error_before_the_step(loss, engine):
    weights = {(1, 2): [[10.0, 10.0]], (2, 1): [[1.0], [-1.0]]}
    model = MLP(1, [2, 1], "linear", "sigmoid", init=lambda rng, n, m: np.array(weights[n, m]))
    before = model.state_dict()
    with pytest.raises(FloatingPointError, match="diverged in epoch 1, step 1: the loss became nan"):
        fit(model, [[1e308]], [1], loss=loss, engine=engine)
    assert model.state_dict() == before


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_loss_that_becomes_infinite_or_nan_is_an_error_before_the_step(bad):
    calls = iter(range(100))

    def loss(prediction, target):
        return prediction * (bad if next(calls) >= len(Y) + 2 * len(Y) else 1.0)

    model = small_model()
    with pytest.raises(FloatingPointError, match=r"diverged in epoch 3, step 1: the loss became -?(inf|nan)"):
        trained(model=model, loss=loss, epochs=9, engine="eager")
    assert model.state_dict() == trained(loss=lambda p, y: p * 1.0, epochs=2, engine="eager")[0].state_dict()


# What is refused

NAN, INF = math.nan, math.inf


def refused(error, match, model=None, X=X, y=Y, **how):
    """That `fit` raises before it changes the model, the same with both engines."""
    model = model or small_model()
    state = model.state_dict()
    messages = set()
    for engine in ENGINES:
        with pytest.raises(error, match=match) as caught:
            fit(model, X, y, **{"loss": "binary_cross_entropy", "engine": engine} | how)
        messages.add(str(caught.value))
        assert model.state_dict() == state
    assert len(messages) == 1


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("row", [0, 6])
def test_numbers_that_are_not_finite_are_refused_with_their_place(bad, row):
    inputs, targets = np.array(X), np.array(Y, dtype=float)
    inputs[row, 1] = targets[row] = bad
    refused(ValueError, rf"expected finite numbers in X, but X\[{row}, 1\] is {bad}", X=inputs)
    refused(ValueError, rf"expected finite numbers in y, but y\[{row}\] is {bad}", y=targets)


@pytest.mark.parametrize(
    "bad",
    [
        [["1", "2"]] * 7,
        np.array([["1", "2"]] * 7, dtype=object),
        [["a", "b"]] * 7,
        [[1.0, None]] * 7,
        [[1.0, 1j]] * 7,
        np.full((7, 2), 1j),
        [[1.0, 2.0]] * 6 + [[1.0]],
        [[Value(1.0), Value(2.0)]] * 7,
        [[np.datetime64("2020-01-01")] * 2] * 7,
        "1234567",
        None,
        {"x": 1},
    ],
    ids=str,
)
def test_data_that_are_no_numbers_in_rows_are_refused(bad):
    refused(ValueError, "expected numbers in X, in rows of one length", X=bad)
    refused(ValueError, "expected numbers in y, in rows of one length", y=bad)


@pytest.mark.parametrize("n", [1, 6, 8])
def test_as_many_targets_as_examples_are_needed(n):
    refused(ValueError, f"X has 7 and y {n}", y=[1] * n)
    refused(ValueError, f"X has {n} and y 7", X=[[1.0, 2.0]] * n)


@pytest.mark.parametrize("bad", [3.0, [1.0] * 7, np.zeros((7, 2, 2)), []])
def test_inputs_that_are_no_table_are_refused_with_their_shape(bad):
    refused(ValueError, r"expected X with a row for each example .* its shape is \(", X=bad)


@pytest.mark.parametrize("bad", [3.0, np.zeros((7, 1, 1))])
def test_targets_that_are_no_column_or_table_are_refused_with_their_shape(bad):
    refused(ValueError, r"expected y with a target for each example, but its shape is \(", y=bad)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.zeros((0, 2)), []),
        (np.zeros((7, 0)), Y),
        (X, np.zeros((7, 0))),
        (np.zeros((0, 2)), np.zeros((0, 1))),
    ],
)
def test_empty_data_are_refused(X, y):
    refused(ValueError, "expected at least one example", X=X, y=y)


@pytest.mark.parametrize("columns", [1, 3])
def test_the_wrong_number_of_inputs_is_refused(columns):
    refused(ValueError, f"takes 2 inputs, but got {columns}", X=np.zeros((7, columns)))


@pytest.mark.parametrize("loss", ["entropy", "", "MSE", None, 3])
def test_an_unknown_loss_is_refused_with_the_list_of_those_there_are(loss):
    error = ValueError if isinstance(loss, str) else TypeError
    refused(error, r"unknown loss .*: choose one of 'mse', .*'hinge'", loss=loss)


@pytest.mark.parametrize("place", [0, 6])
@pytest.mark.parametrize(
    ("loss", "label", "match"),
    [
        ("binary_cross_entropy", 2, "labels 0 or 1, but got 2"),
        ("binary_cross_entropy", -1, "labels 0 or 1, but got -1"),
        ("binary_cross_entropy_with_logits", 0.5, "labels 0 or 1, but got 0.5"),
    ],
)
def test_a_label_that_the_loss_does_not_take_is_refused_with_its_place(loss, label, match, place):
    y = list(Y)
    y[place] = label
    refused(ValueError, rf"the loss does not take y\[{place}\]: {loss} takes the {match}", y=y, loss=loss)


def test_labels_of_another_convention_are_refused():
    refused(ValueError, r"y\[0\]: hinge takes the labels -1 or 1, but got 0", loss="hinge")


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_a_class_out_of_range_is_refused_with_its_place(label):
    model = MLP(2, [3], seed=0)
    y = [0, 1, 2, 0, 1, 2, label]
    match = r"does not take y\[6\]: expected a class from 0 to 2"
    refused(ValueError, match, model=model, y=y, loss="cross_entropy")


def test_targets_in_rows_of_the_wrong_length_are_refused():
    refused(
        ValueError, r"does not take y\[0\]: expected a target for each of 1 predictions", y=np.zeros((7, 2))
    )
    refused(
        ValueError,
        r"y\[0\]: expected a distribution over 3",
        MLP(2, [3]),
        y=np.eye(7)[:, :2],
        loss="cross_entropy",
    )


def test_the_cross_entropy_of_a_model_with_one_output_is_refused():
    refused(ValueError, "use binary_cross_entropy_with_logits", loss="cross_entropy")


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, 2.0, "2", True])
def test_a_batch_size_that_is_no_positive_integer_is_refused(batch_size):
    whole = type(batch_size) is int
    match = f"expected an integer{' of at least 1' if whole else ''} for batch_size, but got"
    refused(ValueError if whole else TypeError, match, batch_size=batch_size)


@pytest.mark.parametrize("epochs", [-1, 2.5, "2", None, True])
def test_a_number_of_epochs_that_is_no_integer_from_0_is_refused(epochs):
    whole = type(epochs) is int
    match = f"expected an integer{' of at least 0' if whole else ''} for epochs, but got"
    refused(ValueError if whole else TypeError, match, epochs=epochs)


def test_numpy_integers_count():
    model, history = trained(epochs=np.array(2), batch_size=np.int32(3), tol=np.float32(1e-30))
    assert len(history) == 2
    assert model.state_dict() == trained(epochs=2, batch_size=3)[0].state_dict()


def test_a_model_without_parameters_is_refused():
    class Empty(Module):
        def __call__(self, x):
            return Value(1.0)

    refused(ValueError, "expected a model with parameters, but .*Empty.* has none", model=Empty())


@pytest.mark.parametrize("result", [None, [Value(1.0)], "loss"])
@pytest.mark.parametrize("only_for", [0, 1])
def test_a_loss_that_returns_no_value_is_refused(result, only_for):
    def loss(prediction, target):
        return result if target == only_for else prediction

    refused(TypeError, "expected a loss that returns a Value, but got", loss=loss)


@pytest.mark.parametrize("result", [1.0, None, [Value(1.0), 2.0], np.ones(2)])
def test_a_model_that_returns_no_values_is_refused(result):
    class Model(Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return result

    refused(TypeError, "expected a model that returns a Value or a list of them, but got", model=Model())


@pytest.mark.parametrize("seed", [-1, "seed", True, 1.5])
def test_a_seed_that_is_none_is_refused(seed):
    error = ValueError if seed == -1 else TypeError
    refused(
        error, "expected an integer of at least 0 or a numpy.random.Generator for seed, but got", seed=seed
    )


@pytest.mark.parametrize("progress", ["x", 1])
def test_what_does_not_say_whether_there_is_a_bar_is_refused(progress):
    refused(TypeError, "expected True, False or None for progress, but got", progress=progress)


@pytest.mark.parametrize("callbacks", [print, 3, None, [None], [print, "stop"]])
def test_callbacks_that_are_no_sequence_are_refused(callbacks):
    refused(TypeError, "list of functions as callbacks", callbacks=callbacks)


@pytest.mark.parametrize("engine", ["", "Compiled", None, 3])
def test_an_unknown_engine_is_refused_with_those_there_are(engine):
    error = ValueError if isinstance(engine, str) else TypeError
    refused(error, "unknown engine .*: choose one of 'compiled', 'eager'", engine=engine)


ADVICE = r'fit\(\.\.\., engine="eager"\) takes any Python code'


def branching(prediction, target):
    return prediction if prediction.data > target else -prediction


def branching_on_the_target(prediction, target):
    return prediction if target == 1 else -prediction


@pytest.mark.parametrize("loss", [branching, branching_on_the_target])
def test_a_loss_that_depends_on_data_cannot_be_compiled_which_the_error_says_with_the_line(loss):
    model = small_model()
    with pytest.raises(TypeError, match=r"(?s)test_fit.py, line \d+: return prediction if.*" + ADVICE):
        trained(model=model, loss=loss)
    assert model.state_dict() == small_model().state_dict()
    assert len(trained(model=model, loss=loss, engine="eager")[1]) == 3


class Branching(Module):
    """A model that asks for a number, perhaps only in one mode."""

    def __init__(self, modes):
        self.w, self.modes = Value(1.0), modes

    def __call__(self, x):
        if self.training in self.modes:
            return self.w * (1.0 if x[0] > 0 else 2.0)
        return self.w * x[0]


def test_a_model_that_depends_on_data_out_of_training_can_be_trained_but_not_evaluated():
    model = Branching((False,))
    trained(model=model, loss="mse")
    with pytest.raises(TypeError, match="the graph would depend on the data"):
        trained(model=model, loss="mse", validation=(X, Y))


@pytest.mark.parametrize("modes", [(True,), (True, False)])
def test_a_model_that_depends_on_data_cannot_be_compiled_which_the_error_says_with_the_line(modes):
    model = Branching(modes)
    match = r"(?s)test_fit.py, line \d+: return self.w \* \(1.0 if x\[0\] > 0.*" + ADVICE
    with pytest.raises(TypeError, match=match):
        trained(model=model, loss="mse")
    assert model.w.data == 1.0
    assert model.training
    assert len(trained(model=model, loss="mse", engine="eager")[1]) == 3


class Noisy(Module):
    """A model with random numbers of its own."""

    def __init__(self):
        self.w = Value(1.0)
        self.rng = np.random.default_rng(0)

    def __call__(self, x):
        return self.w * x[0] + (self.rng.normal() if self.training else 0.0)


def test_a_model_that_draws_random_numbers_itself_cannot_be_compiled_which_the_error_says():
    with pytest.raises(TypeError, match=f"(?s)cannot be compiled, .*self.rng.normal.*{ADVICE}"):
        trained(model=Noisy(), loss="mse")
    assert len(trained(model=Noisy(), loss="mse", engine="eager")[1]) == 3


def test_a_function_of_floats_cannot_be_compiled_which_the_error_says():
    with pytest.raises(TypeError, match=f"(?s)does not become a float by itself.*{ADVICE}"):
        trained(loss=lambda p, y: p * math.sqrt(y))
    assert len(trained(loss=lambda p, y: p * math.sqrt(y), engine="eager")[1]) == 3


# The progress bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("progress", "stream", "shown"),
    [
        (True, io.StringIO, True),
        (True, Terminal, True),
        (None, Terminal, True),
        (None, io.StringIO, False),
        (False, Terminal, False),
    ],
)
def test_the_bar_is_shown_if_asked_for_or_by_default_in_a_terminal(monkeypatch, progress, stream, shown):
    monkeypatch.setattr(sys, "stderr", stream())
    history = trained(progress=progress, epochs=4)[1]
    text = sys.stderr.getvalue()
    assert bool(text) == shown
    if shown:
        assert "4/4" in text
        assert f"loss={history.loss[-1]:.4g}" in text


def test_the_bar_of_a_training_that_is_interrupted_stands_at_the_epochs_done(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    trained(epochs=4, callbacks=[interrupting(3)])
    assert "3/4" in sys.stderr.getvalue()
    assert "4/4" not in sys.stderr.getvalue()


def test_without_tqdm_a_bar_that_was_asked_for_is_an_error_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    refused(ImportError, r'needs tqdm.*pip install "autograd_lite\[cli\]"', progress=True)


@pytest.mark.parametrize("progress", [None, False])
def test_without_tqdm_there_is_no_bar(monkeypatch, progress):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert len(trained(progress=progress)[1]) == 3
    assert sys.stderr.getvalue() == ""


def test_a_loss_of_plain_numbers_only_is_refused():
    refused(TypeError, "expected a loss that returns a Value, but got 1.0", loss=lambda prediction, y: 1.0)


def test_a_loss_may_be_a_plain_number_where_it_is_constant():
    model = MLP(1, [1], seed=0)
    how = {"loss": lambda s, y: max(0, 1 - y * s), "epochs": 50, "optimizer": SGD(0.1), "engine": "eager"}
    fit(model, [[1.0], [-1.0]], [1, -1], **how)
    assert model([1.0]).data >= 1.0
    assert model([-1.0]).data <= -1.0


def test_every_example_is_tried_before_a_weight_changes():
    model = MLP(1, [1], init=lambda rng, n, m: np.full((n, m), 0.1))
    state = model.state_dict()
    with pytest.raises(ValueError, match=r"the loss does not take y\[1\]: .* takes a probability"):
        fit(model, [[1.0], [100.0]], [1, 1], loss="binary_cross_entropy", batch_size=1)
    assert model.state_dict() == state


def test_masked_data_are_refused():
    refused(ValueError, "masked", X=np.ma.array([[1.0, 2.0]], mask=[[True, False]]), y=[1])


@pytest.mark.parametrize("rate", [-1.0, np.nan, "0.1"])
def test_a_schedule_that_gives_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="learning rate from the schedule"):
        SGD(lambda epoch: rate).learning_rate(0)


def test_dates_are_refused():
    refused(ValueError, "dates", X=np.array([["2020-01-01"]], dtype="M8[ns]"), y=[1])


def test_a_list_of_masked_rows_is_refused():
    refused(ValueError, "masked", X=[np.ma.array([1.0, 2.0], mask=[True, False])] * 2, y=[0, 1])


@pytest.mark.parametrize("restarts", [1, 3])
def test_a_training_that_diverges_gives_its_history_with_the_error(restarts):
    with pytest.raises(DivergenceError) as raised:
        trained(
            optimizer=SGD(lr=1e200), loss="mse", model=MLP(2, [3, 1], seed=0), epochs=9, restarts=restarts
        )
    error = pickle.loads(pickle.dumps(raised.value))
    assert str(error) == str(raised.value)
    assert len(error.history) == len(raised.value.history) < 9
    assert len(error.history.restarts) == (restarts if restarts > 1 else 0)


@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [
        ("binary_cross_entropy_with_logits", "sigmoid", [0, 1]),
        ("hinge", "sigmoid", [-1, 1]),
        ("cross_entropy", "softmax", [0, 1]),
        ("cross_entropy", "sigmoid", [0, 1]),
    ],
)
def test_a_loss_of_logits_takes_no_probabilities(loss, output, y):
    sizes = [3, 2] if loss == "cross_entropy" else [3, 1]
    model = MLP(2, sizes, output=output, seed=0)
    y = [y[k % 2] for k in range(len(X))]
    refused(ValueError, rf"{loss} takes any numbers, but the model ends in {output}: ", model, y=y, loss=loss)


@pytest.mark.parametrize(
    ("how", "error", "match"),
    [
        ({"optimizer": "adam"}, TypeError, r"'adam': import a rule from autograd_lite.optim, and make one"),
        ({"optimizer": SGD}, TypeError, "import a rule from autograd_lite.optim, and make one"),
        ({"callbacks": len}, TypeError, r"write it in a list, \[...\]"),
        ({"penalty": "l2"}, TypeError, r"'l2', such as nn.L2\(0.01\)"),
        ({"y": ["a", "b", "a", "b", "a", "b", "a"]}, ValueError, r"np.unique\(y, return_inverse=True\)\[1\]"),
    ],
)
def test_common_mistakes_are_told_what_to_write(how, error, match):
    refused(error, match, **how)
