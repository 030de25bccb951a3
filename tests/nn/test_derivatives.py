"""Models, losses and penalties have the derivatives of their values to the second order, compiled ones too.

The derivatives are by all parameters and inputs at once.
"""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import compile, grad, hessian
from autograd_lite.nn import (
    ACTIVATIONS,
    L1,
    L2,
    LOSSES,
    MLP,
    Dropout,
    ElasticNet,
    Layer,
    Neuron,
    Sequential,
    lp,
    mse,
)
from autograd_lite.testing import check_gradients, floats_in, mlps

KINKED = {"step", "relu", "leaky_relu", "prelu", "elu"}
OVER_CLASSES = ("cross_entropy", "categorical_cross_entropy")
LABELS = {"binary_cross_entropy": [1, 0], "binary_cross_entropy_with_logits": [1, 0], "hinge": [1, -1]}
ENDS = {"binary_cross_entropy": "sigmoid", "categorical_cross_entropy": "softmax"}


def with_parameters(model, parameters):
    """The model, with these in the place of its own."""
    rest = iter(parameters)
    for neuron in model.modules():
        if isinstance(neuron, Neuron):
            neuron.w, neuron.b = [next(rest) for _ in neuron.w], next(rest)
            if hasattr(neuron, "negative_slope"):
                neuron.negative_slope = next(rest)
    assert next(rest, None) is None
    return model


def weighted(outputs):
    """A number that depends on each output in its own way."""
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return sum((0.5 + k) * y for k, y in enumerate(outputs))


def of(model, loss=weighted):
    """A function of parameters and inputs, and a point at which all of them differ."""
    first = next(module for module in model.modules() if isinstance(module, Neuron))
    rng = np.random.default_rng(1)
    point = rng.normal(size=len(model.parameters())), rng.normal(size=len(first.w))
    return lambda theta, x: loss(with_parameters(model, theta)(list(x))), *point


def of_loss(name, target):
    model = Layer(1, 3 if name in OVER_CLASSES else 2, activation=ENDS.get(name, "linear"))
    return of(model, lambda outputs: LOSSES[name](outputs, target))


DISTRIBUTION = [0.2, 0.5, 0.3]
CASES = {
    **{f"Neuron, {name}": of(Neuron(2, activation=name)) for name in ACTIVATIONS if name != "softmax"},
    **{f"Layer, {name}": of(Layer(1, 2, activation=name)) for name in ACTIVATIONS},
    **{f"MLP, {name}": of(MLP(1, [2, 1], name)) for name in ACTIVATIONS},
    "Dropout": of(Sequential(Layer(1, 2, activation="mish"), Dropout(0.5), Neuron(2)).eval()),
    "Sequential": of(Sequential(Layer(1, 2, activation="prelu"), MLP(2, [2], output="gelu"))),
    **{name: of_loss(name, LABELS.get(name, [0.2, 3.0])) for name in LOSSES if name not in OVER_CLASSES},
    **{f"{name}, class": of_loss(name, 1) for name in OVER_CLASSES},
    **{f"{name}, distribution": of_loss(name, DISTRIBUTION) for name in OVER_CLASSES},
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_differences_to_the_second_order(name):
    check_gradients(*CASES[name], order=2)


@settings(max_examples=8)
@given(mlps(max_layers=2, max_width=2, activations=set(ACTIVATIONS) - KINKED), st.data())
def test_so_are_those_of_smooth_networks_at_random(model, data):
    theta = np.array([p.data for p in model.parameters()])
    f, _, x = of(model)
    x = np.array([data.draw(floats_in((-2, 2))) for _ in x])
    check_gradients(f, theta, x, order=2, modes=["reverse"])


def assert_same(found, expected):
    """Equal but for the order in which terms are added up."""
    scale = np.max(np.abs(expected), initial=1e-3)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * scale)


@pytest.mark.parametrize("name", CASES)
def test_compiled_gradients_and_hessians_are_the_same(name):
    f, *point = CASES[name]
    for derivative in (grad, hessian):
        by_all = derivative(lambda point: f(*point))
        expected = by_all(point)
        found = compile(by_all)(point)
        for a, b in zip(blocks(found), blocks(expected), strict=True):
            assert_same(a, b)


def blocks(tree):
    """The arrays in nested lists."""
    return [x for part in tree for x in blocks(part)] if isinstance(tree, list) else [tree]


@pytest.mark.parametrize(
    "penalty",
    [
        L1(0.3),
        L2(0.3, layers=[1]),
        ElasticNet(0.3, 0.7, biases=True),
        *(partial(lp, p=p) for p in (1, 2, 3, np.inf)),
    ],
)
def test_compiled_second_derivatives_of_a_penalized_loss_are_the_same(penalty):
    model = MLP(2, [3, 1], "tanh", seed=0)
    parameters = model.parameters()

    def objective(x, y):
        loss = mse(model(x), y) + penalty(model)
        slopes = loss.gradient(parameters)
        return [slopes, *(slope.gradient(parameters) for slope in slopes)]

    expected = np.array([[v.data for v in row] for row in objective([0.5, -1.5], 2.0)])
    found = np.array(compile(objective)([0.5, -1.5], 2.0))
    assert_same(found, expected)
    assert np.all(np.any(expected[1:], axis=1))
