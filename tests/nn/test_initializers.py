"""Initial weights: their distributions, their seeds, and the figures of the lecture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.numpy_network import arrays

from autograd_lite.nn import (
    ACTIVATIONS,
    INITIALIZERS,
    MLP,
    Layer,
    Neuron,
    glorot,
    glorot_uniform,
    he,
    he_uniform,
    normal,
    uniform,
    zeros,
)
from autograd_lite.optim import SGD
from autograd_lite.training import fit

SIZES = st.integers(1, 40)
SEEDS = st.integers(0, 2**32)
STANDARD_DEVIATIONS = {
    "he": lambda fan_in, fan_out: (2 / fan_in) ** 0.5,
    "he_uniform": lambda fan_in, fan_out: (2 / fan_in) ** 0.5,
    "glorot": lambda fan_in, fan_out: (2 / (fan_in + fan_out)) ** 0.5,
    "glorot_uniform": lambda fan_in, fan_out: (2 / (fan_in + fan_out)) ** 0.5,
    "uniform": lambda fan_in, fan_out: 3**-0.5,
    "normal": lambda fan_in, fan_out: 1.0,
    "zeros": lambda fan_in, fan_out: 0.0,
}


def test_every_initializer_is_listed_under_its_name():
    expected = [he, he_uniform, glorot, glorot_uniform, uniform, normal, zeros]
    assert list(INITIALIZERS.values()) == expected
    assert [f.__name__ for f in expected] == list(INITIALIZERS)


@pytest.mark.parametrize("name", INITIALIZERS)
@given(fan_in=SIZES, fan_out=SIZES, seed=SEEDS)
def test_weights_have_a_row_for_each_input_and_a_column_for_each_neuron(name, fan_in, fan_out, seed):
    weights = INITIALIZERS[name](np.random.default_rng(seed), fan_in, fan_out)
    assert weights.shape == (fan_in, fan_out)
    assert np.isfinite(weights).all()


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("fans", [(400, 100), (100, 400)])
def test_weights_have_mean_0_and_the_stated_standard_deviation(name, fans):
    weights = INITIALIZERS[name](np.random.default_rng(1), *fans)
    expected = STANDARD_DEVIATIONS[name](*fans)
    assert weights.std() == pytest.approx(expected, rel=0.02)
    assert abs(weights.mean()) <= 0.02 * expected


@pytest.mark.parametrize(
    ("initializer", "end"),
    [(uniform, 1.0), (he_uniform, (6 / 100) ** 0.5), (glorot_uniform, (6 / 300) ** 0.5)],
)
def test_uniform_weights_fill_their_interval(initializer, end):
    weights = initializer(np.random.default_rng(0), 100, 200)
    assert -end <= weights.min() < -0.99 * end
    assert 0.99 * end < weights.max() <= end


def test_the_lecture_s_network_has_the_lecture_s_weights():
    rng = np.random.default_rng(42)
    expected = [rng.normal(0.0, np.sqrt(2.0 / n), size=(n, m)) for n, m in ((2, 4), (4, 4), (4, 1))]
    W, b = arrays(MLP(2, [4, 4, 1], init="he", seed=42), "data")
    assert [w.tolist() for w in W] == [w.tolist() for w in expected]
    assert not np.concatenate(b).any()
    assert W[0][0].round(10).tolist() == [0.3047170798, -1.0399841062, 0.7504511958, 0.9405647164]


@pytest.mark.parametrize(
    ("activation", "suitable"),
    [
        *((name, "glorot") for name in ("linear", "step", "sigmoid", "tanh", "softmax")),
        *(
            (name, "he")
            for name in ("relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish", "softplus")
        ),
    ],
)
@pytest.mark.parametrize("make", [lambda **how: MLP(3, [5, 2], **how), lambda **how: Layer(3, 5, **how)])
def test_by_default_the_weights_are_drawn_as_it_suits_the_activation(make, activation, suitable):
    chosen, stated = (make(activation=activation, init=init, seed=3) for init in (None, suitable))
    other = make(activation=activation, init={"he": "glorot", "glorot": "he"}[suitable], seed=3)
    assert list(chosen.state_dict().values()) == list(stated.state_dict().values())
    assert chosen.state_dict() != other.state_dict()


@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_weights(seed):
    first, second, generated = (
        MLP(2, [3, 1], seed=s).state_dict() for s in (seed, seed, np.random.default_rng(seed))
    )
    assert first == second == generated
    assert first != MLP(2, [3, 1], seed=seed + 1).state_dict()


@pytest.mark.parametrize("make", [lambda s: Neuron(2, seed=s), lambda s: MLP(2, [2], seed=s)])
def test_a_generator_gives_other_weights_the_second_time(make):
    rng = np.random.default_rng(0)
    assert make(rng).state_dict() != make(rng).state_dict()


def test_without_a_seed_weights_are_drawn_anew():
    assert Neuron(3).state_dict() != Neuron(3).state_dict()


def test_a_function_may_draw_the_weights():
    model = MLP(2, [3, 1], init=lambda rng, n, m: np.arange(n * m).reshape(n, m))
    assert [w.tolist() for w in arrays(model, "data")[0]] == [[[0, 1, 2], [3, 4, 5]], [[0], [1], [2]]]


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 3\), but got \(3, 2\)"):
        Layer(2, 3, init=lambda rng, n, m: np.zeros((m, n)))


@pytest.mark.parametrize("init", ["kaiming", "", 3])
@pytest.mark.parametrize("make", [lambda i: Neuron(2, init=i), lambda i: MLP(2, [1], init=i)])
def test_an_unknown_initializer_is_refused_with_the_list_of_those_there_are(make, init):
    with pytest.raises(
        ValueError, match=r"unknown initializer .*'he', .*'glorot', .*'uniform', 'normal', 'zeros'"
    ):
        make(init)


# The symmetry of zeros


def columns(layer):
    """The parameters of each neuron."""
    return [tuple(neuron.state_dict().values()) for neuron in layer.neurons]


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "prelu"])
def test_neurons_that_start_at_zeros_stay_equal_and_others_do_not(activation):
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(float)
    different = {}
    for init in ("zeros", None):
        model = MLP(2, [4, 4, 1], activation, "sigmoid", init=init, seed=0)
        before = model.state_dict()
        seen = []

        def note(history, model=model, seen=seen):
            seen.append([len(set(columns(layer))) for layer in model.layers[:2]])

        how = {"loss": "binary_cross_entropy", "optimizer": SGD(0.5), "epochs": 20}
        fit(model, X, y, callbacks=[note], **how)
        assert model.state_dict() != before
        different[init] = {n for numbers in seen for n in numbers}
    assert different == {"zeros": {1}, None: {4}}


# Drawn anew


MODELS = {
    "neuron": lambda **how: Neuron(3, **how),
    "layer": lambda **how: Layer(3, 4, **how),
    "perceptron": lambda **how: MLP(3, [4, 2], **how),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("init", [None, *INITIALIZERS, lambda rng, n, m: rng.normal(size=(n, m)) + n])
@pytest.mark.parametrize("activation", ["prelu", "tanh"])
def test_parameters_that_are_reset_are_those_of_a_new_model_of_the_same_seed(make, init, activation):
    model = make(activation=activation, init=init, seed=0)
    parameters = model.parameters()
    for p in parameters:
        p.data = 7.0
    model.reset_parameters(5)
    assert model.state_dict() == make(activation=activation, init=init, seed=5).state_dict()
    assert model.parameters() == parameters
    model.reset_parameters(np.random.default_rng(5))
    assert model.state_dict() == make(activation=activation, init=init, seed=5).state_dict()


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "prelu"])
def test_every_activation_can_be_reset(activation):
    model = MLP(2, [3, 2], activation, activation, seed=1)
    model.reset_parameters(3)
    assert model.state_dict() == MLP(2, [3, 2], activation, activation, seed=3).state_dict()


def test_without_a_seed_parameters_are_reset_to_new_ones():
    model = MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    model.reset_parameters()
    assert model.state_dict() != before
