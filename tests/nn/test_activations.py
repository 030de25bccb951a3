"""Activations: every name computes its formula, forward and backward."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references import numpy_network

from autograd_lite import Value
from autograd_lite.nn import ACTIVATIONS, MLP, Layer, Neuron
from autograd_lite.testing import check_gradients


def test_the_activations_are_those_of_the_reference():
    assert ACTIVATIONS.keys() == numpy_network.ACTIVATIONS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
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


@pytest.mark.parametrize("name", ["swish", "Relu", "", 3])
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
    with pytest.raises(ValueError, match=r"unknown activation .*: choose one of 'linear', .*'softplus'"):
        make(name)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("z", [-1.3, 0.7])
def test_activations_have_the_derivatives_of_their_values_to_the_second_order(name, z):
    check_gradients(Neuron(1, activation=name, seed=0), [z], order=2)
