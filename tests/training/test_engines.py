"""The two engines of `fit` do the same, with any model and loss, whatever callbacks change."""

from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.nn import ACTIVATIONS, LOSSES, MLP, Dropout, Layer, Module, Neuron, Sequential
from autograd_lite.ops import DomainError, log
from autograd_lite.optim import SGD
from autograd_lite.training import fit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 2)).tolist()
Y = [0, 1, 1, 0, 1, 0, 1]
ENGINES = ["compiled", "eager"]
OVER_CLASSES = ("cross_entropy", "categorical_cross_entropy")


def small_model():
    return MLP(2, [3, 1], "tanh", "sigmoid", seed=0)


def trained(**how):
    """A small model after training on X and Y, and the history."""
    model = how.pop("model", None) or small_model()
    history = fit(model, X, how.pop("y", Y), **{"loss": "binary_cross_entropy", "epochs": 3, "seed": 0} | how)
    return model, history


def same_training(make_model, X, y, **how):
    """Train two models that are the same with the two engines; weights and losses must be the same, too."""
    models = {engine: make_model() for engine in ENGINES}
    histories = {engine: fit(model, X, y, engine=engine, **how) for engine, model in models.items()}
    compiled, eager = ([p.data for p in models[engine].parameters()] for engine in ENGINES)
    np.testing.assert_allclose(compiled, eager, rtol=1e-9, atol=1e-9)
    assert histories["compiled"].loss == pytest.approx(histories["eager"].loss, rel=1e-9, abs=1e-9)
    assert histories["compiled"].learning_rate == histories["eager"].learning_rate
    assert histories["compiled"].stop_reason == histories["eager"].stop_reason
    return models, histories


def targets_for(loss, data, n, outputs):
    """Labels, classes, distributions or numbers, as the loss takes them."""
    if loss in OVER_CLASSES:
        if data.random() < 0.5:
            return data.integers(0, outputs, size=n)
        return data.dirichlet(np.ones(outputs), size=n)
    shape = (n, outputs) if outputs > 1 else n
    if loss in ("mse", "mae", "huber"):
        return data.normal(size=shape)
    labels = data.integers(0, 2, size=shape)
    return 2 * labels - 1 if loss == "hinge" else labels


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 5), max_size=2),
    outputs=st.integers(1, 4),
    activation=st.sampled_from(sorted(ACTIVATIONS.keys() - {"softmax"})),
    loss=st.sampled_from(sorted(LOSSES)),
    n=st.integers(1, 12),
    batch_size=st.integers(1, 14) | st.none(),
    dropout=st.sampled_from([None, 0.0, 0.2, 0.5, 0.9]),
    shared=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_both_engines_give_the_same_weights_and_losses(
    sizes, outputs, activation, loss, n, batch_size, dropout, shared, seed
):
    outputs += loss in OVER_CLASSES
    ends = {"binary_cross_entropy": "sigmoid", "categorical_cross_entropy": "softmax"}
    last = ends.get(loss, "linear")
    data = np.random.default_rng(seed)
    X, y = data.normal(size=(n, 3)), targets_for(loss, data, n, outputs)

    def make_model():
        rng = np.random.default_rng(seed)
        widths = [3, *sizes, outputs]
        steps = []
        for k, (fan_in, fan_out) in enumerate(pairwise(widths)):
            if dropout is not None:
                steps.append(Dropout(dropout, seed=rng if shared else seed + k))
            name = last if k == len(sizes) else activation
            steps.append(Layer(fan_in, fan_out, activation=name, seed=rng))
        return Sequential(*steps)

    how = {"loss": loss, "epochs": 3, "batch_size": batch_size, "optimizer": SGD(0.02)}
    same_training(make_model, X, y, seed=seed, **how)


def test_one_dropout_may_be_used_twice_and_one_generator_for_everything():
    def make_model():
        drop = Dropout(0.5, seed=0)
        return Sequential(drop, Layer(2, 3, seed=1), drop, Layer(3, 1, nonlin=False, seed=2))

    same_training(make_model, X, Y, loss="mse", epochs=3, batch_size=2, seed=0)
    models, generators = {}, {}
    for engine in ENGINES:
        generators[engine] = rng = np.random.default_rng(0)
        models[engine] = Sequential(Layer(2, 3, seed=rng), Dropout(0.5, rng), Layer(3, 1, seed=rng))
        fit(models[engine], X, Y, loss="mse", epochs=3, batch_size=2, seed=rng, engine=engine)
    assert generators["compiled"].random() == generators["eager"].random()


class Partly(Module):
    """A model with a parameter that its outputs do not reach and parameters made in another order."""

    scale = Value(2.0)

    def __init__(self):
        self.late = None
        self.unused = Value(5.0)
        self.b = Value(1.0)
        self.late = Value(0.5)

    def __call__(self, x):
        return self.late * x[0] + self.b * x[1] * Partly.scale


def test_parameters_may_not_be_reached_and_others_than_those_of_the_model_stay_as_they_are():
    models, _ = same_training(Partly, X, Y, loss="mse", epochs=4, batch_size=2, seed=0)
    assert models["compiled"].unused.data == 5.0
    assert models["compiled"].late.data != 0.5
    assert Partly.scale.data == 2.0


def test_callbacks_may_change_leaves_that_are_not_the_model_s():
    weights = {}
    for engine in ENGINES:
        scale, model = Value(2.0), small_model()

        def loss(prediction, target):
            return (prediction * scale - target) ** 2  # noqa: B023

        def callback(history):
            scale.data = 1.0 / len(history)  # noqa: B023

        trained(model=model, loss=loss, callbacks=[callback], batch_size=3, engine=engine)
        weights[engine] = [p.data for p in model.parameters()]
    np.testing.assert_allclose(weights["compiled"], weights["eager"], rtol=1e-9)


@pytest.mark.parametrize("n", [1023, 1024, 1025, 2500])
def test_all_data_are_tried_out_before_a_compiled_training(n):
    y = np.zeros(n)
    y[-1] = 2
    model = Neuron(1, activation="sigmoid", seed=0)
    with pytest.raises(
        ValueError, match=rf"the loss does not take y\[{n - 1}\]: .* labels 0 or 1, but got 2"
    ):
        fit(model, np.zeros((n, 1)), y, loss="binary_cross_entropy", batch_size=1)


def test_a_probability_out_of_range_is_an_error_in_the_middle_of_a_training_too():
    for engine in ENGINES:
        model = MLP(1, [1], init=lambda rng, n, m: np.full((n, m), 0.5))
        with pytest.raises(ValueError, match="binary_cross_entropy takes a probability, but got"):
            fit(model, [[1.0]], [1], loss="binary_cross_entropy", optimizer=SGD(1.0), engine=engine)
        assert [p.data for p in model.parameters()] == pytest.approx([2.5, 2.0])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_number_outside_a_domain_is_an_error_that_keeps_the_weights_of_the_step_before(engine):
    w = Value(1.0)

    class Model(Module):
        def __init__(self):
            self.w = w

        def __call__(self, x):
            return self.w * x[0]

    with pytest.raises(DomainError, match="log"):
        fit(Model(), [[1.0]], [0.0], loss=lambda p, y: p.log(), optimizer=SGD(0.75), engine=engine, epochs=9)
    assert w.data == 1.0 - 0.75 - 0.75 / 0.25


@pytest.mark.parametrize("engine", ENGINES)
def test_callbacks_see_the_weights_of_their_epoch_and_may_change_them(engine):
    seen = []
    model = small_model()

    def callback(history):
        seen.append(model.state_dict())
        if len(history) == 2:
            model.parameters()[0].data = 7.0

    trained(model=model, callbacks=[callback], batch_size=2, engine=engine)
    assert seen[0] == trained(epochs=1, batch_size=2, engine=engine)[0].state_dict()
    assert seen[1] == trained(epochs=2, batch_size=2, engine=engine)[0].state_dict()
    assert model.state_dict() == seen[2]
    assert abs(model.parameters()[0].data - 7.0) < 0.1


class Moody(Module):
    """A model that writes down the mode that it is called in."""

    def __init__(self):
        self.inner = Neuron(2, activation="sigmoid", seed=0)
        self.modes = []

    def __call__(self, x):
        self.modes.append(self.training)
        return self.inner(x)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("end", ["all", "error", "Ctrl-C", "refused"])
def test_a_model_is_in_training_mode_during_the_steps_and_then_in_the_mode_that_it_was_in(engine, mode, end):
    model = Moody().train(mode)
    model.inner.training = not mode
    between = []

    def callback(history):
        between.append(model.training)
        if end == "Ctrl-C":
            raise KeyboardInterrupt
        if end == "error":
            raise ZeroDivisionError

    expected = {"error": ZeroDivisionError, "refused": ValueError}.get(end)
    with pytest.raises(expected) if expected else nullcontext():
        trained(model=model, callbacks=[callback], engine=engine, y=[2] * 7 if end == "refused" else Y)
    assert (model.training, model.inner.training) == (mode, not mode)
    if end != "refused":
        assert model.modes[-1] is True
        assert between == [False] * (3 if end == "all" else 1)


def test_a_compiled_training_calls_the_model_a_few_times_only():
    model = Moody()
    trained(model=model, epochs=20, batch_size=2)
    assert len(model.modes) <= 4


@pytest.mark.parametrize("engine", ENGINES)
def test_the_loss_of_an_epoch_does_not_overflow_where_those_of_its_batches_do_not(engine):
    how = {"loss": "mse", "optimizer": SGD(1e-9), "epochs": 1, "batch_size": 1, "engine": engine}
    history = fit(MLP(1, [1], init="zeros"), [[1e-9]] * 3, [1e154] * 3, **how)
    assert history.loss == pytest.approx([1e308])


class Careful(Module):
    """A model with a domain in training mode only."""

    def __init__(self):
        self.w = Value(1.0)

    def __call__(self, x):
        return self.w * (log(x[0]) if self.training else x[0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [{}, {"metrics": ["mae"]}, {"validation": 0.2}])
def test_what_only_training_mode_refuses_is_refused_before_the_first_step(engine, how):
    X = np.ones((20, 1))
    X[17] = -1.0
    model = Careful()
    with pytest.raises(DomainError, match="log is defined for x > 0, but got x = -1"):
        fit(model, X, np.ones(20), loss="mse", batch_size=2, seed=0, engine=engine, **how)
    assert model.w.data == 1.0


class InColumns(SGD):
    """A rule that returns a vector with gaps."""

    def rule(self, theta, gradient, lr, state):
        moved, state = super().rule(theta, gradient, lr, state)
        return np.stack([moved, moved], axis=1)[:, 0], state


def test_a_rule_may_return_a_vector_with_gaps():
    model, same = (MLP(2, [95, 92, 1], seed=0) for _ in range(2))  # more numbers than are copied
    for network, rule in ((model, InColumns), (same, SGD)):
        fit(
            network,
            X,
            Y,
            loss="binary_cross_entropy_with_logits",
            optimizer=rule(0.1),
            epochs=2,
            batch_size=3,
            seed=0,
        )
    assert model.state_dict() == same.state_dict()
