"""Outputs, probabilities and classes of many examples, compiled or not, and the evaluation of a data set."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite.nn import ACTIVATIONS, LOSSES, MLP, Dropout, Layer, Module, Neuron, Sequential
from autograd_lite.training import classify, evaluate, fit, predict, predict_proba

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 2))


def outputs_of(model, X):
    """What the model returns, one example after the other."""
    model.eval()
    rows = [model(x) for x in X]
    return np.array([[v.data for v in row] if isinstance(row, list) else row.data for row in rows])


@settings(max_examples=30)
@given(
    activation=st.sampled_from(sorted(ACTIVATIONS.keys() - {"softmax"})),
    outputs=st.integers(1, 3),
    n=st.sampled_from([1, 2, 5, 1024, 1025, 2100]),
    seed=st.integers(0, 99),
)
def test_a_prediction_is_what_the_model_returns_out_of_training_mode(activation, outputs, n, seed):
    model = Sequential(Layer(2, 3, activation=activation, seed=seed), Dropout(0.5), Layer(3, outputs, seed=1))
    X = np.random.default_rng(seed).normal(size=(n, 2))
    found = predict(model, X)
    assert model.training
    np.testing.assert_allclose(found, outputs_of(model, X), rtol=1e-12, atol=1e-12)


class Branching(Module):
    """A model that cannot be compiled."""

    def __init__(self):
        self.w = Value(2.0)

    def __call__(self, x):
        return self.w * x[0] if x[0] > 0 else self.w * 0.0


def test_a_model_that_cannot_be_compiled_is_called_for_each_example():
    X = [[1.0], [-1.0], [3.0]]
    assert predict(Branching(), X).tolist() == [2.0, 0.0, 6.0]
    assert evaluate(Branching(), X, [2.0, 0.0, 5.0], loss="mse") == {"loss": 1 / 3}
    assert predict_proba(Branching(), X)[1] == 0.5
    assert classify(Branching(), [[1.0], [-1.0]], threshold=0.6).tolist() == [1, 0]


@pytest.mark.parametrize("kind", [np.float32, int, object, list])
def test_examples_may_be_any_kind_of_numbers(kind):
    table = [[1, 2], [3, 4]]
    X = table if kind is list else np.array(table, dtype=kind)
    model = Neuron(2, seed=0)
    assert predict(model, X).tolist() == outputs_of(model, table).tolist()


def test_a_data_frame_is_a_table():
    class Frame:
        def __array__(self, dtype=None, copy=None):
            return np.array([[1.0, 2.0]], dtype=dtype)

    assert predict(Neuron(2, seed=0), Frame()).shape == (1,)
    fit(Neuron(2, seed=0), Frame(), [1.0], loss="mse", epochs=1)


# Probabilities and classes


@pytest.mark.parametrize(
    "model", [MLP(2, [3, 1], output="sigmoid", seed=0), Layer(2, 3, activation="sigmoid")]
)
def test_the_outputs_of_a_sigmoid_are_probabilities(model):
    np.testing.assert_array_equal(predict_proba(model, X), predict(model, X))
    p = predict(model, X)
    assert classify(model, X, 0.4).tolist() == (p >= 0.4).astype(int).tolist()


def test_the_outputs_of_a_softmax_are_probabilities():
    model = MLP(2, [4, 3], output="softmax", seed=0)
    np.testing.assert_array_equal(predict_proba(model, X), predict(model, X))
    assert classify(model, X).tolist() == predict(model, X).argmax(axis=1).tolist()


def test_another_output_is_the_logit_of_class_1():
    model = MLP(2, [3, 1], seed=0)
    np.testing.assert_allclose(predict_proba(model, X), 1 / (1 + np.exp(-predict(model, X))), rtol=1e-12)
    assert classify(model, X).tolist() == (predict(model, X) >= 0).astype(int).tolist()
    assert classify(model, X).dtype.kind == "i"


def test_other_outputs_are_the_logits_of_classes():
    model = MLP(2, [3, 4], seed=0)
    powers = np.exp(predict(model, X))
    np.testing.assert_allclose(
        predict_proba(model, X), powers / powers.sum(axis=1, keepdims=True), rtol=1e-12
    )
    assert classify(model, X, threshold=0.99).tolist() == predict(model, X).argmax(axis=1).tolist()


@pytest.mark.parametrize("outputs", [1, 3])
def test_large_logits_do_not_overflow(outputs):
    model = Layer(1, outputs, nonlin=False, init=lambda rng, n, m: 1e300 * np.arange(1, m + 1)[None])
    p = predict_proba(model, [[1.0], [-1.0]])
    assert np.isfinite(p).all()
    assert p.min() == 0.0
    assert p.max() == 1.0


@pytest.mark.parametrize(
    ("threshold", "error"),
    [(-0.1, ValueError), (1.1, ValueError), (math.nan, ValueError), ("0.5", TypeError), (None, TypeError)],
)
def test_a_threshold_that_is_no_probability_is_refused(threshold, error):
    with pytest.raises(error, match="expected a threshold from 0 to 1"):
        classify(Neuron(2), X, threshold)


class Scaled(Module):
    """A model whose last operation does not say what its outputs mean."""

    def __init__(self, model):
        self.model = model

    def __call__(self, x):
        outputs = self.model(x)
        return [v * 1.0 for v in outputs] if isinstance(outputs, list) else outputs * 1.0


def own_margin(s, y):
    return (1 - y * s).relu()


BINARY = {
    "binary_cross_entropy": (0, 1),
    "binary_cross_entropy_with_logits": (0, 1),
    "hinge": (-1, 1),
    "mse": (0, 1),
    "mae": (0, 1),
    "huber": (0, 1),
}
ENDS = {"binary_cross_entropy": "sigmoid", "categorical_cross_entropy": "softmax"}
CASES = [
    *((loss, n, labels, {}) for loss, labels in BINARY.items() for n in (1, 3)),
    *((loss, 1, (-1, 1), {"labels": (-1, 1)}) for loss in ("mse", "mae", "huber")),
    *((loss, 3, (0, 1, 2), {}) for loss in ("cross_entropy", "categorical_cross_entropy")),
    (own_margin, 1, (-1, 1), {}),
]


@pytest.mark.parametrize("make", [lambda model: model, Scaled], ids=["plain", "scaled"])
@pytest.mark.parametrize(("loss", "outputs", "labels", "how"), CASES)
def test_the_share_of_right_classes_is_the_accuracy_of_fit(loss, outputs, labels, how, make):
    """For the loss that the model was trained with, whatever its last operation is."""
    model = make(MLP(2, [4, outputs], "tanh", ENDS.get(loss, "linear"), seed=0))
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 2))
    y = rng.choice(labels, size=40 if outputs == 1 or len(labels) == 3 else (40, outputs))
    history = fit(model, X, y, loss=loss, metrics=["accuracy"], epochs=5)
    found = classify(model, X, loss=loss, **how)
    assert set(np.unique(found).tolist()) <= set(labels)
    assert np.mean(found == y) == pytest.approx(history.metrics["accuracy"][-1], abs=1e-15)


def test_every_loss_has_its_classes():
    assert {loss for loss, *_ in CASES} >= LOSSES.keys()


def test_the_smallest_logit_has_its_side():
    model = Layer(1, 1, nonlin=False, init=lambda rng, n, m: [[1.0]])
    assert classify(model, [[-1e-300], [0.0], [1e-300]]).tolist() == [0, 1, 1]


@pytest.mark.parametrize("call", [classify, predict_proba])
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
def test_a_model_that_does_not_say_what_its_outputs_mean_is_refused_without_the_loss(call, output):
    class Ensemble(Module):
        def __init__(self):
            self.models = [MLP(2, [2], output=output, seed=k) for k in range(2)]

        def __call__(self, x):
            both = zip(*(model(x) for model in self.models), strict=True)
            return [sum(outputs) / 2 for outputs in both]

    with pytest.raises(ValueError, match=r"but it ends in 'div': pass loss=, as to fit"):
        call(Ensemble(), X)
    loss = {"sigmoid": "binary_cross_entropy", "softmax": "categorical_cross_entropy"}.get(
        output, "cross_entropy"
    )
    assert len(call(Ensemble(), X, loss=loss)) == len(X)


@pytest.mark.parametrize("output", ["sigmoid", "tanh"])
def test_a_sum_of_what_is_not_linear_is_not_taken_for_a_logit(output):
    class Sum(Module):
        def __init__(self):
            self.models = [MLP(2, [1], output=output, seed=k) for k in range(2)]

        def __call__(self, x):
            return self.models[0](x) + self.models[1](x)

    with pytest.raises(ValueError, match="pass loss="):
        classify(Sum(), X)


def test_logits_of_several_labels_have_a_probability_each():
    model = Layer(2, 3, nonlin=False, seed=0)
    p = predict_proba(model, X, loss="binary_cross_entropy_with_logits")
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-predict(model, X))), rtol=1e-12)
    found = classify(model, X, 0.3, loss="binary_cross_entropy_with_logits")
    assert found.tolist() == (p >= 0.3).astype(int).tolist()


@pytest.mark.parametrize("loss", ["hinge", "mse", own_margin])
def test_outputs_that_are_no_probabilities_have_none(loss):
    model = Layer(2, 1, nonlin=False)
    with pytest.raises(ValueError, match="expected a loss of probabilities or logits, but got"):
        predict_proba(model, X, loss=loss)
    with pytest.raises(ValueError, match=r"classify with threshold=0.5"):
        classify(model, X, 0.3, loss=loss)


@pytest.mark.parametrize(
    ("labels", "loss", "error", "match"),
    [
        ((1, -1), "mse", ValueError, r"expected the lower class first in labels, but got \(1, -1\)"),
        ((0, 2), "mse", ValueError, r"0 and 1, or -1 and 1, .*: compare predict\(model, X\) with"),
        ((0, 1), own_margin, ValueError, "expected a loss that says which output means which class"),
        ((0, 1, 2), "mse", TypeError, "expected a pair of integers for labels"),
        ("ab", "mse", TypeError, "expected a pair of integers for labels"),
        ((0.5, 1), "mse", TypeError, "expected an integer for labels, but got 0.5"),
        ((0, 1), 3, TypeError, "unknown loss 3: choose one of 'mse'"),
        ((0, 1), "MSE", ValueError, "unknown loss 'MSE' .did you mean 'mse'..: choose one of 'mse'"),
        (
            None,
            "cross_entropy",
            ValueError,
            "an output for each class for cross_entropy, but it has a single",
        ),
    ],
)
def test_labels_and_losses_that_do_not_go_together_are_refused(labels, loss, error, match):
    with pytest.raises(error, match=match):
        classify(Layer(2, 1, nonlin=False), X, loss=loss, labels=labels)


def test_labels_with_an_output_for_each_class_are_refused():
    with pytest.raises(ValueError, match="expected no labels with an output for each class"):
        classify(Layer(2, 3, nonlin=False), X, labels=(0, 1))


# The evaluation


@settings(max_examples=20)
@given(loss=st.sampled_from(sorted(LOSSES)), n=st.integers(1, 9))
def test_the_evaluation_is_the_mean_loss_of_the_examples(loss, n):
    ends = {"binary_cross_entropy": "sigmoid", "categorical_cross_entropy": "softmax"}
    several = loss in ("cross_entropy", "categorical_cross_entropy")
    model = MLP(2, [3, 3 if several else 1], "tanh", ends.get(loss, "linear"), seed=n)
    X, y = np.random.default_rng(n).normal(size=(n, 2)), np.arange(n) % 2
    y = 2 * y - 1 if loss == "hinge" else y
    expected = np.mean([LOSSES[loss](model(x), int(k)).data for x, k in zip(X, y, strict=True)])
    assert evaluate(model, X, y, loss=loss) == {"loss": pytest.approx(expected, rel=1e-9)}


def test_the_evaluation_is_that_of_the_validation():
    model, how = (
        MLP(2, [3, 1], "tanh", "sigmoid", seed=0),
        {"loss": "binary_cross_entropy", "metrics": ["accuracy"]},
    )
    y = np.arange(6) % 2
    history = fit(model, X, y, validation=(X, y), epochs=3, **how)
    expected = {"loss": history.val_loss[-1], "accuracy": history.metrics["val_accuracy"][-1]}
    assert evaluate(model, X, y, **how) == expected


def test_a_mean_loss_that_overflows_is_infinite_without_a_warning():
    assert evaluate(Neuron(1, init="zeros"), [[0.0]] * 3, [1e154] * 3, loss="mse") == {"loss": math.inf}


# What is refused


@pytest.mark.parametrize(
    "call", [predict, predict_proba, classify, lambda m, X: evaluate(m, X, [1], loss="mse")]
)
@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        ([1.0, 2.0], ValueError, "expected X with a row for each example"),
        (np.zeros((0, 2)), ValueError, "expected at least one example"),
        ([[1.0, math.inf]], ValueError, "expected finite numbers in X"),
        ([["a", "b"]], ValueError, "expected numbers in X"),
        ([[1.0, 2.0, 3.0]], ValueError, "takes 2 inputs, but got 3"),
    ],
)
def test_examples_of_another_form_are_refused(call, X, error, match):
    with pytest.raises(error, match=match):
        call(Neuron(2), X)


@pytest.mark.parametrize(
    "call", [predict, predict_proba, classify, lambda m, X: evaluate(m, X, [1], loss="mse")]
)
def test_what_is_no_model_is_refused(call):
    with pytest.raises(TypeError, match="expected a Module, but got"):
        call(lambda x: x, X)

    class Wrong(Module):
        def __call__(self, x):
            return 1.0

    with pytest.raises(TypeError, match="expected a model that returns a Value"):
        call(Wrong(), X[:1])


def test_a_model_with_ever_other_numbers_of_outputs_is_refused():
    class Growing(Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return [self.w] * int(x[0])

    with pytest.raises(ValueError, match="as many outputs for every example"):
        predict(Growing(), [[1.0], [2.0]])


def test_labels_that_the_loss_does_not_take_are_named():
    with pytest.raises(ValueError, match=r"the loss does not take y\[3\]"):
        evaluate(Neuron(2, activation="sigmoid"), X, [0, 1, 0, 7, 1, 1], loss="binary_cross_entropy")
