"""Figures and formulas of the two lectures that no other test has, each named by its slide.

SUTD, Practice of Deep Learning, day 1 part 4 (Matthieu De Mari); uOttawa CSI 4106, Training Artificial Neural
Networks (Part 2) (Marcel Turcotte).
"""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.numpy_network import arrays
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from autograd_lite import (
    Value,
    array,
    data,
    exp,
    grad,
    grads,
    leaky_relu,
    log,
    sigmoid,
    sin,
    softmax,
    square,
    tanh,
)
from autograd_lite.nn import L2, MLP, categorical_cross_entropy, lp, mse, one_hot
from autograd_lite.optim import SGD, ExponentialDecay
from autograd_lite.training import classify, evaluate, fit

# SUTD


@st.composite
def shallow_networks(draw):
    """W1, b1, W2, b2, inputs and outputs, as the lecture's code has them: an example in each row."""
    m, n_x, n_h, n_y = (draw(st.integers(1, 5)) for _ in range(4))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    shapes = (n_x, n_h), (1, n_h), (n_h, n_y), (1, n_y), (m, n_x), (m, n_y)
    return [rng.normal(size=shape) for shape in shapes]


def gradients_by_hand(W1, b1, W2, b2, inputs, outputs):
    """The slide "Backpropagation in our model": the derivatives of the mean over examples of ε²."""
    m = len(inputs)
    Z1 = inputs @ W1 + b1
    epsilon = Z1 @ W2 + b2 - outputs
    dZ1 = epsilon @ W2.T
    return [
        2 / m * inputs.T @ dZ1,
        2 / m * dZ1.sum(axis=0, keepdims=True),
        2 / m * Z1.T @ epsilon,
        2 / m * epsilon.sum(axis=0, keepdims=True),
    ]


def assert_close(got, expected):
    for a, b in zip(got, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * (1 + np.abs(b).max()))


@settings(max_examples=30)
@given(shallow_networks())
def test_the_four_update_rules_of_the_shallow_network_are_those_of_the_engine(network):
    *numbers, inputs, outputs = network
    leaves = W1, b1, W2, b2 = list(map(array, numbers))
    squares = ((inputs @ W1 + b1) @ W2 + b2 - outputs) ** 2
    np.mean(squares.sum(axis=1)).backward()
    assert_close(map(grads, leaves), gradients_by_hand(*network))


@settings(max_examples=30)
@given(shallow_networks(), st.floats(1e-5, 0.1))
def test_a_step_of_fit_on_the_shallow_network_is_the_lecture_s_update(network, alpha):
    n_x, n_h, n_y = *network[0].shape, network[2].shape[1]
    model = MLP(n_x, [n_h, n_y], activation="linear", seed=0)
    W, b = arrays(model, "data")
    numbers = [W[0], b[0][None], W[1], b[1][None]]
    slopes = gradients_by_hand(*numbers, *network[4:])
    # The lecture adds up the squares of several outputs, of which mse is the mean.
    fit(model, *network[4:], loss=lambda p, y: n_y * mse(p, y), optimizer=SGD(alpha), epochs=1)
    W, b = arrays(model, "data")
    updated = [before - alpha * slope for before, slope in zip(numbers, slopes, strict=True)]
    assert_close([W[0], b[0][None], W[1], b[1][None]], updated)


def test_each_step_on_the_shallow_network_lowers_the_loss_and_the_trainer_says_once_why_it_stops(capsys):
    """The slides "Effect of the backpropagation" and "Trainer function for our model", on other data."""
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(50, 2))
    outputs = 1.0 + inputs @ [2.0, -1.0] + rng.normal(0.0, 0.1, size=50)
    model = MLP(2, [4, 1], activation="linear", seed=967)
    history = fit(model, inputs, outputs, loss="mse", optimizer=SGD(0.05), epochs=10000, tol=1e-6)
    assert all(after < before for before, after in zip(history.loss, history.loss[1:], strict=False))
    assert history.loss[-2] - history.loss[-1] < 1e-6 <= history.loss[-3] - history.loss[-2]
    assert history.stop_reason == f"the loss changed by less than 1e-06 in epoch {len(history)}"
    assert capsys.readouterr() == ("", "")


# uOttawa: the chain rule


@given(st.sampled_from([sin, exp, tanh, square]), st.sampled_from([sin, sigmoid, tanh]), st.floats(-3, 3))
def test_the_derivative_of_a_composition_is_the_product_of_the_derivatives(f, g, x):
    """The slide "Chain rule": h'(x) = f'(g(x)) g'(x)."""
    assert grad(lambda x: f(g(x)))(x) == pytest.approx(grad(f)(g(x)) * grad(g)(x), rel=1e-12, abs=1e-300)


def one_hidden_node(w1, b1, w2, b2, x, y):
    """The quantities of "Scalar input; one hidden node"."""
    z1 = w1 * x + b1
    a1 = sigmoid(z1)
    z2 = w2 * a1 + b2
    y_hat = sigmoid(z2)
    return z1, a1, z2, y_hat, -(y * log(y_hat) + (1 - y) * log(1 - y_hat))


NUMBER = st.floats(-3, 3)


@given(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, st.sampled_from([0, 1]))
def test_the_key_derivatives_are_those_of_the_slides(w1, b1, w2, b2, x, y):
    """The slides "Derivatives", "Combined derivatives" and "Key derivatives", with δ1 and δ2."""
    w1, b1, w2, b2, x = parameters = [Value(v) for v in (w1, b1, w2, b2, x)]
    z1, a1, z2, y_hat, J = one_hidden_node(*parameters, y)
    a, p = a1.data, y_hat.data
    close = {"rel": 1e-12, "abs": 1e-13}
    assert J.gradient(y_hat).data == pytest.approx(-(y / p - (1 - y) / (1 - p)), **close)
    assert y_hat.gradient(z2).data == pytest.approx(p * (1 - p), **close)
    assert [d.data for d in z2.gradient([w2, b2, a1])] == pytest.approx([a, 1, w2.data], **close)
    assert a1.gradient(z1).data == pytest.approx(a * (1 - a), **close)
    assert [d.data for d in z1.gradient([w1, b1, x])] == pytest.approx([x.data, 1, w1.data], **close)
    delta1, delta2 = (d.data for d in J.gradient([z2, z1]))
    assert delta1 == pytest.approx(p - y, **close)
    assert delta2 == pytest.approx((p - y) * w2.data * a * (1 - a), **close)
    J.backward()
    expected = [delta2 * x.data, delta2, delta1 * a, delta1]
    assert [v.grad for v in (w1, b1, w2, b2)] == pytest.approx(expected, **close)


def test_the_exploration_with_one_hidden_node_has_the_lecture_s_figures():
    random.seed(42)
    parameters = [Value(v) for v in (random.random(), 0.0, random.random(), 0.0)]  # w1, b1, w2, b2
    seen = []
    for step in range(501):
        *_, y_hat, J = one_hidden_node(*parameters, 3.14, 1)
        if step in (0, 500):
            seen += [y_hat.data, J.data]
        for p, slope in zip(parameters, J.gradient(parameters), strict=True):
            p.data -= 0.1 * slope.data
    before, after = (0.5055122322416645, 0.6821830425123782), (0.989572063894159, 0.010482687996989789)
    assert seen == pytest.approx([*before, *after], rel=1e-12)


@given(NUMBER)
def test_the_derivatives_by_all_uses_of_a_node_are_added(x):
    """The slide "Backpropagation: detailed" has one use; with several, δ is the sum over them."""
    u = Value(x)
    left, right = sin(u), square(u)
    z = left * right
    z.backward()
    expected = right.data * math.cos(x) + left.data * 2 * x
    assert u.grad == pytest.approx(expected, rel=1e-12, abs=1e-13)


# uOttawa: networks


def circles():
    """The data of the slide "Testing"."""
    X, y = make_circles(n_samples=200, factor=0.5, noise=0.08, random_state=1)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train, y_test


def accuracies(initial_seed, seed):
    """Of SimpleMLP([2, 4, 4, 1]) on the training set and on the test set."""
    X_train, X_test, y_train, y_test = circles()
    model = MLP(2, [4, 4, 1], output="sigmoid", seed=initial_seed)
    how = {"epochs": 150, "batch_size": 32, "seed": seed}
    fit(
        model,
        X_train,
        y_train,
        loss="binary_cross_entropy",
        optimizer=SGD(ExponentialDecay(0.3, 0.95)),
        **how,
    )
    return [np.mean(classify(model, X) == y) for X, y in ((X_train, y_train), (X_test, y_test))]


@pytest.mark.parametrize("seed", range(3))
def test_simple_mlp_has_the_lecture_s_accuracies_in_any_order_of_the_examples(seed):
    train, test = accuracies(42, seed)
    assert 0.942 <= train <= 0.951
    assert 0.899 <= test <= 0.918


def test_simple_mlp_has_other_accuracies_from_other_initial_weights():
    worst, best = (accuracies(initial_seed, 0)[0] for initial_seed in (10, 2))
    assert worst < 0.7
    assert best > 0.99


def test_the_penalty_of_simple_mlp_is_not_divided_by_the_number_of_examples():
    """Its loss is, its gradient is not: here both are ½ β Σ w²."""
    model, beta = MLP(2, [4, 1], seed=0), 0.1
    L2(beta)(model).backward()
    assert [w.grad for w in model.weights()] == pytest.approx(
        [beta * w.data for w in model.weights()], rel=1e-12
    )
    h, w = 1e-6, model.weights()[0]
    before, ends = w.data, []
    for w.data in (before + h, before - h):
        ends.append(L2(beta)(model).data)
    assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(beta * before, rel=1e-6)


@given(st.floats(-700, 700))
def test_the_slope_of_a_sigmoid_is_at_most_a_quarter(z):
    """The slide "Vanishing gradients": the range of the derivative."""
    assert 0 < grad(sigmoid)(z) <= 0.25
    assert grad(sigmoid)(0.0) == 0.25


def first_over_last(activation, init):
    """How large the gradients of the first layer are beside those of the last but one, ten layers further."""
    model = MLP(10, [10] * 11 + [1], activation=activation, init=init, seed=0)
    X = np.random.default_rng(1).normal(size=(20, 10))
    sum(model(x) for x in X).backward()
    slopes = [
        np.linalg.norm([[w.grad for w in neuron.w] for neuron in model.layers[k].neurons]) for k in (0, 10)
    ]
    return slopes[0] / slopes[1]


def test_gradients_vanish_with_sigmoids_and_do_not_with_relu_and_he_s_weights():
    """The slides "Vanishing gradients" and "Vanishing gradients: solutions"."""
    assert first_over_last("sigmoid", "glorot") < 1e-4
    assert 0.05 < first_over_last("relu", "he") < 20


@given(st.floats(-4, 4).filter(lambda x: x != 0), st.floats(0.01, 0.9))
def test_leaky_relu_has_one_slope_which_is_also_that_of_its_derivative(x, slope):
    """The slide "Activation Function: Leaky ReLU", whose curve has 0.21 and whose derivative 0.2."""
    assert leaky_relu(x, negative_slope=slope) == (x if x > 0 else slope * x)
    derivative = grad(lambda x: leaky_relu(x, negative_slope=slope))(x)
    assert derivative == (1.0 if x > 0 else slope)


# uOttawa: losses and penalties


def test_the_cross_entropy_of_a_dataset_is_the_average_of_its_formula():
    """The slide "Case: dataset"."""
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(30, 2)), rng.integers(0, 3, size=30)
    Y = one_hot(labels, n_classes=3)
    model = MLP(2, [4, 3], activation="tanh", output="softmax", seed=0)
    W, b = arrays(model, "data")
    Y_hat = np.array([softmax(z) for z in np.tanh(X @ W[0] + b[0]) @ W[1] + b[1]])
    expected = -np.sum(Y * np.log(Y_hat)) / len(X)
    for targets in (Y, labels):
        loss = evaluate(model, X, targets, loss="categorical_cross_entropy")["loss"]
        assert loss == pytest.approx(expected, rel=1e-12)
    one_by_one = [categorical_cross_entropy(p, y) for p, y in zip(Y_hat, Y, strict=True)]
    assert np.mean(one_by_one) == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5), st.floats(1, 6))
def test_norms_are_those_of_the_slide(z, p):
    """The slides "Norm" and "ℓ1 and ℓ2 norms"."""
    close = {"rel": 1e-12, "abs": 1e-12}
    assert lp(z, p) == pytest.approx(np.sum(np.abs(z) ** p) ** (1 / p), **close)
    assert lp(z, 1) == pytest.approx(np.sum(np.abs(z)), **close)
    assert lp(z, 2) == pytest.approx(np.sqrt(np.sum(np.square(z))), **close)


def test_the_penalty_of_the_keras_example_has_twice_the_beta_of_l2():
    """The slide "Keras example": regularizers.l2(0.001) is 0.001 Σ w², without a half, of one layer."""
    model = MLP(3, [5, 1], seed=0)
    squares = sum(w.data**2 for neuron in model.layers[0].neurons for w in neuron.w)
    assert L2(2 * 0.001, layers=[0])(model).data == pytest.approx(0.001 * squares, rel=1e-12)


def test_learning_by_the_lecture_s_matrices_and_by_fit_end_at_the_same_weights():
    """The slide "Backpropagation - Summary": W ← W - α ∂J/∂W and b ← b - α ∂J/∂b, repeated."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    model = MLP(2, [3, 1], activation="sigmoid", seed=0)
    W, b = (list(map(array, part)) for part in arrays(model, "data"))
    fit(model, X, y, loss="mse", optimizer=SGD(0.1), epochs=20)
    for _ in range(20):
        hidden = 1 / (1 + np.exp(-(X @ W[0] + b[0])))
        np.mean(((hidden @ W[1] + b[1]).ravel() - y) ** 2).backward()
        W, b = ([array(data(p) - 0.1 * grads(p)) for p in part] for part in (W, b))
    for ours, theirs in zip(arrays(model, "data"), (W, b), strict=True):
        assert_close(ours, list(map(data, theirs)))
