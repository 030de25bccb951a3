"""A graph whose leaves were changed is found, and one whose leaves were not never is."""

import pytest
from hypothesis import given

from autograd_lite import Value, custom_derivative, log, topological_order, where
from autograd_lite._staleness import stale_node
from autograd_lite.nn import MLP, binary_cross_entropy
from autograd_lite.testing import expressions, mlps


@given(expressions())
def test_a_graph_as_it_was_recorded_is_not_stale(expression):
    y = expression(*map(Value, expression.leaves))
    assert stale_node(topological_order(y)) is None


@given(mlps())
def test_a_network_as_it_was_recorded_is_not_stale(model):
    outputs = model([0.5] * len(model.layers[0].neurons[0].w))
    assert stale_node(topological_order(*(outputs if isinstance(outputs, list) else [outputs]))) is None


def test_a_step_of_training_makes_a_graph_stale():
    model = MLP(2, [3, 1], output="sigmoid", seed=0)
    J = binary_cross_entropy(model([0.5, -1.0]), 1)
    J.backward()
    for p in model.parameters():
        p.data -= 0.1 * p.grad
    assert stale_node(topological_order(J)) is not None


@pytest.mark.parametrize("number", [-1.0, 3.0])
def test_a_leaf_outside_of_a_domain_is_a_change_too(number):
    x = Value(2.0)
    y = log(x)
    x.data = number
    assert stale_node(topological_order(y)) is y


def test_conditions_and_operations_of_the_user_s_are_taken_as_they_were():
    @custom_derivative(lambda y, x: 1.0)
    def shifted(x):
        return x + 1.0

    x = Value(2.0)
    y = where(x > 0, 1.0, shifted(x))
    x.data = -1.0
    assert stale_node(topological_order(y)) is None
