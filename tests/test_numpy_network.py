"""The lecture's network in NumPy, run as it stands on arrays of Values, against gradients derived by hand."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references.numpy_network import ACTIVATIONS, Network

from autograd_lite import Value, array, data, grad, grads, hvp, no_grad, value_and_grad

EPS = 1e-9


def plain(a: Any) -> Any:
    """An array of leaves that NumPy alone made."""
    return np.array([Value(x) for x in np.ravel(a)] + [None], dtype=object)[:-1].reshape(np.shape(a))


every_kind = pytest.mark.parametrize("make", [array, plain], ids=["array", "plain"])


def initial(sizes: list[int], activation: str, seed: int = 0) -> tuple[list[Any], list[Any]]:
    """Weights by He's rule for relu and Glorot's for others, and biases that are not 0."""
    rng = np.random.default_rng(seed)
    W, b = [], []
    for fan_in, fan_out in pairwise(sizes):
        std = np.sqrt(2.0 / (fan_in if activation == "relu" else fan_in + fan_out))
        W.append(rng.normal(0.0, std, size=(fan_in, fan_out)))
        b.append(rng.normal(0.0, 0.1, size=fan_out))
    return W, b


def examples(count: int, inputs: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, inputs))
    return X, (X[:, 0] * X[:, -1] + rng.normal(0, 0.3, size=count) > 0).astype(int)


def predicted(W: list[Any], b: list[Any], activation: str, X: Any) -> Any:
    """The probabilities, of shape (N,)."""
    return Network(W, b, activation, "sigmoid").forward(X)[1][-1].ravel()


def loss(W: list[Any], b: list[Any], activation: str, X: Any, y: Any, l2: float = 0.0) -> Any:
    """The clipped binary cross-entropy, averaged, and the penalty l2/2 Σ w²."""
    p = np.clip(predicted(W, b, activation, X), EPS, 1 - EPS)
    base = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return base + 0.5 * l2 * sum((w**2).sum() for w in W) if l2 else base


def by_hand(
    W: list[Any], b: list[Any], activation: str, X: Any, y: Any, l2: float = 0.0
) -> tuple[list[Any], list[Any]]:
    """dJ/dW and dJ/db of floats: δ = (p - y) / N at the output, δ Wᵀ φ'(z) below, aᵀ δ and Σ δ beside."""
    zs, activations = Network(W, b, activation, "sigmoid").forward(X)
    p = activations[-1]
    inside = (p > EPS) & (p < 1 - EPS)
    delta = np.where(inside, p - y.reshape(-1, 1), 0.0) / len(X)
    grads_W, grads_b = [], []
    for layer in reversed(range(len(W))):
        grads_W.insert(0, activations[layer].T @ delta + l2 * W[layer])
        grads_b.insert(0, delta.sum(axis=0))
        if layer:
            delta = delta @ W[layer].T * ACTIVATIONS[activation][1](zs[layer - 1])
    return grads_W, grads_b


def assert_close(got: list[Any], expected: list[Any], tolerance: float = 1e-12) -> None:
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape
        assert np.allclose(a, b, rtol=tolerance, atol=tolerance)


# np.vectorize(math.erf) takes floats; in an array of NumPy's own, np.minimum leaves numbers without expm1.
CASES = [(name, array) for name in ACTIVATIONS if name != "gelu"]
CASES += [(name, plain) for name, _ in CASES if name != "elu"]


@pytest.mark.parametrize(("activation", "make"), CASES)
@settings(max_examples=15)
@given(
    seed=st.integers(0, 999), hidden=st.lists(st.integers(1, 4), max_size=2), l2=st.sampled_from([0.0, 0.3])
)
def test_backward_gives_the_gradients_derived_by_hand(
    activation: str, make: Any, seed: int, hidden: list[int], l2: float
) -> None:
    W, b = initial([3, *hidden, 1], activation, seed)
    X, y = examples(5, 3, seed)
    leaves_W, leaves_b = list(map(make, W)), list(map(make, b))
    J = loss(leaves_W, leaves_b, activation, X, y, l2)
    assert J.data == pytest.approx(loss(W, b, activation, X, y, l2), rel=1e-12)
    J.backward()
    grads_W, grads_b = by_hand(W, b, activation, X, y, l2)
    assert_close(list(map(grads, leaves_W)), grads_W)
    assert_close(list(map(grads, leaves_b)), grads_b)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_gradients_derived_by_hand_are_differences(activation: str) -> None:
    W, b = initial([2, 4, 3, 1], activation)
    X, y = examples(6, 2)
    grads_W, grads_b = by_hand(W, b, activation, X, y, 0.1)
    for parameters, slopes in ((W, grads_W), (b, grads_b)):
        for a, slope in zip(parameters, slopes, strict=True):
            for i in np.ndindex(a.shape):
                before, ends = a[i], []
                for a[i] in (before + 1e-6, before - 1e-6):
                    ends.append(loss(W, b, activation, X, y, 0.1))
                a[i] = before
                assert slope[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-8)


def test_probabilities_that_are_clipped_have_no_gradient() -> None:
    X, y = np.array([[1.0], [-1.0], [0.01]]), np.array([0, 1, 1])
    W, b = [np.array([[50.0]])], [np.array([0.0])]
    leaves_W, leaves_b = list(map(array, W)), list(map(array, b))
    loss(leaves_W, leaves_b, "relu", X, y).backward()
    p = 1 / (1 + np.exp(-0.5))
    assert grads(leaves_b[0]).tolist() == pytest.approx([(p - 1) / 3], rel=1e-12)
    assert_close([grads(leaves_W[0])], by_hand(W, b, "relu", X, y)[0])


@every_kind
def test_predictions_are_numbers(make: Any) -> None:
    W, b = initial([2, 4, 1], "relu")
    X, y = examples(20, 2)
    p = predicted(list(map(make, W)), list(map(make, b)), "relu", X)
    assert p.shape == (20,)
    classes = (p >= 0.5).astype(int)
    assert classes.dtype == int
    assert classes.tolist() == (predicted(W, b, "relu", X) >= 0.5).astype(int).tolist()
    assert 0.0 <= (classes == y).mean() <= 1.0


# Training


def assign(leaves: Any, rate: float) -> Any:
    """The same leaves with other numbers."""
    for v in leaves.flat:
        v.data -= rate * v.grad
        v.grad = 0.0
    return leaves


def replace(leaves: Any, rate: float) -> Any:
    """New leaves in a new array."""
    return array(data(leaves) - rate * grads(leaves))


def subtract(leaves: Any, rate: float) -> Any:
    """As on arrays of floats: the numbers are computed from the old ones."""
    leaves -= rate * grads(leaves)
    return leaves


def substitute(leaves: Any, rate: float) -> Any:
    """New leaves in the same array."""
    leaves[...] = plain(data(leaves) - rate * grads(leaves))
    return leaves


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("update", [assign, replace, subtract, substitute])
@pytest.mark.parametrize("l2", [0.0, 0.01])
@every_kind
def test_training_is_that_of_floats(
    activation: str, update: Callable[..., Any], l2: float, make: Any
) -> None:
    """Epochs of mini-batches, sliced by fancy indexing from shuffled indices, with a rate that decays."""
    W, b = initial([2, 4, 3, 1], activation)
    leaves_W, leaves_b = list(map(make, W)), list(map(make, b))
    X, y = examples(22, 2)
    rng = np.random.default_rng(1)
    indices = np.arange(len(X))
    for epoch in range(4):
        rng.shuffle(indices)
        rate = 0.5 * 0.9**epoch
        for start in range(0, len(X), 8):
            batch = indices[start : start + 8]
            grads_W, grads_b = by_hand(W, b, activation, X[batch], y[batch], l2)
            W = [w - rate * slope for w, slope in zip(W, grads_W, strict=True)]
            b = [w - rate * slope for w, slope in zip(b, grads_b, strict=True)]
            loss(leaves_W, leaves_b, activation, X[batch], y[batch], l2).backward()
            leaves_W = [update(leaves, rate) for leaves in leaves_W]
            leaves_b = [update(leaves, rate) for leaves in leaves_b]
        assert_close([data(a) for a in leaves_W + leaves_b], W + b)
    assert loss(leaves_W, leaves_b, activation, X, y).data == pytest.approx(
        loss(W, b, activation, X, y), rel=1e-12
    )


def test_training_learns() -> None:
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([0, 1, 1, 0])
    W, b = (list(map(array, a)) for a in initial([2, 4, 1], "tanh", seed=3))
    for _ in range(300):
        loss(W, b, "tanh", X, y).backward()
        for leaves in (*W, *b):
            assign(leaves, 1.0)
    with no_grad():
        assert (predicted(W, b, "tanh", X) > 0.5).astype(int).tolist() == y.tolist()


def test_nothing_is_recorded_of_a_prediction_without_gradients() -> None:
    W, b = (list(map(array, a)) for a in initial([2, 4, 1], "relu"))
    X, y = examples(5, 2)
    with no_grad():
        p, J = predicted(W, b, "relu", X), loss(W, b, "relu", X, y, 0.1)
    assert {v.inputs for v in [*p, J]} == {()}
    assert J.data == loss(W, b, "relu", X, y, 0.1).data


# The same loss as a function


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_grad_of_the_loss_is_what_is_derived_by_hand(activation: str) -> None:
    W, b = initial([2, 4, 3, 1], activation)
    X, y = examples(7, 2)

    def of_parameters(parameters: Any, X: Any) -> Any:
        return loss(parameters["W"], parameters["b"], activation, X, y, 0.1)

    value, slopes = value_and_grad(of_parameters)({"W": W, "b": b}, X)
    assert type(value) is float
    assert value == pytest.approx(loss(W, b, activation, X, y, 0.1), rel=1e-12)
    grads_W, grads_b = by_hand(W, b, activation, X, y, 0.1)
    assert_close(slopes["W"], grads_W)
    assert_close(slopes["b"], grads_b)


def test_the_curvature_of_the_loss_along_a_direction_is_a_difference_of_gradients() -> None:
    W, b = initial([2, 3, 1], "sigmoid")
    direction, _ = initial([2, 3, 1], "sigmoid", seed=5)
    X, y = examples(7, 2)
    curvature = hvp(lambda W: loss(W, b, "sigmoid", X, y, 0.1), (W,), (direction,))
    h = 1e-5
    up, down = (
        by_hand([w + t * d for w, d in zip(W, direction, strict=True)], b, "sigmoid", X, y, 0.1)[0]
        for t in (h, -h)
    )
    differences = [(p - m) / (2 * h) for p, m in zip(up, down, strict=True)]
    assert_close(curvature, differences, tolerance=1e-8)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "leaky_relu", "linear"])
def test_backpropagation_by_hand_is_itself_differentiated(activation: str) -> None:
    """Half the square of the gradient g has the derivative H g."""
    W, b = initial([2, 3, 1], activation)
    X, y = examples(5, 2)

    def half_square(W: Any) -> Any:
        return 0.5 * sum((slope**2).sum() for slope in by_hand(W, b, activation, X, y, 0.1)[0])

    slopes = by_hand(W, b, activation, X, y, 0.1)[0]
    curvature = hvp(lambda W: loss(W, b, activation, X, y, 0.1), (W,), (slopes,))
    assert_close(grad(half_square)(W), curvature)


def test_softmax_and_cross_entropy_have_the_slope_p_minus_y() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 4)), np.eye(3)[rng.integers(0, 3, size=6)]
    W, b = rng.normal(size=(4, 3)), rng.normal(size=3)

    def probabilities(W: Any, b: Any) -> Any:
        z = X @ W + b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def cross_entropy(W: Any, b: Any) -> Any:
        return -np.mean(np.sum(Y * np.log(np.clip(probabilities(W, b), EPS, 1.0)), axis=1))

    slopes = grad(cross_entropy, argnums=(0, 1))(W, b)
    delta = (probabilities(W, b) - Y) / len(X)
    assert_close(list(slopes), [X.T @ delta, delta.sum(axis=0)])
