"""Neurons, layers and perceptrons against the lecture's matrix formulas."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.numpy_network import ACTIVATIONS, Network, arrays

from autograd_lite import Value, dot
from autograd_lite.nn import MLP, Layer, Neuron

NUMBERS = st.floats(-3, 3)


@st.composite
def perceptrons(draw):
    """A perceptron with weights and biases of all signs, its activations, an input and a seed."""
    n_in = draw(st.integers(1, 4))
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    activation, output = (
        draw(st.sampled_from(sorted(ACTIVATIONS))),
        draw(st.sampled_from(sorted(ACTIVATIONS))),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    model = MLP(n_in, sizes, activation, output, seed=rng)
    for p in model.parameters():
        p.data = rng.normal()
    x = draw(st.lists(NUMBERS, min_size=n_in, max_size=n_in))
    return model, activation, output, x, rng.normal(size=sizes[-1])


def outputs(model, x):
    y = model(x)
    return y if isinstance(y, list) else [y]


@settings(max_examples=200)
@given(perceptrons())
def test_outputs_and_gradients_are_those_of_the_matrix_formulas(case):
    model, activation, output, numbers, slope = case
    network = Network.like(model, activation, output)
    x = [Value(v) for v in numbers]
    y = outputs(model, x)
    dot(slope, y).backward()
    expected_W, expected_b, expected_x = network.gradients(np.array([numbers]), slope.reshape(1, -1))
    W, b = arrays(model, "grad")

    def close(ours, theirs):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)

    close([v.data for v in y], network.forward(np.array([numbers]))[1][-1][0])
    close([v.grad for v in x], expected_x[0])
    for ours, theirs in zip([*W, *b], [*expected_W, *expected_b], strict=True):
        close(ours, theirs)


@pytest.mark.parametrize(
    "wrap",
    [
        tuple,
        np.array,
        iter,
        lambda x: [Value(v) for v in x],
        lambda x: np.array([Value(v) for v in x]),
        lambda x: [Value(x[0]), *x[1:]],
        lambda x: [x[0], Value(x[1]), x[2]],
        lambda x: [np.float64(v) for v in x],
        lambda x: [x[0], np.float64(x[1]), int(x[2])],
    ],
    ids=[
        "tuple",
        "array",
        "iterator",
        "Values",
        "array of Values",
        "Value first",
        "Value second",
        "scalars",
        "mixed",
    ],
)
@pytest.mark.parametrize(
    "make",
    [lambda: MLP(3, [4, 2], "tanh", seed=0), lambda: Layer(3, 2, seed=0), lambda: Neuron(3, seed=0)],
    ids=["MLP", "Layer", "Neuron"],
)
def test_inputs_may_be_numbers_or_values_in_any_sequence(make, wrap):
    x = [0.5, -1.25, 2.0]
    expected, model = make(), make()
    for m, inputs in ((expected, x), (model, wrap(x))):
        dot([1.0, -0.5][: len(outputs(m, x))], outputs(m, inputs)).backward()
    gradients = [p.grad for p in model.parameters()]
    assert gradients == [p.grad for p in expected.parameters()]
    assert any(gradients)


def test_the_gradient_reaches_inputs_that_are_values():
    x = [Value(1.0), Value(2.0)]
    neuron = Neuron(2, nonlin=False, seed=0)
    neuron(x).backward()
    assert [v.grad for v in x] == [w.data for w in neuron.w]


def test_a_perceptron_is_its_layers_and_a_layer_its_neurons():
    model = MLP(2, [3, 2, 2], "tanh", "sigmoid", seed=1)
    a = [0.5, -2.0]
    expected = [y.data for y in model(a)]
    for layer in model.layers:
        single = [neuron(a).data for neuron in layer.neurons]
        a = layer(a)
        assert single == [y.data for y in a]
    assert [y.data for y in a] == expected


def test_micrograd_s_signatures_and_attributes_work():
    linear, relu = Neuron(2, nonlin=False), Neuron(2)
    assert (linear.nonlin, relu.nonlin, Neuron(2, False).nonlin) == (False, True, False)
    assert (linear.activation, relu.activation) == ("linear", "relu")
    assert Neuron(2, activation="tanh").nonlin
    assert len(relu.w) == 2
    assert relu.b.data == 0
    assert relu.parameters() == [*relu.w, relu.b]

    layer = Layer(2, 3, nonlin=True)
    assert [n.nonlin for n in layer.neurons] == [True] * 3
    assert [n.nonlin for n in Layer(2, 3, nonlin=False).neurons] == [False] * 3

    model = MLP(2, [16, 16, 1])
    assert [len(layer.neurons) for layer in model.layers] == [16, 16, 1]
    assert [layer.neurons[0].nonlin for layer in model.layers] == [True, True, False]
    assert len(model.parameters()) == 337
    assert model.parameters() == [p for layer in model.layers for n in layer.neurons for p in [*n.w, n.b]]


@pytest.mark.parametrize("make", [lambda n: MLP(2, [3, n]), lambda n: Layer(2, n)])
def test_one_output_is_a_value_and_several_are_a_list(make):
    assert isinstance(make(1)([1.0, 2.0]), Value)
    several = make(3)([1.0, 2.0])
    assert [type(y) for y in several] == [Value] * 3
    assert isinstance(several, list)


def test_weights_are_labelled_with_layer_input_and_neuron():
    model = MLP(2, [3, 1])
    neuron = model.layers[0].neurons[2]
    assert [p.label for p in neuron.parameters()] == ["W1[0,2]", "W1[1,2]", "b1[2]"]
    assert model.layers[1].neurons[0].w[2].label == "W2[2,0]"
    labels = [p.label for p in model.parameters()]
    assert len(set(labels)) == len(labels)
    assert [p.label for p in Neuron(2).parameters()] == ["w[0]", "w[1]", "b"]


@pytest.mark.parametrize(
    "model",
    [MLP(2, [4, 4, 1], "tanh", "sigmoid"), Layer(2, 3, activation="elu"), Neuron(3, activation="mish")],
    ids=repr,
)
def test_the_representation_makes_a_model_of_the_same_form(model):
    assert repr(eval(repr(model))) == repr(model)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_has_the_same_outputs_and_parameters_of_its_own(duplicate):
    model = MLP(2, [3, 3, 2], "gelu", seed=5)
    other = duplicate(model)
    x = [0.25, -0.75]
    assert [y.data for y in other(x)] == [y.data for y in model(x)]
    assert other.state_dict() == model.state_dict()
    assert [p.label for p in other.parameters()] == [p.label for p in model.parameters()]
    assert not set(other.parameters()) & set(model.parameters())
    other(x)[0].backward()
    assert not any(p.has_grad for p in model.parameters())


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize(
    "make",
    [
        Neuron,
        lambda n: Layer(n, 2),
        lambda n: Layer(2, n),
        lambda n: MLP(n, [2]),
        lambda n: MLP(2, [3, n, 1]),
    ],
)
def test_a_size_below_1_is_refused(make, size):
    with pytest.raises(ValueError, match=f"at least 1 input or neuron, but got {size}"):
        make(size)


@pytest.mark.parametrize("size", [2.5, 2.0, "3", None])
@pytest.mark.parametrize(
    "make", [Neuron, lambda n: Layer(2, n), lambda n: MLP(n, [2]), lambda n: MLP(2, [n])]
)
def test_a_size_that_is_no_integer_is_refused(make, size):
    with pytest.raises(TypeError, match=r"expected an integer number of inputs or neurons"):
        make(size)


@pytest.mark.parametrize("make", [lambda name: Neuron(2, name), lambda name: Layer(2, 3, name)])
def test_an_activation_in_the_place_of_nonlin_is_refused_with_the_way_to_write_it(make):
    with pytest.raises(TypeError, match="for nonlin, but got 'tanh': write activation='tanh'"):
        make("tanh")


def test_sizes_may_be_numpy_integers_in_any_sequence():
    assert repr(MLP(np.int64(2), np.array([3, 1]))) == repr(MLP(2, (3, 1)))


def test_a_perceptron_without_layers_is_refused():
    with pytest.raises(ValueError, match="at least one layer"):
        MLP(2, [])


def test_a_bare_number_for_the_sizes_is_refused_with_the_way_to_write_it():
    with pytest.raises(TypeError, match=r"write \[3\]"):
        MLP(2, 3)


@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])], ids=repr)
@pytest.mark.parametrize("x", [[], [1.0], [1.0, 2.0, 3.0], np.zeros(5)], ids=len)
def test_the_wrong_number_of_inputs_is_refused(model, x):
    with pytest.raises(ValueError, match=f"takes 2 inputs, but got {len(x)}"):
        model(x)


@pytest.mark.parametrize("model", [Neuron(1), Layer(1, 3), MLP(1, [3, 1])], ids=repr)
@pytest.mark.parametrize("x", [1.0, None, Value(1.0)])
def test_an_input_that_is_no_sequence_is_refused(model, x):
    with pytest.raises(TypeError, match="takes a sequence of 1 numbers"):
        model(x)


@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])], ids=repr)
@pytest.mark.parametrize(
    "x", ["ab", [1.0, "2"], ["1", 2.0], [1.0, None], [1.0, 1j], [[1.0], [2.0]], np.eye(2)]
)
def test_inputs_that_are_no_real_numbers_are_refused(model, x):
    with pytest.raises(TypeError, match="expected a real number"):
        model(x)
