"""Penalties against their formulas in NumPy, which weights they see, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_lite import Value, array, compile
from autograd_lite.engine import topological_order
from autograd_lite.nn import L1, L2, MLP, Dropout, ElasticNet, Layer, Module, Neuron, Sequential, lp, mae
from autograd_lite.testing import check_gradients

NUMBERS = st.floats(-1e3, 1e3)
VECTORS = st.lists(NUMBERS, min_size=1, max_size=8)
NORMS = [1, 1.5, 2, 2.5, 3, 10, math.inf]


def numbers(values):
    return [v.data for v in values]


def model_of(activation="tanh"):
    """A perceptron all of whose parameters differ."""
    model = MLP(2, [3, 2, 1], activation, seed=0)
    for k, p in enumerate(model.parameters()):
        p.data = (-1) ** k * (0.5 + k)
    return model


def weights_of(model, biases=False):
    """The weights of each layer, and its biases."""
    return [
        [w.data for neuron in layer.neurons for w in [*neuron.w, *[neuron.b] * biases]]
        for layer in model.layers
    ]


# Norms


@pytest.mark.parametrize("p", NORMS)
@given(w=VECTORS)
@example(w=[0.0])
@example(w=[0.0, 0.0, -3.0])
@example(w=[2.0, -2.0])
@example(w=[5e-324, 1e-200])
def test_a_norm_is_numpy_s_of_numbers_and_values(p, w):
    leaves = [Value(x) for x in w]
    norm = lp(leaves, p)
    largest = max(map(abs, w))
    expected = largest * float(np.linalg.norm(np.array(w) / largest, p)) if largest else 0.0
    assert norm.data == pytest.approx(expected, rel=1e-12, abs=1e-323)
    assert lp(w, p) == norm.data


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("w", [[0.3, -1.2, 0.7], [2.0], [-1e-3, 1e3, 5.0, -0.5]])
def test_norms_have_the_derivatives_of_their_values_to_the_second_order(p, w):
    check_gradients(lambda w: lp(w, p), w, order=2)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_the_derivative_by_a_weight_of_0_is_0(p):
    for w in ([0.0, 0.0], [0.0, -2.0]):
        leaves = array(w)
        lp(leaves, p).backward()
        assert [leaf.grad for leaf in leaves] == [np.sign(x) for x in w]


@pytest.mark.parametrize("p", [3, 300, math.inf])
@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_large_and_small_weights_do_not_leave_the_range_of_floats(p, size):
    assert lp([size, -size], p) == pytest.approx(size * 2 ** (1 / p), rel=1e-12)


@pytest.mark.parametrize("p", [0, 0.5, -1, math.nan, "2", None, Value(2.0)])
def test_a_p_for_which_there_is_no_norm_is_refused(p):
    with pytest.raises(ValueError, match="expected p >= 1, for which there is a norm, but got"):
        lp([1.0], p)


def test_of_no_weights_every_penalty_is_0():
    for p in NORMS:
        assert lp([], p) == lp(Dropout(0.5), p) == 0.0
    assert L1(1.0)([]) == L2(1.0)([]) == ElasticNet(1.0, 1.0)([]) == 0.0


# The formulas


@given(VECTORS, st.floats(0, 10), st.floats(0, 10))
def test_penalties_are_the_lecture_s_formulas(w, alpha, beta):
    ones, squares = sum(map(abs, w)), sum(x * x for x in w)
    assert L1(alpha)(w) == pytest.approx(alpha * ones, rel=1e-12)
    assert L2(beta)(w) == pytest.approx(0.5 * beta * squares, rel=1e-12)
    assert ElasticNet(alpha, beta)(w) == pytest.approx(alpha * ones + 0.5 * beta * squares, rel=1e-12)
    leaves = [Value(x) for x in w]
    ElasticNet(alpha, beta)(leaves).backward()
    slopes = [alpha * np.sign(x) + beta * x for x in w]
    assert [leaf.grad for leaf in leaves] == pytest.approx(slopes, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("penalty", [L1(0.3), L2(0.3), ElasticNet(0.3, 0.7)])
def test_penalties_have_the_derivatives_of_their_values_to_the_second_order(penalty):
    check_gradients(penalty, [0.3, -1.2, 0.7], order=2)


@pytest.mark.parametrize("penalty", [L1(0.0), L2(0.0), ElasticNet(0.0, 0.0)])
def test_a_strength_of_0_has_no_effect(penalty):
    model = model_of()
    result = penalty(model)
    assert result.data == 0
    assert {d.data for d in result.gradient(model.parameters())} == {0.0}


@pytest.mark.parametrize("penalty", [lp, L1(0.5), L2(0.5), ElasticNet(0.5, 0.5)])
def test_values_may_come_in_any_iterable_and_strengths_in_any_number(penalty):
    w = [1.0, -3.0]
    for wrapped in (tuple(w), iter(w), np.array([w]), array([w]), (Value(x) for x in w)):
        result = penalty(wrapped)
        assert getattr(result, "data", result) == penalty(w)
    assert type(lp(w, np.float64(3))) is float
    assert isinstance(L2(np.float32(0.5))(array(w)), Value)


def test_the_lecture_s_loss_with_both_norms():
    model = model_of()
    x, y, alpha, beta = [0.5, -1.0], 2.0, 0.01, 0.1
    loss = mae(model(x), y) + alpha * lp(model, 1) + beta * lp(model, 2)
    w = np.concatenate(weights_of(model))
    expected = abs(model(x).data - y) + alpha * abs(w).sum() + beta * np.sqrt((w**2).sum())
    assert loss.data == pytest.approx(expected, rel=1e-12)


# Which weights


@pytest.mark.parametrize("activation", ["tanh", "prelu"])
@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("layers", [None, [0], [1, 2], [-1], (2, 0), range(3), np.array([1]), []])
def test_penalties_see_the_weights_of_the_layers_that_are_asked_for(activation, biases, layers):
    model = model_of(activation)
    every = weights_of(model, biases)
    chosen = every if layers is None else [every[k] for k in layers]
    w = [x for layer in chosen for x in layer]
    how = {"layers": layers, "biases": biases}
    assert getattr(lp(model, 1, **how), "data", 0.0) == pytest.approx(sum(map(abs, w)))
    for penalty in (L1(0.1, **how), L2(0.1, **how), ElasticNet(0.1, 0.2, **how)):
        expected = type(penalty)(*([0.1, 0.2] if isinstance(penalty, ElasticNet) else [0.1]))(w)
        assert getattr(penalty(model), "data", 0.0) == pytest.approx(expected)


def test_layers_have_penalties_of_their_own():
    model = model_of()
    penalty = L2(0.1)(model.layers[0]) + L1(0.01)(model.layers[1])
    first, second, _ = map(np.array, weights_of(model))
    assert penalty.data == pytest.approx(0.05 * (first**2).sum() + 0.01 * abs(second).sum())
    neuron = model.layers[2].neurons[0]
    assert lp(neuron, 1).data == pytest.approx(sum(abs(w.data) for w in neuron.w))


def test_the_steps_of_a_sequence_are_its_layers():
    layers = [Layer(2, 3, seed=0), Dropout(0.5), Layer(3, 1, seed=1)]
    model = Sequential(*layers)
    assert L2(0.1, layers=[2])(model).data == L2(0.1)(layers[2]).data
    assert L2(0.1, layers=[0, 1])(model).data == L2(0.1)(layers[0]).data


def test_a_weight_that_is_shared_is_counted_once():
    layer = Layer(2, 2, seed=0)
    model = Sequential(layer, Dropout(0.5), layer)
    assert lp(model, 1).data == lp(model, 1, layers=[0, 2]).data == lp(layer, 1).data


class Shallow(Module):
    """A network as the first lecture writes it."""

    def __init__(self):
        self.W1, self.b1 = array([[1.0, 2.0]]), array([4.0, 4.0])
        self.head = {"W": [Value(8.0)], "bias": Value(16.0)}
        self.b_side, self.slope, self.blend = Value(32.0), Value(64.0), Value(128.0)
        self.b = [Layer(1, 1, init="zeros")]


def test_weights_are_what_is_not_named_as_a_bias():
    model = Shallow()
    assert numbers(model.weights()) == [1, 2, 8, 32, 64, 128, 0]
    assert numbers(model.weights(biases=True)) == [1, 2, 4, 4, 8, 16, 32, 64, 128, 0, 0]
    assert lp(model, 1).data == 235


def test_weights_are_among_the_parameters_that_a_subclass_states():
    class Frozen(Neuron):
        def parameters(self):
            return [self.w[0], self.b]

    neuron = Frozen(2)
    assert neuron.weights() == [neuron.w[0]]
    assert neuron.weights(biases=True) == [neuron.w[0], neuron.b]


# Graphs and programs


@pytest.mark.parametrize(("penalty", "nodes"), [(L2(0.1), 2), (lambda model: lp(model, 2), 1)])
def test_of_many_weights_the_graph_is_small(penalty, nodes):
    made = [v for v in topological_order(penalty(MLP(10, [20, 5], seed=0))) if v.op]
    assert len(made) == nodes


@pytest.mark.parametrize(
    "penalty",
    [
        L1(0.3),
        L2(0.3, layers=[1]),
        ElasticNet(0.3, 0.7, biases=True),
        *(lambda model, p=p: lp(model, p) for p in NORMS),
    ],
)
def test_a_compiled_penalty_is_that_of_the_weights_at_the_time_of_the_call(penalty):
    model = model_of()
    parameters = model.parameters()

    def loss(x, y):
        total = mae(model([x, x]), y) + penalty(model)
        return total, total.gradient(parameters)

    compiled = compile(loss)
    for zeros in (0, 5, len(parameters)):
        for p in parameters[:zeros]:
            p.data = 0.0
        found, expected = compiled(0.5, 1.0), loss(0.5, 1.0)
        assert found[0] == pytest.approx(expected[0].data, rel=1e-12)
        np.testing.assert_allclose(found[1], numbers(expected[1]), rtol=1e-12, atol=1e-12)


# What is refused


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, "0.1", None])
def test_a_strength_that_is_none_is_refused(wrong):
    for make in (L1, lambda x: ElasticNet(x, 0.1)):
        with pytest.raises(ValueError, match="expected a finite alpha >= 0, but got"):
            make(wrong)
    for make in (L2, lambda x: ElasticNet(0.1, x)):
        with pytest.raises(ValueError, match="expected a finite beta >= 0, but got"):
            make(wrong)


@pytest.mark.parametrize("make", [L1, L2, lambda x, **how: ElasticNet(x, x, **how)])
@pytest.mark.parametrize(
    ("layers", "error", "match"),
    [
        (0, TypeError, r"expected the places of layers, such as \[0, 1\], for layers, but got 0"),
        ([0.5], TypeError, "expected the places of layers"),
        ("0", TypeError, "expected the places of layers"),
        ([1, 1], ValueError, r"expected each layer once, but got \[1, 1\]"),
    ],
)
def test_places_that_are_none_are_refused_at_once(make, layers, error, match):
    with pytest.raises(error, match=match):
        make(0.1, layers=layers)


@pytest.mark.parametrize("place", [3, -4])
def test_a_layer_that_is_not_there_is_refused(place):
    with pytest.raises(ValueError, match=f"expected places of 3 layers, from 0 on, but got {place}"):
        L2(0.1, layers=[place])(model_of())


def test_a_model_without_layers_has_none_to_choose():
    for model in (Layer(2, 3), Dropout(0.5)):
        with pytest.raises(TypeError, match="expected a model with layers, such as an MLP or a Sequential"):
            L1(0.1, layers=[0])(model)
    with pytest.raises(TypeError, match=r"but got a list of Values and layers=\[0\]"):
        L1(0.1, layers=[0])([Value(1.0)])


@pytest.mark.parametrize("wrong", [3.0, None, Value(1.0), "w", ["w"], [None], [Layer(1, 1)]])
def test_what_has_no_weights_is_refused(wrong):
    for penalty in (L1(0.1), L2(0.1), ElasticNet(0.1, 0.1), lp):
        with pytest.raises(TypeError, match="expected a Module or a list of Values, but got"):
            penalty(wrong)


def test_penalties_are_equal_and_hashable_by_what_they_are():
    assert L1(0.1, [0, 1]) == L1(0.1, (0, 1)) != L1(0.1, (1, 0))
    assert len({L1(0.1, [0]), L1(0.1, [0]), L2(0.1, [0]), L2(0.1)}) == 3
    assert eval(repr(ElasticNet(0.1, 0.2, [1], True))) == ElasticNet(0.1, 0.2, (1,), True)
