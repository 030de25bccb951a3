"""Activations: every name computes its formula, forward and backward, and its parameters are trained."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import numpy_network

from autograd_lite import Value, compile
from autograd_lite.compiler._matrix_form import matrix_form
from autograd_lite.nn import ACTIVATIONS, MLP, Layer, Neuron, Sequential
from autograd_lite.optim import SGD
from autograd_lite.testing import check_gradients
from autograd_lite.training import fit

OF_ONE_NEURON = [name for name, activation in ACTIVATIONS.items() if not activation.of_layer]


def test_the_activations_are_those_of_the_reference_and_two_that_are_no_functions_of_one_number():
    assert ACTIVATIONS.keys() == numpy_network.ACTIVATIONS.keys() | {"prelu", "softmax"}


def test_swish_is_another_name_of_silu():
    assert ACTIVATIONS["swish"] == ACTIVATIONS["silu"]


@pytest.mark.parametrize("name", numpy_network.ACTIVATIONS)
@given(z=st.floats(-20, 20))
def test_a_neuron_applies_the_activation_of_its_name(name, z):
    neuron = Neuron(1, activation=name, init=lambda rng, n, m: np.ones((n, m)))
    x = Value(z)
    y = neuron([x])
    y.backward()
    phi, slope = numpy_network.ACTIVATIONS[name]
    assert y.data == pytest.approx(float(phi(np.array(z))), rel=1e-9, abs=1e-12)
    assert x.grad == pytest.approx(float(slope(np.array(z))), rel=1e-9, abs=1e-12)
    assert neuron.b.grad == x.grad


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_a_saturated_neuron_keeps_the_digits_of_its_small_gradient(name):
    neuron = Neuron(1, activation=name, init=lambda rng, n, m: np.ones((n, m)))
    neuron([30.0]).backward()
    expected = {"tanh": 4 * math.exp(-60), "sigmoid": math.exp(-30)}[name]
    assert neuron.b.grad == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["selu", "Relu", "", 3])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: Neuron(2, activation=name),
        lambda name: Layer(2, 3, activation=name),
        lambda name: MLP(2, [3, 1], activation=name),
        lambda name: MLP(2, [1], activation=name, init="he"),
        lambda name: MLP(2, [3, 1], output=name),
    ],
)
def test_an_unknown_activation_is_refused_with_the_list_of_those_there_are(make, name):
    with pytest.raises(ValueError, match=r"unknown activation .*: choose one of 'linear', .*'softmax'"):
        make(name)


@pytest.mark.parametrize("name", OF_ONE_NEURON)
@pytest.mark.parametrize("z", [-1.3, 0.7])
def test_activations_have_the_derivatives_of_their_values_to_the_second_order(name, z):
    check_gradients(Neuron(1, activation=name, seed=0), [z], order=2)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_compiled_layer_has_the_outputs_and_derivatives_of_one_that_is_not(name):
    layer = Layer(2, 3, activation=name, seed=0)
    X = np.random.default_rng(0).normal(size=(4, 2))

    def with_slopes(x):
        y = layer(x)
        return y, [v.gradient(layer.parameters()) for v in y]

    found = compile(with_slopes, in_axes=0)(X)
    for k, x in enumerate(X.tolist()):
        y, slopes = with_slopes(x)
        np.testing.assert_allclose(found[0][k], [v.data for v in y], rtol=1e-12)
        expected = [[d.data for d in row] for row in slopes]
        np.testing.assert_allclose(
            np.array(found[1])[..., k, :] if np.ndim(found[1]) == 3 else found[1][k],
            expected,
            rtol=1e-12,
            atol=1e-15,
        )


# PReLU


@given(z=st.lists(st.floats(-5, 5), min_size=1, max_size=4), data=st.data())
def test_prelu_multiplies_what_is_negative_by_a_slope_of_each_neuron(z, data):
    layer = Layer(1, len(z), activation="prelu", init=lambda rng, n, m: np.array([z]))
    slopes = data.draw(st.lists(st.floats(-2, 2), min_size=len(z), max_size=len(z)))
    x = Value(1.0)
    for neuron, slope in zip(layer.neurons, slopes, strict=True):
        assert neuron.negative_slope.data == 0.25
        neuron.negative_slope.data = slope
    outputs = layer([x])
    outputs = outputs if isinstance(outputs, list) else [outputs]
    sum(outputs).backward()
    assert [y.data for y in outputs] == [v if v > 0 else a * v for v, a in zip(z, slopes, strict=True)]
    assert [n.b.grad for n in layer.neurons] == [1 if v > 0 else a for v, a in zip(z, slopes, strict=True)]
    assert [n.negative_slope.grad for n in layer.neurons] == [min(v, 0.0) for v in z]


def test_the_slope_of_prelu_is_a_parameter_that_is_labelled_saved_and_no_weight():
    model = MLP(2, [2, 1], "prelu", "prelu")
    neuron = model.layers[0].neurons[1]
    assert neuron.parameters() == [*neuron.w, neuron.b, neuron.negative_slope]
    assert neuron.negative_slope.label == "slope1[1]"
    assert Neuron(2, activation="prelu").negative_slope.label == "slope"
    assert model.state_dict()["layers.0.neurons.1.negative_slope"] == 0.25
    assert neuron.weights() == neuron.w
    assert neuron.weights(biases=True) == [*neuron.w, neuron.b]
    assert not hasattr(Neuron(2), "negative_slope")


def test_training_finds_the_slope_of_prelu():
    neuron = Neuron(1, activation="prelu", init=lambda rng, n, m: np.ones((n, m)))
    X = np.linspace(-2, 2, 20)
    fit(neuron, X[:, None], np.where(X > 0, X, -0.5 * X), loss="mse", optimizer=SGD(0.2), epochs=300)
    assert neuron.negative_slope.data == pytest.approx(-0.5, abs=1e-3)
    assert neuron.w[0].data == pytest.approx(1.0, abs=1e-3)


def test_the_matrix_form_names_the_slopes_of_prelu():
    model = MLP(2, [3, 1], "prelu", seed=0)
    compiled = compile(lambda x: model(x), in_axes=0)
    compiled(np.ones((4, 2)))
    assert "slope1: 3 x 1" in matrix_form(compiled.program)


# Softmax


@given(z=st.lists(st.floats(-50, 50), min_size=2, max_size=5))
def test_a_layer_of_softmax_gives_probabilities_with_their_derivatives(z):
    layer = Layer(1, len(z), activation="softmax", init=lambda rng, n, m: np.array([z]))
    outputs = layer([1.0])
    p = np.exp(np.array(z) - max(z)) / np.exp(np.array(z) - max(z)).sum()
    assert [y.data for y in outputs] == pytest.approx(p.tolist(), rel=1e-12)
    assert math.fsum(y.data for y in outputs) == pytest.approx(1.0, rel=1e-12)
    biases = [neuron.b for neuron in layer.neurons]
    jacobian = [[d.data for d in y.gradient(biases)] for y in outputs]
    np.testing.assert_allclose(jacobian, np.diag(p) - np.outer(p, p), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("logits", "rounded"),
    [
        ([1.47, -0.39, 0.22], [0.69, 0.11, 0.20]),
        ([5.0, 6.0, 4.0], [0.24, 0.67, 0.09]),
        ([0.9, 0.8, 1.1], [0.32, 0.29, 0.39]),
        ([-2.0, 2.0, -3.0], [0.02, 0.98, 0.01]),
    ],
)
def test_the_lecture_s_table_of_softmax(logits, rounded):
    layer = Layer(1, 3, activation="softmax", init=lambda rng, n, m: np.array([logits]))
    assert [round(y.data, 2) for y in layer([1.0])] == rounded


def test_the_neurons_of_a_softmax_layer_give_its_logits():
    layer = Layer(2, 3, activation="softmax", seed=0)
    x = [0.5, -1.0]
    logits = [neuron(x).data for neuron in layer.neurons]
    assert [y.data for y in layer(x)] == ACTIVATIONS["softmax"].function(logits)
    assert repr(layer) == "Layer(2, 3, activation='softmax')"


def test_softmax_may_be_a_hidden_activation():
    model = MLP(2, [3, 2], "softmax", "softmax", seed=0)
    same = Sequential(*(Layer(n, m, activation="softmax") for n, m in ((2, 3), (3, 2))))
    same.load_state_dict({name.replace("layers", "steps"): x for name, x in model.state_dict().items()})
    assert [y.data for y in model([1.0, 2.0])] == [y.data for y in same([1.0, 2.0])]
    assert repr(model) == "MLP(2, [3, 2], activation='softmax', output='softmax')"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Neuron(2, activation="softmax"),
        lambda: Layer(2, 1, activation="softmax"),
        lambda: MLP(2, [3, 1], output="softmax"),
        lambda: MLP(2, [1, 3], "softmax"),
    ],
)
def test_softmax_of_a_single_output_is_refused_with_what_to_use(make):
    with pytest.raises(ValueError, match="at least 2 outputs for softmax, but got 1: use 'sigmoid'"):
        make()


# Step


@pytest.mark.parametrize(("z", "y"), [(-1.0, 0.0), (0.0, 0.0), (5e-324, 1.0), (3.0, 1.0)])
def test_the_step_is_1_above_0_and_has_no_slope(z, y):
    neuron = Neuron(1, activation="step", init=lambda rng, n, m: np.ones((n, m)))
    x = Value(z)
    out = neuron([x])
    assert out.data == y
    assert [d.data for d in out.gradient([x, *neuron.parameters()])] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("engine", ["compiled", "eager"])
def test_a_perceptron_of_steps_learns_in_its_output_layer_alone(engine):
    """As the lecture has it: before backpropagation nobody could train what is hidden."""
    model = MLP(2, [4, 1], "step", seed=0)
    before = model.state_dict()
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    fit(model, X, y, loss="mse", epochs=5, engine=engine)
    changed = {name for name, number in model.state_dict().items() if number != before[name]}
    assert changed
    assert all(name.startswith("layers.1") for name in changed)
