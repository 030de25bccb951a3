"""Sequences of modules: what they compute, how they are reset, and what is refused."""

import numpy as np
import pytest

from autograd_lite import Value
from autograd_lite.nn import MLP, Dropout, Layer, Module, Sequential


def test_a_sequence_of_layers_is_a_perceptron():
    model = MLP(2, [3, 1, 2], "tanh", seed=0)
    sequence = Sequential(*model.layers)
    assert [y.data for y in sequence([1.0, -2.0])] == [y.data for y in model([1.0, -2.0])]
    assert sequence.parameters() == model.parameters()
    assert next(name for name, _ in sequence.named_parameters()) == "steps.0.neurons.0.w.0"
    assert isinstance(Sequential(Layer(2, 1, seed=0))([1.0, 2.0]), Value)


def test_a_sequence_takes_modules_of_which_there_is_at_least_one():
    with pytest.raises(ValueError, match="a Sequential needs at least one module, but got none"):
        Sequential()
    for wrong in (print, [Layer(1, 1)], None):
        with pytest.raises(TypeError, match="expected Modules one after the other, but got"):
            Sequential(Layer(1, 1), wrong)


def test_a_sequence_sets_the_mode_of_its_modules():
    model = Sequential(Dropout(0.5, seed=0), Sequential(Dropout(0.5, seed=1)))
    x = [1.0] * 20
    assert model.eval()(x) == x
    assert model.train()(x) != x
    assert repr(model) == "Sequential(Dropout(0.5), Sequential(Dropout(0.5)))"


# Drawn anew


def test_a_sequence_resets_its_steps_one_after_the_other_from_one_generator():
    rng = np.random.default_rng(4)
    expected = Sequential(MLP(2, [3], seed=rng), Dropout(0.5), Sequential(Layer(3, 1, seed=rng)))
    model = Sequential(MLP(2, [3]), Dropout(0.5, seed=0), Sequential(Layer(3, 1)))
    model.reset_parameters(4)
    assert model.state_dict() == expected.state_dict()
    assert model.steps[1].rng.random() == np.random.default_rng(0).random()


def test_a_step_that_comes_twice_is_reset_once():
    layer = Layer(2, 2)
    Sequential(layer, Sequential(layer), Dropout(0.5), layer).reset_parameters(3)
    assert layer.state_dict() == Layer(2, 2, seed=3).state_dict()


class Scale(Module):
    """A module without a way to reset it."""

    def __init__(self, factor):
        self.factor = factor


def test_a_sequence_refuses_to_reset_what_cannot_be_reset_and_changes_nothing():
    layer = Layer(2, 2, seed=0)
    before = layer.state_dict()
    with pytest.raises(TypeError, match=r"Scale\(1 parameters\): give its class a method reset_parameters"):
        Sequential(layer, Sequential(Scale(layer.neurons[0].b))).reset_parameters(1)
    assert layer.state_dict() == before
    Sequential(layer, Scale(2.0)).reset_parameters(1)  # which has no parameters
    assert layer.state_dict() == Layer(2, 2, seed=1).state_dict()
